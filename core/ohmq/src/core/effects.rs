//! What a locked socket decided and an unlocked one does.

use std::sync::Arc;
use std::time::Duration;

use ohmq_net::Link;
use ohmq_queue::Doorbell;

use crate::inproc::Nudge;

#[derive(Debug)]
pub(super) enum Effect {
    /// Write what was queued.
    Flush(Arc<Link>),
    /// Wake the socket at the other end.
    Nudge(Nudge),
    /// Let go of a link.
    Close(Arc<Link>, Option<Duration>),
}

impl Effect {
    fn run(self, outcome: &mut Outcome) {
        match self {
            Effect::Flush(link) => {
                outcome.far_ahead |= link.flush();
                outcome.wrote = true;
            }
            Effect::Nudge(nudge) => nudge.deliver(),
            Effect::Close(link, linger) => link.close(linger),
        }
    }
}

/// What came of the effects.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    /// Bytes may have been written.
    pub(super) wrote: bool,
    /// A peer does not keep up, and a lot waits for it.
    pub(super) far_ahead: bool,
    /// As [`Effects::others`].
    pub(super) others: bool,
}

/// A list that costs nothing while it holds at most one effect, which is nearly always.
#[derive(Debug, Default)]
pub(super) struct Effects {
    first: Option<Effect>,
    rest: Vec<Effect>,
    /// Bits of the socket's own doorbell to ring.
    pub(super) ring: u8,
    /// A few peers have been read from for long enough: what the others have sent is to be looked for.
    pub(super) others: bool,
}

impl Effects {
    pub(super) fn push(&mut self, effect: Effect) {
        if self.first.is_none() && self.rest.is_empty() {
            self.first = Some(effect);
        } else {
            self.rest.push(effect);
        }
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    /// Whether there is anything to do.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none() && self.ring == 0 && !self.others && self.rest.is_empty()
    }

    /// Carries everything out. The socket must not be locked. Says what came of it.
    pub(super) fn run(self, doorbell: &Doorbell) -> Outcome {
        let mut outcome = Outcome { others: self.others, ..Outcome::default() };
        if let Some(effect) = self.first {
            effect.run(&mut outcome);
        }
        if !self.rest.is_empty() {
            self.rest.into_iter().for_each(|effect| effect.run(&mut outcome));
        }
        if self.ring != 0 {
            doorbell.ring(self.ring);
        }
        outcome
    }
}

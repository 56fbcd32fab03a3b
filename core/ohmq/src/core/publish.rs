//! One message to many pipes: encoded once, and in a stream kept once too.
//!
//! Most publications go to exactly the pipes of the one before. After a few of those in a row the *press* runs: the
//! messages are gathered in one place, and every pipe gets the whole edition at once. Whatever concerns a single pipe
//! (another target set, a peer that comes or goes, a subscription of ours) stops the press first, so that nothing
//! overtakes.

use std::sync::Arc;

use ohmq_net::{Shared, is_batch};
use ohmq_proto::{Gathered, Message, PipeId};

use super::effects::Effect;
use super::pace::Step;
use super::pipes::{Channel, Gathering, PipeTable};

/// Publications in a row to the same pipes that start the press.
const ROW: u32 = if cfg!(shuttle) { 1 } else { 8 };

/// Bytes of an edition of messages that are not short: a whole number of segments, nearly, and so much that the readers are
/// not woken too often.
const LARGE_EDITION: usize = if cfg!(shuttle) { 256 } else { 1000 * 1024 };

/// What goes to many pipes.
#[derive(Debug, Default)]
pub(super) struct Press {
    /// The pipes of the last publication.
    readers: Vec<PipeId>,
    /// Publications in a row that went to exactly these.
    row: u32,
    running: bool,
    gathered: Gathered,
    /// How long the edition has been waiting.
    pub(super) age: Gathering,
    /// The message in wire form, while the press does not run.
    shared: Shared,
}

impl Press {
    /// Messages that wait in the edition for a pipe.
    #[inline]
    pub(super) fn waiting(&self) -> usize {
        self.gathered.messages()
    }

    #[inline]
    fn is_full(&self) -> bool {
        is_batch(self.gathered.messages(), self.gathered.bytes(), LARGE_EDITION)
    }

    /// The same, summed up over all its pipes.
    pub(super) fn copies(&self) -> u64 {
        (self.gathered.messages() * self.readers.len()) as u64
    }
}

impl PipeTable {
    /// Gives one message to many pipes; the bytes are written when the effects run, or when enough are gathered.
    pub(super) fn enqueue_many(&mut self, pipes: &[PipeId], message: &Message, step: Step) {
        if self.press_runs(pipes, step) {
            self.press.gathered.push(message);
            if self.press.is_full() {
                self.pace.on_batch();
                self.publish();
            } else if self.press.age == Gathering::No {
                self.press.age = Gathering::Fresh;
            }
            return;
        }
        self.press.shared.next();
        let mut step = step;
        for &pipe in pipes {
            let Some(Some(slot)) = self.slots.get_mut(pipe.0 as usize) else { continue };
            match &mut slot.channel {
                Channel::Link(end) if step == Step::Write => {
                    end.write_shared(message, &mut self.press.shared);
                    self.effects.push(Effect::Flush(Arc::clone(end.link())));
                }
                Channel::Link(end) => {
                    let full = end.gather_shared(message, &mut self.press.shared);
                    if full || slot.gathering == Gathering::No || step == Step::Begin {
                        self.gathered(pipe, step, full);
                        step = Step::Gather;
                    }
                }
                Channel::Inproc(end) => {
                    end.push(
                        |place| place.write(message.clone()),
                        |nudge| self.effects.push(Effect::Nudge(nudge)),
                    );
                }
            }
        }
        self.pace.put_off(step);
    }

    /// Whether a message to these pipes goes into the edition.
    fn press_runs(&mut self, pipes: &[PipeId], step: Step) -> bool {
        if step != Step::Gather || self.press.readers != pipes {
            self.stop_press();
            if self.press.readers != pipes {
                self.press.readers.clear();
                self.press.readers.extend_from_slice(pipes);
            }
            return false;
        }
        if !self.press.running {
            self.press.row += 1;
            if self.press.row == ROW {
                self.start_press();
            }
        }
        self.press.running
    }

    /// The press runs from now on, unless a pipe cannot take editions.
    #[cold]
    fn start_press(&mut self) {
        let takes = |pipe: &PipeId| matches!(self.get(*pipe).map(|slot| &slot.channel), Some(Channel::Link(end)) if end.takes_editions());
        self.press.running = self.press.readers.len() > 1 && self.press.readers.iter().all(takes);
        if self.press.running {
            for pipe in &self.press.readers {
                if let Some(Some(slot)) = self.slots.get_mut(pipe.0 as usize) {
                    slot.hand_over(&mut self.effects);
                    slot.reads = true;
                }
            }
        }
    }

    /// Something concerns one pipe alone: what was gathered for all of them goes first.
    #[inline]
    pub(super) fn stop_press(&mut self) {
        self.press.row = 0;
        if self.press.running {
            self.publish();
            self.press.running = false;
            self.press.gathered.trim();
            for pipe in &self.press.readers {
                if let Some(Some(slot)) = self.slots.get_mut(pipe.0 as usize) {
                    slot.reads = false;
                }
            }
        }
    }

    /// Has every pipe write the edition.
    #[cold]
    pub(super) fn publish(&mut self) {
        self.press.age = Gathering::No;
        if self.press.gathered.is_empty() {
            return;
        }
        let edition = self.press.gathered.publish();
        for pipe in &self.press.readers {
            if let Some(Some(slot)) = self.slots.get_mut(pipe.0 as usize)
                && let Channel::Link(end) = &mut slot.channel
            {
                end.write_edition(&edition);
                self.effects.push(Effect::Flush(Arc::clone(end.link())));
            }
        }
    }
}

//! A wish to be told: one side waits now and then for what the other does all the time.
//!
//! ```text
//! who waits                                      who acts
//! 1 wish.make()                                  1 change the condition
//!   (announce, then the heavy fence)             2 wish.take()
//! 2 look at the condition                          (the light fence, then look for the wish)
//! 3 rely on being told                           3 if there was one: tell
//! ```
//!
//! Of the two fences one comes first: either the look sees the change, or who acts sees the wish. A wish that was not
//! taken goes on, also from one look to the next: whoever acts after the first of them sees it.
//!
//! At first both sides execute the fence. Once the side that acts does so very often, the other
//! [favours](Wish::favour) it: from then on its fence is free where the system can fence for both, and a wish costs a system
//! call. The way back would need the consent of both sides, and there is none. Whoever still executes the fence does too
//! much; whoever sees the favour sees all that was wished before it.

use crate::{
    barrier::Barrier,
    sync::{Apart, AtomicBool, Mistake, Ordering, planted},
};

/// What one thread at a time wishes for, and one thread at a time may fulfil.
#[derive(Debug)]
pub struct Wish {
    /// Read by the side that acts, all the time: nothing else is written here.
    state: Apart<State>,
    barrier: Barrier,
}

#[derive(Debug)]
struct State {
    made: AtomicBool,
    favoured: AtomicBool,
}

impl Wish {
    /// A wish that is `made`, or not yet.
    pub fn new(made: bool) -> Self {
        Self::with_barrier(made, Barrier::choose())
    }

    fn with_barrier(made: bool, barrier: Barrier) -> Self {
        let state = State { made: AtomicBool::new(made), favoured: AtomicBool::new(false) };
        Wish { state: Apart(state), barrier }
    }

    /// Wishes to be told. Look at the condition *after* this call.
    pub fn make(&self) {
        let State { made, favoured } = &self.state.0;
        if made.load(Ordering::Relaxed) {
            return;
        }
        made.store(true, Ordering::Relaxed);
        if planted(Mistake::WishMadeWithoutFence) {
            return;
        }
        // Only this side favours the other.
        if favoured.load(Ordering::Relaxed) {
            self.barrier.heavy_for_certain()
        } else {
            Barrier::Even.light()
        }
    }

    /// Takes the wish back: its maker looks at the condition by itself from now on.
    #[inline]
    pub fn withdraw(&self) {
        if self.state.0.made.load(Ordering::Relaxed) {
            self.state.0.made.store(false, Ordering::Relaxed);
        }
    }

    /// The maker finds that the other side acts all the time.
    #[inline]
    pub fn favour(&self) {
        // Release: who sees the favour sees a wish that was made with the lesser fence.
        if self.barrier.is_light() && !self.state.0.favoured.load(Ordering::Relaxed) {
            self.state.0.favoured.store(true, Ordering::Release);
        }
    }

    /// Whether a wish has been made. Call it *after* changing the condition.
    #[inline]
    pub fn is_made(&self) -> bool {
        if !planted(Mistake::WishSeenWithoutFence) {
            let favoured = self.state.0.favoured.load(Ordering::Acquire);
            if favoured { self.barrier.light() } else { Barrier::Even.light() }
        }
        self.state.0.made.load(Ordering::Relaxed)
    }

    /// Takes the wish, if one has been made: the caller is to tell. Call it *after* changing the condition.
    #[inline]
    pub fn take(&self) -> bool {
        self.is_made() && self.take_made()
    }

    /// Takes a wish that [`Wish::is_made`] has seen.
    #[cold]
    pub fn take_made(&self) -> bool {
        // Writes nothing when the wish was withdrawn meanwhile.
        self.state.0.made.compare_exchange(true, false, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::{sync::mpsc, thread};

    use super::*;
    use crate::sync::AtomicUsize;

    /// Whatever this system offers, the other kind of fence is tested too.
    #[test]
    fn with_either_barrier_no_change_is_missed() {
        let rounds = if cfg!(miri) { 50 } else { 100_000 };
        for (barrier, favours) in
            [(Barrier::choose(), true), (Barrier::choose(), false), (Barrier::Even, true)]
        {
            let (wish, changes) = (Wish::with_barrier(false, barrier), AtomicUsize::new(0));
            let (tell, told) = mpsc::channel();
            thread::scope(|scope| {
                scope.spawn(|| {
                    for change in 1..=rounds {
                        changes.store(change, Ordering::Relaxed);
                        if wish.take() {
                            tell.send(()).unwrap();
                        }
                    }
                });
                let mut seen = 0;
                while seen < rounds {
                    wish.withdraw();
                    while told.try_recv().is_ok() {}
                    if favours {
                        wish.favour();
                    }
                    wish.make();
                    let now = changes.load(Ordering::Relaxed);
                    if now == seen {
                        told.recv().unwrap();
                    }
                    seen = changes.load(Ordering::Relaxed);
                }
            });
        }
    }
}

//! Fair queueing: pipes that have something to read take turns, one message each.

use std::collections::VecDeque;

use super::{Found, Inbox, PipeId};
use crate::Message;

/// The pipes that may have messages, in the order of their turns (libzmq's `fq`).
///
/// Reading costs no allocation: the queue never holds more than the attached pipes, and room for them is made when
/// they attach.
#[derive(Debug, Default)]
pub(super) struct FairQueue {
    /// Whose turn it is.
    next: Option<PipeId>,
    /// Whose turns come after that; empty while there is no next.
    turns: VecDeque<PipeId>,
    states: Vec<State>,
    attached: usize,
    last: Option<PipeId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Not attached.
    #[default]
    Absent,
    /// Attached, and not to be looked at.
    Idle,
    /// `next`, or in `turns`.
    Ready,
}

impl FairQueue {
    /// The pipe takes part from its next `readable` on.
    pub(super) fn attach(&mut self, pipe: PipeId) {
        if self.states.len() <= pipe.index() {
            self.states.resize(pipe.index() + 1, State::Absent);
        }
        let state = &mut self.states[pipe.index()];
        if *state == State::Absent {
            *state = State::Idle;
            self.attached += 1;
            self.turns.reserve(self.attached - self.turns.len());
        }
    }

    /// Forgets the pipe.
    pub(super) fn detach(&mut self, pipe: PipeId) {
        let Some(state) = self.states.get_mut(pipe.index()) else { return };
        match std::mem::take(state) {
            State::Absent => return,
            State::Idle => {}
            State::Ready if self.next == Some(pipe) => self.next = self.turns.pop_front(),
            State::Ready => self.turns.retain(|turn| *turn != pipe),
        }
        self.attached -= 1;
    }

    /// The pipe has something to read; it queues up at the end unless it is waiting already.
    #[inline]
    pub(super) fn readable(&mut self, pipe: PipeId) {
        if let Some(state @ State::Idle) = self.states.get_mut(pipe.index()) {
            *state = State::Ready;
            match self.next {
                None => self.next = Some(pipe),
                Some(_) => self.turns.push_back(pipe),
            }
        }
    }

    /// The next message. A pipe that was asked goes to the end, unless it has nothing until it is readable again.
    pub(super) fn recv<I: Inbox + ?Sized>(&mut self, inbox: &mut I) -> Option<Message> {
        let mut message = Message::new();
        self.recv_into(inbox, &mut message).then_some(message)
    }

    /// The same without moving the message about; says whether there was one.
    #[inline]
    pub(super) fn recv_into<I: Inbox + ?Sized>(&mut self, inbox: &mut I, into: &mut Message) -> bool {
        // Each is asked once.
        for _ in 0..=self.turns.len() {
            let Some(pipe) = self.next else { break };
            match inbox.pop(pipe, into) {
                Found::Message => {
                    self.pass(pipe);
                    self.last = Some(pipe);
                    return true;
                }
                Found::NothingYet => self.pass(pipe),
                Found::Nothing => self.rest(pipe),
            }
        }
        false
    }

    /// The pipe whose turn it is goes to the end.
    #[inline]
    fn pass(&mut self, pipe: PipeId) {
        if !self.turns.is_empty() {
            self.turns.push_back(pipe);
            self.next = self.turns.pop_front();
        }
    }

    /// Whose turn it is, if nobody else has anything to read.
    #[inline]
    pub(super) fn only(&self) -> Option<PipeId> {
        self.next.filter(|_| self.turns.is_empty())
    }

    /// Where the last message came from.
    pub(super) fn last(&self) -> Option<PipeId> {
        self.last
    }

    /// The pipe whose turn it is has nothing to read.
    #[cold]
    fn rest(&mut self, pipe: PipeId) {
        self.next = self.turns.pop_front();
        if let Some(state) = self.states.get_mut(pipe.index()) {
            *state = State::Idle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each look finds.
    struct Script(Vec<(PipeId, Found)>);

    impl Inbox for Script {
        fn pop(&mut self, pipe: PipeId, _into: &mut Message) -> Found {
            let (expected, found) = self.0.remove(0);
            assert_eq!(pipe, expected);
            found
        }
    }

    fn look(queue: &mut FairQueue, script: &[(u32, Found)]) -> bool {
        let mut script = Script(script.iter().map(|(pipe, found)| (PipeId(*pipe), *found)).collect());
        let found = queue.recv_into(&mut script, &mut Message::new());
        assert!(script.0.is_empty(), "not asked: {:?}", script.0);
        found
    }

    #[test]
    fn who_has_nothing_yet_keeps_its_turn_and_is_asked_once_a_call() {
        use Found::{Message, Nothing, NothingYet};
        let mut queue = FairQueue::default();
        (0..3).map(PipeId).for_each(|pipe| {
            queue.attach(pipe);
            queue.readable(pipe);
        });
        assert!(look(&mut queue, &[(0, NothingYet), (1, Message)]));
        assert!(!look(&mut queue, &[(2, NothingYet), (0, NothingYet), (1, NothingYet)]));
        assert!(!look(&mut queue, &[(2, Nothing), (0, NothingYet), (1, NothingYet)]));
        assert!(look(&mut queue, &[(0, Message)]));
        assert!(!look(&mut queue, &[(1, Nothing), (0, Nothing)]));
        assert!(!look(&mut queue, &[]));
        queue.readable(PipeId(2));
        assert!(look(&mut queue, &[(2, Message)]));
    }
}

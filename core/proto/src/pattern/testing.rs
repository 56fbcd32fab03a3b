//! What the tests of all patterns share: an engine of queues and switches.

use std::collections::VecDeque;

use ohmq_spec::SocketType;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseResult, TestRng, TestRunner};

use super::rules::put;
use super::{Found, Inbox, Pattern, PatternOption, PipeId, Pipes, Route, RouteError};
use crate::Message;
use crate::message::folded::{fold, unfold};

/// The engine's side of some pipes.
#[derive(Default)]
pub(super) struct Engine {
    pub(super) inboxes: Vec<VecDeque<Message>>,
    full: Vec<bool>,
    /// Whether the last look in vain is to be repeated: every other is.
    vain: bool,
}

impl Pipes for Engine {
    fn writable(&self, pipe: PipeId) -> bool {
        !self.full.get(pipe.index()).copied().unwrap_or(false)
    }
}

impl Inbox for Engine {
    fn pop(&mut self, pipe: PipeId, into: &mut Message) -> Found {
        if put(self.inboxes.get_mut(pipe.index()).and_then(VecDeque::pop_front), into) {
            return Found::Message;
        }
        self.vain = !self.vain;
        if self.vain { Found::NothingYet } else { Found::Nothing }
    }
}

impl Engine {
    pub(super) fn fill(&mut self, pipe: u32, full: bool) {
        let at = pipe as usize;
        self.full.resize(self.full.len().max(at + 1), false);
        self.full[at] = full;
    }

    /// A message arrives, as the engine does it.
    pub(super) fn arrive(&mut self, pattern: &mut Pattern, pipe: u32, message: impl Into<Message>) {
        let mut message = message.into();
        if pattern.delimits() {
            fold(&mut message);
        }
        if let Some(message) = pattern.received(PipeId(pipe), message) {
            let at = pipe as usize;
            self.inboxes.resize_with(self.inboxes.len().max(at + 1), VecDeque::new);
            self.inboxes[at].push_back(message);
            pattern.readable(PipeId(pipe));
        }
    }

    /// Reserve and commit; what goes on the wire and where.
    pub(super) fn send(
        &mut self,
        pattern: &mut Pattern,
        message: impl Into<Message>,
    ) -> Result<(Route, Message), RouteError> {
        let mut wire = message.into();
        let route = pattern.reserve(&wire, self)?;
        pattern.commit(&route, &mut wire, self);
        if pattern.delimits() {
            unfold(&mut wire);
        }
        Ok((route, wire))
    }

    /// The pipe a message goes to, when it goes to one.
    pub(super) fn send_one(&mut self, pattern: &mut Pattern, message: impl Into<Message>) -> u32 {
        match self.send(pattern, message) {
            Ok((Route::One(pipe), _)) => pipe.0,
            other => panic!("not sent to one pipe: {other:?}"),
        }
    }

    /// Receives, and checks that `can_recv` foretold it.
    pub(super) fn recv(&mut self, pattern: &mut Pattern) -> Result<Option<Message>, RouteError> {
        let foretold = pattern.can_recv(self);
        let mut message = Message::new();
        let received = pattern.recv(self, &mut message).map(|found| found.then_some(message));
        assert_eq!(foretold, matches!(received, Ok(Some(_))), "can_recv was wrong about {received:?}");
        received
    }
}

pub(super) fn multi<const N: usize>(frames: [&str; N]) -> Message {
    Message::from_frames(frames)
}

/// A pattern with options and attached pipes 0 to `pipes`.
pub(super) fn pattern(socket_type: SocketType, options: &[PatternOption], pipes: u32) -> Pattern {
    let mut pattern = Pattern::new(socket_type, 0x0102_0304_0506_0708);
    for option in options {
        pattern.set(*option);
    }
    for pipe in 0..pipes {
        assert!(pattern.attach(PipeId(pipe)));
    }
    pattern
}

/// Runs a law on `cases` inputs that are the same on every run.
pub(super) fn law<S: Strategy>(cases: u32, inputs: S, check: impl Fn(S::Value) -> TestCaseResult) {
    let seed = [42; 32];
    println!("ChaCha seed {seed:?}, {cases} cases");
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    TestRunner::new_with_rng(config, rng).run(&inputs, check).unwrap();
}

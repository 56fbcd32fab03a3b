//! What must hold for every sequence of calls: laws over random operations with a fixed seed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use ohmq_spec::SocketType::{self, Dealer, Pair, Pub, Pull, Push, Rep, Req, Router, Sub, XPub, XSub};
use proptest::prelude::*;
use proptest::sample::select;

use super::testing::{Engine, law};
use super::{Identified, Pattern, PatternOption, PipeId, Pipes, Route, RouteError};
use crate::{Frame, Message};

const IMPLEMENTED: [SocketType; 11] = [Pair, Pub, Sub, Req, Rep, Dealer, Router, Pull, Push, XPub, XSub];
const PIPES: u32 = 5;

#[derive(Debug, Clone)]
enum Op {
    Attach(u32),
    Detach(u32),
    Retire(u32),
    Lost(u32),
    Identify(u32, Vec<u8>),
    Fill(u32, bool),
    Arrive(u32, Message),
    Subscribed(u32, Vec<u8>),
    Cancelled(u32, Vec<u8>),
    Subscribe(Vec<u8>),
    Unsubscribe(Vec<u8>),
    Reserve(Message),
    Send(Message),
    Look,
    Recv,
    Set(PatternOption),
}

/// Short topics over few letters, so that prefixes and repetitions happen.
fn topic() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(select(b"ab\x00\x01".to_vec()), 0..4)
}

/// Bodies, envelopes, ids and subscriptions, mixed as a hostile peer would.
fn message() -> impl Strategy<Value = Message> {
    let frame = prop_oneof![3 => topic(), 1 => Just(Vec::new()), 1 => Just(b"body".to_vec())];
    prop_oneof![
        2 => topic().prop_map(Message::from),
        2 => topic().prop_map(|body| Message::from_frames([Vec::new(), body])),
        3 => prop::collection::vec(frame, 1..5).prop_map(Message::from_frames),
    ]
}

fn option() -> impl Strategy<Value = PatternOption> {
    use PatternOption::*;
    let make = select(vec![
        RouterMandatory as fn(bool) -> _,
        RouterHandover,
        ReqRelaxed,
        ReqCorrelate,
        XpubVerbose,
        XpubVerboser,
        XpubNodrop,
    ]);
    (make, any::<bool>()).prop_map(|(make, on)| make(on))
}

fn op() -> impl Strategy<Value = Op> {
    let pipe = || 0..PIPES;
    prop_oneof![
        4 => pipe().prop_map(Op::Attach),
        1 => pipe().prop_map(Op::Detach),
        1 => pipe().prop_map(Op::Retire),
        1 => pipe().prop_map(Op::Lost),
        3 => (pipe(), topic()).prop_map(|(pipe, id)| Op::Identify(pipe, id)),
        2 => (pipe(), any::<bool>()).prop_map(|(pipe, full)| Op::Fill(pipe, full)),
        8 => (pipe(), message()).prop_map(|(pipe, message)| Op::Arrive(pipe, message)),
        4 => (pipe(), topic()).prop_map(|(pipe, topic)| Op::Subscribed(pipe, topic)),
        2 => (pipe(), topic()).prop_map(|(pipe, topic)| Op::Cancelled(pipe, topic)),
        2 => topic().prop_map(Op::Subscribe),
        1 => topic().prop_map(Op::Unsubscribe),
        2 => message().prop_map(Op::Reserve),
        6 => message().prop_map(Op::Send),
        2 => Just(Op::Look),
        6 => Just(Op::Recv),
        1 => option().prop_map(Op::Set),
    ]
}

/// What a test knows of a socket: which pipes exist, and the engine's share of the accounts.
struct World {
    pattern: Pattern,
    engine: Engine,
    attached: BTreeSet<u32>,
    retired: BTreeSet<u32>,
    accepted: u64,
    delivered: u64,
    dropped: u64,
}

impl World {
    fn new(socket_type: SocketType) -> Self {
        Self {
            pattern: Pattern::new(socket_type, 7),
            engine: Engine::default(),
            attached: BTreeSet::new(),
            retired: BTreeSet::new(),
            accepted: 0,
            delivered: 0,
            dropped: 0,
        }
    }

    fn apply(&mut self, op: Op) -> Result<(), TestCaseError> {
        match op {
            Op::Attach(pipe) => {
                if !self.retired.contains(&pipe) && self.pattern.attach(PipeId(pipe)) {
                    self.attached.insert(pipe);
                }
            }
            Op::Detach(pipe) => self.detach(pipe),
            Op::Retire(pipe) => {
                if self.attached.remove(&pipe) {
                    self.pattern.retire(PipeId(pipe));
                    self.retired.insert(pipe);
                }
            }
            Op::Lost(pipe) => _ = self.pattern.lost(PipeId(pipe)),
            Op::Identify(pipe, id) => {
                if self.attached.contains(&pipe)
                    && let Identified::Replaced(old) = self.pattern.identify(PipeId(pipe), id.into())
                {
                    self.detach(old.0);
                }
            }
            Op::Fill(pipe, full) => self.engine.fill(pipe, full),
            Op::Arrive(pipe, message) => {
                if self.attached.contains(&pipe) {
                    self.accepted += 1;
                    self.engine.arrive(&mut self.pattern, pipe, message);
                }
            }
            Op::Subscribed(pipe, topic) => _ = self.pattern.subscribed(PipeId(pipe), topic.into()),
            Op::Cancelled(pipe, topic) => _ = self.pattern.cancelled(PipeId(pipe), topic.into()),
            Op::Subscribe(topic) => _ = self.pattern.subscribe(&topic),
            Op::Unsubscribe(topic) => _ = self.pattern.unsubscribe(&topic),
            Op::Reserve(message) => _ = self.reserve(&message)?,
            Op::Send(mut message) => {
                if let Ok(route) = self.reserve(&message)? {
                    self.pattern.commit(&route, &mut message, &mut self.engine);
                }
            }
            Op::Look => _ = self.pattern.can_recv(&mut self.engine),
            Op::Recv => {
                if let Ok(Some(_)) = self.engine.recv(&mut self.pattern) {
                    self.delivered += 1;
                }
            }
            Op::Set(option) => self.pattern.set(option),
        }
        Ok(())
    }

    fn detach(&mut self, pipe: u32) {
        self.pattern.detach(PipeId(pipe));
        self.attached.remove(&pipe);
        self.retired.remove(&pipe);
        if let Some(inbox) = self.engine.inboxes.get_mut(pipe as usize) {
            self.dropped += inbox.drain(..).count() as u64;
        }
    }

    /// Reserves twice: the same answer, only living pipes with room, each once, and true to `can_send`.
    fn reserve(&mut self, message: &Message) -> Result<Result<Route, RouteError>, TestCaseError> {
        let possible = self.pattern.can_send(&self.engine);
        let route = self.pattern.reserve(message, &self.engine);
        prop_assert_eq!(&self.pattern.reserve(message, &self.engine), &route);
        prop_assert!(possible || route.is_err() || message.len() == 1, "sent although can_send said no");
        let pipes = match &route {
            Ok(Route::One(pipe)) => vec![*pipe],
            Ok(Route::Many { targets, .. }) => {
                prop_assert_eq!(*targets as usize, self.pattern.targets().len());
                self.pattern.targets().to_vec()
            }
            _ => Vec::new(),
        };
        prop_assert_eq!(pipes.iter().collect::<BTreeSet<_>>().len(), pipes.len(), "a pipe twice");
        for pipe in pipes {
            prop_assert!(self.attached.contains(&pipe.0), "routed to a pipe that is not attached");
            prop_assert!(self.engine.writable(pipe), "routed to a full pipe");
        }
        Ok(route)
    }

    fn balanced(&self) -> Result<(), TestCaseError> {
        let inboxes: usize = self.engine.inboxes.iter().map(VecDeque::len).sum();
        let queued = (inboxes + self.pattern.queued()) as u64;
        let dropped = self.dropped + self.pattern.dropped().total();
        prop_assert_eq!(self.accepted + self.pattern.made(), self.delivered + queued + dropped);
        Ok(())
    }
}

/// Also: `can_recv` is exact (checked on every receive), reservations change nothing, nobody but attached pipes with
/// room is sent to.
#[test]
fn the_accounts_of_every_pattern_balance_after_every_operation() {
    for socket_type in IMPLEMENTED {
        law(40, prop::collection::vec(op(), 1..150), |ops| {
            let mut world = World::new(socket_type);
            for op in ops {
                world.apply(op)?;
                world.balanced()?;
            }
            Ok(())
        });
    }
}

/// Pipes that always have room, or always have messages, never differ by more than one message, whatever the others do.
#[test]
fn turns_are_fair_within_one_message() {
    let steady = [1, 3, 4];
    for socket_type in [Push, Dealer, Pull, Router, Sub] {
        law(40, prop::collection::vec(op(), 1..200), |ops| {
            let mut world = World::new(socket_type);
            world.pattern.subscribe(b"");
            for pipe in 0..PIPES {
                world.apply(Op::Attach(pipe))?;
            }
            for pipe in steady {
                world.apply(Op::Identify(pipe, vec![b'A' + pipe as u8]))?;
                (0..300)
                    .try_for_each(|_| world.apply(Op::Arrive(pipe, Message::from([b'A' + pipe as u8]))))?;
            }
            let (mut sent, mut read) = ([0_u32; PIPES as usize], [0_u32; PIPES as usize]);
            for op in ops {
                match op {
                    Op::Attach(pipe)
                    | Op::Detach(pipe)
                    | Op::Retire(pipe)
                    | Op::Fill(pipe, _)
                    | Op::Arrive(pipe, _)
                        if steady.contains(&pipe) => {}
                    Op::Send(mut message) if socket_type != Router => {
                        let Ok(route) = world.pattern.reserve(&message, &world.engine) else { continue };
                        world.pattern.commit(&route, &mut message, &mut world.engine);
                        if let Route::One(pipe) = route {
                            sent[pipe.index()] += 1;
                        }
                    }
                    Op::Recv => {
                        let Ok(Some(message)) = world.engine.recv(&mut world.pattern) else { continue };
                        if let [from @ b'A'..=b'E', ..] = message.bytes() {
                            read[usize::from(from - b'A')] += 1;
                        }
                    }
                    Op::Unsubscribe(_) => {}
                    other => world.apply(other)?,
                }
                for counts in [sent, read] {
                    let counts = steady.map(|pipe| counts[pipe as usize]);
                    let (least, most) = counts
                        .iter()
                        .fold((u32::MAX, 0), |(least, most), count| (least.min(*count), most.max(*count)));
                    prop_assert!(most - least <= 1, "{counts:?}");
                }
            }
            Ok(())
        });
    }
}

/// Seen from outside, successful sends and receives of REQ and REP strictly alternate (unless relaxed).
#[test]
fn req_and_rep_alternate() {
    for (socket_type, first_send) in [(Req, true), (Rep, false)] {
        law(80, prop::collection::vec(op(), 1..150), |ops| {
            let mut world = World::new(socket_type);
            let mut send_turn = first_send;
            for op in ops {
                match op {
                    Op::Set(_) => {}
                    Op::Send(message) => {
                        let sent = world.engine.send(&mut world.pattern, message);
                        prop_assert_eq!(sent == Err(RouteError::WrongState), !send_turn);
                        send_turn &= sent.is_err();
                    }
                    Op::Recv => {
                        let received = world.engine.recv(&mut world.pattern);
                        prop_assert_eq!(received == Err(RouteError::WrongState), send_turn);
                        send_turn |= matches!(received, Ok(Some(_)));
                    }
                    other => world.apply(other)?,
                }
            }
            Ok(())
        });
    }
}

/// A correlating, relaxed REQ gets exactly the answer to its latest request, whatever order a REP's answers come in.
#[test]
fn correlated_replies_answer_the_latest_request() {
    let steps = prop::collection::vec((any::<bool>(), any::<bool>(), any::<prop::sample::Index>()), 1..80);
    law(300, steps, |steps| {
        let mut req = World::new(Req);
        let mut rep = World::new(Rep);
        req.pattern.set(PatternOption::ReqRelaxed(true));
        req.pattern.set(PatternOption::ReqCorrelate(true));
        req.apply(Op::Attach(0))?;
        rep.apply(Op::Attach(0))?;
        let (mut latest, mut answers) = (0_u32, Vec::new());
        for (ask, answer, which) in steps {
            if ask {
                latest += 1;
                let body = Message::from(latest.to_le_bytes());
                let (_, wire) = req
                    .engine
                    .send(&mut req.pattern, body)
                    .map_err(|error| TestCaseError::fail(error.to_string()))?;
                rep.engine.arrive(&mut rep.pattern, 0, wire);
                if let Ok(Some(question)) = rep.engine.recv(&mut rep.pattern) {
                    answers.push(rep.engine.send(&mut rep.pattern, question).map(|(_, wire)| wire));
                }
            }
            if answer && !answers.is_empty() {
                let wire = answers.swap_remove(which.index(answers.len()));
                req.engine.arrive(
                    &mut req.pattern,
                    0,
                    wire.map_err(|error| TestCaseError::fail(error.to_string()))?,
                );
            }
            if let Ok(Some(reply)) = req.engine.recv(&mut req.pattern) {
                prop_assert_eq!(reply, Message::from(latest.to_le_bytes()));
            }
        }
        Ok(())
    });
}

/// The publisher's subscribers, written as simply as possible.
#[derive(Default)]
struct Naive {
    by_pipe: BTreeMap<u32, BTreeSet<Vec<u8>>>,
    events: Vec<Vec<u8>>,
}

impl Naive {
    fn count(&self, topic: &[u8]) -> usize {
        self.by_pipe.values().filter(|topics| topics.contains(topic)).count()
    }

    fn event(&mut self, first: u8, topic: &[u8]) {
        self.events.push([&[first], topic].concat());
    }

    fn subscribed(&mut self, pipe: u32, topic: &[u8], verbose: bool) {
        let first = self.count(topic) == 0;
        self.by_pipe.entry(pipe).or_default().insert(topic.to_vec());
        if first || verbose {
            self.event(1, topic);
        }
    }

    fn cancelled(&mut self, pipe: u32, topic: &[u8], verboser: bool) {
        let had = self.by_pipe.get_mut(&pipe).is_some_and(|topics| topics.remove(topic));
        if had && (verboser || self.count(topic) == 0) {
            self.event(0, topic);
        }
    }

    fn gone(&mut self, pipe: u32, verboser: bool) {
        for topic in self.by_pipe.get(&pipe).cloned().unwrap_or_default() {
            self.cancelled(pipe, &topic, verboser);
        }
    }

    fn matching(&self, topic: &[u8]) -> BTreeSet<u32> {
        let matches = |topics: &BTreeSet<Vec<u8>>| topics.iter().any(|prefix| topic.starts_with(prefix));
        self.by_pipe.iter().filter(|(_, topics)| matches(topics)).map(|(pipe, _)| *pipe).collect()
    }

    fn topics(&self) -> usize {
        self.by_pipe.values().flatten().collect::<BTreeSet<_>>().len()
    }
}

#[test]
fn publishing_equals_naive_prefix_matching() {
    let modes = [
        (false, false, None),
        (true, false, Some(PatternOption::XpubVerbose(true))),
        (true, true, Some(PatternOption::XpubVerboser(true))),
    ];
    for (verbose, verboser, option) in modes {
        law(60, prop::collection::vec(op(), 1..200), |ops| {
            let (mut world, mut naive) = (World::new(XPub), Naive::default());
            option.into_iter().for_each(|option| world.pattern.set(option));
            for op in ops {
                match &op {
                    Op::Subscribed(pipe, topic) if world.attached.contains(pipe) => {
                        naive.subscribed(*pipe, topic, verbose);
                    }
                    Op::Cancelled(pipe, topic) => naive.cancelled(*pipe, topic, verboser),
                    Op::Lost(pipe) | Op::Detach(pipe) => naive.gone(*pipe, verboser),
                    Op::Retire(pipe) => naive.gone(*pipe, verboser),
                    Op::Send(message) => {
                        let expected = naive.matching(message.bytes());
                        let (open, full): (BTreeSet<_>, BTreeSet<_>) =
                            expected.into_iter().partition(|pipe| world.engine.writable(PipeId(*pipe)));
                        let (targets, missed) = match world.pattern.reserve(message, &world.engine) {
                            Ok(Route::Many { full, .. }) => (world.pattern.targets().to_vec(), full as usize),
                            _ => (Vec::new(), 0),
                        };
                        prop_assert_eq!(targets.iter().map(|pipe| pipe.0).collect::<BTreeSet<_>>(), open);
                        prop_assert_eq!(missed, full.len());
                    }
                    Op::Set(_) | Op::Arrive(..) => continue,
                    _ => {}
                }
                world.apply(op)?;
                prop_assert_eq!(world.pattern.topics_count(), naive.topics());
                let mut events: Vec<_> =
                    std::iter::from_fn(|| world.engine.recv(&mut world.pattern).ok().flatten())
                        .map(|event| event.bytes().to_vec())
                        .collect();
                let mut expected = std::mem::take(&mut naive.events);
                // The order among the cancellations of a peer that left is not defined.
                events.sort();
                expected.sort();
                prop_assert_eq!(events, expected);
            }
            Ok(())
        });
    }
}

#[test]
fn subscribing_equals_a_naive_count_of_references() {
    law(100, prop::collection::vec(op(), 1..200), |ops| {
        let mut world = World::new(Sub);
        world.apply(Op::Attach(0))?;
        let mut naive = BTreeMap::<Vec<u8>, u32>::new();
        for op in ops {
            match op {
                Op::Subscribe(topic) => {
                    prop_assert!(world.pattern.subscribe(&topic));
                    *naive.entry(topic).or_default() += 1;
                }
                Op::Unsubscribe(topic) | Op::Cancelled(_, topic) => {
                    let left = naive.get_mut(&topic).map(|count| {
                        *count -= 1;
                        *count
                    });
                    naive.retain(|_, count| *count > 0);
                    prop_assert_eq!(world.pattern.unsubscribe(&topic), left == Some(0));
                }
                Op::Arrive(_, message) => {
                    let expected = naive.keys().any(|prefix| message.bytes().starts_with(prefix));
                    world.engine.arrive(&mut world.pattern, 0, message.clone());
                    let received = world.engine.recv(&mut world.pattern);
                    prop_assert_eq!(received, Ok(expected.then_some(message)));
                }
                _ => {}
            }
            let replayed: BTreeSet<Bytes> = world.pattern.subscriptions().into_iter().collect();
            prop_assert!(replayed.iter().eq(naive.keys()));
            prop_assert_eq!(world.pattern.topics_count(), naive.len());
        }
        Ok(())
    });
}

/// Ids are unique, stay with their pipe, and lead back to it.
#[test]
fn router_ids_lead_to_their_pipe() {
    law(80, prop::collection::vec(op(), 1..150), |ops| {
        let mut world = World::new(Router);
        for op in ops {
            let before: Vec<_> =
                (0..PIPES).map(|pipe| world.pattern.routing_id(PipeId(pipe)).map(<[u8]>::to_vec)).collect();
            let named = matches!(op, Op::Identify(..));
            world.apply(op)?;
            for (pipe, before) in (0..PIPES).zip(before) {
                let Some(id) = world.pattern.routing_id(PipeId(pipe)).map(Frame::from) else { continue };
                prop_assert!(before.is_none_or(|before| id == before));
                prop_assert!(named || world.attached.contains(&pipe));
                world.engine.fill(pipe, false);
                let message = Message::from_frames([id, Frame::from("x")]);
                prop_assert_eq!(world.pattern.reserve(&message, &world.engine), Ok(Route::One(PipeId(pipe))));
            }
        }
        Ok(())
    });
}

//! Two connections joined in memory, a virtual clock, and byte-level peers.
#![allow(dead_code, reason = "each test program uses its own part")]

use std::io::IoSlice;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use ohmq_proto::{Connection, ConnectionConfig, Event, PeerInfo, ProtocolError};
use ohmq_spec::SocketType;

/// Any instant: only differences to it matter.
#[allow(clippy::disallowed_methods, reason = "an Instant has no other beginning")]
pub(crate) fn origin() -> Instant {
    Instant::now()
}

/// The patterns that are on the wire, with each side's type.
pub(crate) fn implemented() -> impl Iterator<Item = SocketType> {
    SocketType::ALL.iter().copied().filter(|socket_type| socket_type.implemented())
}

pub(crate) fn compatible_pairs() -> Vec<(SocketType, SocketType)> {
    let pairs = implemented().flat_map(|a| implemented().map(move |b| (a, b)));
    pairs.filter(|(a, b)| a.accepts(*b)).collect()
}

/// Everything an output holds, as if the kernel had taken it all; returns the bytes and the messages completed.
pub(crate) fn drain(connection: &mut Connection) -> (Vec<u8>, usize) {
    let mut batch = connection.output().take();
    let mut written = Vec::new();
    while !batch.is_done() {
        let mut slices = [IoSlice::new(&[]); 8];
        let filled = batch.slices(&mut slices);
        assert!(filled > 0, "a batch that is not done has bytes to write");
        let before = written.len();
        slices[..filled].iter().for_each(|slice| written.extend_from_slice(slice));
        let count = written.len() - before;
        batch.advance(count);
    }
    (written, connection.output().restore(batch))
}

/// All events that `bytes` complete when they come behind what `input` still holds.
pub(crate) fn feed(
    connection: &mut Connection,
    input: &mut BytesMut,
    bytes: &[u8],
    now: Instant,
) -> Result<Vec<Event>, ProtocolError> {
    input.extend_from_slice(bytes);
    let mut events = Vec::new();
    while let Some(event) = connection.receive(input, now)? {
        events.push(event);
    }
    assert!(connection.wanted() > 0);
    Ok(events)
}

/// One end of a pair.
pub(crate) struct End {
    pub(crate) connection: Connection,
    pub(crate) input: BytesMut,
    pub(crate) events: Vec<Event>,
}

impl End {
    pub(crate) fn new(config: ConnectionConfig, now: Instant) -> Self {
        Self { connection: Connection::new(config, now), input: BytesMut::new(), events: Vec::new() }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8], now: Instant) -> Result<(), ProtocolError> {
        let events = feed(&mut self.connection, &mut self.input, bytes, now)?;
        self.events.extend(events);
        Ok(())
    }

    pub(crate) fn peer(&self) -> &PeerInfo {
        match self.events.first() {
            Some(Event::Established(info)) => info,
            other => panic!("the first event is {other:?}"),
        }
    }

    pub(crate) fn messages(&self) -> Vec<ohmq_proto::Message> {
        let messages = self.events.iter().filter_map(|event| match event {
            Event::Message(message) => Some(message.clone()),
            _ => None,
        });
        messages.collect()
    }
}

/// Two connections whose outputs are each other's inputs.
pub(crate) struct Pair {
    pub(crate) a: End,
    pub(crate) b: End,
    pub(crate) now: Instant,
}

impl Pair {
    pub(crate) fn new(a: ConnectionConfig, b: ConnectionConfig) -> Self {
        let now = origin();
        Self { a: End::new(a, now), b: End::new(b, now), now }
    }

    pub(crate) fn of(a: SocketType, b: SocketType) -> Self {
        Self::new(ConnectionConfig::new(a), ConnectionConfig::new(b))
    }

    /// Moves bytes both ways until nothing more comes.
    pub(crate) fn settle(&mut self) -> Result<(), ProtocolError> {
        loop {
            let (from_a, _) = drain(&mut self.a.connection);
            let (from_b, _) = drain(&mut self.b.connection);
            if from_a.is_empty() && from_b.is_empty() {
                return Ok(());
            }
            self.b.feed(&from_a, self.now)?;
            self.a.feed(&from_b, self.now)?;
        }
    }

    pub(crate) fn settled(a: SocketType, b: SocketType) -> Self {
        let mut pair = Self::of(a, b);
        pair.settle().unwrap();
        assert!(pair.a.connection.established() && pair.b.connection.established());
        pair
    }

    pub(crate) fn sleep(&mut self, time: Duration) {
        self.now += time;
    }
}

//! The same stream in any portions, into a buffer of any history, gives the same events.

mod common;
#[path = "common/random.rs"]
mod random;

use bytes::{Bytes, BytesMut};
use common::{Pair, drain, feed, origin};
use ohmq_proto::{Connection, ConnectionConfig, Event, Message};
use ohmq_spec::SocketType;
use proptest::prelude::*;
use random::runner;

#[derive(Debug, Clone)]
enum Item {
    Message(Vec<Vec<u8>>),
    Subscribe(Vec<u8>),
    Cancel(Vec<u8>),
    Ping(Vec<u8>),
    Unknown,
}

#[test]
fn any_portions_give_the_same_events() {
    let portions =
        prop::collection::vec(prop_oneof![3 => 1..8usize, 2 => 1..300usize, 1 => 1..70_000usize], 1..60);
    runner(500)
        .run(&(prop::collection::vec(item(), 0..20), portions, any::<bool>()), |(items, portions, legacy)| {
            let mut peer = peer_bytes(&items, legacy);
            let mut connection = Connection::new(ConnectionConfig::new(SocketType::XPub), origin());
            let mut input = BytesMut::with_capacity(64);
            let mut events = Vec::new();
            let mut portions = portions.iter().cycle();
            while !peer.is_empty() {
                let rest = peer.split_off(portions.next().copied().unwrap_or(1).min(peer.len()));
                events.extend(feed(&mut connection, &mut input, &peer, origin()).unwrap());
                peer = rest;
            }
            assert!(matches!(events.first(), Some(Event::Established(_))));
            assert_eq!(events[1..], expected(&items));
            assert!(input.is_empty());
            Ok(())
        })
        .unwrap();
}

/// Messages taken as runs, in one piece or one by one, and all the others in between are what was sent, in order.
#[test]
fn runs_of_messages_are_what_was_sent() {
    let size = prop_oneof![4 => 0..130usize, 2 => 130..300usize, 1 => 300..20_000usize];
    let frames = prop_oneof![8 => Just(1usize), 1 => 2..4usize];
    let message = (size, frames)
        .prop_map(|(size, frames)| vec![(0..size).map(|at| at as u8).collect::<Vec<_>>(); frames]);
    let steps = prop::collection::vec((1..70_000usize, 0..40usize, any::<bool>()), 1..20);
    runner(300)
        .run(&(prop::collection::vec(message, 0..60), steps), |(messages, steps)| {
            let mut pair = Pair::settled(SocketType::Push, SocketType::Pull);
            let sent: Vec<Message> = messages.into_iter().map(Message::from_frames).collect();
            sent.iter().for_each(|message| pair.a.connection.send(message));
            let (stream, _) = drain(&mut pair.a.connection);
            let (mut rest, mut input, mut received) = (&stream[..], BytesMut::new(), Vec::new());
            for (portion, limit, whole) in steps.iter().cycle() {
                let (portion, later) = rest.split_at(rest.len().min(*portion));
                input.extend_from_slice(portion);
                rest = later;
                let run = pair.b.connection.run(&input, *limit);
                assert!(run.count <= *limit && run.bytes <= input.len());
                if *whole {
                    let mut batch = run.take(&mut input, pair.b.connection.pins());
                    assert_eq!((batch.len(), batch.is_empty()), (run.count, run.count == 0));
                    let mut message = Message::new();
                    while batch.pop(&mut message) {
                        received.push(std::mem::take(&mut message));
                    }
                } else {
                    run.take_apart(&mut input, |message| received.push(message));
                }
                match pair.b.connection.receive(&mut input, pair.now).unwrap() {
                    Some(Event::Message(message)) => received.push(message),
                    Some(other) => panic!("{other:?}"),
                    None if rest.is_empty() && input.is_empty() => break,
                    None => {}
                }
            }
            assert_eq!(received, sent);
            Ok(())
        })
        .unwrap();
}

/// The hint says exactly how many bytes the frame lacks once its header is known, and reading that many is enough.
#[test]
fn reading_what_is_wanted_is_enough() {
    let mut pair = Pair::settled(SocketType::Push, SocketType::Pull);
    for size in [0, 1, 62, 63, 255, 256, 8_192, 100_000] {
        pair.a.connection.send(&Message::from(vec![9; size]));
        let (stream, _) = drain(&mut pair.a.connection);
        let mut reads = 0;
        let mut at = 0;
        while at < stream.len() {
            let wanted = pair.b.connection.wanted().min(stream.len() - at);
            pair.b.feed(&stream[at..at + wanted], pair.now).unwrap();
            at += wanted;
            reads += 1;
        }
        assert!(reads <= 10, "{reads} reads for {size} bytes");
        assert_eq!(pair.b.messages().last().map(Message::total_bytes), Some(size));
    }
}

/// What the items look like on the wire, written by a connection of ours and, for the rest, by hand.
fn peer_bytes(items: &[Item], legacy: bool) -> Vec<u8> {
    let mut peer = Connection::new(ConnectionConfig::new(SocketType::XSub), origin());
    let mut hello = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
    hello.resize(64, 0);
    hello.extend_from_slice(b"\x04\x06\x05READY");
    let hello = if legacy { b"\xFF\0\0\0\0\0\0\0\x01\x7F\x01\x09\0\0".to_vec() } else { hello };
    feed(&mut peer, &mut BytesMut::new(), &hello, origin()).unwrap();
    let handshake = drain(&mut peer).0;
    // An old peer names its revision where ours, downgraded, still names 3.
    let mut stream = if legacy { hello } else { handshake };
    for item in items {
        match item {
            Item::Message(frames) => peer.send(&Message::from(frames.clone())),
            Item::Subscribe(topic) => peer.send_subscription(true, topic),
            Item::Cancel(topic) => peer.send_subscription(false, topic),
            Item::Ping(_) | Item::Unknown if legacy => {}
            Item::Ping(context) => {
                drain_into(&mut peer, &mut stream);
                stream.extend([&[4, 7 + context.len() as u8][..], b"\x04PING\0\0", context].concat());
            }
            Item::Unknown => {
                drain_into(&mut peer, &mut stream);
                stream.extend(b"\x04\x08\x07UNKNOWN");
            }
        }
    }
    drain_into(&mut peer, &mut stream);
    stream
}

fn drain_into(peer: &mut Connection, stream: &mut Vec<u8>) {
    stream.extend(drain(peer).0);
}

fn expected(items: &[Item]) -> Vec<Event> {
    let events = items.iter().filter_map(|item| match item {
        Item::Message(frames) => Some(Event::Message(Message::from(frames.clone()))),
        Item::Subscribe(topic) => Some(Event::Subscribe(Bytes::from(topic.clone()))),
        Item::Cancel(topic) => Some(Event::Cancel(Bytes::from(topic.clone()))),
        Item::Ping(_) | Item::Unknown => None,
    });
    events.collect()
}

fn item() -> impl Strategy<Value = Item> {
    let size = prop_oneof![6 => 0..70usize, 2 => 250..260usize, 1 => 8_100..8_300usize, 1 => 0..100_000usize];
    // The first byte is none of those that make a message a subscription.
    let body = (size, 2..255u8).prop_map(|(size, byte)| vec![byte; size]);
    let frames =
        prop_oneof![4 => prop::collection::vec(body.clone(), 1..2), 1 => prop::collection::vec(body, 2..6)];
    let topic = prop::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        6 => frames.prop_map(Item::Message),
        1 => topic.clone().prop_map(Item::Subscribe),
        1 => topic.prop_map(Item::Cancel),
        1 => prop::collection::vec(any::<u8>(), 0..16).prop_map(Item::Ping),
        1 => Just(Item::Unknown),
    ]
}

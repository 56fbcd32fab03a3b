//! Limits on size and number of frames: exact at their edge, on the header alone, and on every way a frame can take.

mod common;

use bytes::BytesMut;
use common::{Pair, drain, feed, origin};
use ohmq_proto::{Connection, ConnectionConfig, Message, ProtocolError};
use ohmq_spec::SocketType;

#[test]
fn a_message_may_be_as_long_as_the_limit_and_no_longer() {
    for limit in [0, 1, 10, 63, 64, 65, 255, 256, 8_192, 100_000] {
        // What stands behind the frame decides which way it takes.
        for behind in [0, 100] {
            let mut pair = limited(limit, usize::MAX);
            let fits =
                [encoded(&mut pair, &Message::from(vec![5; limit as usize])), vec![0; behind]].concat();
            pair.b.feed(&fits, pair.now).unwrap();
            assert_eq!(pair.b.messages().first().map(Message::total_bytes), Some(limit as usize));
            let mut pair = limited(limit, usize::MAX);
            let long =
                [encoded(&mut pair, &Message::from(vec![5; limit as usize + 1])), vec![0; behind]].concat();
            let error = pair.b.feed(&long, pair.now).unwrap_err();
            assert_eq!(error, ProtocolError::Oversized { size: limit + 1, limit });
        }
    }
}

#[test]
fn the_header_alone_is_enough_to_refuse() {
    let mut pair = limited(1000, usize::MAX);
    let error = pair.b.feed(b"\x02\0\0\0\0\0\0\x03\xE9", pair.now).unwrap_err();
    assert_eq!(error, ProtocolError::Oversized { size: 1001, limit: 1000 });
}

#[test]
fn the_limit_holds_for_a_whole_message_and_starts_again_with_the_next() {
    let mut pair = limited(100, usize::MAX);
    let full = Message::from_frames([vec![1; 40], vec![], vec![2; 60]]);
    for _ in 0..3 {
        let bytes = encoded(&mut pair, &full);
        pair.b.feed(&bytes, pair.now).unwrap();
    }
    assert_eq!(pair.b.messages(), [full.clone(), full.clone(), full]);
    let bytes = encoded(&mut pair, &Message::from_frames([vec![1; 40], vec![], vec![2; 61]]));
    let error = pair.b.feed(&bytes, pair.now).unwrap_err();
    assert_eq!(error, ProtocolError::Oversized { size: 101, limit: 100 });
}

#[test]
fn a_message_may_have_as_many_frames_as_the_limit_and_no_more() {
    for limit in [1, 2, 3, 1000] {
        let mut pair = limited(u64::MAX, limit);
        let full = Message::from_frames(vec![vec![7]; limit]);
        let bytes = encoded(&mut pair, &full).repeat(2);
        pair.b.feed(&bytes, pair.now).unwrap();
        assert_eq!(pair.b.messages(), [full.clone(), full]);
        let bytes = encoded(&mut pair, &Message::from_frames(vec![vec![7]; limit + 1]));
        assert_eq!(pair.b.feed(&bytes, pair.now), Err(ProtocolError::TooManyParts { limit }));
    }
}

#[test]
fn a_limit_of_nothing_prevents_neither_handshake_nor_heartbeats_nor_subscriptions() {
    let mut config = ConnectionConfig::new(SocketType::Pub);
    config.max_message_size = Some(0);
    let mut pair = Pair::new(config, ConnectionConfig::new(SocketType::Sub));
    pair.settle().unwrap();
    pair.b.connection.send_subscription(true, &[b't'; 1000]);
    pair.settle().unwrap();
    pair.a.feed(b"\x04\x07\x04PING\0\0", pair.now).unwrap();
    assert_eq!(pair.a.events.len(), 2);
    assert_eq!(drain(&mut pair.a.connection).0, b"\x04\x05\x04PONG");
}

/// A header that announces the largest possible frame costs nothing until its bytes come.
#[test]
fn what_a_peer_announces_is_only_a_hint() {
    let mut pair = Pair::settled(SocketType::Push, SocketType::Pull);
    pair.b.feed(&[&[2][..], &(1u64 << 47).to_be_bytes()].concat(), pair.now).unwrap();
    assert_eq!(pair.b.connection.wanted(), 1 << 47);
    assert!(pair.b.input.capacity() < 1024);
}

#[test]
fn the_limit_holds_in_old_sessions_too() {
    for stream in [&b"\xFF\0\0\0\0\0\0\0\x01\x7F\x01\x08\0\0\0\x0B"[..], b"\x01\0\x0C\0"] {
        let mut config = ConnectionConfig::new(SocketType::Pull);
        config.max_message_size = Some(10);
        let mut connection = Connection::new(config, origin());
        let error = feed(&mut connection, &mut BytesMut::new(), stream, origin()).unwrap_err();
        assert_eq!(error, ProtocolError::Oversized { size: 11, limit: 10 });
    }
}

fn limited(max_message_size: u64, max_parts: usize) -> Pair {
    let mut config = ConnectionConfig::new(SocketType::Pull);
    config.max_message_size = Some(max_message_size);
    config.max_parts = max_parts;
    let mut pair = Pair::new(ConnectionConfig::new(SocketType::Push), config);
    pair.settle().unwrap();
    pair
}

fn encoded(pair: &mut Pair, message: &Message) -> Vec<u8> {
    pair.a.connection.send(message);
    drain(&mut pair.a.connection).0
}

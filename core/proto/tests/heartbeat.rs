//! Timers under a virtual clock: handshake deadline, PING, silence, TTL.

mod common;

use std::time::Duration;

use bytes::BytesMut;
use common::{Pair, drain, feed, origin};
use ohmq_proto::{Connection, ConnectionConfig, Event, Heartbeat, Message, ProtocolError};
use ohmq_spec::SocketType;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_handshake_has_a_deadline_at_every_stage() {
    let stream = [&greeting()[..], b"\x04\x06\x05READY"].concat();
    for received in 0..stream.len() {
        let start = origin();
        let mut connection = Connection::new(ConnectionConfig::new(SocketType::Pull), start);
        feed(&mut connection, &mut BytesMut::new(), &stream[..received], start + 29 * SECOND).unwrap();
        assert_eq!(connection.deadline(), Some(start + 30 * SECOND));
        assert_eq!(connection.on_deadline(start + 30 * SECOND - Duration::from_nanos(1)), Ok(()));
        assert_eq!(connection.on_deadline(start + 30 * SECOND), Err(ProtocolError::HandshakeTimeout));
        assert_eq!(connection.deadline(), None);
        let dead = connection.receive(&mut BytesMut::from(&stream[received..]), start);
        assert_eq!(dead, Err(ProtocolError::HandshakeTimeout), "a dead connection stays dead");
    }
}

#[test]
fn an_established_connection_without_heartbeats_has_no_deadline() {
    let pair = Pair::settled(SocketType::Push, SocketType::Pull);
    assert_eq!((pair.a.connection.deadline(), pair.b.connection.deadline()), (None, None));
    let mut config = ConnectionConfig::new(SocketType::Pull);
    config.handshake_timeout = None;
    assert_eq!(Connection::new(config, origin()).deadline(), None);
}

#[test]
fn pings_are_sent_each_interval_and_answered() {
    for (a, b) in [
        (SocketType::Req, SocketType::Rep),
        (SocketType::Sub, SocketType::Pub),
        (SocketType::Pair, SocketType::Pair),
    ] {
        let mut pair = Pair::new(heartbeating(a, 1000, 1000, Some(2500)), ConnectionConfig::new(b));
        pair.settle().unwrap();
        for beat in 1..=5 {
            assert_eq!(pair.a.connection.deadline(), Some(pair.now + SECOND), "beat {beat}");
            pair.sleep(SECOND);
            pair.a.connection.on_deadline(pair.now).unwrap();
            assert_eq!(pair.a.connection.deadline(), Some(pair.now + SECOND));
            let (ping, _) = drain(&mut pair.a.connection);
            assert_eq!(ping, b"\x04\x07\x04PING\0\x19");
            pair.b.feed(&ping, pair.now).unwrap();
            assert_eq!(pair.b.connection.deadline(), Some(pair.now + 25 * SECOND / 10));
            let (pong, _) = drain(&mut pair.b.connection);
            assert_eq!(pong, b"\x04\x05\x04PONG");
            pair.a.feed(&pong, pair.now).unwrap();
        }
        assert_eq!(pair.a.events.len(), 1, "heartbeats are no events");
    }
}

#[test]
fn silence_after_a_ping_ends_the_connection() {
    let mut pair = Pair::new(
        heartbeating(SocketType::Dealer, 1000, 300, None),
        ConnectionConfig::new(SocketType::Router),
    );
    pair.settle().unwrap();
    pair.sleep(SECOND);
    pair.a.connection.on_deadline(pair.now).unwrap();
    assert_eq!(pair.a.connection.deadline(), Some(pair.now + Duration::from_millis(300)));
    pair.sleep(Duration::from_millis(300));
    let error = pair.a.connection.on_deadline(pair.now).unwrap_err();
    assert_eq!(error, ProtocolError::HeartbeatTimeout);
    assert!(error.retry());
}

#[test]
fn further_pings_do_not_prolong_the_silence() {
    let config = heartbeating(SocketType::Dealer, 100, 250, None);
    let mut pair = Pair::new(config, ConnectionConfig::new(SocketType::Router));
    pair.settle().unwrap();
    let started = pair.now;
    for beat in [100, 200, 300] {
        pair.now = started + Duration::from_millis(beat);
        assert_eq!(pair.a.connection.on_deadline(pair.now), Ok(()));
    }
    let end = started + Duration::from_millis(350);
    assert_eq!(pair.a.connection.deadline(), Some(end));
    assert_eq!(pair.a.connection.on_deadline(end), Err(ProtocolError::HeartbeatTimeout));
}

#[test]
fn any_frame_is_life_and_so_is_progress_within_one() {
    let frames: [&[u8]; 5] =
        [b"\0\x01x", b"\x01\0", b"\x04\x05\x04PONG", b"\x04\x04\x03NEW", b"\0\xFFpart of a long frame"];
    for frame in frames {
        let mut pair = Pair::new(
            heartbeating(SocketType::Dealer, 1000, 300, None),
            ConnectionConfig::new(SocketType::Router),
        );
        pair.settle().unwrap();
        pair.sleep(SECOND);
        pair.a.connection.on_deadline(pair.now).unwrap();
        pair.a.feed(frame, pair.now).unwrap();
        assert_eq!(pair.a.connection.deadline(), Some(pair.now + SECOND), "{}", frame.escape_ascii());
        // Being asked again without a new byte is no progress.
        pair.sleep(SECOND);
        pair.a.connection.on_deadline(pair.now).unwrap();
        pair.a.feed(b"", pair.now).unwrap();
        assert_eq!(pair.a.connection.deadline(), Some(pair.now + Duration::from_millis(300)));
    }
}

#[test]
fn a_promise_of_traffic_is_held_to_its_ttl() {
    for (tenths, millis) in [(1u16, 100), (10, 1_000), (655, 65_500), (656, 65_600), (u16::MAX, 6_553_500)] {
        let mut pair = Pair::settled(SocketType::Pull, SocketType::Push);
        let ping = [&b"\x04\x07\x04PING"[..], &tenths.to_be_bytes()].concat();
        pair.a.feed(&ping, pair.now).unwrap();
        let deadline = pair.now + Duration::from_millis(millis);
        assert_eq!(pair.a.connection.deadline(), Some(deadline));
        assert_eq!(pair.a.connection.on_deadline(deadline - Duration::from_millis(1)), Ok(()));
        assert_eq!(pair.a.connection.on_deadline(deadline), Err(ProtocolError::TtlExpired));
    }
    let mut pair = Pair::settled(SocketType::Pull, SocketType::Push);
    pair.a.feed(b"\x04\x07\x04PING\0\x0A", pair.now).unwrap();
    pair.a.feed(b"\0\x01x", pair.now).unwrap();
    assert_eq!(pair.a.connection.deadline(), None, "a frame keeps the promise");
    pair.a.feed(b"\x04\x07\x04PING\0\0", pair.now).unwrap();
    assert_eq!(pair.a.connection.deadline(), None, "a PING without TTL promises nothing");
}

#[test]
fn a_pong_carries_the_pings_context_cut_to_16_bytes() {
    for length in [0usize, 1, 15, 16, 17, 200] {
        let mut pair = Pair::settled(SocketType::Pull, SocketType::Push);
        let context: Vec<u8> = (0..length as u8).collect();
        let ping = [&[4, 7 + length as u8][..], b"\x04PING\0\0", &context].concat();
        pair.a.feed(&ping, pair.now).unwrap();
        let kept = length.min(16);
        assert_eq!(
            drain(&mut pair.a.connection).0,
            [&[4, 5 + kept as u8][..], b"\x04PONG", &context[..kept]].concat()
        );
    }
}

#[test]
fn a_flood_of_pings_that_nobody_reads_the_answers_of_costs_no_memory() {
    let mut pair = Pair::settled(SocketType::Pull, SocketType::Push);
    let pings = b"\x04\x07\x04PING\0\0".repeat(100_000);
    pair.a.feed(&pings, pair.now).unwrap();
    assert_eq!(pair.a.connection.output_ref().bytes(), 16 * 7);
    drain(&mut pair.a.connection);
    pair.a.feed(b"\x04\x07\x04PING\0\0", pair.now).unwrap();
    assert_eq!(pair.a.connection.output_ref().bytes(), 7, "an honest peer's next PING is answered");
}

#[test]
fn a_late_timer_sends_one_ping_and_an_unread_one_does_not_pile_up() {
    let mut pair =
        Pair::new(heartbeating(SocketType::Push, 10, 0, None), ConnectionConfig::new(SocketType::Pull));
    pair.settle().unwrap();
    pair.sleep(3600 * SECOND);
    pair.a.connection.on_deadline(pair.now).unwrap();
    pair.a.connection.on_deadline(pair.now).unwrap();
    assert_eq!(drain(&mut pair.a.connection).0, b"\x04\x07\x04PING\0\0");
    for _ in 0..1000 {
        pair.sleep(Duration::from_millis(10));
        pair.a.connection.on_deadline(pair.now).unwrap();
    }
    assert_eq!(pair.a.connection.output_ref().bytes(), 16 * 9);
    assert_eq!(pair.a.connection.output_ref().messages(), 0);
}

#[test]
fn a_paused_reader_does_not_take_its_own_pause_for_the_peers_silence() {
    let mut pair =
        Pair::new(heartbeating(SocketType::Pull, 1000, 300, None), ConnectionConfig::new(SocketType::Push));
    pair.settle().unwrap();
    pair.sleep(SECOND);
    pair.a.connection.on_deadline(pair.now).unwrap();
    pair.a.connection.reading_paused();
    pair.sleep(Duration::from_millis(900));
    assert_eq!(pair.a.connection.on_deadline(pair.now), Ok(()));
}

#[test]
fn old_peers_get_no_heartbeats() {
    for stream in [&b"\xFF\0\0\0\0\0\0\0\x01\x7F\x01\x08\0\0"[..], b"\x01\0"] {
        let now = origin();
        let mut connection = Connection::new(heartbeating(SocketType::Pull, 10, 10, Some(100)), now);
        feed(&mut connection, &mut BytesMut::new(), stream, now).unwrap();
        assert!(connection.established());
        assert_eq!(connection.deadline(), None);
    }
}

#[test]
fn heartbeats_may_come_between_the_frames_of_a_message() {
    let mut pair = Pair::settled(SocketType::Pull, SocketType::Push);
    pair.a.feed(b"\x01\x01a\x04\x07\x04PING\0\0\x01\x01b\x04\x05\x04PONG\0\x01c", pair.now).unwrap();
    assert_eq!(pair.a.events[1..], [Event::Message(Message::from(["a", "b", "c"]))]);
}

fn heartbeating(socket_type: SocketType, interval: u64, timeout: u64, ttl: Option<u64>) -> ConnectionConfig {
    let mut config = ConnectionConfig::new(socket_type);
    config.heartbeat = Some(Heartbeat {
        interval: Duration::from_millis(interval),
        timeout: Duration::from_millis(timeout),
        ttl: ttl.map(Duration::from_millis),
    });
    config
}

fn greeting() -> Vec<u8> {
    let mut greeting = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
    greeting.resize(64, 0);
    greeting
}

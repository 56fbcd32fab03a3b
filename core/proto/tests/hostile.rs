//! Every hostile input of `tests-polyglot/vectors/hostile.txt`, however it is cut: a typed error or no harm, never a panic.

mod common;
#[path = "common/vectors.rs"]
mod vectors;

use std::time::Duration;

use bytes::BytesMut;
use common::{drain, feed, origin};
use ohmq_proto::{Connection, ConnectionConfig, Event, ProtocolError};
use ohmq_spec::SocketType;
use vectors::{Expected, Hostile, hostile};

#[test]
fn every_input_ends_as_its_line_says_however_it_is_cut() {
    let inputs = hostile();
    assert!(inputs.len() >= 60);
    let mut outcomes = [0; 3];
    for input in &inputs {
        let whole = outcome(input, &[&input.bytes]);
        match (&whole, input.expected) {
            (Ok((_, 0)), Expected::Waits) => outcomes[0] += 1,
            (Ok((true, messages)), Expected::Lives(expected)) if *messages == expected => outcomes[1] += 1,
            (Err(error), Expected::Closes) => {
                assert!(!error.retry(), "{}: {error}", input.name);
                outcomes[2] += 1;
            }
            (other, expected) => panic!("{}: {other:?} instead of {expected:?}", input.name),
        }
        let bytes: Vec<&[u8]> = input.bytes.chunks(1).collect();
        assert_eq!(outcome(input, &bytes), whole, "{} byte by byte", input.name);
        for size in [2, 3, 7, 64, 4096] {
            let chunks: Vec<&[u8]> = input.bytes.chunks(size).collect();
            assert_eq!(outcome(input, &chunks), whole, "{} by {size}", input.name);
        }
    }
    println!("{} inputs: {} wait, {} live, {} close", inputs.len(), outcomes[0], outcomes[1], outcomes[2]);
}

/// What an input before the handshake does not end at once, the deadline ends.
#[test]
fn whoever_waits_is_ended_by_the_handshake_deadline() {
    for input in hostile().iter().filter(|input| input.expected == Expected::Waits && !input.after_handshake)
    {
        let start = origin();
        let mut connection = connection();
        feed(&mut connection, &mut BytesMut::new(), &input.bytes, start).unwrap();
        if !connection.established() {
            let error = connection.on_deadline(start + Duration::from_secs(31));
            assert_eq!(error, Err(ProtocolError::HandshakeTimeout), "{}", input.name);
        }
    }
}

/// Other kinds of socket must survive the same bytes; what the bytes mean to them may differ.
#[test]
fn no_socket_type_panics() {
    for socket_type in SocketType::ALL.iter().copied().filter(|socket_type| socket_type.implemented()) {
        for input in hostile() {
            let mut connection = Connection::new(ConnectionConfig::new(socket_type), origin());
            let _ = feed(&mut connection, &mut BytesMut::new(), &input.bytes, origin());
            let mut open = Connection::new(ConnectionConfig::new(socket_type), origin());
            let mut greeting = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
            greeting.resize(64, 0);
            greeting.extend_from_slice(b"\x04\x06\x05READY");
            let mut buffer = BytesMut::new();
            feed(&mut open, &mut buffer, &greeting, origin()).unwrap();
            let _ = feed(&mut open, &mut buffer, &input.bytes, origin());
        }
    }
}

/// Whether the connection is established at the end, and how many messages came.
fn outcome(input: &Hostile, chunks: &[&[u8]]) -> Result<(bool, usize), ProtocolError> {
    let mut connection = connection();
    let mut buffer = BytesMut::new();
    if input.after_handshake {
        let mut honest = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
        honest.resize(64, 0);
        honest.extend_from_slice(b"\x04\x1A\x05READY\x0BSocket-Type\0\0\0\x04PUSH");
        feed(&mut connection, &mut buffer, &honest, origin()).unwrap();
        assert!(connection.established());
    }
    let mut messages = 0;
    for chunk in chunks {
        let events = feed(&mut connection, &mut buffer, chunk, origin()).inspect_err(|error| {
            let dead = connection.receive(&mut BytesMut::from(&b"\0\0"[..]), origin());
            assert_eq!(dead.as_ref(), Err(error), "{}: a dead connection stays dead", input.name);
        })?;
        messages += events.iter().filter(|event| matches!(event, Event::Message(_))).count();
        drain(&mut connection);
    }
    Ok((connection.established(), messages))
}

fn connection() -> Connection {
    let mut config = ConnectionConfig::new(SocketType::Pull);
    config.max_message_size = Some(1 << 20);
    Connection::new(config, origin())
}

//! Every version of peer as a stream of bytes: what is answered, when, and that no split of the stream changes anything.

mod common;

use bytes::{Bytes, BytesMut};
use common::{drain, feed, origin};
use ohmq_proto::{Connection, ConnectionConfig, Event, Message, PeerInfo, ProtocolError, Version};
use ohmq_spec::SocketType;

const SIGNATURE: &[u8] = b"\xFF\0\0\0\0\0\0\0\x01\x7F";

/// A peer's stream, and what must come of it.
struct Script {
    name: &'static str,
    config: ConnectionConfig,
    stream: Vec<u8>,
    events: Vec<Event>,
    /// All we send until the handshake is done.
    answer: Vec<u8>,
}

#[test]
fn every_split_of_every_stream_gives_the_same_events_and_answer() {
    for script in scripts() {
        for split in 0..=script.stream.len() {
            let (head, tail) = script.stream.split_at(split);
            script.check(&[head, tail]);
        }
        let bytes: Vec<&[u8]> = script.stream.chunks(1).collect();
        script.check(&bytes);
    }
}

#[test]
fn the_greeting_is_sent_in_libzmqs_stages() {
    for minor in [1, 0] {
        let greeting = greeting_3(minor);
        let mut connection = Connection::new(ConnectionConfig::new(SocketType::Pull), origin());
        let mut input = BytesMut::new();
        let mut sent = drain(&mut connection).0;
        assert_eq!(sent, SIGNATURE);
        for (at, byte) in greeting.iter().enumerate() {
            assert_eq!(feed(&mut connection, &mut input, &[*byte], origin()), Ok(vec![]));
            sent.extend(drain(&mut connection).0);
            let expected = match at + 1 {
                ..10 => 10,
                10 => 11,
                11..64 => 64,
                _ => 64 + 28,
            };
            assert_eq!(sent.len(), expected, "after {} bytes", at + 1);
        }
        assert_eq!(sent[..64], greeting_3(1));
        assert_eq!(&sent[64..], b"\x04\x1A\x05READY\x0BSocket-Type\0\0\0\x04PULL");
    }
}

#[test]
fn a_revision_above_three_and_the_unused_two_are_treated_as_3_1() {
    for (major, minor) in [(3, 1), (3, 2), (3, 255), (4, 0), (255, 0), (2, 0), (2, 7)] {
        let mut greeting = greeting_3(minor);
        greeting[10] = major;
        let stream = [&greeting[..], &ready(b"PUSH", None)].concat();
        let mut connection = Connection::new(ConnectionConfig::new(SocketType::Pull), origin());
        feed(&mut connection, &mut BytesMut::new(), &stream, origin()).unwrap();
        assert_eq!(connection.version(), Version::V3_1, "{major}.{minor}");
        assert!(connection.established());
    }
}

#[test]
fn a_peer_that_sends_no_socket_type_is_accepted() {
    let stream = [&greeting_3(1)[..], b"\x04\x06\x05READY"].concat();
    let mut connection = Connection::new(ConnectionConfig::new(SocketType::Pull), origin());
    let events = feed(&mut connection, &mut BytesMut::new(), &stream, origin()).unwrap();
    let [Event::Established(info)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(info.socket_type, None);
}

#[test]
fn the_rest_of_the_greeting_is_not_looked_at() {
    let mut greeting = greeting_3(1);
    greeting[32] = 1;
    greeting[33..].fill(0xAA);
    greeting[1..9].fill(0xAA);
    let stream = [&greeting[..], &ready(b"PUSH", None)].concat();
    let mut connection = Connection::new(ConnectionConfig::new(SocketType::Pull), origin());
    feed(&mut connection, &mut BytesMut::new(), &stream, origin()).unwrap();
    assert!(connection.established());
}

#[test]
fn old_peers_are_refused_when_the_socket_says_so() {
    for (stream, major) in
        [(&b"\x01\0"[..], 1), (b"\xFF\0\0\0\0\0\0\0\x01\x7F\0", 1), (b"\xFF\0\0\0\0\0\0\0\x01\x7F\x01", 2)]
    {
        let mut config = ConnectionConfig::new(SocketType::Pull);
        config.legacy_peers = false;
        let mut connection = Connection::new(config, origin());
        let result = feed(&mut connection, &mut BytesMut::new(), stream, origin());
        assert_eq!(result, Err(ProtocolError::LegacyRefused(major)));
    }
}

#[test]
fn our_own_identity_follows_the_signature_for_an_unversioned_peer() {
    for length in [0, 1, 253, 254, 255] {
        let mut config = ConnectionConfig::new(SocketType::Dealer);
        config.routing_id = Bytes::from(vec![b'i'; length]);
        let mut connection = Connection::new(config, origin());
        feed(&mut connection, &mut BytesMut::new(), b"\x01\x00", origin()).unwrap();
        let (sent, _) = drain(&mut connection);
        // A 1.0 peer reads the signature as a long length (flags included) and a flag byte.
        assert_eq!(sent[..9], [&[0xFF][..], &(length as u64 + 1).to_be_bytes()].concat());
        assert_eq!(sent.len(), 10 + length);
    }
}

#[test]
fn subscriptions_take_the_form_of_the_session() {
    let forms: [(&[u8], &[u8]); 4] = [
        (b"\x04\x0B\x09SUBSCRIBEA", b"\x04\x08\x06CANCELA"),
        (b"\0\x02\x01A", b"\0\x02\0A"),
        (b"\0\x02\x01A", b"\0\x02\0A"),
        (b"\x03\0\x01A", b"\x03\0\0A"),
    ];
    let streams = [
        [&greeting_3(1)[..], &ready(b"PUB", None)].concat(),
        [&greeting_3(0)[..], &ready(b"PUB", None)].concat(),
        [SIGNATURE, b"\x01\x01", b"\0\0"].concat(),
        b"\x01\0".to_vec(),
    ];
    for (stream, (subscribe, cancel)) in streams.iter().zip(forms) {
        let mut connection = Connection::new(ConnectionConfig::new(SocketType::Sub), origin());
        feed(&mut connection, &mut BytesMut::new(), stream, origin()).unwrap();
        drain(&mut connection);
        connection.send_subscription(true, b"A");
        connection.send_subscription(false, b"A");
        assert_eq!(connection.output_ref().messages(), 0);
        assert_eq!(drain(&mut connection).0, [subscribe, cancel].concat());
    }
}

/// The command name counts when the length form is chosen; for the message form it is the topic and one byte.
#[test]
fn long_topics_change_to_the_long_form_where_they_must() {
    for (minor, topic, header) in [
        (1, 245, &b"\x04\xFF"[..]),
        (1, 246, b"\x06\0\0\0\0\0\0\x01\0"),
        (0, 254, b"\0\xFF"),
        (0, 255, b"\x02\0\0\0\0\0\0\x01\0"),
    ] {
        let stream = [&greeting_3(minor)[..], &ready(b"PUB", None)].concat();
        let mut connection = Connection::new(ConnectionConfig::new(SocketType::Sub), origin());
        feed(&mut connection, &mut BytesMut::new(), &stream, origin()).unwrap();
        drain(&mut connection);
        connection.send_subscription(true, &vec![b't'; topic]);
        assert!(drain(&mut connection).0.starts_with(header), "{minor} {topic}");
    }
}

impl Script {
    fn check(&self, chunks: &[&[u8]]) {
        let mut connection = Connection::new(self.config.clone(), origin());
        let mut input = BytesMut::new();
        let mut events = Vec::new();
        let mut sent = Vec::new();
        for chunk in chunks {
            let result = feed(&mut connection, &mut input, chunk, origin());
            events.extend(result.unwrap_or_else(|error| panic!("{}: {error}", self.name)));
            sent.extend(drain(&mut connection).0);
        }
        assert_eq!(events, self.events, "{}", self.name);
        assert_eq!(sent, self.answer, "{}", self.name);
        assert!(connection.established() && input.is_empty(), "{}", self.name);
    }
}

fn scripts() -> Vec<Script> {
    let mut scripts = Vec::new();
    for minor in [1, 0] {
        let version = Version { major: 3, minor };
        scripts.push(Script {
            name: "3.x PUSH to PULL",
            config: ConnectionConfig::new(SocketType::Pull),
            stream: [&greeting_3(minor)[..], &ready(b"PUSH", None), b"\x01\x01a\0\x01b\0\0"].concat(),
            events: vec![
                established(version, Some(SocketType::Push), b"", &[(b"Socket-Type", b"PUSH")]),
                Event::Message(Message::from(["a", "b"])),
                Event::Message(Message::new()),
            ],
            answer: [&greeting_3(1)[..], &ready(b"PULL", None)].concat(),
        });
        scripts.push(Script {
            name: "3.x DEALER with an identity to ROUTER",
            config: with_id(SocketType::Router, b"us"),
            stream: [&greeting_3(minor)[..], &ready(b"DEALER", Some(b"them")), b"\0\x01x"].concat(),
            events: vec![
                established(
                    version,
                    Some(SocketType::Dealer),
                    b"them",
                    &[(b"Socket-Type", b"DEALER"), (b"Identity", b"them")],
                ),
                Event::Message(Message::from("x")),
            ],
            answer: [&greeting_3_with(1, 2)[..], &ready(b"ROUTER", Some(b"us"))].concat(),
        });
        scripts.push(Script {
            name: "3.x SUB to PUB with both forms of subscription",
            config: ConnectionConfig::new(SocketType::Pub),
            stream: [&greeting_3(minor)[..], &ready(b"SUB", None), b"\x04\x0B\x09SUBSCRIBEA\0\x02\0A"]
                .concat(),
            events: vec![
                established(version, Some(SocketType::Sub), b"", &[(b"Socket-Type", b"SUB")]),
                Event::Subscribe(Bytes::from_static(b"A")),
                Event::Cancel(Bytes::from_static(b"A")),
            ],
            answer: [&greeting_3(1)[..], &ready(b"PUB", None)].concat(),
        });
    }
    scripts.extend(legacy_scripts());
    scripts
}

fn legacy_scripts() -> Vec<Script> {
    let long = vec![b'y'; 300];
    let identity = vec![b'i'; 255];
    vec![
        Script {
            name: "2.0 DEALER with an identity to ROUTER",
            config: with_id(SocketType::Router, b"us"),
            stream: [
                SIGNATURE,
                b"\x01\x05",
                b"\0\x04them",
                b"\x01\0\0\x01x",
                b"\x02\0\0\0\0\0\0\x01\x2C",
                &long,
            ]
            .concat(),
            events: vec![
                established(Version::V2_0, Some(SocketType::Dealer), b"them", &[]),
                Event::Message(Message::from(["", "x"])),
                Event::Message(Message::from(long.clone())),
            ],
            answer: [&signature(2)[..], b"\x03\x06", b"\0\x02us"].concat(),
        },
        Script {
            name: "2.0 SUB to XPUB",
            config: ConnectionConfig::new(SocketType::XPub),
            stream: [SIGNATURE, b"\x01\x02", b"\0\0", b"\0\x02\x01A"].concat(),
            events: vec![
                established(Version::V2_0, Some(SocketType::Sub), b"", &[]),
                Event::Subscribe(Bytes::from_static(b"A")),
            ],
            answer: [SIGNATURE, b"\x03\x09", b"\0\0"].concat(),
        },
        Script {
            name: "1.0 with a signature, PUSH to PULL",
            config: ConnectionConfig::new(SocketType::Pull),
            stream: [
                SIGNATURE,
                b"\0\x08",
                b"\x01\0",
                b"\x02\x01a\x02\0b",
                b"\xFF\0\0\0\0\0\0\x01\x2D\0",
                &long,
            ]
            .concat(),
            events: vec![
                established(Version::V1_0, Some(SocketType::Push), b"", &[]),
                Event::Message(Message::from(["a", "b"])),
                Event::Message(Message::from(long.clone())),
            ],
            answer: [SIGNATURE, b"\x03\x07", b"\x01\0"].concat(),
        },
        Script {
            name: "unversioned 1.0 with an identity to ROUTER",
            config: with_id(SocketType::Router, b"us"),
            stream: b"\x05\0them\x01\x01\x02\0x".to_vec(),
            events: vec![
                established(Version::V1_0, None, b"them", &[]),
                Event::Message(Message::from(["", "x"])),
            ],
            answer: [&signature(2)[..], b"us"].concat(),
        },
        Script {
            name: "unversioned 1.0 with the longest identity and libzmq 2.1's flag byte",
            config: ConnectionConfig::new(SocketType::Router),
            stream: [b"\xFF\0\0\0\0\0\0\x01\0\x7E", &identity[..], b"\x02\x7Ex"].concat(),
            events: vec![
                established(Version::V1_0, None, &identity, &[]),
                Event::Message(Message::from("x")),
            ],
            answer: SIGNATURE.to_vec(),
        },
        Script {
            name: "an unversioned 1.0 subscriber gets everything",
            config: ConnectionConfig::new(SocketType::Pub),
            stream: b"\x01\0".to_vec(),
            events: vec![established(Version::V1_0, None, b"", &[]), Event::Subscribe(Bytes::new())],
            answer: SIGNATURE.to_vec(),
        },
    ]
}

fn with_id(socket_type: SocketType, routing_id: &'static [u8]) -> ConnectionConfig {
    let mut config = ConnectionConfig::new(socket_type);
    config.routing_id = Bytes::from_static(routing_id);
    config
}

fn established(
    version: Version,
    socket_type: Option<SocketType>,
    routing_id: &[u8],
    properties: &[(&'static [u8], &'static [u8])],
) -> Event {
    let property = |(name, value): &(&'static [u8], &'static [u8])| {
        (Bytes::from_static(name), Bytes::from_static(value))
    };
    Event::Established(PeerInfo {
        version,
        socket_type,
        routing_id: Bytes::copy_from_slice(routing_id),
        properties: properties.iter().map(property).collect(),
    })
}

fn signature(routing_id: u8) -> Vec<u8> {
    vec![0xFF, 0, 0, 0, 0, 0, 0, 0, routing_id + 1, 0x7F]
}

fn greeting_3(minor: u8) -> Vec<u8> {
    greeting_3_with(minor, 0)
}

fn greeting_3_with(minor: u8, routing_id: u8) -> Vec<u8> {
    let mut greeting = [&signature(routing_id)[..], &[3, minor], b"NULL"].concat();
    greeting.resize(64, 0);
    greeting
}

fn ready(socket_type: &[u8], identity: Option<&[u8]>) -> Vec<u8> {
    let mut body = b"\x05READY\x0BSocket-Type\0\0\0".to_vec();
    body.push(socket_type.len() as u8);
    body.extend_from_slice(socket_type);
    if let Some(identity) = identity {
        body.extend_from_slice(b"\x08Identity\0\0\0");
        body.push(identity.len() as u8);
        body.extend_from_slice(identity);
    }
    [&[4, body.len() as u8], &body[..]].concat()
}

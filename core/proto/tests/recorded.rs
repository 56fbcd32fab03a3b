//! Conversations with real peers, see `tests-polyglot/vectors/README.md`: we understand their bytes, and in their place we
//! send the same ones.

mod common;
#[path = "common/vectors.rs"]
mod vectors;

use bytes::{Bytes, BytesMut};
use common::{drain, feed, origin};
use ohmq_proto::{Connection, ConnectionConfig, Event, Message, Version};
use ohmq_spec::SocketType;
use vectors::{Recording, Turn, recordings};

#[test]
fn recorded_peers_are_understood_however_their_bytes_are_cut() {
    let mut versions = std::collections::BTreeMap::new();
    for recording in recordings().iter().filter(|recording| recording.decode) {
        let stream = recording.received();
        let whole = decode(recording, &[&stream]);
        assert_eq!(whole, expected(recording), "{}", recording.name);
        for size in [1, 2, 3, 7, 64] {
            let chunks: Vec<&[u8]> = stream.chunks(size).collect();
            assert_eq!(decode(recording, &chunks), whole, "{} by {size}", recording.name);
        }
        *versions.entry(recording.session).or_insert(0) += 1;
    }
    println!("understood, by version: {versions:?}");
    assert_eq!(
        versions.keys().copied().collect::<Vec<_>>(),
        [Version::V1_0, Version::V2_0, Version::V3_0, Version::V3_1]
    );
}

#[test]
fn in_a_recorded_peers_place_we_send_its_bytes() {
    let mut count = 0;
    for recording in recordings().iter().filter(|recording| recording.encode) {
        let mut config = ConnectionConfig::new(recording.peer);
        config.routing_id = recording.identity.clone();
        let mut connection = Connection::new(config, origin());
        let mut input = BytesMut::new();
        let mut sent = Vec::new();
        for (at, turn) in recording.turns.iter().enumerate() {
            match turn {
                Turn::Peer(bytes) => {
                    sent.extend(drain(&mut connection).0);
                    assert_eq!(sent, *bytes, "{} at turn {at}", recording.name);
                    sent.clear();
                }
                Turn::Recorder(bytes) => {
                    feed(&mut connection, &mut input, bytes, origin()).unwrap();
                }
                Turn::Message(message) => connection.send(message),
                Turn::Subscribe(topic) => connection.send_subscription(true, topic),
                Turn::Cancel(topic) => connection.send_subscription(false, topic),
            }
        }
        assert!(drain(&mut connection).0.is_empty(), "{}", recording.name);
        assert_eq!(connection.version(), recording.session, "{}", recording.name);
        count += 1;
    }
    println!("{count} conversations repeated byte for byte");
    assert!(count >= 20);
}

fn decode(recording: &Recording, chunks: &[&[u8]]) -> Vec<Event> {
    let mut config = ConnectionConfig::new(recording.recorder);
    config.routing_id = recording.recorder_identity.clone();
    let mut connection = Connection::new(config, origin());
    let mut input = BytesMut::new();
    let mut events = Vec::new();
    for chunk in chunks {
        events.extend(feed(&mut connection, &mut input, chunk, origin()).unwrap());
    }
    assert!(input.is_empty() && connection.established(), "{}", recording.name);
    let Some(Event::Established(info)) = events.first() else { panic!("{}: {events:?}", recording.name) };
    assert_eq!(
        (info.version, &info.routing_id),
        (recording.session, &recording.identity),
        "{}",
        recording.name
    );
    if let Some(socket_type) = info.socket_type {
        assert_eq!(socket_type, recording.peer, "{}", recording.name);
    }
    events.remove(0);
    events
}

fn expected(recording: &Recording) -> Vec<Event> {
    let publisher = matches!(recording.recorder, SocketType::Pub | SocketType::XPub);
    let everything =
        (publisher && recording.session == Version::V1_0).then(|| Event::Subscribe(Bytes::new()));
    let events = recording.turns.iter().filter_map(|turn| match turn {
        Turn::Message(message) => Some(Event::Message(Message::clone(message))),
        Turn::Subscribe(topic) => Some(Event::Subscribe(topic.clone())),
        Turn::Cancel(topic) => Some(Event::Cancel(topic.clone())),
        Turn::Peer(_) | Turn::Recorder(_) => None,
    });
    everything.into_iter().chain(events).collect()
}

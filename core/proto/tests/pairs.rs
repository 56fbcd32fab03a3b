//! Two connections joined in memory: who may talk to whom, and that what is sent arrives.

mod common;

use bytes::Bytes;
use common::{Pair, compatible_pairs, implemented};
use ohmq_proto::{ConnectionConfig, Encoded, Event, Message, ProtocolError, Version};
use ohmq_spec::SocketType;

#[test]
fn all_compatible_pairs_establish_and_exchange_messages() {
    let pairs = compatible_pairs();
    assert_eq!(pairs.len(), 21);
    for (a, b) in pairs {
        let mut pair = Pair::settled(a, b);
        assert_eq!((pair.a.peer().socket_type, pair.b.peer().socket_type), (Some(b), Some(a)));
        assert_eq!(pair.a.peer().version, Version::V3_1);
        let messages = sample_messages();
        for message in &messages {
            pair.a.connection.send(message);
            let encoded = Encoded::new(pair.b.connection.frame_format(), message);
            pair.b.connection.send_encoded(&encoded);
        }
        assert_eq!(pair.a.connection.output_ref().messages(), messages.len());
        pair.settle().unwrap();
        assert_eq!(pair.a.messages(), messages, "{a:?} from {b:?}");
        assert_eq!(pair.b.messages(), messages, "{b:?} from {a:?}");
        assert_eq!(pair.a.connection.output_ref().messages(), 0);
        assert!(pair.a.input.is_empty() && pair.b.input.is_empty());
    }
}

#[test]
fn all_other_pairs_are_refused() {
    for a in implemented() {
        for b in implemented().filter(|b| !a.accepts(*b)) {
            let error = Pair::of(a, b).settle().unwrap_err();
            assert!(matches!(error, ProtocolError::IncompatibleSocketType { .. }), "{a:?} {b:?} {error}");
            assert!(!error.retry());
        }
    }
}

#[test]
fn only_the_types_whose_peers_route_by_it_send_their_identity() {
    for (a, b) in compatible_pairs() {
        let mut config = ConnectionConfig::new(a);
        config.routing_id = Bytes::from_static(b"me");
        let mut pair = Pair::new(config, ConnectionConfig::new(b));
        pair.settle().unwrap();
        let sends = matches!(a, SocketType::Req | SocketType::Dealer | SocketType::Router);
        assert_eq!(pair.b.peer().routing_id, if sends { &b"me"[..] } else { b"" }, "{a:?}");
    }
}

#[test]
fn subscriptions_are_events_of_a_publisher_only() {
    for (publisher, subscriber) in [
        (SocketType::Pub, SocketType::Sub),
        (SocketType::XPub, SocketType::Sub),
        (SocketType::XPub, SocketType::XSub),
    ] {
        let mut pair = Pair::settled(publisher, subscriber);
        let long = vec![b'x'; 300];
        pair.b.connection.send_subscription(true, b"news");
        pair.b.connection.send_subscription(true, &long);
        pair.b.connection.send_subscription(false, b"");
        // The form of older versions is understood in every session; anything else on XPUB is a message.
        pair.b.connection.send(&Message::from(b"\x01old"));
        pair.b.connection.send(&Message::from(b"\x00old"));
        pair.b.connection.send(&Message::from([&b"\x01"[..], b"two frames"]));
        pair.b.connection.send(&Message::from(b"\x02user"));
        pair.b.connection.send(&Message::new());
        pair.settle().unwrap();
        let expected = [
            Event::Subscribe(Bytes::from_static(b"news")),
            Event::Subscribe(Bytes::from(long)),
            Event::Cancel(Bytes::new()),
            Event::Subscribe(Bytes::from_static(b"old")),
            Event::Cancel(Bytes::from_static(b"old")),
            Event::Message(Message::from([&b"\x01"[..], b"two frames"])),
            Event::Message(Message::from(b"\x02user")),
            Event::Message(Message::new()),
        ];
        assert_eq!(pair.a.events[1..], expected);
    }
    let mut pair = Pair::settled(SocketType::Router, SocketType::Dealer);
    pair.b.connection.send_subscription(true, b"news");
    pair.b.connection.send(&Message::from(b"\x01not a subscription"));
    pair.settle().unwrap();
    assert_eq!(pair.a.events[1..], [Event::Message(Message::from(b"\x01not a subscription"))]);
}

fn sample_messages() -> Vec<Message> {
    let sizes = [0, 1, 61, 62, 63, 64, 254, 255, 256, 8_191, 8_192, 8_193, 32_767, 32_768, 65_536, 1_048_576];
    let body = |size: usize| (0..size).map(|at| (at % 251) as u8 ^ 0x55).collect::<Vec<u8>>();
    let mut messages: Vec<Message> = sizes.iter().map(|size| Message::from(body(*size))).collect();
    messages.push(Message::from_frames(sizes.iter().map(|size| body(*size))));
    messages.push(Message::from_frames(vec![Vec::<u8>::new(); 300]));
    // Not to be taken for a subscription by a publisher.
    messages.iter_mut().filter(|message| message.len() == 1).for_each(|message| {
        if message.bytes().first().is_some_and(|first| *first < 2) {
            *message = Message::from("?");
        }
    });
    messages
}

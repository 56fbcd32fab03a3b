//! What the options of a socket mean to its peers and to who sends.

use std::io::Write;

use ohmq::{Context, ErrorCode, Events, Message, SocketOption, SocketType};

use crate::peer::{PATIENCE, accept, dial, insist, listen, read, read_to_the_end, shake_hands};

const TRANSPORTS: [&str; 2] = ["tcp://127.0.0.1:*", "inproc://options"];

/// The header of a PING; its time to live follows, in tenths of a second.
const PING: &[u8] = b"\x04\x07\x04PING";

#[test]
fn who_answers_no_heartbeat_within_the_interval_is_let_go() {
    let context = Context::new();
    let dealer = context.socket(SocketType::Dealer).unwrap();
    dealer.set(SocketOption::HeartbeatIvl, 50).unwrap();
    dealer.set(SocketOption::HeartbeatTtl, 1_234).unwrap();
    assert_eq!(dealer.get(SocketOption::HeartbeatTtl).unwrap().as_i64(), Some(1_200));
    let mut peer = shake_hands(dial(&dealer.bind("tcp://127.0.0.1:*").unwrap()), "DEALER");
    let told = read_to_the_end(&mut peer);
    assert!(told.starts_with(&[PING, &[0, 12]].concat()), "{told:?}");
    insist("the loss is not counted", || (dealer.stats().connections_lost == 1).then_some(()));
}

#[test]
fn heartbeats_may_go_unanswered_for_ever() {
    let context = Context::new();
    let dealer = context.socket(SocketType::Dealer).unwrap();
    dealer.set(SocketOption::HeartbeatIvl, 5).unwrap();
    dealer.set(SocketOption::HeartbeatTimeout, 0).unwrap();
    let mut peer = shake_hands(dial(&dealer.bind("tcp://127.0.0.1:*").unwrap()), "DEALER");
    for _ in 0..20 {
        assert_eq!(read(&mut peer, 9), [PING, &[0, 0]].concat());
    }
    assert_eq!(dealer.stats().connections_lost, 0);
}

#[test]
fn a_stranger_has_so_much_time_to_shake_hands() {
    let context = Context::new();
    for dials in [false, true] {
        let pull = context.socket(SocketType::Pull).unwrap();
        pull.set(SocketOption::HandshakeIvl, 50).unwrap();
        let (listener, endpoint) = listen();
        let mut stranger = if dials {
            pull.connect(&endpoint).unwrap();
            accept(&listener)
        } else {
            dial(&pull.bind("tcp://127.0.0.1:*").unwrap())
        };
        read_to_the_end(&mut stranger);
        assert_eq!(pull.stats().connections_established, 0);
    }
}

/// Less than what a handshake takes, which has a limit of its own.
#[test]
fn a_frame_that_is_too_long_ends_the_connection() {
    let context = Context::new();
    let types = [(SocketType::Pull, "PUSH", b"".as_slice()), (SocketType::Rep, "REQ", b"\x01\0")];
    for (socket_type, peers, delimiter) in types {
        let socket = context.socket(socket_type).unwrap();
        socket.set(SocketOption::Maxmsgsize, 10).unwrap();
        let mut peer = shake_hands(dial(&socket.bind("tcp://127.0.0.1:*").unwrap()), peers);
        peer.write_all(&[delimiter, b"\0\x0a0123456789"].concat()).unwrap();
        let longest = socket.recv_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(longest.bytes(), b"0123456789");
        if socket_type == SocketType::Rep {
            socket.send("next").unwrap();
        }
        peer.write_all(&[delimiter, b"\0\x0b0123456789+"].concat()).unwrap();
        read_to_the_end(&mut peer);
        insist("it is no error", || (socket.stats().protocol_errors == 1).then_some(()));
        assert_eq!(socket.try_recv().unwrap_err().code(), ErrorCode::Eagain);
    }
}

/// Nobody waits for the rest of it, either.
#[test]
fn the_length_of_a_frame_is_enough_to_refuse_it() {
    let context = Context::new();
    let pull = context.socket(SocketType::Pull).unwrap();
    pull.set(SocketOption::Maxmsgsize, 1_000).unwrap();
    let mut peer = shake_hands(dial(&pull.bind("tcp://127.0.0.1:*").unwrap()), "PUSH");
    peer.write_all(b"\x02\0\0\0\0\0\0\x03\xe9").unwrap();
    read_to_the_end(&mut peer);
    insist("it is no error", || (pull.stats().protocol_errors == 1).then_some(()));
}

#[test]
fn messages_for_completed_connections_only() {
    let context = Context::new();
    let (listener, endpoint) = listen();
    let push = context.socket(SocketType::Push).unwrap();
    push.set(SocketOption::Immediate, true).unwrap();
    push.connect(&endpoint).unwrap();
    let refused = |reason| {
        let refusal = push.try_send("too early").expect_err(reason);
        assert_eq!(refusal.error.code(), ErrorCode::Eagain);
    };
    refused("nobody may be there");
    let stranger = accept(&listener);
    refused("who does not shake hands is nobody");
    let mut peer = shake_hands(stranger, "PULL");
    assert_eq!(push.wait(Events::OUT, Some(PATIENCE)).unwrap(), Events::OUT);
    push.send("in time").unwrap();
    assert_eq!(read(&mut peer, 9), b"\0\x07in time");
    drop((peer, listener));
    insist("the peer is not given up", || (!push.events().unwrap().writable()).then_some(()));
    refused("it has gone");
}

#[test]
fn messages_wait_for_a_peer_that_has_yet_to_come() {
    let context = Context::new();
    let (listener, endpoint) = listen();
    let push = context.socket(SocketType::Push).unwrap();
    push.connect(&endpoint).unwrap();
    push.try_send("early").unwrap();
    assert_eq!(push.stats().sent_queued, 1);
    let mut peer = shake_hands(accept(&listener), "PULL");
    assert_eq!(read(&mut peer, 7), b"\0\x05early");
}

#[test]
fn a_router_names_the_peer_it_connects_to() {
    for transport in TRANSPORTS {
        let context = Context::new();
        let router = context.socket(SocketType::Router).unwrap();
        router.set(SocketOption::RouterMandatory, true).unwrap();
        let dealers = [b"one", b"two"].map(|name| {
            let dealer = context.socket(SocketType::Dealer).unwrap();
            dealer.set(SocketOption::RoutingId, "whatever it says itself").unwrap();
            let transport = transport.replace("options", str::from_utf8(name).unwrap());
            let endpoint = dealer.bind(&transport).unwrap();
            router.set(SocketOption::ConnectRoutingId, name).unwrap();
            router.connect(&endpoint).unwrap();
            // Nobody has to be there yet.
            router.send(Message::from([name.as_slice(), b"first"])).unwrap();
            (name, dealer)
        });
        for (name, dealer) in dealers {
            assert_eq!(dealer.recv_timeout(Some(PATIENCE)).unwrap().bytes(), b"first", "{transport}");
            dealer.send("answer").unwrap();
            let answer = router.recv_timeout(Some(PATIENCE)).unwrap();
            assert_eq!(answer, Message::from([name.as_slice(), b"answer"]), "{transport}");
        }
    }
}

#[test]
fn a_router_hears_at_once_of_who_probes() {
    for transport in TRANSPORTS {
        let context = Context::new();
        let router = context.socket(SocketType::Router).unwrap();
        let endpoint = router.bind(transport).unwrap();
        let dealer = context.socket(SocketType::Dealer).unwrap();
        dealer.set(SocketOption::RoutingId, "me").unwrap();
        dealer.set(SocketOption::ProbeRouter, true).unwrap();
        dealer.connect(&endpoint).unwrap();
        let probe = router.recv_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(probe, Message::from([b"me".as_slice(), b""]), "{transport}");
    }
}

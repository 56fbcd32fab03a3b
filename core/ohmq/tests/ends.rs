//! Peers that flood, stall, fall silent or break off: the connection ends, or goes on, and others hear of it.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use ohmq::{Context, ErrorCode, Socket, SocketOption, SocketType};

const PATIENCE: Duration = Duration::from_secs(30);

/// A peer without a library: says who it is, and reads who we are.
fn shake_hands(mut stream: TcpStream, socket_type: &str) -> TcpStream {
    let mut hello = vec![0; 64];
    hello[..16].copy_from_slice(b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL");
    let mut ready = b"\x05READY\x0bSocket-Type\0\0\0".to_vec();
    ready.push(socket_type.len() as u8);
    ready.extend(socket_type.as_bytes());
    hello.extend([4, ready.len() as u8]);
    hello.extend(ready);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&hello).unwrap();
    let mut theirs = [0; 66];
    stream.read_exact(&mut theirs).unwrap();
    stream.read_exact(&mut vec![0; theirs[65].into()]).unwrap();
    stream
}

fn dialed(endpoint: &str) -> TcpStream {
    TcpStream::connect(endpoint.trim_start_matches("tcp://")).unwrap()
}

/// Reads until we end the connection.
fn read_to_the_end(stream: &mut TcpStream) -> io::Result<()> {
    match stream.read_to_end(&mut Vec::new()) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(()),
        other => other.map(drop),
    }
}

fn wait_for_loss(socket: &Socket) {
    let start = Instant::now();
    while socket.stats().connections_lost == 0 {
        assert!(start.elapsed() < PATIENCE, "the loss is not counted: {:?}", socket.stats());
        std::thread::yield_now();
    }
    assert_eq!(socket.stats().connections_lost, 1);
}

#[test]
fn a_peer_that_breaks_its_promise_of_traffic_is_let_go() {
    let context = Context::new();
    for leads in [false, true] {
        let pull = context.socket(SocketType::Pull).unwrap();
        let mut peer = shake_hands(dialed(&pull.bind("tcp://127.0.0.1:*").unwrap()), "PUSH");
        std::thread::scope(|scope| {
            // Whoever reads: the I/O thread, or a thread that waits.
            let mark = pull.mark();
            let pull = &pull;
            let wait = move || pull.recv_since(mark, Some(PATIENCE)).unwrap_err().code();
            let waits = leads.then(|| scope.spawn(wait));
            // A PING with a time to live of a tenth of a second.
            peer.write_all(b"\x04\x07\x04PING\0\x01").unwrap();
            read_to_the_end(&mut peer).expect("it is let go");
            wait_for_loss(pull);
            pull.interrupt();
            assert!(waits.is_none_or(|waits| waits.join().unwrap() != ErrorCode::Eagain));
        });
    }
}

/// The promise stands behind a message for which there was no room at first.
#[test]
fn a_promise_behind_a_full_queue_counts_too() {
    let context = Context::new();
    let pull = context.socket(SocketType::Pull).unwrap();
    pull.set(SocketOption::Rcvhwm, 1).unwrap();
    // Nor does any other timer look at the connection.
    pull.set(SocketOption::HandshakeIvl, 0).unwrap();
    let mut peer = shake_hands(dialed(&pull.bind("tcp://127.0.0.1:*").unwrap()), "PUSH");
    peer.write_all(b"\0\x01m\x04\x07\x04PING\0\x01").unwrap();
    let start = Instant::now();
    while pull.stats().recv_queued == 0 {
        assert!(start.elapsed() < PATIENCE, "nothing arrives");
        std::thread::yield_now();
    }
    pull.recv_timeout(Some(PATIENCE)).unwrap();
    while pull.stats().connections_lost == 0 {
        assert!(start.elapsed() < PATIENCE, "it is not let go");
        assert_eq!(pull.recv_timeout(Some(Duration::from_millis(5))).unwrap_err().code(), ErrorCode::Eagain);
    }
    read_to_the_end(&mut peer).expect("it is let go");
}

#[test]
fn a_silent_peer_hears_of_the_end_while_a_thread_sleeps() {
    let context = Context::new();
    let dealer = context.socket(SocketType::Dealer).unwrap();
    dealer.set(SocketOption::HeartbeatIvl, 50).unwrap();
    dealer.set(SocketOption::HeartbeatTimeout, 200).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    dealer.connect(&format!("tcp://{}", listener.local_addr().unwrap())).unwrap();
    let mut peer = shake_hands(listener.accept().unwrap().0, "DEALER");
    // It must not come back, or the thread would have something to look at.
    drop(listener);
    std::thread::scope(|scope| {
        let sleeper = scope.spawn(|| dealer.recv_since(dealer.mark(), None).unwrap_err().code());
        let told = read_to_the_end(&mut peer);
        while !sleeper.is_finished() {
            dealer.interrupt();
            std::thread::yield_now();
        }
        assert_eq!(sleeper.join().unwrap(), ErrorCode::Eintr);
        told.expect("it hears of the end before the sleeper wakes");
        wait_for_loss(&dealer);
    });
}

/// Sends these bytes over and over, until it is told that that was enough, but not for ever. Says which it was by `over`.
fn flood(mut peer: TcpStream, bytes: &[u8], enough: &AtomicBool, over: &AtomicBool) {
    let start = Instant::now();
    let goes_on = || !enough.load(SeqCst) && start.elapsed() < PATIENCE;
    // Once the socket has closed there is nobody to write to.
    while goes_on() {
        if peer.write_all(bytes).is_err() {
            break;
        }
    }
    over.store(true, SeqCst);
    // Who reads the answers ends too.
    let _ = peer.shutdown(std::net::Shutdown::Both);
}

#[test]
fn a_flood_that_nobody_wants_leaves_time_for_the_socket() {
    let context = Context::new();
    let sub = context.socket(SocketType::Sub).unwrap();
    sub.subscribe("wanted").unwrap();
    let peer = shake_hands(dialed(&sub.bind("tcp://127.0.0.1:*").unwrap()), "PUB");
    let (enough, over) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| flood(peer, &b"\0\x01b".repeat(64 * 1024), &enough, &over));
        for _ in 0..20 {
            let waits = scope.spawn(|| sub.recv_timeout(Some(Duration::from_millis(10))).unwrap_err().code());
            // Another thread gets at the socket meanwhile.
            (0..10).for_each(|_| _ = sub.stats());
            assert_eq!(waits.join().unwrap(), ErrorCode::Eagain);
            assert_eq!(sub.try_recv().unwrap_err().code(), ErrorCode::Eagain);
        }
        let in_time = !over.load(SeqCst);
        enough.store(true, SeqCst);
        sub.close();
        assert!(in_time, "it had to wait for the end of the flood");
    });
}

#[test]
fn a_flood_of_commands_leaves_time_for_others() {
    let context = Context::new();
    let pull = context.socket(SocketType::Pull).unwrap();
    let peer = shake_hands(dialed(&pull.bind("tcp://127.0.0.1:*").unwrap()), "PUSH");
    let mut answers = peer.try_clone().unwrap();
    let (enough, over) = (AtomicBool::new(false), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(move || drop(read_to_the_end(&mut answers)));
        scope.spawn(|| flood(peer, &b"\x04\x07\x04PING\0\0".repeat(16 * 1024), &enough, &over));
        for _ in 0..10 {
            let other = context.socket(SocketType::Pull).unwrap();
            let endpoint = other.bind("tcp://127.0.0.1:*").unwrap();
            // The I/O thread of both answers.
            other.unbind(&endpoint).unwrap();
        }
        let in_time = !over.load(SeqCst);
        enough.store(true, SeqCst);
        pull.close();
        assert!(in_time, "others had to wait for the end of the flood");
    });
}

/// Both sides have filled each other's queues, and one of them closes with messages to deliver. It receives no more, but it has to
/// read on: the other is in the middle of a send, and receives only after that.
#[test]
fn who_lingers_reads_on() {
    let context = Context::new();
    let closing = context.socket(SocketType::Dealer).unwrap();
    let other = context.socket(SocketType::Dealer).unwrap();
    for socket in [&closing, &other] {
        for (option, value) in [
            (SocketOption::Rcvhwm, 10),
            (SocketOption::Sndhwm, 10),
            (SocketOption::Rcvbuf, 64 * 1024),
            (SocketOption::Sndbuf, 64 * 1024),
            (SocketOption::Linger, -1),
        ] {
            socket.set(option, value).unwrap();
        }
    }
    other.connect(&closing.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    other.send("the connection stands").unwrap();
    closing.recv_timeout(Some(PATIENCE)).unwrap();
    let body = [7; 20_000];
    let moment = Some(Duration::from_millis(200));
    let fill = |socket: &Socket| (0..).take_while(|_| socket.send_timeout(body, moment).is_ok()).count();
    let (to_deliver, _) = (fill(&closing), fill(&other));
    std::thread::scope(|scope| {
        let blocked = scope.spawn(|| other.send_timeout(body, Some(PATIENCE)).is_ok());
        closing.close();
        assert!(blocked.join().unwrap(), "nobody reads what it sends");
        for _ in 0..to_deliver {
            other.recv_timeout(Some(PATIENCE)).expect("what lingered is delivered");
        }
    });
    other.set(SocketOption::Linger, 0).unwrap();
}

/// A row of sends that one peer takes in this process and another elsewhere is one stream, whoever gets the message with which it
/// begins.
#[test]
fn a_stream_that_begins_in_this_process_goes_on_elsewhere() {
    const EACH: usize = 100;
    let context = Context::new();
    for near_first in [true, false] {
        let [far, near] = [(); 2].map(|()| context.socket(SocketType::Pull).unwrap());
        let push = context.socket(SocketType::Push).unwrap();
        let endpoints = [near.bind("inproc://near").unwrap(), far.bind("tcp://127.0.0.1:*").unwrap()];
        let order = if near_first { [0, 1] } else { [1, 0] };
        order.iter().for_each(|&at| push.connect(&endpoints[at]).unwrap());
        (0..2 * EACH).for_each(|_| push.send(["two", "frames"]).unwrap());
        for pull in [&near, &far] {
            (0..EACH).for_each(|_| drop(pull.recv_timeout(Some(PATIENCE)).unwrap()));
        }
    }
    for far_first in [true, false] {
        let [far, near] = [(); 2].map(|()| context.socket(SocketType::Sub).unwrap());
        let publisher = context.socket(SocketType::XPub).unwrap();
        far.subscribe("far").unwrap();
        near.subscribe("near").unwrap();
        far.connect(&publisher.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
        near.connect(&publisher.bind("inproc://near-topics").unwrap()).unwrap();
        (0..2).for_each(|_| drop(publisher.recv_timeout(Some(PATIENCE)).unwrap()));
        let topics = if far_first { ["far", "near"] } else { ["near", "far"] };
        (0..2 * EACH).for_each(|number| publisher.send(topics[number % 2]).unwrap());
        for subscriber in [&near, &far] {
            (0..EACH).for_each(|_| drop(subscriber.recv_timeout(Some(PATIENCE)).unwrap()));
        }
    }
}

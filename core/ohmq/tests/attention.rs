//! Who is heard while something else goes on: the network behind calls without time, other peers beside a fast one, a caller
//! behind a flood, a socket's end during a call.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Barrier, mpsc};
use std::time::{Duration, Instant};

use ohmq::{Context, ErrorCode, Events, Poller, Socket, SocketOption, SocketType};

const PATIENCE: Duration = Duration::from_secs(30);
const NO_TIME: Option<Duration> = Some(Duration::ZERO);

fn joined(context: &Context, bound: SocketType, connected: SocketType) -> (Socket, Socket) {
    let bound = context.socket(bound).unwrap();
    let connected = context.socket(connected).unwrap();
    connected.connect(&bound.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    (bound, connected)
}

/// Calls until there is an answer.
fn insist<T>(mut call: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = call() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "the network is never looked at");
    }
}

#[test]
fn a_call_without_time_looks_at_the_network() {
    let context = Context::new();
    let ways: [fn(&Socket) -> Option<()>; 4] = [
        |pull| pull.recv_timeout(NO_TIME).ok().map(drop),
        |pull| pull.recv_since(pull.mark(), NO_TIME).ok().map(drop),
        |pull| {
            pull.set(SocketOption::Rcvtimeo, 0).unwrap();
            pull.recv().ok().map(drop)
        },
        |pull| (!pull.wait(Events::IN, NO_TIME).unwrap().is_empty()).then_some(()),
    ];
    for way in ways {
        let (pull, push) = joined(&context, SocketType::Pull, SocketType::Push);
        push.send("on its way").unwrap();
        insist(|| way(&pull));
    }
    let (pull, push) = joined(&context, SocketType::Pull, SocketType::Push);
    let body = [7; 64 * 1024];
    push.send_timeout(body, Some(PATIENCE)).unwrap();
    let mut sent = 1;
    while push.send_timeout(body, NO_TIME).is_ok() {
        sent += 1;
    }
    (0..sent).for_each(|_| drop(pull.recv_timeout(Some(PATIENCE)).unwrap()));
    insist(|| push.send_timeout(body, NO_TIME).ok());
}

#[test]
fn a_fast_peer_keeps_no_other_out() {
    let context = Context::new();
    let (pull, fast) = joined(&context, SocketType::Pull, SocketType::Push);
    fast.set(SocketOption::Linger, 0).unwrap();
    let enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !enough.load(SeqCst) {
                let _ = fast.send_timeout("one of many", Some(Duration::from_millis(100)));
            }
        });
        let start = Instant::now();
        let mut late = None;
        let heard = loop {
            let message = pull.recv_timeout(Some(PATIENCE)).unwrap();
            if message.bytes() == b"another peer" {
                break true;
            }
            // Slower than the peer, so that there is always something at hand.
            let busy = Instant::now();
            while busy.elapsed() < Duration::from_micros(2) {}
            if late.is_none() && start.elapsed() > Duration::from_millis(100) {
                let other = context.socket(SocketType::Push).unwrap();
                other.connect(&pull.last_endpoint()).unwrap();
                other.send("another peer").unwrap();
                late = Some(other);
            }
            if start.elapsed() > PATIENCE {
                break false;
            }
        };
        enough.store(true, SeqCst);
        assert!(heard, "it was kept out for {PATIENCE:?}");
    });
}

/// A PUSH peer that sends `count` short messages as fast as the kernel takes them.
fn flood(endpoint: &str, count: usize) -> std::io::Result<()> {
    const AT_ONCE: usize = 50_000;
    let mut stream = TcpStream::connect(endpoint.trim_start_matches("tcp://"))?;
    let mut greeting = [0; 64];
    greeting[..16].copy_from_slice(b"\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL");
    let ready = b"\x04\x1a\x05READY\x0bSocket-Type\0\0\0\x04PUSH";
    stream.write_all(&greeting)?;
    stream.write_all(ready)?;
    let wave: Vec<u8> = b"\0\x04wave".repeat(AT_ONCE);
    (0..count.div_ceil(AT_ONCE)).try_for_each(|_| stream.write_all(&wave))
}

/// Without a mark nothing but the end of the flood would stop a reader that reads as long as there is something.
#[test]
fn a_poller_returns_in_the_middle_of_a_flood() {
    let context = Context::new();
    let pull = context.socket(SocketType::Pull).unwrap();
    pull.set(SocketOption::Rcvhwm, 0).unwrap();
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    let (waits, over) = (Barrier::new(2), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            waits.wait();
            // The socket is closed in the middle of it.
            let _ = flood(&endpoint, 8_000_000);
            over.store(true, SeqCst);
        });
        let mut poller = Poller::new();
        poller.add(&pull, Events::IN, 1);
        waits.wait();
        assert_eq!(poller.wait(Some(PATIENCE)).unwrap(), [(1, Events::IN)]);
        let in_time = !over.load(SeqCst);
        pull.close();
        assert!(in_time, "it returned only when the flood was over");
    });
}

/// Others are asked after some hundred messages here, and not when the I/O thread looks whether the lease is still used.
#[test]
fn a_peer_that_floods_has_no_more_than_its_share() {
    const TIMES: usize = 51;
    const SHARE: usize = 500;
    let context = Context::new();
    let pull = context.socket(SocketType::Pull).unwrap();
    pull.set(SocketOption::Rcvhwm, 10).unwrap();
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    let quiet = context.socket(SocketType::Push).unwrap();
    quiet.connect(&endpoint).unwrap();
    let receive = || pull.recv_timeout(Some(PATIENCE)).unwrap();
    quiet.send("another peer").unwrap();
    receive();
    std::thread::scope(|scope| {
        // Until the socket is closed.
        scope.spawn(|| flood(&endpoint, usize::MAX));
        let mut waited: Vec<usize> = (0..TIMES)
            .map(|_| {
                (0..1_000).for_each(|_| drop(receive()));
                quiet.send("another peer").unwrap();
                (0..).find(|_| receive().bytes() == b"another peer").unwrap()
            })
            .collect();
        pull.close();
        waited.sort_unstable();
        assert!(waited[TIMES / 2] <= SHARE, "messages of the flood before the other peer's: {waited:?}");
    });
}

/// Closing beside another call of any kind: either that comes first and is undone, or it is told.
#[test]
fn nothing_outlives_a_socket_that_closes_meanwhile() {
    type Call = fn(&Socket, u32) -> ohmq::Result<()>;
    let calls: [Call; 4] = [
        |socket, _| socket.bind("tcp://127.0.0.1:*").map(drop),
        |socket, _| socket.connect("tcp://127.0.0.1:9"),
        |socket, round| socket.bind(&format!("inproc://meanwhile-{round}")).map(drop),
        |socket, round| socket.connect(&format!("inproc://meanwhile-{round}")),
    ];
    for (number, call) in calls.into_iter().enumerate() {
        let context = Context::new();
        let rounds = if number == 1 { 3_000 } else { 500 };
        for round in 0..rounds {
            let socket = context.socket(SocketType::Pull).unwrap();
            socket.set(SocketOption::Linger, 0).unwrap();
            let at_once = Barrier::new(2);
            let result = std::thread::scope(|scope| {
                let call = scope.spawn(|| {
                    at_once.wait();
                    call(&socket, round)
                });
                at_once.wait();
                socket.close();
                call.join().unwrap()
            });
            let told = result.as_ref().err().is_none_or(|error| error.code() == ErrorCode::Enotsock);
            assert!(told, "round {round} of call {number}: {result:?}");
        }
        let (sender, ended) = mpsc::channel();
        std::thread::spawn(move || sender.send(context.term()));
        let term = ended.recv_timeout(PATIENCE);
        assert!(term.is_ok_and(|result| result.is_ok()), "call {number} left something behind");
    }
}

/// A PAIR has one peer. A second `connect` leads nowhere, and must not take the place of somebody's one peer either.
#[test]
fn a_second_peer_that_a_pair_refuses_is_nobodys_peer() {
    let context = Context::new();
    let pair = || context.socket(SocketType::Pair).unwrap();
    let (first, second, both, later) = (pair(), pair(), pair(), pair());
    first.bind("inproc://first").unwrap();
    second.bind("inproc://second").unwrap();
    both.connect("inproc://first").unwrap();
    both.connect("inproc://second").unwrap();
    assert_eq!(second.try_send("to nobody").unwrap_err().error.code(), ErrorCode::Eagain);
    later.connect("inproc://second").unwrap();
    later.send("a real peer").unwrap();
    assert_eq!(second.recv_timeout(Some(PATIENCE)).unwrap().bytes(), b"a real peer");
    both.send("still there").unwrap();
    assert_eq!(first.recv_timeout(Some(PATIENCE)).unwrap().bytes(), b"still there");
}

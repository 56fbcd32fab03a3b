//! Large bodies, which are written from where they lie: whole, in order, counted, whatever the kernel takes of them.

use std::thread;
use std::time::Duration;

use ohmq::{Context, ErrorCode, Socket, SocketOption, SocketType};

const PATIENCE: Option<Duration> = Some(Duration::from_secs(30));

/// More than any kernel keeps of one connection.
const HUGE: usize = 32 * 1024 * 1024;

fn pair(context: &Context) -> (Socket, Socket) {
    let pull = context.socket(SocketType::Pull).unwrap();
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    let push = context.socket(SocketType::Push).unwrap();
    push.connect(&endpoint).unwrap();
    // Nothing can be written directly before there is a connection.
    push.send("ready").unwrap();
    assert_eq!(pull.recv_timeout(PATIENCE).unwrap().bytes(), b"ready");
    (push, pull)
}

/// The length of message `number`: small, on both sides of the limit, and larger than a read.
fn length(number: usize) -> usize {
    [3, 100, 32 * 1024 - 1, 32 * 1024, 5, 70_000, 300_000][number % 7]
}

fn body(number: usize) -> Vec<u8> {
    (0..length(number)).map(|at| (at * 7 + number) as u8).collect()
}

fn expect(pull: &Socket, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let message = pull.recv_timeout(PATIENCE).unwrap();
        assert!(message.bytes() == body(number), "message {number} of {} bytes", message.total_bytes());
    }
}

#[test]
fn small_and_large_ones_stay_in_order() {
    let context = Context::new();
    let (push, pull) = pair(&context);
    let sender = push.clone();
    let sending =
        thread::spawn(move || (0..2_000).for_each(|number| sender.send(&body(number)[..]).unwrap()));
    expect(&pull, 0..2_000);
    sending.join().unwrap();
    let stats = push.stats();
    assert!(stats.balanced(), "{stats:?}");
    assert_eq!(stats.sent_accepted, 2_001);
    assert_eq!(pull.stats().recv_delivered, 2_001);
}

/// Nobody reads while this thread sends, not even the I/O thread, for the receiver's queue is full: what the kernel does not
/// take is kept, and the call returns.
#[test]
fn one_thread_can_be_both_ends() {
    let context = Context::new();
    let (push, pull) = pair(&context);
    pull.set(SocketOption::Rcvhwm, 1).unwrap();
    let bodies = [vec![1; HUGE], vec![2; 40_000], vec![3; 10], vec![4; HUGE]];
    bodies.iter().for_each(|body| push.send(body).unwrap());
    let stats = push.stats();
    assert!(stats.balanced() && stats.sent_queued >= 1, "{stats:?}");
    for body in &bodies {
        assert!(pull.recv_timeout(PATIENCE).unwrap().bytes() == body);
    }
}

/// They count against the marks like any other: on the way are one that was received, one that the kernel has a part of, and
/// one that waits.
#[test]
fn the_mark_holds() {
    let context = Context::new();
    let (push, pull) = pair(&context);
    pull.set(SocketOption::Rcvhwm, 1).unwrap();
    push.set(SocketOption::Sndhwm, 2).unwrap();
    let large = vec![9; HUGE];
    let mut sent = 0;
    loop {
        let outcome = push.try_send(&large);
        assert!(push.stats().sent_queued <= 2, "{:?}", push.stats());
        match outcome {
            Ok(()) => sent += 1,
            Err(refused) => {
                assert_eq!((refused.error.code(), refused.message.total_bytes()), (ErrorCode::Eagain, HUGE));
                break;
            }
        }
    }
    assert!((2..=4).contains(&sent), "{sent} sent");
    (0..sent).for_each(|_| assert!(pull.recv_timeout(PATIENCE).unwrap().bytes() == large));
}

/// Several threads and a peer that comes and goes: nothing is interleaved, and whatever arrives is whole.
#[test]
fn senders_do_not_interleave_and_a_lost_connection_tears_nothing() {
    let context = Context::new();
    let push = context.socket(SocketType::Push).unwrap();
    push.set(SocketOption::ReconnectIvl, 1).unwrap();
    push.set(SocketOption::Linger, 0).unwrap();
    let mut pull = context.socket(SocketType::Pull).unwrap();
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    push.connect(&endpoint).unwrap();
    let senders: Vec<_> = (0..3u8)
        .map(|who| {
            let push = push.clone();
            // They send until the socket is closed.
            thread::spawn(move || while push.send(&vec![who; 200_000][..]).is_ok() {})
        })
        .collect();
    for _ in 0..4 {
        for _ in 0..20 {
            let message = pull.recv_timeout(PATIENCE).unwrap();
            assert_eq!(message.total_bytes(), 200_000);
            assert!(message.bytes().iter().all(|byte| *byte == message.bytes()[0]));
        }
        pull.close();
        pull = context.socket(SocketType::Pull).unwrap();
        while pull.bind(&endpoint).is_err() {
            thread::yield_now();
        }
    }
    push.close();
    senders.into_iter().for_each(|sender| sender.join().unwrap());
    assert!(push.stats().balanced(), "{:?}", push.stats());
}

//! Through the kernel: who writes, who reads, who looks after a nest.

use ohmq::{Context, ErrorCode, Message, SocketOption, SocketType};
use shuttle::sync::mpsc;
use shuttle::thread;

use crate::checker::{echoing, end, endpoint, join, meet, sending, sockets, two_senders};

/// A message that says who sent it as which, in two parts that must stay together.
fn numbered(who: u8, number: u8) -> Message {
    Message::from_iter([vec![who, number], vec![number; 16]])
}

fn check(message: &Message) -> (u8, u8) {
    let [head, body] = message.frames() else { panic!("{message:?} lacks a part") };
    let &[who, number] = head.as_slice() else { panic!("{head:?} is the head of another message") };
    assert_eq!(body.as_slice(), [number; 16], "parts of two messages were mixed");
    (who, number)
}

/// A burst of one thread, which then never calls again.
pub(crate) fn stream() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    meet(&push, &pull);
    let sending = sending(push, (0..5).map(|number| numbered(0, number)));
    (0..5).for_each(|number| assert_eq!(check(&pull.recv().unwrap()), (0, number)));
    let push = sending.join().unwrap();
    end(&context, [push, pull]);
}

/// The same of bodies that nobody has made messages of: after the second they go the short way.
pub(crate) fn run() {
    row([b"0", b"1", b"2", b"3", b"4", b"5"]);
}

/// The same of so many bytes that the sender writes batches itself, and leaves something behind the last.
pub(crate) fn run_of_batches() {
    row([
        b"body number 00",
        b"body number 01",
        b"body number 02",
        b"body number 03",
        b"body number 04",
        b"body number 05",
        b"body number 06",
        b"body number 07",
    ]);
}

fn row<const COUNT: usize, const LENGTH: usize>(bodies: [&'static [u8; LENGTH]; COUNT]) {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    meet(&push, &pull);
    let sending = sending(push, bodies.into_iter());
    bodies.into_iter().for_each(|body| assert_eq!(pull.recv().unwrap().bytes(), body));
    let push = sending.join().unwrap();
    end(&context, [push, pull]);
}

/// Threads that send one by one on the same connection, and so write themselves.
pub(crate) fn many_senders() {
    const EACH: u8 = 2;
    let context = Context::new();
    let (sender, receiver) = sockets(&context, SocketType::Dealer, SocketType::Dealer);
    meet(&sender, &receiver);
    let threads = [0, 1].map(|who| {
        let sender = sender.clone();
        thread::spawn(move || {
            for number in 0..EACH {
                sender.send(numbered(who, number)).unwrap();
                // A turn: the next send begins a row anew.
                assert_eq!(sender.try_recv().unwrap_err().code(), ErrorCode::Eagain);
            }
        })
    });
    let mut next = [0, 0];
    for _ in 0..2 * EACH {
        let (who, number) = check(&receiver.recv().unwrap());
        assert_eq!(number, std::mem::replace(&mut next[who as usize], number + 1), "out of order");
    }
    threads.into_iter().for_each(|each| each.join().unwrap());
    end(&context, [sender, receiver]);
}

/// Two senders, and bytes that the kernel refuses while their sender turns to something else.
pub(crate) fn full_kernel() {
    let context = Context::new();
    let (sender, receiver) = sockets(&context, SocketType::Dealer, SocketType::Dealer);
    sender.set(SocketOption::Sndbuf, 1).unwrap();
    meet(&sender, &receiver);
    let threads = [0, 1].map(|who| {
        let sender = sender.clone();
        thread::spawn(move || {
            for _ in 0..2 {
                sender.send(vec![who; 3000]).unwrap();
                // A turn: the next send begins a row anew.
                assert_eq!(sender.try_recv().unwrap_err().code(), ErrorCode::Eagain);
            }
        })
    });
    for _ in 0..4 {
        let message = receiver.recv().unwrap();
        assert!(
            message.len() == 1 && [[0; 3000], [1; 3000]].iter().any(|body| message.bytes() == body),
            "mixed"
        );
    }
    threads.into_iter().for_each(|each| each.join().unwrap());
    end(&context, [sender, receiver]);
}

/// Queues that are full at both ends, and two senders that wait for room.
pub(crate) fn high_water() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    push.set(SocketOption::Sndhwm, 1).unwrap();
    pull.set(SocketOption::Rcvhwm, 2).unwrap();
    meet(&push, &pull);
    two_senders(&push, &pull);
    end(&context, [push, pull]);
}

/// The receiver looks now and then without waiting. Each message fills a read to its end.
pub(crate) fn busy_receiver() {
    let context = Context::new();
    let (left, right) = sockets(&context, SocketType::Dealer, SocketType::Dealer);
    meet(&left, &right);
    let sending = sending(left, (0..6u8).map(|number| [number; 30]));
    let mut number = 0;
    while number < 6 {
        let message = right.try_recv().or_else(|_| right.try_recv()).or_else(|_| right.recv()).unwrap();
        assert_eq!(message.bytes(), [number; 30]);
        number += 1;
    }
    let left = sending.join().unwrap();
    end(&context, [left, right]);
}

/// A receiver that takes some messages and has other things to do: the rest is read all the same, or their sender could
/// not end.
pub(crate) fn absent_receiver() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    push.set(SocketOption::Sndbuf, 1).unwrap();
    push.set(SocketOption::Sndhwm, 1).unwrap();
    meet(&push, &pull);
    let sending = sending(push, (0..8u8).map(|number| vec![number; 800]));
    (0..3u8).for_each(|number| assert_eq!(pull.recv().unwrap().bytes(), [number; 800]));
    let push = sending.join().unwrap();
    (3..8u8).for_each(|number| assert_eq!(pull.recv().unwrap().bytes(), [number; 800]));
    end(&context, [push, pull]);
}

/// A thread that took the lease for one message and has other things to do; its own messages must leave all the same.
pub(crate) fn absent_leader() {
    let context = Context::new();
    let (left, right) = sockets(&context, SocketType::Dealer, SocketType::Dealer);
    right.set(SocketOption::Sndbuf, 1).unwrap();
    meet(&left, &right);
    let peer = thread::spawn(move || {
        left.send(numbered(0, 0)).unwrap();
        (0..3u8).for_each(|number| assert_eq!(left.recv().unwrap().bytes(), [number; 3000]));
        left
    });
    assert_eq!(check(&right.recv().unwrap()), (0, 0));
    (0..3u8).for_each(|number| right.send(vec![number; 3000]).unwrap());
    let left = peer.join().unwrap();
    end(&context, [left, right]);
}

/// Request and reply: both sides write and read themselves, in turn.
pub(crate) fn questions() {
    let context = Context::new();
    let (request, reply) = sockets(&context, SocketType::Req, SocketType::Rep);
    join("ipc", &request, &reply);
    let answering = echoing(reply);
    for number in 0..3 {
        request.send(numbered(0, number)).unwrap();
        assert_eq!(check(&request.recv().unwrap()), (0, number));
    }
    let reply = answering.join().unwrap();
    end(&context, [request, reply]);
}

/// One publisher, two subscribers: the messages are gathered once for both.
pub(crate) fn publication() {
    let context = Context::new();
    let publisher = context.socket(SocketType::XPub).unwrap();
    publisher.set(SocketOption::XpubVerbose, 1).unwrap();
    let endpoint = endpoint("ipc");
    publisher.bind(&endpoint).unwrap();
    let threads = [(); 2].map(|()| {
        let subscriber = context.socket(SocketType::Sub).unwrap();
        subscriber.subscribe("").unwrap();
        subscriber.connect(&endpoint).unwrap();
        thread::spawn(move || {
            (0..5).for_each(|number| assert_eq!(check(&subscriber.recv().unwrap()), (0, number)));
            subscriber
        })
    });
    publisher.recv().unwrap();
    publisher.recv().unwrap();
    (0..5).for_each(|number| publisher.send(numbered(0, number)).unwrap());
    let subscribers = threads.map(|each| each.join().unwrap());
    end(&context, subscribers.into_iter().chain([publisher]));
}

/// The sender closes at once; what it sent arrives.
pub(crate) fn linger() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    join("ipc", &push, &pull);
    let receiving = thread::spawn(move || {
        (0..4).for_each(|number| assert_eq!(check(&pull.recv().unwrap()), (0, number)));
        pull
    });
    (0..4).for_each(|number| push.send(numbered(0, number)).unwrap());
    drop(push);
    let pull = receiving.join().unwrap();
    end(&context, [pull]);
}

/// One thread of a socket waits for room and leads; another receives, from a queue that is full with one message and
/// whose messages take more than one turn of reading.
pub(crate) fn divided_labour() {
    let context = Context::new();
    let (left, right) = sockets(&context, SocketType::Dealer, SocketType::Dealer);
    right.set(SocketOption::Sndbuf, 1).unwrap();
    right.set(SocketOption::Sndhwm, 1).unwrap();
    for socket in [&left, &right] {
        socket.set(SocketOption::Rcvhwm, 1).unwrap();
    }
    meet(&left, &right);
    let (received, told) = mpsc::channel();
    let peer = thread::spawn(move || {
        (0..3u8).for_each(|number| left.send(vec![number; 1000]).unwrap());
        // Not before the other side has everything does it get room.
        told.recv().unwrap();
        (0..9u8).for_each(|number| assert_eq!(left.recv().unwrap().bytes(), [number; 1000]));
        left
    });
    let sending = {
        let right = right.clone();
        thread::spawn(move || (0..9u8).for_each(|number| right.send(vec![number; 1000]).unwrap()))
    };
    (0..3u8).for_each(|number| assert_eq!(right.recv().unwrap().bytes(), [number; 1000]));
    received.send(()).unwrap();
    sending.join().unwrap();
    let left = peer.join().unwrap();
    end(&context, [left, right]);
}

/// Two threads receive messages that take more than one turn of reading, from a queue that is full with one.
pub(crate) fn large_messages() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    pull.set(SocketOption::Rcvhwm, 1).unwrap();
    meet(&push, &pull);
    let threads = [(); 2].map(|()| {
        let pull = pull.clone();
        thread::spawn(move || (0..2).map(|_| pull.recv().unwrap().len()).sum::<usize>())
    });
    (0..4u8).for_each(|number| push.send(vec![number; 1000]).unwrap());
    assert_eq!(threads.map(|each| each.join().unwrap()), [2, 2]);
    end(&context, [push, pull]);
}

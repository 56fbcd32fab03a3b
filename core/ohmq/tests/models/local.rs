//! inproc: the rings between two sockets of one process.

use ohmq::{Context, SocketOption, SocketType};
use shuttle::thread;

use crate::checker::{echoing, end, endpoint, join, sending, sockets, two_senders};

/// A burst, and a receiver that watches the ring, then sleeps.
pub(crate) fn stream() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    join("inproc", &push, &pull);
    let sending = sending(push, (0..4u8).map(|number| [number]));
    (0..4u8).for_each(|number| assert_eq!(pull.recv().unwrap().bytes(), [number]));
    let push = sending.join().unwrap();
    end(&context, [push, pull]);
}

/// The same with bodies of the longest length that is inside a message: a run writes them without a call.
pub(crate) fn run() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    join("inproc", &push, &pull);
    let sending = thread::spawn(move || {
        (0..6u8).for_each(|number| push.send(&[number; 64]).unwrap());
        push
    });
    (0..6u8).for_each(|number| assert_eq!(pull.recv().unwrap().bytes(), [number; 64]));
    let push = sending.join().unwrap();
    end(&context, [push, pull]);
}

/// Two threads receive from the same pipe: while one sleeps, the other must not keep the sender from telling.
pub(crate) fn two_receivers() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    join("inproc", &push, &pull);
    let threads = [(); 2].map(|()| {
        let pull = pull.clone();
        thread::spawn(move || (0..2).map(|_| pull.recv().unwrap().bytes()[0]).collect::<Vec<_>>())
    });
    (0..4u8).for_each(|number| push.send([number]).unwrap());
    let mut seen: Vec<_> = threads.into_iter().flat_map(|each| each.join().unwrap()).collect();
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3]);
    end(&context, [push, pull]);
}

/// Two pipes, a receiver that looks now and then without waiting, and sleeps in between.
pub(crate) fn many_pipes() {
    let context = Context::new();
    let (left, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    let right = context.socket(SocketType::Push).unwrap();
    let endpoint = endpoint("inproc");
    pull.bind(&endpoint).unwrap();
    let threads = [(left, 0), (right, 1)].map(|(push, who)| {
        push.connect(&endpoint).unwrap();
        sending(push, (0..3u8).map(move |number| [who, number]))
    });
    let mut next = [0, 0];
    for _ in 0..6 {
        let message = pull.try_recv().or_else(|_| pull.try_recv()).or_else(|_| pull.recv()).unwrap();
        let &[who, number] = message.bytes() else { panic!("{message:?}") };
        assert_eq!(number, std::mem::replace(&mut next[who as usize], number + 1), "out of order");
    }
    let senders = threads.map(|each| each.join().unwrap());
    end(&context, senders.into_iter().chain([pull]));
}

/// Two senders that have to wait for room.
pub(crate) fn high_water() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    push.set(SocketOption::Sndhwm, 1).unwrap();
    pull.set(SocketOption::Rcvhwm, 1).unwrap();
    join("inproc", &push, &pull);
    two_senders(&push, &pull);
    end(&context, [push, pull]);
}

/// Request and reply.
pub(crate) fn questions() {
    let context = Context::new();
    let (request, reply) = sockets(&context, SocketType::Req, SocketType::Rep);
    join("inproc", &request, &reply);
    let answering = echoing(reply);
    for number in 0..3u8 {
        request.send([number]).unwrap();
        assert_eq!(request.recv().unwrap().bytes(), [number]);
    }
    let reply = answering.join().unwrap();
    end(&context, [request, reply]);
}

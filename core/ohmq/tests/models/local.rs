//! inproc: the rings between two sockets of one process.

use ohmq::{Context, SocketOption, SocketType};
use shuttle::thread;

use crate::checker::{end, join, sockets};

/// A burst, and a receiver that watches the ring, then sleeps.
pub(crate) fn stream() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    join("inproc", &push, &pull);
    let sending = thread::spawn(move || {
        (0..4u8).for_each(|number| push.send([number]).unwrap());
        push
    });
    (0..4u8).for_each(|number| assert_eq!(pull.recv().unwrap().bytes(), [number]));
    let push = sending.join().unwrap();
    end(&context, [push, pull]);
}

/// Two senders that have to wait for room.
pub(crate) fn high_water() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    push.set(SocketOption::Sndhwm, 1).unwrap();
    pull.set(SocketOption::Rcvhwm, 1).unwrap();
    join("inproc", &push, &pull);
    let threads = [0, 1].map(|who| {
        let push = push.clone();
        thread::spawn(move || (0..4u8).for_each(|number| push.send([who, number]).unwrap()))
    });
    let mut next = [0, 0];
    for _ in 0..8 {
        let message = pull.recv().unwrap();
        let &[who, number] = message.bytes() else { panic!("{message:?}") };
        assert_eq!(number, std::mem::replace(&mut next[who as usize], number + 1), "out of order");
    }
    threads.into_iter().for_each(|each| each.join().unwrap());
    end(&context, [push, pull]);
}

/// Request and reply.
pub(crate) fn questions() {
    let context = Context::new();
    let (request, reply) = sockets(&context, SocketType::Req, SocketType::Rep);
    join("inproc", &request, &reply);
    let answering = thread::spawn(move || {
        for _ in 0..3 {
            let question = reply.recv().unwrap();
            reply.send(question).unwrap();
        }
        reply
    });
    for number in 0..3u8 {
        request.send([number]).unwrap();
        assert_eq!(request.recv().unwrap().bytes(), [number]);
    }
    let reply = answering.join().unwrap();
    end(&context, [request, reply]);
}

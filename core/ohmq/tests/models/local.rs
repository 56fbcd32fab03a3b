//! inproc: the rings between two sockets of one process.

use ohmq::{Context, SocketOption, SocketType};

use crate::checker::{echoing, end, join, sending, sockets, two_senders};

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

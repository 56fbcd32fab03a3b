//! The ways of waiting on one socket: leaders, followers, futures, pollers, and what ends a wait.

use ohmq::{Context, ErrorCode, Events, Poller, SocketType};
use shuttle::{future, thread};

use crate::checker::{end, join, meet, sending, sockets};

/// Two threads wait for messages: one leads, the other follows, and leads when the first leaves.
pub(crate) fn two_receivers() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    join("ipc", &push, &pull);
    let threads = [(); 2].map(|()| {
        let pull = pull.clone();
        thread::spawn(move || pull.recv().unwrap().bytes()[0])
    });
    push.send([1]).unwrap();
    push.send([2]).unwrap();
    let mut seen = threads.map(|each| each.join().unwrap());
    seen.sort_unstable();
    assert_eq!(seen, [1, 2]);
    end(&context, [push, pull]);
}

/// Waits in the network and in the process; an interrupt before, at or after the beginning of the wait ends it.
pub(crate) fn interrupt() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    meet(&push, &pull);
    let alone = context.socket(SocketType::Pull).unwrap();
    let threads = [&pull, &alone].map(|socket| {
        let socket = socket.clone();
        let mark = socket.mark();
        thread::spawn(move || assert_eq!(socket.recv_since(mark, None).unwrap_err().code(), ErrorCode::Eintr))
    });
    pull.interrupt();
    alone.interrupt();
    threads.into_iter().for_each(|each| each.join().unwrap());
    end(&context, [push, pull, alone]);
}

/// A task waits, and a thread before it has left the lease behind.
pub(crate) fn future() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    meet(&push, &pull);
    let sending = sending(push, (0..3u8).map(|number| [number]));
    assert_eq!(pull.recv().unwrap().bytes(), [0]);
    assert_eq!(future::block_on(pull.recv_async()).unwrap().bytes(), [1]);
    assert_eq!(future::block_on(pull.recv_async()).unwrap().bytes(), [2]);
    let push = sending.join().unwrap();
    end(&context, [push, pull]);
}

/// A poller waits for two sockets at once.
pub(crate) fn poller() {
    let context = Context::new();
    let (push, pull) = sockets(&context, SocketType::Push, SocketType::Pull);
    join("ipc", &push, &pull);
    let (local, near) = sockets(&context, SocketType::Push, SocketType::Pull);
    join("inproc", &local, &near);
    let threads = [push, local].map(|socket| sending(socket, (0..2u8).map(|number| [number])));
    let mut poller = Poller::new();
    poller.add(&pull, Events::IN, 0);
    poller.add(&near, Events::IN, 1);
    let mut next = [0, 0];
    while next != [2, 2] {
        for (which, _) in poller.wait(None).unwrap() {
            let message = if which == 0 { pull.try_recv() } else { near.try_recv() };
            assert_eq!(message.unwrap().bytes(), [next[which]]);
            next[which] += 1;
        }
    }
    let senders = threads.map(|each| each.join().unwrap());
    end(&context, senders.into_iter().chain([pull, near]));
}

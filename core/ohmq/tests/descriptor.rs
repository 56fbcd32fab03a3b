//! What an event loop learns from a socket's descriptor.

use std::time::Duration;

use ohmq::{Context, ErrorCode, Events, Message, Poller, Socket, SocketOption, SocketType};

const PATIENCE: Option<Duration> = Some(Duration::from_secs(30));

/// Waits until the descriptor is readable, as an event loop does.
fn wait_for(descriptor: i32) {
    let mut poller = Poller::new();
    poller.add_fd(descriptor, Events::IN, 1);
    assert_eq!(poller.wait(PATIENCE).unwrap(), [(1, Events::IN)], "the descriptor tells nothing");
}

/// A ROUTER that refuses what it cannot deliver, and two peers of these names, which have said that they are there.
fn router(context: &Context, transport: &str) -> (Socket, [Socket; 2]) {
    let router = context.socket(SocketType::Router).unwrap();
    router.set(SocketOption::RouterMandatory, true).unwrap();
    router.set(SocketOption::Sndhwm, 1).unwrap();
    let endpoint = router.bind(transport).unwrap();
    let peers = ["full", "free"].map(|name| {
        let peer = context.socket(SocketType::Dealer).unwrap();
        peer.set(SocketOption::RoutingId, name.as_bytes()).unwrap();
        peer.set(SocketOption::Rcvhwm, 1).unwrap();
        peer.connect(&endpoint).unwrap();
        peer.send("here").unwrap();
        router.recv_timeout(PATIENCE).unwrap();
        peer
    });
    (router, peers)
}

/// Sends until the receiver is full, then waits by the descriptor, which says that the socket is writable at any time, until there
/// is room for one more.
fn hears_of_room(sender: &Socket, receiver: &Socket, message: impl Fn() -> Message) {
    let mut sent = 0;
    while sender.try_send(message()).is_ok() {
        sent += 1;
    }
    let attempt = || {
        assert_eq!(sender.arm(Events::OUT).unwrap(), Events::OUT);
        let sent = sender.try_send(message());
        sent.map_err(|refused| assert_eq!(refused.error.code(), ErrorCode::Eagain)).is_ok()
    };
    std::thread::scope(|scope| {
        let mut drained = false;
        while !attempt() {
            if !drained {
                drained = true;
                scope.spawn(|| (0..sent).for_each(|_| drop(receiver.recv_timeout(PATIENCE).unwrap())));
            }
            wait_for(sender.fd().unwrap());
        }
    });
    receiver.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn who_sends_to_one_of_many_hears_of_its_room() {
    for transport in ["inproc://room", "tcp://127.0.0.1:*"] {
        let context = Context::new();
        let (router, [full, _free]) = router(&context, transport);
        let body = vec![7; 256 * 1024];
        hears_of_room(&router, &full, || Message::from([b"full".as_slice(), &body]));
    }
}

#[test]
fn a_publisher_that_drops_nothing_hears_of_room() {
    for transport in ["inproc://nodrop", "tcp://127.0.0.1:*"] {
        let context = Context::new();
        let publisher = context.socket(SocketType::XPub).unwrap();
        publisher.set(SocketOption::XpubNodrop, true).unwrap();
        publisher.set(SocketOption::Sndhwm, 1).unwrap();
        let subscriber = context.socket(SocketType::Sub).unwrap();
        subscriber.set(SocketOption::Rcvhwm, 1).unwrap();
        subscriber.set(SocketOption::Subscribe, "").unwrap();
        subscriber.connect(&publisher.bind(transport).unwrap()).unwrap();
        publisher.recv_timeout(PATIENCE).unwrap();
        hears_of_room(&publisher, &subscriber, || Message::from(vec![7; 256 * 1024]));
    }
}

/// Event loops watch copies, which outlive the socket.
#[cfg(target_os = "linux")]
#[test]
fn a_copy_tells_of_the_end() {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    use std::os::fd::AsRawFd;

    for transport in ["inproc://end", "tcp://127.0.0.1:*"] {
        let context = Context::new();
        let socket = context.socket(SocketType::Pull).unwrap();
        socket.bind(transport).unwrap();
        let process = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
        let copy = pidfd_getfd(process, socket.fd().unwrap(), PidfdGetfdFlags::empty()).unwrap();
        assert_eq!(socket.arm(Events::IN).unwrap(), Events::NONE);
        socket.close();
        drop((socket, context));
        wait_for(copy.as_raw_fd());
    }
}

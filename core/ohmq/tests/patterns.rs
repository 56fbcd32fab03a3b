//! Every pattern over every transport, through the public API and real sockets.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use ohmq::{
    Context, ErrorCode, Events, InterruptMark, Message, Poller, Socket, SocketOption, SocketType, Stats,
};

const TRANSPORTS: [&str; 3] = ["tcp://127.0.0.1:*", "ipc://*", "inproc://patterns"];

/// Long enough for any machine; reached only when something is broken.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(20));

struct Pair {
    context: Context,
    bound: Socket,
    connected: Socket,
}

impl Pair {
    fn new(transport: &str, bound: SocketType, connected: SocketType) -> Pair {
        let context = Context::new();
        let bound = context.socket(bound).unwrap();
        let connected = context.socket(connected).unwrap();
        let endpoint = bound.bind(transport).unwrap();
        connected.connect(&endpoint).unwrap();
        Pair { context, bound, connected }
    }

    fn end(self) -> (Stats, Stats) {
        let Pair { context, bound, connected } = self;
        connected.close();
        bound.close();
        context.term().unwrap();
        let (bound, connected) = (bound.stats(), connected.stats());
        assert!(bound.balanced(), "{bound:?}");
        assert!(connected.balanced(), "{connected:?}");
        (bound, connected)
    }
}

fn receive(socket: &Socket) -> Message {
    socket.recv_timeout(PATIENCE).unwrap()
}

#[test]
fn requests_are_answered_at_every_size() {
    for transport in TRANSPORTS {
        let pair = Pair::new(transport, SocketType::Rep, SocketType::Req);
        for size in [0, 1, 55, 56, 255, 256, 8_192, 65_536, 1_048_576] {
            let body: Vec<u8> = (0..size).map(|index| (index % 251) as u8).collect();
            pair.connected.send(body.clone()).unwrap();
            let request = receive(&pair.bound);
            assert_eq!(request.bytes(), body, "{transport} {size}");
            pair.bound.send(request).unwrap();
            assert_eq!(receive(&pair.connected).bytes(), body);
        }
        pair.connected.send(Message::from([&b"a"[..], b"", b"c"])).unwrap();
        let request = receive(&pair.bound);
        assert_eq!(request.frames().len(), 3);
        pair.bound.send(request).unwrap();
        assert_eq!(receive(&pair.connected).frames()[2].as_ref(), b"c");
        let (bound, connected) = pair.end();
        assert_eq!((bound.recv_delivered, connected.recv_delivered), (10, 10));
    }
}

#[test]
fn pushed_messages_arrive_once_and_in_order() {
    const COUNT: u32 = 20_000;
    for transport in TRANSPORTS {
        let pair = Pair::new(transport, SocketType::Pull, SocketType::Push);
        let sender = pair.connected.clone();
        let thread = thread::spawn(move || {
            for number in 0..COUNT {
                sender.send(number.to_be_bytes().to_vec()).unwrap();
            }
        });
        for number in 0..COUNT {
            assert_eq!(receive(&pair.bound).bytes(), number.to_be_bytes(), "{transport}");
        }
        thread.join().unwrap();
        let (bound, connected) = pair.end();
        assert_eq!(connected.sent_delivered, u64::from(COUNT));
        assert_eq!(bound.recv_delivered, u64::from(COUNT));
    }
}

#[test]
fn subscribers_hear_their_prefixes_only() {
    for transport in TRANSPORTS {
        let pair = Pair::new(transport, SocketType::XPub, SocketType::Sub);
        pair.connected.subscribe("ab").unwrap();
        assert_eq!(receive(&pair.bound).bytes(), b"\x01ab");
        for topic in ["a", "ab", "abc", "b"] {
            pair.bound.send(topic).unwrap();
        }
        assert_eq!(receive(&pair.connected).bytes(), b"ab");
        assert_eq!(receive(&pair.connected).bytes(), b"abc");
        pair.connected.unsubscribe("ab").unwrap();
        assert_eq!(receive(&pair.bound).bytes(), b"\0ab");
        pair.bound.send("ab").unwrap();
        assert_eq!(pair.connected.try_recv().unwrap_err().code(), ErrorCode::Eagain);
        let (bound, _) = pair.end();
        assert_eq!(bound.sent_dropped_no_subscriber, 3);
    }
}

#[test]
fn routers_know_their_peers_by_name() {
    for transport in TRANSPORTS {
        let context = Context::new();
        let router = context.socket(SocketType::Router).unwrap();
        let endpoint = router.bind(transport).unwrap();
        let dealer = context.socket(SocketType::Dealer).unwrap();
        dealer.set(SocketOption::RoutingId, "alice").unwrap();
        dealer.connect(&endpoint).unwrap();
        dealer.send("hello").unwrap();
        let message = receive(&router);
        assert_eq!(message.frames()[0].as_ref(), b"alice", "{transport}");
        assert_eq!(message.frames()[1].as_ref(), b"hello");
        router.send(message).unwrap();
        assert_eq!(receive(&dealer).bytes(), b"hello");
        router.send(Message::from([&b"nobody"[..], b"x"])).unwrap();
        assert_eq!(router.stats().sent_dropped_unroutable, 1);
        router.set(SocketOption::RouterMandatory, true).unwrap();
        let refused = router.send(Message::from([&b"nobody"[..], b"x"])).unwrap_err();
        assert_eq!(refused.error.code(), ErrorCode::Ehostunreach);
        assert_eq!(refused.message.len(), 2);
        drop((router, dealer));
        context.term().unwrap();
    }
}

/// REQ and REP write the delimiter for their users; DEALER and ROUTER show it.
#[test]
fn the_delimiter_is_seen_where_it_is_not_taken_off() {
    for transport in TRANSPORTS {
        for size in [1, 1_000] {
            let body = vec![7; size];
            let pair = Pair::new(transport, SocketType::Rep, SocketType::Dealer);
            for _ in 0..3 {
                pair.connected.send(Message::from([&b""[..], &body])).unwrap();
                let request = receive(&pair.bound);
                assert_eq!((request.len(), request.bytes()), (1, &body[..]), "{transport}");
                pair.bound.send(request).unwrap();
                assert_eq!(receive(&pair.connected), Message::from([&b""[..], &body]), "{transport}");
            }
            // One frame is no delimiter and a body.
            pair.connected.send(&body).unwrap();
            pair.connected.send(Message::from([&b""[..], b"good"])).unwrap();
            assert_eq!(receive(&pair.bound).bytes(), b"good", "{transport}");
            assert_eq!(pair.bound.stats().recv_dropped_malformed, 1, "{transport}");
            pair.end();

            let pair = Pair::new(transport, SocketType::Router, SocketType::Req);
            for _ in 0..3 {
                pair.connected.send(&body).unwrap();
                let request = receive(&pair.bound);
                assert_eq!((request.len(), request.frames()[1].len()), (3, 0), "{transport}");
                pair.bound.send(request).unwrap();
                assert_eq!(receive(&pair.connected), Message::from(&body), "{transport}");
            }
            pair.end();
        }
    }
}

#[test]
fn connecting_before_binding_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("ipc://{}/late", folder.path().display());
    for endpoint in [path.as_str(), "inproc://late"] {
        let context = Context::new();
        let push = context.socket(SocketType::Push).unwrap();
        push.connect(endpoint).unwrap();
        for number in 0..10u8 {
            push.send(vec![number]).unwrap();
        }
        let pull = context.socket(SocketType::Pull).unwrap();
        pull.bind(endpoint).unwrap();
        for number in 0..10u8 {
            assert_eq!(receive(&pull).bytes(), [number], "{endpoint}");
        }
    }
}

#[test]
fn the_high_water_mark_is_exact_without_a_peer() {
    let context = Context::new();
    let push = context.socket(SocketType::Push).unwrap();
    push.set(SocketOption::Sndhwm, 7).unwrap();
    push.connect("ipc:///nonexistent/never").unwrap();
    for _ in 0..7 {
        push.try_send("x").unwrap();
    }
    let refused = push.try_send("x").unwrap_err();
    assert_eq!(refused.error.code(), ErrorCode::Eagain);
    assert_eq!(push.events().unwrap(), Events::NONE);
    push.set(SocketOption::Linger, 0).unwrap();
    push.close();
    context.term().unwrap();
    let stats = push.stats();
    assert_eq!((stats.sent_accepted, stats.sent_dropped_linger), (7, 7));
    assert!(stats.balanced());
}

#[test]
fn inproc_room_is_the_sum_of_both_marks() {
    let pair = Pair::new("inproc://sum", SocketType::Pull, SocketType::Push);
    let mut sent = 0;
    while pair.connected.try_send("x").is_ok() {
        sent += 1;
    }
    assert_eq!(sent, 2000);
    pair.end();
}

#[test]
fn closing_with_linger_delivers_everything() {
    for transport in ["tcp://127.0.0.1:*", "ipc://*"] {
        let receiving = Context::new();
        let pull = receiving.socket(SocketType::Pull).unwrap();
        let endpoint = pull.bind(transport).unwrap();
        let sending = Context::new();
        let push = sending.socket(SocketType::Push).unwrap();
        push.connect(&endpoint).unwrap();
        for number in 0..500u32 {
            push.send(number.to_be_bytes().to_vec()).unwrap();
        }
        push.close();
        let term = thread::spawn(move || sending.term().unwrap());
        for number in 0..500u32 {
            assert_eq!(receive(&pull).bytes(), number.to_be_bytes());
        }
        term.join().unwrap();
    }
}

#[test]
fn the_end_of_a_context_ends_blocked_calls() {
    let context = Context::new();
    let pull = context.socket(SocketType::Pull).unwrap();
    pull.bind("tcp://127.0.0.1:*").unwrap();
    let waiting = pull.clone();
    let thread = thread::spawn(move || {
        let error = waiting.recv().unwrap_err();
        waiting.close();
        error.code()
    });
    context.shutdown();
    assert_eq!(thread.join().unwrap(), ErrorCode::Eterm);
    drop(pull);
    context.term().unwrap();
    assert_eq!(context.socket(SocketType::Pair).unwrap_err().code(), ErrorCode::Eterm);
}

#[test]
fn an_interrupt_between_the_mark_and_the_call_ends_it() {
    for transport in TRANSPORTS {
        let context = Context::new();
        let socket = context.socket(SocketType::Dealer).unwrap();
        socket.bind(transport).unwrap();
        let mut poller = Poller::new();
        poller.add(&socket, Events::IN, 0);
        let calls: [(&str, &dyn Fn(InterruptMark) -> ErrorCode); 4] = [
            ("recv", &|mark| socket.recv_since(mark, PATIENCE).unwrap_err().code()),
            ("send", &|mark| socket.send_since(mark, "to nobody", PATIENCE).unwrap_err().error.code()),
            ("wait", &|mark| socket.wait_since(mark, Events::IN, PATIENCE).unwrap_err().code()),
            ("poller", &|mark| poller.wait_since(&socket, mark, PATIENCE).unwrap_err().code()),
        ];
        for (name, call) in calls {
            // Nothing else happens to the socket: a call that has missed the interrupt would end with its time.
            let mark = socket.mark();
            socket.interrupt();
            assert_eq!(call(mark), ErrorCode::Eintr, "{name} {transport}");
        }
        // Later calls, and those with a newer mark, are not concerned.
        let moment = Some(Duration::from_millis(1));
        assert_eq!(socket.recv_since(socket.mark(), moment).unwrap_err().code(), ErrorCode::Eagain);
        assert_eq!(socket.recv_timeout(moment).unwrap_err().code(), ErrorCode::Eagain);
        assert_eq!(poller.wait(moment).unwrap(), []);
    }
}

#[test]
fn an_interrupt_does_not_take_what_needs_no_waiting() {
    let pair = Pair::new("tcp://127.0.0.1:*", SocketType::Pull, SocketType::Push);
    pair.connected.send_timeout("there", PATIENCE).unwrap();
    pair.bound.wait(Events::IN, PATIENCE).unwrap();
    let mark = pair.bound.mark();
    pair.bound.interrupt();
    assert_eq!(pair.bound.wait_since(mark, Events::IN, PATIENCE).unwrap(), Events::IN);
    assert_eq!(pair.bound.recv_since(mark, PATIENCE).unwrap().bytes(), b"there");
    assert_eq!(pair.bound.recv_since(mark, PATIENCE).unwrap_err().code(), ErrorCode::Eintr);
    pair.end();
}

#[test]
fn one_interrupt_at_any_moment_ends_the_call() {
    let context = Context::new();
    let socket = context.socket(SocketType::Pull).unwrap();
    socket.bind("tcp://127.0.0.1:*").unwrap();
    let mut poller = Poller::new();
    poller.add(&socket, Events::IN, 0);
    for round in 0..200u32 {
        let mark = socket.mark();
        let code = thread::scope(|scope| {
            let call = scope.spawn(|| match round % 2 {
                0 => socket.recv_since(mark, PATIENCE).unwrap_err().code(),
                _ => poller.wait_since(&socket, mark, PATIENCE).unwrap_err().code(),
            });
            // Before, while and after it falls asleep.
            (0..round * 50).for_each(|_| std::hint::spin_loop());
            socket.interrupt();
            call.join().unwrap()
        });
        assert_eq!(code, ErrorCode::Eintr, "round {round}");
    }
}

#[test]
fn an_interrupt_ends_a_blocked_call() {
    let context = Context::new();
    let pull = context.socket(SocketType::Pull).unwrap();
    let waiting = pull.clone();
    let (told, started) = std::sync::mpsc::channel();
    let thread = thread::spawn(move || {
        told.send(()).unwrap();
        waiting.recv().unwrap_err().code()
    });
    started.recv().unwrap();
    // The call may not be blocked yet; an interrupt before it is none of its business, so go on until it has ended.
    while !thread.is_finished() {
        pull.interrupt();
        thread::yield_now();
    }
    assert_eq!(thread.join().unwrap(), ErrorCode::Eintr);
}

#[test]
fn a_peer_that_returns_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = format!("ipc://{}/phoenix", folder.path().display());
    let context = Context::new();
    let push = context.socket(SocketType::Push).unwrap();
    push.connect(&endpoint).unwrap();
    for round in 0..3u8 {
        let pull = context.socket(SocketType::Pull).unwrap();
        pull.bind(&endpoint).unwrap();
        push.send_timeout(vec![round], PATIENCE).unwrap();
        assert_eq!(receive(&pull).bytes(), [round]);
        pull.close();
        // Until the push side has seen the end of the connection, a message could be written into it and be lost.
        while push.stats().connections_lost <= u64::from(round) {
            thread::yield_now();
        }
    }
    drop(push);
    context.term().unwrap();
}

#[test]
fn futures_need_no_runtime() {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::{Poll, Wake};

    struct Unpark(thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    fn block_on<F: Future>(future: F) -> F::Output {
        let waker = Arc::new(Unpark(thread::current())).into();
        let mut context = std::task::Context::from_waker(&waker);
        let mut future = pin!(future);
        loop {
            match future.as_mut().poll(&mut context) {
                Poll::Ready(output) => return output,
                Poll::Pending => thread::park(),
            }
        }
    }

    let pair = Pair::new("tcp://127.0.0.1:*", SocketType::Rep, SocketType::Req);
    let server = pair.bound.clone();
    let thread = thread::spawn(move || {
        let request = block_on(server.recv_async()).unwrap();
        block_on(server.send_async(request)).unwrap();
    });
    block_on(pair.connected.send_async("ping")).unwrap();
    assert_eq!(block_on(pair.connected.recv_async()).unwrap().bytes(), b"ping");
    thread.join().unwrap();
    pair.end();
}

#[test]
fn the_descriptor_tells_of_messages() {
    let pair = Pair::new("tcp://127.0.0.1:*", SocketType::Pull, SocketType::Push);
    assert_eq!(pair.bound.arm(Events::IN).unwrap(), Events::NONE);
    pair.connected.send("x").unwrap();
    let mut poller = ohmq::Poller::new();
    poller.add_fd(pair.bound.fd().unwrap(), Events::IN, 1);
    // Readable means "look again": a peer that joins raises it too.
    while pair.bound.arm(Events::IN).unwrap().is_empty() {
        assert_eq!(poller.wait(PATIENCE).unwrap(), [(1, Events::IN)]);
    }
    assert_eq!(receive(&pair.bound).bytes(), b"x");
    pair.end();
}

#[test]
fn a_pair_has_one_peer() {
    for transport in TRANSPORTS {
        let pair = Pair::new(transport, SocketType::Pair, SocketType::Pair);
        pair.connected.send("to").unwrap();
        assert_eq!(receive(&pair.bound).bytes(), b"to");
        pair.bound.send("fro").unwrap();
        assert_eq!(receive(&pair.connected).bytes(), b"fro");
        pair.end();
    }
}

#[test]
fn an_address_is_free_when_unbind_returns() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("ipc://{}/busy", folder.path().display());
    for transport in ["tcp://127.0.0.1:*", path.as_str(), "inproc://busy"] {
        let context = Context::new();
        let (first, second) =
            (context.socket(SocketType::Rep).unwrap(), context.socket(SocketType::Rep).unwrap());
        let endpoint = first.bind(transport).unwrap();
        for _ in 0..50 {
            assert_eq!(second.bind(&endpoint).unwrap_err().code(), ErrorCode::Eaddrinuse, "{endpoint}");
            first.unbind(&endpoint).unwrap();
            second.bind(&endpoint).unwrap();
            second.unbind(&endpoint).unwrap();
            first.bind(&endpoint).unwrap();
        }
    }
}

#[test]
fn a_path_is_free_when_close_returns() {
    let folder = tempfile::tempdir().unwrap();
    let context = Context::new();
    for path in ["again", "*"] {
        let wanted =
            if path == "*" { "ipc://*".into() } else { format!("ipc://{}/{path}", folder.path().display()) };
        for _ in 0..200 {
            let socket = context.socket(SocketType::Pull).unwrap();
            let bound = socket.bind(&wanted).unwrap();
            let file = std::path::Path::new(bound.strip_prefix("ipc://").unwrap());
            assert!(file.exists());
            socket.close();
            assert!(!file.exists(), "{bound}");
            assert!(path != "*" || !file.parent().unwrap().exists(), "{bound}");
        }
    }
}

/// A path that is just being left must be in use or free to others, never half of each.
#[test]
fn a_path_that_many_want_has_one_holder() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = &format!("ipc://{}/wanted", folder.path().display());
    let (context, holders, held) = (&Context::new(), &AtomicUsize::new(0), &AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(move || {
                let socket = context.socket(SocketType::Rep).unwrap();
                while held.load(Ordering::Relaxed) < 500 {
                    match socket.bind(endpoint) {
                        Ok(_) => {
                            held.fetch_add(1, Ordering::Relaxed);
                            assert_eq!(
                                holders.fetch_add(1, Ordering::SeqCst),
                                0,
                                "two sockets hold {endpoint}"
                            );
                            holders.fetch_sub(1, Ordering::SeqCst);
                            socket.unbind(endpoint).unwrap();
                        }
                        Err(error) => assert_eq!(error.code(), ErrorCode::Eaddrinuse, "{error}"),
                    }
                }
            });
        }
    });
}

/// What has no frames goes out as one empty frame, whatever the pattern puts before it and whichever way it goes.
#[test]
fn a_message_without_frames_is_one_empty_frame() {
    let none = || {
        let mut message = Message::new();
        message.pop_front();
        message
    };
    let context = Context::new();
    for endpoint in ["tcp://127.0.0.1:*", "inproc://nothing"] {
        let [pull, push] = [SocketType::Pull, SocketType::Push].map(|kind| context.socket(kind).unwrap());
        push.connect(&pull.bind(endpoint).unwrap()).unwrap();
        push.send(none()).unwrap();
        assert_eq!(pull.recv_timeout(PATIENCE).unwrap(), Message::from(""));
        pull.close();
        let [rep, req] = [SocketType::Rep, SocketType::Req].map(|kind| context.socket(kind).unwrap());
        req.connect(&rep.bind(&endpoint.replace("nothing", "no-reply")).unwrap()).unwrap();
        req.send(none()).unwrap();
        assert_eq!(rep.recv_timeout(PATIENCE).unwrap(), Message::from(""));
        rep.send(none()).unwrap();
        assert_eq!(req.recv_timeout(PATIENCE).unwrap(), Message::from(""));
        rep.close();
    }
}

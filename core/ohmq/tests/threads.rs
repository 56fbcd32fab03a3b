//! One socket in many threads: nothing lost, nothing twice, nobody forgotten, whoever has the lease.

use std::time::{Duration, Instant};

use ohmq::{Context, ContextOption, ErrorCode, Events, Poller, Socket, SocketOption, SocketType};

const PATIENCE: Option<Duration> = Some(Duration::from_secs(30));

fn joined(context: &Context, transport: &str, bound: SocketType, connected: SocketType) -> (Socket, Socket) {
    let bound = context.socket(bound).unwrap();
    let connected = context.socket(connected).unwrap();
    connected.connect(&bound.bind(transport).unwrap()).unwrap();
    (bound, connected)
}

#[test]
fn every_sleeping_receiver_is_woken() {
    let context = Context::new();
    let (pull, push) = joined(&context, "tcp://127.0.0.1:*", SocketType::Pull, SocketType::Push);
    for _ in 0..50 {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                let pull = pull.clone();
                scope.spawn(move || pull.recv_timeout(PATIENCE).unwrap());
            }
            for _ in 0..4 {
                push.send("one each").unwrap();
            }
        });
    }
}

#[test]
fn a_computing_application_keeps_its_connection() {
    let context = Context::new();
    let rep = context.socket(SocketType::Rep).unwrap();
    let req = context.socket(SocketType::Req).unwrap();
    for socket in [&rep, &req] {
        socket.set(SocketOption::HeartbeatIvl, 20).unwrap();
        // Longer than a busy machine keeps a thread from running, shorter than the computation.
        socket.set(SocketOption::HeartbeatTimeout, 1000).unwrap();
    }
    req.connect(&rep.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    // Both applications take the lease of their socket and then go away with it.
    req.send("a").unwrap();
    rep.recv_timeout(PATIENCE).unwrap();
    rep.send("b").unwrap();
    req.recv_timeout(PATIENCE).unwrap();
    compute_for(Duration::from_millis(2500));
    assert_eq!((rep.stats().connections_lost, req.stats().connections_lost), (0, 0));
    req.send("c").unwrap();
    assert_eq!(rep.recv_timeout(PATIENCE).unwrap().bytes(), b"c");
}

#[test]
fn a_slow_reader_keeps_its_connection() {
    let context = Context::new();
    let (pull, push) = (context.socket(SocketType::Pull).unwrap(), context.socket(SocketType::Push).unwrap());
    pull.set(SocketOption::Rcvhwm, 2).unwrap();
    for socket in [&pull, &push] {
        socket.set(SocketOption::HeartbeatIvl, 20).unwrap();
        socket.set(SocketOption::HeartbeatTimeout, 1000).unwrap();
        socket.set(SocketOption::HeartbeatTtl, 1000).unwrap();
    }
    push.connect(&pull.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    for number in 0..20u8 {
        push.send_timeout(vec![number], PATIENCE).unwrap();
    }
    // The queue of two is full and reading has stopped; the PINGs behind the messages are not read for a long time.
    assert_eq!(pull.recv_timeout(PATIENCE).unwrap().bytes(), [0]);
    compute_for(Duration::from_millis(2500));
    for number in 1..20u8 {
        assert_eq!(pull.recv_timeout(PATIENCE).unwrap().bytes(), [number]);
    }
    assert_eq!(pull.stats().connections_lost, 0);
}

fn compute_for(time: Duration) {
    let until = Instant::now() + time;
    let mut work = 0u64;
    while Instant::now() < until {
        work = std::hint::black_box(work.wrapping_mul(31).wrapping_add(1));
    }
}

#[test]
fn a_lease_does_not_keep_futures_and_pollers_from_hearing() {
    let context = Context::new();
    let (pull, push) = joined(&context, "tcp://127.0.0.1:*", SocketType::Pull, SocketType::Push);
    for round in 0..100u8 {
        push.send(vec![round]).unwrap();
        // A blocking call leaves the lease with this thread ...
        assert_eq!(pull.recv_timeout(PATIENCE).unwrap().bytes(), [round]);
        push.send(vec![round]).unwrap();
        // ... and each other way of waiting has to find the next message all the same.
        match round % 3 {
            0 => {
                let mut poller = Poller::new();
                poller.add(&pull, Events::IN, 1);
                assert_eq!(poller.wait(PATIENCE).unwrap(), [(1, Events::IN)]);
            }
            1 => assert_eq!(pull.wait(Events::IN, PATIENCE).unwrap(), Events::IN),
            _ => {
                let mut outside = Poller::new();
                outside.add_fd(pull.fd().unwrap(), Events::IN, 2);
                while pull.arm(Events::IN).unwrap().is_empty() {
                    assert_eq!(outside.wait(PATIENCE).unwrap(), [(2, Events::IN)]);
                }
            }
        }
        assert_eq!(pull.try_recv().unwrap().bytes(), [round]);
        assert_eq!(pull.try_recv().unwrap_err().code(), ErrorCode::Eagain);
    }
}

#[test]
fn a_stream_that_stops_leaves_nothing_behind() {
    let context = Context::new();
    let (pull, push) = joined(&context, "tcp://127.0.0.1:*", SocketType::Pull, SocketType::Push);
    let mut expected = 0u32;
    for burst in [1, 2, 3, 15, 16, 17, 18, 40, 100, 999, 1000, 1001, 5000] {
        let sender = push.clone();
        let first = expected;
        let thread = std::thread::spawn(move || {
            for number in first..first + burst {
                sender.send(number.to_be_bytes().to_vec()).unwrap();
            }
            // From here on the sender never calls again: the tail is the I/O thread's.
        });
        for number in first..first + burst {
            let message = pull.recv_timeout(PATIENCE).unwrap();
            assert_eq!(message.bytes(), number.to_be_bytes());
        }
        thread.join().unwrap();
        expected += burst;
    }
}

#[test]
fn closing_both_ends_at_once_always_ends() {
    for _ in 0..300 {
        let context = Context::new();
        let (pull, push) = joined(&context, "tcp://127.0.0.1:*", SocketType::Pull, SocketType::Push);
        push.send("x").unwrap();
        pull.recv_timeout(PATIENCE).unwrap();
        // The end of one connection may come while the other socket lets go of it: the term must hear of every end.
        std::thread::scope(|scope| {
            scope.spawn(|| push.close());
            scope.spawn(|| pull.close());
        });
        context.term().unwrap();
    }
}

#[test]
fn a_peer_that_goes_takes_no_more_than_its_queue_along() {
    const LIVES: u64 = 60;
    const MARK: i32 = 10;
    let context = Context::new();
    let push = context.socket(SocketType::Push).unwrap();
    push.set(SocketOption::Sndhwm, MARK).unwrap();
    let endpoint = push.bind("tcp://127.0.0.1:*").unwrap();
    let sender = push.clone();
    let thread = std::thread::spawn(move || while sender.send("x").is_ok() {});
    for _ in 0..LIVES {
        let pull = context.socket(SocketType::Pull).unwrap();
        pull.connect(&endpoint).unwrap();
        pull.recv_timeout(PATIENCE).unwrap();
        pull.close();
    }
    push.close();
    thread.join().unwrap();
    let stats = push.stats();
    // Its queue, and one message that was routed when it closed.
    assert!(stats.sent_dropped_disconnected <= LIVES * (MARK as u64 + 1), "{stats:?}");
}

/// `SPIN` changes how a thread waits, never what it gets: for a moment, not at all, for ever.
#[test]
fn who_spins_or_never_does_gets_the_same() {
    for spin in [50, 0, -1] {
        let context = Context::new();
        context.set(ContextOption::Spin, spin).unwrap();
        assert_eq!(context.get(ContextOption::Spin).unwrap(), spin);
        for transport in ["tcp://127.0.0.1:*", "inproc://spin"] {
            let (rep, req) = joined(&context, transport, SocketType::Rep, SocketType::Req);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    for _ in 0..100 {
                        rep.send(rep.recv_timeout(PATIENCE).unwrap()).unwrap();
                    }
                });
                for _ in 0..100 {
                    req.send("same").unwrap();
                    assert_eq!(req.recv_timeout(PATIENCE).unwrap().bytes(), b"same");
                }
            });
            // Nothing comes: the time ends it, another thread does, and so does the end of the context.
            let limit = Duration::from_millis(20);
            let start = Instant::now();
            assert_eq!(rep.recv_timeout(Some(limit)).unwrap_err().code(), ErrorCode::Eagain);
            assert!(start.elapsed() >= limit, "{spin}, {transport}");
            let mark = rep.mark();
            std::thread::scope(|scope| {
                let call = scope.spawn(|| rep.recv_since(mark, PATIENCE).unwrap_err().code());
                rep.interrupt();
                assert_eq!(call.join().unwrap(), ErrorCode::Eintr);
            });
        }
        let (pull, push) = joined(&context, "inproc://full", SocketType::Pull, SocketType::Push);
        let hwm = pull.get(SocketOption::Rcvhwm).unwrap().as_i64().unwrap()
            + push.get(SocketOption::Sndhwm).unwrap().as_i64().unwrap();
        for _ in 0..hwm {
            push.try_send("fills").unwrap();
        }
        std::thread::scope(|scope| {
            let call = scope.spawn(|| push.send("waits for room").unwrap());
            pull.recv_timeout(PATIENCE).unwrap();
            (0..hwm - 1).for_each(|_| drop(pull.recv_timeout(PATIENCE).unwrap()));
            assert_eq!(pull.recv_timeout(PATIENCE).unwrap().bytes(), b"waits for room");
            call.join().unwrap();
            let call = scope.spawn(|| pull.recv().unwrap_err().code());
            context.shutdown();
            assert_eq!(call.join().unwrap(), ErrorCode::Eterm);
        });
    }
}

#[cfg(target_os = "linux")]
#[test]
fn who_spins_for_ever_never_sleeps() {
    use nix::sys::resource::{UsageWho, getrusage};
    let sleeps = || getrusage(UsageWho::RUSAGE_THREAD).unwrap().voluntary_context_switches();
    for spin in [-1, 0] {
        let context = Context::new();
        context.set(ContextOption::Spin, spin).unwrap();
        for transport in ["tcp://127.0.0.1:*", "inproc://idle"] {
            let (pull, push) = joined(&context, transport, SocketType::Pull, SocketType::Push);
            push.send("the connection stands").unwrap();
            pull.recv_timeout(PATIENCE).unwrap();
            let before = sleeps();
            for _ in 0..20 {
                // Longer than a busy machine keeps a thread from running: or the time is over before it could sleep.
                let nothing = pull.recv_timeout(Some(Duration::from_millis(20)));
                assert_eq!(nothing.unwrap_err().code(), ErrorCode::Eagain);
            }
            // Now and then another thread has a lock that it needs.
            let slept = sleeps() - before;
            assert_eq!(slept >= 20, spin == 0, "{slept} sleeps with spin {spin} over {transport}");
        }
    }
}

/// Who spins for ever looks at one thing all the time, but not at that alone: another thread's bytes, once refused, go on.
#[test]
fn who_spins_for_ever_writes_for_others() {
    let (ours, theirs) = (Context::new(), Context::new());
    ours.set(ContextOption::Spin, -1).unwrap();
    let slow = theirs.socket(SocketType::Dealer).unwrap();
    let dealer = ours.socket(SocketType::Dealer).unwrap();
    dealer.connect(&slow.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    slow.send("the connection stands").unwrap();
    dealer.recv_timeout(PATIENCE).unwrap();
    std::thread::scope(|scope| {
        let spinner = scope.spawn(|| dealer.recv_timeout(PATIENCE).map(|message| message.bytes().to_vec()));
        let body = [7; 16 * 1024];
        let full = (0..).take_while(|_| dealer.try_send(body).is_ok()).count();
        for _ in 0..full {
            assert_eq!(slow.recv_timeout(PATIENCE).expect("the spinner goes on with the rest").bytes(), body);
        }
        slow.send("enough").unwrap();
        assert_eq!(spinner.join().unwrap().unwrap(), b"enough");
    });
}

//! What the options of a context mean to its sockets.

use std::future::Future;
use std::io::Write;
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::task::{Wake, Waker};
use std::thread::{self, ThreadId};

use ohmq::{Context, ContextOption, ErrorCode, Socket, SocketOption, SocketType};

use crate::peer::{PATIENCE, dial, shake_hands};

#[test]
fn sockets_of_a_context_that_does_not_block_do_not_linger() {
    let linger = |socket: &Socket| socket.get(SocketOption::Linger).unwrap().as_i64();
    let context = Context::new();
    let push = |context: &Context| context.socket(SocketType::Push).unwrap();
    let before = push(&context);
    context.set(ContextOption::Blocky, 0).unwrap();
    let after = push(&context);
    assert_eq!((linger(&before), linger(&after)), (Some(-1), Some(0)));
    before.close();
    after.connect("ipc:///nonexistent/never").unwrap();
    after.try_send("to nobody").unwrap();
    after.close();
    context.term().unwrap();
    assert_eq!(after.stats().sent_dropped_linger, 1);
}

#[test]
fn sockets_use_ipv6_if_their_context_does() {
    let ipv6 = |socket: &Socket| socket.get(SocketOption::Ipv6).unwrap().as_i64();
    let context = Context::new();
    let before = context.socket(SocketType::Pull).unwrap();
    context.set(ContextOption::Ipv6, 1).unwrap();
    let after = context.socket(SocketType::Pull).unwrap();
    assert_eq!((ipv6(&before), ipv6(&after)), (Some(0), Some(1)));
    if let Err(error) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        return println!("skipped: no IPv6 here, so nobody can come by it: {error}");
    }
    let endpoint = after.bind("tcp://*:*").unwrap();
    let port = endpoint.strip_prefix("tcp://[::]:").expect("both families").parse().unwrap();
    let mut peer = shake_hands(TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap(), "PUSH");
    peer.write_all(b"\0\x04IPv6").unwrap();
    assert_eq!(after.recv_timeout(Some(PATIENCE)).unwrap().bytes(), b"IPv6");
    let endpoint = before.bind("tcp://*:*").unwrap();
    assert!(endpoint.starts_with(&format!("tcp://{}:", Ipv4Addr::UNSPECIFIED)), "{endpoint}");
}

#[test]
fn so_many_sockets_may_be_open_at_once() {
    let context = Context::new();
    context.set(ContextOption::MaxSockets, 2).unwrap();
    let one = context.socket(SocketType::Pull).unwrap();
    let _two = context.socket(SocketType::Pull).unwrap();
    assert_eq!(context.socket(SocketType::Pull).unwrap_err().code(), ErrorCode::Emfile);
    one.close();
    let _three = context.socket(SocketType::Pull).unwrap();
    assert_eq!(context.socket(SocketType::Pull).unwrap_err().code(), ErrorCode::Emfile);
}

#[test]
fn a_longest_message_is_remembered_and_no_more() {
    let context = Context::new();
    assert_eq!(context.get(ContextOption::MaxMsgsz).unwrap(), i32::MAX);
    context.set(ContextOption::MaxMsgsz, 10).unwrap();
    assert_eq!(context.get(ContextOption::MaxMsgsz).unwrap(), 10);
    let pull = context.socket(SocketType::Pull).unwrap();
    let push = context.socket(SocketType::Push).unwrap();
    push.connect(&pull.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
    push.send([7; 100]).unwrap();
    assert_eq!(pull.recv_timeout(Some(PATIENCE)).unwrap().bytes(), [7; 100]);
}

/// Tells which thread woke it.
struct Tell(Sender<ThreadId>);

impl Wake for Tell {
    fn wake(self: Arc<Self>) {
        // Who asked may have heard enough.
        let _ = self.0.send(thread::current().id());
    }
}

/// A socket with a peer, and the thread that reads for it while it waits for nothing.
fn served(context: &Context) -> (Socket, ThreadId) {
    let pull = context.socket(SocketType::Pull).unwrap();
    let mut peer = shake_hands(dial(&pull.bind("tcp://127.0.0.1:*").unwrap()), "PUSH");
    let (tell, told) = channel();
    let waker = Waker::from(Arc::new(Tell(tell)));
    let mut receive = pin!(pull.recv_async());
    assert!(receive.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
    peer.write_all(b"\0\x01m").unwrap();
    let thread = told.recv_timeout(PATIENCE).unwrap();
    // An I/O thread counts what it has to do at the end of a turn: what it is asked after one turn, it does in the next.
    for _ in 0..2 {
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
        pull.unbind(&endpoint).unwrap();
    }
    (pull, thread)
}

#[test]
fn io_threads_share_the_sockets() {
    let context = Context::new();
    context.set(ContextOption::IoThreads, 2).unwrap();
    let (one, two) = (served(&context), served(&context));
    let me = thread::current().id();
    assert!(one.1 != two.1 && one.1 != me && two.1 != me, "both by {:?}", one.1);
}

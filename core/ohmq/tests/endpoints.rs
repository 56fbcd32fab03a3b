//! What binding and connecting leave behind, by which names it is undone, and when it can be done again.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use ohmq::{Context, ErrorCode, Socket, SocketOption, SocketType};

const PATIENCE: Option<Duration> = Some(Duration::from_secs(10));

fn insist(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE.unwrap(), "{what}");
        std::thread::yield_now();
    }
}

/// Returns when the I/O thread has done what it was about to do.
fn pass_the_io_thread(context: &Context) {
    let other = context.socket(SocketType::Pull).unwrap();
    other.unbind(&other.bind("tcp://127.0.0.1:*").unwrap()).unwrap();
}

/// How often the endpoint can be undone.
fn count(socket: &Socket, endpoint: &str) -> usize {
    let undone = (0..).take_while(|_| socket.disconnect(endpoint).is_ok()).count();
    assert_eq!(socket.disconnect(endpoint).unwrap_err().code(), ErrorCode::Enoent);
    undone
}

/// Nobody calls the peer again, so its endpoint is not in the way of the application that does.
#[test]
fn an_endpoint_that_is_not_dialed_again_can_be_connected_to_again() {
    let context = Context::new();
    for kind in [SocketType::Dealer, SocketType::Push] {
        let socket = context.socket(kind).unwrap();
        socket.set(SocketOption::ReconnectIvl, -1).unwrap();
        socket.set(SocketOption::Linger, 0).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
        listener.set_nonblocking(true).unwrap();
        for _ in 0..3 {
            socket.connect(&endpoint).unwrap();
            insist("it does not connect again", || listener.accept().is_ok());
            insist("the loss is not seen", || !socket.events().unwrap().writable());
            pass_the_io_thread(&context);
        }
        assert_eq!(count(&socket, &endpoint), 0, "{kind:?}");
        let bound = context.socket(kind).unwrap();
        bound.bind("inproc://goes-away").unwrap();
        socket.connect("inproc://goes-away").unwrap();
        bound.close();
        assert!(!socket.events().unwrap().writable());
        assert_eq!(count(&socket, "inproc://goes-away"), 0, "{kind:?}");
    }
}

#[test]
fn a_second_connect_makes_a_second_connection_over_inproc_only() {
    let context = Context::new();
    let [bound, dealer] = [(); 2].map(|()| context.socket(SocketType::Dealer).unwrap());
    bound.bind("inproc://twice").unwrap();
    let tcp = bound.bind("tcp://127.0.0.1:*").unwrap();
    for (endpoint, times) in [("inproc://twice", 2), (&tcp, 1)] {
        (0..2).for_each(|_| dealer.connect(endpoint).unwrap());
        assert_eq!(count(&dealer, endpoint), times, "{endpoint}");
    }
}

#[test]
fn either_name_and_either_call_undoes_an_endpoint() {
    let context = Context::new();
    let folder = tempfile::tempdir().unwrap();
    let path = format!("ipc://{}/named", folder.path().display());
    for given in ["tcp://127.0.0.1:*", "ipc://*", &path, "inproc://named"] {
        let socket = context.socket(SocketType::Dealer).unwrap();
        let undo: [fn(&Socket, &str) -> ohmq::Result<()>; 2] = [Socket::unbind, Socket::disconnect];
        for undo in undo {
            socket.bind(given).unwrap();
            undo(&socket, given).unwrap();
            let resolved = socket.bind(given).unwrap();
            undo(&socket, &resolved).unwrap();
            assert_eq!(undo(&socket, &resolved).unwrap_err().code(), ErrorCode::Enoent);
            socket.connect(&resolved).unwrap();
            undo(&socket, &resolved).unwrap();
            assert_eq!(undo(&socket, &resolved).unwrap_err().code(), ErrorCode::Enoent);
        }
    }
}

#[test]
fn the_call_decides_between_two_endpoints_of_one_name() {
    let context = Context::new();
    let socket = context.socket(SocketType::Dealer).unwrap();
    let endpoint = socket.bind("tcp://127.0.0.1:*").unwrap();
    let is_bound = || TcpStream::connect(endpoint.trim_start_matches("tcp://")).is_ok();
    socket.connect(&endpoint).unwrap();
    socket.disconnect(&endpoint).unwrap();
    assert!(is_bound());
    socket.connect(&endpoint).unwrap();
    socket.unbind(&endpoint).unwrap();
    assert!(!is_bound());
    socket.unbind(&endpoint).unwrap();
    assert_eq!(socket.disconnect(&endpoint).unwrap_err().code(), ErrorCode::Enoent);
}

#[test]
fn a_name_for_the_peer_waits_for_it() {
    let context = Context::new();
    for transport in ["inproc://named-peer", "tcp://127.0.0.1:*"] {
        for immediate in [0, 1] {
            let [router, dealer] =
                [SocketType::Router, SocketType::Dealer].map(|kind| context.socket(kind).unwrap());
            router.set(SocketOption::RouterMandatory, 1).unwrap();
            router.set(SocketOption::Immediate, immediate).unwrap();
            router.set(SocketOption::ConnectRoutingId, "friend").unwrap();
            router.connect(&dealer.bind(transport).unwrap()).unwrap();
            insist("nobody has that name", || router.try_send(["friend", "hello"]).is_ok());
            assert_eq!(dealer.recv_timeout(PATIENCE).unwrap().bytes(), b"hello");
        }
    }
}

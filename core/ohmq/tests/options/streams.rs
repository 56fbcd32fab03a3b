//! What the kernel is told about streams and listeners: both ends have what their sockets were set to.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::time::Duration;

use ohmq::{Context, Socket, SocketOption, SocketType};
use rustix::net::sockopt;

use crate::kernel::{State, descriptor, rows};
use crate::peer::{PATIENCE, insist};

fn address(endpoint: &str) -> SocketAddr {
    endpoint.strip_prefix("tcp://").unwrap().parse().unwrap()
}

/// Two sockets that have a connection, and the descriptors behind them.
struct Joined {
    listening: OwnedFd,
    accepted: OwnedFd,
    dialed: OwnedFd,
    _sockets: (Socket, Socket),
}

fn joined(bound: &[(SocketOption, i32)], connected: &[(SocketOption, i32)]) -> Joined {
    let context = Context::new();
    let pull = context.socket(SocketType::Pull).unwrap();
    bound.iter().for_each(|&(option, value)| pull.set(option, value).unwrap());
    let push = context.socket(SocketType::Push).unwrap();
    connected.iter().for_each(|&(option, value)| push.set(option, value).unwrap());
    let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
    push.connect(&endpoint).unwrap();
    push.send("the connection stands").unwrap();
    pull.recv_timeout(Some(PATIENCE)).unwrap();
    let bound = address(&endpoint);
    Joined {
        listening: descriptor(|row| row.local == bound && row.state == State::Listening),
        accepted: descriptor(|row| row.local == bound && row.state == State::Established),
        dialed: descriptor(|row| row.remote == bound && row.state == State::Established),
        _sockets: (pull, push),
    }
}

/// What the system does by itself.
fn untouched() -> OwnedFd {
    rustix::net::socket(rustix::net::AddressFamily::INET, rustix::net::SocketType::STREAM, None).unwrap()
}

/// Whether probes are sent, after how much time, how often, and how many.
fn keepalive(stream: &OwnedFd) -> (bool, Duration, Duration, u32) {
    (
        sockopt::socket_keepalive(stream).unwrap(),
        sockopt::tcp_keepidle(stream).unwrap(),
        sockopt::tcp_keepintvl(stream).unwrap(),
        sockopt::tcp_keepcnt(stream).unwrap(),
    )
}

#[test]
fn keep_alive_probes_are_as_each_end_was_told() {
    use SocketOption::{TcpKeepalive, TcpKeepaliveCnt, TcpKeepaliveIdle, TcpKeepaliveIntvl};

    let seconds = Duration::from_secs;
    let told = |idle, interval, count| {
        [(TcpKeepalive, 1), (TcpKeepaliveIdle, idle), (TcpKeepaliveIntvl, interval), (TcpKeepaliveCnt, count)]
    };
    let ends = joined(&told(77, 9, 4), &told(66, 8, 3));
    assert_eq!(keepalive(&ends.accepted), (true, seconds(77), seconds(9), 4));
    assert_eq!(keepalive(&ends.dialed), (true, seconds(66), seconds(8), 3));

    let (_, idle, interval, count) = keepalive(&untouched());
    let ends = joined(&[(TcpKeepalive, 1)], &[(TcpKeepalive, 0), (TcpKeepaliveIdle, 66)]);
    assert_eq!(keepalive(&ends.accepted), (true, idle, interval, count), "the rest is the system's");
    assert!(!keepalive(&ends.dialed).0, "off");

    let ends = joined(&[], &[]);
    assert_eq!(keepalive(&ends.accepted), keepalive(&untouched()));
    assert_eq!(keepalive(&ends.dialed), keepalive(&untouched()));
}

#[test]
fn packets_have_the_type_of_service_of_their_end() {
    let ends = joined(&[(SocketOption::Tos, 0x28)], &[(SocketOption::Tos, 0x10)]);
    assert_eq!(sockopt::ip_tos(&ends.accepted).unwrap(), 0x28);
    assert_eq!(sockopt::ip_tos(&ends.dialed).unwrap(), 0x10);
    let ends = joined(&[], &[]);
    assert_eq!(sockopt::ip_tos(&ends.accepted).unwrap(), 0);
    assert_eq!(sockopt::ip_tos(&ends.dialed).unwrap(), 0);
}

#[test]
fn no_segment_waits_for_another() {
    let ends = joined(&[], &[]);
    assert!(sockopt::tcp_nodelay(&ends.accepted).unwrap());
    assert!(sockopt::tcp_nodelay(&ends.dialed).unwrap());
}

/// Linux says twice what it was told: half is for its own accounts.
#[test]
fn the_kernels_buffers_have_the_size_each_end_asked_for() {
    use SocketOption::{Rcvbuf, Sndbuf};

    let ends = joined(&[(Sndbuf, 50_000), (Rcvbuf, 60_000)], &[(Sndbuf, 70_000), (Rcvbuf, 80_000)]);
    let sizes = |stream| {
        let send = sockopt::socket_send_buffer_size(stream).unwrap();
        (send, sockopt::socket_recv_buffer_size(stream).unwrap())
    };
    // The window is announced before a connection is accepted.
    assert_eq!(sizes(&ends.listening), (2 * 50_000, 2 * 60_000));
    assert_eq!(sizes(&ends.accepted), (2 * 50_000, 2 * 60_000));
    assert_eq!(sizes(&ends.dialed), (2 * 70_000, 2 * 80_000));
}

/// The copy of its descriptor keeps a listener in the kernel, where nobody accepts any more.
#[test]
fn so_many_connections_wait_to_be_accepted() {
    let context = Context::new();
    for backlog in [1, 4] {
        let pull = context.socket(SocketType::Pull).unwrap();
        pull.set(SocketOption::Backlog, backlog).unwrap();
        let endpoint = pull.bind("tcp://127.0.0.1:*").unwrap();
        let bound = address(&endpoint);
        let copy = descriptor(|row| row.local == bound && row.state == State::Listening);
        pull.unbind(&endpoint).unwrap();
        // Linux counts from nought.
        let places = backlog as u32 + 1;
        let waiting: Vec<_> = (0..places).map(|_| TcpStream::connect(bound).unwrap()).collect();
        // Who connects hears of it a moment before it is counted.
        let full = || rows().into_iter().find(|row| row.local == bound && row.waiting == places);
        insist("they do not all wait", full);
        let one_more = TcpStream::connect_timeout(&bound, Duration::from_millis(100));
        assert_eq!(one_more.unwrap_err().kind(), ErrorKind::TimedOut, "there is room for more than {places}");
        TcpListener::from(copy).accept().unwrap();
        drop(waiting);
    }
}

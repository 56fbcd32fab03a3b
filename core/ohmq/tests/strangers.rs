//! Peers that connect and mean no good, against peers that do.

use std::io::Read;
use std::net::TcpStream;
use std::time::Duration;

use ohmq::{Context, SocketOption, SocketType};

const PATIENCE: Option<Duration> = Some(Duration::from_secs(30));

#[test]
fn silent_strangers_keep_nobody_out() {
    let context = Context::new();
    let rep = context.socket(SocketType::Rep).unwrap();
    // Long enough that the kernel makes nobody wait to be accepted.
    rep.set(SocketOption::Backlog, 2_000).unwrap();
    let endpoint = rep.bind("tcp://127.0.0.1:*").unwrap();
    let address = endpoint.strip_prefix("tcp://").unwrap();
    // More than may shake hands at a time: the oldest are told to go.
    let mut strangers: Vec<_> = (0..1100).map(|_| TcpStream::connect(address).unwrap()).collect();
    let req = context.socket(SocketType::Req).unwrap();
    req.connect(&endpoint).unwrap();
    req.send("still there?").unwrap();
    rep.send(rep.recv_timeout(PATIENCE).unwrap()).unwrap();
    assert_eq!(req.recv_timeout(PATIENCE).unwrap().bytes(), b"still there?");
    // The first stranger reads our greeting and then the end of the stream.
    strangers[0].set_read_timeout(PATIENCE).unwrap();
    let mut told = Vec::new();
    let ended = strangers[0].read_to_end(&mut told);
    assert!(ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
    assert_eq!(rep.stats().connections_established, 1);
}

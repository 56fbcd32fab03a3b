//! A peer without a library: it does no more than a test tells it to.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use ohmq::{Events, Poller};

/// Long enough for any machine, and shorter than what options start with: a handshake may take 30 s.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody to connect to, and the endpoint.
pub(crate) fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    (listener, endpoint)
}

pub(crate) fn accept(listener: &TcpListener) -> TcpStream {
    let mut poller = Poller::new();
    poller.add_fd(listener.as_raw_fd(), Events::IN, 0);
    assert!(!poller.wait(Some(PATIENCE)).unwrap().is_empty(), "nobody connects");
    patient(listener.accept().unwrap().0)
}

pub(crate) fn dial(endpoint: &str) -> TcpStream {
    patient(TcpStream::connect(endpoint.strip_prefix("tcp://").unwrap()).unwrap())
}

fn patient(stream: TcpStream) -> TcpStream {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Says that it is a socket of this type, and reads who the other is.
pub(crate) fn shake_hands(mut stream: TcpStream, socket_type: &str) -> TcpStream {
    let mut hello = vec![0; 64];
    hello[..16].copy_from_slice(b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\x01NULL");
    let mut ready = b"\x05READY\x0bSocket-Type\0\0\0".to_vec();
    ready.push(socket_type.len() as u8);
    ready.extend(socket_type.as_bytes());
    hello.extend([4, ready.len() as u8]);
    hello.extend(ready);
    stream.write_all(&hello).unwrap();
    let theirs = read(&mut stream, 66);
    read(&mut stream, theirs[65].into());
    stream
}

pub(crate) fn read(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

/// What comes until the other ends the connection.
pub(crate) fn read_to_the_end(stream: &mut TcpStream) -> Vec<u8> {
    let start = Instant::now();
    let (mut bytes, mut some) = (Vec::new(), [0; 1024]);
    loop {
        match stream.read(&mut some) {
            Ok(0) => return bytes,
            Ok(count) => bytes.extend_from_slice(&some[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return bytes,
            Err(error) => panic!("it goes on: {error}"),
        }
        assert!(start.elapsed() < PATIENCE, "it goes on");
    }
}

/// Looks again until it is there.
pub(crate) fn insist<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::yield_now();
    }
}

//! A peer that speaks by hand, so that it is known what is in the kernel and what is not when the socket looks.

#![cfg(unix)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use ohmq::{Context, Events, SocketOption, SocketType};

const PATIENCE: Duration = Duration::from_secs(10);

/// A PUSH peer of ZMTP 3.1 that has shaken hands.
fn shake_hands(mut stream: UnixStream) -> UnixStream {
    let mut greeting = [0; 64];
    (greeting[0], greeting[9], greeting[10], greeting[11]) = (0xFF, 0x7F, 3, 1);
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting).unwrap();
    let ready = b"\x05READY\x0bSocket-Type\0\0\0\x04PUSH";
    stream.write_all(&[4, ready.len() as u8]).unwrap();
    stream.write_all(ready).unwrap();
    stream.read_exact(&mut greeting).unwrap();
    let mut header = [0; 2];
    stream.read_exact(&mut header).unwrap();
    stream.read_exact(&mut vec![0; usize::from(header[1])]).unwrap();
    stream
}

/// Messages of two parts, as they go on the wire. A socket takes them apart a hundred or so at a time.
fn frames(numbers: std::ops::Range<u16>) -> Vec<u8> {
    numbers.flat_map(|number| [&[1, 1, 0, 0, 2], &number.to_be_bytes()[..]].concat()).collect()
}

/// The socket reads for itself and leaves a part of what it read for later. Meanwhile more comes, and whoever polls next is
/// told of that once.
#[test]
fn what_comes_while_something_is_left_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pull");
    let context = Context::new();
    let pull = context.socket(SocketType::Pull).unwrap();
    pull.set(SocketOption::Rcvhwm, 300).unwrap();
    pull.bind(&format!("ipc://{}", path.display())).unwrap();
    let mut peer = shake_hands(UnixStream::connect(&path).unwrap());
    let mut next = 0u16;
    // As an event loop does it: the poller alone says that there is more.
    let mut receive = |until: u16| {
        let start = Instant::now();
        while next < until {
            let Ok(message) = pull.try_recv() else {
                assert!(start.elapsed() < PATIENCE, "message {next} does not come");
                std::thread::yield_now();
                continue;
            };
            assert_eq!(message.frames().last().map(|part| part.as_slice()), Some(&next.to_be_bytes()[..]));
            next += 1;
        }
    };
    // This thread waits, so from now on it polls.
    peer.write_all(&frames(0..1)).unwrap();
    pull.wait(Events::IN, Some(PATIENCE)).unwrap();
    receive(1);
    // More than there is room for: reading pauses, and what comes next stays in the kernel.
    peer.write_all(&frames(1..401)).unwrap();
    receive(2);
    peer.write_all(&frames(401..601)).unwrap();
    // The socket reads that itself, and takes the beginning of it.
    receive(402);
    peer.write_all(&frames(601..602)).unwrap();
    assert!(pull.events().unwrap().readable());
    receive(602);
}

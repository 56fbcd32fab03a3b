//! The writer that the bursts are compared with: it always hands over to an I/O thread. A send appends a frame under a
//! lock and wakes the thread through an eventfd when it sleeps; the thread writes all there is. It speaks to our own
//! receiver, so that only the writers differ.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Result, ensure};
use bench_kit::protocol::{Job, Since};
use bench_kit::{Body, Control, now, pause};
use nix::sys::eventfd::EventFd;

use crate::sockets::{Stream, connect, wait_for_go};

const GREETING: usize = 64;
/// A flag byte and a length byte.
const SHORT: usize = 2;
const COMMAND: u8 = 4;
const LARGE: u8 = 2;

#[derive(Debug)]
struct Shared {
    arena: Mutex<Arena>,
    room: Condvar,
    bell: EventFd,
    /// The mark of the libraries holds here too: so many messages wait for the kernel, then the sender does.
    hwm: usize,
}

#[derive(Debug, Default)]
struct Arena {
    bytes: Vec<u8>,
    messages: usize,
    sleeping: bool,
}

pub fn send(job: &Job, control: &Control, length: u32, gap_us: u64, since: Since) -> Result<()> {
    let mut stream = connect(job)?;
    greet(&mut *stream)?;
    control.ready();
    let shared = Arc::new(Shared {
        arena: Mutex::default(),
        room: Condvar::new(),
        bell: EventFd::new()?,
        hwm: job.hwm as usize,
    });
    let lane = control.lane();
    let mut body = Body::new(job.size, 0);
    let writer = Arc::clone(&shared);
    let failed = control.clone();
    thread::spawn(move || {
        if let Err(error) = write_all(stream, &writer) {
            failed.failed(&error);
        }
    });
    wait_for_go(control);
    while !control.is_stopped() {
        let begin = now();
        for left in (0..length).rev() {
            let sequence = body.number();
            body.stamp(if left == 0 { since.stamp(begin) } else { 0 });
            append(&shared, body.bytes())?;
            lane.pass(sequence);
        }
        pause(gap_us * 1_000);
    }
    Ok(())
}

fn append(shared: &Shared, body: &[u8]) -> Result<()> {
    let mut arena = shared.lock();
    while arena.messages >= shared.hwm {
        arena = shared.room.wait(arena).unwrap_or_else(PoisonError::into_inner);
    }
    match u8::try_from(body.len()) {
        Ok(length) => arena.bytes.extend_from_slice(&[0, length]),
        Err(_) => {
            arena.bytes.push(LARGE);
            arena.bytes.extend_from_slice(&(body.len() as u64).to_be_bytes());
        }
    }
    arena.bytes.extend_from_slice(body);
    arena.messages += 1;
    let sleeping = std::mem::take(&mut arena.sleeping);
    drop(arena);
    if sleeping {
        shared.bell.write(1)?;
    }
    Ok(())
}

fn write_all(mut stream: Box<dyn Stream>, shared: &Shared) -> Result<()> {
    let mut batch = Vec::new();
    let mut written = 0;
    loop {
        let mut arena = shared.lock();
        // A message counts until the kernel has it.
        let was_full = arena.messages >= shared.hwm;
        arena.messages -= written;
        written = arena.messages;
        std::mem::swap(&mut batch, &mut arena.bytes);
        arena.sleeping = batch.is_empty();
        drop(arena);
        if was_full {
            shared.room.notify_one();
        }
        if batch.is_empty() {
            shared.bell.read()?;
        } else {
            stream.write_all(&batch)?;
            batch.clear();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Arena> {
        self.arena.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Greets as a PUSH of ZMTP 3.1 without security; RFC 37.
fn greet(stream: &mut dyn Stream) -> Result<()> {
    let mut greeting = [0; GREETING];
    greeting[..12].copy_from_slice(&[0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 1]);
    greeting[12..16].copy_from_slice(b"NULL");
    stream.write_all(&greeting)?;
    stream.read_exact(&mut greeting)?;
    stream.write_all(b"\x04\x1a\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH")?;
    let mut header = [0; SHORT];
    stream.read_exact(&mut header)?;
    ensure!(header[0] == COMMAND, "the peer does not say that it is ready");
    let mut ready = vec![0; usize::from(header[1])];
    stream.read_exact(&mut ready)?;
    ensure!(ready.starts_with(b"\x05READY"), "the peer refuses");
    Ok(())
}

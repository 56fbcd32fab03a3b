//! The writer that the bursts are compared with: it always hands over to an I/O thread. A send appends a frame under a
//! lock and wakes the thread through an eventfd when it sleeps; the thread writes all there is.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Result, bail};
use bench_kit::protocol::Job;
use bench_kit::{Body, Check, Control, Order, now, pause, take};
use nix::sys::eventfd::EventFd;

use crate::sockets::{Stream, accept, connect, wait_for_go};

/// What may be under way: a sender waits beyond it, as at a high-water mark of a thousand messages of 1 KiB.
const ARENA: usize = 1 << 20;
const READ: usize = 64 << 10;
/// A flag byte and a length byte, or eight of them.
const SHORT: usize = 2;
const LONG: usize = 9;

#[derive(Debug)]
struct Shared {
    arena: Mutex<Arena>,
    bell: EventFd,
}

#[derive(Debug, Default)]
struct Arena {
    bytes: Vec<u8>,
    sleeping: bool,
}

pub fn send(job: &Job, control: &Control, length: u32, gap_us: u64) -> Result<()> {
    let stream = connect(job, control)?;
    let shared = Arc::new(Shared { arena: Mutex::default(), bell: EventFd::new()? });
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
        for left in (0..length).rev() {
            let sequence = body.number();
            body.stamp(if left == 0 { now() } else { 0 });
            append(&shared, body.bytes())?;
            lane.pass(sequence);
        }
        pause(gap_us * 1_000);
    }
    Ok(())
}

fn append(shared: &Shared, body: &[u8]) -> Result<()> {
    loop {
        let mut arena = shared.arena.lock().unwrap_or_else(PoisonError::into_inner);
        if arena.bytes.len() + body.len() > ARENA {
            drop(arena);
            thread::yield_now();
            continue;
        }
        match u8::try_from(body.len()) {
            Ok(length) => arena.bytes.extend_from_slice(&[0, length]),
            Err(_) => {
                arena.bytes.push(2);
                arena.bytes.extend_from_slice(&(body.len() as u64).to_be_bytes());
            }
        }
        arena.bytes.extend_from_slice(body);
        let sleeping = std::mem::take(&mut arena.sleeping);
        drop(arena);
        if sleeping {
            shared.bell.write(1)?;
        }
        return Ok(());
    }
}

fn write_all(mut stream: Box<dyn Stream>, shared: &Shared) -> Result<()> {
    let mut batch = Vec::new();
    loop {
        let mut arena = shared.arena.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut batch, &mut arena.bytes);
        arena.sleeping = batch.is_empty();
        drop(arena);
        if batch.is_empty() {
            shared.bell.read()?;
        } else {
            stream.write_all(&batch)?;
            batch.clear();
        }
    }
}

/// Parses frames in place and sleeps in the kernel when there are none.
pub fn receive(job: &Job, control: &Control) -> Result<()> {
    let mut stream = accept(job, control)?;
    let lane = control.lane();
    let mut check = Check::new(job.size, Order::Complete);
    let header = if job.size <= usize::from(u8::MAX) { SHORT } else { LONG };
    let frame = header + job.size;
    let mut bytes = vec![0; READ.max(2 * frame)];
    let mut filled = 0;
    loop {
        match stream.read(&mut bytes[filled..])? {
            0 => bail!("the peer went away"),
            count => filled += count,
        }
        let whole = filled / frame * frame;
        for message in bytes[..whole].chunks_exact(frame) {
            take(&message[header..], &mut check, &lane);
        }
        bytes.copy_within(whole..filled, 0);
        filled -= whole;
    }
}

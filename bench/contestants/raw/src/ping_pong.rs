//! Bytes there and back, waiting in the kernel or asking it again and again.

use std::hint::spin_loop;
use std::io::ErrorKind;

use anyhow::{Result, bail};
use bench_kit::protocol::Job;
use bench_kit::{Control, now};

use crate::sockets::{Stream, accept, connect, wait_for_go};

pub fn ask(job: &Job, control: &Control, spin: bool) -> Result<()> {
    let mut stream = connect(job)?;
    control.ready();
    stream.set_nonblocking(spin)?;
    let lane = control.lane();
    let mut bytes = vec![0x5a; job.size];
    wait_for_go(control);
    while !control.is_stopped() {
        let begun = now();
        write(&mut *stream, &bytes)?;
        if !read(&mut *stream, &mut bytes)? {
            bail!("the peer went away");
        }
        lane.delay(now() - begun);
        lane.add(1);
    }
    Ok(())
}

pub fn answer(job: &Job, control: &Control, spin: bool) -> Result<()> {
    let mut stream = accept(job, control)?;
    stream.set_nonblocking(spin)?;
    let mut bytes = vec![0; job.size];
    while read(&mut *stream, &mut bytes)? {
        write(&mut *stream, &bytes)?;
    }
    Ok(())
}

/// False at the end of the stream.
fn read(stream: &mut dyn Stream, mut bytes: &mut [u8]) -> Result<bool> {
    while !bytes.is_empty() {
        match stream.read(bytes) {
            Ok(0) => return Ok(false),
            Ok(count) => bytes = &mut bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => spin_loop(),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

fn write(stream: &mut dyn Stream, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match stream.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => spin_loop(),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

//! Plain sockets: what the kernel gives to a program that does nothing but read and write. Not a messaging library, but
//! the floor that the others stand on.

mod handover;
mod ping_pong;
mod sockets;
mod stream;

use std::thread;

use anyhow::{Result, bail};
use bench_kit::protocol::{Job, Role, Work};
use bench_kit::{Control, Identity, Runner, serve, unsupported};

fn main() {
    let api = "read() and write() of std's sockets, TCP_NODELAY, no framing";
    serve(Ok(Identity { version: None, api }), || Ok(Raw));
}

struct Raw;

impl Runner for Raw {
    fn start(&self, job: Job) -> Control {
        let control = Control::new(1);
        let lane = control.clone();
        thread::spawn(move || {
            if let Err(error) = run(&job, &lane) {
                lane.failed(&error);
            }
        });
        control
    }
}

/// The variant names the configuration: for streams the bytes of a write and of a read, for round trips how to wait.
fn run(job: &Job, control: &Control) -> Result<()> {
    match (&job.work, job.role) {
        (Work::Stream(_), role) => {
            let (write, read) = stream::sizes(&job.variant)?;
            match role {
                Role::Sender => stream::send(job, control, write),
                Role::Receiver => stream::receive(job, control, read),
            }
        }
        (Work::PingPong, role) => {
            let spin = match job.variant.as_str() {
                "blocking" => false,
                "spinning" => true,
                other => bail!("no way to wait is called {other:?}"),
            };
            match role {
                Role::Sender => ping_pong::ask(job, control, spin),
                Role::Receiver => ping_pong::answer(job, control, spin),
            }
        }
        (Work::Bursts { length, gap_us, since }, Role::Sender) => {
            handover::send(job, control, *length, *gap_us, *since)
        }
        _ => Err(unsupported("plain sockets have no such thing")),
    }
}

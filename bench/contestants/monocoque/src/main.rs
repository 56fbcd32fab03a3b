//! monocoque: its async API on its default runtime (io_uring), default options: one write a send.

mod socket;

use std::future::Future;
use std::thread;

use anyhow::{Context as _, Result};
use bench_kit::{Contestant, Driver, Identity, Kind, serve};
use monocoque::rt::LocalRuntime;

use crate::socket::Handle;

fn main() {
    let api = "send(vec![Bytes::copy_from_slice(&[u8])]).await and recv().await on its default (io_uring) runtime, \
               without write coalescing; a socket is one connection";
    serve(Ok(Identity { version: None, api }), || {
        LocalRuntime::new().context("its io_uring runtime does not start here")?;
        Ok(Driver::new(Monocoque))
    });
}

/// Its sockets stay in the thread that made them, so each lane is a thread with a runtime.
struct Monocoque;

impl Contestant for Monocoque {
    type Socket = Handle;

    fn spawn(&self, lane: impl Future<Output = ()> + Send + 'static, _: bool) {
        thread::spawn(move || match LocalRuntime::new() {
            Ok(runtime) => runtime.block_on(lane),
            Err(error) => {
                eprintln!("no runtime for a lane: {error}");
                std::process::exit(1);
            }
        });
    }

    async fn socket(&self, kind: Kind, _: u32) -> Result<Handle> {
        Ok(Handle::new(kind))
    }
}

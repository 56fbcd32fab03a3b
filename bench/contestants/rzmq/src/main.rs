//! rzmq: its async API on tokio's default runtime, default options.

use std::future::Future;

use anyhow::{Context as _, Result, bail};
use bench_kit::protocol::Place;
use bench_kit::{Contestant, Driver, Identity, Kind, Socket, serve};
use rzmq::socket::options::{LAST_ENDPOINT, LINGER, RCVHWM, SNDHWM, SUBSCRIBE};
use rzmq::{Context, Msg, SocketType};
use tokio::runtime::Runtime;

fn main() {
    let api = "Socket::send(Msg::from_vec(bytes.to_vec())).await and recv().await on a multi-threaded tokio runtime";
    serve(Ok(Identity { version: None, api }), || {
        let runtime = Runtime::new()?;
        let context = runtime.block_on(async { Context::new() })?;
        Ok(Driver::new(Rzmq { runtime, context }))
    });
}

struct Rzmq {
    runtime: Runtime,
    context: Context,
}

struct Handle(rzmq::Socket);

impl Contestant for Rzmq {
    type Socket = Handle;

    fn spawn(&self, lane: impl Future<Output = ()> + Send + 'static, blocks: bool) {
        if blocks {
            let handle = self.runtime.handle().clone();
            std::thread::spawn(move || handle.block_on(lane));
        } else {
            self.runtime.spawn(lane);
        }
    }

    async fn socket(&self, kind: Kind, hwm: u32) -> Result<Handle> {
        let socket = self.context.socket(match kind {
            Kind::Push => SocketType::Push,
            Kind::Pull => SocketType::Pull,
            Kind::Req => SocketType::Req,
            Kind::Rep => SocketType::Rep,
            Kind::Dealer => SocketType::Dealer,
            Kind::Router => SocketType::Router,
            Kind::Pub => SocketType::Pub,
            Kind::Sub => SocketType::Sub,
        })?;
        socket.set_option(SNDHWM, hwm as i32).await?;
        socket.set_option(RCVHWM, hwm as i32).await?;
        Ok(Handle(socket))
    }
}

impl Socket for Handle {
    async fn bind(&mut self, place: &Place) -> Result<String> {
        self.0.bind(&place.endpoint("0")).await?;
        let endpoint = self.0.get_option(LAST_ENDPOINT).await?;
        Ok(String::from_utf8(endpoint).context("LAST_ENDPOINT")?.trim_end_matches('\0').to_string())
    }

    async fn connect(&mut self, endpoint: &str) -> Result<()> {
        Ok(self.0.connect(endpoint).await?)
    }

    async fn subscribe(&mut self, topic: &[u8]) -> Result<()> {
        Ok(self.0.set_option_raw(SUBSCRIBE, topic).await?)
    }

    async fn send(&mut self, body: &[u8]) -> Result<()> {
        Ok(self.0.send(Msg::from_vec(body.to_vec())).await?)
    }

    async fn recv<R: Send>(&mut self, look: impl FnOnce(&[u8]) -> R + Send) -> Result<R> {
        loop {
            let message = self.0.recv().await?;
            if !message.is_more() {
                return Ok(look(message.data().unwrap_or_default()));
            }
        }
    }

    async fn echo(&mut self) -> Result<()> {
        let frames = self.0.recv_multipart().await?;
        if frames.is_empty() {
            bail!("a message without frames");
        }
        Ok(self.0.send_multipart(frames).await?)
    }

    fn share(&self) -> Result<Self> {
        Ok(Self(self.0.clone()))
    }

    async fn close(self) -> Result<()> {
        self.0.set_option(LINGER, 0_i32).await?;
        Ok(self.0.close().await?)
    }
}

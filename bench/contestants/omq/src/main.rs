//! omq-tokio: its blocking API over a context with one I/O thread, default options.

use std::future::{Future, ready};

use anyhow::{Result, anyhow};
use bench_kit::protocol::Place;
use bench_kit::{Contestant, Driver, Identity, Kind, Socket, serve, spawn_blocking_lane};
use omq_tokio::{Context, Message, Options, SocketType, blocking};

fn main() {
    let api = "blocking::Socket::send(Message::from_slice(&[u8])) and recv()";
    serve(Ok(Identity { version: None, api }), || Ok(Driver::new(Omq(Context::new()))));
}

struct Omq(Context);

struct Handle(blocking::Socket);

fn body(message: &Message) -> &[u8] {
    message.part_slice(message.len().saturating_sub(1)).unwrap_or_default()
}

impl Contestant for Omq {
    type Socket = Handle;

    fn spawn(&self, lane: impl Future<Output = ()> + Send + 'static, _: bool) {
        spawn_blocking_lane(lane);
    }

    async fn socket(&self, kind: Kind, hwm: u32) -> Result<Handle> {
        let kind = match kind {
            Kind::Push => SocketType::Push,
            Kind::Pull => SocketType::Pull,
            Kind::Req => SocketType::Req,
            Kind::Rep => SocketType::Rep,
            Kind::Dealer => SocketType::Dealer,
            Kind::Router => SocketType::Router,
            Kind::Pub => SocketType::Pub,
            Kind::Sub => SocketType::Sub,
        };
        Ok(Handle(self.0.blocking_socket(kind, Options::default().send_hwm(hwm).recv_hwm(hwm))))
    }
}

impl Socket for Handle {
    async fn bind(&mut self, place: &Place) -> Result<String> {
        Ok(self.0.bind(place.endpoint("0").as_str())?.to_string())
    }

    async fn connect(&mut self, endpoint: &str) -> Result<()> {
        Ok(self.0.connect(endpoint)?)
    }

    async fn subscribe(&mut self, topic: &[u8]) -> Result<()> {
        Ok(self.0.subscribe(topic.to_vec())?)
    }

    fn send(&mut self, body: &[u8]) -> impl Future<Output = Result<()>> + Send {
        ready(self.0.send(Message::from_slice(body)).map_err(Into::into))
    }

    fn recv<R: Send>(
        &mut self,
        look: impl FnOnce(&[u8]) -> R + Send,
    ) -> impl Future<Output = Result<R>> + Send {
        ready(match self.0.recv() {
            Ok(message) => Ok(look(body(&message))),
            Err(error) => Err(error.into()),
        })
    }

    async fn echo(&mut self) -> Result<()> {
        Ok(self.0.send(self.0.recv()?)?)
    }

    fn share(&self) -> Result<Self> {
        Ok(Self(self.0.clone()))
    }

    async fn close(self) -> Result<()> {
        self.0.close().map_err(|error| anyhow!("{error}"))
    }
}

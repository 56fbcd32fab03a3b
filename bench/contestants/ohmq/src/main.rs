//! OhMQ: blocking calls on a shared socket, default options.

use std::future::{Future, ready};

use anyhow::Result;
use bench_kit::protocol::Place;
use bench_kit::{Contestant, Driver, Identity, Kind, Socket, serve, spawn_blocking_lane};
use ohmq::{Context, Message, SocketOption, SocketType};

fn main() {
    let (major, minor, patch) = ohmq::version();
    let identity = Identity {
        version: Some(format!("{major}.{minor}.{patch}")),
        api: "blocking Socket::send(&[u8]) and Socket::recv()",
    };
    serve(Ok(identity), || Ok(Driver::new(Ohmq(Context::new()))));
}

struct Ohmq(Context);

struct Handle(ohmq::Socket);

/// The body is the last frame: what comes before it are routing ids.
fn body(message: &Message) -> &[u8] {
    message.frames().last().map_or(&[], |frame| frame.as_slice())
}

impl Contestant for Ohmq {
    type Socket = Handle;

    fn spawn(&self, lane: impl Future<Output = ()> + Send + 'static, _: bool) {
        spawn_blocking_lane(lane);
    }

    async fn socket(&self, kind: Kind, hwm: u32) -> Result<Handle> {
        let socket = self.0.socket(match kind {
            Kind::Push => SocketType::Push,
            Kind::Pull => SocketType::Pull,
            Kind::Req => SocketType::Req,
            Kind::Rep => SocketType::Rep,
            Kind::Dealer => SocketType::Dealer,
            Kind::Router => SocketType::Router,
            Kind::Pub => SocketType::Pub,
            Kind::Sub => SocketType::Sub,
        })?;
        socket.set(SocketOption::Sndhwm, hwm as i32)?;
        socket.set(SocketOption::Rcvhwm, hwm as i32)?;
        Ok(Handle(socket))
    }
}

impl Socket for Handle {
    async fn bind(&mut self, place: &Place) -> Result<String> {
        Ok(self.0.bind(&place.endpoint("*"))?)
    }

    async fn connect(&mut self, endpoint: &str) -> Result<()> {
        Ok(self.0.connect(endpoint)?)
    }

    async fn subscribe(&mut self, topic: &[u8]) -> Result<()> {
        Ok(self.0.subscribe(topic)?)
    }

    fn send(&mut self, body: &[u8]) -> impl Future<Output = Result<()>> + Send {
        ready(self.0.send(body).map_err(Into::into))
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
        self.0.set(SocketOption::Linger, 0)?;
        self.0.close();
        Ok(())
    }
}

//! libzmq: blocking `zmq_send` and `zmq_msg_recv`, default options.

mod library;

use std::future::{Future, ready};

use anyhow::{Result, bail};
use bench_kit::protocol::Place;
use bench_kit::{Contestant, Driver, Identity, Kind, Socket, serve, spawn_blocking_lane, unsupported};

use crate::library::{Context, Handle, library};

fn main() {
    let identity = library().map(|library| Identity {
        version: Some(library.version()),
        api: "blocking zmq_send() and zmq_msg_recv()",
    });
    serve(identity, || Ok(Driver::new(Libzmq(Context::new()?))));
}

struct Libzmq(Context);

struct ZmqSocket(Handle);

// Their numbers are part of libzmq's interface.
const ROUTING_TYPES: [(Kind, i32); 8] = [
    (Kind::Pub, 1),
    (Kind::Sub, 2),
    (Kind::Req, 3),
    (Kind::Rep, 4),
    (Kind::Dealer, 5),
    (Kind::Router, 6),
    (Kind::Pull, 7),
    (Kind::Push, 8),
];
const SUBSCRIBE: i32 = 6;
const LINGER: i32 = 17;
const SNDHWM: i32 = 23;
const RCVHWM: i32 = 24;

impl Contestant for Libzmq {
    type Socket = ZmqSocket;

    fn spawn(&self, lane: impl Future<Output = ()> + Send + 'static, _: bool) {
        spawn_blocking_lane(lane);
    }

    async fn socket(&self, kind: Kind, hwm: u32) -> Result<ZmqSocket> {
        let Some((_, number)) = ROUTING_TYPES.iter().find(|(known, _)| *known == kind) else {
            bail!("no number for {kind:?}");
        };
        let socket = self.0.socket(*number)?;
        socket.set_int(SNDHWM, hwm as i32)?;
        socket.set_int(RCVHWM, hwm as i32)?;
        Ok(ZmqSocket(socket))
    }
}

impl Socket for ZmqSocket {
    async fn bind(&mut self, place: &Place) -> Result<String> {
        self.0.bind(&place.endpoint("*"))
    }

    async fn connect(&mut self, endpoint: &str) -> Result<()> {
        self.0.connect(endpoint)
    }

    async fn subscribe(&mut self, topic: &[u8]) -> Result<()> {
        self.0.set_bytes(SUBSCRIBE, topic)
    }

    fn send(&mut self, body: &[u8]) -> impl Future<Output = Result<()>> + Send {
        ready(self.0.send(body, false))
    }

    fn recv<R: Send>(
        &mut self,
        look: impl FnOnce(&[u8]) -> R + Send,
    ) -> impl Future<Output = Result<R>> + Send {
        ready(loop {
            match self.0.recv() {
                Ok(message) if message.more() => {}
                Ok(message) => break Ok(look(message.as_ref())),
                Err(error) => break Err(error),
            }
        })
    }

    async fn echo(&mut self) -> Result<()> {
        loop {
            let message = self.0.recv()?;
            let more = message.more();
            self.0.send(message.as_ref(), more)?;
            if !more {
                return Ok(());
            }
        }
    }

    fn share(&self) -> Result<Self> {
        Err(unsupported("libzmq's sockets belong to one thread"))
    }

    async fn close(self) -> Result<()> {
        self.0.set_int(LINGER, 0)
    }
}

//! zmq.rs: its async API on tokio's default runtime, default options. Its marks cannot be set.

use std::future::Future;

use anyhow::{Context as _, Result, bail};
use bench_kit::protocol::{Place, Transport};
use bench_kit::{Contestant, Driver, Identity, Kind, Socket, serve, unsupported};
use tokio::runtime::Runtime;
use zeromq::{
    DealerSocket, PubSocket, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket, Socket as _,
    SocketRecv as _, SocketSend as _, SubSocket, ZmqMessage,
};

fn main() {
    let api = "send(bytes.to_vec().into()).await and recv().await on a multi-threaded tokio runtime; its queues hold \
               100,000 messages and cannot be set";
    serve(Ok(Identity { version: None, api }), || Ok(Driver::new(ZmqRs(Runtime::new()?))));
}

struct ZmqRs(Runtime);

enum Handle {
    Push(PushSocket),
    Pull(PullSocket),
    Req(ReqSocket),
    Rep(RepSocket),
    Dealer(DealerSocket),
    Router(RouterSocket),
    Pub(PubSocket),
    Sub(SubSocket),
}

/// The same call for every socket type that has it.
macro_rules! each {
    ($handle:expr, $socket:ident => $call:expr, $($kind:ident),+) => {
        match $handle {
            $(Handle::$kind($socket) => $call,)+
            #[allow(unreachable_patterns)]
            _ => bail!("this socket type does not do that"),
        }
    };
}

impl Contestant for ZmqRs {
    type Socket = Handle;

    fn spawn(&self, lane: impl Future<Output = ()> + Send + 'static, blocks: bool) {
        if blocks {
            let handle = self.0.handle().clone();
            std::thread::spawn(move || handle.block_on(lane));
        } else {
            self.0.spawn(lane);
        }
    }

    async fn socket(&self, kind: Kind, _: u32) -> Result<Handle> {
        Ok(match kind {
            Kind::Push => Handle::Push(PushSocket::new()),
            Kind::Pull => Handle::Pull(PullSocket::new()),
            Kind::Req => Handle::Req(ReqSocket::new()),
            Kind::Rep => Handle::Rep(RepSocket::new()),
            Kind::Dealer => Handle::Dealer(DealerSocket::new()),
            Kind::Router => Handle::Router(RouterSocket::new()),
            Kind::Pub => Handle::Pub(PubSocket::new()),
            Kind::Sub => Handle::Sub(SubSocket::new()),
        })
    }
}

impl Handle {
    async fn receive(&mut self) -> Result<ZmqMessage> {
        Ok(each!(self, socket => socket.recv().await, Pull, Req, Rep, Dealer, Router, Sub)?)
    }
}

impl Socket for Handle {
    async fn bind(&mut self, place: &Place) -> Result<String> {
        if place.transport == Transport::Inproc {
            return Err(unsupported("zmq.rs has no inproc"));
        }
        let endpoint = place.endpoint("0");
        let bound = each!(self, socket => socket.bind(&endpoint).await, Push, Pull, Req, Rep, Dealer, Router, Pub, Sub)?;
        Ok(bound.to_string())
    }

    async fn connect(&mut self, endpoint: &str) -> Result<()> {
        each!(self, socket => socket.connect(endpoint).await, Push, Pull, Req, Rep, Dealer, Router, Pub, Sub)?;
        Ok(())
    }

    async fn subscribe(&mut self, topic: &[u8]) -> Result<()> {
        let topic = std::str::from_utf8(topic).context("zmq.rs subscribes to text")?;
        each!(self, socket => socket.subscribe(topic).await, Sub)?;
        Ok(())
    }

    async fn send(&mut self, body: &[u8]) -> Result<()> {
        let message = ZmqMessage::from(body.to_vec());
        each!(self, socket => socket.send(message).await, Push, Req, Rep, Dealer, Router, Pub)?;
        Ok(())
    }

    async fn recv<R: Send>(&mut self, look: impl FnOnce(&[u8]) -> R + Send) -> Result<R> {
        let message = self.receive().await?;
        Ok(look(message.iter().next_back().map_or(&[], |frame| frame)))
    }

    async fn echo(&mut self) -> Result<()> {
        let message = self.receive().await?;
        each!(self, socket => socket.send(message).await, Rep, Dealer, Router)?;
        Ok(())
    }

    fn share(&self) -> Result<Self> {
        Err(unsupported("zmq.rs's sockets belong to one task"))
    }

    async fn close(self) -> Result<()> {
        each!(self, socket => socket.close().await, Push, Pull, Req, Rep, Dealer, Router, Pub, Sub);
        Ok(())
    }
}

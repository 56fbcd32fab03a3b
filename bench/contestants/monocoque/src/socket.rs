//! One face for monocoque's socket types, each of which is one connection: a bound socket accepts its peer when it is
//! first used, in the thread that uses it.

use std::future::Future;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bench_kit::protocol::{Place, Transport};
use bench_kit::{Body, Kind, Socket, unsupported};
use bytes::Bytes;
use monocoque::rt::{TcpStream, UnixStream, timeout};
use monocoque::zmq::{
    DealerSocket, PubSocket, PullSocket, PushSocket, RepSocket, ReqSocket, RouterSocket, SubSocket,
};
use send_wrapper::SendWrapper;

/// How long a publisher looks for further subscribers when it greets them.
const LOOK: Duration = Duration::from_millis(5);

pub struct Handle {
    kind: Kind,
    state: State,
}

enum State {
    New,
    BoundTcp(TcpListener),
    BoundIpc(UnixListener),
    Open(SendWrapper<Open>),
}

enum Open {
    PushTcp(PushSocket),
    PushIpc(PushSocket<UnixStream>),
    PullTcp(PullSocket),
    PullIpc(PullSocket<UnixStream>),
    ReqTcp(ReqSocket),
    ReqIpc(ReqSocket<UnixStream>),
    RepTcp(RepSocket),
    RepIpc(RepSocket<UnixStream>),
    DealerTcp(DealerSocket),
    DealerIpc(DealerSocket<UnixStream>),
    RouterTcp(RouterSocket),
    RouterIpc(RouterSocket<UnixStream>),
    Pub(PubSocket),
    Sub(SubSocket),
}

/// The same call for every socket type that has it.
macro_rules! each {
    ($open:expr, $socket:ident => $call:expr, $($kind:ident),+) => {
        match $open {
            $(Open::$kind($socket) => $call,)+
            _ => bail!("this socket type does not do that"),
        }
    };
}

impl Handle {
    pub fn new(kind: Kind) -> Self {
        Self { kind, state: State::New }
    }

    /// The connection; a bound socket waits for its peer here.
    async fn open(&mut self) -> Result<&mut Open> {
        let accepted = match &self.state {
            State::BoundTcp(listener) => Some(over_tcp(self.kind, listener.accept()?.0).await?),
            State::BoundIpc(listener) => Some(over_ipc(self.kind, listener.accept()?.0).await?),
            State::New | State::Open(_) => None,
        };
        if let Some(open) = accepted {
            self.state = State::Open(SendWrapper::new(open));
        }
        match &mut self.state {
            State::Open(open) => Ok(open),
            _ => bail!("the socket is neither bound nor connected"),
        }
    }

    async fn receive(&mut self) -> Result<Vec<Bytes>> {
        let received = each!(self.open().await?, socket => socket.recv().await?,
            PullTcp, PullIpc, ReqTcp, ReqIpc, RepTcp, RepIpc, DealerTcp, DealerIpc, RouterTcp, RouterIpc, Sub);
        received.context("the connection ended")
    }

    async fn send_frames(&mut self, frames: Vec<Bytes>) -> Result<()> {
        each!(self.open().await?, socket => Ok(socket.send(frames).await?),
            PushTcp, PushIpc, ReqTcp, ReqIpc, RepTcp, RepIpc, DealerTcp, DealerIpc, RouterTcp, RouterIpc, Pub)
    }

    /// Accepting subscribers is the application's business here: a publisher does it while it greets.
    async fn accept_subscribers(&mut self) -> Result<()> {
        if let Open::Pub(publisher) = self.open().await? {
            while let Ok(accepted) = timeout(LOOK, publisher.accept_subscriber()).await {
                accepted?;
            }
        }
        Ok(())
    }
}

async fn over_tcp(kind: Kind, stream: std::net::TcpStream) -> Result<Open> {
    let stream = TcpStream::from_std(stream)?;
    Ok(match kind {
        Kind::Push => Open::PushTcp(PushSocket::from_tcp(stream).await?),
        Kind::Pull => Open::PullTcp(PullSocket::from_tcp(stream).await?),
        Kind::Req => Open::ReqTcp(ReqSocket::from_tcp(stream).await?),
        Kind::Rep => Open::RepTcp(RepSocket::from_tcp(stream).await?),
        Kind::Dealer => Open::DealerTcp(DealerSocket::from_tcp(stream).await?),
        Kind::Router => Open::RouterTcp(RouterSocket::from_tcp(stream).await?),
        Kind::Sub => Open::Sub(SubSocket::from_tcp(stream).await?),
        Kind::Pub => bail!("a publisher has its own listener"),
    })
}

async fn over_ipc(kind: Kind, stream: std::os::unix::net::UnixStream) -> Result<Open> {
    let stream = UnixStream::from_std(stream)?;
    Ok(match kind {
        Kind::Push => Open::PushIpc(PushSocket::from_unix_stream(stream).await?),
        Kind::Pull => Open::PullIpc(PullSocket::from_unix_stream(stream).await?),
        Kind::Req => Open::ReqIpc(ReqSocket::from_unix_stream(stream).await?),
        Kind::Rep => Open::RepIpc(RepSocket::from_unix_stream(stream).await?),
        Kind::Dealer => Open::DealerIpc(DealerSocket::from_unix_stream(stream).await?),
        Kind::Router => Open::RouterIpc(RouterSocket::from_unix_stream(stream).await?),
        Kind::Pub | Kind::Sub => return Err(unsupported("monocoque's PUB and SUB take part over TCP only")),
    })
}

/// The futures never leave the thread that made them; the wrapper says so to the compiler and checks it.
fn local<T>(future: impl Future<Output = T>) -> impl Future<Output = T> + Send {
    SendWrapper::new(future)
}

impl Socket for Handle {
    fn bind(&mut self, place: &Place) -> impl Future<Output = Result<String>> + Send {
        local(async move {
            match (place.transport, self.kind) {
                (Transport::Inproc, _) => Err(unsupported("monocoque's inproc is its own API")),
                (Transport::Tcp, Kind::Pub) => {
                    let publisher = PubSocket::bind("127.0.0.1:0").await?;
                    let endpoint = format!("tcp://{}", publisher.local_addr()?);
                    self.state = State::Open(SendWrapper::new(Open::Pub(publisher)));
                    Ok(endpoint)
                }
                (Transport::Tcp, _) => {
                    let listener = TcpListener::bind("127.0.0.1:0")?;
                    let endpoint = format!("tcp://{}", listener.local_addr()?);
                    self.state = State::BoundTcp(listener);
                    Ok(endpoint)
                }
                (Transport::Ipc, _) => {
                    self.state = State::BoundIpc(UnixListener::bind(&place.name)?);
                    Ok(place.endpoint(""))
                }
            }
        })
    }

    fn connect(&mut self, endpoint: &str) -> impl Future<Output = Result<()>> + Send {
        local(async move {
            if matches!(self.state, State::Open(_)) {
                return Err(unsupported("a socket of monocoque is one connection"));
            }
            let open = match endpoint.split_once("://") {
                Some(("tcp", address)) => over_tcp(self.kind, std::net::TcpStream::connect(address)?).await?,
                Some(("ipc", path)) => {
                    over_ipc(self.kind, std::os::unix::net::UnixStream::connect(path)?).await?
                }
                _ => bail!("{endpoint} is no endpoint"),
            };
            self.state = State::Open(SendWrapper::new(open));
            Ok(())
        })
    }

    fn subscribe(&mut self, topic: &[u8]) -> impl Future<Output = Result<()>> + Send {
        local(async move { each!(self.open().await?, socket => Ok(socket.subscribe(topic).await?), Sub) })
    }

    fn send(&mut self, body: &[u8]) -> impl Future<Output = Result<()>> + Send {
        local(async move {
            if self.kind == Kind::Pub && Body::is_hello(body) {
                self.accept_subscribers().await?;
            }
            self.send_frames(vec![Bytes::copy_from_slice(body)]).await
        })
    }

    fn recv<R: Send>(
        &mut self,
        look: impl FnOnce(&[u8]) -> R + Send,
    ) -> impl Future<Output = Result<R>> + Send {
        local(async move {
            let message = self.receive().await?;
            Ok(look(message.last().map_or(&[], |frame| frame)))
        })
    }

    fn echo(&mut self) -> impl Future<Output = Result<()>> + Send {
        local(async move {
            let message = self.receive().await?;
            self.send_frames(message).await
        })
    }

    fn share(&self) -> Result<Self> {
        Err(unsupported("monocoque's sockets belong to one thread"))
    }

    fn close(self) -> impl Future<Output = Result<()>> + Send {
        local(async move {
            drop(self);
            Ok(())
        })
    }
}

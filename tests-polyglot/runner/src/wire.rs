//! A raw connection to a bound endpoint, for input that no honest peer would send.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// A stream of either transport.
#[derive(Debug)]
pub(crate) enum Wire {
    /// tcp.
    Tcp(TcpStream),
    /// ipc.
    Ipc(UnixStream),
}

/// What the other end did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// It closed or reset the connection.
    Closed,
    /// The connection is still there.
    Open,
}

impl Wire {
    /// Connects to `tcp://…` or `ipc://…`.
    pub(crate) fn connect(endpoint: &str) -> Result<Self> {
        let wire = match endpoint.split_once("://") {
            Some(("tcp", address)) => Self::Tcp(TcpStream::connect(address).context("connect")?),
            Some(("ipc", path)) => Self::Ipc(UnixStream::connect(path).context("connect")?),
            _ => bail!("{endpoint}: neither tcp nor ipc"),
        };
        match &wire {
            Self::Tcp(stream) => stream.set_write_timeout(Some(Duration::from_secs(5)))?,
            Self::Ipc(stream) => stream.set_write_timeout(Some(Duration::from_secs(5)))?,
        }
        Ok(wire)
    }

    /// Accepts a connection that must come in time.
    pub(crate) fn accept(listener: &TcpListener, limit: Duration) -> Result<Self> {
        let deadline = Instant::now() + limit;
        listener.set_nonblocking(true)?;
        loop {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(false)?;
                    stream.set_write_timeout(Some(Duration::from_secs(5)))?;
                    return Ok(Self::Tcp(stream));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock && Instant::now() < deadline => {
                    std::thread::yield_now();
                }
                Err(error) => return Err(error).context("accept"),
            }
        }
    }

    /// An honest ZMTP 3.1 handshake with the NULL mechanism as a socket of this type.
    pub(crate) fn handshake(&mut self, socket_type: &str) -> Result<()> {
        let mut opening = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
        opening.resize(64, 0);
        let mut ready = b"\x05READY\x0bSocket-Type".to_vec();
        ready.extend(u32::try_from(socket_type.len())?.to_be_bytes());
        ready.extend(socket_type.as_bytes());
        opening.extend([4, u8::try_from(ready.len())?]);
        opening.extend(ready);
        self.stream().write_all(&opening).context("write the handshake")?;
        self.read_timeout(Duration::from_secs(5))?;
        let mut answer = [0; 66];
        self.stream().read_exact(&mut answer).context("read the greeting")?;
        let mut ready = vec![0; usize::from(answer[65])];
        self.stream().read_exact(&mut ready).context("read READY")?;
        if !ready.starts_with(b"\x05READY") {
            bail!("the handshake was answered with {ready:02x?}");
        }
        Ok(())
    }

    /// Writes what the other end will take; one that closes in the middle is what many inputs are for.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        match self.stream().write_all(bytes) {
            Ok(()) => Ok(()),
            Err(error) if gone(error.kind()) => Ok(()),
            Err(error) => Err(error).context("write"),
        }
    }

    /// Reads and throws away until the other end closes or the time is up.
    pub(crate) fn reaction(&mut self, limit: Duration) -> Result<Reaction> {
        let deadline = Instant::now() + limit;
        let mut buffer = [0; 4096];
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.read_timeout(left)?;
            match self.stream().read(&mut buffer) {
                Ok(0) => return Ok(Reaction::Closed),
                Ok(_) if Instant::now() < deadline => {}
                Ok(_) => return Ok(Reaction::Open),
                Err(error) if gone(error.kind()) => return Ok(Reaction::Closed),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Ok(Reaction::Open);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("read"),
            }
        }
    }

    fn read_timeout(&self, limit: Duration) -> Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(Some(limit)),
            Self::Ipc(stream) => stream.set_read_timeout(Some(limit)),
        }
        .context("set a read timeout")
    }

    fn stream(&mut self) -> &mut dyn Stream {
        match self {
            Self::Tcp(stream) => stream,
            Self::Ipc(stream) => stream,
        }
    }
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn gone(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)
}

//! A connection over TCP or a Unix socket, bound or connected as the job says.

use std::io::{Read, Result as IoResult, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};

use anyhow::{Context, Result, bail};
use bench_kit::protocol::{Job, Transport};
use bench_kit::{Control, announce, unsupported};

pub trait Stream: Read + Write + Send {
    fn set_nonblocking(&self, yes: bool) -> IoResult<()>;
}

macro_rules! stream {
    ($($type:ty),+) => {
        $(impl Stream for $type {
            fn set_nonblocking(&self, yes: bool) -> IoResult<()> {
                <$type>::set_nonblocking(self, yes)
            }
        })+
    };
}

stream!(TcpStream, UnixStream);

/// Binds, tells where, and waits for the peer.
pub fn accept(job: &Job, control: &Control) -> Result<Box<dyn Stream>> {
    match job.place.transport {
        Transport::Tcp => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            announce(vec![listener.local_addr()?.to_string()]);
            control.ready();
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream))
        }
        Transport::Ipc => {
            let listener = UnixListener::bind(&job.place.name)?;
            announce(vec![job.place.name.clone()]);
            control.ready();
            Ok(Box::new(listener.accept()?.0))
        }
        Transport::Inproc => Err(unsupported("plain sockets have no inproc")),
    }
}

/// Connects; the endpoint may be written as a library's.
pub fn connect(job: &Job) -> Result<Box<dyn Stream>> {
    let endpoint = job.endpoints.first().context("nowhere to connect to")?;
    let endpoint = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, address)| address);
    Ok(match job.place.transport {
        Transport::Tcp => {
            let stream = TcpStream::connect(endpoint)?;
            stream.set_nodelay(true)?;
            Box::new(stream)
        }
        Transport::Ipc => Box::new(UnixStream::connect(endpoint)?),
        Transport::Inproc => bail!("plain sockets have no inproc"),
    })
}

/// Waits for the harness.
pub fn wait_for_go(control: &Control) {
    pollster::block_on(control.go());
}

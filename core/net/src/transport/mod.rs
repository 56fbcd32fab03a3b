//! Turning endpoints into streams: what differs between tcp and ipc, and nothing else.
//!
//! A new transport adds a file here, a variant of [`Endpoint`] in the grammar, and a row in `core/spec`.

mod ipc;
mod tcp;

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;

use ohmq_proto::endpoint::{Endpoint, TcpAddress, TcpHost};
use socket2::{SockAddr, Socket};

use crate::config::{LinkConfig, StreamOptions};
use crate::stream::Stream;
pub use ipc::BoundFile;

/// A bound, listening socket. Dropping it closes it and removes the file of an ipc path.
#[derive(Debug)]
pub struct Listener {
    file: Option<Arc<BoundFile>>,
    socket: Socket,
    tcp: bool,
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Before the socket is closed, as the fields are dropped after this.
        if let Some(file) = &self.file {
            file.remove();
        }
    }
}

/// What [`bind`] made.
#[derive(Debug)]
pub struct Bound {
    /// To be given to [`crate::Handle::listen`].
    pub listener: Listener,
    /// The endpoint with wildcards resolved: what `connect` elsewhere and `unbind` here want.
    pub endpoint: String,
    /// The file of an ipc path, for who unbinds it and cannot wait for the listener's end.
    pub file: Option<Arc<BoundFile>>,
}

/// Binds a tcp or ipc endpoint and listens on it. Does not block, except for looking a host name up.
///
/// # Errors
///
/// What the operating system reports; `InvalidInput` for an endpoint of a transport that has no listener.
pub fn bind(endpoint: &Endpoint, config: &LinkConfig) -> io::Result<Bound> {
    let bound = match endpoint {
        Endpoint::Tcp(tcp) => tcp::bind(&tcp.address, config)?,
        Endpoint::Ipc(ipc) => ipc::bind(ipc, config)?,
        _ => return Err(io::ErrorKind::InvalidInput.into()),
    };
    Ok(bound)
}

impl Listener {
    /// The next connection, or `None` when nobody waits.
    pub(crate) fn accept(&self, options: &StreamOptions) -> io::Result<Option<Stream>> {
        loop {
            match self.socket.accept() {
                Ok((socket, _)) => {
                    socket.set_nonblocking(true)?;
                    if self.tcp {
                        tcp::tune(&socket, options);
                    }
                    buffers(&socket, options);
                    return Ok(Some(Stream::new(socket)));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if gone_already(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// The peer gave up between its connect and our accept; nothing is wrong with the listener.
fn gone_already(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted)
}

/// How the address of a peer is found.
pub(crate) enum Lookup {
    Unix(SockAddr),
    Addresses(Vec<SocketAddr>),
    /// Must be asked of the system, which may block.
    Name(Query),
}

/// A host name to look up.
pub(crate) struct Query {
    host: String,
    port: u16,
    ipv6: bool,
}

impl Query {
    /// Asks the system; blocks for as long as that takes.
    pub(crate) fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        tcp::resolve(&self.host, self.port, self.ipv6)
    }
}

/// Finds the address of `target`, or says what has to be asked.
pub(crate) fn lookup(target: &Endpoint, ipv6: bool) -> Lookup {
    match target {
        Endpoint::Tcp(tcp) => match &tcp.address {
            TcpAddress { host: TcpHost::Name(host), port } => {
                Lookup::Name(Query { host: host.clone(), port: *port, ipv6 })
            }
            address => Lookup::Addresses(tcp::literal(address).into_iter().collect()),
        },
        Endpoint::Ipc(ipc) => match ipc::address(ipc) {
            Some(address) => Lookup::Unix(address),
            None => Lookup::Addresses(Vec::new()),
        },
        _ => Lookup::Addresses(Vec::new()),
    }
}

/// A connect that was started.
pub(crate) enum Begun {
    Done(Stream),
    /// Writable once it is decided; see [`connected`].
    Pending(Socket),
}

/// Starts connecting to one address of a tcp target.
pub(crate) fn begin_tcp(target: &Endpoint, address: SocketAddr, config: &LinkConfig) -> io::Result<Begun> {
    let socket = tcp::dial_socket(target, address, config)?;
    begin(socket, &address.into())
}

/// Starts connecting to a Unix-domain socket.
pub(crate) fn begin_unix(address: &SockAddr, options: &StreamOptions) -> io::Result<Begun> {
    let socket = Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    buffers(&socket, options);
    begin(socket, address)
}

/// Whether a pending connect has succeeded; `false` while it is undecided.
pub(crate) fn connected(socket: &Socket) -> io::Result<bool> {
    if let Some(error) = socket.take_error()? {
        return Err(error);
    }
    match socket.peer_addr() {
        Ok(peer) => {
            // A connect to an ephemeral port of this host can meet itself (simultaneous open): that is not a peer.
            let itself = socket.local_addr().is_ok_and(|local| local.as_socket().is_some() && local == peer);
            if itself { Err(io::ErrorKind::ConnectionRefused.into()) } else { Ok(true) }
        }
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}

fn begin(socket: Socket, address: &SockAddr) -> io::Result<Begun> {
    match socket.connect(address) {
        Ok(()) => Ok(Begun::Done(Stream::new(socket))),
        Err(error) if in_progress(&error) => Ok(Begun::Pending(socket)),
        Err(error) => Err(error),
    }
}

fn in_progress(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

/// Kernel buffers; a size the kernel refuses is not worth failing for.
fn buffers(socket: &Socket, options: &StreamOptions) {
    if let Some(size) = options.send_buffer {
        let _ = socket.set_send_buffer_size(size);
    }
    if let Some(size) = options.recv_buffer {
        let _ = socket.set_recv_buffer_size(size);
    }
}

//! TCP ports that are free now and stay free: for endpoints that must be known before anything is bound to them.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result};
use socket2::{Domain, Socket, Type};

/// A loopback port held by a bound socket that never listens.
///
/// Linux lets another socket bind to the same port when both set SO_REUSEADDR and neither listens, and gives the port to
/// nobody as a source port meanwhile, so neither a stranger nor a connector's own ephemeral port can take it.
#[derive(Debug)]
pub(crate) struct ReservedPort {
    number: u16,
    _holder: Socket,
}

impl ReservedPort {
    /// Takes a port of the system's choice.
    pub(crate) fn new() -> Result<Self> {
        let holder = Socket::new(Domain::IPV4, Type::STREAM, None).context("reserve a port")?;
        holder.set_reuse_address(true)?;
        holder.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        let address = holder.local_addr()?.as_socket_ipv4().context("reserve a port: no address")?;
        Ok(Self { number: address.port(), _holder: holder })
    }

    /// The port.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

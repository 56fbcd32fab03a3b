//! Endpoint text: `tcp://`, `ipc://` and `inproc://`, read by role because binding and connecting accept different things.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use ohmq_spec::ErrorCode;

/// Longest ipc path or abstract name, in bytes: `sun_path` has 108 and one is the terminator or the abstract mark.
pub const MAX_IPC: usize = 107;

/// A parsed endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `tcp://…`
    Tcp(TcpEndpoint),
    /// `ipc://…`
    Ipc(IpcEndpoint),
    /// `inproc://name`
    Inproc(String),
}

/// Where to listen, or whom to call and from where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TcpEndpoint {
    /// Connect only: the local address to call from.
    pub source: Option<TcpAddress>,
    /// The address to listen on, or the peer's.
    pub address: TcpAddress,
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TcpAddress {
    /// The host.
    pub host: TcpHost,
    /// The port; 0 lets the system choose (bind and source only).
    pub port: u16,
}

/// The host part of a tcp endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TcpHost {
    /// `*`: every local address (bind and source only).
    Any,
    /// An IPv4 literal.
    V4(Ipv4Addr),
    /// An IPv6 literal, with the interface name or index behind `%` if there is one.
    V6(Ipv6Addr, Option<String>),
    /// A network interface's name (bind and source) or a host name, to be resolved by the engine.
    Name(String),
}

/// The address part of an ipc endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum IpcEndpoint {
    /// A path in the file system, at most [`MAX_IPC`] bytes.
    Path(String),
    /// A name in the abstract namespace, without the `@`.
    Abstract(String),
    /// `*`: a fresh path in a private folder, chosen by the engine (bind only).
    Temporary,
}

/// Why a text is not an endpoint for its role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", .code.name())]
pub struct EndpointError {
    /// `Einval`, `Eprotonosupport` or `Enametoolong`.
    pub code: ErrorCode,
    /// What is wrong, in words.
    pub reason: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Bind,
    Connect,
    Source,
}

type Result<T> = std::result::Result<T, EndpointError>;

impl Endpoint {
    /// Reads an endpoint to bind.
    pub fn parse_bind(text: &str) -> Result<Self> {
        Self::parse(text, Role::Bind)
    }

    /// Reads an endpoint to connect to.
    pub fn parse_connect(text: &str) -> Result<Self> {
        Self::parse(text, Role::Connect)
    }

    /// The part before `://`.
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::Tcp(_) => "tcp",
            Self::Ipc(_) => "ipc",
            Self::Inproc(_) => "inproc",
        }
    }

    fn parse(text: &str, role: Role) -> Result<Self> {
        let Some((scheme, address)) = text.split_once("://") else {
            return invalid("an endpoint is TRANSPORT://ADDRESS");
        };
        if scheme.is_empty() || address.is_empty() {
            return invalid("the transport or the address is empty");
        }
        if text.contains('\0') {
            return invalid("an endpoint cannot contain a NUL byte");
        }
        match scheme {
            "tcp" => Ok(Self::Tcp(parse_tcp(address, role)?)),
            "ipc" => Ok(Self::Ipc(parse_ipc(address, role)?)),
            "inproc" => Ok(Self::Inproc(address.to_owned())),
            "udp" | "ws" | "wss" | "pgm" | "epgm" | "norm" | "tipc" | "vmci" | "vsock" => refuse(
                ErrorCode::Eprotonosupport,
                "this transport is not implemented; tcp, ipc and inproc are",
            ),
            _ => refuse(ErrorCode::Eprotonosupport, "unknown transport; tcp, ipc and inproc are known"),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(TcpEndpoint { source: Some(source), address }) => write!(f, "tcp://{source};{address}"),
            Self::Tcp(TcpEndpoint { source: None, address }) => write!(f, "tcp://{address}"),
            Self::Ipc(IpcEndpoint::Path(path)) => write!(f, "ipc://{path}"),
            Self::Ipc(IpcEndpoint::Abstract(name)) => write!(f, "ipc://@{name}"),
            Self::Ipc(IpcEndpoint::Temporary) => f.write_str("ipc://*"),
            Self::Inproc(name) => write!(f, "inproc://{name}"),
        }
    }
}

impl fmt::Display for TcpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            TcpHost::Any => f.write_str("*")?,
            TcpHost::V4(address) => write!(f, "{address}")?,
            TcpHost::V6(address, None) => write!(f, "[{address}]")?,
            TcpHost::V6(address, Some(zone)) => write!(f, "[{address}%{zone}]")?,
            TcpHost::Name(name) => f.write_str(name)?,
        }
        write!(f, ":{}", self.port)
    }
}

fn parse_tcp(text: &str, role: Role) -> Result<TcpEndpoint> {
    match text.split_once(';') {
        Some(_) if role == Role::Bind => invalid("a source address is for connecting only"),
        Some((source, address)) => Ok(TcpEndpoint {
            source: Some(parse_address(source, Role::Source)?),
            address: parse_address(address, role)?,
        }),
        None => Ok(TcpEndpoint { source: None, address: parse_address(text, role)? }),
    }
}

fn parse_address(text: &str, role: Role) -> Result<TcpAddress> {
    let Some((host, port)) = text.rsplit_once(':') else { return invalid("a tcp address is HOST:PORT") };
    Ok(TcpAddress { host: parse_host(host, role)?, port: parse_port(port, role)? })
}

/// Unlike libzmq, trailing text and numbers above 65535 are errors: wrapping a port only hides a mistake.
fn parse_port(text: &str, role: Role) -> Result<u16> {
    if text == "*" && role != Role::Connect {
        return Ok(0);
    }
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return invalid(match role {
            Role::Connect => "the port must be a number",
            _ => "the port must be a number or *",
        });
    }
    match text.parse() {
        Ok(0) if role == Role::Connect => invalid("port 0 cannot be connected to"),
        Ok(port) => Ok(port),
        Err(_) => invalid("the port is larger than 65535"),
    }
}

fn parse_host(text: &str, role: Role) -> Result<TcpHost> {
    if text.is_empty() {
        return invalid("the host is empty");
    }
    if text == "*" {
        return match role {
            Role::Connect => invalid("* cannot be connected to"),
            _ => Ok(TcpHost::Any),
        };
    }
    if text.contains(['[', ']', ':', '%']) {
        return parse_v6(text);
    }
    if let Ok(address) = text.parse() {
        return Ok(TcpHost::V4(address));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return invalid("the host is not a valid IPv4 address");
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if text.len() > 253 || !text.bytes().all(allowed) || text.starts_with(['-', '.']) {
        return invalid("the host is neither an address nor a possible name");
    }
    Ok(TcpHost::Name(text.to_owned()))
}

/// `[address]`, `[address%zone]`, `[address]%zone`, or without brackets as libzmq accepts it.
fn parse_v6(text: &str) -> Result<TcpHost> {
    let (inner, outer_zone) = match text.strip_prefix('[') {
        None => (text, None),
        Some(rest) => match rest.split_once(']') {
            Some((inner, "")) => (inner, None),
            Some((inner, zone)) if zone.starts_with('%') => (inner, zone.strip_prefix('%')),
            _ => return invalid("the brackets around the IPv6 address do not match"),
        },
    };
    let (address, inner_zone) = match inner.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (inner, None),
    };
    let zone = match (inner_zone, outer_zone) {
        (Some(_), Some(_)) => return invalid("the IPv6 address has two zones"),
        (zone, None) | (None, zone) => zone,
    };
    let possible = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if zone.is_some_and(|zone| zone.is_empty() || !zone.bytes().all(possible)) {
        return invalid("the IPv6 zone is neither an interface name nor an index");
    }
    match address.parse() {
        Ok(address) => Ok(TcpHost::V6(address, zone.map(str::to_owned))),
        Err(_) => invalid("the host is not a valid IPv6 address"),
    }
}

fn parse_ipc(text: &str, role: Role) -> Result<IpcEndpoint> {
    match (text, text.strip_prefix('@')) {
        ("*", _) if role == Role::Bind => Ok(IpcEndpoint::Temporary),
        ("*", _) => invalid("* cannot be connected to"),
        (_, Some("")) => invalid("the abstract name is empty"),
        (_, Some(name)) if name.len() > MAX_IPC => too_long("the abstract name is longer than 107 bytes"),
        (_, Some(name)) => Ok(IpcEndpoint::Abstract(name.to_owned())),
        (path, None) if path.len() > MAX_IPC => too_long("the path is longer than 107 bytes"),
        (path, None) => Ok(IpcEndpoint::Path(path.to_owned())),
    }
}

fn invalid<T>(reason: &'static str) -> Result<T> {
    refuse(ErrorCode::Einval, reason)
}

fn too_long<T>(reason: &'static str) -> Result<T> {
    refuse(ErrorCode::Enametoolong, reason)
}

fn refuse<T>(code: ErrorCode, reason: &'static str) -> Result<T> {
    Err(EndpointError { code, reason })
}

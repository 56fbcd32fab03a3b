//! tcp: addresses, listening, and the options of a stream.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, ToSocketAddrs};

use ohmq_proto::endpoint::{Endpoint, TcpAddress, TcpHost};
use rustix::io::Errno;
use socket2::{Domain, SockAddr, Socket, TcpKeepalive, Type};

use super::{Bound, Listener, buffers};
use crate::config::{LinkConfig, StreamOptions};

pub(super) fn bind(address: &TcpAddress, config: &LinkConfig) -> io::Result<Bound> {
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for candidate in local(address, config.ipv6)? {
        match listen(candidate, config) {
            Ok(bound) => return Ok(bound),
            // The system does not have this address; one that it has and that is in use is the answer.
            Err(error) if is_missing(&error) => failure = error,
            Err(error) => return Err(error),
        }
    }
    Err(failure)
}

fn is_missing(error: &io::Error) -> bool {
    [Errno::AFNOSUPPORT, Errno::ADDRNOTAVAIL]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn listen(address: SocketAddr, config: &LinkConfig) -> io::Result<Bound> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        // ZMQ_IPV6 means both families, as far as the system allows.
        let _ = socket.set_only_v6(false);
    }
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    // A listener's buffer sizes are inherited before the handshake that announces the window.
    buffers(&socket, &config.stream);
    socket.bind(&address.into())?;
    socket.listen(config.backlog)?;
    let endpoint = name(&socket.local_addr()?);
    Ok(Bound { listener: Listener { socket, tcp: true, file: None }, endpoint, file: None })
}

/// The local addresses an endpoint names. An interface's name goes before a host's.
fn local(address: &TcpAddress, ipv6: bool) -> io::Result<Vec<SocketAddr>> {
    if let Some(literal) = literal(address) {
        return Ok(vec![literal]);
    }
    match &address.host {
        // Without IPv6 in the kernel the second one works.
        TcpHost::Any if ipv6 => Ok(vec![
            SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), address.port),
            SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port),
        ]),
        TcpHost::Name(name) => {
            let interface: Vec<_> = if_addrs::get_if_addrs()?
                .into_iter()
                .filter(|interface| interface.name == *name && (ipv6 || interface.ip().is_ipv4()))
                .map(|interface| SocketAddr::new(interface.ip(), address.port))
                .collect();
            if !interface.is_empty() {
                return Ok(interface);
            }
            resolve(name, address.port, ipv6).map_err(|_| {
                io::Error::new(io::ErrorKind::NotFound, format!("no interface or host is called {name}"))
            })
        }
        _ => Ok(vec![SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port)]),
    }
}

/// The address of an endpoint that needs no looking up.
pub(super) fn literal(address: &TcpAddress) -> Option<SocketAddr> {
    match &address.host {
        TcpHost::V4(host) => Some(SocketAddr::new((*host).into(), address.port)),
        TcpHost::V6(host, zone) => {
            let scope = zone.as_deref().map_or(0, scope_id);
            Some(SocketAddrV6::new(*host, address.port, 0, scope).into())
        }
        TcpHost::Any | TcpHost::Name(_) => None,
    }
}

/// `%3` or `%eth0`; an interface that does not exist is left to the system to refuse.
fn scope_id(zone: &str) -> u32 {
    if let Ok(index) = zone.parse() {
        return index;
    }
    let Ok(interfaces) = if_addrs::get_if_addrs() else { return u32::MAX };
    interfaces
        .iter()
        .find(|interface| interface.name == zone)
        .and_then(|found| found.index)
        .unwrap_or(u32::MAX)
}

/// Asks the system for a host's addresses. Without `ZMQ_IPV6` only IPv4 ones; with it all, in the system's order.
pub(super) fn resolve(host: &str, port: u16, ipv6: bool) -> io::Result<Vec<SocketAddr>> {
    let found: Vec<_> = (host, port).to_socket_addrs()?.filter(|address| ipv6 || address.is_ipv4()).collect();
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address of this family")));
    }
    Ok(found)
}

/// A socket ready to connect: tuned, and bound to the source address if the endpoint names one.
pub(super) fn dial_socket(target: &Endpoint, address: SocketAddr, config: &LinkConfig) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    tune(&socket, &config.stream);
    buffers(&socket, &config.stream);
    if let Endpoint::Tcp(tcp) = target
        && let Some(source) = &tcp.source
    {
        // Several connections may share one source port.
        socket.set_reuse_address(true)?;
        let family = |candidate: &SocketAddr| candidate.is_ipv6() == address.is_ipv6();
        let unspecified = match address.ip() {
            IpAddr::V4(_) => SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), source.port),
            IpAddr::V6(_) => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), source.port),
        };
        let found = local(source, config.ipv6)?.into_iter().find(family);
        let any = (source.host == TcpHost::Any).then_some(unspecified);
        // Without one of this family the peer's next address may do.
        let source = found.or(any).ok_or(io::ErrorKind::AddrNotAvailable)?;
        socket.bind(&source.into())?;
    }
    Ok(socket)
}

/// The options of a stream. One the kernel refuses is not worth losing the connection for.
pub(super) fn tune(socket: &Socket, options: &StreamOptions) {
    let _ = socket.set_tcp_nodelay(true);
    if options.tos != 0 {
        // A stream of one family refuses the other's; one of both, on an IPv6 socket, wants each.
        let _ = socket.set_tos_v4(options.tos);
        let _ = socket.set_tclass_v6(options.tos);
    }
    match options.keepalive {
        None => {}
        Some(false) => {
            let _ = socket.set_keepalive(false);
        }
        Some(true) => {
            let mut keepalive = TcpKeepalive::new();
            if let Some(idle) = options.keepalive_idle {
                keepalive = keepalive.with_time(idle);
            }
            if let Some(interval) = options.keepalive_interval {
                keepalive = keepalive.with_interval(interval);
            }
            if let Some(count) = options.keepalive_count {
                keepalive = keepalive.with_retries(count);
            }
            let _ = socket.set_keepalive(true);
            let _ = socket.set_tcp_keepalive(&keepalive);
        }
    }
}

fn name(address: &SockAddr) -> String {
    match address.as_socket() {
        Some(address) => format!("tcp://{address}"),
        None => "tcp://".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Reconnect;

    fn config() -> LinkConfig {
        LinkConfig {
            connection: ohmq_proto::connection::ConnectionConfig::new(ohmq_spec::SocketType::Pull),
            stream: StreamOptions::default(),
            reconnect: Reconnect { interval: None, maximum: None },
            connect_timeout: None,
            send_hwm: 0,
            recv_hwm: 0,
            messages_are_events: false,
            backlog: 1,
            ipv6: true,
        }
    }

    /// A system without IPv6 has nothing of what is tested here.
    fn ipv6_socket() -> Option<Socket> {
        let socket = Socket::new(Domain::IPV6, Type::STREAM, None).ok()?;
        socket.set_only_v6(true).ok()?;
        socket.bind(&SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 0).into()).ok()?;
        Some(socket)
    }

    #[test]
    fn a_type_of_service_is_set_for_either_family() {
        let options = StreamOptions { tos: 0x28, ..StreamOptions::default() };
        let v4 = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        tune(&v4, &options);
        assert_eq!(v4.tos_v4().unwrap(), 0x28);
        let Some(v6) = ipv6_socket() else { return };
        tune(&v6, &options);
        assert_eq!(v6.tclass_v6().unwrap(), 0x28);
    }

    #[test]
    fn a_source_address_of_the_other_family_is_not_replaced() {
        let dial = |text, address| {
            let target = Endpoint::parse_connect(text).unwrap();
            let bound = dial_socket(&target, address, &config())?.local_addr()?;
            io::Result::Ok(bound.as_socket().unwrap().ip())
        };
        let v4 = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 9);
        let v6 = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), 9);
        let missing = |result: io::Result<_>| result.unwrap_err().kind() == io::ErrorKind::AddrNotAvailable;
        assert!(missing(dial("tcp://[::1]:0;localhost:9", v4)));
        assert_eq!(dial("tcp://127.0.0.1:0;localhost:9", v4).unwrap(), Ipv4Addr::LOCALHOST);
        assert_eq!(dial("tcp://*:0;localhost:9", v4).unwrap(), Ipv4Addr::UNSPECIFIED);
        if ipv6_socket().is_some() {
            assert!(missing(dial("tcp://127.0.0.1:0;localhost:9", v6)));
            assert_eq!(dial("tcp://*:0;localhost:9", v6).unwrap(), Ipv6Addr::UNSPECIFIED);
        }
    }

    #[test]
    fn an_address_in_use_is_not_exchanged_for_another() {
        let Some(first) = ipv6_socket() else { return };
        first.listen(1).unwrap();
        let port = first.local_addr().unwrap().as_socket().unwrap().port();
        let error = bind(&TcpAddress { host: TcpHost::Any, port }, &config()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    }
}

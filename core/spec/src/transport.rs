//! The transports: schemes, and which socket types may use them.

use crate::SocketType::{
    self, Channel, Client, Dealer, Dgram, Dish, Gather, Pair, Peer, Pub, Pull, Push, Radio, Rep, Req, Router,
    Scatter, Server, Stream, Sub, XPub, XSub,
};
use crate::option::Applies::{self, All, Only};

/// One row of the transport table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransportRow {
    /// What stands before `://` in an endpoint.
    pub scheme: &'static str,
    /// What `zmq_has` answers to; `None` when libzmq has no such question.
    pub capability: Option<&'static str>,
    /// The socket types that may bind to it; others answer `ENOCOMPATPROTO`.
    pub binds: Applies,
    /// The socket types that may connect to it; others answer `ENOCOMPATPROTO`.
    pub connects: Applies,
    /// Whether socket monitors report its connections.
    pub monitored: bool,
    /// Whether libzmq builds it without its draft switch.
    pub stable: bool,
    /// Whether the engine implements it; any other answers `EPROTONOSUPPORT`.
    pub implemented: bool,
    /// What it is, in one line.
    pub doc: &'static str,
}

/// Every type but DGRAM, which only makes sense with datagrams.
const STREAMS: Applies = Only(&[
    Pair, Pub, Sub, Req, Rep, Dealer, Router, Pull, Push, XPub, XSub, Stream, Server, Client, Radio, Dish,
    Gather, Scatter, Peer, Channel,
]);
const PUBSUB: Applies = Only(&[Pub, Sub, XPub, XSub]);

table! {
    /// How bytes travel. Each transport is one row.
    Transport: TransportRow;

    /// TCP over IPv4 or IPv6: `tcp://host:port`.
    Tcp = row("tcp", STREAMS).implemented();
    /// Unix domain sockets: `ipc://path`, or `ipc://@name` without a file (Linux).
    Ipc = row("ipc", STREAMS).capability("ipc").implemented();
    /// Between the sockets of one context, without the network: `inproc://name`.
    Inproc = row("inproc", All).unmonitored().implemented();
    /// Datagrams, unicast or multicast: `udp://group:port`.
    Udp = row("udp", Only(&[Dish, Dgram])).connects(Only(&[Radio])).unmonitored().draft();
    /// WebSocket: `ws://host:port/path`.
    Ws = row("ws", STREAMS).capability("WS").draft();
    /// WebSocket over TLS: `wss://host:port/path`.
    Wss = row("wss", STREAMS).capability("WSS").draft();
    /// Reliable multicast directly over IP: `pgm://interface;group:port`.
    Pgm = row("pgm", PUBSUB).capability("pgm").unmonitored();
    /// Reliable multicast over UDP: `epgm://interface;group:port`.
    Epgm = row("epgm", PUBSUB).unmonitored();
    /// Reliable multicast with repair by negative acknowledgement: `norm://interface;group:port`.
    Norm = row("norm", PUBSUB).capability("norm").unmonitored();
    /// Messages between the nodes of a Linux cluster: `tipc://{type,instance}`.
    Tipc = row("tipc", STREAMS).capability("tipc");
    /// Between the virtual machines of a VMware host: `vmci://id:port`.
    Vmci = row("vmci", STREAMS).capability("vmci");
    /// Between a Linux host and its virtual machines: `vsock://id:port`.
    Vsock = row("vsock", STREAMS).capability("vsock");
}

impl Transport {
    /// What stands before `://` in an endpoint.
    pub const fn scheme(self) -> &'static str {
        self.row().scheme
    }

    /// The transport with this scheme.
    pub fn from_scheme(scheme: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|each| each.scheme() == scheme)
    }

    /// Whether the engine implements it.
    pub const fn implemented(self) -> bool {
        self.row().implemented
    }

    /// Whether a socket of this type may bind to it.
    pub fn binds(self, socket_type: SocketType) -> bool {
        self.row().binds.to(socket_type)
    }

    /// Whether a socket of this type may connect to it.
    pub fn connects(self, socket_type: SocketType) -> bool {
        self.row().connects.to(socket_type)
    }
}

const fn row(scheme: &'static str, sockets: Applies) -> TransportRow {
    TransportRow {
        scheme,
        capability: None,
        binds: sockets,
        connects: sockets,
        monitored: true,
        stable: true,
        implemented: false,
        doc: "",
    }
}

impl TransportRow {
    const fn capability(self, name: &'static str) -> Self {
        Self { capability: Some(name), ..self }
    }

    const fn connects(self, connects: Applies) -> Self {
        Self { connects, ..self }
    }

    const fn unmonitored(self) -> Self {
        Self { monitored: false, ..self }
    }

    const fn draft(self) -> Self {
        Self { stable: false, ..self }
    }

    const fn implemented(self) -> Self {
        Self { implemented: true, ..self }
    }

    const fn doc(self, doc: &'static str) -> Self {
        Self { doc: doc.trim_ascii(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_found_and_unique() {
        assert_eq!(Transport::ALL.len(), 12);
        for each in Transport::ALL {
            assert_eq!(Transport::from_scheme(each.scheme()), Some(*each));
            assert!(each.row().doc.contains(&format!("`{}://", each.scheme())));
        }
        assert_eq!(Transport::from_scheme("TCP"), None);
        let working: Vec<_> = Transport::ALL.iter().filter(|each| each.implemented()).collect();
        assert_eq!(working, [&Transport::Tcp, &Transport::Ipc, &Transport::Inproc]);
    }

    #[test]
    fn socket_types_and_transports_go_together_as_in_libzmq() {
        for each in SocketType::ALL {
            assert_eq!(Transport::Tcp.binds(*each), *each != Dgram);
            assert_eq!(Transport::Ipc.connects(*each), *each != Dgram);
            assert!(Transport::Inproc.binds(*each) && Transport::Inproc.connects(*each));
        }
        assert!(Transport::Udp.binds(Dgram) && !Transport::Udp.connects(Dgram));
        assert!(Transport::Udp.connects(Radio) && !Transport::Udp.binds(Radio));
        assert!(Transport::Pgm.binds(XPub) && !Transport::Pgm.binds(Push));
    }
}

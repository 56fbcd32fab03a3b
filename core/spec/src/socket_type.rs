//! The socket types: ids, wire names and who may talk to whom (ZMTP 3.1, RFC 37; patterns in RFC 28 to 31, 41, 48, 49, 51, 52).

use Framing::{Many, One, Two};
use SocketType::{
    Channel, Client, Dealer, Dgram, Dish, Gather, Pair, Peer, Pub, Pull, Push, Radio, Rep, Req, Router,
    Scatter, Server, Sub, XPub, XSub,
};

/// The longest name of a RADIO or DISH group, in bytes.
pub const GROUP_MAX_LENGTH: usize = 255;

/// How many frames a message of a socket type may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Any number of frames.
    Many,
    /// Exactly one frame.
    One,
    /// Exactly two frames: an address and a body.
    Two,
}

/// One row of the socket type table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketTypeRow {
    /// The number used by `zmq_socket` and by ZMTP 2.0 greetings.
    pub id: i32,
    /// The value of the `Socket-Type` property on the wire.
    pub name: &'static str,
    /// The class name in languages that have a class per type.
    pub class_name: &'static str,
    /// Older names of the same number.
    pub aliases: &'static [&'static str],
    /// The types this one may talk to.
    pub peers: &'static [SocketType],
    /// Whether an application may send on it.
    pub sends: bool,
    /// Whether an application may receive on it.
    pub receives: bool,
    /// How many frames its messages have.
    pub framing: Framing,
    /// Whether a new socket drops unsent messages on close instead of waiting for them.
    pub default_linger_zero: bool,
    /// Whether libzmq declares it outside its draft section.
    pub stable: bool,
    /// Whether the engine implements it.
    pub implemented: bool,
    /// What it does, in one line.
    pub doc: &'static str,
}

table! {
    /// What a socket does with messages. Each type is one row.
    SocketType: SocketTypeRow;

    /// Talks to exactly one peer, both ways, with no routing.
    Pair = both(0, "PAIR", "Pair", &[Pair]).implemented();
    /// Sends each message to every subscriber of a matching prefix; cannot receive.
    Pub = sender(1, "PUB", "Publisher", &[Sub, XSub]).implemented();
    /// Receives the messages whose first frame starts with one of its subscriptions; cannot send.
    Sub = receiver(2, "SUB", "Subscriber", &[Pub, XPub]).linger_zero().implemented();
    /// Sends a request, then receives its reply, strictly in turn.
    Req = both(3, "REQ", "Request", &[Rep, Router]).implemented();
    /// Receives a request, then sends its reply, strictly in turn.
    Rep = both(4, "REP", "Reply", &[Req, Dealer]).implemented();
    /// Spreads what it sends over its peers in turn and receives from all of them fairly.
    Dealer = both(5, "DEALER", "Dealer", &[Rep, Dealer, Router]).alias(&["XREQ"]).implemented();
    /// Puts the sender's routing id before each message it receives and sends to the peer its first frame names.
    Router = both(6, "ROUTER", "Router", &[Req, Dealer, Router]).alias(&["XREP"]).implemented();
    /// Receives work from its pushers fairly; cannot send.
    Pull = receiver(7, "PULL", "Pull", &[Push]).implemented();
    /// Deals work to its pullers in turn; cannot receive.
    Push = sender(8, "PUSH", "Push", &[Pull]).implemented();
    /// A publisher that also receives the subscriptions of its peers as messages.
    XPub = both(9, "XPUB", "XPublisher", &[Sub, XSub]).implemented();
    /// A subscriber that sends its subscriptions as messages.
    XSub = both(10, "XSUB", "XSubscriber", &[Pub, XPub]).linger_zero().implemented();
    /// Exchanges raw bytes with TCP peers that do not speak ZMTP.
    Stream = both(11, "STREAM", "Stream", &[]).framing(Two);
    /// Answers clients by the routing id that came with their message.
    Server = both(12, "SERVER", "Server", &[Client]).framing(One).draft();
    /// Talks to servers: sends in turn, receives fairly.
    Client = both(13, "CLIENT", "Client", &[Server]).framing(One).draft();
    /// Sends each message to the dishes that joined its group; cannot receive.
    Radio = sender(14, "RADIO", "Radio", &[Dish]).framing(One).draft();
    /// Receives the messages of the groups it joined; cannot send.
    Dish = receiver(15, "DISH", "Dish", &[Radio]).framing(One).linger_zero().draft();
    /// Receives single-frame work from its scatterers fairly; cannot send.
    Gather = receiver(16, "GATHER", "Gather", &[Scatter]).framing(One).draft();
    /// Deals single-frame work to its gatherers in turn; cannot receive.
    Scatter = sender(17, "SCATTER", "Scatter", &[Gather]).framing(One).draft();
    /// Exchanges UDP datagrams with any address.
    Dgram = both(18, "DGRAM", "Datagram", &[Dgram]).framing(Two).draft();
    /// Talks to other peers by routing id, whoever connected first.
    Peer = both(19, "PEER", "Peer", &[Peer]).framing(One).draft();
    /// Talks to exactly one peer in single-frame messages.
    Channel = both(20, "CHANNEL", "Channel", &[Channel]).framing(One).draft();
}

impl SocketType {
    /// The number used by `zmq_socket`, by every binding and by ZMTP 2.0 greetings.
    pub const fn id(self) -> i32 {
        self.row().id
    }

    /// The type with this number.
    pub fn from_id(id: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|each| each.id() == id)
    }

    /// The name on the wire, for instance `XPUB`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The type with this name on the wire. Upper case only, as RFC 37 writes it.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|each| each.name().as_bytes() == name)
    }

    /// Whether a connection between this type and `peer` makes sense.
    pub fn accepts(self, peer: Self) -> bool {
        self.row().peers.contains(&peer)
    }

    /// Whether the engine implements it.
    pub const fn implemented(self) -> bool {
        self.row().implemented
    }

    /// Whether a new socket of this type starts with `LINGER` 0 instead of −1: it has nothing to lose but subscriptions.
    pub const fn default_linger_zero(self) -> bool {
        self.row().default_linger_zero
    }

    /// Whether an application may send on it.
    pub const fn sends(self) -> bool {
        self.row().sends
    }

    /// Whether an application may receive on it.
    pub const fn receives(self) -> bool {
        self.row().receives
    }
}

const fn both(
    id: i32,
    name: &'static str,
    class_name: &'static str,
    peers: &'static [SocketType],
) -> SocketTypeRow {
    SocketTypeRow {
        id,
        name,
        class_name,
        aliases: &[],
        peers,
        sends: true,
        receives: true,
        framing: Many,
        default_linger_zero: false,
        stable: true,
        implemented: false,
        doc: "",
    }
}

const fn sender(
    id: i32,
    name: &'static str,
    class_name: &'static str,
    peers: &'static [SocketType],
) -> SocketTypeRow {
    SocketTypeRow { receives: false, ..both(id, name, class_name, peers) }
}

const fn receiver(
    id: i32,
    name: &'static str,
    class_name: &'static str,
    peers: &'static [SocketType],
) -> SocketTypeRow {
    SocketTypeRow { sends: false, ..both(id, name, class_name, peers) }
}

impl SocketTypeRow {
    const fn alias(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    const fn framing(self, framing: Framing) -> Self {
        Self { framing, ..self }
    }

    const fn linger_zero(self) -> Self {
        Self { default_linger_zero: true, ..self }
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
    fn ids_are_dense_and_names_unique() {
        assert_eq!(SocketType::ALL.len(), 21);
        for (at, each) in SocketType::ALL.iter().enumerate() {
            assert_eq!(each.id(), at as i32);
            assert_eq!(SocketType::from_id(each.id()), Some(*each));
            assert_eq!(SocketType::from_name(each.name().as_bytes()), Some(*each));
        }
        assert_eq!(SocketType::from_id(21), None);
        assert_eq!(SocketType::from_id(-1), None);
        assert_eq!(SocketType::from_name(b"pub"), None);
    }

    #[test]
    fn accepting_is_symmetric() {
        for a in SocketType::ALL {
            for b in SocketType::ALL {
                assert_eq!(a.accepts(*b), b.accepts(*a), "{a:?} and {b:?}");
            }
        }
    }

    /// The pairs of the pattern RFCs, written out a second time.
    #[test]
    fn accepted_pairs_are_those_of_the_rfcs() {
        let pairs = [
            "PAIR PAIR",
            "PUB SUB",
            "PUB XSUB",
            "SUB XPUB",
            "XPUB XSUB",
            "REQ REP",
            "REQ ROUTER",
            "REP DEALER",
            "DEALER DEALER",
            "DEALER ROUTER",
            "ROUTER ROUTER",
            "PULL PUSH",
            "SERVER CLIENT",
            "RADIO DISH",
            "GATHER SCATTER",
            "DGRAM DGRAM",
            "PEER PEER",
            "CHANNEL CHANNEL",
        ];
        let mut accepted = 0;
        for a in SocketType::ALL {
            for b in SocketType::ALL.iter().filter(|b| a <= *b && a.accepts(**b)) {
                let (one, other) =
                    (format!("{} {}", a.name(), b.name()), format!("{} {}", b.name(), a.name()));
                assert!(pairs.contains(&one.as_str()) || pairs.contains(&other.as_str()), "{one}");
                accepted += 1;
            }
        }
        assert_eq!(accepted, pairs.len());
    }

    #[test]
    fn each_type_has_a_direction_and_the_first_eleven_work() {
        for each in SocketType::ALL {
            assert!(each.sends() || each.receives());
            assert_eq!(each.implemented(), each.id() <= 10);
            assert_eq!(each.row().stable, each.id() <= 11);
            assert!(!each.row().doc.is_empty() && !each.row().doc.starts_with(' '));
        }
        let lingerless: Vec<_> = SocketType::ALL.iter().filter(|each| each.default_linger_zero()).collect();
        assert_eq!(lingerless, [&Sub, &XSub, &Dish]);
    }
}

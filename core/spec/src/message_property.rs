//! What can be asked of a received message.

use PropertyKey::{Number, Text};

/// How a message property is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PropertyKey {
    /// By a number (`zmq_msg_get`); the answer is a number.
    Number(i32),
    /// By a text (`zmq_msg_gets`); the answer is a text. The case matters.
    Text(&'static str),
}

/// One row of the message property table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessagePropertyRow {
    /// How it is asked for.
    pub key: PropertyKey,
    /// The name in `zmq.h`; where it has none, one in the same manner.
    pub zmq_name: &'static str,
    /// Whether `zmq.h` declares the name.
    pub in_header: bool,
    /// Whether libzmq declares it outside its draft section.
    pub stable: bool,
    /// Whether libzmq advises against it.
    pub deprecated: bool,
    /// Whether the engine implements it.
    pub implemented: bool,
    /// What it says, in one line.
    pub doc: &'static str,
}

table! {
    /// What can be asked of a received message. Each property is one row.
    MessageProperty: MessagePropertyRow;

    /// Whether another frame of the same message follows.
    More = row(Number(1), "ZMQ_MORE");
    /// The descriptor of the connection the message came from.
    Srcfd = row(Number(2), "ZMQ_SRCFD").deprecated();
    /// Whether the content may be shared with another message.
    Shared = row(Number(3), "ZMQ_SHARED");
    /// The socket type of the peer.
    SocketType = row(Text("Socket-Type"), "ZMQ_MSG_PROPERTY_SOCKET_TYPE");
    /// The routing id of the peer, under its name on the wire.
    Identity = row(Text("Identity"), "ZMQ_MSG_PROPERTY_IDENTITY").not_in_header();
    /// The routing id of the peer, under its later name.
    RoutingId = row(Text("Routing-Id"), "ZMQ_MSG_PROPERTY_ROUTING_ID");
    /// The user the authentication handler named.
    UserId = row(Text("User-Id"), "ZMQ_MSG_PROPERTY_USER_ID");
    /// The address of the peer: numeric for networks, `:user:group:process` for ipc.
    PeerAddress = row(Text("Peer-Address"), "ZMQ_MSG_PROPERTY_PEER_ADDRESS");
}

impl MessageProperty {
    /// How it is asked for.
    pub const fn key(self) -> PropertyKey {
        self.row().key
    }

    /// The property asked for by this number.
    pub fn from_id(id: i32) -> Option<Self> {
        Self::ALL.iter().copied().find(|each| each.key() == Number(id))
    }

    /// The property asked for by this text.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|each| matches!(each.key(), Text(text) if text == name))
    }
}

const fn row(key: PropertyKey, zmq_name: &'static str) -> MessagePropertyRow {
    MessagePropertyRow {
        key,
        zmq_name,
        in_header: true,
        stable: true,
        deprecated: false,
        implemented: false,
        doc: "",
    }
}

impl MessagePropertyRow {
    const fn deprecated(self) -> Self {
        Self { deprecated: true, ..self }
    }

    const fn not_in_header(self) -> Self {
        Self { in_header: false, ..self }
    }

    const fn doc(self, doc: &'static str) -> Self {
        Self { doc: doc.trim_ascii(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_numbers_and_five_texts() {
        assert_eq!(MessageProperty::ALL.len(), 8);
        for id in 1..=3 {
            assert_eq!(MessageProperty::from_id(id).map(MessageProperty::key), Some(Number(id)));
        }
        assert_eq!(MessageProperty::from_id(4), None);
        assert_eq!(MessageProperty::from_name("User-Id"), Some(MessageProperty::UserId));
        assert_eq!(MessageProperty::from_name("user-id"), None);
        assert!(ROWS.iter().all(|row| row.doc.ends_with('.')));
    }
}

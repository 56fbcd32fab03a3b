//! What a socket monitor reports.

/// What the number that comes with an event means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventValue {
    /// Nothing.
    Nothing,
    /// A descriptor.
    Descriptor,
    /// An error number.
    Errno,
    /// Milliseconds.
    Milliseconds,
    /// A [`ProtocolErrorCode`](crate::ProtocolErrorCode).
    ProtocolError,
    /// The status of the authentication handler: 300, 400 or 500.
    Status,
    /// Two numbers: messages waiting to go out, and messages waiting to be received.
    QueueLengths,
}

/// One row of the monitor event table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonitorEventRow {
    /// The bit that stands for it in masks and messages.
    pub id: u32,
    /// The name in `zmq.h`, for instance `ZMQ_EVENT_CONNECTED`.
    pub zmq_name: &'static str,
    /// The same without its prefix, for instance `CONNECTED`.
    pub name: &'static str,
    /// The event name in Node; zeromq.js's.
    pub node_name: &'static str,
    /// What the number that comes with it means.
    pub value: EventValue,
    /// Whether libzmq declares it outside its draft section.
    pub stable: bool,
    /// Whether the engine implements it.
    pub implemented: bool,
    /// When it happens, in one line.
    pub doc: &'static str,
}

/// The mask of all stable events.
pub const ALL_EVENTS: u32 = 0xFFFF;

table! {
    /// What a socket monitor reports. Each event is one row.
    MonitorEvent: MonitorEventRow;

    /// A connection was made; the handshake is still to come.
    Connected = event(0x0001, "ZMQ_EVENT_CONNECTED", "connect", EventValue::Descriptor);
    /// A connection is being made.
    ConnectDelayed = event(0x0002, "ZMQ_EVENT_CONNECT_DELAYED", "connect:delay", EventValue::Errno);
    /// A connection will be tried again after a pause.
    ConnectRetried = event(0x0004, "ZMQ_EVENT_CONNECT_RETRIED", "connect:retry", EventValue::Milliseconds);
    /// The socket is bound.
    Listening = event(0x0008, "ZMQ_EVENT_LISTENING", "bind", EventValue::Descriptor);
    /// The socket could not be bound.
    BindFailed = event(0x0010, "ZMQ_EVENT_BIND_FAILED", "bind:error", EventValue::Errno);
    /// A peer's connection was accepted; the handshake is still to come.
    Accepted = event(0x0020, "ZMQ_EVENT_ACCEPTED", "accept", EventValue::Descriptor);
    /// A peer's connection could not be accepted.
    AcceptFailed = event(0x0040, "ZMQ_EVENT_ACCEPT_FAILED", "accept:error", EventValue::Errno);
    /// A bound endpoint or an unfinished connection was closed.
    Closed = event(0x0080, "ZMQ_EVENT_CLOSED", "close", EventValue::Descriptor);
    /// An endpoint could not be closed cleanly.
    CloseFailed = event(0x0100, "ZMQ_EVENT_CLOSE_FAILED", "close:error", EventValue::Errno);
    /// An established connection was lost.
    Disconnected = event(0x0200, "ZMQ_EVENT_DISCONNECTED", "disconnect", EventValue::Descriptor);
    /// The monitor reports no more.
    MonitorStopped = event(0x0400, "ZMQ_EVENT_MONITOR_STOPPED", "end", EventValue::Nothing);
    /// The handshake failed for a reason outside the protocol.
    HandshakeFailedNoDetail =
        event(0x0800, "ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL", "handshake:error:other", EventValue::Errno);
    /// The handshake is complete; messages may flow.
    HandshakeSucceeded = event(0x1000, "ZMQ_EVENT_HANDSHAKE_SUCCEEDED", "handshake", EventValue::Nothing);
    /// The handshake failed because a peer or the authentication handler broke the protocol.
    HandshakeFailedProtocol =
        event(0x2000, "ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL", "handshake:error:protocol", EventValue::ProtocolError);
    /// The authentication handler refused the peer.
    HandshakeFailedAuth =
        event(0x4000, "ZMQ_EVENT_HANDSHAKE_FAILED_AUTH", "handshake:error:auth", EventValue::Status);
    /// The answer to a question for a connection's queues.
    PipesStats = event(0x1_0000, "ZMQ_EVENT_PIPES_STATS", "pipes:stats", EventValue::QueueLengths).draft();
}

impl MonitorEvent {
    /// The bit that stands for it in masks and messages.
    pub const fn id(self) -> u32 {
        self.row().id
    }

    /// The event with this bit.
    pub fn from_id(id: u32) -> Option<Self> {
        Self::ALL.iter().copied().find(|each| each.id() == id)
    }

    /// Its name, for instance `CONNECTED`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }
}

const fn event(
    id: u32,
    zmq_name: &'static str,
    node_name: &'static str,
    value: EventValue,
) -> MonitorEventRow {
    let name = zmq_name.split_at("ZMQ_EVENT_".len()).1;
    MonitorEventRow { id, zmq_name, name, node_name, value, stable: true, implemented: false, doc: "" }
}

impl MonitorEventRow {
    const fn draft(self) -> Self {
        Self { stable: false, ..self }
    }

    const fn doc(self, doc: &'static str) -> Self {
        Self { doc: doc.trim_ascii(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn sixteen_different_bits_in_order() {
        assert_eq!(MonitorEvent::ALL.len(), 16);
        assert!(ROWS.is_sorted_by(|one, next| one.id < next.id));
        assert!(ROWS.iter().all(|row| row.id.is_power_of_two()));
        let names: BTreeSet<_> = ROWS.iter().map(|row| row.node_name).collect();
        assert_eq!(names.len(), 16);
    }

    #[test]
    fn rows_are_consistent() {
        for each in MonitorEvent::ALL {
            assert_eq!(MonitorEvent::from_id(each.id()), Some(*each));
            assert_eq!(format!("{each:?}").to_uppercase(), each.name().replace('_', ""));
            assert_eq!(each.row().stable, each.id() & ALL_EVENTS != 0);
            assert!(each.row().doc.ends_with('.'));
        }
        assert_eq!(MonitorEvent::from_id(3), None);
    }
}

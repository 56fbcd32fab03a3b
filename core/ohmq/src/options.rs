//! The options of a socket: checked against their row in the table, then kept in the form the engine uses.

use std::time::Duration;

use bytes::Bytes;
use ohmq_net::{LinkConfig, Reconnect, StreamOptions};
use ohmq_proto::connection::{ConnectionConfig, Heartbeat};
use ohmq_proto::pattern::PatternOption;
use ohmq_spec::{ErrorCode, OptionRow, SocketOption, SocketType, ValueKind};

use crate::{Error, OptionValue, Result};

/// What a socket has to do besides remembering the value.
#[derive(Debug, PartialEq)]
pub(crate) enum Change {
    Nothing,
    /// The high-water marks of live links.
    Marks,
    Pattern(PatternOption),
    Subscribe(Vec<u8>),
    Unsubscribe(Vec<u8>),
}

#[derive(Clone, Debug)]
pub(crate) struct Options {
    socket_type: SocketType,
    pub(crate) routing_id: Bytes,
    pub(crate) connect_routing_id: Option<Bytes>,
    pub(crate) linger: i32,
    pub(crate) send_hwm: i32,
    pub(crate) recv_hwm: i32,
    pub(crate) send_timeout: i32,
    pub(crate) recv_timeout: i32,
    pub(crate) immediate: bool,
    pub(crate) ipv6: bool,
    pub(crate) reconnect_ivl: i32,
    pub(crate) reconnect_ivl_max: i32,
    pub(crate) backlog: i32,
    pub(crate) max_message_size: i64,
    pub(crate) send_buffer: i32,
    pub(crate) recv_buffer: i32,
    pub(crate) tos: i32,
    pub(crate) keepalive: i32,
    pub(crate) keepalive_count: i32,
    pub(crate) keepalive_idle: i32,
    pub(crate) keepalive_interval: i32,
    pub(crate) handshake_ivl: i32,
    pub(crate) heartbeat_ivl: i32,
    pub(crate) heartbeat_ttl: i32,
    pub(crate) heartbeat_timeout: i32,
    pub(crate) connect_timeout: i32,
}

impl Options {
    /// The defaults of the table.
    pub(crate) fn new(socket_type: SocketType, ipv6: bool, blocky: bool) -> Self {
        Options {
            socket_type,
            routing_id: Bytes::new(),
            connect_routing_id: None,
            linger: if blocky && !socket_type.default_linger_zero() { -1 } else { 0 },
            send_hwm: default(SocketOption::Sndhwm) as i32,
            recv_hwm: default(SocketOption::Rcvhwm) as i32,
            send_timeout: default(SocketOption::Sndtimeo) as i32,
            recv_timeout: default(SocketOption::Rcvtimeo) as i32,
            immediate: default(SocketOption::Immediate) != 0,
            ipv6,
            reconnect_ivl: default(SocketOption::ReconnectIvl) as i32,
            reconnect_ivl_max: default(SocketOption::ReconnectIvlMax) as i32,
            backlog: default(SocketOption::Backlog) as i32,
            max_message_size: default(SocketOption::Maxmsgsize),
            send_buffer: default(SocketOption::Sndbuf) as i32,
            recv_buffer: default(SocketOption::Rcvbuf) as i32,
            tos: default(SocketOption::Tos) as i32,
            keepalive: default(SocketOption::TcpKeepalive) as i32,
            keepalive_count: default(SocketOption::TcpKeepaliveCnt) as i32,
            keepalive_idle: default(SocketOption::TcpKeepaliveIdle) as i32,
            keepalive_interval: default(SocketOption::TcpKeepaliveIntvl) as i32,
            handshake_ivl: default(SocketOption::HandshakeIvl) as i32,
            heartbeat_ivl: default(SocketOption::HeartbeatIvl) as i32,
            heartbeat_ttl: default(SocketOption::HeartbeatTtl) as i32,
            heartbeat_timeout: default(SocketOption::HeartbeatTimeout) as i32,
            connect_timeout: default(SocketOption::ConnectTimeout) as i32,
        }
    }

    /// Checks `value` against the option's row and keeps it.
    pub(crate) fn set(&mut self, option: SocketOption, value: &OptionValue) -> Result<Change> {
        let row = usable(option, self.socket_type, "set")?;
        if !row.writable {
            return Err(invalid("set", row).because("the option can only be read"));
        }
        match row.kind {
            ValueKind::Bytes | ValueKind::Text => self.set_bytes(option, row, value),
            _ => self.set_number(option, row, value),
        }
    }

    fn set_bytes(&mut self, option: SocketOption, row: &OptionRow, value: &OptionValue) -> Result<Change> {
        let bytes =
            value.as_bytes().ok_or_else(|| invalid("set", row).because("the value must be bytes or text"))?;
        if !row.range.contains_length(bytes.len()) {
            let detail = format!("a value of {} bytes is outside its limits", bytes.len());
            return Err(invalid("set", row).because(detail));
        }
        match option {
            SocketOption::Subscribe => return Ok(Change::Subscribe(bytes.to_vec())),
            SocketOption::Unsubscribe => return Ok(Change::Unsubscribe(bytes.to_vec())),
            SocketOption::RoutingId => self.routing_id = Bytes::copy_from_slice(bytes),
            SocketOption::ConnectRoutingId => self.connect_routing_id = Some(Bytes::copy_from_slice(bytes)),
            _ => return Err(unsupported("set", row)),
        }
        Ok(Change::Nothing)
    }

    fn set_number(&mut self, option: SocketOption, row: &OptionRow, value: &OptionValue) -> Result<Change> {
        let wide = value.as_i64().ok_or_else(|| invalid("set", row).because("the value must be a number"))?;
        if !row.range.contains(wide) {
            return Err(invalid("set", row).because(format!("{wide} is outside its limits")));
        }
        let int = match row.kind {
            ValueKind::Int | ValueKind::Bool | ValueKind::Fd => i32::try_from(wide)
                .map_err(|_| invalid("set", row).because(format!("{wide} does not fit 32 bits")))?,
            _ => 0,
        };
        let on = int != 0;
        use SocketOption as O;
        match option {
            O::Sndhwm => self.send_hwm = int,
            O::Rcvhwm => self.recv_hwm = int,
            O::Linger => self.linger = int,
            O::Sndtimeo => self.send_timeout = int,
            O::Rcvtimeo => self.recv_timeout = int,
            O::Immediate => self.immediate = on,
            O::Ipv6 => self.ipv6 = on,
            O::ReconnectIvl => self.reconnect_ivl = int,
            O::ReconnectIvlMax => self.reconnect_ivl_max = int,
            O::Backlog => self.backlog = int,
            O::Maxmsgsize => self.max_message_size = wide,
            O::Sndbuf => self.send_buffer = int,
            O::Rcvbuf => self.recv_buffer = int,
            O::Tos => self.tos = int,
            O::TcpKeepalive => self.keepalive = int,
            O::TcpKeepaliveCnt => self.keepalive_count = int,
            O::TcpKeepaliveIdle => self.keepalive_idle = int,
            O::TcpKeepaliveIntvl => self.keepalive_interval = int,
            O::HandshakeIvl => self.handshake_ivl = int,
            O::HeartbeatIvl => self.heartbeat_ivl = int,
            // The wire counts tenths of a second.
            O::HeartbeatTtl => self.heartbeat_ttl = int / 100 * 100,
            O::HeartbeatTimeout => self.heartbeat_timeout = int,
            O::ConnectTimeout => self.connect_timeout = int,
            O::RouterMandatory => return Ok(Change::Pattern(PatternOption::RouterMandatory(on))),
            O::RouterHandover => return Ok(Change::Pattern(PatternOption::RouterHandover(on))),
            O::ProbeRouter => return Ok(Change::Pattern(PatternOption::ProbeRouter(on))),
            O::ReqRelaxed => return Ok(Change::Pattern(PatternOption::ReqRelaxed(on))),
            O::ReqCorrelate => return Ok(Change::Pattern(PatternOption::ReqCorrelate(on))),
            O::XpubVerbose => return Ok(Change::Pattern(PatternOption::XpubVerbose(on))),
            O::XpubVerboser => return Ok(Change::Pattern(PatternOption::XpubVerboser(on))),
            O::XpubNodrop => return Ok(Change::Pattern(PatternOption::XpubNodrop(on))),
            _ => return Err(unsupported("set", row)),
        }
        Ok(match option {
            O::Sndhwm | O::Rcvhwm => Change::Marks,
            _ => Change::Nothing,
        })
    }

    /// The value of an option that is kept here; the socket answers for the others first.
    pub(crate) fn get(&self, option: SocketOption) -> Result<OptionValue> {
        let row = readable(option, self.socket_type)?;
        use SocketOption as O;
        Ok(match option {
            O::RoutingId => OptionValue::Bytes(self.routing_id.to_vec()),
            O::Sndhwm => self.send_hwm.into(),
            O::Rcvhwm => self.recv_hwm.into(),
            O::Linger => self.linger.into(),
            O::Sndtimeo => self.send_timeout.into(),
            O::Rcvtimeo => self.recv_timeout.into(),
            O::Immediate => self.immediate.into(),
            O::Ipv6 => self.ipv6.into(),
            O::ReconnectIvl => self.reconnect_ivl.into(),
            O::ReconnectIvlMax => self.reconnect_ivl_max.into(),
            O::Backlog => self.backlog.into(),
            O::Maxmsgsize => self.max_message_size.into(),
            O::Sndbuf => self.send_buffer.into(),
            O::Rcvbuf => self.recv_buffer.into(),
            O::Tos => self.tos.into(),
            O::TcpKeepalive => self.keepalive.into(),
            O::TcpKeepaliveCnt => self.keepalive_count.into(),
            O::TcpKeepaliveIdle => self.keepalive_idle.into(),
            O::TcpKeepaliveIntvl => self.keepalive_interval.into(),
            O::HandshakeIvl => self.handshake_ivl.into(),
            O::HeartbeatIvl => self.heartbeat_ivl.into(),
            O::HeartbeatTtl => self.heartbeat_ttl.into(),
            O::HeartbeatTimeout => self.heartbeat_timeout.into(),
            O::ConnectTimeout => self.connect_timeout.into(),
            O::Type => self.socket_type.id().into(),
            O::ThreadSafe => true.into(),
            O::Mechanism => 0.into(),
            _ => return Err(unsupported("get", row)),
        })
    }

    /// What links made from now on are told.
    pub(crate) fn link_config(&self) -> LinkConfig {
        let mut connection = ConnectionConfig::new(self.socket_type);
        connection.routing_id = self.routing_id.clone();
        connection.max_message_size = u64::try_from(self.max_message_size).ok();
        connection.delimited = matches!(self.socket_type, SocketType::Req | SocketType::Rep);
        connection.handshake_timeout = positive(self.handshake_ivl);
        connection.heartbeat = positive(self.heartbeat_ivl).map(|interval| Heartbeat {
            interval,
            timeout: match self.heartbeat_timeout {
                -1 => interval,
                timeout => millis(timeout),
            },
            ttl: positive(self.heartbeat_ttl),
        });
        LinkConfig {
            connection,
            stream: StreamOptions {
                send_buffer: usize::try_from(self.send_buffer).ok(),
                recv_buffer: usize::try_from(self.recv_buffer).ok(),
                tos: self.tos.max(0) as u32,
                keepalive: (self.keepalive >= 0).then_some(self.keepalive == 1),
                keepalive_idle: positive(self.keepalive_idle).map(|time| time * 1000),
                keepalive_interval: positive(self.keepalive_interval).map(|time| time * 1000),
                keepalive_count: u32::try_from(self.keepalive_count).ok().filter(|count| *count > 0),
            },
            reconnect: Reconnect {
                interval: positive(self.reconnect_ivl),
                maximum: positive(self.reconnect_ivl_max),
            },
            connect_timeout: positive(self.connect_timeout),
            send_hwm: self.send_hwm.max(0) as usize,
            recv_hwm: self.recv_hwm.max(0) as usize,
            messages_are_events: matches!(
                self.socket_type,
                SocketType::Pub | SocketType::XPub | SocketType::Push
            ),
            backlog: self.backlog,
            ipv6: self.ipv6,
        }
    }
}

/// The linger time: `None` is for ever.
pub(crate) fn timeout(milliseconds: i32) -> Option<Duration> {
    u64::try_from(milliseconds).ok().map(Duration::from_millis)
}

/// The row of an option that may be read from this type of socket.
pub(crate) fn readable(option: SocketOption, socket_type: SocketType) -> Result<&'static OptionRow> {
    let row = usable(option, socket_type, "get")?;
    if !row.readable {
        return Err(invalid("get", row).because("the option can only be set"));
    }
    Ok(row)
}

fn usable(
    option: SocketOption,
    socket_type: SocketType,
    operation: &'static str,
) -> Result<&'static OptionRow> {
    let row = option.row();
    if !row.implemented {
        return Err(unsupported(operation, row));
    }
    if !row.applies.to(socket_type) {
        let detail = format!("a {} socket does not have it", socket_type.name());
        return Err(invalid(operation, row).because(detail));
    }
    Ok(row)
}

fn invalid(operation: &'static str, row: &OptionRow) -> Error {
    Error::new(ErrorCode::Einval, operation, row.zmq_name)
}

fn unsupported(operation: &'static str, row: &OptionRow) -> Error {
    Error::new(ErrorCode::Enotsup, operation, row.zmq_name).because("this option is not supported yet")
}

fn default(option: SocketOption) -> i64 {
    OptionValue::from(option.row().default).as_i64().unwrap_or(0)
}

fn millis(value: i32) -> Duration {
    Duration::from_millis(u64::try_from(value).unwrap_or(0))
}

fn positive(value: i32) -> Option<Duration> {
    (value > 0).then(|| millis(value))
}

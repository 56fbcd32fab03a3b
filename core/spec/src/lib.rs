//! Every number, name, default and doc line that OhMQ's languages share.
//!
//! Each socket type, option, event, error, flag, message property, transport and mechanism is one row of one table. The engine reads
//! the rows; `cargo xtask gen` writes from them the constants, typed options and exception classes of every language and the
//! reference page. To add a thing, add its row: the enum, its lookups and all languages follow.
//!
//! A row says whether the engine implements it. One that is not implemented is still known by name in every language, and using it
//! fails with [`ErrorCode::Enotsup`].

#![forbid(unsafe_code)]
#![deny(missing_docs)]

#[macro_use]
mod table;
#[macro_use]
mod option;
#[macro_use]
mod named_value;

mod choice;
mod context_option;
mod error_code;
mod flag;
mod mechanism;
mod message_property;
mod monitor_event;
mod poll_event;
mod protocol_error;
mod socket_option;
mod socket_type;
mod transport;

pub use choice::{
    device_type::DeviceType, gssapi_name_type::GssapiNameType, norm_mode::NormMode,
    reconnect_stop::ReconnectStop, router_notify::RouterNotify,
};
pub use context_option::ContextOption;
pub use error_code::{ErrorCode, ErrorRow, ZMQ_ERRNO_BASE};
pub use flag::Flag;
pub use mechanism::{Mechanism, MechanismRow};
pub use message_property::{MessageProperty, MessagePropertyRow, PropertyKey};
pub use monitor_event::{ALL_EVENTS, EventValue, MonitorEvent, MonitorEventRow};
pub use named_value::NamedValueRow;
pub use option::{Applies, DefaultValue, Effect, OptionRow, Range, Unit, ValueKind};
pub use poll_event::PollEvent;
pub use protocol_error::ProtocolErrorCode;
pub use socket_option::SocketOption;
pub use socket_type::{Framing, GROUP_MAX_LENGTH, SocketType, SocketTypeRow};
pub use transport::{Transport, TransportRow};

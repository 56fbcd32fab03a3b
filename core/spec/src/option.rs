//! What a row of the socket and context option tables says, and the types its columns are made of.

use crate::SocketType;

/// The type of an option's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueKind {
    /// A switch; the C interface passes it as a 32-bit integer.
    Bool,
    /// A 32-bit signed integer.
    Int,
    /// A 64-bit signed integer.
    Int64,
    /// A 64-bit unsigned integer.
    Uint64,
    /// Bytes.
    Bytes,
    /// UTF-8 text.
    Text,
    /// A file descriptor.
    Fd,
}

/// The value of an option nobody has set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefaultValue {
    /// The option can only be set, or its value is only known at run time.
    None,
    /// A switch.
    Bool(bool),
    /// A 32-bit signed integer; also a descriptor.
    Int(i32),
    /// A 64-bit signed integer.
    Int64(i64),
    /// A 64-bit unsigned integer.
    Uint64(u64),
    /// Bytes.
    Bytes(&'static [u8]),
    /// Text.
    Text(&'static str),
}

/// The values an option may be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// Any value of its kind.
    Any,
    /// Integers (and switches passed as integers) from the first to the second, both included.
    Int(i64, i64),
    /// Bytes or text of the first to the second length in bytes, both included.
    Length(usize, usize),
    /// Bytes or text of one of these lengths.
    Lengths(&'static [usize]),
}

impl Range {
    /// Whether an integer is inside.
    pub const fn contains(self, value: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Int(first, last) => first <= value && value <= last,
            Self::Length(..) | Self::Lengths(_) => false,
        }
    }

    /// Whether bytes or text of this length are inside.
    pub fn contains_length(self, length: usize) -> bool {
        match self {
            Self::Any => true,
            Self::Int(..) => false,
            Self::Length(first, last) => (first..=last).contains(&length),
            Self::Lengths(lengths) => lengths.contains(&length),
        }
    }
}

/// When a new value takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// At once, existing connections included.
    Live,
    /// On connections made (or binds and connects called) afterwards.
    Next,
    /// When the socket closes.
    Close,
    /// Never: the option is only read.
    Never,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Nothing that has a name.
    None,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Kilobytes.
    Kilobytes,
    /// Kilobits a second.
    KilobitsPerSecond,
    /// Messages.
    Messages,
    /// Network hops.
    Hops,
}

impl Unit {
    /// The short form for a reference page; empty for [`Unit::None`].
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Microseconds => "µs",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Bytes => "bytes",
            Self::Kilobytes => "KB",
            Self::KilobitsPerSecond => "kbit/s",
            Self::Messages => "messages",
            Self::Hops => "hops",
        }
    }
}

/// A set of socket types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Applies {
    /// All of them.
    All,
    /// These.
    Only(&'static [SocketType]),
}

impl Applies {
    /// Whether `socket_type` is one of them.
    pub fn to(self, socket_type: SocketType) -> bool {
        match self {
            Self::All => true,
            Self::Only(types) => types.contains(&socket_type),
        }
    }
}

/// One row of the socket option table or the context option table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionRow {
    /// The number that crosses every language boundary; libzmq's.
    pub id: i32,
    /// The name in `zmq.h`, for instance `ZMQ_SNDHWM`.
    pub zmq_name: &'static str,
    /// The same in lower case without the prefix, for instance `sndhwm`.
    pub name: &'static str,
    /// The name spelled out, for instance `send_high_water_mark`; Node, Swift and the reference page derive theirs from it.
    pub long_name: &'static str,
    /// The property name in Node where zeromq.js departs from the spelled-out name.
    pub node_name: Option<&'static str>,
    /// The part after `get` and `set` in Java where JeroMQ departs from the spelled-out name.
    pub java_name: Option<&'static str>,
    /// Older names of the same number, without `ZMQ_`.
    pub aliases: &'static [&'static str],
    /// The type of its value.
    pub kind: ValueKind,
    /// Whether it can be read.
    pub readable: bool,
    /// Whether it can be set.
    pub writable: bool,
    /// Its value until somebody sets it.
    pub default: DefaultValue,
    /// The values it may be set to; anything else is `EINVAL`.
    pub range: Range,
    /// The socket types that accept it; others answer `EINVAL`.
    pub applies: Applies,
    /// The socket types on which it makes a difference; the others accept and ignore it.
    pub meant_for: Applies,
    /// When a new value takes effect.
    pub effect: Effect,
    /// What a number counts.
    pub unit: Unit,
    /// Whether libzmq declares it outside its draft section.
    pub stable: bool,
    /// Whether libzmq advises against it.
    pub deprecated: bool,
    /// Whether the engine implements it; getting or setting any other is `ENOTSUP`.
    pub implemented: bool,
    /// What it does, in one line.
    pub doc: &'static str,
}

/// The columns every row has; the builder methods below fill in the rest. Without them a row is a stable 32-bit integer that all socket
/// types accept, that can be read and set, and that concerns later binds and connects.
macro_rules! row {
    ($id:literal, $zmq_name:literal, $long_name:literal) => {
        $crate::option::OptionRow::new($id, $zmq_name, lower!($zmq_name).split_at("ZMQ_".len()).1, $long_name)
    };
}

impl OptionRow {
    pub(crate) const fn new(
        id: i32,
        zmq_name: &'static str,
        name: &'static str,
        long_name: &'static str,
    ) -> Self {
        Self {
            id,
            zmq_name,
            name,
            long_name,
            node_name: None,
            java_name: None,
            aliases: &[],
            kind: ValueKind::Int,
            readable: true,
            writable: true,
            default: DefaultValue::None,
            range: Range::Any,
            applies: Applies::All,
            meant_for: Applies::All,
            effect: Effect::Next,
            unit: Unit::None,
            stable: true,
            deprecated: false,
            implemented: false,
            doc: "",
        }
    }

    pub(crate) const fn int(self, default: i32, first: i32, last: i32) -> Self {
        let range = Range::Int(first as i64, last as i64);
        Self { kind: ValueKind::Int, default: DefaultValue::Int(default), range, ..self }
    }

    pub(crate) const fn int64(self, default: i64) -> Self {
        Self { kind: ValueKind::Int64, default: DefaultValue::Int64(default), ..self }
    }

    pub(crate) const fn uint64(self, default: u64) -> Self {
        Self { kind: ValueKind::Uint64, default: DefaultValue::Uint64(default), ..self }
    }

    /// A switch that takes only 0 and 1.
    pub(crate) const fn switch(self, default: bool) -> Self {
        Self { kind: ValueKind::Bool, default: DefaultValue::Bool(default), range: Range::Int(0, 1), ..self }
    }

    /// A switch that also takes other integers: any but 0 is on.
    pub(crate) const fn loose_switch(self, default: bool, first: i32) -> Self {
        let range = Range::Int(first as i64, i32::MAX as i64);
        Self { kind: ValueKind::Bool, default: DefaultValue::Bool(default), range, ..self }
    }

    pub(crate) const fn bytes(self, default: &'static [u8], range: Range) -> Self {
        Self { kind: ValueKind::Bytes, default: DefaultValue::Bytes(default), range, ..self }
    }

    pub(crate) const fn text(self, range: Range) -> Self {
        Self { kind: ValueKind::Text, default: DefaultValue::Text(""), range, ..self }
    }

    pub(crate) const fn kind(self, kind: ValueKind) -> Self {
        Self { kind, ..self }
    }

    pub(crate) const fn read_only(self) -> Self {
        Self { writable: false, effect: Effect::Never, ..self }
    }

    pub(crate) const fn write_only(self) -> Self {
        Self { readable: false, ..self }
    }

    /// Accepted by these types only.
    pub(crate) const fn only(self, types: &'static [SocketType]) -> Self {
        Self { applies: Applies::Only(types), meant_for: Applies::Only(types), ..self }
    }

    /// Accepted by all types, of use to these.
    pub(crate) const fn meant_for(self, types: &'static [SocketType]) -> Self {
        Self { meant_for: Applies::Only(types), ..self }
    }

    pub(crate) const fn live(self) -> Self {
        Self { effect: Effect::Live, ..self }
    }

    pub(crate) const fn at_close(self) -> Self {
        Self { effect: Effect::Close, ..self }
    }

    pub(crate) const fn unit(self, unit: Unit) -> Self {
        Self { unit, ..self }
    }

    pub(crate) const fn node(self, name: &'static str) -> Self {
        Self { node_name: Some(name), ..self }
    }

    pub(crate) const fn java(self, name: &'static str) -> Self {
        Self { java_name: Some(name), ..self }
    }

    pub(crate) const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    pub(crate) const fn draft(self) -> Self {
        Self { stable: false, ..self }
    }

    pub(crate) const fn deprecated(self) -> Self {
        Self { deprecated: true, ..self }
    }

    pub(crate) const fn implemented(self) -> Self {
        Self { implemented: true, ..self }
    }

    pub(crate) const fn doc(self, doc: &'static str) -> Self {
        Self { doc: doc.trim_ascii(), ..self }
    }
}

impl OptionRow {
    /// Whether somebody who writes `name` means this row: any of its names, in any case, with or without `ZMQ_`.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        let bare = match name.get(..4) {
            Some(prefix) if prefix.eq_ignore_ascii_case("ZMQ_") => &name[4..],
            _ => name,
        };
        let same = |each: &str| bare.eq_ignore_ascii_case(each);
        same(self.name) || same(self.long_name) || self.aliases.iter().any(|each| same(each))
    }
}

/// What must hold in every row of an option table; `initial_only` names the rows whose default cannot be set.
#[cfg(test)]
pub(crate) fn check(row: &OptionRow, initial_only: &[&str]) {
    let name = row.zmq_name;
    assert_eq!(name, format!("ZMQ_{}", row.name.to_uppercase()));
    assert!(row.readable || row.writable, "{name} can be neither read nor set");
    assert_eq!(row.effect == Effect::Never, !row.writable, "{name} takes effect, or does not, when set");
    assert!(row.doc.ends_with('.') && row.doc.len() > 10, "{name} lacks a sentence");
    let settable = match (row.kind, row.default) {
        (_, DefaultValue::None) => true,
        (ValueKind::Bool, DefaultValue::Bool(value)) => row.range.contains(value.into()),
        (ValueKind::Int, DefaultValue::Int(value)) => row.range.contains(value.into()),
        (ValueKind::Int64, DefaultValue::Int64(value)) => row.range.contains(value),
        (ValueKind::Uint64, DefaultValue::Uint64(_)) => row.range == Range::Any,
        (ValueKind::Bytes, DefaultValue::Bytes(value)) => row.range.contains_length(value.len()),
        (ValueKind::Text, DefaultValue::Text(value)) => row.range.contains_length(value.len()),
        (kind, default) => panic!("{name} is {kind:?} but starts with {default:?}"),
    };
    assert_eq!(settable, !initial_only.contains(&&name["ZMQ_".len()..]), "{name} and its default");
}

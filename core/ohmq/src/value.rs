//! The value of an option as it crosses every boundary.

use ohmq_spec::DefaultValue;

/// The value of a socket option. Numbers convert into each other where they fit; text and bytes too.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum OptionValue {
    /// A switch.
    Bool(bool),
    /// A 32-bit integer; also a descriptor.
    Int(i32),
    /// A 64-bit integer.
    Int64(i64),
    /// An unsigned 64-bit integer.
    Uint64(u64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// UTF-8 text.
    Text(String),
}

impl OptionValue {
    /// The number, with `true` as 1; `None` for bytes, text, and what does not fit.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            OptionValue::Bool(value) => Some(i64::from(*value)),
            OptionValue::Int(value) => Some(i64::from(*value)),
            OptionValue::Int64(value) => Some(*value),
            OptionValue::Uint64(value) => i64::try_from(*value).ok(),
            OptionValue::Bytes(_) | OptionValue::Text(_) => None,
        }
    }

    /// The bytes of bytes or text; `None` for numbers.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            OptionValue::Bytes(value) => Some(value),
            OptionValue::Text(value) => Some(value.as_bytes()),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident),+) => {
        $(impl From<$type> for OptionValue {
            fn from(value: $type) -> Self {
                OptionValue::$variant(value.into())
            }
        })+
    };
}

from!(bool => Bool, i32 => Int, i64 => Int64, u64 => Uint64, &[u8] => Bytes, Vec<u8> => Bytes, &str => Text, String => Text);

impl<const N: usize> From<&[u8; N]> for OptionValue {
    fn from(value: &[u8; N]) -> Self {
        OptionValue::Bytes(value.to_vec())
    }
}

impl From<DefaultValue> for OptionValue {
    fn from(value: DefaultValue) -> Self {
        match value {
            DefaultValue::None => OptionValue::Int(0),
            DefaultValue::Bool(value) => OptionValue::Bool(value),
            DefaultValue::Int(value) => OptionValue::Int(value),
            DefaultValue::Int64(value) => OptionValue::Int64(value),
            DefaultValue::Uint64(value) => OptionValue::Uint64(value),
            DefaultValue::Bytes(value) => OptionValue::Bytes(value.to_vec()),
            DefaultValue::Text(value) => OptionValue::Text(value.to_owned()),
        }
    }
}

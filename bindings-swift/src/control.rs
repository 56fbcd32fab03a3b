//! The control plane: contexts, sockets, options and statistics as UniFFI objects.
//!
//! An object is a handle with an owner. Dropping it only posts a close: it never blocks, whatever thread Swift's reference
//! counting happens to be on.

use std::sync::Arc;

use ohmq_ffi::OptionValue;

use crate::failure::EngineError;

type Result<T> = std::result::Result<T, EngineError>;

/// A context of the engine.
#[derive(Debug, uniffi::Object)]
pub struct EngineContext {
    handle: u64,
}

#[uniffi::export]
impl EngineContext {
    /// A new context.
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self { handle: ohmq_ffi::context_new() })
    }

    /// Sets a context option by its number.
    pub fn set(&self, option: i32, value: i32) -> Result<()> {
        Ok(ohmq_ffi::context_set(self.handle, option, value)?)
    }

    /// Reads a context option by its number.
    pub fn get(&self, option: i32) -> Result<i32> {
        Ok(ohmq_ffi::context_get(self.handle, option)?)
    }

    /// Ends every blocked call of the context's sockets with ETERM. Never blocks.
    pub fn shutdown(&self) -> Result<()> {
        self.unless_terminated(ohmq_ffi::context_shutdown(self.handle))
    }

    /// Blocks until every socket is closed and has lingered. Doing it again does nothing.
    pub fn terminate(&self) -> Result<()> {
        self.unless_terminated(ohmq_ffi::context_term(self.handle))
    }

    /// A new socket of the type with this number.
    pub fn socket(&self, socket_type: i32) -> Result<Arc<EngineSocket>> {
        Ok(Arc::new(EngineSocket { handle: ohmq_ffi::socket_new(self.handle, socket_type)? }))
    }
}

impl EngineContext {
    /// Only a termination takes the handle away while this object lives, perhaps another caller's, during this very call: to
    /// be terminated is not an error for who asked for no less.
    fn unless_terminated(&self, outcome: ohmq_ffi::Outcome<()>) -> Result<()> {
        match outcome {
            Err(_) if ohmq_ffi::handle::context(self.handle, "term").is_err() => Ok(()),
            other => Ok(other?),
        }
    }
}

impl Drop for EngineContext {
    fn drop(&mut self) {
        ohmq_ffi::context_forget(self.handle);
    }
}

/// A socket of the engine.
#[derive(Debug, uniffi::Object)]
pub struct EngineSocket {
    handle: u64,
}

#[uniffi::export]
impl EngineSocket {
    /// The number by which the functions of the message plane know this socket.
    pub fn number(&self) -> u64 {
        self.handle
    }

    /// Binds and tells the resolved endpoint.
    pub fn bind(&self, endpoint: &str) -> Result<String> {
        Ok(ohmq_ffi::bind(self.handle, endpoint)?)
    }

    /// Connects, now or as soon as the peer is there.
    pub fn connect(&self, endpoint: &str) -> Result<()> {
        Ok(ohmq_ffi::connect(self.handle, endpoint)?)
    }

    /// Undoes a bind.
    pub fn unbind(&self, endpoint: &str) -> Result<()> {
        Ok(ohmq_ffi::unbind(self.handle, endpoint)?)
    }

    /// Undoes a connect.
    pub fn disconnect(&self, endpoint: &str) -> Result<()> {
        Ok(ohmq_ffi::disconnect(self.handle, endpoint)?)
    }

    /// Sets an option by its number.
    pub fn set(&self, option: i32, value: EngineValue) -> Result<()> {
        Ok(ohmq_ffi::set(self.handle, option, value.into())?)
    }

    /// Reads an option by its number.
    pub fn get(&self, option: i32) -> Result<EngineValue> {
        Ok(ohmq_ffi::get(self.handle, option)?.into())
    }

    /// The counters of the accounting identity and of errors, by name.
    pub fn statistics(&self) -> Result<Vec<EngineCounter>> {
        let counters = ohmq_ffi::stats(self.handle)?;
        Ok(counters.into_iter().map(|(name, value)| EngineCounter { name: name.into(), value }).collect())
    }

    /// Closes: idempotent, never blocks.
    pub fn close(&self) {
        ohmq_ffi::socket_close(self.handle);
    }
}

impl Drop for EngineSocket {
    fn drop(&mut self) {
        self.close();
    }
}

/// An option's value on its way through the boundary.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum EngineValue {
    /// A switch.
    Bool(bool),
    /// A C int.
    Int(i32),
    /// A 64-bit number.
    Int64(i64),
    /// A 64-bit number without a sign.
    Uint64(u64),
    /// Binary, such as a routing id.
    Bytes(Vec<u8>),
    /// Text, such as an endpoint.
    Text(String),
}

impl From<EngineValue> for OptionValue {
    fn from(value: EngineValue) -> Self {
        match value {
            EngineValue::Bool(value) => Self::Bool(value),
            EngineValue::Int(value) => Self::Int(value),
            EngineValue::Int64(value) => Self::Int64(value),
            EngineValue::Uint64(value) => Self::Uint64(value),
            EngineValue::Bytes(value) => Self::Bytes(value),
            EngineValue::Text(value) => Self::Text(value),
        }
    }
}

impl From<OptionValue> for EngineValue {
    fn from(value: OptionValue) -> Self {
        match value {
            OptionValue::Bool(value) => Self::Bool(value),
            OptionValue::Int(value) => Self::Int(value),
            OptionValue::Int64(value) => Self::Int64(value),
            OptionValue::Uint64(value) => Self::Uint64(value),
            OptionValue::Bytes(value) => Self::Bytes(value),
            OptionValue::Text(value) => Self::Text(value),
        }
    }
}

/// One counter of a socket.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EngineCounter {
    /// Its name, the same in every language.
    pub name: String,
    /// Its value.
    pub value: u64,
}

/// The number of the socket option with this name in the table: `sndhwm`, `ZMQ_SNDHWM` or `send_high_water_mark`.
#[uniffi::export]
pub fn socket_option_number(name: &str) -> Option<i32> {
    ohmq_ffi::option_id(name)
}

/// The number of the context option with this name in the table.
#[uniffi::export]
pub fn context_option_number(name: &str) -> Option<i32> {
    ohmq::ContextOption::from_name(name).map(ohmq::ContextOption::id)
}

/// The engine's version. Swift compares it with its own before the first context.
#[uniffi::export]
pub fn engine_version() -> String {
    let (major, minor, patch) = ohmq_ffi::version();
    format!("{major}.{minor}.{patch}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_termination_that_another_thread_ended_first_is_no_error() {
        let context = EngineContext::new();
        ohmq_ffi::context_term(context.handle).unwrap();
        context.terminate().unwrap();
        context.shutdown().unwrap();
        assert!(context.socket(0).is_err());
    }
}

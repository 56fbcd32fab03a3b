//! Integers for contexts and sockets: an index in the low half, a generation in the high half.

use std::sync::{PoisonError, RwLock};

use ohmq::{Context, ErrorCode, Socket};

use crate::failure::{Failure, Outcome};

/// A handle is never 0, and a number is never given out twice.
pub type Handle = u64;

/// Everything of one kind that is open.
#[derive(Debug)]
pub(crate) struct Table<T> {
    slots: RwLock<Slots<T>>,
}

#[derive(Debug)]
struct Slots<T> {
    entries: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T: Clone> Table<T> {
    const fn new() -> Self {
        Table { slots: RwLock::new(Slots { entries: Vec::new(), free: Vec::new() }) }
    }

    pub(crate) fn insert(&self, value: T) -> Handle {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let index = slots.free.pop().unwrap_or_else(|| {
            slots.entries.push((0, None));
            (slots.entries.len() - 1) as u32
        });
        let entry = &mut slots.entries[index as usize];
        // Generations begin at 1, so no handle is 0.
        entry.0 = entry.0.wrapping_add(1).max(1);
        entry.1 = Some(value);
        u64::from(entry.0) << 32 | u64::from(index)
    }

    pub(crate) fn get(&self, handle: Handle) -> Option<T> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        let (generation, value) = slots.entries.get(handle as u32 as usize)?;
        if u64::from(*generation) == handle >> 32 { value.clone() } else { None }
    }

    pub(crate) fn remove(&self, handle: Handle) -> Option<T> {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let index = handle as u32;
        let (generation, value) = slots.entries.get_mut(index as usize)?;
        if u64::from(*generation) != handle >> 32 {
            return None;
        }
        let value = value.take()?;
        slots.free.push(index);
        Some(value)
    }
}

pub(crate) static CONTEXTS: Table<Context> = Table::new();
pub(crate) static SOCKETS: Table<Socket> = Table::new();

/// The context behind a handle. A binding may keep it and skip the table afterwards.
///
/// # Errors
///
/// `EFAULT` when it was terminated or never existed.
pub fn context(handle: Handle, operation: &'static str) -> Outcome<Context> {
    CONTEXTS
        .get(handle)
        .ok_or_else(|| Failure::new(ErrorCode::Efault, operation, "context", "the context is closed"))
}

/// The socket behind a handle. A binding may keep it and skip the table afterwards.
///
/// # Errors
///
/// `ENOTSOCK` when it was closed or never existed.
pub fn socket(handle: Handle, operation: &'static str) -> Outcome<Socket> {
    SOCKETS
        .get(handle)
        .ok_or_else(|| Failure::new(ErrorCode::Enotsock, operation, "socket", "the socket is closed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_outlives_nothing() {
        let table = Table::new();
        let first = table.insert("a");
        assert_eq!(table.remove(first), Some("a"));
        let second = table.insert("b");
        assert_ne!(first, second);
        assert_eq!(table.get(first), None);
        assert_eq!(table.remove(first), None);
        assert_eq!(table.get(second), Some("b"));
        assert_eq!(table.get(0), None);
        assert_eq!(table.get(u64::MAX), None);
    }
}

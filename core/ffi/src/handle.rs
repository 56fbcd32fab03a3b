//! Integers for contexts and sockets: an index in the low half, a generation in the high half.

use std::sync::{OnceLock, PoisonError, RwLock};

use ohmq::{Context, ErrorCode, Socket};

use crate::failure::{Failure, Outcome};

/// A handle is never 0, and a number is never given out twice.
pub type Handle = u64;

/// Everything of one kind that is open in this process. A forked child begins an empty one: what it inherited is closed to it,
/// and the lock may be held for ever by a thread that only its parent has.
#[derive(Debug)]
pub(crate) struct Table<T> {
    /// [`ohmq::fork_generation`] of the process.
    process: u32,
    slots: RwLock<Slots<T>>,
    /// The table of a descendant of the process, in the descendant's memory.
    next: OnceLock<Box<Table<T>>>,
}

#[derive(Debug)]
struct Slots<T> {
    entries: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

/// Generations of a forked child begin here, times its distance from the first process: no number of the parent's means anything
/// of the child's.
const GENERATIONS: u32 = 1 << 24;

impl<T: Clone> Table<T> {
    const fn new(process: u32) -> Self {
        Table {
            process,
            slots: RwLock::new(Slots { entries: Vec::new(), free: Vec::new() }),
            next: OnceLock::new(),
        }
    }

    /// The table of this process.
    fn here(&self) -> &Self {
        self.of(ohmq::fork_generation())
    }

    fn of(&self, process: u32) -> &Self {
        let mut table = self;
        while table.process != process {
            table = table.next.get_or_init(|| Box::new(Table::new(process)));
        }
        table
    }

    pub(crate) fn insert(&self, value: T) -> Handle {
        let table = self.here();
        let first = table.process.wrapping_mul(GENERATIONS);
        let mut slots = table.slots.write().unwrap_or_else(PoisonError::into_inner);
        let index = slots.free.pop().unwrap_or_else(|| {
            slots.entries.push((first, None));
            (slots.entries.len() - 1) as u32
        });
        let entry = &mut slots.entries[index as usize];
        // Generations begin at 1, so no handle is 0.
        entry.0 = entry.0.wrapping_add(1).max(1);
        entry.1 = Some(value);
        u64::from(entry.0) << 32 | u64::from(index)
    }

    pub(crate) fn get(&self, handle: Handle) -> Option<T> {
        let slots = self.here().slots.read().unwrap_or_else(PoisonError::into_inner);
        let (generation, value) = slots.entries.get(handle as u32 as usize)?;
        if u64::from(*generation) == handle >> 32 { value.clone() } else { None }
    }

    pub(crate) fn remove(&self, handle: Handle) -> Option<T> {
        let mut slots = self.here().slots.write().unwrap_or_else(PoisonError::into_inner);
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

pub(crate) static CONTEXTS: Table<Context> = Table::new(0);
pub(crate) static SOCKETS: Table<Socket> = Table::new(0);

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
        let table = Table::new(0);
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
    #[test]
    fn a_forked_child_begins_anew() {
        let table = Table::new(0);
        let parents = table.insert("parent");
        let _held_by_a_thread_of_the_parent = table.slots.write();
        for process in [1, 3] {
            let child = table.of(process);
            assert_eq!(child.process, process);
            assert!(child.slots.try_read().is_ok_and(|slots| slots.entries.is_empty()));
            let first = u64::from(process * GENERATIONS + 1) << 32;
            assert_ne!(first, parents, "the first handle of the child");
        }
    }
}

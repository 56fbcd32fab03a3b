//! The context options: one row each, in the order of libzmq's numbers.

use crate::option::{OptionRow, Unit};

const MAX: i32 = i32::MAX;

table! {
    /// What can be asked of a context. Thirteen numbers, fourteen rows: number 3 is read as one thing and set as another.
    /// Numbers from 1000 are OhMQ's own; libzmq does not have them.
    ContextOption: OptionRow;

    /// How many threads serve the connections; with 0 only inproc works.
    IoThreads = row!(1, "ZMQ_IO_THREADS", "io_threads").int(1, 0, MAX).java("IOThreads").implemented();
    /// How many sockets the context may have at once.
    MaxSockets = row!(2, "ZMQ_MAX_SOCKETS", "max_sockets").int(1023, 1, 65_535).implemented();
    /// The highest value `MAX_SOCKETS` can have.
    SocketLimit = row!(3, "ZMQ_SOCKET_LIMIT", "socket_limit").int(65_535, 1, 65_535).read_only()
        .node("maxSocketsLimit").implemented();
    /// Scheduling priority of the context's threads; unset, the system's.
    ThreadPriority = row!(3, "ZMQ_THREAD_PRIORITY", "thread_priority").int(-1, 0, MAX).write_only();
    /// Scheduling policy of the context's threads; unset, the system's.
    ThreadSchedPolicy = row!(4, "ZMQ_THREAD_SCHED_POLICY", "thread_scheduling_policy").int(-1, 0, MAX);
    /// Longest message; kept for compatibility, as libzmq never enforces it either. Use `MAXMSGSIZE` of a socket.
    MaxMsgsz = row!(5, "ZMQ_MAX_MSGSZ", "max_message_size").int(MAX, 0, MAX).unit(Unit::Bytes).implemented();
    /// Size of the C interface's message structure.
    MsgTSize = row!(6, "ZMQ_MSG_T_SIZE", "message_struct_size").int(64, 64, 64).read_only().unit(Unit::Bytes)
        .implemented();
    /// Adds a processor on which the context's threads may run.
    ThreadAffinityCpuAdd = row!(7, "ZMQ_THREAD_AFFINITY_CPU_ADD", "thread_affinity_cpu_add").int(0, 0, MAX)
        .write_only();
    /// Removes a processor that was added.
    ThreadAffinityCpuRemove = row!(8, "ZMQ_THREAD_AFFINITY_CPU_REMOVE", "thread_affinity_cpu_remove").int(0, 0, MAX)
        .write_only();
    /// Put before the names of the context's threads.
    ThreadNamePrefix = row!(9, "ZMQ_THREAD_NAME_PREFIX", "thread_name_prefix").int(0, 0, MAX);
    /// Lets received messages share the buffer they were read into.
    ZeroCopyRecv = row!(10, "ZMQ_ZERO_COPY_RECV", "zero_copy_recv").switch(true).draft();
    /// What `IPV6` of new sockets starts with.
    Ipv6 = row!(42, "ZMQ_IPV6", "ipv6").switch(false).java("IPv6").implemented();
    /// Whether new sockets linger for ever when closed; off, they start with `LINGER` 0.
    Blocky = row!(70, "ZMQ_BLOCKY", "blocky").switch(true).implemented();
    /// How long a blocking call looks for its message before it sleeps, where that pays; 0: never, -1: it never sleeps, and hears of no signal.
    Spin = row!(1001, "ZMQ_SPIN", "spin").int(50, -1, 1_000_000).unit(Unit::Microseconds).implemented();
}

impl ContextOption {
    /// The number that crosses every language boundary; libzmq's. `SocketLimit` and `ThreadPriority` share 3.
    pub const fn id(self) -> i32 {
        self.row().id
    }

    /// The option with this number, for somebody who wants to read it.
    pub fn from_id_for_get(id: i32) -> Option<Self> {
        Self::preferring(id, |row| row.readable)
    }

    /// The option with this number, for somebody who wants to set it.
    pub fn from_id_for_set(id: i32) -> Option<Self> {
        Self::preferring(id, |row| row.writable)
    }

    /// The option with this name: `io_threads`, `IO_THREADS` or `ZMQ_IO_THREADS`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|each| each.row().is_named(name))
    }

    /// Its short name, for instance `io_threads`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    fn preferring(id: i32, wanted: fn(&OptionRow) -> bool) -> Option<Self> {
        let mut same = Self::ALL.iter().copied().filter(|each| each.id() == id);
        same.clone().find(|each| wanted(each.row())).or_else(|| same.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::option::check;
    use std::collections::BTreeSet;

    #[test]
    fn thirteen_numbers_in_order() {
        let ids: BTreeSet<_> = ContextOption::ALL.iter().map(|each| each.id()).collect();
        assert_eq!((ids.len(), ROWS.len()), (13, 14));
        assert!(ROWS.is_sorted_by_key(|row| row.id));
    }

    #[test]
    fn number_three_depends_on_the_direction() {
        assert_eq!(ContextOption::from_id_for_get(3), Some(ContextOption::SocketLimit));
        assert_eq!(ContextOption::from_id_for_set(3), Some(ContextOption::ThreadPriority));
        // One direction only: the caller sees from the row that the other is refused.
        assert_eq!(ContextOption::from_id_for_set(6), Some(ContextOption::MsgTSize));
        assert_eq!(ContextOption::from_id_for_get(0), None);
    }

    #[test]
    fn rows_are_consistent() {
        for row in ROWS {
            check(row, &["THREAD_PRIORITY", "THREAD_SCHED_POLICY"]);
        }
        for each in ContextOption::ALL {
            assert_eq!(format!("{each:?}").to_lowercase(), each.name().replace('_', ""));
            assert_eq!(ContextOption::from_name(each.row().zmq_name), Some(*each));
        }
        assert_eq!(ROWS.iter().filter(|row| row.implemented).count(), 8);
    }
}

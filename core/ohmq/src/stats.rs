//! The accounting of a socket: every message that went in has come out, waits, or was dropped for a named reason.

/// What went through a socket since it was made. Both identities hold at every quiet moment:
///
/// * `sent_accepted = sent_delivered + sent_queued +` the sent drops;
/// * `recv_accepted = recv_delivered + recv_queued +` the receive drops.
///
/// The unit of the sending side is the copy: a publication to three subscribers is three, one to nobody is one.
/// *Delivered* means handed to the kernel (tcp, ipc) or to the other socket (inproc); on the receiving side, returned
/// to the application. REQ and REP envelopes and subscriptions are not messages and are not counted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Copies that `send` accepted.
    pub sent_accepted: u64,
    /// Copies whose last byte the kernel took, or that the other inproc socket has.
    pub sent_delivered: u64,
    /// Copies that wait.
    pub sent_queued: u64,
    /// Dropped: no peer to send it to.
    pub sent_dropped_no_peer: u64,
    /// Dropped: nobody subscribed.
    pub sent_dropped_no_subscriber: u64,
    /// Dropped: that peer's queue was at its high-water mark.
    pub sent_dropped_high_water: u64,
    /// Dropped: no peer has that routing id.
    pub sent_dropped_unroutable: u64,
    /// Dropped: the peer a reply was for has gone.
    pub sent_dropped_reply_gone: u64,
    /// Dropped: the connection died and will not come back.
    pub sent_dropped_disconnected: u64,
    /// Dropped: the linger time was over.
    pub sent_dropped_linger: u64,
    /// Messages that came in, and events the socket made itself (XPUB).
    pub recv_accepted: u64,
    /// Messages the application received.
    pub recv_delivered: u64,
    /// Messages that wait for the application.
    pub recv_queued: u64,
    /// Dropped: no subscription of ours matches (SUB).
    pub recv_dropped_filtered: u64,
    /// Dropped: not the reply that was waited for (REQ).
    pub recv_dropped_stray: u64,
    /// Dropped: no proper envelope (REQ, REP).
    pub recv_dropped_malformed: u64,
    /// Dropped: this socket type does not receive.
    pub recv_dropped_unsupported: u64,
    /// Dropped: the socket or the endpoint was closed before anybody received it.
    pub recv_dropped_closed: u64,
    /// Connections that ended because the peer broke the protocol.
    pub protocol_errors: u64,
    /// Handshakes that were completed.
    pub connections_established: u64,
    /// Connections that were lost after their handshake.
    pub connections_lost: u64,
}

impl Stats {
    /// All copies given up, whatever the cause.
    pub fn sent_dropped(&self) -> u64 {
        self.sent_dropped_no_peer
            + self.sent_dropped_no_subscriber
            + self.sent_dropped_high_water
            + self.sent_dropped_unroutable
            + self.sent_dropped_reply_gone
            + self.sent_dropped_disconnected
            + self.sent_dropped_linger
    }

    /// All received messages thrown away, whatever the cause.
    pub fn recv_dropped(&self) -> u64 {
        self.recv_dropped_filtered
            + self.recv_dropped_stray
            + self.recv_dropped_malformed
            + self.recv_dropped_unsupported
            + self.recv_dropped_closed
    }

    /// Whether both identities hold.
    pub fn balanced(&self) -> bool {
        self.sent_accepted == self.sent_delivered + self.sent_queued + self.sent_dropped()
            && self.recv_accepted == self.recv_delivered + self.recv_queued + self.recv_dropped()
    }

    /// Every counter with its name, for languages that want a dictionary.
    pub fn fields(&self) -> [(&'static str, u64); 21] {
        macro_rules! named {
            ($($field:ident),+ $(,)?) => { [$((stringify!($field), self.$field)),+] };
        }
        named![
            sent_accepted,
            sent_delivered,
            sent_queued,
            sent_dropped_no_peer,
            sent_dropped_no_subscriber,
            sent_dropped_high_water,
            sent_dropped_unroutable,
            sent_dropped_reply_gone,
            sent_dropped_disconnected,
            sent_dropped_linger,
            recv_accepted,
            recv_delivered,
            recv_queued,
            recv_dropped_filtered,
            recv_dropped_stray,
            recv_dropped_malformed,
            recv_dropped_unsupported,
            recv_dropped_closed,
            protocol_errors,
            connections_established,
            connections_lost,
        ]
    }
}

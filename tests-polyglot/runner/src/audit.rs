//! The accounting identity: what a socket's statistics must say after a scenario.

use anyhow::{Result, bail};
use serde_json::Value;

/// What the runner itself knows of a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// Whether one send is one message in the books: not so for a publisher, which counts a copy per subscriber.
    one_for_one: bool,
    /// Messages the socket accepted from the application.
    pub(crate) sent: u64,
    /// Messages the application received.
    pub(crate) received: u64,
    /// Whether the two counts above are complete.
    pub(crate) exact: bool,
}

impl Expected {
    /// The books of a new socket.
    pub(crate) fn new(kind: &str) -> Self {
        let one_for_one = !matches!(kind, "PUB" | "XPUB" | "SUB" | "XSUB");
        Self { one_for_one, sent: 0, received: 0, exact: true }
    }
}

/// Checks the identity in both directions, and the counts the runner knows.
pub(crate) fn check(stats: &Value, expected: &Expected) -> Result<()> {
    balanced(stats)?;
    if expected.exact && expected.one_for_one {
        same("sent_accepted", Books::read(stats, "sent")?.accepted, expected.sent, stats)?;
    }
    if expected.exact {
        same("recv_delivered", Books::read(stats, "recv")?.delivered, expected.received, stats)?;
    }
    Ok(())
}

/// Checks `accepted = delivered + queued + dropped (by cause)` in both directions.
pub(crate) fn balanced(stats: &Value) -> Result<()> {
    for direction in ["sent", "recv"] {
        let books = Books::read(stats, direction)?;
        if books.accepted != books.delivered + books.queued + books.dropped {
            bail!("{direction}: {books:?} does not balance: {stats}");
        }
    }
    Ok(())
}

/// Checks that what all these sockets delivered is what all these sockets accepted from the wire.
pub(crate) fn circle<'a>(all: impl Iterator<Item = &'a Value>) -> Result<()> {
    let (mut delivered, mut arrived) = (0, 0);
    for stats in all {
        delivered += Books::read(stats, "sent")?.delivered;
        arrived += Books::read(stats, "recv")?.accepted;
    }
    if delivered != arrived {
        bail!("the sending sockets delivered {delivered} messages, the receiving ones accepted {arrived}");
    }
    Ok(())
}

/// One direction of a socket's statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Books {
    /// Taken from the application, or from the wire.
    pub(crate) accepted: u64,
    /// Handed to the kernel, or to the application.
    pub(crate) delivered: u64,
    /// Still here.
    pub(crate) queued: u64,
    /// Dropped, all causes.
    pub(crate) dropped: u64,
}

impl Books {
    /// Reads one direction, `sent` or `recv`.
    pub(crate) fn read(stats: &Value, direction: &str) -> Result<Self> {
        let field = |name: &str| match stats[format!("{direction}_{name}")].as_u64() {
            Some(count) => Ok(count),
            None => bail!("the statistics have no {direction}_{name}: {stats}"),
        };
        let prefix = format!("{direction}_dropped_");
        let causes = stats.as_object().into_iter().flatten().filter(|(name, _)| name.starts_with(&prefix));
        let dropped = causes.filter_map(|(_, count)| count.as_u64()).sum();
        Ok(Self {
            accepted: field("accepted")?,
            delivered: field("delivered")?,
            queued: field("queued")?,
            dropped,
        })
    }
}

fn same(name: &str, got: u64, wanted: u64, stats: &Value) -> Result<()> {
    if got != wanted {
        bail!("{name} is {got}, but the application counted {wanted}: {stats}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stats() -> Value {
        json!({"sent_accepted": 10, "sent_delivered": 7, "sent_queued": 1, "sent_dropped_no_peer": 2,
               "recv_accepted": 3, "recv_delivered": 3, "recv_queued": 0, "recv_dropped_filtered": 0})
    }

    #[test]
    fn balanced_books_with_the_right_counts_pass() {
        let expected = Expected { sent: 10, received: 3, ..Expected::new("PUSH") };
        check(&stats(), &expected).unwrap();
    }

    #[test]
    fn a_missing_message_fails() {
        let mut stats = stats();
        stats["sent_delivered"] = json!(6);
        let expected = Expected { sent: 10, received: 3, ..Expected::new("PUSH") };
        assert!(check(&stats, &expected).unwrap_err().to_string().contains("does not balance"));
    }

    #[test]
    fn what_one_side_delivers_the_other_accepts() {
        let mut other = stats();
        assert!(circle([&stats(), &other].into_iter()).is_err());
        other["recv_accepted"] = json!(11);
        circle([&stats(), &other].into_iter()).unwrap();
    }

    #[test]
    fn counts_the_application_saw_must_agree() {
        let expected = Expected { sent: 11, received: 3, ..Expected::new("PUSH") };
        assert!(check(&stats(), &expected).is_err());
        let publisher = Expected { sent: 5, received: 3, ..Expected::new("PUB") };
        check(&stats(), &publisher).unwrap();
    }
}

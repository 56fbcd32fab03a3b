//! Logs of message numbers, which survive a SIGKILL, and what they prove.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// What became of the messages of one case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Losses {
    /// Accepted by a sender.
    pub(crate) sent: u64,
    /// Received by an application, each once.
    pub(crate) received: u64,
    /// The difference.
    pub(crate) lost: u64,
    /// The most messages lost by one kill.
    pub(crate) worst: u64,
}

/// All numbers of a log; a torn last record does not count.
pub(crate) fn read(path: &Path) -> Result<Vec<u64>> {
    let bytes = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
    Ok(bytes.chunks_exact(8).filter_map(|chunk| Some(u64::from_be_bytes(chunk.try_into().ok()?))).collect())
}

/// The last whole number of a log.
pub(crate) fn last(path: &Path) -> Result<Option<u64>> {
    use std::os::unix::fs::FileExt as _;
    let file = std::fs::File::open(path).with_context(|| format!("open {}", path.display()))?;
    let Some(place) = (file.metadata()?.len() / 8).checked_sub(1) else { return Ok(None) };
    let mut record = [0; 8];
    file.read_exact_at(&mut record, place * 8)?;
    Ok(Some(u64::from_be_bytes(record)))
}

/// A sender survived several receivers: nobody received anything twice or out of order, and (unless the sender drops by
/// rule) every life received an unbroken run, so that only kills can have swallowed what is missing.
pub(crate) fn receivers_died(sent: &[u64], lives: &[Vec<u64>], unbroken: bool) -> Result<Losses> {
    unbroken_run(sent, 0).context("the sender's own log")?;
    let mut losses = Losses { sent: sent.len() as u64, ..Losses::default() };
    let mut next = 0;
    for (life, received) in lives.iter().enumerate() {
        let Some(first) = received.first() else { continue };
        if *first < next {
            bail!("life {life} received message {first} again");
        }
        losses.worst = losses.worst.max(first - next);
        if unbroken {
            unbroken_run(received, *first).with_context(|| format!("life {life}"))?;
        } else if !received.windows(2).all(|pair| pair[0] < pair[1]) {
            bail!("life {life} received messages twice or out of order");
        }
        next = received.last().map_or(next, |last| last + 1);
        losses.received += received.len() as u64;
    }
    if next > losses.sent {
        bail!("message {} was received but never sent", next - 1);
    }
    losses.lost = losses.sent - losses.received;
    Ok(losses)
}

/// A receiver survived several senders: of each life it received an unbroken run from its first message on, so that only
/// the end, which lived in the killed process or its kernel buffers, can be missing. Order is promised within a connection
/// only: what a dead sender left behind may come among its successor's first messages.
pub(crate) fn senders_died(
    lives: &[Vec<u64>],
    received: &[u64],
    first_number: impl Fn(usize) -> u64,
) -> Result<Losses> {
    let mut losses = Losses { received: received.len() as u64, ..Losses::default() };
    for (life, sent) in lives.iter().enumerate() {
        let (first, next) = (first_number(life), first_number(life + 1));
        unbroken_run(sent, first).with_context(|| format!("log of sender {life}"))?;
        let run: Vec<u64> =
            received.iter().copied().filter(|number| (first..next).contains(number)).collect();
        unbroken_run(&run, first).with_context(|| format!("received from sender {life}"))?;
        // Killed between send and log: one message more than the log says may be on its way.
        let (sent, got) = (sent.len() as u64, run.len() as u64);
        if got > sent + 1 {
            bail!("{got} messages received from sender {life}, which sent {sent}");
        }
        losses.sent += sent.max(got);
        losses.worst = losses.worst.max(sent.saturating_sub(got));
    }
    if let Some(number) = received.iter().find(|number| **number >= first_number(lives.len())) {
        bail!("message {number:#x} is from no sender");
    }
    losses.lost = losses.sent - losses.received;
    Ok(losses)
}

fn unbroken_run(numbers: &[u64], first: u64) -> Result<()> {
    for (wanted, number) in (first..).zip(numbers) {
        if *number != wanted {
            let what = if *number < wanted { "duplicate or reordered" } else { "lost before" };
            bail!("{what}: message {number:#x} where {wanted:#x} was due");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(life: usize) -> u64 {
        life as u64 * 100
    }

    #[test]
    fn losses_at_a_kill_are_counted() {
        let sent: Vec<u64> = (0..10).collect();
        let lives = [vec![0, 1, 2], vec![], vec![6, 7, 8, 9]];
        let losses = receivers_died(&sent, &lives, true).unwrap();
        assert_eq!(losses, Losses { sent: 10, received: 7, lost: 3, worst: 3 });
    }

    #[test]
    fn duplicates_gaps_and_strangers_are_found() {
        let sent: Vec<u64> = (0..10).collect();
        assert!(receivers_died(&sent, &[vec![0, 1], vec![1, 2]], true).is_err());
        assert!(receivers_died(&sent, &[vec![0, 2]], true).is_err());
        assert!(receivers_died(&sent, &[vec![0, 2]], false).is_ok());
        assert!(receivers_died(&sent, &[vec![2, 2]], false).is_err());
        assert!(receivers_died(&sent, &[vec![10]], true).is_err());
    }

    #[test]
    fn only_the_end_of_a_killed_senders_messages_may_be_missing() {
        let lives = [vec![0, 1, 2], vec![100, 101]];
        let losses = senders_died(&lives, &[0, 1, 100, 101], first).unwrap();
        assert_eq!(losses, Losses { sent: 5, received: 4, lost: 1, worst: 1 });
        // The last send of the first life was not logged any more.
        assert_eq!(senders_died(&lives, &[0, 1, 2, 3, 100, 101], first).unwrap().lost, 0);
        assert!(senders_died(&lives, &[0, 2, 100, 101], first).is_err());
        assert_eq!(senders_died(&lives, &[0, 1, 100, 2, 101], first).unwrap().lost, 0);
        assert!(senders_died(&lives, &[0, 1, 101, 100], first).is_err());
        assert!(senders_died(&lives, &[0, 1, 1, 100], first).is_err());
        assert!(senders_died(&lives, &[0, 1, 200], first).is_err());
        assert!(senders_died(&lives, &[0, 1, 2, 3, 4], first).is_err());
    }
}

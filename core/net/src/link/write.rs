//! The writer role: from an accepted message to bytes the kernel has taken.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ohmq_proto::Message;
use ohmq_proto::output::{Batch, Edition, Encoded, Gathered, Output};
use ohmq_queue::mistake::{Mistake, planted};

use super::state::{Phase, State};
use super::{Link, Wire};
use crate::reactor::Command;
use crate::stream::Stream;

/// Slices handed to one vectored write.
pub(super) const SLICES: usize = 32;

/// Bytes the kernel has refused that make a sender wait for a moment.
const FAR_AHEAD: usize = 1024 * 1024;

/// Writes one turn may make before it lets others have the thread; the rest goes on with the I/O thread.
const WRITES_PER_TURN: usize = if cfg!(shuttle) { 1 } else { 16 };

impl Link {
    /// Accepts a message, which `encoded` may hold in wire form already. It counts against the high-water mark until
    /// the kernel took its last byte. The caller asks [`LinkEnd::writable`](super::LinkEnd::writable) first.
    pub(super) fn enqueue(&self, message: &mut Message, encoded: Option<&Encoded>) {
        let mut state = self.lock();
        state.counters.sent_accepted += 1;
        if state.phase == Phase::Closed {
            state.counters.sent_dropped.disconnected += 1;
            return;
        }
        self.unsent.fetch_add(1, Ordering::SeqCst);
        match (established(&mut state), encoded) {
            (Some(Wire { connection, .. }), Some(encoded))
                if connection.frame_format() == encoded.format() =>
            {
                connection.send_encoded(encoded);
            }
            (Some(wire), _) => wire.connection.send(message),
            (None, _) => state.backlog.push_back(std::mem::take(message)),
        }
    }

    /// Accepts messages that were encoded ahead for the connection of that moment.
    pub(super) fn append(&self, gathered: &mut Gathered) {
        let count = gathered.messages();
        let mut state = self.lock();
        state.counters.sent_accepted += count as u64;
        if state.phase == Phase::Closed {
            state.counters.sent_dropped.disconnected += count as u64;
            drop(gathered.take_messages());
            return;
        }
        self.unsent.fetch_add(count, Ordering::SeqCst);
        match established(&mut state) {
            Some(Wire { connection, .. }) if connection.frame_format() == gathered.format() => {
                connection.send_gathered(gathered);
            }
            // The peer came back with another version, or is away.
            Some(wire) => gathered.take_messages().iter().for_each(|message| wire.connection.send(message)),
            None => state.backlog.extend(gathered.take_messages()),
        }
    }

    /// The same for messages that go to many peers.
    pub(super) fn append_edition(&self, edition: &Edition) {
        let count = edition.messages();
        let mut state = self.lock();
        state.counters.sent_accepted += count as u64;
        if state.phase == Phase::Closed {
            state.counters.sent_dropped.disconnected += count as u64;
            return;
        }
        self.unsent.fetch_add(count, Ordering::SeqCst);
        match established(&mut state) {
            Some(Wire { connection, .. }) if connection.frame_format() == edition.format() => {
                connection.send_edition(edition);
            }
            Some(wire) => edition.decode().iter().for_each(|message| wire.connection.send(message)),
            None => state.backlog.extend(edition.decode()),
        }
    }

    /// Has the I/O thread call [`Owner::tick`](super::Owner::tick) of this link's socket as soon as it is awake.
    pub(super) fn begin_stream(&self) {
        self.command(Command::Stream { key: self.key, owner: Arc::clone(&self.owner) });
    }

    /// Tells the peer of a subscription of ours, or of its end. Without a connection nothing happens: the socket
    /// replays its subscriptions when one is established.
    pub(super) fn send_subscription(&self, subscribe: bool, topic: &[u8]) {
        if let Some(wire) = established(&mut self.lock()) {
            wire.connection.send_subscription(subscribe, topic);
        }
    }

    /// Takes the writer role if it is free and writes what is queued. When another thread holds the role, that
    /// thread will see what this one queued before it lets go.
    ///
    /// True when the kernel has refused bytes and a lot of them wait: whoever sends more only fills memory.
    pub fn flush(self: &Arc<Self>) -> bool {
        if let Some(Written::Done { far_ahead }) = self.write_short() {
            return far_ahead;
        }
        for _ in 0..WRITES_PER_TURN {
            let (stream, mut batch) = match self.take_batch() {
                Ok(taken) => taken,
                Err(far_ahead) => return far_ahead,
            };
            let outcome = write_batch(&stream, &mut batch);
            match self.return_role(&stream, outcome, |output| output.restore(batch)) {
                Written::More => {}
                Written::Done { far_ahead } => return far_ahead,
            }
        }
        if !planted(Mistake::WriterTurnUnfinished) {
            self.command(Command::Flush(self.key));
        }
        false
    }

    /// Gives the role back after [`Direct`](super::Direct) writing, by which so many messages were completed outside the
    /// batch.
    pub(super) fn end_direct(
        self: &Arc<Self>,
        stream: &Arc<Stream>,
        batch: Batch,
        outcome: io::Result<()>,
        direct: usize,
    ) {
        let restore = |output: &mut Output| direct + output.restore(batch);
        if let Written::More = self.return_role(stream, outcome, restore) {
            self.flush();
        }
    }

    /// As [`Link::flush`] for the usual case, a few short messages at once; `None` when it is another one.
    fn write_short(self: &Arc<Self>) -> Option<Written> {
        let (stream, short) = {
            let mut state = self.lock();
            let wire = state.wire.as_mut().filter(|wire| wire.may_write())?;
            let short = wire.connection.output().take_short()?;
            wire.writer_held = true;
            (Arc::clone(&wire.stream), short)
        };
        let length = short.bytes().len();
        let result = stream.write(&[IoSlice::new(short.bytes())]);
        let written = result.as_ref().map_or(0, |written| *written);
        let outcome = match result {
            // The kernel has no more room; it will say when it has.
            Ok(_) if written < length => Err(io::ErrorKind::WouldBlock.into()),
            other => other.map(drop),
        };
        Some(self.return_role(&stream, outcome, |output| output.restore_short(short, written)))
    }

    /// Frees the memory kept for further batches.
    pub(super) fn trim(&self) {
        if let Some(wire) = self.lock().wire.as_mut() {
            wire.connection.output().trim();
        }
    }

    /// Whether the kernel has refused bytes.
    pub(crate) fn waits_for_room(&self) -> bool {
        self.lock().wire.as_ref().is_some_and(|wire| wire.refused)
    }

    /// The stream is writable again. Called by the I/O thread.
    pub(crate) fn on_writable(self: &Arc<Self>) {
        {
            let mut state = self.lock();
            if !state.wire.as_mut().is_some_and(Wire::on_room) {
                return;
            }
        }
        self.flush();
    }

    /// Takes the writer role; when it is not to be had, or there is nothing to write, says whether a lot waits.
    fn take_batch(&self) -> Result<(Arc<Stream>, Batch), bool> {
        let mut state = self.lock();
        let Some(wire) = state.wire.as_mut() else { return Err(false) };
        if !wire.may_write() {
            return Err(is_far_ahead(wire));
        }
        let output = wire.connection.output();
        if output.is_empty() {
            return Err(false);
        }
        let batch = output.take();
        wire.writer_held = true;
        Ok((Arc::clone(&wire.stream), batch))
    }

    /// Gives the role back with the outcome of the write; `restore` gives back the bytes.
    fn return_role(
        self: &Arc<Self>,
        stream: &Arc<Stream>,
        outcome: io::Result<()>,
        restore: impl FnOnce(&mut Output) -> usize,
    ) -> Written {
        let (completed, again, finished, far_ahead) = {
            let mut state = self.lock();
            let Some(wire) = state.wire.as_mut().filter(|wire| Arc::ptr_eq(&wire.stream, stream)) else {
                // A wire is never taken away while its writer role is held.
                debug_assert!(false, "the wire changed under its writer");
                return Written::Done { far_ahead: false };
            };
            wire.writer_held = false;
            let completed = restore(wire.connection.output());
            let retry = std::mem::take(&mut wire.retry_write);
            let again = match outcome {
                Ok(()) => !wire.connection.output().is_empty() && !planted(Mistake::WriterLeavesAtOnce),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    wire.refused = !retry;
                    if let Some(nest) = self.nest().filter(|_| !retry) {
                        nest.reconsider();
                    }
                    retry
                }
                Err(_) => {
                    // What the peer sent before it went is still to be read; reading finds the reason too.
                    wire.write_closed = true;
                    self.command(Command::Kick(self.key));
                    false
                }
            };
            if wire.failed.is_some() {
                self.command(Command::Lost(self.key));
            }
            let far_ahead = is_far_ahead(wire);
            state.counters.sent_delivered += completed as u64;
            self.release(completed);
            let finished = state.phase == Phase::Lingering && completed > 0 && self.unsent() == 0;
            (completed, again, finished, far_ahead)
        };
        if completed > 0 {
            self.ring_room();
        }
        if finished {
            self.command(Command::Finish(self.key));
        }
        if again { Written::More } else { Written::Done { far_ahead } }
    }
}

/// How a write ended.
enum Written {
    /// There is more to write now.
    More,
    Done {
        far_ahead: bool,
    },
}

fn is_far_ahead(wire: &Wire) -> bool {
    wire.refused && wire.connection.output_ref().bytes() > FAR_AHEAD
}

/// The wire, if its handshake is done.
pub(super) fn established(state: &mut State) -> Option<&mut Wire> {
    state.wire.as_mut().filter(|wire| wire.connection.established())
}

/// Writes until the batch is done or the kernel refuses.
fn write_batch(stream: &Stream, batch: &mut Batch) -> io::Result<()> {
    while !batch.is_done() {
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = batch.slices(&mut slices);
        let offered = slices[..count].iter().map(|slice| slice.len()).sum();
        let written = stream.write(&slices[..count])?;
        batch.advance(written);
        if written < offered {
            // The kernel has no more room; it will say when it has. Asking again would only cost a call.
            return Err(io::ErrorKind::WouldBlock.into());
        }
    }
    Ok(())
}

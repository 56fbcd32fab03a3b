//! A large body that is written from where it lies.
//!
//! Bytes that stay the caller's are copied into a message before they are queued. For a large body that costs as much as
//! half the way through the kernel; so while nothing else waits for the stream the caller writes it itself, behind what is
//! queued, and only what the kernel does not take becomes a message: the whole of it, since it may have to be sent again.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::Duration;

use ohmq_proto::output::Batch;
use ohmq_proto::{FrameHeader, Message};
use ohmq_queue::sync::Ordering;

use super::state::Phase;
use super::write::SLICES;
use super::{Link, LinkEnd};
use crate::stream::Stream;

/// The writer role, taken for one message whose body somebody else keeps. It must be [ended](Direct::end).
#[derive(Debug)]
#[must_use = "the writer role is held until it is ended"]
pub struct Direct {
    link: Arc<Link>,
    stream: Arc<Stream>,
    /// What was queued before; it goes first.
    batch: Batch,
    header: FrameHeader,
    /// Bytes of the message that the kernel has taken.
    taken: usize,
    outcome: io::Result<()>,
}

impl LinkEnd {
    /// Accepts a message of one frame with a body of `length` bytes, to be written at once; `None` when that cannot be:
    /// nothing has changed then. It counts as any other until [`Direct::end`].
    pub fn begin_direct(&mut self, length: usize) -> Option<Direct> {
        self.hand_over();
        Direct::begin(self.link(), length)
    }
}

impl Direct {
    fn begin(link: &Arc<Link>, length: usize) -> Option<Self> {
        let mut state = link.lock();
        if state.phase != Phase::Open {
            return None;
        }
        let wire = state.wire.as_mut().filter(|wire| wire.connection.established() && wire.may_write())?;
        let header = FrameHeader::new(wire.connection.frame_format(), length);
        let batch = wire.connection.output().take();
        wire.writer_held = true;
        let stream = Arc::clone(&wire.stream);
        state.counters.sent_accepted += 1;
        link.unsent.fetch_add(1, Ordering::SeqCst);
        Some(Direct { link: Arc::clone(link), stream, batch, header, taken: 0, outcome: Ok(()) })
    }

    /// Writes what the kernel takes now. True when there is nothing left to do but to [end](Direct::end).
    pub fn write(&mut self, body: &[u8]) -> bool {
        while self.taken < self.header.len() + body.len() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let mut count = self.batch.slices(&mut slices[..SLICES - 2]);
            if count < SLICES - 2 {
                let header = self.header.get(self.taken..).unwrap_or_default();
                let rest = body.get(self.taken.saturating_sub(self.header.len())..).unwrap_or_default();
                for part in [header, rest].into_iter().filter(|part| !part.is_empty()) {
                    slices[count] = IoSlice::new(part);
                    count += 1;
                }
            }
            let offered: usize = slices[..count].iter().map(|slice| slice.len()).sum();
            match self.stream.write(&slices[..count]) {
                Ok(written) => {
                    let earlier = written.min(self.batch.remaining());
                    self.batch.advance(earlier);
                    self.taken += written - earlier;
                    if written < offered {
                        return false;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(error) => {
                    self.outcome = Err(error);
                    return true;
                }
            }
        }
        true
    }

    /// Waits until the kernel has room again; says whether it has.
    pub fn wait(&self, time: Duration) -> bool {
        self.stream.wait_for_room(time)
    }

    /// Gives the role back. What was not written waits, as a message.
    pub fn end(self, body: &[u8]) {
        let Direct { link, stream, mut batch, header, taken, outcome } = self;
        let whole = taken == header.len() + body.len();
        let outcome = if whole { outcome } else { outcome.and(Err(io::ErrorKind::WouldBlock.into())) };
        if !whole && let Some(wire) = link.lock().wire.as_mut() {
            wire.connection.output().resume(&mut batch, &Message::from(body), taken);
        }
        link.end_direct(&stream, batch, outcome, usize::from(whole));
    }
}

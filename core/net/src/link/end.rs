//! The socket's end of a link: what only the socket touches, under its own lock.
//!
//! Most messages of a stream pass through here without the link's lock: sent ones are encoded ahead and handed over when
//! there are enough for a write; received ones are taken in batches.

use std::sync::Arc;

use ohmq_proto::connection::{InlineBody, KeptBody};
use ohmq_proto::message::INLINE;
use ohmq_proto::output::{Edition, Encoded, Gathered, REFERENCED};
use ohmq_proto::{FrameFormat, Message};
use ohmq_queue::mistake::{Mistake, planted};

use super::inbound::Inbound;
use super::{Counters, Link, Refill};

/// Bytes of a stream that are written at once. A call of this length costs little more for each byte than a longer one,
/// and what was gathered is still in the cache when the kernel copies it. With the message that completes them they fit into
/// one segment: 64 KiB would be one and the beginning of another, which costs as much as any.
const BATCH: usize = if cfg!(shuttle) { 64 } else { 63 * 1024 };

/// The same when a message is longer than [`SHORT`] on average, and a few segments. Its time goes into copies, and between
/// CPUs that share no cache the kernel copies faster what the receiver is not just behind of.
const LARGE_BATCH: usize = if cfg!(shuttle) { 256 } else { 240 * 1024 };

/// No header is longer.
const HEADER: usize = 16;

/// No frame with a body of [`INLINE`] bytes is longer.
const SHORT_FRAME: usize = if cfg!(shuttle) { 16 } else { INLINE + HEADER };

/// Messages of this mean size, in bytes, or less make short batches.
const SHORT: usize = if cfg!(shuttle) { 32 } else { 192 };

/// Whether so many messages of a stream, with so many bytes, are to be written; if they are not short, only so much as is
/// `large`.
#[inline]
pub fn is_batch(messages: usize, bytes: usize, large: usize) -> bool {
    bytes >= BATCH && (bytes <= SHORT * messages || bytes >= large)
}

/// One link as its socket holds it. See the module's own page.
#[derive(Debug)]
pub struct LinkEnd {
    link: Arc<Link>,
    /// How the peer's frames look while there is a connection. Without one nothing can be encoded.
    format: Option<FrameFormat>,
    gathered: Gathered,
    received: Inbound,
    /// Behind what was received there is nothing: the link tells when there is.
    last: bool,
}

impl LinkEnd {
    /// The end of a link that nobody else has an end of.
    pub fn new(link: Arc<Link>) -> Self {
        LinkEnd {
            link,
            format: None,
            gathered: Gathered::default(),
            received: Inbound::default(),
            last: false,
        }
    }

    /// The link.
    #[inline]
    pub fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// A connection is established: from now on messages can be gathered for it.
    pub fn on_established(&mut self) {
        self.hand_over();
        self.format = self.link.frame_format();
        self.gathered.set_format(self.format.unwrap_or_default());
    }

    /// The connection is gone: what was gathered waits for the next.
    pub fn on_lost(&mut self) {
        self.hand_over();
        self.format = None;
    }

    /// Whether one more message may be sent before the high-water mark is reached, when `elsewhere` are gathered for this
    /// peer and others together. When the answer is no, the owner is rung (OUT) once there is room again.
    #[inline]
    pub fn writable(&self, elsewhere: usize) -> bool {
        self.link.has_room(self.gathered.messages() + elsewhere)
    }

    /// Bytes that are gathered and not handed over.
    pub fn gathered_bytes(&self) -> usize {
        self.gathered.bytes()
    }

    /// How many more messages may be sent, at least, before [`LinkEnd::writable`] has to be asked again.
    pub fn room(&self) -> usize {
        self.link.room(self.gathered.messages())
    }

    /// Queues a message. The caller calls [`Link::flush`] once it holds no lock. A message that has to wait for a
    /// connection is taken out of its place, any other is left there for the caller to drop.
    #[inline]
    pub fn write(&mut self, message: &mut Message) {
        self.hand_over();
        self.link.enqueue(message, None);
    }

    /// Queues a message that was encoded for other peers too; `shared` encodes it for a format, once.
    pub fn write_shared(&mut self, message: &Message, shared: &mut Shared) {
        self.hand_over();
        self.link.enqueue(&mut message.clone(), self.format.map(|format| shared.encoded(format, message)));
    }

    /// Encodes a message of a stream ahead. True when there is enough for a write: then [`LinkEnd::hand_over`] and
    /// [`Link::flush`] are due.
    #[inline]
    pub fn gather(&mut self, message: &mut Message) -> bool {
        if self.format.is_none() {
            self.link.enqueue(message, None);
            return false;
        }
        self.gathered.push(message);
        self.is_full()
    }

    /// The same for the body of a message that does not exist yet; `None` when it has to, because there is no connection or
    /// because the body is so long that it is kept.
    #[inline(always)]
    pub fn gather_body(&mut self, body: &[u8]) -> Option<bool> {
        if self.format.is_none() || body.len() >= REFERENCED {
            return None;
        }
        self.gathered.push_body(body);
        Some(self.is_full())
    }

    /// The same for at most [`INLINE`] bytes, if nothing else has to be done, now or then; says whether it did.
    #[inline(always)]
    pub fn gather_short(&mut self, body: &[u8]) -> bool {
        body.len() <= INLINE
            && self.format.is_some()
            && self.gathered.bytes() + SHORT_FRAME < BATCH
            && self.gathered.push_short(body)
    }

    /// The same for a longer body.
    #[inline(always)]
    pub fn gather_longer(&mut self, body: &[u8]) -> bool {
        let (messages, bytes) = (self.gathered.messages() + 1, self.gathered.bytes() + body.len() + HEADER);
        body.len() < REFERENCED
            && self.format.is_some()
            && !is_batch(messages, bytes, LARGE_BATCH)
            && self.gathered.push_longer(body)
    }

    /// The same for a message that goes to other peers too.
    #[inline]
    pub fn gather_shared(&mut self, message: &Message, shared: &mut Shared) -> bool {
        let Some(format) = self.format else {
            self.link.enqueue(&mut message.clone(), None);
            return false;
        };
        self.gathered.push_encoded(shared.encoded(format, message));
        self.is_full()
    }

    /// Whether editions can be sent to the peer as they are: it is there, and its frames look like nearly everybody's.
    pub fn takes_editions(&self) -> bool {
        self.format == Some(FrameFormat::default())
    }

    /// Queues messages that were gathered for many peers. [`Link::flush`] is due.
    pub fn write_edition(&mut self, edition: &Edition) {
        self.hand_over();
        self.link.append_edition(edition);
    }

    /// Gives the link what was gathered. Says whether there was anything.
    pub fn hand_over(&mut self) -> bool {
        if self.gathered.is_empty() {
            return false;
        }
        self.link.append(&mut self.gathered);
        true
    }

    /// Tells the peer of a subscription of ours, or of its end; see [`Link::send_subscription`].
    pub fn tell(&mut self, subscribe: bool, topic: &[u8]) {
        self.hand_over();
        self.link.send_subscription(subscribe, topic);
    }

    /// A stream has begun: has the I/O thread call [`Owner::tick`](super::Owner::tick) as soon as it is awake.
    pub fn begin_stream(&self) {
        self.link.begin_stream();
    }

    /// The stream is over; its memory is given back.
    pub fn end_stream(&mut self) {
        self.gathered.trim();
        self.link.trim();
    }

    /// Puts the next message that was taken from the link into `into`; says whether there was one.
    #[inline]
    pub fn pop(&mut self, into: &mut Message) -> bool {
        self.received.pop(into)
    }

    /// The same for those that are still as the peer sent them.
    #[inline(always)]
    pub fn pop_batch(&mut self, into: &mut Message) -> bool {
        self.received.pop_batch(into)
    }

    /// The next message, if it is short and one of many that are still as the peer sent them.
    #[inline(always)]
    pub fn next_inline(&mut self) -> Option<InlineBody<'_>> {
        self.received.next_inline()
    }

    /// The same for a longer one that need not be copied.
    #[inline(always)]
    pub fn next_kept(&mut self) -> Option<KeptBody> {
        self.received.next_kept()
    }

    /// Whether there are any of these.
    pub fn has_batch(&self) -> bool {
        self.received.has_batch()
    }

    /// Takes more messages from the link, when there are none left here.
    pub fn refill(&mut self) -> Refill {
        if self.last {
            return Refill::default();
        }
        let refill = self.link.refill(&mut self.received);
        self.last = refill.last;
        refill
    }

    /// The link says that there is something to be received.
    pub fn on_readable(&mut self) {
        self.last &= planted(Mistake::ReaderRestsOn);
    }

    /// Messages taken from the link that wait here.
    pub fn received(&self) -> usize {
        self.received.len()
    }

    /// Nothing is left to be received.
    pub fn is_drained(&self) -> bool {
        self.received.is_empty() && !self.link.has_inbound()
    }

    /// What went through the link so far, with what is gathered here.
    pub fn counters(&self) -> Counters {
        let mut counters = self.link.counters();
        counters.sent_accepted += self.gathered.messages() as u64;
        counters.send_queued += self.gathered.messages() as u64;
        counters
    }

    #[inline]
    fn is_full(&self) -> bool {
        is_batch(self.gathered.messages(), self.gathered.bytes(), LARGE_BATCH)
    }
}

/// One message on its way to many peers: encoded once for each frame layout.
#[derive(Debug, Default)]
pub struct Shared {
    /// The layout of nearly all peers, and whether it holds the message yet.
    common: Option<Encoded>,
    fresh: bool,
    other: Option<Encoded>,
}

impl Shared {
    /// Another message follows; the memory is kept.
    #[inline]
    pub fn next(&mut self) {
        self.fresh = false;
        self.other = None;
    }

    #[inline]
    fn encoded(&mut self, format: FrameFormat, message: &Message) -> &Encoded {
        if format != FrameFormat::default() {
            return self.other.get_or_insert_with(|| Encoded::new(format, message));
        }
        let common = self.common.get_or_insert_with(|| Encoded::new(format, &Message::new()));
        if !self.fresh {
            common.encode(message);
            self.fresh = true;
        }
        common
    }
}

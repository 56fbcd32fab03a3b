//! The reader role: from bytes the kernel has to messages the socket may take.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use ohmq_proto::connection::Event;
use ohmq_proto::message::slab;
use ohmq_queue::doorbell::IN;
use ohmq_queue::mistake::{Mistake, planted};
use ohmq_queue::sync::MutexGuard;

use super::inbound::Inbound;
use super::state::{Phase, State, Wire};
use super::{Link, LinkEvent, Loss, Refill};
use crate::reactor::Command;
use crate::stream::Stream;

/// Bytes asked of the kernel at a time; twice as many after two reads in a row that were cut off by it.
const READ_SIZE: usize = if cfg!(shuttle) { 32 } else { 64 * 1024 };

/// The most that is asked for when one big message is being received.
const LARGE_READ: usize = 4 * READ_SIZE;

/// Memory set aside for a big message before any of it is here. Beyond, as much as has come already.
const TRUSTED: usize = 1024 * 1024;

/// Reads one turn may make before it lets other links have the thread.
const READS_PER_TURN: usize = if cfg!(shuttle) { 2 } else { 8 };

/// Messages the socket itself parses at a time: few enough to be still in the nearest cache when they are taken.
pub(super) const TAKEN_AT_ONCE: usize = if cfg!(shuttle) { 2 } else { 128 };

/// How a turn of reading ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ReadTurn {
    /// The kernel has nothing more; it will say so when it has.
    Drained,
    /// It had nothing at all: another has read what there was.
    Vain,
    /// There may be more: this turn was long enough.
    More,
    /// The queue is full, the connection is over, or another thread reads.
    Stopped,
}

/// Who reads, and so who tells the owner of what was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Teller {
    /// The I/O thread: the owner is attended.
    Reactor,
    /// The owner itself, with its lock held.
    Owner,
}

/// Whom a look at the network is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Whom {
    Everybody,
    /// Links whose owner does not know that there is something. It is receiving, and reads from the others itself, when it has
    /// taken what it has of them: read now, their messages would have left the nearest cache until then.
    Others,
}

impl Teller {
    /// Messages to parse at a time.
    fn limit(self) -> usize {
        match self {
            Teller::Reactor => usize::MAX,
            Teller::Owner => TAKEN_AT_ONCE,
        }
    }
}

impl Link {
    /// Moves the parsed messages into `into`, which must be empty: what it held counts as received. When there are none
    /// but more is known to be there, this thread parses or reads on. Called under the owner's lock, so the owner is not
    /// attended: [`Refill::events`] says that it has to look for itself.
    pub(super) fn refill(self: &Arc<Self>, into: &mut Inbound) -> Refill {
        debug_assert!(into.is_empty());
        {
            let mut state = self.lock();
            state.outstanding = 0;
            std::mem::swap(&mut state.inbound, into);
            state.outstanding = into.len();
            state.counters.recv_taken += into.len() as u64;
            let more = state.paused || state.wire.as_ref().is_some_and(Wire::has_more);
            // Who gets one message and could get more is nearly always back before there are: to be told again then costs
            // less than to look for them.
            let only = into.len() == 1 && !more && state.room() > 0;
            state.announced = more || (!into.is_empty() && (!only || planted(Mistake::ReaderRestsAnnounced)));
            if !into.is_empty() || !more {
                return Refill { last: only, ..Refill::default() };
            }
        }
        self.resume();
        let mut state = self.lock();
        std::mem::swap(&mut state.inbound, into);
        state.outstanding = into.len();
        state.counters.recv_taken += into.len() as u64;
        state.announced = !into.is_empty() || planted(Mistake::ReaderStaysAnnounced);
        Refill { events: !state.events.is_empty(), read: true, last: false }
    }

    /// The poller says that there is something to read; `ending` that the peer has said its last; `writable` that there
    /// is room too, as it says with each word of something to read. [`ReadTurn::More`]: call [`Link::read_more`] soon.
    pub(crate) fn read_ready(self: &Arc<Self>, ending: bool, writable: bool, whom: Whom) -> ReadTurn {
        let mut state = self.lock();
        if writable && state.wire.as_mut().is_some_and(Wire::on_room) {
            drop(state);
            self.flush();
            state = self.lock();
        }
        if let Some(wire) = state.wire.as_mut() {
            wire.ending |= ending;
            if wire.reader_held {
                // This edge will not come again, and the holder may have looked before it.
                wire.read_again = !planted(Mistake::ReaderLosesEdge);
                return ReadTurn::Stopped;
            }
            // Nor will it if this turn ends with what was left in the slab.
            wire.more |= !planted(Mistake::ReaderForgetsPause);
        }
        if whom == Whom::Others && state.announced {
            return ReadTurn::More;
        }
        self.read_on(state, Teller::Reactor)
    }

    /// The stream, if it can be read now as far as this side is concerned, and nothing else is to be done with it.
    pub(crate) fn readable_stream(&self) -> Option<Arc<Stream>> {
        let state = self.lock();
        let wire = state.wire.as_ref().filter(|_| !state.paused)?;
        let idle = !wire.reader_held && !wire.has_more() && !wire.refused && wire.failed.is_none();
        idle.then(|| Arc::clone(&wire.stream))
    }

    /// Goes on reading where the last turn stopped, unless somebody else has. True when there may be more.
    pub(crate) fn read_more(self: &Arc<Self>, whom: Whom) -> bool {
        let mut state = self.lock();
        if whom == Whom::Others && state.announced {
            return true;
        }
        let more = state.wire.as_mut().is_some_and(|wire| {
            wire.remembered = false;
            wire.has_more()
        });
        more && self.read_on(state, Teller::Reactor) == ReadTurn::More
    }

    /// Reads and parses until there is a message to take, the kernel has nothing more, or the turn was long enough.
    pub(crate) fn read_turn(self: &Arc<Self>, teller: Teller) -> ReadTurn {
        self.read_on(self.lock(), teller)
    }

    fn read_on<'a>(self: &'a Arc<Self>, mut state: MutexGuard<'a, State>, teller: Teller) -> ReadTurn {
        if state.wire.as_ref().is_some_and(|wire| wire.unparsed && !wire.reader_held) {
            if let Some(turn) = self.parse_rest(state, teller) {
                return turn;
            }
            state = self.lock();
        }
        for read in 0..READS_PER_TURN {
            let Some((stream, mut slab, size, lacks)) = take_slab(&mut state) else {
                return ReadTurn::Stopped;
            };
            drop(state);
            if lacks > size {
                // The whole body in one place, so that it is not copied about while it grows.
                slab.reserve(lacks.min(TRUSTED.max(slab.len())) + 2 * READ_SIZE);
            } else {
                slab = slab::with_room(slab, size);
            }
            let outcome = stream.read(&mut slab, size);
            if let Some(turn) = self.return_slab(&stream, slab, outcome, size, teller) {
                return if turn == ReadTurn::Vain && read > 0 { ReadTurn::Drained } else { turn };
            }
            state = self.lock();
        }
        ReadTurn::More
    }

    /// The socket has taken everything and there is more: parse what is in the slab, and read when that is nothing.
    fn resume(self: &Arc<Self>) {
        let found = {
            let mut state = self.lock();
            if std::mem::take(&mut state.paused) {
                // Edges that came meanwhile could not be followed.
                state.wire.iter_mut().for_each(|wire| wire.more |= !planted(Mistake::ReaderForgetsPause));
            }
            // The socket is here, so nobody needs to be told of what is parsed now.
            state.announced = true;
            self.parse(&mut state, TAKEN_AT_ONCE);
            let more = state.wire.as_ref().is_some_and(Wire::has_more);
            let turn = if more { ReadTurn::More } else { ReadTurn::Drained };
            // Without a message nothing is told here: reading goes on, and tells what has been noted until then.
            (!state.inbound.is_empty()).then(|| {
                let (answers, nearer) = (has_answers(&state), has_nearer_deadline(&mut state));
                (turn, News { attend: false, unknown: false, fresh: true, answers, nearer })
            })
        };
        let found = found.map(|(turn, news)| {
            self.tell(Teller::Owner, &news);
            turn
        });
        if found.unwrap_or_else(|| self.read_turn(Teller::Owner)) == ReadTurn::More {
            self.remember();
        }
    }

    /// The socket will most likely come back for the rest. If it does not, somebody else must.
    fn remember(self: &Arc<Self>) {
        if planted(Mistake::ReaderLeavesRest) {
            return;
        }
        let Some(nest) = self.nest().filter(|nest| nest.is_leased()) else {
            return self.command(Command::Kick(self.key));
        };
        nest.touch();
        let known =
            self.lock().wire.as_mut().is_none_or(|wire| std::mem::replace(&mut wire.remembered, true));
        if !known {
            nest.remember(self);
        }
    }

    /// Parses what the socket left in the slab when it had enough; `None` when there was nothing to take.
    fn parse_rest(self: &Arc<Self>, mut state: MutexGuard<'_, State>, teller: Teller) -> Option<ReadTurn> {
        let before = state.counters.recv_accepted;
        self.parse(&mut state, teller.limit());
        let news = News::since(before, &mut state);
        let more = state.wire.as_ref().is_some_and(Wire::has_more);
        drop(state);
        self.tell(teller, &news);
        news.fresh.then_some(if more { ReadTurn::More } else { ReadTurn::Drained })
    }

    /// Tells the owner what was parsed.
    fn tell(self: &Arc<Self>, teller: Teller, news: &News) {
        if teller == Teller::Reactor {
            if news.attend {
                self.owner().attend(self);
            } else if news.unknown {
                self.owner().readable(self);
            }
        }
        if news.fresh || news.unknown {
            self.owner().ring(IN);
        }
        if news.nearer {
            self.command(Command::Watch(self.key));
        }
        if news.answers {
            self.flush();
        }
    }

    /// Gives the role back with the outcome of the read; `None` when the turn goes on.
    fn return_slab(
        self: &Arc<Self>,
        stream: &Arc<Stream>,
        slab: BytesMut,
        outcome: io::Result<usize>,
        size: usize,
        teller: Teller,
    ) -> Option<ReadTurn> {
        let (news, more, vain) = {
            let mut state = self.lock();
            let mut vain = false;
            let before = state.counters.recv_accepted;
            let Some(wire) = state.wire.as_mut().filter(|wire| Arc::ptr_eq(&wire.stream, stream)) else {
                debug_assert!(false, "the wire changed under its reader");
                return Some(ReadTurn::Stopped);
            };
            wire.reader_held = false;
            wire.slab = slab;
            // A read that was not cut off has emptied the kernel's queue; the next byte, or the end, is a new edge.
            let again = std::mem::take(&mut wire.read_again);
            let read = outcome.as_ref().map_or(0, |count| *count);
            wire.full_reads = match &outcome {
                Ok(count) if *count == size => wire.full_reads.saturating_add(1),
                _ => 0,
            };
            wire.more = match &outcome {
                Ok(0) => false,
                Ok(count) => again || (*count == size && !planted(Mistake::ReaderForgetsCut)) || wire.ending,
                Err(_) => again,
            };
            // Whatever the outcome: others may have wanted to parse while the slab was away.
            self.parse(&mut state, teller.limit());
            match outcome {
                Ok(0) if state.is_behind() => {
                    // First the messages, then the end, which can be read again.
                    state.wire.iter_mut().for_each(|wire| wire.more = true);
                }
                Ok(0) => self.fail(&mut state, Loss::Ended),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => vain = true,
                Err(error) => self.fail(&mut state, Loss::Stream(error.kind())),
            }
            if let Some(wire) = state.wire.as_mut() {
                wire.slab = keep_slab(std::mem::take(&mut wire.slab), read);
                if wire.failed.is_some() {
                    self.command(Command::Lost(self.key));
                }
            }
            let more = state.wire.as_ref().is_some_and(Wire::has_more);
            (News::since(before, &mut state), more, vain)
        };
        self.tell(teller, &news);
        match (more, news.fresh) {
            (false, false) if vain && !news.attend => Some(ReadTurn::Vain),
            (false, _) => Some(ReadTurn::Drained),
            (true, true) => Some(ReadTurn::More),
            (true, false) => None,
        }
    }

    /// Turns bytes into messages and events until the bytes run out, the queue is full, or there are `limit` messages.
    /// While another thread holds the reader role the bytes are with it, and it will parse them.
    pub(super) fn parse(&self, state: &mut State, limit: usize) {
        if state.wire.as_ref().is_none_or(|wire| wire.reader_held) {
            return;
        }
        // Asked for when it is needed: the clock costs as much as a short message.
        let mut now = None;
        loop {
            let free = state.room();
            if free == 0 {
                state.paused = true;
                return;
            }
            let room = free.min(limit.saturating_sub(state.inbound.len()));
            let Some(wire) = state.wire.as_mut().filter(|wire| wire.failed.is_none()) else { return };
            if room == 0 {
                // Whole messages may be left in the slab.
                wire.unparsed = true;
                return;
            }
            wire.unparsed = false;
            if state.phase == Phase::Open && !self.config.messages_are_events {
                if let Some(message) = wire.connection.receive_delimited(&mut wire.slab) {
                    state.counters.recv_accepted += 1;
                    state.inbound.push(message);
                    if wire.slab.is_empty() {
                        return;
                    }
                    continue;
                }
                let count = state.inbound.take_run(&mut wire.connection, &mut wire.slab, room, free);
                state.counters.recv_accepted += count as u64;
                if count >= room {
                    continue;
                }
                if count > 0 && wire.slab.is_empty() {
                    return;
                }
            }
            match wire.connection.receive(&mut wire.slab, *now.get_or_insert_with(Instant::now)) {
                Ok(None) => return,
                Ok(Some(event)) => self.accept_event(state, event),
                Err(error) => return self.fail(state, Loss::Protocol(error)),
            }
        }
    }

    /// Puts one event of the connection where the socket finds it.
    pub(super) fn accept_event(&self, state: &mut State, event: Event) {
        match event {
            Event::Message(message) => {
                state.counters.recv_accepted += 1;
                match state.phase {
                    Phase::Open if self.config.messages_are_events => {
                        state.counters.recv_taken += 1;
                        state.events.push(LinkEvent::Message(message));
                    }
                    Phase::Open => state.inbound.push(message),
                    _ => state.counters.recv_dropped_closed += 1,
                }
            }
            Event::Established(peer) => {
                state.counters.established += 1;
                self.command(Command::Established(self.key));
                if let Some(wire) = state.wire.as_mut() {
                    wire.was_established = true;
                    // What was accepted while there was no connection goes first.
                    state.backlog.drain(..).for_each(|message| wire.connection.send(&message));
                }
                state.events.push(LinkEvent::Established(Box::new(peer)));
            }
            Event::Subscribe(topic) => state.events.push(LinkEvent::Subscribe(topic)),
            Event::Cancel(topic) => state.events.push(LinkEvent::Cancel(topic)),
            // RADIO/DISH groups: no implemented socket type asks for them.
            Event::Join(_) | Event::Leave(_) => {}
        }
    }
}

/// What came of parsing.
struct News {
    /// The owner must be attended, because of events.
    attend: bool,
    /// The owner does not know that there are messages.
    unknown: bool,
    /// There are messages.
    fresh: bool,
    /// What was received may have to be answered: a PING.
    answers: bool,
    /// A timer is due earlier than the I/O thread knows: a PING has told how long the peer will be silent at most.
    nearer: bool,
}

impl News {
    /// Since so many messages had been accepted.
    fn since(before: u64, state: &mut State) -> Self {
        let fresh = state.counters.recv_accepted != before;
        // A queue whose mark was lowered meanwhile may be full before anything new is in it: the owner has to come and look.
        let unknown = (fresh || state.paused) && !state.announced;
        state.announced |= unknown;
        let nearer = has_nearer_deadline(state);
        News { attend: !state.events.is_empty(), unknown, fresh, answers: has_answers(state), nearer }
    }
}

fn has_answers(state: &State) -> bool {
    state.wire.as_ref().is_some_and(|wire| !wire.connection.output_ref().is_empty())
}

fn has_nearer_deadline(state: &mut State) -> bool {
    state.wire.as_mut().is_some_and(|wire| wire.connection.take_nearer_deadline())
}

/// Takes the reader role: the stream, the slab, how much to read, and how much the message under way lacks.
fn take_slab(state: &mut State) -> Option<(Arc<Stream>, BytesMut, usize, usize)> {
    if state.paused {
        return None;
    }
    let wire = state.wire.as_mut()?;
    if (wire.reader_held && !planted(Mistake::ReaderNotAlone)) || wire.failed.is_some() {
        return None;
    }
    wire.reader_held = true;
    let slab = std::mem::take(&mut wire.slab);
    let least = if wire.full_reads >= 2 { 2 * READ_SIZE } else { READ_SIZE };
    let lacks = wire.connection.wanted();
    Some((Arc::clone(&wire.stream), slab, lacks.clamp(least, LARGE_READ), lacks))
}

/// The beginning of a frame, up to this size, moves out of the slab: a peer that stops there must not keep all of it. Not after
/// a longer read, behind which another is about to follow.
const SHORT_REST: usize = 1024;

/// Gives the slab back after a read of `read` bytes, but for what has not been parsed.
fn keep_slab(slab: BytesMut, read: usize) -> BytesMut {
    if slab.len() > SHORT_REST || (read > SHORT_REST && !slab.is_empty()) {
        return slab;
    }
    let rest = BytesMut::from(&slab[..]);
    slab::keep(slab);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_of_a_frame_keeps_no_slab() {
        let mut slab = slab::with_room(BytesMut::new(), READ_SIZE);
        slab.extend_from_slice(&[7; SHORT_REST]);
        let memory = slab.as_ptr();
        let rest = keep_slab(slab, 10);
        assert!(rest == [7; SHORT_REST][..] && rest.capacity() <= SHORT_REST);
        let slab = slab::with_room(rest, READ_SIZE);
        assert!(slab == [7; SHORT_REST][..] && slab.as_ptr() == memory, "the same slab, with what it held");
        let longer = BytesMut::from(&[8; SHORT_REST + 1][..]);
        let memory = longer.as_ptr();
        assert_eq!(keep_slab(longer, 10).as_ptr(), memory, "more is not moved about");
    }
}

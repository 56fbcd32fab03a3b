//! Writing in any portions: the bytes are right, the count of messages is exact, and what was not written is recovered.

mod common;
#[path = "common/random.rs"]
mod random;

use std::io::IoSlice;

use bytes::{Bytes, BytesMut};
use common::{drain, feed, origin};
use ohmq_proto::output::REFERENCED;
use ohmq_proto::{Batch, Connection, ConnectionConfig, Encoded, FrameFormat, FrameHeader, Gathered, Message};
use ohmq_spec::SocketType;
use proptest::prelude::*;
use random::runner;

/// What the engine may do with an output, in any order.
#[derive(Debug, Clone)]
enum Step {
    Send(Vec<usize>),
    SendEncoded(Vec<usize>),
    SendGathered(Vec<Vec<usize>>),
    SendEdition(Vec<Vec<usize>>),
    Subscribe(usize),
    Ping,
    Take,
    /// Write so many bytes of the batch, in slices of at most so many entries.
    Write(usize, usize),
    Restore,
}

#[test]
fn any_order_of_sending_and_writing_keeps_bytes_counts_and_unsent_messages() {
    for format in [FrameFormat::V2, FrameFormat::V1] {
        runner(400)
            .run(&prop::collection::vec(step(), 1..80), |steps| {
                let mut model = Model::new(format);
                steps.into_iter().for_each(|step| model.step(step));
                model.finish();
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn every_split_of_a_write_is_counted_exactly() {
    let messages = [
        Message::from("a"),
        Message::from(["", "bb", ""]),
        Message::new(),
        Message::from(vec![7; REFERENCED]),
        Message::from("z"),
    ];
    let total = Model::new(FrameFormat::V2).with(&messages).stream.len();
    let near = |at: usize| at < 40 || at + 40 > total || (REFERENCED..REFERENCED + 60).contains(&at);
    for split in (0..=total).filter(|at| near(*at)) {
        let mut model = Model::new(FrameFormat::V2).with(&messages);
        model.step(Step::Take);
        model.step(Step::Write(split, 3));
        model.step(Step::Restore);
        model.step(Step::Send(vec![1]));
        model.finish();
    }
}

#[test]
fn small_bodies_are_packed_and_large_ones_referenced() {
    let mut connection = established(SocketType::Push, FrameFormat::V2);
    let body = Bytes::from(vec![1; REFERENCED]);
    connection.send(&Message::from("a"));
    connection.send(&Message::from(vec![2; REFERENCED - 1]));
    connection.send(&Message::from(body.clone()));
    connection.send(&Message::from("z"));
    let batch = connection.output().take();
    let mut slices = [IoSlice::new(&[]); 8];
    assert_eq!(batch.slices(&mut slices), 3);
    assert_eq!(slices[1].as_ptr(), body.as_ptr(), "the body is written from where it is");
    connection.output().restore(batch);
}

/// A connection that never gets behind uses the same two arenas for ever.
#[test]
fn the_arena_is_used_again() {
    let mut connection = established(SocketType::Push, FrameFormat::V2);
    let message = Message::from(vec![3; 64]);
    let mut addresses = std::collections::HashSet::new();
    for _ in 0..1000 {
        connection.send(&message);
        let mut batch = connection.output().take();
        let mut slices = [IoSlice::new(&[]); 2];
        assert_eq!(batch.slices(&mut slices), 1);
        addresses.insert(slices[0].as_ptr());
        let remaining = batch.remaining();
        batch.advance(remaining);
        assert_eq!(connection.output().restore(batch), 1);
    }
    assert!(addresses.len() <= 2, "{} arenas", addresses.len());
}

/// The count includes what a writer holds, and greeting bytes never count.
#[test]
fn messages_in_flight_count_until_the_batch_is_restored() {
    let mut connection = Connection::new(ConnectionConfig::new(SocketType::Push), origin());
    assert_eq!((connection.output_ref().messages(), connection.output_ref().bytes()), (0, 10));
    let mut connection2 = established(SocketType::Push, FrameFormat::V2);
    connection2.send(&Message::from("x"));
    let mut batch = connection2.output().take();
    assert!(connection2.output_ref().is_empty());
    assert_eq!(connection2.output_ref().messages(), 1);
    connection2.send(&Message::from("y"));
    batch.advance(100);
    assert!(batch.is_done());
    assert_eq!(connection2.output().restore(batch), 1);
    assert_eq!(connection2.output_ref().messages(), 1);
    drain(&mut connection);
    assert!(connection.into_output().into_unsent().is_empty());
}

/// An output next to what it should be.
struct Model {
    connection: Connection,
    format: FrameFormat,
    /// All bytes ever sent, and where each user message ends in them.
    stream: Vec<u8>,
    messages: Vec<(Message, usize)>,
    written: Vec<u8>,
    batch: Option<Batch>,
    counter: u8,
}

impl Model {
    fn new(format: FrameFormat) -> Self {
        let connection = established(SocketType::XSub, format);
        Self {
            connection,
            format,
            stream: vec![],
            messages: vec![],
            written: vec![],
            batch: None,
            counter: 0,
        }
    }

    fn with(mut self, messages: &[Message]) -> Self {
        for message in messages {
            self.connection.send(message);
            self.sent(message.clone());
        }
        self
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Send(sizes) => {
                let message = self.message(&sizes);
                self.connection.send(&message);
                self.sent(message);
            }
            Step::SendEncoded(sizes) => {
                let message = self.message(&sizes);
                self.connection.send_encoded(&Encoded::new(self.format, &message));
                self.sent(message);
            }
            Step::SendGathered(many) => {
                let mut gathered = self.gather(&many);
                self.connection.send_gathered(&mut gathered);
                assert!(gathered.is_empty());
            }
            Step::SendEdition(many) => {
                let mut gathered = self.gather(&many);
                let edition = gathered.publish();
                assert!(gathered.is_empty());
                assert_eq!(edition.decode().len(), many.len());
                self.connection.send_edition(&edition);
            }
            Step::Subscribe(size) => {
                let topic = vec![b't'; size];
                self.connection.send_subscription(true, &topic);
                let frame = match self.format {
                    FrameFormat::V1 => encode_v1(&[&[1][..], &topic].concat(), false),
                    FrameFormat::V2 => encode_v2(&[b"\x09SUBSCRIBE", &topic[..]].concat(), 4),
                };
                self.stream.extend(frame);
            }
            Step::Ping if self.format == FrameFormat::V2 => {
                let before = self.connection.output_ref().bytes();
                feed(&mut self.connection, &mut BytesMut::new(), b"\x04\x07\x04PING\0\0", origin()).unwrap();
                // With enough of them unread, no more are added.
                if self.connection.output_ref().bytes() > before {
                    self.stream.extend(b"\x04\x05\x04PONG");
                }
            }
            Step::Ping => {}
            Step::Take if self.batch.is_none() => self.batch = Some(self.connection.output().take()),
            Step::Take => {}
            Step::Write(count, entries) => self.write(count, entries),
            Step::Restore => self.restore(),
        }
        self.check();
    }

    /// Messages that are encoded before they are sent.
    fn gather(&mut self, many: &[Vec<usize>]) -> Gathered {
        let mut gathered = Gathered::default();
        gathered.set_format(self.format);
        for (at, sizes) in many.iter().enumerate() {
            let message = self.message(sizes);
            match at % 2 {
                0 => gathered.push(&message),
                _ => gathered.push_encoded(&Encoded::new(self.format, &message)),
            }
            self.sent(message);
        }
        gathered
    }

    fn write(&mut self, count: usize, entries: usize) {
        let Some(batch) = &mut self.batch else { return };
        let mut slices = vec![IoSlice::new(&[]); entries];
        let filled = batch.slices(&mut slices);
        let offered: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.to_vec()).collect();
        assert_eq!(filled == 0, batch.is_done());
        let taken = count.min(offered.len());
        self.written.extend_from_slice(&offered[..taken]);
        batch.advance(taken);
    }

    fn restore(&mut self) {
        let Some(batch) = self.batch.take() else { return };
        let before = self.connection.output_ref().messages();
        let completed = self.connection.output().restore(batch);
        assert_eq!(
            self.connection.output_ref().messages(),
            before - completed,
            "the count only falls by what is done"
        );
    }

    fn check(&self) {
        assert!(self.stream.starts_with(&self.written), "what was written is what was sent");
        let output = self.connection.output_ref();
        let held = self.batch.as_ref().map_or(0, Batch::remaining);
        assert_eq!(output.bytes() + held + self.written.len(), self.stream.len());
        if self.batch.is_none() {
            assert_eq!(output.messages(), self.unsent(self.written.len()).len());
            assert_eq!(output.is_empty(), self.written.len() == self.stream.len());
        }
    }

    fn finish(mut self) {
        self.step(Step::Restore);
        let unsent = self.unsent(self.written.len());
        assert_eq!(self.connection.into_output().into_unsent(), unsent);
    }

    fn unsent(&self, written: usize) -> Vec<Message> {
        self.messages.iter().filter(|(_, end)| *end > written).map(|(message, _)| message.clone()).collect()
    }

    /// A message whose bytes tell it from the others and are not those of a subscription.
    fn message(&mut self, sizes: &[usize]) -> Message {
        self.counter = self.counter % 200 + 2;
        Message::from_frames(sizes.iter().map(|size| vec![self.counter; *size]))
    }

    fn sent(&mut self, message: Message) {
        let last = message.len() - 1;
        for (at, frame) in message.frames().iter().enumerate() {
            self.stream.extend(match self.format {
                FrameFormat::V1 => encode_v1(frame, at < last),
                FrameFormat::V2 => encode_v2(frame, u8::from(at < last)),
            });
        }
        self.messages.push((message, self.stream.len()));
    }
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![6 => 0..70usize, 3 => 250..260usize, 2 => 0..5_000usize, 1 => REFERENCED - 2..REFERENCED + 3, 1 => 200_000..300_000usize];
    let sizes =
        prop_oneof![4 => prop::collection::vec(size.clone(), 1..2), 1 => prop::collection::vec(size, 2..5)];
    let portion =
        prop_oneof![4 => 0..40usize, 2 => 0..2_000usize, 1 => 0..400_000usize, 2 => Just(usize::MAX)];
    prop_oneof![
        5 => sizes.clone().prop_map(Step::Send),
        1 => sizes.clone().prop_map(Step::SendEncoded),
        1 => prop::collection::vec(sizes.clone(), 1..4).prop_map(Step::SendGathered),
        1 => prop::collection::vec(sizes, 1..4).prop_map(Step::SendEdition),
        1 => (0..300usize).prop_map(Step::Subscribe),
        1 => Just(Step::Ping),
        4 => Just(Step::Take),
        6 => (portion, 1..9usize).prop_map(|(count, entries)| Step::Write(count, entries)),
        4 => Just(Step::Restore),
    ]
}

/// Independent of the engine's encoder, so that both would have to be wrong in the same way.
fn encode_v2(body: &[u8], flags: u8) -> Vec<u8> {
    match u8::try_from(body.len()) {
        Ok(short) => [&[flags, short], body].concat(),
        Err(_) => [&[flags | 2][..], &(body.len() as u64).to_be_bytes(), body].concat(),
    }
}

fn encode_v1(body: &[u8], more: bool) -> Vec<u8> {
    match body.len() + 1 {
        short if short < 255 => [&[short as u8, u8::from(more)], body].concat(),
        long => [&[255][..], &(long as u64).to_be_bytes(), &[u8::from(more)], body].concat(),
    }
}

/// An established connection with nothing to write.
fn established(socket_type: SocketType, format: FrameFormat) -> Connection {
    let mut connection = Connection::new(ConnectionConfig::new(socket_type), origin());
    let mut greeting = b"\xFF\0\0\0\0\0\0\0\x01\x7F\x03\x01NULL".to_vec();
    greeting.resize(64, 0);
    greeting.extend_from_slice(b"\x04\x06\x05READY");
    let stream = if format == FrameFormat::V2 { greeting } else { b"\x01\0".to_vec() };
    feed(&mut connection, &mut BytesMut::new(), &stream, origin()).unwrap();
    assert!(connection.established() && connection.frame_format() == format);
    drain(&mut connection);
    connection
}

/// A message that was begun outside a batch goes on behind it, however much of either was written, and is neither lost nor
/// counted twice when the connection dies.
#[test]
fn a_message_that_was_begun_outside_goes_on_in_the_batch() {
    let large = Message::from(vec![5; REFERENCED + 7]);
    let header = FrameHeader::new(FrameFormat::V2, REFERENCED + 7);
    let whole = header.len() + REFERENCED + 7;
    for queued in [0, 1, 2] {
        for written in [0, 1, header.len(), header.len() + 1, whole - 1] {
            let mut connection = established(SocketType::Push, FrameFormat::V2);
            (0..queued).for_each(|number| connection.send(&Message::from([number])));
            let mut batch = connection.output().take();
            let earlier = batch.remaining();
            batch.advance(earlier);
            connection.output().resume(&mut batch, &large, written);
            assert_eq!(batch.remaining(), whole - written);
            let mut slices = [IoSlice::new(&[]); 2];
            let count = batch.slices(&mut slices);
            let rest = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect::<Vec<_>>();
            let bytes = [&header[..], large.bytes()].concat();
            assert!(rest == bytes[written..], "{queued} queued, {written} written");
            assert_eq!(connection.output().restore(batch), usize::from(queued));
            assert_eq!(connection.output_ref().messages(), 1);
            assert_eq!(connection.into_output().into_unsent(), std::slice::from_ref(&large));
        }
    }
}

//! A stream of publications: every subscriber gets its own in order and none twice, whoever comes and goes meanwhile.

use std::time::{Duration, Instant};

use ohmq::{Context, Socket, SocketOption, SocketType, Stats};

const LONG: Duration = Duration::from_secs(30);
const PATIENCE: Option<Duration> = Some(LONG);

/// Enough for the stream to be gathered, and for several editions.
const MESSAGES: u32 = 6_000;

fn publisher(context: &Context) -> (Socket, String) {
    let publisher = context.socket(SocketType::XPub).unwrap();
    publisher.set(SocketOption::Sndhwm, 0).unwrap();
    let endpoint = publisher.bind("tcp://127.0.0.1:*").unwrap();
    (publisher, endpoint)
}

/// A subscriber whose subscription the publisher knows of.
fn subscriber(context: &Context, publisher: &Socket, endpoint: &str, topic: &str) -> Socket {
    let subscriber = context.socket(SocketType::Sub).unwrap();
    subscriber.set(SocketOption::Rcvhwm, 0).unwrap();
    subscriber.subscribe(topic).unwrap();
    subscriber.connect(endpoint).unwrap();
    publisher.recv_timeout(PATIENCE).unwrap();
    subscriber
}

fn body(topic: &str, number: u32) -> Vec<u8> {
    [topic.as_bytes(), &number.to_be_bytes()].concat()
}

fn number(body: &[u8]) -> u32 {
    u32::from_be_bytes(body[1..5].try_into().unwrap())
}

/// Receives exactly these numbers, in order.
fn expect(subscriber: &Socket, numbers: impl Iterator<Item = u32>) {
    for expected in numbers {
        assert_eq!(number(subscriber.recv_timeout(PATIENCE).unwrap().bytes()), expected);
    }
    assert!(subscriber.try_recv().is_err(), "one too many");
}

/// The counters when nothing is queued any more: a message counts as delivered a moment after the kernel has taken it, in the
/// thread that has written it. A subscriber may have it before.
fn stats_at_rest(publisher: &Socket) -> Stats {
    let end = Instant::now() + LONG;
    loop {
        let stats = publisher.stats();
        assert!(stats.balanced(), "{stats:?}");
        if stats.sent_queued == 0 || Instant::now() > end {
            return stats;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_stream_reaches_every_subscriber_in_order() {
    let context = Context::new();
    let (publisher, endpoint) = publisher(&context);
    publisher.set(SocketOption::XpubVerbose, true).unwrap();
    let all: Vec<_> = (0..5).map(|_| subscriber(&context, &publisher, &endpoint, "")).collect();
    for number in 0..MESSAGES {
        publisher.send(body("a", number)).unwrap();
    }
    all.iter().for_each(|subscriber| expect(subscriber, 0..MESSAGES));
    assert_eq!(stats_at_rest(&publisher).sent_delivered, u64::from(MESSAGES) * 5);
}

#[test]
fn topics_that_alternate_keep_their_order() {
    let context = Context::new();
    let (publisher, endpoint) = publisher(&context);
    publisher.set(SocketOption::XpubVerbose, true).unwrap();
    let everything: Vec<_> = (0..2).map(|_| subscriber(&context, &publisher, &endpoint, "")).collect();
    let some: Vec<_> = (0..2).map(|_| subscriber(&context, &publisher, &endpoint, "a")).collect();
    // Rows of either topic, long enough for the press to start and stop again and again.
    let topic = |number: u32| if (number / 50).is_multiple_of(3) { "b" } else { "a" };
    for number in 0..MESSAGES {
        publisher.send(body(topic(number), number)).unwrap();
    }
    everything.iter().for_each(|subscriber| expect(subscriber, 0..MESSAGES));
    some.iter().for_each(|subscriber| expect(subscriber, (0..MESSAGES).filter(|n| topic(*n) == "a")));
    let stats = publisher.stats();
    assert!(stats.balanced(), "{stats:?}");
}

#[test]
fn subscribers_come_and_go_in_a_stream() {
    let context = Context::new();
    let (publisher, endpoint) = publisher(&context);
    publisher.set(SocketOption::XpubVerbose, true).unwrap();
    let steady: Vec<_> = (0..2).map(|_| subscriber(&context, &publisher, &endpoint, "")).collect();
    let mut guests = Vec::new();
    for number in 0..MESSAGES {
        if number % 1_000 == 500 {
            guests.push((number, subscriber(&context, &publisher, &endpoint, "")));
        }
        if number % 2_000 == 999 {
            guests.remove(0).1.close();
        }
        publisher.send(body("a", number)).unwrap();
        if number % 700 == 0 {
            assert!(publisher.stats().balanced());
        }
    }
    steady.iter().for_each(|subscriber| expect(subscriber, 0..MESSAGES));
    guests.iter().for_each(|(first, guest)| expect(guest, *first..MESSAGES));
    assert!(publisher.stats().balanced());
}

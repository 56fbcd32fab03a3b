//! Eight threads send on one socket and four receive from another: every message arrives once, whole, and in its
//! sender's order wherever it arrives.

use std::sync::Mutex;
use std::time::Duration;

use ohmq::{Context, Socket, SocketType};

const SENDERS: usize = 8;
const RECEIVERS: usize = 4;
/// Messages of each sender.
const EACH: usize = 4_000;
const SEEDS: [u64; 3] = [0x0DDB_A115, 8, 4_000_000_007];
const PATIENCE: Option<Duration> = Some(Duration::from_secs(30));

#[test]
fn a_crowd_shares_a_tcp_connection() {
    SEEDS.iter().for_each(|seed| crowd("tcp://127.0.0.1:*", *seed));
}

#[test]
fn a_crowd_shares_an_ipc_connection() {
    SEEDS.iter().for_each(|seed| crowd("ipc://*", *seed));
}

#[test]
fn a_crowd_shares_an_inproc_pipe() {
    SEEDS.iter().for_each(|seed| crowd("inproc://crowd", *seed));
}

fn crowd(transport: &str, seed: u64) {
    println!("{transport}, seed {seed:#x}");
    let context = Context::new();
    let pull = context.socket(SocketType::Pull).unwrap();
    let push = context.socket(SocketType::Push).unwrap();
    push.connect(&pull.bind(transport).unwrap()).unwrap();
    let seen = Mutex::new(vec![vec![0u8; EACH]; SENDERS]);
    std::thread::scope(|scope| {
        for sender in 0..SENDERS {
            let push = &push;
            scope.spawn(move || send_all(push, seed, sender));
        }
        for receiver in 0..RECEIVERS {
            let (pull, seen) = (&pull, &seen);
            scope.spawn(move || receive_share(pull, seed, receiver, seen));
        }
    });
    let seen = seen.into_inner().unwrap();
    assert!(seen.iter().flatten().all(|times| *times == 1), "lost or doubled");
    end(context, pull, push);
}

fn send_all(push: &Socket, seed: u64, sender: usize) {
    let mut chance = Chance::new(seed, sender);
    for number in 0..EACH {
        push.send_timeout(body(seed, sender, number), PATIENCE).unwrap();
        chance.maybe_yield();
    }
}

fn receive_share(pull: &Socket, seed: u64, receiver: usize, seen: &Mutex<Vec<Vec<u8>>>) {
    let mut chance = Chance::new(seed, SENDERS + receiver);
    let mut next = [0; SENDERS];
    for _ in 0..SENDERS * EACH / RECEIVERS {
        let message = pull.recv_timeout(PATIENCE).unwrap();
        let (sender, number) = label(message.bytes());
        assert_eq!(message.bytes(), body(seed, sender, number), "sender {sender}, message {number}");
        assert!(number >= next[sender], "sender {sender}: {number} after {}", next[sender] - 1);
        next[sender] = number + 1;
        seen.lock().unwrap()[sender][number] += 1;
        chance.maybe_yield();
    }
}

/// Both sides have counted every message, and nothing else.
fn end(context: Context, pull: Socket, push: Socket) {
    push.close();
    pull.close();
    context.term().unwrap();
    let all = (SENDERS * EACH) as u64;
    let (sent, received) = (push.stats(), pull.stats());
    assert!(sent.balanced() && received.balanced(), "{sent:?} {received:?}");
    assert_eq!((sent.sent_accepted, sent.sent_delivered, sent.sent_dropped()), (all, all, 0));
    assert_eq!((received.recv_accepted, received.recv_delivered, received.recv_dropped()), (all, all, 0));
}

/// Who sent it and which one it is, then bytes that nobody else sends; mostly short, sometimes beyond what is inline.
fn body(seed: u64, sender: usize, number: usize) -> Vec<u8> {
    let mut chance = Chance::new(seed ^ number as u64, sender);
    let length = if chance.next().is_multiple_of(8) { chance.next() % 3_000 } else { chance.next() % 60 };
    let mut body = vec![sender as u8];
    body.extend((number as u32).to_be_bytes());
    body.extend((0..length).map(|at| (at as usize + sender + number) as u8));
    body
}

fn label(body: &[u8]) -> (usize, usize) {
    let number = u32::from_be_bytes(body[1..5].try_into().unwrap());
    (usize::from(body[0]), number as usize)
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn new(seed: u64, thread: usize) -> Self {
        Chance(seed.wrapping_add((thread as u64).wrapping_mul(0xD1B5_4A32_D192_ED03)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Lets the threads meet in other orders.
    fn maybe_yield(&mut self) {
        if self.next().is_multiple_of(16) {
            std::thread::yield_now();
        }
    }
}

//! What the two processes of a workload do, each between its marks.

use std::io::{self, BufRead, Write};
use std::sync::mpsc;
use std::thread::sleep;
use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, raise};
use nix::unistd::{Pid, alarm};
use ohmq::{Context, OptionValue, Socket, SocketOption, SocketType};

use crate::allocator::allocations;

/// The mark. Nobody handles it, and its default is to be ignored; a tracer hears of it all the same.
pub const MARK: Signal = Signal::SIGURG;

/// The last word of a role that succeeded.
pub const DONE: &str = "done";

/// What is done between the first mark (which holds the other threads, where that matters) and the second.
const SETTLING: u64 = 200;

/// Messages of a burst, and the time after it in which its stream ends.
const BURST: u64 = 100;
const PAUSE: Duration = Duration::from_millis(2);

/// A role ends itself after this many seconds, whatever happens.
const PATIENCE: u32 = 120;

/// What two processes do with each other.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Workload {
    /// One REQ with a connection to each of the peers, one REP that has them all.
    RoundTrip { peers: u64 },
    /// PUSH to PULL.
    Stream,
    /// The same with bodies that a message cannot hold in itself.
    LongStream,
    /// The same as a stream, a hundred messages at a time and then a pause.
    Bursts,
    /// DEALER to ROUTER and back, with so many messages under way.
    Pipeline { window: u64 },
    /// One PUB that drops nothing, to a SUB with this many connections.
    FanOut { peers: u64 },
    /// A SUB with a great many subscriptions, which its XPUB hears again when it comes back.
    Resubscribe,
    /// A PUSH and a PULL with this many connections, one thread blocked in a receive, and nothing to do.
    Idle { peers: u64 },
}

/// The process that binds or the one that connects.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Side {
    Bound,
    Connected,
}

/// Where the processes may run.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Placement {
    /// Both on the same CPU: nobody spins, and every wait is one.
    OneCpu,
    Anywhere,
}

/// All that a process has to know.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    pub workload: Workload,
    pub side: Side,
    pub placement: Placement,
    /// Round trips, messages or publications before the first mark and between the last two.
    pub warm_up: u64,
    pub count: u64,
}

impl Workload {
    /// What one thing done in this workload is, and many.
    pub fn unit(self) -> (&'static str, &'static str) {
        match self {
            Workload::RoundTrip { .. } | Workload::Pipeline { .. } => ("round trip", "round trips"),
            Workload::Stream | Workload::LongStream | Workload::Bursts => ("message", "messages"),
            Workload::FanOut { .. } => ("delivery", "deliveries"),
            Workload::Resubscribe => ("subscription", "subscriptions"),
            Workload::Idle { .. } => ("10 s", "10 s"),
        }
    }

    pub fn title(self) -> String {
        match self {
            Workload::RoundTrip { peers: 1 } => "round trip, 1 peer".to_string(),
            Workload::RoundTrip { peers } => format!("round trip, {peers} peers"),
            Workload::Stream => "stream".to_string(),
            Workload::LongStream => "stream of 256 bytes".to_string(),
            Workload::Bursts => format!("bursts of {BURST}"),
            Workload::Pipeline { window } => format!("{window} under way"),
            Workload::FanOut { peers } => format!("fan-out to {peers}"),
            Workload::Resubscribe => "subscriptions after a reconnect".to_string(),
            Workload::Idle { peers } => format!("{peers} idle connections"),
        }
    }

    /// The socket type of a side.
    pub fn socket(self, side: Side) -> SocketType {
        match (self, side) {
            (Workload::RoundTrip { .. }, Side::Bound) => SocketType::Rep,
            (Workload::RoundTrip { .. }, Side::Connected) => SocketType::Req,
            (Workload::Pipeline { .. }, Side::Bound) => SocketType::Router,
            (Workload::Pipeline { .. }, Side::Connected) => SocketType::Dealer,
            // An XPUB is a PUB that can tell when its subscribers are there.
            (Workload::FanOut { .. } | Workload::Resubscribe, Side::Bound) => SocketType::XPub,
            (Workload::FanOut { .. } | Workload::Resubscribe, Side::Connected) => SocketType::Sub,
            (_, Side::Bound) => SocketType::Pull,
            (_, Side::Connected) => SocketType::Push,
        }
    }

    /// How many things one publication is, or one burst.
    pub fn units_each(self) -> u64 {
        match self {
            Workload::FanOut { peers } => peers,
            Workload::Bursts => BURST,
            _ => 1,
        }
    }

    fn connections(self) -> u64 {
        match self {
            Workload::RoundTrip { peers } | Workload::FanOut { peers } | Workload::Idle { peers } => peers,
            _ => 1,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Workload::RoundTrip { .. } => "round-trip",
            Workload::Stream => "stream",
            Workload::LongStream => "long-stream",
            Workload::Bursts => "bursts",
            Workload::Pipeline { .. } => "pipeline",
            Workload::FanOut { .. } => "fan-out",
            Workload::Resubscribe => "resubscribe",
            Workload::Idle { .. } => "idle",
        }
    }
}

impl Job {
    /// The arguments by which this program plays it.
    pub fn arguments(&self) -> Vec<String> {
        let side = if self.side == Side::Bound { "bound" } else { "connected" };
        let placement = if self.placement == Placement::OneCpu { "one-cpu" } else { "anywhere" };
        let shape = match self.workload {
            Workload::Pipeline { window } => window,
            _ => self.workload.connections(),
        };
        let numbers = [shape, self.warm_up, self.count].map(|n| n.to_string());
        ["--role", self.workload.word(), side, placement]
            .map(str::to_string)
            .into_iter()
            .chain(numbers)
            .collect()
    }

    /// What [`Job::arguments`] said, if this process was started to play a role.
    pub fn from_arguments() -> Option<Job> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let [role, word, side, placement, peers, warm_up, count] = arguments.as_slice() else { return None };
        if role != "--role" {
            return None;
        }
        let number = |text: &String| text.parse::<u64>().expect("a number");
        let peers = number(peers);
        Some(Job {
            workload: match word.as_str() {
                "round-trip" => Workload::RoundTrip { peers },
                "fan-out" => Workload::FanOut { peers },
                "idle" => Workload::Idle { peers },
                "resubscribe" => Workload::Resubscribe,
                "long-stream" => Workload::LongStream,
                "bursts" => Workload::Bursts,
                "pipeline" => Workload::Pipeline { window: peers },
                _ => Workload::Stream,
            },
            side: if side == "bound" { Side::Bound } else { Side::Connected },
            placement: if placement == "one-cpu" { Placement::OneCpu } else { Placement::Anywhere },
            warm_up: number(warm_up),
            count: number(count),
        })
    }
}

/// Plays a role: waits to be told to, talks to the other side, says what it counted.
pub fn play(job: &Job) {
    alarm::set(PATIENCE);
    if job.placement == Placement::OneCpu {
        stay_on_one_cpu();
    }
    // A tracer takes hold of this process before it says go.
    let told = read_line();
    if job.workload == Workload::Resubscribe {
        return match job.side {
            Side::Bound => come_back(job.count),
            Side::Connected => resubscribe(job.count, &told),
        };
    }
    let context = Context::new();
    let socket = context.socket(job.workload.socket(job.side)).unwrap();
    match socket.socket_type() {
        SocketType::Sub => socket.subscribe("").unwrap(),
        SocketType::XPub => {
            socket.set(SocketOption::XpubVerbose, 1).unwrap();
            socket.set(SocketOption::XpubNodrop, 1).unwrap();
        }
        _ => {}
    }
    join(job, &socket, &told);
    if let Workload::Idle { peers } = job.workload {
        return idle(job.side, &socket, peers);
    }
    measure(job, &socket);
    socket.close();
    context.term().unwrap();
    assert!(socket.stats().balanced(), "{:?}", socket.stats());
    say(DONE);
}

/// Binds, and says where; or connects to what was told. Returns when all connections are there.
fn join(job: &Job, socket: &Socket, told: &str) {
    let connections = job.workload.connections();
    match job.side {
        Side::Bound => {
            let endpoints: Vec<String> =
                (0..connections).map(|_| socket.bind("tcp://127.0.0.1:*").unwrap()).collect();
            say(&endpoints.join(","));
        }
        Side::Connected => told.split(',').for_each(|endpoint| socket.connect(endpoint).unwrap()),
    }
    if socket.socket_type() == SocketType::XPub {
        (0..connections).for_each(|_| assert_eq!(socket.recv().unwrap().bytes(), [1]));
    }
    while socket.stats().connections_established < connections {
        std::thread::yield_now();
    }
}

fn measure(job: &Job, socket: &Socket) {
    let body = if job.workload == Workload::LongStream { &[7u8; 256][..] } else { &[7u8; 64] };
    let send = || socket.send(body).unwrap();
    let receive = || assert_eq!(socket.recv().unwrap().bytes(), body);
    let each = job.workload.units_each();
    match (job.workload, job.side) {
        (Workload::RoundTrip { .. }, Side::Connected) => windows(job, || {
            send();
            receive();
        }),
        (Workload::RoundTrip { .. }, Side::Bound) => windows(job, || {
            receive();
            send();
        }),
        (Workload::Pipeline { window }, Side::Connected) => {
            (1..window).for_each(|_| send());
            windows(job, || {
                send();
                receive();
            });
        }
        (Workload::Pipeline { window }, Side::Bound) => {
            windows(job, || socket.send(socket.recv().unwrap()).unwrap());
            // The other side does not wait for the last of them.
            (1..window).for_each(|_| drop(socket.recv().unwrap()));
        }
        (Workload::FanOut { .. }, Side::Connected) | (Workload::Bursts, Side::Bound) => {
            windows(job, || (0..each).for_each(|_| receive()));
        }
        (Workload::Bursts, Side::Connected) => windows(job, || {
            (0..each).for_each(|_| send());
            sleep(PAUSE);
        }),
        (_, Side::Connected) | (Workload::FanOut { .. }, _) => windows(job, send),
        (_, Side::Bound) => windows(job, receive),
    }
}

/// The publisher that goes away and comes back at the same place.
fn come_back(count: u64) {
    let open = |endpoint: &str| {
        let context = Context::new();
        let socket = context.socket(SocketType::XPub).unwrap();
        let endpoint = socket.bind(endpoint).unwrap();
        (context, socket, endpoint)
    };
    let hear = |socket: &Socket, events: u64| (0..events).for_each(|_| drop(socket.recv().unwrap()));
    let (context, socket, endpoint) = open("tcp://127.0.0.1:*");
    say(&endpoint);
    hear(&socket, count);
    raise(MARK).unwrap();
    let before = begin();
    socket.send(topic(0)).unwrap();
    // The answer is a subscription.
    hear(&socket, 1);
    socket.close();
    context.term().unwrap();
    let (context, socket, _) = open(&endpoint);
    hear(&socket, count + 1);
    end(before);
    assert_eq!(socket.get(SocketOption::TopicsCount).unwrap(), OptionValue::Int(count as i32 + 1));
    socket.send(topic(count - 1)).unwrap();
    // It stays until the subscriber has gone.
    hear(&socket, count + 1);
    socket.close();
    context.term().unwrap();
    say(DONE);
}

/// The subscriber that is left alone for a moment. It has everything before it connects, so its first connection is
/// told in bulk as well.
fn resubscribe(count: u64, endpoint: &str) {
    let context = Context::new();
    let socket = context.socket(SocketType::Sub).unwrap();
    (0..count).for_each(|number| socket.subscribe(topic(number)).unwrap());
    socket.connect(endpoint).unwrap();
    let hear = |number| assert_eq!(socket.recv().unwrap().bytes(), topic(number).as_bytes());
    hear(0);
    raise(MARK).unwrap();
    let before = begin();
    socket.subscribe("I have heard").unwrap();
    hear(count - 1);
    end(before);
    socket.close();
    context.term().unwrap();
    say(DONE);
}

fn topic(number: u64) -> String {
    format!("{:016x}{number:04}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// The warm-up, the settling and what is counted, each after its mark.
fn windows(job: &Job, mut once: impl FnMut()) {
    (0..job.warm_up).for_each(|_| once());
    raise(MARK).unwrap();
    (0..SETTLING).for_each(|_| once());
    let before = begin();
    (0..job.count).for_each(|_| once());
    end(before);
}

/// From here on is counted.
fn begin() -> (i64, u64) {
    let before = (switches(), allocations());
    assert!(before.0 > 0 && before.1 > 0, "nothing is counted");
    raise(MARK).unwrap();
    before
}

fn end(before: (i64, u64)) {
    raise(MARK).unwrap();
    let after = (switches(), allocations());
    say(&format!("switches {}", after.0 - before.0));
    say(&format!("allocations {}", after.1 - before.1));
}

/// Every connection has carried a message; from now on nothing happens until the standard input ends.
fn idle(side: Side, socket: &Socket, peers: u64) {
    let (heard, last) = mpsc::channel();
    let receiver = socket.clone();
    match side {
        Side::Bound => drop(std::thread::spawn(move || {
            for number in 0.. {
                receiver.recv().unwrap();
                if number + 1 == peers {
                    heard.send(()).unwrap();
                }
            }
        })),
        Side::Connected => {
            (0..peers).for_each(|_| socket.send("x").unwrap());
            heard.send(()).unwrap();
        }
    }
    last.recv().unwrap();
    say("idle");
    read_line();
    // The receiver is blocked for ever; ending the process ends it.
    std::process::exit(0);
}

/// Voluntary and involuntary switches of all threads, the ended ones too.
fn switches() -> i64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    usage.voluntary_context_switches() + usage.involuntary_context_switches()
}

/// For the calling thread and those it makes.
pub fn stay_on_one_cpu() {
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this).unwrap();
    let first = (0..CpuSet::count()).find(|cpu| allowed.is_set(*cpu).unwrap_or(false)).unwrap();
    let mut one = CpuSet::new();
    one.set(first).unwrap();
    sched_setaffinity(this, &one).unwrap();
}

fn read_line() -> String {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).unwrap();
    line.trim().to_string()
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).unwrap();
}

//! One slice: two processes of one contestant (one, in-process) are started, warmed up, measured between two samples, and
//! ended.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use bench_kit::protocol::{Command, Job, Place, Role, Sample, Transport, Work};

use crate::cells::Load;
use crate::contestants::Contestant;
use crate::metric::Measure;
use crate::profile::{Profile, Recording};
use crate::syscalls::SystemCalls;
use crate::worker::{Trouble, Worker};

/// How long a slice is, and where things are.
#[derive(Clone, Debug)]
pub struct Settings {
    pub programs: PathBuf,
    /// Where Unix sockets are made.
    pub folder: PathBuf,
    pub warm: Duration,
    pub window: Duration,
    /// How long work may take to set up that has a great many parts.
    pub patience: Duration,
}

/// What is done in the slice besides measuring.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Extra {
    None,
    /// Afterwards nothing may be missing or doubled.
    Verify,
    /// System calls are counted, which takes time of its own.
    SystemCalls,
}

/// Setting up may take so long.
const SET_UP: Duration = Duration::from_secs(20);
/// What was under way must arrive within this time.
const DRAIN: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(10);
/// Memory is looked at when buffers of the handshakes have had time to go.
const SETTLE: Duration = Duration::from_millis(700);

pub fn run(
    load: &Load,
    contestant: &Contestant,
    settings: &Settings,
    extra: Extra,
) -> Result<Measure, Trouble> {
    let mut pair = Pair::start(load, contestant, settings)?;
    if let Work::Connections { count } = load.work {
        return pair.count_memory(count, settings.patience);
    }
    pair.warm_up(load, settings.warm)?;
    let window = settings.window * load.length;
    let calls = (extra == Extra::SystemCalls).then(|| SystemCalls::begin(&pair.ids(), window));
    let before = pair.sample()?;
    thread::sleep(window);
    let after = pair.sample()?;
    let mut measure = measure(&before, &after, load, pair.dialer.is_none())?;
    if let Some(calls) = calls
        && let Some(count) = calls.per_operation(measure.operations)
    {
        measure.notes.insert("system calls".into(), count);
    }
    measure.bytes_each = pair.bytes_each(load);
    if extra == Extra::Verify {
        pair.verify(load)?;
    }
    Ok(measure)
}

/// What each side did, while perf looked on, and how many operations there were.
pub fn profile(load: &Load, contestant: &Contestant, settings: &Settings) -> Result<Profile, Trouble> {
    if let Work::Connections { .. } = load.work {
        return Err(Trouble::new("nothing happens on idle connections"));
    }
    let failed = |error: anyhow::Error| Trouble::new(format!("{error:#}"));
    let mut pair = Pair::start(load, contestant, settings)?;
    pair.warm_up(load, settings.warm)?;
    let window = settings.window * load.length;
    let recording = Recording::begin(&pair.ids(), window).map_err(failed)?;
    let before = pair.sample()?;
    thread::sleep(window);
    let after = pair.sample()?;
    let operations = measure(&before, &after, load, pair.dialer.is_none())?.operations;
    let mut found = recording.end().map_err(failed)?;
    let sides = pair.sides().into_iter();
    let sides = sides.map(|(side, id)| (side, found.remove(&id).unwrap_or_default())).collect();
    Ok(Profile { sides, operations })
}

/// Both sides of a measurement.
struct Pair {
    binder: Worker,
    /// None when both sides are in one process.
    dialer: Option<Worker>,
    sender_binds: bool,
    /// The memory of the binding and of the dialing process before the work was set up.
    resident_before: (u64, u64),
    resident_ready: u64,
}

#[derive(Clone, Debug)]
struct Both {
    sender: Sample,
    receiver: Sample,
}

impl Pair {
    fn start(load: &Load, contestant: &Contestant, settings: &Settings) -> Result<Self, Trouble> {
        let sender_binds = matches!(load.work, Work::FanOut { .. } | Work::Topics { .. });
        let (binding, dialing) =
            if sender_binds { (Role::Sender, Role::Receiver) } else { (Role::Receiver, Role::Sender) };
        let start = |role| {
            let program = if role == Role::Sender { contestant.program } else { contestant.receiver };
            Worker::start(&settings.programs.join(program))
        };
        let mut binder = start(binding)?;
        let mut dialer = match load.transport {
            Transport::Inproc => None,
            _ => Some(start(dialing)?),
        };
        let name = place_name(&settings.folder, load.transport);
        let job = |role, endpoints| job(load, contestant, role, endpoints, &name);
        let endpoints = binder.bind(job(binding, Vec::new()))?;
        let here = binder.sample(binding, false)?.resident_bytes;
        let there = match &mut dialer {
            Some(worker) => worker.sample(dialing, false)?.resident_bytes,
            None => here,
        };
        let start = Command::Start(Box::new(job(dialing, endpoints)));
        let limit = if many(&load.work) { settings.patience } else { SET_UP };
        match &mut dialer {
            Some(worker) => {
                let dialed = worker.order(&start).and_then(|()| worker.wait_ready(1, limit));
                // What the binding side complains of is why the other one cannot connect.
                dialed.map_err(|trouble| binder.complaint().unwrap_or(trouble))?;
                binder.wait_ready(1, limit)?;
            }
            None => {
                binder.order(&start)?;
                binder.wait_ready(2, limit)?;
            }
        }
        let resident_ready = binder.sample(binding, false)?.resident_bytes;
        Ok(Self { binder, dialer, sender_binds, resident_before: (here, there), resident_ready })
    }

    fn side(&mut self, role: Role) -> &mut Worker {
        let binds = self.sender_binds == (role == Role::Sender);
        match &mut self.dialer {
            Some(dialer) if !binds => dialer,
            _ => &mut self.binder,
        }
    }

    fn ids(&self) -> Vec<u32> {
        self.sides().into_iter().map(|(_, id)| id).collect()
    }

    /// The processes, and what each of them does.
    fn sides(&self) -> Vec<(&'static str, u32)> {
        let (sender, receiver) = ("sender", "receiver");
        let (binds, dials) = if self.sender_binds { (sender, receiver) } else { (receiver, sender) };
        match &self.dialer {
            Some(dialer) => vec![(binds, self.binder.id()), (dials, dialer.id())],
            None => vec![("both sides", self.binder.id())],
        }
    }

    fn order(&mut self, command: &Command) -> Result<(), Trouble> {
        self.binder.order(command)?;
        self.dialer.as_mut().map_or(Ok(()), |dialer| dialer.order(command))
    }

    fn sample(&mut self) -> Result<Both, Trouble> {
        let receiver = self.side(Role::Receiver).sample(Role::Receiver, false)?;
        let sender = self.side(Role::Sender).sample(Role::Sender, false)?;
        Ok(Both { sender, receiver })
    }

    /// Lets the sender go, and waits until something has arrived and then some more.
    fn warm_up(&mut self, load: &Load, warm: Duration) -> Result<(), Trouble> {
        self.order(&Command::Go)?;
        let begun = Instant::now();
        loop {
            thread::sleep(LOOK);
            let both = self.sample()?;
            let counted = if sender_counts(&load.work) { &both.sender } else { &both.receiver };
            if counted.count() > 0 {
                break;
            }
            if begun.elapsed() > SET_UP {
                return Err(Trouble { reason: "nothing arrived".to_string(), unsupported: true });
            }
        }
        thread::sleep(warm);
        Ok(())
    }

    /// Stops the sender; what it sent must be what arrived, message for message.
    fn verify(&mut self, load: &Load) -> Result<(), Trouble> {
        if !matches!(
            load.work,
            Work::Stream(_) | Work::Bursts { .. } | Work::OpenLoop { .. } | Work::Topics { .. }
        ) {
            return Ok(());
        }
        self.order(&Command::Stop)?;
        let begun = Instant::now();
        loop {
            thread::sleep(LOOK);
            let both = self.sample()?;
            let (sent, arrived) = match load.work {
                Work::Topics { .. } => ((both.sender.wanted, 0), (both.receiver.count(), 0)),
                _ => ((both.sender.count(), both.sender.sum), (both.receiver.count(), both.receiver.sum)),
            };
            if both.receiver.errors > 0 {
                return Err(Trouble::new(format!(
                    "{} messages were not what was sent",
                    both.receiver.errors
                )));
            }
            // A message too short for a number has none to add up.
            if sent == arrived || (load.size < 8 && sent.0 == arrived.0) {
                return Ok(());
            }
            if begun.elapsed() > DRAIN {
                return Err(Trouble::new(format!("{} messages were sent, {} arrived", sent.0, arrived.0)));
            }
        }
    }

    /// What a subscription takes from the publisher's memory.
    fn bytes_each(&self, load: &Load) -> Option<f64> {
        let Work::Topics { count, .. } = load.work else { return None };
        Some(self.resident_ready.saturating_sub(self.resident_before.0) as f64 / count as f64)
    }

    /// Idle connections: when all are open each carries one message, and then nothing.
    fn count_memory(&mut self, count: usize, patience: Duration) -> Result<Measure, Trouble> {
        let begun = Instant::now();
        let mut going = false;
        loop {
            thread::sleep(LOOK * 5);
            let receiver = self.binder.sample(Role::Receiver, true)?;
            let (messages, open) = (receiver.count(), receiver.descriptors);
            if messages >= count as u64 {
                break;
            }
            if !going && open >= count as u64 {
                // Open is not greeted yet.
                thread::sleep(SETTLE);
                self.order(&Command::Go)?;
                going = true;
            }
            if begun.elapsed() > patience {
                let reason =
                    format!("{count} connections: {open} descriptors are open, {messages} messages arrived");
                return Err(Trouble { reason, unsupported: true });
            }
        }
        thread::sleep(SETTLE);
        let both = self.sample()?;
        let each = |now: u64, before: u64| now.saturating_sub(before) as f64 / count as f64;
        let bound = each(both.receiver.resident_bytes, self.resident_before.0);
        let dialed = each(both.sender.resident_bytes, self.resident_before.1);
        Ok(Measure {
            seconds: 1.0,
            operations: count as f64,
            bytes_each: Some(bound.max(dialed)),
            peak_bytes: both.receiver.peak_bytes.max(both.sender.peak_bytes) as f64,
            notes: [("bound end, B".to_string(), bound), ("dialed end, B".to_string(), dialed)].into(),
            ..Measure::default()
        })
    }
}

/// Whether the sender's counter is the one that matters; else it is what arrives.
fn sender_counts(work: &Work) -> bool {
    matches!(
        work,
        Work::PingPong
            | Work::Pipeline { .. }
            | Work::Topics { .. }
            | Work::ColdStart
            | Work::Interference { .. }
    )
}

fn many(work: &Work) -> bool {
    match work {
        Work::Topics { count, .. } => *count > 10_000,
        Work::Connections { .. } => true,
        _ => false,
    }
}

fn place_name(folder: &Path, transport: Transport) -> String {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    match transport {
        Transport::Inproc => format!("bench-{number}"),
        _ => folder.join(format!("bench-{number}")).display().to_string(),
    }
}

fn job(load: &Load, contestant: &Contestant, role: Role, endpoints: Vec<String>, name: &str) -> Job {
    Job {
        role,
        work: load.work.clone(),
        variant: contestant.variant.to_string(),
        place: Place { transport: load.transport, name: name.to_string() },
        endpoints,
        size: load.size,
        hwm: load.hwm,
        cpu: cpu(load, contestant, role),
    }
}

fn cpu(load: &Load, contestant: &Contestant, role: Role) -> Option<usize> {
    match load.one_cpu {
        true => Some(0),
        false => contestant.wants_two_cpus().then_some(if role == Role::Sender { 0 } else { 1 }),
    }
}

/// What happened between two samples.
fn measure(before: &Both, after: &Both, load: &Load, one_process: bool) -> Result<Measure, Trouble> {
    if after.receiver.errors > 0 || after.sender.errors > 0 {
        let wrong = after.receiver.errors + after.sender.errors;
        return Err(Trouble::new(format!("{wrong} messages were not what was sent")));
    }
    let sent = after.sender.count() - before.sender.count();
    let received = after.receiver.count() - before.receiver.count();
    let sender_counts = sender_counts(&load.work);
    let (operations, from, to) = if sender_counts {
        (sent, &before.sender, &after.sender)
    } else {
        (received, &before.receiver, &after.receiver)
    };
    if operations == 0 {
        return Err(Trouble::new("nothing happened in the time measured"));
    }
    // Each side's CPU is shared out to what that side counted in its own window.
    let share = |total: &dyn Fn(&Sample) -> u64| {
        let receiver = (total(&after.receiver) - total(&before.receiver)) as f64;
        let sender = (total(&after.sender) - total(&before.sender)) as f64;
        let both_count = !sender_counts && sent > 0 && !matches!(load.work, Work::FanOut { .. });
        let of_sender = if both_count { sender / sent as f64 } else { sender / operations as f64 };
        if one_process { of_sender } else { of_sender + receiver / operations as f64 }
    };
    let mut measure = Measure {
        seconds: (to.at - from.at) as f64 / 1e9,
        operations: operations as f64,
        cpu_us: share(&Sample::cpu_us),
        switches: share(&Sample::switches),
        delays: after.sender.delays.clone().or_else(|| after.receiver.delays.clone()),
        peak_bytes: after.receiver.peak_bytes.max(after.sender.peak_bytes) as f64,
        fairness: fairness(before, after),
        ..Measure::default()
    };
    if matches!(load.work, Work::Interference { .. }) {
        if received == 0 {
            return Err(Trouble::new("none of the large messages arrived"));
        }
        measure.notes.insert("large/s".into(), received as f64 / measure.seconds);
    }
    if matches!(load.work, Work::FanOut { .. }) {
        measure.notes.insert("published/s".into(), sent as f64 / measure.seconds);
        measure.notes.insert("delivered/s".into(), operations as f64 / measure.seconds);
    }
    Ok(measure)
}

/// Between several senders: the least that arrived of one, divided by the most. (What they have sent is on its way for longer than
/// a window lasts: tens of thousands of short messages each, which fit into the queues and the kernel.)
fn fairness(before: &Both, after: &Both) -> Option<f64> {
    let pairs = before.receiver.counts.iter().zip(&after.receiver.counts);
    let shares: Vec<u64> = pairs.map(|(before, after)| after - before).collect();
    let (least, most) = (shares.iter().min()?, shares.iter().max()?);
    (shares.len() > 1 && *most > 0).then(|| *least as f64 / *most as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at: u64, counts: &[u64], cpu: u64) -> Sample {
        Sample { at, counts: counts.to_vec(), user_us: cpu, ..Sample::default() }
    }

    fn stream() -> Load {
        let cells = crate::cells::all();
        cells.into_iter().find(|cell| cell.name == "push-pull-64").unwrap().load
    }

    #[test]
    fn a_stream_is_counted_where_it_arrives() {
        let before = Both { sender: sample(5, &[100], 10), receiver: sample(0, &[50], 20) };
        let after = Both { sender: sample(9, &[1_100], 510), receiver: sample(500_000_000, &[1_050], 220) };
        let found = measure(&before, &after, &stream(), false).unwrap();
        assert_eq!((found.operations, found.seconds), (1_000.0, 0.5));
        assert_eq!(found.cpu_us, 0.5 + 0.2);
        let inproc = measure(&before, &after, &stream(), true).unwrap();
        assert_eq!(inproc.cpu_us, 0.5, "one process has one account");
    }

    #[test]
    fn wrong_messages_and_silence_are_no_result() {
        let still = Both { sender: sample(0, &[1], 0), receiver: sample(0, &[1], 0) };
        assert!(measure(&still, &still, &stream(), false).is_err());
        let mut wrong = still.clone();
        wrong.receiver.counts = vec![100];
        wrong.receiver.errors = 1;
        assert!(measure(&still, &wrong, &stream(), false).unwrap_err().reason.contains("1 messages"));
    }

    #[test]
    fn fairness_is_the_least_share() {
        let before = Both { sender: Sample::default(), receiver: sample(0, &[0, 10], 0) };
        let after = Both { sender: Sample::default(), receiver: sample(1, &[50, 110], 0) };
        assert_eq!(fairness(&before, &after), Some(0.5));
    }
}

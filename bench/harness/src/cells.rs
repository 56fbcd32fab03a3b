//! The table of what is measured: one row a cell, with the thresholds that it must meet.
//!
//! Cells with the same load are measured once. The numbers in the section headings are those of the benchmark plan.

use bench_kit::protocol::{Layout, Since, Transport, Work};

use crate::contestants::{SPINNING, STREAMS};
use crate::metric::Metric;

#[derive(Clone, Debug)]
pub struct Cell {
    pub name: String,
    pub title: String,
    pub load: Load,
    pub metric: Metric,
    /// What the kernel gives, if that can be said; the best of them counts.
    pub floors: &'static [&'static str],
    pub limits: Limits,
    /// The only ones that take part, where not all can.
    pub only: &'static [&'static str],
    /// Why it cannot be measured yet.
    pub not_run: Option<&'static str>,
}

/// What runs, and in which surroundings.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    pub work: Work,
    pub transport: Transport,
    pub size: usize,
    pub hwm: u32,
    /// Both processes share one CPU.
    pub one_cpu: bool,
    /// A process of this niceness computes on every CPU meanwhile.
    pub hogs: Option<u8>,
    /// The rate is this share of what the slower of two contestants can stream.
    pub share_of_peak: Option<f64>,
    /// So many times the usual length of a slice.
    pub length: u32,
}

/// Ratios of ours to theirs, and an absolute number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    pub libzmq: Option<f64>,
    pub rival: Option<f64>,
    pub floor: Option<f64>,
    pub absolute: Option<f64>,
}

impl Limits {
    pub fn any(&self) -> bool {
        *self != Limits::default()
    }
}

const fn limits(libzmq: f64, rival: f64) -> Limits {
    Limits { libzmq: Some(libzmq), rival: Some(rival), floor: None, absolute: None }
}

impl Cell {
    fn new(name: impl Into<String>, title: impl Into<String>, load: Load, metric: Metric) -> Self {
        Self {
            name: name.into(),
            title: title.into(),
            load,
            metric,
            floors: &[],
            limits: Limits::default(),
            only: &[],
            not_run: None,
        }
    }

    /// Whether the cell belongs to the table of thresholds against peers, as opposed to those of bursts.
    pub fn is_in_table(&self) -> bool {
        self.limits.any() && !matches!(self.load.work, Work::Bursts { .. })
    }

    /// Whether it can fail a gate.
    pub fn has_thresholds(&self) -> bool {
        self.limits.any()
    }

    fn floors(self, floors: &'static [&'static str]) -> Self {
        Self { floors, ..self }
    }

    fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    fn floor_limit(mut self, floor: f64) -> Self {
        self.limits.floor = Some(floor);
        self
    }

    fn at_most(mut self, number: f64) -> Self {
        self.limits.absolute = Some(number);
        self
    }

    fn only(self, only: &'static [&'static str]) -> Self {
        Self { only, ..self }
    }
}

impl Load {
    fn tcp(work: Work, size: usize) -> Self {
        Self {
            work,
            transport: Transport::Tcp,
            size,
            hwm: 1000,
            one_cpu: false,
            hogs: None,
            share_of_peak: None,
            length: 1,
        }
    }

    fn over(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    fn hwm(self, hwm: u32) -> Self {
        Self { hwm, ..self }
    }

    fn one_cpu(self) -> Self {
        Self { one_cpu: true, ..self }
    }

    fn with_hogs(self, nice: u8) -> Self {
        Self { hogs: Some(nice), length: 2, ..self }
    }

    fn longer(self, length: u32) -> Self {
        Self { length, ..self }
    }
}

const PAIR: Work = Work::Stream(Layout::Pair);
const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// All cells. Those with thresholds come first.
pub fn all() -> Vec<Cell> {
    let groups = [
        streams_with_thresholds(),
        round_trips_with_thresholds(),
        others_with_thresholds(),
        threads_with_thresholds(),
        bursts(64, Since::OwnSend, &[1, 2, 3, 10, 100, 10_000], &[10, 100, 1_000, 10_000]),
        bursts(64, Since::FirstSend, &[100, 10_000], &[10, 100, 1_000, 10_000]),
        round_trips(),
        streams(),
        bursts(KIB, Since::OwnSend, &[1, 10, 100], &[1_000]),
        pipelines(),
        schedules(),
        fan_outs(),
        topics(),
        fan_ins_and_sockets(),
        connections(),
        threads(),
        surroundings(),
    ];
    groups.into_iter().flatten().collect()
}

/// 2: PUSH/PULL over TCP.
fn streams_with_thresholds() -> Vec<Cell> {
    let stream = |size: usize, limits: Limits| {
        let name = format!("push-pull-{}", label(size));
        let title = format!("PUSH to PULL, {}, TCP", words(size));
        Cell::new(name, title, Load::tcp(PAIR, size), Metric::Rate).floors(STREAMS).limits(limits)
    };
    vec![
        stream(16, limits(4.5, 3.5)),
        stream(64, limits(4.5, 3.5)).floor_limit(0.35),
        cpu_of_a_message(),
        stream(256, limits(4.0, 2.5)).floor_limit(0.8),
        stream(KIB, limits(3.5, 1.8)).floor_limit(0.8),
        stream(16 * KIB, limits(2.2, 1.05)).floor_limit(0.85),
        stream(64 * KIB, limits(2.2, 1.05)).floor_limit(0.85),
        stream(MIB, limits(2.2, 1.05)).floor_limit(0.85),
    ]
}

/// The load of `push-pull-64`, seen from the other side.
fn cpu_of_a_message() -> Cell {
    let title = "CPU of both ends for one message, PUSH to PULL, 64 B, TCP";
    Cell::new("cpu-push-pull-64", title, Load::tcp(PAIR, 64), Metric::CpuEach)
        .limits(limits(0.2, 0.35))
        .at_most(0.15)
}

/// 1 and 15: REQ/REP over TCP.
fn round_trips_with_thresholds() -> Vec<Cell> {
    let load = || Load::tcp(Work::PingPong, 64);
    let round_trip = |name: &str, title: &str, load| Cell::new(name, title, load, Metric::MeanTime);
    vec![
        round_trip("req-rep-64", "REQ to REP and back, 64 B, TCP, default placement", load())
            .floors(&[SPINNING])
            .limits(limits(0.18, 0.2))
            .floor_limit(1.6),
        round_trip("req-rep-64-one-cpu", "REQ to REP and back, 64 B, TCP, both on one CPU", load().one_cpu())
            .floors(&["raw blocking"])
            .limits(limits(0.42, 0.6))
            .floor_limit(1.25),
        round_trip(
            "req-rep-64-busy",
            "REQ to REP and back, 64 B, TCP, a busy loop on each CPU",
            load().with_hogs(0),
        )
        .limits(limits(1.0, 1.0)),
    ]
}

fn others_with_thresholds() -> Vec<Cell> {
    let inproc = |work: Work| Load::tcp(work, 64).over(Transport::Inproc);
    let half = Load { share_of_peak: Some(0.5), length: 2, ..schedule_load(64) };
    vec![
        Cell::new("push-pull-inproc-64", "PUSH to PULL, 64 B, inproc", inproc(PAIR), Metric::Rate)
            .limits(limits(8.0, 1.2)),
        Cell::new(
            "req-rep-inproc-64",
            "REQ to REP and back, 64 B, inproc",
            inproc(Work::PingPong),
            Metric::MeanTime,
        )
        .limits(limits(0.02, 1.0 / 1.2)),
        fan_out(32, 64).limits(limits(4.0, 1.2)),
        fan_out(32, KIB).limits(limits(4.0, 1.2)),
        topic_rate(1_000_000, 10).limits(limits(4.0, 1.0)),
        topic_memory(1_000_000, 10).at_most(120.0),
        idle(10_000).limits(Limits { libzmq: Some(0.2), ..Limits::default() }).at_most(8192.0),
        Cell::new("open-loop-64-50", schedule_title(64, 50), half, Metric::P999).limits(limits(0.5, 1.0)),
    ]
}

/// 11: libzmq's sockets belong to one thread; it takes part with one sender and one receiver.
fn threads_with_thresholds() -> Vec<Cell> {
    let faster = Limits { libzmq: Some(1.0), ..Limits::default() };
    vec![
        threads_on_one_socket(8, 1, Transport::Tcp).limits(faster),
        threads_on_one_socket(1, 4, Transport::Tcp).limits(faster),
        threads_on_one_socket(8, 4, Transport::Tcp).limits(faster),
    ]
}

/// 3: the delay of the last message of a burst, beside a writer that always hands over to an I/O thread.
fn bursts(size: usize, since: Since, lengths: &[u32], gaps_us: &[u64]) -> Vec<Cell> {
    let (whole, counted) = match since {
        Since::OwnSend => ("", ""),
        Since::FirstSend => ("whole-", ", counted from the first one's `send`"),
    };
    let mut cells = Vec::new();
    for &length in lengths {
        for &gap_us in gaps_us {
            let slices = if gap_us >= 10_000 { 2 } else { 1 };
            let load = Load::tcp(Work::Bursts { length, gap_us, since }, size).longer(slices);
            let gap = if gap_us < 1_000 { format!("{gap_us}us") } else { format!("{}ms", gap_us / 1_000) };
            for (metric, name, limit) in [(Metric::P50, "p50", 1.5), (Metric::P99, "p99", 2.0)] {
                let cell_name = format!("burst-{}-{length}-{gap}-{whole}{name}", label(size));
                let title = format!(
                    "Delay ({name}) of the last of {length} messages{counted}, {}, TCP, then a pause of {gap}",
                    words(size)
                );
                let cell = Cell::new(cell_name, title, load.clone(), metric)
                    .floors(&["raw handover"])
                    .only(&["ohmq", "libzmq", "omq-tokio"]);
                cells.push(if size == 64 { cell.floor_limit(limit) } else { cell });
            }
        }
    }
    cells
}

/// 1
fn round_trips() -> Vec<Cell> {
    let cell = |size: usize, transport: Transport| {
        let name = format!("req-rep{}-{}", suffix(transport), label(size));
        let title = format!("REQ to REP and back, {}, {}", words(size), transport_name(transport));
        let cell = Cell::new(name, title, Load::tcp(Work::PingPong, size).over(transport), Metric::MeanTime);
        if transport == Transport::Inproc { cell } else { cell.floors(&[SPINNING, "raw blocking"]) }
    };
    let tcp = [1, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, MIB].map(|size| cell(size, Transport::Tcp));
    let ipc = [64, KIB, 64 * KIB].map(|size| cell(size, Transport::Ipc));
    let inproc = [KIB, 64 * KIB].map(|size| cell(size, Transport::Inproc));
    tcp.into_iter().chain(ipc).chain(inproc).collect()
}

/// 2
fn streams() -> Vec<Cell> {
    let cell = |size: usize, transport: Transport| {
        let name = format!("push-pull{}-{}", suffix(transport), label(size));
        let title = format!("PUSH to PULL, {}, {}", words(size), transport_name(transport));
        let length = if size >= 16 * MIB { 3 } else { 1 };
        let load = Load::tcp(PAIR, size).over(transport).longer(length);
        // A thousand messages of this size are more than the machine has.
        let load = if size >= 16 * MIB { load.hwm(4) } else { load };
        let cell = Cell::new(name, title, load, Metric::Rate);
        if transport == Transport::Inproc { cell } else { cell.floors(STREAMS) }
    };
    let tcp = [1, 55, 4 * KIB, 16 * MIB, 100 * MIB].map(|size| cell(size, Transport::Tcp));
    let ipc = [16, 64, KIB, 64 * KIB].map(|size| cell(size, Transport::Ipc));
    let inproc = [KIB, 64 * KIB].map(|size| cell(size, Transport::Inproc));
    tcp.into_iter().chain(ipc).chain(inproc).collect()
}

/// 4
fn pipelines() -> Vec<Cell> {
    let cell = |window: usize, size: usize, transport: Transport| {
        let name = format!("dealer-router{}-{}-{window}", suffix(transport), label(size));
        let title = format!(
            "DEALER to ROUTER and back, {window} under way, {}, {}",
            words(size),
            transport_name(transport)
        );
        // A ROUTER at its mark drops: the mark must be beyond the window.
        let load =
            Load::tcp(Work::Pipeline { window }, size).over(transport).hwm(10 * window.max(100) as u32);
        Cell::new(name, title, load, Metric::Rate)
    };
    let small = [1, 8, 64, 1_000].map(|window| cell(window, 64, Transport::Tcp));
    let larger = [cell(64, KIB, Transport::Tcp), cell(64, 64, Transport::Ipc)];
    small.into_iter().chain(larger).collect()
}

/// 5
fn schedules() -> Vec<Cell> {
    let cell = |size: usize, percent: u32| {
        let load = Load { share_of_peak: Some(f64::from(percent) / 100.0), length: 2, ..schedule_load(size) };
        Cell::new(
            format!("open-loop-{}-{percent}", label(size)),
            schedule_title(size, percent),
            load,
            Metric::P999,
        )
    };
    vec![cell(64, 10), cell(64, 30), cell(64, 70), cell(64, 90), cell(KIB, 50)]
}

fn schedule_load(size: usize) -> Load {
    Load::tcp(Work::OpenLoop { per_second: 0.0 }, size)
}

fn schedule_title(size: usize, percent: u32) -> String {
    format!(
        "Delay (p99.9) from the intended time, PUSH to PULL, {}, TCP, {percent} % of the slower one's peak",
        words(size)
    )
}

/// 6
fn fan_outs() -> Vec<Cell> {
    vec![fan_out(1, 64), fan_out(8, 64), fan_out(128, 64), fan_out(32, 16), fan_out(32, 16 * KIB)]
}

fn fan_out(subscribers: usize, size: usize) -> Cell {
    let title = format!("PUB to {subscribers} SUB, {}, TCP, deliveries for a second of CPU", words(size));
    let load = Load::tcp(Work::FanOut { subscribers }, size);
    Cell::new(format!("pub-sub-{subscribers}-{}", label(size)), title, load, Metric::RatePerCpu)
}

/// 7
fn topics() -> Vec<Cell> {
    let rates = [(1, 10), (1_000, 10), (100_000, 0), (100_000, 10), (100_000, 1_000)];
    rates.map(|(count, wanted)| topic_rate(count, wanted)).into_iter().collect()
}

/// Messages are not limited by a mark: a mark would refuse subscriptions as well.
fn topic_load(count: u64, wanted_per_mille: u64) -> Load {
    Load::tcp(Work::Topics { count, wanted_per_mille }, 64).hwm(0)
}

fn topic_rate(count: u64, wanted_per_mille: u64) -> Cell {
    let title = format!(
        "PUB past {} random 20-byte subscriptions, {} % wanted, 64 B, TCP",
        grouped(count),
        wanted_per_mille as f64 / 10.0
    );
    let name = format!("topics-{count}-wanted-{wanted_per_mille}");
    Cell::new(name, title, topic_load(count, wanted_per_mille), Metric::Rate)
}

fn topic_memory(count: u64, wanted_per_mille: u64) -> Cell {
    let title = format!("Publisher's memory for one of {} random 20-byte subscriptions", grouped(count));
    Cell::new(format!("topics-{count}-bytes"), title, topic_load(count, wanted_per_mille), Metric::BytesEach)
}

/// 8 and 10
fn fan_ins_and_sockets() -> Vec<Cell> {
    let fan_in = |senders: usize, metric: Metric, name: &str, title: &str| {
        Cell::new(
            format!("fan-in-{senders}{name}"),
            format!("{senders} PUSH to one PULL, 64 B, TCP{title}"),
            Load::tcp(Work::Stream(Layout::FanIn { senders }), 64),
            metric,
        )
    };
    let pairs = |count: usize| {
        let load = Load::tcp(Work::Stream(Layout::Pairs { count }), 64);
        let title = format!("{count} PUSH to {count} PULL of the same two processes, 64 B, TCP");
        Cell::new(format!("sockets-{count}"), title, load, Metric::Rate)
    };
    vec![
        fan_in(4, Metric::Rate, "", ""),
        fan_in(4, Metric::Fairness, "-fairness", ", slowest sender's share of the fastest's"),
        fan_in(64, Metric::Rate, "", ""),
        fan_in(64, Metric::Fairness, "-fairness", ", slowest sender's share of the fastest's"),
        fan_in(1_000, Metric::Rate, "", ""),
        pairs(10),
        pairs(100),
        pairs(1_000),
    ]
}

/// 9
fn connections() -> Vec<Cell> {
    vec![idle(100), idle(1_000)]
}

fn idle(count: usize) -> Cell {
    let title =
        format!("Memory of one of {} idle connections, TCP, the greater of both ends", grouped(count as u64));
    let load = Load::tcp(Work::Connections { count }, 64);
    Cell::new(format!("idle-{count}"), title, load, Metric::BytesEach)
}

/// 11
fn threads() -> Vec<Cell> {
    vec![
        threads_on_one_socket(2, 1, Transport::Tcp),
        threads_on_one_socket(4, 1, Transport::Tcp),
        threads_on_one_socket(4, 1, Transport::Inproc),
    ]
}

fn threads_on_one_socket(senders: usize, receivers: usize, transport: Transport) -> Cell {
    let name = format!("threads{}-{senders}-to-{receivers}", suffix(transport));
    let title = format!(
        "{senders} threads on one PUSH to {receivers} on one PULL, 64 B, {}",
        transport_name(transport)
    );
    let work = Work::Stream(Layout::Threads { senders, receivers });
    Cell::new(name, title, Load::tcp(work, 64).over(transport), Metric::Rate)
}

/// 12 to 15 and 17
fn surroundings() -> Vec<Cell> {
    let slow = |hwm: u32| {
        let load = Load::tcp(Work::SlowConsumer { per_second: 20_000.0 }, KIB).hwm(hwm).longer(2);
        let title = format!("Peak memory, PUSH to a PULL that takes 20,000/s, 1 KiB, TCP, mark {hwm}");
        Cell::new(format!("slow-consumer-{hwm}"), title, load, Metric::PeakMemory)
    };
    let disturbed = Load::tcp(Work::Interference { large: 100 * MIB }, 64).hwm(4).longer(3);
    let secured = |name: &str, title: &str| Cell {
        not_run: Some("the engine has no security mechanism but NULL yet"),
        ..Cell::new(name, title, Load::tcp(PAIR, KIB), Metric::Rate)
    };
    vec![
        secured("curve-push-pull-1k", "PUSH to PULL, 1 KiB, TCP, CURVE"),
        secured("plain-push-pull-1k", "PUSH to PULL, 1 KiB, TCP, PLAIN"),
        slow(10),
        slow(1000),
        Cell::new(
            "interference-p99",
            "REQ to REP and back (p99), 64 B, while another connection carries messages of 100 MiB, TCP",
            disturbed,
            Metric::P99,
        ),
        Cell::new(
            "req-rep-64-busy-nice",
            "REQ to REP and back, 64 B, TCP, a busy loop of niceness 10 on each CPU",
            Load::tcp(Work::PingPong, 64).with_hogs(10),
            Metric::MeanTime,
        ),
        Cell::new(
            "push-pull-64-busy",
            "PUSH to PULL, 64 B, TCP, a busy loop on each CPU",
            Load::tcp(PAIR, 64).with_hogs(0),
            Metric::Rate,
        ),
        Cell::new(
            "cold-start",
            "A new REQ connects over TCP, asks, is answered (mean), and is closed",
            Load::tcp(Work::ColdStart, 64),
            Metric::MeanDelay,
        ),
    ]
}

fn suffix(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "",
        Transport::Ipc => "-ipc",
        Transport::Inproc => "-inproc",
    }
}

fn transport_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "TCP",
        Transport::Ipc => "ipc",
        Transport::Inproc => "inproc",
    }
}

/// 1024 as in a name: `1k`.
fn label(size: usize) -> String {
    match size {
        size if size >= MIB => format!("{}m", size / MIB),
        size if size >= KIB => format!("{}k", size / KIB),
        size => size.to_string(),
    }
}

/// 1024 as in a sentence: `1 KiB`.
fn words(size: usize) -> String {
    match size {
        size if size >= MIB => format!("{} MiB", size / MIB),
        size if size >= KIB => format!("{} KiB", size / KIB),
        size => format!("{size} B"),
    }
}

/// 1000000 as 1,000,000.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::contestants;

    #[test]
    fn names_are_unique_and_contestants_are_known() {
        let mut names = HashSet::new();
        for cell in all() {
            assert!(names.insert(cell.name.clone()), "{} twice", cell.name);
            let named = cell.floors.iter().chain(cell.only);
            assert!(named.into_iter().all(|name| contestants::find(name).is_some()), "{}", cell.name);
            assert!(cell.limits.floor.is_none() || !cell.floors.is_empty(), "{} has no floor", cell.name);
        }
    }

    #[test]
    fn the_cells_with_the_headline_thresholds_are_there() {
        let cells = all();
        let find = |name: &str| cells.iter().find(|cell| cell.name == name).unwrap().limits;
        assert_eq!(find("push-pull-64"), Limits { floor: Some(0.35), ..limits(4.5, 3.5) });
        assert_eq!(find("req-rep-64-one-cpu"), Limits { floor: Some(1.25), ..limits(0.42, 0.6) });
        assert_eq!(find("topics-1000000-bytes").absolute, Some(120.0));
        assert_eq!(find("burst-64-10000-10ms-p99").floor, Some(2.0));
        assert!(!find("push-pull-4k").any());
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!((label(64), label(KIB), label(100 * MIB)), ("64".into(), "1k".into(), "100m".into()));
        assert_eq!((words(16 * KIB), grouped(1_000_000)), ("16 KiB".into(), "1,000,000".into()));
    }
}

//! Blocks: everybody is measured once in each, in an order that turns round from block to block, so that whatever the
//! machine does in the meantime it does to all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};
use bench_kit::protocol::{Layout, Work};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::cells::{Cell, Load};
use crate::contestants::{self, Contestant, OURS, Who};
use crate::hogs::Hogs;
use crate::host::{Disturbance, Ticks};
use crate::metric::{Measure, Metric};
use crate::origin::Origin;
use crate::profile::Profile;
use crate::progress::Progress;
use crate::results::in_messages;
use crate::slice::{self, Extra, Settings};
use crate::stats::median;
use crate::worker::Trouble;

/// What the person asked for.
#[derive(Clone, Debug)]
pub struct Options {
    pub programs: PathBuf,
    pub blocks: usize,
    pub quick: bool,
    pub system_calls: bool,
    /// Where the time goes is looked at, instead of how much there is.
    pub profile: bool,
    /// Only these take part; all when empty.
    pub contestants: Vec<String>,
    /// Contestants that could not be built, and why.
    pub not_built: BTreeMap<String, String>,
}

/// Cells with the same load, which are measured together.
#[derive(Debug)]
pub struct Group {
    pub load: Load,
    pub cells: Vec<Cell>,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    pub cells: Vec<Cell>,
    pub blocks: Vec<Block>,
    /// Who has no number, and why.
    pub not_run: BTreeMap<String, String>,
    pub system_calls: BTreeMap<String, f64>,
}

#[derive(Clone, Debug, Default)]
pub struct Block {
    /// By the name of the entry.
    pub measures: BTreeMap<String, Measure>,
    pub disturbance: Disturbance,
}

/// A contestant with a load. Mostly its name is the contestant's; where ours runs once for each peer it is
/// `ohmq @ peer`.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    contestant: &'static Contestant,
    load: Load,
}

/// In a quick run, and for the peak that a schedule is a share of.
const QUICK_WINDOW: Duration = Duration::from_millis(200);
const QUICK_WARM: Duration = Duration::from_millis(50);
const WINDOW: Duration = Duration::from_millis(450);
const WARM: Duration = Duration::from_millis(100);
const PROFILE_WINDOW: Duration = Duration::from_secs(2);
/// So many failures, and a contestant is out.
const FAILURES: usize = 2;
const PEAK_SLICES: usize = 3;

/// Puts cells with the same load together, in the order of their first.
pub fn groups(cells: Vec<Cell>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for cell in cells {
        let same = |group: &&mut Group| {
            let first = group.cells.first();
            group.load == cell.load && first.is_some_and(|first| first.not_run == cell.not_run)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.cells.push(cell),
            None => groups.push(Group { load: cell.load.clone(), cells: vec![cell] }),
        }
    }
    groups
}

/// What our number of the block is called that is compared with this peer's.
pub fn ours_beside(peer: &str, block: &Block) -> String {
    let beside = format!("{OURS} @ {peer}");
    if block.measures.contains_key(&beside) { beside } else { OURS.to_string() }
}

/// How many slices the group takes, roughly.
pub fn slices(group: &Group, options: &Options) -> u64 {
    let contestants = participants(group, options).0.len();
    if options.profile {
        return contestants as u64;
    }
    let doubled = if group.load.share_of_peak.is_some() { 2 } else { 1 };
    let rounds = blocks(group, options) + warm_ups(group, options) + usize::from(options.system_calls);
    (contestants * doubled * rounds) as u64
}

/// Where the time of each goes, as a page of tables.
pub fn profile(group: &Group, options: &Options, origin: &Origin, progress: &Progress) -> Result<String> {
    let names: Vec<&str> = group.cells.iter().map(|cell| cell.name.as_str()).collect();
    let mut page = format!(
        "# Where the time goes: {}\n\nWritten by `cargo xtask bench {} --profile`, {} at {}; not to be edited. CPU time \
         for one operation, spinning included, which costs CPU and no time.\n",
        names.join(", "),
        names[0],
        origin.day,
        origin.commit
    );
    ensure!(group.load.share_of_peak.is_none(), "{} is a schedule: it has no profile", names[0]);
    let folder = tempfile::tempdir()?;
    let settings = settings(options, folder.path());
    for contestant in participants(group, options).0 {
        let entry = entry(contestant, &group.load);
        progress.slice(&entry.name);
        let _hogs = entry.load.hogs.map(Hogs::start);
        match slice::profile(&entry.load, contestant, &settings) {
            Ok(Profile { sides, operations }) => {
                let floor = contestant.who == Who::Floor;
                let operations =
                    if floor { in_messages(operations, Metric::Rate, &entry.load) } else { operations };
                for (side, process) in sides {
                    page += &format!("\n## {}, {side}\n\n{}", entry.name, process.table(operations));
                }
            }
            Err(trouble) => page += &format!("\n## {}\n\n{}\n", entry.name, trouble.reason),
        }
    }
    Ok(page)
}

fn settings(options: &Options, folder: &Path) -> Settings {
    let (warm, window) = if options.quick { (QUICK_WARM, QUICK_WINDOW) } else { (WARM, WINDOW) };
    Settings {
        programs: options.programs.clone(),
        folder: folder.to_path_buf(),
        warm,
        window: if options.profile { PROFILE_WINDOW } else { window },
        patience: Duration::from_secs(if options.quick { 12 } else { 90 }),
    }
}

pub fn run(group: &Group, options: &Options, progress: &Progress) -> Found {
    let mut found = Found {
        cells: group.cells.clone(),
        blocks: Vec::new(),
        not_run: BTreeMap::new(),
        system_calls: BTreeMap::new(),
    };
    if let Some(reason) = group.cells.iter().find_map(|cell| cell.not_run) {
        found.not_run.insert(OURS.to_string(), reason.to_string());
        return found;
    }
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => {
            found.not_run.insert(OURS.to_string(), format!("no temporary folder: {error}"));
            return found;
        }
    };
    let (taking_part, absent) = participants(group, options);
    found.not_run = absent;
    let settings = settings(options, folder.path());
    let mut runner = Runner { entries: Vec::new(), failures: BTreeMap::new(), settings, progress, found };
    runner.entries = match group.load.share_of_peak {
        Some(share) => runner.scheduled(&taking_part, &group.load, share),
        None => taking_part.into_iter().map(|contestant| entry(contestant, &group.load)).collect(),
    };
    for _ in 0..warm_ups(group, options) {
        runner.warm_up();
    }
    if options.system_calls {
        runner.count_system_calls();
    }
    for number in 0..blocks(group, options) {
        runner.block(number);
    }
    runner.found
}

struct Runner<'a> {
    entries: Vec<Entry>,
    failures: BTreeMap<String, usize>,
    settings: Settings,
    progress: &'a Progress,
    found: Found,
}

impl Runner<'_> {
    /// One slice of each, thrown away; what it sent must all have arrived.
    fn warm_up(&mut self) {
        for entry in self.entries.clone() {
            if let Err(trouble) = self.measure(&entry, Extra::Verify) {
                self.note(&entry, trouble);
            }
        }
    }

    fn count_system_calls(&mut self) {
        for entry in self.entries.clone() {
            // A contestant that fails here fails in a block too, and is named there.
            if let Ok(measure) = self.measure(&entry, Extra::SystemCalls)
                && let Some(calls) = measure.notes.get("system calls")
            {
                self.found.system_calls.insert(entry.name.clone(), *calls);
            }
        }
    }

    fn block(&mut self, number: usize) {
        let (ticks, own) = (Ticks::now(), own_user_seconds());
        let mut block = Block::default();
        let mut order = self.entries.clone();
        if number % 2 == 1 {
            order.reverse();
        }
        for entry in order {
            match self.measure(&entry, Extra::None) {
                Ok(measure) => {
                    block.measures.insert(entry.name.clone(), measure);
                }
                Err(trouble) => self.note(&entry, trouble),
            }
        }
        block.disturbance = Ticks::now().since(ticks, own_user_seconds() - own);
        self.found.blocks.push(block);
    }

    fn measure(&self, entry: &Entry, extra: Extra) -> Result<Measure, Trouble> {
        self.progress.slice(&entry.name);
        let _hogs = entry.load.hogs.map(Hogs::start);
        slice::run(&entry.load, entry.contestant, &self.settings, extra)
    }

    /// A failure is remembered; after the second, or when the library has no such thing, the contestant is out.
    fn note(&mut self, entry: &Entry, trouble: Trouble) {
        let failures = self.failures.entry(entry.name.clone()).or_default();
        *failures += 1;
        if trouble.unsupported || *failures >= FAILURES {
            self.entries.retain(|other| other.name != entry.name);
            self.found.not_run.insert(entry.name.clone(), trouble.reason);
        }
    }

    /// Each peer at a share of what the slower of both can stream, and ours beside it at the same rate.
    fn scheduled(&mut self, contestants: &[&'static Contestant], load: &Load, share: f64) -> Vec<Entry> {
        let stream =
            Load { work: Work::Stream(Layout::Pair), share_of_peak: None, length: 1, ..load.clone() };
        let mut peaks = BTreeMap::new();
        for contestant in contestants {
            let entry = entry(contestant, &stream);
            let rates: Vec<f64> = (0..PEAK_SLICES)
                .filter_map(|_| match self.measure(&entry, Extra::None) {
                    Ok(measure) => Metric::Rate.of(&measure),
                    Err(trouble) => {
                        self.note(&entry, trouble);
                        None
                    }
                })
                .collect();
            peaks.extend(median(&rates).map(|peak| (contestant.name, peak)));
        }
        let Some(own) = peaks.get(OURS).copied() else { return Vec::new() };
        let ours = contestants.iter().find(|contestant| contestant.who == Who::Ours);
        let mut entries = Vec::new();
        for contestant in contestants.iter().filter(|contestant| contestant.who != Who::Ours) {
            let Some(peak) = peaks.get(contestant.name) else { continue };
            let work = Work::OpenLoop { per_second: share * peak.min(own) };
            let load = Load { work, share_of_peak: None, ..load.clone() };
            entries.extend(
                ours.map(|ours| Entry {
                    name: format!("{OURS} @ {}", contestant.name),
                    ..entry(ours, &load)
                }),
            );
            entries.push(entry(contestant, &load));
        }
        entries
    }
}

fn entry(contestant: &'static Contestant, load: &Load) -> Entry {
    let mut load = load.clone();
    // libzmq's sockets belong to one thread: one of its threads is what several of others are compared with.
    if contestant.who == Who::Libzmq && matches!(load.work, Work::Stream(Layout::Threads { .. })) {
        load.work = Work::Stream(Layout::Pair);
    }
    Entry { name: contestant.name.to_string(), contestant, load }
}

/// Who takes part, and why the others do not.
fn participants(group: &Group, options: &Options) -> (Vec<&'static Contestant>, BTreeMap<String, String>) {
    let floors: BTreeSet<&str> = group.cells.iter().flat_map(|cell| cell.floors).copied().collect();
    let wanted = |contestant: &&Contestant| match contestant.who {
        Who::Floor => floors.contains(contestant.name),
        Who::Before => true,
        _ => group.cells.iter().any(|cell| cell.only.is_empty() || cell.only.contains(&contestant.name)),
    };
    let chosen = |contestant: &&Contestant| {
        let named =
            |name: &String| contestant.name == name || contestant.name.starts_with(&format!("{name} "));
        options.contestants.is_empty() || options.contestants.iter().any(named)
    };
    let mut taking_part = Vec::new();
    let mut absent = BTreeMap::new();
    for contestant in contestants::all().iter().filter(wanted).filter(chosen) {
        match options.not_built.get(contestant.program) {
            Some(reason) => {
                absent.insert(contestant.name.to_string(), reason.clone());
            }
            None => taking_part.push(contestant),
        }
    }
    (taking_part, absent)
}

/// Work that takes seconds to set up is not repeated in a quick run.
fn is_heavy(group: &Group) -> bool {
    match group.load.work {
        Work::Topics { count, .. } => count > 100_000,
        Work::Connections { count } => count > 1_000,
        _ => false,
    }
}

fn blocks(group: &Group, options: &Options) -> usize {
    if options.quick && is_heavy(group) { 1 } else { options.blocks }
}

fn warm_ups(group: &Group, options: &Options) -> usize {
    usize::from(!(options.quick && is_heavy(group)))
}

/// What the ended contestants and this process have computed.
fn own_user_seconds() -> f64 {
    let seconds = |who| getrusage(who).map_or(0.0, |usage| usage.user_time().num_microseconds() as f64 / 1e6);
    seconds(UsageWho::RUSAGE_CHILDREN) + seconds(UsageWho::RUSAGE_SELF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells;

    #[test]
    fn cells_with_one_load_are_measured_once() {
        let groups = groups(cells::all());
        let names = |group: &Group| group.cells.iter().map(|cell| cell.name.clone()).collect::<Vec<_>>();
        let stream = groups.iter().find(|group| group.cells[0].name == "push-pull-64").unwrap();
        assert_eq!(names(stream), ["push-pull-64", "cpu-push-pull-64"]);
        let burst = groups.iter().find(|group| group.cells[0].name == "burst-64-3-1ms-p50").unwrap();
        assert_eq!(names(burst), ["burst-64-3-1ms-p50", "burst-64-3-1ms-p99"]);
        let secured = groups.iter().find(|group| group.cells[0].name == "curve-push-pull-1k").unwrap();
        assert!(!names(secured).contains(&"push-pull-1k".to_string()));
    }

    #[test]
    fn who_could_not_be_built_is_named() {
        let groups = groups(cells::all());
        let options = Options {
            programs: PathBuf::new(),
            blocks: 9,
            quick: false,
            system_calls: false,
            profile: false,
            contestants: vec!["ohmq".into(), "rzmq".into(), "raw".into()],
            not_built: [("bench-rzmq".to_string(), "does not compile".to_string())].into(),
        };
        let (taking_part, absent) = participants(&groups[0], &options);
        let names: Vec<&str> = taking_part.iter().map(|contestant| contestant.name).collect();
        assert_eq!(names, ["ohmq", "raw 256K/64K", "raw 64K/64K", "raw 1M/64K"]);
        assert_eq!(absent["rzmq"], "does not compile");
    }

    #[test]
    fn ours_is_compared_at_the_rate_of_the_peer() {
        let mut block = Block::default();
        block.measures.insert("ohmq @ rzmq".into(), Measure::default());
        assert_eq!(ours_beside("rzmq", &block), "ohmq @ rzmq");
        assert_eq!(ours_beside("libzmq", &block), "ohmq");
    }
}

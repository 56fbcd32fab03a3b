//! From blocks to rows: medians, ratios of blocks, spread, and whether the thresholds are met.

use std::collections::BTreeMap;

use bench_kit::protocol::Work;
use serde::{Deserialize, Serialize};

use crate::cells::{Cell, Load};
use crate::contestants::{self, OURS, Who};
use crate::host::Disturbance;
use crate::metric::{Measure, Metric};
use crate::origin::Origin;
use crate::run::{Block, Found, ours_beside};
use crate::stats::{self, median};

/// One cell of results.json.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Row {
    pub cell: String,
    pub title: String,
    pub unit: String,
    pub higher_is_better: bool,
    pub ours: Option<f64>,
    pub peers: BTreeMap<String, f64>,
    pub floor: Option<Floor>,
    /// The medians of the blocks' ratios, ours divided by theirs.
    pub ratio: BTreeMap<String, f64>,
    pub spread: BTreeMap<String, Spread>,
    /// The blocks that count.
    pub blocks: usize,
    /// Blocks left out because the machine did something else as well.
    pub disturbed: usize,
    /// So many blocks were disturbed that all of them had to count.
    pub noisy: bool,
    /// What else the machine did, for each block.
    pub disturbances: Vec<Disturbance>,
    pub thresholds: Vec<Verdict>,
    pub not_run: BTreeMap<String, String>,
    pub details: BTreeMap<String, Detail>,
    pub run: Origin,
}

/// What the kernel gives, in the unit of the cell.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Floor {
    pub name: String,
    pub value: f64,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Spread {
    /// The 95 % interval of the median, by bootstrap.
    pub low: f64,
    pub high: f64,
    pub min: f64,
    pub max: f64,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Verdict {
    /// What ours is compared with: a contestant, or `itself` for an absolute number.
    pub against: String,
    pub limit: f64,
    pub found: Option<f64>,
    pub met: bool,
}

/// What one contestant did, medians of blocks.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Detail {
    pub value: f64,
    pub min: f64,
    pub max: f64,
    pub cpu_us: f64,
    pub switches: f64,
    pub system_calls: Option<f64>,
    pub p50_us: Option<f64>,
    pub p99_us: Option<f64>,
    pub max_us: Option<f64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, f64>,
}

/// Framing of a message of up to 255 bytes, and of a longer one.
const SHORT_FRAME: usize = 2;
const LONG_FRAME: usize = 9;

/// The rows of all cells of a group.
pub fn rows(found: &Found, run: &Origin) -> Vec<Row> {
    found.cells.iter().map(|cell| row(cell, found, run)).collect()
}

fn row(cell: &Cell, found: &Found, run: &Origin) -> Row {
    let calm: Vec<&Block> = found.blocks.iter().filter(|block| !block.disturbance.is_too_much()).collect();
    let noisy = calm.len() * 2 < found.blocks.len();
    let blocks = if noisy { found.blocks.iter().collect() } else { calm };
    let numbers = Numbers { cell, blocks: &blocks };
    let mut row = Row {
        cell: cell.name.clone(),
        title: cell.title.clone(),
        unit: cell.metric.unit().to_string(),
        higher_is_better: cell.metric.better() == crate::metric::Better::Higher,
        ours: numbers.ours(),
        peers: BTreeMap::new(),
        floor: None,
        ratio: BTreeMap::new(),
        spread: BTreeMap::new(),
        blocks: blocks.len(),
        disturbed: found.blocks.len() - blocks.len(),
        noisy,
        disturbances: found.blocks.iter().map(|block| block.disturbance).collect(),
        thresholds: Vec::new(),
        not_run: not_run(cell, found),
        details: numbers.details(found),
        run: run.clone(),
    };
    for contestant in contestants::all().iter().filter(|contestant| contestant.who != Who::Ours) {
        let Some(value) = numbers.median_of(contestant.name) else { continue };
        if contestant.who == Who::Floor {
            let best = row.floor.as_ref().is_none_or(|best| cell.metric.better().prefers(value, best.value));
            if cell.floors.contains(&contestant.name) && best {
                row.floor = Some(Floor { name: contestant.name.to_string(), value });
            }
        } else {
            row.peers.insert(contestant.name.to_string(), value);
        }
        if let Some(ratio) = stats::ratio(&numbers.pairs(contestant.name)) {
            row.ratio.insert(contestant.name.to_string(), ratio.median);
            let spread = Spread { low: ratio.low, high: ratio.high, min: ratio.min, max: ratio.max };
            row.spread.insert(contestant.name.to_string(), spread);
        }
    }
    row.thresholds = verdicts(cell, &row);
    row
}

/// The best of the rivals: the one that is hardest to beat.
pub fn best_rival(row: &Row) -> Option<&str> {
    let rivals = row
        .peers
        .iter()
        .filter(|(name, _)| contestants::find(name).is_some_and(|contestant| contestant.who == Who::Rival));
    // The ratio decides, not the number: in some cells each peer has a rate of its own.
    let ratio = |name: &String| row.ratio.get(name).copied().unwrap_or(f64::NAN);
    let hardest = |a: &f64, b: &f64| if row.higher_is_better { a.total_cmp(b) } else { b.total_cmp(a) };
    rivals
        .filter(|(name, _)| ratio(name).is_finite())
        .min_by(|(a, _), (b, _)| hardest(&ratio(a), &ratio(b)))
        .map(|(name, _)| name.as_str())
}

/// Each threshold of the cell. One that could not be measured is not met.
fn verdicts(cell: &Cell, row: &Row) -> Vec<Verdict> {
    let better = cell.metric.better();
    let against = |name: Option<&str>, missing: &str, limit: Option<f64>| {
        let limit = limit?;
        let found = name.and_then(|name| row.ratio.get(name)).copied();
        let met = found.is_some_and(|found| better.meets(found, limit));
        Some(Verdict { against: name.unwrap_or(missing).to_string(), limit, found, met })
    };
    let floor = row.floor.as_ref().map(|floor| floor.name.as_str());
    let absolute = cell.limits.absolute.map(|limit| Verdict {
        against: "itself".to_string(),
        limit,
        found: row.ours,
        met: row.ours.is_some_and(|ours| better.meets(ours, limit)),
    });
    [
        against(Some("libzmq"), "libzmq", cell.limits.libzmq),
        against(best_rival(row), "the best rival", cell.limits.rival),
        against(floor, "the floor", cell.limits.floor),
        absolute,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Who takes part in this cell but has no number.
fn not_run(cell: &Cell, found: &Found) -> BTreeMap<String, String> {
    let concerned = |name: &str| {
        let who = contestants::find(name).map(|contestant| contestant.who);
        let invited = cell.only.is_empty() || cell.only.contains(&name);
        if who == Some(Who::Floor) { cell.floors.contains(&name) } else { invited }
    };
    found.not_run.iter().filter(|(name, _)| concerned(name)).map(|(a, b)| (a.clone(), b.clone())).collect()
}

struct Numbers<'a> {
    cell: &'a Cell,
    blocks: &'a [&'a Block],
}

impl Numbers<'_> {
    /// The cell's number of a measure, in the cell's unit.
    fn of(&self, name: &str, measure: &Measure) -> Option<f64> {
        let value = self.cell.metric.of(measure)?;
        let is_floor = contestants::find(name).is_some_and(|contestant| contestant.who == Who::Floor);
        Some(if is_floor { in_messages(value, self.cell.metric, &self.cell.load) } else { value })
    }

    fn in_block(&self, name: &str, block: &Block) -> Option<f64> {
        self.of(name, block.measures.get(name)?)
    }

    fn all(&self, name: &str) -> Vec<f64> {
        self.blocks.iter().filter_map(|block| self.in_block(name, block)).collect()
    }

    fn median_of(&self, name: &str) -> Option<f64> {
        median(&self.all(name))
    }

    /// Where ours runs once for each peer, the number beside libzmq stands for it.
    fn ours(&self) -> Option<f64> {
        let names = self.blocks.iter().flat_map(|block| block.measures.keys());
        let beside = names.filter(|name| name.starts_with(&format!("{OURS} @ ")));
        let first = beside.min_by_key(|name| !name.ends_with("libzmq"));
        self.median_of(OURS).or_else(|| self.median_of(first?))
    }

    /// Ours and theirs, block by block.
    fn pairs(&self, peer: &str) -> Vec<(f64, f64)> {
        let pair = |block: &&Block| {
            let ours = self.in_block(&ours_beside(peer, block), block)?;
            Some((ours, self.in_block(peer, block)?))
        };
        self.blocks.iter().filter_map(pair).collect()
    }

    fn details(&self, found: &Found) -> BTreeMap<String, Detail> {
        let mut details = BTreeMap::new();
        for name in self.blocks.iter().flat_map(|block| block.measures.keys()) {
            if !details.contains_key(name)
                && let Some(detail) = self.detail(name, found)
            {
                details.insert(name.clone(), detail);
            }
        }
        details
    }

    fn detail(&self, name: &str, found: &Found) -> Option<Detail> {
        let values = self.all(name);
        let measures: Vec<&Measure> =
            self.blocks.iter().filter_map(|block| block.measures.get(name)).collect();
        let middle = |number: &dyn Fn(&Measure) -> Option<f64>| {
            median(&measures.iter().filter_map(|measure| number(measure)).collect::<Vec<_>>())
        };
        let mut notes = BTreeMap::new();
        for note in measures.iter().flat_map(|measure| measure.notes.keys()) {
            notes.extend(
                middle(&|measure| measure.notes.get(note).copied()).map(|value| (note.clone(), value)),
            );
        }
        // What plain sockets did for a byte, for as many bytes as a message has.
        let is_floor = contestants::find(name).is_some_and(|contestant| contestant.who == Who::Floor);
        let each = if is_floor { 1.0 / in_messages(1.0, Metric::Rate, &self.cell.load) } else { 1.0 };
        Some(Detail {
            value: median(&values)?,
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            cpu_us: middle(&|measure| Some(measure.cpu_us * each))?,
            switches: middle(&|measure| Some(measure.switches * each))?,
            system_calls: found.system_calls.get(name).map(|calls| calls * each),
            p50_us: middle(&|measure| Metric::P50.of(measure)),
            p99_us: middle(&|measure| Metric::P99.of(measure)),
            max_us: measures
                .iter()
                .filter_map(|measure| measure.delays.as_ref().map(|delays| delays.max as f64 / 1e3))
                .reduce(f64::max),
            notes,
        })
    }
}

/// Streams of plain sockets count bytes: as many messages with their framing would be this many.
pub fn in_messages(value: f64, metric: Metric, load: &Load) -> f64 {
    let frame = if load.size <= usize::from(u8::MAX) { SHORT_FRAME } else { LONG_FRAME };
    match (&load.work, metric) {
        (Work::Stream(_), Metric::Rate) => value / (load.size + frame) as f64,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(name: &str) -> Cell {
        crate::cells::all().into_iter().find(|cell| cell.name == name).unwrap()
    }

    fn block(rates: &[(&str, f64)], steal: f64) -> Block {
        let measure = |operations: f64| Measure { seconds: 1.0, operations, ..Measure::default() };
        Block {
            measures: rates.iter().map(|(name, rate)| (name.to_string(), measure(*rate))).collect(),
            disturbance: Disturbance { steal, ..Disturbance::default() },
        }
    }

    fn found(name: &str, blocks: Vec<Block>) -> Row {
        let found = Found {
            cells: vec![cell(name)],
            blocks,
            not_run: [("monocoque".to_string(), "no such thing".to_string())].into(),
            system_calls: BTreeMap::new(),
        };
        rows(&found, &Origin::default()).remove(0)
    }

    #[test]
    fn thresholds_are_judged_by_the_ratios_of_blocks() {
        let block = |scale: f64| {
            let rates = [
                ("ohmq", 50.0 * scale),
                ("libzmq", 10.0 * scale),
                ("rzmq", 12.0 * scale),
                ("zmq.rs", 20.0 * scale),
                ("raw 256K/64K", 6_600.0 * scale),
                ("raw 1M/64K", 3_300.0 * scale),
            ];
            block(&rates, 0.0)
        };
        let row = found("push-pull-64", vec![block(1.0), block(2.0), block(0.5)]);
        assert_eq!((row.blocks, row.disturbed, row.noisy), (3, 0, false));
        assert_eq!(row.floor, Some(Floor { name: "raw 256K/64K".into(), value: 100.0 }));
        assert_eq!(best_rival(&row), Some("zmq.rs"));
        let found: Vec<(&str, Option<f64>, bool)> = row
            .thresholds
            .iter()
            .map(|verdict| (verdict.against.as_str(), verdict.found, verdict.met))
            .collect();
        assert_eq!(
            found,
            [("libzmq", Some(5.0), true), ("zmq.rs", Some(2.5), false), ("raw 256K/64K", Some(0.5), true)]
        );
        assert_eq!(row.not_run["monocoque"], "no such thing");
    }

    #[test]
    fn a_peer_that_did_not_run_meets_no_threshold() {
        let row = found("push-pull-64", vec![block(&[("ohmq", 50.0)], 0.0)]);
        assert!(row.thresholds.iter().all(|verdict| !verdict.met && verdict.found.is_none()));
        assert_eq!(row.thresholds.len(), 3);
    }

    #[test]
    fn disturbed_blocks_are_left_out_unless_most_are() {
        let rates = |ours: f64| [("ohmq", ours), ("libzmq", 1.0)];
        let row = found(
            "push-pull-16",
            vec![block(&rates(5.0), 0.0), block(&rates(9.0), 0.5), block(&rates(5.0), 0.0)],
        );
        assert_eq!((row.blocks, row.disturbed, row.ratio["libzmq"]), (2, 1, 5.0));
        let row = found(
            "push-pull-16",
            vec![block(&rates(5.0), 0.5), block(&rates(9.0), 0.5), block(&rates(9.0), 0.0)],
        );
        assert!(row.noisy && row.blocks == 3);
        assert_eq!(row.ratio["libzmq"], 9.0);
    }

    #[test]
    fn less_is_better_for_times_and_absolute_numbers() {
        let measure = |cpu_us: f64| Measure { seconds: 1.0, operations: 1.0, cpu_us, ..Measure::default() };
        let mut block = Block::default();
        for (name, cpu) in [("ohmq", 0.2), ("libzmq", 1.0), ("rzmq", 2.0), ("omq-tokio", 0.5)] {
            block.measures.insert(name.into(), measure(cpu));
        }
        let row = found("cpu-push-pull-64", vec![block]);
        assert_eq!(best_rival(&row), Some("omq-tokio"));
        let met: Vec<bool> = row.thresholds.iter().map(|verdict| verdict.met).collect();
        assert_eq!(met, [true, false, false], "0.2 of libzmq, 0.4 of the rival, 0.2 µs of 0.15");
    }
}

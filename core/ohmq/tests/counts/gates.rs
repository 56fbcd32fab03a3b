//! One gate for each row of the table of limits; rows that one run can answer share it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write;
use std::rc::Rc;
use std::time::Duration;

use crate::harness::{Gate, Outcome};
use crate::limits::{Counted, DESIGN, LIMITS, Limit};
use crate::pair::{self, Fault, Plan, Ran};
use crate::ptrace::Tracing;
use crate::roles::{Placement, Side, Workload};

thread_local! {
    static FIGURES: RefCell<Vec<(&'static Limit, f64)>> = const { RefCell::new(Vec::new()) };
}

/// How long nothing happens.
const IDLE: Duration = Duration::from_secs(10);

/// All gates, in the order of the table.
pub fn all() -> Vec<Gate> {
    let runs = Rc::new(RefCell::new(Runs::default()));
    let gate = |limit: &'static Limit| {
        let runs = Rc::clone(&runs);
        Gate { name: limit.name(), run: Box::new(move || judge(limit, &mut runs.borrow_mut())) }
    };
    LIMITS.iter().map(gate).collect()
}

/// What was seen, beside the limits.
pub fn table() -> String {
    let mut text = String::new();
    FIGURES.with_borrow(|figures| {
        for (limit, figure) in figures {
            let line =
                format!("{:<62} {figure:>9.2}  at most {:>7}  {}", limit.name(), limit.at_most, limit.unit());
            writeln!(text, "{line}").expect("a string takes everything");
        }
    });
    text
}

fn judge(limit: &'static Limit, runs: &mut Runs) -> Outcome {
    match runs.figure(limit) {
        Ok((figure, detail)) => {
            FIGURES.with_borrow_mut(|figures| figures.push((limit, figure)));
            let said = format!("{figure:.2} {}, at most {} ({})", limit.unit(), limit.at_most, limit.from);
            if figure <= limit.at_most {
                Outcome::Passed(said)
            } else {
                Outcome::Failed(format!("{said}{detail}"))
            }
        }
        Err(Fault::NotHere(reason)) => Outcome::Skipped(reason),
        Err(Fault::Broken(reason)) => Outcome::Failed(reason),
    }
}

/// The runs made so far.
#[derive(Default)]
struct Runs {
    made: HashMap<Plan, Result<Rc<Vec<Ran>>, Fault>>,
    idle: HashMap<Plan, Result<(u64, u64), Fault>>,
}

impl Runs {
    /// What a row asks for, and where it comes from.
    fn figure(&mut self, limit: &Limit) -> Result<(f64, String), Fault> {
        let plan = plan(limit);
        if limit.counted == Counted::WakeUps {
            let (bound, connected) =
                self.idle.entry(plan).or_insert_with(|| pair::wake_ups(&plan, IDLE)).clone()?;
            return Ok((if limit.side == Side::Bound { bound } else { connected } as f64, String::new()));
        }
        if limit.counted == Counted::Instructions && !cfg!(target_arch = "x86_64") {
            // Elsewhere a step may end an exclusive access, and an atomic operation never succeeds.
            return Err(Fault::NotHere("instructions are counted, and limited, on x86-64".to_string()));
        }
        let runs = self.made.entry(plan).or_insert_with(|| make(&plan).map(Rc::new)).clone()?;
        let total = |ran: &Ran| {
            let report = if limit.side == Side::Bound { &ran.bound } else { &ran.connected };
            match limit.counted {
                Counted::Calls => ran.seen.calls,
                Counted::Waits => ran.seen.waits,
                Counted::Instructions => ran.seen.instructions,
                Counted::Switches => report.switches,
                Counted::Allocations => report.allocations,
                Counted::WakeUps => unreachable!("answered above"),
            }
        };
        let mut ordered: Vec<&Ran> = runs.iter().collect();
        ordered.sort_by_key(|ran| total(ran));
        let ran = ordered[if limit.from == DESIGN { ordered.len() - 1 } else { ordered.len() / 2 }];
        let total = total(ran);
        let units = plan.count * plan.workload.units_each();
        let blind = plan.traced.is_some() && ran.seen.calls + ran.seen.instructions == 0;
        if blind {
            return Err(Fault::Broken("the tracer saw nothing".to_string()));
        }
        let names = ran.seen.names.iter().map(|(name, count)| format!("\n  {count:>8} {name}"));
        let detail = if ran.seen.names.is_empty() {
            String::new()
        } else {
            format!(", in {units} units:{}", names.collect::<String>())
        };
        Ok((total as f64 * limit.per as f64 / units as f64, detail))
    }
}

/// Makes the runs of a plan. Where the system chooses the CPUs some of it depends on who is on which, and on how far the
/// receiver lags behind: then the middle one of several runs counts, but the worst where the design sets the limit.
fn make(plan: &Plan) -> Result<Vec<Ran>, Fault> {
    let runs = if plan.placement == Placement::Anywhere && plan.traced.is_none() { 5 } else { 1 };
    (0..runs).map(|_| pair::run(plan)).collect()
}

fn plan(limit: &Limit) -> Plan {
    let traced = match limit.counted {
        Counted::Calls | Counted::Waits => Some((limit.side, Tracing::Calls)),
        Counted::Instructions => Some((limit.side, Tracing::Instructions)),
        Counted::Switches | Counted::Allocations | Counted::WakeUps => None,
    };
    // Steps are slow: few of them, but whole batches.
    let (warm_up, count) = match (limit.workload, traced) {
        (Workload::RoundTrip { .. }, Some((_, Tracing::Instructions))) => (500, 20),
        (Workload::RoundTrip { .. }, Some((_, Tracing::Calls))) => (500, 1_000),
        (Workload::RoundTrip { .. }, None) => (500, 2_000),
        (Workload::Stream | Workload::LongStream, Some((_, Tracing::Instructions))) => (20_000, 2_000),
        (Workload::Stream | Workload::LongStream, Some((_, Tracing::Calls))) => (20_000, 100_000),
        (Workload::Stream | Workload::LongStream, None) => (20_000, 500_000),
        (Workload::Bursts, _) => (20, 500),
        (Workload::Pipeline { .. }, _) => (5_000, 50_000),
        (Workload::FanOut { .. }, Some((_, Tracing::Instructions))) => (5_000, 500),
        (Workload::FanOut { .. }, _) => (5_000, 50_000),
        (Workload::Resubscribe, _) => (0, 100_000),
        (Workload::Idle { .. }, _) => (0, 0),
    };
    Plan { workload: limit.workload, placement: limit.placement, traced, warm_up, count }
}

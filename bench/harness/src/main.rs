//! Runs the benchmark: chooses the cells, measures them in interleaved blocks, reports, and writes the results.
//! `cargo xtask bench` builds everything and calls this.

mod cells;
mod chart;
mod contestants;
mod hogs;
mod host;
mod metric;
mod origin;
mod page;
mod profile;
mod progress;
mod report;
mod results;
mod run;
mod slice;
mod stats;
mod store;
mod syscalls;
mod worker;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};

use crate::cells::Cell;
use crate::origin::Origin;
use crate::progress::Progress;
use crate::results::Row;
use crate::run::Options;
use crate::store::Store;

/// The blocks of a cell where nothing else is said.
const BLOCKS: usize = 9;

#[derive(Debug, Parser)]
#[command(name = "bench-harness", about = "Runs the benchmark's cells; start it by `cargo xtask bench`")]
struct Arguments {
    #[command(subcommand)]
    hog: Option<Hidden>,
    /// The cells to run, by name or by the beginning of a name; all when none is given
    cells: Vec<String>,
    /// The cells of the threshold table, with few and short blocks
    #[arg(long)]
    quick: bool,
    /// Fail when a threshold is missed or could not be measured
    #[arg(long)]
    gate: bool,
    /// How many blocks count; 9, or 3 in a quick run
    #[arg(long)]
    blocks: Option<NonZeroUsize>,
    /// Print the cells and end
    #[arg(long)]
    list: bool,
    /// Only these take part (`raw` stands for all floors)
    #[arg(long, value_name = "NAME")]
    only_contestant: Vec<String>,
    /// Do not count system calls
    #[arg(long)]
    no_system_calls: bool,
    /// Look where the time goes (by perf), instead of measuring how much there is
    #[arg(long, conflicts_with_all = ["gate", "blocks"])]
    profile: bool,
    /// Put the cells of this run into the committed results, as a complete run does
    #[arg(long)]
    save: bool,
    /// Another build of the program bench-ohmq, to be compared with this one
    #[arg(long, value_name = "PROGRAM")]
    before: Option<String>,
    /// The folder of the benchmark's sources, where committed results are kept
    #[arg(long, default_value = ".", hide = true)]
    folder: PathBuf,
    /// Where the contestants' programs are
    #[arg(long, default_value = "../target/bench/release", hide = true)]
    programs: PathBuf,
    /// Where the results of every run are written
    #[arg(long, default_value = "../target/bench/report", hide = true)]
    report: PathBuf,
    /// program=reason: a contestant that could not be built
    #[arg(long, hide = true)]
    not_built: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Hidden {
    /// Compute on one CPU until stdin is closed
    #[command(hide = true)]
    Hog { cpu: usize },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Hidden::Hog { cpu }) = arguments.hog {
        hogs::compute(cpu);
        return ExitCode::SUCCESS;
    }
    match measure(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// False when a threshold was missed and that matters.
fn measure(arguments: &Arguments) -> Result<bool> {
    let cells = chosen(arguments)?;
    if arguments.list {
        for cell in &cells {
            println!("{:<28} {}", cell.name, cell.title);
        }
        return Ok(true);
    }
    if arguments.gate && !cells.iter().any(Cell::has_thresholds) {
        bail!("a gate without thresholds would always pass: none of these cells has any");
    }
    arguments.before.iter().cloned().for_each(contestants::add_before);
    let (origin, silent) = Origin::find(&arguments.folder, &arguments.programs, arguments.quick);
    let mut options = options(arguments);
    for (program, reason) in silent {
        options.not_built.entry(program).or_insert(reason);
    }
    if let Some(reason) = options.not_built.get("bench-ohmq") {
        bail!("OhMQ itself cannot take part: {reason}");
    }
    let store = Store::new(&arguments.folder, &arguments.report)?;
    if options.profile {
        profile::available()?;
        look_at_all(cells, &options, &origin, &store, arguments.save)?;
        return Ok(true);
    }
    let rows = run_all(cells, &options, &origin, &store)?;
    println!("{}", report::summary(&rows));
    if arguments.save || is_complete(arguments) {
        store.save(&rows)?;
        println!("saved to {}", arguments.folder.display());
    }
    let missed = rows.iter().any(|row| row.thresholds.iter().any(|verdict| !verdict.met));
    Ok(!(arguments.gate && missed))
}

/// Whether the run may replace the committed results without being told to: all cells, everybody, and enough blocks.
fn is_complete(arguments: &Arguments) -> bool {
    arguments.cells.is_empty()
        && arguments.only_contestant.is_empty()
        && arguments.before.is_none()
        && arguments.blocks.is_none_or(|blocks| blocks.get() >= BLOCKS)
        && !arguments.quick
}

fn run_all(cells: Vec<Cell>, options: &Options, origin: &Origin, store: &Store) -> Result<Vec<Row>> {
    let groups = run::groups(cells);
    let progress = Progress::new(groups.iter().map(|group| run::slices(group, options)).sum());
    let mut rows: Vec<Row> = Vec::new();
    let mut position = 0;
    for group in &groups {
        progress.cell(&group.cells.iter().map(|cell| cell.name.as_str()).collect::<Vec<_>>().join(", "));
        let found = run::run(group, options, &progress);
        position += run::slices(group, options);
        progress.reach(position);
        for row in results::rows(&found, origin) {
            progress.print(&report::cell(&row));
            rows.push(row);
        }
        // Whatever ends the run, what was measured is there.
        store.report(&rows)?;
    }
    progress.end();
    Ok(rows)
}

fn look_at_all(
    cells: Vec<Cell>,
    options: &Options,
    origin: &Origin,
    store: &Store,
    save: bool,
) -> Result<()> {
    let groups = run::groups(cells);
    let progress = Progress::new(groups.iter().map(|group| run::slices(group, options)).sum());
    for group in &groups {
        let name = &group.cells[0].name;
        progress.cell(name);
        let page = run::profile(group, options, origin, &progress)?;
        progress.print(&page);
        let place = store.profile(name, &page, save)?;
        progress.print(&format!("written to {}", place.display()));
    }
    progress.end();
    Ok(())
}

fn options(arguments: &Arguments) -> Options {
    let not_built = arguments.not_built.iter().filter_map(|text| text.split_once('='));
    Options {
        programs: arguments.programs.clone(),
        blocks: arguments.blocks.map_or(if arguments.quick { 3 } else { BLOCKS }, NonZeroUsize::get),
        quick: arguments.quick,
        system_calls: !arguments.no_system_calls && !arguments.quick && syscalls::available().is_some(),
        profile: arguments.profile,
        contestants: arguments.only_contestant.clone(),
        not_built: not_built.map(|(program, reason)| (program.to_string(), reason.to_string())).collect(),
    }
}

/// An exact name is that cell; anything else is the beginning of names.
fn chosen(arguments: &Arguments) -> Result<Vec<Cell>> {
    let all = cells::all();
    if arguments.cells.is_empty() {
        let quick = |cell: &Cell| !arguments.quick || cell.is_in_table();
        return Ok(all.into_iter().filter(quick).collect());
    }
    let mut chosen: Vec<Cell> = Vec::new();
    for wanted in &arguments.cells {
        let exact: Vec<&Cell> = all.iter().filter(|cell| cell.name == *wanted).collect();
        let found = if exact.is_empty() {
            all.iter().filter(|cell| cell.name.starts_with(wanted.as_str())).collect()
        } else {
            exact
        };
        if found.is_empty() {
            bail!("no cell is called {wanted:?} or begins so; `cargo xtask bench --list` prints them");
        }
        for cell in found {
            if chosen.iter().all(|other| other.name != cell.name) {
                chosen.push(cell.clone());
            }
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(words: &[&str]) -> Result<Vec<String>> {
        let arguments = Arguments::try_parse_from(std::iter::once("bench").chain(words.iter().copied()))?;
        Ok(chosen(&arguments)?.into_iter().map(|cell| cell.name).collect())
    }

    #[test]
    fn cells_are_chosen_by_name_or_beginning() {
        assert_eq!(names(&["push-pull-64"]).unwrap(), ["push-pull-64"]);
        assert!(names(&["req-rep-inproc"]).unwrap().len() >= 2);
        assert_eq!(names(&["push-pull-64", "push-pull-64"]).unwrap().len(), 1);
        assert!(names(&["nonsense"]).unwrap_err().to_string().contains("--list"));
    }

    #[test]
    fn a_quick_run_is_the_threshold_table() {
        let quick = names(&["--quick"]).unwrap();
        assert!(quick.contains(&"req-rep-64-busy".to_string()) && quick.contains(&"idle-10000".to_string()));
        assert!(!quick.iter().any(|name| name.starts_with("burst") || name == "push-pull-4k"));
        assert!(names(&[]).unwrap().len() > 3 * quick.len());
    }

    #[test]
    fn a_contestant_that_could_not_be_built_has_its_reason() {
        let words = ["bench", "--not-built", "bench-rzmq=no compiler = no program"];
        let options = options(&Arguments::try_parse_from(words).unwrap());
        assert_eq!(options.not_built["bench-rzmq"], "no compiler = no program");
        assert_eq!(options.blocks, 9);
    }

    fn parsed(words: &[&str]) -> Arguments {
        Arguments::try_parse_from(std::iter::once("bench").chain(words.iter().copied())).unwrap()
    }

    #[test]
    fn a_run_of_fewer_blocks_is_not_complete() {
        assert!(is_complete(&parsed(&[])) && is_complete(&parsed(&["--blocks", "9", "--gate"])));
        for words in [&["--blocks", "1"][..], &["--quick"], &["push-pull-64"], &["--before", "x"]] {
            assert!(!is_complete(&parsed(words)), "{words:?}");
        }
        assert!(Arguments::try_parse_from(["bench", "--blocks", "0"]).is_err());
    }

    #[test]
    fn a_gate_needs_a_threshold() {
        let message = measure(&parsed(&["push-pull-4k", "--gate"])).unwrap_err().to_string();
        assert!(message.contains("without thresholds"), "{message}");
    }
}

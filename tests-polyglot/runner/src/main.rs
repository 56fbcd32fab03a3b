//! `ohmq-polyglot`: processes of every language against each other, over real sockets. See tests-polyglot/README.md.
#![forbid(unsafe_code)]

mod actor;
mod audit;
mod capabilities;
mod demo;
mod errors;
mod failures;
mod gaps;
mod honest;
mod hostile;
mod kill;
mod lure;
mod matrix;
mod numbers;
mod part;
mod ports;
mod report;
mod roster;
mod scenarios;
mod stage;
mod vectors;
mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};

use crate::roster::Roster;

/// Runs OhMQ's conformance scenarios between processes of every language.
#[derive(Debug, Parser)]
#[command(name = "ohmq-polyglot")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All scenarios for all ordered pairs, over tcp and ipc.
    Run {
        #[command(flatten)]
        actors: Actors,
        /// Only checks whose name contains this; may be given several times.
        #[arg(long)]
        only: Vec<String>,
        /// Pairs played at the same time.
        #[arg(long, default_value_t = 2)]
        jobs: usize,
        /// How often each check is played: for failures that are rare.
        #[arg(long, default_value_t = 1)]
        repeat: usize,
    },
    /// errors.json in every language.
    Errors {
        #[command(flatten)]
        actors: Actors,
        /// Only cases whose name contains this; may be given several times.
        #[arg(long)]
        only: Vec<String>,
    },
    /// Hostile input at bound sockets while an honest peer talks.
    Hostile {
        #[command(flatten)]
        actors: Actors,
        /// The seed of the random garbage.
        #[arg(long, default_value_t = 20_261_123)]
        seed: u64,
        /// Only sieges whose name (actor, type, transport) contains this; may be given several times.
        #[arg(long)]
        only: Vec<String>,
    },
    /// kill -9 of either side of PUSH/PULL and DEALER/ROUTER under load.
    Kill {
        #[command(flatten)]
        actors: Actors,
        /// Kills per case and transport.
        #[arg(long, default_value_t = 25)]
        kills: usize,
        /// The seed of the moments of death.
        #[arg(long, default_value_t = 20_261_123)]
        seed: u64,
        /// Only cases whose title contains this; may be given several times.
        #[arg(long)]
        only: Vec<String>,
    },
    /// A service in each language, every language calls every other: four matrices.
    Demo {
        #[command(flatten)]
        actors: Actors,
    },
    /// The capability table, from the last run's report.
    Capabilities {
        /// The file whose marked part to replace; without it the table is printed.
        #[arg(long)]
        write: Option<PathBuf>,
    },
}

/// Who takes part.
#[derive(Debug, Args)]
struct Actors {
    /// NAME=COMMAND: how to start an actor.
    #[arg(long = "actor")]
    actors: Vec<String>,
    /// NAME=REASON: why an actor cannot run.
    #[arg(long = "not-run")]
    not_run: Vec<String>,
}

impl Actors {
    fn roster(&self) -> Result<Roster> {
        Roster::new(&root()?, &self.actors, &self.not_run)
    }
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<bool> {
    match command {
        Command::Run { actors, only, jobs, repeat } => {
            run(&actors, &matrix::Selection { only, jobs, repeat })
        }
        Command::Errors { actors, only } => verdict(errors::run(&actors.roster()?, &only)?),
        Command::Hostile { actors, seed, only } => verdict(hostile::run(&actors.roster()?, seed, &only)?),
        Command::Kill { actors, kills, seed, only } => {
            verdict(kill::run(&actors.roster()?, kills, seed, &only)?)
        }
        Command::Demo { actors } => verdict(demo::run(&actors.roster()?)?),
        Command::Capabilities { write } => capabilities(write.as_deref()),
    }
}

fn run(actors: &Actors, selection: &matrix::Selection) -> Result<bool> {
    let roster = actors.roster()?;
    let gaps = gaps::Gaps::read(&roster.root.join("tests-polyglot/known-gaps"))?;
    let report = matrix::run(&roster, &gaps, selection)?;
    report.print();
    // The report of a whole run is what README's table is made from: a look at some checks must not replace it.
    let path = if selection.is_partial() {
        roster.root.join("target/polyglot/selected.json")
    } else {
        report_path(&roster.root)
    };
    report.write(&path)?;
    println!("\nreport: {}", path.display());
    verdict(report.totals())
}

fn capabilities(write: Option<&Path>) -> Result<bool> {
    let path = report_path(&root()?);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("read {}; run `ohmq-polyglot run` first", path.display()))?;
    let table = capabilities::table(&serde_json::from_str(&text)?)?;
    match write {
        Some(file) => capabilities::write(file, &table)?,
        None => println!("{table}"),
    }
    Ok(true)
}

/// Prints the totals as every test command does; true when nothing failed and something passed. What was skipped is told
/// and is no failure: a language may be missing on this machine.
fn verdict((passed, failed, skipped): (usize, usize, usize)) -> Result<bool> {
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    Ok(failed == 0 && passed > 0)
}

fn report_path(root: &Path) -> PathBuf {
    root.join("target/polyglot/report.json")
}

/// The repository's root: the closest folder upwards that has tests-polyglot.
fn root() -> Result<PathBuf> {
    let here = std::env::current_dir()?;
    here.ancestors()
        .find(|folder| folder.join("tests-polyglot/errors.json").exists())
        .map(Path::to_owned)
        .context("run inside the repository")
}

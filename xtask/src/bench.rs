//! The benchmark: builds the harness and every contestant, each by itself, and runs the harness on this terminal.
//! `bench/` is a workspace of its own, so that the engine never depends on its peers.

use std::num::NonZeroUsize;
use std::path::{PathBuf, absolute};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::project::Project;
use crate::shell::Shell;
use crate::step::{Outcome, Step};

/// What takes part, and the program it is built as. The first two are needed for any benchmark.
const PROGRAMS: &[(&str, &str)] = &[
    ("", "bench-harness"),
    ("ohmq", "bench-ohmq"),
    ("raw", "bench-raw"),
    (LIBZMQ, "bench-libzmq"),
    ("omq-tokio", "bench-omq"),
    ("rzmq", "bench-rzmq"),
    ("zmq.rs", "bench-zeromq"),
    ("monocoque", "bench-monocoque"),
];
const LIBZMQ: &str = "libzmq";
/// Debian's package of the library that the contestant loads when it starts.
const LIBZMQ_PACKAGE: &str = "libzmq5";
/// One contestant with link-time optimisation, from nothing, on a small machine.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// These go to the harness as they are.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// The cells to run, by name or by the beginning of a name; all when none is given
    cells: Vec<String>,
    /// The cells of the threshold table, with few and short blocks: within 5 minutes
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
    before: Option<PathBuf>,
}

pub fn steps(options: &Options) -> Vec<Step> {
    let mut steps: Vec<Step> = options.programs().map(|(name, program)| build(name, program)).collect();
    if options.wants(LIBZMQ) {
        steps.push(Step::new("bench: library libzmq", libzmq).after([step_of("bench-libzmq").as_str()]));
    }
    let chosen = options.clone();
    let needed: Vec<String> =
        options.programs().filter(|(name, _)| is_needed(name)).map(|(_, p)| step_of(p)).collect();
    let run = move |project: &Project, shell: &Shell<'_>| run(&chosen, project, shell);
    steps.push(Step::check("bench: run", run).after(needed.iter().map(String::as_str)));
    steps
}

impl Options {
    fn wants(&self, name: &str) -> bool {
        let named = |wanted: &String| wanted == name || wanted.starts_with(&format!("{name} "));
        !self.list && (self.only_contestant.is_empty() || self.only_contestant.iter().any(named))
    }

    /// The programs to build: the needed ones and those that shall take part.
    fn programs(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let others = PROGRAMS.iter().skip(2).filter(|(name, _)| self.wants(name));
        let needed = if self.list { 1 } else { 2 };
        PROGRAMS.iter().take(needed).chain(others).copied().collect::<Vec<_>>().into_iter()
    }

    fn arguments(&self) -> Vec<String> {
        let mut words = self.cells.clone();
        let switches = [
            (self.quick, "--quick"),
            (self.gate, "--gate"),
            (self.list, "--list"),
            (self.no_system_calls, "--no-system-calls"),
            (self.profile, "--profile"),
            (self.save, "--save"),
        ];
        words.extend(switches.iter().filter(|(on, _)| *on).map(|(_, word)| word.to_string()));
        words.extend(self.blocks.iter().map(|blocks| format!("--blocks={blocks}")));
        words.extend(self.only_contestant.iter().map(|name| format!("--only-contestant={name}")));
        // The harness runs elsewhere than the person who named the program.
        let before = self.before.iter().map(|program| absolute(program).unwrap_or_else(|_| program.clone()));
        words.extend(before.map(|program| format!("--before={}", program.display())));
        words
    }
}

fn is_needed(name: &str) -> bool {
    name.is_empty() || name == "ohmq"
}

fn step_of(program: &str) -> String {
    format!("bench: build {program}")
}

/// Each program is built by itself: no contestant's features reach another. Ours and the harness must build; a peer
/// that does not is named as not run.
fn build(name: &'static str, program: &'static str) -> Step {
    Step::new(step_of(program), move |project, shell| {
        shell.limit(LIMIT);
        let mut cargo = project.cargo();
        cargo.args(["build", "--release", "-p", program, "--target-dir"]).arg(target(project));
        let built = shell.run(cargo.current_dir(project.root.join("bench")));
        match built {
            Ok(_) => Ok(Outcome::Ready(String::new())),
            Err(error) if is_needed(name) => Err(error),
            Err(_) => {
                Ok(Outcome::NotRun(format!("{name} does not build here; see {}", shell.log().display())))
            }
        }
    })
}

/// The contestant says whether it finds the library; root gets it from Debian.
fn libzmq(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let found = || -> Result<bool> {
        let answer = shell.run(&mut project.command(programs(project).join("bench-libzmq")))?;
        Ok(answer.contains("\"hello\""))
    };
    if found()? {
        return Ok(Outcome::Ready("there".to_string()));
    }
    let missing = format!("libzmq.so.5 is missing: install your system's package `{LIBZMQ_PACKAGE}`");
    if !is_root(project) {
        return Ok(Outcome::NotRun(missing));
    }
    let install = |shell: &Shell<'_>| {
        let mut apt = project.command("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        shell.finish(apt.args(["install", "-y", "--no-install-recommends", LIBZMQ_PACKAGE]))
    };
    let installed = install(shell).is_ok_and(|finished| finished.status.success());
    if !installed {
        // The lists of packages may be old or not there at all.
        let _ = shell.finish(project.command("apt-get").arg("update"));
        let _ = install(shell);
    }
    Ok(if found()? { Outcome::Ready("installed".to_string()) } else { Outcome::NotRun(missing) })
}

fn is_root(project: &Project) -> bool {
    let output = project.command("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The harness has the terminal to itself: it shows its own progress, tables and summary.
fn run(options: &Options, project: &Project, shell: &Shell<'_>) -> Result<()> {
    shell.show_output();
    let status = harness(options, project, shell).status().context("the harness does not start")?;
    ensure!(status.success(), "the benchmark ended with {status}; what it said is above");
    Ok(())
}

fn harness(options: &Options, project: &Project, shell: &Shell<'_>) -> Command {
    let mut harness = project.command(programs(project).join("bench-harness"));
    harness.args(options.arguments());
    harness.arg("--folder").arg(project.root.join("bench"));
    harness.arg("--programs").arg(programs(project));
    harness.arg("--report").arg(target(project).join("report"));
    for (_, program) in options.programs() {
        if let Some(reason) = shell.obstacle(&step_of(program)) {
            harness.arg(format!("--not-built={program}={reason}"));
        }
    }
    harness
}

fn target(project: &Project) -> PathBuf {
    project.target.join("bench")
}

fn programs(project: &Project) -> PathBuf {
    target(project).join("release")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn options(words: &[&str]) -> Options {
        Line::try_parse_from(std::iter::once("bench").chain(words.iter().copied())).unwrap().options
    }

    #[test]
    fn the_harness_gets_what_was_said() {
        let words =
            ["push-pull-64", "--quick", "--gate", "--blocks", "5", "--only-contestant", "raw spinning"];
        let expected = ["push-pull-64", "--quick", "--gate", "--blocks=5", "--only-contestant=raw spinning"];
        assert_eq!(options(&words).arguments(), expected);
    }

    #[test]
    fn a_program_is_looked_for_where_it_was_named() {
        let here = std::env::current_dir().unwrap().join("old/bench-ohmq");
        let expected = format!("--before={}", here.display());
        assert_eq!(options(&["--before", "./old/bench-ohmq"]).arguments(), [expected]);
        assert_eq!(options(&["--before", "/x/bench-ohmq"]).arguments(), ["--before=/x/bench-ohmq"]);
    }

    #[test]
    fn only_what_takes_part_is_built() {
        let built =
            |words: &[&str]| options(words).programs().map(|(_, program)| program).collect::<Vec<_>>();
        assert_eq!(built(&[]).len(), PROGRAMS.len());
        assert_eq!(built(&["--list"]), ["bench-harness"]);
        assert_eq!(
            built(&["--only-contestant", "raw blocking", "--only-contestant", "zmq.rs"]),
            ["bench-harness", "bench-ohmq", "bench-raw", "bench-zeromq"]
        );
        assert!(!options(&["--only-contestant", "rzmq"]).wants(LIBZMQ));
    }
}

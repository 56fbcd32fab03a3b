//! The one front door of the repository: set up, demonstrate, test, generate, check, package.
#![forbid(unsafe_code)]
#![allow(unreachable_pub, reason = "in a program, `pub` means visible to the other modules")]

mod bench;
mod check;
mod conform;
mod counts;
mod display;
mod r#gen;
mod lang;
mod packages;
mod plan;
mod project;
mod readme;
mod shell;
mod stamp;
mod step;
mod swift;
mod tool;

use std::fs::{self, File};
use std::io::{Write, stderr};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::display::Display;
use crate::plan::{Language, Part};
use crate::project::Project;
use crate::step::{Ending, MissingTool};

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    about = "The one front door of the OhMQ repository",
    disable_help_subcommand = true
)]
struct Arguments {
    /// Print the output of every command as it comes, not only that of failed ones
    #[arg(long, short, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Fetch everything that building and testing need
    Setup,
    /// Let every language call every other, and print the matrix
    Demo,
    /// Run the tests, all of them or only these parts, cheapest first
    Test {
        parts: Vec<Part>,
        /// Fail when a tool is missing that a part needs, instead of reporting the part as not run
        #[arg(long)]
        all: bool,
    },
    /// Write the files of every language that come from the tables in core/spec
    Gen {
        /// Write nothing, and fail when a file is not what the tables say
        #[arg(long)]
        check: bool,
    },
    /// Check arrows, formatting, lints, file sizes, generated files, unsafe placement and links
    Check,
    /// Build the packages that a user would install into dist/, for all languages or these
    Dist { languages: Vec<Language> },
    /// Run the conformance scenarios between all languages
    Conform,
    /// Measure OhMQ beside its peers, in interleaved blocks with the kernel's own floor
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Whether anybody reads it or not, this run has failed.
            let _ = writeln!(stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let project = Project::find()?;
    let display = Display::new(arguments.verbose);
    let _alone = alone(&project, &display)?;
    let (steps, ending) = match &arguments.command {
        Task::Setup => (plan::setup(), Ending::Steps),
        Task::Demo => (conform::demo(), Ending::Brief),
        Task::Test { parts, .. } => (plan::test(parts), Ending::Tests),
        Task::Gen { check: true } => (check::generated_files().into(), Ending::Tests),
        Task::Gen { check: false } => (check::generate().into(), Ending::Steps),
        Task::Check => (check::steps(), Ending::Tests),
        Task::Dist { languages } => (plan::dist(languages), Ending::Steps),
        Task::Bench(options) => (bench::steps(options), Ending::Brief),
        Task::Conform => (conform::tests(conform::Table::Write), Ending::Tests),
    };
    let missing = match &arguments.command {
        Task::Test { all: true, .. } => MissingTool::Fails,
        _ => MissingTool::Skips,
    };
    Ok(step::run(&project, steps, &display, ending, missing))
}

/// Two runs at once would take each other's folders away. The lock ends with this process, however it ends.
fn alone(project: &Project, display: &Display) -> Result<File> {
    let (folder, file) = (project.work(), project.work().join("lock"));
    fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let lock = File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
    if lock.try_lock().is_err() {
        display.print("another cargo xtask is at work here; waiting for it to end");
        lock.lock()?;
    }
    Ok(lock)
}

//! The one front door of the repository: set up, demonstrate, test, generate, check, package.
#![forbid(unsafe_code)]
#![allow(unreachable_pub, reason = "in a program, `pub` means visible to the other modules")]

mod check;
mod counts;
mod display;
mod project;
mod shell;
mod step;
mod tool;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::display::Display;
use crate::project::Project;

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
    /// Check arrows, formatting, lints, file sizes, generated files, unsafe placement and links
    Check,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<bool> {
    let project = Project::find()?;
    let display = Display::new(arguments.verbose);
    let steps = match &arguments.command {
        Task::Check => check::steps(),
    };
    Ok(step::run(&project, steps, &display))
}

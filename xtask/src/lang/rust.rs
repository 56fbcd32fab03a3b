//! Rust: the engine's own tests, its count gates, the models of its queue and of the whole, and the tests of the conformance runner.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::counts;
use crate::project::Project;
use crate::shell::{Finished, Shell};
use crate::step::{Outcome, Step};

/// The profile of everything that is shipped, and of what the conformance runs.
pub const PROFILE: &str = "dist";

/// The actor of the conformance runs is built.
pub const TESTEE: &str = "rust: testee";

pub fn tests() -> Vec<Step> {
    vec![
        Step::test("rust: tests", unit_tests),
        Step::test("rust: count gates", gates),
        Step::test("rust: loom models", loom),
        Step::test("rust: shuttle models", shuttle),
        Step::test("rust: runner's tests", runner_tests),
    ]
}

/// The runner of the conformance scenarios, which measures nothing by itself, and the Rust actor, built as users build it.
pub fn testee() -> Vec<Step> {
    vec![Step::new(TESTEE, |project, shell| {
        shell.run(project.cargo().args(["build", "-p", "ohmq-polyglot"]))?;
        shell.run(project.cargo().args(["build", "--profile", PROFILE, "-p", "ohmq-testee"]))?;
        Ok(Outcome::Ready("conformance runner and Rust testee".to_string()))
    })]
}

/// The runner of the conformance scenarios.
pub fn runner(project: &Project) -> PathBuf {
    project.target.join("debug/ohmq-polyglot")
}

/// Where cargo puts what is built with the profile of shipped things.
pub fn built(project: &Project, file: &str) -> PathBuf {
    project.target.join(PROFILE).join(file)
}

/// Where the README's Rust program is built: apart, so that no other build waits for it or loses its artefacts.
pub fn consumer_target(project: &Project) -> PathBuf {
    project.target.join("consumer")
}

fn unit_tests(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    run(shell, project.cargo().args(["test", "--no-fail-fast"]))
}

/// What a message costs, in counts. Their limits are those of optimised code, so the run above has skipped them.
fn gates(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    run(shell, project.cargo().args(["test", "--release", "-p", "ohmq", "--test", "counts"]))
}

/// The conformance runner is no default member, as its runs need other languages; its own tests do not.
fn runner_tests(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    run(shell, project.cargo().args(["test", "-p", "ohmq-polyglot"]))
}

/// Loom replaces the queue's atomics, so everything is built anew: in a folder of its own, to spare the other builds. The models
/// rely on debug assertions.
fn loom(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let mut cargo = project.cargo();
    cargo.args(["test", "--no-fail-fast", "-p", "ohmq-queue", "--test", "loom", "--target-dir"]);
    cargo.arg(project.target.join("loom")).env("RUSTFLAGS", "--cfg loom");
    run(shell, &mut cargo)
}

/// The engine on threads whose every step shuttle chooses: thousands of schedules, hence optimised, and in a folder of its own too.
fn shuttle(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let mut cargo = project.cargo();
    cargo.args(["test", "--release", "--no-fail-fast", "-p", "ohmq", "--test", "models", "--target-dir"]);
    cargo.arg(project.target.join("shuttle")).env("RUSTFLAGS", "--cfg shuttle -C debug-assertions");
    run(shell, &mut cargo)
}

fn run(shell: &Shell<'_>, command: &mut Command) -> Result<Outcome> {
    let read = |finished: &Finished| Ok(counts::cargo(&finished.text));
    shell.test(command, read).map(Outcome::Tested)
}

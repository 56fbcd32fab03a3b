//! Conformance: the runner of `tests-polyglot` with one actor per language that could be built here.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::counts::{self, Counts};
use crate::lang::{java, node, python, rust, swift};
use crate::project::Project;
use crate::shell::{Finished, Shell};
use crate::step::{Outcome, Step};

/// An actor, the step without which it cannot run, and the words that start it.
struct Actor {
    name: &'static str,
    step: &'static str,
    command: fn(&Project) -> Result<Vec<String>>,
}

const ACTORS: &[Actor] = &[
    Actor {
        name: "rust",
        step: rust::TESTEE,
        command: |project| Ok(vec![rust::built(project, "ohmq-testee").display().to_string()]),
    },
    Actor { name: "python", step: python::INSTALL, command: |project| python_testee(project, "ohmq") },
    Actor { name: "node", step: node::INSTALL, command: node::testee_command },
    Actor { name: "java", step: java::TESTEE, command: java::testee_command },
    Actor { name: "swift", step: swift::TESTEE, command: swift::testee_command },
    Actor { name: "libzmq", step: python::INSTALL, command: |project| python_testee(project, "zmq") },
];

/// What is run, what its step is called, and how its results are counted.
struct Suite {
    step: &'static str,
    command: &'static str,
    count: fn(&Project, &Finished) -> Result<Counts>,
}

const SUITES: &[Suite] = &[
    Suite { step: "conformance: errors", command: "errors", count: closing_line },
    Suite { step: SCENARIOS, command: "run", count: report },
    Suite { step: "conformance: hostile input", command: "hostile", count: closing_line },
    Suite { step: "conformance: kill -9", command: "kill", count: closing_line },
];

const SCENARIOS: &str = "conformance: scenarios";

/// What to do with the table that README.md shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// It must be what this run found.
    Check,
    /// It is written anew.
    Write,
}

pub fn tests(table: Table) -> Vec<Step> {
    let mut steps = actors();
    for suite in SUITES {
        let run = |project: &Project, shell: &Shell<'_>| {
            let mut command = runner(project, suite.command);
            command.args(actor_arguments(project, shell));
            shell.test(&mut command, |finished| (suite.count)(project, finished)).map(Outcome::Tested)
        };
        steps.push(Step::test(suite.step, run).after([rust::TESTEE]));
    }
    let capabilities = move |project: &Project, shell: &Shell<'_>| capabilities(project, shell, table);
    steps.push(Step::test("conformance: capability table", capabilities).after([SCENARIOS]));
    steps
}

/// The matrices of every language with every other.
pub fn demo() -> Vec<Step> {
    let mut steps = actors();
    let run = |project: &Project, shell: &Shell<'_>| {
        shell.show_output();
        let mut command = runner(project, "demo");
        command.args(actor_arguments(project, shell));
        shell.test(&mut command, |finished| closing_line(project, finished)).map(Outcome::Tested)
    };
    steps.push(Step::test("demo", run).after([rust::TESTEE]));
    steps
}

/// Everything that the actors need.
fn actors() -> Vec<Step> {
    let all = [rust::testee(), python::install(), node::install(), java::testee(), swift::testee()];
    all.into_iter().flatten().collect()
}

fn runner(project: &Project, command: &str) -> Command {
    let mut runner = project.command(rust::runner(project));
    runner.arg(command);
    runner
}

fn actor_arguments(project: &Project, shell: &Shell<'_>) -> Vec<String> {
    let argument = |actor: &Actor| {
        let words = match shell.obstacle(actor.step) {
            None => (actor.command)(project).map_err(|error| format!("{error:#}")),
            Some(reason) => Err(reason),
        };
        match words {
            Ok(words) => ["--actor".to_string(), format!("{}={}", actor.name, quoted(&words))],
            Err(reason) => ["--not-run".to_string(), format!("{}={reason}", actor.name)],
        }
    };
    ACTORS.iter().flat_map(argument).collect()
}

/// The runner splits at blanks and lets quotes group.
fn quoted(words: &[String]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ")
}

fn python_testee(project: &Project, module: &str) -> Result<Vec<String>> {
    let testee = project.root.join("tests-polyglot/testees/python/testee.py");
    let words = [python::interpreter(project).display().to_string(), testee.display().to_string()];
    Ok(words.into_iter().chain(["--module".to_string(), module.to_string()]).collect())
}

fn closing_line(_: &Project, finished: &Finished) -> Result<Counts> {
    Ok(counts::plain(&finished.text))
}

fn report(project: &Project, _: &Finished) -> Result<Counts> {
    counts::polyglot(&fs::read_to_string(project.root.join("target/polyglot/report.json"))?)
}

/// The table is only complete when every language took part.
fn capabilities(project: &Project, shell: &Shell<'_>, table: Table) -> Result<Outcome> {
    let missing: Vec<&str> =
        ACTORS.iter().filter(|actor| shell.obstacle(actor.step).is_some()).map(|actor| actor.name).collect();
    if !missing.is_empty() {
        return Ok(Outcome::NotRun(format!("{} took no part", missing.join(", "))));
    }
    let page = project.root.join("README.md");
    if table == Table::Write {
        shell.run(runner(project, "capabilities").arg("--write").arg(page))?;
        return Ok(Outcome::Ready("written to README.md".to_string()));
    }
    let now = shell.run(&mut runner(project, "capabilities"))?;
    ensure!(
        fs::read_to_string(page)?.contains(now.trim()),
        "README.md shows another table: run `cargo xtask conform`"
    );
    Ok(Outcome::Tested(Counts { passed: 1, ..Counts::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_with_blanks_stay_whole() {
        assert_eq!(quoted(&["a b".to_string(), "c".to_string()]), "\"a b\" \"c\"");
    }
}

//! Conformance: the runner of `tests-polyglot` with one actor per language that could be built here.

use std::process::Command;

use crate::counts;
use crate::lang::{python, rust};
use crate::project::Project;
use crate::shell::{Finished, Shell};
use crate::step::{Outcome, Step};

/// An actor, the step without which it cannot run, and the command that starts it.
struct Actor {
    name: &'static str,
    step: &'static str,
    command: fn(&Project) -> String,
}

const ACTORS: &[Actor] = &[
    Actor {
        name: "rust",
        step: rust::TESTEE,
        command: |project| rust::built(project, "ohmq-testee").display().to_string(),
    },
    Actor { name: "python", step: python::INSTALL, command: |project| python_testee(project, "ohmq") },
    Actor { name: "libzmq", step: python::INSTALL, command: |project| python_testee(project, "zmq") },
];

/// The scenarios, and the runs that need more than two actors or do harm on purpose.
const SUITES: &[(&str, &[&str])] = &[
    ("conformance: errors", &["errors"]),
    ("conformance: scenarios", &["run"]),
    ("conformance: hostile input", &["hostile"]),
    ("conformance: kill -9", &["kill"]),
];

/// Everything that the actors need.
pub fn actors() -> Vec<Step> {
    [rust::testee(), python::install()].into_iter().flatten().collect()
}

pub fn tests() -> Vec<Step> {
    let mut steps = actors();
    for (name, arguments) in SUITES {
        let run = move |project: &Project, shell: &Shell<'_>| {
            let read = |finished: &Finished| Ok(counts::plain(&finished.text));
            shell
                .test(runner(project, shell).args(*arguments).args(actor_arguments(project, shell)), read)
                .map(Outcome::Tested)
        };
        steps.push(Step::new(*name, run).after([rust::TESTEE]));
    }
    steps
}

/// The matrices of every language with every other.
pub fn demo() -> Vec<Step> {
    let mut steps = actors();
    let run = |project: &Project, shell: &Shell<'_>| {
        shell.hand_over(runner(project, shell).arg("demo").args(actor_arguments(project, shell)))
    };
    steps.push(Step::check("demo", run).after([rust::TESTEE]));
    steps
}

fn runner(project: &Project, _shell: &Shell<'_>) -> Command {
    project.command(rust::built(project, "ohmq-polyglot"))
}

fn actor_arguments(project: &Project, shell: &Shell<'_>) -> Vec<String> {
    let argument = |actor: &Actor| match shell.obstacle(actor.step) {
        None => ["--actor".to_string(), format!("{}={}", actor.name, (actor.command)(project))],
        Some(reason) => ["--not-run".to_string(), format!("{}={reason}", actor.name)],
    };
    ACTORS.iter().flat_map(argument).collect()
}

fn python_testee(project: &Project, library: &str) -> String {
    let testee = project.root.join("tests-polyglot/testees/python/testee.py");
    format!("\"{}\" \"{}\" {library}", python::interpreter(project).display(), testee.display())
}

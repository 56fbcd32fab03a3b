//! What a run found: the checks, the table at the end, report.json, and the one last line.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::roster::{NAMES, Roster};
use crate::scenarios::Scenario;
use crate::stage::Transport;

/// How one check ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As promised.
    Passed,
    /// Not as promised, and why.
    Failed(String),
    /// Not run, or a known gap, and why.
    Skipped(String),
}

impl Outcome {
    /// One character for tables.
    pub(crate) fn mark(&self) -> char {
        match self {
            Self::Passed => '✓',
            Self::Failed(_) => '✗',
            Self::Skipped(_) => '-',
        }
    }

    fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
        }
    }

    fn message(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::Failed(message) | Self::Skipped(message) => Some(message),
        }
    }
}

/// One scenario of one pair over one transport.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    /// The scenario's name.
    pub(crate) scenario: String,
    /// The row of the capability table.
    pub(crate) capability: String,
    /// The scheme.
    pub(crate) transport: &'static str,
    /// The first actor.
    pub(crate) left: &'static str,
    /// The second actor.
    pub(crate) right: &'static str,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// How long it took.
    pub(crate) milliseconds: u128,
}

impl Check {
    /// A check that has not run.
    pub(crate) fn new(
        scenario: &Scenario,
        transport: Transport,
        left: &'static str,
        right: &'static str,
    ) -> Self {
        Self {
            scenario: scenario.name.to_owned(),
            capability: scenario.capability.to_owned(),
            transport: transport.name(),
            left,
            right,
            outcome: Outcome::Skipped("not run".to_owned()),
            milliseconds: 0,
        }
    }

    /// `scenario transport left→right`: the name in reports and lists of known gaps.
    pub(crate) fn name(&self) -> String {
        format!("{} {} {}→{}", self.scenario, self.transport, self.left, self.right)
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name(), "scenario": self.scenario, "capability": self.capability,
            "transport": self.transport, "left": self.left, "right": self.right,
            "outcome": self.outcome.word(), "message": self.outcome.message(),
            "milliseconds": u64::try_from(self.milliseconds).unwrap_or(u64::MAX),
        })
    }
}

/// A whole run.
#[derive(Debug)]
pub(crate) struct Report {
    actors: Value,
    checks: Vec<Check>,
}

impl Report {
    /// Puts the checks in table order.
    pub(crate) fn new(roster: &Roster, libraries: HashMap<String, String>, mut checks: Vec<Check>) -> Self {
        let place = |name: &str| NAMES.iter().position(|other| *other == name);
        checks.sort_by_cached_key(|check| (place(check.left), place(check.right)));
        let actors = NAMES
            .into_iter()
            .map(|name| {
                let entry = match roster.recipe(name) {
                    Some(_) => json!({"library": libraries.get(name)}),
                    None => json!({"not_run": roster.reason(name)}),
                };
                (name.to_owned(), entry)
            })
            .collect();
        Self { actors: Value::Object(actors), checks }
    }

    /// Passed, failed, skipped.
    pub(crate) fn totals(&self) -> (usize, usize, usize) {
        let count = |word| self.checks.iter().filter(|check| check.outcome.word() == word).count();
        (count("passed"), count("failed"), count("skipped"))
    }

    /// The matrix of pairs: checks passed of checks run, or a mark when nothing was run.
    pub(crate) fn print(&self) {
        println!("\nconformance, passed/run over both transports: rows left, columns right");
        print!("{:<8}", "");
        NAMES.iter().for_each(|name| print!("{name:>9}"));
        println!();
        for left in NAMES {
            print!("{left:<8}");
            for right in NAMES {
                let of = |word: &str| {
                    let pair = |check: &&Check| check.left == left && check.right == right;
                    self.checks.iter().filter(pair).filter(|check| check.outcome.word() == word).count()
                };
                let (passed, failed) = (of("passed"), of("failed"));
                let cell = match passed + failed {
                    0 => "not run".to_owned(),
                    all => format!("{passed}/{all}"),
                };
                print!("{cell:>9}");
            }
            println!();
        }
        let failures = failures(&self.checks);
        if !failures.is_empty() {
            println!("\nfailed:");
        }
        failures.iter().for_each(|line| println!("  {line}"));
    }

    /// Writes report.json.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let (passed, failed, skipped) = self.totals();
        let report = json!({
            "passed": passed, "failed": failed, "skipped": skipped, "actors": self.actors,
            "checks": self.checks.iter().map(Check::json).collect::<Vec<_>>(),
        });
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let text = serde_json::to_string_pretty(&report)? + "\n";
        std::fs::write(path, text).with_context(|| format!("write {}", path.display()))
    }
}

/// The line by which `cargo xtask` reads why tests were skipped: one for as many as have the same reason.
pub(crate) fn skips(reason: &str, times: usize) -> String {
    if times == 1 { format!("skipped: {reason}") } else { format!("skipped: {reason} ({times} times)") }
}

/// One line per reason; checks that fail for the same reason share it.
pub(crate) fn failures(checks: &[Check]) -> Vec<String> {
    let mut reasons: Vec<(&str, Vec<String>)> = Vec::new();
    for check in checks {
        let Outcome::Failed(message) = &check.outcome else { continue };
        match reasons.iter_mut().find(|(reason, _)| reason == message) {
            Some((_, names)) => names.push(check.name()),
            None => reasons.push((message, vec![check.name()])),
        }
    }
    let line = |(reason, names): (&str, Vec<String>)| match &names[..] {
        [name] => format!("{name}: {reason}"),
        [first, ..] => format!("{first} and {} more: {reason}", names.len() - 1),
        [] => reason.to_owned(),
    };
    reasons.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios;

    #[test]
    fn failures_for_the_same_reason_share_a_line() {
        let check = |right, outcome| {
            let mut check = Check::new(&scenarios::ALL[0], Transport::Tcp, "rust", right);
            check.outcome = outcome;
            check
        };
        let cannot = || Outcome::Failed("cannot start".to_owned());
        let checks = [check("node", cannot()), check("java", Outcome::Passed), check("swift", cannot())];
        assert_eq!(failures(&checks), ["reqrep/echo tcp rust→node and 1 more: cannot start"]);
    }
}

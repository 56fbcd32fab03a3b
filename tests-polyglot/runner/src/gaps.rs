//! The lists of known gaps: reality and list must agree, both ways.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::report::{Check, Outcome};
use crate::roster::NAMES;

/// All lists together.
#[derive(Debug, Default)]
pub(crate) struct Gaps(Vec<Gap>);

#[derive(Debug)]
struct Gap {
    check: String,
    message: String,
    reason: String,
    list: String,
}

impl Gaps {
    /// Reads `<language>.txt` of every actor that has one.
    pub(crate) fn read(folder: &Path) -> Result<Self> {
        let mut gaps = Self::default();
        for name in NAMES {
            let path = folder.join(format!("{name}.txt"));
            if path.exists() {
                let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                gaps.parse(&format!("known-gaps/{name}.txt"), &text)?;
            }
        }
        Ok(gaps)
    }

    fn parse(&mut self, list: &str, text: &str) -> Result<()> {
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let fields: Vec<_> = line.split('|').map(str::trim).collect();
            let [check, message, reason] = fields[..] else {
                bail!("{list} line {}: `check | message | reason` expected", index + 1);
            };
            if message.is_empty() || reason.is_empty() {
                bail!("{list} line {}: message and reason must not be empty", index + 1);
            }
            let [check, message, reason] = [check, message, reason].map(str::to_owned);
            self.0.push(Gap { check, message, reason, list: list.to_owned() });
        }
        Ok(())
    }

    /// Whether this check is expected to fail.
    pub(crate) fn lists(&self, check: &str) -> bool {
        self.0.iter().any(|gap| gap.check == check)
    }

    /// Turns expected failures into skips, and disagreements into failures.
    pub(crate) fn judge(&self, checks: &mut [Check]) {
        for check in checks {
            let name = check.name();
            let Some(gap) = self.0.iter().find(|gap| gap.check == name) else { continue };
            check.outcome = match &check.outcome {
                Outcome::Passed => Outcome::Failed(format!("passes, but {} lists it: stale entry", gap.list)),
                Outcome::Failed(message) if message.contains(&gap.message) => {
                    Outcome::Skipped(format!("known gap: {}", gap.reason))
                }
                Outcome::Failed(message) => {
                    Outcome::Failed(format!("{} expects \"{}\", but: {message}", gap.list, gap.message))
                }
                Outcome::Skipped(reason) => Outcome::Skipped(reason.clone()),
            };
        }
    }

    /// Entries that name no check at all, as failed checks.
    pub(crate) fn unknown(&self, universe: &[String], selected: impl Fn(&str) -> bool) -> Vec<Check> {
        let stale = self.0.iter().filter(|gap| selected(&gap.check) && !universe.contains(&gap.check));
        stale
            .map(|gap| Check {
                scenario: gap.check.clone(),
                capability: String::new(),
                transport: "",
                left: "",
                right: "",
                outcome: Outcome::Failed(format!("{}: there is no such check", gap.list)),
                milliseconds: 0,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios;
    use crate::stage::Transport;

    fn judged(outcome: Outcome) -> Outcome {
        let mut gaps = Gaps::default();
        let scenario = &scenarios::ALL[0];
        gaps.parse("list", &format!("# note\n\n{} tcp rust→node | hangs | issue 9\n", scenario.name))
            .unwrap();
        let mut check = Check::new(scenario, Transport::Tcp, "rust", "node");
        check.outcome = outcome;
        gaps.judge(std::slice::from_mut(&mut check));
        check.outcome
    }

    #[test]
    fn an_expected_failure_is_skipped() {
        let outcome = judged(Outcome::Failed("node: hangs".to_owned()));
        assert_eq!(outcome, Outcome::Skipped("known gap: issue 9".to_owned()));
    }

    #[test]
    fn a_surprise_pass_and_another_message_fail() {
        assert!(matches!(judged(Outcome::Passed), Outcome::Failed(text) if text.contains("stale")));
        let other = judged(Outcome::Failed("crash".to_owned()));
        assert!(matches!(other, Outcome::Failed(text) if text.contains("expects \"hangs\"")));
    }

    #[test]
    fn an_entry_without_a_check_fails() {
        let mut gaps = Gaps::default();
        gaps.parse("list", "no/such tcp rust→node | x | y").unwrap();
        assert_eq!(gaps.unknown(&[], |_| true).len(), 1);
        assert!(gaps.parse("list", "only a name").is_err());
    }
}

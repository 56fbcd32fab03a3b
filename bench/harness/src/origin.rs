//! Where a number comes from: the machine, the commit, the day, and who took part in which version.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::contestants;
use crate::host::Host;
use crate::worker::Worker;

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Origin {
    pub day: String,
    pub commit: String,
    pub host: Host,
    pub quick: bool,
    pub contestants: BTreeMap<String, Identity>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Identity {
    pub version: String,
    /// Which of its interfaces was measured.
    pub api: String,
}

impl Origin {
    /// `folder` holds the lock file; programs that do not start are named with the reason.
    pub fn find(folder: &Path, programs: &Path, quick: bool) -> (Self, BTreeMap<String, String>) {
        let lock = std::fs::read_to_string(folder.join("Cargo.lock")).unwrap_or_default();
        let mut origin = Self {
            day: line_of(Command::new("date").args(["-u", "+%Y-%m-%d"])),
            commit: commit(folder),
            host: Host::of_this_machine(),
            quick,
            contestants: BTreeMap::new(),
        };
        let mut silent = BTreeMap::new();
        for contestant in contestants::libraries() {
            match Worker::start(&programs.join(contestant.program)) {
                Ok(worker) => {
                    let locked = || locked_version(&lock, contestant.package).unwrap_or_default();
                    let version = worker.version.clone().unwrap_or_else(locked);
                    let identity = Identity { version, api: worker.api.clone() };
                    origin.contestants.insert(contestant.name.to_string(), identity);
                }
                Err(trouble) => {
                    silent.insert(contestant.program.to_string(), trouble.reason);
                }
            }
        }
        (origin, silent)
    }
}

fn commit(folder: &Path) -> String {
    let mut git = Command::new("git");
    line_of(git.args(["describe", "--always", "--dirty", "--exclude=*"]).current_dir(folder))
}

fn line_of(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_string()
}

fn locked_version(lock: &str, package: &str) -> Option<String> {
    let after = lock.split(&format!("name = \"{package}\"\n")).nth(1)?;
    after.lines().next()?.split('"').nth(1).map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        let lock = "[[package]]\nname = \"rzmq\"\nversion = \"0.5.28\"\n\n[[package]]\nname = \"x\"\nversion = \"1\"\n";
        assert_eq!(locked_version(lock, "rzmq").as_deref(), Some("0.5.28"));
        assert_eq!(locked_version(lock, "y"), None);
    }

    #[test]
    fn programs_that_are_not_there_are_named() {
        let (origin, silent) = Origin::find(Path::new("."), Path::new("no/such/folder"), true);
        assert!(origin.contestants.is_empty() && silent.contains_key("bench-libzmq"));
        assert_eq!(origin.day.len(), 10);
    }
}

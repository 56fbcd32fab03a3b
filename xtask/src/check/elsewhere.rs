//! The engine compiles for a system whose pollers do not nest: what stands in for them there is never compiled here.

use std::process::Command;

use anyhow::Result;

use crate::counts::Counts;
use crate::project::Project;
use crate::shell::Shell;
use crate::step::Outcome;

/// Another system; that it is macOS matters to the Swift package.
const TARGET: &str = "x86_64-apple-darwin";

/// Where the systems differ. Their libraries alone: nothing can be linked for it here.
const PACKAGES: &[&str] = &["ohmq-net", "ohmq", "ohmq-ffi"];

pub fn check(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    // Nothing happens when it is there already.
    if shell.run(Command::new("rustup").args(["target", "add", TARGET])).is_err() {
        return Ok(Outcome::NotRun(format!("rustup cannot install the standard library of {TARGET}")));
    }
    let there = project.packages();
    let here = PACKAGES.iter().filter(|name| there.iter().any(|package| package.name == **name));
    let mut cargo = project.cargo();
    cargo.args(["clippy", "--quiet", "--lib", "--target", TARGET]);
    cargo.args(here.flat_map(|name| ["-p", name])).args(["--", "-D", "warnings"]);
    shell.run(&mut cargo)?;
    Ok(Outcome::Tested(Counts { passed: 1, ..Counts::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::clippy::tests::{finds_nothing_in, small_project};

    #[test]
    fn what_is_wrong_elsewhere_is_found() {
        // The check itself says so, and counts as skipped.
        if !Command::new("rustup").args(["target", "add", TARGET]).status().is_ok_and(|end| end.success()) {
            return;
        }
        let check = |project: &Project, shell: &Shell<'_>| check(project, shell).map(drop);
        let (_folder, project) = small_project("//! Nothing to say.\n");
        assert!(finds_nothing_in(&project, check));
        let (_folder, project) =
            small_project("//! Odd.\n#[cfg(target_os = \"macos\")]\npub fn f() -> Missing {}\n");
        assert!(!finds_nothing_in(&project, check));
    }
}

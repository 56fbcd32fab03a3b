//! The crates that need no `unsafe` forbid it, so that the compiler keeps the promise.

use std::fs;

use anyhow::Result;

use crate::project::Project;

const SAFE: &[&str] = &[
    "core/spec/src/lib.rs",
    "core/proto/src/lib.rs",
    "core/ohmq/src/lib.rs",
    "core/ffi/src/lib.rs",
    "tests-polyglot/runner/src/main.rs",
    "tests-polyglot/testees/rust/src/main.rs",
    "xtask/src/main.rs",
];

pub fn check(project: &Project) -> Result<()> {
    let read = |file: &&str| fs::read_to_string(project.root.join(file)).map(|text| finding(file, &text));
    let findings: Vec<Option<String>> = SAFE.iter().map(read).collect::<Result<_, _>>()?;
    super::verdict(findings.into_iter().flatten().collect())
}

fn finding(file: &str, source: &str) -> Option<String> {
    let attribute = "#![forbid(unsafe_code)]";
    (!source.lines().any(|line| line.trim() == attribute)).then(|| format!("{file} must say {attribute}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_without_the_promise_is_found() {
        assert!(finding("core/spec/src/lib.rs", "//! Tables.\n// #![forbid(unsafe_code)]\n").is_some());
        assert_eq!(finding("core/spec/src/lib.rs", "//! Tables.\n#![forbid(unsafe_code)]\n"), None);
    }
}

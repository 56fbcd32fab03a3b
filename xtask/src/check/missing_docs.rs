//! Every public item of a published crate is documented: the crate denies the lint, so clippy and rustc enforce it.

use std::fs;

use anyhow::Result;

use crate::project::Project;

pub fn check(project: &Project) -> Result<()> {
    let mut findings = Vec::new();
    for package in project.packages().into_iter().filter(|package| package.published) {
        findings.extend(finding(&package.name, &fs::read_to_string(package.folder.join("src/lib.rs"))?));
    }
    super::verdict(findings)
}

fn finding(name: &str, source: &str) -> Option<String> {
    let denied = source.lines().map(str::trim).any(|line| {
        (line.starts_with("#![deny(") || line.starts_with("#![forbid(")) && line.contains("missing_docs")
    });
    (!denied).then(|| format!("{name} is published and must say #![deny(missing_docs)] in src/lib.rs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_crate_that_allows_gaps_is_found() {
        assert!(
            finding("ohmq", "//! The facade.\n#![warn(missing_docs)]\n")
                .unwrap()
                .contains("ohmq is published")
        );
        assert_eq!(finding("ohmq", "#![deny(missing_docs, unsafe_op_in_unsafe_fn)]\n"), None);
    }
}

//! Arrows between crates point one way: each edge of the workspace must be in this table.

use anyhow::Result;

use crate::project::{Package, Project};

/// Who may depend on whom, inside the workspace. A new edge is a decision about the architecture.
const ALLOWED: &[(&str, &[&str])] = &[
    ("ohmq-spec", &[]),
    ("ohmq-queue", &[]),
    ("ohmq-proto", &["ohmq-spec"]),
    ("ohmq-net", &["ohmq-proto", "ohmq-queue", "ohmq-spec"]),
    ("ohmq", &["ohmq-net", "ohmq-proto", "ohmq-queue", "ohmq-spec"]),
    ("ohmq-ffi", &["ohmq"]),
    ("ohmq-python", &["ohmq", "ohmq-ffi"]),
    ("ohmq-node", &["ohmq", "ohmq-ffi"]),
    ("ohmq-java", &["ohmq", "ohmq-ffi"]),
    ("ohmq-swift", &["ohmq", "ohmq-ffi"]),
    ("ohmq-testee", &["ohmq"]),
    ("ohmq-polyglot", &["ohmq-spec"]),
    ("xtask", &["ohmq-spec"]),
];

/// What the crates without input and output may use from outside. Anything that can reach a socket, a clock, a
/// thread or randomness has no place here.
const PURE: &[(&str, &[&str])] =
    &[("ohmq-spec", &[]), ("ohmq-proto", &["bytes", "thin-vec", "thiserror", "proptest"])];

pub fn check(project: &Project) -> Result<()> {
    super::verdict(findings(&project.packages()))
}

fn findings(packages: &[Package]) -> Vec<String> {
    let inside = |name: &str| packages.iter().any(|package| package.name == name);
    let mut findings = Vec::new();
    for package in packages {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == package.name) else {
            findings
                .push(format!("{} is not in the table of arrows (xtask/src/check/arrows.rs)", package.name));
            continue;
        };
        let pure = PURE.iter().find(|(name, _)| *name == package.name).map(|(_, outside)| *outside);
        for dependency in &package.dependencies {
            if inside(dependency) && !allowed.contains(&dependency.as_str()) {
                findings.push(format!("{} must not depend on {dependency}", package.name));
            }
            if !inside(dependency) && pure.is_some_and(|outside| !outside.contains(&dependency.as_str())) {
                findings.push(format!("{} is pure and must not depend on {dependency}", package.name));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[&str]) -> Package {
        Package {
            name: name.to_string(),
            folder: Default::default(),
            published: true,
            default_member: true,
            dependencies: dependencies.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_wrong_arrow_is_found() {
        let packages = [
            package("ohmq-spec", &[]),
            package("ohmq-proto", &["ohmq-net", "bytes"]),
            package("ohmq-net", &[]),
        ];
        assert_eq!(findings(&packages), ["ohmq-proto must not depend on ohmq-net"]);
    }

    #[test]
    fn an_unknown_crate_and_an_impure_one_are_found() {
        let packages = [
            package("ohmq-new", &[]),
            package("ohmq-proto", &["ohmq-spec", "mio"]),
            package("ohmq-spec", &[]),
        ];
        let found = findings(&packages);
        assert_eq!(found.len(), 2);
        assert!(
            found[0].contains("not in the table") && found[1].contains("pure and must not depend on mio")
        );
    }
}

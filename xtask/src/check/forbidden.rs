//! Nothing in the project tells where it was built: no home folders, no private registry hosts.

use std::env;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use super::hosts::{self, Host};
use crate::project::Project;

pub fn check(project: &Project) -> Result<()> {
    let hosts = hosts::configured(project);
    let mut homes: Vec<String> = ["home/", "Users/", "root/"].iter().map(|tail| format!("/{tail}")).collect();
    homes.extend(
        Some(&project.root).filter(|root| tells_a_machine(root)).map(|root| root.display().to_string()),
    );
    let home = env::var_os("HOME").map(PathBuf::from).filter(|home| tells_a_machine(home));
    homes.extend(home.map(|home| format!("{}/", home.display())));
    let mut findings = Vec::new();
    for file in project.files()? {
        // Binary files (images, recorded streams) hold no text to search.
        if let Ok(text) = fs::read_to_string(project.root.join(&file)) {
            findings.extend(findings_in(&file, &text, &homes, &hosts));
        }
    }
    super::verdict(findings)
}

fn findings_in(file: &Path, text: &str, homes: &[String], hosts: &[Host]) -> Vec<String> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let place = format!("{}:{}", file.display(), index + 1);
        if homes.iter().any(|home| has_path(line, home)) {
            findings.push(format!("{place}: an absolute path of one machine"));
        }
        // The host itself is not repeated: this line may end in a public log.
        let lower = line.to_ascii_lowercase();
        if let Some(host) = hosts.iter().find(|host| lower.contains(&host.name)) {
            findings.push(format!("{place}: a registry host of this machine's {} configuration", host.tool));
        }
    }
    findings
}

/// Whether a path is one that is only written by somebody who is at that machine: `/build`, `/src` and the folder for
/// temporary files are on many.
fn tells_a_machine(path: &Path) -> bool {
    let folders = path.components().filter(|part| matches!(part, Component::Normal(_))).count();
    folders >= 2 && path != env::temp_dir()
}

/// Whether the line names something below or at `path`, as an absolute path.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        let continues = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        // A folder must be named inside a home root; a home itself must not be the start of a longer name.
        let ends = if path.ends_with('/') {
            after.is_some_and(char::is_alphanumeric)
        } else {
            !after.is_some_and(continues)
        };
        !before.is_some_and(|c| continues(c) || "/}*<".contains(c)) && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> usize {
        let homes = [format!("/{}/", "home"), "/srv/builds/ohmq".to_string()];
        let hosts = [Host { name: "mirror.corp.example".into(), tool: "npm" }];
        findings_in(Path::new("a.txt"), line, &homes, &hosts).len()
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        assert_eq!(found(&format!("cd /{}/alice/ohmq", "home")), 1);
        assert_eq!(found("cd /srv/builds/ohmq/core"), 1);
        assert_eq!(found("GET /api/home/x and /srv/builds/ohmq2"), 0);
        assert_eq!(found("the end of an element: </srv/builds/ohmq>"), 0);
    }

    #[test]
    fn a_path_that_many_machines_have_is_not_searched_for() {
        for common in ["/", "/build", "/project/", "/c", "/tmp"] {
            assert!(!tells_a_machine(Path::new(common)), "{common}");
        }
        assert!(!tells_a_machine(&env::temp_dir()));
        assert!(tells_a_machine(Path::new("/srv/builds")) && tells_a_machine(Path::new("/tmp/builds")));
    }

    #[test]
    fn registry_hosts_are_found_and_not_repeated() {
        let hosts = [Host { name: "mirror.corp.example".into(), tool: "npm" }];
        let text = "\n\"resolved\": \"https://Mirror.corp.example/a.tgz\"";
        let findings = findings_in(Path::new("package-lock.json"), text, &[], &hosts);
        assert_eq!(findings, ["package-lock.json:2: a registry host of this machine's npm configuration"]);
    }
}

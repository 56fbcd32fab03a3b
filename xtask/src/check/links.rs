//! Links between the project's own pages lead somewhere: the file is there, and so is the heading.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Result;

use crate::project::Project;

pub fn check(project: &Project) -> Result<()> {
    let mut findings = Vec::new();
    for file in project.files()? {
        if file.extension().is_some_and(|extension| extension == "md") {
            let text = fs::read_to_string(project.root.join(&file))?;
            findings.extend(findings_in(&project.root, &file, &text));
        }
    }
    super::verdict(findings)
}

fn findings_in(root: &Path, file: &Path, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (line, target) in links(text) {
        let (path, heading) = target.split_once('#').unwrap_or((target.as_str(), ""));
        let folder = file.parent().unwrap_or(Path::new(""));
        let page = if path.is_empty() { file.to_path_buf() } else { tidy(&folder.join(path)) };
        let there = root.join(&page);
        let place = format!("{}:{line}", file.display());
        if !there.exists() {
            findings.push(format!("{place}: {path} does not exist"));
        } else if !heading.is_empty()
            && !headings(&fs::read_to_string(&there).unwrap_or_default()).contains(&heading.to_string())
        {
            findings.push(format!("{place}: {} has no heading #{heading}", page.display()));
        }
    }
    findings
}

/// The targets of all links that stay inside the project, with their line numbers.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        for (at, opening) in line.match_indices("](").filter(|_| !fenced) {
            let target = line[at + opening.len()..].split(')').next().unwrap_or_default();
            let outside = target.contains("://") || target.starts_with("mailto:");
            if !outside {
                found.push((index + 1, target.to_string()));
            }
        }
    }
    found
}

/// The anchors of a page, as GitHub and most renderers make them.
fn headings(text: &str) -> Vec<String> {
    let anchor = |title: &str| {
        let kept = title.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

/// The path without `.` and `..`, which a folder that does not exist would break.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(tidy.pop()),
            Component::CurDir => {}
            part => tidy.push(part),
        }
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_links_are_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("docs")).unwrap();
        fs::write(folder.path().join("README.md"), "# OhMQ: the hub\n").unwrap();
        let text = "[a](../README.md#ohmq-the-hub) [b](../README.md#nothing)\n[c](gone.md) [d](https://example.org/x)\n\
            ```\n[e](also-gone.md)\n```\n";
        let findings = findings_in(folder.path(), Path::new("docs/page.md"), text);
        assert_eq!(
            findings,
            ["docs/page.md:1: README.md has no heading #nothing", "docs/page.md:2: gone.md does not exist"]
        );
    }
}

//! One version for every package: the manifests of the other languages must say what the workspace says.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::project::Project;

pub fn check(project: &Project) -> Result<()> {
    let version = project.version()?;
    let mut findings = Vec::new();
    for file in ["bindings-node/package.json", "bindings-python/pyproject.toml", "bindings-java/pom.xml"] {
        let path = project.root.join(file);
        // A binding whose manifest is gone fails elsewhere, with a better message.
        if path.is_file() {
            findings.extend(finding(Path::new(file), &fs::read_to_string(path)?, &version));
        }
    }
    super::verdict(findings)
}

fn finding(file: &Path, text: &str, version: &str) -> Option<String> {
    let found = match file.extension().and_then(|extension| extension.to_str()) {
        Some("json") => json_version(text),
        Some("xml") => xml_version(text),
        _ => match toml_version(text) {
            // maturin takes the version from Cargo.toml.
            None if text.contains("dynamic") && text.contains("\"version\"") => return None,
            found => found,
        },
    };
    match found {
        Some(found) if found == version => None,
        Some(found) => Some(format!("{} has version {found}, the workspace {version}", file.display())),
        None => Some(format!("{} names no version", file.display())),
    }
}

fn json_version(text: &str) -> Option<String> {
    serde_json::from_str::<Value>(text).ok()?["version"].as_str().map(str::to_string)
}

/// The project's own version is the first element after the artifact's name.
fn xml_version(text: &str) -> Option<String> {
    let after = text.split_once("</artifactId>")?.1.split_once("<version>")?.1;
    after.split('<').next().map(|version| version.trim().to_string())
}

fn toml_version(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("version"))?;
    line.split('"').nth(1).map(str::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_different_version_is_found() {
        let json = finding(Path::new("package.json"), "{\"version\": \"0.2.0\"}", "0.1.0").unwrap();
        assert!(json.contains("has version 0.2.0, the workspace 0.1.0"));
        let pom = "<modelVersion>4.0.0</modelVersion><artifactId>ohmq</artifactId>\n<version>0.1.1</version>";
        assert!(finding(Path::new("pom.xml"), pom, "0.1.0").is_some());
        assert!(finding(Path::new("pyproject.toml"), "[project]\nversion = \"9\"\n", "0.1.0").is_some());
        assert!(finding(Path::new("package.json"), "{}", "0.1.0").unwrap().contains("names no version"));
    }

    #[test]
    fn the_same_version_passes() {
        assert_eq!(finding(Path::new("package.json"), "{\"version\": \"0.1.0\"}", "0.1.0"), None);
        assert_eq!(finding(Path::new("pyproject.toml"), "dynamic = [\"version\"]\n", "0.1.0"), None);
    }
}

//! One version for every package: the manifests of the other languages must say what the workspace says.

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::project::Project;

pub fn check(project: &Project) -> Result<()> {
    let version = project.version()?;
    let mut findings = Vec::new();
    for file in project.files()?.iter().filter(|file| is_manifest(file)) {
        findings.extend(finding(file, &fs::read_to_string(project.root.join(file))?, &version));
    }
    super::verdict(findings)
}

/// The manifests of the packages that a user would install.
fn is_manifest(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    file.starts_with("bindings-node") && name == "package.json"
        || [Path::new("bindings-python/pyproject.toml"), Path::new("bindings-java/pom.xml")].contains(&file)
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

/// The package's version, or another one that it asks of its own platform packages.
fn json_version(text: &str) -> Option<String> {
    let manifest: Value = serde_json::from_str(text).ok()?;
    let own = manifest["version"].as_str()?;
    let parts = manifest["optionalDependencies"].as_object().into_iter().flatten();
    let mut asked = parts.filter_map(|(_, version)| version.as_str());
    Some(asked.find(|version| *version != own).unwrap_or(own).to_string())
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
        let parts = "{\"version\": \"0.1.0\", \"optionalDependencies\": {\"@ohmq/x\": \"0.0.9\"}}";
        assert!(finding(Path::new("package.json"), parts, "0.1.0").unwrap().contains("has version 0.0.9"));
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

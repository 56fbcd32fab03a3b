//! A source file has one reason to exist: at most 700 lines, except tables and generated files.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::generated::is_generated;
use crate::project::Project;

const LIMIT: usize = 700;
const SOURCES: &[&str] =
    &["rs", "py", "pyi", "ts", "mts", "cts", "js", "mjs", "cjs", "java", "swift", "c", "h", "sh"];

pub fn check(project: &Project) -> Result<()> {
    let mut findings = Vec::new();
    for file in project.files()? {
        if is_source(&file) {
            let text = fs::read_to_string(project.root.join(&file))?;
            findings.extend(finding(&file, &text));
        }
    }
    super::verdict(findings)
}

fn is_source(file: &Path) -> bool {
    file.extension()
        .and_then(|extension| extension.to_str())
        .is_some_and(|extension| SOURCES.contains(&extension))
}

fn finding(file: &Path, text: &str) -> Option<String> {
    let lines = text.lines().count();
    let excused = file.starts_with("core/spec") || is_generated(text);
    (lines > LIMIT && !excused).then(|| format!("{} has {lines} lines, more than {LIMIT}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found() {
        let long = "x\n".repeat(701);
        assert!(finding(Path::new("core/net/src/driver.rs"), &long).unwrap().contains("701 lines"));
        assert_eq!(finding(Path::new("core/net/src/driver.rs"), &"x\n".repeat(700)), None);
    }

    #[test]
    fn tables_and_generated_files_may_be_long() {
        let long = "x\n".repeat(2_000);
        assert_eq!(finding(Path::new("core/spec/src/options.rs"), &long), None);
        assert_eq!(finding(Path::new("a.py"), &format!("# {}\n{long}", crate::r#gen::NOTICE)), None);
        assert!(!is_source(Path::new("Cargo.lock")) && is_source(Path::new("a/b.swift")));
    }
}

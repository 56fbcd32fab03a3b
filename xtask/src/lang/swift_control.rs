//! Swift's control plane: UniFFI writes Swift and a C header from the compiled binding.
//!
//! Its generator takes minutes to build, so the files are committed, and their first line holds a digest of what they were
//! made from and of themselves: whether they are due is seen without building anything.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::files;
use crate::project::Project;
use crate::shell::Shell;
use crate::step::{Outcome, Step};

/// What UniFFI writes, below `bindings-swift`.
const SWIFT: &str = "Sources/OhMQControl/OhMQControl.swift";
const HEADER: &str = "Sources/COhMQ/include/COhMQ.h";
/// What it is made from.
const SETTINGS: &[&str] = &["uniffi.toml", "bindgen/Cargo.toml", "bindgen/Cargo.lock"];

/// Writes the files if they are due.
pub fn generate() -> Step {
    Step::new("gen: Swift control plane", |project, shell| {
        let binding = project.root.join("bindings-swift");
        if stale(&binding)?.is_none() {
            return Ok(Outcome::Ready("up to date".to_string()));
        }
        write(project, shell, &binding)?;
        Ok(Outcome::Ready("written anew".to_string()))
    })
}

/// Fails when the files are due, or were edited.
pub fn check() -> Step {
    Step::check("check: Swift control plane", |project, _| {
        match stale(&project.root.join("bindings-swift"))? {
            Some(file) => bail!("{file} is not what bindings-swift/src says: run `cargo xtask gen`"),
            None => Ok(()),
        }
    })
}

fn write(project: &Project, shell: &Shell<'_>, binding: &Path) -> Result<()> {
    // The development profile: stripping would take away what the generator reads.
    shell.run(project.cargo().args(["build", "-p", "ohmq-swift"]))?;
    let target = project.target.join("swift-bindgen");
    let mut bindgen = project.cargo();
    bindgen.args(["run", "--quiet", "--manifest-path", "bindings-swift/bindgen/Cargo.toml", "--target-dir"]);
    bindgen.arg(&target).args([
        "--",
        "--swift-sources",
        "--headers",
        "--config",
        "bindings-swift/uniffi.toml",
    ]);
    let fresh = project.work().join("swift-control");
    files::empty_folder(&fresh)?;
    shell.run(bindgen.arg(project.target.join("debug/libohmq_swift.a")).arg(&fresh))?;
    let read =
        |name: &str| fs::read_to_string(fresh.join(name)).with_context(|| format!("UniFFI wrote no {name}"));
    let (swift, header) = (tidy(&read("OhMQControl.swift")?), tidy(&read("COhMQ.h")?));
    fs::write(binding.join(HEADER), &header)?;
    let digest = digest(binding, &[&swift, &header])?;
    fs::write(binding.join(SWIFT), format!("{MARK}{digest}\n{swift}"))?;
    Ok(())
}

const MARK: &str = "// Written by UniFFI through `cargo xtask gen`; digest ";

/// The first of the files that is not what the sources say.
fn stale(binding: &Path) -> Result<Option<&'static str>> {
    let text = fs::read_to_string(binding.join(SWIFT)).unwrap_or_default();
    let header = fs::read_to_string(binding.join(HEADER)).unwrap_or_default();
    let Some((told, swift)) = text.strip_prefix(MARK).and_then(|rest| rest.split_once('\n')) else {
        return Ok(Some(SWIFT));
    };
    Ok((told != digest(binding, &[swift, &header])?).then_some(SWIFT))
}

/// A digest of the sources and of the texts made from them; the same on every machine and with every compiler.
fn digest(binding: &Path, texts: &[&str]) -> Result<String> {
    let sources =
        fs::read_dir(binding.join("src"))?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>();
    let mut files: Vec<PathBuf> = sources?;
    files.sort();
    files.extend(SETTINGS.iter().map(|name| binding.join(name)));
    // FNV-1a: no secret is kept, only an oversight noticed.
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    let mut add = |bytes: &[u8]| {
        for byte in bytes.iter().chain(&[0xff]) {
            state = (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for file in files {
        add(&fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?);
    }
    texts.iter().for_each(|text| add(text.as_bytes()));
    Ok(format!("{state:016x}"))
}

/// The text without blanks at the ends of lines and of the file.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_source_and_an_edited_file_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let binding = folder.path();
        let put = |name: &str, text: &str| {
            let path = binding.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        SETTINGS.iter().for_each(|name| put(name, "x"));
        put("src/lib.rs", "//! One.\n");
        put(HEADER, "int f(void);\n");
        assert_eq!(stale(binding).unwrap(), Some(SWIFT));
        let made = digest(binding, &["func f()\n", "int f(void);\n"]).unwrap();
        put(SWIFT, &format!("{MARK}{made}\nfunc f()\n"));
        assert_eq!(stale(binding).unwrap(), None);
        put(HEADER, "int g(void);\n");
        assert_eq!(stale(binding).unwrap(), Some(SWIFT));
        put(HEADER, "int f(void);\n");
        put("src/lib.rs", "//! Two.\n");
        assert_eq!(stale(binding).unwrap(), Some(SWIFT));
    }

    #[test]
    fn blanks_at_line_ends_are_taken_away() {
        assert_eq!(tidy("a  \n\n b\t\n\n\n"), "a\n\n b\n");
    }
}

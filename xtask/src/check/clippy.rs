//! Clippy finds nothing: in the engine, in its pure part under stricter rules, and in the bindings.

use anyhow::Result;

use crate::project::Project;
use crate::shell::Shell;

/// The crates whose `clippy.toml` forbids clocks, threads and sockets; only their tests may look at a clock.
const PURE: &[&str] = &["ohmq-spec", "ohmq-proto"];

pub fn engine(project: &Project, shell: &Shell<'_>) -> Result<()> {
    let relaxed =
        ["--", "-D", "warnings", "-A", "clippy::disallowed_methods", "-A", "clippy::disallowed_types"];
    shell.run(project.cargo().args(["clippy", "--quiet", "--all-targets"]).args(relaxed))?;
    let pure: Vec<&str> = PURE.iter().flat_map(|name| ["-p", name]).collect();
    let here = project.packages().iter().any(|package| PURE.contains(&package.name.as_str()));
    if here {
        shell.run(
            project.cargo().args(["clippy", "--quiet", "--lib"]).args(pure).args(["--", "-D", "warnings"]),
        )?;
    }
    Ok(())
}

/// Libraries and programs first, then their tests. Not all targets at once: that would compile an addon, which only its
/// host can test, as a benchmark of its own.
pub fn bindings(project: &Project, shell: &Shell<'_>) -> Result<()> {
    let names = project.other_packages();
    let packages: Vec<&str> = names.iter().flat_map(|name| ["-p", name.as_str()]).collect();
    for targets in [&[][..], &["--tests"]] {
        let mut cargo = project.cargo();
        cargo.args(["clippy", "--quiet"]).args(targets).args(&packages).args(["--", "-D", "warnings"]);
        shell.run(&mut cargo)?;
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use super::*;
    use crate::display::Display;

    /// A workspace of one crate with this source.
    pub fn small_project(source: &str) -> (tempfile::TempDir, Project) {
        let folder = tempfile::tempdir().unwrap();
        let manifest =
            "[package]\nname = \"small\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), source).unwrap();
        let project = Project::at(folder.path()).unwrap();
        (folder, project)
    }

    pub fn finds_nothing_in(project: &Project, check: impl Fn(&Project, &Shell<'_>) -> Result<()>) -> bool {
        let display = Display::silent();
        let shell = Shell::new(&project.root.join("logs"), "check", &display).unwrap();
        check(project, &shell).is_ok()
    }

    #[test]
    fn a_warning_is_found() {
        let (_folder, project) = small_project("//! Nothing to say.\n");
        assert!(finds_nothing_in(&project, engine));
        let (_folder, project) = small_project("//! Odd.\npub fn f(x: u32) -> u32 { return x + 0; }\n");
        assert!(!finds_nothing_in(&project, engine));
    }
}

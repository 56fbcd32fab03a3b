//! All Rust sources are formatted by rustfmt, with the settings of the repository; those that are not are listed.

use anyhow::Result;

use crate::project::Project;
use crate::shell::Shell;

/// The benchmark is a workspace of its own, with the same settings.
const OTHER_WORKSPACES: &[&str] = &["bench"];

pub fn check(project: &Project, shell: &Shell<'_>) -> Result<()> {
    let others = OTHER_WORKSPACES.iter().map(|folder| project.root.join(folder));
    let folders = others.filter(|folder| folder.join("Cargo.toml").is_file());
    for folder in std::iter::once(project.root.clone()).chain(folders) {
        let mut cargo = project.cargo();
        cargo.args(["fmt", "--all", "--check", "--", "--files-with-diff"]).current_dir(folder);
        shell.run(&mut cargo)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::clippy::tests::{finds_nothing_in, small_project};

    #[test]
    fn a_badly_formatted_file_is_found() {
        let (_folder, project) = small_project("//! Tidy.\n");
        assert!(finds_nothing_in(&project, check));
        let (_folder, project) = small_project("//! Untidy.\nfn  f( ) { }\n");
        assert!(!finds_nothing_in(&project, check));
    }
}

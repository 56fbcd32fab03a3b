//! All Rust sources are formatted by rustfmt, with the settings of the repository; those that are not are listed.

use anyhow::Result;

use crate::project::Project;
use crate::shell::Shell;

pub fn check(project: &Project, shell: &Shell<'_>) -> Result<()> {
    shell.run(project.cargo().args(["fmt", "--all", "--check", "--", "--files-with-diff"])).map(drop)
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

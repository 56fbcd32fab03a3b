//! The checks of `xtask check`: each is one function in its own file, with a test that shows that it can fail.

mod arrows;
mod clippy;
mod forbidden;
mod format;
mod generated;
mod hosts;
mod links;
mod missing_docs;
mod rust_code;
mod safe_crates;
mod sizes;
mod unsafe_places;
mod versions;

use anyhow::{Result, bail};

#[cfg(test)]
pub use clippy::tests::small_project;

use crate::step::Step;
use crate::tool::Tool;

/// All checks, cheapest first.
pub fn steps() -> Vec<Step> {
    vec![
        Step::check("check: arrows", |project, _| arrows::check(project)),
        Step::check("check: file sizes", |project, _| sizes::check(project)).needs([Tool::Git]),
        Step::check("check: unsafe placement", |project, _| unsafe_places::check(project)).needs([Tool::Git]),
        Step::check("check: safe crates", |project, _| safe_crates::check(project)),
        Step::check("check: missing docs denied", |project, _| missing_docs::check(project)),
        Step::check("check: one version", |project, _| versions::check(project)).needs([Tool::Git]),
        Step::check("check: forbidden text", |project, _| forbidden::check(project)).needs([Tool::Git]),
        Step::check("check: links", |project, _| links::check(project)).needs([Tool::Git]),
        generated_files(),
        Step::check("check: format", format::check).needs([Tool::Rustfmt]),
        Step::check("check: clippy", clippy::engine).needs([Tool::Clippy]),
        Step::check("check: clippy, bindings", clippy::bindings).needs([Tool::Clippy, Tool::Compiler]),
    ]
}

/// The check that generated files are what the tables say.
pub fn generated_files() -> Step {
    Step::check("check: generated files", |project, _| generated::check(project))
}

/// Writes the generated files.
pub fn generate() -> Step {
    Step::new("gen", |project, _| generated::write(project))
}

/// Passes without findings; else fails with all of them.
fn verdict(findings: Vec<String>) -> Result<()> {
    match findings.len() {
        0 => Ok(()),
        1 => bail!("{}", findings.concat()),
        count => bail!("{count} findings\n{}", findings.join("\n")),
    }
}

//! The checks of `xtask check`: each is one function in its own file, with a test that shows that it can fail.

mod arrows;
mod clippy;
mod elsewhere;
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

use crate::lang::swift_control;
use crate::step::Step;
use crate::tool::Tool;

/// All checks, cheapest first.
pub fn steps() -> Vec<Step> {
    let mut steps = vec![
        Step::check("check: arrows", |project, _| arrows::check(project)),
        Step::check("check: file sizes", |project, _| sizes::check(project)).needs([Tool::Git]),
        Step::check("check: unsafe placement", |project, _| unsafe_places::check(project)).needs([Tool::Git]),
        Step::check("check: safe crates", |project, _| safe_crates::check(project)),
        Step::check("check: missing docs denied", |project, _| missing_docs::check(project)),
        Step::check("check: one version", |project, _| versions::check(project)).needs([Tool::Git]),
        Step::check("check: forbidden text", |project, _| forbidden::check(project)).needs([Tool::Git]),
        Step::check("check: links", |project, _| links::check(project)).needs([Tool::Git]),
    ];
    steps.extend(generated_files());
    steps.extend([
        Step::check("check: format", format::check).needs([Tool::Rustfmt]),
        Step::check("check: clippy", clippy::engine).needs([Tool::Clippy]),
        Step::check("check: clippy, bindings", clippy::bindings).needs([Tool::Clippy, Tool::Compiler]),
        Step::test("check: another system", elsewhere::check).needs([Tool::Clippy]),
    ]);
    steps
}

/// The checks that generated files are what the tables and the sources say.
pub fn generated_files() -> [Step; 2] {
    let tables = Step::check("check: generated files", |project, _| generated::check(project));
    [tables, swift_control::check()]
}

/// Writes the generated files.
pub fn generate() -> [Step; 2] {
    [Step::new("gen", |project, _| generated::write(project)), swift_control::generate()]
}

/// Passes without findings; else fails with all of them.
fn verdict(findings: Vec<String>) -> Result<()> {
    match findings.len() {
        0 => Ok(()),
        1 => bail!("{}", findings.concat()),
        count => bail!("{count} findings\n{}", findings.join("\n")),
    }
}

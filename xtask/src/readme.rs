//! The quick starts of README.md are programs: each is taken out of the page and run against the installed packages.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::lang::{files, java, node, python, rust, swift};
use crate::project::Project;
use crate::shell::Shell;
use crate::step::Step;

/// The line that every quick start prints in the end.
const SAYS: &str = "World";

pub fn tests() -> Vec<Step> {
    let consumers = [python::install(), node::install(), java::consumer(), swift::consumer()];
    let mut steps: Vec<Step> = consumers.into_iter().flatten().collect();
    steps.push(Step::check("readme: rust", rust_example));
    steps.push(Step::check("readme: python", python_example).after([python::INSTALL]));
    steps.push(Step::check("readme: node", node_example).after([node::INSTALL]));
    steps.push(Step::check("readme: java", java_example).after([java::CONSUMER]));
    steps.push(Step::check("readme: swift", swift_example).after([swift::CONSUMER]));
    steps
}

/// The quick start of the language whose code blocks have this tag.
pub fn quick_start(project: &Project, tag: &str) -> Result<String> {
    let page = fs::read_to_string(project.root.join("README.md"))?;
    block(&page, tag).with_context(|| format!("README.md has no quick start in {tag}"))
}

fn block(page: &str, tag: &str) -> Option<String> {
    let (_, section) = page.split_once("\n## Quick start")?;
    let section = section.split("\n## ").next()?;
    let (_, code) = section.split_once(&format!("\n```{tag}\n"))?;
    code.split_once("\n```").map(|(code, _)| format!("{code}\n"))
}

fn expect(output: &str) -> Result<()> {
    ensure!(
        output.lines().any(|line| line.trim_end() == SAYS),
        "the quick start printed {output:?}, not {SAYS}"
    );
    Ok(())
}

/// A project of its own with the engine as its dependency, built with the locked versions.
fn rust_example(project: &Project, shell: &Shell<'_>) -> Result<()> {
    let folder = project.work().join("consumers/rust");
    files::empty_folder(&folder.join("src"))?;
    let manifest = format!(
        "[package]\nname = \"consumer\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nohmq = {{ path = \"{}\" }}\n\n[workspace]\n",
        project.root.join("core/ohmq").display()
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(project.root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    fs::write(folder.join("src/main.rs"), quick_start(project, "rust")?)?;
    let mut cargo = project.cargo();
    cargo.current_dir(&folder).args(["run", "--quiet", "--target-dir"]).arg(rust::consumer_target(project));
    expect(&shell.run(&mut cargo)?)
}

fn python_example(project: &Project, shell: &Shell<'_>) -> Result<()> {
    let script = python::consumer(project).join("readme.py");
    fs::write(&script, quick_start(project, "python")?)?;
    let mut python = project.command(python::interpreter(project));
    expect(&shell.run(python.current_dir(python::consumer(project)).arg(script))?)
}

fn node_example(project: &Project, shell: &Shell<'_>) -> Result<()> {
    let script = node::consumer(project).join("readme.mjs");
    fs::write(&script, quick_start(project, "js")?)?;
    expect(&shell.run(project.command("node").current_dir(node::consumer(project)).arg(script))?)
}

/// `java FILE` compiles and runs a program of one file.
fn java_example(project: &Project, shell: &Shell<'_>) -> Result<()> {
    let script = java::consumer_folder(project).join("Readme.java");
    fs::write(&script, quick_start(project, "java")?)?;
    let mut java = project.command("java");
    expect(&shell.run(java.arg("-cp").arg(java::class_path(project)?).arg(script))?)
}

/// The consumer's project was built with the quick start as its second program.
fn swift_example(project: &Project, shell: &Shell<'_>) -> Result<()> {
    let words = swift::consumer_program(project, "readme")?;
    let (program, arguments) = words.split_first().context("an empty command")?;
    expect(&shell.run(project.command(program).args(arguments))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_block_of_a_language_in_the_section_is_taken() {
        let page = "# A\n\n```js\nno()\n```\n\n## Quick start\n\n```sh\nnpm i\n```\n\n```js\none()\ntwo()\n```\n\n```js\nlater()\n```\n\n## B\n\n```java\nno();\n```\n";
        assert_eq!(block(page, "js").unwrap(), "one()\ntwo()\n");
        assert_eq!(block(page, "java"), None);
        assert_eq!(block("# nothing\n", "js"), None);
    }

    #[test]
    fn a_program_that_says_something_else_fails() {
        assert!(expect("").is_err() && expect("Hello, World\n").is_err() && expect("World: gone\n").is_err());
        assert!(expect("warning: an old linker\nWorld\n").is_ok());
    }
}

//! Java: Maven builds, tests and installs the jar, which has the native library inside.

use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::{files, rust};
use crate::counts;
use crate::project::Project;
use crate::shell::Shell;
use crate::stamp::{ENGINE, Stamp};
use crate::step::{Outcome, Step};
use crate::tool::Tool;

pub const TOOLS: &str = "java: tools";
pub const LIBRARY: &str = "java: native library";
pub const PACKAGE: &str = "java: jar";
pub const CONSUMER: &str = "java: install";
pub const TESTEE: &str = "java: testee";

/// Fetches Maven's plugins and the test libraries.
pub fn setup() -> Vec<Step> {
    vec![Step::new(TOOLS, tools).needs([Tool::Jdk, Tool::Maven, Tool::Git])]
}

/// Builds the native library and the jar around it.
pub fn package() -> Vec<Step> {
    let mut steps = setup();
    steps.push(Step::new(LIBRARY, library).needs([Tool::Compiler]).after([TOOLS]));
    steps.push(Step::new(PACKAGE, jar).after([LIBRARY]));
    steps
}

pub fn tests() -> Vec<Step> {
    // The tests exchange messages with a process of another language, the Rust testee.
    let mut steps = rust::testee();
    steps.extend(package());
    steps.push(Step::test("java: tests", test).after([PACKAGE, rust::TESTEE]));
    steps
}

/// Installs the jar into the local Maven repository, and builds an empty project that depends on it.
pub fn consumer() -> Vec<Step> {
    let mut steps = package();
    steps.push(Step::new(CONSUMER, build_consumer).after([PACKAGE]));
    steps
}

pub fn consumer_folder(project: &Project) -> PathBuf {
    project.work().join("consumers/java")
}

/// The consumer's class path, as Maven resolved it: its own classes, and the installed jar.
pub fn class_path(project: &Project) -> Result<String> {
    built_class_path(&consumer_folder(project))
}

/// Copies of the jars, so that a later install does not change what runs.
fn built_class_path(folder: &Path) -> Result<String> {
    let jars = folder.join("target/lib");
    ensure!(jars.is_dir(), "there is no {}", jars.display());
    Ok(format!("{}:{}/*", folder.join("target/classes").display(), jars.display()))
}

/// How the consumer's program is started.
pub fn program(project: &Project) -> Result<Vec<String>> {
    Ok(vec!["java".to_string(), "-cp".to_string(), class_path(project)?, "Program".to_string()])
}

/// The actor of the conformance runs, compiled against the consumer's class path.
pub fn testee() -> Vec<Step> {
    let mut steps = consumer();
    steps.push(Step::new(TESTEE, build_testee).after([CONSUMER]));
    steps
}

/// How the actor is started.
pub fn testee_command(project: &Project) -> Result<Vec<String>> {
    let path = built_class_path(&testee_folder(project))?;
    Ok(vec!["java".to_string(), "-cp".to_string(), path, "Testee".to_string()])
}

/// The actor's project is built apart from its sources, as it resolves the jar that was just installed.
fn testee_folder(project: &Project) -> PathBuf {
    project.work().join("java-testee")
}

fn maven(project: &Project) -> Command {
    let mut maven = project.command("mvn");
    maven.args(["--batch-mode", "--no-transfer-progress"]);
    maven.arg(format!("-Dohmq.native={}", project.target.join(rust::PROFILE).display()));
    maven.current_dir(project.root.join("bindings-java"));
    maven
}

fn tools(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let stamp = || Stamp::of(project, "java-tools", &["bindings-java/pom.xml"], local_repository());
    if stamp()?.holds(&[]) {
        return Ok(Outcome::Ready("up to date".to_string()));
    }
    shell.run(maven(project).args(["dependency:go-offline", "--quiet"]))?;
    stamp()?.set()?;
    Ok(Outcome::Ready("Maven plugins and test libraries".to_string()))
}

fn library(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    shell.run(project.cargo().args(["build", "--profile", rust::PROFILE, "-p", "ohmq-java"]))?;
    Ok(Outcome::Ready(files::described(&rust::built(project, &library_name()))?))
}

/// A setting of what is put into Maven's local repository: it is gone when the repository is. Maven may be configured to
/// have it elsewhere, and then this is always the same.
fn local_repository() -> &'static str {
    let usual = env::home_dir().map(|home| home.join(".m2/repository"));
    if usual.is_some_and(|folder| folder.is_dir()) { "the usual one" } else { "" }
}

/// As cargo names it on this system, and the jar's build expects it.
fn library_name() -> String {
    format!("{DLL_PREFIX}ohmq_java{DLL_SUFFIX}")
}

fn jar(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    // The tools are there, and with them the repository.
    let inputs = [ENGINE, &["bindings-java"]].concat();
    let stamp = Stamp::of(project, "java-jar", &inputs, local_repository())?;
    let name = format!("ohmq-{}.jar", project.version()?);
    let jar = project.dist().join(&name);
    if stamp.holds(&[&jar]) {
        return Ok(Outcome::Ready(format!("{name} is up to date")));
    }
    stamp.clear()?;
    files::remove_packages(project, "ohmq-", ".jar")?;
    shell.run(maven(project).args(["install", "-DskipTests"]))?;
    fs::copy(project.root.join("bindings-java/target").join(&name), &jar)?;
    stamp.set()?;
    Ok(Outcome::Ready(files::described(&jar)?))
}

fn test(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let reports = project.root.join("bindings-java/target/surefire-reports");
    if reports.exists() {
        fs::remove_dir_all(&reports)?;
    }
    let read = |_: &_| counts::junit_folder(&reports);
    shell.test(maven(project).arg("verify"), read).map(Outcome::Tested)
}

fn build_consumer(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    build_against_jar(project, shell, "xtask/consumers/java", &consumer_folder(project))?;
    Ok(Outcome::Ready("the jar in an empty Maven project".to_string()))
}

fn build_testee(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    build_against_jar(project, shell, "tests-polyglot/testees/java", &testee_folder(project))?;
    Ok(Outcome::Ready("Java testee".to_string()))
}

/// Copies a Maven project whose dependency is the installed jar, compiles it, and notes its class path.
fn build_against_jar(project: &Project, shell: &Shell<'_>, from: &str, folder: &Path) -> Result<()> {
    let inputs = [ENGINE, &["bindings-java", from]].concat();
    let stamp = Stamp::of(project, &files::name(folder), &inputs, from)?;
    if stamp.holds(&[&folder.join("target/lib")]) {
        return Ok(());
    }
    stamp.clear()?;
    files::empty_folder(folder)?;
    files::copy_folder(&project.root.join(from), folder, &["target"])?;
    let goals = ["compile", "dependency:copy-dependencies", "-DoutputDirectory=target/lib"];
    let version = format!("-Dohmq.version={}", project.version()?);
    shell.run(maven(project).current_dir(folder).args(goals).arg(version))?;
    stamp.set()
}

//! Node: the addon and its TypeScript are built and packed, installed into an empty project, and tested there.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{files, rust};
use crate::counts;
use crate::project::Project;
use crate::shell::Shell;
use crate::stamp::{ENGINE, Stamp};
use crate::step::{Outcome, Step};
use crate::tool::Tool;

pub const TOOLS: &str = "node: tools";
pub const PACKAGE: &str = "node: packages";
pub const INSTALL: &str = "node: install";

/// Fetches what building needs.
pub fn setup() -> Vec<Step> {
    vec![Step::new(TOOLS, tools).needs([Tool::Node, Tool::Npm, Tool::Git])]
}

/// Builds and packs the main package and this platform's package.
pub fn package() -> Vec<Step> {
    let mut steps = setup();
    steps.push(Step::new(PACKAGE, pack).needs([Tool::Compiler]).after([TOOLS]));
    steps
}

/// Installs both packages into an empty project, as a user would.
pub fn install() -> Vec<Step> {
    let mut steps = package();
    steps.push(Step::new(INSTALL, install_packages).after([PACKAGE]));
    steps
}

pub fn tests() -> Vec<Step> {
    let mut steps = install();
    // One test talks to a program of another language.
    steps.extend(rust::testee());
    steps.push(Step::test("node: tests", test).after([INSTALL, rust::TESTEE]));
    steps
}

/// The empty project into which the packages are installed.
pub fn consumer(project: &Project) -> PathBuf {
    project.work().join("consumers/node")
}

/// How the consumer's program is started.
pub fn program(project: &Project) -> Result<Vec<String>> {
    let script = consumer(project).join("program.mjs");
    fs::copy(project.root.join("xtask/consumers/node/program.mjs"), &script)?;
    Ok(vec!["node".to_string(), script.display().to_string()])
}

/// How the actor is started: beside the installed package, so that it imports that one.
pub fn testee_command(project: &Project) -> Result<Vec<String>> {
    let script = consumer(project).join("testee.mjs");
    fs::copy(project.root.join("tests-polyglot/testees/node/testee.mjs"), &script)?;
    Ok(vec!["node".to_string(), script.display().to_string()])
}

fn sources(project: &Project) -> PathBuf {
    project.root.join("bindings-node")
}

fn npm(project: &Project, folder: &Path) -> std::process::Command {
    let mut npm = project.command("npm");
    npm.current_dir(folder).env("npm_config_update_notifier", "false").env("npm_config_fund", "false");
    npm.env("npm_config_audit", "false");
    npm
}

fn tools(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let folder = sources(project);
    let manifests = ["bindings-node/package.json", "bindings-node/package-lock.json"];
    let stamp = Stamp::of(project, "node-tools", &manifests, "")?;
    if stamp.holds(&[&folder.join("node_modules")]) {
        return Ok(Outcome::Ready("up to date".to_string()));
    }
    stamp.clear()?;
    let locked = folder.join("package-lock.json").exists();
    shell.run(npm(project, &folder).args(if locked {
        ["ci"].as_slice()
    } else {
        &["install", "--no-package-lock"]
    }))?;
    stamp.set()?;
    Ok(Outcome::Ready("npm packages".to_string()))
}

/// The inputs of both packages.
fn stamp(project: &Project) -> Result<Stamp> {
    Stamp::of(project, "node-packages", &[ENGINE, &["bindings-node"]].concat(), "")
}

fn pack(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let stamp = stamp(project)?;
    if let Ok(found) = tarballs(project)
        && stamp.holds(&[&found.0, &found.1])
    {
        return Ok(Outcome::Ready("up to date".to_string()));
    }
    stamp.clear()?;
    files::remove_packages(project, "ohmq-", ".tgz")?;
    let folder = sources(project);
    shell.run(npm(project, &folder).args(["run", "build"]))?;
    for part in [folder.clone(), folder.join("npm").join(platform(project)?)] {
        shell.run(npm(project, &part).args(["pack", "--pack-destination"]).arg(project.dist()))?;
    }
    let (main, native) = tarballs(project)?;
    stamp.set()?;
    Ok(Outcome::Ready(format!("{}, {}", files::described(&main)?, files::described(&native)?)))
}

/// The main tarball and this platform's.
fn tarballs(project: &Project) -> Result<(PathBuf, PathBuf)> {
    let version = project.version()?;
    let main = files::package(project, &format!("ohmq-{version}"), ".tgz")?;
    let native = files::package(project, &format!("ohmq-{}", platform(project)?), ".tgz")?;
    Ok((main, native))
}

/// Node's name for this machine, as npm packages use it.
fn platform(project: &Project) -> Result<String> {
    let script = "const r = process.report?.getReport?.().header ?? {}; \
        const libc = process.platform === 'linux' ? (r.glibcVersionRuntime ? '-gnu' : '-musl') : ''; \
        console.log(process.platform + '-' + process.arch + libc)";
    let output =
        project.command("node").args(["-e", script]).output().context("node could not be started")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}

fn install_packages(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let (main, native) = tarballs(project)?;
    let made = stamp(project)?;
    let stamp = Stamp::of(project, "node-install", &[], &format!("{made:?}"))?;
    let folder = consumer(project);
    if stamp.holds(&[&folder.join("node_modules/ohmq")]) {
        return Ok(Outcome::Ready("up to date".to_string()));
    }
    stamp.clear()?;
    files::empty_folder(&folder)?;
    fs::write(
        folder.join("package.json"),
        "{ \"name\": \"consumer\", \"private\": true, \"type\": \"module\" }\n",
    )?;
    shell.run(npm(project, &folder).args(["install", "--no-save"]).arg(&native).arg(&main))?;
    stamp.set()?;
    Ok(Outcome::Ready(format!("{} in an empty project", files::name(&main))))
}

/// The tests are copied into the project that has the installed package, so that they can import nothing else of ours.
fn test(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let folder = consumer(project).join("test");
    files::empty_folder(&folder)?;
    files::copy_folder(&sources(project).join("test"), &folder, &[])?;
    let report = files::fresh_report(project, "node.xml")?;
    let mut node = project.command("node");
    node.current_dir(consumer(project)).args(["--test", "--test-timeout=120000", "--test-reporter=junit"]);
    node.arg(format!("--test-reporter-destination={}", report.display())).args(test_files(&folder)?);
    // Where the tests find the library that they compare with; the package itself needs none.
    node.env("OHMQ_PEERS", sources(project).join("node_modules"));
    node.env("OHMQ_TESTEE", rust::built(project, "ohmq-testee"));
    let read = |_: &_| Ok(counts::junit(&fs::read_to_string(&report).context("node wrote no report")?));
    shell.test(&mut node, read).map(Outcome::Tested)
}

/// Named one by one: what Node takes for a test by itself differs between its versions.
fn test_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| files::name(file).contains(".test."));
    files.sort();
    Ok(files)
}

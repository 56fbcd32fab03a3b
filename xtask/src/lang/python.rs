//! Python: the wheel is built by maturin, installed into an empty virtual environment, and tested there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{files, rust};
use crate::counts;
use crate::project::Project;
use crate::shell::Shell;
use crate::stamp::{ENGINE, Stamp};
use crate::step::{Outcome, Step};
use crate::tool::Tool;

/// What builds the wheel.
const BUILDER: &[&str] = &["maturin==1.16.0"];
/// The reference peer: libzmq in pyzmq's own wheel, and what runs the tests.
const TESTERS: &[&str] = &["pyzmq==27.3.0", "pytest>=8,<10"];

pub const TOOLS: &str = "python: tools";
pub const PACKAGE: &str = "python: wheel";
pub const INSTALL: &str = "python: install";

/// Fetches what building needs.
pub fn setup() -> Vec<Step> {
    vec![Step::new(TOOLS, tools).needs([Tool::Python, Tool::Venv, Tool::Git])]
}

/// Builds the wheel.
pub fn package() -> Vec<Step> {
    let mut steps = setup();
    steps.push(Step::new(PACKAGE, wheel).needs([Tool::Compiler]).after([TOOLS]));
    steps
}

/// Installs the wheel as a user would. The actors of the conformance runs use the same environment.
pub fn install() -> Vec<Step> {
    let mut steps = package();
    steps.push(Step::new(INSTALL, install_wheel).after([PACKAGE]));
    steps
}

pub fn tests() -> Vec<Step> {
    // The tests exchange messages with a process of another language, the Rust testee.
    let mut steps = rust::testee();
    steps.extend(install());
    steps.push(Step::test("python: tests", pytest).after([INSTALL, rust::TESTEE]));
    steps
}

/// The interpreter that has the installed wheel.
pub fn interpreter(project: &Project) -> PathBuf {
    environment(project).join("bin/python")
}

/// The empty project into which the wheel is installed.
pub fn consumer(project: &Project) -> PathBuf {
    project.work().join("consumers/python")
}

/// How the consumer's program is started.
pub fn program(project: &Project) -> Result<Vec<String>> {
    let script = consumer(project).join("program.py");
    fs::copy(project.root.join("xtask/consumers/python/program.py"), &script)?;
    Ok(vec![interpreter(project).display().to_string(), script.display().to_string()])
}

fn environment(project: &Project) -> PathBuf {
    consumer(project).join("venv")
}

fn tools(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let folder = project.work().join("python-tools");
    let stamp = Stamp::of(project, "python-tools", &[], &BUILDER.concat())?;
    if stamp.holds(&[&folder.join("bin/maturin")]) {
        return Ok(Outcome::Ready("up to date".to_string()));
    }
    stamp.clear()?;
    make_environment(project, shell, &folder)?;
    shell.run(pip(project, &folder).args(BUILDER))?;
    stamp.set()?;
    Ok(Outcome::Ready(BUILDER.join(", ")))
}

fn wheel(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let stamp = Stamp::of(project, "python-wheel", &[ENGINE, &["bindings-python"]].concat(), "")?;
    if let Ok(wheel) = find_wheel(project)
        && stamp.holds(&[&wheel])
    {
        return Ok(Outcome::Ready(format!("{} is up to date", files::name(&wheel))));
    }
    stamp.clear()?;
    files::remove_packages(project, "ohmq-", ".whl")?;
    let mut maturin = project.command(project.work().join("python-tools/bin/maturin"));
    maturin.args(["build", "--manifest-path", "bindings-python/Cargo.toml", "--out"]).arg(project.dist());
    shell.run(&mut maturin)?;
    let wheel = find_wheel(project)?;
    stamp.set()?;
    Ok(Outcome::Ready(files::described(&wheel)?))
}

fn install_wheel(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let wheel = find_wheel(project)?;
    let made = Stamp::of(project, "python-wheel", &[ENGINE, &["bindings-python"]].concat(), "")?;
    let stamp = Stamp::of(project, "python-install", &[], &format!("{made:?} {TESTERS:?}"))?;
    if stamp.holds(&[&interpreter(project)]) {
        return Ok(Outcome::Ready("up to date".to_string()));
    }
    stamp.clear()?;
    let testers =
        Stamp::of(project, "python-testers", &["bindings-python/pyproject.toml"], &TESTERS.concat())?;
    if !testers.holds(&[&interpreter(project)]) {
        testers.clear()?;
        make_environment(project, shell, &environment(project))?;
    }
    // The package itself is always installed anew: what stays is only what runs the tests.
    let mut pip_uninstall = project.command(interpreter(project));
    shell.run(pip_uninstall.args(["-m", "pip", "uninstall", "--quiet", "--yes", "ohmq"]))?;
    let mut pip = pip(project, &environment(project));
    shell.run(pip.arg(format!("{}[test]", wheel.display())).args(TESTERS))?;
    testers.set()?;
    stamp.set()?;
    Ok(Outcome::Ready(format!("{} in a virtual environment", files::name(&wheel))))
}

fn find_wheel(project: &Project) -> Result<PathBuf> {
    files::package(project, "ohmq-", ".whl")
}

/// The tests run outside the source tree: only the installed package can be imported.
fn pytest(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let report = files::fresh_report(project, "python.xml")?;
    let mut pytest = Command::new(interpreter(project));
    pytest.env("OHMQ_RUST_TESTEE", rust::built(project, "ohmq-testee"));
    pytest.current_dir(consumer(project)).args(["-m", "pytest", "-p", "no:cacheprovider", "-q"]);
    pytest.arg(project.root.join("bindings-python/tests")).arg("--junitxml").arg(&report);
    let read = |_: &_| Ok(counts::junit(&fs::read_to_string(&report).context("pytest wrote no report")?));
    shell.test(&mut pytest, read).map(Outcome::Tested)
}

fn make_environment(project: &Project, shell: &Shell<'_>, folder: &Path) -> Result<()> {
    shell.run(project.command("python3").args(["-m", "venv", "--clear"]).arg(folder)).map(drop)
}

fn pip(project: &Project, environment: &Path) -> Command {
    let mut pip = project.command(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    pip.env("PIP_ROOT_USER_ACTION", "ignore");
    pip
}

//! Swift: the engine's static library goes into the Swift package, which is tested and bundled.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::{files, rust};
use crate::counts;
use crate::project::Project;
use crate::readme;
use crate::shell::{Finished, Shell};
use crate::stamp::{ENGINE, Stamp};
use crate::step::{Outcome, Step};
use crate::swift::{NotAvailable, Swift};
use crate::tool::Tool;

pub const TOOLCHAIN: &str = "swift: toolchain";
pub const LIBRARY: &str = "swift: static library";
pub const PACKAGE: &str = "swift: bundle";
pub const TESTEE: &str = "swift: testee";
pub const CONSUMER: &str = "swift: install";

/// The package manager's name for this machine, as `Package.swift` expects it below `lib/`.
const SYSTEM: &str = if cfg!(target_os = "macos") {
    "macos"
} else if cfg!(target_arch = "aarch64") {
    "linux-aarch64"
} else {
    "linux-x86_64"
};

/// Finds Swift, or makes a root that has it.
pub fn setup() -> Vec<Step> {
    vec![Step::new(TOOLCHAIN, |_, shell| match Swift::set_up(&|command| shell.run(command)) {
        Ok(swift) => Ok(Outcome::Ready(swift.to_string())),
        Err(NotAvailable { reason }) => Ok(Outcome::NotRun(reason)),
    })]
}

/// Builds the static library and bundles it with the Swift sources.
pub fn package() -> Vec<Step> {
    let library = Step::new(LIBRARY, library).needs([Tool::Git]);
    vec![library, Step::new(PACKAGE, bundle).after([LIBRARY])]
}

/// The bundle needs no Swift to be made, but nothing can test it without.
fn package_with_toolchain() -> Vec<Step> {
    package().into_iter().map(|step| step.after([TOOLCHAIN])).collect()
}

pub fn tests() -> Vec<Step> {
    let mut steps = setup();
    steps.extend(package_with_toolchain());
    steps.push(Step::test("swift: tests", test).after([TOOLCHAIN, LIBRARY]));
    steps
}

/// The actor of the conformance runs.
pub fn testee() -> Vec<Step> {
    let mut steps = setup();
    steps.extend(package_with_toolchain());
    steps.push(Step::new(TESTEE, build_testee).after([TOOLCHAIN, PACKAGE]));
    steps
}

/// Puts the unpacked bundle beside an empty package that depends on it, and builds its programs.
pub fn consumer() -> Vec<Step> {
    let mut steps = setup();
    steps.extend(package_with_toolchain());
    steps.push(Step::new(CONSUMER, build_consumer).after([TOOLCHAIN, PACKAGE]));
    steps
}

/// How the actor is started.
pub fn testee_command(project: &Project) -> Result<Vec<String>> {
    program_in(&project.work().join("swift-testee"), "testee")
}

/// How the consumer's program is started.
pub fn program(project: &Project) -> Result<Vec<String>> {
    consumer_program(project, "program")
}

/// How one of the consumer's programs is started.
pub fn consumer_program(project: &Project, name: &str) -> Result<Vec<String>> {
    program_in(&project.work().join("swift-consumer"), name)
}

/// The words that start a program which SwiftPM built with this scratch folder.
fn program_in(scratch: &Path, name: &str) -> Result<Vec<String>> {
    let mut words = Swift::find()?.launcher();
    words.push(scratch.join("release").join(name).display().to_string());
    Ok(words)
}

/// `swift build` of a package folder, with its products in `scratch`.
fn build(project: &Project, folder: &Path, scratch: &Path) -> Result<Command> {
    fs::create_dir_all(scratch)?;
    let mut swift = swift(project, folder)?;
    swift.args(["build", "--configuration", "release", "--disable-automatic-resolution", "--scratch-path"]);
    swift.arg(scratch);
    Ok(swift)
}

/// The folder that holds the bundle as a user would unpack it.
fn unpacked(project: &Project) -> PathBuf {
    project.work().join("swift-bundle/OhMQ")
}

fn swift(project: &Project, folder: &Path) -> Result<Command> {
    Ok(Swift::find()?.command(folder, &[project.root.as_path(), project.target.as_path()]))
}

fn library(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let library = library_place(project);
    shell.run(project.cargo().args(["build", "--profile", rust::PROFILE, "-p", "ohmq-swift"]))?;
    fs::create_dir_all(library.parent().unwrap_or(&project.root))?;
    let built = rust::built(project, "libohmq_swift.a");
    // A file that did not change keeps its time, so that Swift does not link everything again.
    if fs::read(&library).ok() != Some(fs::read(&built)?) {
        fs::copy(&built, &library)?;
    }
    Ok(Outcome::Ready(files::described(&library)?))
}

fn bundle(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let name = format!("OhMQ-swift-{}-{SYSTEM}.tar.gz", project.version()?);
    let archive = project.dist().join(&name);
    let stamp = Stamp::of(project, "swift-bundle", &[ENGINE, &["bindings-swift"]].concat(), &name)?;
    if stamp.holds(&[&archive, &unpacked(project)]) {
        return Ok(Outcome::Ready(format!("{name} is up to date")));
    }
    stamp.clear()?;
    files::remove_packages(project, "OhMQ-swift-", ".tar.gz")?;
    let folder = unpacked(project);
    files::empty_folder(&folder)?;
    for part in ["Package.swift", "README.md", "Sources", "lib"] {
        let from = project.root.join("bindings-swift").join(part);
        if from.is_dir() {
            files::copy_folder(&from, &folder.join(part), &[])?;
        } else if from.exists() {
            fs::copy(&from, folder.join(part))?;
        }
    }
    fs::copy(project.root.join("LICENSE-MIT"), folder.join("LICENSE-MIT"))?;
    fs::copy(project.root.join("LICENSE-APACHE"), folder.join("LICENSE-APACHE"))?;
    let parent = folder.parent().unwrap_or(&folder);
    shell.run(project.command("tar").arg("-czf").arg(&archive).arg("-C").arg(parent).arg("OhMQ"))?;
    stamp.set()?;
    Ok(Outcome::Ready(files::described(&archive)?))
}

fn test(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let mut command = swift(project, &project.root.join("bindings-swift"))?;
    let scratch = project.work().join("swift-tests");
    fs::create_dir_all(&scratch)?;
    link_again(project, &scratch.join("debug/OhMQPackageTests.xctest"))?;
    command.args(["test", "--scratch-path"]).arg(scratch);
    let read = |finished: &Finished| Ok(counts::swift(&finished.text));
    shell.test(&mut command, read).map(Outcome::Tested)
}

/// SwiftPM does not know that a program is made of the static library too: one that is older is removed, to be linked anew.
fn link_again(project: &Project, program: &Path) -> Result<()> {
    let age = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    if age(program) < age(&library_place(project)) && program.is_file() {
        fs::remove_file(program)?;
    }
    Ok(())
}

fn library_place(project: &Project) -> PathBuf {
    project.root.join("bindings-swift/lib").join(SYSTEM).join("libohmq_swift.a")
}

fn build_testee(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let sources = "tests-polyglot/testees/swift";
    let program = project.work().join("swift-testee/release/testee");
    let stamp = Stamp::of(project, "swift-testee", &[ENGINE, &["bindings-swift", sources]].concat(), "")?;
    if stamp.holds(&[&program]) {
        return Ok(Outcome::Ready("up to date".to_string()));
    }
    stamp.clear()?;
    link_again(project, &program)?;
    shell.run(&mut build(project, &project.root.join(sources), &project.work().join("swift-testee"))?)?;
    stamp.set()?;
    Ok(Outcome::Ready("Swift testee".to_string()))
}

fn build_consumer(project: &Project, shell: &Shell<'_>) -> Result<Outcome> {
    let folder = project.work().join("consumers/swift");
    let inputs = [ENGINE, &["bindings-swift", "xtask/consumers/swift", "README.md"]].concat();
    let stamp = Stamp::of(project, "swift-install", &inputs, "")?;
    if stamp.holds(&[&project.work().join("swift-consumer/release/program")]) {
        return Ok(Outcome::Ready("up to date".to_string()));
    }
    stamp.clear()?;
    files::empty_folder(&folder)?;
    files::copy_folder(&project.root.join("xtask/consumers/swift"), &folder, &[])?;
    files::copy_folder(&unpacked(project), &folder.join("OhMQ"), &[])?;
    fs::create_dir_all(folder.join("Sources/readme"))?;
    fs::write(folder.join("Sources/readme/main.swift"), readme::quick_start(project, "swift")?)?;
    shell.run(&mut build(project, &folder, &project.work().join("swift-consumer"))?)?;
    stamp.set()?;
    Ok(Outcome::Ready("the bundle in an empty package".to_string()))
}

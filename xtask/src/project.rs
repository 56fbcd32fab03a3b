//! Where things are: the repository, cargo's target folder, and the folders that xtask makes inside it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The repository that xtask works on.
#[derive(Debug)]
pub struct Project {
    pub root: PathBuf,
    pub target: PathBuf,
    metadata: Value,
}

/// One package of the workspace, as `cargo metadata` tells it.
#[derive(Debug)]
pub struct Package {
    pub name: String,
    pub folder: PathBuf,
    pub published: bool,
    pub default_member: bool,
    /// The names of the packages it depends on, of every kind (normal, build, dev), inside the workspace or not.
    pub dependencies: Vec<String>,
}

impl Project {
    /// Finds the repository that this xtask belongs to.
    pub fn find() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let folder = manifest.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        Self::at(folder.parent().context("xtask is not inside a repository")?)
    }

    /// The project whose workspace manifest is in `root`.
    pub fn at(root: &Path) -> Result<Self> {
        let mut cargo = Command::new(cargo_program());
        cargo.args(["metadata", "--format-version=1", "--no-deps", "--offline"]).current_dir(root);
        let output = cargo.output().context("cargo metadata could not be started")?;
        if !output.status.success() {
            bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let target =
            metadata["target_directory"].as_str().context("cargo metadata names no target folder")?;
        Ok(Self { root: root.to_path_buf(), target: PathBuf::from(target), metadata })
    }

    /// What xtask makes for itself (logs, virtual environments, consumer projects) and may be deleted at any time.
    pub fn work(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// Where the packages that a user would install are put.
    pub fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// `cargo`, to be run in the root of the repository.
    pub fn cargo(&self) -> Command {
        self.command(cargo_program())
    }

    /// Any program, to be run in the root of the repository.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        // What `cargo run` tells xtask about xtask would make build scripts below believe that their input changed.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        command
    }

    /// The version that every package of the project has.
    pub fn version(&self) -> Result<String> {
        let manifest = fs::read_to_string(self.root.join("Cargo.toml"))?;
        let after = manifest.split("[workspace.package]").nth(1).context("no [workspace.package]")?;
        let line = after.lines().find(|line| line.starts_with("version")).context("no workspace version")?;
        Ok(line.split('"').nth(1).context("the workspace version is not quoted")?.to_string())
    }

    /// The packages of the workspace.
    pub fn packages(&self) -> Vec<Package> {
        let default = &self.metadata["workspace_default_members"];
        let packages = self.metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        packages.iter().map(|package| read_package(package, default)).collect()
    }

    /// The packages that plain `cargo test` leaves out: the bindings and the conformance programs.
    pub fn other_packages(&self) -> Vec<String> {
        self.packages()
            .into_iter()
            .filter(|package| !package.default_member)
            .map(|package| package.name)
            .collect()
    }

    /// The files that are, or would be, part of a commit: relative to the root, sorted.
    pub fn files(&self) -> Result<Vec<PathBuf>> {
        let text = self.git(&["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?;
        let mut files: Vec<PathBuf> =
            text.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from).collect();
        files.retain(|file| self.root.join(file).is_file());
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// Asks git about the root. What was unpacked from an archive is no repository: an empty one, kept aside, stands in
    /// for it, so that git still knows what is ignored.
    fn git(&self, question: &[&str]) -> Result<String> {
        let mut git = Command::new("git");
        git.current_dir(&self.root);
        if !self.root.ancestors().any(|folder| folder.join(".git").exists()) {
            let aside = self.work().join("files.git");
            if !aside.exists() {
                fs::create_dir_all(self.work())?;
                answer(Command::new("git").args(["init", "--quiet", "--bare"]).arg(&aside))?;
            }
            git.arg("--git-dir").arg(aside).arg("--work-tree").arg(&self.root);
        }
        answer(git.args(question))
    }
}

/// What git says to this, which must work.
fn answer(git: &mut Command) -> Result<String> {
    let output = git.output().context("git could not be started")?;
    if !output.status.success() {
        bail!("git failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn cargo_program() -> std::ffi::OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn read_package(package: &Value, default_members: &Value) -> Package {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    Package {
        name: text(&package["name"]),
        folder: Path::new(&text(&package["manifest_path"]))
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default(),
        // `publish = false` is an empty list of registries.
        published: package["publish"].is_null(),
        default_member: list(default_members).contains(&package["id"]),
        dependencies: list(&package["dependencies"])
            .iter()
            .map(|dependency| text(&dependency["name"]))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_found_with_its_packages() {
        let project = Project::find().unwrap();
        let packages = project.packages();
        let spec = packages.iter().find(|package| package.name == "ohmq-spec").unwrap();
        assert!(spec.published && spec.default_member && spec.folder.ends_with("core/spec"));
        let xtask = packages.iter().find(|package| package.name == "xtask").unwrap();
        assert!(!xtask.published && xtask.dependencies.iter().any(|name| name == "ohmq-spec"));
        assert!(project.other_packages().iter().any(|name| name == "ohmq-python"));
        assert!(project.version().unwrap().split('.').count() == 3);
    }

    #[test]
    fn the_files_of_an_unpacked_archive_are_those_that_are_not_ignored() {
        let (_folder, project) = crate::check::small_project("//! One.\n");
        fs::write(project.root.join(".gitignore"), "/target/\n*.log\n").unwrap();
        fs::write(project.root.join("build.log"), "x").unwrap();
        let names = [".gitignore", "Cargo.toml", "src/lib.rs"].map(PathBuf::from);
        assert_eq!(project.files().unwrap(), names);
        // The second time the stand-in is there.
        assert_eq!(project.files().unwrap(), names);
    }
}

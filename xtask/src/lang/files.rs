//! Small work with files that every language needs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::project::Project;

/// The place of a test report of this name. A report of an earlier run must not speak for this one, so it is removed.
pub fn fresh_report(project: &Project, name: &str) -> Result<PathBuf> {
    let folder = project.work().join("reports");
    fs::create_dir_all(&folder)?;
    let report = folder.join(name);
    if report.is_dir() {
        fs::remove_dir_all(&report)?;
    } else if report.exists() {
        fs::remove_file(&report)?;
    }
    Ok(report)
}

/// The one file of the packages' folder whose name starts and ends like this.
pub fn package(project: &Project, start: &str, end: &str) -> Result<PathBuf> {
    let found = packages(project, start, end);
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => bail!("there is no {start}*{end} in {}", project.dist().display()),
        more => bail!("there are {} files {start}*{end} in {}", more.len(), project.dist().display()),
    }
}

/// Removes older packages whose names start and end like this, so that the new one is the only one.
pub fn remove_packages(project: &Project, start: &str, end: &str) -> Result<()> {
    fs::create_dir_all(project.dist())?;
    for old in packages(project, start, end) {
        fs::remove_file(old)?;
    }
    Ok(())
}

/// An empty folder at this place.
pub fn empty_folder(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))
}

/// Copies a folder with all that is in it, except what `skip` names.
pub fn copy_folder(from: &Path, to: &Path, skip: &[&str]) -> Result<()> {
    fs::create_dir_all(to)?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if skip.iter().any(|skipped| name == *skipped) {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target, skip)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

pub fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// A file's name and size, as the table shows them.
pub fn described(path: &Path) -> Result<String> {
    let bytes = fs::metadata(path).with_context(|| format!("there is no {}", path.display()))?.len();
    Ok(format!("{} ({} KiB)", name(path), bytes.div_ceil(1024)))
}

fn packages(project: &Project, start: &str, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(project.dist()).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| name(path).starts_with(start) && name(path).ends_with(end))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::small_project;

    #[test]
    fn the_one_package_is_found() {
        let (_folder, project) = small_project("//! One.\n");
        assert!(package(&project, "ohmq-", ".whl").is_err());
        remove_packages(&project, "ohmq-", ".whl").unwrap();
        fs::write(project.dist().join("ohmq-0.1.0.whl"), "x").unwrap();
        fs::write(project.dist().join("ohmq-0.1.0.tgz"), "x").unwrap();
        assert_eq!(name(&package(&project, "ohmq-", ".whl").unwrap()), "ohmq-0.1.0.whl");
        fs::write(project.dist().join("ohmq-0.2.0.whl"), "x").unwrap();
        assert!(package(&project, "ohmq-", ".whl").unwrap_err().to_string().contains("2 files"));
    }

    #[test]
    fn folders_are_copied_without_what_is_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        fs::create_dir_all(from.join("a/node_modules")).unwrap();
        fs::write(from.join("a/b"), "b").unwrap();
        copy_folder(&from, &folder.path().join("to"), &["node_modules"]).unwrap();
        assert!(folder.path().join("to/a/b").exists() && !folder.path().join("to/a/node_modules").exists());
    }
}

//! Remembers from which inputs something was made, so that it is made again only when they changed.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::project::Project;

/// What the engine's packages are made from, whatever the language.
pub const ENGINE: &[&str] = &["Cargo.toml", "Cargo.lock", "core"];

/// A record of the inputs of one product.
#[derive(Debug)]
pub struct Stamp {
    file: PathBuf,
    now: String,
}

impl Stamp {
    /// The stamp of the product called `name`, made from these files and folders of the project, and from `settings`.
    pub fn of(project: &Project, name: &str, inputs: &[&str], settings: &str) -> Result<Self> {
        let mut hasher = DefaultHasher::new();
        settings.hash(&mut hasher);
        for file in project.files()? {
            if inputs.iter().any(|input| file.starts_with(input)) {
                file.hash(&mut hasher);
                fs::read(project.root.join(&file))?.hash(&mut hasher);
            }
        }
        let file = project.work().join("stamps").join(name);
        Ok(Self { file, now: format!("{:016x}", hasher.finish()) })
    }

    /// Whether the product, whose files are given, was made from the same inputs and is still there.
    pub fn holds(&self, products: &[&Path]) -> bool {
        let same = fs::read_to_string(&self.file).is_ok_and(|stamp| stamp == self.now);
        same && products.iter().all(|product| product.exists())
    }

    /// The product is about to be made anew: until it is there, no stamp vouches for it.
    pub fn clear(&self) -> Result<()> {
        if self.file.exists() {
            fs::remove_file(&self.file)?;
        }
        Ok(())
    }

    /// The product was made.
    pub fn set(&self) -> Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(&self.file, &self.now)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::small_project;

    #[test]
    fn a_stamp_holds_until_an_input_changes() {
        let (_folder, project) = small_project("//! One.\n");
        let git = |arguments: &[&str]| project.command("git").args(arguments).status().unwrap().success();
        assert!(git(&["init", "--quiet", "."]));
        let product = project.root.join("product");
        let stamp = || Stamp::of(&project, "unit", &["src"], "dist").unwrap();
        assert!(!stamp().holds(&[]));
        stamp().set().unwrap();
        assert!(stamp().holds(&[]) && !stamp().holds(&[&product]));
        fs::write(&product, "x").unwrap();
        assert!(stamp().holds(&[&product]));
        fs::write(project.root.join("src/lib.rs"), "//! Two.\n").unwrap();
        assert!(!stamp().holds(&[&product]));
        stamp().set().unwrap();
        assert!(!Stamp::of(&project, "unit", &["src"], "dev").unwrap().holds(&[&product]));
        stamp().clear().unwrap();
        assert!(!stamp().holds(&[&product]));
    }
}

//! Who takes part: the six actors, the command that starts each, and why one is missing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// The actors in the order of every table; `libzmq` is the reference.
pub(crate) const NAMES: [&str; 6] = ["rust", "python", "node", "java", "swift", "libzmq"];

/// How to start one actor.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// The actor's name.
    pub(crate) name: String,
    /// Program and arguments.
    pub(crate) command: Vec<String>,
    /// The repository's root, where the command runs.
    pub(crate) root: PathBuf,
}

/// The actors of one run.
#[derive(Debug, Clone)]
pub(crate) struct Roster {
    recipes: BTreeMap<String, Recipe>,
    missing: BTreeMap<String, String>,
    /// The repository's root.
    pub(crate) root: PathBuf,
}

impl Roster {
    /// From `NAME=COMMAND` and `NAME=REASON` arguments; actors in neither list are missing.
    pub(crate) fn new(root: &Path, actors: &[String], not_run: &[String]) -> Result<Self> {
        let mut roster = Self { recipes: BTreeMap::new(), missing: BTreeMap::new(), root: root.to_owned() };
        for argument in not_run {
            let (name, reason) = split(argument)?;
            roster.missing.insert(name, reason);
        }
        for argument in actors {
            let (name, command) = split(argument)?;
            let command = words(&command);
            if command.is_empty() {
                bail!("--actor {name}: empty command");
            }
            roster.missing.remove(&name);
            roster.recipes.insert(name.clone(), Recipe { name, command, root: root.to_owned() });
        }
        for name in NAMES {
            if !roster.recipes.contains_key(name) {
                roster.missing.entry(name.to_owned()).or_insert_with(|| "no command given".to_owned());
            }
        }
        Ok(roster)
    }

    /// The recipe of an actor that can run.
    pub(crate) fn recipe(&self, name: &str) -> Option<&Recipe> {
        self.recipes.get(name)
    }

    /// The recipe of an actor this command cannot do without.
    pub(crate) fn require(&self, name: &str) -> Result<&Recipe> {
        self.recipe(name).with_context(|| format!("{name} is needed and cannot run: {}", self.reason(name)))
    }

    /// The actors that can run, in table order.
    pub(crate) fn present(&self) -> Vec<&'static str> {
        NAMES.into_iter().filter(|name| self.recipes.contains_key(*name)).collect()
    }

    /// Why an actor cannot run; empty when it can.
    pub(crate) fn reason(&self, name: &str) -> &str {
        self.missing.get(name).map_or("", String::as_str)
    }

    /// Why a test with an actor that cannot run is skipped: one line.
    pub(crate) fn absence(&self, name: &str) -> String {
        format!("{name} not run: {}", self.reason(name).lines().collect::<Vec<_>>().join(" "))
    }
}

/// Splits `NAME=REST` and checks the name.
fn split(argument: &str) -> Result<(String, String)> {
    let (name, rest) =
        argument.split_once('=').with_context(|| format!("{argument}: NAME=VALUE expected"))?;
    if !NAMES.contains(&name) {
        bail!("{name}: not an actor; the actors are {}", NAMES.join(", "));
    }
    Ok((name.to_owned(), rest.to_owned()))
}

/// Splits a command at blanks; single and double quotes group.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in command.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_split_at_blanks_outside_quotes() {
        assert_eq!(words(r#"node  "a b.mjs" 'c d'e "" "#), ["node", "a b.mjs", "c de", ""]);
    }

    #[test]
    fn an_actor_without_a_command_is_missing_with_a_reason() {
        let actors = ["rust=target/debug/ohmq-testee".to_owned()];
        let roster = Roster::new(Path::new("."), &actors, &["swift=no toolchain".to_owned()]).unwrap();
        assert_eq!(roster.present(), ["rust"]);
        assert_eq!(roster.reason("swift"), "no toolchain");
        assert_eq!(roster.reason("node"), "no command given");
        let torn = Roster::new(Path::new("."), &[], &["java=no\nJDK".to_owned()]).unwrap();
        assert_eq!(torn.absence("java"), "java not run: no JDK");
        assert!(Roster::new(Path::new("."), &["perl=x".to_owned()], &[]).is_err());
    }
}

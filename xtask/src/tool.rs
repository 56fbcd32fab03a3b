//! The programs that xtask needs from the machine: what each is for, how to see that it is there, how to get it.

use std::process::{Command, Stdio};

use crate::display::plain;

/// A prerequisite that xtask does not install by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    Git,
    Rustfmt,
    Clippy,
    Compiler,
    Python,
    Venv,
    Node,
    Npm,
    Jdk,
    Maven,
    /// One that no machine has.
    #[cfg(test)]
    Absent,
}

struct Facts {
    name: &'static str,
    /// The command that shows it is there; its output holds the version.
    probe: &'static [&'static str],
    /// The lowest version (major, minor) that is known to do.
    least: Option<(u32, u32)>,
    purpose: &'static str,
    install: &'static str,
}

impl Tool {
    const fn facts(self) -> Facts {
        match self {
            Tool::Git => Facts {
                name: "git",
                probe: &["git", "--version"],
                least: None,
                purpose: "lists the files that belong to the project",
                install: "install your system's package `git`",
            },
            Tool::Rustfmt => Facts {
                name: "rustfmt",
                probe: &["cargo", "fmt", "--version"],
                least: None,
                purpose: "checks the format of the Rust sources",
                install: "rustup component add rustfmt",
            },
            Tool::Clippy => Facts {
                name: "clippy",
                probe: &["cargo", "clippy", "--version"],
                least: None,
                purpose: "lints the Rust sources",
                install: "rustup component add clippy",
            },
            Tool::Compiler => Facts {
                name: "C compiler",
                probe: &["cc", "--version"],
                least: None,
                purpose: "links the libraries that Python, Node and Java load",
                install: "install your system's package `gcc` or `clang`",
            },
            Tool::Python => Facts {
                name: "Python",
                probe: &["python3", "--version"],
                least: Some((3, 11)),
                purpose: "builds and tests the Python package; also runs the libzmq reference peer",
                install: "install Python 3.11 or newer (Debian: python3)",
            },
            Tool::Venv => Facts {
                name: "Python's venv",
                // Debian splits off what `python3 -m venv` needs, and leaves the module itself there.
                probe: &["python3", "-c", "import ensurepip, venv"],
                least: None,
                purpose: "makes the environments in which the Python package is built and tested",
                install: "install Python's venv and ensurepip modules (Debian: python3-venv)",
            },
            Tool::Node => Facts {
                name: "Node",
                probe: &["node", "--version"],
                least: Some((20, 0)),
                purpose: "builds and tests the Node package",
                install: "install Node 20 or newer (Debian 13: nodejs; that of Debian 12 is too old)",
            },
            Tool::Npm => Facts {
                name: "npm",
                probe: &["npm", "--version"],
                least: None,
                purpose: "fetches what the Node package is built with, and packs it",
                install: "install npm (it comes with Node; Debian: npm)",
            },
            Tool::Jdk => Facts {
                name: "JDK",
                probe: &["javac", "-version"],
                least: Some((17, 0)),
                purpose: "builds and tests the Java package",
                install: "install a JDK 17 or newer (Debian: default-jdk-headless)",
            },
            Tool::Maven => Facts {
                name: "Maven",
                probe: &["mvn", "--version"],
                least: Some((3, 6)),
                purpose: "builds, tests and installs the Java package",
                install: "install Maven 3.6 or newer (Debian: maven)",
            },
            #[cfg(test)]
            Tool::Absent => {
                Facts { name: "nothing", probe: &[], least: None, purpose: "does nothing", install: "wait" }
            }
        }
    }

    /// Nothing when the tool is there and new enough; else one sentence: what is missing, what for, how to get it.
    pub fn missing(self) -> Option<String> {
        let facts = self.facts();
        let output = run(facts.probe);
        judge(&facts, output.as_deref())
    }
}

fn run(probe: &[&str]) -> Option<String> {
    let (program, arguments) = probe.split_first()?;
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let both = [output.stdout, output.stderr].concat();
    // Some tools colour their answer even where nobody sees it.
    output.status.success().then(|| plain(&String::from_utf8_lossy(&both)))
}

fn judge(facts: &Facts, output: Option<&str>) -> Option<String> {
    let problem = match (output, facts.least) {
        (None, _) => "is missing".to_string(),
        (Some(_), None) => return None,
        (Some(text), Some(least)) => match version_in(text) {
            Some(found) if found >= least => return None,
            Some((major, minor)) => format!("is {major}.{minor}, older than {}.{}", least.0, least.1),
            None => "does not tell its version".to_string(),
        },
    };
    Some(format!("{} {problem} (it {}): {}", facts.name, facts.purpose, facts.install))
}

/// The first `N.N` or lone `N` of a version report.
fn version_in(text: &str) -> Option<(u32, u32)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let word: String = text[start..].chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let mut numbers = word.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next().flatten().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_named_with_its_purpose_and_cure() {
        let text = judge(&Tool::Maven.facts(), None).unwrap();
        assert!(
            text.contains("Maven is missing")
                && text.contains("Java package")
                && text.contains("install Maven")
        );
    }

    #[test]
    fn an_old_tool_is_not_enough() {
        assert!(judge(&Tool::Python.facts(), Some("Python 3.9.2")).unwrap().contains("3.9, older than 3.11"));
        assert_eq!(judge(&Tool::Python.facts(), Some("Python 3.11.7")), None);
        assert_eq!(judge(&Tool::Node.facts(), Some("v20.1.0")), None);
        assert_eq!(judge(&Tool::Jdk.facts(), Some("javac 17.0.15")), None);
        assert!(judge(&Tool::Jdk.facts(), Some("nonsense")).is_some());
    }

    #[test]
    fn a_program_that_is_not_there_is_not_an_error() {
        assert_eq!(run(&["no-such-program-of-ohmq"]), None);
        assert_eq!(run(&[]), None);
        assert_eq!(run(&["printf", "\\033[1mMaven 3.8.7\\033[m"]).as_deref(), Some("Maven 3.8.7"));
    }
}

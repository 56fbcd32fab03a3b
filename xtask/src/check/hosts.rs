//! The registry hosts that this machine's tools are configured with, so that none of them gets into a commit.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::project::Project;

/// A host, and the tool whose configuration names it.
#[derive(Debug, PartialEq, Eq)]
pub struct Host {
    pub name: String,
    pub tool: &'static str,
}

/// Hosts that configurations name without fetching packages from them: name spaces of XML, Cargo's name for its index.
const HARMLESS: &[&str] = &["github.com", "apache.org", "w3.org", "localhost", "127.0.0.1"];

/// All such hosts of this machine.
pub fn configured(project: &Project) -> Vec<Host> {
    let mut hosts = Vec::new();
    for (tool, text) in configurations(project) {
        for name in hosts_in(&text) {
            if !hosts.iter().any(|host: &Host| host.name == name) {
                hosts.push(Host { name, tool });
            }
        }
    }
    hosts
}

fn configurations(project: &Project) -> Vec<(&'static str, String)> {
    let home = PathBuf::from(env::var_os("HOME").unwrap_or_default());
    let cargo_home = env::var_os("CARGO_HOME").map_or(home.join(".cargo"), PathBuf::from);
    let mut texts = vec![
        ("pip", output(project, "python3", &["-m", "pip", "config", "list"])),
        ("npm", output(project, "npm", &["config", "get", "registry"])),
    ];
    let files = [
        ("cargo", cargo_home.join("config.toml")),
        ("cargo", cargo_home.join("config")),
        ("Maven", home.join(".m2/settings.xml")),
        ("Maven", PathBuf::from("/etc/maven/settings.xml")),
        ("apt", PathBuf::from("/etc/apt/sources.list")),
    ];
    texts.extend(files.map(|(tool, file)| (tool, fs::read_to_string(file).unwrap_or_default())));
    for entry in fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten() {
        texts.push(("apt", fs::read_to_string(entry.path()).unwrap_or_default()));
    }
    for (name, value) in env::vars() {
        let name = name.to_ascii_uppercase();
        if ["CARGO_", "PIP_", "NPM_CONFIG_", "UV_"].iter().any(|prefix| name.starts_with(prefix)) {
            texts.push(("environment", value));
        }
    }
    texts
}

fn output(project: &Project, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(&project.root).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

fn hosts_in(text: &str) -> Vec<String> {
    let mut hosts = Vec::new();
    for (at, separator) in text.match_indices("://") {
        let rest = &text[at + separator.len()..];
        let authority = rest.split(|c: char| c == '/' || c.is_whitespace() || "\"'<>,".contains(c)).next();
        let host = authority.unwrap_or_default().rsplit('@').next().unwrap_or_default();
        let name = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let harmless = HARMLESS.iter().any(|known| name == *known || name.ends_with(&format!(".{known}")));
        if name.contains('.') && !harmless {
            hosts.push(name);
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_found_and_name_spaces_are_not() {
        let text = "index-url='https://user:secret@Mirror.Corp.example:8443/simple/'\nxmlns=http://www.w3.org/2001/\n\
            URIs: http://deb.corp.example/debian\nfile:///opt/wheels\n<url>http://maven.corp.example/repo</url>";
        assert_eq!(hosts_in(text), ["mirror.corp.example", "deb.corp.example", "maven.corp.example"]);
    }
}

//! Where the time goes: perf looks at both processes many times a second and notes what they are doing.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::NamedTempFile;

/// Looks a second at each CPU that computes.
const FREQUENCY: u32 = 5_000;

/// Functions with less than this share of their process are summed up.
const LEAST: f64 = 0.02;

/// Longer names lose their beginning.
const NAME: usize = 90;

/// A recording under way.
#[derive(Debug)]
pub struct Recording {
    perf: Child,
    output: NamedTempFile,
}

/// What one process did, by function, in seconds of CPU.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    kernel: BTreeMap<String, f64>,
    own: BTreeMap<String, f64>,
}

/// What all of them did.
#[derive(Debug)]
pub struct Profile {
    /// Each side, by what it does.
    pub sides: Vec<(&'static str, Process)>,
    /// Messages or round trips meanwhile.
    pub operations: f64,
}

/// Fails when perf is not there, or must not look.
pub fn available() -> Result<()> {
    let output = NamedTempFile::new()?;
    let mut command = recorder(&output);
    let tried =
        command.arg("true").output().context("`perf` is needed for a profile and is not installed")?;
    ensure!(
        tried.status.success(),
        "perf may not look at processes: {}",
        String::from_utf8_lossy(&tried.stderr).trim()
    );
    Ok(())
}

fn recorder(output: &NamedTempFile) -> Command {
    let mut command = Command::new("perf");
    command.args(["record", "-q", "-e", "cpu-clock", "-F", &FREQUENCY.to_string(), "-o"]).arg(output.path());
    command.stdin(Stdio::null());
    command
}

impl Recording {
    /// Records from now on, for so long.
    pub fn begin(processes: &[u32], window: Duration) -> Result<Self> {
        let output = NamedTempFile::new()?;
        let processes: Vec<String> = processes.iter().map(u32::to_string).collect();
        let mut command = recorder(&output);
        command.args(["-p", &processes.join(","), "--", "sleep", &window.as_secs_f64().to_string()]);
        let perf =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().context("perf did not start")?;
        Ok(Self { perf, output })
    }

    /// What each process did.
    pub fn end(mut self) -> Result<BTreeMap<u32, Process>> {
        let status = self.perf.wait()?;
        ensure!(status.success(), "perf ended with {status}");
        let mut command = Command::new("perf");
        command.args(["script", "-F", "pid,ip,sym,dso", "-i"]).arg(self.output.path());
        let script = command.stdin(Stdio::null()).output()?;
        let mut processes: BTreeMap<u32, Process> = BTreeMap::new();
        for line in String::from_utf8_lossy(&script.stdout).lines() {
            let Some((process, kernel, function)) = look(line) else { continue };
            let process = processes.entry(process).or_default();
            let place = if kernel { &mut process.kernel } else { &mut process.own };
            *place.entry(function).or_default() += 1.0 / f64::from(FREQUENCY);
        }
        if processes.is_empty() {
            bail!("perf saw nothing: {}", String::from_utf8_lossy(&script.stderr).trim());
        }
        Ok(processes)
    }
}

/// `4711 ffffffff81a0 _copy_to_iter ([kernel.kallsyms])`: the process, whether it was in the kernel, the function.
fn look(line: &str) -> Option<(u32, bool, String)> {
    let (process, rest) = line.trim().split_once(char::is_whitespace)?;
    let (_address, rest) = rest.trim_start().split_once(char::is_whitespace)?;
    let (function, object) = rest.trim().rsplit_once(" (")?;
    Some((process.parse().ok()?, object.starts_with('['), function.to_string()))
}

impl Process {
    /// A table of what took the time, for one of so many operations.
    pub fn table(&self, operations: f64) -> String {
        let sum = |functions: &BTreeMap<String, f64>| functions.values().sum::<f64>();
        let total = sum(&self.kernel) + sum(&self.own);
        let each =
            |seconds: f64| format!("{:.1} | {:.0} %", seconds * 1e9 / operations, seconds * 100.0 / total);
        let mut text = String::from("| where | ns each | share |\n|---|---:|---:|\n");
        for (place, functions) in [("kernel", &self.kernel), ("itself and its libraries", &self.own)] {
            text += &format!("| **{place}** | {} |\n", each(sum(functions)));
            let mut order: Vec<(&String, f64)> = functions.iter().map(|(name, time)| (name, *time)).collect();
            order.sort_by(|a, b| b.1.total_cmp(&a.1));
            let (large, small): (Vec<_>, Vec<_>) =
                order.into_iter().partition(|(_, time)| *time >= LEAST * total);
            for (name, time) in large {
                text += &format!("| `{}` | {} |\n", short(name), each(time));
            }
            if !small.is_empty() {
                let time = small.iter().map(|(_, time)| time).sum();
                text += &format!("| {} others | {} |\n", small.len(), each(time));
            }
        }
        text
    }
}

/// The end of a name, which says most.
fn short(name: &str) -> String {
    let name = name.replace('|', "/").replace('`', "'");
    match name.char_indices().nth_back(NAME) {
        Some((place, _)) => format!("…{}", &name[place..]),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_are_read() {
        let kernel = look("  4711 ffffffff81a02 _copy_to_iter ([kernel.kallsyms])");
        assert_eq!(kernel, Some((4711, true, "_copy_to_iter".to_string())));
        let own = look("12      55d3c <ohmq::Socket as Clone>::clone (a b) (/somewhere/bench-ohmq)");
        assert_eq!(own, Some((12, false, "<ohmq::Socket as Clone>::clone (a b)".to_string())));
        assert_eq!(look("nothing of the kind"), None);
    }

    #[test]
    fn a_table_sums_up_what_is_small() {
        let own = [("send".to_string(), 0.5), ("a".to_string(), 0.001), ("b".to_string(), 0.001)];
        let process = Process { kernel: [("tcp".to_string(), 0.498)].into(), own: own.into() };
        let table = process.table(1e6);
        assert!(
            table.contains("| **kernel** | 498.0 | 50 % |") && table.contains("| `send` | 500.0 | 50 % |")
        );
        assert!(table.contains("| 2 others | 2.0 | 0 % |"));
        assert_eq!(table.matches("others").count(), 1, "what has none says so by saying nothing");
    }

    #[test]
    fn long_names_keep_their_end() {
        assert_eq!(short("a|b"), "a/b");
        let long = format!("{}the end", "x".repeat(2 * NAME));
        assert!(short(&long).starts_with('…') && short(&long).ends_with("the end"));
        assert_eq!(short(&long).chars().count(), NAME + 2);
    }
}

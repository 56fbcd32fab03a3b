//! The machine: what it is, and what else it did meanwhile.

use std::fs;

use serde::{Deserialize, Serialize};

/// Measured, never typed in.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Host {
    pub cpu: String,
    pub cpus: usize,
    pub memory_gib: f64,
    pub kernel: String,
    /// What the CPU says of a hypervisor.
    pub virtualised: bool,
    pub governor: String,
}

impl Host {
    pub fn of_this_machine() -> Self {
        let cpuinfo = read("/proc/cpuinfo");
        let field = |name: &str| {
            let line = cpuinfo.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_once(':').map(|(_, value)| value.trim().to_string()).unwrap_or_default()
        };
        let memory = read("/proc/meminfo");
        let kilobytes = memory.split_whitespace().nth(1).and_then(|number| number.parse::<f64>().ok());
        let governor = read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
        Self {
            cpu: field("model name"),
            cpus: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: (kilobytes.unwrap_or(0.0) / 1024.0 / 1024.0 * 10.0).round() / 10.0,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_string(),
            virtualised: field("flags").split_whitespace().any(|flag| flag == "hypervisor"),
            governor: if governor.is_empty() { "unknown".into() } else { governor.trim().into() },
        }
    }
}

/// The time of all CPUs so far, in ticks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ticks {
    user: f64,
    total: f64,
    steal: f64,
}

/// What disturbed a block.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Disturbance {
    /// The share of CPU time that the hypervisor gave to others.
    pub steal: f64,
    /// The share of CPU time that programs other than the contestants computed.
    pub foreign: f64,
    /// The load average of the last minute, at the end of the block.
    pub load: f64,
}

/// More than this, and the block is not like the others.
const STEAL_LIMIT: f64 = 0.02;
const FOREIGN_LIMIT: f64 = 0.05;

impl Ticks {
    pub fn now() -> Self {
        parse(&read("/proc/stat"))
    }

    /// What happened since then, of which the contestants themselves computed for so many seconds.
    pub fn since(&self, earlier: Ticks, own_user_seconds: f64) -> Disturbance {
        let total = (self.total - earlier.total).max(1.0);
        let own = own_user_seconds * TICKS_A_SECOND;
        Disturbance {
            steal: (self.steal - earlier.steal) / total,
            foreign: ((self.user - earlier.user - own) / total).max(0.0),
            load: read("/proc/loadavg").split(' ').next().and_then(|load| load.parse().ok()).unwrap_or(0.0),
        }
    }
}

/// What Linux counts in for programs, whatever its own clock.
const TICKS_A_SECOND: f64 = 100.0;

impl Disturbance {
    pub fn is_too_much(&self) -> bool {
        self.steal > STEAL_LIMIT || self.foreign > FOREIGN_LIMIT
    }
}

fn parse(stat: &str) -> Ticks {
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = line.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
    let of = |index: usize| ticks.get(index).copied().unwrap_or(0.0);
    // user, nice, system, idle, iowait, irq, softirq, steal; guests are counted in user already.
    Ticks { user: of(0) + of(1), total: ticks.iter().take(8).sum(), steal: of(7) }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_work_and_steal_are_seen() {
        let before = parse("cpu  100 0 50 1000 0 0 0 0 0 0\n");
        let after = parse("cpu  150 0 70 1120 0 0 0 10 0 0\n");
        let quiet = after.since(before, 0.5);
        assert_eq!((quiet.steal, quiet.foreign), (0.05, 0.0));
        assert!(quiet.is_too_much(), "steal");
        let foreign = after.since(before, 0.1);
        assert_eq!(foreign.foreign, 0.2);
        assert!(!Disturbance::default().is_too_much());
    }

    #[test]
    fn this_machine_is_known() {
        let host = Host::of_this_machine();
        assert!(host.cpus > 0 && host.memory_gib > 0.0 && !host.kernel.is_empty());
    }
}

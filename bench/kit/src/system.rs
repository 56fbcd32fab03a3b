//! What the operating system tells about this process, and what it is told.

use std::fs;

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::time::TimeVal;
use nix::unistd::Pid;

use crate::control::now;
use crate::protocol::Sample;

/// Lets this process, and all threads that it starts from now on, run on this CPU only.
pub fn stay_on(cpu: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    sched_setaffinity(Pid::from_raw(0), &set).with_context(|| format!("cannot stay on CPU {cpu}"))
}

/// As many open descriptors as this user may have.
pub fn raise_descriptor_limit() {
    if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Where it cannot be raised, the cells that need it say what they could not open.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Time, CPU, switches and memory of this process so far; the counters are empty.
pub fn usage() -> Sample {
    let mut sample = Sample { at: now(), ..Sample::default() };
    if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
        sample.user_us = microseconds(usage.user_time());
        sample.system_us = microseconds(usage.system_time());
        sample.voluntary_switches = usage.voluntary_context_switches().max(0) as u64;
        sample.involuntary_switches = usage.involuntary_context_switches().max(0) as u64;
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    sample.resident_bytes = kilobytes(&status, "VmRSS:") * 1024;
    sample.peak_bytes = kilobytes(&status, "VmHWM:") * 1024;
    sample
}

/// How many descriptors are open.
pub fn descriptors() -> u64 {
    fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64)
}

fn microseconds(time: TimeVal) -> u64 {
    time.tv_sec() as u64 * 1_000_000 + time.tv_usec() as u64
}

fn kilobytes(status: &str, field: &str) -> u64 {
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_something() {
        let sample = usage();
        assert!(sample.at > 0 && sample.resident_bytes > 100_000 && sample.peak_bytes >= 100_000);
        assert!(descriptors() > 2);
    }

    #[test]
    fn the_status_page_is_read() {
        assert_eq!(kilobytes("Name:\tx\nVmRSS:\t   1234 kB\n", "VmRSS:"), 1234);
        assert_eq!(kilobytes("", "VmRSS:"), 0);
    }
}

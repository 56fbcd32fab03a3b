//! Counts the system calls of running processes, in slices of their own: with perf's counter, which disturbs little, or
//! with strace, which disturbs a lot but is there more often. Without either the column stays empty.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::NamedTempFile;

const EVENT: &str = "raw_syscalls:sys_enter";

/// A count under way.
#[derive(Debug)]
pub struct SystemCalls {
    child: Option<Child>,
    output: Option<NamedTempFile>,
    tool: Tool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tool {
    Perf,
    Strace,
}

/// Whether this machine can count, and with what.
pub fn available() -> Option<&'static str> {
    tool().map(|tool| match tool {
        Tool::Perf => "perf",
        Tool::Strace => "strace",
    })
}

fn tool() -> Option<Tool> {
    let works = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if works("perf", &["stat", "-e", EVENT, "true"]) {
        Some(Tool::Perf)
    } else {
        works("strace", &["-c", "-f", "true"]).then_some(Tool::Strace)
    }
}

impl SystemCalls {
    /// Counts from now on, for so long.
    pub fn begin(processes: &[u32], window: Duration) -> Self {
        let tool = tool().unwrap_or(Tool::Perf);
        let output = NamedTempFile::new().ok();
        let mut command = match tool {
            Tool::Perf => Command::new("perf"),
            Tool::Strace => Command::new("strace"),
        };
        let processes: Vec<String> = processes.iter().map(u32::to_string).collect();
        match tool {
            Tool::Perf => {
                command.args(["stat", "-x,", "-e", EVENT, "-p", &processes.join(",")]);
            }
            Tool::Strace => {
                command.args(["-c", "-f"]);
                command.args(processes.iter().flat_map(|process| ["-p", process]));
            }
        }
        if let Some(file) = &output {
            command.arg("-o").arg(file.path());
        }
        if tool == Tool::Perf {
            command.args(["--", "sleep", &window.as_secs_f64().to_string()]);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child: command.spawn().ok(), output, tool }
    }

    /// The calls of one of so many operations.
    pub fn per_operation(mut self, operations: f64) -> Option<f64> {
        let mut child = self.child.take()?;
        if self.tool == Tool::Strace {
            // strace lets the processes go and writes its summary when it is interrupted.
            kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).ok()?;
        }
        child.wait().ok()?;
        let text = fs::read_to_string(self.output.take()?.path()).ok()?;
        let calls = match self.tool {
            Tool::Perf => of_perf(&text),
            Tool::Strace => of_strace(&text),
        };
        calls.map(|calls| calls / operations)
    }
}

impl Drop for SystemCalls {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// `1234,,raw_syscalls:sys_enter,…`
fn of_perf(text: &str) -> Option<f64> {
    text.lines().find(|line| line.contains(EVENT))?.split(',').next()?.parse().ok()
}

/// `100.00    0.012345           1      1234        56 total`
fn of_strace(text: &str) -> Option<f64> {
    let line = text.lines().rfind(|line| line.trim_end().ends_with("total"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read() {
        let perf = "# started on Mon\n\n48211,,raw_syscalls:sys_enter,1000000,100.00,,\n";
        assert_eq!(of_perf(perf), Some(48_211.0));
        assert_eq!(of_perf("<not supported>,,raw_syscalls:sys_enter,0,100.00,,"), None);
        let strace = "% time     seconds  usecs/call     calls    errors syscall\n\
            ------ ----------- ----------- --------- --------- ----------------\n\
             99.00    0.000012           1        28           read\n\
            100.00    0.000012           1        29         1 total\n";
        assert_eq!(of_strace(strace), Some(29.0));
    }
}

//! A contestant's process, from the harness's side.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command as Process, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use bench_kit::protocol::{Command, Job, Reply, Role, Sample};

/// Why there is no number.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    pub reason: String,
    /// The library has no such thing, so that asking again is useless.
    pub unsupported: bool,
}

impl Trouble {
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), unsupported: false }
    }
}

/// An answer must come within this time; a job may take longer to be ready.
const ANSWER: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Worker {
    child: Child,
    orders: Option<ChildStdin>,
    replies: Receiver<Reply>,
    ready: usize,
    pub version: Option<String>,
    pub api: String,
}

impl Worker {
    /// Starts the program and hears who it is.
    pub fn start(program: &Path) -> Result<Self, Trouble> {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut child = Process::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Trouble::new(format!("{name} does not start: {error}")))?;
        let (sender, replies) = channel();
        if let Some(output) = child.stdout.take() {
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    // Libraries may print too; only what is a reply is one.
                    if let Ok(reply) = serde_json::from_str(&line) {
                        let _ = sender.send(reply);
                    }
                }
            });
        }
        let orders = child.stdin.take();
        let mut worker = Self { child, orders, replies, ready: 0, version: None, api: String::new() };
        match worker.reply(ANSWER)? {
            Reply::Hello { version, api } => (worker.version, worker.api) = (version, api),
            other => return Err(Trouble::new(format!("{name} began with {other:?}"))),
        }
        Ok(worker)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn order(&mut self, command: &Command) -> Result<(), Trouble> {
        let line = serde_json::to_string(command).unwrap_or_default();
        let written = self.orders.as_mut().map(|orders| writeln!(orders, "{line}"));
        if matches!(written, Some(Ok(()))) {
            return Ok(());
        }
        // Why it went away is in what it said before.
        while let Ok(reply) = self.replies.try_recv() {
            refuse(&reply)?;
        }
        Err(Trouble::new("the process ended"))
    }

    /// Starts a job that binds; returns where.
    pub fn bind(&mut self, job: Job) -> Result<Vec<String>, Trouble> {
        self.order(&Command::Start(Box::new(job)))?;
        loop {
            match self.reply(ANSWER)? {
                Reply::Started { endpoints } => return Ok(endpoints),
                Reply::Ready => self.ready += 1,
                other => return Err(Trouble::new(format!("{other:?} instead of an endpoint"))),
            }
        }
    }

    /// Waits until so many jobs have said that they are ready.
    pub fn wait_ready(&mut self, jobs: usize, limit: Duration) -> Result<(), Trouble> {
        let begun = Instant::now();
        while self.ready < jobs {
            match self.reply(limit.saturating_sub(begun.elapsed())) {
                Ok(Reply::Ready) => self.ready += 1,
                Ok(other) => return Err(Trouble::new(format!("{other:?} instead of being ready"))),
                Err(trouble) if trouble.reason == SILENCE => {
                    let reason = format!("not ready within {} s", limit.as_secs());
                    return Err(Trouble { reason, unsupported: true });
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(())
    }

    /// What it has said of a failure that nobody has asked for yet.
    pub fn complaint(&mut self) -> Option<Trouble> {
        self.replies.try_iter().find_map(|reply| refuse(&reply).err())
    }

    pub fn sample(&mut self, role: Role, descriptors: bool) -> Result<Sample, Trouble> {
        self.order(&Command::Sample { role, descriptors })?;
        loop {
            match self.reply(ANSWER)? {
                Reply::Sample(sample) => return Ok(sample),
                Reply::Ready => self.ready += 1,
                other => return Err(Trouble::new(format!("{other:?} instead of a sample"))),
            }
        }
    }

    fn reply(&self, limit: Duration) -> Result<Reply, Trouble> {
        match self.replies.recv_timeout(limit) {
            Ok(reply) => refuse(&reply).map(|()| reply),
            Err(RecvTimeoutError::Timeout) => Err(Trouble::new(SILENCE)),
            Err(RecvTimeoutError::Disconnected) => Err(Trouble::new("the process ended")),
        }
    }
}

const SILENCE: &str = "no answer";

fn refuse(reply: &Reply) -> Result<(), Trouble> {
    match reply {
        Reply::Failed { reason, unsupported } => {
            Err(Trouble { reason: reason.clone(), unsupported: *unsupported })
        }
        _ => Ok(()),
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Threads blocked in a library cannot be asked; the process has nothing to save.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_or_says_nothing_is_trouble() {
        assert!(Worker::start(Path::new("no/such/program")).unwrap_err().reason.contains("does not start"));
        assert_eq!(Worker::start(Path::new("true")).unwrap_err().reason, "the process ended");
    }
}

//! Runs a workload: starts the two processes, joins them, follows one of them if asked to, and reads what they say.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use nix::unistd::Pid;

use crate::ptrace::{self, Seen, Tracing};
use crate::roles::{DONE, Job, Placement, Side, Workload};

/// A run to be made.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Plan {
    pub workload: Workload,
    pub placement: Placement,
    /// Which process is followed, and what for.
    pub traced: Option<(Side, Tracing)>,
    pub warm_up: u64,
    pub count: u64,
}

/// What was counted in a run.
#[derive(Debug)]
pub struct Ran {
    pub bound: Report,
    pub connected: Report,
    pub seen: Seen,
}

/// What a process counted of itself.
#[derive(Debug, Default)]
pub struct Report {
    pub switches: u64,
    pub allocations: u64,
}

/// Why there is nothing to compare.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The machine does not allow it.
    NotHere(String),
    Broken(String),
}

/// Runs the workload to its end.
pub fn run(plan: &Plan) -> Result<Ran, Fault> {
    let mut bound = Player::start(plan, Side::Bound);
    let mut connected = Player::start(plan, Side::Connected);
    let tracer = match plan.traced {
        Some((Side::Bound, tracing)) => Some(follow(&bound, tracing)?),
        Some((Side::Connected, tracing)) => Some(follow(&connected, tracing)?),
        None => None,
    };
    join(&mut bound, &mut connected)?;
    let connected = connected.report()?;
    let bound = bound.report()?;
    let seen = match tracer {
        Some(tracer) => tracer
            .join()
            .expect("the tracer does not panic")
            .map_err(|error| Fault::Broken(format!("tracing: {error}")))?,
        None => Seen::default(),
    };
    Ok(Ran { bound, connected, seen })
}

/// How often the threads of each side (bound, connected) woke up in `time` with nothing to do.
pub fn wake_ups(plan: &Plan, time: Duration) -> Result<(u64, u64), Fault> {
    let mut bound = Player::start(plan, Side::Bound);
    let mut connected = Player::start(plan, Side::Connected);
    join(&mut bound, &mut connected)?;
    for player in [&mut bound, &mut connected] {
        if player.line()? != "idle" {
            return Err(Fault::Broken("a process does not become idle".to_string()));
        }
    }
    let now = || (bound.switches(), connected.switches());
    // What the exchange left behind (leases, ticks) ends first; an engine that never rests does not get a pass for it.
    let mut last = now();
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(100));
        let before = std::mem::replace(&mut last, now());
        if before == last {
            break;
        }
    }
    let before = now();
    // This sleep is what is measured.
    std::thread::sleep(time);
    let after = now();
    if before.0 == 0 || before.1 == 0 {
        return Err(Fault::NotHere("the kernel does not tell the context switches of a thread".to_string()));
    }
    Ok((after.0 - before.0, after.1 - before.1))
}

fn join(bound: &mut Player, connected: &mut Player) -> Result<(), Fault> {
    bound.tell("go")?;
    let endpoints = bound.line()?;
    connected.tell(&endpoints)
}

/// Follows a process in a thread of its own. Returns when the process is held.
fn follow(player: &Player, tracing: Tracing) -> Result<JoinHandle<nix::Result<Seen>>, Fault> {
    let child = Pid::from_raw(player.child.id() as i32);
    let (say, held) = mpsc::channel();
    let tracer =
        std::thread::spawn(move || ptrace::follow(child, tracing, || say.send(()).expect("somebody waits")));
    match held.recv() {
        Ok(()) => Ok(tracer),
        Err(_) => {
            let error = tracer.join().expect("the tracer does not panic").err();
            Err(Fault::NotHere(format!("a child cannot be traced here: {error:?}")))
        }
    }
}

/// One of the processes. It ends with its value.
struct Player {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    ended: bool,
}

impl Player {
    fn start(plan: &Plan, side: Side) -> Player {
        let Plan { workload, placement, warm_up, count, .. } = *plan;
        let job = Job { workload, side, placement, warm_up, count };
        let program = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        command.args(job.arguments()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program can be started");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Player { child, input, output, ended: false }
    }

    fn tell(&mut self, line: &str) -> Result<(), Fault> {
        writeln!(self.input, "{line}")
            .map_err(|error| Fault::Broken(format!("a process ended early: {error}")))
    }

    fn line(&mut self) -> Result<String, Fault> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(1..) => Ok(line.trim().to_string()),
            _ => Err(Fault::Broken("a process ended early".to_string())),
        }
    }

    /// What it says until it ends.
    fn report(&mut self) -> Result<Report, Fault> {
        let mut text = String::new();
        let read = self.output.read_to_string(&mut text);
        self.ended = true;
        let number = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        match (read, number("switches "), number("allocations "), text.lines().last()) {
            (Ok(_), Some(switches), Some(allocations), Some(DONE)) => Ok(Report { switches, allocations }),
            _ => Err(Fault::Broken(format!("a process failed and said {text:?}"))),
        }
    }

    /// The context switches of its threads, read from outside so that reading wakes nobody.
    fn switches(&self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let statuses = tasks
            .into_iter()
            .flatten()
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("status")).ok());
        statuses.map(|status| status.lines().filter_map(switches_in).sum::<u64>()).sum()
    }
}

fn switches_in(line: &str) -> Option<u64> {
    line.split_once("ctxt_switches:")?.1.trim().parse().ok()
}

impl Drop for Player {
    fn drop(&mut self) {
        if !self.ended {
            // It may have ended by itself.
            let _ = self.child.kill();
        }
        // Where it was traced, its tracer has waited for it.
        let _ = self.child.wait();
    }
}

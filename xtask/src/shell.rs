//! Runs external commands for one step: output goes to the step's log and is shown when the command fails.

use std::cell::{Cell, RefCell};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::counts::Counts;
use crate::display::{Display, seconds};

/// A command that takes longer than this hangs: it is ended and its step fails.
const LIMIT: Duration = Duration::from_secs(15 * 60);
/// How much of a failed command's output is shown; the log has the rest.
const SHOWN_LINES: usize = 200;
/// How often a running command is looked at. Only the display and the time limit depend on it.
const LOOK: Duration = Duration::from_millis(40);

/// What a step uses to run commands.
#[derive(Debug)]
pub struct Shell<'a> {
    log: PathBuf,
    display: &'a Display,
    /// What the failed commands of this step printed, to be shown below the step.
    shown: RefCell<String>,
    limit: Cell<Duration>,
    /// The steps before this one, each with why nothing can build on it, if so.
    earlier: Vec<(String, Option<String>)>,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    /// What it printed, both streams in the order written.
    pub text: String,
    line: String,
}

impl<'a> Shell<'a> {
    /// A shell whose log is a fresh file for `step` in the folder `logs`.
    pub fn new(logs: &Path, step: &str, display: &'a Display) -> Result<Self> {
        fs::create_dir_all(logs).with_context(|| format!("cannot make the folder {}", logs.display()))?;
        let name: String = step.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let log = logs.join(format!("{}.log", name.replace("--", "-")));
        File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        Ok(Self { log, display, shown: RefCell::default(), limit: Cell::new(LIMIT), earlier: Vec::new() })
    }

    /// The same shell, told how the earlier steps ended.
    pub fn knowing(self, earlier: Vec<(String, Option<String>)>) -> Self {
        Self { earlier, ..self }
    }

    /// Why nothing can build on that step; nothing when it was done.
    pub fn obstacle(&self, step: &str) -> Option<String> {
        match self.earlier.iter().find(|(name, _)| name == step) {
            Some((_, obstacle)) => obstacle.clone(),
            None => Some(format!("`{step}` is not part of this run")),
        }
    }

    /// From now on what commands print is what the person asked for, and is shown as it comes.
    pub fn show_output(&self) {
        self.display.show_output();
    }

    /// From now on a command that takes longer than this is ended and fails.
    pub fn limit(&self, limit: Duration) {
        self.limit.set(limit);
    }

    /// Runs a command that must succeed.
    pub fn run(&self, command: &mut Command) -> Result<String> {
        let finished = self.finish(command)?;
        if !finished.status.success() {
            self.show(&finished);
            bail!("`{}` failed ({})", finished.line, finished.status);
        }
        Ok(finished.text)
    }

    /// Runs a test runner and counts: a runner that fails without a failed test, or that ran none, is an error.
    pub fn test(
        &self,
        command: &mut Command,
        read: impl FnOnce(&Finished) -> Result<Counts>,
    ) -> Result<Counts> {
        let finished = self.finish(command)?;
        let counts = read(&finished);
        if !finished.status.success() {
            self.show(&finished);
        }
        match counts {
            Ok(counts) if !finished.status.success() && counts.failed.is_empty() => {
                bail!("`{}` failed ({}; {})", finished.line, finished.status, counts.line())
            }
            Ok(counts) if counts.total() == 0 => bail!("`{}` ran no test", finished.line),
            Ok(counts) => Ok(counts),
            Err(error) => Err(error.context(format!("`{}` ({})", finished.line, finished.status))),
        }
    }

    /// Runs a command to its end, whatever the end is.
    pub fn finish(&self, command: &mut Command) -> Result<Finished> {
        let line = describe(command);
        let mut log = OpenOptions::new().append(true).read(true).open(&self.log)?;
        writeln!(log, "$ {line}")?;
        self.display.command(&line);
        let start = log.seek(SeekFrom::End(0))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?);
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().with_context(|| format!("cannot start `{program}`"))?;
        let status = self.wait(&mut child, &line)?;
        let mut text = String::new();
        read_from(&self.log, start, &mut text)?;
        Ok(Finished { status, text, line })
    }

    /// What the failed commands printed.
    pub fn shown(&self) -> String {
        self.shown.borrow().clone()
    }

    /// Where the whole output is.
    pub fn log(&self) -> &Path {
        &self.log
    }

    fn wait(&self, child: &mut Child, line: &str) -> Result<ExitStatus> {
        let begun = Instant::now();
        let mut position = fs::metadata(&self.log)?.len();
        loop {
            let status = child.try_wait()?;
            let mut fresh = String::new();
            position = read_from(&self.log, position, &mut fresh)?;
            self.display.output(&fresh);
            if let Some(status) = status {
                return Ok(status);
            }
            if begun.elapsed() > self.limit.get() {
                end_with_descendants(child);
                let finished = format!("`{line}` was ended after {}", seconds(self.limit.get()));
                self.shown.borrow_mut().push_str(&finished);
                bail!(finished);
            }
            thread::sleep(LOOK);
        }
    }

    fn show(&self, finished: &Finished) {
        let lines: Vec<&str> = finished.text.lines().collect();
        let hidden = lines.len().saturating_sub(SHOWN_LINES);
        let mut shown = self.shown.borrow_mut();
        shown.push_str(&format!("$ {}\n", finished.line));
        if hidden > 0 {
            shown.push_str(&format!("[{hidden} earlier lines are in {}]\n", self.log.display()));
        }
        for line in &lines[hidden..] {
            shown.push_str(line);
            shown.push('\n');
        }
    }
}

/// The command as a person would type it.
fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Adds what the file holds from `position` on, and returns the position after it.
fn read_from(path: &Path, position: u64, text: &mut String) -> Result<u64> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(position))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    text.push_str(&String::from_utf8_lossy(&bytes));
    Ok(position + bytes.len() as u64)
}

/// Ends a process and everything it started, children first asked for so that none is orphaned unseen.
fn end_with_descendants(child: &mut Child) {
    let mut family = vec![child.id()];
    let mut next = 0;
    while let Some(&parent) = family.get(next) {
        family.extend(children_of(parent));
        next += 1;
    }
    for process in family.iter().skip(1) {
        let _ = Command::new("kill").arg("-9").arg(process.to_string()).stderr(Stdio::null()).status();
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// The kernel lists a child with the thread that started it.
fn children_of(parent: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let lists = threads.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts;

    fn shell_in<'a>(folder: &tempfile::TempDir, display: &'a Display) -> Shell<'a> {
        Shell::new(folder.path(), "some: step", display).unwrap()
    }

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn output_is_kept_in_the_log_and_returned() {
        let (folder, display) = (tempfile::tempdir().unwrap(), Display::silent());
        let shell = shell_in(&folder, &display);
        assert_eq!(shell.run(&mut sh("echo one; echo two >&2")).unwrap(), "one\ntwo\n");
        assert_eq!(shell.run(&mut sh("echo three")).unwrap(), "three\n");
        let log = fs::read_to_string(folder.path().join("some-step.log")).unwrap();
        assert!(log.contains("$ sh -c echo three\nthree\n") && log.contains("one\ntwo\n"));
        assert_eq!(shell.shown(), "");
    }

    #[test]
    fn a_failure_shows_what_the_command_printed() {
        let (folder, display) = (tempfile::tempdir().unwrap(), Display::silent());
        let shell = shell_in(&folder, &display);
        let error = shell.run(&mut sh("seq 1 500; exit 3")).unwrap_err();
        assert!(error.to_string().contains("exit status: 3"));
        assert!(shell.shown().contains("[300 earlier lines") && shell.shown().ends_with("499\n500\n"));
        assert!(shell.run(&mut Command::new("no-such-program-of-ohmq")).is_err());
    }

    #[test]
    fn a_runner_that_ran_nothing_is_no_pass() {
        let (folder, display) = (tempfile::tempdir().unwrap(), Display::silent());
        let shell = shell_in(&folder, &display);
        let count = |finished: &Finished| Ok(counts::plain(&finished.text));
        assert!(shell.test(&mut sh("echo nothing"), count).unwrap_err().to_string().contains("ran no test"));
        assert!(shell.test(&mut sh("echo 3 passed, 0 failed; exit 1"), count).is_err());
        assert_eq!(shell.test(&mut sh("echo 3 passed, 1 failed; exit 1"), count).unwrap().failed.len(), 1);
        assert_eq!(shell.test(&mut sh("echo 3 passed, 0 failed"), count).unwrap().passed, 3);
    }

    #[test]
    fn a_command_beyond_its_limit_is_ended() {
        let (folder, display) = (tempfile::tempdir().unwrap(), Display::silent());
        let shell = shell_in(&folder, &display);
        shell.limit(Duration::from_millis(100));
        let error = shell.run(&mut sh("sleep 600")).unwrap_err();
        assert!(error.to_string().contains("was ended after 0.1 s"));
    }

    #[test]
    fn a_child_belongs_to_the_family_whatever_thread_started_it() {
        let start = || Command::new("sleep").arg("600").spawn().unwrap();
        // The thread must live: the children of one that ends become those of another.
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let (told, hears) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            told.send(start()).unwrap();
            let _ = ended.recv();
        });
        let mut child = hears.recv().unwrap();
        let found = children_of(std::process::id()).contains(&child.id());
        child.kill().unwrap();
        child.wait().unwrap();
        drop(end);
        thread.join().unwrap();
        assert!(found);
    }

    #[test]
    fn a_hanging_family_can_be_ended() {
        let mut child = sh("sleep 600 & sleep 600; true").stderr(Stdio::null()).spawn().unwrap();
        while children_of(child.id()).len() < 2 {
            thread::yield_now();
        }
        let family = children_of(child.id());
        end_with_descendants(&mut child);
        let alive =
            |id: &u32| fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z"));
        while family.iter().any(alive) {
            thread::yield_now();
        }
    }
}

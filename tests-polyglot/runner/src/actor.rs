//! One testee process: start it, ask it one thing at a time with a deadline, kill it.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Value, json};

use crate::roster::Recipe;

/// How long a process may take from its start to its answer to `hello`: a cold JVM on a busy machine, with room.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long an answer may take beyond the time the request itself allows.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// How long an actor whose check has failed is listened to: it may be what hangs.
const LOOK_LIMIT: Duration = Duration::from_secs(2);

/// How long a process may take to exit after the end of its input: at once, on a busy machine.
const END_LIMIT: Duration = Duration::from_secs(20);

/// How much of what was said to an actor, and by it, is remembered.
const TRANSCRIPT_LINES: usize = 200;
/// The most that is remembered of one line.
const TRANSCRIPT_WIDTH: usize = 400;

/// What the times of all transcripts are counted from, so that those of two actors can be laid side by side.
static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The context every actor starts with.
pub(crate) const CONTEXT: &str = "main";

/// An answer: a value, or the SDK's error.
pub(crate) type Answer = std::result::Result<Value, Refusal>;

/// The error an SDK gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The code's name, for instance `EAGAIN`.
    pub(crate) code: String,
    /// The SDK's text.
    pub(crate) message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}

/// A running testee.
#[derive(Debug)]
pub(crate) struct Actor {
    name: String,
    library: String,
    features: Vec<String>,
    process: Child,
    /// Nothing after the end of input.
    requests: Option<ChildStdin>,
    answers: Receiver<String>,
    diagnostics: PathBuf,
    transcript: VecDeque<String>,
    next_id: u64,
}

impl Actor {
    /// Starts the process, waits for its `hello` and makes its context.
    pub(crate) fn start(recipe: &Recipe, folder: &Path) -> Result<Self> {
        let mut actor = Self::spawn(recipe, folder)?;
        let hello = actor
            .exchange(json!({"op": "hello"}), START_LIMIT)
            .with_context(|| format!("start {} ({})", recipe.name, recipe.command.join(" ")))??;
        actor.library = hello["library"].as_str().unwrap_or("unknown").to_owned();
        actor.features = hello["features"]
            .as_array()
            .map(|list| list.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect())
            .unwrap_or_default();
        actor.ask(json!({"op": "context", "context": CONTEXT}))?;
        Ok(actor)
    }

    fn spawn(recipe: &Recipe, folder: &Path) -> Result<Self> {
        let (program, arguments) = recipe.command.split_first().context("empty command")?;
        let diagnostics = folder.join(format!("{}.stderr", recipe.name));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&diagnostics)?;
        let mut process = Command::new(program)
            .args(arguments)
            .current_dir(&recipe.root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}: {}", recipe.name, recipe.command.join(" ")))?;
        let requests = process.stdin.take().context("no standard input")?;
        let output = process.stdout.take().context("no standard output")?;
        let id = process.id();
        let (sender, answers) = channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            name: recipe.name.clone(),
            library: String::new(),
            features: Vec::new(),
            process,
            requests: Some(requests),
            answers,
            diagnostics,
            transcript: VecDeque::from([spoken('·', &format!("process {id}"))]),
            next_id: 1,
        })
    }

    /// The actor's name in the roster.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The process.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The library and version it reported.
    pub(crate) fn library(&self) -> &str {
        &self.library
    }

    /// Whether it has an optional part of the protocol.
    pub(crate) fn has(&self, feature: &str) -> bool {
        self.features.iter().any(|name| name == feature)
    }

    /// Asks, and expects a value.
    pub(crate) fn ask(&mut self, request: Value) -> Result<Value> {
        let wanted = summary(&request);
        self.try_ask(request)?.map_err(|refusal| anyhow!("{}: {wanted}: {refusal}", self.name))
    }

    /// Asks; the outer error means that the testee died, hung or broke the protocol.
    pub(crate) fn try_ask(&mut self, request: Value) -> Result<Answer> {
        let own = Duration::from_millis(request["timeout_ms"].as_u64().unwrap_or(0));
        self.exchange(request, own + ANSWER_LIMIT)
    }

    /// Asks for something that may help to explain a failure; whatever comes of it is told in words.
    pub(crate) fn look(&mut self, request: Value) -> Result<String> {
        match self.exchange(request, LOOK_LIMIT)? {
            Ok(value) => Ok(value.to_string()),
            Err(refusal) => Ok(refusal.to_string()),
        }
    }

    /// The last requests and answers, with their times.
    pub(crate) fn transcript(&self) -> impl Iterator<Item = &str> {
        self.transcript.iter().map(String::as_str)
    }

    fn note(&mut self, direction: char, line: &str) {
        if self.transcript.len() == TRANSCRIPT_LINES {
            self.transcript.pop_front();
        }
        self.transcript.push_back(spoken(direction, line));
    }

    fn exchange(&mut self, mut request: Value, limit: Duration) -> Result<Answer> {
        let wanted = summary(&request);
        let id = self.next_id;
        self.next_id += 1;
        request["id"] = json!(id);
        let line = format!("{request}\n");
        self.note('→', line.trim_end());
        let requests = self.requests.as_mut().context("asked after the end of input")?;
        if let Err(error) = requests.write_all(line.as_bytes()).and_then(|()| requests.flush()) {
            let end = self.post_mortem();
            bail!("{}: {wanted}: cannot write to the testee ({error}){end}", self.name);
        }
        let answer = self.next_answer(&wanted, Instant::now() + limit, limit)?;
        if answer["id"] != json!(id) {
            bail!("{}: {wanted}: answer to another request: {answer}", self.name);
        }
        match answer["error"].as_str() {
            Some(code) => Ok(Err(Refusal {
                code: code.to_owned(),
                message: answer["message"].as_str().unwrap_or_default().to_owned(),
            })),
            None if answer.get("ok").is_some() => Ok(Ok(answer["ok"].clone())),
            None => bail!("{}: {wanted}: neither ok nor error: {answer}", self.name),
        }
    }

    fn next_answer(&mut self, wanted: &str, deadline: Instant, limit: Duration) -> Result<Value> {
        let line = match self.answers.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => {
                bail!("{}: {wanted}: hangs, no answer within {limit:?}", self.name)
            }
            Err(RecvTimeoutError::Disconnected) => {
                let end = self.post_mortem();
                bail!("{}: {wanted}: the testee ended{end}", self.name)
            }
        };
        self.note('←', &line);
        serde_json::from_str(&line).with_context(|| format!("{}: {wanted}: not JSON: {line}", self.name))
    }

    /// How the process ended and the most telling of the last lines it said.
    fn post_mortem(&mut self) -> String {
        let status = match self.exit() {
            Ok(Some(status)) => status.to_string(),
            Ok(None) => "closed its output, still running".to_owned(),
            Err(error) => error.to_string(),
        };
        let said = std::fs::read_to_string(&self.diagnostics).unwrap_or_default();
        let mut lines = said.lines().rev().filter(|line| !line.trim().is_empty());
        // Some runtimes end with their version or a stack; the line that names the error says more.
        let last = lines.clone().take(30).find(|line| line.contains("rror")).or_else(|| lines.next());
        let last = last.unwrap_or("nothing on standard error");
        format!(" ({status}; {last})")
    }

    /// How the process ended, which has just closed its output.
    fn exit(&mut self) -> std::io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + Duration::from_secs(2);
        loop {
            match self.process.try_wait()? {
                None if Instant::now() < deadline => thread::yield_now(),
                status => return Ok(status),
            }
        }
    }

    /// End of input: the testee ends, beside others that do.
    pub(crate) fn hang_up(&mut self) {
        self.requests = None;
    }

    /// Ends the input and waits: a testee must then exit with status 0, whatever is open.
    pub(crate) fn end(mut self) -> Result<()> {
        self.hang_up();
        match self.answers.recv_timeout(END_LIMIT) {
            Ok(line) => bail!("{}: an answer to nothing at the end of input: {line}", self.name),
            Err(RecvTimeoutError::Timeout) => {
                bail!("{}: still running {END_LIMIT:?} after the end of its input", self.name)
            }
            Err(RecvTimeoutError::Disconnected) => {}
        }
        match self.exit()? {
            Some(status) if status.success() => Ok(()),
            _ => {
                let end = self.post_mortem();
                bail!("{}: ended badly at the end of its input{end}", self.name)
            }
        }
    }

    /// SIGKILL, by process id, and waits until the process is gone.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.process.kill().with_context(|| format!("kill {}", self.name))?;
        self.process.wait().with_context(|| format!("wait for {}", self.name))?;
        Ok(())
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        // One that nobody asked to end may hang, and must not hang the runner.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A line of a transcript.
fn spoken(direction: char, line: &str) -> String {
    let seconds = BEGIN.elapsed().as_secs_f64();
    let clipped: String = line.chars().take(TRANSCRIPT_WIDTH).collect();
    let rest = if clipped.len() < line.len() { " …" } else { "" };
    format!("{seconds:10.3} {direction} {clipped}{rest}")
}

/// A request in a few words, for error messages.
fn summary(request: &Value) -> String {
    let mut words = vec![request["op"].as_str().unwrap_or("?").to_owned()];
    for field in ["socket", "type", "endpoint", "option", "kind"] {
        match &request[field] {
            Value::Null => {}
            Value::String(text) => words.push(text.clone()),
            other => words.push(other.to_string()),
        }
    }
    words.join(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The shell's testee, which does `what` else.
    pub(crate) fn shell_testee(what: &str) -> Recipe {
        let folder = env!("CARGO_MANIFEST_DIR");
        let command = ["sh", &format!("{folder}/tests/testee.sh"), what].map(str::to_owned).to_vec();
        Recipe { name: "rust".to_owned(), command, root: folder.into() }
    }

    #[test]
    fn a_testee_exits_with_status_0_at_the_end_of_input() {
        let place = tempfile::tempdir().unwrap();
        let end = |what| Actor::start(&shell_testee(what), place.path()).unwrap().end();
        end("nothing").unwrap();
        let message = end("crashes").unwrap_err().to_string();
        assert!(message.contains("SIGSEGV"), "{message}");
    }
}

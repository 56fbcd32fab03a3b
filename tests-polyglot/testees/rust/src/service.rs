//! Services: one background thread on one socket, with a report that can be read at any time.

use std::fs::File;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ohmq::{Error, ErrorCode, Message, Socket};
use serde_json::{Value, json};

use crate::{Answer, Failure, part, text};

/// How long a service waits before it looks at its stop flag.
const SLICE: Duration = Duration::from_millis(50);

/// A running or finished service.
pub(crate) struct Service {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    stopping: AtomicBool,
    report: Mutex<Report>,
    ended: Condvar,
}

#[derive(Default)]
struct Report {
    done: bool,
    receives: bool,
    count: u64,
    bytes: u64,
    digest: u32,
    unordered: u64,
    last_number: Option<u64>,
    span: Option<(Instant, Instant)>,
    failure: Option<Failure>,
}

impl Service {
    /// Starts the service that the request describes.
    pub(crate) fn start(socket: Socket, request: &Value) -> Result<Self, Failure> {
        let kind = text(request, "kind")?.to_owned();
        if !["echo", "send", "receive"].contains(&kind.as_str()) {
            return Err(Failure::Request(format!("service {kind}")));
        }
        let log = match request["log"].as_str() {
            Some(path) => Some(
                File::options()
                    .create(true)
                    .append(true)
                    .open(path)
                    .map_err(|error| Failure::Other(format!("{path}: {error}")))?,
            ),
            None => None,
        };
        let report = Report { receives: kind == "receive", ..Report::default() };
        let shared = Arc::new(Shared {
            stopping: AtomicBool::new(false),
            report: Mutex::new(report),
            ended: Condvar::new(),
        });
        let mut worker = Worker { socket, log, shared: Arc::clone(&shared) };
        let request = request.clone();
        let thread = thread::spawn(move || {
            let ended = match kind.as_str() {
                "echo" => worker.echo(),
                "send" => worker.send(&request),
                _ => worker.receive(request["count"].as_u64().unwrap_or(0)),
            };
            let mut report = worker.shared.report();
            report.failure = ended.err();
            report.done = true;
            worker.shared.ended.notify_all();
        });
        Ok(Self { shared, thread: Some(thread) })
    }

    /// The report, once the service has done its count or the time is up.
    pub(crate) fn report_within(&self, limit: Duration) -> Value {
        let report = self.shared.report();
        let waited = self.shared.ended.wait_timeout_while(report, limit, |report| !report.done);
        let (report, _) = waited.unwrap_or_else(PoisonError::into_inner);
        report.json()
    }

    /// Ends the service.
    pub(crate) fn stop(&mut self) -> Answer {
        self.shared.stopping.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().map_err(|_| Failure::Other("the service panicked".to_owned()))?;
        }
        Ok(self.shared.report().json())
    }
}

impl Shared {
    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Report {
    fn stamp(&mut self) {
        let now = Instant::now();
        self.span = Some((self.span.map_or(now, |(first, _)| first), now));
        self.count += 1;
    }

    fn json(&self) -> Value {
        let elapsed = self.span.map_or(0.0, |(first, last)| (last - first).as_secs_f64() * 1e6);
        let mut report = json!({"done": self.done, "count": self.count, "elapsed_us": elapsed});
        if self.receives {
            report["bytes"] = json!(self.bytes);
            report["digest"] = json!(self.digest);
            report["unordered"] = json!(self.unordered);
        }
        if let Some(failure) = &self.failure {
            let fields = failure.fields();
            report["error"] = fields["error"].clone();
            report["message"] = fields["message"].clone();
        }
        report
    }
}

struct Worker {
    socket: Socket,
    log: Option<File>,
    shared: Arc<Shared>,
}

impl Worker {
    fn echo(&mut self) -> Result<(), Failure> {
        while let Some(message) = self.next_message()? {
            self.record(numbered(&message))?;
            if self.transmit(message)? {
                self.shared.report().stamp();
            }
        }
        Ok(())
    }

    fn send(&mut self, request: &Value) -> Result<(), Failure> {
        let prefix: Option<Vec<Vec<u8>>> = match request["prefix"].as_array() {
            Some(list) => list.iter().map(part::from_request).collect(),
            None => Some(Vec::new()),
        };
        let prefix = prefix.ok_or_else(|| Failure::Request("prefix".to_owned()))?;
        let size = request["size"].as_u64().and_then(|size| usize::try_from(size).ok()).unwrap_or(8);
        let (start, count) = (request["start"].as_u64().unwrap_or(0), request["count"].as_u64().unwrap_or(0));
        let last = if count == 0 { u64::MAX } else { start + count };
        for number in start..last {
            let mut body = number.to_be_bytes().to_vec();
            body.resize(size.max(8), 0);
            let message = match prefix.as_slice() {
                [] => Message::from(body),
                prefix => Message::from_frames(prefix.iter().cloned().chain([body])),
            };
            if !self.transmit(message)? {
                break;
            }
            self.record(number)?;
            self.shared.report().stamp();
        }
        Ok(())
    }

    fn receive(&mut self, count: u64) -> Result<(), Failure> {
        while count == 0 || self.shared.report().count < count {
            let Some(message) = self.next_message()? else { break };
            let number = numbered(&message);
            self.record(number)?;
            let body = message.frames().last().map_or(&[][..], |frame| frame);
            let digest = part::crc32(body);
            let mut report = self.shared.report();
            report.stamp();
            report.bytes += body.len() as u64;
            report.digest = report.digest.wrapping_add(digest);
            report.unordered += u64::from(report.last_number.is_some_and(|last| number <= last));
            report.last_number = Some(number);
        }
        Ok(())
    }

    /// The next message; `None` when the service is to stop.
    fn next_message(&self) -> Result<Option<Message>, Failure> {
        while !self.shared.stopping.load(Ordering::Relaxed) {
            match self.socket.recv_timeout(Some(SLICE)) {
                Ok(message) => return Ok(Some(message)),
                Err(error) if passing(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// Sends, waiting for room; false when the service is to stop.
    fn transmit(&self, mut message: Message) -> Result<bool, Failure> {
        while !self.shared.stopping.load(Ordering::Relaxed) {
            match self.socket.send_timeout(message, Some(SLICE)) {
                Ok(()) => return Ok(true),
                Err(refused) if passing(&refused.error) => message = refused.message,
                Err(refused) => return Err(refused.error.into()),
            }
        }
        Ok(false)
    }

    /// One write per number: what a killed process had done must be readable afterwards.
    fn record(&mut self, number: u64) -> Result<(), Failure> {
        match &mut self.log {
            Some(log) => {
                log.write_all(&number.to_be_bytes()).map_err(|error| Failure::Other(format!("log: {error}")))
            }
            None => Ok(()),
        }
    }
}

/// Nothing to receive or no room yet: look at the stop flag and go on.
fn passing(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::Eagain | ErrorCode::Eintr)
}

/// The number in the first eight bytes of the last part.
fn numbered(message: &Message) -> u64 {
    let body = message.frames().last().map_or(&[][..], |frame| frame);
    body.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

//! What the harness and a contestant's process say to each other: one JSON value a line.

use serde::{Deserialize, Serialize};

use crate::control::now;

/// From the harness.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Set up this part of a measurement; answered by `Started`, and by `Ready` when its peers are there.
    Start(Box<Job>),
    /// Begin to send.
    Go,
    /// Answer with the counters of the jobs of this role as they are now, and with what the process has used. Counting
    /// descriptors takes a while where there are thousands.
    Sample { role: Role, descriptors: bool },
    /// Send no more.
    Stop,
    /// End the process.
    Quit,
}

/// From a contestant's process.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// The first line: which library this is, in which version, through which of its interfaces.
    Hello {
        version: Option<String>,
        api: String,
    },
    /// The endpoints that were bound; none for a part that connects.
    Started {
        endpoints: Vec<String>,
    },
    Ready,
    Sample(Sample),
    /// `unsupported` when the library has no such thing, as opposed to having failed at it.
    Failed {
        reason: String,
        unsupported: bool,
    },
}

/// One side of a measurement.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Job {
    pub role: Role,
    pub work: Work,
    /// A mode of the contestant; empty for all but the raw sockets.
    pub variant: String,
    pub place: Place,
    /// Where to connect, in the words of this contestant; empty for the side that binds.
    pub endpoints: Vec<String>,
    /// The bytes of a message.
    pub size: usize,
    /// The high-water mark of both directions; 0 is none.
    pub hwm: u32,
    /// The only CPU that this process may use.
    pub cpu: Option<usize>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Sends, asks, publishes.
    Sender,
    /// Receives, answers, subscribes.
    Receiver,
}

/// What is measured. The sender's socket type comes first in each explanation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Work {
    /// PUSH to PULL, as fast as it goes.
    Stream(Layout),
    /// REQ and REP, one request at a time.
    PingPong,
    /// DEALER and ROUTER, so many requests under way.
    Pipeline { window: usize },
    /// PUSH to PULL, so many messages, a pause, and again.
    Bursts { length: u32, gap_us: u64, since: Since },
    /// PUSH to PULL by a fixed schedule, whatever the receiver does.
    OpenLoop { per_second: f64 },
    /// PUB to so many SUB.
    FanOut { subscribers: usize },
    /// PUB to one SUB with so many topics; so many per mille of what is published is wanted.
    Topics { count: u64, wanted_per_mille: u64 },
    /// PUSH with so many connections to one PULL, which carry one message each and then nothing.
    Connections { count: usize },
    /// PUSH to a PULL that takes so many a second.
    SlowConsumer { per_second: f64 },
    /// REQ and REP while a PUSH sends messages of so many bytes to a PULL of the same two processes.
    Interference { large: usize },
    /// A new REQ connects, asks, is answered and is closed, again and again.
    ColdStart,
}

/// From when on the delay of a burst's last message counts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// From the beginning of its own `send`: what a writer adds to it.
    OwnSend,
    /// From the beginning of the first message's: how long the burst takes. Here it also counts what the sender waits.
    FirstSend,
}

impl Since {
    /// What the last message of a burst that began then carries, when it is about to be sent.
    #[must_use]
    pub fn stamp(self, begin: u64) -> u64 {
        match self {
            Self::OwnSend => now(),
            Self::FirstSend => begin,
        }
    }
}

/// Who has a thread and who shares a socket.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// One socket and thread on each side.
    Pair,
    /// All sending threads share one socket, and so do all receiving ones.
    Threads { senders: usize, receivers: usize },
    /// So many sending sockets, one receiving.
    FanIn { senders: usize },
    /// So many pairs.
    Pairs { count: usize },
}

/// Where to bind.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Place {
    pub transport: Transport,
    /// A path for ipc, a name for inproc; TCP takes any free port of the loopback.
    pub name: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    Tcp,
    Ipc,
    Inproc,
}

impl Place {
    /// The endpoint to bind, where the library writes "any port" as `port`.
    pub fn endpoint(&self, port: &str) -> String {
        match self.transport {
            Transport::Tcp => format!("tcp://127.0.0.1:{port}"),
            Transport::Ipc => format!("ipc://{}", self.name),
            Transport::Inproc => format!("inproc://{}", self.name),
        }
    }

    /// Another place of the same kind.
    pub fn numbered(&self, index: usize) -> Place {
        Place { transport: self.transport, name: format!("{}-{index}", self.name) }
    }
}

/// The counters of a process at one moment. Times are nanoseconds of the monotonic clock, which both sides share.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Sample {
    pub at: u64,
    /// What each lane (thread or task) has done: messages, round trips, or bytes where that is the unit.
    pub counts: Vec<u64>,
    /// The sum of all sequence numbers, modulo 2^64: equal on both sides when nothing is lost or doubled.
    pub sum: u64,
    /// Messages that were not what was sent.
    pub errors: u64,
    /// What was sent and wanted, where that is not everything.
    pub wanted: u64,
    pub user_us: u64,
    pub system_us: u64,
    pub voluntary_switches: u64,
    pub involuntary_switches: u64,
    pub resident_bytes: u64,
    pub peak_bytes: u64,
    pub descriptors: u64,
    /// The delays since the last sample.
    pub delays: Option<Delays>,
}

/// Quantiles of delays in nanoseconds.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Delays {
    pub count: u64,
    pub mean: f64,
    pub p50: u64,
    pub p90: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
}

impl Sample {
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub fn cpu_us(&self) -> u64 {
        self.user_us + self.system_us
    }

    pub fn switches(&self) -> u64 {
        self.voluntary_switches + self.involuntary_switches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_survives_the_pipe() {
        let job = Job {
            role: Role::Sender,
            work: Work::Stream(Layout::Threads { senders: 8, receivers: 4 }),
            variant: String::new(),
            place: Place { transport: Transport::Tcp, name: String::new() },
            endpoints: vec!["tcp://127.0.0.1:5".into()],
            size: 64,
            hwm: 1000,
            cpu: Some(1),
        };
        let line = serde_json::to_string(&Command::Start(Box::new(job))).unwrap();
        assert!(!line.contains('\n'));
        let Command::Start(back) = serde_json::from_str(&line).unwrap() else { panic!("{line}") };
        assert_eq!(back.work, Work::Stream(Layout::Threads { senders: 8, receivers: 4 }));
        assert!(serde_json::from_str::<Command>("{\"start\": 1}").is_err());
    }

    #[test]
    fn places_become_endpoints() {
        let place = |transport| Place { transport, name: "/tmp/x".into() };
        assert_eq!(place(Transport::Tcp).endpoint("*"), "tcp://127.0.0.1:*");
        assert_eq!(place(Transport::Ipc).endpoint("*"), "ipc:///tmp/x");
        assert_eq!(place(Transport::Ipc).numbered(2).endpoint("0"), "ipc:///tmp/x-2");
    }
}

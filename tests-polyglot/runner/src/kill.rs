//! kill -9 under load: either side of PUSH/PULL and of DEALER/ROUTER dies again and again, and every message is accounted for.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::actor::{Actor, CONTEXT};
use crate::audit::{self, Books};
use crate::failures;
use crate::numbers::{self, Losses};
use crate::part;
use crate::ports::ReservedPort;
use crate::report;
use crate::roster::Roster;
use crate::stage::Transport;

/// How long the survivor may take to be back in business with the new process.
const RETURN_LIMIT: Duration = Duration::from_secs(20);
const SIZE: u64 = 256;
/// Options that keep what a killed connection can swallow small, so that the limit below means something.
const BUFFER: u64 = 65_536;
const HIGH_WATER: u64 = 100;
/// The most messages one kill may swallow: two kernel buffers, each doubled by Linux and filled beyond that while a segment
/// is accepted whole, one receive slab and what the engine hands over in one go, and both queues.
const SWALLOW_LIMIT: u64 = (2 * 2 * 2 * BUFFER + 2 * 262_144) / SIZE + 2 * HIGH_WATER;
const NAME: &[u8] = b"dealer";

/// One direction of one pattern, and who dies.
#[derive(Debug, Clone, Copy)]
struct Case {
    sender: &'static str,
    receiver: &'static str,
    sender_dies: bool,
    /// A binding survivor gives up the queue of a peer that is gone; a connecting one keeps it.
    survivor_binds: bool,
    /// ROUTER drops what it cannot route, by rule: gaps are then explained by its statistics instead of their place.
    drops: bool,
}

const CASES: [Case; 8] = [
    case("PUSH", "PULL", Dies::Receiver, Survivor::Connects),
    case("PUSH", "PULL", Dies::Sender, Survivor::Connects),
    case("PUSH", "PULL", Dies::Receiver, Survivor::Binds),
    case("PUSH", "PULL", Dies::Sender, Survivor::Binds),
    case("DEALER", "ROUTER", Dies::Receiver, Survivor::Connects),
    case("DEALER", "ROUTER", Dies::Sender, Survivor::Connects),
    case("ROUTER", "DEALER", Dies::Receiver, Survivor::Connects),
    case("ROUTER", "DEALER", Dies::Receiver, Survivor::Binds),
];

enum Dies {
    Sender,
    Receiver,
}

enum Survivor {
    Connects,
    Binds,
}

const fn case(sender: &'static str, receiver: &'static str, dies: Dies, survivor: Survivor) -> Case {
    Case {
        sender,
        receiver,
        sender_dies: matches!(dies, Dies::Sender),
        survivor_binds: matches!(survivor, Survivor::Binds),
        drops: matches!(sender.as_bytes(), b"ROUTER"),
    }
}

/// Plays every case over both transports; passed, failed, skipped.
pub(crate) fn run(
    roster: &Roster,
    kills: usize,
    seed: u64,
    only: &[String],
) -> Result<(usize, usize, usize)> {
    println!("{kills} kills per case and transport, messages of {SIZE} bytes, seed {seed}");
    println!(
        "one kill may swallow at most {SWALLOW_LIMIT} messages: kernel buffers and queues of the killed connection\n"
    );
    let folder = tempfile::Builder::new().prefix("ohmq-").tempdir().context("make a temporary folder")?;
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for case in CASES {
        for transport in Transport::ALL {
            for victim in ["rust", "libzmq"] {
                let dead = if case.sender_dies { case.sender } else { case.receiver };
                let side = if case.survivor_binds { "connecting" } else { "bound" };
                let (sender, receiver, scheme) = (case.sender, case.receiver, transport.name());
                let title = format!("{sender}→{receiver} {scheme}, {side} {victim} {dead} killed");
                if !only.iter().all(|word| title.contains(word.as_str())) {
                    continue;
                }
                let missing = ["rust", victim].into_iter().find(|name| roster.recipe(name).is_none());
                if let Some(name) = missing {
                    println!("- {title}\n{}", report::skips(&roster.absence(name), 1));
                    skipped += 1;
                    continue;
                }
                let mut scene = Scene::new(roster, case, transport, victim, folder.path(), seed)?;
                match scene.play(kills) {
                    Ok(figures) => {
                        println!("✓ {title}: {figures}");
                        passed += 1;
                    }
                    Err(error) => {
                        println!("✗ {title}: {error:#}");
                        println!(
                            "{}",
                            failures::keep(&roster.root, &title, &format!("{error:#}"), "", &scene.folder)
                        );
                        failed += 1;
                    }
                }
            }
        }
    }
    Ok((passed, failed, skipped))
}

/// One case: one survivor, and a victim that uses the same endpoint in every life.
struct Scene<'a> {
    roster: &'a Roster,
    case: Case,
    victim: &'static str,
    survivor: Actor,
    endpoint: String,
    folder: PathBuf,
    random: u64,
    slowest_return: Duration,
    _port: ReservedPort,
}

impl<'a> Scene<'a> {
    fn new(
        roster: &'a Roster,
        case: Case,
        transport: Transport,
        victim: &'static str,
        folder: &Path,
        seed: u64,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new().tempdir_in(folder)?.keep();
        let port = ReservedPort::new()?;
        let endpoint = match transport {
            Transport::Tcp => format!("tcp://127.0.0.1:{}", port.number()),
            Transport::Ipc => format!("ipc://{}/s", folder.display()),
        };
        let survivor = Actor::start(roster.require("rust")?, &folder)?;
        let random = seed.max(1);
        Ok(Self {
            roster,
            case,
            victim,
            survivor,
            endpoint,
            folder,
            random,
            slowest_return: Duration::ZERO,
            _port: port,
        })
    }

    fn play(&mut self, kills: usize) -> Result<String> {
        let log = self.folder.join("survivor.log");
        let (kind, attach) = (self.survivor_type(), self.attach(self.case.survivor_binds));
        open(&mut self.survivor, kind, attach)?;
        self.serve_survivor(&log)?;
        let mut lives = Vec::new();
        for life in 0..=kills {
            let (mut victim, life_log) = self.be_born(life)?;
            let wanted = 1 + self.roll(1000);
            self.wait_for(&mut victim, life, wanted).with_context(|| format!("life {life}"))?;
            if life < kills {
                victim.kill()?;
                lives.push(numbers::read(&life_log)?);
                continue;
            }
            self.end(&mut victim, life, &log, &life_log).context("the orderly end")?;
            lives.push(numbers::read(&life_log)?);
            // The last victim is still alive: the books are read at a quiet moment.
            return self.judge(&numbers::read(&log)?, &lives, kills as u64);
        }
        bail!("no life at all")
    }

    fn attach(&self, binds: bool) -> Value {
        json!({"op": if binds { "bind" } else { "connect" }, "endpoint": self.endpoint})
    }

    fn survivor_type(&self) -> &'static str {
        if self.case.sender_dies { self.case.receiver } else { self.case.sender }
    }

    fn victim_type(&self) -> &'static str {
        if self.case.sender_dies { self.case.sender } else { self.case.receiver }
    }

    /// A new victim process, bound and at work.
    fn be_born(&mut self, life: usize) -> Result<(Actor, PathBuf)> {
        let log = self.folder.join(format!("life-{life}.log"));
        let mut victim = Actor::start(self.roster.require(self.victim)?, &self.folder)?;
        open(&mut victim, self.victim_type(), self.attach(!self.case.survivor_binds))?;
        let request = if self.case.sender_dies {
            json!({"op": "service", "socket": "s", "kind": "send", "count": 0, "size": SIZE, "start": first_number(life), "log": log})
        } else {
            json!({"op": "service", "socket": "s", "kind": "receive", "count": 0, "log": log})
        };
        victim.ask(request)?;
        Ok((victim, log))
    }

    fn serve_survivor(&mut self, log: &Path) -> Result<()> {
        let prefix = if self.case.drops { json!([part::hex(NAME)]) } else { json!([]) };
        let request = if self.case.sender_dies {
            json!({"op": "service", "socket": "s", "kind": "receive", "count": 0, "log": log})
        } else {
            json!({"op": "service", "socket": "s", "kind": "send", "count": 0, "size": SIZE, "prefix": prefix, "log": log})
        };
        self.survivor.ask(request).map(drop)
    }

    /// Waits until this life has received, or got through, so many messages.
    fn wait_for(&mut self, victim: &mut Actor, life: usize, wanted: u64) -> Result<()> {
        let started = Instant::now();
        let mut first = None;
        loop {
            let count = if self.case.sender_dies {
                let last = numbers::last(&self.folder.join("survivor.log"))?;
                last.filter(|number| *number >= first_number(life))
                    .map_or(0, |number| number - first_number(life) + 1)
            } else {
                running(&victim.ask(json!({"op": "report", "socket": "s", "timeout_ms": 0}))?)?
            };
            running(&self.survivor.ask(json!({"op": "report", "socket": "s", "timeout_ms": 0}))?)?;
            audit::balanced(&stats(&mut self.survivor)?).context("under load")?;
            if count > 0 {
                first.get_or_insert(started.elapsed());
            }
            if count >= wanted {
                self.slowest_return = self.slowest_return.max(first.unwrap_or_default());
                return Ok(());
            }
            if started.elapsed() > RETURN_LIMIT {
                bail!("{count} of {wanted} messages within {RETURN_LIMIT:?}: {}", stats(&mut self.survivor)?);
            }
        }
    }

    /// Nobody dies any more: the sender stops, everything that waits is delivered.
    fn end(&mut self, victim: &mut Actor, life: usize, survivor_log: &Path, life_log: &Path) -> Result<()> {
        let (sender, receiver_log) = match self.case.sender_dies {
            true => (&mut *victim, survivor_log),
            false => (&mut self.survivor, life_log),
        };
        let sent = sender.ask(json!({"op": "stop", "socket": "s"}))?["count"].as_u64().unwrap_or(0);
        let start = if self.case.sender_dies { first_number(life) } else { 0 };
        let last = (start + sent).checked_sub(1).context("nothing was sent")?;
        let started = Instant::now();
        // ROUTER may drop the last ones; then an empty queue is the end.
        while numbers::last(receiver_log)? != Some(last) {
            if self.case.drops {
                let books = Books::read(&stats(&mut self.survivor)?, "sent")?;
                let received =
                    running(&victim.ask(json!({"op": "report", "socket": "s", "timeout_ms": 10}))?)?;
                let later = running(&victim.ask(json!({"op": "report", "socket": "s", "timeout_ms": 200}))?)?;
                if books.queued == 0 && received == later {
                    break;
                }
            }
            if started.elapsed() > RETURN_LIMIT {
                let log = numbers::last(receiver_log)?;
                bail!("message {last} did not arrive, the last is {log:?}: {}", stats(&mut self.survivor)?);
            }
        }
        self.wait_for_losses(life as u64)?;
        if self.case.sender_dies {
            self.survivor.ask(json!({"op": "stop", "socket": "s"}))?;
        }
        Ok(())
    }

    /// What a killed sender had sent may come after the last message of its successor, and the end of its connection after that.
    fn wait_for_losses(&mut self, kills: u64) -> Result<()> {
        let started = Instant::now();
        loop {
            let stats = stats(&mut self.survivor)?;
            let queued = if self.case.sender_dies { Books::read(&stats, "recv")?.queued } else { 0 };
            if queued == 0 && stats["connections_lost"].as_u64().unwrap_or(0) >= kills {
                return Ok(());
            }
            if started.elapsed() > RETURN_LIMIT {
                bail!(
                    "{kills} kills, but {queued} messages are queued and not all connections lost: {stats}"
                );
            }
        }
    }

    fn judge(&mut self, survivor: &[u64], lives: &[Vec<u64>], kills: u64) -> Result<String> {
        let stats = stats(&mut self.survivor)?;
        audit::balanced(&stats)?;
        let losses = if self.case.sender_dies {
            let books = Books::read(&stats, "recv")?;
            if books.delivered != survivor.len() as u64 || books.queued + books.dropped != 0 {
                bail!("the survivor received {} messages, its books say {books:?}", survivor.len());
            }
            numbers::senders_died(lives, survivor, first_number)?
        } else {
            let books = Books::read(&stats, "sent")?;
            if books.accepted != survivor.len() as u64 || books.queued != 0 {
                bail!("the survivor sent {} messages, its books say {books:?}", survivor.len());
            }
            // Until a binding survivor sees the end of a dead peer's stream it has two pipes and deals to both, so what
            // the dead one got is missing between messages of its successor. The books say how many there were.
            let one_pipe = !self.case.survivor_binds;
            let losses = numbers::receivers_died(survivor, lives, one_pipe && !self.case.drops)?;
            explain(&losses, books, self.case, kills)?;
            losses
        };
        if losses.worst > SWALLOW_LIMIT && !self.case.drops {
            bail!("one kill swallowed {} messages, more than {SWALLOW_LIMIT}: {losses:?}", losses.worst);
        }
        Ok(format!(
            "{kills} kills, {} sent, {} received, duplicates 0, unexplained 0; {} {}; slowest return {} ms",
            losses.sent,
            losses.received,
            losses.lost,
            self.where_lost(&losses, &stats)?,
            self.slowest_return.as_millis()
        ))
    }

    fn where_lost(&self, losses: &Losses, stats: &Value) -> Result<String> {
        if self.case.sender_dies {
            return Ok(format!("died with their sender (at most {} at once)", losses.worst));
        }
        let books = Books::read(stats, "sent")?;
        let swallowed = books.delivered - losses.received;
        Ok(match books.dropped {
            0 => format!("handed to killed connections (at most {} at once)", losses.worst),
            dropped => {
                format!("lost: {swallowed} handed to killed connections, {dropped} dropped and counted")
            }
        })
    }

    fn roll(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }
}

/// A message that nobody received must be in the survivor's books: handed to the kernel for a connection that was killed,
/// or dropped for a named cause.
fn explain(losses: &Losses, books: Books, case: Case, kills: u64) -> Result<()> {
    let Some(swallowed) = books.delivered.checked_sub(losses.received) else {
        bail!("{} received, but only {} delivered: {books:?}", losses.received, books.delivered);
    };
    if losses.lost != swallowed + books.dropped {
        bail!("unexplained loss: {} lost, {swallowed} swallowed, {books:?}", losses.lost);
    }
    if !case.drops && !case.survivor_binds && books.dropped != 0 {
        bail!("a connecting {} must keep its queue: {books:?}", case.sender);
    }
    if swallowed > kills * SWALLOW_LIMIT {
        bail!("{swallowed} messages swallowed by {kills} kills, more than {SWALLOW_LIMIT} each");
    }
    Ok(())
}

fn open(actor: &mut Actor, kind: &str, mut attach: Value) -> Result<()> {
    let mut options = json!({"linger": 0, "reconnect_ivl": 10, "sndbuf": BUFFER, "rcvbuf": BUFFER,
                             "sndhwm": HIGH_WATER, "rcvhwm": HIGH_WATER});
    match kind {
        "DEALER" => options["routing_id"] = json!({"hex": part::hex(NAME)}),
        // A dealer may be back before its death was noticed; without handover its name is still taken, and ZeroMQ lets
        // the newcomer be ignored for good.
        "ROUTER" => options["router_handover"] = json!(1),
        _ => {}
    }
    actor
        .ask(json!({"op": "socket", "socket": "s", "context": CONTEXT, "type": kind, "options": options}))?;
    attach["socket"] = json!("s");
    actor.ask(attach).map(drop)
}

fn stats(actor: &mut Actor) -> Result<Value> {
    actor.ask(json!({"op": "stats", "socket": "s"}))
}

/// The count of a service that must not have ended.
fn running(report: &Value) -> Result<u64> {
    if report["done"] != json!(false) {
        bail!("a service ended by itself: {report}");
    }
    report["count"].as_u64().context("no count")
}

/// Each life of a sender numbers its messages in its own range.
fn first_number(life: usize) -> u64 {
    (life as u64) << 32
}

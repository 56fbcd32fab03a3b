//! Hostile input at bound sockets of every type while an honest peer keeps talking.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Value, json};

use crate::actor::{Actor, CONTEXT};
use crate::failures;
use crate::honest::{Honest, PLANS, Plan};
use crate::lure;
use crate::report;
use crate::roster::{NAMES, Roster};
use crate::stage::Transport;
use crate::vectors::{self, Expected, Hostile};
use crate::wire::{Reaction, Wire};

/// A connection that must be closed at once is closed within this time.
const AT_ONCE: Duration = Duration::from_secs(3);
/// The handshake deadline where closing at once is told from it: far longer than `AT_ONCE`.
const LONG_HANDSHAKE_MS: u64 = 60_000;
/// The handshake deadline of those who say nothing wrong, only nothing more.
const SHORT_HANDSHAKE_MS: u64 = 300;
/// What the server's memory may grow by over one whole list.
const GROWTH_LIMIT_KIB: u64 = 64 * 1024;
const GARBAGE: usize = 32;

/// Replays the list against each kind of socket; passed, failed, skipped.
pub(crate) fn run(roster: &Roster, seed: u64, only: &[String]) -> Result<(usize, usize, usize)> {
    let path = roster.root.join("tests-polyglot/vectors/hostile.txt");
    let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let mut inputs = vectors::parse(&text)?;
    let listed = inputs.len();
    inputs.extend(vectors::garbage(seed, GARBAGE));
    println!(
        "{listed} listed inputs and {GARBAGE} of garbage (seed {seed}) at each socket, an honest peer beside them"
    );
    let folder = tempfile::Builder::new().prefix("ohmq-").tempdir().context("make a temporary folder")?;
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for siege in programme() {
        let title = siege.title();
        if !only.iter().all(|word| title.contains(word.as_str())) {
            continue;
        }
        if roster.recipe(siege.name).is_none() {
            println!("- {title}\n{}", report::skips(&roster.absence(siege.name), 1));
            skipped += 1;
            continue;
        }
        let played = match siege.transport {
            Some(transport) => besiege(roster, siege.name, siege.plan, transport, &inputs, folder.path()),
            None => lure::run(roster, siege.name, siege.plan, &inputs, folder.path()),
        };
        match played {
            Ok(figures) => {
                println!("✓ {title:<28} {figures}");
                passed += 1;
            }
            Err(error) => {
                println!("✗ {title:<28} {error:#}");
                println!(
                    "{}",
                    failures::keep(&roster.root, &title, &format!("{error:#}"), "", folder.path())
                );
                failed += 1;
            }
        }
    }
    Ok((passed, failed, skipped))
}

/// Who is attacked, as what, and how.
struct Siege {
    name: &'static str,
    plan: &'static Plan,
    /// The transport it is bound to; `None` when it connects to hostile listeners.
    transport: Option<Transport>,
}

impl Siege {
    fn title(&self) -> String {
        let place = match self.transport {
            Some(transport) => format!("bound to {}", transport.name()),
            None => "connecting".to_owned(),
        };
        format!("{} {} {place}", self.name, self.plan.server)
    }
}

/// Rust serves as every socket type over both transports; the other languages, whose engine is the same, as PULL.
fn programme() -> Vec<Siege> {
    let mut list = Vec::new();
    for plan in PLANS {
        list.extend(Transport::ALL.map(|transport| Siege { name: "rust", plan, transport: Some(transport) }));
    }
    let pull = PLANS.iter().find(|plan| plan.server == "PULL");
    list.extend(pull.map(|plan| Siege { name: "rust", plan, transport: None }));
    for name in NAMES.into_iter().filter(|name| !matches!(*name, "rust" | "libzmq")) {
        list.extend(pull.map(|plan| Siege { name, plan, transport: Some(Transport::Tcp) }));
    }
    list
}

/// One server socket, one honest peer, all attackers.
fn besiege(
    roster: &Roster,
    name: &str,
    plan: &'static Plan,
    transport: Transport,
    inputs: &[Hostile],
    folder: &Path,
) -> Result<String> {
    let recipe = roster.require(name)?;
    let mut server = Actor::start(recipe, folder)?;
    let peer = Actor::start(roster.require("rust")?, folder)?;
    let endpoints = open(&mut server, plan, transport, folder)?;
    let pid = server.process_id();
    let mut honest = Honest::meet(server, peer, plan, Some(&endpoints[0]))?;
    let errors_before = count(&honest.stats()?, "protocol_errors")?;
    let memory_before = memory(pid)?;

    let inputs: Vec<&Hostile> = inputs.iter().filter(|input| plan.admits(input)).collect();
    let over = AtomicBool::new(false);
    let (attack, traffic) = thread::scope(|scope| {
        let attackers = scope.spawn(|| {
            let outcome = attack(&endpoints, plan, &inputs);
            over.store(true, Ordering::Release);
            outcome
        });
        let traffic = honest.talk_until(|| over.load(Ordering::Acquire));
        (attackers.join().unwrap_or_else(|_| Err(anyhow!("the attack panicked"))), traffic)
    });
    let rounds = traffic.context("honest traffic")?;
    let attack = attack?;
    let foreign = honest.finish(attack.messages)?;
    if plan.server == "PULL" && foreign < attack.messages {
        bail!("{foreign} harmless messages were delivered instead of {}", attack.messages);
    }
    let stats = honest.stats()?;
    let errors = count(&stats, "protocol_errors")? - errors_before;
    if errors < attack.refused {
        bail!("{} connections were refused, but protocol_errors counts {errors}: {stats}", attack.refused);
    }
    crate::audit::balanced(&stats)?;
    let growth = memory(pid)?.saturating_sub(memory_before);
    if growth > GROWTH_LIMIT_KIB {
        bail!("the server grew by {growth} KiB");
    }
    Ok(format!(
        "{} inputs: {} closed at once (slowest {} ms), {} at the deadline, {} harmless; {errors} counted; {rounds} honest rounds whole; +{growth} KiB",
        inputs.len(),
        attack.refused,
        attack.slowest.as_millis(),
        attack.timed_out,
        attack.harmless
    ))
}

/// The server socket with two endpoints: a long handshake deadline on the first, a short one on the second.
fn open(server: &mut Actor, plan: &Plan, transport: Transport, folder: &Path) -> Result<[String; 2]> {
    let options = json!({"linger": 0, "maxmsgsize": 1_048_576});
    server.ask(json!({"op": "socket", "socket": "server", "context": CONTEXT, "type": plan.server, "options": options}))?;
    let mut bind = |deadline_ms: u64| -> Result<String> {
        server
            .ask(json!({"op": "set", "socket": "server", "option": "handshake_ivl", "value": deadline_ms}))?;
        let wanted = match transport {
            Transport::Tcp => "tcp://127.0.0.1:*".to_owned(),
            Transport::Ipc => format!("ipc://{}/{}-{deadline_ms}", folder.display(), plan.server),
        };
        let bound = server.ask(json!({"op": "bind", "socket": "server", "endpoint": wanted}))?;
        bound.as_str().map(str::to_owned).context("bind answered no endpoint")
    };
    Ok([bind(LONG_HANDSHAKE_MS)?, bind(SHORT_HANDSHAKE_MS)?])
}

/// What became of the attackers.
#[derive(Debug, Default)]
struct Attack {
    refused: u64,
    timed_out: u64,
    harmless: u64,
    messages: u64,
    slowest: Duration,
}

fn attack(endpoints: &[String; 2], plan: &Plan, inputs: &[&Hostile]) -> Result<Attack> {
    let mut attack = Attack::default();
    let mut waiting = Vec::new();
    let mut staying = Vec::new();
    for input in inputs {
        let waits = input.expected == Expected::Waits && !input.after_handshake;
        let endpoint = &endpoints[usize::from(waits)];
        let mut wire = assault(endpoint, plan, input).with_context(|| input.name.clone())?;
        match input.expected {
            _ if waits => waiting.push((&input.name, wire)),
            Expected::Closes if plan.judges(input) => {
                let started = Instant::now();
                if wire.reaction(AT_ONCE)? == Reaction::Open {
                    bail!("{}: the connection was not closed within {AT_ONCE:?}", input.name);
                }
                attack.slowest = attack.slowest.max(started.elapsed());
                attack.refused += 1;
            }
            Expected::Lives(messages) if plan.judges(input) => {
                attack.messages += messages;
                staying.push((&input.name, wire));
            }
            Expected::Waits if plan.judges(input) => staying.push((&input.name, wire)),
            _ => drop(wire),
        }
    }
    for (name, mut wire) in waiting {
        if wire.reaction(Duration::from_millis(SHORT_HANDSHAKE_MS) + AT_ONCE)? == Reaction::Open {
            bail!("{name}: the handshake deadline did not end the connection");
        }
        attack.timed_out += 1;
    }
    for (name, mut wire) in staying {
        if wire.reaction(Duration::from_millis(1))? == Reaction::Closed {
            bail!("{name}: harmless, but the connection was closed");
        }
        attack.harmless += 1;
    }
    Ok(attack)
}

fn assault(endpoint: &str, plan: &Plan, input: &Hostile) -> Result<Wire> {
    let mut wire = Wire::connect(endpoint)?;
    if input.after_handshake && !plan.refuses_second_peer() {
        wire.handshake(plan.attacker)?;
    }
    wire.write(&input.bytes)?;
    Ok(wire)
}

fn count(stats: &Value, field: &str) -> Result<u64> {
    stats[field].as_u64().with_context(|| format!("no {field} in {stats}"))
}

/// The resident memory of a process in KiB.
fn memory(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("read {path}: is the server still alive?"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

//! The demo: a service in each language, every language calls every other, four matrices in the terminal.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::actor::{Actor, CONTEXT};
use crate::failures;
use crate::part;
use crate::report;
use crate::roster::{NAMES, Roster};
use crate::stage::Transport;

const PINGS: u64 = 300;
const PING_SIZE: u64 = 64;
const PUBLISHED_SIZE: u64 = 64;
const TOPIC: &[u8] = b"demo";
/// How many messages a subscriber counts; a second or less even for the slowest.
const DELIVERIES: u64 = 5000;
const LIMIT_MS: u64 = 10_000;

/// The two things every pair does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The row asks, the column answers.
    Requests,
    /// The row publishes, the column counts.
    Publications,
}

/// What one language's two processes are called while the demo runs.
struct Cast {
    /// Rows of REQ/REP, columns of PUB/SUB.
    callers: HashMap<&'static str, Result<Actor, String>>,
    /// Columns of REQ/REP, rows of PUB/SUB.
    services: HashMap<&'static str, Result<Actor, String>>,
}

/// Fills and prints the four matrices; passed, failed, skipped cells.
pub(crate) fn run(roster: &Roster) -> Result<(usize, usize, usize)> {
    let started = Instant::now();
    let folder = tempfile::Builder::new().prefix("ohmq-").tempdir().context("make a temporary folder")?;
    let mut cast = start(roster, folder.path());
    let (mut passed, mut failed) = (0, 0);
    let (mut reasons, mut holes) = (Vec::new(), Vec::new());
    for kind in [Kind::Requests, Kind::Publications] {
        for transport in Transport::ALL {
            head(kind, transport);
            let endpoints = open_services(&mut cast, kind, transport, folder.path());
            for left in NAMES {
                print!("  {left:<8}");
                for right in NAMES {
                    let (asked, served) = match kind {
                        Kind::Requests => (left, right),
                        Kind::Publications => (right, left),
                    };
                    let text = match call(roster, &mut cast, kind, asked, served, &endpoints) {
                        None => {
                            holes
                                .extend([left, right].into_iter().find(|name| roster.recipe(name).is_none()));
                            "not run".to_owned()
                        }
                        Some(Ok(figure)) => format!("✓ {figure}"),
                        Some(Err(error)) => {
                            let cell = format!("demo {kind:?} {} {left}→{right}", transport.name());
                            let message = format!("{error:#}");
                            let kept = failures::keep(&roster.root, &cell, &message, "", folder.path());
                            reasons.push(format!("{} {left}→{right}: {message}; {kept}", transport.name()));
                            "✗".to_owned()
                        }
                    };
                    match text.chars().next() {
                        Some('✓') => passed += 1,
                        Some('✗') => failed += 1,
                        _ => {}
                    }
                    print!("{text:>12}");
                    flush();
                }
                println!();
            }
            close_services(&mut cast);
        }
    }
    print_notes(roster, &cast, &reasons, &holes);
    println!("\n{:.1} s", started.elapsed().as_secs_f64());
    Ok((passed, failed, holes.len()))
}

/// Two processes per language: one that serves, one that calls, started side by side.
fn start(roster: &Roster, folder: &Path) -> Cast {
    let launch = |name: &'static str| {
        let recipe = roster.recipe(name)?.clone();
        let folder = folder.to_owned();
        Some((
            name,
            std::thread::spawn(move || Actor::start(&recipe, &folder).map_err(|error| format!("{error:#}"))),
        ))
    };
    let collect = |handles: Vec<(&'static str, std::thread::JoinHandle<_>)>| {
        handles
            .into_iter()
            .map(|(name, handle)| (name, handle.join().unwrap_or_else(|_| Err("start panicked".to_owned()))))
            .collect()
    };
    let services: Vec<_> = NAMES.into_iter().filter_map(launch).collect();
    let callers: Vec<_> = NAMES.into_iter().filter_map(launch).collect();
    Cast { services: collect(services), callers: collect(callers) }
}

fn head(kind: Kind, transport: Transport) {
    let (title, rows, columns) = match kind {
        Kind::Requests => (format!("REQ/REP, median round trip of {PING_SIZE} bytes"), "REQ", "REP"),
        Kind::Publications => {
            (format!("PUB/SUB, {PUBLISHED_SIZE}-byte messages delivered per second"), "PUB", "SUB")
        }
    };
    println!(
        "\n{} over {}: {title}",
        if kind == Kind::Requests { "requests" } else { "publications" },
        transport.name()
    );
    print!("  {:<8}", format!("{rows}\\{columns}"));
    NAMES.iter().for_each(|name| print!("{name:>12}"));
    println!();
}

/// One bound service per language; REP services answer at once, publishers start when their row is played.
fn open_services(
    cast: &mut Cast,
    kind: Kind,
    transport: Transport,
    folder: &Path,
) -> HashMap<&'static str, Result<String, String>> {
    let mut endpoints = HashMap::new();
    for (name, actor) in &mut cast.services {
        let Ok(actor) = actor else { continue };
        let endpoint = match transport {
            Transport::Tcp => "tcp://127.0.0.1:*".to_owned(),
            Transport::Ipc => format!("ipc://{}/{name}-{kind:?}", folder.display()),
        };
        let opened = open_service(actor, kind, &endpoint).map_err(|error| format!("{error:#}"));
        endpoints.insert(*name, opened);
    }
    endpoints
}

fn open_service(actor: &mut Actor, kind: Kind, endpoint: &str) -> Result<String> {
    let socket = if kind == Kind::Requests { "REP" } else { "PUB" };
    actor.ask(json!({"op": "socket", "socket": "service", "context": CONTEXT, "type": socket, "options": {"linger": 0}}))?;
    let resolved = actor.ask(json!({"op": "bind", "socket": "service", "endpoint": endpoint}))?;
    if kind == Kind::Requests {
        actor.ask(json!({"op": "service", "socket": "service", "kind": "echo"}))?;
    }
    resolved.as_str().map(str::to_owned).context("bind answered no endpoint")
}

fn close_services(cast: &mut Cast) {
    for actor in cast.services.values_mut().flatten() {
        // A service that was never started, or died, shows in its cells; here it is only in the way.
        let _ = actor.try_ask(json!({"op": "stop", "socket": "service"}));
        let _ = actor.try_ask(json!({"op": "close", "socket": "service", "linger_ms": 0}));
    }
}

/// One cell; `None` when a language is missing.
fn call(
    roster: &Roster,
    cast: &mut Cast,
    kind: Kind,
    asked: &'static str,
    served: &'static str,
    endpoints: &HashMap<&'static str, Result<String, String>>,
) -> Option<Result<String>> {
    roster.recipe(asked)?;
    roster.recipe(served)?;
    let caller = cast.callers.get_mut(asked)?;
    let service = cast.services.get_mut(served)?;
    let (caller, service) = match (caller, service) {
        (Ok(caller), Ok(service)) => (caller, service),
        (Err(error), _) | (_, Err(error)) => return Some(Err(anyhow::anyhow!("{error}"))),
    };
    let endpoint = match endpoints.get(served)? {
        Ok(endpoint) => endpoint,
        Err(error) => return Some(Err(anyhow::anyhow!("{error}"))),
    };
    Some(match kind {
        Kind::Requests => ask(caller, endpoint),
        Kind::Publications => subscribe(caller, service, endpoint),
    })
}

fn ask(caller: &mut Actor, endpoint: &str) -> Result<String> {
    open_caller(caller, "REQ", endpoint)?;
    let answer = caller.try_ask(
        json!({"op": "ping", "socket": "caller", "count": PINGS, "size": PING_SIZE, "timeout_ms": LIMIT_MS}),
    )?;
    close_caller(caller)?;
    let answer = answer.map_err(|refusal| anyhow::anyhow!("{}: ping: {refusal}", caller.name()))?;
    let median = answer["median_us"].as_f64().context("ping answered no median")?;
    if answer["count"] != json!(PINGS) {
        bail!("{}: {} of {PINGS} round trips", caller.name(), answer["count"]);
    }
    Ok(if median < 1000.0 { format!("{median:.0} µs") } else { format!("{:.1} ms", median / 1000.0) })
}

fn subscribe(caller: &mut Actor, service: &mut Actor, endpoint: &str) -> Result<String> {
    open_caller(caller, "SUB", endpoint)?;
    caller.ask(json!({"op": "subscribe", "socket": "caller", "topic": part::hex(TOPIC)}))?;
    caller.ask(json!({"op": "service", "socket": "caller", "kind": "receive", "count": DELIVERIES}))?;
    service.ask(
        json!({"op": "service", "socket": "service", "kind": "send", "count": 0, "size": PUBLISHED_SIZE,
                       "prefix": [part::hex(TOPIC)]}),
    )?;
    let report = caller.ask(json!({"op": "report", "socket": "caller", "timeout_ms": LIMIT_MS}))?;
    let published = service.ask(json!({"op": "stop", "socket": "service"}))?;
    caller.ask(json!({"op": "stop", "socket": "caller"}))?;
    close_caller(caller)?;
    judge_deliveries(&report, &published)?;
    let seconds = report["elapsed_us"].as_f64().context("no elapsed_us")? / 1e6;
    Ok(rate((DELIVERIES - 1) as f64 / seconds))
}

fn judge_deliveries(report: &Value, published: &Value) -> Result<()> {
    for side in [report, published] {
        if side.get("error").is_some() {
            bail!("{side}");
        }
    }
    if report["count"] != json!(DELIVERIES) {
        bail!(
            "{} of {DELIVERIES} delivered within {LIMIT_MS} ms; {} published",
            report["count"],
            published["count"]
        );
    }
    if report["bytes"] != json!(DELIVERIES * PUBLISHED_SIZE) || report["unordered"] != json!(0) {
        bail!("altered or reordered messages: {report}");
    }
    Ok(())
}

fn open_caller(caller: &mut Actor, kind: &str, endpoint: &str) -> Result<()> {
    caller.ask(json!({"op": "socket", "socket": "caller", "context": CONTEXT, "type": kind, "options": {"linger": 0}}))?;
    caller.ask(json!({"op": "connect", "socket": "caller", "endpoint": endpoint})).map(drop)
}

fn close_caller(caller: &mut Actor) -> Result<()> {
    caller.ask(json!({"op": "close", "socket": "caller", "linger_ms": 0})).map(drop)
}

fn rate(per_second: f64) -> String {
    match per_second {
        rate if rate >= 1e6 => format!("{:.2} M/s", rate / 1e6),
        rate if rate >= 10_000.0 => format!("{:.0} k/s", rate / 1e3),
        rate => format!("{:.1} k/s", rate / 1e3),
    }
}

/// What each language runs, what failed, and why cells were skipped, once for all cells that want for the same language.
fn print_notes(roster: &Roster, cast: &Cast, reasons: &[String], holes: &[&str]) {
    println!();
    for name in NAMES {
        match cast.callers.get(name) {
            Some(Ok(actor)) => println!("  {name:<8} {}", actor.library()),
            Some(Err(error)) => println!("  {name:<8} cannot start: {error}"),
            None => {}
        }
    }
    for reason in reasons {
        println!("  ✗ {reason}");
    }
    for name in NAMES {
        let cells = holes.iter().filter(|hole| **hole == name).count();
        if cells > 0 {
            println!("{}", report::skips(&roster.absence(name), cells));
        }
    }
}

/// Cells appear as they are measured.
fn flush() {
    let _ = std::io::Write::flush(&mut std::io::stdout());
}

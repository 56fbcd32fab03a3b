//! The other way round: our socket connects, and whoever accepts is hostile.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::actor::{Actor, CONTEXT};
use crate::audit;
use crate::honest::{Honest, Plan};
use crate::roster::Roster;
use crate::vectors::{Expected, Hostile};
use crate::wire::{Reaction, Wire};

/// A connection that must be closed at once is closed within this time.
const AT_ONCE: Duration = Duration::from_secs(3);
const LONG_HANDSHAKE_MS: u64 = 60_000;
const SHORT_HANDSHAKE_MS: u64 = 300;

/// One socket that connects to a hostile listener for each input, and to one honest peer throughout.
pub(crate) fn run(
    roster: &Roster,
    name: &str,
    plan: &'static Plan,
    inputs: &[Hostile],
    folder: &Path,
) -> Result<String> {
    let mut client = Actor::start(roster.require(name)?, folder)?;
    let peer = Actor::start(roster.require("rust")?, folder)?;
    let options = json!({"linger": 0, "maxmsgsize": 1_048_576, "reconnect_ivl": 10});
    client.ask(json!({"op": "socket", "socket": "server", "context": CONTEXT, "type": plan.server, "options": options}))?;
    let mut honest = Honest::meet(client, peer, plan, None)?;
    let (mut refused, mut slowest, mut messages) = (0, Duration::ZERO, 0);
    for input in inputs {
        if let Expected::Lives(count) = input.expected {
            messages += count;
        }
        let outcome = lure(&mut honest, plan, input, messages).with_context(|| input.name.clone())?;
        refused += u64::from(outcome.is_some());
        slowest = slowest.max(outcome.unwrap_or_default());
        honest.talk().with_context(|| format!("honest traffic after {}", input.name))?;
    }
    let stats = honest.stats()?;
    audit::balanced(&stats)?;
    let errors = stats["protocol_errors"].as_u64().context("no protocol_errors")?;
    if errors < refused {
        bail!("{refused} listeners were refused, but protocol_errors counts {errors}: {stats}");
    }
    Ok(format!(
        "{} inputs: {refused} closed at once (slowest {} ms); {errors} counted; {} honest rounds whole",
        inputs.len(),
        slowest.as_millis(),
        honest.rounds()
    ))
}

/// Connects to one hostile listener, by the end of which so many harmless messages must have come in all; how long a refusal took, if it had to be refused at once.
fn lure(honest: &mut Honest, plan: &Plan, input: &Hostile, messages: u64) -> Result<Option<Duration>> {
    let waits = input.expected == Expected::Waits && !input.after_handshake;
    let deadline = if waits { SHORT_HANDSHAKE_MS } else { LONG_HANDSHAKE_MS };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let endpoint = format!("tcp://{}", listener.local_addr()?);
    honest.ask_server(json!({"op": "set", "option": "handshake_ivl", "value": deadline}))?;
    honest.ask_server(json!({"op": "connect", "endpoint": endpoint}))?;
    let mut wire = Wire::accept(&listener, AT_ONCE)?;
    // Later attempts of our socket are refused by the system.
    drop(listener);
    if input.after_handshake {
        wire.handshake(plan.attacker)?;
    }
    wire.write(&input.bytes)?;
    let started = Instant::now();
    let limit = AT_ONCE + Duration::from_millis(if waits { SHORT_HANDSHAKE_MS } else { 0 });
    let must_close = waits || input.expected == Expected::Closes;
    if must_close && wire.reaction(limit)? == Reaction::Open {
        bail!("the connection was not closed within {limit:?}");
    }
    let took = started.elapsed();
    if matches!(input.expected, Expected::Lives(_)) {
        // Disconnecting drops what nobody has received, so what was promised is received before.
        let foreign = honest.finish(messages)?;
        if foreign < messages {
            bail!("{foreign} harmless messages were delivered so far instead of {messages}");
        }
        if wire.reaction(Duration::from_millis(1))? == Reaction::Closed {
            bail!("harmless, but the connection was closed");
        }
    }
    // A refused listener may be given up for good: then there is nothing to disconnect from any more.
    match honest.try_ask_server(json!({"op": "disconnect", "endpoint": endpoint}))? {
        Err(refusal) if refusal.code != "ENOENT" => bail!("disconnect: {refusal}"),
        _ => Ok((must_close && !waits).then_some(took)),
    }
}

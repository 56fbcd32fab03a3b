//! Request and reply, and the same wire with DEALER or ROUTER at one end (RFC 28).

use anyhow::{Result, bail};
use serde_json::json;

use crate::part::{self, Part};
use crate::stage::{LEFT, RIGHT, Sock, Stage};

/// Around every length that changes the frame header or the way a body is held.
const SIZES: [usize; 7] = [0, 1, 255, 256, 8192, 65536, 1_048_576];

pub(super) fn echo(stage: &mut Stage) -> Result<()> {
    let (request, reply) = (stage.socket(LEFT, "REQ")?, stage.socket(RIGHT, "REP")?);
    let endpoint = stage.bind(reply)?;
    stage.connect(request, &endpoint)?;
    for (round, len) in SIZES.into_iter().enumerate() {
        let question = [Part::Pattern { seed: round, len }];
        let answer = [Part::Pattern { seed: round + 100, len }];
        trip(stage, request, reply, &question, &answer)?;
    }
    for message in multiparts() {
        trip(stage, request, reply, &message, &message)?;
    }
    Ok(())
}

pub(super) fn reverse(stage: &mut Stage) -> Result<()> {
    let (request, reply) = (stage.socket(LEFT, "REQ")?, stage.socket(RIGHT, "REP")?);
    let endpoint = stage.bind(request)?;
    stage.connect(reply, &endpoint)?;
    for message in multiparts() {
        trip(stage, request, reply, &message, &message)?;
    }
    Ok(())
}

/// DEALER writes the empty delimiter itself; REP hides it and gives it back.
pub(super) fn dealer_rep(stage: &mut Stage) -> Result<()> {
    let (dealer, reply) = (stage.socket(LEFT, "DEALER")?, stage.socket(RIGHT, "REP")?);
    let endpoint = stage.bind(reply)?;
    stage.connect(dealer, &endpoint)?;
    for number in 0..3u8 {
        stage.send(dealer, &part::parts([b"hop", b"", &[number], b"tail"]))?;
    }
    for number in 0..3u8 {
        stage.expect(reply, &part::parts([&[number], b"tail"]))?;
        stage.send(reply, &part::parts([&[number, number]]))?;
        stage.expect(dealer, &part::parts([b"hop", b"", &[number, number]]))?;
    }
    Ok(())
}

/// ROUTER sees identity, delimiter, body.
pub(super) fn req_router(stage: &mut Stage) -> Result<()> {
    let request = stage.socket_with(LEFT, "REQ", json!({"routing_id": {"hex": part::hex(b"asker")}}))?;
    let router = stage.socket(RIGHT, "ROUTER")?;
    let endpoint = stage.bind(router)?;
    stage.connect(request, &endpoint)?;
    stage.send(request, &part::parts([b"question", b"more"]))?;
    stage.expect(router, &part::parts([b"asker", b"", b"question", b"more"]))?;
    stage.send(router, &part::parts([b"asker", b"", b"answer"]))?;
    stage.expect(request, &part::parts([b"answer"]))?;
    match stage.try_ask(request, json!({"op": "recv", "timeout_ms": 0}))? {
        Err(refusal) if refusal.code == "EFSM" => Ok(()),
        other => bail!("{}: receiving twice gave {other:?} instead of EFSM", stage.who(request)),
    }
}

fn trip(stage: &mut Stage, request: Sock, reply: Sock, question: &[Part], answer: &[Part]) -> Result<()> {
    stage.pass(request, reply, question)?;
    stage.pass(reply, request, answer)
}

/// Empty parts at every place, short and long frames mixed, many parts.
pub(super) fn multiparts() -> Vec<Vec<Part>> {
    let long = Part::Pattern { seed: 7, len: 70_000 };
    let edge = Part::Pattern { seed: 9, len: 256 };
    vec![
        part::parts([b"one", b"two"]),
        part::parts([b"", b"", b""]),
        vec![Part::from(""), long.clone(), Part::from("x"), edge, Part::from("")],
        (0..100).map(|seed| Part::Pattern { seed, len: seed }).collect(),
        vec![long.clone(), long],
    ]
}

//! Connecting before the peer binds, and a peer that is killed and returns, for every family.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::part::{self, Part};
use crate::stage::{LEFT, RIGHT, Sock, Stage, WAIT};

/// Long enough for a reply over a fresh connection on a quiet machine; a lost one costs another turn.
const TURN: Duration = Duration::from_millis(50);

pub(super) fn late_bind_reqrep(stage: &mut Stage) -> Result<()> {
    let (request, reply) = late_bind(stage, "REQ", "REP")?;
    stage.pass(reply, request, &early())
}

pub(super) fn late_bind_pushpull(stage: &mut Stage) -> Result<()> {
    late_bind(stage, "PUSH", "PULL").map(drop)
}

pub(super) fn late_bind_pair(stage: &mut Stage) -> Result<()> {
    let (left, right) = late_bind(stage, "PAIR", "PAIR")?;
    stage.pass(right, left, &early())
}

pub(super) fn late_bind_dealerrouter(stage: &mut Stage) -> Result<()> {
    let endpoint = stage.reserve()?;
    let dealer = stage.socket_with(LEFT, "DEALER", json!({"routing_id": {"hex": part::hex(b"early")}}))?;
    stage.connect(dealer, &endpoint)?;
    stage.send(dealer, &early())?;
    let router = stage.socket(RIGHT, "ROUTER")?;
    stage.bind_to(router, &endpoint)?;
    let mut message = part::parts([b"early"]);
    message.extend(early());
    stage.expect(router, &message)?;
    stage.send(router, &message)?;
    stage.expect(dealer, &early())
}

pub(super) fn late_bind_pubsub(stage: &mut Stage) -> Result<()> {
    let endpoint = stage.reserve()?;
    let subscriber = subscriber(stage)?;
    stage.connect(subscriber, &endpoint)?;
    let publisher = stage.socket(LEFT, "PUB")?;
    stage.bind_to(publisher, &endpoint)?;
    stage.join(publisher, subscriber, b"topic")
}

pub(super) fn return_pushpull(stage: &mut Stage) -> Result<()> {
    returns(
        stage,
        "PUSH",
        |stage| stage.socket(RIGHT, "PULL"),
        |stage, push, pull| stage.join(push, pull, b""),
    )
}

pub(super) fn return_pubsub(stage: &mut Stage) -> Result<()> {
    returns(stage, "PUB", subscriber, |stage, publisher, subscriber| {
        stage.join(publisher, subscriber, b"topic")
    })
}

pub(super) fn return_pair(stage: &mut Stage) -> Result<()> {
    let make = |stage: &mut Stage| stage.socket(RIGHT, "PAIR");
    returns(stage, "PAIR", make, |stage, left, right| {
        stage.join(left, right, b"")?;
        stage.pass(right, left, &early())
    })
}

pub(super) fn return_dealerrouter(stage: &mut Stage) -> Result<()> {
    returns(stage, "DEALER", echoing("ROUTER"), |stage, dealer, _| ask_until_answered(stage, dealer))
}

pub(super) fn return_reqrep(stage: &mut Stage) -> Result<()> {
    returns(stage, "REQ", echoing("REP"), |stage, request, _| ask_until_answered(stage, request))
}

fn early() -> Vec<Part> {
    vec![Part::from("early"), Part::Pattern { seed: 2, len: 5000 }]
}

/// The left connects (and sends) before the right binds; the message must still arrive.
fn late_bind(stage: &mut Stage, left: &str, right: &str) -> Result<(Sock, Sock)> {
    let endpoint = stage.reserve()?;
    let left = stage.socket(LEFT, left)?;
    stage.connect(left, &endpoint)?;
    stage.send(left, &early())?;
    let right = stage.socket(RIGHT, right)?;
    stage.bind_to(right, &endpoint)?;
    stage.expect(right, &early())?;
    Ok((left, right))
}

/// Kills the right process twice: once as the side that binds, once as the side that connects.
fn returns(
    stage: &mut Stage,
    left_kind: &str,
    make_right: impl Fn(&mut Stage) -> Result<Sock>,
    talk: impl Fn(&mut Stage, Sock, Sock) -> Result<()>,
) -> Result<()> {
    for right_binds in [true, false] {
        let endpoint = stage.reserve()?;
        let left = survivor(stage, left_kind)?;
        if right_binds {
            stage.connect(left, &endpoint)?;
        } else {
            stage.bind_to(left, &endpoint)?;
        }
        for life in 0..2 {
            let right = make_right(stage)?;
            if right_binds {
                stage.bind_to(right, &endpoint)?;
            } else {
                stage.connect(right, &endpoint)?;
            }
            talk(stage, left, right).with_context(|| {
                format!("right {}, life {life}", if right_binds { "binds" } else { "connects" })
            })?;
            if life == 0 {
                stage.kill(RIGHT)?;
                if left_kind == "PAIR" && !right_binds {
                    notice_loss(stage, left)?;
                }
            }
        }
    }
    Ok(())
}

/// Waits until a bound PAIR has noticed that its peer is gone. Before that it refuses a new peer, and libzmq leaves the
/// refused connection open for ever, so that the peer would not try again. libzmq also lets go of the old peer only in
/// calls of the application that receive, hence a receive before and one after the sign.
fn notice_loss(stage: &mut Stage, left: Sock) -> Result<()> {
    stage.until("the loss of the peer", WAIT, |stage| {
        if let Some(got) = stage.recv_within(left, Duration::ZERO)? {
            bail!("{}: received {got} from a dead peer", stage.who(left));
        }
        match stage.try_send(left, &early(), Duration::ZERO)? {
            Err(refusal) if refusal.code == "EAGAIN" => Ok(Some(())),
            Err(refusal) => bail!("{}: send: {refusal}", stage.who(left)),
            Ok(_) => Ok(None),
        }
    })?;
    stage.recv_within(left, TURN).map(drop)
}

/// A request may die with the peer, so REQ must be allowed to ask again.
fn survivor(stage: &mut Stage, kind: &str) -> Result<Sock> {
    match kind {
        "REQ" => stage.socket_with(LEFT, kind, json!({"req_relaxed": 1, "req_correlate": 1})),
        _ => stage.socket(LEFT, kind),
    }
}

fn subscriber(stage: &mut Stage) -> Result<Sock> {
    let subscriber = stage.socket(RIGHT, "SUB")?;
    stage.ask(subscriber, json!({"op": "subscribe", "topic": part::hex(b"topic")}))?;
    Ok(subscriber)
}

/// A socket that answers by itself, so that no request is left half done when its process dies.
fn echoing(kind: &'static str) -> impl Fn(&mut Stage) -> Result<Sock> {
    move |stage| {
        let sock = stage.socket(RIGHT, kind)?;
        stage.ask(sock, json!({"op": "service", "kind": "echo"}))?;
        stage.uncounted(sock);
        Ok(sock)
    }
}

/// Asks again and again, each time something new, until the latest question is answered: answers to earlier ones, which
/// may have been asked of the peer's former life, do not count.
fn ask_until_answered(stage: &mut Stage, asker: Sock) -> Result<()> {
    patiently(stage, "an answer", |stage, patience| {
        let question = part::parts([&stage.next().to_be_bytes()]);
        if let Err(refusal) = stage.try_send(asker, &question, TURN)? {
            if refusal.code != "EAGAIN" {
                bail!("{}: send: {refusal}", stage.who(asker));
            }
            return Ok(None);
        }
        let wanted = part::answers(&question);
        while let Some(got) = stage.recv_within(asker, patience)? {
            if got == wanted {
                return Ok(Some(()));
            }
        }
        Ok(None)
    })
}

/// Repeats a step with twice the patience each time. A question that died with its peer costs one short turn, but an
/// answer that takes longer than one turn, on a machine with too much to do, would always come after the next question,
/// and REQ throws away answers to all but the latest: with turns of one length it could miss every one.
fn patiently<T>(
    stage: &mut Stage,
    what: &str,
    mut step: impl FnMut(&mut Stage, Duration) -> Result<Option<T>>,
) -> Result<T> {
    let mut patience = TURN;
    stage.until(what, WAIT, |stage| {
        let done = step(stage, patience)?;
        patience = (patience * 2).min(WAIT);
        Ok(done)
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::roster::Recipe;
    use crate::stage::{Seat, Transport};

    /// A peer that always takes longer than the first turn, whose answers to earlier questions come to nothing.
    #[test]
    fn a_slow_peer_is_waited_for() {
        let here = Path::new(".");
        let recipe = Recipe { name: "nobody".to_owned(), command: Vec::new(), root: here.to_owned() };
        let (mut left, mut right) = (Seat::new(&recipe, here), Seat::new(&recipe, here));
        for latency in [TURN * 2, TURN * 7, WAIT / 4] {
            let mut serial = 0;
            let mut stage = Stage::new([&mut left, &mut right], Transport::Tcp, here, &mut serial);
            let mut waited = Duration::ZERO;
            patiently(&mut stage, "an answer", |_, patience| {
                waited += patience.min(latency);
                Ok((patience > latency).then_some(()))
            })
            .unwrap();
            assert!(waited < WAIT, "{latency:?}: answered after {waited:?}");
        }
    }
}

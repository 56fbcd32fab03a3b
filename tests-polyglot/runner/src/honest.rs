//! The honest peer of a hostile siege: one exchange after the other, each of which must succeed.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::actor::{Actor, Answer, CONTEXT};
use crate::part;
use crate::vectors::{Expected, Hostile};

const LIMIT_MS: u64 = 10_000;
const MARK: &[u8] = b"honest";
/// Rounds after the last attack.
const AFTER: u64 = 20;

/// How one socket type is besieged.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The bound socket under attack.
    pub(crate) server: &'static str,
    /// What the honest peer is.
    honest: &'static str,
    /// What attackers say they are.
    pub(crate) attacker: &'static str,
    /// Whether an established attacker would rightly get a share of the server's messages.
    shares: bool,
}

/// All eleven types.
pub(crate) const PLANS: &[Plan] = &[
    plan("PULL", "PUSH", "PUSH", false),
    plan("PUSH", "PULL", "PULL", true),
    plan("PUB", "SUB", "SUB", false),
    plan("SUB", "PUB", "PUB", false),
    plan("XPUB", "SUB", "SUB", false),
    plan("XSUB", "PUB", "PUB", false),
    plan("REQ", "REP", "REP", true),
    plan("REP", "REQ", "REQ", false),
    plan("DEALER", "REP", "ROUTER", true),
    plan("ROUTER", "DEALER", "DEALER", false),
    plan("PAIR", "PAIR", "PAIR", false),
];

const fn plan(server: &'static str, honest: &'static str, attacker: &'static str, shares: bool) -> Plan {
    Plan { server, honest, attacker, shares }
}

impl Plan {
    /// Whether this input can be played without taking the honest peer's messages by right: whoever completes a
    /// handshake with a socket that shares out its messages gets a share, however short its life.
    pub(crate) fn admits(&self, input: &Hostile) -> bool {
        let may_connect = match input.expected {
            // An unversioned peer needs no more than a short frame with flags 0.
            Expected::Anything => input.bytes.get(1).is_none_or(|flags| *flags < 2),
            Expected::Lives(_) => true,
            _ => ["v1-", "v2-", "ready-", "socket-type-"].iter().any(|start| input.name.starts_with(start)),
        };
        !(self.shares && (input.after_handshake || may_connect))
    }

    /// Whether the list's promise, made for PULL, holds for this type too: what comes after the handshake, and which
    /// peers are compatible, means different things to different types.
    pub(crate) fn judges(&self, input: &Hostile) -> bool {
        let same = !input.after_handshake && !input.name.starts_with("socket-type-");
        self.server == "PULL" || (same && input.expected == Expected::Closes)
    }

    /// PAIR has its one peer already.
    pub(crate) fn refuses_second_peer(&self) -> bool {
        self.server == "PAIR"
    }
}

/// The server's and the honest peer's processes.
#[derive(Debug)]
pub(crate) struct Honest {
    server: Actor,
    peer: Actor,
    plan: &'static Plan,
    round: u64,
    foreign: u64,
}

impl Honest {
    /// Brings the honest peer and the server together and plays until the first round succeeds. With an endpoint the
    /// server is bound there; without, the peer binds and the server connects.
    pub(crate) fn meet(
        server: Actor,
        peer: Actor,
        plan: &'static Plan,
        endpoint: Option<&str>,
    ) -> Result<Self> {
        let mut honest = Self { server, peer, plan, round: 0, foreign: 0 };
        let options = match plan.honest {
            "DEALER" => json!({"linger": 0, "routing_id": {"hex": part::hex(MARK)}}),
            _ => json!({"linger": 0}),
        };
        honest.peer.ask(json!({"op": "socket", "socket": "peer", "context": CONTEXT, "type": plan.honest, "options": options}))?;
        if plan.honest == "SUB" {
            honest.peer.ask(json!({"op": "subscribe", "socket": "peer", "topic": part::hex(MARK)}))?;
        }
        match plan.server {
            "SUB" => drop(
                honest
                    .server
                    .ask(json!({"op": "subscribe", "socket": "server", "topic": part::hex(MARK)}))?,
            ),
            "XSUB" => honest.send(true, json!([format!("01{}", part::hex(MARK))]))?,
            _ => {}
        }
        match endpoint {
            Some(endpoint) => {
                honest.peer.ask(json!({"op": "connect", "socket": "peer", "endpoint": endpoint}))?;
            }
            None => {
                let bind = json!({"op": "bind", "socket": "peer", "endpoint": "tcp://127.0.0.1:*"});
                let endpoint = honest.peer.ask(bind)?;
                honest.server.ask(json!({"op": "connect", "socket": "server", "endpoint": endpoint}))?;
            }
        }
        honest.join().context("meet the honest peer")?;
        Ok(honest)
    }

    /// Publishers need the subscription first: publishes until something arrives, then takes off the rest.
    fn join(&mut self) -> Result<()> {
        let server_publishes = match self.plan.server {
            "PUB" | "XPUB" => true,
            "SUB" | "XSUB" => false,
            _ => return self.round(),
        };
        let deadline = std::time::Instant::now() + Duration::from_millis(LIMIT_MS);
        loop {
            self.send(server_publishes, json!([part::hex(MARK), "00"]))?;
            if self.recv(!server_publishes, 20)?.is_some() {
                break;
            }
            if std::time::Instant::now() > deadline {
                bail!("no publication within {LIMIT_MS} ms");
            }
        }
        self.send(server_publishes, json!([part::hex(MARK), "01"]))?;
        while self.recv(!server_publishes, LIMIT_MS)?.context("the last probe is missing")?[1] != json!("01")
        {
        }
        Ok(())
    }

    /// Plays rounds until told, and some more; the number of rounds.
    pub(crate) fn talk_until(&mut self, over: impl Fn() -> bool) -> Result<u64> {
        while !over() {
            self.round().with_context(|| format!("round {}", self.round))?;
        }
        for _ in 0..AFTER {
            self.round().with_context(|| format!("round {} after the attack", self.round))?;
        }
        Ok(self.round)
    }

    /// One round, outside of [`Honest::talk_until`].
    pub(crate) fn talk(&mut self) -> Result<()> {
        self.round().with_context(|| format!("round {}", self.round))
    }

    /// The rounds so far.
    pub(crate) fn rounds(&self) -> u64 {
        self.round
    }

    /// Asks something of the server's socket.
    pub(crate) fn ask_server(&mut self, mut request: Value) -> Result<Value> {
        request["socket"] = json!("server");
        self.server.ask(request)
    }

    /// Asks something of the server's socket that it may refuse.
    pub(crate) fn try_ask_server(&mut self, mut request: Value) -> Result<Answer> {
        request["socket"] = json!("server");
        self.server.try_ask(request)
    }

    /// The server's statistics.
    pub(crate) fn stats(&mut self) -> Result<Value> {
        self.server.ask(json!({"op": "stats", "socket": "server"}))
    }

    /// Waits for the harmless messages of attackers that the rounds have not met yet; how many came in all.
    pub(crate) fn finish(&mut self, wanted: u64) -> Result<u64> {
        while self.plan.server == "PULL" && self.foreign < wanted && self.recv(true, 2000)?.is_some() {
            self.foreign += 1;
        }
        if self.plan.server == "PULL" && self.recv(true, 0)?.is_some() {
            self.foreign += 1;
        }
        Ok(self.foreign)
    }

    fn round(&mut self) -> Result<()> {
        self.round += 1;
        let number = part::hex(&self.round.to_be_bytes());
        let message = json!([part::hex(MARK), number, "66".repeat(1000)]);
        match self.plan.server {
            "PULL" | "SUB" | "XSUB" => {
                self.send(false, message)?;
                self.expect_at_server(&number)
            }
            "PUSH" | "PUB" | "XPUB" => {
                self.send(true, message)?;
                self.expect_at_peer(&number)
            }
            "REP" => {
                self.send(false, message.clone())?;
                self.expect_at_server(&number)?;
                self.send(true, message)?;
                self.expect_at_peer(&number)
            }
            "ROUTER" => {
                self.send(false, json!([number]))?;
                self.expect_at_server(&number)?;
                self.send(true, json!([part::hex(MARK), "", number]))?;
                self.expect_at_peer(&number)
            }
            "REQ" | "PAIR" => self.there_and_back(message, &number),
            "DEALER" => self.there_and_back(json!(["", part::hex(MARK), number]), &number),
            other => bail!("no plan for {other}"),
        }
    }

    fn there_and_back(&mut self, message: Value, number: &str) -> Result<()> {
        self.send(true, message)?;
        self.expect_at_peer(number)?;
        self.send(false, json!([part::hex(MARK), number]))?;
        self.expect_at_server(number)
    }

    /// Receives at the server until the honest message of this round comes; what attackers sent is counted, and answered
    /// where the socket wants it.
    fn expect_at_server(&mut self, number: &str) -> Result<()> {
        loop {
            let got =
                self.recv(true, LIMIT_MS)?.with_context(|| format!("message {number} did not arrive"))?;
            let parts = got.as_array().map(Vec::as_slice).unwrap_or_default();
            if parts.contains(&json!(part::hex(MARK))) && parts.contains(&json!(number)) {
                return Ok(());
            }
            if parts.contains(&json!(part::hex(MARK))) {
                bail!("{got} came instead of message {number}");
            }
            self.foreign += 1;
            if self.plan.server == "REP" {
                self.send(true, json!(["00"]))?;
            }
        }
    }

    fn expect_at_peer(&mut self, number: &str) -> Result<()> {
        let got = self.recv(false, LIMIT_MS)?.with_context(|| format!("message {number} did not arrive"))?;
        match got.as_array().is_some_and(|parts| parts.contains(&json!(number))) {
            true => Ok(()),
            false => bail!("{got} came instead of message {number}"),
        }
    }

    fn send(&mut self, server: bool, parts: Value) -> Result<()> {
        let (actor, socket) = self.side(server);
        actor.ask(json!({"op": "send", "socket": socket, "parts": parts, "timeout_ms": LIMIT_MS})).map(drop)
    }

    fn recv(&mut self, server: bool, timeout_ms: u64) -> Result<Option<Value>> {
        let (actor, socket) = self.side(server);
        match actor.try_ask(json!({"op": "recv", "socket": socket, "timeout_ms": timeout_ms}))? {
            Ok(mut answer) => Ok(Some(answer["parts"].take())),
            Err(refusal) if refusal.code == "EAGAIN" => Ok(None),
            Err(refusal) => bail!("recv: {refusal}"),
        }
    }

    fn side(&mut self, server: bool) -> (&mut Actor, &'static str) {
        if server { (&mut self.server, "server") } else { (&mut self.peer, "peer") }
    }
}

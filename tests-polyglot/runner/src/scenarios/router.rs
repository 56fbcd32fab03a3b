//! DEALER and ROUTER: identities by name and generated, replies to the right peer (RFC 28).

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::part::{self, Part};
use crate::stage::{LEFT, RIGHT, Stage};

/// A text, a binary identity, and the longest allowed.
pub(super) fn named(stage: &mut Stage) -> Result<()> {
    let longest = [b'n'; 255];
    let names: [&[u8]; 3] = [b"alice", b"\xff\0\x01", &longest];
    let router = stage.socket_with(RIGHT, "ROUTER", json!({"router_mandatory": 1}))?;
    let endpoint = stage.bind(router)?;
    let mut dealers = Vec::new();
    for name in names {
        let options = json!({"routing_id": {"hex": part::hex(name)}});
        let dealer = stage.socket_with(LEFT, "DEALER", options)?;
        stage.connect(dealer, &endpoint)?;
        // Met one by one: afterwards the router can address all three.
        stage.send(dealer, &part::parts([b"hello", b"", name]))?;
        stage.expect(router, &part::parts([name, b"hello", b"", name]))?;
        dealers.push(dealer);
    }
    for round in 0..10u8 {
        for name in names {
            stage.send(router, &part::parts([name, &[round], name]))?;
        }
    }
    for (dealer, name) in dealers.iter().zip(names) {
        for round in 0..10u8 {
            stage.expect(*dealer, &part::parts([&[round], name]))?;
        }
    }
    let large = Part::Pattern { seed: 11, len: 300_000 };
    stage.send(router, &[Part::from(names[1]), large.clone()])?;
    stage.expect(dealers[1], &[large])?;
    let message = part::parts([b"nobody", b"lost"]);
    match stage.try_send(router, &message, std::time::Duration::ZERO)? {
        Err(refusal) if refusal.code == "EHOSTUNREACH" => Ok(()),
        other => bail!("{}: sending to nobody gave {other:?} instead of EHOSTUNREACH", stage.who(router)),
    }
}

/// Unnamed peers get five bytes beginning with zero, each its own, kept as long as the connection lives.
pub(super) fn generated(stage: &mut Stage) -> Result<()> {
    let router = stage.socket(RIGHT, "ROUTER")?;
    let endpoint = stage.bind(router)?;
    let mut met: Vec<(_, Vec<u8>)> = Vec::new();
    for number in 0..3u8 {
        let dealer = stage.socket(LEFT, "DEALER")?;
        stage.connect(dealer, &endpoint)?;
        stage.send(dealer, &part::parts([&[number]]))?;
        let got = stage.recv(router)?;
        let identity = got[0].as_str().and_then(part::unhex).context("no identity")?;
        if identity.len() != 5 || identity[0] != 0 {
            bail!("{}: generated identity {got} is not five bytes beginning with zero", stage.who(router));
        }
        if met.iter().any(|(_, other)| *other == identity) || got[1] != json!(part::hex(&[number])) {
            bail!("{}: {got} after {met:?}", stage.who(router));
        }
        met.push((dealer, identity));
    }
    for (dealer, identity) in met.into_iter().rev() {
        stage.send(router, &part::parts([&identity, b"to", &identity]))?;
        stage.expect(dealer, &part::parts([b"to", &identity]))?;
        stage.send(dealer, &part::parts([b"again"]))?;
        stage.expect(router, &part::parts([&identity, b"again"]))?;
    }
    Ok(())
}

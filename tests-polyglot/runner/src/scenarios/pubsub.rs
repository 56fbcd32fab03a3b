//! Publish and subscribe: prefix matching, unsubscribing, subscriptions as messages (RFC 29).

use anyhow::Result;
use serde_json::json;

use crate::part::{self, Part};
use crate::stage::{LEFT, RIGHT, Sock, Stage};

/// A topic only used to learn that earlier subscriptions are in place: a connection keeps their order.
const SIGN: &[u8] = b"\xffsign";

pub(super) fn prefixes(stage: &mut Stage) -> Result<()> {
    let (publisher, subscriber) = (stage.socket(LEFT, "PUB")?, stage.socket(RIGHT, "SUB")?);
    let endpoint = stage.bind(publisher)?;
    // Overlapping prefixes, one of them twice, and binary ones with zero and high bytes.
    for topic in [&b"a"[..], b"ab", b"ab", b"\0\x01", b"\xfe"] {
        subscribe(stage, subscriber, topic)?;
    }
    subscribe(stage, subscriber, SIGN)?;
    stage.connect(subscriber, &endpoint)?;
    stage.join(publisher, subscriber, SIGN)?;

    // Each matching message once, however many prefixes match; nothing else; order kept.
    let wanted = [&b"a"[..], b"ab", b"abc", b"\0\x01\0", b"\xfe\xff"];
    let unwanted = [&b""[..], b"b", b"A", b"\0", b"\0\x02", b"\xfd"];
    publish_mixed(stage, publisher, subscriber, &wanted, &unwanted)?;

    // Of two equal subscriptions one is left; "a" goes, "ab" stays.
    unsubscribe(stage, subscriber, b"ab")?;
    unsubscribe(stage, subscriber, b"a")?;
    unsubscribe(stage, subscriber, b"\xfe")?;
    unsubscribe(stage, subscriber, b"never asked for")?;
    publish_mixed(stage, publisher, subscriber, &[b"ab", b"abc", b"\0\x01"], &[b"a", b"ac", b"\xfe\xff"])?;

    // A subscription made while connected, and everything: the empty prefix.
    subscribe(stage, subscriber, b"new")?;
    stage.join(publisher, subscriber, b"new")?;
    subscribe(stage, subscriber, b"")?;
    stage.join(publisher, subscriber, b"anything")?;
    publish_mixed(stage, publisher, subscriber, &[b"", b"zzz", b"a", b"ab"], &[])?;
    let large = [Part::from("large"), Part::Pattern { seed: 5, len: 100_000 }, Part::from("")];
    stage.pass(publisher, subscriber, &large)
}

pub(super) fn reverse(stage: &mut Stage) -> Result<()> {
    let (publisher, subscriber) = (stage.socket(LEFT, "PUB")?, stage.socket(RIGHT, "SUB")?);
    let endpoint = stage.bind(subscriber)?;
    subscribe(stage, subscriber, b"news")?;
    subscribe(stage, subscriber, SIGN)?;
    stage.connect(publisher, &endpoint)?;
    stage.join(publisher, subscriber, b"news")?;
    publish_mixed(stage, publisher, subscriber, &[b"news", b"newspaper"], &[b"new", b"old"])
}

/// XPUB receives `1 topic` and `0 topic`, XSUB sends them as messages, and user messages go up the same way.
pub(super) fn xpub_xsub(stage: &mut Stage) -> Result<()> {
    let (publisher, subscriber) = (stage.socket(LEFT, "XPUB")?, stage.socket(RIGHT, "XSUB")?);
    let endpoint = stage.bind(publisher)?;
    stage.connect(subscriber, &endpoint)?;
    stage.pass(subscriber, publisher, &part::parts([b"\x01topic"]))?;
    stage.send(publisher, &part::parts([b"other", b"lost"]))?;
    stage.pass(publisher, subscriber, &part::parts([b"topical", b"", b"kept"]))?;
    stage.pass(subscriber, publisher, &part::parts([b"a word to the publisher"]))?;
    stage.pass(subscriber, publisher, &part::parts([b"\x01end"]))?;
    stage.pass(subscriber, publisher, &part::parts([b"\x00topic"]))?;
    stage.send(publisher, &part::parts([b"topical", b"lost"]))?;
    stage.pass(publisher, subscriber, &part::parts([b"end"]))
}

/// Publishes unwanted and wanted topics in turn, then checks that exactly the wanted ones came, in order.
fn publish_mixed(
    stage: &mut Stage,
    publisher: Sock,
    subscriber: Sock,
    wanted: &[&[u8]],
    unwanted: &[&[u8]],
) -> Result<()> {
    for turn in 0..wanted.len().max(unwanted.len()) {
        for list in [unwanted, wanted] {
            if let Some(topic) = list.get(turn) {
                stage.send(publisher, &part::parts([topic, b"body"]))?;
            }
        }
    }
    for topic in wanted {
        stage.expect(subscriber, &part::parts([topic, b"body"]))?;
    }
    stage.pass(publisher, subscriber, &part::parts([SIGN, b"end"]))
}

fn subscribe(stage: &mut Stage, subscriber: Sock, topic: &[u8]) -> Result<()> {
    stage.ask(subscriber, json!({"op": "subscribe", "topic": part::hex(topic)})).map(drop)
}

fn unsubscribe(stage: &mut Stage, subscriber: Sock, topic: &[u8]) -> Result<()> {
    stage.ask(subscriber, json!({"op": "unsubscribe", "topic": part::hex(topic)})).map(drop)
}

//! PUSH to three PULL workers: exact shares, every message exactly once, in order (RFC 30).

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::part;
use crate::stage::{LEFT, RIGHT, Sock, Stage, WAIT};

const MESSAGES: u64 = 300;
const SIZE: usize = 100;
const WORKERS: usize = 3;

/// PUSH connects: its three pipes exist at once, so the shares are exact from the first message.
pub(super) fn workers(stage: &mut Stage) -> Result<()> {
    let push = stage.socket(LEFT, "PUSH")?;
    let pulls = pull_sockets(stage)?;
    for pull in &pulls {
        let endpoint = stage.bind(*pull)?;
        stage.connect(push, &endpoint)?;
    }
    share(stage, push, &pulls)
}

/// PUSH binds: every worker must have been seen before shares can be exact.
pub(super) fn reverse(stage: &mut Stage) -> Result<()> {
    let push = stage.socket(LEFT, "PUSH")?;
    let pulls = pull_sockets(stage)?;
    let endpoint = stage.bind(push)?;
    for pull in &pulls {
        stage.connect(*pull, &endpoint)?;
    }
    let mut probes = 0;
    let mut met = [false; WORKERS];
    stage.until("a probe at every worker", WAIT, |stage| {
        stage.send(push, &part::parts([b"probe"]))?;
        probes += 1;
        for (pull, met) in pulls.iter().zip(&mut met) {
            while let Some(got) = stage.recv_within(*pull, std::time::Duration::from_millis(2))? {
                if got != part::answers(&part::parts([b"probe"])) {
                    bail!("{}: received {got} instead of a probe", stage.who(*pull));
                }
                *met = true;
                probes -= 1;
            }
        }
        Ok(met.iter().all(|met| *met).then_some(()))
    })?;
    stage.until("the last probe", WAIT, |stage| {
        for pull in &pulls {
            probes -= i32::from(stage.recv_within(*pull, std::time::Duration::from_millis(2))?.is_some());
        }
        Ok((probes <= 0).then_some(()))
    })?;
    share(stage, push, &pulls)
}

fn pull_sockets(stage: &mut Stage) -> Result<Vec<Sock>> {
    (0..WORKERS).map(|_| stage.socket(RIGHT, "PULL")).collect()
}

fn share(stage: &mut Stage, push: Sock, pulls: &[Sock]) -> Result<()> {
    let each = MESSAGES / WORKERS as u64;
    for pull in pulls {
        stage.ask(*pull, json!({"op": "service", "kind": "receive", "count": each}))?;
    }
    stage.ask(push, json!({"op": "service", "kind": "send", "count": MESSAGES, "size": SIZE}))?;
    stage.finish_service(push, true)?;
    let mut digest = 0u32;
    for pull in pulls {
        let report = stage.finish_service(*pull, false)?;
        check_share(&report, each)?;
        digest = digest.wrapping_add(report["digest"].as_u64().unwrap_or(0) as u32);
    }
    let wanted = (0..MESSAGES)
        .map(|number| part::crc32(&part::numbered_body(number, SIZE)))
        .fold(0u32, u32::wrapping_add);
    if digest != wanted {
        bail!("the workers' digests sum to {digest} instead of {wanted}: lost, doubled or altered messages");
    }
    Ok(())
}

fn check_share(report: &Value, each: u64) -> Result<()> {
    let wanted = json!({"count": each, "bytes": each * SIZE as u64, "unordered": 0});
    for field in ["count", "bytes", "unordered"] {
        if report[field] != wanted[field] {
            bail!("a worker's {field} is {} instead of {}", report[field], wanted[field]);
        }
    }
    Ok(())
}

//! PAIR: one peer, both ways, no turns (RFC 31).

use anyhow::Result;

use super::reqrep::multiparts;
use crate::part::{self, Part};
use crate::stage::{LEFT, RIGHT, Stage};

pub(super) fn exchange(stage: &mut Stage) -> Result<()> {
    let (left, right) = (stage.socket(LEFT, "PAIR")?, stage.socket(RIGHT, "PAIR")?);
    let endpoint = stage.bind(right)?;
    stage.connect(left, &endpoint)?;
    for message in multiparts() {
        stage.pass(left, right, &message)?;
        stage.pass(right, left, &message)?;
    }
    stage.pass(left, right, &[Part::Pattern { seed: 1, len: 1_048_576 }])?;
    for number in 0..50u8 {
        stage.send(left, &part::parts([&[number], b"left"]))?;
        stage.send(right, &part::parts([&[number], b"right"]))?;
    }
    for number in 0..50u8 {
        stage.expect(left, &part::parts([&[number], b"right"]))?;
        stage.expect(right, &part::parts([&[number], b"left"]))?;
    }
    Ok(())
}

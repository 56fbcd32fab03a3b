//! Many connections that do nothing.

use std::time::Duration;

use anyhow::{Context, Result};

use super::part::Part;
use super::stream::linger;
use crate::body::Body;
use crate::contestant::{Contestant, Kind, Socket};
use crate::control::nap;

/// Connections are made so many at a time, so that nobody's backlog overflows.
const BATCH: usize = 250;
const REST: Duration = Duration::from_millis(5);

/// Connects again and again, then sends one message for each connection: round robin gives each its own.
pub(crate) fn start_dialing<C: Contestant>(part: &Part<C>, count: usize) {
    part.launch(false, move |part| async move {
        let mut socket = part.socket(Kind::Push).await?;
        dial(&mut socket, &part, count).await?;
        part.control.ready();
        part.control.go().await;
        let lane = part.control.lane();
        let mut body = Body::new(part.job.size, 0);
        for _ in 0..count {
            let sequence = body.number();
            socket.send(body.bytes()).await?;
            lane.pass(sequence);
        }
        linger(socket).await
    });
}

async fn dial<C: Contestant>(socket: &mut C::Socket, part: &Part<C>, count: usize) -> Result<()> {
    for number in 1..=count {
        socket.connect(part.endpoint(0)?).await.with_context(|| format!("connection {number}"))?;
        if number.is_multiple_of(BATCH) {
            nap(REST).await;
        }
    }
    Ok(())
}

//! Questions and answers: one at a time, many at a time, with a new socket each time, and beside a heavy stream.

use std::sync::Arc;

use anyhow::{Result, ensure};

use super::part::{Part, announce};
use super::stream;
use crate::body::Body;
use crate::contestant::{Contestant, Kind, Socket};
use crate::control::{Lane, now};
use crate::protocol::Transport;

/// In-process round trips take less than ten readings of the clock; of so many, one is timed.
const TIMED_INPROC: u64 = 16;

pub(crate) fn start_asking<C: Contestant>(part: &Part<C>) {
    part.launch(false, move |part| async move {
        let socket = part.connected(Kind::Req, 0).await?;
        part.control.ready();
        let lane = part.control.lane();
        ask(socket, part, lane).await
    });
}

pub(crate) fn start_answering<C: Contestant>(part: &Part<C>) {
    part.launch(false, move |part| async move {
        let socket = part.announced(Kind::Rep).await?;
        part.control.ready();
        answer::<C>(socket).await
    });
}

async fn ask<C: Contestant>(mut socket: C::Socket, part: Part<C>, lane: Arc<Lane>) -> Result<()> {
    let mut body = Body::new(part.job.size, 0);
    let timed = if part.job.place.transport == Transport::Inproc { TIMED_INPROC } else { 1 };
    part.control.go().await;
    while !part.control.is_stopped() {
        let sequence = body.number();
        let watch = sequence.is_multiple_of(timed).then(now);
        round_trip(&mut socket, &body).await?;
        if let Some(begun) = watch {
            lane.delay(now() - begun);
        }
        lane.pass(sequence);
    }
    Ok(())
}

#[inline]
async fn round_trip<S: Socket>(socket: &mut S, body: &Body) -> Result<()> {
    socket.send(body.bytes()).await?;
    let right = socket.recv(|reply| reply == body.bytes()).await?;
    ensure!(right, "an answer that is not the question");
    Ok(())
}

async fn answer<C: Contestant>(mut socket: C::Socket) -> Result<()> {
    let mut answer = Vec::new();
    loop {
        socket
            .recv(|question| {
                answer.clear();
                answer.extend_from_slice(question);
            })
            .await?;
        socket.send(&answer).await?;
    }
}

pub(crate) fn start_pipeline<C: Contestant>(part: &Part<C>, window: usize) {
    part.launch(false, move |part| async move {
        let mut socket = part.connected(Kind::Dealer, 0).await?;
        part.control.ready();
        let lane = part.control.lane();
        let (mut body, mut received) = (Body::new(part.job.size, 0), Body::new(part.job.size, 0));
        part.control.go().await;
        for _ in 1..window {
            body.number();
            socket.send(body.bytes()).await?;
        }
        while !part.control.is_stopped() {
            body.number();
            socket.send(body.bytes()).await?;
            let sequence = received.number();
            if socket.recv(|reply| reply == received.bytes()).await? {
                lane.pass(sequence);
            } else {
                lane.fail();
            }
        }
        stream::linger(socket).await
    });
}

pub(crate) fn start_echoing<C: Contestant>(part: &Part<C>) {
    part.launch(false, move |part| async move {
        let mut socket = part.announced(Kind::Router).await?;
        part.control.ready();
        loop {
            socket.echo().await?;
        }
    });
}

/// A new socket connects, asks, is answered and is closed.
pub(crate) fn start_cold<C: Contestant>(part: &Part<C>) {
    part.launch(false, move |part| async move {
        let lane = part.control.lane();
        let mut body = Body::new(part.job.size, 0);
        part.control.ready();
        part.control.go().await;
        while !part.control.is_stopped() {
            let sequence = body.number();
            let begun = now();
            let mut socket = part.connected(Kind::Req, 0).await?;
            round_trip(&mut socket, &body).await?;
            lane.delay(now() - begun);
            socket.close().await?;
            lane.pass(sequence);
        }
        Ok(())
    });
}

/// A round trip on one connection while another carries large messages.
pub(crate) fn start_disturbed<C: Contestant>(part: &Part<C>, large: usize) {
    start_asking(part);
    part.launch(false, move |part| async move {
        let mut socket = part.connected(Kind::Push, 1).await?;
        let mut body = Body::new(large, 0);
        part.control.go().await;
        while !part.control.is_stopped() {
            body.number();
            socket.send(body.bytes()).await?;
        }
        stream::linger(socket).await
    });
}

pub(crate) fn start_answering_disturbed<C: Contestant>(part: &Part<C>) {
    part.launch(false, move |part| async move {
        let (replier, first) = part.bound(Kind::Rep).await?;
        let mut puller = part.socket(Kind::Pull).await?;
        let second = puller.bind(&part.job.place.numbered(1)).await?;
        announce(vec![first, second]);
        part.control.ready();
        let large = part.control.lane();
        part.launch(false, move |_| stream::receive_any_size(puller, large));
        answer::<C>(replier).await
    });
}

//! PUSH to PULL, as fast as it goes, in all layouts.

use std::sync::Arc;

use anyhow::Result;

use super::part::{Part, announce};
use crate::body::{Body, Check, Order};
use crate::contestant::{Contestant, Kind, Socket};
use crate::control::{Lane, now};
use crate::protocol::Layout;

pub(crate) fn start_senders<C: Contestant>(part: &Part<C>, layout: Layout) {
    match layout {
        Layout::Pair => start_sender(part, 0),
        Layout::FanIn { senders: count } | Layout::Pairs { count } => {
            (0..count).for_each(|index| start_sender(part, index));
        }
        Layout::Threads { senders, .. } => part.launch(false, move |part| async move {
            let socket = part.connected(Kind::Push, 0).await?;
            for index in 0..senders {
                let socket = socket.share()?;
                let lane = part.control.lane();
                part.launch(false, move |part| send(socket, part, lane, index));
            }
            part.control.ready();
            Ok(())
        }),
    }
}

fn start_sender<C: Contestant>(part: &Part<C>, index: usize) {
    let lane = part.control.lane();
    part.launch(false, move |part| async move {
        let socket = part.connected(Kind::Push, index).await?;
        part.control.ready();
        send(socket, part, lane, index).await
    });
}

pub(crate) fn start_receivers<C: Contestant>(part: &Part<C>, layout: Layout) {
    part.launch(false, move |part| async move {
        match layout {
            Layout::FanIn { senders } => {
                let socket = part.announced(Kind::Pull).await?;
                part.control.ready();
                let lanes = (0..senders).map(|_| part.control.lane()).collect();
                receive_from_many(socket, part, lanes).await
            }
            Layout::Pair => {
                let socket = part.announced(Kind::Pull).await?;
                part.control.ready();
                let lane = part.control.lane();
                receive(socket, part, lane, Order::Complete).await
            }
            Layout::Threads { receivers, .. } => {
                let socket = part.announced(Kind::Pull).await?;
                let order = if receivers == 1 { Order::Complete } else { Order::Rising };
                for _ in 0..receivers {
                    let socket = socket.share()?;
                    let lane = part.control.lane();
                    part.launch(false, move |part| receive(socket, part, lane, order));
                }
                part.control.ready();
                Ok(())
            }
            Layout::Pairs { count } => receive_pairs(part, count).await,
        }
    });
}

/// Receives without a look at the order: many connections are served in turns.
pub(crate) fn start_uncounted<C: Contestant>(part: &Part<C>) {
    part.launch(false, move |part| async move {
        let socket = part.announced(Kind::Pull).await?;
        part.control.ready();
        let lane = part.control.lane();
        receive(socket, part, lane, Order::Any).await
    });
}

async fn receive_pairs<C: Contestant>(part: Part<C>, count: usize) -> Result<()> {
    let mut endpoints = Vec::new();
    for index in 0..count {
        let mut socket = part.socket(Kind::Pull).await?;
        endpoints.push(socket.bind(&part.job.place.numbered(index)).await?);
        let lane = part.control.lane();
        part.launch(false, move |part| receive(socket, part, lane, Order::Complete));
    }
    announce(endpoints);
    for _ in 0..count {
        part.control.ready();
    }
    Ok(())
}

async fn send<C: Contestant>(
    mut socket: C::Socket,
    part: Part<C>,
    lane: Arc<Lane>,
    index: usize,
) -> Result<()> {
    let mut body = Body::new(part.job.size, index);
    part.control.go().await;
    while !part.control.is_stopped() {
        let sequence = body.number();
        socket.send(body.bytes()).await?;
        lane.pass(sequence);
    }
    linger(socket).await
}

async fn receive<C: Contestant>(
    mut socket: C::Socket,
    part: Part<C>,
    lane: Arc<Lane>,
    order: Order,
) -> Result<()> {
    let mut check = Check::new(part.job.size, order);
    loop {
        socket.recv(|message| take(message, &mut check, &lane)).await?;
    }
}

/// Counts the messages of each sender in a lane of its own.
async fn receive_from_many<C: Contestant>(
    mut socket: C::Socket,
    part: Part<C>,
    lanes: Vec<Arc<Lane>>,
) -> Result<()> {
    let mut check = Check::new(part.job.size, Order::Complete);
    loop {
        socket
            .recv(|message| {
                // What no sender can have sent is an error wherever it is counted.
                let sender = Body::sender_of(message).min(lanes.len() - 1);
                take(message, &mut check, &lanes[sender]);
            })
            .await?;
    }
}

/// Counts messages, whatever they are.
pub(crate) async fn receive_any_size<S: Socket>(mut socket: S, lane: Arc<Lane>) -> Result<()> {
    loop {
        socket.recv(|_| ()).await?;
        lane.add(1);
    }
}

/// Counts a message, and how late it is when it says.
#[inline]
pub fn take(message: &[u8], check: &mut Check, lane: &Lane) {
    match check.accept(message) {
        Some(sequence) => lane.pass(sequence),
        None => lane.fail(),
    }
    let sent = Body::time_of(message);
    if sent != 0 {
        lane.delay(now().saturating_sub(sent));
    }
}

/// Keeps a socket open until the process ends: what is queued is still on its way.
pub(crate) async fn linger<S>(socket: S) -> Result<()> {
    std::future::pending::<()>().await;
    drop(socket);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Control;

    #[test]
    fn late_messages_are_timed() {
        let control = Control::new(1);
        let lane = control.lane();
        let (mut body, mut check) = (Body::new(64, 0), Check::new(64, Order::Complete));
        body.number();
        body.stamp(now());
        take(body.bytes(), &mut check, &lane);
        take(&[1, 2, 3], &mut check, &lane);
        let mut sample = crate::protocol::Sample::default();
        control.add_to(&mut sample);
        assert_eq!((sample.count(), sample.errors, sample.delays.unwrap().count), (1, 1, 1));
    }
}

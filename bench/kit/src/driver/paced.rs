//! Senders and receivers that keep to the clock: bursts, schedules, slow consumers.

use std::hint::spin_loop;

use super::part::Part;
use super::stream::{linger, take};
use crate::body::{Body, Check, Order};
use crate::contestant::{Contestant, Kind, Socket};
use crate::control::{now, sleep_until};
use crate::protocol::Since;

/// Shorter pauses are spent computing: a sleep this short takes several times as long.
const SHORTEST_SLEEP: u64 = 50_000;
/// The schedule is kept by waking this often and sending what is due.
const TICK: u64 = 50_000;
/// A slow consumer works for so long at a time.
const TURN: u64 = 1_000_000;

/// The last message of a burst carries the moment at which its `send` began, or the first one's.
pub(crate) fn start_bursts<C: Contestant>(part: &Part<C>, length: u32, gap_us: u64, since: Since) {
    part.launch(true, move |part| async move {
        let mut socket = part.connected(Kind::Push, 0).await?;
        part.control.ready();
        let lane = part.control.lane();
        let mut body = Body::new(part.job.size, 0);
        part.control.go().await;
        while !part.control.is_stopped() {
            let begin = now();
            for left in (0..length).rev() {
                let sequence = body.number();
                body.stamp(if left == 0 { since.stamp(begin) } else { 0 });
                socket.send(body.bytes()).await?;
                lane.pass(sequence);
            }
            pause(gap_us * 1_000);
        }
        linger(socket).await
    });
}

/// Message n is due at n / rate. It carries that moment, however late it is sent: waiting counts.
pub(crate) fn start_schedule<C: Contestant>(part: &Part<C>, per_second: f64) {
    part.launch(true, move |part| async move {
        let mut socket = part.connected(Kind::Push, 0).await?;
        part.control.ready();
        let lane = part.control.lane();
        let mut body = Body::new(part.job.size, 0);
        part.control.go().await;
        let (begin, interval) = (now(), 1e9 / per_second);
        let due = |number: u64| begin + (number as f64 * interval) as u64;
        let mut number = 0;
        while !part.control.is_stopped() {
            let moment = now();
            while due(number) <= moment {
                let sequence = body.number();
                body.stamp(due(number));
                socket.send(body.bytes()).await?;
                lane.pass(sequence);
                number += 1;
            }
            let tick = begin + (now() - begin).next_multiple_of(TICK);
            sleep_until(tick.max(due(number)));
        }
        linger(socket).await
    });
}

pub(crate) fn start_slow<C: Contestant>(part: &Part<C>, per_second: f64) {
    part.launch(true, move |part| async move {
        let mut socket = part.announced(Kind::Pull).await?;
        part.control.ready();
        let lane = part.control.lane();
        let mut check = Check::new(part.job.size, Order::Complete);
        let each_turn = (per_second * TURN as f64 / 1e9) as u64;
        let mut turn = now();
        loop {
            for _ in 0..each_turn {
                socket.recv(|message| take(message, &mut check, &lane)).await?;
            }
            turn += TURN;
            sleep_until(turn);
        }
    });
}

/// Sleeps, or computes when that is too short for a sleep.
pub fn pause(nanoseconds: u64) {
    let end = now() + nanoseconds;
    if nanoseconds >= SHORTEST_SLEEP {
        return sleep_until(end);
    }
    while now() < end {
        spin_loop();
    }
}

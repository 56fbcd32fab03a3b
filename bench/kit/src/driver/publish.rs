//! PUB to SUB: to many at once, and past a great many subscriptions.

use std::time::Duration;

use anyhow::Result;

use super::part::Part;
use super::stream::{linger, take};
use crate::body::{Body, Check, HELLO_TOPIC, Order};
use crate::contestant::{Contestant, Kind, Socket};
use crate::control::nap;

/// How often a publisher asks whether its subscribers hear it.
const ASK: Duration = Duration::from_millis(2);
/// The length of a topic.
const TOPIC: usize = 20;

/// Publishers never wait: a full queue refuses. Their lane therefore holds its thread.
pub(crate) fn start_publisher<C: Contestant>(part: &Part<C>) {
    part.launch(true, move |part| async move {
        let mut socket = part.announced(Kind::Pub).await?;
        part.control.ready();
        let lane = part.control.lane();
        let mut body = Body::new(part.job.size, 0);
        greet(&mut socket, &part, &Body::hello(part.job.size)).await?;
        while !part.control.is_stopped() {
            let sequence = body.number();
            socket.send(body.bytes()).await?;
            lane.pass(sequence);
        }
        linger(socket).await
    });
}

/// Says the same until the harness gives its order: subscribers are ready when they have heard it.
async fn greet<C: Contestant>(socket: &mut C::Socket, part: &Part<C>, hello: &[u8]) -> Result<()> {
    while !part.control.is_going() {
        socket.send(hello).await?;
        nap(ASK).await;
    }
    Ok(())
}

pub(crate) fn start_subscribers<C: Contestant>(part: &Part<C>, count: usize) {
    for _ in 0..count {
        let lane = part.control.lane();
        part.launch(false, move |part| async move {
            let mut socket = part.connected(Kind::Sub, 0).await?;
            socket.subscribe(b"").await?;
            let mut check = Check::new(part.job.size, Order::Rising);
            let mut greeted = false;
            loop {
                let hello = socket.recv(|message| {
                    let hello = Body::is_hello(message);
                    if !hello {
                        take(message, &mut check, &lane);
                    }
                    hello
                });
                if hello.await? && !std::mem::replace(&mut greeted, true) {
                    part.control.ready();
                }
            }
        });
    }
}

/// Publishes ever new topics, of which so many per mille are among the first `count`.
pub(crate) fn start_topics<C: Contestant>(part: &Part<C>, count: u64, wanted_per_mille: u64) {
    part.launch(true, move |part| async move {
        let mut socket = part.announced(Kind::Pub).await?;
        part.control.ready();
        let lane = part.control.lane();
        let mut body = vec![0; part.job.size.max(TOPIC)];
        greet(&mut socket, &part, HELLO_TOPIC).await?;
        let mut number = 0;
        while !part.control.is_stopped() {
            let random = mix(number);
            let wanted = random % 1000 < wanted_per_mille;
            // A topic nobody has asked for is one with a number beyond those asked for.
            let topic = if wanted { (random >> 16) % count } else { count + number };
            body[..TOPIC].copy_from_slice(&topic_of(topic));
            socket.send(&body).await?;
            lane.pass(number);
            part.control.add_wanted(u64::from(wanted));
            number += 1;
        }
        linger(socket).await
    });
}

pub(crate) fn start_subscriber<C: Contestant>(part: &Part<C>, count: u64) {
    part.launch(false, move |part| async move {
        let mut socket = part.connected(Kind::Sub, 0).await?;
        for number in 0..count {
            socket.subscribe(&topic_of(number)).await?;
        }
        // Who hears this has made all the others.
        socket.subscribe(HELLO_TOPIC).await?;
        let lane = part.control.lane();
        let mut greeted = false;
        loop {
            if socket.recv(|message| message != HELLO_TOPIC).await? {
                lane.pass(0);
            } else if !std::mem::replace(&mut greeted, true) {
                part.control.ready();
            }
        }
    });
}

/// Twenty random letters and digits, the same for the same number. Some libraries subscribe to text only.
fn topic_of(number: u64) -> [u8; TOPIC] {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (first, second) = (mix(number.wrapping_mul(2)), mix(number.wrapping_mul(2) + 1));
    std::array::from_fn(|index| {
        let word = if index < TOPIC / 2 { first } else { second };
        LETTERS[(word >> (index % (TOPIC / 2) * 6)) as usize & 63]
    })
}

/// SplitMix64's output function.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn topics_differ() {
        let topics: HashSet<[u8; TOPIC]> = (0..100_000).map(topic_of).collect();
        assert_eq!(topics.len(), 100_000);
        assert_eq!(topic_of(7), topic_of(7));
        assert!(topic_of(7).is_ascii());
        let starts: HashSet<[u8; 2]> = (0..10_000).map(topic_of).map(|topic| [topic[0], topic[1]]).collect();
        assert!(starts.len() > 3_500, "{}", starts.len());
    }
}

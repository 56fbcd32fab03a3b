//! The whole engine under a model checker: real sockets, links, leases and I/O threads, over real descriptors, on threads
//! whose every step the checker chooses. A thread that is not woken is a deadlock, which the checker reports.
//!
//! Run with `RUSTFLAGS="--cfg shuttle -C debug-assertions" cargo test --release -p ohmq --test models`.
//! Constants of the engine are small here (a stream begins with the second message, a read takes 32 bytes), so that a few
//! messages take every path. Memory is sequentially consistent: the orderings are the business of the queue's own models.
#![cfg(shuttle)]

mod checker;
mod local;
mod remote;
mod waiting;

use checker::{explore, notices};
use ohmq_queue::mistake::{Mistake, STEPS};

/// Each mistake, and the model that notices it.
const PLANTED: &[(Mistake, fn())] = &[
    (Mistake::WriterNotAlone, remote::full_kernel),
    (Mistake::WriterLeavesAtOnce, remote::many_senders),
    (Mistake::WriterForgetsRetry, remote::absent_receiver),
    (Mistake::WriterTurnUnfinished, remote::many_senders),
    (Mistake::StreamUntended, remote::stream),
    (Mistake::TickForgetsBatch, remote::stream),
    (Mistake::RunGoesOn, remote::run),
    (Mistake::RunUntended, remote::run),
    (Mistake::TickTrustsOldGlimpse, remote::run_of_batches),
    (Mistake::ReaderNotAlone, remote::busy_receiver),
    (Mistake::ReaderLosesEdge, remote::busy_receiver),
    (Mistake::ReaderForgetsCut, remote::stream),
    (Mistake::ReaderForgetsPause, remote::high_water),
    (Mistake::ReaderLeavesRest, remote::absent_receiver),
    (Mistake::ReaderStaysAnnounced, remote::busy_receiver),
    (Mistake::ReaderRestsAnnounced, remote::questions),
    (Mistake::ReaderRestsOn, remote::questions),
    (Mistake::LeaseUnguarded, remote::absent_leader),
    (Mistake::LeaseUnlisted, remote::absent_leader),
    (Mistake::SleeperUnlisted, remote::absent_leader),
    (Mistake::GuardClearedLate, remote::absent_receiver),
    (Mistake::RestUntold, remote::divided_labour),
    (Mistake::HandOverUnwatched, remote::absent_leader),
    (Mistake::HandOverUnread, remote::absent_leader),
    (Mistake::ServeGivesUp, waiting::future),
    (Mistake::LeaderUnannounced, waiting::interrupt),
    (Mistake::FollowerLooksOnce, local::stream),
    (Mistake::InterruptRingsFirst, waiting::interrupt),
    (Mistake::InprocRoomLooksOnce, local::high_water),
    (Mistake::InprocLooksOnce, local::stream),
    (Mistake::InprocRoomUnwished, local::high_water),
    (Mistake::InprocForgetsPipe, local::stream),
    (Mistake::InprocRunTakesLast, local::high_water),
    (Mistake::InprocRunTellsNobody, local::run),
    (Mistake::InprocExpectsForOthers, local::two_receivers),
];

#[test]
fn every_planted_mistake_is_noticed() {
    for mistake in STEPS {
        assert!(PLANTED.iter().any(|(planted, _)| planted == mistake), "no model is to notice {mistake:?}");
    }
    let unseen = PLANTED.iter().filter(|(mistake, model)| !notices(*mistake, *model));
    let unseen: Vec<_> = unseen.map(|(mistake, _)| mistake).collect();
    assert!(unseen.is_empty(), "no model noticed {unseen:?}");
}

#[test]
fn a_stream_arrives() {
    explore(remote::stream);
}

#[test]
fn a_run_arrives() {
    explore(remote::run);
}

#[test]
fn a_run_of_batches_arrives() {
    explore(remote::run_of_batches);
}

#[test]
fn many_senders_keep_their_order() {
    explore(remote::many_senders);
}

#[test]
fn what_the_kernel_refuses_is_written_later() {
    explore(remote::full_kernel);
}

#[test]
fn a_sender_hears_of_room() {
    explore(remote::high_water);
}

#[test]
fn a_receiver_that_only_looks_misses_nothing() {
    explore(remote::busy_receiver);
}

#[test]
fn an_absent_receiver_is_read_for() {
    explore(remote::absent_receiver);
}

#[test]
fn who_waits_for_room_reads_too() {
    explore(remote::divided_labour);
}

#[test]
fn large_messages_are_shared() {
    explore(remote::large_messages);
}

#[test]
fn an_absent_leader_is_replaced() {
    explore(remote::absent_leader);
}

#[test]
fn questions_are_answered() {
    explore(remote::questions);
}

#[test]
fn a_publication_reaches_everybody() {
    explore(remote::publication);
}

#[test]
fn linger_delivers() {
    explore(remote::linger);
}

#[test]
fn two_receivers_share() {
    explore(waiting::two_receivers);
}

#[test]
fn an_interrupt_ends_the_wait() {
    explore(waiting::interrupt);
}

#[test]
fn futures_are_woken() {
    explore(waiting::future);
}

#[test]
fn a_poller_is_woken() {
    explore(waiting::poller);
}

#[test]
fn inproc_streams() {
    explore(local::stream);
}

#[test]
fn an_inproc_run_arrives() {
    explore(local::run);
}

#[test]
fn inproc_receivers_share() {
    explore(local::two_receivers);
}

#[test]
fn inproc_is_looked_at_again() {
    explore(local::many_pipes);
}

#[test]
fn inproc_tells_of_room() {
    explore(local::high_water);
}

#[test]
fn inproc_answers() {
    explore(local::questions);
}

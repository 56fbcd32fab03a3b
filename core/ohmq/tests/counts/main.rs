//! The count gates: system calls, context switches, allocations, instructions and wake-ups, never time.
//!
//! Two processes talk over loopback TCP; this program starts itself for both. What a message costs is counted between
//! two marks, so that start-up does not count, and compared with the one table in `limits.rs`.
//!
//! `cargo test --release -p ohmq --test counts`: the limits are those of optimised code.
#![allow(unreachable_pub, reason = "in a program, `pub` means visible to the other modules")]

#[cfg(target_os = "linux")]
mod allocator;
#[cfg(target_os = "linux")]
mod gates;
mod harness;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod pair;
#[cfg(target_os = "linux")]
mod ptrace;
#[cfg(target_os = "linux")]
mod roles;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    if let Some(job) = roles::Job::from_arguments() {
        roles::play(&job);
        return ExitCode::SUCCESS;
    }
    if cfg!(debug_assertions) {
        return harness::skip("count gates", "the limits are those of optimised code: --release");
    }
    harness::run(gates::all(), gates::table)
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    harness::skip("count gates", "they count by Linux's means")
}

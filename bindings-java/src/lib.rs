//! The native half of OhMQ for Java: the methods that the classes of `io.ohmq` declare `native`.
//!
//! Java holds contexts and sockets as numbers with generations ([`ohmq_ffi::handle`]), so a call on something closed is
//! a `ZMQException` and never a crash. Threads of the engine never call into Java: a Java thread waits in here ([`transfer`],
//! [`poll`]), or one dispatching thread of Java fetches which sockets have news ([`watch`]).
#![allow(clippy::needless_pass_by_value)] // the macro hands over references of Java by value

mod bytes;
mod context;
mod options;
mod poll;
mod socket;
mod transfer;
mod trouble;
mod watch;

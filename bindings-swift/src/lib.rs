//! OhMQ for Swift: everything Swift needs of the engine, in one static library.
//!
//! Two planes, as measured (see the architecture's decisions): [`control`] carries objects, options and errors through
//! UniFFI, whose calls cost little beside what they do; [`messages`] carries the data through plain C functions, because a
//! byte vector returned through UniFFI costs more than the engine's whole work for a message.

uniffi::setup_scaffolding!();

pub mod control;
pub mod failure;
pub mod messages;

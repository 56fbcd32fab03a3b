//! The languages: for each, how its prerequisites are fetched, its package is built, installed and tested.

pub mod files;
pub mod java;
pub mod node;
pub mod python;
pub mod rust;
pub mod swift;
pub mod swift_control;

//! Who takes part, and what each is to us.

use std::sync::OnceLock;

/// What a contestant is compared as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Who {
    Ours,
    Libzmq,
    /// An engine in Rust, of whom the best counts.
    Rival,
    /// Ours as it was at another commit; compared, but not a rival.
    Before,
    /// No library: what the kernel gives.
    Floor,
}

#[derive(Debug)]
pub struct Contestant {
    pub name: &'static str,
    pub who: Who,
    pub program: &'static str,
    /// The program of the receiving side, where it is another one.
    pub receiver: &'static str,
    /// The mode of the program, where it has several.
    pub variant: &'static str,
    /// The package in the lock file that has its version; empty when only the program knows.
    pub package: &'static str,
}

pub const OURS: &str = "ohmq";

const fn library(name: &'static str, who: Who, program: &'static str, package: &'static str) -> Contestant {
    Contestant { name, who, program, receiver: program, variant: "", package }
}

const RAW: &str = "bench-raw";

const fn floor(name: &'static str, variant: &'static str) -> Contestant {
    Contestant { name, who: Who::Floor, program: RAW, receiver: RAW, variant, package: "" }
}

const TABLE: [Contestant; 12] = [
    library(OURS, Who::Ours, "bench-ohmq", ""),
    library("libzmq", Who::Libzmq, "bench-libzmq", ""),
    library("omq-tokio", Who::Rival, "bench-omq", "omq-tokio"),
    library("rzmq", Who::Rival, "bench-rzmq", "rzmq"),
    library("zmq.rs", Who::Rival, "bench-zeromq", "zeromq"),
    library("monocoque", Who::Rival, "bench-monocoque", "monocoque-rs"),
    floor("raw 256K/64K", "256K/64K"),
    floor("raw 64K/64K", "64K/64K"),
    floor("raw 1M/64K", "1M/64K"),
    floor("raw blocking", "blocking"),
    floor(SPINNING, SPINNING_VARIANT),
    // Only the writers of bursts shall differ.
    Contestant { receiver: "bench-ohmq", ..floor("raw handover", "handover") },
];

/// Waiting by asking again and again needs a CPU for each side: this one is given two.
pub const SPINNING: &str = "raw spinning 2 CPUs";
const SPINNING_VARIANT: &str = "spinning";

/// Streams of plain bytes, by the size of a write and of a read: the best of them is the floor.
pub const STREAMS: &[&str] = &["raw 256K/64K", "raw 64K/64K", "raw 1M/64K"];

static ALL: OnceLock<Vec<Contestant>> = OnceLock::new();

/// Everybody, in the order in which they are shown.
pub fn all() -> &'static [Contestant] {
    ALL.get_or_init(|| TABLE.into())
}

/// Lets another build of ours take part. Only before anybody has asked who does.
pub fn add_before(program: String) {
    let before = library("ohmq before", Who::Before, program.leak(), "");
    let _ = ALL.set([before].into_iter().chain(TABLE).collect());
}

pub fn find(name: &str) -> Option<&'static Contestant> {
    all().iter().find(|contestant| contestant.name == name)
}

impl Contestant {
    /// Whether each of its processes gets a CPU of its own.
    pub fn wants_two_cpus(&self) -> bool {
        self.variant == SPINNING_VARIANT
    }
}

/// The libraries, in the order in which they are shown.
pub fn libraries() -> impl Iterator<Item = &'static Contestant> {
    all().iter().filter(|contestant| contestant.who != Who::Floor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_floors_are_known() {
        for (index, contestant) in TABLE.iter().enumerate() {
            assert!(TABLE[..index].iter().all(|earlier| earlier.name != contestant.name));
        }
        assert!(STREAMS.iter().all(|name| find(name).is_some_and(|found| found.who == Who::Floor)));
        assert_eq!(libraries().next().unwrap().name, OURS);
    }
}

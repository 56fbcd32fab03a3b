//! The one table of limits.
//!
//! *Design* rows are promises: a round trip costs 4 system calls and one wait on each side (a hundredth more, because a
//! lease may end in between) and 2 context switches, a thousand streamed messages cost 20 system calls, and idle sockets
//! nothing. *Measured* rows are what the engine did when the row was written, with a margin: about a seventh where the
//! count hardly varies; where it depends on who runs when, at least twice the most of twenty runs, which is still far from
//! one for each message. Whoever makes the engine better lowers them; nobody raises them without saying why.
//!
//! System calls are counted on one CPU, where nobody spins: a spinning receiver looks again and again on purpose.

use crate::roles::Placement::{self, Anywhere, OneCpu};
use crate::roles::Side::{self, Bound, Connected};
use crate::roles::Workload::{
    self, Bursts, FanOut, Idle, LongStream as Long, Resubscribe as Again, RoundTrip, Stream,
};

/// What is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Counted {
    /// System calls of all threads, but for the [`Counted::Waits`].
    Calls,
    /// System calls in which the thread that sends or receives waits until something happens.
    Waits,
    /// Voluntary and involuntary context switches of all threads.
    Switches,
    /// Allocations of all threads.
    Allocations,
    /// Instructions of the thread that sends or receives, outside the kernel.
    Instructions,
    /// Context switches of all threads while there is nothing to do.
    WakeUps,
}

use Counted::{Allocations, Calls, Instructions, Switches, Waits, WakeUps};

/// A row of the table.
#[derive(Debug)]
pub struct Limit {
    pub workload: Workload,
    pub side: Side,
    pub placement: Placement,
    pub counted: Counted,
    pub at_most: f64,
    /// The limit is for this many round trips, messages or deliveries.
    pub per: u64,
    /// Where it comes from.
    pub from: &'static str,
}

pub const DESIGN: &str = "design";
const MEASURED: &str = "measured";

const ONE: Workload = RoundTrip { peers: 1 };
const TEN: Workload = RoundTrip { peers: 10 };
const MANY: Workload = RoundTrip { peers: 100 };
const PIPE: Workload = Workload::Pipeline { window: 100 };
const FAN: Workload = FanOut { peers: 8 };
const REST: Workload = Idle { peers: 100 };

#[rustfmt::skip]
pub const LIMITS: &[Limit] = &[
    //  what    side       placement counted        at most    per  from
    row(ONE,    Connected, OneCpu,   Calls,             4.0,     1, DESIGN),
    row(ONE,    Connected, OneCpu,   Waits,            1.01,     1, DESIGN),
    row(ONE,    Bound,     OneCpu,   Calls,             4.0,     1, DESIGN),
    row(ONE,    Bound,     OneCpu,   Waits,            1.01,     1, DESIGN),
    row(TEN,    Connected, OneCpu,   Calls,             4.0,     1, DESIGN),
    row(TEN,    Connected, OneCpu,   Waits,            1.01,     1, DESIGN),
    row(TEN,    Bound,     OneCpu,   Calls,             4.0,     1, DESIGN),
    row(TEN,    Bound,     OneCpu,   Waits,            1.01,     1, DESIGN),
    row(MANY,   Connected, OneCpu,   Calls,             4.0,     1, DESIGN),
    row(MANY,   Connected, OneCpu,   Waits,            1.01,     1, DESIGN),
    row(MANY,   Bound,     OneCpu,   Calls,             4.0,     1, DESIGN),
    row(MANY,   Bound,     OneCpu,   Waits,            1.01,     1, DESIGN),
    row(Stream, Connected, OneCpu,   Calls,            20.0, 1_000, DESIGN),
    row(Stream, Connected, Anywhere, Calls,            20.0, 1_000, DESIGN),
    row(Stream, Bound,     OneCpu,   Calls,            20.0, 1_000, MEASURED),
    row(Bursts, Connected, OneCpu,   Calls,            14.0,   100, MEASURED),
    row(PIPE,   Connected, OneCpu,   Calls,         1_000.0, 1_000, MEASURED),
    row(PIPE,   Bound,     OneCpu,   Calls,         1_200.0, 1_000, MEASURED),
    row(FAN,    Bound,     OneCpu,   Calls,           200.0, 1_000, MEASURED),
    row(FAN,    Connected, OneCpu,   Calls,            20.0, 1_000, MEASURED),

    row(Again,  Connected, Anywhere, Calls,             5.0, 1_000, MEASURED),
    row(Again,  Bound,     Anywhere, Calls,            10.0, 1_000, MEASURED),

    row(ONE,    Connected, OneCpu,   Switches,          2.0,     1, DESIGN),
    row(ONE,    Bound,     OneCpu,   Switches,          2.0,     1, DESIGN),
    row(TEN,    Connected, OneCpu,   Switches,          2.0,     1, DESIGN),
    row(TEN,    Bound,     OneCpu,   Switches,          2.0,     1, DESIGN),
    row(MANY,   Connected, OneCpu,   Switches,          2.0,     1, DESIGN),
    row(MANY,   Bound,     OneCpu,   Switches,          2.0,     1, DESIGN),
    row(ONE,    Connected, Anywhere, Switches,          2.0,     1, DESIGN),
    row(ONE,    Bound,     Anywhere, Switches,          2.0,     1, DESIGN),
    row(TEN,    Connected, Anywhere, Switches,          2.0,     1, DESIGN),
    row(TEN,    Bound,     Anywhere, Switches,          2.0,     1, DESIGN),
    row(MANY,   Connected, Anywhere, Switches,          2.0,     1, DESIGN),
    row(MANY,   Bound,     Anywhere, Switches,          2.0,     1, DESIGN),
    row(Stream, Connected, OneCpu,   Switches,         12.0, 1_000, MEASURED),
    row(Stream, Bound,     OneCpu,   Switches,         12.0, 1_000, MEASURED),
    row(Stream, Connected, Anywhere, Switches,         12.0, 1_000, MEASURED),
    row(Stream, Bound,     Anywhere, Switches,         12.0, 1_000, MEASURED),
    row(Bursts, Connected, OneCpu,   Switches,         14.0,   100, MEASURED),
    row(PIPE,   Connected, OneCpu,   Switches,        110.0, 1_000, MEASURED),
    row(PIPE,   Bound,     OneCpu,   Switches,        110.0, 1_000, MEASURED),
    row(FAN,    Bound,     OneCpu,   Switches,         30.0, 1_000, MEASURED),
    row(FAN,    Connected, OneCpu,   Switches,         30.0, 1_000, MEASURED),

    row(ONE,    Connected, OneCpu,   Allocations,       0.1,     1, MEASURED),
    row(ONE,    Bound,     OneCpu,   Allocations,       0.1,     1, MEASURED),
    row(Stream, Connected, OneCpu,   Allocations,       1.0, 1_000, MEASURED),
    row(Stream, Bound,     OneCpu,   Allocations,       1.0, 1_000, MEASURED),
    row(Stream, Connected, Anywhere, Allocations,       1.0, 1_000, MEASURED),
    row(Stream, Bound,     Anywhere, Allocations,       1.0, 1_000, MEASURED),
    row(Long,   Connected, Anywhere, Allocations,       5.0, 1_000, MEASURED),
    row(Long,   Bound,     Anywhere, Allocations,       0.1,     1, MEASURED),
    row(FAN,    Bound,     OneCpu,   Allocations,      12.0, 1_000, MEASURED),
    row(FAN,    Connected, OneCpu,   Allocations,       2.0, 1_000, MEASURED),
    row(Again,  Connected, Anywhere, Allocations,       1.2,     1, MEASURED),
    row(Again,  Bound,     Anywhere, Allocations,       6.7,     1, MEASURED),

    row(ONE,    Connected, OneCpu,   Instructions,  5_200.0,     1, MEASURED),
    row(ONE,    Bound,     OneCpu,   Instructions,  5_000.0,     1, MEASURED),
    row(Stream, Connected, OneCpu,   Instructions,    250.0,     1, MEASURED),
    row(Stream, Bound,     OneCpu,   Instructions,    310.0,     1, MEASURED),
    // With the writes of its batches: two or three among 500 publications, each of which is 9 a delivery.
    row(FAN,    Bound,     OneCpu,   Instructions,    175.0,     1, MEASURED),

    row(REST,   Bound,     Anywhere, WakeUps,           0.0,     1, DESIGN),
    row(REST,   Connected, Anywhere, WakeUps,           0.0,     1, DESIGN),
];

const fn row(
    workload: Workload,
    side: Side,
    placement: Placement,
    counted: Counted,
    at_most: f64,
    per: u64,
    from: &'static str,
) -> Limit {
    Limit { workload, side, placement, counted, at_most, per, from }
}

impl Limit {
    pub fn name(&self) -> String {
        let counted = match self.counted {
            Calls => "system calls",
            Waits => "waits",
            Switches => "context switches",
            Allocations => "allocations",
            Instructions => "instructions",
            WakeUps => "wake-ups",
        };
        let placement = if self.placement == OneCpu { ", one CPU" } else { "" };
        format!(
            "{}{placement}: {counted} of {}",
            self.workload.title(),
            self.workload.socket(self.side).name()
        )
    }

    pub fn unit(&self) -> String {
        match self.per {
            1 => format!("a {}", self.workload.unit().0),
            many => format!("in {many} {}", self.workload.unit().1),
        }
    }
}

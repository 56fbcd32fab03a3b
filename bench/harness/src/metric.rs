//! What one slice of measuring found, and which number of it a cell is about.

use std::collections::BTreeMap;

use bench_kit::protocol::Delays;
use serde::{Deserialize, Serialize};

/// One contestant, one slice.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Measure {
    pub seconds: f64,
    /// Messages delivered, round trips, publications: what the work counts.
    pub operations: f64,
    /// CPU of both processes for one operation.
    pub cpu_us: f64,
    /// Context switches of both processes for one operation.
    pub switches: f64,
    pub delays: Option<Delays>,
    /// Memory of one subscription or connection.
    pub bytes_each: Option<f64>,
    /// The most memory that either process had.
    pub peak_bytes: f64,
    /// The slowest sender's share divided by the fastest one's.
    pub fairness: Option<f64>,
    /// Other figures that are shown but not compared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, f64>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Metric {
    /// Operations a second.
    Rate,
    /// Operations for a second of CPU of both processes.
    RatePerCpu,
    /// CPU of both processes for one operation.
    CpuEach,
    /// The time of one operation, all of them counted.
    MeanTime,
    /// The mean of the delays that were timed.
    MeanDelay,
    P50,
    P99,
    P999,
    /// Memory of one subscription or connection.
    BytesEach,
    PeakMemory,
    Fairness,
}

/// Whether more or less is better.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Better {
    Higher,
    Lower,
}

impl Metric {
    /// The number, if this slice has it.
    pub fn of(self, measure: &Measure) -> Option<f64> {
        let delays = measure.delays.as_ref();
        let microseconds = |nanoseconds: u64| nanoseconds as f64 / 1e3;
        match self {
            Metric::Rate => Some(measure.operations / measure.seconds),
            Metric::RatePerCpu => Some(1e6 / measure.cpu_us),
            Metric::CpuEach => Some(measure.cpu_us),
            Metric::MeanTime => Some(measure.seconds * 1e6 / measure.operations),
            Metric::MeanDelay => delays.map(|delays| delays.mean / 1e3),
            Metric::P50 => delays.map(|delays| microseconds(delays.p50)),
            Metric::P99 => delays.map(|delays| microseconds(delays.p99)),
            Metric::P999 => delays.map(|delays| microseconds(delays.p999)),
            Metric::BytesEach => measure.bytes_each,
            Metric::PeakMemory => Some(measure.peak_bytes),
            Metric::Fairness => measure.fairness,
        }
        .filter(|number| number.is_finite())
    }

    pub fn unit(self) -> &'static str {
        match self {
            Metric::Rate => "/s",
            Metric::RatePerCpu => "/CPU s",
            Metric::CpuEach => "µs CPU",
            Metric::MeanTime | Metric::MeanDelay | Metric::P50 | Metric::P99 | Metric::P999 => "µs",
            Metric::BytesEach | Metric::PeakMemory => "B",
            Metric::Fairness => "slowest/fastest",
        }
    }

    pub fn better(self) -> Better {
        match self {
            Metric::Rate | Metric::RatePerCpu | Metric::Fairness => Better::Higher,
            _ => Better::Lower,
        }
    }
}

impl Better {
    /// Whether `a` is better than `b`.
    pub fn prefers(self, a: f64, b: f64) -> bool {
        match self {
            Better::Higher => a > b,
            Better::Lower => a < b,
        }
    }

    /// Whether a ratio of ours to theirs meets its limit.
    pub fn meets(self, ratio: f64, limit: f64) -> bool {
        match self {
            Better::Higher => ratio >= limit,
            Better::Lower => ratio <= limit,
        }
    }
}

/// A number as a person reads it: three digits and a prefix.
pub fn short(number: f64) -> String {
    let (scaled, prefix) = match number.abs() {
        large if large >= 1e9 => (number / 1e9, " G"),
        large if large >= 1e6 => (number / 1e6, " M"),
        large if large >= 1e4 => (number / 1e3, " k"),
        _ => (number, ""),
    };
    let digits = match scaled.abs() {
        large if large >= 100.0 => 0,
        medium if medium >= 10.0 => 1,
        small if small >= 1.0 => 2,
        _ => 3,
    };
    format!("{scaled:.digits$}{prefix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_slice() {
        let delays = Delays { p50: 12_000, mean: 15_000.0, ..Delays::default() };
        let measure = Measure {
            seconds: 0.5,
            operations: 1_000.0,
            cpu_us: 4.0,
            delays: Some(delays),
            ..Measure::default()
        };
        assert_eq!(Metric::Rate.of(&measure), Some(2_000.0));
        assert_eq!(Metric::MeanTime.of(&measure), Some(500.0));
        assert_eq!(Metric::RatePerCpu.of(&measure), Some(250_000.0));
        assert_eq!(Metric::P50.of(&measure), Some(12.0));
        assert_eq!(Metric::BytesEach.of(&measure), None);
        assert_eq!(Metric::Rate.of(&Measure::default()), None, "no time, no rate");
    }

    #[test]
    fn better_depends_on_the_number() {
        assert!(Metric::Rate.better().meets(4.5, 4.5) && !Metric::Rate.better().meets(4.4, 4.5));
        assert!(Metric::P99.better().meets(0.9, 1.0) && !Metric::P99.better().meets(1.1, 1.0));
        assert!(Better::Lower.prefers(1.0, 2.0) && Better::Higher.prefers(2.0, 1.0));
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(short(4_123_000.0), "4.12 M");
        assert_eq!(short(9_999.0), "9999");
        assert_eq!(short(45_300.0), "45.3 k");
        assert_eq!(short(0.1234), "0.123");
        assert_eq!(short(12.34), "12.3");
    }
}

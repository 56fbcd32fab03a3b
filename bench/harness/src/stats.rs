//! Medians, ratios of blocks, and how far both can be trusted.

use serde::{Deserialize, Serialize};

/// How often the blocks are drawn anew.
const DRAWS: usize = 2_000;
/// The same draws in every run.
const SEED: u64 = 0x6f68_6d71;

/// The ratios of the blocks: ours divided by theirs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Ratio {
    pub median: f64,
    /// The 95 % interval of the median, by bootstrap.
    pub low: f64,
    pub high: f64,
    pub min: f64,
    pub max: f64,
}

pub fn median(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + upper) / 2.0 } else { upper })
}

/// The ratios of numbers that were measured in the same block.
pub fn ratio(pairs: &[(f64, f64)]) -> Option<Ratio> {
    let ratios: Vec<f64> =
        pairs.iter().map(|(ours, theirs)| ours / theirs).filter(|r| r.is_finite()).collect();
    let sorted = sorted(&ratios);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let (low, high) = bootstrap(&ratios)?;
    Some(Ratio { median: median(&ratios)?, low, high, min, max })
}

/// The interval that holds the median of 95 % of the sets drawn from these with replacement.
fn bootstrap(values: &[f64]) -> Option<(f64, f64)> {
    let mut state = SEED;
    let mut medians = Vec::with_capacity(DRAWS);
    let mut draw = vec![0.0; values.len()];
    for _ in 0..DRAWS {
        for place in &mut draw {
            *place = values[random(&mut state) as usize % values.len()];
        }
        medians.push(median(&draw)?);
    }
    let medians = sorted(&medians);
    Some((medians[DRAWS / 40], medians[DRAWS - 1 - DRAWS / 40]))
}

/// SplitMix64.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 5.0]), Some(5.0));
        assert_eq!(median(&[9.0, 1.0, 5.0, 6.0]), Some(5.5));
    }

    #[test]
    fn the_ratio_is_the_median_of_ratios_not_the_ratio_of_medians() {
        // The machine was twice as fast in some blocks: every block says 2.
        let pairs = [(2.0, 1.0), (4.0, 2.0), (20.0, 10.0)];
        let found = ratio(&pairs).unwrap();
        assert_eq!((found.median, found.low, found.high, found.min, found.max), (2.0, 2.0, 2.0, 2.0, 2.0));
        let uneven = ratio(&[(1.0, 1.0), (9.0, 3.0), (4.0, 2.0)]).unwrap();
        assert_eq!((uneven.median, uneven.min, uneven.max), (2.0, 1.0, 3.0));
    }

    #[test]
    fn the_interval_holds_the_median_and_shrinks_with_more_blocks() {
        let noisy = |count: usize| -> Vec<(f64, f64)> {
            let mut state = 7;
            (0..count).map(|_| (1.0 + (random(&mut state) % 1000) as f64 / 1000.0, 1.0)).collect()
        };
        let (few, many) = (ratio(&noisy(9)).unwrap(), ratio(&noisy(200)).unwrap());
        assert!(few.low <= few.median && few.median <= few.high);
        assert!(many.high - many.low < few.high - few.low);
        assert_eq!(ratio(&noisy(9)), ratio(&noisy(9)), "the draws are the same in every run");
    }

    #[test]
    fn blocks_without_a_number_do_not_count() {
        assert_eq!(ratio(&[]), None);
        assert_eq!(ratio(&[(1.0, 0.0)]), None);
        assert_eq!(ratio(&[(1.0, 0.0), (3.0, 1.0)]).unwrap().median, 3.0);
    }
}

//! Repeatable randomness: a fixed seed, printed, so that a failure is found again.

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

pub(crate) const SEED: [u8; 32] = *b"OhMQ: the same cases every time.";

pub(crate) fn runner(cases: u32) -> TestRunner {
    println!("{cases} cases from the seed {:?}", SEED.escape_ascii().to_string());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &SEED))
}

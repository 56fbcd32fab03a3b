//! What was not run is told with its reason, once for each test, in every suite: `cargo xtask` counts these lines.

use std::process::{Command, Output};

const SHELL_TESTEE: &str = concat!("rust=sh ", env!("CARGO_MANIFEST_DIR"), "/tests/testee.sh");

fn runner(words: &[&str]) -> (Output, String) {
    let mut runner = Command::new(env!("CARGO_BIN_EXE_ohmq-polyglot"));
    let output = runner.current_dir(env!("CARGO_MANIFEST_DIR")).args(words).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

/// How many skips the lines with reasons tell of.
fn told(text: &str) -> usize {
    let reasons = text.lines().filter_map(|line| line.strip_prefix("skipped: "));
    let times = |reason: &str| reason.strip_suffix(" times)")?.rsplit_once('(')?.1.parse().ok();
    reasons.map(|reason| times(reason).unwrap_or(1)).sum()
}

fn counted(text: &str) -> usize {
    let line = text.lines().next_back().unwrap();
    line.strip_suffix(" skipped").unwrap().rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[test]
fn every_skipped_test_has_its_reason() {
    for suite in ["errors", "hostile", "kill", "demo"] {
        let (output, text) = runner(&[suite, "--not-run", "libzmq=no Python"]);
        assert!(!output.status.success(), "{suite}: a run in which nothing ran is no success");
        assert!(counted(&text) > 20, "{suite}: {text}");
        assert_eq!(told(&text), counted(&text), "{suite}: {text}");
        assert!(!text.contains("differs"), "{suite}: no libzmq ran that could differ: {text}");
    }
}

#[test]
fn a_demo_with_holes_is_a_demo() {
    let (output, text) = runner(&["demo", "--actor", SHELL_TESTEE, "--not-run", "swift=no Swift"]);
    assert!(text.ends_with("\n4 passed, 0 failed, 140 skipped\n"), "{text}");
    assert!(output.status.success() && told(&text) == 140, "{text}");
    assert!(text.contains("skipped: swift not run: no Swift ("), "{text}");
}

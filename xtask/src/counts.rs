//! How many tests passed, failed and were skipped: read from what each test runner prints or writes.

use std::path::Path;
use std::{fs, iter};

use anyhow::{Context, Result};
use serde_json::Value;

/// The counts of one step or of all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: usize,
    /// Each failed test, and why it failed where the runner tells that shortly.
    pub failed: Vec<String>,
    /// One reason for each skipped test.
    pub skipped: Vec<String>,
}

impl Counts {
    pub fn add(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed.extend(other.failed);
        self.skipped.extend(other.skipped);
    }

    pub fn total(&self) -> usize {
        self.passed + self.failed.len() + self.skipped.len()
    }

    /// The line by which a person and a CI system read the whole run.
    pub fn line(&self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed.len(), self.skipped.len())
    }

    /// The line for the table: what is zero is left out.
    pub fn short(&self) -> String {
        let all = [(self.passed, "passed"), (self.failed.len(), "failed"), (self.skipped.len(), "skipped")];
        let some: Vec<String> =
            all.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect();
        some.join(", ")
    }

    /// Failures whose names the runner told only in part.
    fn fail(&mut self, count: usize, names: impl IntoIterator<Item = String>) {
        self.failed.extend(filled(count, names, "a test without a name"));
    }

    /// Skips whose reasons the runner told only in part.
    fn skip(&mut self, count: usize, reasons: impl IntoIterator<Item = String>) {
        self.skipped.extend(filled(count, reasons, "the test gives no reason"));
    }
}

fn filled(
    count: usize,
    texts: impl IntoIterator<Item = String>,
    other: &str,
) -> impl Iterator<Item = String> {
    texts.into_iter().chain(iter::repeat(other.to_string())).take(count)
}

/// `cargo test`: one `test result:` line for each test program.
pub fn cargo(output: &str) -> Counts {
    let mut counts = Counts::default();
    let (mut failed, mut ignored) = (0, 0);
    for line in output.lines() {
        let Some((_, result)) = line.split_once("test result: ") else { continue };
        counts.passed += number_before(result, " passed");
        failed += number_before(result, " failed");
        ignored += number_before(result, " ignored");
    }
    let tests = || output.lines().filter_map(|line| line.strip_prefix("test "));
    let names = tests().filter_map(|line| line.strip_suffix(" ... FAILED"));
    counts.fail(failed, names.map(|name| format!("{name}{}", panic_of(output, name))));
    counts.skip(ignored, tests().filter(|line| line.contains(" ... ignored")).map(str::to_string));
    counts
}

/// Where and with which words a test panicked.
fn panic_of(output: &str, test: &str) -> String {
    let mut lines = output.lines();
    let thread = format!("thread '{test}' ");
    let place = lines.find_map(|line| {
        Some(line.strip_prefix(&thread)?.split_once("panicked at ")?.1.trim_end_matches(':'))
    });
    place.map_or_else(String::new, |place| format!(": {place}: {}", lines.next().unwrap_or_default()))
}

/// XCTest's and Swift Testing's closing lines of `swift test`.
pub fn swift(output: &str) -> Counts {
    let mut counts = Counts::default();
    // XCTest closes each suite with a line, the outermost one last.
    if let Some(line) = output.lines().rfind(|line| line.contains("Executed ") && line.contains(" test")) {
        let executed = number_after(line, "Executed ");
        let skipped = number_before(line, " test skipped") + number_before(line, " tests skipped");
        let failed = number_before(line, " failure").min(executed);
        counts.passed = executed.saturating_sub(failed + skipped);
        let told = |words: &str| {
            output
                .lines()
                .filter(|line| line.contains(words))
                .map(|line| line.trim().to_string())
                .collect::<Vec<_>>()
        };
        counts.fail(failed, told(": error: "));
        counts.skip(skipped, told("Test skipped"));
    }
    counts
}

/// The project's own closing line, as the conformance runner prints it: `N passed, N failed, N skipped`.
pub fn plain(output: &str) -> Counts {
    let mut counts = Counts::default();
    let closing = output.lines().rfind(|line| line.contains(" passed, ") && line.contains(" failed"));
    if let Some(line) = closing {
        counts.passed = number_before(line, " passed");
        let told = |word: &'static str| output.lines().filter_map(move |line| line.trim().strip_prefix(word));
        counts.fail(number_before(line, " failed"), told("✗ ").map(str::to_string));
        counts.skip(number_before(line, " skipped"), told("skipped: ").flat_map(each));
    }
    counts
}

/// A reason as often as it says that it holds: `no Swift (12 times)`.
fn each(reason: &str) -> Vec<String> {
    let counted = reason.strip_suffix(" times)").and_then(|text| text.rsplit_once(" ("));
    let times = counted.and_then(|(reason, times)| Some((reason, times.parse().ok()?)));
    let (reason, times) = times.unwrap_or((reason, 1));
    vec![reason.to_string(); times]
}

/// The report of the conformance scenarios: one entry for each check.
pub fn polyglot(report: &str) -> Result<Counts> {
    let report: Value = serde_json::from_str(report).context("the conformance report is no JSON")?;
    let mut counts = Counts::default();
    for check in report["checks"].as_array().context("the conformance report has no checks")? {
        let text = |key: &str| check[key].as_str().unwrap_or_default().to_string();
        match check["outcome"].as_str() {
            Some("passed") => counts.passed += 1,
            Some("skipped") => counts.skipped.push(text("message")),
            _ => counts.failed.push(format!("{}: {}", text("name"), text("message"))),
        }
    }
    // Checks of one language fail for one reason: told once, with how many.
    counts.skipped.sort();
    Ok(counts)
}

/// A report in JUnit's XML form, which pytest, Node and Maven's Surefire all write.
pub fn junit(report: &str) -> Counts {
    let mut counts = Counts::default();
    for case in report.split("<testcase").skip(1) {
        let (head, body) = split_element(case);
        let told = |element: &str, otherwise: &str| {
            let (_, rest) = body.split_once(element)?;
            let message =
                attribute(split_element(rest).0, "message").unwrap_or_else(|| otherwise.to_string());
            Some(format!("{}: {message}", attribute(head, "name").unwrap_or_default()))
        };
        let why = "the report gives no reason";
        if let Some(failure) = told("<failure", why).or_else(|| told("<error", why)) {
            counts.failed.push(failure);
        } else if let Some(skip) = told("<skipped", "the test gives no reason") {
            counts.skipped.push(skip);
        } else {
            counts.passed += 1;
        }
    }
    counts
}

/// All `*.xml` JUnit reports of a folder.
pub fn junit_folder(folder: &Path) -> Result<Counts> {
    let mut counts = Counts::default();
    let entries = fs::read_dir(folder).with_context(|| format!("no test reports in {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "xml") {
            counts.add(junit(&fs::read_to_string(path)?));
        }
    }
    Ok(counts)
}

/// The attributes of an element whose name was just read, and everything up to where it ends.
fn split_element(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '"';
        c == '>' && !quoted
    });
    let (head, rest) = text.split_at(end.unwrap_or(text.len()));
    if head.ends_with('/') { (head, "") } else { (head, rest.split("</testcase").next().unwrap_or(rest)) }
}

fn attribute(head: &str, name: &str) -> Option<String> {
    let after = head.split_once(&format!(" {name}=\""))?.1;
    let text = after.split('"').next()?;
    let plain = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&#10;", " ");
    Some(plain.replace("&amp;", "&").replace('\n', " "))
}

fn number_before(text: &str, word: &str) -> usize {
    let Some((before, _)) = text.split_once(word) else { return 0 };
    let start = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    before.get(start..).and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn number_after(text: &str, word: &str) -> usize {
    let Some((_, after)) = text.split_once(word) else { return 0 };
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: usize, failed: &[&str], skipped: &[&str]) -> Counts {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        Counts { passed, failed: texts(failed), skipped: texts(skipped) }
    }

    #[test]
    fn cargo_results_are_added_up() {
        let text = "running 3 tests\ntest a ... ok\ntest b ... ignored, needs a network\n\
            test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            test x::c ... FAILED\ntest d ... FAILED\n\n---- x::c stdout ----\n\n\
            thread 'x::c' (78) panicked at src/x.rs:5:9:\nassertion failed: it holds\n\
            test result: FAILED. 10 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let failed = ["x::c: src/x.rs:5:9: assertion failed: it holds", "d", "a test without a name"];
        assert_eq!(cargo(text), counts(12, &failed, &["b ... ignored, needs a network"]));
        assert_eq!(cargo("error: could not compile"), Counts::default());
    }

    #[test]
    fn swift_results_are_those_of_the_outermost_suite() {
        let text = "Test Suite 'A' passed\n\t Executed 2 tests, with 0 failures (0 unexpected) in 0.1 seconds\n\
            A.swift:3: A.testX : Test skipped - no ipc\n\
            A.swift:7: error: A.testY : XCTAssertTrue failed\n\
            \t Executed 5 tests, with 1 test skipped and 1 failure (0 unexpected) in 0.2 (0.2) seconds\n";
        assert_eq!(
            swift(text),
            counts(
                3,
                &["A.swift:7: error: A.testY : XCTAssertTrue failed"],
                &["A.swift:3: A.testX : Test skipped - no ipc"]
            )
        );
    }

    #[test]
    fn the_plain_line_is_the_last_one() {
        let text = "skipped: swift: no toolchain\n1 passed, 0 failed\n✗ A to B: lost 3\n360 passed, 1 failed, 1 skipped\n";
        assert_eq!(plain(text), counts(360, &["A to B: lost 3"], &["swift: no toolchain"]));
        let text =
            "skipped: libzmq differs in set-rate: it stores the value\n465 passed, 0 failed, 1 skipped\n";
        assert_eq!(plain(text), counts(465, &[], &["libzmq differs in set-rate: it stores the value"]));
    }

    #[test]
    fn a_reason_for_several_tests_is_told_once() {
        let text = "skipped: swift not run: no Swift (3 times)\nskipped: libzmq differs in x (y times)\n\
            7 passed, 0 failed, 4 skipped\n";
        let swift = "swift not run: no Swift";
        assert_eq!(plain(text), counts(7, &[], &[swift, swift, swift, "libzmq differs in x (y times)"]));
    }

    #[test]
    fn junit_reports_tell_failures_and_skips() {
        let text = "<testsuites><testsuite tests=\"4\"><testcase name=\"a\" time=\"1\"/>\
            <testcase name=\"b > c\" time=\"1\"></testcase>\
            <testcase name=\"d\"><skipped message=\"no &quot;ipc&quot;\" type=\"x\">why</skipped></testcase>\
            <testcase name=\"e\"><failure message=\"m\">trace</failure></testcase></testsuite></testsuites>";
        assert_eq!(junit(text), counts(2, &["e: m"], &["d: no \"ipc\""]));
    }

    #[test]
    fn the_conformance_report_is_counted() {
        let text = r#"{"checks": [{"outcome": "passed"}, {"outcome": "skipped", "message": "no Swift"}, {"name": "a b", "outcome": "?", "message": "lost"}]}"#;
        assert_eq!(polyglot(text).unwrap(), counts(1, &["a b: lost"], &["no Swift"]));
        assert!(polyglot("{}").is_err() && polyglot("").is_err());
    }

    #[test]
    fn the_closing_line_is_plain() {
        assert_eq!(counts(3, &[], &["x"]).line(), "3 passed, 0 failed, 1 skipped");
        assert_eq!(counts(3, &[], &["x"]).short(), "3 passed, 1 skipped");
    }
}

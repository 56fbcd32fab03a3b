//! Runs the gates one after the other, which the standard harness does not, and prints what it would print.

use std::io::Write;
use std::process::ExitCode;

/// A gate: its name, and what it does.
pub struct Gate {
    pub name: String,
    pub run: Box<dyn FnOnce() -> Outcome>,
}

/// How a gate ended, each with what there is to say.
pub enum Outcome {
    Passed(String),
    Failed(String),
    Skipped(String),
}

/// Runs the gates that the arguments choose; `closing` is printed before the result.
pub fn run(gates: Vec<Gate>, closing: impl FnOnce() -> String) -> ExitCode {
    let choice = Choice::from_arguments();
    let all = gates.len();
    let chosen: Vec<Gate> = gates.into_iter().filter(|gate| choice.takes(&gate.name)).collect();
    let left_out = all - chosen.len();
    if choice.list {
        chosen.iter().for_each(|gate| println!("{}: test", gate.name));
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", chosen.len());
    let (mut passed, mut skipped, mut failures) = (0, 0, Vec::new());
    for gate in chosen {
        print!("test {} ... ", gate.name);
        let _ = std::io::stdout().flush();
        match (gate.run)() {
            Outcome::Passed(figure) => {
                passed += 1;
                println!("ok ({figure})");
            }
            Outcome::Failed(reason) => {
                println!("FAILED");
                failures.push(format!("{}: {reason}", gate.name));
            }
            Outcome::Skipped(reason) => {
                skipped += 1;
                println!("ignored, {reason}");
            }
        }
    }
    println!("\n{}", closing());
    if !failures.is_empty() {
        println!("failures:\n\n{}\n", failures.join("\n"));
    }
    result(passed, failures.len(), skipped, left_out)
}

/// Nothing can be counted here.
pub fn skip(name: &str, reason: &str) -> ExitCode {
    if Choice::from_arguments().list {
        println!("{name}: test");
        return ExitCode::SUCCESS;
    }
    println!("\nrunning 1 test\ntest {name} ... ignored, {reason}");
    result(0, 0, 1, 0)
}

fn result(passed: usize, failed: usize, skipped: usize, left_out: usize) -> ExitCode {
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; {skipped} ignored; 0 measured; {left_out} filtered out\n"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The arguments of the standard harness that mean something here.
#[derive(Default)]
struct Choice {
    list: bool,
    exact: bool,
    words: Vec<String>,
}

impl Choice {
    fn from_arguments() -> Self {
        let mut choice = Choice::default();
        for argument in std::env::args().skip(1) {
            match argument.as_str() {
                "--list" => choice.list = true,
                "--exact" => choice.exact = true,
                flag if flag.starts_with('-') => {}
                word => choice.words.push(word.to_string()),
            }
        }
        choice
    }

    fn takes(&self, name: &str) -> bool {
        let fits = |word: &String| if self.exact { name == word } else { name.contains(word.as_str()) };
        self.words.is_empty() || self.words.iter().any(fits)
    }
}

//! The conformance run: every scenario for every ordered pair of actors over every transport.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::actor::Actor;
use crate::failures;
use crate::gaps::Gaps;
use crate::report::{self, Check, Outcome, Report};
use crate::roster::{NAMES, Roster};
use crate::scenarios::{self, Scenario};
use crate::stage::{Seat, Stage, Transport};

/// Which checks to run, and how.
#[derive(Debug)]
pub(crate) struct Selection {
    /// Only checks whose name contains all of these words.
    pub(crate) only: Vec<String>,
    /// Pairs played at the same time.
    pub(crate) jobs: usize,
    /// How often each check is played.
    pub(crate) repeat: usize,
}

impl Selection {
    /// Whether it is anything but every check once.
    pub(crate) fn is_partial(&self) -> bool {
        !self.only.is_empty() || self.repeat != 1
    }

    fn has(&self, name: &str) -> bool {
        self.only.iter().all(|word| name.contains(word.as_str()))
    }
}

/// Runs the selected checks and judges them against the known gaps.
pub(crate) fn run(roster: &Roster, gaps: &Gaps, selection: &Selection) -> Result<Report> {
    let folder = tempfile::Builder::new().prefix("ohmq-").tempdir().context("make a temporary folder")?;
    let (actors, broken) = introductions(roster, folder.path());
    let once: Vec<_> = NAMES.into_iter().flat_map(|left| NAMES.map(|right| (left, right))).collect();
    let pairs = once.repeat(selection.repeat);
    let playable = roster.present().len().pow(2) * selection.repeat;
    let width = playable.to_string().len();
    let (next, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (checks, ends) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for job in 0..selection.jobs.max(1) {
            let (pairs, next, finished, checks, broken) = (&pairs, &next, &finished, &checks, &broken);
            let ends = &ends;
            let folder = folder.path().join(job.to_string());
            scope.spawn(move || {
                let seats = HashMap::new();
                let mut player = Player { roster, gaps, broken, folder: &folder, seats, serial: 0 };
                let made = std::fs::create_dir(&folder);
                while let Some((left, right)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let started = Instant::now();
                    let mut played = player.pair(left, right, selection);
                    if let Err(error) = &made {
                        played
                            .iter_mut()
                            .for_each(|check| check.outcome = Outcome::Failed(error.to_string()));
                    }
                    gaps.judge(&mut played);
                    if played.iter().any(|check| !matches!(check.outcome, Outcome::Skipped(_))) {
                        let place = finished.fetch_add(1, Ordering::Relaxed) + 1;
                        progress(place, playable, width, &played, started);
                    }
                    checks.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(played);
                }
                ends.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend(player.end());
            });
        }
    });
    let mut checks = checks.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let ends = ends.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    ends.iter().for_each(|end| blame(&mut checks, end));
    checks.extend(gaps.unknown(&universe(), |name| selection.has(name)));
    Ok(Report::new(roster, actors, checks))
}

/// Starts each present actor once: its library's version, or why it cannot be played with.
fn introductions(roster: &Roster, folder: &Path) -> (HashMap<String, String>, HashMap<String, String>) {
    let (mut libraries, mut broken) = (HashMap::new(), HashMap::new());
    for name in roster.present() {
        let Some(recipe) = roster.recipe(name) else { continue };
        match Actor::start(recipe, folder) {
            Ok(actor) if name != "libzmq" && !actor.has("stats") => {
                println!("{name:<7} has no statistics");
                broken.insert(name.to_owned(), "the SDK must make its statistics readable".to_owned());
            }
            Ok(actor) => {
                println!("{name:<7} {}", actor.library());
                libraries.insert(name.to_owned(), actor.library().to_owned());
            }
            Err(error) => {
                println!("{name:<7} cannot start: {error:#}");
                broken.insert(name.to_owned(), format!("{error:#}"));
            }
        }
    }
    for name in NAMES {
        if roster.recipe(name).is_none() {
            println!("{name:<7} not run: {}", roster.reason(name));
        }
    }
    (libraries, broken)
}

/// Plays pairs one after the other, keeping processes between them.
struct Player<'a> {
    roster: &'a Roster,
    gaps: &'a Gaps,
    broken: &'a HashMap<String, String>,
    folder: &'a Path,
    seats: HashMap<(&'static str, usize), Seat>,
    serial: u64,
}

impl Player<'_> {
    fn pair(&mut self, left: &'static str, right: &'static str, selection: &Selection) -> Vec<Check> {
        let mut checks = Vec::new();
        for transport in Transport::ALL {
            for scenario in scenarios::ALL {
                let mut check = Check::new(scenario, transport, left, right);
                if selection.has(&check.name()) {
                    let started = Instant::now();
                    check.outcome = self.play(scenario, transport, left, right);
                    check.milliseconds = started.elapsed().as_millis();
                    checks.push(check);
                }
            }
        }
        checks
    }

    fn play(
        &mut self,
        scenario: &Scenario,
        transport: Transport,
        left: &'static str,
        right: &'static str,
    ) -> Outcome {
        if let Some(name) = [left, right].into_iter().find(|name| self.roster.recipe(name).is_none()) {
            return Outcome::Skipped(self.roster.absence(name));
        }
        if let Some(error) = [left, right].into_iter().find_map(|name| self.broken.get(name)) {
            return Outcome::Failed(error.clone());
        }
        let (Some(mut first), Some(mut second)) = (self.take(left, 0), self.take(right, 1)) else {
            return Outcome::Failed("no recipe".to_owned());
        };
        let mut stage = Stage::new([&mut first, &mut second], transport, self.folder, &mut self.serial);
        match (scenario.play)(&mut stage).and_then(|()| stage.finish()) {
            Ok(()) => {
                self.seats.insert((left, 0), first);
                self.seats.insert((right, 1), second);
                Outcome::Passed
            }
            // The processes are in an unknown state: the next check gets new ones.
            Err(error) => {
                let message = format!("{error:#}");
                let check = Check::new(scenario, transport, left, right).name();
                if !self.gaps.lists(&check) {
                    let evidence = stage.evidence();
                    let kept = failures::keep(&self.roster.root, &check, &message, &evidence, self.folder);
                    println!("{kept}");
                }
                Outcome::Failed(message)
            }
        }
    }

    /// Ends the processes that are left, all of which did as promised, at the same time; those that end badly.
    fn end(mut self) -> Vec<BadEnd> {
        self.seats.values_mut().for_each(Seat::hang_up);
        let ends = self.seats.into_iter().map(|((name, side), mut seat)| (name, side, seat.end()));
        ends.filter_map(|(name, side, end)| Some(BadEnd { name, side, message: format!("{:#}", end.err()?) }))
            .collect()
    }

    fn take(&mut self, name: &'static str, side: usize) -> Option<Seat> {
        let recipe = self.roster.recipe(name)?;
        Some(self.seats.remove(&(name, side)).unwrap_or_else(|| Seat::new(recipe, self.folder)))
    }
}

/// A process of the actor `name` on that side of its pairs that did not exit as the protocol says.
struct BadEnd {
    name: &'static str,
    side: usize,
    message: String,
}

/// The last check that the process can have played is failed for it: of those that played, it was the last to be at work.
fn blame(checks: &mut [Check], end: &BadEnd) {
    let played = |check: &&mut Check| {
        check.outcome == Outcome::Passed && [check.left, check.right][end.side] == end.name
    };
    if let Some(check) = checks.iter_mut().rev().find(played) {
        println!("{}: {}", check.name(), end.message);
        check.outcome = Outcome::Failed(end.message.clone());
    }
}

/// One line per pair, and the reasons of what failed.
fn progress(place: usize, of: usize, width: usize, played: &[Check], started: Instant) {
    let (left, right) = (played[0].left, played[0].right);
    let marks = |transport: &str| -> String {
        played.iter().filter(|check| check.transport == transport).map(|check| check.outcome.mark()).collect()
    };
    let seconds = started.elapsed().as_secs_f64();
    let mut text = format!("[{place:>width$}/{of}] {left:<7}→ {right:<7}");
    for transport in Transport::ALL.map(Transport::name) {
        text += &format!(" {transport} {}", marks(transport));
    }
    text += &format!(" {seconds:5.1} s");
    for line in report::failures(played) {
        text += &format!("\n    {line}");
    }
    println!("{text}");
}

/// The names of all checks there are.
fn universe() -> Vec<String> {
    let mut names = Vec::new();
    for left in NAMES {
        for right in NAMES {
            for transport in Transport::ALL {
                names.extend(scenarios::ALL.iter().map(|s| Check::new(s, transport, left, right).name()));
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_ends_badly_fails_the_last_check_on_its_side() {
        let check = |left, right, outcome| {
            let check = Check::new(&scenarios::ALL[0], Transport::Tcp, left, right);
            Check { outcome, ..check }
        };
        let mut checks = [
            check("rust", "java", Outcome::Passed),
            check("node", "java", Outcome::Passed),
            check("swift", "java", Outcome::Skipped("no Swift".to_owned())),
            check("java", "rust", Outcome::Passed),
        ];
        blame(&mut checks, &BadEnd { name: "java", side: 1, message: "SIGSEGV".to_owned() });
        let failed: Vec<_> = checks.iter().map(|check| check.outcome.mark()).collect();
        assert_eq!(failed, ['✓', '✗', '-', '✓']);
    }
}

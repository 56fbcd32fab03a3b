//! What a person sees while steps run: a live line on a terminal, one plain line per finished step elsewhere.

use std::cell::{Cell, RefCell};
use std::env;
use std::ffi::OsString;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The progress display of one run.
#[derive(Debug)]
pub struct Display {
    kind: Kind,
    bar: RefCell<Option<ProgressBar>>,
    /// Whether the running step's commands print for the person who watches.
    shown: Cell<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A spinner with the running step and the last line that its command printed.
    Live,
    /// One line when a step ends.
    Plain,
    /// Everything that the commands print, as it comes.
    Verbose,
    /// Nothing; for tests.
    #[cfg(test)]
    Silent,
}

impl Display {
    pub fn new(verbose: bool) -> Self {
        let terminal = stdout().is_terminal() && stderr().is_terminal();
        let kind = if verbose {
            Kind::Verbose
        } else if terminal && takes_escapes(|name| env::var_os(name)) {
            Kind::Live
        } else {
            Kind::Plain
        };
        Self { kind, bar: RefCell::default(), shown: Cell::new(false) }
    }

    #[cfg(test)]
    pub fn silent() -> Self {
        Self { kind: Kind::Silent, bar: RefCell::default(), shown: Cell::new(false) }
    }

    /// A step begins; `position` of `total`.
    pub fn begin(&self, name: &str, position: usize, total: usize) {
        match self.kind {
            Kind::Live => {
                let bar = ProgressBar::new_spinner();
                if let Ok(style) =
                    ProgressStyle::with_template("{spinner} {prefix} {elapsed} {wide_msg:.dim}")
                {
                    bar.set_style(style);
                }
                bar.set_prefix(format!("[{position}/{total}] {name}"));
                bar.enable_steady_tick(Duration::from_millis(120));
                self.bar.replace(Some(bar));
            }
            Kind::Verbose => print_now(&format!("=== [{position}/{total}] {name}\n")),
            _ => {}
        }
    }

    /// A command is started.
    pub fn command(&self, line: &str) {
        match self.kind {
            Kind::Verbose => print_now(&format!("$ {line}\n")),
            _ => self.activity(line),
        }
    }

    /// What the running command printed since the last call.
    pub fn output(&self, fresh: &str) {
        match self.kind {
            _ if self.shown.get() => print_now(fresh),
            Kind::Verbose => print_now(fresh),
            _ => {
                if let Some(line) = fresh.lines().rfind(|line| !line.trim().is_empty()) {
                    self.activity(line);
                }
            }
        }
    }

    /// One line about what is happening now; shown on a terminal only.
    pub fn activity(&self, line: &str) {
        if let Some(bar) = &*self.bar.borrow() {
            bar.set_message(plain(line));
        }
    }

    /// Until the step ends, what its commands print is shown as it comes.
    pub fn show_output(&self) {
        self.clear();
        self.shown.set(true);
    }

    /// A step has ended: one line, then what its failed commands printed.
    pub fn end(&self, line: &str, details: &str) {
        self.clear();
        let shown = self.shown.replace(false);
        if shown && details.is_empty() {
            return;
        }
        #[cfg(test)]
        if self.kind == Kind::Silent {
            return;
        }
        let line = if self.kind == Kind::Live { coloured(line) } else { line.to_string() };
        print_now(&format!("{line}\n"));
        if !details.is_empty() && self.kind != Kind::Verbose && !shown {
            for text in details.lines() {
                print_now(&format!("    {text}\n"));
            }
        }
    }

    fn clear(&self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Lines that are not about one step.
    pub fn print(&self, text: &str) {
        #[cfg(test)]
        if self.kind == Kind::Silent {
            return;
        }
        print_now(&format!("{text}\n"));
    }
}

/// Whether the terminal understands the sequences that move and colour, and its user wants colours (no-color.org).
fn takes_escapes(variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let refused = variable("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && variable("TERM").is_none_or(|terminal| terminal != "dumb")
}

/// Also what does not end a line yet. That nobody reads it any more is no reason to stop.
fn print_now(text: &str) {
    let mut out = stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A duration as a person reads it.
pub fn seconds(duration: Duration) -> String {
    let tenths = duration.as_millis() / 100;
    if tenths < 600 {
        format!("{}.{} s", tenths / 10, tenths % 10)
    } else {
        format!("{} min {} s", tenths / 600, tenths / 10 % 60)
    }
}

/// The line with its first word, the result, in the colour that it has everywhere.
fn coloured(line: &str) -> String {
    let (word, rest) = line.split_at(line.find("  ").unwrap_or(0));
    let colour = match word {
        "passed" | "done" => 32,
        "failed" => 31,
        _ => 33,
    };
    format!("\u{1b}[{colour}m{word}\u{1b}[0m{rest}")
}

/// The line without control characters: colours and carriage returns would break the live line.
pub fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c == '\u{1b}' {
            // An escape sequence ends at its first letter.
            let _ = rest.by_ref().find(char::is_ascii_alphabetic);
        } else if !c.is_control() {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(seconds(Duration::from_millis(1_250)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 5 s");
    }

    #[test]
    fn a_result_has_its_colour() {
        assert_eq!(coloured("failed   x"), "\u{1b}[31mfailed\u{1b}[0m   x");
        assert_eq!(plain(&coloured("not run  x")), "not run  x");
    }

    #[test]
    fn a_terminal_that_takes_no_escapes_gets_none() {
        let among = |set: &'static [(&str, &str)]| {
            move |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        };
        assert!(takes_escapes(among(&[])) && takes_escapes(among(&[("TERM", "xterm"), ("NO_COLOR", "")])));
        assert!(!takes_escapes(among(&[("TERM", "dumb")])));
        assert!(!takes_escapes(among(&[("TERM", "xterm"), ("NO_COLOR", "1")])));
    }

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(plain("\u{1b}[1mApache\u{1b}[m Maven\r"), "Apache Maven");
    }
}

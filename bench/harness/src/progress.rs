//! How far the run is: a bar on a terminal, plain lines elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    pub fn new(slices: u64) -> Self {
        let bar = ProgressBar::new(slices);
        let template = "{bar:24} {percent:>3} %  {elapsed} of about {duration}  {prefix}: {wide_msg:.dim}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        // Often enough to look alive, and too seldom to disturb a measurement.
        bar.enable_steady_tick(Duration::from_secs(1));
        Self(bar)
    }

    pub fn cell(&self, name: &str) {
        self.0.set_prefix(name.to_string());
    }

    /// A slice begins.
    pub fn slice(&self, contestant: &str) {
        self.0.inc(1);
        self.0.set_message(contestant.to_string());
    }

    /// Slices that were expected and are not needed.
    pub fn reach(&self, position: u64) {
        self.0.set_position(position);
    }

    pub fn print(&self, text: &str) {
        if self.0.is_hidden() {
            println!("{text}");
        } else {
            self.0.println(text);
        }
    }

    pub fn end(&self) {
        self.0.finish_and_clear();
    }
}

//! The main function of a contestant: reads the harness's orders, starts jobs, answers with counters.

use std::io::{BufRead, stdin};

use anyhow::{Context, Result};

use crate::control::{self, Control, reply};
use crate::protocol::{Command, Job, Reply, Role};
use crate::system;

/// Starts jobs; the library behind it exists as long as this does.
pub trait Runner {
    /// Starts the job and returns at once; its control hears of what happens.
    fn start(&self, job: Job) -> Control;
}

/// Who this is: the version if it is only known at run time, and the interface that is measured.
#[derive(Debug)]
pub struct Identity {
    pub version: Option<String>,
    pub api: &'static str,
}

/// Serves the harness on stdin and stdout until it has no more orders. `make` is called when the process has the CPUs
/// that it may use, so that runtimes see them.
pub fn serve<R: Runner>(identity: Result<Identity>, make: impl FnOnce() -> Result<R>) {
    system::raise_descriptor_limit();
    match identity {
        Ok(Identity { version, api }) => reply(&Reply::Hello { version, api: api.to_string() }),
        Err(error) => return refuse(&error),
    }
    if let Err(error) = obey(make) {
        refuse(&error);
    }
    // Lanes may be blocked in a library; nothing they hold outlives the process.
    std::process::exit(0);
}

fn obey<R: Runner>(make: impl FnOnce() -> Result<R>) -> Result<()> {
    let mut make = Some(make);
    let mut runner = None;
    let mut jobs: Vec<(Role, Control)> = Vec::new();
    for line in stdin().lock().lines() {
        let line = line?;
        match serde_json::from_str(&line).with_context(|| format!("an order that is none: {line}"))? {
            Command::Start(job) => {
                if let Some(make) = make.take() {
                    job.cpu.map_or(Ok(()), system::stay_on)?;
                    runner = Some(make()?);
                }
                let role = job.role;
                jobs.extend(runner.as_ref().map(|runner| (role, runner.start(*job))));
            }
            Command::Go => jobs.iter().for_each(|(_, job)| job.order_go()),
            Command::Stop => jobs.iter().for_each(|(_, job)| job.order_stop()),
            Command::Sample { role, descriptors } => {
                let of_role = jobs.iter().filter(|(of, _)| *of == role).map(|(_, job)| job);
                let mut sample = control::sample(of_role);
                if descriptors {
                    sample.descriptors = system::descriptors();
                }
                reply(&Reply::Sample(sample));
            }
            Command::Quit => break,
        }
    }
    Ok(())
}

fn refuse(error: &anyhow::Error) {
    reply(&Reply::Failed { reason: format!("{error:#}"), unsupported: true });
}

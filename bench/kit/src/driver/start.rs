//! From a job to its driver.

use std::sync::Arc;

use super::part::Part;
use super::{connections, echo, paced, publish, stream};
use crate::contestant::Contestant;
use crate::control::Control;
use crate::protocol::{Job, Layout, Role, Work};
use crate::serve::Runner;

/// Runs jobs with a contestant.
#[derive(Debug)]
pub struct Driver<C>(Arc<C>);

impl<C: Contestant> Driver<C> {
    pub fn new(contestant: C) -> Self {
        Self(Arc::new(contestant))
    }
}

impl<C: Contestant> Runner for Driver<C> {
    fn start(&self, job: Job) -> Control {
        let control = Control::new(parts(&job));
        let part = Part::new(Arc::clone(&self.0), control.clone(), job);
        match (part.job.work.clone(), part.job.role) {
            (Work::Stream(layout), Role::Sender) => stream::start_senders(&part, layout),
            (Work::Stream(layout), Role::Receiver) => stream::start_receivers(&part, layout),
            (Work::PingPong, Role::Sender) => echo::start_asking(&part),
            (Work::Pipeline { window }, Role::Sender) => echo::start_pipeline(&part, window),
            (Work::ColdStart, Role::Sender) => echo::start_cold(&part),
            (Work::PingPong | Work::ColdStart, Role::Receiver) => echo::start_answering(&part),
            (Work::Pipeline { .. }, Role::Receiver) => echo::start_echoing(&part),
            (Work::Bursts { length, gap_us, since }, Role::Sender) => {
                paced::start_bursts(&part, length, gap_us, since)
            }
            (Work::OpenLoop { per_second }, Role::Sender) => paced::start_schedule(&part, per_second),
            (Work::Bursts { .. } | Work::OpenLoop { .. }, Role::Receiver) => {
                stream::start_receivers(&part, Layout::Pair)
            }
            (Work::SlowConsumer { .. }, Role::Sender) => stream::start_senders(&part, Layout::Pair),
            (Work::SlowConsumer { per_second }, Role::Receiver) => paced::start_slow(&part, per_second),
            (Work::FanOut { .. }, Role::Sender) => publish::start_publisher(&part),
            (Work::FanOut { subscribers }, Role::Receiver) => publish::start_subscribers(&part, subscribers),
            (Work::Topics { count, wanted_per_mille }, Role::Sender) => {
                publish::start_topics(&part, count, wanted_per_mille)
            }
            (Work::Topics { count, .. }, Role::Receiver) => publish::start_subscriber(&part, count),
            (Work::Connections { count }, Role::Sender) => connections::start_dialing(&part, count),
            (Work::Connections { .. }, Role::Receiver) => stream::start_uncounted(&part),
            (Work::Interference { large }, Role::Sender) => echo::start_disturbed(&part, large),
            (Work::Interference { .. }, Role::Receiver) => echo::start_answering_disturbed(&part),
        }
        control
    }
}

/// How many lanes say that they are ready.
fn parts(job: &Job) -> usize {
    match (&job.work, job.role) {
        (Work::Stream(Layout::Threads { .. } | Layout::Pair), _) => 1,
        (Work::Stream(Layout::FanIn { senders }), Role::Sender) => *senders,
        (Work::Stream(Layout::Pairs { count }), Role::Sender) => *count,
        (Work::FanOut { subscribers }, Role::Receiver) => *subscribers,
        _ => 1,
    }
}

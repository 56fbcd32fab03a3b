//! What every driver has at hand: its library, its job, its counters.

use std::future::Future;
use std::sync::Arc;

use anyhow::{Context, Result};

use crate::contestant::{Contestant, Kind, Socket};
use crate::control::{Control, reply};
use crate::protocol::{Job, Reply};

#[derive(Debug)]
pub(crate) struct Part<C> {
    pub(crate) contestant: Arc<C>,
    pub(crate) control: Control,
    pub(crate) job: Arc<Job>,
}

impl<C> Clone for Part<C> {
    fn clone(&self) -> Self {
        Self {
            contestant: Arc::clone(&self.contestant),
            control: self.control.clone(),
            job: Arc::clone(&self.job),
        }
    }
}

impl<C: Contestant> Part<C> {
    pub(crate) fn new(contestant: Arc<C>, control: Control, job: Job) -> Self {
        Self { contestant, control, job: Arc::new(job) }
    }

    /// Runs a lane; an error ends the job.
    pub(crate) fn launch<F, L>(&self, blocks: bool, lane: L)
    where
        F: Future<Output = Result<()>> + Send + 'static,
        L: FnOnce(Self) -> F,
    {
        let (control, lane) = (self.control.clone(), lane(self.clone()));
        let run = async move {
            if let Err(error) = lane.await {
                control.failed(&error);
            }
        };
        self.contestant.spawn(run, blocks);
    }

    pub(crate) async fn socket(&self, kind: Kind) -> Result<C::Socket> {
        self.contestant.socket(kind, self.job.hwm).await.with_context(|| format!("{kind:?} socket"))
    }

    /// A socket that is bound to the job's place, and where others connect to.
    pub(crate) async fn bound(&self, kind: Kind) -> Result<(C::Socket, String)> {
        let mut socket = self.socket(kind).await?;
        let endpoint = socket.bind(&self.job.place).await.context("bind")?;
        Ok((socket, endpoint))
    }

    /// A bound socket; the harness has been told where.
    pub(crate) async fn announced(&self, kind: Kind) -> Result<C::Socket> {
        let (socket, endpoint) = self.bound(kind).await?;
        announce(vec![endpoint]);
        Ok(socket)
    }

    /// A socket that is connected to one of the job's endpoints.
    pub(crate) async fn connected(&self, kind: Kind, index: usize) -> Result<C::Socket> {
        let mut socket = self.socket(kind).await?;
        socket.connect(self.endpoint(index)?).await.context("connect")?;
        Ok(socket)
    }

    pub(crate) fn endpoint(&self, index: usize) -> Result<&str> {
        let endpoints = &self.job.endpoints;
        let endpoint = endpoints.get(index % endpoints.len().max(1)).context("nowhere to connect to")?;
        Ok(endpoint)
    }
}

/// Tells the harness what was bound.
pub fn announce(endpoints: Vec<String>) {
    reply(&Reply::Started { endpoints });
}

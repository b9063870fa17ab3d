//! Batch systems: reads as methods, changes as [`BatchAction`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use cloudmesh_model::job::{Job, Queue};
use cloudmesh_model::{Result, ThingId, ThingKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Capability, Changes, Nature, Pages};

/// Which of a job's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// A piece of a job's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputChunk {
    /// The bytes, as the job wrote them.
    pub bytes: Vec<u8>,
    /// Where to read on.
    pub next: u64,
    /// Whether more was there than was asked for.
    pub more: bool,
}

/// The reads of a batch system. One call answers for all jobs (polite); nothing is asked per job.
#[async_trait]
pub trait Batch: Changes {
    /// What this provider can do: one line for each of [`BatchAction::NAMES`].
    fn capabilities(&self) -> &'static [Capability];

    /// All queues.
    ///
    /// # Errors
    /// The cluster's, translated.
    async fn queues(&self, pages: Pages<'_, Queue>) -> Result<()>;

    /// The jobs that the cluster knows now: the user's own, or everybody's with `everybody`. Jobs that
    /// ended long ago are not among them; [`Changes::look`] finds those that are asked for by id.
    ///
    /// # Errors
    /// The cluster's, translated.
    async fn jobs(&self, everybody: bool, pages: Pages<'_, Job>) -> Result<()>;

    /// What `job` wrote to `stream`, from byte `from` on, `limit` bytes at most. Nothing written yet is
    /// an empty chunk, not an error.
    ///
    /// # Errors
    /// [`cloudmesh_model::ErrorKind::NotFound`] when the job's folder is not there.
    async fn output(&self, job: &Job, stream: OutputStream, from: u64, limit: u64) -> Result<OutputChunk>;

    /// Facts for `hpc info`: name and value, in order. Never a secret.
    ///
    /// # Errors
    /// The cluster's, translated.
    async fn facts(&self) -> Result<Vec<(String, String)>>;
}

/// A change on a batch system. The contract of each variant holds for every provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action")]
pub enum BatchAction {
    /// Submits a job exactly once: the request's mark is its folder's name (and its comment, where the
    /// system has one). Done when the cluster has accepted it; answers with the native id.
    #[serde(rename = "submit_job.v1")]
    SubmitJob(Box<SubmitJob>),
    /// Cancels a job, or a whole array. Cancelling what has ended succeeds.
    #[serde(rename = "cancel_job.v1")]
    CancelJob {
        /// The job.
        job: ThingId,
    },
}

/// What a new job is to be. What is `None` is left to the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SubmitJob {
    /// Our id of it.
    pub job: ThingId,
    /// Its name.
    pub name: String,
    /// Hash of the attachment that is its script.
    pub script: String,
    /// Arguments of the script.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Queue (Slurm: partition).
    pub queue: Option<String>,
    /// Longest run time, seconds.
    pub time_limit: Option<u64>,
    /// Nodes.
    pub nodes: Option<u64>,
    /// Tasks (processes).
    pub tasks: Option<u64>,
    /// Processors for each task.
    pub cpus_per_task: Option<u64>,
    /// Memory for each node, MiB.
    pub memory: Option<u64>,
    /// Account to charge.
    pub account: Option<String>,
    /// Indices of a job array: `1-1000`, `0-9:3`, `1,5,7`, each with an optional `%LIMIT`.
    pub array: Option<String>,
    /// Whether it waits until somebody releases it.
    #[serde(default)]
    pub hold: bool,
    /// Environment variables of the job.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Folder on the cluster under which the job's own folder is made; relative to the user's home there.
    pub folder: Option<String>,
}

impl BatchAction {
    /// The names of all variants; the capability table has a line for each.
    pub const NAMES: &'static [&'static str] = &["submit_job", "cancel_job"];

    /// Its name without version.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SubmitJob(_) => "submit_job",
            Self::CancelJob { .. } => "cancel_job",
        }
    }

    pub(crate) fn subject(&self) -> (ThingKind, &ThingId) {
        match self {
            Self::SubmitJob(submit) => (ThingKind::Job, &submit.job),
            Self::CancelJob { job } => (ThingKind::Job, job),
        }
    }

    pub(crate) fn references(&self) -> Vec<&ThingId> {
        match self {
            Self::SubmitJob(_) => vec![],
            Self::CancelJob { job } => vec![job],
        }
    }

    pub(crate) fn attachments(&self) -> Vec<&str> {
        match self {
            Self::SubmitJob(submit) => vec![&submit.script],
            Self::CancelJob { .. } => vec![],
        }
    }

    pub(crate) fn nature(&self) -> Nature {
        match self {
            Self::SubmitJob(_) => Nature::Create,
            Self::CancelJob { .. } => Nature::Destroy,
        }
    }

    pub(crate) fn repeatable(&self) -> bool {
        matches!(self, Self::CancelJob { .. })
    }
}

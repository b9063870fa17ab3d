//! Batch systems: reads as methods, changes as [`BatchAction`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use cloudmesh_model::job::{Account, Job, JobDetails, JobStatus, Node, Queue, Reservation};
use cloudmesh_model::{Error, ErrorKind, Mark, NativeId, Result, ThingId, ThingKind};
use jiff::Timestamp;
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

    /// All nodes.
    ///
    /// # Errors
    /// The cluster's, translated; [`ErrorKind::Unsupported`] where a cluster does not tell.
    async fn nodes(&self, _pages: Pages<'_, Node>) -> Result<()> {
        Err(untold(self.place(), "its nodes"))
    }

    /// Jobs that began or were submitted after `since`, ended ones included, with what they used, from the
    /// records that the cluster keeps: the user's own, or everybody's.
    ///
    /// # Errors
    /// The cluster's, translated; [`ErrorKind::Unsupported`] where a cluster keeps no records.
    async fn history(&self, _everybody: bool, _since: Timestamp, _pages: Pages<'_, Job>) -> Result<()> {
        Err(untold(self.place(), "a history of jobs"))
    }

    /// Reservations of nodes.
    ///
    /// # Errors
    /// The cluster's, translated; [`ErrorKind::Unsupported`] where a cluster has none.
    async fn reservations(&self, _pages: Pages<'_, Reservation>) -> Result<()> {
        Err(untold(self.place(), "reservations"))
    }

    /// Accounts that the user may charge.
    ///
    /// # Errors
    /// The cluster's, translated; [`ErrorKind::Unsupported`] where a cluster has none.
    async fn accounts(&self, _pages: Pages<'_, Account>) -> Result<()> {
        Err(untold(self.place(), "accounts"))
    }

    /// When the cluster would start such a job if it were submitted now; `None` if it cannot tell.
    /// Submits nothing.
    ///
    /// # Errors
    /// Why the cluster would refuse it.
    async fn forecast(&self, _submit: &SubmitJob, _script: &[u8]) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    /// What a user may do about a job that waits or failed, in words, where the cluster's reason tells.
    fn advice(&self, _job: &Job) -> Option<String> {
        None
    }

    /// Facts for `hpc info`: name and value, in order. Never a secret.
    ///
    /// # Errors
    /// The cluster's, translated.
    async fn facts(&self) -> Result<Vec<(String, String)>>;
}

fn untold(place: &str, what: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{what} cannot be asked for there")).at(place)
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
    /// Keeps a waiting job from starting. Holding what is held succeeds.
    #[serde(rename = "hold_job.v1")]
    HoldJob {
        /// The job.
        job: ThingId,
    },
    /// Lets a held job start. Releasing what is not held succeeds.
    #[serde(rename = "release_job.v1")]
    ReleaseJob {
        /// The job.
        job: ThingId,
    },
    /// Stops a running job and puts it back into the queue under its id, to begin anew.
    #[serde(rename = "requeue_job.v1")]
    RequeueJob {
        /// The job.
        job: ThingId,
    },
    /// Changes what a waiting job asks for; a running one where the cluster allows it.
    #[serde(rename = "alter_job.v1")]
    AlterJob {
        /// The job.
        job: ThingId,
        /// What is to be different.
        changes: JobChanges,
    },
}

/// What is to be different about a job; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JobChanges {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Queue (Slurm: partition).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Longest run time, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<u64>,
    /// Account to charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Quality of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qos: Option<String>,
    /// Not before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub begin: Option<Timestamp>,
}

/// When a job may start after another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// Once it has begun.
    #[serde(rename = "after")]
    Begun,
    /// Once it has completed well.
    #[serde(rename = "afterok")]
    Well,
    /// Once it has ended otherwise.
    #[serde(rename = "afternotok")]
    Ill,
    /// Once it has ended.
    #[serde(rename = "afterany")]
    Ended,
}

impl After {
    /// The word that Slurm and PBS have for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "after",
            Self::Well => "afterok",
            Self::Ill => "afternotok",
            Self::Ended => "afterany",
        }
    }
}

/// Another job that has to come first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dependency {
    /// How far it has to be.
    pub after: After,
    /// Our id of it; it is on the same cluster.
    pub job: ThingId,
}

/// About what the cluster sends mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// When it begins.
    #[serde(default)]
    pub begin: bool,
    /// When it ends well.
    #[serde(default)]
    pub end: bool,
    /// When it fails.
    #[serde(default)]
    pub fail: bool,
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
    /// What few jobs ask for.
    #[serde(default)]
    pub wishes: Wishes,
}

/// What few jobs ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wishes {
    /// GPUs for each node: a number, or a type and a number: `2`, `a100:2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpus: Option<String>,
    /// Jobs that have to come first; all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    /// Not before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub begin: Option<Timestamp>,
    /// Mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
    /// Licences: `matlab`, `matlab:2`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licences: Vec<String>,
    /// Features that its nodes must have, as the cluster writes them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<String>,
    /// A reservation to run in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<String>,
    /// Quality of service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qos: Option<String>,
}

impl Wishes {
    /// The names of those that are not empty, as the options of `hpc run` are called. For providers that
    /// have to refuse them.
    #[must_use]
    pub fn named(&self) -> Vec<&'static str> {
        [
            ("gpus", self.gpus.is_some()),
            ("after", !self.dependencies.is_empty()),
            ("begin", self.begin.is_some()),
            ("mail", self.mail.is_some()),
            ("licences", !self.licences.is_empty()),
            ("constraint", self.constraint.is_some()),
            ("reservation", self.reservation.is_some()),
            ("qos", self.qos.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }
}

impl SubmitJob {
    /// The job as far as its submission tells: planned without a native id, waiting with one.
    #[must_use]
    pub fn job(&self, place: &str, native: Option<NativeId>, mark: Option<Mark>) -> Job {
        let status = match (&native, self.hold) {
            (None, _) => JobStatus::Planned,
            (Some(_), true) => JobStatus::Held,
            (Some(_), false) => JobStatus::Pending,
        };
        Job {
            id: self.job.clone(),
            native,
            place: place.to_owned(),
            name: self.name.clone(),
            status,
            native_status: String::new(),
            reason: None,
            user: String::new(),
            queue: self.queue.clone(),
            nodes: self.nodes,
            cpus: self.tasks,
            array: self.array.clone(),
            submitted: None,
            started: None,
            ended: None,
            exit_code: None,
            signal: None,
            folder: None,
            mark,
            details: JobDetails {
                account: self.account.clone(),
                time_limit: self.time_limit,
                ..JobDetails::default()
            },
        }
    }
}

impl BatchAction {
    /// The names of all variants; the capability table has a line for each.
    pub const NAMES: &'static [&'static str] =
        &["submit_job", "cancel_job", "hold_job", "release_job", "requeue_job", "alter_job"];

    /// Its name without version.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SubmitJob(_) => "submit_job",
            Self::CancelJob { .. } => "cancel_job",
            Self::HoldJob { .. } => "hold_job",
            Self::ReleaseJob { .. } => "release_job",
            Self::RequeueJob { .. } => "requeue_job",
            Self::AlterJob { .. } => "alter_job",
        }
    }

    /// The job that it is about.
    #[must_use]
    pub fn job(&self) -> &ThingId {
        match self {
            Self::SubmitJob(submit) => &submit.job,
            Self::CancelJob { job }
            | Self::HoldJob { job }
            | Self::ReleaseJob { job }
            | Self::RequeueJob { job }
            | Self::AlterJob { job, .. } => job,
        }
    }

    pub(crate) fn subject(&self) -> (ThingKind, &ThingId) {
        (ThingKind::Job, self.job())
    }

    pub(crate) fn references(&self) -> Vec<&ThingId> {
        match self {
            Self::SubmitJob(submit) => {
                submit.wishes.dependencies.iter().map(|dependency| &dependency.job).collect()
            }
            other => vec![other.job()],
        }
    }

    pub(crate) fn attachments(&self) -> Vec<&str> {
        match self {
            Self::SubmitJob(submit) => vec![&submit.script],
            _ => vec![],
        }
    }

    pub(crate) fn nature(&self) -> Nature {
        match self {
            Self::SubmitJob(_) => Nature::Create,
            Self::CancelJob { .. } | Self::RequeueJob { .. } => Nature::Destroy,
            Self::HoldJob { .. } | Self::ReleaseJob { .. } | Self::AlterJob { .. } => Nature::Change,
        }
    }

    pub(crate) fn repeatable(&self) -> bool {
        !matches!(self, Self::SubmitJob(_))
    }
}

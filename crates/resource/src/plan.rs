//! A plan: what a change will do, as data. What a dry run prints is the object that runs.

use std::fmt;

use cloudmesh_model::compute::ServerStatus;
use cloudmesh_model::job::{Job, JobStatus};
use cloudmesh_model::{Error, ErrorKind, NativeId, Result, ThingId, ThingKind};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Action, Thing};

/// The number of the format of stored plans. A plan of a newer format is shown, never run.
pub const PLAN_FORMAT: u32 = 1;

/// A plan's id: a UUID (version 7).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PlanId(pub String);

impl PlanId {
    /// A new id.
    #[must_use]
    pub fn draw() -> Self {
        Self(ThingId::planned().as_str().to_owned())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What a change will do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// [`PLAN_FORMAT`] of the version that made it.
    pub format: u32,
    /// Its id.
    pub id: PlanId,
    /// The operation that made it: `vm.boot`.
    pub operation: String,
    /// What it does, one line: `boot 3 servers on kilo`.
    pub title: String,
    /// When it was made.
    #[schemars(with = "String")]
    pub created: Timestamp,
    /// When the facts it rests on are too old to run it.
    #[schemars(with = "String")]
    pub expires: Timestamp,
    /// Its steps. A step's number is its position, from 0.
    pub steps: Vec<Step>,
    /// What it takes for granted.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// Which defaults filled which gaps.
    #[serde(default)]
    pub filled: Vec<Filled>,
    /// Names that it reserved in the store.
    #[serde(default)]
    pub reserved: Vec<String>,
    /// The plan that this one undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<PlanId>,
    /// Things that have no way back once this plan ran, in words.
    #[serde(default)]
    pub irreversible: Vec<String>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// The place where it happens.
    pub place: String,
    /// The name of its subject, for people: `albert-001`.
    pub label: String,
    /// What it does.
    #[serde(flatten)]
    pub kind: StepKind,
    /// Numbers of the steps that must be done before.
    #[serde(default)]
    pub after: Vec<usize>,
}

/// What a step does: one provider action, or waiting for a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Performs an action.
    Act(Action),
    /// Waits, changing nothing; one status call a place and tick for all such steps together.
    Await {
        /// Kind of the thing.
        thing_kind: ThingKind,
        /// The thing.
        thing: ThingId,
        /// The state to wait for.
        until: Until,
        /// Seconds after which waiting fails.
        limit: u64,
    },
}

impl Step {
    /// The thing that the step is about.
    #[must_use]
    pub fn subject(&self) -> (ThingKind, &ThingId) {
        match &self.kind {
            StepKind::Act(action) => action.subject(),
            StepKind::Await { thing_kind, thing, .. } => (*thing_kind, thing),
        }
    }

    /// What it does, in words: `create server`, `wait until active`.
    #[must_use]
    pub fn verb(&self) -> String {
        match &self.kind {
            StepKind::Act(action) => action.name().replace('_', " "),
            StepKind::Await { until, .. } => format!("wait until {}", until.as_str()),
        }
    }
}

/// A state to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// A server runs.
    Active,
    /// A server is stopped.
    Stopped,
    /// The service no longer knows it.
    Gone,
    /// A server is paused or suspended.
    Paused,
    /// A server is shelved.
    Shelved,
    /// A server waits for its resize to be confirmed.
    Resized,
    /// A server runs from a rescue disk.
    Rescued,
    /// A server is in a steady state, whichever.
    Settled,
    /// A volume or a copy of one is free to use, an image can be booted from.
    Available,
    /// A volume is attached.
    InUse,
    /// A job has ended, however.
    Ended,
    /// A job has ended well: with exit code 0.
    Completed,
}

impl Until {
    /// The state in a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Stopped => "stopped",
            Self::Gone => "gone",
            Self::Paused => "paused",
            Self::Shelved => "shelved",
            Self::Resized => "resized",
            Self::Rescued => "rescued",
            Self::Settled => "settled",
            Self::Available => "available",
            Self::InUse => "in use",
            Self::Ended => "ended",
            Self::Completed => "completed",
        }
    }

    /// Whether what was seen is the state waited for: `Some(true)`, or not yet: `None`.
    ///
    /// # Errors
    /// When the state waited for can no longer come: the server is in error, or gone.
    pub fn reached(self, seen: Option<&Thing>) -> Result<bool> {
        let gone = || Error::new(ErrorKind::Stale, "it is gone while its state was waited for");
        match (self, seen) {
            (Self::Gone, None) => Ok(true),
            (Self::Gone, Some(Thing::Server(server))) => Ok(server.status == ServerStatus::Gone),
            (Self::Gone, Some(_)) => Ok(false),
            (_, None) => Err(gone()),
            (
                Self::Active
                | Self::Stopped
                | Self::Paused
                | Self::Shelved
                | Self::Resized
                | Self::Rescued
                | Self::Settled,
                Some(Thing::Server(server)),
            ) => match server.status {
                // A cloud may confirm a resize by itself.
                ServerStatus::Active => Ok(matches!(self, Self::Active | Self::Settled | Self::Resized)),
                ServerStatus::Stopped => Ok(matches!(self, Self::Stopped | Self::Settled | Self::Resized)),
                ServerStatus::Paused => Ok(matches!(self, Self::Paused | Self::Settled)),
                ServerStatus::Shelved => Ok(matches!(self, Self::Shelved | Self::Settled)),
                ServerStatus::Resized => Ok(self == Self::Resized),
                ServerStatus::Rescued => Ok(self == Self::Rescued),
                ServerStatus::Gone | ServerStatus::Deleting => Err(gone()),
                ServerStatus::Error => {
                    let fault = server.fault.as_deref().unwrap_or("the cloud gives no reason");
                    Err(Error::new(ErrorKind::Service, format!("{} is in error: {fault}", server.name)))
                }
                _ => Ok(false),
            },
            (Self::Available, Some(Thing::Image(image))) => match image.status.as_str() {
                "active" => Ok(true),
                "killed" | "deleted" | "pending_delete" => Err(failed(&image.name, &image.status)),
                _ => Ok(false),
            },
            (Self::Available | Self::InUse, Some(Thing::Volume(volume))) => {
                let reached = if self == Self::InUse { "in-use" } else { "available" };
                match volume.status.as_str() {
                    status if status == reached => Ok(true),
                    status if status.starts_with("error") => Err(failed(&volume.name, status)),
                    _ => Ok(false),
                }
            }
            (Self::Available, Some(Thing::VolumeSnapshot(snapshot))) => match snapshot.status.as_str() {
                "available" => Ok(true),
                status if status.starts_with("error") => Err(failed(&snapshot.name, status)),
                _ => Ok(false),
            },
            (Self::Ended, Some(Thing::Job(job))) => Ok(job.status.ended()),
            (Self::Completed, Some(Thing::Job(job))) => match job.status {
                JobStatus::Completed => Ok(true),
                status if status.ended() => Err(not_completed(job)),
                _ => Ok(false),
            },
            (_, Some(thing)) => {
                Err(Error::internal(format!("a plan waits for a {} to be {}", thing.kind(), self.as_str())))
            }
        }
    }
}

/// A thing that ended in a state of failure.
fn failed(name: &str, status: &str) -> Error {
    Error::new(ErrorKind::Service, format!("{name} ended in the state {status}"))
}

/// How a job ended that did not end well.
fn not_completed(job: &Job) -> Error {
    let how = match (job.exit_code, job.signal) {
        (_, Some(signal)) if signal != 0 => format!(" by signal {signal}"),
        (Some(code), _) => format!(" with exit code {code}"),
        _ => String::new(),
    };
    let status = job.status.as_str().replace('_', " ");
    Error::new(ErrorKind::Service, format!("the job {} ended {status}{how}", job.name))
        .hint("cm hpc output tells what it wrote; --error for its standard error")
}

/// Something that a plan takes for granted: that a name means this very thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// The place.
    pub place: String,
    /// Kind of thing.
    pub kind: ThingKind,
    /// The name that the user gave.
    pub name: String,
    /// The native id that it meant when the plan was made.
    pub native: NativeId,
}

/// A gap in the input that was filled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Filled {
    /// The option: `image`.
    pub option: String,
    /// The value that it got.
    pub value: String,
    /// Where the value came from: `default of kilo`, `general default`, `cloudmesh.yaml`, `only one there`.
    pub from: String,
}

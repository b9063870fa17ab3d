//! Nouns of batch systems: jobs, queues, facts about a cluster.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::noun::ColumnKind::{Integer, List, Text, Time};
use crate::noun::Shown::{Detail, List as InList};
use crate::{Column, Mark, NativeId, Noun, Record, Row, RowBuilder, ThingId};

/// The state of a job, the same words on every batch system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// In a plan, not yet known to the cluster.
    Planned,
    /// Waits for resources, a date or another job.
    Pending,
    /// Waits until somebody releases it.
    Held,
    /// Runs.
    Running,
    /// Stopped for a while by the system or its owner.
    Suspended,
    /// Its work is over, the cluster is cleaning up.
    Completing,
    /// Ended with exit code 0.
    Completed,
    /// Ended with another exit code or by a signal.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
    /// Ended at its time limit.
    TimedOut,
    /// Ended because it used too much memory.
    OutOfMemory,
    /// Ended because a node failed.
    NodeFailed,
    /// The cluster no longer knows it, and nothing tells how it ended.
    Gone,
    /// A state that this version has no word for; the native one is kept beside.
    Unknown,
}

impl JobStatus {
    /// The word that lists show.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Running => "running",
            Self::Suspended => "suspended",
            Self::Completing => "completing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::OutOfMemory => "out_of_memory",
            Self::NodeFailed => "node_failed",
            Self::Gone => "gone",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the job will never run again under this id.
    #[must_use]
    pub fn ended(self) -> bool {
        matches!(
            self,
            Self::Completed
                | Self::Failed
                | Self::Cancelled
                | Self::TimedOut
                | Self::OutOfMemory
                | Self::NodeFailed
                | Self::Gone
        )
    }
}

/// A batch job, or a whole array of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Our id.
    pub id: ThingId,
    /// The cluster's id; missing while it is planned.
    pub native: Option<NativeId>,
    /// The cluster.
    pub place: String,
    /// Its name there.
    pub name: String,
    /// Its state in our words.
    pub status: JobStatus,
    /// Its state in the cluster's words.
    pub native_status: String,
    /// Why it waits or how it failed, in words; the cluster's own are in [`JobDetails::native_reason`].
    pub reason: Option<String>,
    /// The account that owns it on the cluster.
    pub user: String,
    /// Queue (Slurm: partition).
    pub queue: Option<String>,
    /// Nodes that it asked for or got.
    pub nodes: Option<u64>,
    /// Processors that it asked for or got.
    pub cpus: Option<u64>,
    /// Indices of a job array, as the cluster writes them; missing for a single job.
    pub array: Option<String>,
    /// When it was submitted.
    pub submitted: Option<Timestamp>,
    /// When it began to run.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Exit code, once it ended by itself.
    pub exit_code: Option<i64>,
    /// The signal that ended it, if one did.
    pub signal: Option<i64>,
    /// Its folder on the cluster.
    pub folder: Option<String>,
    /// Our mark on it, whichever installation's.
    pub mark: Option<Mark>,
    /// What not every cluster tells.
    #[serde(default)]
    pub details: JobDetails,
}

/// What only some clusters tell of a job, or only some commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobDetails {
    /// Why it waits or how it failed, in the cluster's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native_reason: Option<String>,
    /// The account that is charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Longest run time, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_limit: Option<u64>,
    /// When the cluster expects it to start, while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_start: Option<Timestamp>,
    /// How long it ran, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elapsed: Option<u64>,
    /// Processor time that it used, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_time: Option<u64>,
    /// The most memory that it used, MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
}

/// Columns of jobs.
pub static JOB: Noun = Noun {
    name: "job",
    plural: "jobs",
    columns: &[
        Column { name: "job", kind: Text, shown: InList, about: "Id on the cluster" },
        Column { name: "name", kind: Text, shown: InList, about: "Name of the job" },
        Column {
            name: "status",
            kind: Text,
            shown: InList,
            about: "State, in words that are the same on every cluster",
        },
        Column { name: "reason", kind: Text, shown: InList, about: "Why it waits or how it failed" },
        Column { name: "queue", kind: Text, shown: InList, about: "Queue or partition" },
        Column { name: "nodes", kind: Integer, shown: InList, about: "Nodes" },
        Column { name: "cpus", kind: Integer, shown: InList, about: "Processors" },
        Column { name: "user", kind: Text, shown: InList, about: "Owner on the cluster" },
        Column { name: "cluster", kind: Text, shown: InList, about: "Cluster it is on" },
        Column { name: "submitted", kind: Time, shown: InList, about: "When it was submitted" },
        Column { name: "started", kind: Time, shown: Detail, about: "When it began to run" },
        Column { name: "ended", kind: Time, shown: Detail, about: "When it ended" },
        Column { name: "exit_code", kind: Integer, shown: Detail, about: "Exit code" },
        Column { name: "signal", kind: Integer, shown: Detail, about: "Signal that ended it" },
        Column { name: "array", kind: Text, shown: Detail, about: "Indices of a job array" },
        Column { name: "folder", kind: Text, shown: Detail, about: "Folder on the cluster" },
        Column {
            name: "native_status",
            kind: Text,
            shown: Detail,
            about: "State in the cluster's own words",
        },
        Column { name: "id", kind: Text, shown: Detail, about: "Cloudmesh's own id" },
        Column {
            name: "native_reason",
            kind: Text,
            shown: Detail,
            about: "Why it waits or how it failed, in the cluster's own words",
        },
        Column { name: "account", kind: Text, shown: Detail, about: "Account that is charged" },
        Column { name: "time_limit", kind: Integer, shown: Detail, about: "Longest run time, seconds" },
        Column {
            name: "expected_start",
            kind: Time,
            shown: Detail,
            about: "When the cluster expects it to start",
        },
        Column { name: "elapsed", kind: Integer, shown: Detail, about: "How long it ran, seconds" },
        Column { name: "cpu_time", kind: Integer, shown: Detail, about: "Processor time, seconds" },
        Column { name: "peak_memory", kind: Integer, shown: Detail, about: "Most memory, MiB" },
    ],
};

impl Record for Job {
    const NOUN: &'static Noun = &JOB;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .maybe(self.native.as_ref())
            .cell(&self.name)
            .cell(self.status.as_str())
            .maybe(self.reason.as_ref())
            .maybe(self.queue.as_ref())
            .maybe(self.nodes)
            .maybe(self.cpus)
            .cell(&self.user)
            .cell(&self.place)
            .maybe(self.submitted)
            .maybe(self.started)
            .maybe(self.ended)
            .maybe(self.exit_code)
            .maybe(self.signal)
            .maybe(self.array.as_ref())
            .maybe(self.folder.as_ref())
            .cell(&self.native_status)
            .cell(self.id.as_str())
            .maybe(self.details.native_reason.as_ref())
            .maybe(self.details.account.as_ref())
            .maybe(self.details.time_limit)
            .maybe(self.details.expected_start)
            .maybe(self.details.elapsed)
            .maybe(self.details.cpu_time)
            .maybe(self.details.peak_memory)
            .finish()
    }
}

/// A queue (Slurm: partition).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Our id: `PLACE:NAME`.
    pub id: ThingId,
    /// The cluster.
    pub place: String,
    /// Its name there.
    pub name: String,
    /// `up` or the cluster's word for why it takes or runs nothing.
    pub status: String,
    /// Whether jobs without a queue go here.
    pub default: bool,
    /// Longest run time, as the cluster writes it.
    pub time_limit: Option<String>,
    /// Nodes in all.
    pub nodes: Option<u64>,
    /// Nodes that are idle now.
    pub idle_nodes: Option<u64>,
    /// Processors in all.
    pub cpus: Option<u64>,
    /// Processors that are idle now.
    pub idle_cpus: Option<u64>,
    /// Generic resources and features, as the cluster writes them.
    pub features: Vec<String>,
}

/// Columns of queues: what `hpc info` shows.
pub static QUEUE: Noun = Noun {
    name: "queue",
    plural: "queues",
    columns: &[
        Column { name: "queue", kind: Text, shown: InList, about: "Queue or partition" },
        Column { name: "status", kind: Text, shown: InList, about: "Whether it takes and runs jobs" },
        Column {
            name: "default",
            kind: crate::ColumnKind::Flag,
            shown: InList,
            about: "Whether jobs without a queue go here",
        },
        Column { name: "time_limit", kind: Text, shown: InList, about: "Longest run time" },
        Column { name: "nodes", kind: Integer, shown: InList, about: "Nodes in all" },
        Column { name: "idle_nodes", kind: Integer, shown: InList, about: "Idle nodes" },
        Column { name: "cpus", kind: Integer, shown: InList, about: "Processors in all" },
        Column { name: "idle_cpus", kind: Integer, shown: InList, about: "Idle processors" },
        Column { name: "features", kind: List, shown: Detail, about: "Generic resources and features" },
        Column { name: "cluster", kind: Text, shown: InList, about: "Cluster it is on" },
    ],
};

impl Record for Queue {
    const NOUN: &'static Noun = &QUEUE;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .cell(&self.name)
            .cell(&self.status)
            .maybe(Some(self.default))
            .maybe(self.time_limit.as_ref())
            .maybe(self.nodes)
            .maybe(self.idle_nodes)
            .maybe(self.cpus)
            .maybe(self.idle_cpus)
            .list(self.features.iter().map(String::as_str))
            .cell(&self.place)
            .finish()
    }
}

/// A node of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Our id: `PLACE:NAME`.
    pub id: ThingId,
    /// The cluster.
    pub place: String,
    /// Its name there.
    pub name: String,
    /// `idle`, `busy`, `mixed`, `draining`, `drained`, `down`, `reserved` or `unknown`.
    pub status: String,
    /// Its state in the cluster's words.
    pub native_status: String,
    /// Why it is down or drained.
    pub reason: Option<String>,
    /// Queues that it serves.
    pub queues: Vec<String>,
    /// Processors in all.
    pub cpus: Option<u64>,
    /// Processors in use.
    pub used_cpus: Option<u64>,
    /// Memory in all, MiB.
    pub memory: Option<u64>,
    /// Memory given to jobs, MiB.
    pub used_memory: Option<u64>,
    /// Generic resources (GPUs) and features, as the cluster writes them.
    pub features: Vec<String>,
}

/// Columns of nodes.
pub static NODE: Noun = Noun {
    name: "node",
    plural: "nodes",
    columns: &[
        Column { name: "node", kind: Text, shown: InList, about: "Name of the node" },
        Column {
            name: "status",
            kind: Text,
            shown: InList,
            about: "State, in words that are the same on every cluster",
        },
        Column { name: "reason", kind: Text, shown: InList, about: "Why it is down or drained" },
        Column { name: "cpus", kind: Integer, shown: InList, about: "Processors in all" },
        Column { name: "used_cpus", kind: Integer, shown: InList, about: "Processors in use" },
        Column { name: "memory", kind: Integer, shown: InList, about: "Memory, MiB" },
        Column { name: "used_memory", kind: Integer, shown: InList, about: "Memory given to jobs, MiB" },
        Column { name: "queues", kind: List, shown: InList, about: "Queues that it serves" },
        Column { name: "features", kind: List, shown: InList, about: "Generic resources and features" },
        Column { name: "cluster", kind: Text, shown: InList, about: "Cluster it is on" },
        Column {
            name: "native_status",
            kind: Text,
            shown: Detail,
            about: "State in the cluster's own words",
        },
    ],
};

impl Record for Node {
    const NOUN: &'static Noun = &NODE;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .cell(&self.name)
            .cell(&self.status)
            .maybe(self.reason.as_ref())
            .maybe(self.cpus)
            .maybe(self.used_cpus)
            .maybe(self.memory)
            .maybe(self.used_memory)
            .list(self.queues.iter().map(String::as_str))
            .list(self.features.iter().map(String::as_str))
            .cell(&self.place)
            .cell(&self.native_status)
            .finish()
    }
}

/// A reservation of nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Our id: `PLACE:NAME`.
    pub id: ThingId,
    /// The cluster.
    pub place: String,
    /// Its name there.
    pub name: String,
    /// Its state in the cluster's words.
    pub status: String,
    /// When it begins.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub end: Option<Timestamp>,
    /// Its nodes, as the cluster writes them.
    pub nodes: Option<String>,
    /// The queue that it is in.
    pub queue: Option<String>,
    /// Who may use it.
    pub users: Vec<String>,
    /// Which accounts may use it.
    pub accounts: Vec<String>,
}

/// Columns of reservations.
pub static RESERVATION: Noun = Noun {
    name: "reservation",
    plural: "reservations",
    columns: &[
        Column { name: "reservation", kind: Text, shown: InList, about: "Its name" },
        Column { name: "status", kind: Text, shown: InList, about: "State in the cluster's own words" },
        Column { name: "start", kind: Time, shown: InList, about: "When it begins" },
        Column { name: "end", kind: Time, shown: InList, about: "When it ends" },
        Column { name: "nodes", kind: Text, shown: InList, about: "Its nodes" },
        Column { name: "queue", kind: Text, shown: InList, about: "Queue that it is in" },
        Column { name: "users", kind: List, shown: InList, about: "Who may use it" },
        Column { name: "accounts", kind: List, shown: InList, about: "Accounts that may use it" },
        Column { name: "cluster", kind: Text, shown: InList, about: "Cluster it is on" },
    ],
};

impl Record for Reservation {
    const NOUN: &'static Noun = &RESERVATION;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .cell(&self.name)
            .cell(&self.status)
            .maybe(self.start)
            .maybe(self.end)
            .maybe(self.nodes.as_ref())
            .maybe(self.queue.as_ref())
            .list(self.users.iter().map(String::as_str))
            .list(self.accounts.iter().map(String::as_str))
            .cell(&self.place)
            .finish()
    }
}

/// An account that the user may charge on a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Our id: `PLACE:NAME`.
    pub id: ThingId,
    /// The cluster.
    pub place: String,
    /// Its name there.
    pub name: String,
    /// Whether jobs without an account are charged to it.
    pub default: bool,
    /// The queue that it is limited to.
    pub queue: Option<String>,
    /// Qualities of service that it may ask for.
    pub qos: Vec<String>,
    /// How many jobs may be in the queue at once.
    pub most_jobs: Option<u64>,
}

/// Columns of accounts.
pub static ACCOUNT: Noun = Noun {
    name: "account",
    plural: "accounts",
    columns: &[
        Column { name: "account", kind: Text, shown: InList, about: "Its name" },
        Column {
            name: "default",
            kind: crate::ColumnKind::Flag,
            shown: InList,
            about: "Whether jobs without an account are charged to it",
        },
        Column { name: "queue", kind: Text, shown: InList, about: "Queue that it is limited to" },
        Column { name: "qos", kind: List, shown: InList, about: "Qualities of service that it may ask for" },
        Column { name: "most_jobs", kind: Integer, shown: InList, about: "Most jobs in the queue at once" },
        Column { name: "cluster", kind: Text, shown: InList, about: "Cluster it is on" },
    ],
};

impl Record for Account {
    const NOUN: &'static Noun = &ACCOUNT;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .cell(&self.name)
            .maybe(Some(self.default))
            .maybe(self.queue.as_ref())
            .list(self.qos.iter().map(String::as_str))
            .maybe(self.most_jobs)
            .cell(&self.place)
            .finish()
    }
}

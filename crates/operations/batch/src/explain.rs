//! `hpc explain`: why a job waits or how it ended, in words, and what to do about it.

use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::{Freshness, Mesh, PlaceAnswer};
use cloudmesh_model::job::{Job, JobStatus};
use cloudmesh_model::noun::Shown::List as InList;
use cloudmesh_model::{Column, ColumnKind, Error, Noun, Result, RowBuilder, ThingKind};
use cloudmesh_resource::{Place, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::jobs;

/// Columns of an explanation.
pub static EXPLANATION: Noun = Noun {
    name: "explanation",
    plural: "explanations",
    columns: &[
        Column { name: "job", kind: ColumnKind::Text, shown: InList, about: "Id on the cluster" },
        Column { name: "name", kind: ColumnKind::Text, shown: InList, about: "Name of the job" },
        Column { name: "status", kind: ColumnKind::Text, shown: InList, about: "Its state" },
        Column { name: "why", kind: ColumnKind::Text, shown: InList, about: "Why it waits or how it ended" },
        Column { name: "advice", kind: ColumnKind::Text, shown: InList, about: "What to do about it" },
        Column {
            name: "expected_start",
            kind: ColumnKind::Time,
            shown: InList,
            about: "When the cluster expects it to start",
        },
        Column { name: "cluster", kind: ColumnKind::Text, shown: InList, about: "Cluster it is on" },
    ],
};

/// Says why a job waits or how it ended, and what to do about it; the one submitted last without a name.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainInput {
    /// The job: id, name, or `last`
    job: Option<String>,
    /// The cluster that it is on
    #[arg(long)]
    cluster: Option<String>,
}

impl Input for ExplainInput {}

/// `hpc explain`.
pub struct Explain;

impl Operation for Explain {
    const NAME: &'static str = "hpc.explain";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "The job submitted last", command: "hpc explain last" }];
    type Input = ExplainInput;
}

impl Query for Explain {
    const NOUN: &'static Noun = &EXPLANATION;
    const LAYOUT: cloudmesh_client::Layout = cloudmesh_client::Layout::Detail;

    async fn run(mesh: &Mesh, input: ExplainInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let (place, job) = jobs::one(mesh, input.cluster.as_deref(), input.job.as_deref()).await?;
        let Place::Batch(batch) = &place else { return Err(Error::internal("a job is not on a cluster")) };
        let mut now = job.clone();
        if let Some(native) = &job.native {
            let looked = batch.look(ThingKind::Job, &[(job.id.clone(), native.clone())]).await?;
            if let Some(Thing::Job(seen)) = looked.into_iter().next().and_then(|look| look.thing) {
                now = seen;
            }
            if now.status.ended() && now.details.elapsed.is_none() {
                recorded(batch.as_ref(), &mut now).await;
            }
        }
        let waits = matches!(now.status, JobStatus::Pending | JobStatus::Held | JobStatus::Suspended);
        let advice = batch.advice(&now).filter(|_| waits).or_else(|| advice(&now));
        rows.rows(vec![
            RowBuilder::new()
                .maybe(now.native.as_ref())
                .cell(&now.name)
                .cell(now.status.as_str())
                .cell(&why(&now))
                .maybe(advice.as_ref())
                .maybe(now.details.expected_start)
                .cell(&now.place)
                .finish(),
        ]);
        let answer = PlaceAnswer { place: now.place, as_of: Some(mesh.now()), error: None };
        Ok(Freshness { places: vec![answer], note: None })
    }
}

/// What the cluster's records add; a cluster without records adds nothing.
async fn recorded(batch: &dyn cloudmesh_resource::Batch, job: &mut Job) {
    let Some(since) = job.submitted.or(job.started) else { return };
    let native = job.native.clone();
    let mut found = None;
    let since = since - jiff::SignedDuration::from_mins(1);
    let read = batch
        .history(false, since, &mut |page| {
            found = found.take().or_else(|| page.into_iter().find(|one| one.native == native));
        })
        .await;
    if let (Ok(()), Some(past)) = (read, found) {
        let native_reason = job.details.native_reason.take();
        job.details = past.details;
        job.details.native_reason = native_reason.or(job.details.native_reason.take());
    }
}

/// Why it is as it is, in a sentence.
fn why(job: &Job) -> String {
    let mut words = match (job.status, job.reason.as_deref()) {
        (JobStatus::Planned, _) => "it is in a plan and not submitted yet".to_owned(),
        (JobStatus::Running, _) => "it runs".to_owned(),
        (JobStatus::Completed, _) => "it ended well".to_owned(),
        (JobStatus::Completing, _) => "its work is over, the cluster is cleaning up".to_owned(),
        (JobStatus::Failed, _) => match (job.exit_code, job.signal) {
            (_, Some(signal)) => format!("it was ended by {}", signal_name(signal)),
            (Some(code), None) => format!("it ended with {}", exit_meaning(code)),
            (None, None) => job.reason.clone().unwrap_or_else(|| "nothing tells how it ended".to_owned()),
        },
        (JobStatus::TimedOut, _) => match job.details.time_limit {
            Some(limit) => format!("it reached its time limit of {}", length(limit)),
            None => "it reached its time limit".to_owned(),
        },
        (JobStatus::OutOfMemory, _) => "it used more memory than it had asked for".to_owned(),
        (_, Some(reason)) => reason.to_owned(),
        (JobStatus::Cancelled, None) => "somebody cancelled it".to_owned(),
        (JobStatus::Held, None) => "it is held".to_owned(),
        (JobStatus::Pending, None) => "the cluster says no reason yet".to_owned(),
        (_, None) => "the cluster says no reason".to_owned(),
    };
    if job.status.ended() {
        if let Some(elapsed) = job.details.elapsed {
            words.push_str(&format!("; it ran for {}", length(elapsed)));
        }
        if let Some(peak) = job.details.peak_memory {
            words.push_str(&format!(" and used {peak} MiB of memory at the most"));
        }
    }
    words
}

fn advice(job: &Job) -> Option<String> {
    let name = job.native.as_ref().map_or(job.name.as_str(), |native| native.as_str());
    Some(match job.status {
        JobStatus::Held => format!("let it go: cm hpc release {name}"),
        JobStatus::Planned => "cm plan list shows its plan; cm plan resume goes on with it".to_owned(),
        JobStatus::Failed if job.exit_code == Some(127) => {
            format!("a command of the script is not there; cm hpc output {name} --error says which")
        }
        JobStatus::Failed => format!("see what it said: cm hpc output {name} --error"),
        JobStatus::TimedOut => {
            "submit it again with more time (-t), or let it save where it stands".to_owned()
        }
        JobStatus::OutOfMemory => match job.details.peak_memory {
            Some(peak) => format!("submit it again with more memory: --memory={}", peak + peak / 2),
            None => "submit it again with more memory (--memory)".to_owned(),
        },
        JobStatus::NodeFailed => "submit it again: the fault was not its own".to_owned(),
        _ => return None,
    })
}

fn exit_meaning(code: i64) -> String {
    match code {
        126 => "exit code 126: a command could not be executed".to_owned(),
        127 => "exit code 127: a command was not found".to_owned(),
        129..=192 => format!("exit code {code}: {}", signal_name(code - 128)),
        _ => format!("exit code {code}"),
    }
}

/// Signals of Linux, signal(7).
fn signal_name(signal: i64) -> String {
    let name = match signal {
        1 => "SIGHUP, its connection was lost",
        2 => "SIGINT, an interrupt",
        6 => "SIGABRT, it gave up itself",
        7 => "SIGBUS, a memory error",
        8 => "SIGFPE, an arithmetic error",
        9 => "SIGKILL, often for using too much memory",
        11 => "SIGSEGV, a memory error",
        15 => "SIGTERM, a request to end",
        24 => "SIGXCPU, too much processor time",
        25 => "SIGXFSZ, a file too large",
        _ => return format!("signal {signal}"),
    };
    format!("signal {signal} ({name})")
}

fn length(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

//! `hpc output`: what a job wrote.

use std::time::Duration;

use cloudmesh_client::Mesh;
use cloudmesh_client::operation::{Example, Input, Operation, Stream};
use cloudmesh_model::{Error, ErrorKind, Result, ThingKind};
use cloudmesh_resource::{OutputStream, Place, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::jobs;

/// How much is read at once.
const PORTION: u64 = 1 << 20;
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Shows what a job wrote; the one submitted last without a name.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OutputInput {
    /// The job: id, name, or `last`
    job: Option<String>,
    /// The job, as an option
    #[arg(long = "job", id = "job_option", value_name = "JOB")]
    job_option: Option<String>,
    /// The cluster that it is on
    #[arg(long)]
    cluster: Option<String>,
    /// What it wrote to standard error
    #[arg(long)]
    #[serde(default)]
    error: bool,
    /// Go on until the job ends
    #[arg(long, short = 'f')]
    #[serde(default)]
    follow: bool,
}

impl Input for OutputInput {}

/// `hpc output`.
pub struct Output;

impl Operation for Output {
    const NAME: &'static str = "hpc.output";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "What the last job wrote", command: "hpc output last" }];
    type Input = OutputInput;
}

impl Stream for Output {
    async fn run(
        mesh: &Mesh,
        input: OutputInput,
        bytes: &mut (dyn FnMut(&[u8]) -> Result<()> + Send),
    ) -> Result<()> {
        let wanted = input.job.or(input.job_option);
        let (place, mut job) = jobs::one(mesh, input.cluster.as_deref(), wanted.as_deref()).await?;
        let Place::Batch(batch) = &place else { return Err(Error::internal("a job is not on a cluster")) };
        let native = job
            .native
            .clone()
            .ok_or_else(|| Error::new(ErrorKind::Conflict, format!("{} is not submitted yet", job.name)))?;
        let stream = if input.error { OutputStream::Error } else { OutputStream::Output };
        let mut from = 0;
        let mut pause = FIRST_PAUSE;
        let mut interrupts = mesh.parts().interrupts.clone();
        loop {
            // Looked at before reading: what is written before the end is read, too.
            if input.follow && !job.status.ended() {
                let looked =
                    place.changes().look(ThingKind::Job, &[(job.id.clone(), native.clone())]).await?;
                match looked.into_iter().next().and_then(|look| look.thing) {
                    Some(Thing::Job(now)) => job = now,
                    _ => job.status = cloudmesh_model::job::JobStatus::Gone,
                }
            }
            loop {
                let chunk = batch.output(&job, stream, from, PORTION).await?;
                from = chunk.next;
                if !chunk.bytes.is_empty() {
                    pause = FIRST_PAUSE;
                    bytes(&chunk.bytes)?;
                }
                if !chunk.more {
                    break;
                }
            }
            if !input.follow || job.status.ended() {
                return Ok(());
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = interrupts.next() => return Err(Error::new(ErrorKind::Interrupted, "stopped following; the job goes on")),
            }
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }
}

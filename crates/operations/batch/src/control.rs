//! `hpc hold`, `hpc release`, `hpc requeue`, `hpc alter`: changes of jobs that are there.

use cloudmesh_client::operation::{Change, Example, Input, Operation};
use cloudmesh_client::{Draft, Mesh, policy};
use cloudmesh_model::job::{Job, JobStatus};
use cloudmesh_model::{Error, NativeId, Result, ThingId};
use cloudmesh_resource::{Action, BatchAction, JobChanges};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{jobs, moment, time_limit};

/// Which jobs.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldInput {
    /// Jobs: ids or names separated by commas, `last`, or `all` for every one of yours that has not ended
    #[arg(value_name = "JOBS")]
    jobs: Option<String>,
    /// The same, as an option
    #[arg(long)]
    job: Option<String>,
    /// Members of a group
    #[arg(long)]
    group: Option<String>,
    /// The cluster that they are on
    #[arg(long)]
    cluster: Option<String>,
}

impl Input for HoldInput {
    fn check(&self) -> Result<()> {
        which(&[&self.jobs, &self.job, &self.group])
    }
}

fn which(given: &[&Option<String>]) -> Result<()> {
    if given.iter().all(|given| given.is_none()) {
        return Err(
            Error::bad_input("which job?").hint("give an id, a name, `last`, `all`, or --group=GROUP")
        );
    }
    Ok(())
}

async fn draft_each(
    mesh: &Mesh,
    input: &HoldInput,
    draft: &mut Draft,
    verb: &str,
    fits: &[JobStatus],
    action: impl Fn(ThingId) -> BatchAction,
) -> Result<()> {
    let wanted = input.jobs.as_deref().or(input.job.as_deref());
    let found = jobs::meant(mesh, wanted, input.group.as_deref(), input.cluster.as_deref()).await?;
    let mut count = 0;
    // Of many, those that it concerns; what is named is what is meant.
    let many = wanted.is_none_or(|wanted| wanted == "all");
    for job in found.iter().filter(|job| if many { fits.contains(&job.status) } else { !job.status.ended() })
    {
        act(draft, job, action(job.id.clone()));
        count += 1;
    }
    if let (Some(job), 0, false) = (found.first(), count, many) {
        return Err(ended(job));
    }
    draft.title(match count {
        0 => format!("there is no job to {verb}"),
        count => format!("{verb} {}", policy::counted::<Job>(count)),
    });
    Ok(())
}

fn act(draft: &mut Draft, job: &Job, action: BatchAction) {
    let label = job.native.as_ref().map_or(job.name.as_str(), NativeId::as_str);
    draft.act(&job.place, label, Action::Batch(action), &[]);
}

fn ended(job: &Job) -> Error {
    Error::new(
        cloudmesh_model::ErrorKind::Conflict,
        format!("{} has ended: it is {}", job.name, job.status.as_str()),
    )
    .at(&job.place)
}

macro_rules! control {
    ($(#[$about:meta])* $operation:ident, $input:ident, $name:literal, $verb:literal, $action:ident, $fits:expr, [$($example:expr),+]) => {
        $(#[$about])*
        #[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $input {
            #[command(flatten)]
            which: HoldInput,
        }

        impl Input for $input {
            fn check(&self) -> Result<()> {
                self.which.check()
            }
        }

        #[doc = concat!("`", $name, "`.")]
        pub struct $operation;

        impl Operation for $operation {
            const NAME: &'static str = $name;
            const EXAMPLES: &'static [Example] = &[$($example),+];
            type Input = $input;
        }

        impl Change for $operation {
            async fn plan(mesh: &Mesh, input: $input, draft: &mut Draft) -> Result<()> {
                draft_each(mesh, &input.which, draft, $verb, $fits, |job| BatchAction::$action { job }).await
            }
        }
    };
}

control!(
    /// Keeps waiting jobs from starting.
    Hold,
    HoldJobsInput,
    "hpc.hold",
    "hold",
    HoldJob,
    &[JobStatus::Pending],
    [Example { about: "Every one of yours that waits", command: "hpc hold all --cluster=local" }]
);
control!(
    /// Lets held jobs start.
    Release,
    ReleaseInput,
    "hpc.release",
    "release",
    ReleaseJob,
    &[JobStatus::Held],
    [Example { about: "Every one of yours that is held", command: "hpc release all --cluster=local" }]
);
control!(
    /// Stops running jobs and puts them back into the queue, to begin anew under the same id.
    Requeue,
    RequeueInput,
    "hpc.requeue",
    "requeue",
    RequeueJob,
    &[JobStatus::Running, JobStatus::Suspended],
    [Example { about: "Every one of yours that runs", command: "hpc requeue all --cluster=local --dryrun" }]
);

/// Changes what waiting jobs ask for; running ones where the cluster allows it.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlterInput {
    /// Jobs: ids or names separated by commas, `last`, or `all` for every one of yours that has not ended
    #[arg(value_name = "JOBS")]
    jobs: Option<String>,
    /// The same, as an option
    #[arg(long)]
    job: Option<String>,
    /// Members of a group
    #[arg(long)]
    group: Option<String>,
    /// The cluster that they are on
    #[arg(long)]
    cluster: Option<String>,
    /// Name
    #[arg(long)]
    name: Option<String>,
    /// Queue (partition)
    #[arg(long)]
    queue: Option<String>,
    /// Longest run time: minutes, or 90s, 30m, 2h, 3d, H:MM:SS, D-HH:MM:SS
    #[arg(long = "t", short = 't', value_name = "TIME")]
    time: Option<String>,
    /// Account to charge
    #[arg(long)]
    account: Option<String>,
    /// Quality of service
    #[arg(long)]
    qos: Option<String>,
    /// Not before: a date and time (2026-12-01T08:00), or from now on (+2h)
    #[arg(long)]
    begin: Option<String>,
}

impl Input for AlterInput {
    fn check(&self) -> Result<()> {
        which(&[&self.jobs, &self.job, &self.group])?;
        let changes = [&self.name, &self.queue, &self.time, &self.account, &self.qos, &self.begin];
        if changes.iter().all(|change| change.is_none()) {
            return Err(Error::bad_input("what is to be different?")
                .hint("give --name, --queue, -t, --account, --qos or --begin"));
        }
        for value in changes.into_iter().flatten() {
            if value.is_empty() || value.chars().any(char::is_control) {
                return Err(Error::bad_input(
                    "a value is empty or contains a line break or control character",
                ));
            }
        }
        if let Some(time) = &self.time {
            time_limit::seconds(time)?;
        }
        Ok(())
    }
}

/// `hpc alter`.
pub struct Alter;

impl Operation for Alter {
    const NAME: &'static str = "hpc.alter";
    const EXAMPLES: &'static [Example] = &[Example {
        about: "Two hours for all of a group",
        command: "hpc alter --group=trials -t 2h --dryrun",
    }];
    type Input = AlterInput;
}

impl Change for Alter {
    async fn plan(mesh: &Mesh, input: AlterInput, draft: &mut Draft) -> Result<()> {
        let wanted = input.jobs.as_deref().or(input.job.as_deref());
        let changes = JobChanges {
            name: input.name.clone(),
            queue: input.queue.clone(),
            time_limit: input.time.as_deref().map(time_limit::seconds).transpose()?,
            account: input.account.clone(),
            qos: input.qos.clone(),
            begin: input.begin.as_deref().map(|text| moment::at(text, mesh.now())).transpose()?,
        };
        let found = jobs::meant(mesh, wanted, input.group.as_deref(), input.cluster.as_deref()).await?;
        let open: Vec<&Job> = found.iter().filter(|job| !job.status.ended()).collect();
        if let (Some(job), true) = (found.first(), open.is_empty()) {
            return Err(ended(job));
        }
        for job in &open {
            act(draft, job, BatchAction::AlterJob { job: job.id.clone(), changes: changes.clone() });
        }
        draft.title(match open.len() {
            0 => "there is no job to alter".to_owned(),
            count => format!("alter {}", policy::counted::<Job>(count)),
        });
        Ok(())
    }
}

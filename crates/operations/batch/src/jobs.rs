//! `hpc queue`, `hpc status`, `hpc delete`, and which jobs they mean.

use cloudmesh_client::operation::{Change, Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::settings::Membership;
use cloudmesh_client::{Draft, Freshness, Mesh, places, policy, records, refresh};
use cloudmesh_model::job::{JOB, Job};
use cloudmesh_model::{Error, ErrorKind, NativeId, Noun, Record, Result, Row};
use cloudmesh_resource::{Action, BatchAction, Family, Place};
use cloudmesh_store::Expected;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Brings the store up to date: the jobs that each cluster knows now, and, in one look for all of them,
/// the fate of those that it no longer lists.
pub(crate) async fn read_jobs(mesh: &Mesh, cluster: &str) -> Result<Vec<Job>> {
    let store = mesh.store()?;
    let places = [cluster.to_owned()];
    let before: Vec<Job> = records::all(store.as_ref(), Some(&places)).await?;
    let mut jobs: Vec<Job> = refresh::read_place(mesh, cluster).await?;
    let left: Vec<&Job> = before
        .iter()
        .filter(|job| job.native.is_some() && !jobs.iter().any(|now| now.id == job.id))
        .collect();
    if left.is_empty() {
        return Ok(jobs);
    }
    let mut changes = Vec::new();
    let open: Vec<_> = left
        .iter()
        .filter(|job| !job.status.ended())
        .filter_map(|job| Some((job.id.clone(), job.native.clone()?)))
        .collect();
    let mut seen = Vec::new();
    if !open.is_empty() {
        let place = mesh.places()?.connect(mesh, cluster).await?;
        seen = place.changes().look(cloudmesh_model::ThingKind::Job, &open).await?;
    }
    for job in left {
        let looked = seen.iter().find(|look| look.id == job.id);
        let now = match looked.and_then(|look| look.thing.clone()) {
            Some(cloudmesh_resource::Thing::Job(now)) => now,
            _ if job.status.ended() => job.clone(),
            _ => Job { status: cloudmesh_model::job::JobStatus::Gone, ..job.clone() },
        };
        changes.push(cloudmesh_store::Change::Put(records::document(&now)?, Expected::Any));
        jobs.push(now);
    }
    store.apply(changes).await?;
    Ok(jobs)
}

/// Shows your jobs on clusters, as they are now.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueInput {
    /// Only this job: id, name, or `last`
    #[arg(long)]
    job: Option<String>,
    /// Clusters, separated by commas, or `all`
    #[arg(long)]
    cluster: Option<String>,
    /// Those that ended long ago too
    #[arg(long)]
    #[serde(default)]
    all: bool,
}

impl Input for QueueInput {}

/// `hpc queue`.
pub struct Queue;

impl Operation for Queue {
    const NAME: &'static str = "hpc.queue";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Your jobs on this computer", command: "hpc queue --cluster=local" }];
    type Input = QueueInput;
}

impl Query for Queue {
    const NOUN: &'static Noun = &JOB;

    async fn run(mesh: &Mesh, input: QueueInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let clusters = places::for_reading(mesh, Family::Batch, input.cluster.as_deref()).await?;
        let reads = clusters.into_iter().map(|cluster| async move {
            let result = read_jobs(mesh, &cluster).await;
            (cluster, result)
        });
        let mut freshness = Freshness::own();
        let mut shown = 0_usize;
        for (cluster, result) in futures::future::join_all(reads).await {
            let as_of = refresh::last_read::<Job>(mesh.store()?.as_ref(), &cluster).await?;
            let (jobs, error) = match result {
                Ok(jobs) => (jobs, None),
                Err(error) => (
                    records::all(mesh.store()?.as_ref(), Some(std::slice::from_ref(&cluster))).await?,
                    Some(error),
                ),
            };
            let wanted = input.job.as_deref();
            let mut here: Vec<&Job> = match wanted {
                Some(wanted) => choose(&jobs, wanted),
                None => jobs.iter().filter(|job| input.all || recent(mesh, job)).collect(),
            };
            here.sort_by(|one, other| {
                one.submitted.cmp(&other.submitted).then_with(|| one.native.cmp(&other.native))
            });
            shown += here.len();
            rows.rows(here.into_iter().map(Record::row).collect::<Vec<Row>>());
            freshness.places.push(cloudmesh_client::PlaceAnswer { place: cluster, as_of, error });
        }
        match &input.job {
            Some(job) if shown == 0 && freshness.complete() => Err(no_job(job)),
            _ => Ok(freshness),
        }
    }
}

/// Whether a job belongs into a list of what goes on: not ended, or ended within the last day.
fn recent(mesh: &Mesh, job: &Job) -> bool {
    let day = jiff::SignedDuration::from_hours(24);
    !job.status.ended()
        || job.ended.or(job.submitted).is_none_or(|ended| mesh.now().duration_since(ended) < day)
}

fn no_job(wanted: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("no job is called {}", cloudmesh_model::noun::printable(wanted)))
        .hint("cm hpc queue --all --cluster=all shows all there are")
}

/// The jobs that `wanted` names: id on the cluster, Cloudmesh's id, name, or `last`.
fn choose<'a>(jobs: &'a [Job], wanted: &str) -> Vec<&'a Job> {
    if wanted == "last" {
        // Ids of what this installation submitted are in the order of time.
        let ours = |job: &&Job| job.mark.as_ref().map_or(job.native.is_none(), |mark| mark.thing() == job.id);
        return jobs.iter().filter(ours).max_by(|one, other| one.id.cmp(&other.id)).into_iter().collect();
    }
    let exact: Vec<&Job> = jobs
        .iter()
        .filter(|job| {
            job.native.as_ref().is_some_and(|native| native.as_str() == wanted) || job.id.as_str() == wanted
        })
        .collect();
    if exact.is_empty() { jobs.iter().filter(|job| job.name == wanted).collect() } else { exact }
}

/// The one job that a command means; the one submitted last without a name.
pub(crate) async fn one(mesh: &Mesh, cluster: Option<&str>, wanted: Option<&str>) -> Result<(Place, Job)> {
    let clusters = match cluster {
        Some(cluster) => places::for_reading(mesh, Family::Batch, Some(cluster)).await?,
        None => places::active(mesh, Family::Batch)?,
    };
    let wanted = wanted.unwrap_or("last");
    let known: Vec<Job> = records::all(mesh.store()?.as_ref(), Some(&clusters)).await?;
    let mut found: Vec<Job> = choose(&known, wanted).into_iter().cloned().collect();
    if found.is_empty() {
        for cluster in &clusters {
            found.extend(choose(&read_jobs(mesh, cluster).await?, wanted).into_iter().cloned());
        }
    }
    // A name that was used before means what has not ended.
    if found.len() > 1 && found.iter().filter(|job| !job.status.ended()).count() == 1 {
        found.retain(|job| !job.status.ended());
    }
    match found.as_slice() {
        [job] => Ok((mesh.places()?.connect(mesh, &job.place).await?, job.clone())),
        [] => Err(no_job(wanted)),
        several => {
            let ids: Vec<String> = several
                .iter()
                .map(|job| {
                    format!("{} on {}", job.native.as_ref().map_or("planned", NativeId::as_str), job.place)
                })
                .collect();
            Err(Error::new(ErrorKind::Ambiguous, format!("{} jobs are called {wanted}", several.len()))
                .hint(format!("give an id, with --cluster: {}", ids.join(", "))))
        }
    }
}

/// Shows everything about a job, as it is now; about the one submitted last without a name.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusInput {
    /// The job: id, name, or `last`
    #[arg(long)]
    job: Option<String>,
    /// The cluster that it is on
    #[arg(long)]
    cluster: Option<String>,
}

impl Input for StatusInput {}

/// `hpc status`.
pub struct Status;

impl Operation for Status {
    const NAME: &'static str = "hpc.status";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "The job submitted last", command: "hpc status" }];
    type Input = StatusInput;
}

impl Query for Status {
    const NOUN: &'static Noun = &JOB;
    const LAYOUT: cloudmesh_client::Layout = cloudmesh_client::Layout::Detail;

    async fn run(mesh: &Mesh, input: StatusInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let (place, job) = one(mesh, input.cluster.as_deref(), input.job.as_deref()).await?;
        let cluster = place.changes().place().to_owned();
        let mut now = job.clone();
        if let (Some(native), false) = (&job.native, job.status.ended()) {
            let looked = place
                .changes()
                .look(cloudmesh_model::ThingKind::Job, &[(job.id.clone(), native.clone())])
                .await?;
            if let Some(cloudmesh_resource::Thing::Job(seen)) =
                looked.into_iter().next().and_then(|look| look.thing)
            {
                now = seen;
                mesh.store()?
                    .apply(vec![cloudmesh_store::Change::Put(records::document(&now)?, Expected::Any)])
                    .await?;
            }
        }
        rows.rows(vec![now.row()]);
        let answer = cloudmesh_client::PlaceAnswer { place: cluster, as_of: Some(mesh.now()), error: None };
        Ok(Freshness { places: vec![answer], note: None })
    }
}

/// Cancels jobs.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteInput {
    /// Jobs: ids or names separated by commas, `last`, or `all` for every one of yours that has not ended
    #[arg(long)]
    job: Option<String>,
    /// Members of a group
    #[arg(long)]
    group: Option<String>,
    /// The cluster that they are on
    #[arg(long)]
    cluster: Option<String>,
}

impl Input for DeleteInput {
    fn check(&self) -> Result<()> {
        if self.job.is_none() && self.group.is_none() {
            return Err(
                Error::bad_input("which job?").hint("add --job=ID, --job=last, --job=all or --group=GROUP")
            );
        }
        Ok(())
    }
}

/// `hpc delete`.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "hpc.delete";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "The job submitted last", command: "hpc delete --job=last --yes" }];
    type Input = DeleteInput;
}

impl Change for Delete {
    async fn plan(mesh: &Mesh, input: DeleteInput, draft: &mut Draft) -> Result<()> {
        let jobs =
            meant(mesh, input.job.as_deref(), input.group.as_deref(), input.cluster.as_deref()).await?;
        for job in &jobs {
            let label = job.native.as_ref().map_or(job.name.as_str(), NativeId::as_str);
            draft.act(&job.place, label, Action::Batch(BatchAction::CancelJob { job: job.id.clone() }), &[]);
        }
        draft.title(match jobs.len() {
            0 => "there is no job to cancel".to_owned(),
            count => format!("cancel {}", policy::counted::<Job>(count)),
        });
        Ok(())
    }
}

/// The jobs that a command means by `--job` and `--group`: known to a cluster, and yours.
pub(crate) async fn meant(
    mesh: &Mesh,
    wanted: Option<&str>,
    group: Option<&str>,
    cluster: Option<&str>,
) -> Result<Vec<Job>> {
    let mut jobs: Vec<Job> = Vec::new();
    match wanted {
        Some("all") => {
            let clusters = match cluster {
                Some(cluster) => places::for_reading(mesh, Family::Batch, Some(cluster)).await?,
                None => vec![places::for_change(mesh, Family::Batch, None).await?.0],
            };
            for cluster in &clusters {
                jobs.extend(read_jobs(mesh, cluster).await?.into_iter().filter(|job| !job.status.ended()));
            }
        }
        Some(wanted) => {
            for wanted in wanted.split(',') {
                jobs.push(one(mesh, cluster, Some(wanted.trim())).await?.1);
            }
        }
        None => {}
    }
    if let Some(group) = group {
        let members: Vec<Membership> = records::all(mesh.store()?.as_ref(), None).await?;
        let members: Vec<Membership> =
            members.into_iter().filter(|member| member.group == group && member.kind == "job").collect();
        if members.is_empty() {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("group {} has no jobs", cloudmesh_model::noun::printable(group)),
            ));
        }
        let known: Vec<Job> = records::all(mesh.store()?.as_ref(), None).await?;
        jobs.extend(known.into_iter().filter(|job| {
            !job.status.ended() && members.iter().any(|member| member.name == job.id.as_str())
        }));
    }
    jobs.retain(|job| job.native.is_some());
    Ok(jobs)
}

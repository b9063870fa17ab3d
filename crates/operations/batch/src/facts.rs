//! `hpc nodes`, `hpc history`, `hpc reservations`, `hpc accounts`: what clusters tell beside the queue. Asked each
//! time, all clusters at once, and not kept.

use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::{Freshness, Mesh, PlaceAnswer, places};
use cloudmesh_model::job::{ACCOUNT, Account, JOB, Job, NODE, Node, RESERVATION, Reservation};
use cloudmesh_model::{Error, Noun, Record, Result, Row};
use cloudmesh_resource::{Batch, Family, Place};
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::moment;

/// How long one cluster may take.
const DEADLINE: std::time::Duration = std::time::Duration::from_secs(90);

type Ask<R> = for<'a> fn(&'a dyn Batch, &'a Which, &'a mut Vec<R>) -> BoxFuture<'a, Result<()>>;

/// What a question is about.
struct Which {
    everybody: bool,
    since: jiff::Timestamp,
}

/// Asks all clusters at once. One that fails is part of the answer.
async fn each<R: Record>(
    mesh: &Mesh,
    clusters: Vec<String>,
    which: Which,
    ask: Ask<R>,
    wanted: impl Fn(&R) -> bool,
    rows: &mut dyn Rows,
) -> Result<Freshness> {
    let which = &which;
    let asked = clusters.into_iter().map(|cluster| async move {
        let mut found = Vec::new();
        let answer = async {
            let Place::Batch(batch) = mesh.places()?.connect(mesh, &cluster).await? else {
                return Err(Error::internal("a cluster is not a batch system"));
            };
            match tokio::time::timeout(DEADLINE, ask(batch.as_ref(), which, &mut found)).await {
                Ok(answer) => answer,
                Err(_) => Err(Error::new(
                    cloudmesh_model::ErrorKind::Unreachable,
                    format!("it did not answer within {} s", DEADLINE.as_secs()),
                )
                .at(&cluster)),
            }
        }
        .await;
        (cluster, answer, found)
    });
    let mut freshness = Freshness::own();
    for (place, answer, found) in futures::future::join_all(asked).await {
        rows.rows(found.iter().filter(|one| wanted(one)).map(Record::row).collect::<Vec<Row>>());
        freshness.places.push(PlaceAnswer { place, as_of: Some(mesh.now()), error: answer.err() });
    }
    Ok(freshness)
}

/// Shows the nodes of clusters.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodesInput {
    /// Clusters, separated by commas, or `all`
    #[arg(long)]
    cluster: Option<String>,
    /// Only those of this queue
    #[arg(long)]
    queue: Option<String>,
}

impl Input for NodesInput {}

/// `hpc nodes`.
pub struct Nodes;

impl Operation for Nodes {
    const NAME: &'static str = "hpc.nodes";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "This computer as a node", command: "hpc nodes --cluster=local" }];
    type Input = NodesInput;
}

impl Query for Nodes {
    const NOUN: &'static Noun = &NODE;

    async fn run(mesh: &Mesh, input: NodesInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let clusters = places::for_reading(mesh, Family::Batch, input.cluster.as_deref()).await?;
        let ask: Ask<Node> =
            |batch, _, found| Box::pin(async move { batch.nodes(&mut |page| found.extend(page)).await });
        let which = Which { everybody: false, since: mesh.now() };
        let wanted = |node: &Node| input.queue.as_ref().is_none_or(|queue| node.queues.contains(queue));
        each(mesh, clusters, which, ask, wanted, rows).await
    }
}

/// Shows the jobs that ended, with what they used, from the records that clusters keep.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryInput {
    /// Clusters, separated by commas, or `all`
    #[arg(long)]
    cluster: Option<String>,
    /// How far back: 2d, 12h, or a date; a day without it
    #[arg(long)]
    since: Option<String>,
    /// Only this state: completed, failed, timed_out …
    #[arg(long)]
    state: Option<String>,
    /// Everybody's, not only yours
    #[arg(long)]
    #[serde(default)]
    everybody: bool,
}

impl Input for HistoryInput {
    fn check(&self) -> Result<()> {
        match &self.since {
            Some(since) => moment::since(since, jiff::Timestamp::now()).map(drop),
            None => Ok(()),
        }
    }
}

/// `hpc history`.
pub struct History;

impl Operation for History {
    const NAME: &'static str = "hpc.history";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "The last day on this computer", command: "hpc history --cluster=local" },
        Example {
            about: "What failed in a week",
            command: "hpc history --cluster=local --since=7d --state=failed",
        },
    ];
    type Input = HistoryInput;
}

impl Query for History {
    const NOUN: &'static Noun = &JOB;

    async fn run(mesh: &Mesh, input: HistoryInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let clusters = places::for_reading(mesh, Family::Batch, input.cluster.as_deref()).await?;
        let ask: Ask<Job> = |batch, which, found| {
            Box::pin(async move {
                batch.history(which.everybody, which.since, &mut |page| found.extend(page)).await
            })
        };
        let since = moment::since(input.since.as_deref().unwrap_or("1d"), mesh.now())?;
        let which = Which { everybody: input.everybody, since };
        let wanted = |job: &Job| match &input.state {
            Some(state) => job.status.as_str() == state,
            None => job.status.ended(),
        };
        each(mesh, clusters, which, ask, wanted, rows).await
    }
}

/// Shows the reservations of nodes on clusters.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReservationsInput {
    /// Clusters, separated by commas, or `all`
    #[arg(long)]
    cluster: Option<String>,
}

impl Input for ReservationsInput {}

/// `hpc reservations`.
pub struct Reservations;

impl Operation for Reservations {
    const NAME: &'static str = "hpc.reservations";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "On the default cluster", command: "hpc reservations" }];
    type Input = ReservationsInput;
}

impl Query for Reservations {
    const NOUN: &'static Noun = &RESERVATION;

    async fn run(
        mesh: &Mesh,
        input: ReservationsInput,
        _: &Envelope,
        rows: &mut dyn Rows,
    ) -> Result<Freshness> {
        let clusters = places::for_reading(mesh, Family::Batch, input.cluster.as_deref()).await?;
        let ask: Ask<Reservation> = |batch, _, found| {
            Box::pin(async move { batch.reservations(&mut |page| found.extend(page)).await })
        };
        let which = Which { everybody: false, since: mesh.now() };
        each(mesh, clusters, which, ask, |_| true, rows).await
    }
}

/// Shows the accounts that you may charge on clusters.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountsInput {
    /// Clusters, separated by commas, or `all`
    #[arg(long)]
    cluster: Option<String>,
}

impl Input for AccountsInput {}

/// `hpc accounts`.
pub struct Accounts;

impl Operation for Accounts {
    const NAME: &'static str = "hpc.accounts";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "On the default cluster", command: "hpc accounts" }];
    type Input = AccountsInput;
}

impl Query for Accounts {
    const NOUN: &'static Noun = &ACCOUNT;

    async fn run(mesh: &Mesh, input: AccountsInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let clusters = places::for_reading(mesh, Family::Batch, input.cluster.as_deref()).await?;
        let ask: Ask<Account> =
            |batch, _, found| Box::pin(async move { batch.accounts(&mut |page| found.extend(page)).await });
        let which = Which { everybody: false, since: mesh.now() };
        each(mesh, clusters, which, ask, |_| true, rows).await
    }
}

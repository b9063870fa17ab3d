//! `hpc info`: the queues of clusters.

use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::{Freshness, Mesh, places, refresh};
use cloudmesh_model::job::{QUEUE, Queue};
use cloudmesh_model::{Noun, Result};
use cloudmesh_resource::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Shows the queues of clusters, as they are now.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InfoInput {
    /// Clusters, separated by commas, or `all`
    #[arg(long)]
    cluster: Option<String>,
}

impl Input for InfoInput {}

/// `hpc info`.
pub struct Info;

impl Operation for Info {
    const NAME: &'static str = "hpc.info";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Queues of this computer", command: "hpc info --cluster=local" }];
    type Input = InfoInput;
}

impl Query for Info {
    const NOUN: &'static Noun = &QUEUE;

    async fn run(mesh: &Mesh, input: InfoInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let clusters = places::for_reading(mesh, Family::Batch, input.cluster.as_deref()).await?;
        refresh::list::<Queue>(mesh, clusters, true, |_| true, rows).await
    }
}

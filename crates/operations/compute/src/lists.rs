//! Lists of images, flavors and virtual machines.

use cloudmesh_client::door::Layout;
use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::{Freshness, Mesh, places, refresh};
use cloudmesh_model::compute::{FLAVOR, Flavor, IMAGE, Image, SERVER, Server};
use cloudmesh_model::{HostList, Noun, Result, Row};
use cloudmesh_resource::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resolve::{self, Wanted};

/// Shows the images that machines boot from.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImagesInput {
    /// Only the image with this name or id
    image: Option<String>,
    /// Clouds, separated by commas, or `all`
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for ImagesInput {}

/// `image list`.
pub struct Images;

impl Operation for Images {
    const NAME: &'static str = "image.list";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Images of one cloud", command: "image list --cloud=sim" }];
    type Input = ImagesInput;
}

impl Query for Images {
    const NOUN: &'static Noun = &IMAGE;

    async fn run(
        mesh: &Mesh,
        input: ImagesInput,
        envelope: &Envelope,
        rows: &mut dyn Rows,
    ) -> Result<Freshness> {
        let clouds = places::for_reading(mesh, Family::Compute, input.cloud.as_deref()).await?;
        refresh::list::<Image>(mesh, clouds, envelope.refresh, only(&IMAGE, input.image), rows).await
    }
}

/// Keeps the rows whose name or native id is `wanted`; all without it.
fn only(noun: &'static Noun, wanted: Option<String>) -> impl Fn(&Row) -> bool + Send + Sync {
    let name = noun.position("name").unwrap_or(0);
    let native = noun.position("native_id").unwrap_or(0);
    move |row| wanted.as_ref().is_none_or(|wanted| row.cell(name) == wanted || row.cell(native) == wanted)
}

/// Shows the flavors (sizes) of machines.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlavorsInput {
    /// Only the flavor with this name or id
    flavor: Option<String>,
    /// Clouds, separated by commas, or `all`
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for FlavorsInput {}

/// `flavor list`.
pub struct Flavors;

impl Operation for Flavors {
    const NAME: &'static str = "flavor.list";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Flavors of one cloud", command: "flavor list --cloud=sim" }];
    type Input = FlavorsInput;
}

impl Query for Flavors {
    const NOUN: &'static Noun = &FLAVOR;

    async fn run(
        mesh: &Mesh,
        input: FlavorsInput,
        envelope: &Envelope,
        rows: &mut dyn Rows,
    ) -> Result<Freshness> {
        let clouds = places::for_reading(mesh, Family::Compute, input.cloud.as_deref()).await?;
        refresh::list::<Flavor>(mesh, clouds, envelope.refresh, only(&FLAVOR, input.flavor), rows).await
    }
}

/// Shows the virtual machines.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServersInput {
    /// Only these: names, or a host list such as web[1-3]
    names: Option<HostList>,
    /// Clouds, separated by commas, or `all`
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for ServersInput {}

/// `vm list`.
pub struct Servers;

impl Operation for Servers {
    const NAME: &'static str = "vm.list";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "All machines that are known", command: "vm list" },
        Example { about: "Ask the clouds again first", command: "vm list --refresh --cloud=all" },
    ];
    type Input = ServersInput;
}

impl Query for Servers {
    const NOUN: &'static Noun = &SERVER;

    async fn run(
        mesh: &Mesh,
        input: ServersInput,
        envelope: &Envelope,
        rows: &mut dyn Rows,
    ) -> Result<Freshness> {
        let clouds = places::for_reading(mesh, Family::Compute, input.cloud.as_deref()).await?;
        let names: Option<std::collections::HashSet<String>> =
            input.names.map(|names| names.names().into_iter().collect());
        let keep = move |row: &Row| names.as_ref().is_none_or(|names| names.contains(row.cell(0)));
        refresh::list::<Server>(mesh, clouds, envelope.refresh, keep, rows).await
    }
}

/// Shows everything about virtual machines; the last one without a name.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowInput {
    /// Names or ids, or a host list such as web[1-3]
    names: Option<HostList>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for ShowInput {}

/// `vm show`.
pub struct Show;

impl Operation for Show {
    const NAME: &'static str = "vm.show";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Everything about one machine", command: "vm show web1" }];
    type Input = ShowInput;
}

async fn named(mesh: &Mesh, input: ShowInput, refresh: bool, rows: &mut dyn Rows) -> Result<Freshness> {
    let wanted = Wanted { names: input.names.as_ref(), group: None, cloud: input.cloud.as_deref() };
    let servers = resolve::servers(mesh, wanted).await?;
    let ids: std::collections::HashSet<String> = servers.iter().map(|server| server.id.to_string()).collect();
    let mut clouds: Vec<String> = servers.into_iter().map(|server| server.place).collect();
    clouds.sort();
    clouds.dedup();
    let position = SERVER.position("id").unwrap_or(0);
    let keep = move |row: &Row| ids.contains(row.cell(position));
    refresh::list::<Server>(mesh, clouds, refresh, keep, rows).await
}

impl Query for Show {
    const NOUN: &'static Noun = &SERVER;
    const LAYOUT: Layout = Layout::Detail;

    async fn run(
        mesh: &Mesh,
        input: ShowInput,
        envelope: &Envelope,
        rows: &mut dyn Rows,
    ) -> Result<Freshness> {
        named(mesh, input, envelope.refresh, rows).await
    }
}

/// Shows the state of virtual machines as their clouds tell it now; of the last one without a name.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusInput {
    /// Names or ids, or a host list such as web[1-3]
    names: Option<HostList>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for StatusInput {}

/// `vm status`.
pub struct Status;

impl Operation for Status {
    const NAME: &'static str = "vm.status";
    const EXAMPLES: &'static [Example] = &[Example { about: "Is it up now?", command: "vm status web1" }];
    type Input = StatusInput;
}

impl Query for Status {
    const NOUN: &'static Noun = &SERVER;

    async fn run(mesh: &Mesh, input: StatusInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        named(mesh, ShowInput { names: input.names, cloud: input.cloud }, true, rows).await
    }
}

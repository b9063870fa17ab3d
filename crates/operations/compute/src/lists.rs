//! Lists of images, flavors and virtual machines, and everything about one of them.

use cloudmesh_client::door::{Layout, PlaceAnswer};
use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::{Freshness, Mesh, places, refresh, settings};
use cloudmesh_model::compute::{FLAVOR, Flavor, IMAGE, Image, SERVER, Server};
use cloudmesh_model::{Error, HostList, Noun, Result, Row};
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

/// The one thing that `wanted` names on a cloud; the default one of that cloud without it.
async fn show_one<R: resolve::Named>(
    mesh: &Mesh,
    cloud: Option<&str>,
    wanted: Option<String>,
    envelope: &Envelope,
    rows: &mut dyn Rows,
) -> Result<Freshness> {
    let word = R::NOUN.name;
    let (cloud, _) = places::for_change(mesh, Family::Compute, cloud).await?;
    let wanted = match wanted {
        Some(wanted) => wanted,
        None => {
            settings::fill(mesh, &cloud, word)
                .await?
                .ok_or_else(|| {
                    Error::bad_input(format!("which {word}? There is no default {word} for {cloud}"))
                        .hint(format!("give its name; cm {word} list --cloud={cloud} shows all there are"))
                })?
                .value
        }
    };
    if envelope.refresh {
        refresh::read_place::<R>(mesh, &cloud).await?;
    }
    let record: R = resolve::one(mesh, &cloud, &wanted).await?;
    rows.rows(vec![record.row()]);
    let as_of = refresh::last_read::<R>(mesh.store()?.as_ref(), &cloud).await?;
    Ok(Freshness { places: vec![PlaceAnswer { place: cloud, as_of, error: None }], note: None })
}

/// Shows everything about an image; about the default one of the cloud without a name.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageShowInput {
    /// Its name or id
    image: Option<String>,
    /// The cloud that it is on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for ImageShowInput {}

/// `image show`.
pub struct ImageShow;

impl Operation for ImageShow {
    const NAME: &'static str = "image.show";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Everything about one image", command: "image show ubuntu-24.04 --cloud=sim" }];
    type Input = ImageShowInput;
}

impl Query for ImageShow {
    const NOUN: &'static Noun = &IMAGE;
    const LAYOUT: Layout = Layout::Detail;

    async fn run(
        mesh: &Mesh,
        input: ImageShowInput,
        envelope: &Envelope,
        rows: &mut dyn Rows,
    ) -> Result<Freshness> {
        show_one::<Image>(mesh, input.cloud.as_deref(), input.image, envelope, rows).await
    }
}

/// Shows everything about a flavor; about the default one of the cloud without a name.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlavorShowInput {
    /// Its name or id
    flavor: Option<String>,
    /// The cloud that it is on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for FlavorShowInput {}

/// `flavor show`.
pub struct FlavorShow;

impl Operation for FlavorShow {
    const NAME: &'static str = "flavor.show";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Everything about one flavor", command: "flavor show m1.small --cloud=sim" }];
    type Input = FlavorShowInput;
}

impl Query for FlavorShow {
    const NOUN: &'static Noun = &FLAVOR;
    const LAYOUT: Layout = Layout::Detail;

    async fn run(
        mesh: &Mesh,
        input: FlavorShowInput,
        envelope: &Envelope,
        rows: &mut dyn Rows,
    ) -> Result<Freshness> {
        show_one::<Flavor>(mesh, input.cloud.as_deref(), input.flavor, envelope, rows).await
    }
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

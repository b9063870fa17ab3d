//! `default`: values that commands take when an option is not given.

use cloudmesh_client::door::{Layout, Settled};
use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows, Setting};
use cloudmesh_client::settings::{self, DEFAULT, DefaultValue, GENERAL};
use cloudmesh_client::{Freshness, Mesh, records};
use cloudmesh_model::{Error, ErrorKind, Noun, Record, Result};
use cloudmesh_store::{Change, Expected};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The changes that write or take away one document, and those that turn that back.
pub(crate) async fn replace<R: Record>(mesh: &Mesh, id: &str, new: Option<&R>) -> Result<(Change, Change)> {
    let kind = R::NOUN.name;
    let delete = |expected| Change::Delete { kind: kind.to_owned(), id: id.to_owned(), expected };
    let before = mesh.store()?.get(kind, id).await?;
    let expected = before.as_ref().map_or(Expected::Absent, |stored| Expected::Version(stored.version));
    let change = match new {
        Some(new) => Change::Put(records::document(new)?, expected),
        None => delete(expected),
    };
    let inverse = match before {
        Some(stored) => Change::Put(stored.document, Expected::Any),
        None => delete(Expected::Any),
    };
    Ok((change, inverse))
}

/// Shows the defaults.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInput {
    /// Only those of this cloud or cluster (`general` for those of none)
    #[arg(long)]
    cloud: Option<String>,
    /// Those of every cloud and cluster, and the general ones; so it is without --cloud, too
    #[arg(long)]
    #[serde(default)]
    all: bool,
}

impl Input for ListInput {
    fn check(&self) -> Result<()> {
        if self.all && self.cloud.is_some() {
            return Err(Error::bad_input("--all and --cloud exclude each other").hint("give one of them"));
        }
        Ok(())
    }
}

/// `default list`.
pub struct List;

impl Operation for List {
    const NAME: &'static str = "default.list";
    const EXAMPLES: &'static [Example] = &[Example { about: "All defaults", command: "default list" }];
    type Input = ListInput;
}

impl Query for List {
    const NOUN: &'static Noun = &DEFAULT;

    async fn run(mesh: &Mesh, input: ListInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let places = input.cloud.map(|cloud| vec![cloud]);
        let all: Vec<DefaultValue> = records::all(mesh.store()?.as_ref(), places.as_deref()).await?;
        rows.rows(all.iter().map(Record::row).collect());
        Ok(Freshness::own())
    }
}

/// Shows one default.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetInput {
    /// What it is the default of: `image`, `cloud` …
    key: String,
    /// The cloud or cluster that it holds for
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for GetInput {}

/// `default KEY`.
pub struct Get;

impl Operation for Get {
    const NAME: &'static str = "default.get";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "The default image of the cloud sim", command: "default get image --cloud=sim" }];
    type Input = GetInput;
}

impl Query for Get {
    const NOUN: &'static Noun = &DEFAULT;
    const LAYOUT: Layout = Layout::Detail;

    async fn run(mesh: &Mesh, input: GetInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let place = input.cloud.as_deref().unwrap_or(GENERAL);
        let filled = settings::fill(mesh, place, &input.key).await?.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("there is no default {}", input.key))
                .hint(format!("set it: cm default {}=VALUE", input.key))
        })?;
        let from = filled.from.strip_prefix("default of ").unwrap_or(if filled.from == "general default" {
            GENERAL
        } else {
            place
        });
        rows.rows(vec![DefaultValue::new(from, &input.key, &filled.value).row()]);
        Ok(Freshness {
            note: (from != place).then(|| format!("from the {}", filled.from)),
            ..Freshness::own()
        })
    }
}

/// Sets defaults.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetInput {
    /// KEY=VALUE, once or more often
    #[arg(required = true, value_name = "KEY=VALUE")]
    values: Vec<String>,
    /// The cloud or cluster that they hold for; general ones without it
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for SetInput {
    fn check(&self) -> Result<()> {
        self.values.iter().try_for_each(|value| pair(value).map(drop))
    }
}

/// Takes `KEY=VALUE` apart.
pub(crate) fn pair(text: &str) -> Result<(&str, &str)> {
    match text.split_once('=') {
        Some((key, value)) if is_word(key) && !value.is_empty() && !value.chars().any(char::is_control) => {
            Ok((key, value))
        }
        _ => Err(Error::bad_input(format!("`{}` is not KEY=VALUE", cloudmesh_model::noun::printable(text)))
            .hint("a key is made of letters, digits, `_`, `-` and `.`; a value has no line breaks")),
    }
}

/// Whether `text` can be the name of a default, variable or group.
pub(crate) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 120
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// `default KEY=VALUE`.
pub struct Set;

impl Operation for Set {
    const NAME: &'static str = "default.set";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "The cloud that commands mean", command: "default set cloud=sim" },
        Example { about: "The flavor on one cloud", command: "default set flavor=m1.small --cloud=sim" },
    ];
    type Input = SetInput;
}

impl Setting for Set {
    async fn settle(mesh: &Mesh, input: SetInput) -> Result<Settled> {
        let place = place_of(mesh, input.cloud.as_deref())?;
        let mut settled = Settled::default();
        let mut said = Vec::new();
        for value in &input.values {
            let (key, value) = pair(value)?;
            if matches!(key, "cloud" | "cluster") {
                let family = if key == "cloud" {
                    cloudmesh_resource::Family::Compute
                } else {
                    cloudmesh_resource::Family::Batch
                };
                mesh.places()?.description(family, value)?;
            }
            let new = DefaultValue::new(&place, key, value);
            let (change, inverse) = replace(mesh, new.id().as_str(), Some(&new)).await?;
            settled.changes.push(change);
            settled.inverse.push(inverse);
            said.push(format!("{key} is {value}"));
        }
        settled.message = format!("{place} default: {}", said.join(", "));
        Ok(settled)
    }
}

fn place_of(mesh: &Mesh, cloud: Option<&str>) -> Result<String> {
    match cloud {
        None | Some(GENERAL) => Ok(GENERAL.to_owned()),
        Some(name) => {
            let places = mesh.places()?;
            let cluster = places.description(cloudmesh_resource::Family::Batch, name);
            cluster
                .or_else(|_| places.description(cloudmesh_resource::Family::Compute, name))
                .map(|place| place.name.clone())
        }
    }
}

/// Takes defaults away.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteInput {
    /// What they are the defaults of
    #[arg(required = true)]
    keys: Vec<String>,
    /// The cloud or cluster that they hold for; general ones without it
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for DeleteInput {}

/// `default delete KEY`.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "default.delete";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "No default cloud any more", command: "default delete cloud" }];
    type Input = DeleteInput;
}

impl Setting for Delete {
    async fn settle(mesh: &Mesh, input: DeleteInput) -> Result<Settled> {
        let place = input.cloud.as_deref().unwrap_or(GENERAL);
        let mut settled = Settled {
            message: format!("{place} default deleted: {}", input.keys.join(", ")),
            ..Settled::default()
        };
        for key in &input.keys {
            let id = settings::default_id(place, key);
            if mesh.store()?.get(DEFAULT.name, &id).await?.is_none() {
                return Err(Error::new(ErrorKind::NotFound, format!("{place} has no default {key}"))
                    .hint("cm default list shows those that are there"));
            }
            let (change, inverse) = replace::<DefaultValue>(mesh, &id, None).await?;
            settled.changes.push(change);
            settled.inverse.push(inverse);
        }
        Ok(settled)
    }
}

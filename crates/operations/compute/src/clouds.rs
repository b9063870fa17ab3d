//! `cloud`: which clouds there are, and facts about one.

use cloudmesh_client::door::{Layout, PlaceAnswer};
use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::settings::{self, GENERAL};
use cloudmesh_client::{Freshness, Mesh, places};
use cloudmesh_model::noun::ColumnKind::{Flag, Text};
use cloudmesh_model::noun::Shown::List as InList;
use cloudmesh_model::{Column, Noun, Result, RowBuilder};
use cloudmesh_resource::{Family, MarkField, Support};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

static CLOUD: Noun = Noun {
    name: "cloud",
    plural: "clouds",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "Name of the cloud" },
        Column { name: "type", kind: Text, shown: InList, about: "The provider (cm_type)" },
        Column { name: "active", kind: Flag, shown: InList, about: "Whether `all` means it too" },
        Column {
            name: "default",
            kind: Flag,
            shown: InList,
            about: "Whether commands mean it when no cloud is named",
        },
        Column { name: "heading", kind: Text, shown: InList, about: "A line about it" },
        Column { name: "source", kind: Text, shown: InList, about: "Where it is described" },
    ],
};

/// Shows the clouds.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInput {}

impl Input for ListInput {}

/// `cloud list`.
pub struct List;

impl Operation for List {
    const NAME: &'static str = "cloud.list";
    const EXAMPLES: &'static [Example] = &[Example { about: "All clouds", command: "cloud list" }];
    type Input = ListInput;
}

impl Query for List {
    const NOUN: &'static Noun = &CLOUD;

    async fn run(mesh: &Mesh, _: ListInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let unread: Vec<PlaceAnswer> = mesh
            .places()?
            .unread(Family::Compute)
            .map(|error| PlaceAnswer {
                place: "described elsewhere".to_owned(),
                as_of: None,
                error: Some(error.clone()),
            })
            .collect();
        let active = if unread.is_empty() {
            places::active(mesh, Family::Compute)?
        } else {
            mesh.places()?.of(Family::Compute).map(|place| place.name.clone()).collect()
        };
        let default = settings::default(mesh, GENERAL, "cloud").await?;
        let all = mesh.places()?.of(Family::Compute).map(|place| {
            RowBuilder::new()
                .cell(&place.name)
                .cell(&place.provider)
                .maybe(Some(active.contains(&place.name)))
                .maybe(Some(default.as_ref() == Some(&place.name)))
                .cell(&place.heading)
                .cell(&place.source)
                .finish()
        });
        rows.rows(all.collect());
        Ok(Freshness { places: unread, note: None })
    }
}

static FACT: Noun = Noun {
    name: "fact",
    plural: "facts",
    columns: &[
        Column { name: "cloud", kind: Text, shown: InList, about: "The cloud" },
        Column { name: "fact", kind: Text, shown: InList, about: "What it is about" },
        Column { name: "value", kind: Text, shown: InList, about: "What is so" },
    ],
};

/// Logs in to a cloud and shows facts about it: account, services, limits, what it can do and what not.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InfoInput {
    /// The cloud; the default one without it
    cloud_name: Option<String>,
    /// The cloud, as an option
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for InfoInput {}

/// `cloud info`.
pub struct Info;

impl Operation for Info {
    const NAME: &'static str = "cloud.info";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Facts about one cloud", command: "cloud info sim" }];
    type Input = InfoInput;
}

impl Query for Info {
    const NOUN: &'static Noun = &FACT;
    const LAYOUT: Layout = Layout::List;

    async fn run(mesh: &Mesh, input: InfoInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let named = input.cloud_name.or(input.cloud);
        let (name, _) = places::for_change(mesh, Family::Compute, named.as_deref()).await?;
        let cloud = mesh.places()?.cloud(mesh, &name).await?;
        let row = |fact: &str, value: &str| RowBuilder::new().cell(&name).cell(fact).cell(value).finish();
        let facts = cloud.facts().await.map_err(|error| error.at(name.as_str()))?;
        rows.rows(facts.iter().map(|(fact, value)| row(fact, value)).collect());
        let capabilities = cloud.capabilities().iter().map(|capability| {
            let value = match capability.support {
                Support::Yes(MarkField::InCall(field)) => format!("yes; found again by {field}"),
                Support::Yes(MarkField::Repeatable(why)) => format!("yes; may be repeated: {why}"),
                Support::Yes(MarkField::None(then)) => format!("yes; without a mark: {then}"),
                Support::No(reason) => format!("no: {reason}"),
            };
            row(&format!("can {}", capability.action.replace('_', " ")), &value)
        });
        rows.rows(capabilities.collect());
        let answer = PlaceAnswer { place: name.clone(), as_of: Some(mesh.now()), error: None };
        Ok(Freshness { places: vec![answer], note: None })
    }
}

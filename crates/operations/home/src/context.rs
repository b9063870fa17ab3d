//! `info` and `context`: what commands take for granted, and where each value comes from.

use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::settings::{self, DefaultValue, GENERAL, Membership, Variable};
use cloudmesh_client::{Freshness, Mesh, places, records};
use cloudmesh_model::noun::ColumnKind::Text;
use cloudmesh_model::noun::Shown::List as InList;
use cloudmesh_model::{Column, Noun, Result, Row, RowBuilder};
use cloudmesh_resource::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Columns of what is taken for granted.
pub static CONTEXT: Noun = Noun {
    name: "context",
    plural: "settings",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "What it is" },
        Column { name: "value", kind: Text, shown: InList, about: "What holds now" },
        Column { name: "from", kind: Text, shown: InList, about: "What says so" },
    ],
};

/// What machines and jobs can be given by a default.
const CLOUD_KEYS: &[&str] = &["image", "flavor", "key", "secgroup", "group", "network", "zone", "username"];
const CLUSTER_KEYS: &[&str] = &["queue", "time", "N", "dir"];

fn row(name: &str, value: &str, from: &str) -> Row {
    RowBuilder::new().cell(name).cell(value).cell(from).finish()
}

/// The place that is meant where none is named, with its defaults.
async fn place(
    mesh: &Mesh,
    family: Family,
    named: Option<&str>,
    keys: &[&str],
    rows: &mut Vec<Row>,
) -> Result<()> {
    let word = places::word(family);
    let (name, from) = match places::for_change(mesh, family, named).await {
        Ok((name, from)) => (name, from.unwrap_or("the command")),
        Err(error) if named.is_some() => return Err(error),
        Err(error) => {
            rows.push(row(word, "", &error.to_string()));
            return Ok(());
        }
    };
    rows.push(row(word, &name, from));
    for key in keys {
        if let Some(filled) = settings::fill(mesh, &name, key).await? {
            rows.push(row(&format!("{word} {key}"), &filled.value, &filled.from));
        }
    }
    Ok(())
}

/// Shows what commands take where an option is not given: the cloud, the cluster, their defaults, and what
/// says so.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InfoInput {
    /// The cloud; the default one without it
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for InfoInput {}

/// `info`.
pub struct Info;

impl Operation for Info {
    const NAME: &'static str = "info";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "What a boot would take", command: "info --cloud=sim" }];
    type Input = InfoInput;
}

impl Query for Info {
    const NOUN: &'static Noun = &CONTEXT;

    async fn run(mesh: &Mesh, input: InfoInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let mut all = Vec::new();
        place(mesh, Family::Compute, input.cloud.as_deref(), CLOUD_KEYS, &mut all).await?;
        place(mesh, Family::Batch, None, CLUSTER_KEYS, &mut all).await?;
        all.push(row("user", &mesh.user()?, "prefix of generated names"));
        all.push(row("home", &mesh.home().folder().display().to_string(), "CLOUDMESH_HOME"));
        rows.rows(all);
        Ok(Freshness::own())
    }
}

/// Shows everything that is kept for the prompt: places, defaults, variables, groups.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextInput {}

impl Input for ContextInput {}

/// `context`.
pub struct Context;

impl Operation for Context {
    const NAME: &'static str = "context";
    const EXAMPLES: &'static [Example] = &[Example { about: "All on one page", command: "context" }];
    type Input = ContextInput;
}

impl Query for Context {
    const NOUN: &'static Noun = &CONTEXT;

    async fn run(mesh: &Mesh, _: ContextInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let mut all = Vec::new();
        for family in [Family::Compute, Family::Batch] {
            for there in mesh.places()?.of(family) {
                all.push(row(places::word(family), &there.name, &there.source));
            }
        }
        let store = mesh.store()?.as_ref();
        for default in records::all::<DefaultValue>(store, None).await? {
            let from =
                if default.place == GENERAL { GENERAL.to_owned() } else { format!("for {}", default.place) };
            all.push(row(&format!("default.{}", default.key), &default.value, &from));
        }
        for variable in records::all::<Variable>(store, None).await? {
            all.push(row(&format!("${}", variable.id.as_str()), &variable.value, "variable"));
        }
        let members = records::all::<Membership>(store, None).await?;
        let mut groups: Vec<&str> = members.iter().map(|member| member.group.as_str()).collect();
        groups.dedup();
        for group in groups {
            let names: Vec<&str> = members
                .iter()
                .filter(|member| member.group == group)
                .map(|member| member.name.as_str())
                .collect();
            all.push(row(&format!("group {group}"), &names.join(","), "group"));
        }
        all.push(row("user", &mesh.user()?, "prefix of generated names"));
        all.push(row("home", &mesh.home().folder().display().to_string(), "CLOUDMESH_HOME"));
        rows.rows(all);
        Ok(Freshness::own())
    }
}

//! `var`: names for values.

use cloudmesh_client::door::{Layout, Settled};
use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows, Setting};
use cloudmesh_client::settings::{self, GENERAL, VARIABLE, Variable};
use cloudmesh_client::{Freshness, Mesh, configuration, records};
use cloudmesh_model::{Error, ErrorKind, HostList, Noun, Record, Result, ThingId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::defaults::{pair, replace};

/// Shows the variables.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInput {}

impl Input for ListInput {}

/// `var list`.
pub struct List;

impl Operation for List {
    const NAME: &'static str = "var.list";
    const EXAMPLES: &'static [Example] = &[Example { about: "All variables", command: "var list" }];
    type Input = ListInput;
}

impl Query for List {
    const NOUN: &'static Noun = &VARIABLE;

    async fn run(mesh: &Mesh, _: ListInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let all: Vec<Variable> = records::all(mesh.store()?.as_ref(), None).await?;
        rows.rows(all.iter().map(Record::row).collect());
        Ok(Freshness::own())
    }
}

/// Shows one variable.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetInput {
    /// Its name
    name: String,
}

impl Input for GetInput {}

/// `var NAME`.
pub struct Get;

impl Operation for Get {
    const NAME: &'static str = "var.get";
    const EXAMPLES: &'static [Example] = &[Example { about: "One variable", command: "var get course" }];
    type Input = GetInput;
}

impl Query for Get {
    const NOUN: &'static Noun = &VARIABLE;
    const LAYOUT: Layout = Layout::Detail;

    async fn run(mesh: &Mesh, input: GetInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let stored =
            mesh.store()?.get(VARIABLE.name, &input.name).await?.ok_or_else(|| missing(&input.name))?;
        rows.rows(vec![records::from_body::<Variable>(&stored.document)?.row()]);
        Ok(Freshness::own())
    }
}

fn missing(name: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("no variable is called {}", cloudmesh_model::noun::printable(name)),
    )
    .hint("cm var list shows those that are there")
}

/// Sets variables.
///
/// A value may be `now`, `date`, `default.KEY`, or a path of the configuration such as
/// `cloudmesh.profile.user`.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetInput {
    /// NAME=VALUE, once or more often
    #[arg(required = true, value_name = "NAME=VALUE")]
    values: Vec<String>,
}

impl Input for SetInput {
    fn check(&self) -> Result<()> {
        self.values.iter().try_for_each(|value| pair(value).map(drop))
    }
}

/// `var NAME=VALUE`.
pub struct Set;

impl Operation for Set {
    const NAME: &'static str = "var.set";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "A value of your own", command: "var set course=e516" },
        Example { about: "The date of today", command: "var set today=date" },
    ];
    type Input = SetInput;
}

impl Setting for Set {
    async fn settle(mesh: &Mesh, input: SetInput) -> Result<Settled> {
        let mut settled = Settled::default();
        let mut said = Vec::new();
        for value in &input.values {
            let (name, value) = pair(value)?;
            let variable = Variable { id: ThingId::from_stored(name), value: meaning(mesh, value).await? };
            let (change, inverse) = replace(mesh, name, Some(&variable)).await?;
            said.push(format!("{name} is {}", variable.value));
            settled.changes.push(change);
            settled.inverse.push(inverse);
        }
        settled.message = said.join(", ");
        Ok(settled)
    }
}

/// What a value means: some words stand for something else.
async fn meaning(mesh: &Mesh, value: &str) -> Result<String> {
    if value == "now" {
        return Ok(mesh.now().to_string());
    }
    if value == "date" {
        return Ok(mesh.now().to_zoned(jiff::tz::TimeZone::system()).date().to_string());
    }
    if let Some(key) = value.strip_prefix("default.") {
        let filled = settings::fill(mesh, GENERAL, key).await?;
        return filled.map(|filled| filled.value).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("there is no default {key}"))
                .hint(format!("set it: cm default {key}=VALUE"))
        });
    }
    if value.starts_with("cloudmesh.") {
        return configuration::value_at(&mesh.home().configuration(), value);
    }
    Ok(value.to_owned())
}

/// Takes variables away.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteInput {
    /// Their names, also as host lists: a,b or room[1-3]
    #[arg(required = true)]
    names: Vec<HostList>,
}

impl Input for DeleteInput {}

/// `var delete NAMES`.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "var.delete";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Forget a variable", command: "var delete course" }];
    type Input = DeleteInput;
}

impl Setting for Delete {
    async fn settle(mesh: &Mesh, input: DeleteInput) -> Result<Settled> {
        let names: Vec<String> = input.names.iter().flat_map(HostList::names).collect();
        let mut settled = Settled { message: format!("deleted: {}", names.join(", ")), ..Settled::default() };
        for name in &names {
            if mesh.store()?.get(VARIABLE.name, name).await?.is_none() {
                return Err(missing(name));
            }
            let (change, inverse) = replace::<Variable>(mesh, name, None).await?;
            settled.changes.push(change);
            settled.inverse.push(inverse);
        }
        Ok(settled)
    }
}

//! `check`: every setting and every place, all at once, with what to do about each fault.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::settings::{self, GENERAL};
use cloudmesh_client::{Freshness, Mesh};
use cloudmesh_model::noun::ColumnKind::Text;
use cloudmesh_model::noun::Shown::List as InList;
use cloudmesh_model::{Column, Error, ErrorKind, Noun, Result, Row, RowBuilder};
use cloudmesh_resource::{Family, Place, PlaceDescription};
use futures::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Columns of checks.
pub static CHECK: Noun = Noun {
    name: "check",
    plural: "checks",
    columns: &[
        Column {
            name: "place",
            kind: Text,
            shown: InList,
            about: "The cloud or cluster; empty for our own folder",
        },
        Column { name: "check", kind: Text, shown: InList, about: "What was looked at" },
        Column { name: "state", kind: Text, shown: InList, about: "ok, warning or failed" },
        Column { name: "found", kind: Text, shown: InList, about: "What was found" },
        Column { name: "next", kind: Text, shown: InList, about: "What to do about it" },
    ],
};

/// A place that has said nothing for this long counts as silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was found.
struct Found {
    place: String,
    check: &'static str,
    state: &'static str,
    found: String,
    next: String,
}

impl Found {
    fn ok(place: &str, check: &'static str, found: impl Into<String>) -> Self {
        Self { place: place.to_owned(), check, state: "ok", found: found.into(), next: String::new() }
    }

    fn warning(place: &str, check: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        let (found, next) = (found.into(), next.into());
        Self { place: place.to_owned(), check, state: "warning", found, next }
    }

    fn failed(place: &str, check: &'static str, error: &Error) -> Self {
        let next = match (error.hint_text(), error.kind()) {
            (Some(hint), _) => hint.to_owned(),
            (None, ErrorKind::Unreachable | ErrorKind::Throttled) => {
                "look whether its address is right and you are on its network, then check again".to_owned()
            }
            (None, ErrorKind::Unauthorized | ErrorKind::Forbidden) => {
                format!("correct the credentials of {place}: cm register cloud {place}")
            }
            (None, _) => format!("look at its settings: cm register list; in {place}"),
        };
        Self { place: place.to_owned(), check, state: "failed", found: error.message().to_owned(), next }
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .cell(&self.place)
            .cell(self.check)
            .cell(self.state)
            .cell(&self.found)
            .cell(&self.next)
            .finish()
    }
}

/// Looks at every setting and logs in to every place, all at once; names the next step for each fault.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckInput {
    /// Only these clouds and clusters, separated by commas; all without it
    #[arg(long, visible_alias = "cluster")]
    cloud: Option<String>,
}

impl Input for CheckInput {}

/// `check`.
pub struct Check;

impl Operation for Check {
    const NAME: &'static str = "check";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Whether a cloud can be used", command: "check --cloud=sim" }];
    type Input = CheckInput;
}

impl Query for Check {
    const NOUN: &'static Noun = &CHECK;

    async fn run(mesh: &Mesh, input: CheckInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let wanted: Option<Vec<&str>> =
            input.cloud.as_deref().filter(|names| *names != "all").map(|names| names.split(',').collect());
        let mut found = Vec::new();
        if wanted.is_none() {
            found.extend(own(mesh).await);
        }
        match mesh.places() {
            Ok(places) => {
                let chosen = |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(&name));
                let families = [Family::Compute, Family::Batch];
                let known: Vec<&PlaceDescription> = families
                    .into_iter()
                    .flat_map(|family| places.of(family))
                    .filter(|there| chosen(&there.name))
                    .collect();
                for (name, error) in places.unusable().filter(|(name, _)| chosen(name)) {
                    found.push(Found::failed(name, "settings", error));
                }
                let there = |name: &str| {
                    known.iter().any(|place| place.name == name)
                        || places.unusable().any(|(unusable, _)| unusable == name)
                };
                if let Some(name) = wanted.iter().flatten().find(|name| !there(name)) {
                    places.description(Family::Compute, name)?;
                }
                for list in join_all(known.into_iter().map(|place| one(mesh, place))).await {
                    found.extend(list);
                }
            }
            Err(error) => found.push(Found::failed("", "configuration", &error)),
        }
        rows.rows(found.iter().map(Found::row).collect());
        let failed = found.iter().filter(|it| it.state == "failed").count();
        if failed == 0 {
            return Ok(Freshness::own());
        }
        Err(Error::new(ErrorKind::Partial, format!("{failed} of {} checks failed", found.len()))
            .hint("the column next says what to do about each"))
    }
}

/// Our own folder.
async fn own(mesh: &Mesh) -> Vec<Found> {
    let home = mesh.home();
    let mut found = vec![private("folder", home.folder(), 0o077)];
    let configuration = home.configuration();
    found.push(match mesh.configuration() {
        Err(error) => Found::failed("", "configuration", &error),
        Ok(_) if !configuration.exists() => Found::warning(
            "",
            "configuration",
            "there is no cloudmesh.yaml yet",
            "register a cloud: cm setup, or cm register cloud NAME",
        ),
        Ok(_) => Found::ok("", "configuration", configuration.display().to_string()),
    });
    if home.secrets().exists() {
        found.push(private("secrets", &home.secrets(), 0o077));
    }
    found.push(match mesh.store() {
        Err(error) => Found::failed("", "store", &error),
        Ok(store) => match store.latest().await {
            Ok(_) => Found::ok("", "store", home.store().display().to_string()),
            Err(error) => Found::failed("", "store", &error),
        },
    });
    for (family, key) in [(Family::Compute, "cloud"), (Family::Batch, "cluster")] {
        let default = match settings::default(mesh, GENERAL, key).await {
            Ok(Some(default)) => default,
            _ => continue,
        };
        let check = if key == "cloud" { "default cloud" } else { "default cluster" };
        found.push(match mesh.places().and_then(|places| places.description(family, &default)) {
            Ok(_) => Found::ok("", check, default),
            Err(error) => Found::failed("", check, &error.hint(format!("cm default {key}=NAME"))),
        });
    }
    let path = mesh.parts().surroundings.variables.get("PATH").cloned().unwrap_or_default();
    let ssh = std::env::split_paths(&path).map(|folder| folder.join("ssh")).find(|file| file.is_file());
    found.push(match ssh {
        Some(file) => Found::ok("", "ssh", file.display().to_string()),
        None => Found::warning("", "ssh", "there is no ssh on the PATH", "install the OpenSSH client"),
    });
    found
}

/// Whether only its owner can read a file or folder.
fn private(check: &'static str, path: &Path, others: u32) -> Found {
    let shown = path.display().to_string();
    match path.metadata() {
        Ok(data) if data.permissions().mode() & others != 0 => Found::warning(
            "",
            check,
            format!("others can read {shown}"),
            format!("chmod {} {shown}", if data.is_dir() { "700" } else { "600" }),
        ),
        Ok(_) => Found::ok("", check, shown),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Found::ok("", check, format!("{shown} is made when it is needed"))
        }
        Err(error) => Found::warning(
            "",
            check,
            format!("{shown} cannot be looked at: {error}"),
            "check its permissions",
        ),
    }
}

/// One place: its settings, then whether it answers.
async fn one(mesh: &Mesh, place: &PlaceDescription) -> Vec<Found> {
    let name = place.name.as_str();
    let mut found = Vec::new();
    let empty: Vec<&str> =
        place.settings.iter().filter(|(_, value)| *value == "TBD").map(|(key, _)| key.as_str()).collect();
    if !empty.is_empty() {
        let what = empty.join(", ");
        let error =
            Error::bad_input(format!("{what} is still TBD")).hint(format!("fill it in, in {}", place.source));
        found.push(Found::failed(name, "settings", &error));
        return found;
    }
    if let Some(secret) = place.secrets.keys().next().filter(|_| place.source.ends_with("cloudmesh.yaml")) {
        found.push(Found::warning(
            name,
            "settings",
            format!("{secret} stands in {} in plain text", place.source),
            format!("take it out and register it: cm register cloud {name}"),
        ));
    } else {
        found.push(Found::ok(name, "settings", place.source.clone()));
    }
    let begun = Instant::now();
    let asking = async {
        match mesh.places()?.connect(mesh, name).await? {
            Place::Compute(cloud) => cloud.facts().await.map(drop),
            Place::Batch(cluster) => cluster.facts().await.map(drop),
        }
    };
    let answer = tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Unreachable, format!("no answer within {} s", PATIENCE.as_secs())))
    });
    found.push(match answer {
        Ok(()) => Found::ok(name, "log-in", format!("answers in {:.1} s", begun.elapsed().as_secs_f64())),
        Err(error) => Found::failed(name, "log-in", &error),
    });
    found
}

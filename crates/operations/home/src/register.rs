//! `register`: which clouds and clusters there are. Settings go to `cloudmesh.yaml`, secrets do not.

use std::collections::BTreeMap;

use cloudmesh_client::configuration::read_text;
use cloudmesh_client::configuration_edit::{PlaceEntry, with_place, without_place};
use cloudmesh_client::door::Settled;
use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows, Setting};
use cloudmesh_client::places::{self, word};
use cloudmesh_client::{Freshness, Mesh, refresh};
use cloudmesh_model::noun::ColumnKind::{Flag, Text};
use cloudmesh_model::noun::Shown::List as InList;
use cloudmesh_model::{Column, Error, ErrorKind, Noun, Result, RowBuilder, Secret};
use cloudmesh_resource::{Family, Provider};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::defaults::{is_word, pair};

static PLACE: Noun = Noun {
    name: "place",
    plural: "places",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "Name of the place" },
        Column { name: "kind", kind: Text, shown: InList, about: "cloud or cluster" },
        Column { name: "type", kind: Text, shown: InList, about: "The provider (cm_type)" },
        Column { name: "active", kind: Flag, shown: InList, about: "Whether `all` means it too" },
        Column { name: "heading", kind: Text, shown: InList, about: "A line about it" },
        Column { name: "source", kind: Text, shown: InList, about: "Where it is described" },
    ],
};

/// Shows all clouds and clusters, wherever they are described.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInput {}

impl Input for ListInput {}

/// `register list`.
pub struct List;

impl Operation for List {
    const NAME: &'static str = "register.list";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "All clouds and clusters", command: "register list" }];
    type Input = ListInput;
}

impl Query for List {
    const NOUN: &'static Noun = &PLACE;

    async fn run(mesh: &Mesh, _: ListInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        for family in [Family::Compute, Family::Batch] {
            let active = places::active(mesh, family)?;
            let all = mesh.places()?.of(family).map(|place| {
                RowBuilder::new()
                    .cell(&place.name)
                    .cell(word(family))
                    .cell(&place.provider)
                    .maybe(Some(active.contains(&place.name)))
                    .cell(&place.heading)
                    .cell(&place.source)
                    .finish()
            });
            rows.rows(all.collect());
        }
        let unusable: Vec<String> = mesh
            .places()?
            .unusable()
            .map(|(name, error)| format!("{name} cannot be used: {}", error.message()))
            .collect();
        let note = (!unusable.is_empty()).then(|| unusable.join("; "));
        Ok(Freshness { note, ..Freshness::own() })
    }
}

/// Registers a cloud, or changes one.
///
/// Settings are KEY=VALUE with the keys of the vendor's own tools (OS_AUTH_URL=… OS_USERNAME=…).
/// Secrets are never taken from the command line: they come from the environment variable of the same
/// name, from standard input with --secrets-on-stdin, or are asked for.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct CloudInput {
    /// Name of the cloud
    name: String,
    /// Settings
    #[arg(value_name = "KEY=VALUE")]
    #[serde(default)]
    settings: Vec<String>,
    /// The provider
    #[arg(long = "type", value_name = "TYPE")]
    #[serde(rename = "type")]
    provider: Option<String>,
    /// A line about it
    #[arg(long)]
    heading: Option<String>,
    /// A default of this place: image=…, flavor=…, queue=…
    #[arg(long = "default", value_name = "KEY=VALUE")]
    #[serde(default)]
    defaults: Vec<String>,
    /// Take settings that are not given from environment variables of the same names
    #[arg(long)]
    #[serde(default)]
    from_environment: bool,
    /// Read secrets from standard input, one KEY=VALUE a line
    #[arg(long)]
    #[serde(default)]
    secrets_on_stdin: bool,
}

impl Input for CloudInput {
    fn check(&self) -> Result<()> {
        if !is_word(&self.name) || matches!(self.name.as_str(), "all" | "general") {
            return Err(Error::bad_input(format!(
                "`{}` cannot be the name of a place",
                cloudmesh_model::noun::printable(&self.name)
            ))
            .hint("use letters, digits, `_`, `-` and `.`; `all` and `general` are taken"));
        }
        self.settings.iter().chain(&self.defaults).try_for_each(|setting| pair(setting).map(drop))
    }
}

/// `register cloud`.
pub struct Cloud;

impl Operation for Cloud {
    const NAME: &'static str = "register.cloud";
    const EXAMPLES: &'static [Example] = &[Example {
        about: "A cloud with a password that is asked for",
        command: "register cloud kilo --type=openstack OS_AUTH_URL=http://127.0.0.1:5000/v3 OS_USERNAME=albert OS_PROJECT_NAME=physics OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default",
    }];
    type Input = CloudInput;
}

impl Setting for Cloud {
    async fn settle(mesh: &Mesh, input: CloudInput) -> Result<Settled> {
        register(mesh, Family::Compute, &input).await
    }
}

/// `register cluster`.
pub struct Cluster;

impl Operation for Cluster {
    const NAME: &'static str = "register.cluster";
    const EXAMPLES: &'static [Example] = &[Example {
        about: "A Slurm cluster behind a host of your ~/.ssh/config",
        command: "register cluster india --type=slurm cm_host=india",
    }];
    type Input = ClusterInput;
}

/// Registers a cluster, or changes one.
///
/// Settings are KEY=VALUE; cm_host names the host as your OpenSSH knows it. Secrets are never taken
/// from the command line.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ClusterInput {
    #[command(flatten)]
    place: CloudInput,
}

impl Input for ClusterInput {
    fn check(&self) -> Result<()> {
        self.place.check()
    }
}

impl Setting for Cluster {
    async fn settle(mesh: &Mesh, input: ClusterInput) -> Result<Settled> {
        register(mesh, Family::Batch, &input.place).await
    }
}

fn provider(mesh: &Mesh, family: Family, wanted: Option<&str>) -> Result<&'static dyn Provider> {
    let known: Vec<&'static dyn Provider> =
        mesh.parts().providers.iter().copied().filter(|provider| provider.family() == family).collect();
    let names: Vec<&str> = known.iter().map(|provider| provider.name()).collect();
    let hint = format!("--type is one of: {}", names.join(", "));
    match wanted {
        Some(wanted) => known.iter().copied().find(|provider| provider.name() == wanted).ok_or_else(|| {
            Error::bad_input(format!("no provider for a {} is called {wanted}", word(family))).hint(hint)
        }),
        None => match known.as_slice() {
            [only] => Ok(*only),
            _ => Err(Error::bad_input(format!("which type of {}?", word(family))).hint(hint)),
        },
    }
}

/// Whether a setting has the form of an environment variable: then it is one of the vendor's own, and
/// stands under `credentials`.
fn is_variable(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

async fn register(mesh: &Mesh, family: Family, input: &CloudInput) -> Result<Settled> {
    let provider = provider(mesh, family, input.provider.as_deref())?;
    let places = mesh.places()?;
    let there = places.provider(&input.name).is_ok() || places.unusable().any(|(name, _)| name == input.name);
    if !mesh.authority().redirect && there {
        return Err(Error::new(
            ErrorKind::Forbidden,
            format!("{} is there, and where it leads is not changed from here", input.name),
        )
        .hint("its credentials would go there too: change it at the prompt"));
    }
    let known = provider.settings();
    let mut credentials = BTreeMap::new();
    let mut settings = BTreeMap::new();
    let mut place_setting = |key: &str, value: &str| {
        let map = if is_variable(key) { &mut credentials } else { &mut settings };
        map.insert(key.to_owned(), value.to_owned());
    };
    for text in &input.settings {
        let (key, value) = pair(text)?;
        match known.iter().find(|setting| setting.name == key) {
            Some(setting) if setting.secret => {
                return Err(Error::bad_input(format!(
                    "{key} is secret and is not taken from the command line"
                ))
                .hint(format!(
                    "set it in the environment, use --secrets-on-stdin, or leave it out to be asked: {}",
                    setting.about
                )));
            }
            Some(_) => place_setting(key, value),
            None => {
                let names: Vec<&str> =
                    known.iter().filter(|setting| !setting.secret).map(|setting| setting.name).collect();
                return Err(Error::bad_input(format!("{} has no setting {key}", provider.name()))
                    .hint(format!("its settings are: {}", names.join(", "))));
            }
        }
    }
    let variables = &mesh.parts().surroundings.variables;
    if input.from_environment {
        for setting in known.iter().filter(|setting| !setting.secret) {
            if let Some(value) = variables.get(setting.name).filter(|value| !value.is_empty()) {
                place_setting(setting.name, value);
            }
        }
    }
    let defaults: BTreeMap<String, String> = input
        .defaults
        .iter()
        .map(|text| pair(text).map(|(key, value)| (key.to_owned(), value.to_owned())))
        .collect::<Result<_>>()?;
    let secrets = secrets(mesh, family, input, provider)?;
    let entry = PlaceEntry {
        family,
        name: input.name.clone(),
        provider: provider.name().to_owned(),
        heading: input.heading.clone().unwrap_or_else(|| input.name.clone()),
        credentials,
        settings,
        defaults,
    };
    let path = mesh.home().configuration();
    let before = read_text(&path)?;
    let after = with_place(before.as_deref(), &entry, &mesh.user()?, &path)?;
    // What was seen of an earlier place of that name is not to be taken for what the new one has.
    let changes = match before.as_deref() == Some(after.as_str()) {
        true => Vec::new(),
        false => refresh::forget(mesh.store()?.as_ref(), &input.name).await?,
    };
    Ok(Settled {
        changes,
        message: format!("{} {} is registered in {}", word(family), input.name, path.display()),
        secrets,
        configuration: Some((before, after)),
        ..Settled::default()
    })
}

/// The secrets of a place: from standard input, from the environment, or asked for where somebody is there.
fn secrets(
    mesh: &Mesh,
    family: Family,
    input: &CloudInput,
    provider: &dyn Provider,
) -> Result<Vec<(String, Option<Secret>)>> {
    let name_of = |key: &str| format!("{}/{}/{key}", word(family), input.name);
    let mut given: BTreeMap<String, Secret> = BTreeMap::new();
    if input.secrets_on_stdin {
        for line in std::io::stdin().lines() {
            let line =
                line.map_err(|error| Error::bad_input(format!("standard input cannot be read: {error}")))?;
            if line.trim().is_empty() {
                continue;
            }
            let known = provider.settings();
            let key = line.split_once('=').map(|(key, _)| key.trim());
            match (
                key.and_then(|key| known.iter().find(|setting| setting.secret && setting.name == key)),
                line.split_once('='),
            ) {
                (Some(setting), Some((_, value))) => {
                    given.insert(setting.name.to_owned(), Secret::from(value));
                }
                _ => {
                    let names: Vec<&str> =
                        known.iter().filter(|setting| setting.secret).map(|setting| setting.name).collect();
                    return Err(Error::bad_input(
                        "a line of standard input is not KEY=VALUE with a secret setting",
                    )
                    .hint(format!("its secret settings are: {}", names.join(", "))));
                }
            }
        }
    }
    let mut secrets = Vec::new();
    for setting in provider.settings().iter().filter(|setting| setting.secret) {
        let from_environment =
            || mesh.parts().surroundings.variables.get(setting.name).filter(|value| !value.is_empty());
        let secret = match given.remove(setting.name) {
            Some(secret) => Some(secret),
            None => match from_environment() {
                Some(value) => Some(Secret::from(value.as_str())),
                None if input.secrets_on_stdin => None,
                None => mesh
                    .parts()
                    .ask
                    .secret(&format!(
                        "{} of {} ({}; empty for none)",
                        setting.name, input.name, setting.about
                    ))
                    .ok()
                    .filter(|secret| !secret.expose().is_empty()),
            },
        };
        if let Some(secret) = secret {
            secrets.push((name_of(setting.name), Some(secret)));
        }
    }
    Ok(secrets)
}

/// Takes a cloud or cluster out of `cloudmesh.yaml` and forgets its secrets; nothing there is touched.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveInput {
    /// Its name
    name: String,
}

impl Input for RemoveInput {}

/// `register remove`.
pub struct Remove;

impl Operation for Remove {
    const NAME: &'static str = "register.remove";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Forget a cloud; its machines stay", command: "register remove kilo" }];
    type Input = RemoveInput;
}

impl Setting for Remove {
    async fn settle(mesh: &Mesh, input: RemoveInput) -> Result<Settled> {
        let path = mesh.home().configuration();
        let configuration = &mesh.configuration()?.cloudmesh;
        let family = if configuration.clouds.contains_key(&input.name) {
            Family::Compute
        } else if configuration.hpc.clusters.contains_key(&input.name) {
            Family::Batch
        } else {
            let error = Error::new(
                ErrorKind::NotFound,
                format!(
                    "{} has no place called {}",
                    path.display(),
                    cloudmesh_model::noun::printable(&input.name)
                ),
            );
            return Err(error.hint("cm register list shows where each place is described"));
        };
        let Some(before) = read_text(&path)? else {
            return Err(Error::new(ErrorKind::Conflict, format!("{} is gone", path.display())));
        };
        let after = without_place(&before, family, &input.name, &path)?;
        let changes = refresh::forget(mesh.store()?.as_ref(), &input.name).await?;
        let registered = mesh.parts().secrets.names(&format!("{}/{}/", word(family), input.name))?;
        let tokens = mesh.parts().secrets.names(&format!("token/{}/", input.name))?;
        Ok(Settled {
            message: format!("{} is no longer registered", input.name),
            secrets: registered.into_iter().chain(tokens).map(|name| (name, None)).collect(),
            configuration: Some((Some(before), after)),
            changes,
            ..Settled::default()
        })
    }
}

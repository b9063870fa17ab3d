//! `key`: keys of the user's own, and making them known to clouds.

use std::path::PathBuf;

use cloudmesh_client::door::{PlaceAnswer, Settled};
use cloudmesh_client::operation::{Change, Envelope, Example, Input, Operation, Query, Rows, Setting};
use cloudmesh_client::settings::{self, DefaultValue, GENERAL};
use cloudmesh_client::{Draft, Freshness, Mesh, places, records, refresh};
use cloudmesh_model::compute::KeyPair;
use cloudmesh_model::{Error, ErrorKind, Noun, Record, Result, RowBuilder, ThingId};
use cloudmesh_resource::{Action, ComputeAction, Family};
use cloudmesh_store::Expected;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::own_key::{self, OWN_KEY, OwnKey};
use crate::resolve;

/// Shows keys: your own, or those that clouds know.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInput {
    /// Where to look: `db` for your own, `cloud` for those of clouds
    #[arg(long)]
    source: Option<String>,
    /// Clouds, separated by commas, or `all`; implies --source=cloud
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for ListInput {
    fn check(&self) -> Result<()> {
        match (self.source.as_deref(), &self.cloud) {
            (None | Some("cloud"), _) | (Some("db"), None) => Ok(()),
            (Some("db"), Some(_)) => Err(Error::bad_input("--source=db and --cloud exclude each other")),
            (Some(other), _) => {
                Err(Error::bad_input(format!("--source={other} is not known")).hint("use db or cloud"))
            }
        }
    }
}

/// `key list`.
pub struct List;

impl Operation for List {
    const NAME: &'static str = "key.list";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "Your own keys", command: "key list" },
        Example { about: "Keys that a cloud knows", command: "key list --cloud=sim" },
    ];
    type Input = ListInput;
}

impl Query for List {
    const NOUN: &'static Noun = &OWN_KEY;

    async fn run(
        mesh: &Mesh,
        input: ListInput,
        envelope: &Envelope,
        rows: &mut dyn Rows,
    ) -> Result<Freshness> {
        if input.cloud.is_none() && input.source.as_deref() != Some("cloud") {
            let default = settings::default(mesh, GENERAL, "key").await?;
            let mut all: Vec<OwnKey> = records::all(mesh.store()?.as_ref(), None).await?;
            for key in &mut all {
                key.default = default.as_deref() == Some(key.id.as_str());
            }
            rows.rows(all.iter().map(Record::row).collect());
            return Ok(Freshness::own());
        }
        let clouds = places::for_reading(mesh, Family::Compute, input.cloud.as_deref()).await?;
        let mut freshness = Freshness::own();
        for cloud in clouds {
            let read = if envelope.refresh {
                refresh::read_place::<KeyPair>(mesh, &cloud).await
            } else {
                resolve::known(mesh, &cloud).await
            };
            let as_of = refresh::last_read::<KeyPair>(mesh.store()?.as_ref(), &cloud).await?;
            let error = match read {
                Ok(keys) => {
                    let shown = keys.iter().map(|key| {
                        RowBuilder::new()
                            .cell(&key.name)
                            .cell(&key.fingerprint)
                            .cell("")
                            .cell(&key.place)
                            .maybe(key.public_key.as_ref())
                            .finish()
                    });
                    rows.rows(shown.collect());
                    None
                }
                Err(error) => Some(error),
            };
            freshness.places.push(PlaceAnswer { place: cloud, as_of, error });
        }
        Ok(freshness)
    }
}

/// Keeps a public key under a name; the private half stays where it is.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddInput {
    /// Its name; your user name without it
    name: Option<String>,
    /// The file of the public key
    #[arg(long)]
    source: Option<PathBuf>,
    /// The public key in ~/.ssh (the default)
    #[arg(long)]
    #[serde(default)]
    ssh: bool,
    /// Make a new key pair in Cloudmesh's own folder
    #[arg(long)]
    #[serde(default)]
    generate: bool,
}

impl Input for AddInput {
    fn check(&self) -> Result<()> {
        if [self.source.is_some(), self.ssh, self.generate].iter().filter(|given| **given).count() > 1 {
            return Err(Error::bad_input("--source, --ssh and --generate exclude each other")
                .hint("give one of them"));
        }
        match &self.name {
            Some(name) => check_name(name),
            None => Ok(()),
        }
    }
}

fn check_name(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | ' ');
    if name.is_empty() || name.len() > 255 || name.starts_with('.') || !name.chars().all(fits) {
        return Err(Error::bad_input(format!(
            "`{}` cannot be the name of a key",
            cloudmesh_model::noun::printable(name)
        ))
        .hint("use letters, digits, `_`, `-`, `.` and `@`"));
    }
    Ok(())
}

/// `key add`.
pub struct Add;

impl Operation for Add {
    const NAME: &'static str = "key.add";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "A new key pair", command: "key add laptop --generate" }];
    type Input = AddInput;
}

impl Setting for Add {
    async fn settle(mesh: &Mesh, input: AddInput) -> Result<Settled> {
        let name = match input.name {
            Some(name) => name,
            None => mesh.user()?,
        };
        check_name(&name)?;
        let file = match input.source {
            Some(file) => mesh.parts().surroundings.working_folder.join(file),
            None if input.generate => own_key::generate(mesh, &name)?,
            None => own_key::of_ssh_folder(mesh)?,
        };
        let key = own_key::read(&name, &file)?;
        let store = mesh.store()?;
        let mut settled = Settled {
            message: format!("key {name} is {} from {}", key.fingerprint, file.display()),
            ..Settled::default()
        };
        let delete = |kind: &str, id: &str| cloudmesh_store::Change::Delete {
            kind: kind.to_owned(),
            id: id.to_owned(),
            expected: Expected::Any,
        };
        match store.get(OWN_KEY.name, &name).await? {
            Some(stored) => {
                let earlier: OwnKey = records::from_body(&stored.document)?;
                if earlier.public_key != key.public_key {
                    return Err(Error::new(ErrorKind::Conflict, format!("another key is called {name}"))
                        .hint(format!("choose another name, or delete that one: cm key delete {name}")));
                }
                settled.inverse.push(cloudmesh_store::Change::Put(stored.document, Expected::Any));
            }
            None => settled.inverse.push(delete(OWN_KEY.name, &name)),
        }
        settled.changes.push(cloudmesh_store::Change::Put(records::document(&key)?, Expected::Any));
        if settings::default(mesh, GENERAL, "key").await?.is_none() {
            let default = DefaultValue::new(GENERAL, "key", &name);
            settled.inverse.push(delete(DefaultValue::NOUN.name, default.id.as_str()));
            settled.changes.push(cloudmesh_store::Change::Put(records::document(&default)?, Expected::Any));
            settled.message.push_str("; it is the default key");
        }
        Ok(settled)
    }
}

/// Makes a key of yours known to clouds.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadInput {
    /// Its name; the default key without it
    name: Option<String>,
    /// Clouds, separated by commas, or `all`; the default one without it
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for UploadInput {}

/// `key upload`.
pub struct Upload;

impl Operation for Upload {
    const NAME: &'static str = "key.upload";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "One key to one cloud", command: "key upload laptop --cloud=sim" }];
    type Input = UploadInput;
}

impl Change for Upload {
    async fn plan(mesh: &Mesh, input: UploadInput, draft: &mut Draft) -> Result<()> {
        let clouds = match input.cloud.as_deref() {
            Some(cloud) => places::for_reading(mesh, Family::Compute, Some(cloud)).await?,
            None => vec![places::for_change(mesh, Family::Compute, None).await?.0],
        };
        let name = draft.option(mesh, GENERAL, "key", input.name.as_deref()).await?.ok_or_else(|| {
            Error::bad_input("which key? There is no default key")
                .hint("give its name, or add one: cm key add NAME")
        })?;
        let key = own_key::find(mesh, &name).await?.ok_or_else(|| no_own_key(&name))?;
        draft.title(format!("upload key {name} to {}", clouds.join(", ")));
        for cloud in clouds {
            upload_step(draft, &cloud, &key);
        }
        Ok(())
    }
}

pub(crate) fn no_own_key(name: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("no key of yours is called {}", cloudmesh_model::noun::printable(name)),
    )
    .hint(format!("add it: cm key add {name} --source=FILE"))
}

/// The step that makes a key known to a cloud.
pub(crate) fn upload_step(draft: &mut Draft, cloud: &str, key: &OwnKey) -> usize {
    let action = ComputeAction::UploadKey {
        key: ThingId::from_stored(format!("{cloud}:{}", key.id)),
        name: key.id.as_str().to_owned(),
        public_key: key.public_key.clone(),
    };
    draft.act(cloud, key.id.as_str(), Action::Compute(action), &[])
}

/// Deletes keys: your own (the files stay), or with --cloud those that clouds know.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteInput {
    /// Their names
    #[serde(default)]
    names: Vec<String>,
    /// All of them
    #[arg(long)]
    #[serde(default)]
    all: bool,
    /// Clouds, separated by commas, or `all`
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for DeleteInput {
    fn check(&self) -> Result<()> {
        match (self.names.is_empty(), self.all) {
            (true, false) => Err(Error::bad_input("which keys?").hint("give their names, or --all")),
            (false, true) => Err(Error::bad_input("names and --all exclude each other")),
            _ => Ok(()),
        }
    }
}

/// `key delete`.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "key.delete";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "A key of a cloud", command: "key delete laptop --cloud=sim --yes" },
        Example { about: "A key of your own; its files stay", command: "key delete laptop" },
    ];
    type Input = DeleteInput;
}

impl Change for Delete {
    async fn plan(mesh: &Mesh, input: DeleteInput, draft: &mut Draft) -> Result<()> {
        let Some(clouds) = input.cloud.as_deref() else {
            return delete_own(mesh, &input, draft).await;
        };
        let clouds = places::for_reading(mesh, Family::Compute, Some(clouds)).await?;
        let mut said = Vec::new();
        for cloud in &clouds {
            let known: Vec<KeyPair> = refresh::read_place(mesh, cloud).await?;
            for name in &input.names {
                if !known.iter().any(|key| key.name == *name) {
                    return Err(Error::new(
                        ErrorKind::NotFound,
                        format!("no key is called {}", cloudmesh_model::noun::printable(name)),
                    )
                    .at(cloud.as_str()));
                }
            }
            for key in known.iter().filter(|key| input.all || input.names.contains(&key.name)) {
                said.push(key.name.clone());
                let action = ComputeAction::DeleteKey { key: key.id.clone(), name: key.name.clone() };
                draft.act(cloud, &key.name, Action::Compute(action), &[]);
            }
        }
        draft.title(format!("delete keys {} on {}", said.join(", "), clouds.join(", ")));
        Ok(())
    }
}

async fn delete_own(mesh: &Mesh, input: &DeleteInput, draft: &mut Draft) -> Result<()> {
    let all: Vec<OwnKey> = records::all(mesh.store()?.as_ref(), None).await?;
    let mut changes = Vec::new();
    let mut inverse = Vec::new();
    for name in &input.names {
        if !all.iter().any(|key| key.id.as_str() == name) {
            return Err(no_own_key(name));
        }
    }
    for key in all.iter().filter(|key| input.all || input.names.iter().any(|name| name == key.id.as_str())) {
        inverse.push(cloudmesh_store::Change::Put(records::document(key)?, Expected::Any));
        changes.push(cloudmesh_store::Change::Delete {
            kind: OWN_KEY.name.to_owned(),
            id: key.id.as_str().to_owned(),
            expected: Expected::Any,
        });
    }
    draft.title(format!(
        "deleted from your keys: {}; their files stay",
        if input.all { "all".to_owned() } else { input.names.join(", ") }
    ));
    draft.own(changes, inverse);
    Ok(())
}

//! Defaults, variables and groups: small documents of the user's own, and the order in which values
//! are looked for.

use cloudmesh_model::noun::ColumnKind::Text;
use cloudmesh_model::noun::Shown::List;
use cloudmesh_model::{Column, Noun, Record, Result, Row, RowBuilder, ThingId};
use cloudmesh_resource::Filled;
use serde::{Deserialize, Serialize};

use crate::{Mesh, records};

/// The place name of defaults that belong to no place.
pub const GENERAL: &str = "general";

/// A default value: of a place, or general.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultValue {
    /// `PLACE/KEY`.
    pub id: ThingId,
    /// The place, or `general`.
    pub place: String,
    /// What it is the default of: `image`, `cloud` …
    pub key: String,
    /// The value.
    pub value: String,
}

impl DefaultValue {
    /// The default of `key` at `place`.
    #[must_use]
    pub fn new(place: &str, key: &str, value: &str) -> Self {
        Self {
            id: ThingId::from_stored(default_id(place, key)),
            place: place.to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }
}

/// The store's id of a default.
#[must_use]
pub fn default_id(place: &str, key: &str) -> String {
    format!("{place}/{key}")
}

/// Columns of defaults.
pub static DEFAULT: Noun = Noun {
    name: "default",
    plural: "defaults",
    columns: &[
        Column { name: "cloud", kind: Text, shown: List, about: "The place that it holds for, or `general`" },
        Column { name: "key", kind: Text, shown: List, about: "What it is the default of" },
        Column { name: "value", kind: Text, shown: List, about: "The value" },
    ],
};

impl Record for DefaultValue {
    const NOUN: &'static Noun = &DEFAULT;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn row(&self) -> Row {
        RowBuilder::new().cell(&self.place).cell(&self.key).cell(&self.value).finish()
    }
}

/// A variable of the shell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Its name, the store's id.
    pub id: ThingId,
    /// Its value.
    pub value: String,
}

/// Columns of variables.
pub static VARIABLE: Noun = Noun {
    name: "variable",
    plural: "variables",
    columns: &[
        Column { name: "name", kind: Text, shown: List, about: "Name of the variable" },
        Column { name: "value", kind: Text, shown: List, about: "Its value" },
    ],
};

impl Record for Variable {
    const NOUN: &'static Noun = &VARIABLE;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        ""
    }

    fn row(&self) -> Row {
        RowBuilder::new().cell(self.id.as_str()).cell(&self.value).finish()
    }
}

/// One thing's membership in one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// `GROUP/KIND/NAME`.
    pub id: ThingId,
    /// The group.
    pub group: String,
    /// Kind of the member: `vm`, `job` …
    pub kind: String,
    /// Its name, or its id on a cluster.
    pub name: String,
    /// The place it is at; empty where its name alone says enough.
    pub place: String,
}

impl Membership {
    /// The membership of a thing in `group`.
    #[must_use]
    pub fn new(group: &str, kind: &str, name: &str, place: &str) -> Self {
        Self {
            id: ThingId::from_stored(format!("{group}/{kind}/{name}")),
            group: group.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            place: place.to_owned(),
        }
    }
}

/// Columns of group members.
pub static GROUP: Noun = Noun {
    name: "group",
    plural: "members",
    columns: &[
        Column { name: "group", kind: Text, shown: List, about: "Name of the group" },
        Column { name: "kind", kind: Text, shown: List, about: "Kind of the member" },
        Column { name: "name", kind: Text, shown: List, about: "Name of the member" },
        Column { name: "cloud", kind: Text, shown: List, about: "The place it is at" },
    ],
};

impl Record for Membership {
    const NOUN: &'static Noun = &GROUP;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn row(&self) -> Row {
        RowBuilder::new().cell(&self.group).cell(&self.kind).cell(&self.name).cell(&self.place).finish()
    }
}

/// The stored default of `key` at `place`, if there is one.
///
/// # Errors
/// The store's.
pub async fn default(mesh: &Mesh, place: &str, key: &str) -> Result<Option<String>> {
    match mesh.store()?.get(DEFAULT.name, &default_id(place, key)).await? {
        Some(stored) => Ok(Some(records::from_body::<DefaultValue>(&stored.document)?.value)),
        None => Ok(None),
    }
}

/// The value of an option that was not given: the place's default in the store, the general one, the
/// one in the configuration. `None` where there is none of these.
///
/// # Errors
/// The store's, or a malformed configuration.
pub async fn fill(mesh: &Mesh, place: &str, key: &str) -> Result<Option<Filled>> {
    let filled = |value: String, from: String| Some(Filled { option: key.to_owned(), value, from });
    if let Some(value) = default(mesh, place, key).await? {
        return Ok(filled(value, format!("default of {place}")));
    }
    if let Some(value) = default(mesh, GENERAL, key).await? {
        return Ok(filled(value, "general default".to_owned()));
    }
    let places = mesh.places()?;
    let families = [cloudmesh_resource::Family::Compute, cloudmesh_resource::Family::Batch];
    let description =
        families.into_iter().flat_map(|family| places.of(family)).find(|there| there.name == place);
    if let Some(description) = description
        && let Some(value) = description.defaults.get(key).filter(|value| *value != "TBD")
    {
        return Ok(filled(value.clone(), description.source.clone()));
    }
    Ok(None)
}

//! The user's places: from `cloudmesh.yaml`, then from where other tools keep theirs; and which of them
//! a command means.

use std::collections::BTreeMap;
use std::sync::Mutex;

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_resource::{Batch, Compute, Family, Place, PlaceDescription, Provider};
use std::sync::Arc;

use crate::Mesh;
use crate::settings;

/// All places that are described somewhere. Connected when they are first used.
pub struct Places {
    descriptions: BTreeMap<String, (PlaceDescription, &'static dyn Provider)>,
    /// Described, but of a `cm_type` that this version does not know; it hurts no other place.
    unusable: BTreeMap<String, Error>,
    unread: Vec<(Family, Error)>,
    connected: Mutex<BTreeMap<String, Place>>,
}

impl Places {
    pub(crate) fn gather(mesh: &Mesh) -> Result<Self> {
        let providers = mesh.parts().providers;
        let path = mesh.home().configuration();
        let mut descriptions = BTreeMap::new();
        let mut unusable = BTreeMap::new();
        let mut unread = Vec::new();
        for (name, described) in mesh.configuration()?.places(&path, providers) {
            let place = match described {
                Ok(place) => place,
                Err(error) => {
                    unusable.insert(name.clone(), error.at(name));
                    continue;
                }
            };
            let Some(provider) = providers.iter().find(|provider| provider.name() == place.provider) else {
                let known: Vec<&str> = providers.iter().map(|provider| provider.name()).collect();
                let error = Error::new(
                    ErrorKind::Unsupported,
                    format!(
                        "the cm_type {} in {} is not known to this version",
                        place.provider, place.source
                    ),
                );
                unusable.insert(
                    place.name.clone(),
                    error.at(place.name).hint(format!("known are: {}", known.join(", "))),
                );
                continue;
            };
            descriptions.insert(place.name.clone(), (place, *provider));
        }
        for provider in providers {
            let described = match provider.discover(&mesh.parts().surroundings) {
                Ok(described) => described,
                // Only what needs the places described there fails by it.
                Err(error) => {
                    unread.push((provider.family(), error));
                    continue;
                }
            };
            for place in described {
                if !unusable.contains_key(&place.name) {
                    descriptions.entry(place.name.clone()).or_insert((place, *provider));
                }
            }
        }
        descriptions.retain(|name, _| mesh.authority().sees(name));
        unusable.retain(|name, _| mesh.authority().sees(name));
        Ok(Self { descriptions, unusable, unread, connected: Mutex::new(BTreeMap::new()) })
    }

    /// All descriptions of a family, by name.
    pub fn of(&self, family: Family) -> impl Iterator<Item = &PlaceDescription> {
        self.descriptions
            .values()
            .filter(move |(_, provider)| provider.family() == family)
            .map(|(place, _)| place)
    }

    /// The description of one place.
    ///
    /// # Errors
    /// When no place of the family has that name; the message names those that are there.
    pub fn description(&self, family: Family, name: &str) -> Result<&PlaceDescription> {
        if let Some(error) = self.unusable.get(name) {
            return Err(error.clone());
        }
        self.of(family).find(|place| place.name == name).ok_or_else(|| {
            // It may be described in a file that cannot be read.
            if let Some(error) = self.unread(family).next() {
                return error.clone();
            }
            let word = word(family);
            let known: Vec<&str> = self.of(family).map(|place| place.name.as_str()).collect();
            let error = Error::new(ErrorKind::NotFound, format!("no {word} is called {}", printable(name)));
            if known.is_empty() {
                error.hint(format!("register one: cm register {word} NAME"))
            } else {
                error.hint(format!("there are: {}", known.join(", ")))
            }
        })
    }

    /// Why files that describe places of a family could not be read.
    pub fn unread(&self, family: Family) -> impl Iterator<Item = &Error> {
        self.unread.iter().filter(move |(of, _)| *of == family).map(|(_, error)| error)
    }

    /// What is described and cannot be used, by name, with the reason.
    pub fn unusable(&self) -> impl Iterator<Item = (&str, &Error)> {
        self.unusable.iter().map(|(name, error)| (name.as_str(), error))
    }

    /// The provider of a place.
    ///
    /// # Errors
    /// When there is no such place.
    pub fn provider(&self, name: &str) -> Result<&'static dyn Provider> {
        self.descriptions
            .get(name)
            .map(|(_, provider)| *provider)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("no place is called {}", printable(name))))
    }

    fn unknown(&self, name: &str) -> Error {
        let unusable = self.unusable.get(name).cloned();
        unusable.unwrap_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("no place is called {}", printable(name)))
        })
    }

    /// The connected place called `name`, whatever its family.
    ///
    /// # Errors
    /// When there is none, or its settings do not suffice.
    pub async fn connect(&self, mesh: &Mesh, name: &str) -> Result<Place> {
        let lock = || self.connected.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(place) = lock().get(name) {
            return Ok(place.clone());
        }
        let (description, provider) = self.descriptions.get(name).ok_or_else(|| self.unknown(name))?;
        let place = provider
            .connect(description.clone(), mesh.connection().await?)
            .map_err(|error| if error.place().is_some() { error } else { error.at(name) })?;
        Ok(lock().entry(name.to_owned()).or_insert(place).clone())
    }

    /// The connected cloud called `name`.
    ///
    /// # Errors
    /// When there is none, or its settings do not suffice.
    pub async fn cloud(&self, mesh: &Mesh, name: &str) -> Result<Arc<dyn Compute>> {
        self.description(Family::Compute, name)?;
        match self.connect(mesh, name).await? {
            Place::Compute(compute) => Ok(compute),
            Place::Batch(_) => Err(Error::bad_input(format!("{name} is a cluster, not a cloud"))),
        }
    }

    /// The connected cluster called `name`.
    ///
    /// # Errors
    /// When there is none, or its settings do not suffice.
    pub async fn cluster(&self, mesh: &Mesh, name: &str) -> Result<Arc<dyn Batch>> {
        self.description(Family::Batch, name)?;
        match self.connect(mesh, name).await? {
            Place::Batch(batch) => Ok(batch),
            Place::Compute(_) => Err(Error::bad_input(format!("{name} is a cloud, not a cluster"))),
        }
    }
}

/// What a person calls a place of this family.
#[must_use]
pub fn word(family: Family) -> &'static str {
    match family {
        Family::Compute => "cloud",
        Family::Batch => "cluster",
    }
}

fn printable(name: &str) -> String {
    cloudmesh_model::noun::printable(name).chars().take(80).collect()
}

/// Which places a list is about: those named (`a,b` or `all`), else the default one, else all active.
///
/// # Errors
/// When a named place is not there.
pub async fn for_reading(mesh: &Mesh, family: Family, selector: Option<&str>) -> Result<Vec<String>> {
    let places = mesh.places()?;
    match selector {
        Some("all") => active(mesh, family),
        Some(names) => {
            let mut chosen: Vec<String> = Vec::new();
            for name in names.split(',') {
                let name = places.description(family, name.trim())?.name.clone();
                if !chosen.contains(&name) {
                    chosen.push(name);
                }
            }
            Ok(chosen)
        }
        None => match default(mesh, family).await? {
            Some((name, _)) => Ok(vec![name]),
            None => active(mesh, family),
        },
    }
}

/// The place that is meant where none is named, and what says so: the general default, else the provider's
/// own variable of the environment.
async fn default(mesh: &Mesh, family: Family) -> Result<Option<(String, &'static str)>> {
    let places = mesh.places()?;
    if let Some(name) = settings::default(mesh, "general", word(family)).await? {
        return Ok(Some((places.description(family, &name)?.name.clone(), "general default")));
    }
    let variables = &mesh.parts().surroundings.variables;
    for provider in mesh.parts().providers.iter().filter(|provider| provider.family() == family) {
        let Some(variable) = provider.selecting_variable() else { continue };
        if let Some(name) = variables.get(variable).filter(|name| !name.is_empty()) {
            return Ok(Some((places.description(family, name)?.name.clone(), variable)));
        }
    }
    Ok(None)
}

/// The one place that a change is about: the one named, else the default one, else the only one.
/// With it comes where the choice came from, if it was not named.
///
/// # Errors
/// When it is not there, or there are several and none is the default.
pub async fn for_change(
    mesh: &Mesh,
    family: Family,
    named: Option<&str>,
) -> Result<(String, Option<&'static str>)> {
    let places = mesh.places()?;
    let word = word(family);
    if let Some(name) = named {
        return Ok((places.description(family, name)?.name.clone(), None));
    }
    if let Some((name, from)) = default(mesh, family).await? {
        return Ok((name, Some(from)));
    }
    match active(mesh, family)?.as_slice() {
        [] => Err(Error::new(ErrorKind::NotFound, format!("there is no {word} yet"))
            .hint(format!("register one: cm register {word} NAME; or try cm quickstart"))),
        [only] => Ok((only.clone(), Some("the only one there"))),
        several => {
            Err(Error::new(ErrorKind::Ambiguous, format!("which {word}? There are {}", several.join(", ")))
                .hint(format!("add --{word}=NAME, or choose a default: cm default {word}=NAME")))
        }
    }
}

/// The places of a family that `all` means.
///
/// # Errors
/// When the configuration is malformed, or an active place is not there.
pub fn active(mesh: &Mesh, family: Family) -> Result<Vec<String>> {
    let section = &mesh.configuration()?.cloudmesh;
    let listed = match family {
        Family::Compute => section.active.as_ref(),
        Family::Batch => section.hpc.active.as_ref(),
    };
    let places = mesh.places()?;
    let seen = listed.map(|names| names.iter().filter(|name| mesh.authority().sees(name)).cloned().collect());
    match seen {
        Some(names) => {
            let names: Vec<String> = names;
            let known = |name: &String| {
                places.unusable.contains_key(name) || places.description(family, name).is_ok()
            };
            match names.iter().find(|name| !known(name)) {
                Some(name) => Err(places.unknown(name).hint("it stands under `active` in cloudmesh.yaml")),
                None => Ok(names),
            }
        }
        // All there are: which ones that is cannot be said where a file cannot be read.
        None => match places.unread(family).next() {
            Some(error) => Err(error.clone()),
            None => Ok(places.of(family).map(|place| place.name.clone()).collect()),
        },
    }
}

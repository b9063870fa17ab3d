//! How a provider presents itself: what it is called, which settings it takes, which places it finds
//! where other tools keep them, and how it connects.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use cloudmesh_model::{Ask, Clock, Installation, Result, Secret, SecretStore};

use crate::{Batch, Changes, Compute};

/// The families of resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Virtual machines.
    Compute,
    /// Batch jobs.
    Batch,
}

/// One setting that a provider takes in `cloudmesh.yaml` or from `register`.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its key, as the vendor's tools call it: `OS_AUTH_URL`.
    pub name: &'static str,
    /// One line of help.
    pub about: &'static str,
    /// Whether its value is secret: asked without echo, never taken from a command line.
    pub secret: bool,
}

/// A place as configuration describes it, before anything is connected.
#[derive(Clone, Debug)]
pub struct PlaceDescription {
    /// Its name, unique among all places of the user.
    pub name: String,
    /// The provider's name, `cm_type` in the configuration.
    pub provider: String,
    /// A line about it, for lists.
    pub heading: String,
    /// Where it is described: a file's path, `environment`, or `built in`.
    pub source: String,
    /// Settings, by name. None of them is secret.
    pub settings: BTreeMap<String, String>,
    /// Secrets that stand in the description itself, by name.
    pub secrets: BTreeMap<String, Secret>,
    /// Defaults of this place: `image`, `flavor`, `queue` …
    pub defaults: BTreeMap<String, String>,
}

/// What surrounds the program, taken once at its start: nothing below reads the environment itself.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Environment variables.
    pub variables: BTreeMap<String, String>,
    /// The user's home folder.
    pub user_home: Option<PathBuf>,
    /// The folder that the program was started in.
    pub working_folder: PathBuf,
}

/// What a provider gets to work with.
#[derive(Clone)]
pub struct Connection {
    /// Whose marks are ours.
    pub installation: Installation,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Registered secrets: `cloud/NAME/SETTING`; and the provider's cached tokens, under `token/NAME/…`.
    pub secrets: Arc<dyn SecretStore>,
    /// The person, if there is one.
    pub ask: Arc<dyn Ask>,
    /// Environment and folders.
    pub surroundings: Surroundings,
    /// `CLOUDMESH_HOME`.
    pub home: PathBuf,
    /// A private folder for sockets, with a short path.
    pub runtime_folder: PathBuf,
    /// The program's own executable, for providers that keep a helper process.
    pub program: PathBuf,
}

/// A connected place. Connecting makes no call; the first read or change does.
#[derive(Clone)]
pub enum Place {
    /// A compute cloud.
    Compute(Arc<dyn Compute>),
    /// A batch system.
    Batch(Arc<dyn Batch>),
}

impl Place {
    /// The changing half, whatever the family.
    #[must_use]
    pub fn changes(&self) -> &dyn Changes {
        match self {
            Self::Compute(compute) => compute.as_ref(),
            Self::Batch(batch) => batch.as_ref(),
        }
    }
}

/// A kind of place: one for each `cm_type`.
pub trait Provider: Send + Sync {
    /// Its name, `cm_type` in the configuration.
    fn name(&self) -> &'static str;

    /// Its family.
    fn family(&self) -> Family;

    /// The settings that it takes.
    fn settings(&self) -> &'static [Setting];

    /// The environment variable by which the vendor's tools choose one of several places (`OS_CLOUD`).
    fn selecting_variable(&self) -> Option<&'static str> {
        None
    }

    /// Places that are described where other tools keep them (`clouds.yaml`, `OS_*` …), in order of
    /// precedence. Reads files, makes no call.
    ///
    /// # Errors
    /// A file that cannot be read or understood, named with line and column.
    fn discover(&self, surroundings: &Surroundings) -> Result<Vec<PlaceDescription>>;

    /// Connects. Makes no call.
    ///
    /// # Errors
    /// A missing or malformed setting, by name; a value `TBD`, by name.
    fn connect(&self, place: PlaceDescription, connection: Connection) -> Result<Place>;
}

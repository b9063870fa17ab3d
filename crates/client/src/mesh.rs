//! The mesh: one user's places, store, secrets and settings. Everything in it is made when it is first
//! needed; a command that needs nothing touches nothing.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use cloudmesh_model::{Ask, Clock, Error, Installation, Result, SecretStore};
use cloudmesh_resource::{Connection, Provider, Surroundings};
use cloudmesh_store::{Change, Document, Expected, Store};

use crate::configuration::Configuration;
use crate::engine::Interrupts;
use crate::places::Places;
use crate::{Authority, Catalogue, Home};

/// Opens the store that is kept at a path.
pub type OpenStore = fn(&Path, Arc<dyn Clock>) -> Result<Arc<dyn Store>>;

/// What a program brings along.
pub struct Parts {
    /// The folder of settings.
    pub home: Home,
    /// Environment, taken once.
    pub surroundings: Surroundings,
    /// The kinds of places that this program knows.
    pub providers: &'static [&'static dyn Provider],
    /// All operations.
    pub catalogue: Catalogue,
    /// How the store is opened.
    pub open_store: OpenStore,
    /// Where secrets are kept.
    pub secrets: Arc<dyn SecretStore>,
    /// The person, if there is one.
    pub ask: Arc<dyn Ask>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ctrl-C.
    pub interrupts: Interrupts,
    /// The door's name, for the log.
    pub door: &'static str,
    /// The program's own executable.
    pub program: std::path::PathBuf,
}

/// One user's places, store, secrets and settings.
pub struct Mesh {
    parts: Parts,
    store: OnceLock<Arc<dyn Store>>,
    configuration: OnceLock<Configuration>,
    places: OnceLock<Places>,
    installation: OnceLock<Installation>,
    authority: Authority,
    asks_places: bool,
}

impl Mesh {
    /// A mesh of these parts. Touches nothing.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            store: OnceLock::new(),
            configuration: OnceLock::new(),
            places: OnceLock::new(),
            installation: OnceLock::new(),
            authority: Authority::default(),
            asks_places: true,
        }
    }

    /// The same on a store that is open already: for a door that serves many requests.
    #[must_use]
    pub fn with_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = OnceLock::from(store);
        self
    }

    /// The same with other secrets.
    #[must_use]
    pub fn with_secrets(mut self, secrets: Arc<dyn SecretStore>) -> Self {
        self.parts.secrets = secrets;
        self
    }

    /// The same for a caller who may not do everything.
    #[must_use]
    pub fn limited(mut self, authority: Authority) -> Self {
        self.authority = authority;
        self
    }

    /// The same, answering from the store alone: a list is as old as it is, whoever asks for a newer one.
    #[must_use]
    pub fn from_store_alone(mut self) -> Self {
        self.asks_places = false;
        self
    }

    /// What who uses it may do.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Whether lists may be read from the places.
    #[must_use]
    pub fn asks_places(&self) -> bool {
        self.asks_places
    }

    /// What the program brought along.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The folder of settings.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.parts.home
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.parts.clock.now()
    }

    /// The store, opened when it is first asked for.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn store(&self) -> Result<&Arc<dyn Store>> {
        if let Some(store) = self.store.get() {
            return Ok(store);
        }
        self.parts.home.ensure()?;
        let store = (self.parts.open_store)(&self.parts.home.store(), self.parts.clock.clone())?;
        Ok(self.store.get_or_init(|| store))
    }

    /// The configuration file, read when it is first asked for.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn configuration(&self) -> Result<&Configuration> {
        if let Some(configuration) = self.configuration.get() {
            return Ok(configuration);
        }
        let configuration = Configuration::read(&self.parts.home.configuration())?;
        Ok(self.configuration.get_or_init(|| configuration))
    }

    /// All places.
    ///
    /// # Errors
    /// When a file that describes some is malformed.
    pub fn places(&self) -> Result<&Places> {
        if let Some(places) = self.places.get() {
            return Ok(places);
        }
        let places = Places::gather(self)?;
        Ok(self.places.get_or_init(|| places))
    }

    /// Whose marks are ours; drawn at the first call ever, kept in the store.
    ///
    /// # Errors
    /// When the store cannot be used.
    pub async fn installation(&self) -> Result<&Installation> {
        if let Some(installation) = self.installation.get() {
            return Ok(installation);
        }
        let store = self.store()?;
        let document = |installation: &Installation| Document {
            kind: "installation".into(),
            id: "this".into(),
            place: String::new(),
            row: String::new(),
            body: serde_json::Value::from(installation.as_str()).to_string(),
        };
        let mut stored = store.get("installation", "this").await?;
        if stored.is_none() {
            store.apply(vec![Change::Put(document(&Installation::draw()), Expected::Absent)]).await?;
            stored = store.get("installation", "this").await?;
        }
        let stored =
            stored.ok_or_else(|| Error::internal("the installation id was written and is not there"))?;
        let text: String = crate::records::from_body(&stored.document)?;
        let installation = text.parse()?;
        Ok(self.installation.get_or_init(|| installation))
    }

    /// What providers get to work with.
    ///
    /// # Errors
    /// When the store or the folders cannot be used.
    pub async fn connection(&self) -> Result<Connection> {
        Ok(Connection {
            installation: self.installation().await?.clone(),
            clock: self.parts.clock.clone(),
            secrets: self.parts.secrets.clone(),
            ask: self.parts.ask.clone(),
            surroundings: self.parts.surroundings.clone(),
            home: self.parts.home.folder().to_owned(),
            runtime_folder: self.parts.home.runtime(&self.parts.surroundings)?,
            program: self.parts.program.clone(),
        })
    }

    /// The user's name for generated names: `profile.user`, else the log-in name.
    ///
    /// # Errors
    /// When the configuration is malformed.
    pub fn user(&self) -> Result<String> {
        if let Some(user) = &self.configuration()?.cloudmesh.profile.user
            && user != "TBD"
            && !user.is_empty()
        {
            return Ok(user.clone());
        }
        let variables = &self.parts.surroundings.variables;
        let login =
            variables.get("USER").or_else(|| variables.get("LOGNAME")).filter(|user| !user.is_empty());
        Ok(login.cloned().unwrap_or_else(|| "user".to_owned()))
    }
}

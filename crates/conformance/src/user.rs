//! Somebody who uses a place: an installation, its secrets and its surroundings.

use std::path::PathBuf;
use std::sync::Arc;

use cloudmesh_model::{Installation, Mark, Refuse, Result, Secret, SystemClock, ThingId};
use cloudmesh_resource::{Connection, Place, PlaceDescription, Provider, Surroundings};

use crate::MemorySecrets;

/// Somebody who uses a place. Each connection is what a new process of the same user would have.
#[derive(Clone)]
pub struct User {
    /// The provider.
    pub provider: Arc<dyn Provider>,
    /// The place.
    pub place: PlaceDescription,
    /// Whose marks are ours.
    pub installation: Installation,
    /// Registered secrets, and kept log-ins.
    pub secrets: Arc<MemorySecrets>,
    /// Environment and folders.
    pub surroundings: Surroundings,
    /// `CLOUDMESH_HOME`.
    pub home: PathBuf,
    /// A private folder for sockets.
    pub runtime_folder: PathBuf,
    /// The executable that becomes the provider's helper process.
    pub program: PathBuf,
}

impl User {
    /// A user of `place` with a new installation, no secrets but the description's, and no folders.
    #[must_use]
    pub fn new(provider: Arc<dyn Provider>, place: PlaceDescription) -> Self {
        Self {
            provider,
            place,
            installation: Installation::draw(),
            secrets: Arc::default(),
            surroundings: Surroundings::default(),
            home: PathBuf::new(),
            runtime_folder: PathBuf::new(),
            program: PathBuf::new(),
        }
    }

    /// Connects, as a new process would.
    ///
    /// # Errors
    /// The provider's.
    pub fn connect(&self) -> Result<Place> {
        let connection = Connection {
            installation: self.installation.clone(),
            clock: Arc::new(SystemClock),
            secrets: self.secrets.clone(),
            ask: Arc::new(Refuse),
            surroundings: self.surroundings.clone(),
            home: self.home.clone(),
            runtime_folder: self.runtime_folder.clone(),
            program: self.program.clone(),
        };
        self.provider.connect(self.place.clone(), connection)
    }

    /// The same account, used from another computer.
    #[must_use]
    pub fn elsewhere(&self) -> Self {
        Self { installation: Installation::draw(), ..self.clone() }
    }

    /// The same user without kept log-ins.
    #[must_use]
    pub fn logged_out(&self) -> Self {
        Self { secrets: Arc::default(), ..self.clone() }
    }

    /// The same user without kept log-ins, at a place of another description.
    #[must_use]
    pub fn at(&self, place: &PlaceDescription) -> Self {
        Self { place: place.clone(), ..self.logged_out() }
    }

    /// Our mark on a thing of ours.
    #[must_use]
    pub fn mark(&self, thing: &ThingId) -> Option<Mark> {
        Mark::of(&self.installation, thing)
    }

    /// Everything that must never be shown.
    #[must_use]
    pub fn canaries(&self) -> Vec<Secret> {
        let described = self.place.secrets.values().cloned();
        described.chain(self.secrets.values()).filter(|secret| !secret.expose().is_empty()).collect()
    }
}

//! What all routes share: the mesh for each caller, the tokens, the plans that are running, the feed.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use cloudmesh_client::{Catalogue, Home, Mesh};
use cloudmesh_model::{Clock, Error, ErrorKind, Result};
use cloudmesh_store::Store;
use jiff::Timestamp;

use crate::events::Feed;
use crate::guard::{Caller, Failures, Hosts};
use crate::openapi::ExampleOf;
use crate::runs::Runs;
use crate::tokens::{Stamp, Tokens, stamp};
use crate::view::{KeptSecrets, Limited, Unwritable};

/// Makes a mesh of the program's parts. What it is asked for comes from other people than who started the
/// program: secrets of the environment have no business in it.
pub type MakeMesh = Box<dyn Fn() -> Result<Mesh> + Send + Sync>;

/// A mesh is made anew after this time even if nothing seems to have changed: places are described in files of
/// other tools too.
const MESH_AGE: Duration = Duration::from_secs(30);
/// How many meshes are kept, one for each token and way of asking.
const MESHES: usize = 64;

/// What a server is made of.
pub struct Parts {
    /// The operations.
    pub catalogue: Catalogue,
    /// Makes a mesh that may ask places and write.
    pub writing: MakeMesh,
    /// The folder of settings.
    pub home: Home,
    /// The state.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Names under which the server may be addressed.
    pub hosts: Hosts,
    /// What an example means, for the document.
    pub example: ExampleOf,
}

struct MadeMesh {
    stamp: Stamp,
    at: Instant,
    mesh: Arc<Mesh>,
}

pub(crate) struct Inner {
    pub(crate) parts: Parts,
    pub(crate) tokens: Tokens,
    pub(crate) failures: Failures,
    pub(crate) runs: Runs,
    pub(crate) feed: Feed,
    configuration: PathBuf,
    meshes: Mutex<HashMap<(String, Asks), MadeMesh>>,
    document: OnceLock<Bytes>,
}

/// How a mesh is to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asks {
    /// It answers from the store and writes nothing.
    StoreAlone,
    /// It asks places, and may write.
    Places,
}

/// The REST door.
#[derive(Clone)]
pub struct Api(pub(crate) Arc<Inner>);

impl std::fmt::Debug for Api {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Api")
    }
}

impl Api {
    /// A door made of these parts. Nothing is served yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            tokens: Tokens::of(&parts.home),
            failures: Failures::default(),
            runs: Runs::default(),
            feed: Feed::new(parts.catalogue),
            configuration: parts.home.configuration(),
            meshes: Mutex::default(),
            document: OnceLock::new(),
            parts,
        }))
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(crate) fn failures(&self) -> &Failures {
        &self.0.failures
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.0.parts.hosts
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.parts.clock.now()
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.0.parts.store
    }

    /// The store as `caller` may see it.
    pub(crate) fn store_of(&self, caller: &Caller) -> Arc<dyn Store> {
        match &caller.token().scope.places {
            Some(places) => Arc::new(Limited::new(Arc::clone(self.store()), places.clone())),
            None => Arc::clone(self.store()),
        }
    }

    /// The mesh for `caller`: made anew when the configuration is no longer the same.
    pub(crate) fn mesh(&self, caller: &Caller, asks: Asks) -> Result<Arc<Mesh>> {
        let now = stamp(&self.0.configuration);
        let key = (caller.token().id.clone(), asks);
        let mut meshes = self.0.meshes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = meshes.get(&key)
            && made.stamp == now
            && made.at.elapsed() < MESH_AGE
        {
            return Ok(Arc::clone(&made.mesh));
        }
        if meshes.len() >= MESHES {
            meshes.clear();
        }
        let store = self.store_of(caller);
        let mesh = (self.0.parts.writing)()?.limited(caller.token().scope.authority());
        let mesh = Arc::new(match asks {
            Asks::Places => mesh.with_store(store),
            Asks::StoreAlone => {
                let secrets = KeptSecrets::before(mesh.parts().secrets.clone());
                mesh.with_secrets(Arc::new(secrets))
                    .with_store(Arc::new(Unwritable::new(store)))
                    .from_store_alone()
            }
        });
        meshes.insert(key, MadeMesh { stamp: now, at: Instant::now(), mesh: Arc::clone(&mesh) });
        Ok(mesh)
    }

    /// A mesh that may do everything, for going on with what was begun.
    pub(crate) fn own_mesh(&self) -> Result<Mesh> {
        Ok((self.0.parts.writing)()?.with_store(Arc::clone(self.store())))
    }

    /// The OpenAPI document.
    pub(crate) fn document(&self) -> Result<Bytes> {
        if let Some(document) = self.0.document.get() {
            return Ok(document.clone());
        }
        let document = crate::openapi::document(self.0.parts.catalogue, self.0.parts.example)?;
        let text = serde_json::to_string(&document).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("the document cannot be written: {error}"))
        })?;
        Ok(self.0.document.get_or_init(|| Bytes::from(text)).clone())
    }
}

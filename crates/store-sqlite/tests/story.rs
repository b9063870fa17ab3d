//! The store on SQLite keeps the contract, with its log and without.

use std::path::PathBuf;
use std::sync::Arc;

use cloudmesh_model::{Clock, Result};
use cloudmesh_store::story::Handles;
use cloudmesh_store_sqlite::{FileSystem, Options, SqliteStore};
use tempfile::TempDir;

fn in_a_new_folder(clock: Arc<dyn Clock>, file_system: FileSystem) -> Result<Handles> {
    let folder = TempDir::new().map_err(|error| cloudmesh_model::Error::internal(error.to_string()))?;
    let path: PathBuf = folder.path().join("home/store.db");
    let options = Options { file_system, ..Options::default() };
    Ok(Box::new(move || {
        let _kept = &folder;
        Ok(Arc::new(SqliteStore::open_with(&path, Arc::clone(&clock), options)?))
    }))
}

mod on_a_disk {
    use super::*;

    fn fresh(clock: Arc<dyn Clock>) -> Result<Handles> {
        in_a_new_folder(clock, FileSystem::Local)
    }

    cloudmesh_store::stories!(fresh);
}

mod on_a_network {
    use super::*;

    fn fresh(clock: Arc<dyn Clock>) -> Result<Handles> {
        in_a_new_folder(clock, FileSystem::Network)
    }

    cloudmesh_store::stories!(fresh);
}

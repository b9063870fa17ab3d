//! The program `cm`: it puts the providers, the store and the operations together and opens the door
//! at the prompt. It decides nothing else.

mod catalogue;
mod processes;
mod quickstart;
mod sim;
mod words;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use cloudmesh_client::Catalogue;
use cloudmesh_model::{Clock, Result, SecretStore};
use cloudmesh_prompt::Program;
use cloudmesh_resource::Provider;
use cloudmesh_secrets::FileSecrets;
use cloudmesh_store::Store;
use cloudmesh_store_sqlite::SqliteStore;

static PROVIDERS: &[&dyn Provider] =
    &[&cloudmesh_openstack::OpenStack, &cloudmesh_slurm::SlurmProvider, &cloudmesh_local::LocalProvider];

static CATALOGUE: Catalogue = Catalogue {
    families: &[
        cloudmesh_operations_home::ENTRIES,
        cloudmesh_operations_compute::ENTRIES,
        cloudmesh_operations_batch::ENTRIES,
    ],
};

fn open_store(path: &Path, clock: Arc<dyn Clock>) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(SqliteStore::open(path, clock)?))
}

fn open_secrets(path: &Path) -> Arc<dyn SecretStore> {
    Arc::new(FileSecrets::new(path))
}

fn main() -> ExitCode {
    cloudmesh_prompt::main(&Program {
        catalogue: CATALOGUE,
        words: words::WORDS,
        providers: PROVIDERS,
        open_store,
        open_secrets,
    })
}

//! The program `cm` as a library, for its own executable and for the Python package: it puts the providers, the
//! store and the operations together and opens the door at the prompt. It decides nothing else.

mod catalogue;
mod mcp;
mod processes;
mod quickstart;
mod server;
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

static PROVIDERS: &[&dyn Provider] = &[
    &cloudmesh_openstack::OpenStack,
    &cloudmesh_slurm::SlurmProvider,
    &cloudmesh_qsub::PbsProvider,
    &cloudmesh_qsub::GridEngineProvider,
    &cloudmesh_local::LocalProvider,
];

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

/// The work of an askpass helper, if `ssh` started the program as one: with the question as the only
/// argument.
fn askpass() -> Option<ExitCode> {
    use cloudmesh_transport::ssh::askpass;
    let socket = std::env::var_os(askpass::VARIABLE)?;
    let mut arguments = std::env::args_os().skip(1);
    let question = arguments.next().filter(|_| arguments.next().is_none())?;
    let hint = std::env::var("SSH_ASKPASS_PROMPT").unwrap_or_default();
    Some(askpass::answer(Path::new(&socket), &hint, &question.to_string_lossy()).into())
}

fn open_secrets(path: &Path) -> Arc<dyn SecretStore> {
    Arc::new(FileSecrets::new(path))
}

/// What the program is made of.
pub static PROGRAM: Program =
    Program { catalogue: CATALOGUE, words: &words::WORDS, providers: PROVIDERS, open_store, open_secrets };

/// Runs the program with the words of this process.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(code) = askpass() {
        return code;
    }
    cloudmesh_shell::main(&PROGRAM)
}

//! Secrets that end with the process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use cloudmesh_model::{Result, Secret, SecretStore};

use crate::content::{self, Secrets};

/// Secrets in memory, for tests and for what is not to be kept.
#[derive(Debug, Default)]
pub struct MemorySecrets(Mutex<Secrets>);

impl MemorySecrets {
    /// No secrets yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretStore for MemorySecrets {
    fn get(&self, name: &str) -> Result<Option<Secret>> {
        Ok(self.secrets().get(name).cloned())
    }

    fn put(&self, name: &str, secret: &Secret) -> Result<()> {
        self.secrets().insert(name.to_owned(), secret.clone());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.secrets().remove(name);
        Ok(())
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>> {
        Ok(content::names(&self.secrets(), prefix))
    }
}

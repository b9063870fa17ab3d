//! Secrets in memory, for users that live as long as a case.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloudmesh_model::{Result, Secret, SecretStore};

/// Secrets in memory.
#[derive(Default)]
pub struct MemorySecrets(Mutex<BTreeMap<String, Secret>>);

impl MemorySecrets {
    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Secret>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every secret that is kept now.
    #[must_use]
    pub fn values(&self) -> Vec<Secret> {
        self.all().values().cloned().collect()
    }
}

impl SecretStore for MemorySecrets {
    fn get(&self, name: &str) -> Result<Option<Secret>> {
        Ok(self.all().get(name).cloned())
    }

    fn put(&self, name: &str, secret: &Secret) -> Result<()> {
        self.all().insert(name.to_owned(), secret.clone());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.all().remove(name);
        Ok(())
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>> {
        Ok(self.all().keys().filter(|name| name.starts_with(prefix)).cloned().collect())
    }
}

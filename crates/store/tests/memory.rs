//! The store in memory keeps the contract.

use std::sync::Arc;

use cloudmesh_model::{Clock, Result};
use cloudmesh_store::memory::MemoryStore;
use cloudmesh_store::story::Handles;

fn fresh(clock: Arc<dyn Clock>) -> Result<Handles> {
    let store = MemoryStore::new(clock);
    Ok(Box::new(move || Ok(Arc::new(store.clone()))))
}

cloudmesh_store::stories!(fresh);

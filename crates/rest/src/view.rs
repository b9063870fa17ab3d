//! The store and the secrets as a request may use them: a read writes nothing, and a caller who may use some places
//! sees nothing of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cloudmesh_client::journal::{LOG, LogEntry, PLAN, STEP, StoredPlan};
use cloudmesh_model::{Result, Secret, SecretStore};
use cloudmesh_store::{Change, Document, Event, Lease, Listed, Outcome, Store, Stored};

/// A store that nothing is written to. What a query would keep of what it saw is dropped: the next one sees it again.
pub(crate) struct Unwritable(Arc<dyn Store>);

impl Unwritable {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self(store)
    }
}

#[async_trait]
impl Store for Unwritable {
    async fn get(&self, kind: &str, id: &str) -> Result<Option<Stored>> {
        self.0.get(kind, id).await
    }

    async fn get_many(&self, kind: &str, ids: &[String]) -> Result<Vec<Stored>> {
        self.0.get_many(kind, ids).await
    }

    async fn documents(&self, kind: &str, prefix: &str) -> Result<Vec<Stored>> {
        self.0.documents(kind, prefix).await
    }

    async fn list(
        &self,
        kind: &str,
        places: Option<&[String]>,
        each: &mut (dyn FnMut(Listed) + Send),
    ) -> Result<()> {
        self.0.list(kind, places, each).await
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<Vec<Outcome>> {
        Ok(vec![Outcome::Unchanged(0); changes.len()])
    }

    async fn lease(&self, _: &str, _: &str, _: Duration) -> Result<Lease> {
        Ok(Lease::Granted)
    }

    async fn release(&self, _: &str, _: &str) -> Result<()> {
        Ok(())
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>> {
        self.0.events(after, limit).await
    }

    async fn latest(&self) -> Result<u64> {
        self.0.latest().await
    }
}

/// Secrets that are read where they lie; what a read would keep (a fresh session with a cloud) stays in memory.
pub(crate) struct KeptSecrets {
    below: Arc<dyn SecretStore>,
    own: Mutex<BTreeMap<String, Option<Secret>>>,
}

impl KeptSecrets {
    pub(crate) fn before(below: Arc<dyn SecretStore>) -> Self {
        Self { below, own: Mutex::default() }
    }

    fn own(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Option<Secret>>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SecretStore for KeptSecrets {
    fn get(&self, name: &str) -> Result<Option<Secret>> {
        match self.own().get(name) {
            Some(own) => Ok(own.clone()),
            None => self.below.get(name),
        }
    }

    fn put(&self, name: &str, secret: &Secret) -> Result<()> {
        self.own().insert(name.to_owned(), Some(secret.clone()));
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.own().insert(name.to_owned(), None);
        Ok(())
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>> {
        let mut names: BTreeSet<String> = self.below.names(prefix)?.into_iter().collect();
        for (name, own) in self.own().iter().filter(|(name, _)| name.starts_with(prefix)) {
            if own.is_some() {
                names.insert(name.clone());
            } else {
                names.remove(name);
            }
        }
        Ok(names.into_iter().collect())
    }
}

/// A store in which only some places exist. Plans are seen if all their steps are at those places, entries of the log
/// if their plan is seen.
pub(crate) struct Limited {
    store: Arc<dyn Store>,
    places: BTreeSet<String>,
}

impl Limited {
    pub(crate) fn new(store: Arc<dyn Store>, places: BTreeSet<String>) -> Self {
        Self { store, places }
    }

    fn plan_is_ours(&self, document: &Document) -> bool {
        serde_json::from_str::<StoredPlan>(&document.body)
            .is_ok_and(|stored| stored.plan.steps.iter().all(|step| self.places.contains(&step.place)))
    }

    async fn sees_plan(&self, id: &str) -> Result<bool> {
        Ok(self.store.get(PLAN.name, id).await?.is_some_and(|stored| self.plan_is_ours(&stored.document)))
    }

    async fn sees(&self, document: &Document) -> Result<bool> {
        if !document.place.is_empty() {
            return Ok(self.places.contains(&document.place));
        }
        match document.kind.as_str() {
            kind if kind == PLAN.name => Ok(self.plan_is_ours(document)),
            STEP => self.sees_plan(document.id.split('/').next().unwrap_or_default()).await,
            kind if kind == LOG.name => {
                match serde_json::from_str::<LogEntry>(&document.body).ok().and_then(|entry| entry.plan) {
                    Some(plan) => self.sees_plan(plan.as_str()).await,
                    None => Ok(false),
                }
            }
            _ => Ok(true),
        }
    }

    async fn keep(&self, all: Vec<Stored>) -> Result<Vec<Stored>> {
        let mut kept = Vec::with_capacity(all.len());
        for stored in all {
            if self.sees(&stored.document).await? {
                kept.push(stored);
            }
        }
        Ok(kept)
    }
}

#[async_trait]
impl Store for Limited {
    async fn get(&self, kind: &str, id: &str) -> Result<Option<Stored>> {
        let stored = self.store.get(kind, id).await?;
        Ok(self.keep(stored.into_iter().collect()).await?.pop())
    }

    async fn get_many(&self, kind: &str, ids: &[String]) -> Result<Vec<Stored>> {
        self.keep(self.store.get_many(kind, ids).await?).await
    }

    async fn documents(&self, kind: &str, prefix: &str) -> Result<Vec<Stored>> {
        self.keep(self.store.documents(kind, prefix).await?).await
    }

    async fn list(
        &self,
        kind: &str,
        places: Option<&[String]>,
        each: &mut (dyn FnMut(Listed) + Send),
    ) -> Result<()> {
        if matches!(kind, STEP) || kind == PLAN.name || kind == LOG.name {
            for stored in self.documents(kind, "").await? {
                let row = cloudmesh_model::Row::from_packed(stored.document.row);
                each(Listed { id: stored.document.id, place: stored.document.place, row });
            }
            return Ok(());
        }
        let ours = |listed: &Listed| listed.place.is_empty() || self.places.contains(&listed.place);
        self.store
            .list(kind, places, &mut |listed| {
                if ours(&listed) {
                    each(listed)
                }
            })
            .await
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<Vec<Outcome>> {
        self.store.apply(changes).await
    }

    async fn lease(&self, name: &str, holder: &str, duration: Duration) -> Result<Lease> {
        self.store.lease(name, holder, duration).await
    }

    async fn release(&self, name: &str, holder: &str) -> Result<()> {
        self.store.release(name, holder).await
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>> {
        let mut seen = Vec::new();
        for event in self.store.events(after, limit).await? {
            let ours = match (event.place.is_empty(), event.deleted) {
                (false, _) => self.places.contains(&event.place),
                // Of what is gone nobody can say any more whose it was.
                (true, true) => false,
                (true, false) => self.get(&event.kind, &event.id).await?.is_some(),
            };
            if ours {
                seen.push(event);
            }
        }
        Ok(seen)
    }

    async fn latest(&self) -> Result<u64> {
        self.store.latest().await
    }
}

//! The store in memory: for tests, and for what is to leave no trace.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cloudmesh_model::{Clock, Result, Row, SystemClock};

use crate::{Change, Document, Event, Expected, Lease, Listed, Outcome, Store, Stored};

/// A store in memory. Clones share one state, as processes share one database.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct State {
    /// By kind, then by id.
    documents: BTreeMap<String, BTreeMap<String, Held>>,
    /// Each document with its newest change, by position.
    events: BTreeMap<u64, Event>,
    sequence: u64,
    /// Holder and end, in microseconds, by name.
    leases: BTreeMap<String, (String, i64)>,
}

struct Held {
    stored: Stored,
    sequence: u64,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock))
    }
}

impl MemoryStore {
    /// An empty store. Leases end by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { state: Arc::default(), clock }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn held(&self, kind: &str, id: &str) -> Option<&Held> {
        self.documents.get(kind)?.get(id)
    }

    fn apply(&mut self, change: Change) -> Outcome {
        let (kind, id, expected) = match &change {
            Change::Put(document, expected) => (&document.kind, &document.id, *expected),
            Change::Delete { kind, id, expected } => (kind, id, *expected),
        };
        let found = self.held(kind, id).map(|held| held.stored.version);
        let holds = match expected {
            Expected::Any => true,
            Expected::Absent => found.is_none(),
            Expected::Version(version) => found == Some(version),
        };
        match change {
            Change::Delete { .. } if found.is_none() => Outcome::Deleted,
            _ if !holds => Outcome::Conflict(found),
            Change::Put(document, _) => self.put(document),
            Change::Delete { kind, id, .. } => self.delete(kind, id),
        }
    }

    fn put(&mut self, document: Document) -> Outcome {
        let kind = self.documents.entry(document.kind.clone()).or_default();
        let before = kind.get(&document.id);
        if let Some(before) = before
            && before.stored.document == document
        {
            return Outcome::Unchanged(before.stored.version);
        }
        let version = before.map_or(1, |before| before.stored.version + 1);
        if let Some(before) = before {
            self.events.remove(&before.sequence);
        }
        self.sequence += 1;
        let event = Event {
            sequence: self.sequence,
            kind: document.kind.clone(),
            id: document.id.clone(),
            place: document.place.clone(),
            deleted: false,
        };
        self.events.insert(self.sequence, event);
        let held = Held { stored: Stored { document, version }, sequence: self.sequence };
        kind.insert(held.stored.document.id.clone(), held);
        Outcome::Written(version)
    }

    fn delete(&mut self, kind: String, id: String) -> Outcome {
        if let Some(held) = self.documents.get_mut(&kind).and_then(|documents| documents.remove(&id)) {
            self.events.remove(&held.sequence);
            self.sequence += 1;
            let place = held.stored.document.place;
            self.events
                .insert(self.sequence, Event { sequence: self.sequence, kind, id, place, deleted: true });
        }
        Outcome::Deleted
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, kind: &str, id: &str) -> Result<Option<Stored>> {
        Ok(self.state().held(kind, id).map(|held| held.stored.clone()))
    }

    async fn get_many(&self, kind: &str, ids: &[String]) -> Result<Vec<Stored>> {
        let mut ids: Vec<&String> = ids.iter().collect();
        ids.sort_unstable();
        ids.dedup();
        let state = self.state();
        Ok(ids.into_iter().filter_map(|id| Some(state.held(kind, id)?.stored.clone())).collect())
    }

    async fn documents(&self, kind: &str, prefix: &str) -> Result<Vec<Stored>> {
        let state = self.state();
        let Some(documents) = state.documents.get(kind) else { return Ok(Vec::new()) };
        Ok(documents
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(|(id, _)| id.starts_with(prefix))
            .map(|(_, held)| held.stored.clone())
            .collect())
    }

    async fn list(
        &self,
        kind: &str,
        places: Option<&[String]>,
        each: &mut (dyn FnMut(Listed) + Send),
    ) -> Result<()> {
        let state = self.state();
        let mut rows: Vec<&Document> = state
            .documents
            .get(kind)
            .into_iter()
            .flat_map(BTreeMap::values)
            .map(|held| &held.stored.document)
            .filter(|document| places.is_none_or(|places| places.contains(&document.place)))
            .collect();
        rows.sort_unstable_by(|a, b| (&a.place, &a.row, &a.id).cmp(&(&b.place, &b.row, &b.id)));
        for Document { id, place, row, .. } in rows {
            each(Listed { id: id.clone(), place: place.clone(), row: Row::from_packed(row.clone()) });
        }
        Ok(())
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<Vec<Outcome>> {
        let mut state = self.state();
        Ok(changes.into_iter().map(|change| state.apply(change)).collect())
    }

    async fn lease(&self, name: &str, holder: &str, duration: Duration) -> Result<Lease> {
        let now = self.clock.now().as_microsecond();
        let mut state = self.state();
        if let Some((other, end)) = state.leases.get(name)
            && *end > now
            && other != holder
        {
            let remaining = Duration::from_micros(u64::try_from(end.saturating_sub(now)).unwrap_or(0));
            return Ok(Lease::Held { holder: other.clone(), remaining });
        }
        let end = now.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX));
        state.leases.insert(name.to_owned(), (holder.to_owned(), end));
        Ok(Lease::Granted)
    }

    async fn release(&self, name: &str, holder: &str) -> Result<()> {
        let mut state = self.state();
        if state.leases.get(name).is_some_and(|(other, _)| other == holder) {
            state.leases.remove(name);
        }
        Ok(())
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>> {
        let state = self.state();
        let later = state.events.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(later.take(limit).map(|(_, event)| event.clone()).collect())
    }

    async fn latest(&self) -> Result<u64> {
        Ok(self.state().sequence)
    }
}

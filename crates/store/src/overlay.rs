//! A store over another one: what is written stays above and is gone with it. For trying something out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cloudmesh_model::{Result, Row};

use crate::{Change, Event, Expected, Lease, Listed, Outcome, Store, Stored};

type Above = BTreeMap<(String, String), Option<Stored>>;

/// A store whose changes never reach the one below. Leases are granted: nobody else sees what is above. It has
/// no feed of changes of its own.
pub struct Overlay {
    below: Arc<dyn Store>,
    above: Mutex<Above>,
}

impl Overlay {
    /// A store over `below`.
    #[must_use]
    pub fn new(below: Arc<dyn Store>) -> Self {
        Self { below, above: Mutex::default() }
    }

    fn above(&self) -> MutexGuard<'_, Above> {
        self.above.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn written(&self, kind: &str, id: &str) -> Option<Option<Stored>> {
        self.above().get(&(kind.to_owned(), id.to_owned())).cloned()
    }

    /// What was written of `kind`: `None` for what was deleted.
    fn of(&self, kind: &str) -> BTreeMap<String, Option<Stored>> {
        let above = self.above();
        above
            .iter()
            .filter(|((other, _), _)| other == kind)
            .map(|((_, id), it)| (id.clone(), it.clone()))
            .collect()
    }
}

#[async_trait]
impl Store for Overlay {
    async fn get(&self, kind: &str, id: &str) -> Result<Option<Stored>> {
        match self.written(kind, id) {
            Some(written) => Ok(written),
            None => self.below.get(kind, id).await,
        }
    }

    async fn get_many(&self, kind: &str, ids: &[String]) -> Result<Vec<Stored>> {
        let mut all = Vec::new();
        for id in ids {
            all.extend(self.get(kind, id).await?);
        }
        Ok(all)
    }

    async fn documents(&self, kind: &str, prefix: &str) -> Result<Vec<Stored>> {
        let below = self.below.documents(kind, prefix).await?;
        let mut all: BTreeMap<String, Stored> =
            below.into_iter().map(|stored| (stored.document.id.clone(), stored)).collect();
        for (id, written) in self.of(kind).into_iter().filter(|(id, _)| id.starts_with(prefix)) {
            match written {
                Some(stored) => drop(all.insert(id, stored)),
                None => drop(all.remove(&id)),
            }
        }
        Ok(all.into_values().collect())
    }

    async fn list(
        &self,
        kind: &str,
        places: Option<&[String]>,
        each: &mut (dyn FnMut(Listed) + Send),
    ) -> Result<()> {
        let written = self.of(kind);
        let mut all: Vec<Listed> = Vec::new();
        self.below
            .list(kind, places, &mut |listed| {
                if !written.contains_key(&listed.id) {
                    all.push(listed);
                }
            })
            .await?;
        let here = |place: &String| places.is_none_or(|places| places.contains(place));
        all.extend(written.into_values().flatten().filter(|it| here(&it.document.place)).map(|it| Listed {
            id: it.document.id,
            place: it.document.place,
            row: Row::from_packed(it.document.row),
        }));
        all.sort_by(|one, other| {
            (&one.place, one.row.packed(), &one.id).cmp(&(&other.place, other.row.packed(), &other.id))
        });
        all.into_iter().for_each(each);
        Ok(())
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(changes.len());
        for change in changes {
            let (kind, id, expected, new) = match change {
                Change::Put(document, expected) => {
                    (document.kind.clone(), document.id.clone(), expected, Some(document))
                }
                Change::Delete { kind, id, expected } => (kind, id, expected, None),
            };
            let now = self.get(&kind, &id).await?;
            let version = now.as_ref().map(|stored| stored.version);
            let fits = match expected {
                Expected::Any => true,
                Expected::Absent => version.is_none(),
                Expected::Version(wanted) => version == Some(wanted),
            };
            // Deleting what is not there succeeds.
            if !(fits || new.is_none() && version.is_none()) {
                outcomes.push(Outcome::Conflict(version));
                continue;
            }
            match (new, now) {
                (Some(document), Some(now)) if now.document == document => {
                    outcomes.push(Outcome::Unchanged(now.version));
                }
                (Some(document), _) => {
                    let version = version.unwrap_or(0) + 1;
                    self.above().insert((kind, id), Some(Stored { document, version }));
                    outcomes.push(Outcome::Written(version));
                }
                (None, _) => {
                    self.above().insert((kind, id), None);
                    outcomes.push(Outcome::Deleted);
                }
            }
        }
        Ok(outcomes)
    }

    async fn lease(&self, _: &str, _: &str, _: Duration) -> Result<Lease> {
        Ok(Lease::Granted)
    }

    async fn release(&self, _: &str, _: &str) -> Result<()> {
        Ok(())
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>> {
        self.below.events(after, limit).await
    }

    async fn latest(&self) -> Result<u64> {
        self.below.latest().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Document;
    use crate::memory::MemoryStore;

    fn document(id: &str, body: &str) -> Document {
        Document {
            kind: "thing".into(),
            id: id.into(),
            place: "kilo".into(),
            row: id.into(),
            body: body.into(),
        }
    }

    #[tokio::test]
    async fn what_is_above_hides_what_is_below_and_never_reaches_it() {
        let below = MemoryStore::default();
        let put = |id: &str, body: &str| Change::Put(document(id, body), Expected::Any);
        below.apply(vec![put("a", "1"), put("b", "1")]).await.unwrap();
        let over = Overlay::new(Arc::new(below.clone()));
        let delete = Change::Delete { kind: "thing".into(), id: "a".into(), expected: Expected::Version(1) };
        let absent = Change::Put(document("b", "2"), Expected::Absent);
        let outcomes = over.apply(vec![delete, absent, put("b", "2"), put("c", "1")]).await.unwrap();
        assert_eq!(
            outcomes,
            [Outcome::Deleted, Outcome::Conflict(Some(1)), Outcome::Written(2), Outcome::Written(1)]
        );
        let mut listed = Vec::new();
        over.list("thing", None, &mut |row| listed.push(row.id)).await.unwrap();
        assert_eq!(listed, ["b", "c"]);
        assert_eq!(over.documents("thing", "").await.unwrap().len(), 2);
        assert_eq!(over.get("thing", "b").await.unwrap().unwrap().document.body, "2");
        assert_eq!(below.get("thing", "b").await.unwrap().unwrap().document.body, "1");
        assert_eq!(below.documents("thing", "").await.unwrap().len(), 2);
    }
}

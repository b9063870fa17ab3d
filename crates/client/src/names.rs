//! Generated names: `albert-001`, `albert-002` … reserved in the store while they are planned.

use std::collections::HashSet;

use cloudmesh_model::{Record, Result};
use cloudmesh_store::{Change, Document, Expected};
use jiff::{SignedDuration, Timestamp};

use crate::{Mesh, records};

/// The store's kind of reservations.
const RESERVED: &str = "reserved_name";

/// How long a name stays reserved for a plan that is not run.
const HELD_FOR: SignedDuration = SignedDuration::from_hours(24);

fn reservation(kind: &str, name: &str, until: Timestamp) -> Result<Document> {
    Ok(Document {
        kind: RESERVED.to_owned(),
        id: format!("{kind}/{name}"),
        place: String::new(),
        row: String::new(),
        body: records::body(&until)?,
    })
}

/// Reserves `count` names `PREFIX-NNN` that no known thing of the kind has and nobody else reserved.
/// The ids of the reservations are for [`release`].
///
/// # Errors
/// The store's.
pub async fn reserve<R: Record>(mesh: &Mesh, prefix: &str, count: usize) -> Result<Vec<String>> {
    let store = mesh.store()?;
    let kind = R::NOUN.name;
    let position = R::NOUN.position("name").unwrap_or(0);
    let mut taken = HashSet::new();
    store
        .list(kind, None, &mut |listed| {
            let name = listed.row.cell(position);
            if name.starts_with(prefix) {
                taken.insert(name.to_owned());
            }
        })
        .await?;
    let now = mesh.now();
    let mut names = Vec::with_capacity(count);
    let mut number = 0_u64;
    while names.len() < count {
        let mut candidates = Vec::new();
        while candidates.len() < count - names.len() {
            number += 1;
            let name = format!("{prefix}-{number:03}");
            if !taken.contains(&name) {
                candidates.push(name);
            }
        }
        for name in candidates {
            if reserve_one(mesh, kind, &name, now).await? {
                names.push(name);
            }
        }
    }
    Ok(names)
}

async fn reserve_one(mesh: &Mesh, kind: &str, name: &str, now: Timestamp) -> Result<bool> {
    let store = mesh.store()?;
    let document = reservation(kind, name, now.checked_add(HELD_FOR).unwrap_or(Timestamp::MAX))?;
    let first = store.apply(vec![Change::Put(document.clone(), Expected::Absent)]).await?;
    if first.first().is_some_and(|outcome| outcome.stands()) {
        return Ok(true);
    }
    let Some(stored) = store.get(RESERVED, &document.id).await? else { return Ok(false) };
    if records::from_body::<Timestamp>(&stored.document)? > now {
        return Ok(false);
    }
    let again = store.apply(vec![Change::Put(document, Expected::Version(stored.version))]).await?;
    Ok(again.first().is_some_and(|outcome| outcome.stands()))
}

/// Gives reservations back.
///
/// # Errors
/// The store's.
pub async fn release(mesh: &Mesh, kind: &str, names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let changes = names.iter().map(|name| Change::Delete {
        kind: RESERVED.to_owned(),
        id: format!("{kind}/{name}"),
        expected: Expected::Any,
    });
    mesh.store()?.apply(changes.collect()).await.map(drop)
}

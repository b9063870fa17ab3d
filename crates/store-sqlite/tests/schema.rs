//! Stores that earlier versions of Cloudmesh left behind still open, with all that is in them.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use std::path::Path;
use std::sync::Arc;

use cloudmesh_model::SystemClock;
use cloudmesh_store::{Change, Document, Expected, Lease, Outcome, Store};
use cloudmesh_store_sqlite::SqliteStore;

/// One file of each schema, as the version of Cloudmesh that introduced it wrote it.
const STORED: &[&str] = &["store-v1.db"];

/// What the stored files hold.
fn documents() -> Vec<Document> {
    let document = |kind: &str, id: &str, place: &str, row: &str, body: &str| Document {
        kind: kind.to_owned(),
        id: id.to_owned(),
        place: place.to_owned(),
        row: row.to_owned(),
        body: body.to_owned(),
    };
    vec![
        document("plan", "p1", "", "", r#"{"steps":[]}"#),
        document("server", "a", "kilo", "albert-001\u{1f}active", r#"{"name":"albert-001"}"#),
        document("server", "b", "kilo", "albert-002\u{1f}stopped", r#"{"name":"albert-002"}"#),
        document("server", "c", "lima", "ключ\u{1f}active", r#"{"name":"ключ"}"#),
    ]
}

async fn fill(store: &SqliteStore) {
    let put = |document: Document| Change::Put(document, Expected::Any);
    let doomed = Document { id: "doomed".to_owned(), ..documents()[1].clone() };
    let before = Document { body: "{}".to_owned(), ..documents()[1].clone() };
    store.apply(vec![put(doomed), put(before)]).await.unwrap();
    store.apply(documents().into_iter().map(put).collect()).await.unwrap();
    let delete =
        Change::Delete { kind: "server".to_owned(), id: "doomed".to_owned(), expected: Expected::Any };
    store.apply(vec![delete]).await.unwrap();
    store.lease("plan/p1", "somebody", std::time::Duration::MAX).await.unwrap();
}

#[test]
#[ignore = "writes a new file for the newest schema; those that are stored are never written again"]
fn store_a_file_of_the_newest_schema() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store-new.db");
    block_on(fill(&SqliteStore::open(&path, Arc::new(SystemClock)).unwrap()));
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

#[test]
fn stores_of_every_version_open_with_all_that_is_in_them() {
    for version in STORED {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(version), &path)
            .unwrap();
        let store = SqliteStore::open(&path, Arc::new(SystemClock)).unwrap();
        block_on(async {
            for document in documents() {
                let stored = store.get(&document.kind, &document.id).await.unwrap().unwrap();
                assert_eq!(stored.version, if document.id == "a" { 2 } else { 1 });
                assert_eq!(stored.document, document);
            }
            let mut listed = Vec::new();
            store.list("server", None, &mut |row| listed.push(row.id)).await.unwrap();
            assert_eq!(listed, ["a", "b", "c"]);
            let events = store.events(0, 100).await.unwrap();
            let seen: Vec<(&str, bool)> =
                events.iter().map(|event| (event.id.as_str(), event.deleted)).collect();
            assert_eq!(seen, [("p1", false), ("a", false), ("b", false), ("c", false), ("doomed", true)]);
            assert_eq!(store.latest().await.unwrap(), events[4].sequence);
            let lease = store.lease("plan/p1", "me", std::time::Duration::from_secs(1)).await.unwrap();
            assert!(matches!(lease, Lease::Held { holder, .. } if holder == "somebody"));

            let next = Document { body: "{}".to_owned(), ..documents()[1].clone() };
            let outcomes = store.apply(vec![Change::Put(next, Expected::Version(2))]).await.unwrap();
            assert_eq!(outcomes, [Outcome::Written(3)]);
        });
    }
}

//! The store on SQLite: one file, many processes.
//!
//! Reads happen on the caller's thread and hold nobody up; writes go through one thread (`write`). The file
//! uses a write-ahead log, except on a network file system, where a rollback journal takes its place.

mod fault;
mod filesystem;
mod patience;
mod read;
mod schema;
mod site;
mod write;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use cloudmesh_model::{Clock, Error, ErrorKind, Result};
use cloudmesh_store::{Change, Event, Lease, Listed, Outcome, Store, Stored};
use rusqlite::Connection;

pub use crate::filesystem::FileSystem;
use crate::patience::Patience;
pub use crate::site::Options;
use crate::site::{Connected, Site};
use crate::write::Writer;

/// A store in one SQLite file.
pub struct SqliteStore {
    reader: Mutex<Connected>,
    writer: Writer,
    site: Arc<Site>,
}

impl SqliteStore {
    /// Opens the store at `path`; makes it, and its folder, where there is none. Leases end by `clock`.
    ///
    /// # Errors
    /// When the file cannot be made, read and written, is damaged, or is of a newer version of Cloudmesh.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        Self::open_with(path, clock, Options::default())
    }

    /// Opens the store as [`SqliteStore::open`] does, with other options.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_with(path: &Path, clock: Arc<dyn Clock>, options: Options) -> Result<Self> {
        Self::open_schema(path, clock, options, schema::MIGRATIONS)
    }

    fn open_schema(
        path: &Path,
        clock: Arc<dyn Clock>,
        options: Options,
        migrations: &'static [&'static str],
    ) -> Result<Self> {
        let (site, connected) = Site::open(path, options, clock, migrations)?;
        let site = Arc::new(site);
        Ok(Self { reader: Mutex::new(connected), writer: Writer::new(Arc::clone(&site)), site })
    }

    /// What a person should know of this store though it works; `cm check` says it.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        self.site.network.then(|| {
            format!(
                "the store {} lies on a network file system: it works without a write-ahead log there, slower \
                 and only as safe as that file system's locks; set CLOUDMESH_HOME to a folder on a disk of \
                 this computer",
                self.site.path.display()
            )
        })
    }

    fn read<T>(&self, work: impl FnOnce(&Connection, &Patience) -> rusqlite::Result<T>) -> Result<T> {
        self.site.check_in_place()?;
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        work(&reader.connection, &reader.patience).map_err(|error| {
            // A newer version may have changed the tables while this process was using them.
            match self.site.check_schema(&reader.connection) {
                Err(newer)
                    if error.sqlite_error_code().is_none_or(|code| code == rusqlite::ErrorCode::Unknown) =>
                {
                    newer
                }
                _ => self.site.fault(&error),
            }
        })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn get(&self, kind: &str, id: &str) -> Result<Option<Stored>> {
        self.read(|connection, patience| patience.run(|| read::get(connection, kind, id)))
    }

    async fn get_many(&self, kind: &str, ids: &[String]) -> Result<Vec<Stored>> {
        self.read(|connection, patience| {
            read::in_one_view(connection, patience, || read::get_many(connection, kind, ids))
        })
    }

    async fn documents(&self, kind: &str, prefix: &str) -> Result<Vec<Stored>> {
        self.read(|connection, patience| patience.run(|| read::documents(connection, kind, prefix)))
    }

    async fn list(
        &self,
        kind: &str,
        places: Option<&[String]>,
        each: &mut (dyn FnMut(Listed) + Send),
    ) -> Result<()> {
        self.read(|connection, patience| {
            read::in_one_view(connection, patience, || read::list(connection, kind, places, each))
        })
    }

    async fn apply(&self, changes: Vec<Change>) -> Result<Vec<Outcome>> {
        self.writer.apply(changes).await
    }

    async fn lease(&self, name: &str, holder: &str, duration: Duration) -> Result<Lease> {
        self.writer.lease(name, holder, duration).await
    }

    async fn release(&self, name: &str, holder: &str) -> Result<()> {
        self.writer.release(name, holder).await
    }

    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>> {
        let (events, forgotten) = self.read(|connection, patience| {
            read::in_one_view(connection, patience, || {
                Ok((
                    read::events(connection, after, limit)?,
                    unsigned(read::counter(connection, "forgotten")?),
                ))
            })
        })?;
        if (1..forgotten).contains(&after) {
            return Err(Error::new(
                ErrorKind::Stale,
                format!("the feed of changes no longer reaches back to {after}: deletions since then are forgotten"),
            )
            .hint("read the lists anew, and follow the feed from its newest event"));
        }
        Ok(events)
    }

    async fn latest(&self) -> Result<u64> {
        self.read(|connection, patience| patience.run(|| read::counter(connection, "sequence"))).map(unsigned)
    }
}

/// SQLite's whole numbers have a sign, ours do not; neither comes near its end.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use cloudmesh_model::SystemClock;
    use cloudmesh_store::{Document, Expected};

    use super::*;

    const SECOND: &str = "ALTER TABLE document ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'";
    const NEXT: &[&str] = &[schema::MIGRATIONS[0], SECOND];
    const BROKEN: &[&str] = &[schema::MIGRATIONS[0], SECOND, "CREATE TABLE body (a)"];

    fn open(path: &Path, migrations: &'static [&'static str]) -> Result<SqliteStore> {
        SqliteStore::open_schema(path, Arc::new(SystemClock), Options::default(), migrations)
    }

    fn block_on<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    fn put(store: &SqliteStore, id: &str) -> Result<Vec<Outcome>> {
        let text = || "{}".to_owned();
        let document = Document {
            kind: "server".to_owned(),
            id: id.to_owned(),
            place: text(),
            row: text(),
            body: text(),
        };
        block_on(store.apply(vec![Change::Put(document, Expected::Any)]))
    }

    #[test]
    fn an_older_schema_moves_forward_with_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        put(&open(&path, &NEXT[..1]).unwrap(), "a").unwrap();
        let store = open(&path, NEXT).unwrap();
        assert!(block_on(store.get("server", "a")).unwrap().is_some());
        let connection = Connection::open(&path).unwrap();
        let colour: String =
            connection.query_row("SELECT colour FROM document", (), |row| row.get(0)).unwrap();
        assert_eq!((colour.as_str(), schema::number(&connection)), ("red", Ok(2)));
        let error = open(&path, &NEXT[..1]).err().unwrap();
        assert!(error.message().contains("number 2"), "{error}");
    }

    #[test]
    fn twenty_move_it_forward_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        put(&open(&path, &NEXT[..1]).unwrap(), "a").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| put(&open(&path, NEXT).unwrap(), "b").unwrap());
            }
        });
        assert_eq!(block_on(open(&path, NEXT).unwrap().documents("server", "")).unwrap().len(), 2);
    }

    #[test]
    fn a_migration_that_fails_leaves_the_store_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        put(&open(&path, &NEXT[..1]).unwrap(), "a").unwrap();
        assert!(open(&path, BROKEN).is_err());
        let store = open(&path, &NEXT[..1]).unwrap();
        assert!(block_on(store.get("server", "a")).unwrap().is_some());
    }

    #[test]
    fn deletions_that_were_forgotten_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = open(&path, NEXT).unwrap();
        put(&store, "a").unwrap();
        put(&store, "b").unwrap();
        let delete = |id: &str| {
            let change =
                Change::Delete { kind: "server".to_owned(), id: id.to_owned(), expected: Expected::Any };
            block_on(store.apply(vec![change])).unwrap();
        };
        delete("a");
        let ages_later = "UPDATE counter SET value = 5000000 WHERE name = 'sequence'";
        Connection::open(&path).unwrap().execute_batch(ages_later).unwrap();
        delete("b");
        let events = block_on(store.events(0, 10)).unwrap();
        assert_eq!(events.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(block_on(store.events(2, 10)).unwrap_err().kind(), ErrorKind::Stale);
        assert_eq!(block_on(store.events(4_999_999, 10)).unwrap().len(), 1);
    }
}

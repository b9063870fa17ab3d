//! Where state lives: documents, leases, a feed of changes.
//!
//! The trait promises little, so that SQLite, PostgreSQL and MongoDB fit alike: one document is put
//! if its version is unchanged; there is no transaction across documents. It knows no plan, no server.

pub mod memory;
pub mod overlay;
#[cfg(feature = "story")]
pub mod story;

use std::time::Duration;

use async_trait::async_trait;
use cloudmesh_model::{Result, Row};
use serde::{Deserialize, Serialize};

/// One document. `kind` and `id` together are its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// What it is: `server`, `plan`, `default` …
    pub kind: String,
    /// Its key within the kind.
    pub id: String,
    /// The place that it belongs to; empty for what belongs to none.
    pub place: String,
    /// List columns, packed by [`Row`]; kept apart so that lists never read bodies.
    pub row: String,
    /// The whole document, JSON.
    pub body: String,
}

/// A document as it was read, with the version to give back in [`Expected::Version`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The document.
    pub document: Document,
    /// Grows by one with each change of this document; begins at 1.
    pub version: u64,
}

/// What a change expects to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Whatever is there.
    Any,
    /// No document under this key.
    Absent,
    /// This very version.
    Version(u64),
}

/// One change of one document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Writes the document, if what is there is as expected. Same row, body and place as before: nothing
    /// is written, the version stays, no event is made. What is expected is looked at first: a put that
    /// expects something else is in conflict even where it would write the same.
    Put(Document, Expected),
    /// Takes the document away, if what is there is as expected. Deleting what is not there succeeds.
    Delete {
        /// The document's kind.
        kind: String,
        /// The document's id.
        id: String,
        /// What it expects to find.
        expected: Expected,
    },
}

/// What became of one change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Written; the document now has this version.
    Written(u64),
    /// Nothing was to be written: the same document (of this version) was there.
    Unchanged(u64),
    /// Taken away, or was not there.
    Deleted,
    /// Not written: something else was there (its version, or `None` for nothing).
    Conflict(Option<u64>),
}

impl Outcome {
    /// Whether the change stands.
    #[must_use]
    pub fn stands(self) -> bool {
        !matches!(self, Self::Conflict(_))
    }
}

/// A row of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The document's id.
    pub id: String,
    /// The document's place.
    pub place: String,
    /// Its list columns.
    pub row: Row,
}

/// One entry of the feed of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Position in the feed; grows strictly, with gaps.
    pub sequence: u64,
    /// The document's kind.
    pub kind: String,
    /// The document's id.
    pub id: String,
    /// The document's place.
    pub place: String,
    /// Whether it was taken away.
    pub deleted: bool,
}

/// What came of asking for a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lease {
    /// It is ours until it expires or is released.
    Granted,
    /// Somebody else has it.
    Held {
        /// Who, as they named themselves.
        holder: String,
        /// How long it is still theirs unless they renew it.
        remaining: Duration,
    },
}

/// A backend of state. Every method may be called from many processes at once. Errors have the kind
/// [`cloudmesh_model::ErrorKind::Store`].
#[async_trait]
pub trait Store: Send + Sync {
    /// Reads one document.
    async fn get(&self, kind: &str, id: &str) -> Result<Option<Stored>>;

    /// Reads the documents of `kind` with these ids; those that are not there are left out; the
    /// order is not promised.
    async fn get_many(&self, kind: &str, ids: &[String]) -> Result<Vec<Stored>>;

    /// Reads all documents of `kind` whose id begins with `prefix`, in the order of their ids.
    async fn documents(&self, kind: &str, prefix: &str) -> Result<Vec<Stored>>;

    /// Reads list columns only: those of `kind`, at the given places (or everywhere with `None`), in
    /// the order of place and packed row (byte by byte; the id decides between equals). Calls `each`
    /// for every row.
    async fn list(
        &self,
        kind: &str,
        places: Option<&[String]>,
        each: &mut (dyn FnMut(Listed) + Send),
    ) -> Result<()>;

    /// Carries out changes, each on its own: one in conflict does not hold back another. Outcomes are in
    /// the order of the changes. All that stand are on disk (synchronously) when this returns.
    async fn apply(&self, changes: Vec<Change>) -> Result<Vec<Outcome>>;

    /// Asks for the lease `name` for `holder`, or renews it if it is `holder`'s already.
    async fn lease(&self, name: &str, holder: &str, duration: Duration) -> Result<Lease>;

    /// Gives the lease back; does nothing if it is not `holder`'s.
    async fn release(&self, name: &str, holder: &str) -> Result<()>;

    /// Reads the feed of changes after `after`, oldest first, `limit` events at most. A consumer
    /// that starts now asks [`Store::latest`] first. A document that changed again may stand in the feed
    /// with its newest change only; so no consumer misses a document, however long it was away. If a backend
    /// has forgotten deletions since `after`, it says so: an error of the kind
    /// [`cloudmesh_model::ErrorKind::Stale`]; the consumer then reads its lists anew.
    async fn events(&self, after: u64, limit: usize) -> Result<Vec<Event>>;

    /// The position of the newest event; 0 if there was none.
    async fn latest(&self) -> Result<u64>;
}

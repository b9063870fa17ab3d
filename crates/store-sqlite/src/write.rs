//! Writing. One thread a process writes; what waits when it begins a transaction goes into the same
//! one, so that a hundred tasks that wait for the disk wait for it once. A caller that is cancelled
//! leaves nothing half done, and waiting for other processes stops no other task.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_store::{Change, Document, Expected, Lease, Outcome};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use tokio::sync::oneshot;

use crate::read::counter;
use crate::site::{Connected, Site};
use crate::{signed, unsigned};

/// Changes that go into one transaction, at most, unless one caller has more.
const MOST_CHANGES: usize = 10_000;

/// Deleted documents stand in the feed until it has grown by this much.
const REMEMBERED: i64 = 1_000_000;

type Answer<T> = oneshot::Sender<Result<T>>;

enum Job {
    Apply(Vec<Change>, Answer<Vec<Outcome>>),
    Lease { name: String, holder: String, duration: Duration, answer: Answer<Lease> },
    Release { name: String, holder: String, answer: Answer<()> },
}

/// The thread that writes; it starts with the first change.
pub(crate) struct Writer {
    site: Arc<Site>,
    running: Mutex<Option<Running>>,
}

struct Running {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

impl Writer {
    pub(crate) fn new(site: Arc<Site>) -> Self {
        Self { site, running: Mutex::new(None) }
    }

    pub(crate) async fn apply(&self, changes: Vec<Change>) -> Result<Vec<Outcome>> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        self.ask(|answer| Job::Apply(changes, answer)).await
    }

    pub(crate) async fn lease(&self, name: &str, holder: &str, duration: Duration) -> Result<Lease> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.ask(|answer| Job::Lease { name, holder, duration, answer }).await
    }

    pub(crate) async fn release(&self, name: &str, holder: &str) -> Result<()> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.ask(|answer| Job::Release { name, holder, answer }).await
    }

    async fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T> {
        let (answer, question) = oneshot::channel();
        self.send(job(answer))?;
        question.await.map_err(|_| stopped())?
    }

    fn send(&self, job: Job) -> Result<()> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let running = match &mut *running {
            Some(running) => running,
            none => none.insert(self.start()?),
        };
        running.jobs.send(job).map_err(|_| stopped())
    }

    fn start(&self) -> Result<Running> {
        let (jobs, queue) = mpsc::channel();
        let site = Arc::clone(&self.site);
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || work(&site, &queue))
            .map_err(|error| {
                Error::new(
                    ErrorKind::Store,
                    format!("cannot start the thread that writes the store: {error}"),
                )
            })?;
        Ok(Running { jobs, thread })
    }
}

impl Drop for Writer {
    /// Waits for what is under way.
    fn drop(&mut self) {
        let running = self.running.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { jobs, thread }) = running {
            drop(jobs);
            // Had it panicked, its callers would know by now.
            let _ = thread.join();
        }
    }
}

fn stopped() -> Error {
    Error::internal("the thread that writes the store has stopped")
}

fn work(site: &Site, queue: &Receiver<Job>) {
    let mut ready: Option<Connected> = None;
    while let Ok(first) = queue.recv() {
        let mut changes = 0;
        let mut batches = Vec::new();
        let mut others = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Apply(batch, answer) => {
                    changes += batch.len();
                    batches.push((batch, answer));
                }
                other => others.push(other),
            }
            next = if changes < MOST_CHANGES { queue.try_recv().ok() } else { None };
        }
        let connected = match ready.take().map_or_else(|| connect(site), Ok) {
            Ok(connected) => &*ready.insert(connected),
            Err(error) => {
                for (_, answer) in batches {
                    let _ = answer.send(Err(error.clone()));
                }
                for job in others {
                    refuse(job, &error);
                }
                continue;
            }
        };
        if !batches.is_empty() {
            apply_together(site, connected, batches);
        }
        for job in others {
            hold(site, connected, job);
        }
    }
}

fn connect(site: &Site) -> Result<Connected> {
    site.check_in_place()?;
    let connected = site.connect()?;
    let set_up = || {
        let connection = &connected.connection;
        connection.set_prepared_statement_cache_capacity(32);
        connection.execute_batch(durable(site))?;
        if let Some(most) = site.options.most_bytes {
            let page: i64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let pages = signed(most) / page.max(1);
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        }
        Ok(())
    };
    connected.patience.run(set_up).map_err(|error| site.fault(&error))?;
    Ok(connected)
}

/// With a rollback journal only EXTRA keeps a change over a power failure.
fn durable(site: &Site) -> &'static str {
    if site.network { "PRAGMA synchronous = EXTRA" } else { "PRAGMA synchronous = FULL" }
}

fn refuse(job: Job, error: &Error) {
    // Who no longer waits for the answer needs none.
    match job {
        Job::Apply(_, answer) => drop(answer.send(Err(error.clone()))),
        Job::Lease { answer, .. } => drop(answer.send(Err(error.clone()))),
        Job::Release { answer, .. } => drop(answer.send(Err(error.clone()))),
    }
}

type Batch = (Vec<Change>, Answer<Vec<Outcome>>);

fn apply_together(site: &Site, connected: &Connected, batches: Vec<Batch>) {
    let all: Vec<&[Change]> = batches.iter().map(|(changes, _)| changes.as_slice()).collect();
    match in_transaction(site, connected, |connection| apply(connection, &all)) {
        Ok(outcomes) => {
            for ((_, answer), outcomes) in batches.into_iter().zip(outcomes) {
                let _ = answer.send(Ok(outcomes));
            }
        }
        // One that is too large for the disk must not take the others with it.
        Err(_) if batches.len() > 1 => {
            for batch in batches {
                apply_together(site, connected, vec![batch]);
            }
        }
        Err(error) => {
            for (_, answer) in batches {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
}

/// One immediate transaction: it holds the right to write before it reads what it decides by.
fn in_transaction<T>(
    site: &Site,
    connected: &Connected,
    work: impl Fn(&Connection) -> rusqlite::Result<T>,
) -> Result<T> {
    site.check_in_place()?;
    let Connected { connection, patience } = connected;
    let fault = |error: rusqlite::Error| site.fault(&error);
    patience.run(|| connection.prepare_cached("BEGIN IMMEDIATE")?.execute(()).map(drop)).map_err(fault)?;
    let done = site.check_schema(connection).and_then(|()| {
        let result = work(connection).map_err(fault)?;
        // With a rollback journal the end waits until others have finished reading.
        patience.run(|| connection.prepare_cached("COMMIT")?.execute(()).map(drop)).map_err(fault)?;
        Ok(result)
    });
    if done.is_err() && !connection.is_autocommit() {
        // If even that fails, SQLite rolls back with the next beginning or opening.
        let _ = connection.execute_batch("ROLLBACK");
    }
    done
}

/// What is there under a key.
struct Found {
    version: u64,
    body: i64,
    same_listing: bool,
    same_body: bool,
}

struct Statements<'a> {
    find: CachedStatement<'a>,
    find_key: CachedStatement<'a>,
    insert_body: CachedStatement<'a>,
    insert: CachedStatement<'a>,
    update_body: CachedStatement<'a>,
    update: CachedStatement<'a>,
    update_listing: CachedStatement<'a>,
    delete_body: CachedStatement<'a>,
    delete: CachedStatement<'a>,
    gone: CachedStatement<'a>,
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> rusqlite::Result<Self> {
        let prepare = |text| connection.prepare_cached(text);
        Ok(Self {
            find: prepare(
                "SELECT version, body, place, packed, text
                 FROM document JOIN body ON body.number = document.body WHERE kind = ?1 AND id = ?2",
            )?,
            find_key: prepare("SELECT version, body, place FROM document WHERE kind = ?1 AND id = ?2")?,
            insert_body: prepare("INSERT INTO body (text) VALUES (?1)")?,
            insert: prepare(
                "INSERT INTO document (kind, id, place, packed, version, sequence, body)
                 VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6)",
            )?,
            update_body: prepare("UPDATE body SET text = ?2 WHERE number = ?1")?,
            update: prepare("UPDATE document SET version = ?3, sequence = ?4 WHERE kind = ?1 AND id = ?2")?,
            update_listing: prepare(
                "UPDATE document SET version = ?3, sequence = ?4, place = ?5, packed = ?6
                 WHERE kind = ?1 AND id = ?2",
            )?,
            delete_body: prepare("DELETE FROM body WHERE number = ?1")?,
            delete: prepare("DELETE FROM document WHERE kind = ?1 AND id = ?2")?,
            gone: prepare("INSERT INTO gone (sequence, kind, id, place) VALUES (?1, ?2, ?3, ?4)")?,
        })
    }
}

fn apply(connection: &Connection, batches: &[&[Change]]) -> rusqlite::Result<Vec<Vec<Outcome>>> {
    let before = counter(connection, "sequence")?;
    let mut sequence = before;
    let mut statements = Statements::prepare(connection)?;
    let mut deleted = false;
    let mut outcomes = Vec::with_capacity(batches.len());
    for changes in batches {
        let mut of_batch = Vec::with_capacity(changes.len());
        for change in *changes {
            of_batch.push(match change {
                Change::Put(document, expected) => {
                    put(connection, &mut statements, &mut sequence, document, *expected)?
                }
                Change::Delete { kind, id, expected } => {
                    deleted = true;
                    delete(&mut statements, &mut sequence, kind, id, *expected)?
                }
            });
        }
        outcomes.push(of_batch);
    }
    if sequence != before {
        let mut set = connection.prepare_cached("UPDATE counter SET value = ?2 WHERE name = ?1")?;
        set.execute(params!["sequence", sequence])?;
        if deleted && sequence > REMEMBERED {
            let horizon = sequence - REMEMBERED;
            let mut forget = connection.prepare_cached("DELETE FROM gone WHERE sequence <= ?1")?;
            if forget.execute([horizon])? > 0 {
                set.execute(params!["forgotten", horizon])?;
            }
        }
    }
    Ok(outcomes)
}

/// Why `expected` does not hold of what is there.
fn conflict(expected: Expected, found: Option<u64>) -> Option<Outcome> {
    let holds = match expected {
        Expected::Any => true,
        Expected::Absent => found.is_none(),
        Expected::Version(version) => found == Some(version),
    };
    (!holds).then_some(Outcome::Conflict(found))
}

fn put(
    connection: &Connection,
    statements: &mut Statements<'_>,
    sequence: &mut i64,
    document: &Document,
    expected: Expected,
) -> rusqlite::Result<Outcome> {
    let Document { kind, id, place, row: packed, body } = document;
    let found = statements
        .find
        .query_row([kind, id], |row| {
            Ok(Found {
                version: unsigned(row.get(0)?),
                body: row.get(1)?,
                same_listing: row.get_ref(2)?.as_str()? == place && row.get_ref(3)?.as_str()? == packed,
                same_body: row.get_ref(4)?.as_str()? == body,
            })
        })
        .optional()?;
    if let Some(conflict) = conflict(expected, found.as_ref().map(|found| found.version)) {
        return Ok(conflict);
    }
    let Some(found) = found else {
        *sequence += 1;
        statements.insert_body.execute([body])?;
        let number = connection.last_insert_rowid();
        statements.insert.execute(params![kind, id, place, packed, *sequence, number])?;
        return Ok(Outcome::Written(1));
    };
    if found.same_listing && found.same_body {
        return Ok(Outcome::Unchanged(found.version));
    }
    *sequence += 1;
    let version = found.version + 1;
    if !found.same_body {
        statements.update_body.execute(params![found.body, body])?;
    }
    // A column that is set is written to its indexes, even where it stays as it was.
    if found.same_listing {
        statements.update.execute(params![kind, id, signed(version), *sequence])?;
    } else {
        statements.update_listing.execute(params![kind, id, signed(version), *sequence, place, packed])?;
    }
    Ok(Outcome::Written(version))
}

fn delete(
    statements: &mut Statements<'_>,
    sequence: &mut i64,
    kind: &str,
    id: &str,
    expected: Expected,
) -> rusqlite::Result<Outcome> {
    let found = statements
        .find_key
        .query_row([kind, id], |row| {
            Ok((unsigned(row.get(0)?), row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    let Some((version, body, place)) = found else { return Ok(Outcome::Deleted) };
    if let Some(conflict) = conflict(expected, Some(version)) {
        return Ok(conflict);
    }
    *sequence += 1;
    statements.delete_body.execute([body])?;
    statements.delete.execute([kind, id])?;
    statements.gone.execute(params![*sequence, kind, id, place])?;
    Ok(Outcome::Deleted)
}

/// Leases need not outlive a power failure, since their holder does not: with a write-ahead log they
/// wait for no disk.
fn hold(site: &Site, connected: &Connected, job: Job) {
    let quick = |work: &dyn Fn(&Connection) -> rusqlite::Result<Lease>| {
        let set = |text: &str| connected.connection.execute_batch(text).map_err(|error| site.fault(&error));
        if !site.network {
            set("PRAGMA synchronous = NORMAL")?;
        }
        let result = in_transaction(site, connected, work);
        set(durable(site))?;
        result
    };
    let now = site.clock.now().as_microsecond();
    match job {
        Job::Lease { name, holder, duration, answer } => {
            let _ = answer.send(quick(&|connection| lease(connection, &name, &holder, duration, now)));
        }
        Job::Release { name, holder, answer } => {
            let released = quick(&|connection| {
                connection
                    .prepare_cached("DELETE FROM lease WHERE name = ?1 AND holder = ?2")?
                    .execute([&name, &holder])?;
                Ok(Lease::Granted)
            });
            let _ = answer.send(released.map(|_| ()));
        }
        Job::Apply(..) => refuse(job, &Error::internal("changes are not leases")),
    }
}

fn lease(
    connection: &Connection,
    name: &str,
    holder: &str,
    duration: Duration,
    now: i64,
) -> rusqlite::Result<Lease> {
    let held: Option<(String, i64)> = connection
        .prepare_cached("SELECT holder, expires FROM lease WHERE name = ?1 AND expires > ?2")?
        .query_row(params![name, now], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((other, expires)) = held
        && other != holder
    {
        let remaining = Duration::from_micros(unsigned(expires.saturating_sub(now)));
        return Ok(Lease::Held { holder: other, remaining });
    }
    let expires = now.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX));
    connection
        .prepare_cached("INSERT OR REPLACE INTO lease (name, holder, expires) VALUES (?1, ?2, ?3)")?
        .execute(params![name, holder, expires])?;
    Ok(Lease::Granted)
}

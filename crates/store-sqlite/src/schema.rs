//! What the tables look like, as numbered migrations. A migration that was released is never edited:
//! a change of the schema is a new one at the end.

use rusqlite::Connection;

/// Marks a SQLite file as a store of Cloudmesh ("cmsh"); stands in the file's header.
pub(crate) const APPLICATION: i32 = 0x636d_7368;

/// The migrations, in order. The schema's number (`user_version`) is how many of them were carried out.
///
/// 1. Documents with their list columns; bodies apart, so that a listing never pages through them. The index
///    `listing` holds all that a list shows, in its order. `feed` is the feed of changes: each document
///    stands in it once, with its newest change; `gone` holds those that were taken away.
pub(crate) const MIGRATIONS: &[&str] = &["
    CREATE TABLE body (
        number INTEGER PRIMARY KEY,
        text TEXT NOT NULL
    ) STRICT;
    CREATE TABLE document (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        place TEXT NOT NULL,
        packed TEXT NOT NULL,
        version INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        body INTEGER NOT NULL,
        PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX listing ON document (kind, place, packed, id);
    CREATE UNIQUE INDEX feed ON document (sequence);
    CREATE TABLE gone (
        sequence INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        place TEXT NOT NULL
    ) STRICT;
    CREATE TABLE lease (
        name TEXT NOT NULL PRIMARY KEY,
        holder TEXT NOT NULL,
        expires INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE counter (
        name TEXT NOT NULL PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO counter VALUES ('sequence', 0), ('forgotten', 0);
"];

/// The schema's number in the file.
pub(crate) fn number(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("PRAGMA user_version")?.query_row((), |row| row.get(0))
}

/// Carries out the migrations that the file has not seen, all or none. The caller holds the lock file.
pub(crate) fn migrate(connection: &Connection, migrations: &[&str]) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let carried_out = (|| {
        let seen = usize::try_from(number(connection)?).unwrap_or(usize::MAX);
        for migration in migrations.iter().skip(seen) {
            connection.execute_batch(migration)?;
        }
        if seen < migrations.len() {
            let reached = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
            connection.pragma_update(None, "user_version", reached)?;
            connection.pragma_update(None, "application_id", APPLICATION)?;
        }
        connection.execute_batch("COMMIT")
    })();
    if carried_out.is_err() {
        // What made it fail is what the caller hears of; SQLite may have rolled back by itself.
        let _ = connection.execute_batch("ROLLBACK");
    }
    carried_out
}

//! Reading: documents, lists, the feed.

use cloudmesh_model::Row;
use cloudmesh_store::{Document, Event, Listed, Stored};
use rusqlite::{Connection, OptionalExtension, Statement, params};

use crate::patience::Patience;

const DOCUMENT: &str = "SELECT document.id, place, packed, version, text
    FROM document JOIN body ON body.number = document.body
    WHERE kind = ?1 AND id = ?2";

const DOCUMENTS: &str = "SELECT document.id, place, packed, version, text
    FROM document JOIN body ON body.number = document.body
    WHERE kind = ?1 AND id >= ?2 ORDER BY id";

pub(crate) const LIST: &str =
    "SELECT id, place, packed FROM document WHERE kind = ?1 ORDER BY place, packed, id";

pub(crate) const LIST_AT: &str =
    "SELECT id, place, packed FROM document WHERE kind = ?1 AND place = ?2 ORDER BY packed, id";

pub(crate) const EVENTS: &str = "SELECT sequence, kind, id, place, 0 FROM document WHERE sequence > ?1
    UNION ALL
    SELECT sequence, kind, id, place, 1 FROM gone WHERE sequence > ?1
    ORDER BY sequence LIMIT ?2";

pub(crate) const COUNTER: &str = "SELECT value FROM counter WHERE name = ?1";

/// Does `work` on one unchanging view of the store. Only beginning it waits for others, so that rows
/// that were passed on are never passed on again.
pub(crate) fn in_one_view<T>(
    connection: &Connection,
    patience: &Patience,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    // The transaction is deferred: it gets its view with the first read.
    let view = connection.unchecked_transaction()?;
    patience.run(|| counter(connection, "sequence"))?;
    let result = work();
    view.rollback()?;
    result
}

pub(crate) fn counter(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.prepare_cached(COUNTER)?.query_row([name], |row| row.get(0))
}

fn stored(kind: &str, row: &rusqlite::Row<'_>) -> rusqlite::Result<Stored> {
    let document = Document {
        kind: kind.to_owned(),
        id: row.get(0)?,
        place: row.get(1)?,
        row: row.get(2)?,
        body: row.get(4)?,
    };
    Ok(Stored { document, version: crate::unsigned(row.get(3)?) })
}

pub(crate) fn get(connection: &Connection, kind: &str, id: &str) -> rusqlite::Result<Option<Stored>> {
    connection.prepare_cached(DOCUMENT)?.query_row([kind, id], |row| stored(kind, row)).optional()
}

pub(crate) fn get_many(connection: &Connection, kind: &str, ids: &[String]) -> rusqlite::Result<Vec<Stored>> {
    let mut ids: Vec<&String> = ids.iter().collect();
    ids.sort_unstable();
    ids.dedup();
    let mut statement = connection.prepare_cached(DOCUMENT)?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(statement.query_row([kind, id], |row| stored(kind, row)).optional()?);
    }
    Ok(found)
}

pub(crate) fn documents(connection: &Connection, kind: &str, prefix: &str) -> rusqlite::Result<Vec<Stored>> {
    let mut statement = connection.prepare_cached(DOCUMENTS)?;
    let mut rows = statement.query([kind, prefix])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if !row.get_ref(0)?.as_str()?.starts_with(prefix) {
            break;
        }
        found.push(stored(kind, row)?);
    }
    Ok(found)
}

pub(crate) fn list(
    connection: &Connection,
    kind: &str,
    places: Option<&[String]>,
    each: &mut (dyn FnMut(Listed) + Send),
) -> rusqlite::Result<()> {
    let Some(places) = places else {
        return pass_on(&mut *connection.prepare_cached(LIST)?, params![kind], each);
    };
    let mut places: Vec<&String> = places.iter().collect();
    places.sort_unstable();
    places.dedup();
    let mut statement = connection.prepare_cached(LIST_AT)?;
    places.into_iter().try_for_each(|place| pass_on(&mut statement, params![kind, place], each))
}

fn pass_on(
    statement: &mut Statement<'_>,
    parameters: &[&dyn rusqlite::ToSql],
    each: &mut (dyn FnMut(Listed) + Send),
) -> rusqlite::Result<()> {
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        each(Listed { id: row.get(0)?, place: row.get(1)?, row: Row::from_packed(row.get(2)?) });
    }
    Ok(())
}

pub(crate) fn events(connection: &Connection, after: u64, limit: usize) -> rusqlite::Result<Vec<Event>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(EVENTS)?;
    let rows = statement.query_map(params![crate::signed(after), limit], |row| {
        Ok(Event {
            sequence: crate::unsigned(row.get(0)?),
            kind: row.get(1)?,
            id: row.get(2)?,
            place: row.get(3)?,
            deleted: row.get(4)?,
        })
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    fn plan(query: &str) -> String {
        let connection = Connection::open_in_memory().unwrap();
        schema::migrate(&connection, schema::MIGRATIONS).unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let count = statement.parameter_count();
        let parameters = rusqlite::params_from_iter(std::iter::repeat_n("1", count));
        let lines = statement.query_map(parameters, |row| row.get::<_, String>(3)).unwrap();
        lines.map(Result::unwrap).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn lists_are_read_from_their_index_alone_and_never_sorted() {
        for query in [LIST, LIST_AT] {
            let plan = plan(query);
            assert!(plan.contains("COVERING INDEX listing") && !plan.contains("TEMP"), "{plan}");
        }
    }

    #[test]
    fn the_feed_and_prefixes_are_never_sorted() {
        for query in [EVENTS, DOCUMENTS] {
            let plan = plan(query);
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP"), "{plan}");
        }
    }
}

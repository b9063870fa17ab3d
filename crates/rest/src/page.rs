//! Pages of a list. A page ends with a row; the next one begins after it, wherever it stands then.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloudmesh_model::{Error, ErrorKind, Noun, Result, Row};
use serde::{Deserialize, Serialize};

use crate::tokens::hash;

/// The most rows of one page.
pub(crate) const MOST: usize = 10_000;
/// The rows of a page where the size is not given.
const USUAL: usize = 100;

/// Where a page ended. To callers it is an opaque word.
#[derive(Serialize, Deserialize)]
struct Cursor {
    /// What tells the last row: its id, else what it says.
    key: String,
    /// Where it stood.
    at: usize,
    /// How the list was sorted.
    sort: String,
}

/// The part of a list that was asked for.
pub(crate) struct Page {
    size: usize,
    after: Option<Cursor>,
    sort: String,
    /// Where the next one begins, once this one is cut.
    pub(crate) next: Option<String>,
}

impl Page {
    /// The page of `size` rows that begins at `cursor`.
    pub(crate) fn new(size: Option<usize>, cursor: Option<&str>, sort: Option<&str>) -> Result<Self> {
        let size = size.unwrap_or(USUAL);
        if !(1..=MOST).contains(&size) {
            return Err(Error::bad_input(format!("page_size is a number from 1 to {MOST}")));
        }
        let sort = sort.unwrap_or_default().to_owned();
        let unreadable = || {
            Error::bad_input("the cursor is none of this list")
                .hint("take it from `next` of the page before, with the same sort")
        };
        let after = cursor
            .map(|cursor| {
                let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| unreadable())?;
                serde_json::from_slice::<Cursor>(&bytes).map_err(|_| unreadable())
            })
            .transpose()?;
        if after.as_ref().is_some_and(|after| after.sort != sort) {
            return Err(unreadable());
        }
        Ok(Self { size, after, sort, next: None })
    }

    /// The rows of this page.
    ///
    /// # Errors
    /// When the row that the page before ended with is no longer there: where to go on is then not known, and
    /// guessing would leave rows out in silence.
    pub(crate) fn cut(&mut self, noun: &'static Noun, mut rows: Vec<Row>) -> Result<Vec<Row>> {
        if !self.sort.is_empty() {
            cloudmesh_present::sort_rows(noun, &self.sort, &mut rows)?;
        }
        let key = |row: &Row| match noun.position("id").map(|position| row.cell(position)) {
            Some(id) if !id.is_empty() => id.to_owned(),
            _ => hash(row.packed()),
        };
        let begin = match &self.after {
            None => 0,
            Some(after) if rows.get(after.at).is_some_and(|row| key(row) == after.key) => after.at + 1,
            Some(after) => {
                let found = rows.iter().position(|row| key(row) == after.key).ok_or_else(|| {
                    Error::new(ErrorKind::Stale, "the last row of the page before is no longer in the list")
                        .hint("begin again without a cursor")
                })?;
                found + 1
            }
        };
        let end = begin.saturating_add(self.size).min(rows.len());
        if end < rows.len() && end > begin {
            let cursor = Cursor { key: key(&rows[end - 1]), at: end - 1, sort: self.sort.clone() };
            let text = serde_json::to_vec(&cursor)
                .map_err(|error| Error::internal(format!("a cursor cannot be written: {error}")))?;
            self.next = Some(URL_SAFE_NO_PAD.encode(text));
        }
        rows.truncate(end);
        Ok(rows.split_off(begin.min(rows.len())))
    }
}

//! What a list shows. A noun names its columns once; tables, JSON, CSV, the store's list columns
//! and the schemas of all doors are made from that.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ThingId;

/// The type of a column's values in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A string; empty means null.
    Text,
    /// A whole number; empty means null.
    Integer,
    /// An RFC 3339 moment in UTC; shown as an age in tables; empty means null.
    Time,
    /// `true` or `false`; empty means null.
    Flag,
    /// Strings joined by one space (none of them contains a space); an array in JSON.
    List,
}

/// When a table shows a column. JSON always has all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// In every list.
    List,
    /// Only when one thing is shown, or when `--columns` names it.
    Detail,
}

/// One column of a noun.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Name in JSON, in `--columns` and `--sort`, and, in capitals, the table's heading.
    pub name: &'static str,
    /// Type of its values.
    pub kind: ColumnKind,
    /// When tables show it.
    pub shown: Shown,
    /// One line of help; the schema's description.
    pub about: &'static str,
}

/// A kind of row: what `vm list` or `hpc queue` gives.
#[derive(Debug)]
pub struct Noun {
    /// Singular, as the store's kind: `server`.
    pub name: &'static str,
    /// Plural, for sentences: `servers`.
    pub plural: &'static str,
    /// Its columns, in order of display.
    pub columns: &'static [Column],
}

impl Noun {
    /// The position of the column called `name`.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// The character between two cells of a packed row (ASCII unit separator).
pub const CELL_SEPARATOR: char = '\u{1f}';

/// One row, its cells packed into one string: one allocation a row, and the very text that the
/// store keeps as list columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Row(String);

impl Row {
    /// A row from its packed text.
    #[must_use]
    pub fn from_packed(text: String) -> Self {
        Self(text)
    }

    /// The packed text.
    #[must_use]
    pub fn packed(&self) -> &str {
        &self.0
    }

    /// The cells, in the noun's order of columns.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.0.split(CELL_SEPARATOR)
    }

    /// The cell at `position`; empty if the row is shorter.
    #[must_use]
    pub fn cell(&self, position: usize) -> &str {
        self.cells().nth(position).unwrap_or("")
    }
}

/// Packs cells into a [`Row`]. Control characters in a value become spaces: a name from a cloud
/// can neither break a row nor steer a terminal.
#[derive(Debug, Default)]
pub struct RowBuilder {
    text: String,
    any: bool,
}

impl RowBuilder {
    /// An empty row.
    #[must_use]
    pub fn new() -> Self {
        Self { text: String::with_capacity(160), any: false }
    }

    /// Adds a cell.
    #[must_use]
    pub fn cell(mut self, value: &str) -> Self {
        if std::mem::replace(&mut self.any, true) {
            self.text.push(CELL_SEPARATOR);
        }
        self.text.push_str(&printable(value));
        self
    }

    /// Adds a cell that may be missing.
    #[must_use]
    pub fn maybe<T: std::fmt::Display>(self, value: Option<T>) -> Self {
        match value {
            Some(value) => self.cell(&value.to_string()),
            None => self.cell(""),
        }
    }

    /// Adds a cell of several values; spaces and control characters within a value become underscores.
    #[must_use]
    pub fn list<'a>(self, values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut joined = String::new();
        for value in values {
            if !joined.is_empty() {
                joined.push(' ');
            }
            let one_word =
                |character: char| if character == ' ' || character.is_control() { '_' } else { character };
            joined.extend(value.chars().map(one_word));
        }
        self.cell(&joined)
    }

    /// The finished row.
    #[must_use]
    pub fn finish(self) -> Row {
        Row(self.text)
    }
}

/// `text` with every control character replaced by a space.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(
            text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect(),
        )
    } else {
        Cow::Borrowed(text)
    }
}

/// A thing that the store keeps: its whole document, and the row that lists show.
pub trait Record: Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// Its columns.
    const NOUN: &'static Noun;

    /// Our id: the store's key.
    fn id(&self) -> &ThingId;

    /// The place it is at.
    fn place(&self) -> &str;

    /// Its row, in the order of the noun's columns.
    fn row(&self) -> Row;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_cannot_break_a_row() {
        let row = RowBuilder::new().cell("a\u{1f}b\n\u{1b}[31m").cell("c").finish();
        assert_eq!(row.cells().collect::<Vec<_>>(), ["a b  [31m", "c"]);
        assert_eq!(row.cell(7), "");
    }
}

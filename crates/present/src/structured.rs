//! JSON, YAML and newline-delimited JSON, written row by row: no tree of the whole answer is built.

use cloudmesh_client::Freshness;
use cloudmesh_model::{ColumnKind, Error, Noun, Row};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::columns::Chosen;
use crate::{Format, table, text, yaml};

/// The schema's name of a noun's rows.
pub(crate) fn schema_name(noun: &str) -> String {
    format!("cloudmesh.{noun}.v1")
}

/// Writes the rows of one answer.
pub(crate) struct Items {
    format: Format,
    schema: String,
    columns: Vec<(usize, ColumnKind, String)>,
    needed: usize,
    bounds: Vec<(usize, usize)>,
    begun: bool,
    any: bool,
}

impl Items {
    pub(crate) fn new(format: Format, noun: &Noun, columns: &[Chosen]) -> Self {
        let key = |name: &str| {
            let mut key = String::new();
            if format == Format::Yaml {
                yaml::string(name, &mut key);
                key.push_str(": ");
            } else {
                text::push_quoted(name, &mut key);
                key.push_str(if format == Format::Json { ": " } else { ":" });
            }
            key
        };
        Self {
            format,
            schema: schema_name(noun.name),
            columns: columns
                .iter()
                .map(|(position, column)| (*position, column.kind, key(column.name)))
                .collect(),
            needed: columns.iter().map(|(position, _)| position + 1).max().unwrap_or(0),
            bounds: Vec::new(),
            begun: false,
            any: false,
        }
    }

    /// Whether something was written already.
    pub(crate) fn begun(&self) -> bool {
        self.begun
    }

    fn begin(&mut self, out: &mut String) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        match self.format {
            Format::Json => {
                out.push_str("{\n  \"schema\": ");
                text::push_quoted(&self.schema, out);
                out.push_str(",\n  \"items\": [");
            }
            Format::Yaml => {
                out.push_str("schema: ");
                yaml::string(&self.schema, out);
                out.push_str("\nitems:");
            }
            Format::Ndjson | Format::Table | Format::Csv => {}
        }
    }

    pub(crate) fn row(&mut self, row: &Row, out: &mut String) {
        self.begin(out);
        let first = !std::mem::replace(&mut self.any, true);
        let packed = row.packed();
        table::split(packed, self.needed, &mut self.bounds);
        let yaml = self.format == Format::Yaml;
        let between = match self.format {
            Format::Json => {
                out.push_str(if first { "\n    {" } else { ",\n    {" });
                ", "
            }
            Format::Yaml => {
                out.push_str(if first { "\n  - " } else { "  - " });
                "\n    "
            }
            Format::Ndjson | Format::Table | Format::Csv => {
                out.push('{');
                ","
            }
        };
        for (number, (position, kind, key)) in self.columns.iter().enumerate() {
            if number > 0 {
                out.push_str(between);
            }
            out.push_str(key);
            let cell = self.bounds.get(*position).map_or("", |&(from, to)| &packed[from..to]);
            push_value(cell, *kind, yaml, out);
        }
        out.push_str(match self.format {
            Format::Json => "}",
            Format::Yaml => "\n",
            Format::Ndjson | Format::Table | Format::Csv => "}\n",
        });
    }

    /// Writes what comes after the rows.
    pub(crate) fn end(
        &mut self,
        freshness: &Freshness,
        failure: Option<&Error>,
        now: Timestamp,
        out: &mut String,
    ) {
        self.begin(out);
        let tail = tail(freshness, failure, now);
        match self.format {
            Format::Json => {
                out.push_str(if self.any { "\n  ]" } else { "]" });
                for (name, value) in &tail {
                    out.push_str(",\n  ");
                    text::push_quoted(name, out);
                    out.push_str(": ");
                    text::push_json(&value.to_string(), out);
                }
                out.push_str("\n}\n");
            }
            Format::Yaml => {
                if !self.any {
                    out.push_str(" []\n");
                }
                for (name, value) in &tail {
                    out.push_str(name);
                    out.push(':');
                    yaml::after_key(value, 2, out);
                }
            }
            Format::Ndjson | Format::Table | Format::Csv => {
                out.push_str("{\"schema\":");
                text::push_quoted(&self.schema, out);
                for (name, value) in &tail {
                    out.push(',');
                    text::push_quoted(name, out);
                    out.push(':');
                    text::push_json(&value.to_string(), out);
                }
                out.push_str("}\n");
            }
        }
    }
}

/// One row as it stands in `items`; `None` if it has not the cells of `noun`.
#[must_use]
pub fn row_value(noun: &'static Noun, packed: &str) -> Option<Value> {
    let row = Row::from_packed(packed.to_owned());
    if row.cells().count() != noun.columns.len() {
        return None;
    }
    let columns: Vec<Chosen> = noun.columns.iter().enumerate().collect();
    let mut text = String::new();
    Items::new(Format::Ndjson, noun, &columns).row(&row, &mut text);
    serde_json::from_str(&text).ok()
}

/// What says how fresh and how complete an answer is.
fn tail(freshness: &Freshness, failure: Option<&Error>, now: Timestamp) -> Vec<(&'static str, Value)> {
    // What comes from our own folder alone is from now.
    let as_of = if freshness.places.is_empty() { Some(now) } else { freshness.as_of() };
    let errors = freshness
        .places
        .iter()
        .filter_map(|place| place.error.as_ref().map(|error| error_object(error, Some(&place.place))))
        .chain(failure.map(|error| error_object(error, None)));
    let places = freshness.places.iter().map(|place| {
        json!({
            "place": place.place,
            "as_of": place.as_of.map(|as_of| as_of.to_string()),
            "answered": place.error.is_none() && place.as_of.is_some(),
        })
    });
    let mut tail = vec![
        ("as_of", json!(as_of.map(|as_of| as_of.to_string()))),
        ("complete", Value::Bool(failure.is_none() && freshness.complete())),
        ("errors", Value::Array(errors.collect())),
        ("places", Value::Array(places.collect())),
    ];
    if let Some(note) = &freshness.note {
        tail.push(("note", Value::String(note.clone())));
    }
    tail
}

/// An error as doors show it to programs.
pub(crate) fn error_object(error: &Error, place: Option<&str>) -> Value {
    json!({
        "place": error.place().or(place),
        "kind": error.kind(),
        "message": error.message(),
        "hint": error.hint_text(),
    })
}

/// Writes a cell with the type that its column has.
fn push_value(cell: &str, kind: ColumnKind, yaml: bool, out: &mut String) {
    let string = if yaml { yaml::string } else { text::push_quoted };
    match kind {
        ColumnKind::List => {
            out.push('[');
            for (number, part) in cell.split(' ').filter(|part| !part.is_empty()).enumerate() {
                if number > 0 {
                    out.push_str(", ");
                }
                // Within brackets YAML gives more characters a meaning; quotes are safe everywhere.
                text::push_quoted(part, out);
            }
            out.push(']');
        }
        _ if cell.is_empty() => out.push_str("null"),
        ColumnKind::Integer if integer(cell) => out.push_str(cell),
        ColumnKind::Flag if matches!(cell, "true" | "false") => out.push_str(cell),
        ColumnKind::Text | ColumnKind::Time | ColumnKind::Integer | ColumnKind::Flag => string(cell, out),
    }
}

fn integer(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell).as_bytes();
    matches!(digits, [b'0'] | [b'1'..=b'9', ..]) && digits.iter().all(u8::is_ascii_digit)
}

/// Writes one whole document in a structured form.
pub(crate) fn document(value: &impl Serialize, format: Format, out: &mut String) -> Result<(), Error> {
    let failed = |error: serde_json::Error| Error::internal(format!("an answer cannot be written: {error}"));
    match format {
        Format::Yaml => yaml::document(&serde_json::to_value(value).map_err(failed)?, out),
        Format::Ndjson => {
            text::push_json(&serde_json::to_string(value).map_err(failed)?, out);
            out.push('\n');
        }
        Format::Json | Format::Table | Format::Csv => {
            text::push_json(&serde_json::to_string_pretty(value).map_err(failed)?, out);
            out.push('\n');
        }
    }
    Ok(())
}

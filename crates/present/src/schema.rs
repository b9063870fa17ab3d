//! JSON schemas of rows, for doors and documentation.

use cloudmesh_model::{ColumnKind, Noun};
use serde_json::{Map, Value, json};

use crate::structured::schema_name;

/// The JSON schema of one row of `noun`, as it stands in `items`.
#[must_use]
pub fn row_schema(noun: &Noun) -> Value {
    let properties: Map<String, Value> = noun
        .columns
        .iter()
        .map(|column| {
            let mut schema = match column.kind {
                ColumnKind::Text => json!({ "type": ["string", "null"] }),
                ColumnKind::Integer => json!({ "type": ["integer", "null"] }),
                ColumnKind::Time => json!({ "type": ["string", "null"], "format": "date-time" }),
                ColumnKind::Flag => json!({ "type": ["boolean", "null"] }),
                ColumnKind::List => json!({ "type": "array", "items": { "type": "string" } }),
            };
            schema["description"] = Value::String(column.about.to_owned());
            (column.name.to_owned(), schema)
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": schema_name(noun.name),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

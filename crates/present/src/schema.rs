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

fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

fn count(about: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": about })
}

fn moment(about: &str) -> Value {
    json!({ "type": ["string", "null"], "format": "date-time", "description": about })
}

fn name_of(schema: &str) -> Value {
    json!({ "type": "string", "const": schema, "description": "Name of this schema" })
}

/// The JSON schema of an error within an answer.
fn error_schema() -> Value {
    json!({
        "type": "object",
        "required": ["kind", "message"],
        "properties": {
            "place": { "type": ["string", "null"], "description": "Where it happened" },
            "kind": text("The kind of error"),
            "message": text("What happened"),
            "hint": { "type": ["string", "null"], "description": "What to do about it" },
        },
    })
}

/// The JSON schema of an answer with rows of `noun`.
#[must_use]
pub fn list_schema(noun: &Noun) -> Value {
    let mut row = row_schema(noun);
    if let Some(row) = row.as_object_mut() {
        row.remove("$schema");
    }
    json!({
        "type": "object",
        "description": format!("Some {}, and how fresh and complete they are", noun.plural),
        "required": ["schema", "items", "as_of", "complete", "errors", "places"],
        "properties": {
            "schema": name_of(&schema_name(noun.name)),
            "items": { "type": "array", "items": row, "description": "The rows" },
            "as_of": moment("When the oldest part was read"),
            "complete": { "type": "boolean", "description": "Whether every place answered when it was last asked" },
            "errors": { "type": "array", "items": error_schema(), "description": "One for each place that failed" },
            "places": {
                "type": "array",
                "description": "The places that belong to the answer",
                "items": {
                    "type": "object",
                    "required": ["place", "as_of", "answered"],
                    "properties": {
                        "place": text("Its name"),
                        "as_of": moment("When it was last read"),
                        "answered": { "type": "boolean", "description": "Whether its rows are as it last gave them" },
                    },
                },
            },
            "note": text("Something to say after the rows"),
            "next": text("Where the next page begins, if there is one"),
        },
    })
}

/// The JSON schema of the answer of a setting.
#[must_use]
pub fn settled_schema() -> Value {
    json!({
        "type": "object",
        "description": "A setting was made",
        "required": ["schema", "message"],
        "properties": { "schema": name_of("cloudmesh.settled.v1"), "message": text("What is so now") },
    })
}

/// The JSON schema of a plan that was not run, or is being run.
#[must_use]
pub fn plan_schema() -> Value {
    let plan = serde_json::to_value(schemars::schema_for!(cloudmesh_resource::Plan)).unwrap_or_default();
    json!({
        "type": "object",
        "description": "A plan: what a change will do",
        "required": ["schema", "plan", "saved", "summary"],
        "properties": {
            "schema": name_of("cloudmesh.plan.v1"),
            "plan": plan,
            "saved": { "type": "boolean", "description": "Whether it is kept, to be applied by its id" },
            "summary": { "type": "object", "description": "What it creates, changes and destroys" },
        },
    })
}

/// The JSON schema of how a plan ended.
#[must_use]
pub fn outcome_schema() -> Value {
    let mut failed = error_schema();
    failed["properties"]["step"] = count("The step's number");
    failed["properties"]["label"] = json!({ "type": ["string", "null"], "description": "Its subject" });
    json!({
        "type": "object",
        "description": "How a plan ended",
        "required": [
            "schema", "plan", "operation", "title", "state", "done", "steps", "failed", "skipped", "uncertain",
            "seconds", "things",
        ],
        "properties": {
            "schema": name_of("cloudmesh.outcome.v1"),
            "plan": text("Id of the plan"),
            "operation": text("The operation that made it"),
            "title": text("What it does"),
            "state": text("Where it stands"),
            "done": count("Steps that are done"),
            "steps": count("Steps in all"),
            "failed": { "type": "array", "items": failed, "description": "Steps that failed" },
            "skipped": count("Steps that were not begun"),
            "uncertain": count("Steps whose fate is not known"),
            "seconds": { "type": "number", "description": "How long it took" },
            "things": {
                "type": "array",
                "description": "What the plan makes",
                "items": {
                    "type": "object",
                    "required": ["kind", "place", "label", "state"],
                    "properties": {
                        "kind": text("Kind of thing"),
                        "place": text("Where it is"),
                        "label": text("Its name"),
                        "state": text("made, failed, uncertain, not_begun or unknown"),
                    },
                },
            },
        },
    })
}

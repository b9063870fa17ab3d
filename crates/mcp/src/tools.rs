//! Tools from the catalogue: names, schemas, descriptions.

use std::sync::Arc;

use cloudmesh_client::{Catalogue, Entry, Kind};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use crate::permission::{Allow, Verdict, runs, verdict};

/// Arguments of tools that are not part of an operation's input: how to answer and how to carry out.
/// No input has a field of one of these names.
pub const FIELDS: &[&str] = &["refresh", "columns", "sort", "wait", "dryrun"];

/// The tool's name: `vm_boot` of `vm.boot`. Dots are not accepted by every host of assistants.
#[must_use]
pub fn tool_name(operation: &str) -> String {
    operation.replace('.', "_")
}

/// The operation whose tool is called `name`.
pub(crate) fn find(catalogue: Catalogue, name: &str) -> Option<&'static Entry> {
    catalogue.entries().find(|entry| tool_name(entry.name) == name)
}

/// The tools that a server at this level has.
pub(crate) fn all(catalogue: Catalogue, allow: Allow) -> Vec<Tool> {
    catalogue
        .entries()
        .filter(|entry| matches!(verdict(entry), Verdict::From(level) if level <= allow))
        .map(tool)
        .collect()
}

fn tool(entry: &'static Entry) -> Tool {
    let command = entry.augment(clap::Command::new(entry.name));
    let about = command.get_long_about().or_else(|| command.get_about()).map(ToString::to_string);
    let mut description = about.unwrap_or_default();
    description.push_str(manner(entry));
    let mut tool = Tool::new(tool_name(entry.name), description, Arc::new(input(entry)));
    let reads = matches!(entry.kind, Kind::Query | Kind::Stream);
    let plans = entry.kind == Kind::Change && !runs(entry);
    tool.annotations = Some(
        ToolAnnotations::with_title(entry.name.replace('.', " "))
            // A plan is kept in our own folder; nothing outside is touched.
            .read_only(reads)
            .destructive(entry.kind == Kind::Change && !plans)
            .idempotent(reads)
            .open_world(!matches!(entry.kind, Kind::Setting)),
    );
    tool.output_schema = output(entry).map(Arc::new);
    tool
}

/// What the caller must know about its kind.
fn manner(entry: &Entry) -> &'static str {
    match (entry.kind, entry.name) {
        (Kind::Change, "plan.apply") => "\n\nGive the id that the plan's own tool answered with.",
        (Kind::Change, _) if !runs(entry) => {
            "\n\nThis only plans: it answers with a plan and its id, and nothing is changed. Show the plan to \
             the person; when they agree, call plan_apply with its id."
        }
        (Kind::Stream, _) => "\n\nOnly the end of a long text is given.",
        _ => "",
    }
}

fn input(entry: &Entry) -> JsonObject {
    let mut schema = match entry.input_schema().to_value() {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    schema.remove("$schema");
    schema.remove("title");
    schema.remove("description");
    schema.insert("type".to_owned(), json!("object"));
    if let Value::Object(properties) = schema.entry("properties").or_insert_with(|| json!({})) {
        match entry.kind {
            Kind::Query => {
                let more = [
                    (
                        "refresh",
                        json!({ "type": "boolean", "description": "Ask the places again before answering; else the answer is what was known last" }),
                    ),
                    (
                        "columns",
                        json!({ "type": "array", "items": { "type": "string" }, "description": "Only these columns" }),
                    ),
                    (
                        "sort",
                        json!({ "type": "string", "description": "Column to sort by; with a leading - the other way round" }),
                    ),
                ];
                properties.extend(more.map(|(name, schema)| (name.to_owned(), schema)));
            }
            Kind::Change if !runs(entry) => {
                let about = "Whether the plan waits for the final state of what it makes";
                properties.insert("wait".to_owned(), json!({ "type": "boolean", "description": about }));
            }
            Kind::Change => {
                let about = "Only show what would be done";
                properties.insert("dryrun".to_owned(), json!({ "type": "boolean", "description": about }));
            }
            _ => {}
        }
    }
    if names_a_plan(entry) {
        schema.insert("required".to_owned(), json!(["plan"]));
    }
    schema
}

/// Plans are named by their ids here: `last` may be somebody else's.
pub(crate) fn names_a_plan(entry: &Entry) -> bool {
    matches!(entry.name, "plan.apply" | "plan.resume" | "plan.cancel")
}

fn output(entry: &Entry) -> Option<JsonObject> {
    let (noun, _) = entry.rows?;
    let mut row = cloudmesh_present::row_schema(noun);
    let schema = row["title"].clone();
    if let Value::Object(row) = &mut row {
        row.remove("$schema");
        row.remove("title");
    }
    match json!({
        "type": "object",
        "properties": {
            "schema": { "const": schema },
            "items": { "type": "array", "items": row },
            "as_of": { "type": ["string", "null"], "format": "date-time", "description": "When the oldest part was read" },
            "complete": { "type": "boolean", "description": "Whether every place answered when it was last asked" },
            "errors": { "type": "array", "items": { "type": "object" } },
            "places": { "type": "array", "items": { "type": "object" } },
            "note": { "type": "string" },
        },
        "required": ["schema", "items", "as_of", "complete", "errors", "places"],
    }) {
        Value::Object(schema) => Some(schema),
        _ => None,
    }
}

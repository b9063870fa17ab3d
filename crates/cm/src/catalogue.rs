//! `catalogue`: everything that the program can do, as JSON, for doors and tests that are not in this process.

use cloudmesh_client::{Entry, Kind, Layout};
use cloudmesh_model::noun::ColumnKind;
use cloudmesh_model::{Error, Result};
use cloudmesh_prompt::{Context, REWRITES};
use serde_json::{Value, json};

use crate::processes::say;

/// Runs `catalogue`.
pub(crate) fn run(matches: &clap::ArgMatches, context: &Context<'_>) -> Result<u8> {
    if let Some(other) = matches.get_one::<String>("format").filter(|format| *format != "json") {
        return Err(Error::bad_input(format!("--format={other} is not known here")).hint("use json"));
    }
    let operations: Vec<Value> = context.program.catalogue.entries().map(operation).collect();
    let words: Vec<Value> = context
        .program
        .words
        .iter()
        .map(|word| json!({ "name": word.name, "about": word.about, "hidden": word.hidden }))
        .collect();
    let rewrites: Vec<Value> =
        REWRITES.iter().map(|row| json!({ "example": row.example, "to": row.to })).collect();
    let value = json!({
        "schema": "cloudmesh.catalogue.v1",
        "operations": operations,
        "words": words,
        "rewrites": rewrites,
    });
    say(&value.to_string());
    Ok(0)
}

fn operation(entry: &Entry) -> Value {
    let command = entry.augment(clap::Command::new(entry.name));
    let about = command.get_about().map(ToString::to_string);
    let examples: Vec<Value> = entry
        .examples
        .iter()
        .map(|example| json!({ "about": example.about, "command": example.command }))
        .collect();
    let rows = entry.rows.map(|(noun, layout)| {
        let columns: Vec<Value> = noun
            .columns
            .iter()
            .map(|column| json!({ "name": column.name, "kind": kind_of(column.kind), "about": column.about }))
            .collect();
        json!({
            "noun": noun.name,
            "plural": noun.plural,
            "layout": if layout == Layout::List { "list" } else { "detail" },
            "columns": columns,
        })
    });
    json!({
        "name": entry.name,
        "kind": match entry.kind {
            Kind::Query => "query",
            Kind::Change => "change",
            Kind::Setting => "setting",
            Kind::Stream => "stream",
            Kind::Session => "session",
        },
        "about": about,
        "examples": examples,
        "input": entry.input_schema(),
        "rows": rows,
    })
}

fn kind_of(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "text",
        ColumnKind::Integer => "integer",
        ColumnKind::Time => "time",
        ColumnKind::Flag => "flag",
        ColumnKind::List => "list",
    }
}

//! `catalogue`: everything that the program can do, as JSON, for doors and tests that are not in this process.

use cloudmesh_client::{Entry, Kind, Layout};
use cloudmesh_model::noun::ColumnKind;
use cloudmesh_model::{Error, Result};
use cloudmesh_prompt::{Context, REWRITES, meaning};
use serde_json::{Value, json};

use crate::processes::say;

/// Runs `catalogue`.
pub(crate) fn run(matches: &clap::ArgMatches, context: &Context<'_>) -> Result<u8> {
    if let Some(other) = matches.get_one::<String>("format").filter(|format| *format != "json") {
        return Err(Error::bad_input(format!("--format={other} is not known here")).hint("use json"));
    }
    let operations: Vec<Value> =
        context.program.catalogue.entries().map(|entry| operation(context, entry)).collect::<Result<_>>()?;
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

fn operation(context: &Context<'_>, entry: &Entry) -> Result<Value> {
    let command = entry.augment(clap::Command::new(entry.name));
    let about = command.get_about().map(ToString::to_string);
    let examples: Vec<Value> = entry
        .examples
        .iter()
        .map(|example| {
            let means = meaning(context.program.catalogue, context.program.words, words(example.command))?;
            Ok(json!({
                "about": example.about,
                "command": example.command,
                "input": means.input,
                "refresh": means.envelope.refresh,
                "dryrun": means.envelope.dry_run,
                "save": means.envelope.save,
                "yes": means.envelope.yes,
                "wait": means.envelope.wait,
            }))
        })
        .collect::<Result<_>>()?;
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
    Ok(json!({
        "name": entry.name,
        "kind": match entry.kind {
            Kind::Query => "query",
            Kind::Change => "change",
            Kind::Setting => "setting",
            Kind::Stream => "stream",
            Kind::Session => "session",
        },
        "about": about,
        "help": command.get_long_about().or(command.get_about()).map(ToString::to_string),
        "positionals": command.get_positionals().map(|argument| argument.get_id().as_str()).collect::<Vec<_>>(),
        "examples": examples,
        "input": entry.input_schema(),
        "rows": rows,
    }))
}

/// The words of an example, as a shell takes them. Examples quote, they do nothing else that a shell knows.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
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

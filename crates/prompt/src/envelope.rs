//! From clap's matches to the envelope around an input, and to how the answer is written.

use clap::ArgMatches;
use clap::parser::ValueSource;
use cloudmesh_client::{Entry, Envelope, Kind};
use cloudmesh_model::Result;
use cloudmesh_present::{Format, check_columns, check_sort};

/// How the answer of one command is written.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) format: Format,
    pub(crate) columns: Vec<String>,
    pub(crate) sort: Option<String>,
    pub(crate) quiet: bool,
    pub(crate) verbose: bool,
}

fn flag(matches: &ArgMatches, name: &str) -> bool {
    matches!(matches.try_get_one::<bool>(name), Ok(Some(true)))
}

pub(crate) fn envelope(matches: &ArgMatches) -> Envelope {
    Envelope {
        refresh: flag(matches, "refresh"),
        dry_run: flag(matches, "dryrun"),
        yes: flag(matches, "yes"),
        save: flag(matches, "save"),
        wait: match (flag(matches, "wait"), flag(matches, "no-wait")) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        most: None,
        plan: None,
    }
}

pub(crate) fn answer(entry: &Entry, matches: &ArgMatches) -> Result<Answer> {
    let mut answer =
        Answer { quiet: flag(matches, "quiet"), verbose: flag(matches, "verbose"), ..Answer::default() };
    if let Some(format) = matches.get_one::<String>("format") {
        answer.format = format.parse()?;
    }
    if entry.kind == Kind::Query && matches.value_source("columns") == Some(ValueSource::CommandLine) {
        answer.columns = matches.get_many::<String>("columns").into_iter().flatten().cloned().collect();
    }
    if entry.kind == Kind::Query {
        answer.sort = matches.get_one::<String>("sort").cloned();
    }
    if let Some((noun, _)) = entry.rows {
        check_columns(noun, &answer.columns)?;
        if let Some(sort) = &answer.sort {
            check_sort(noun, sort)?;
        }
    }
    Ok(answer)
}

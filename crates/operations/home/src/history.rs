//! `log` and `undo`: what was done, and the way back.

use cloudmesh_client::journal::LOG;
use cloudmesh_client::operation::{Change, Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::{Draft, Freshness, Mesh, undo};
use cloudmesh_model::{Noun, Result, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Shows what was done: by which door, when, with what result; newest last.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogInput {
    /// How many of the newest; all with 0
    #[arg(long, short = 'n')]
    limit: Option<usize>,
}

impl Input for LogInput {}

/// `log`.
pub struct Log;

impl Operation for Log {
    const NAME: &'static str = "log";
    const EXAMPLES: &'static [Example] = &[Example { about: "The newest twenty", command: "log --limit=20" }];
    type Input = LogInput;
}

impl Query for Log {
    const NOUN: &'static Noun = &LOG;

    async fn run(mesh: &Mesh, input: LogInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let stored = mesh.store()?.documents(LOG.name, "").await?;
        let all = stored.len();
        let limit = match input.limit.unwrap_or(50) {
            0 => all,
            limit => limit.min(all),
        };
        rows.rows(
            stored
                .into_iter()
                .skip(all - limit)
                .map(|stored| Row::from_packed(stored.document.row))
                .collect(),
        );
        let note = (limit < all).then(|| format!("the newest {limit} of {all}; --limit=0 shows all"));
        Ok(Freshness { note, ..Freshness::own() })
    }
}

/// Turns back what was done last, or a named entry of the log. The way back is a plan too: --dryrun shows it.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoInput {
    /// Id of a log entry or plan, or the beginning of it; the newest that has a way back without it
    entry: Option<String>,
}

impl Input for UndoInput {}

/// `undo`.
pub struct Undo;

impl Operation for Undo {
    const NAME: &'static str = "undo";
    const EXAMPLES: &'static [Example] = &[Example { about: "What undo would do", command: "undo --dryrun" }];
    type Input = UndoInput;
}

impl Change for Undo {
    async fn plan(mesh: &Mesh, input: UndoInput, draft: &mut Draft) -> Result<()> {
        let entry = undo::find(mesh, input.entry.as_deref()).await?;
        undo::draft(mesh, &entry, draft).await
    }
}

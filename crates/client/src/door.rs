//! What operations hand to a door, and the trait that every door implements.

use std::collections::BTreeMap;

use cloudmesh_model::{Error, ErrorKind, Noun, Secret};
use cloudmesh_resource::Plan;
use cloudmesh_store::Change;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::engine::{PlanEvent, PlanOutcome};
use crate::operation::Rows;

/// How rows are laid out where a person reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One line each.
    List,
    /// One thing, a line for each of its columns.
    Detail,
}

/// What one place had to say to a query.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlaceAnswer {
    /// The place.
    pub place: String,
    /// When its rows were read from it; `None` if never.
    pub as_of: Option<Timestamp>,
    /// Why they are not from now, if the place was asked and failed; or why there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// How fresh and how complete an answer is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Freshness {
    /// Each place that belongs to the answer. Empty for answers that come from our folder alone.
    pub places: Vec<PlaceAnswer>,
    /// Something to say after the rows: one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Freshness {
    /// An answer that comes from our folder alone.
    #[must_use]
    pub fn own() -> Self {
        Self::default()
    }

    /// Whether every place has been read, whenever that was.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.places.iter().all(|place| place.error.is_none() && place.as_of.is_some())
    }

    /// What a missing part amounts to: nothing, if every place answered.
    ///
    /// # Errors
    /// The place's own error where it is the only one; that none answered; or, with
    /// [`ErrorKind::Partial`], that some did not.
    pub fn verdict(&self) -> cloudmesh_model::Result<()> {
        let failed: Vec<&Error> = self.places.iter().filter_map(|place| place.error.as_ref()).collect();
        let all = self.places.len();
        match failed.as_slice() {
            [] => Ok(()),
            [only] if all == 1 => Err((*only).clone()),
            [first, ..] if failed.len() == all => {
                Err(Error::new(first.kind(), format!("none of {all} places answered")))
            }
            _ => Err(Error::new(
                ErrorKind::Partial,
                format!("{} of {all} places did not answer", failed.len()),
            )
            .hint("what is shown of them, if anything, is what was known before")),
        }
    }

    /// The age of the oldest part.
    #[must_use]
    pub fn as_of(&self) -> Option<Timestamp> {
        self.places.iter().map(|place| place.as_of).min().flatten()
    }
}

/// What a setting does: changes of documents, together with how they are turned back.
#[derive(Debug, Default)]
pub struct Settled {
    /// One sentence that says what is so now.
    pub message: String,
    /// Changes of the store.
    pub changes: Vec<Change>,
    /// Changes that turn it back; written to the log.
    pub inverse: Vec<Change>,
    /// Secrets to keep, or (with `None`) to forget. They are in no log; undo leaves them.
    pub secrets: Vec<(String, Option<Secret>)>,
    /// A new text of `cloudmesh.yaml`, with the text that it replaces.
    pub configuration: Option<(Option<String>, String)>,
}

/// What to run in a terminal.
#[derive(Clone, Debug, Serialize)]
pub struct Attachment {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Environment variables to add. None of them is secret.
    pub environment: BTreeMap<String, String>,
    /// What it leads to, one line.
    pub about: String,
}

/// A way in. It shows what operations hand to it; it decides nothing.
pub trait Door: Rows {
    /// Rows of `noun` follow.
    fn begin(&mut self, noun: &'static Noun, layout: Layout);

    /// The rows are over.
    fn end(&mut self, freshness: &Freshness);

    /// A plan that was not run: a dry run, or one that was saved.
    fn plan(&mut self, plan: &Plan, saved: bool);

    /// What `old` took for granted is no longer so; `new` was planned in its place and saved, not run.
    fn replanned(&mut self, old: &Plan, new: &Plan) {
        let _ = old;
        self.plan(new, true);
    }

    /// Something happened in a running plan.
    fn event(&mut self, event: &PlanEvent<'_>);

    /// A plan has ended.
    fn outcome(&mut self, plan: &Plan, outcome: &PlanOutcome);

    /// A setting was made.
    fn settled(&mut self, message: &str);

    /// Bytes of a stream.
    ///
    /// # Errors
    /// When nobody reads any more.
    fn bytes(&mut self, bytes: &[u8]) -> cloudmesh_model::Result<()>;

    /// Something to run in a terminal.
    ///
    /// # Errors
    /// When it cannot be run, or ended with a code of its own ([`Error`] carries it in `exit_code`).
    fn attach(&mut self, attachment: Attachment) -> cloudmesh_model::Result<()>;
}

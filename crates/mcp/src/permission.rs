//! What a server lets an assistant do: one table, from operations to the least that must be allowed.

use std::str::FromStr;

use cloudmesh_client::{Entry, Kind};
use cloudmesh_model::{Error, Result};

/// What a server was started for. Each level allows what those before it allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allow {
    /// Reading.
    #[default]
    Read,
    /// Also planning: plans are kept, for a person to apply.
    Plan,
    /// Also applying plans that destroy nothing, and settings.
    Change,
    /// Also applying plans that destroy something.
    Destroy,
}

impl Allow {
    /// The word of `--allow`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Plan => "plan",
            Self::Change => "change",
            Self::Destroy => "destroy",
        }
    }
}

impl FromStr for Allow {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self> {
        [Self::Read, Self::Plan, Self::Change, Self::Destroy]
            .into_iter()
            .find(|level| level.as_str() == word)
            .ok_or_else(|| {
                Error::bad_input(format!("--allow={} is not known", cloudmesh_model::noun::printable(word)))
                    .hint("use read, plan, change or destroy")
            })
    }
}

/// What is to be said of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is a tool of every server that allows at least this.
    From(Allow),
    /// It is no tool, whatever a server allows, for this reason.
    Never(&'static str),
}

/// Operations that are no tools although their kind would allow it, each with the reason.
const NEVER: &[(&str, &str)] = &[
    ("register.cloud", "it decides which credentials are used where; do it at the prompt"),
    ("register.cluster", "it decides which account is used where; do it at the prompt"),
    ("register.remove", "it takes a place and its credentials away; do it at the prompt"),
];

/// Changes that run a plan, and so are not planned but done.
const RUNS: &[&str] = &["plan.apply", "plan.resume", "undo"];

/// What is to be said of `entry`.
#[must_use]
pub fn verdict(entry: &Entry) -> Verdict {
    if let Some((_, reason)) = NEVER.iter().find(|(name, _)| *name == entry.name) {
        return Verdict::Never(reason);
    }
    match entry.kind {
        Kind::Query | Kind::Stream => Verdict::From(Allow::Read),
        Kind::Change if runs(entry) => Verdict::From(Allow::Change),
        Kind::Change => Verdict::From(Allow::Plan),
        Kind::Setting if entry.name == "plan.cancel" => Verdict::From(Allow::Plan),
        Kind::Setting => Verdict::From(Allow::Change),
        Kind::Session => Verdict::Never("it needs a terminal, and there is none here; run it at the prompt"),
    }
}

/// Whether it runs a plan rather than making one.
pub(crate) fn runs(entry: &Entry) -> bool {
    RUNS.contains(&entry.name)
}

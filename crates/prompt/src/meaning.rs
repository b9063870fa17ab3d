//! What a command line means, without running it: for doors and tests that take JSON.

use cloudmesh_client::{Catalogue, Entry, Envelope};
use cloudmesh_model::{Error, Result};
use serde_json::Value;

use crate::command::{self, Word};
use crate::envelope::envelope;
use crate::rewrites::rewrite;
use crate::usage;

/// A command line as data.
#[derive(Debug)]
pub struct Meaning {
    /// The operation.
    pub entry: &'static Entry,
    /// Its input; nothing in it that was not given.
    pub input: Value,
    /// What goes around it.
    pub envelope: Envelope,
}

/// What `words`, those after `cm`, mean.
///
/// # Errors
/// What the prompt would say to them.
pub fn meaning(catalogue: Catalogue, program: &'static [Word], words: Vec<String>) -> Result<Meaning> {
    let command = command::build(catalogue, program);
    let words = rewrite(catalogue, words);
    let matches = command
        .try_get_matches_from(std::iter::once("cm".to_owned()).chain(words))
        .map_err(|error| usage::refusal(&error))?;
    let (name, leaf) = command::given(&matches);
    let entry = catalogue.find(&name).ok_or_else(|| Error::bad_input(format!("{name} is no operation")))?;
    let mut input = entry.to_json(&entry.from_matches(leaf)?)?;
    if let Value::Object(fields) = &mut input {
        fields.retain(|_, value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::Array(values) => !values.is_empty(),
            _ => true,
        });
    }
    Ok(Meaning { entry, input, envelope: envelope(leaf) })
}

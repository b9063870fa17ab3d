//! The door at the prompt: the command line, derived from the catalogue. It parses, hands over to the
//! catalogue, and prints errors in one place.

mod attach;
mod command;
mod envelope;
mod meaning;
mod rewrites;
mod run;
mod terminal;
mod usage;
mod vocabulary;

pub use command::{Word, noun_words};
pub use meaning::{Meaning, meaning};
pub use rewrites::{REWRITES, Rewrite, rewrite};
pub use run::{Context, Program, main};
pub use vocabulary::VOCABULARY;

//! The door at the prompt: the command line, derived from the catalogue. It parses, hands over to the
//! catalogue, and prints errors in one place.

mod attach;
mod collecting;
mod command;
mod envelope;
mod meaning;
mod preferences;
mod rewrites;
mod run;
mod terminal;
mod usage;
mod vocabulary;

pub use command::{Word, build, noun_words};
pub use meaning::{Meaning, meaning};
pub use preferences::{Preferences, Stopwatch};
pub use rewrites::{REWRITES, Rewrite, Word as RewriteWord, rewrite};
pub use run::{
    Context, Program, Shown, own_words, program_file, report, run, runtime, style, surroundings,
    until_interrupted,
};
pub use terminal::Terminal;
pub use vocabulary::{VOCABULARY, first_words, is_known};

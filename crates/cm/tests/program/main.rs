//! The program as its users meet it: every word of the vocabulary, every example, dry runs, bad input, the tour.

#![expect(clippy::unwrap_used, reason = "what these tests set up either works or fails the test")]

mod assistants;
mod bad_input;
mod catalogue;
mod clean_pipes;
mod doors;
mod dry_run;
mod examples;
mod expiry;
mod fixtures;
mod grammar;
mod interrupted;
mod lectures;
mod python;
mod quickstart;
mod scripts;
mod support;
mod terminal;
mod unusable_clouds;
mod vocabulary;

//! What the text door writes, in every format, onto terminals and into pipes.

mod lists;
#[expect(clippy::unwrap_used, reason = "what these tests set up either works or fails the test")]
mod paper;
mod pipes;
mod plans;
mod progress;
mod structured;

//! The plan engine: authorised plans become calls, exactly once each, whatever happens in between.
//!
//! Intents are on disk before the call. The engine alone repeats a change, and a call whose fate is
//! unknown is looked for by its mark first.

mod interrupts;
mod lease;
mod progress;
mod results;
mod run;
mod settle;
mod waiting;

pub use interrupts::Interrupts;
pub use lease::check_idle;
pub use progress::{PlanEvent, PlanOutcome};
pub use run::run;

//! The REST door: every operation of the catalogue as a route, its plans, and the store's changes as events. Routes,
//! document and answers are derived; no operation is named here.
//!
//! What is let in is decided in `guard`; how an operation gets its routes in `rule`. The router can be mounted
//! beside others that are made of [`Guarded`] routes too.

mod answer;
mod api;
mod decode;
mod door;
mod events;
mod guard;
mod handlers;
mod openapi;
mod page;
mod problem;
mod rule;
mod runs;
mod serve;
mod tokens;
mod view;

pub use api::{Api, MakeMesh, Parts};
pub use guard::{Asked, Caller, Guarded, Hosts};
pub use handlers::guarded;
pub use openapi::{ExampleOf, document};
pub use rule::{How, Route, routes};
pub use runs::left_to_do;
pub use serve::{Limits, check_address, serve, tls};
pub use tokens::{Scope, Token, Tokens};

impl Api {
    /// How many plans are being run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.0.runs.count()
    }

    /// How many listen to events.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.0.feed.listeners()
    }
}

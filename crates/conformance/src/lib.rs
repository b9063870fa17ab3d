//! The contract of providers as tests: what the doc comments of `cloudmesh-resource` promise, one
//! case for each promise.
//!
//! Nothing here knows a vendor. A peer hands in a [`User`] (how to connect, and to connect again as
//! a second process would) and says what it offers ([`Feature`]); [`compute_cases`] and [`batch_cases`] say which
//! actions and features each case needs. Every case works on things of an installation of its own, so that cases can
//! share one project or account, and takes away by mark what it made, also when it fails.
//!
//! No case ever connects to an address of a server.

mod batch;
mod case;
mod compute;
mod deviation;
mod every_family;
mod outcome;
mod rows;
mod secrets;
mod user;

pub use batch::{BatchBench, BatchSetup, batch_cases, run_batch};
pub use case::{Case, Feature};
pub use compute::{ComputeBench, ComputeSetup, Faults, compute_cases, run_compute};
pub use deviation::{DEVIATIONS, Deviation, LAGS, Lag, deviation, lag};
pub use outcome::{Failure, Outcome};
pub use secrets::MemorySecrets;
pub use user::User;

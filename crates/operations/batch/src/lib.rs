//! The operations on batch systems: queues, jobs, their output.

pub mod jobs;
pub mod output;
pub mod queues;
pub mod run;
mod time_limit;

use cloudmesh_client::Entry;
use cloudmesh_client::catalogue::{change, query, stream};

/// All of them.
pub static ENTRIES: &[Entry] = &[
    query::<queues::Info>(),
    query::<jobs::Queue>(),
    query::<jobs::Status>(),
    change::<run::Run>(),
    stream::<output::Output>(),
    change::<jobs::Delete>(),
];

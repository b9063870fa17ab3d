//! The operations on batch systems: queues, jobs, their output.

pub mod control;
pub mod explain;
pub mod facts;
pub mod jobs;
mod moment;
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
    change::<control::Hold>(),
    change::<control::Release>(),
    change::<control::Requeue>(),
    change::<control::Alter>(),
    query::<facts::Nodes>(),
    query::<facts::History>(),
    query::<facts::Reservations>(),
    query::<facts::Accounts>(),
    query::<explain::Explain>(),
];

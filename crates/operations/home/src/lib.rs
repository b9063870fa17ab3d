//! The operations of our own folder: defaults, variables, groups, registered places, plans, the log.

pub mod check;
pub mod context;
pub mod defaults;
pub mod groups;
pub mod history;
pub mod plans;
pub mod register;
pub mod reset;
pub mod variables;

use cloudmesh_client::Entry;
use cloudmesh_client::catalogue::{change, query, setting};

/// All of them.
pub static ENTRIES: &[Entry] = &[
    query::<defaults::List>(),
    query::<defaults::Get>(),
    setting::<defaults::Set>(),
    setting::<defaults::Delete>(),
    query::<variables::List>(),
    query::<variables::Get>(),
    setting::<variables::Set>(),
    setting::<variables::Delete>(),
    query::<groups::List>(),
    setting::<groups::Add>(),
    setting::<groups::Remove>(),
    setting::<groups::Delete>(),
    setting::<groups::Copy>(),
    setting::<groups::Merge>(),
    query::<register::List>(),
    setting::<register::Cloud>(),
    setting::<register::Cluster>(),
    setting::<register::Remove>(),
    query::<plans::List>(),
    query::<plans::Show>(),
    change::<plans::Apply>(),
    change::<plans::Resume>(),
    setting::<plans::Cancel>(),
    change::<history::Undo>(),
    query::<history::Log>(),
    query::<check::Check>(),
    query::<context::Info>(),
    query::<context::Context>(),
    setting::<reset::Reset>(),
];

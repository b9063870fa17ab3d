//! The operations on compute clouds: clouds, images, flavors, keys, virtual machines and their addresses.

pub mod boot;
pub mod clouds;
pub mod keys;
pub mod lifecycle;
pub mod lists;
pub mod login;
mod own_key;
mod resolve;
pub mod vm_ip;

use cloudmesh_client::Entry;
use cloudmesh_client::catalogue::{change, query, session, setting};

pub use own_key::OwnKey;

/// All of them.
pub static ENTRIES: &[Entry] = &[
    query::<clouds::List>(),
    query::<clouds::Info>(),
    query::<lists::Images>(),
    query::<lists::ImageShow>(),
    query::<lists::Flavors>(),
    query::<lists::FlavorShow>(),
    query::<keys::List>(),
    setting::<keys::Add>(),
    change::<keys::Upload>(),
    change::<keys::Delete>(),
    change::<boot::Boot>(),
    query::<lists::Servers>(),
    query::<lists::Show>(),
    query::<lists::Status>(),
    change::<lifecycle::Start>(),
    change::<lifecycle::Stop>(),
    change::<lifecycle::Delete>(),
    session::<login::Ssh>(),
    change::<vm_ip::Assign>(),
    query::<vm_ip::Show>(),
];

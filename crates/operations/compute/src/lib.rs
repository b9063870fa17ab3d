//! The operations on compute clouds: clouds, images, flavors, keys, virtual machines and their addresses.

pub mod boot;
pub mod cloud_lists;
pub mod clouds;
pub mod keys;
pub mod lifecycle;
pub mod lists;
pub mod login;
pub mod networks;
mod own_key;
pub mod reports;
mod resolve;
pub mod secgroups;
pub mod server_groups;
pub mod server_verbs;
pub mod vm_check;
pub mod vm_ip;
pub mod volumes;

use cloudmesh_client::Entry;
use cloudmesh_client::catalogue::{change, query, session, setting, stream};

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
    change::<server_verbs::Reboot>(),
    change::<server_verbs::Suspend>(),
    change::<server_verbs::Resume>(),
    change::<server_verbs::Pause>(),
    change::<server_verbs::Unpause>(),
    change::<server_verbs::Shelve>(),
    change::<server_verbs::Unshelve>(),
    change::<server_verbs::Lock>(),
    change::<server_verbs::Unlock>(),
    change::<server_verbs::Rename>(),
    change::<server_verbs::Resize>(),
    change::<server_verbs::Rebuild>(),
    change::<server_verbs::Rescue>(),
    change::<server_verbs::Unrescue>(),
    change::<server_verbs::Snapshot>(),
    change::<server_verbs::Metadata>(),
    change::<server_verbs::Username>(),
    change::<server_verbs::Wait>(),
    stream::<reports::Console>(),
    query::<reports::Events>(),
    query::<vm_check::Check>(),
    query::<vm_check::Ping>(),
    session::<login::Ssh>(),
    change::<vm_ip::Assign>(),
    query::<vm_ip::Show>(),
    stream::<vm_ip::Inventory>(),
    query::<reports::Quotas>(),
    query::<reports::Limits>(),
    query::<reports::UsageList>(),
    query::<reports::Zones>(),
    query::<server_groups::List>(),
    change::<server_groups::Create>(),
    change::<server_groups::Delete>(),
    query::<secgroups::List>(),
    setting::<secgroups::Add>(),
    change::<secgroups::Delete>(),
    change::<secgroups::Upload>(),
    query::<cloud_lists::Networks>(),
    change::<networks::Create>(),
    change::<networks::Delete>(),
    query::<networks::FloatingList>(),
    change::<networks::FloatingCreate>(),
    change::<networks::FloatingDelete>(),
    change::<networks::Associate>(),
    change::<networks::Disassociate>(),
    change::<networks::Cluster>(),
    query::<cloud_lists::Subnets>(),
    query::<cloud_lists::Routers>(),
    change::<cloud_lists::DeleteRouters>(),
    query::<cloud_lists::Ports>(),
    change::<networks::CreatePort>(),
    change::<cloud_lists::DeletePorts>(),
    query::<cloud_lists::Volumes>(),
    change::<volumes::Create>(),
    change::<volumes::Extend>(),
    change::<volumes::Attach>(),
    change::<volumes::Detach>(),
    change::<cloud_lists::DeleteVolumes>(),
    query::<cloud_lists::VolumeSnapshots>(),
    change::<volumes::Snapshot>(),
    change::<cloud_lists::DeleteVolumeSnapshots>(),
    query::<volumes::Types>(),
    change::<cloud_lists::DeleteImages>(),
];

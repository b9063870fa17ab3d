//! Changes on compute clouds. The contract of each variant holds for every provider.

use std::collections::BTreeMap;

use cloudmesh_model::cloud_things::SecurityRule;
use cloudmesh_model::{NativeId, ThingId, ThingKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Nature, Until};

/// A change on a compute cloud. The contract of each variant holds for every provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action")]
pub enum ComputeAction {
    /// Makes a server that carries the request's mark from the first moment. Done when the cloud has
    /// accepted it; the server may still be building. Answers with the native id.
    #[serde(rename = "create_server.v2", alias = "create_server.v1")]
    CreateServer(Box<CreateServer>),
    /// Deletes a server. Done when the cloud has accepted it. Deleting what is gone succeeds.
    #[serde(rename = "delete_server.v1")]
    DeleteServer {
        /// The server.
        server: ThingId,
    },
    /// Starts a stopped server. Starting what runs succeeds.
    #[serde(rename = "start_server.v1")]
    StartServer {
        /// The server.
        server: ThingId,
    },
    /// Stops a running server; its disk and addresses stay. Stopping what is stopped succeeds.
    #[serde(rename = "stop_server.v1")]
    StopServer {
        /// The server.
        server: ThingId,
    },
    /// Makes a public key known to the cloud. The same key under the same name succeeds; another key
    /// under that name is a conflict.
    #[serde(rename = "upload_key.v1")]
    UploadKey {
        /// Our id of the key in that cloud.
        key: ThingId,
        /// Its name in the cloud.
        name: String,
        /// OpenSSH's one-line form.
        public_key: String,
    },
    /// Deletes a key pair by its name. Deleting what is gone succeeds.
    #[serde(rename = "delete_key.v1")]
    DeleteKey {
        /// Our id of the key in that cloud.
        key: ThingId,
        /// Its name in the cloud.
        name: String,
    },
    /// Takes a floating address from a pool for the project; it carries the request's mark.
    #[serde(rename = "create_address.v1")]
    CreateAddress {
        /// Our id of the address.
        address: ThingId,
        /// The pool's native id, or `None` for the cloud's only or default one.
        pool: Option<NativeId>,
    },
    /// Leads a floating address to a server's first fixed address. If it leads there already, succeeds.
    #[serde(rename = "attach_address.v1")]
    AttachAddress {
        /// The address.
        address: ThingId,
        /// The server.
        server: ThingId,
    },
    /// Takes a floating address off whatever it leads to. If it leads nowhere, succeeds.
    #[serde(rename = "detach_address.v1")]
    DetachAddress {
        /// The address.
        address: ThingId,
    },
    /// Gives a floating address back to its pool. Deleting what is gone succeeds.
    #[serde(rename = "delete_address.v1")]
    DeleteAddress {
        /// The address.
        address: ThingId,
    },
    /// Starts a server anew: its system is asked to (`hard: false`), or its power is cut. While a reboot is
    /// under way, another one succeeds and does nothing.
    #[serde(rename = "reboot_server.v1")]
    RebootServer {
        /// The server.
        server: ThingId,
        /// Cuts the power.
        hard: bool,
    },
    /// Stops a running server's processors; its memory stays where it is. Pausing what is paused succeeds.
    #[serde(rename = "pause_server.v1")]
    PauseServer {
        /// The server.
        server: ThingId,
    },
    /// Lets a paused server go on. Doing so with one that runs succeeds.
    #[serde(rename = "unpause_server.v1")]
    UnpauseServer {
        /// The server.
        server: ThingId,
    },
    /// Writes a running server's memory to disk and stops it. Suspending what is suspended succeeds.
    #[serde(rename = "suspend_server.v1")]
    SuspendServer {
        /// The server.
        server: ThingId,
    },
    /// Lets a suspended server go on. Resuming what runs succeeds.
    #[serde(rename = "resume_server.v1")]
    ResumeServer {
        /// The server.
        server: ThingId,
    },
    /// Stops a server and keeps its disk only, so that it takes no place on a host. Shelving what is shelved
    /// succeeds.
    #[serde(rename = "shelve_server.v1")]
    ShelveServer {
        /// The server.
        server: ThingId,
    },
    /// Brings a shelved server back. Doing so with one that runs succeeds.
    #[serde(rename = "unshelve_server.v1")]
    UnshelveServer {
        /// The server.
        server: ThingId,
    },
    /// Locks a server against changes by others than administrators. May be repeated.
    #[serde(rename = "lock_server.v1")]
    LockServer {
        /// The server.
        server: ThingId,
    },
    /// Takes a lock off. May be repeated.
    #[serde(rename = "unlock_server.v1")]
    UnlockServer {
        /// The server.
        server: ThingId,
    },
    /// Gives a server another name; the system on it keeps its host name. May be repeated.
    #[serde(rename = "rename_server.v1")]
    RenameServer {
        /// The server.
        server: ThingId,
        /// Its new name.
        name: String,
        /// The name that it had, for the way back.
        earlier: String,
    },
    /// Gives a server another flavor; it then waits for that to be confirmed or turned back. If it is of that
    /// flavor, or waits already, succeeds.
    #[serde(rename = "resize_server.v1")]
    ResizeServer {
        /// The server.
        server: ThingId,
        /// The flavor.
        flavor: NativeId,
        /// The flavor's name, for people.
        flavor_name: String,
    },
    /// Confirms a resize: the server as it was is thrown away. If nothing waits to be confirmed, succeeds.
    #[serde(rename = "confirm_resize.v1")]
    ConfirmResize {
        /// The server.
        server: ThingId,
    },
    /// Turns a resize back that was not confirmed. If nothing waits to be confirmed, succeeds.
    #[serde(rename = "revert_resize.v1")]
    RevertResize {
        /// The server.
        server: ThingId,
    },
    /// Installs an image on a server's disk anew; everything on the disk is lost. Name, id and addresses stay.
    /// While a rebuild is under way, another one succeeds and does nothing.
    #[serde(rename = "rebuild_server.v1")]
    RebuildServer {
        /// The server.
        server: ThingId,
        /// The image.
        image: NativeId,
        /// The image's name, for people.
        image_name: String,
    },
    /// Starts a server from a rescue disk, its own one beside. Doing so with one that is rescued succeeds.
    #[serde(rename = "rescue_server.v1")]
    RescueServer {
        /// The server.
        server: ThingId,
        /// The image to start from, or `None` for the cloud's choice.
        image: Option<NativeId>,
    },
    /// Starts a rescued server from its own disk again. Doing so with one that runs succeeds.
    #[serde(rename = "unrescue_server.v1")]
    UnrescueServer {
        /// The server.
        server: ThingId,
    },
    /// Sets and (with `None`) removes items of a server's metadata; all others stay. May be repeated.
    #[serde(rename = "set_metadata.v1")]
    SetMetadata {
        /// The server.
        server: ThingId,
        /// Items to set or remove.
        items: BTreeMap<String, Option<String>>,
        /// What these items were before, for the way back.
        earlier: BTreeMap<String, Option<String>>,
    },
    /// Makes an image of a server's disk; it carries the request's mark. Done when the cloud has accepted it.
    #[serde(rename = "create_image.v1")]
    CreateImage {
        /// Our id of the image.
        image: ThingId,
        /// Its name.
        name: String,
        /// The server.
        server: ThingId,
    },
    /// Deletes an image. Deleting what is gone succeeds.
    #[serde(rename = "delete_image.v1")]
    DeleteImage {
        /// The image.
        image: ThingId,
    },
    /// Makes an empty network that carries the request's mark.
    #[serde(rename = "create_network.v1")]
    CreateNetwork {
        /// Our id of it.
        network: ThingId,
        /// Its name.
        name: String,
    },
    /// Deletes a network and its subnets. Deleting what is gone succeeds.
    #[serde(rename = "delete_network.v1")]
    DeleteNetwork {
        /// The network.
        network: ThingId,
    },
    /// Gives a network a range of addresses; it carries the request's mark.
    #[serde(rename = "create_subnet.v1")]
    CreateSubnet {
        /// Our id of it.
        subnet: ThingId,
        /// The network.
        network: ThingId,
        /// Its name.
        name: String,
        /// Its range: `10.0.0.0/24`.
        range: String,
        /// Name servers for its servers; the cloud's without any.
        #[serde(default)]
        name_servers: Vec<String>,
    },
    /// Deletes a subnet. Deleting what is gone succeeds.
    #[serde(rename = "delete_subnet.v1")]
    DeleteSubnet {
        /// The subnet.
        subnet: ThingId,
    },
    /// Makes a router that carries the request's mark.
    #[serde(rename = "create_router.v1")]
    CreateRouter {
        /// Our id of it.
        router: ThingId,
        /// Its name.
        name: String,
        /// The external network that it leads to.
        gateway: Option<NativeId>,
    },
    /// Deletes a router. Deleting what is gone succeeds.
    #[serde(rename = "delete_router.v1")]
    DeleteRouter {
        /// The router.
        router: ThingId,
    },
    /// Connects a subnet to a router. If it is connected already, succeeds.
    #[serde(rename = "attach_subnet.v1")]
    AttachSubnet {
        /// The router.
        router: ThingId,
        /// The subnet.
        subnet: ThingId,
    },
    /// Takes a subnet off a router. If it is not connected, succeeds.
    #[serde(rename = "detach_subnet.v1")]
    DetachSubnet {
        /// The router.
        router: ThingId,
        /// The subnet.
        subnet: ThingId,
    },
    /// Makes a port on a network; it carries the request's mark.
    #[serde(rename = "create_port.v1")]
    CreatePort {
        /// Our id of it.
        port: ThingId,
        /// The network.
        network: ThingId,
        /// Its name.
        name: String,
        /// Its address; the cloud's choice without it.
        address: Option<String>,
    },
    /// Deletes a port. Deleting what is gone succeeds.
    #[serde(rename = "delete_port.v1")]
    DeletePort {
        /// The port.
        port: ThingId,
    },
    /// Makes a security group without rules of ours; it carries the request's mark.
    #[serde(rename = "create_secgroup.v1")]
    CreateSecurityGroup {
        /// Our id of it.
        group: ThingId,
        /// Its name.
        name: String,
        /// A line about it.
        description: String,
    },
    /// Deletes a security group. Deleting what is gone succeeds.
    #[serde(rename = "delete_secgroup.v1")]
    DeleteSecurityGroup {
        /// The group.
        group: ThingId,
    },
    /// Adds a rule to a security group. If the group has that rule, succeeds.
    #[serde(rename = "add_rule.v1")]
    AddRule {
        /// The group.
        group: ThingId,
        /// The rule.
        rule: SecurityRule,
    },
    /// Takes a rule out of a security group. If the group has no such rule, succeeds.
    #[serde(rename = "remove_rule.v1")]
    RemoveRule {
        /// The group.
        group: ThingId,
        /// The rule.
        rule: SecurityRule,
    },
    /// Makes a volume that carries the request's mark. Done when the cloud has accepted it.
    #[serde(rename = "create_volume.v1")]
    CreateVolume(Box<CreateVolume>),
    /// Deletes a volume. Done when the cloud has accepted it. Deleting what is gone succeeds.
    #[serde(rename = "delete_volume.v1")]
    DeleteVolume {
        /// The volume.
        volume: ThingId,
    },
    /// Makes a volume larger. If it is that large, succeeds.
    #[serde(rename = "extend_volume.v1")]
    ExtendVolume {
        /// The volume.
        volume: ThingId,
        /// GiB.
        size: u64,
    },
    /// Gives a server a volume. If it has it, succeeds.
    #[serde(rename = "attach_volume.v1")]
    AttachVolume {
        /// The volume.
        volume: ThingId,
        /// The server.
        server: ThingId,
    },
    /// Takes a volume off a server. If it has not got it, succeeds.
    #[serde(rename = "detach_volume.v1")]
    DetachVolume {
        /// The volume.
        volume: ThingId,
        /// The server.
        server: ThingId,
    },
    /// Copies a volume as it is now; the copy carries the request's mark.
    #[serde(rename = "create_snapshot.v1")]
    CreateSnapshot {
        /// Our id of the copy.
        snapshot: ThingId,
        /// The volume.
        volume: ThingId,
        /// Its name.
        name: String,
    },
    /// Deletes a copy of a volume. Deleting what is gone succeeds.
    #[serde(rename = "delete_snapshot.v1")]
    DeleteSnapshot {
        /// The copy.
        snapshot: ThingId,
    },
    /// Makes a server group.
    #[serde(rename = "create_server_group.v1")]
    CreateServerGroup {
        /// Our id of it.
        group: ThingId,
        /// Its name.
        name: String,
        /// `affinity`, `anti-affinity`, `soft-affinity` or `soft-anti-affinity`.
        policy: String,
    },
    /// Deletes a server group; its members stay. Deleting what is gone succeeds.
    #[serde(rename = "delete_server_group.v1")]
    DeleteServerGroup {
        /// The group.
        group: ThingId,
    },
}

/// What a new server is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreateServer {
    /// Our id of it.
    pub server: ThingId,
    /// Its name.
    pub name: String,
    /// Image.
    pub image: NativeId,
    /// Name of the image, for lists until the cloud answers.
    pub image_name: String,
    /// Flavor.
    pub flavor: NativeId,
    /// Name of the flavor, for lists until the cloud answers.
    pub flavor_name: String,
    /// Name of a key pair in the cloud.
    pub key: Option<String>,
    /// Networks, by name or native id; empty for the cloud's own choice.
    #[serde(default)]
    pub networks: Vec<NativeId>,
    /// Names of security groups; empty for the cloud's default.
    #[serde(default)]
    pub security_groups: Vec<String>,
    /// Availability zone.
    pub zone: Option<String>,
    /// Hash of the attachment to give as user data.
    pub user_data: Option<String>,
    /// The account to log in with, kept with the server.
    pub username: Option<String>,
    /// The user's own metadata.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Ports to plug in, after the networks.
    #[serde(default)]
    pub ports: Vec<NativeId>,
    /// The server group that it joins.
    #[serde(default)]
    pub server_group: Option<NativeId>,
    /// The volume that it boots from, in place of a disk of the host.
    #[serde(default)]
    pub volume: Option<BootVolume>,
}

/// The volume that a server boots from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BootVolume {
    /// A new one, made from the image.
    New {
        /// GiB.
        size: u64,
        /// Whether it stays when the server is deleted.
        keep: bool,
    },
    /// One that is there. It stays when the server is deleted.
    There(NativeId),
}

/// What a new volume is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreateVolume {
    /// Our id of it.
    pub volume: ThingId,
    /// Its name.
    pub name: String,
    /// GiB.
    pub size: u64,
    /// Name or native id of its type; the cloud's default without it.
    pub volume_type: Option<String>,
    /// An image that is written to it.
    pub image: Option<NativeId>,
    /// A copy of a volume that it begins as.
    pub snapshot: Option<NativeId>,
    /// Availability zone.
    pub zone: Option<String>,
}

macro_rules! names {
    ($( $variant:ident => $name:literal, )*) => {
        /// The names of all variants; the capability table has a line for each.
        pub const NAMES: &'static [&'static str] = &[$( $name ),*];

        /// Its name without version.
        #[must_use]
        pub fn name(&self) -> &'static str {
            match self {
                $( Self::$variant { .. } => $name, )*
            }
        }
    };
}

impl ComputeAction {
    names! {
        CreateServer => "create_server",
        DeleteServer => "delete_server",
        StartServer => "start_server",
        StopServer => "stop_server",
        UploadKey => "upload_key",
        DeleteKey => "delete_key",
        CreateAddress => "create_address",
        AttachAddress => "attach_address",
        DetachAddress => "detach_address",
        DeleteAddress => "delete_address",
        RebootServer => "reboot_server",
        PauseServer => "pause_server",
        UnpauseServer => "unpause_server",
        SuspendServer => "suspend_server",
        ResumeServer => "resume_server",
        ShelveServer => "shelve_server",
        UnshelveServer => "unshelve_server",
        LockServer => "lock_server",
        UnlockServer => "unlock_server",
        RenameServer => "rename_server",
        ResizeServer => "resize_server",
        ConfirmResize => "confirm_resize",
        RevertResize => "revert_resize",
        RebuildServer => "rebuild_server",
        RescueServer => "rescue_server",
        UnrescueServer => "unrescue_server",
        SetMetadata => "set_metadata",
        CreateImage => "create_image",
        DeleteImage => "delete_image",
        CreateNetwork => "create_network",
        DeleteNetwork => "delete_network",
        CreateSubnet => "create_subnet",
        DeleteSubnet => "delete_subnet",
        CreateRouter => "create_router",
        DeleteRouter => "delete_router",
        AttachSubnet => "attach_subnet",
        DetachSubnet => "detach_subnet",
        CreatePort => "create_port",
        DeletePort => "delete_port",
        CreateSecurityGroup => "create_secgroup",
        DeleteSecurityGroup => "delete_secgroup",
        AddRule => "add_rule",
        RemoveRule => "remove_rule",
        CreateVolume => "create_volume",
        DeleteVolume => "delete_volume",
        ExtendVolume => "extend_volume",
        AttachVolume => "attach_volume",
        DetachVolume => "detach_volume",
        CreateSnapshot => "create_snapshot",
        DeleteSnapshot => "delete_snapshot",
        CreateServerGroup => "create_server_group",
        DeleteServerGroup => "delete_server_group",
    }

    pub(crate) fn subject(&self) -> (ThingKind, &ThingId) {
        match self {
            Self::CreateServer(create) => (ThingKind::Server, &create.server),
            Self::DeleteServer { server }
            | Self::StartServer { server }
            | Self::StopServer { server }
            | Self::RebootServer { server, .. }
            | Self::PauseServer { server }
            | Self::UnpauseServer { server }
            | Self::SuspendServer { server }
            | Self::ResumeServer { server }
            | Self::ShelveServer { server }
            | Self::UnshelveServer { server }
            | Self::LockServer { server }
            | Self::UnlockServer { server }
            | Self::RenameServer { server, .. }
            | Self::ResizeServer { server, .. }
            | Self::ConfirmResize { server }
            | Self::RevertResize { server }
            | Self::RebuildServer { server, .. }
            | Self::RescueServer { server, .. }
            | Self::UnrescueServer { server }
            | Self::SetMetadata { server, .. } => (ThingKind::Server, server),
            Self::UploadKey { key, .. } | Self::DeleteKey { key, .. } => (ThingKind::Key, key),
            Self::CreateAddress { address, .. }
            | Self::AttachAddress { address, .. }
            | Self::DetachAddress { address }
            | Self::DeleteAddress { address } => (ThingKind::Address, address),
            Self::CreateImage { image, .. } | Self::DeleteImage { image } => (ThingKind::Image, image),
            Self::CreateNetwork { network, .. } | Self::DeleteNetwork { network } => {
                (ThingKind::Network, network)
            }
            Self::CreateSubnet { subnet, .. } | Self::DeleteSubnet { subnet } => (ThingKind::Subnet, subnet),
            Self::CreateRouter { router, .. }
            | Self::DeleteRouter { router }
            | Self::AttachSubnet { router, .. }
            | Self::DetachSubnet { router, .. } => (ThingKind::Router, router),
            Self::CreatePort { port, .. } | Self::DeletePort { port } => (ThingKind::Port, port),
            Self::CreateSecurityGroup { group, .. }
            | Self::DeleteSecurityGroup { group }
            | Self::AddRule { group, .. }
            | Self::RemoveRule { group, .. } => (ThingKind::SecurityGroup, group),
            Self::CreateVolume(create) => (ThingKind::Volume, &create.volume),
            Self::DeleteVolume { volume }
            | Self::ExtendVolume { volume, .. }
            | Self::AttachVolume { volume, .. }
            | Self::DetachVolume { volume, .. } => (ThingKind::Volume, volume),
            Self::CreateSnapshot { snapshot, .. } | Self::DeleteSnapshot { snapshot } => {
                (ThingKind::VolumeSnapshot, snapshot)
            }
            Self::CreateServerGroup { group, .. } | Self::DeleteServerGroup { group } => {
                (ThingKind::ServerGroup, group)
            }
        }
    }

    pub(crate) fn references(&self) -> Vec<&ThingId> {
        match self {
            Self::UploadKey { .. } | Self::DeleteKey { .. } => vec![],
            Self::AttachAddress { address: one, server: other }
            | Self::AttachSubnet { router: one, subnet: other }
            | Self::DetachSubnet { router: one, subnet: other }
            | Self::AttachVolume { volume: one, server: other }
            | Self::DetachVolume { volume: one, server: other } => vec![one, other],
            Self::CreateImage { server, .. } => vec![server],
            Self::CreateSubnet { network, .. } | Self::CreatePort { network, .. } => vec![network],
            Self::CreateSnapshot { volume, .. } => vec![volume],
            making if making.nature() == Nature::Create => vec![],
            other => vec![other.subject().1],
        }
    }

    pub(crate) fn attachments(&self) -> Vec<&str> {
        match self {
            Self::CreateServer(create) => create.user_data.as_deref().into_iter().collect(),
            _ => vec![],
        }
    }

    pub(crate) fn nature(&self) -> Nature {
        match self {
            Self::CreateServer(_)
            | Self::UploadKey { .. }
            | Self::CreateAddress { .. }
            | Self::CreateImage { .. }
            | Self::CreateNetwork { .. }
            | Self::CreateSubnet { .. }
            | Self::CreateRouter { .. }
            | Self::CreatePort { .. }
            | Self::CreateSecurityGroup { .. }
            | Self::CreateVolume(_)
            | Self::CreateSnapshot { .. }
            | Self::CreateServerGroup { .. } => Nature::Create,
            Self::DeleteServer { .. }
            | Self::DeleteKey { .. }
            | Self::DeleteAddress { .. }
            | Self::RebuildServer { .. }
            | Self::DeleteImage { .. }
            | Self::DeleteNetwork { .. }
            | Self::DeleteSubnet { .. }
            | Self::DeleteRouter { .. }
            | Self::DeletePort { .. }
            | Self::DeleteSecurityGroup { .. }
            | Self::DeleteVolume { .. }
            | Self::DeleteSnapshot { .. }
            | Self::DeleteServerGroup { .. } => Nature::Destroy,
            _ => Nature::Change,
        }
    }

    pub(crate) fn repeatable(&self) -> bool {
        self.nature() != Nature::Create || matches!(self, Self::UploadKey { .. })
    }

    /// The action that takes away what this one made, where `id` is ours of the thing to take away.
    pub(crate) fn takes_back(&self, id: &ThingId) -> Option<Self> {
        let id = id.clone();
        Some(match self {
            Self::CreateServer(_) => Self::DeleteServer { server: id },
            Self::CreateAddress { .. } => Self::DeleteAddress { address: id },
            Self::UploadKey { name, .. } => Self::DeleteKey { key: id, name: name.clone() },
            Self::CreateImage { .. } => Self::DeleteImage { image: id },
            Self::CreateNetwork { .. } => Self::DeleteNetwork { network: id },
            Self::CreateSubnet { .. } => Self::DeleteSubnet { subnet: id },
            Self::CreateRouter { .. } => Self::DeleteRouter { router: id },
            Self::CreatePort { .. } => Self::DeletePort { port: id },
            Self::CreateSecurityGroup { .. } => Self::DeleteSecurityGroup { group: id },
            Self::CreateVolume(_) => Self::DeleteVolume { volume: id },
            Self::CreateSnapshot { .. } => Self::DeleteSnapshot { snapshot: id },
            Self::CreateServerGroup { .. } => Self::DeleteServerGroup { group: id },
            _ => return None,
        })
    }

    /// The action that turns a change back.
    pub(crate) fn turns_back(&self) -> Option<Self> {
        Some(match self.clone() {
            Self::StartServer { server } => Self::StopServer { server },
            Self::StopServer { server } => Self::StartServer { server },
            Self::PauseServer { server } => Self::UnpauseServer { server },
            Self::UnpauseServer { server } => Self::PauseServer { server },
            Self::SuspendServer { server } => Self::ResumeServer { server },
            Self::ResumeServer { server } => Self::SuspendServer { server },
            Self::ShelveServer { server } => Self::UnshelveServer { server },
            Self::UnshelveServer { server } => Self::ShelveServer { server },
            Self::LockServer { server } => Self::UnlockServer { server },
            Self::UnlockServer { server } => Self::LockServer { server },
            Self::RenameServer { server, name, earlier } => {
                Self::RenameServer { server, name: earlier, earlier: name }
            }
            Self::ResizeServer { server, .. } => Self::RevertResize { server },
            Self::RescueServer { server, .. } => Self::UnrescueServer { server },
            Self::UnrescueServer { server } => Self::RescueServer { server, image: None },
            Self::SetMetadata { server, items, earlier } => {
                Self::SetMetadata { server, items: earlier, earlier: items }
            }
            Self::AttachAddress { address, .. } => Self::DetachAddress { address },
            Self::AttachSubnet { router, subnet } => Self::DetachSubnet { router, subnet },
            Self::DetachSubnet { router, subnet } => Self::AttachSubnet { router, subnet },
            Self::AddRule { group, rule } => Self::RemoveRule { group, rule },
            Self::RemoveRule { group, rule } => Self::AddRule { group, rule },
            Self::AttachVolume { volume, server } => Self::DetachVolume { volume, server },
            Self::DetachVolume { volume, server } => Self::AttachVolume { volume, server },
            _ => return None,
        })
    }

    /// The state that its subject is in when all that it began has ended; `None` where it ends at once.
    #[must_use]
    pub fn leads_to(&self) -> Option<Until> {
        Some(match self {
            Self::CreateServer(_)
            | Self::StartServer { .. }
            | Self::RebootServer { .. }
            | Self::UnpauseServer { .. }
            | Self::ResumeServer { .. }
            | Self::UnshelveServer { .. }
            | Self::UnrescueServer { .. } => Until::Active,
            Self::StopServer { .. } => Until::Stopped,
            Self::PauseServer { .. } | Self::SuspendServer { .. } => Until::Paused,
            Self::ShelveServer { .. } => Until::Shelved,
            Self::ResizeServer { .. } => Until::Resized,
            Self::RescueServer { .. } => Until::Rescued,
            Self::ConfirmResize { .. } | Self::RevertResize { .. } | Self::RebuildServer { .. } => {
                Until::Settled
            }
            Self::CreateVolume(_)
            | Self::ExtendVolume { .. }
            | Self::DetachVolume { .. }
            | Self::CreateSnapshot { .. }
            | Self::CreateImage { .. } => Until::Available,
            Self::AttachVolume { .. } => Until::InUse,
            Self::DeleteServer { .. } | Self::DeleteVolume { .. } | Self::DeleteSnapshot { .. } => {
                Until::Gone
            }
            _ => return None,
        })
    }
}

//! Any thing that plans make or lists show, as one type for engine and store.

use cloudmesh_model::cloud_things::{
    Network, Port, Router, SecurityGroup, ServerGroup, Subnet, Volume, VolumeSnapshot,
};
use cloudmesh_model::compute::{Flavor, FloatingAddress, Image, KeyPair, Server};
use cloudmesh_model::job::Job;
use cloudmesh_model::{Mark, NativeId, ThingId, ThingKind};
use serde::{Deserialize, Serialize};

/// A thing as the service last showed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Thing {
    /// A virtual machine.
    Server(Server),
    /// An image.
    Image(Image),
    /// A flavor.
    Flavor(Flavor),
    /// A key pair.
    Key(KeyPair),
    /// A floating address.
    Address(FloatingAddress),
    /// A batch job.
    Job(Job),
    /// A network.
    Network(Network),
    /// A range of addresses of a network.
    Subnet(Subnet),
    /// A router.
    Router(Router),
    /// A port of a network.
    Port(Port),
    /// A security group.
    SecurityGroup(SecurityGroup),
    /// A volume.
    Volume(Volume),
    /// A copy of a volume.
    VolumeSnapshot(VolumeSnapshot),
    /// A server group.
    ServerGroup(ServerGroup),
}

impl Thing {
    /// The same thing under another id of ours.
    #[must_use]
    pub fn with_id(mut self, id: &ThingId) -> Self {
        let own = match &mut self {
            Self::Server(thing) => &mut thing.id,
            Self::Image(thing) => &mut thing.id,
            Self::Flavor(thing) => &mut thing.id,
            Self::Key(thing) => &mut thing.id,
            Self::Address(thing) => &mut thing.id,
            Self::Job(thing) => &mut thing.id,
            Self::Network(thing) => &mut thing.id,
            Self::Subnet(thing) => &mut thing.id,
            Self::Router(thing) => &mut thing.id,
            Self::Port(thing) => &mut thing.id,
            Self::SecurityGroup(thing) => &mut thing.id,
            Self::Volume(thing) => &mut thing.id,
            Self::VolumeSnapshot(thing) => &mut thing.id,
            Self::ServerGroup(thing) => &mut thing.id,
        };
        own.clone_from(id);
        self
    }

    /// What kind of thing it is.
    #[must_use]
    pub fn kind(&self) -> ThingKind {
        match self {
            Self::Server(_) => ThingKind::Server,
            Self::Image(_) => ThingKind::Image,
            Self::Flavor(_) => ThingKind::Flavor,
            Self::Key(_) => ThingKind::Key,
            Self::Address(_) => ThingKind::Address,
            Self::Job(_) => ThingKind::Job,
            Self::Network(_) => ThingKind::Network,
            Self::Subnet(_) => ThingKind::Subnet,
            Self::Router(_) => ThingKind::Router,
            Self::Port(_) => ThingKind::Port,
            Self::SecurityGroup(_) => ThingKind::SecurityGroup,
            Self::Volume(_) => ThingKind::Volume,
            Self::VolumeSnapshot(_) => ThingKind::VolumeSnapshot,
            Self::ServerGroup(_) => ThingKind::ServerGroup,
        }
    }

    /// Our id.
    #[must_use]
    pub fn id(&self) -> &ThingId {
        match self {
            Self::Server(server) => &server.id,
            Self::Image(image) => &image.id,
            Self::Flavor(flavor) => &flavor.id,
            Self::Key(key) => &key.id,
            Self::Address(address) => &address.id,
            Self::Job(job) => &job.id,
            Self::Network(thing) => &thing.id,
            Self::Subnet(thing) => &thing.id,
            Self::Router(thing) => &thing.id,
            Self::Port(thing) => &thing.id,
            Self::SecurityGroup(thing) => &thing.id,
            Self::Volume(thing) => &thing.id,
            Self::VolumeSnapshot(thing) => &thing.id,
            Self::ServerGroup(thing) => &thing.id,
        }
    }

    /// The service's id, once there is one.
    #[must_use]
    pub fn native(&self) -> Option<&NativeId> {
        match self {
            Self::Server(server) => server.native.as_ref(),
            Self::Image(image) => Some(&image.native),
            Self::Flavor(flavor) => Some(&flavor.native),
            Self::Key(key) => Some(&key.native),
            Self::Address(address) => address.native.as_ref(),
            Self::Job(job) => job.native.as_ref(),
            Self::Network(thing) => thing.native.as_ref(),
            Self::Subnet(thing) => thing.native.as_ref(),
            Self::Router(thing) => thing.native.as_ref(),
            Self::Port(thing) => thing.native.as_ref(),
            Self::SecurityGroup(thing) => thing.native.as_ref(),
            Self::Volume(thing) => thing.native.as_ref(),
            Self::VolumeSnapshot(thing) => thing.native.as_ref(),
            Self::ServerGroup(thing) => thing.native.as_ref(),
        }
    }

    /// Its name; for an address the address itself.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Server(server) => &server.name,
            Self::Image(image) => &image.name,
            Self::Flavor(flavor) => &flavor.name,
            Self::Key(key) => &key.name,
            Self::Address(address) => &address.address,
            Self::Job(job) => &job.name,
            Self::Network(thing) => &thing.name,
            Self::Subnet(thing) => &thing.name,
            Self::Router(thing) => &thing.name,
            Self::Port(thing) => &thing.name,
            Self::SecurityGroup(thing) => &thing.name,
            Self::Volume(thing) => &thing.name,
            Self::VolumeSnapshot(thing) => &thing.name,
            Self::ServerGroup(thing) => &thing.name,
        }
    }

    /// The mark that it carries, whichever installation's.
    #[must_use]
    pub fn mark(&self) -> Option<&Mark> {
        match self {
            Self::Server(server) => server.mark.as_ref(),
            Self::Address(address) => address.mark.as_ref(),
            Self::Job(job) => job.mark.as_ref(),
            Self::Network(thing) => thing.mark.as_ref(),
            Self::Subnet(thing) => thing.mark.as_ref(),
            Self::Router(thing) => thing.mark.as_ref(),
            Self::Port(thing) => thing.mark.as_ref(),
            Self::SecurityGroup(thing) => thing.mark.as_ref(),
            Self::Volume(thing) => thing.mark.as_ref(),
            Self::VolumeSnapshot(thing) => thing.mark.as_ref(),
            Self::ServerGroup(thing) => thing.mark.as_ref(),
            Self::Image(image) => image.mark.as_ref(),
            Self::Flavor(_) | Self::Key(_) => None,
        }
    }
}

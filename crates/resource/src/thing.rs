//! Any thing that plans make or lists show, as one type for engine and store.

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
}

impl Thing {
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
        }
    }

    /// The mark that it carries, whichever installation's.
    #[must_use]
    pub fn mark(&self) -> Option<&Mark> {
        match self {
            Self::Server(server) => server.mark.as_ref(),
            Self::Address(address) => address.mark.as_ref(),
            Self::Job(job) => job.mark.as_ref(),
            Self::Image(_) | Self::Flavor(_) | Self::Key(_) => None,
        }
    }
}

//! Nouns of compute clouds: servers, images, flavors, key pairs, floating addresses.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::noun::ColumnKind::{Flag, Integer, List, Text, Time};
use crate::noun::Shown::{Detail, List as InList};
use crate::{Column, Mark, NativeId, Noun, Record, Row, RowBuilder, ThingId};

/// The state of a server, the same words on every cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerStatus {
    /// In a plan, not yet known to the cloud.
    Planned,
    /// The cloud is making it.
    Building,
    /// It runs.
    Active,
    /// On its way from one of the steady states to another (booting, stopping, resizing …).
    Changing,
    /// It exists and does not run.
    Stopped,
    /// Its memory is kept, it does not run (paused or suspended).
    Paused,
    /// Shelved: only its disk is kept.
    Shelved,
    /// Resized, and waiting for that to be confirmed or turned back.
    Resized,
    /// It runs from a rescue disk.
    Rescued,
    /// The cloud failed to make or run it.
    Error,
    /// On its way out.
    Deleting,
    /// The cloud no longer knows it.
    Gone,
    /// A state that this version has no word for; the native one is kept beside.
    Unknown,
}

impl ServerStatus {
    /// The word that lists show.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Building => "building",
            Self::Active => "active",
            Self::Changing => "changing",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Shelved => "shelved",
            Self::Resized => "resized",
            Self::Rescued => "rescued",
            Self::Error => "error",
            Self::Deleting => "deleting",
            Self::Gone => "gone",
            Self::Unknown => "unknown",
        }
    }
}

/// How an address of a server can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Floating or otherwise public.
    Public,
    /// Within the cloud's own network.
    Private,
}

/// One address of a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServerAddress {
    /// How it can be reached.
    pub reach: Reach,
    /// IPv4 or IPv6, without a prefix length.
    pub address: String,
    /// Name of the network it is on.
    pub network: String,
}

/// A virtual machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Our id.
    pub id: ThingId,
    /// The cloud's id; missing while it is planned.
    pub native: Option<NativeId>,
    /// The cloud.
    pub place: String,
    /// Its name there. Names need not be unique.
    pub name: String,
    /// Its state in our words.
    pub status: ServerStatus,
    /// Its state in the cloud's words.
    pub native_status: String,
    /// Its addresses, public ones first.
    pub addresses: Vec<ServerAddress>,
    /// Name (or else id) of its flavor.
    pub flavor: String,
    /// Name (or else id) of its image; empty when it boots from a volume.
    pub image: String,
    /// Name of its key pair.
    pub key: Option<String>,
    /// When the cloud made it.
    pub created: Option<Timestamp>,
    /// Availability zone.
    pub zone: Option<String>,
    /// Names of its security groups.
    pub security_groups: Vec<String>,
    /// What the cloud says went wrong, for servers in error.
    pub fault: Option<String>,
    /// The account to log in with, where it is known.
    pub username: Option<String>,
    /// The user's own metadata on it; ours is left out.
    pub metadata: BTreeMap<String, String>,
    /// Our mark on it, whichever installation's.
    pub mark: Option<Mark>,
    /// Whether it is locked against changes.
    #[serde(default)]
    pub locked: bool,
}

impl Server {
    /// The address to reach it by: the first public one, else the first.
    #[must_use]
    pub fn reachable_address(&self) -> Option<&str> {
        let public = self.addresses.iter().find(|address| address.reach == Reach::Public);
        public.or(self.addresses.first()).map(|address| address.address.as_str())
    }
}

/// Columns of servers.
pub static SERVER: Noun = Noun {
    name: "server",
    plural: "servers",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "Name of the virtual machine" },
        Column {
            name: "status",
            kind: Text,
            shown: InList,
            about: "State, in words that are the same on every cloud",
        },
        Column { name: "addresses", kind: List, shown: InList, about: "Addresses, public ones first" },
        Column { name: "flavor", kind: Text, shown: InList, about: "Flavor (size)" },
        Column { name: "image", kind: Text, shown: InList, about: "Image it was booted from" },
        Column { name: "key", kind: Text, shown: InList, about: "Key pair" },
        Column { name: "cloud", kind: Text, shown: InList, about: "Cloud it is on" },
        Column { name: "created", kind: Time, shown: InList, about: "When the cloud made it" },
        Column { name: "native_status", kind: Text, shown: Detail, about: "State in the cloud's own words" },
        Column { name: "native_id", kind: Text, shown: Detail, about: "Id in the cloud" },
        Column { name: "zone", kind: Text, shown: Detail, about: "Availability zone" },
        Column { name: "security_groups", kind: List, shown: Detail, about: "Security groups" },
        Column { name: "username", kind: Text, shown: Detail, about: "Account to log in with, where known" },
        Column { name: "fault", kind: Text, shown: Detail, about: "What the cloud says went wrong" },
        Column { name: "metadata", kind: List, shown: Detail, about: "The user's metadata, KEY=VALUE" },
        Column { name: "id", kind: Text, shown: Detail, about: "Cloudmesh's own id" },
        Column { name: "ours", kind: Flag, shown: Detail, about: "Whether it carries a mark of Cloudmesh" },
        Column { name: "locked", kind: Flag, shown: Detail, about: "Whether it is locked against changes" },
    ],
};

impl Record for Server {
    const NOUN: &'static Noun = &SERVER;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn row(&self) -> Row {
        let metadata: Vec<String> =
            self.metadata.iter().map(|(key, value)| format!("{key}={value}")).collect();
        RowBuilder::new()
            .cell(&self.name)
            .cell(self.status.as_str())
            .list(self.addresses.iter().map(|address| address.address.as_str()))
            .cell(&self.flavor)
            .cell(&self.image)
            .maybe(self.key.as_ref())
            .cell(&self.place)
            .maybe(self.created)
            .cell(&self.native_status)
            .maybe(self.native.as_ref())
            .maybe(self.zone.as_ref())
            .list(self.security_groups.iter().map(String::as_str))
            .maybe(self.username.as_ref())
            .maybe(self.fault.as_ref())
            .list(metadata.iter().map(String::as_str))
            .cell(self.id.as_str())
            .cell(if self.mark.is_some() { "true" } else { "false" })
            .maybe(Some(self.locked))
            .finish()
    }
}

/// An image that servers boot from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Our id.
    pub id: ThingId,
    /// The cloud's id.
    pub native: NativeId,
    /// The cloud.
    pub place: String,
    /// Its name there.
    pub name: String,
    /// State in the cloud's words, lower case: `active`, `queued` …
    pub status: String,
    /// `public`, `private`, `shared` or `community`.
    pub visibility: String,
    /// Bytes.
    pub size: Option<u64>,
    /// Least disk of a server, GiB.
    pub min_disk: u64,
    /// Least memory of a server, MiB.
    pub min_memory: u64,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// The account to log in with, where the image says so.
    pub username: Option<String>,
    /// Our mark on it, whichever installation's.
    #[serde(default)]
    pub mark: Option<Mark>,
}

/// Columns of images.
pub static IMAGE: Noun = Noun {
    name: "image",
    plural: "images",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "Name of the image" },
        Column { name: "status", kind: Text, shown: InList, about: "State in the cloud's words" },
        Column { name: "visibility", kind: Text, shown: InList, about: "Who can see it" },
        Column { name: "size", kind: Integer, shown: InList, about: "Size in bytes" },
        Column { name: "min_disk", kind: Integer, shown: InList, about: "Least disk of a server, GiB" },
        Column { name: "min_memory", kind: Integer, shown: InList, about: "Least memory of a server, MiB" },
        Column { name: "cloud", kind: Text, shown: InList, about: "Cloud it is on" },
        Column { name: "created", kind: Time, shown: InList, about: "When it was made" },
        Column { name: "native_id", kind: Text, shown: Detail, about: "Id in the cloud" },
        Column { name: "username", kind: Text, shown: Detail, about: "Account to log in with, where known" },
    ],
};

impl Record for Image {
    const NOUN: &'static Noun = &IMAGE;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .cell(&self.name)
            .cell(&self.status)
            .cell(&self.visibility)
            .maybe(self.size)
            .maybe(Some(self.min_disk))
            .maybe(Some(self.min_memory))
            .cell(&self.place)
            .maybe(self.created)
            .cell(self.native.as_str())
            .maybe(self.username.as_ref())
            .finish()
    }
}

/// A size of server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flavor {
    /// Our id.
    pub id: ThingId,
    /// The cloud's id.
    pub native: NativeId,
    /// The cloud.
    pub place: String,
    /// Its name there.
    pub name: String,
    /// Virtual processors.
    pub vcpus: u64,
    /// Memory, MiB.
    pub memory: u64,
    /// Root disk, GiB; 0 where the image decides.
    pub disk: u64,
    /// Whether every project may use it.
    pub public: bool,
}

/// Columns of flavors.
pub static FLAVOR: Noun = Noun {
    name: "flavor",
    plural: "flavors",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "Name of the flavor" },
        Column { name: "vcpus", kind: Integer, shown: InList, about: "Virtual processors" },
        Column { name: "memory", kind: Integer, shown: InList, about: "Memory, MiB" },
        Column {
            name: "disk",
            kind: Integer,
            shown: InList,
            about: "Root disk, GiB; 0 where the image decides",
        },
        Column { name: "public", kind: Flag, shown: InList, about: "Whether every project may use it" },
        Column { name: "cloud", kind: Text, shown: InList, about: "Cloud it is on" },
        Column { name: "native_id", kind: Text, shown: Detail, about: "Id in the cloud" },
    ],
};

impl Record for Flavor {
    const NOUN: &'static Noun = &FLAVOR;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .cell(&self.name)
            .maybe(Some(self.vcpus))
            .maybe(Some(self.memory))
            .maybe(Some(self.disk))
            .maybe(Some(self.public))
            .cell(&self.place)
            .cell(self.native.as_str())
            .finish()
    }
}

/// A public key that a cloud puts on new servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPair {
    /// Our id.
    pub id: ThingId,
    /// The cloud's id: on OpenStack the name itself.
    pub native: NativeId,
    /// The cloud.
    pub place: String,
    /// Its name there.
    pub name: String,
    /// MD5 fingerprint of the public key, as clouds show it: `aa:bb:…`.
    pub fingerprint: String,
    /// `ssh` or `x509`.
    pub key_type: String,
    /// The public key in OpenSSH's one-line form, where the cloud gives it.
    pub public_key: Option<String>,
}

/// Columns of key pairs in a cloud.
pub static KEY_PAIR: Noun = Noun {
    name: "key",
    plural: "keys",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "Name of the key" },
        Column { name: "fingerprint", kind: Text, shown: InList, about: "MD5 fingerprint of the public key" },
        Column { name: "type", kind: Text, shown: InList, about: "Type of key" },
        Column { name: "cloud", kind: Text, shown: InList, about: "Cloud it is on" },
        Column { name: "public_key", kind: Text, shown: Detail, about: "The public key" },
    ],
};

impl Record for KeyPair {
    const NOUN: &'static Noun = &KEY_PAIR;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .cell(&self.name)
            .cell(&self.fingerprint)
            .cell(&self.key_type)
            .cell(&self.place)
            .maybe(self.public_key.as_ref())
            .finish()
    }
}

/// A floating (public) address that a project holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloatingAddress {
    /// Our id.
    pub id: ThingId,
    /// The cloud's id; missing while it is planned.
    pub native: Option<NativeId>,
    /// The cloud.
    pub place: String,
    /// The address; empty while it is planned.
    pub address: String,
    /// Name (or else id) of the pool it comes from.
    pub pool: String,
    /// The cloud's id of the server it leads to.
    pub server: Option<NativeId>,
    /// The server's own address that it leads to.
    pub fixed_address: Option<String>,
    /// State in the cloud's words, lower case.
    pub status: String,
    /// Our mark on it, whichever installation's.
    pub mark: Option<Mark>,
}

/// Columns of floating addresses.
pub static ADDRESS: Noun = Noun {
    name: "address",
    plural: "addresses",
    columns: &[
        Column { name: "address", kind: Text, shown: InList, about: "The floating address" },
        Column {
            name: "server",
            kind: Text,
            shown: InList,
            about: "Native id of the server that it leads to",
        },
        Column {
            name: "fixed_address",
            kind: Text,
            shown: InList,
            about: "The server's own address that it leads to",
        },
        Column { name: "pool", kind: Text, shown: InList, about: "Pool that it comes from" },
        Column { name: "status", kind: Text, shown: InList, about: "State in the cloud's words" },
        Column { name: "cloud", kind: Text, shown: InList, about: "Cloud it is on" },
        Column { name: "native_id", kind: Text, shown: Detail, about: "Id in the cloud" },
        Column { name: "id", kind: Text, shown: Detail, about: "Cloudmesh's own id" },
        Column { name: "ours", kind: Flag, shown: Detail, about: "Whether it carries a mark of Cloudmesh" },
    ],
};

impl Record for FloatingAddress {
    const NOUN: &'static Noun = &ADDRESS;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .cell(&self.address)
            .maybe(self.server.as_ref())
            .maybe(self.fixed_address.as_ref())
            .cell(&self.pool)
            .cell(&self.status)
            .cell(&self.place)
            .maybe(self.native.as_ref())
            .cell(self.id.as_str())
            .cell(if self.mark.is_some() { "true" } else { "false" })
            .finish()
    }
}

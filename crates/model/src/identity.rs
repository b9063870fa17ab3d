//! Names of things: our own id, which exists before the thing does; the service's id; and the mark
//! by which we find a thing of ours again in a cloud or a scheduler.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Error, Result};

/// Our id of a thing. What we made has a UUID (version 7) that was given when it was planned; what
/// we merely saw is `PLACE:NATIVE`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct ThingId(String);

impl ThingId {
    /// A new id for a thing that is being planned.
    #[must_use]
    pub fn planned() -> Self {
        Self(Uuid::now_v7().to_string())
    }

    /// The id of a thing that was seen at `place` and carries no mark of this installation.
    #[must_use]
    pub fn seen(place: &str, native: &NativeId) -> Self {
        Self(format!("{place}:{native}"))
    }

    /// An id that was stored earlier.
    #[must_use]
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ThingId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The service's own id of a thing.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct NativeId(pub String);

impl NativeId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for NativeId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for NativeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The kinds of things that plans make and change.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ThingKind {
    /// A virtual machine.
    Server,
    /// An image that servers boot from.
    Image,
    /// A size of server.
    Flavor,
    /// A public key known to a cloud.
    Key,
    /// A floating (public) address.
    Address,
    /// A batch job.
    Job,
    /// A network.
    Network,
    /// A range of addresses of a network.
    Subnet,
    /// A router between networks.
    Router,
    /// A port of a network.
    Port,
    /// A security group.
    SecurityGroup,
    /// A disk of its own.
    Volume,
    /// A copy of a volume.
    VolumeSnapshot,
    /// Servers that are to be near to, or far from each other.
    ServerGroup,
}

impl ThingKind {
    /// The kind as the store and JSON spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Image => "image",
            Self::Flavor => "flavor",
            Self::Key => "key",
            Self::Address => "address",
            Self::Job => "job",
            Self::Network => "network",
            Self::Subnet => "subnet",
            Self::Router => "router",
            Self::Port => "port",
            Self::SecurityGroup => "secgroup",
            Self::Volume => "volume",
            Self::VolumeSnapshot => "volume_snapshot",
            Self::ServerGroup => "server_group",
        }
    }
}

impl fmt::Display for ThingKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Which folder of settings made a thing: eight hexadecimal digits, drawn once per `CLOUDMESH_HOME`.
/// Two people in one project, or one person's two computers, never take each other's things for their own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Installation(String);

impl Installation {
    /// A new installation id.
    #[must_use]
    pub fn draw() -> Self {
        let mut text = Uuid::now_v7().simple().to_string();
        Self(text.split_off(24))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Installation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.len() == 8 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::bad_input(format!("`{text}` is not an installation id of eight hexadecimal digits")))
        }
    }
}

/// What a thing of ours carries in the cloud: `cm-INSTALLATION-THING`, the thing's UUID without
/// hyphens. 44 ASCII characters: fits metadata values, descriptions, tags, job comments and folder names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    installation: Installation,
    thing: Uuid,
}

impl Mark {
    /// The mark of `thing`, or `None` if the thing was merely seen and is not ours.
    #[must_use]
    pub fn of(installation: &Installation, thing: &ThingId) -> Option<Self> {
        let thing = Uuid::parse_str(thing.as_str()).ok()?;
        Some(Self { installation: installation.clone(), thing })
    }

    /// Which installation made the thing.
    #[must_use]
    pub fn installation(&self) -> &Installation {
        &self.installation
    }

    /// Our id of the thing.
    #[must_use]
    pub fn thing(&self) -> ThingId {
        ThingId(self.thing.to_string())
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "cm-{}-{}", self.installation.0, self.thing.simple())
    }
}

impl FromStr for Mark {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parse = || {
            let (installation, thing) = text.strip_prefix("cm-")?.split_once('-')?;
            let thing = (thing.len() == 32).then(|| Uuid::parse_str(thing).ok())??;
            Some(Self { installation: installation.parse().ok()?, thing })
        };
        parse().ok_or_else(|| Error::bad_input(format!("`{text}` is not a mark")))
    }
}

impl Serialize for Mark {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_as_it_was_written() {
        let installation = Installation::draw();
        let thing = ThingId::planned();
        let mark = Mark::of(&installation, &thing).unwrap();
        let text = mark.to_string();
        assert_eq!(text.len(), 44);
        let back: Mark = text.parse().unwrap();
        assert_eq!(back.thing(), thing);
        assert_eq!(back.installation(), &installation);
    }

    #[test]
    fn what_was_merely_seen_has_no_mark() {
        let thing = ThingId::seen("kilo", &NativeId::from("17"));
        assert!(Mark::of(&Installation::draw(), &thing).is_none());
    }

    #[test]
    fn what_is_not_a_mark_is_refused() {
        for text in ["", "cm-", "cm-1234-5", "cm-0123abcd-zz", "xx-0123abcd-0198f3c2aa0c7d2e8f3c2aa0c7d2e8f3"]
        {
            assert!(text.parse::<Mark>().is_err(), "{text}");
        }
    }
}

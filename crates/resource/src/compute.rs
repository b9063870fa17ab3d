//! Compute clouds: reads as methods, changes as [`ComputeAction`].

use async_trait::async_trait;
use cloudmesh_model::cloud_things::{
    Network, Port, Router, SecurityGroup, ServerGroup, Subnet, Volume, VolumeSnapshot,
};
use cloudmesh_model::compute::{Flavor, FloatingAddress, Image, KeyPair, Server};
use cloudmesh_model::{Error, ErrorKind, NativeId, Result};
use jiff::Timestamp;

use crate::{Capability, Changes, Pages};

/// The item of a server's metadata that holds the account to log in with.
pub const USERNAME_ITEM: &str = "cloudmesh_user";
/// The item of a server's metadata that says until when it is wanted, as a moment of RFC 3339.
pub const EXPIRY_ITEM: &str = "cloudmesh_expires";

/// The answer of a provider that has no such list or report.
fn without<T>(what: &str) -> Result<T> {
    Err(Error::new(ErrorKind::Unsupported, format!("this kind of cloud has no {what}")))
}

/// The reads of a compute cloud. Every list follows its pages to the end or fails; nothing is
/// filtered in silence.
#[async_trait]
pub trait Compute: Changes {
    /// What this provider can do: one line for each of [`ComputeAction::NAMES`].
    fn capabilities(&self) -> &'static [Capability];

    /// All servers of the project.
    ///
    /// # Errors
    /// The service's, translated.
    async fn servers(&self, pages: Pages<'_, Server>) -> Result<()>;

    /// All images that the project may boot from.
    ///
    /// # Errors
    /// The service's, translated.
    async fn images(&self, pages: Pages<'_, Image>) -> Result<()>;

    /// All flavors that the project may use.
    ///
    /// # Errors
    /// The service's, translated.
    async fn flavors(&self, pages: Pages<'_, Flavor>) -> Result<()>;

    /// All key pairs of the user.
    ///
    /// # Errors
    /// The service's, translated.
    async fn keys(&self, pages: Pages<'_, KeyPair>) -> Result<()>;

    /// All floating addresses of the project.
    ///
    /// # Errors
    /// The service's, translated.
    async fn addresses(&self, pages: Pages<'_, FloatingAddress>) -> Result<()>;

    /// Facts for `cloud info`: name and value, in order. Never a secret.
    ///
    /// # Errors
    /// The service's, translated.
    async fn facts(&self) -> Result<Vec<(String, String)>>;

    /// All networks that the project sees.
    ///
    /// # Errors
    /// The service's, translated; [`ErrorKind::Unsupported`] where there is no such thing.
    async fn networks(&self, _: Pages<'_, Network>) -> Result<()> {
        without("networks")
    }

    /// All subnets that the project sees.
    ///
    /// # Errors
    /// As for [`Compute::networks`].
    async fn subnets(&self, _: Pages<'_, Subnet>) -> Result<()> {
        without("subnets")
    }

    /// All routers of the project.
    ///
    /// # Errors
    /// As for [`Compute::networks`].
    async fn routers(&self, _: Pages<'_, Router>) -> Result<()> {
        without("routers")
    }

    /// All ports of the project.
    ///
    /// # Errors
    /// As for [`Compute::networks`].
    async fn ports(&self, _: Pages<'_, Port>) -> Result<()> {
        without("ports")
    }

    /// All security groups of the project, with their rules.
    ///
    /// # Errors
    /// As for [`Compute::networks`].
    async fn security_groups(&self, _: Pages<'_, SecurityGroup>) -> Result<()> {
        without("security groups")
    }

    /// All volumes of the project.
    ///
    /// # Errors
    /// As for [`Compute::networks`].
    async fn volumes(&self, _: Pages<'_, Volume>) -> Result<()> {
        without("volumes")
    }

    /// All copies of volumes of the project.
    ///
    /// # Errors
    /// As for [`Compute::networks`].
    async fn volume_snapshots(&self, _: Pages<'_, VolumeSnapshot>) -> Result<()> {
        without("copies of volumes")
    }

    /// All server groups of the project.
    ///
    /// # Errors
    /// As for [`Compute::networks`].
    async fn server_groups(&self, _: Pages<'_, ServerGroup>) -> Result<()> {
        without("server groups")
    }

    /// The last `lines` lines (all that are kept, without a number) of what a server wrote to its console.
    ///
    /// # Errors
    /// The service's, translated.
    async fn console_output(&self, _: &NativeId, _: Option<u64>) -> Result<String> {
        without("console output")
    }

    /// The address of a page that shows a server's screen; it lets in whoever has it, for a while.
    ///
    /// # Errors
    /// The service's, translated.
    async fn console_page(&self, _: &NativeId) -> Result<String> {
        without("console pages")
    }

    /// What was done with a server, the newest first.
    ///
    /// # Errors
    /// The service's, translated.
    async fn events(&self, _: &NativeId) -> Result<Vec<ServerEvent>> {
        without("record of events")
    }

    /// What may be used at the most, and what is used of it.
    ///
    /// # Errors
    /// The service's, translated. A service that is not there is left out.
    async fn quotas(&self) -> Result<Vec<Quota>> {
        without("quotas")
    }

    /// What servers used between two moments.
    ///
    /// # Errors
    /// The service's, translated.
    async fn usage(&self, _: Timestamp, _: Timestamp) -> Result<Vec<Usage>> {
        without("record of usage")
    }

    /// Availability zones of servers, and whether each can be used now.
    ///
    /// # Errors
    /// The service's, translated.
    async fn zones(&self) -> Result<Vec<(String, bool)>> {
        without("availability zones")
    }

    /// Types of volumes: name and a line about it.
    ///
    /// # Errors
    /// The service's, translated.
    async fn volume_types(&self) -> Result<Vec<(String, String)>> {
        without("types of volumes")
    }
}

/// Something that was done with a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEvent {
    /// When it began.
    pub at: Option<Timestamp>,
    /// What, in the cloud's words.
    pub action: String,
    /// What went wrong, if anything did.
    pub message: Option<String>,
    /// The service's id of the call.
    pub request: String,
    /// The service's id of the user.
    pub user: String,
}

/// What may be used of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The service: `compute`, `network`, `volume`.
    pub service: String,
    /// What: `servers`, `cores` …
    pub resource: String,
    /// How much is used, where the service tells.
    pub used: Option<u64>,
    /// How much may be used; any amount without it.
    pub limit: Option<u64>,
}

/// What one server used in a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// The server's name.
    pub server: String,
    /// Its native id.
    pub native: String,
    /// Its flavor.
    pub flavor: String,
    /// Its state in the cloud's words, lower case.
    pub state: String,
    /// Hours within the period.
    pub hours: f64,
    /// Virtual processors.
    pub vcpus: u64,
    /// MiB.
    pub memory: u64,
    /// GiB.
    pub disk: u64,
    /// When it was made.
    pub started: Option<Timestamp>,
    /// When it went, if it did.
    pub ended: Option<Timestamp>,
}

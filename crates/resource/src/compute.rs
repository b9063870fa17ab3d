//! Compute clouds: reads as methods, changes as [`ComputeAction`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use cloudmesh_model::compute::{Flavor, FloatingAddress, Image, KeyPair, Server};
use cloudmesh_model::{NativeId, Result, ThingId, ThingKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Capability, Changes, Nature, Pages};

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
}

/// A change on a compute cloud. The contract of each variant holds for every provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action")]
pub enum ComputeAction {
    /// Makes a server that carries the request's mark from the first moment. Done when the cloud has
    /// accepted it; the server may still be building. Answers with the native id.
    #[serde(rename = "create_server.v1")]
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
}

impl ComputeAction {
    /// The names of all variants; the capability table has a line for each.
    pub const NAMES: &'static [&'static str] = &[
        "create_server",
        "delete_server",
        "start_server",
        "stop_server",
        "upload_key",
        "delete_key",
        "create_address",
        "attach_address",
        "detach_address",
        "delete_address",
    ];

    /// Its name without version.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateServer(_) => "create_server",
            Self::DeleteServer { .. } => "delete_server",
            Self::StartServer { .. } => "start_server",
            Self::StopServer { .. } => "stop_server",
            Self::UploadKey { .. } => "upload_key",
            Self::DeleteKey { .. } => "delete_key",
            Self::CreateAddress { .. } => "create_address",
            Self::AttachAddress { .. } => "attach_address",
            Self::DetachAddress { .. } => "detach_address",
            Self::DeleteAddress { .. } => "delete_address",
        }
    }

    pub(crate) fn subject(&self) -> (ThingKind, &ThingId) {
        match self {
            Self::CreateServer(create) => (ThingKind::Server, &create.server),
            Self::DeleteServer { server } | Self::StartServer { server } | Self::StopServer { server } => {
                (ThingKind::Server, server)
            }
            Self::UploadKey { key, .. } | Self::DeleteKey { key, .. } => (ThingKind::Key, key),
            Self::CreateAddress { address, .. }
            | Self::AttachAddress { address, .. }
            | Self::DetachAddress { address }
            | Self::DeleteAddress { address } => (ThingKind::Address, address),
        }
    }

    pub(crate) fn references(&self) -> Vec<&ThingId> {
        match self {
            Self::CreateServer(_)
            | Self::UploadKey { .. }
            | Self::DeleteKey { .. }
            | Self::CreateAddress { .. } => vec![],
            Self::DeleteServer { server } | Self::StartServer { server } | Self::StopServer { server } => {
                vec![server]
            }
            Self::AttachAddress { address, server } => vec![address, server],
            Self::DetachAddress { address } | Self::DeleteAddress { address } => vec![address],
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
            Self::CreateServer(_) | Self::UploadKey { .. } | Self::CreateAddress { .. } => Nature::Create,
            Self::StartServer { .. }
            | Self::StopServer { .. }
            | Self::AttachAddress { .. }
            | Self::DetachAddress { .. } => Nature::Change,
            Self::DeleteServer { .. } | Self::DeleteKey { .. } | Self::DeleteAddress { .. } => {
                Nature::Destroy
            }
        }
    }

    pub(crate) fn repeatable(&self) -> bool {
        !matches!(self, Self::CreateServer(_) | Self::CreateAddress { .. })
    }
}

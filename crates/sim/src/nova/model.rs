//! What Nova keeps of a server and of a key pair.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::Flavor;

/// The stable states, under Nova's own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VmState {
    Building,
    Active,
    Stopped,
    Paused,
    Suspended,
    Resized,
    #[serde(rename = "shelved_offloaded")]
    Shelved,
    Rescued,
    Error,
    Deleted,
}

impl VmState {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Active => "active",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::Resized => "resized",
            Self::Shelved => "shelved_offloaded",
            Self::Rescued => "rescued",
            Self::Error => "error",
            Self::Deleted => "deleted",
        }
    }

    /// libvirt's number for it: 0 none, 1 running, 3 paused, 4 shut down, 7 suspended.
    pub(crate) fn power_state(self) -> u8 {
        match self {
            Self::Active | Self::Resized | Self::Rescued => 1,
            Self::Paused => 3,
            Self::Stopped | Self::Shelved => 4,
            Self::Suspended => 7,
            Self::Building | Self::Error | Self::Deleted => 0,
        }
    }
}

/// Where a server is on its way to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    State(VmState),
    Launched,
    Failed(String),
    Resized(Flavor),
    Gone,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Server {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) project: String,
    pub(crate) user: String,
    pub(crate) image: Option<String>,
    pub(crate) flavor: Flavor,
    pub(crate) old_flavor: Option<Flavor>,
    pub(crate) key_name: Option<String>,
    pub(crate) public_key: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) tags: Vec<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) launched: Option<Timestamp>,
    pub(crate) vm_state: VmState,
    pub(crate) task_state: Option<String>,
    pub(crate) goal: Option<Goal>,
    pub(crate) fault: Option<Fault>,
    pub(crate) ports: Vec<String>,
    pub(crate) availability_zone: String,
    pub(crate) asked_zone: Option<String>,
    pub(crate) config_drive: bool,
    pub(crate) hostname: String,
    pub(crate) user_data: Option<String>,
    pub(crate) disk_config: String,
    pub(crate) access_ip_v4: String,
    pub(crate) access_ip_v6: String,
    pub(crate) locked: bool,
    pub(crate) locked_reason: Option<String>,
    pub(crate) reservation: String,
    pub(crate) launch_index: u64,
    pub(crate) volumes: Vec<String>,
    /// The server group that it joined.
    #[serde(default)]
    pub(crate) group: Option<String>,
    pub(crate) actions: Vec<Action>,
    #[serde(skip)]
    pub(crate) fragments: Fragments,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Fault {
    pub(crate) code: u16,
    pub(crate) message: String,
    pub(crate) created: Timestamp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Action {
    pub(crate) name: String,
    pub(crate) request: String,
    pub(crate) user: String,
    pub(crate) project: String,
    pub(crate) started: Timestamp,
    pub(crate) finished: Option<Timestamp>,
    pub(crate) message: Option<String>,
}

/// The server as it was last written out in full, with the generation and the microversion it holds for.
#[derive(Debug, Default)]
pub(crate) struct Fragments(Mutex<Option<(u64, u32, Arc<str>)>>);

impl Clone for Fragments {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Fragments {
    /// The text kept for this generation and microversion, or a new one that is then kept.
    pub(crate) fn get(&self, generation: u64, minor: u32, make: impl FnOnce() -> Value) -> Arc<str> {
        let mut kept = crate::clock::lock(&self.0);
        if let Some((of_generation, of_minor, text)) = kept.as_ref()
            && *of_generation == generation
            && *of_minor == minor
        {
            return Arc::clone(text);
        }
        let text: Arc<str> = make().to_string().into();
        *kept = Some((generation, minor, Arc::clone(&text)));
        text
    }
}

impl Server {
    /// The status that the API shows, from state and task.
    pub(crate) fn status(&self) -> &'static str {
        let task = self.task_state.as_deref();
        match (self.vm_state, task) {
            (VmState::Building, _) => "BUILD",
            (_, Some("rebooting" | "reboot_pending" | "reboot_started")) => "REBOOT",
            (_, Some("rebooting_hard")) => "HARD_REBOOT",
            (_, Some("rebuilding")) => "REBUILD",
            (VmState::Active | VmState::Stopped, Some("resize_prep" | "resize_migrating")) => "RESIZE",
            (VmState::Resized, Some("resize_reverting")) => "REVERT_RESIZE",
            (VmState::Active, _) => "ACTIVE",
            (VmState::Stopped, _) => "SHUTOFF",
            (VmState::Paused, _) => "PAUSED",
            (VmState::Suspended, _) => "SUSPENDED",
            (VmState::Resized, _) => "VERIFY_RESIZE",
            (VmState::Shelved, _) => "SHELVED_OFFLOADED",
            (VmState::Rescued, _) => "RESCUE",
            (VmState::Error, _) => "ERROR",
            (VmState::Deleted, _) => "DELETED",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct KeyPair {
    pub(crate) name: String,
    pub(crate) public_key: String,
    pub(crate) fingerprint: String,
    pub(crate) kind: String,
    pub(crate) user: String,
    pub(crate) created: Timestamp,
    pub(crate) id: u64,
}

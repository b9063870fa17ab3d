//! What a caller can choose when it starts a simulator.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, SystemClock};

/// Everything a simulator is started with.
#[derive(Clone)]
pub struct Options {
    /// Where to listen; a loopback address, port 0 for a free one.
    pub listen: SocketAddr,
    /// Ids, addresses, secrets of clouds and random faults follow from this.
    pub seed: u64,
    /// The clouds served, each below a path of its own name.
    pub clouds: Vec<CloudOptions>,
    /// Whether and where simulated servers answer on ssh.
    pub ssh: SshdOption,
    /// Where the state is kept over restarts; `None` keeps it in memory.
    pub state_file: Option<PathBuf>,
    /// The clock that builds, tokens and throttles go by.
    pub clock: Arc<dyn Clock>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            seed: 0,
            clouds: vec![CloudOptions::named("sim")],
            ssh: SshdOption::Off,
            state_file: None,
            clock: Arc::new(SystemClock),
        }
    }
}

impl Options {
    /// `count` clouds named `sim-001`, `sim-002`, …, each a copy of `like`.
    #[must_use]
    pub fn with_clouds(mut self, count: usize, like: &CloudOptions) -> Self {
        self.clouds = (1..=count)
            .map(|number| CloudOptions { name: format!("sim-{number:03}"), ..like.clone() })
            .collect();
        self
    }
}

/// Whether simulated servers answer on ssh.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SshdOption {
    /// No listener, no `sshd`.
    #[default]
    Off,
    /// Use the computer's `sshd` where there is one; say why not where there is none.
    Auto {
        /// The TCP port on every simulated address; 0 chooses a free one.
        port: u16,
    },
}

/// One cloud.
#[derive(Debug, Clone)]
pub struct CloudOptions {
    /// Its name, and the first part of its URLs: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// Its regions; the first one is served at `/NAME/compute`, any other at `/NAME/regions/REGION/compute`.
    pub regions: Vec<String>,
    /// The greatest number of rows in one page, in every service; `None` leaves each service its own default.
    pub page_size: Option<u32>,
    /// How long a server is in BUILD.
    pub build_time: Duration,
    /// How long stop, start, reboot, delete and the like take.
    pub action_time: Duration,
    /// A delay before every answer.
    pub latency: Duration,
    /// What a project may use.
    pub quotas: Quotas,
    /// Servers that are there from the start, in each region; quotas are raised where they need it.
    pub servers: usize,
    /// How long a token is valid.
    pub token_lifetime: Duration,
    /// The password of the user `demo`.
    pub password: String,
    /// The password of the user `admin`.
    pub admin_password: String,
}

impl CloudOptions {
    /// A cloud with one region and the defaults.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            regions: vec!["RegionOne".to_owned()],
            page_size: None,
            build_time: Duration::from_millis(1500),
            action_time: Duration::from_millis(500),
            latency: Duration::ZERO,
            quotas: Quotas::default(),
            servers: 0,
            token_lifetime: Duration::from_secs(3600),
            password: "simdemo".to_owned(),
            admin_password: "simadmin".to_owned(),
        }
    }
}

impl Default for CloudOptions {
    fn default() -> Self {
        Self::named("sim")
    }
}

/// What a project may use. −1 means no limit, as in OpenStack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are those of OpenStack's quotas")]
pub struct Quotas {
    pub instances: i64,
    pub cores: i64,
    pub ram: i64,
    pub key_pairs: i64,
    pub metadata_items: i64,
    pub server_groups: i64,
    pub server_group_members: i64,
    pub network: i64,
    pub subnet: i64,
    pub port: i64,
    pub router: i64,
    pub floatingip: i64,
    pub security_group: i64,
    pub security_group_rule: i64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            instances: 100,
            cores: 400,
            ram: 819_200,
            key_pairs: 100,
            metadata_items: 128,
            server_groups: 10,
            server_group_members: 10,
            network: 100,
            subnet: 100,
            port: 500,
            router: 10,
            floatingip: 50,
            security_group: 50,
            security_group_rule: 500,
        }
    }
}

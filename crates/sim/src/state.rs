//! The state of one cloud: people and tokens, and per region what Nova, Glance, Neutron and Cinder know. All of it can
//! be written to a state file. Nothing here does I/O.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::later;
use crate::nova::model::{KeyPair, Server};
use crate::options::{CloudOptions, Quotas};
use crate::random::Seeded;

/// One cloud.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CloudState {
    pub(crate) name: String,
    pub(crate) seeded: Seeded,
    pub(crate) users: Vec<User>,
    pub(crate) projects: Vec<Project>,
    pub(crate) application_credentials: Vec<StoredApplicationCredential>,
    pub(crate) tokens: HashMap<String, Token>,
    pub(crate) regions: Vec<Region>,
    /// Grows with every change, so that caches and the state file know when they are old.
    pub(crate) generation: u64,
    #[serde(skip)]
    pub(crate) settings: Settings,
}

/// What the options say, as far as it can be changed while the simulator runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub(crate) page_size: Option<usize>,
    pub(crate) build_time: std::time::Duration,
    pub(crate) action_time: std::time::Duration,
    pub(crate) token_lifetime: std::time::Duration,
    pub(crate) quotas: Quotas,
    /// Which boots, counted since this was set, end in ERROR.
    pub(crate) boot_errors: BTreeSet<u64>,
    pub(crate) boots: u64,
}

impl Settings {
    pub(crate) fn of(options: &CloudOptions) -> Self {
        let mut quotas = options.quotas.clone();
        if options.servers > 0 {
            let servers = i64::try_from(options.servers).unwrap_or(i64::MAX / 8192);
            let raise = |quota: &mut i64, needed: i64| {
                if *quota >= 0 {
                    *quota = (*quota).max(needed);
                }
            };
            raise(&mut quotas.instances, servers + 100);
            raise(&mut quotas.cores, servers + 400);
            raise(&mut quotas.ram, (servers + 100) * 2048);
            raise(&mut quotas.port, servers + 500);
        }
        Self {
            page_size: options.page_size.map(|size| size.max(1) as usize),
            build_time: options.build_time,
            action_time: options.action_time,
            token_lifetime: options.token_lifetime,
            quotas,
            boot_errors: BTreeSet::new(),
            boots: 0,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) password: String,
    /// The roles it has on each project, by project id.
    pub(crate) roles: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Project {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredApplicationCredential {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) secret: String,
    pub(crate) user: String,
    pub(crate) project: String,
    pub(crate) roles: Vec<String>,
    pub(crate) unrestricted: bool,
    pub(crate) access_rules: Vec<Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) user: String,
    pub(crate) project: Option<String>,
    pub(crate) roles: Vec<String>,
    pub(crate) methods: Vec<String>,
    pub(crate) application_credential: Option<String>,
    pub(crate) audit_ids: Vec<String>,
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
}

impl Token {
    pub(crate) fn is_admin(&self) -> bool {
        self.roles.iter().any(|role| role == "admin")
    }
}

/// What the services of one region know.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Region {
    pub(crate) name: String,
    /// The second number of all its addresses, 127.SLOT.x.y.
    pub(crate) slot: u8,
    pub(crate) images: Vec<Value>,
    pub(crate) flavors: Vec<Flavor>,
    /// By user and name.
    pub(crate) key_pairs: BTreeMap<String, BTreeMap<String, KeyPair>>,
    /// By the order in which they were made.
    pub(crate) servers: BTreeMap<u64, Server>,
    pub(crate) server_numbers: HashMap<String, u64>,
    pub(crate) next_server: u64,
    /// When which server goes on to its next state.
    pub(crate) due: BTreeSet<(Timestamp, u64)>,
    /// Quotas that an admin has set for a project.
    pub(crate) project_quotas: BTreeMap<String, Map<String, Value>>,
    pub(crate) networks: Collection,
    pub(crate) subnets: Collection,
    pub(crate) ports: Collection,
    pub(crate) routers: Collection,
    pub(crate) floating_ips: Collection,
    pub(crate) security_groups: Collection,
    pub(crate) security_group_rules: Collection,
    pub(crate) volumes: Collection,
    #[serde(default)]
    pub(crate) volume_snapshots: Collection,
    #[serde(default)]
    pub(crate) server_groups: Collection,
    /// Addresses in use, as the last two numbers.
    pub(crate) fixed_in_use: BTreeSet<u16>,
    pub(crate) floating_in_use: BTreeSet<u16>,
}

/// Neutron's things are kept as they are shown, by id; its lists are sorted by id too.
pub(crate) type Collection = BTreeMap<String, Map<String, Value>>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flavor {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vcpus: i64,
    pub(crate) ram: i64,
    pub(crate) disk: i64,
    pub(crate) ephemeral: i64,
    pub(crate) swap: i64,
    pub(crate) description: Option<String>,
    pub(crate) extra_specs: BTreeMap<String, String>,
}

impl CloudState {
    pub(crate) fn changed(&mut self) {
        self.generation += 1;
    }

    pub(crate) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(crate) fn project(&self, id: &str) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == id)
    }

    /// The token, unless it has run out.
    pub(crate) fn valid_token(&self, id: &str, now: Timestamp) -> Option<&Token> {
        self.tokens.get(id).filter(|token| token.expires > now)
    }

    /// Lets everything happen that was due by `now`.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        let mut happened = false;
        for region in &mut self.regions {
            while let Some(&(moment, number)) = region.due.first().filter(|(moment, _)| *moment <= now) {
                region.due.pop_first();
                crate::nova::lifecycle::arrive(region, number, moment);
                happened = true;
            }
        }
        if happened {
            self.changed();
        }
    }

    /// When something will next happen on its own.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.regions.iter().filter_map(|region| region.due.first().map(|(moment, _)| *moment)).min()
    }
}

impl Region {
    pub(crate) fn server_mut(&mut self, id: &str) -> Option<&mut Server> {
        self.servers.get_mut(self.server_numbers.get(id)?)
    }

    /// Lets `number` go on to its next state after `wait`.
    pub(crate) fn schedule(&mut self, number: u64, now: Timestamp, wait: std::time::Duration) {
        self.due.retain(|(_, other)| *other != number);
        self.due.insert((later(now, wait), number));
    }

    /// A free fixed address, 127.SLOT.0.10 to 127.SLOT.127.254.
    pub(crate) fn take_fixed(&mut self) -> Option<String> {
        take(&mut self.fixed_in_use, 10..0x7fff).map(|rest| self.address(rest))
    }

    /// A free floating address, 127.SLOT.128.10 to 127.SLOT.255.254.
    pub(crate) fn take_floating(&mut self) -> Option<String> {
        take(&mut self.floating_in_use, 0x800a..0xffff).map(|rest| self.address(rest))
    }

    pub(crate) fn address(&self, rest: u16) -> String {
        format!("127.{}.{}.{}", self.slot, rest >> 8, rest & 0xff)
    }

    /// The last two numbers of one of this region's addresses.
    pub(crate) fn rest_of(&self, address: &str) -> Option<u16> {
        let octets = address.parse::<std::net::Ipv4Addr>().ok()?.octets();
        (octets[0] == 127 && octets[1] == self.slot).then(|| u16::from_be_bytes([octets[2], octets[3]]))
    }

    pub(crate) fn release_address(&mut self, address: &str) {
        if let Some(rest) = self.rest_of(address) {
            self.fixed_in_use.remove(&rest);
            self.floating_in_use.remove(&rest);
        }
    }

    /// A quota of a project: what an admin set, else the cloud's own.
    pub(crate) fn quota(&self, project: &str, name: &str, default: i64) -> i64 {
        self.project_quotas
            .get(project)
            .and_then(|quotas| quotas.get(name))
            .and_then(Value::as_i64)
            .unwrap_or(default)
    }
}

/// The next address after the greatest in use, or else the first free one; .0 and .255 are left out.
fn take(in_use: &mut BTreeSet<u16>, range: std::ops::Range<u16>) -> Option<u16> {
    let fits = |rest: &u16| !matches!(rest & 0xff, 0 | 255);
    let start = in_use.last().map_or(range.start, |last| last.saturating_add(1).max(range.start));
    let found = (start..range.end)
        .filter(fits)
        .find(|rest| !in_use.contains(rest))
        .or_else(|| range.clone().filter(fits).find(|rest| !in_use.contains(rest)))?;
    in_use.insert(found);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_distinct_reused_and_run_out() {
        let mut in_use = BTreeSet::new();
        assert_eq!(take(&mut in_use, 254..258), Some(254));
        assert_eq!(take(&mut in_use, 254..258), Some(257));
        assert_eq!(take(&mut in_use, 254..258), None);
        in_use.remove(&254);
        assert_eq!(take(&mut in_use, 254..258), Some(254));
    }
}

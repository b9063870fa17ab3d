//! A server that was asked for becomes one: its ports, its record, its way to ACTIVE or ERROR.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::neutron::ports::{self, PortProblem};
use crate::nova::lifecycle;
use crate::nova::model::{Action, Fragments, Goal, KeyPair, Server, VmState};
use crate::state::{CloudState, Flavor};

/// One network interface that a server shall have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    pub(crate) network: Option<String>,
    pub(crate) port: Option<String>,
    pub(crate) fixed_ip: Option<String>,
}

impl Wish {
    pub(crate) fn network(id: String) -> Self {
        Self { network: Some(id), ..Self::default() }
    }
}

/// A server as it was asked for, after everything was looked up.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) hostname: Option<String>,
    pub(crate) project: String,
    pub(crate) user: String,
    pub(crate) image: Option<String>,
    pub(crate) flavor: Flavor,
    pub(crate) key: Option<KeyPair>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) tags: Vec<String>,
    pub(crate) networks: Vec<Wish>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) zone: Option<String>,
    pub(crate) config_drive: bool,
    pub(crate) user_data: Option<String>,
    pub(crate) disk_config: String,
    pub(crate) access: (String, String),
    pub(crate) volumes: Vec<String>,
    /// A volume to make of an image, and to boot from: image, GiB, whether it goes with the server.
    pub(crate) new_volume: Option<(String, i64, bool)>,
    pub(crate) group: Option<String>,
    pub(crate) reservation: String,
    pub(crate) launch_index: u64,
}

impl Wanted {
    pub(crate) fn of(project: &str, user: &str) -> Self {
        Self {
            name: String::new(),
            description: None,
            hostname: None,
            project: project.to_owned(),
            user: user.to_owned(),
            image: None,
            flavor: Flavor {
                id: String::new(),
                name: String::new(),
                vcpus: 0,
                ram: 0,
                disk: 0,
                ephemeral: 0,
                swap: 0,
                description: None,
                extra_specs: BTreeMap::new(),
            },
            key: None,
            metadata: BTreeMap::new(),
            tags: Vec::new(),
            networks: Vec::new(),
            security_groups: vec!["default".to_owned()],
            zone: None,
            config_drive: false,
            user_data: None,
            disk_config: "MANUAL".to_owned(),
            access: (String::new(), String::new()),
            volumes: Vec::new(),
            new_volume: None,
            group: None,
            reservation: String::new(),
            launch_index: 0,
        }
    }
}

/// Makes one server, with its ports, and lets it boot. `None` where no port can be had; then nothing is left behind.
pub(crate) fn make(
    state: &mut CloudState,
    region: usize,
    wanted: &Wanted,
    request: &str,
    now: Timestamp,
) -> Option<u64> {
    let id = state.seeded.uuid();
    let port_quota = state.settings.quotas.port;
    state.settings.boots += 1;
    let fails = state.settings.boot_errors.contains(&state.settings.boots);
    let build_time = state.settings.build_time;
    let region = &mut state.regions[region];
    let mut ports_made = Vec::new();
    for wish in &wanted.networks {
        let port = match &wish.port {
            Some(port) => Ok(port.clone()),
            None => {
                let groups: Vec<Value> = wanted
                    .security_groups
                    .iter()
                    .filter_map(|name| crate::neutron::security_groups::find(region, &wanted.project, name))
                    .map(Value::String)
                    .collect();
                let mut fields = Map::new();
                fields.insert("network_id".into(), json!(wish.network));
                fields.insert("security_groups".into(), json!(groups));
                if let Some(address) = &wish.fixed_ip {
                    fields.insert("fixed_ips".into(), json!([{"ip_address": address}]));
                }
                let quota = region.quota(&wanted.project, "port", port_quota);
                ports::make(region, &mut state.seeded, &wanted.project, fields, Some(quota), now)
            }
        };
        match port {
            Ok(port) => ports_made.push(port),
            Err(PortProblem::OverQuota | PortProblem::NoAddress | PortProblem::AddressInUse(_)) => {
                for port in &ports_made {
                    ports::remove(region, port);
                }
                return None;
            }
        }
    }
    for port in &ports_made {
        if let Some(port) = region.ports.get_mut(port) {
            port.insert("device_id".into(), json!(id));
            port.insert("device_owner".into(), json!("compute:nova"));
        }
    }
    let mut volumes = wanted.volumes.clone();
    if let Some((image, size, goes)) = &wanted.new_volume {
        let mut volume =
            crate::cinder::made(state.seeded.uuid(), &wanted.project, &wanted.user, "", *size, now);
        volume.insert("bootable".into(), json!("true"));
        volume.insert("volume_image_metadata".into(), json!({"image_id": image}));
        volume.insert("goes_with_server".into(), json!(goes));
        let id = volume["id"].as_str().unwrap_or_default().to_owned();
        region.volumes.insert(id.clone(), volume);
        volumes.insert(0, id);
    }
    for (place, volume) in volumes.iter().enumerate() {
        if let Some(volume) = region.volumes.get_mut(volume) {
            let device =
                if place == 0 { "/dev/vda".to_owned() } else { crate::nova::volumes::device(place - 1) };
            crate::cinder::attached(volume, &id, &device, now);
        }
    }
    let number = region.next_server;
    region.next_server += 1;
    let action = Action {
        name: "create".to_owned(),
        request: request.to_owned(),
        user: wanted.user.clone(),
        project: wanted.project.clone(),
        started: now,
        finished: None,
        message: None,
    };
    let server = Server {
        hostname: wanted.hostname.clone().unwrap_or_else(|| hostname_of(&wanted.name, &id)),
        id: id.clone(),
        name: wanted.name.clone(),
        description: wanted.description.clone(),
        project: wanted.project.clone(),
        user: wanted.user.clone(),
        image: wanted.image.clone(),
        flavor: wanted.flavor.clone(),
        old_flavor: None,
        key_name: wanted.key.as_ref().map(|key| key.name.clone()),
        public_key: wanted.key.as_ref().map(|key| key.public_key.clone()),
        metadata: wanted.metadata.clone(),
        tags: wanted.tags.clone(),
        created: now,
        updated: now,
        launched: None,
        vm_state: VmState::Building,
        task_state: None,
        goal: None,
        fault: None,
        ports: ports_made,
        availability_zone: "nova".to_owned(),
        asked_zone: wanted.zone.clone(),
        config_drive: wanted.config_drive,
        user_data: wanted.user_data.clone(),
        disk_config: wanted.disk_config.clone(),
        access_ip_v4: wanted.access.0.clone(),
        access_ip_v6: wanted.access.1.clone(),
        locked: false,
        locked_reason: None,
        reservation: wanted.reservation.clone(),
        launch_index: wanted.launch_index,
        volumes,
        group: wanted.group.clone(),
        actions: Vec::new(),
        fragments: Fragments::default(),
    };
    region.servers.insert(number, server);
    region.server_numbers.insert(id, number);
    let goal = if fails {
        Goal::Failed("No valid host was found. There are not enough hosts available.".to_owned())
    } else {
        Goal::Launched
    };
    lifecycle::set_out(region, number, "spawning", goal, action, now, build_time);
    Some(number)
}

/// Nova's way from a display name to a host name.
fn hostname_of(name: &str, id: &str) -> String {
    let cleaned: String = name
        .to_lowercase()
        .chars()
        .filter_map(|each| match each {
            ' ' | '_' | '.' => Some('-'),
            each if each.is_ascii_alphanumeric() || each == '-' => Some(each),
            _ => None,
        })
        .take(63)
        .collect();
    match cleaned.trim_matches('-') {
        "" => format!("Server-{id}"),
        cleaned => cleaned.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_come_from_display_names() {
        assert_eq!(hostname_of("My Web_Server.1", "x"), "my-web-server-1");
        assert_eq!(hostname_of("ü", "x"), "Server-x");
    }
}

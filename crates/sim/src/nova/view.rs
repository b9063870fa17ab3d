//! How Nova shows a server. Facts: Compute API reference, "Show Server Details", with the microversions 2.9 (locked),
//! 2.19 (description), 2.26 (tags), 2.47 (flavor in full), 2.63, 2.71, 2.73, 2.90 (hostname) and 2.96.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha224};

use crate::clock::{seconds, without_zone};
use crate::dispatch::Call;
use crate::nova::listing::ByPort;
use crate::nova::model::{Server, VmState};
use crate::state::Region;

/// The floating IPs of a region by the port that they lead to.
pub(crate) struct FloatingByPort<'a>(ByPort<'a>);

impl<'a> FloatingByPort<'a> {
    pub(crate) fn of(region: &'a Region) -> Self {
        let mut by_port = ByPort::new();
        for floating in region.floating_ips.values() {
            if let Some(port) = floating.get("port_id").and_then(Value::as_str) {
                by_port.entry(port).or_default().push(floating);
            }
        }
        Self(by_port)
    }

    fn of_port(&self, port: &str) -> impl Iterator<Item = &'a Map<String, Value>> + '_ {
        self.0.get(port).into_iter().flatten().copied()
    }
}

fn links(call: &Call<'_>, id: &str) -> Value {
    json!([
        {"rel": "self", "href": format!("{}/v2.1/servers/{id}", call.root)},
        {"rel": "bookmark", "href": format!("{}/servers/{id}", call.root)},
    ])
}

/// Id, name and links.
pub(crate) fn short(server: &Server, call: &Call<'_>) -> Value {
    json!({"id": server.id, "name": server.name, "links": links(call, &server.id)})
}

/// Every address of a server, fixed and floating.
pub(crate) fn address_list(region: &Region, server: &Server, floating: &FloatingByPort<'_>) -> Vec<String> {
    let mut addresses = Vec::new();
    for id in &server.ports {
        let fixed = region.ports.get(id).and_then(|port| port["fixed_ips"].as_array());
        addresses.extend(
            fixed.into_iter().flatten().filter_map(|each| each["ip_address"].as_str().map(str::to_owned)),
        );
        addresses.extend(
            floating.of_port(id).filter_map(|each| each["floating_ip_address"].as_str().map(str::to_owned)),
        );
    }
    addresses
}

/// Addresses by the name of their network.
pub(crate) fn addresses(
    region: &Region,
    server: &Server,
    floating: &FloatingByPort<'_>,
) -> Map<String, Value> {
    let mut shown = Map::new();
    for id in &server.ports {
        let Some(port) = region.ports.get(id) else { continue };
        let network = port["network_id"].as_str().and_then(|id| region.networks.get(id));
        let name = network.and_then(|network| network["name"].as_str()).unwrap_or("unknown").to_owned();
        let mac = &port["mac_address"];
        let entry = |address: &Value, kind: &str| json!({"version": 4, "addr": address, "OS-EXT-IPS:type": kind, "OS-EXT-IPS-MAC:mac_addr": mac});
        let mut rows: Vec<Value> = port["fixed_ips"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|fixed| entry(&fixed["ip_address"], "fixed"))
            .collect();
        rows.extend(floating.of_port(id).map(|each| entry(&each["floating_ip_address"], "floating")));
        if let Value::Array(all) = shown.entry(name).or_insert_with(|| json!([])) {
            all.extend(rows);
        }
    }
    shown
}

fn flavor(server: &Server, call: &Call<'_>, minor: u32) -> Value {
    let flavor = &server.flavor;
    if minor < 47 {
        let link = format!("{}/flavors/{}", call.root, flavor.id);
        return json!({"id": flavor.id, "links": [{"rel": "bookmark", "href": link}]});
    }
    json!({"vcpus": flavor.vcpus, "ram": flavor.ram, "disk": flavor.disk, "ephemeral": flavor.ephemeral,
           "swap": flavor.swap, "original_name": flavor.name, "extra_specs": flavor.extra_specs})
}

/// The names of the security groups on the ports of a server.
pub(crate) fn security_groups(region: &Region, server: &Server) -> Vec<Value> {
    let mut names: Vec<&str> = server
        .ports
        .iter()
        .filter_map(|id| region.ports.get(id)?.get("security_groups")?.as_array())
        .flatten()
        .filter_map(|id| region.security_groups.get(id.as_str()?)?.get("name")?.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(|name| json!({"name": name})).collect()
}

/// The host as a project sees it: a digest, another one for every project.
fn host_id(project: &str) -> String {
    let digest = Sha224::digest(format!("{project}sim-host-1").as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A server in full, as a list in detail shows it.
pub(crate) fn server(
    region: &Region,
    server: &Server,
    floating: &FloatingByPort<'_>,
    call: &Call<'_>,
    minor: u32,
) -> Value {
    let image = server.image.as_ref().map_or_else(
        || json!(""),
        |id| json!({"id": id, "links": [{"rel": "bookmark", "href": format!("{}/images/{id}", call.root)}]}),
    );
    let host_id = host_id(&server.project);
    let volumes: Vec<Value> =
        server
            .volumes
            .iter()
            .map(|id| {
                if minor >= 3 { json!({"id": id, "delete_on_termination": false}) } else { json!({"id": id}) }
            })
            .collect();
    let mut shown = json!({
        "id": server.id,
        "name": server.name,
        "status": server.status(),
        "tenant_id": server.project,
        "user_id": server.user,
        "metadata": server.metadata,
        "hostId": if server.launched.is_some() { &host_id } else { "" },
        "image": image,
        "flavor": flavor(server, call, minor),
        "created": seconds(server.created),
        "updated": seconds(server.updated),
        "addresses": addresses(region, server, floating),
        "accessIPv4": server.access_ip_v4,
        "accessIPv6": server.access_ip_v6,
        "links": links(call, &server.id),
        "OS-DCF:diskConfig": server.disk_config,
        "OS-EXT-AZ:availability_zone": if server.vm_state == VmState::Building { "" } else { &server.availability_zone },
        "config_drive": if server.config_drive { "True" } else { "" },
        "key_name": server.key_name,
        "OS-SRV-USG:launched_at": server.launched.map(without_zone),
        "OS-SRV-USG:terminated_at": if server.vm_state == VmState::Deleted { json!(without_zone(server.updated)) } else { Value::Null },
        "OS-EXT-STS:task_state": server.task_state,
        "OS-EXT-STS:vm_state": server.vm_state.as_str(),
        "OS-EXT-STS:power_state": server.vm_state.power_state(),
        "os-extended-volumes:volumes_attached": volumes,
    });
    let Some(fields) = shown.as_object_mut() else { return shown };
    if server.vm_state != VmState::Error && server.vm_state != VmState::Deleted {
        fields.insert("security_groups".into(), security_groups(region, server).into());
    }
    if matches!(
        server.status(),
        "ACTIVE" | "BUILD" | "REBUILD" | "RESIZE" | "REVERT_RESIZE" | "VERIFY_RESIZE"
    ) {
        fields.insert("progress".into(), json!(0));
    }
    if let (Some(problem), VmState::Error | VmState::Deleted) = (&server.fault, server.vm_state) {
        let fault =
            json!({"code": problem.code, "message": problem.message, "created": seconds(problem.created)});
        fields.insert("fault".into(), fault);
    }
    if minor >= 9 {
        fields.insert("locked".into(), json!(server.locked));
    }
    if minor >= 19 {
        fields.insert("description".into(), json!(server.description));
    }
    if minor >= 26 {
        fields.insert("tags".into(), json!(server.tags));
    }
    if minor >= 63 {
        fields.insert("trusted_image_certificates".into(), Value::Null);
    }
    if minor >= 73 {
        fields.insert("locked_reason".into(), json!(server.locked_reason));
    }
    if minor >= 90 || (minor >= 3 && call.who.admin) {
        fields.insert("OS-EXT-SRV-ATTR:hostname".into(), json!(server.hostname));
    }
    if minor >= 96 {
        fields.insert("pinned_availability_zone".into(), json!(server.asked_zone));
    }
    if call.who.admin {
        let name = format!("instance-{}", &server.id[..8]);
        fields.insert("OS-EXT-SRV-ATTR:host".into(), json!("sim-host-1"));
        fields.insert("OS-EXT-SRV-ATTR:hypervisor_hostname".into(), json!("sim-host-1"));
        fields.insert("OS-EXT-SRV-ATTR:instance_name".into(), json!(name));
        if minor >= 3 {
            fields.insert("OS-EXT-SRV-ATTR:reservation_id".into(), json!(server.reservation));
            fields.insert("OS-EXT-SRV-ATTR:launch_index".into(), json!(server.launch_index));
            fields.insert("OS-EXT-SRV-ATTR:root_device_name".into(), json!("/dev/vda"));
            fields.insert("OS-EXT-SRV-ATTR:kernel_id".into(), json!(""));
            fields.insert("OS-EXT-SRV-ATTR:ramdisk_id".into(), json!(""));
            fields.insert("OS-EXT-SRV-ATTR:user_data".into(), json!(server.user_data));
        }
        if minor >= 16 {
            fields.insert("host_status".into(), json!("UP"));
        }
    }
    shown
}

//! Ports, and with them the fixed addresses. Facts: Networking API v2.0 reference, "Ports".

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::dispatch::Call;
use crate::neutron::{Kind, bad, base, error, fill, floating_ips, over_quota, owner, visible};
use crate::random::Seeded;
use crate::state::{CloudState, Region};

/// Why no port can be had.
pub(crate) enum PortProblem {
    OverQuota,
    NoAddress,
    AddressInUse(String),
}

pub(crate) fn create(
    state: &mut CloudState,
    call: &Call<'_>,
    fields: Map<String, Value>,
) -> Result<String, Answer> {
    let project = owner(call, &fields)?;
    let Some(network) = fields.get("network_id").and_then(Value::as_str).map(str::to_owned) else {
        return Err(bad("Failed to parse request. Required attribute 'network_id' not specified"));
    };
    let region = &mut state.regions[call.region];
    if !region.networks.get(&network).is_some_and(|network| visible(network, call)) {
        return Err(Kind::Network.not_found(&network));
    }
    let mut fields = fields;
    if fields.get("security_groups").is_none_or(Value::is_null) {
        let default = super::security_groups::find(region, &project, "default");
        fields.insert("security_groups".into(), json!(default.into_iter().collect::<Vec<_>>()));
    }
    let quota = region.quota(&project, "port", state.settings.quotas.port);
    make(region, &mut state.seeded, &project, fields, Some(quota), call.now).map_err(
        |problem| match problem {
            PortProblem::OverQuota => over_quota("port"),
            PortProblem::NoAddress => error(
                409,
                "IpAddressGenerationFailure",
                &format!("No more IP addresses available on network {network}."),
            ),
            PortProblem::AddressInUse(address) => error(
                409,
                "IpAddressAlreadyAllocated",
                &format!("IP address {address} already allocated in subnet on network {network}."),
            ),
        },
    )
}

/// Makes a port with an address. An address that was asked for is given if it is one of this region's and free.
pub(crate) fn make(
    region: &mut Region,
    seeded: &mut Seeded,
    project: &str,
    mut fields: Map<String, Value>,
    quota: Option<i64>,
    now: Timestamp,
) -> Result<String, PortProblem> {
    if let Some(quota) = quota.filter(|quota| *quota >= 0) {
        let used = region.ports.values().filter(|port| port["project_id"] == project).count();
        if used as i64 >= quota {
            return Err(PortProblem::OverQuota);
        }
    }
    let network = fields.get("network_id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let subnets: Vec<Value> = region
        .networks
        .get(&network)
        .and_then(|network| network["subnets"].as_array().cloned())
        .unwrap_or_default();
    let asked = match fields.remove("fixed_ips") {
        Some(Value::Array(asked)) => asked,
        _ => subnets.first().map(|subnet| json!({"subnet_id": subnet})).into_iter().collect(),
    };
    let mut fixed = Vec::new();
    for each in asked {
        let subnet = each.get("subnet_id").cloned().or_else(|| subnets.first().cloned()).unwrap_or_default();
        let wanted = each.get("ip_address").and_then(Value::as_str);
        let rest = wanted.and_then(|address| region.rest_of(address)).filter(|rest| *rest < 0x8000);
        let address = match (rest, wanted) {
            (Some(rest), Some(wanted)) if region.fixed_in_use.contains(&rest) => {
                return Err(PortProblem::AddressInUse(wanted.to_owned()));
            }
            (Some(rest), _) => {
                region.fixed_in_use.insert(rest);
                region.address(rest)
            }
            // An address outside the region's own would lead off the machine, or to somebody else.
            (None, _) => region.take_fixed().ok_or(PortProblem::NoAddress)?,
        };
        fixed.push(json!({"subnet_id": subnet, "ip_address": address}));
    }
    let (id, mut port) = base(seeded, project, now);
    let defaults = json!({
        "network_id": network, "mac_address": seeded.hardware_address(), "admin_state_up": true, "status": "DOWN",
        "device_id": "", "device_owner": "", "fixed_ips": fixed, "security_groups": [], "allowed_address_pairs": [],
        "extra_dhcp_opts": [], "binding:vnic_type": "normal", "port_security_enabled": true, "qos_policy_id": null,
    });
    fill(&mut port, defaults, fields);
    region.ports.insert(id.clone(), port);
    Ok(id)
}

/// `DELETE /ports/{id}`. A port of a router goes by way of the router only.
pub(crate) fn delete(region: &mut Region, id: &str) -> Result<(), Answer> {
    let device_owner =
        region.ports.get(id).and_then(|port| port["device_owner"].as_str()).unwrap_or_default();
    if device_owner.starts_with("network:router") {
        return Err(error(
            409,
            "ServicePortInUse",
            &format!(
                "Port {id} cannot be deleted directly via the port API: has device owner {device_owner}."
            ),
        ));
    }
    let device = region.ports.get(id).and_then(|port| port["device_id"].as_str()).map(str::to_owned);
    remove(region, id);
    if let Some(server) = device.and_then(|device| region.server_mut(&device)) {
        server.ports.retain(|port| port != id);
    }
    Ok(())
}

/// Takes a port away: its addresses are free again, floating ones lead nowhere.
pub(crate) fn remove(region: &mut Region, id: &str) {
    let Some(port) = region.ports.remove(id) else { return };
    for fixed in port["fixed_ips"].as_array().into_iter().flatten() {
        if let Some(address) = fixed["ip_address"].as_str() {
            region.release_address(address);
        }
    }
    floating_ips::port_is_gone(region, id);
}

//! Networks and their subnets. Whatever range a subnet is given, the addresses handed out stay in 127.0.0.0/8.
//! Facts: Networking API v2.0 reference, "Networks", "Subnets".

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::dispatch::Call;
use crate::neutron::{Kind, bad, base, check_quota, error, fill, owned, owner};
use crate::random::Seeded;
use crate::state::{CloudState, Region};

pub(crate) fn create_network(
    state: &mut CloudState,
    call: &Call<'_>,
    fields: Map<String, Value>,
) -> Result<String, Answer> {
    let project = owner(call, &fields)?;
    let reserved = ["shared", "router:external", "is_default", "provider:network_type"];
    if !call.who.admin
        && reserved
            .iter()
            .any(|key| fields.get(*key).is_some_and(|value| *value == true || value.is_string()))
    {
        return Err(error(403, "PolicyNotAuthorized", "(rule:create_network) is disallowed by policy"));
    }
    check_quota(state, call, Kind::Network, &project, state.settings.quotas.network)?;
    let region = &mut state.regions[call.region];
    Ok(make_network(region, &mut state.seeded, &project, fields, call.now))
}

pub(crate) fn make_network(
    region: &mut Region,
    seeded: &mut Seeded,
    project: &str,
    fields: Map<String, Value>,
    now: Timestamp,
) -> String {
    let (id, mut network) = base(seeded, project, now);
    let defaults = json!({
        "admin_state_up": true, "status": "ACTIVE", "shared": false, "router:external": false, "mtu": 1450,
        "subnets": [], "availability_zone_hints": [], "availability_zones": ["nova"], "port_security_enabled": true,
        "ipv4_address_scope": null, "ipv6_address_scope": null, "is_default": false, "qos_policy_id": null,
    });
    fill(&mut network, defaults, fields);
    region.networks.insert(id.clone(), network);
    id
}

/// First and last address and prefix length of an IPv4 range.
fn range(cidr: &str) -> Option<(u32, u32, u8)> {
    let (address, length) = cidr.split_once('/')?;
    let (address, length) = (address.parse::<Ipv4Addr>().ok()?, length.parse::<u8>().ok()?);
    let mask = u32::MAX.checked_shl(32_u32.checked_sub(u32::from(length))?).unwrap_or(0);
    let first = u32::from(address) & mask;
    Some((first, first | !mask, length))
}

pub(crate) fn create_subnet(
    state: &mut CloudState,
    call: &Call<'_>,
    fields: Map<String, Value>,
) -> Result<String, Answer> {
    let project = owner(call, &fields)?;
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    let Some(network) = text("network_id") else {
        return Err(bad("Failed to parse request. Required attribute 'network_id' not specified"));
    };
    let region = &state.regions[call.region];
    if !region.networks.get(network).is_some_and(|network| owned(network, call)) {
        return Err(Kind::Network.not_found(network));
    }
    if fields.get("ip_version").and_then(Value::as_i64).unwrap_or(4) != 4 {
        return Err(bad("Invalid input for operation: The simulator knows IPv4 only."));
    }
    let Some(cidr) = text("cidr") else {
        return Err(error(
            400,
            "BadRequest",
            "Bad subnets request: a subnetpool must be specified in the absence of a cidr.",
        ));
    };
    let Some((first, last, _)) = range(cidr) else {
        return Err(bad(&format!("Invalid input for cidr. Reason: '{cidr}' is not a valid IP subnet.")));
    };
    let overlap = region.subnets.values().filter(|subnet| subnet["network_id"] == network).find(|subnet| {
        subnet["cidr"].as_str().and_then(range).is_some_and(|(start, end, _)| start <= last && first <= end)
    });
    if overlap.is_some() {
        return Err(bad(&format!(
            "Invalid input for operation: Requested subnet with cidr: {cidr} for network: {network} overlaps with another subnet."
        )));
    }
    check_quota(state, call, Kind::Subnet, &project, state.settings.quotas.subnet)?;
    let region = &mut state.regions[call.region];
    Ok(make_subnet(region, &mut state.seeded, &project, fields, call.now))
}

pub(crate) fn make_subnet(
    region: &mut Region,
    seeded: &mut Seeded,
    project: &str,
    fields: Map<String, Value>,
    now: Timestamp,
) -> String {
    let (id, mut subnet) = base(seeded, project, now);
    let cidr = fields.get("cidr").and_then(Value::as_str).unwrap_or("127.0.0.0/24");
    let (first, last, length) = range(cidr).unwrap_or((0, 0, 32));
    let address = |number: u32| Ipv4Addr::from(number).to_string();
    let cidr = format!("{}/{length}", address(first));
    let pool = json!([{"start": address(first.saturating_add(2).min(last)), "end": address(last.saturating_sub(1).max(first))}]);
    let defaults = json!({
        "network_id": null, "cidr": cidr, "ip_version": 4, "gateway_ip": address(first.saturating_add(1).min(last)),
        "enable_dhcp": true, "allocation_pools": pool, "dns_nameservers": [], "host_routes": [],
        "subnetpool_id": null, "ipv6_ra_mode": null, "ipv6_address_mode": null, "service_types": [],
    });
    let mut fields = fields;
    fields.insert("cidr".into(), json!(cidr));
    fill(&mut subnet, defaults, fields);
    let network = subnet["network_id"].as_str().unwrap_or_default().to_owned();
    region.subnets.insert(id.clone(), subnet);
    if let Some(Value::Array(subnets)) =
        region.networks.get_mut(&network).and_then(|network| network.get_mut("subnets"))
    {
        subnets.push(json!(id));
    }
    id
}

pub(crate) fn delete_network(region: &mut Region, id: &str) -> Result<(), Answer> {
    let in_use = region.ports.values().any(|port| port["network_id"] == id)
        || region.floating_ips.values().any(|floating| floating["floating_network_id"] == id);
    if in_use {
        return Err(error(
            409,
            "NetworkInUse",
            &format!(
                "Unable to complete operation on network {id}. There are one or more ports still in use on the network."
            ),
        ));
    }
    region.subnets.retain(|_, subnet| subnet["network_id"] != id);
    region.networks.remove(id);
    Ok(())
}

pub(crate) fn delete_subnet(region: &mut Region, id: &str) -> Result<(), Answer> {
    let in_use = region.ports.values().any(|port| {
        port["fixed_ips"].as_array().is_some_and(|fixed| fixed.iter().any(|each| each["subnet_id"] == id))
    });
    if in_use {
        return Err(error(
            409,
            "SubnetInUse",
            &format!(
                "Unable to complete operation on subnet {id}: One or more ports have an IP allocation from this subnet."
            ),
        ));
    }
    region.subnets.remove(id);
    for network in region.networks.values_mut() {
        if let Some(Value::Array(subnets)) = network.get_mut("subnets") {
            subnets.retain(|each| each != id);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        assert_eq!(range("10.1.2.3/24"), Some((0x0a01_0200, 0x0a01_02ff, 24)));
        assert_eq!(range("0.0.0.0/0"), Some((0, u32::MAX, 0)));
        assert_eq!(range("10.0.0.0/33"), None);
        assert_eq!(range("ten"), None);
    }
}

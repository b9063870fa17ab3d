//! Floating IPs. Facts: Networking API v2.0 reference, "Floating IPs".

use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::dispatch::Call;
use crate::neutron::{Kind, bad, base, check_quota, error, fill, owner, visible};
use crate::state::{CloudState, Region};

pub(crate) fn create(
    state: &mut CloudState,
    call: &Call<'_>,
    mut fields: Map<String, Value>,
) -> Result<String, Answer> {
    let project = owner(call, &fields)?;
    let Some(network) = fields.get("floating_network_id").and_then(Value::as_str).map(str::to_owned) else {
        return Err(bad("Failed to parse request. Required attribute 'floating_network_id' not specified"));
    };
    let region = &state.regions[call.region];
    let external = region.networks.get(&network).filter(|each| visible(each, call));
    let external = external.ok_or_else(|| Kind::Network.not_found(&network))?;
    if external["router:external"] != true {
        return Err(bad(&format!(
            "Bad floatingip request: Network {network} is not a valid external network."
        )));
    }
    if fields.contains_key("floating_ip_address") && !call.who.admin {
        return Err(error(
            403,
            "PolicyNotAuthorized",
            "(rule:create_floatingip and rule:create_floatingip:floating_ip_address) is disallowed by policy",
        ));
    }
    check_quota(state, call, Kind::FloatingIp, &project, state.settings.quotas.floatingip)?;
    let port = fields.remove("port_id").filter(|port| !port.is_null());
    let fixed = fields.remove("fixed_ip_address");
    let target = match port.as_ref().and_then(Value::as_str) {
        Some(port) => Some(target(&state.regions[call.region], call, port, fixed.as_ref(), &network, None)?),
        None => None,
    };
    let (id, mut floating) = base(&mut state.seeded, &project, call.now);
    let region = &mut state.regions[call.region];
    fields.remove("floating_ip_address");
    fields.remove("subnet_id");
    let address = region.take_floating().ok_or_else(|| {
        error(
            409,
            "IpAddressGenerationFailure",
            &format!("No more IP addresses available on network {network}."),
        )
    })?;
    let defaults = json!({
        "floating_network_id": network, "floating_ip_address": address, "port_id": null, "fixed_ip_address": null,
        "router_id": null, "status": "DOWN", "dns_name": "", "dns_domain": "", "qos_policy_id": null,
    });
    fill(&mut floating, defaults, fields);
    floating.remove("name");
    if let Some(target) = target {
        floating.extend(target);
    }
    region.floating_ips.insert(id.clone(), floating);
    Ok(id)
}

pub(crate) fn update(
    state: &mut CloudState,
    call: &Call<'_>,
    id: &str,
    mut fields: Map<String, Value>,
) -> Result<(), Answer> {
    let region = &mut state.regions[call.region];
    let floating = region.floating_ips.get(id).ok_or_else(|| Kind::FloatingIp.not_found(id))?;
    let network = floating["floating_network_id"].as_str().unwrap_or_default().to_owned();
    let fixed = fields.remove("fixed_ip_address");
    let target = match fields.remove("port_id") {
        Some(Value::String(port)) => Some(target(region, call, &port, fixed.as_ref(), &network, Some(id))?),
        Some(_) => Some(nowhere()),
        None => None,
    };
    fields.retain(|key, _| matches!(key.as_str(), "description" | "qos_policy_id"));
    if let Some(floating) = region.floating_ips.get_mut(id) {
        floating.extend(fields);
        if let Some(target) = target {
            floating.extend(target);
        }
    }
    Ok(())
}

fn nowhere() -> Map<String, Value> {
    Map::from_iter([
        ("port_id".to_owned(), Value::Null),
        ("fixed_ip_address".to_owned(), Value::Null),
        ("router_id".to_owned(), Value::Null),
        ("status".to_owned(), json!("DOWN")),
    ])
}

/// What a floating IP says when it leads to a port.
fn target(
    region: &Region,
    call: &Call<'_>,
    port_id: &str,
    fixed: Option<&Value>,
    network: &str,
    own_id: Option<&str>,
) -> Result<Map<String, Value>, Answer> {
    let port = region.ports.get(port_id).filter(|port| visible(port, call));
    let port = port.ok_or_else(|| Kind::Port.not_found(port_id))?;
    let addresses = port["fixed_ips"].as_array().cloned().unwrap_or_default();
    let chosen = match fixed.and_then(Value::as_str) {
        Some(address) => addresses.iter().find(|each| each["ip_address"] == address).ok_or_else(|| {
            bad(&format!("Bad floatingip request: Port {port_id} does not have fixed ip {address}."))
        })?,
        None => addresses.first().ok_or_else(|| {
            bad(&format!("Bad floatingip request: Cannot add floating IP to port {port_id} that has no fixed IPv4 addresses."))
        })?,
    };
    let taken = region.floating_ips.values().find(|each| {
        each["port_id"] == port_id
            && each["fixed_ip_address"] == chosen["ip_address"]
            && each["id"].as_str() != own_id
    });
    if let Some(taken) = taken {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        return Err(error(
            409,
            "FloatingIPPortAlreadyAssociated",
            &format!(
                "Cannot associate floating IP {} ({}) with port {port_id} using fixed IP {}, as that fixed IP already has a floating IP on external network {network}.",
                text(&taken["floating_ip_address"]),
                text(&taken["id"]),
                text(&chosen["ip_address"]),
            ),
        ));
    }
    let subnet = chosen["subnet_id"].as_str().unwrap_or_default();
    let router = super::routers::between(region, subnet, network).ok_or_else(|| {
        error(
            404,
            "ExternalGatewayForFloatingIPNotFound",
            &format!(
                "External network {network} is not reachable from subnet {subnet}.  Therefore, cannot associate Port {port_id} with a Floating IP."
            ),
        )
    })?;
    Ok(Map::from_iter([
        ("port_id".to_owned(), json!(port_id)),
        ("fixed_ip_address".to_owned(), chosen["ip_address"].clone()),
        ("router_id".to_owned(), json!(router)),
        ("status".to_owned(), json!("ACTIVE")),
    ]))
}

/// Gives a floating IP back.
pub(crate) fn remove(region: &mut Region, id: &str) {
    if let Some(floating) = region.floating_ips.remove(id)
        && let Some(address) = floating["floating_ip_address"].as_str()
    {
        region.release_address(address);
    }
}

/// Floating IPs that led to a port lead nowhere once it is gone.
pub(crate) fn port_is_gone(region: &mut Region, port: &str) {
    for floating in region.floating_ips.values_mut().filter(|floating| floating["port_id"] == port) {
        floating.extend(nowhere());
    }
}

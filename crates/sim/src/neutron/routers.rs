//! Routers, their gateways and interfaces. Facts: Networking API v2.0 reference, "Routers".

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Outcome};
use crate::dispatch::Call;
use crate::neutron::{Kind, bad, base, check_quota, error, fill, owned, owner, ports, visible};
use crate::random::Seeded;
use crate::state::{CloudState, Region};

pub(crate) fn create(
    state: &mut CloudState,
    call: &Call<'_>,
    mut fields: Map<String, Value>,
) -> Result<String, Answer> {
    let project = owner(call, &fields)?;
    let gateway = gateway_of(&state.regions[call.region], call, fields.remove("external_gateway_info"))?;
    check_quota(state, call, Kind::Router, &project, state.settings.quotas.router)?;
    let region = &mut state.regions[call.region];
    let id = make_router(region, &mut state.seeded, &project, fields, call.now);
    if let Some(Some(network)) = gateway {
        set_gateway(region, &mut state.seeded, &id, &network, call.now);
    }
    Ok(id)
}

/// The external network that is asked for: nothing said, none, or one.
fn gateway_of(
    region: &Region,
    call: &Call<'_>,
    info: Option<Value>,
) -> Result<Option<Option<String>>, Answer> {
    let Some(info) = info else { return Ok(None) };
    let Some(network) = info["network_id"].as_str() else { return Ok(Some(None)) };
    let found = region.networks.get(network).filter(|each| visible(each, call));
    let found = found.ok_or_else(|| Kind::Network.not_found(network))?;
    if found["router:external"] != true {
        return Err(bad(&format!("Bad router request: Network {network} is not an external network.")));
    }
    Ok(Some(Some(network.to_owned())))
}

pub(crate) fn make_router(
    region: &mut Region,
    seeded: &mut Seeded,
    project: &str,
    fields: Map<String, Value>,
    now: Timestamp,
) -> String {
    let (id, mut router) = base(seeded, project, now);
    let defaults = json!({
        "admin_state_up": true, "status": "ACTIVE", "external_gateway_info": null, "routes": [],
        "availability_zone_hints": [], "availability_zones": ["nova"], "flavor_id": null,
    });
    fill(&mut router, defaults, fields);
    region.routers.insert(id.clone(), router);
    id
}

/// Makes a port that belongs to a router.
fn router_port(
    region: &mut Region,
    seeded: &mut Seeded,
    project: &str,
    router: &str,
    network: &str,
    device_owner: &str,
    now: Timestamp,
) -> Option<String> {
    let fields =
        json!({"network_id": network, "device_id": router, "device_owner": device_owner, "status": "ACTIVE"});
    ports::make(region, seeded, project, fields.as_object().cloned()?, None, now).ok()
}

pub(crate) fn set_gateway(
    region: &mut Region,
    seeded: &mut Seeded,
    router: &str,
    network: &str,
    now: Timestamp,
) {
    let subnet = region.networks.get(network).and_then(|network| network["subnets"].get(0).cloned());
    // Ports of a gateway belong to no project.
    let port = router_port(region, seeded, "", router, network, "network:router_gateway", now);
    let address = port
        .and_then(|port| region.ports.get(&port).map(|port| port["fixed_ips"][0]["ip_address"].clone()))
        .unwrap_or_default();
    if let Some(router) = region.routers.get_mut(router) {
        let info = json!({"network_id": network, "enable_snat": true,
                          "external_fixed_ips": [{"subnet_id": subnet, "ip_address": address}]});
        router.insert("external_gateway_info".into(), info);
    }
}

fn clear_gateway(region: &mut Region, router: &str) {
    remove_ports(region, |port| {
        port["device_id"] == router && port["device_owner"] == "network:router_gateway"
    });
    if let Some(router) = region.routers.get_mut(router) {
        router.insert("external_gateway_info".into(), Value::Null);
    }
}

fn remove_ports(region: &mut Region, chosen: impl Fn(&Map<String, Value>) -> bool) {
    let ids: Vec<String> =
        region.ports.iter().filter(|(_, port)| chosen(port)).map(|(id, _)| id.clone()).collect();
    for id in ids {
        ports::remove(region, &id);
    }
}

/// Puts a router on a subnet and says with which port.
pub(crate) fn add_interface(
    region: &mut Region,
    seeded: &mut Seeded,
    router: &str,
    subnet: &str,
    now: Timestamp,
) -> Option<String> {
    let network = region.subnets.get(subnet)?["network_id"].as_str()?.to_owned();
    let project = region.routers.get(router)?["project_id"].as_str()?.to_owned();
    let port = router_port(region, seeded, &project, router, &network, "network:router_interface", now)?;
    if let Some(Value::Array(fixed)) = region.ports.get_mut(&port).and_then(|port| port.get_mut("fixed_ips"))
    {
        for each in fixed {
            each["subnet_id"] = json!(subnet);
        }
    }
    Some(port)
}

/// The router that joins a subnet to an external network.
pub(crate) fn between(region: &Region, subnet: &str, network: &str) -> Option<String> {
    region
        .routers
        .iter()
        .find(|(id, router)| {
            router["external_gateway_info"]["network_id"] == network
                && interface(region, id, subnet).is_some()
        })
        .map(|(id, _)| id.clone())
}

fn interface(region: &Region, router: &str, subnet: &str) -> Option<String> {
    region
        .ports
        .iter()
        .find(|(_, port)| {
            port["device_id"] == router
                && port["device_owner"] == "network:router_interface"
                && port["fixed_ips"]
                    .as_array()
                    .is_some_and(|fixed| fixed.iter().any(|each| each["subnet_id"] == subnet))
        })
        .map(|(id, _)| id.clone())
}

pub(crate) fn update(
    state: &mut CloudState,
    call: &Call<'_>,
    id: &str,
    mut fields: Map<String, Value>,
) -> Result<(), Answer> {
    let gateway = gateway_of(&state.regions[call.region], call, fields.remove("external_gateway_info"))?;
    let region = &mut state.regions[call.region];
    if let Some(network) = gateway {
        clear_gateway(region, id);
        if let Some(network) = network {
            set_gateway(region, &mut state.seeded, id, &network, call.now);
        }
    }
    if let Some(router) = region.routers.get_mut(id) {
        router.extend(fields);
    }
    Ok(())
}

pub(crate) fn delete(region: &mut Region, id: &str) -> Result<(), Answer> {
    let in_use = region
        .ports
        .values()
        .any(|port| port["device_id"] == id && port["device_owner"] == "network:router_interface");
    if in_use {
        return Err(error(409, "RouterInUse", &format!("Router {id} still has ports")));
    }
    clear_gateway(region, id);
    region.routers.remove(id);
    Ok(())
}

/// Router and subnet that a call about an interface means.
fn meant(state: &CloudState, call: &Call<'_>, id: &str) -> Result<String, Answer> {
    let region = &state.regions[call.region];
    if !region.routers.get(id).is_some_and(|router| owned(router, call)) {
        return Err(Kind::Router.not_found(id));
    }
    let body = call.request.json().unwrap_or_default();
    if let Some(subnet) = body["subnet_id"].as_str() {
        if !region.subnets.contains_key(subnet) {
            return Err(Kind::Subnet.not_found(subnet));
        }
        return Ok(subnet.to_owned());
    }
    let Some(port) = body["port_id"].as_str() else {
        return Err(bad("Bad router request: Either subnet_id or port_id must be specified."));
    };
    let subnet = region.ports.get(port).and_then(|port| port["fixed_ips"][0]["subnet_id"].as_str());
    subnet.map(str::to_owned).ok_or_else(|| Kind::Port.not_found(port))
}

fn shown(region: &Region, router: &str, subnet: &str, port: &str) -> Answer {
    let router_of = region.routers.get(router);
    let network = region.subnets.get(subnet).map(|subnet| subnet["network_id"].clone());
    Answer::json(
        200,
        &json!({"id": router, "subnet_id": subnet, "subnet_ids": [subnet], "port_id": port, "network_id": network,
                "tenant_id": router_of.map(|router| router["tenant_id"].clone()),
                "project_id": router_of.map(|router| router["project_id"].clone()), "tags": []}),
    )
}

/// `PUT /routers/{id}/add_router_interface`.
pub(crate) fn add(state: &mut CloudState, call: &Call<'_>, id: &str) -> Outcome {
    let subnet = meant(state, call, id)?;
    let region = &mut state.regions[call.region];
    if interface(region, id, &subnet).is_some() {
        return Err(bad(&format!("Bad router request: Router already has a port on subnet {subnet}.")));
    }
    let port = add_interface(region, &mut state.seeded, id, &subnet, call.now)
        .ok_or_else(|| error(409, "IpAddressGenerationFailure", "No more IP addresses available."))?;
    Ok(shown(region, id, &subnet, &port))
}

/// `PUT /routers/{id}/remove_router_interface`.
pub(crate) fn remove(state: &mut CloudState, call: &Call<'_>, id: &str) -> Outcome {
    let subnet = meant(state, call, id)?;
    let region = &mut state.regions[call.region];
    let port = interface(region, id, &subnet).ok_or_else(|| {
        error(
            404,
            "RouterInterfaceNotFoundForSubnet",
            &format!("Router {id} has no interface on subnet {subnet}"),
        )
    })?;
    let needed = region.floating_ips.values().any(|floating| {
        floating["router_id"] == id
            && floating["port_id"].as_str().and_then(|port| region.ports.get(port)).is_some_and(|port| {
                port["fixed_ips"]
                    .as_array()
                    .is_some_and(|fixed| fixed.iter().any(|each| each["subnet_id"] == subnet.as_str()))
            })
    });
    if needed {
        return Err(error(
            409,
            "RouterInterfaceInUseByFloatingIP",
            &format!(
                "Router interface for subnet {subnet} on router {id} cannot be deleted, as it is required by one or more floating IPs."
            ),
        ));
    }
    let answer = shown(region, id, &subnet, &port);
    ports::remove(region, &port);
    Ok(answer)
}

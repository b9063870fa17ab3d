//! Networks, subnets, routers, ports, security groups, volumes, their copies and server groups, as Neutron,
//! Cinder and Nova show them. These lists are short, so they are read by way of plain JSON values.
//! Facts: Networking API v2.0 reference; Block Storage API v3 reference; Compute API reference, "Server groups".

use std::collections::BTreeMap;

use cloudmesh_model::cloud_things::{
    Network, Port, Router, SecurityGroup, SecurityRule, ServerGroup, Subnet, Volume, VolumeSnapshot,
};
use cloudmesh_model::{Error, Mark, NativeId, Result, ThingId, ThingKind};
use cloudmesh_resource::Thing;
use serde_json::Value;

use crate::catalogue::Service;
use crate::cloud::Cloud;
use crate::marks::{self, MARK_KEY};
use crate::networks;
use crate::paging::{PageEnd, PageUse, Pager};
use crate::wire::{escaped, moment};

/// Where a kind of thing is found.
pub(crate) struct Source {
    pub(crate) service: Service,
    /// The path of one, without its id.
    pub(crate) path: &'static str,
    /// The path of the list.
    list: &'static str,
    /// The key of the list in its answer.
    many: &'static str,
    /// The key of one in its answer.
    pub(crate) one: &'static str,
}

/// The source of a kind that this file knows.
pub(crate) fn source(kind: ThingKind) -> Option<Source> {
    let source = |service, path, list, many, one| Some(Source { service, path, list, many, one });
    match kind {
        ThingKind::Network => source(Service::Network, "/networks", "/networks", "networks", "network"),
        ThingKind::Subnet => source(Service::Network, "/subnets", "/subnets", "subnets", "subnet"),
        ThingKind::Router => source(Service::Network, "/routers", "/routers", "routers", "router"),
        ThingKind::Port => source(Service::Network, "/ports", "/ports", "ports", "port"),
        ThingKind::SecurityGroup => source(
            Service::Network,
            "/security-groups",
            "/security-groups",
            "security_groups",
            "security_group",
        ),
        ThingKind::Volume => source(Service::Volume, "/volumes", "/volumes/detail", "volumes", "volume"),
        ThingKind::VolumeSnapshot => {
            source(Service::Volume, "/snapshots", "/snapshots/detail", "snapshots", "snapshot")
        }
        ThingKind::ServerGroup => source(
            Service::Compute,
            "/os-server-groups",
            "/os-server-groups",
            "server_groups",
            "server_group",
        ),
        _ => None,
    }
}

/// Reads a list to its end, page by page.
pub(crate) async fn each_page(
    cloud: &Cloud,
    service: Service,
    path: &str,
    query: &str,
    key: &str,
    take: &mut (dyn FnMut(Vec<Value>) + Send),
) -> Result<()> {
    let mut pager = Pager::new(service, path, query, cloud.session.profile.page_size);
    while let Some(answer) = pager.page(&cloud.session).await? {
        let mut page: Value = answer.json()?;
        let things = match page[key].take() {
            Value::Array(things) => things,
            _ => Vec::new(),
        };
        let links = page.get(format!("{key}_links")).and_then(Value::as_array);
        let next = links
            .and_then(|links| links.iter().find(|link| link["rel"] == "next"))
            .and_then(|link| link["href"].as_str());
        let id = |thing: Option<&Value>| thing.and_then(|thing| thing["id"].as_str()).map(str::to_owned);
        let (first, last) = (id(things.first()), id(things.last()));
        let end = PageEnd { next, first: first.as_deref(), last: last.as_deref(), count: things.len() };
        if pager.advance(&end)? == PageUse::Take {
            take(things);
        }
    }
    Ok(())
}

/// All things of a kind that this file knows.
pub(crate) async fn each(
    cloud: &Cloud,
    kind: ThingKind,
    take: &mut (dyn FnMut(Vec<Thing>) + Send),
) -> Result<()> {
    let source =
        source(kind).ok_or_else(|| Error::internal(format!("an OpenStack cloud was asked for a {kind}")))?;
    let names = names(cloud, kind).await?;
    // Our project's own; an administrator would see everybody's.
    let query = if matches!(kind, ThingKind::Router | ThingKind::Port | ThingKind::SecurityGroup) {
        let login = cloud.session.log_in().await?;
        if login.facts.project_id.is_empty() {
            String::new()
        } else {
            format!("project_id={}", escaped(&login.facts.project_id))
        }
    } else {
        String::new()
    };
    if kind == ThingKind::SecurityGroup {
        // A rule may name a group that a later page has.
        let mut wires = Vec::new();
        each_page(cloud, source.service, source.list, &query, source.many, &mut |page| wires.extend(page))
            .await?;
        let names = wires.iter().map(|wire| (text(wire, "id"), text(wire, "name"))).collect();
        take(wires.iter().filter_map(|wire| thing(cloud, kind, wire, &names)).collect());
        return Ok(());
    }
    each_page(cloud, source.service, source.list, &query, source.many, &mut |page| {
        take(page.iter().filter_map(|wire| thing(cloud, kind, wire, &names)).collect());
    })
    .await
}

/// One thing of a kind that this file knows; `None` if the service does not know it.
pub(crate) async fn one(cloud: &Cloud, kind: ThingKind, native: &NativeId) -> Result<Option<Thing>> {
    let source =
        source(kind).ok_or_else(|| Error::internal(format!("an OpenStack cloud was asked for a {kind}")))?;
    let path = format!("{}/{}", source.path, escaped(native.as_str()));
    let Some(answer) = cloud.session.get_one(source.service, &path).await? else { return Ok(None) };
    let wire: Value = answer.json()?;
    let names = names(cloud, kind).await?;
    Ok(thing(cloud, kind, &wire[source.one], &names))
}

type Names = BTreeMap<String, String>;

/// Names of networks by id, where a kind of thing is shown with one.
async fn names(cloud: &Cloud, kind: ThingKind) -> Result<Names> {
    if !matches!(kind, ThingKind::Subnet | ThingKind::Router | ThingKind::Port) {
        return Ok(Names::new());
    }
    let networks = networks::list(&cloud.session, false).await?;
    Ok(networks.into_iter().map(|network| (network.id, network.name)).collect())
}

fn text(wire: &Value, key: &str) -> String {
    wire[key].as_str().unwrap_or_default().to_owned()
}

fn maybe(wire: &Value, key: &str) -> Option<String> {
    wire[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn lower(wire: &Value, key: &str) -> String {
    wire[key].as_str().unwrap_or_default().to_ascii_lowercase()
}

fn texts(wire: &Value, key: &str) -> Vec<String> {
    wire[key].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn named(names: &Names, id: &str) -> String {
    names.get(id).cloned().unwrap_or_else(|| id.to_owned())
}

fn flag(wire: &Value, key: &str) -> bool {
    wire[key].as_bool().unwrap_or(false)
}

/// A thing in our words; `None` if it has no id.
pub(crate) fn thing(cloud: &Cloud, kind: ThingKind, wire: &Value, names: &Names) -> Option<Thing> {
    let native = NativeId::from(wire["id"].as_str()?);
    let place = cloud.session.profile.place.clone();
    let description = wire["description"].as_str().unwrap_or_default();
    let (mark, description): (Option<Mark>, &str) = match kind {
        ThingKind::Volume | ThingKind::VolumeSnapshot => {
            let mark = wire["metadata"][MARK_KEY].as_str().and_then(|mark| mark.parse().ok());
            (mark, description)
        }
        _ => marks::in_description(description),
    };
    let id: ThingId = marks::id(&cloud.session.connection.installation, mark.as_ref(), &place, &native);
    let name = maybe(wire, "name").unwrap_or_else(|| native.as_str().to_owned());
    let native = Some(native);
    Some(match kind {
        ThingKind::Network => Thing::Network(Network {
            status: lower(wire, "status"),
            external: flag(wire, "router:external"),
            shared: flag(wire, "shared"),
            subnets: texts(wire, "subnets"),
            id,
            native,
            place,
            name,
            mark,
        }),
        ThingKind::Subnet => Thing::Subnet(Subnet {
            range: text(wire, "cidr"),
            gateway: maybe(wire, "gateway_ip"),
            network: named(names, wire["network_id"].as_str().unwrap_or_default()),
            dhcp: flag(wire, "enable_dhcp"),
            name_servers: texts(wire, "dns_nameservers"),
            id,
            native,
            place,
            name,
            mark,
        }),
        ThingKind::Router => Thing::Router(Router {
            status: lower(wire, "status"),
            gateway: wire["external_gateway_info"]["network_id"]
                .as_str()
                .map(|network| named(names, network)),
            id,
            native,
            place,
            name,
            mark,
        }),
        ThingKind::Port => Thing::Port(Port {
            status: lower(wire, "status"),
            addresses: wire["fixed_ips"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|fixed| fixed["ip_address"].as_str().map(str::to_owned))
                .collect(),
            network: named(names, wire["network_id"].as_str().unwrap_or_default()),
            device: maybe(wire, "device_id"),
            owner: maybe(wire, "device_owner"),
            hardware_address: text(wire, "mac_address"),
            id,
            native,
            place,
            name,
            mark,
        }),
        ThingKind::SecurityGroup => {
            let mut rules: Vec<SecurityRule> = wire["security_group_rules"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|wire| rule(wire, names))
                .collect();
            rules.sort();
            let description = description.to_owned();
            Thing::SecurityGroup(SecurityGroup { description, rules, id, native, place, name, mark })
        }
        ThingKind::Volume => {
            let attachments = wire["attachments"].as_array().map(Vec::as_slice).unwrap_or_default();
            Thing::Volume(Volume {
                status: lower(wire, "status"),
                size: wire["size"].as_u64().unwrap_or(0),
                volume_type: text(wire, "volume_type"),
                attached_to: attachments.iter().filter_map(|one| maybe(one, "server_id")).collect(),
                devices: attachments.iter().filter_map(|one| maybe(one, "device")).collect(),
                bootable: wire["bootable"] == "true",
                zone: maybe(wire, "availability_zone"),
                created: wire["created_at"].as_str().and_then(moment),
                id,
                native,
                place,
                name,
                mark,
            })
        }
        ThingKind::VolumeSnapshot => Thing::VolumeSnapshot(VolumeSnapshot {
            status: lower(wire, "status"),
            size: wire["size"].as_u64().unwrap_or(0),
            volume: text(wire, "volume_id"),
            created: wire["created_at"].as_str().and_then(moment),
            id,
            native,
            place,
            name,
            mark,
        }),
        ThingKind::ServerGroup => {
            // A list of one until 2.63, a text from 2.64 on.
            let policy = maybe(wire, "policy").or_else(|| texts(wire, "policies").into_iter().next());
            Thing::ServerGroup(ServerGroup {
                policy: policy.unwrap_or_default(),
                members: texts(wire, "members"),
                id,
                native,
                place,
                name,
                mark,
            })
        }
        _ => return None,
    })
}

/// A rule in our words.
pub(crate) fn rule(wire: &Value, names: &Names) -> SecurityRule {
    let number = |key: &str| wire[key].as_u64().and_then(|number| u16::try_from(number).ok());
    SecurityRule {
        incoming: wire["direction"] == "ingress",
        protocol: maybe(wire, "protocol").map(|protocol| protocol.to_ascii_lowercase()),
        from: number("port_range_min"),
        to: number("port_range_max"),
        range: maybe(wire, "remote_ip_prefix"),
        group: maybe(wire, "remote_group_id").map(|group| named(names, &group)),
        version_six: wire["ethertype"] == "IPv6",
    }
    .normal()
}

//! Lists of Neutron: filters, `fields`, order, pages. Facts: Networking API v2.0 reference, "Filtering and Column
//! Selection", "Sorting", "Pagination", and the extension filter-validation.

use serde_json::{Map, Value, json};

use crate::answer::{Answer, Outcome};
use crate::dispatch::Call;
use crate::neutron::{Kind, bad, error, visible_of};
use crate::paging::{effective_limit, next_query, page};
use crate::request::Request;
use crate::state::{CloudState, Region};

const COMMON: [&str; 9] = [
    "id",
    "name",
    "description",
    "tenant_id",
    "project_id",
    "tags",
    "created_at",
    "updated_at",
    "revision_number",
];

/// What each kind has besides.
fn attributes(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Network => &[
            "admin_state_up",
            "status",
            "shared",
            "router:external",
            "mtu",
            "subnets",
            "availability_zone_hints",
            "availability_zones",
            "port_security_enabled",
            "is_default",
            "ipv4_address_scope",
            "ipv6_address_scope",
            "dns_domain",
            "qos_policy_id",
            "provider:network_type",
            "provider:physical_network",
            "provider:segmentation_id",
            "vlan_transparent",
        ],
        Kind::Subnet => &[
            "network_id",
            "cidr",
            "ip_version",
            "gateway_ip",
            "enable_dhcp",
            "allocation_pools",
            "dns_nameservers",
            "host_routes",
            "subnetpool_id",
            "ipv6_ra_mode",
            "ipv6_address_mode",
            "service_types",
            "prefixlen",
            "use_default_subnetpool",
            "segment_id",
            "dns_publish_fixed_ip",
        ],
        Kind::Port => &[
            "network_id",
            "mac_address",
            "admin_state_up",
            "status",
            "device_id",
            "device_owner",
            "fixed_ips",
            "security_groups",
            "allowed_address_pairs",
            "extra_dhcp_opts",
            "binding:vnic_type",
            "binding:host_id",
            "binding:profile",
            "port_security_enabled",
            "dns_name",
            "dns_domain",
            "qos_policy_id",
            "ip_address",
            "ip_allocation",
            "propagate_uplink_status",
            "numa_affinity_policy",
        ],
        Kind::Router => &[
            "admin_state_up",
            "status",
            "external_gateway_info",
            "routes",
            "availability_zone_hints",
            "availability_zones",
            "distributed",
            "ha",
            "flavor_id",
        ],
        Kind::FloatingIp => &[
            "floating_network_id",
            "floating_ip_address",
            "port_id",
            "fixed_ip_address",
            "router_id",
            "status",
            "subnet_id",
            "dns_name",
            "dns_domain",
            "qos_policy_id",
            "port_details",
            "distributed",
        ],
        Kind::SecurityGroup => &["stateful", "shared", "security_group_rules"],
        Kind::SecurityGroupRule => &[
            "security_group_id",
            "direction",
            "ethertype",
            "protocol",
            "port_range_min",
            "port_range_max",
            "remote_ip_prefix",
            "remote_group_id",
            "remote_address_group_id",
            "normalized_cidr",
            "belongs_to_default_sg",
        ],
    }
}

fn known(kind: Kind, attribute: &str) -> bool {
    COMMON.contains(&attribute) || attributes(kind).contains(&attribute)
}

/// Refuses a body with fields that this kind of thing does not have.
pub(crate) fn check_fields(kind: Kind, fields: &Map<String, Value>) -> Result<(), Answer> {
    match fields.keys().find(|field| !known(kind, field)) {
        Some(field) => Err(bad(&format!("Unrecognized attribute(s) '{field}'"))),
        None => {
            let long = ["name", "description"].into_iter().find(|key| {
                fields.get(*key).and_then(Value::as_str).is_some_and(|text| text.chars().count() > 255)
            });
            long.map_or(Ok(()), |key| {
                Err(bad(&format!("Invalid input for {key}. Reason: '…' exceeds maximum length of 255.")))
            })
        }
    }
}

/// The list of one kind.
pub(crate) fn list(state: &CloudState, call: &Call<'_>, kind: Kind) -> Outcome {
    let region = &state.regions[call.region];
    let request = call.request;
    const CONTROL: [&str; 6] = ["limit", "marker", "fields", "sort_key", "sort_dir", "page_reverse"];
    const TAGS: [&str; 4] = ["tags", "tags-any", "not-tags", "not-tags-any"];
    let filters: Vec<&(String, String)> =
        request.query.iter().filter(|(key, _)| !CONTROL.contains(&key.as_str())).collect();
    if let Some((unknown, _)) =
        filters.iter().find(|(key, _)| !TAGS.contains(&key.as_str()) && !known(kind, key))
    {
        return Err(bad(&format!("['{unknown}'] is invalid attribute for filtering")));
    }
    let mut rows: Vec<&Map<String, Value>> = kind
        .collection(region)
        .values()
        .filter(|thing| visible_of(region, kind, thing, call) && passes(thing, &filters))
        .collect();
    sort(&mut rows, kind, request)?;
    let reverse = request.parameter("page_reverse").is_some_and(is_true);
    if reverse {
        rows.reverse();
    }
    let asked = match request.parameter("limit") {
        None => None,
        Some(text) => {
            let number: i64 =
                text.parse().map_err(|_| bad(&format!("Invalid limit value: '{text}' must be a number")))?;
            usize::try_from(number).ok().filter(|number| *number > 0)
        }
    };
    let limit = effective_limit(asked, state.settings.page_size);
    let marker = request.parameter("marker");
    let mut page = page(rows, marker, limit, |thing| thing["id"].as_str().unwrap_or_default())
        .ok_or_else(|| kind.not_found(marker.unwrap_or_default()))?;
    if reverse {
        page.rows.reverse();
    }
    let plural = format!("{}s", kind.singular());
    let shown: Vec<Value> = page.rows.iter().map(|thing| present(region, kind, thing, request)).collect();
    let mut body = json!({&plural: shown});
    if limit.is_some() {
        let path = call.path.join("/");
        let mut links = Vec::new();
        let mut link = |relation: &str, row: Option<&&Map<String, Value>>, extra: &str| {
            if let Some(id) = row.and_then(|row| row["id"].as_str()) {
                let href = format!("{}/{path}?{}{extra}", call.root, next_query(request, id));
                links.push(json!({"rel": relation, "href": href}));
            }
        };
        if page.full && !reverse {
            link("next", page.rows.last(), "");
        }
        if marker.is_some() && !reverse {
            link("previous", page.rows.first(), "&page_reverse=True");
        }
        if !links.is_empty() {
            body[format!("{plural}_links")] = json!(links);
        }
    }
    Ok(Answer::json(200, &body))
}

/// A thing as it is shown, with what depends on others, cut down to the fields asked for.
pub(crate) fn present(region: &Region, kind: Kind, thing: &Map<String, Value>, request: &Request) -> Value {
    let mut thing = thing.clone();
    if kind == Kind::SecurityGroup {
        let rules: Vec<Value> = region
            .security_group_rules
            .values()
            .filter(|rule| rule["security_group_id"] == thing["id"])
            .cloned()
            .map(Value::Object)
            .collect();
        thing.insert("security_group_rules".into(), json!(rules));
    }
    if kind == Kind::FloatingIp {
        let port = thing["port_id"].as_str().and_then(|id| region.ports.get(id));
        let details = port.map(|port| {
            json!({"name": port["name"], "network_id": port["network_id"], "mac_address": port["mac_address"],
                   "admin_state_up": port["admin_state_up"], "status": port["status"],
                   "device_id": port["device_id"], "device_owner": port["device_owner"]})
        });
        thing.insert("port_details".into(), json!(details));
    }
    let fields: Vec<&str> = request.parameters("fields").collect();
    if !fields.is_empty() {
        thing.retain(|key, _| fields.contains(&key.as_str()));
    }
    Value::Object(thing)
}

fn is_true(text: &str) -> bool {
    matches!(text.to_lowercase().as_str(), "true" | "1" | "yes")
}

fn passes(thing: &Map<String, Value>, filters: &[&(String, String)]) -> bool {
    filters.iter().all(|(key, value)| {
        let has = |tag: &str| {
            thing
                .get("tags")
                .and_then(Value::as_array)
                .is_some_and(|tags| tags.iter().any(|each| each == tag))
        };
        match key.as_str() {
            "tags" => return value.split(',').all(has),
            "tags-any" => return value.split(',').any(has),
            "not-tags" => return !value.split(',').all(has),
            "not-tags-any" => return !value.split(',').any(has),
            _ => {}
        }
        // Several values of one attribute mean any of them.
        let mut values = filters.iter().filter(|(other, _)| other == key).map(|(_, value)| value.as_str());
        let own = thing.get(key).unwrap_or(&Value::Null);
        match key.as_str() {
            "fixed_ips" => values.all(|value| fixed_ip(own, value)),
            _ => values.any(|value| equals(own, value)),
        }
    })
}

/// `ip_address=…`, `subnet_id=…`, `ip_address_substr=…`.
fn fixed_ip(own: &Value, wanted: &str) -> bool {
    let (key, value) =
        wanted.split_once('=').or_else(|| wanted.split_once(':')).unwrap_or(("ip_address", wanted));
    own.as_array().into_iter().flatten().any(|each| {
        if key == "ip_address_substr" {
            each["ip_address"].as_str().is_some_and(|address| address.contains(value))
        } else {
            each[key] == value
        }
    })
}

fn equals(own: &Value, wanted: &str) -> bool {
    match own {
        Value::Bool(own) => *own == is_true(wanted),
        Value::Null => wanted.is_empty() || wanted == "None",
        Value::String(own) => own == wanted,
        Value::Array(several) => several.iter().any(|each| equals(each, wanted)),
        other => {
            let shown = other.to_string();
            shown == wanted
        }
    }
}

fn sort(rows: &mut [&Map<String, Value>], kind: Kind, request: &Request) -> Result<(), Answer> {
    let keys: Vec<&str> = request.parameters("sort_key").collect();
    let directions: Vec<&str> = request.parameters("sort_dir").collect();
    if let Some(key) = keys.iter().find(|key| !known(kind, key)) {
        return Err(error(400, "HTTPBadRequest", &format!("['{key}'] is invalid attribute for sort_keys")));
    }
    if keys.is_empty() {
        return Ok(());
    }
    rows.sort_by(|one, other| {
        for (position, key) in keys.iter().enumerate() {
            let text =
                |thing: &Map<String, Value>| thing.get(*key).map_or_else(String::new, ToString::to_string);
            let order = text(one).cmp(&text(other));
            if order.is_ne() {
                return if directions.get(position) == Some(&"desc") { order.reverse() } else { order };
            }
        }
        one["id"].as_str().cmp(&other["id"].as_str())
    });
    Ok(())
}

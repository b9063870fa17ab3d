//! Asking for servers: what the schema takes, what must exist, quotas.
//! Facts: Compute API reference, "Create Server"; 2.19 description, 2.37 networks, 2.52 tags, 2.57 no personality,
//! 2.63 certificates, 2.74 host, 2.90 hostname.

use base64::Engine;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Outcome};
use crate::dispatch::Call;
use crate::nova::boot::{Wanted, Wish, make};
use crate::nova::model::Server;
use crate::nova::{bad, fault, forbidden, servers, validate};
use crate::state::{CloudState, Flavor, Region};

fn allowed_fields(minor: u32) -> Vec<&'static str> {
    let mut fields = vec![
        "name",
        "imageRef",
        "flavorRef",
        "adminPass",
        "metadata",
        "networks",
        "OS-DCF:diskConfig",
        "accessIPv4",
        "accessIPv6",
        "availability_zone",
        "block_device_mapping",
        "block_device_mapping_v2",
        "config_drive",
        "key_name",
        "min_count",
        "max_count",
        "return_reservation_id",
        "security_groups",
        "user_data",
    ];
    let since: [(u32, &[&str]); 5] = [
        (19, &["description"]),
        (52, &["tags"]),
        (63, &["trusted_image_certificates"]),
        (74, &["host", "hypervisor_hostname"]),
        (90, &["hostname"]),
    ];
    fields
        .extend(since.iter().filter(|(from, _)| minor >= *from).flat_map(|(_, names)| names.iter().copied()));
    if minor < 57 {
        fields.push("personality");
    }
    fields
}

/// `POST /servers`.
pub(crate) fn create(state: &mut CloudState, call: &Call<'_>, minor: u32) -> Outcome {
    let body = call.request.json().ok_or_else(|| bad("Malformed request body"))?;
    let Some(fields) = body.as_object().and_then(|body| body.get("server")).and_then(Value::as_object) else {
        return Err(validate::required("body", "server"));
    };
    if let Some(extra) = body.as_object().and_then(|body| {
        body.keys().find(|key| {
            !matches!(key.as_str(), "server" | "os:scheduler_hints" | "OS-SCH-HNT:scheduler_hints")
        })
    }) {
        return Err(validate::unexpected("body", extra));
    }
    validate::only("server", fields, &allowed_fields(minor))?;
    let least = validate::count(fields, "min_count")?;
    let most = validate::count(fields, "max_count")?;
    let least_count = least.unwrap_or(1);
    let most_count = most.unwrap_or(least_count);
    if least_count > most_count {
        return Err(bad("min_count must be <= max_count"));
    }
    let mut wanted = read(state, call, minor, fields)?;
    let hints = body.get("os:scheduler_hints").or_else(|| body.get("OS-SCH-HNT:scheduler_hints"));
    if let Some(group) = hints.and_then(|hints| hints["group"].as_str()) {
        if !state.regions[call.region].server_groups.contains_key(group) {
            return Err(bad(&format!("Instance group {group} could not be found.")));
        }
        wanted.group = Some(group.to_owned());
    }
    if most_count > 1 && wanted.networks.iter().any(|wish| wish.port.is_some() || wish.fixed_ip.is_some()) {
        return Err(bad("Unable to launch multiple instances with a single configured port or fixed IP."));
    }
    let count = within_quota(state, call, &wanted.flavor, least_count, most_count)?;
    check_networks(&state.regions[call.region], call, &wanted)?;
    wanted.reservation = format!("r-{}", state.seeded.letters(8).to_lowercase());
    let name = wanted.name.clone();
    let hostname = wanted.hostname.clone();
    let mut first = None;
    for index in 0..count {
        wanted.launch_index = index;
        if most_count > 1 {
            wanted.name = format!("{name}-{}", index + 1);
            wanted.hostname = hostname.as_ref().map(|hostname| format!("{hostname}-{}", index + 1));
        }
        let Some(number) = make(state, call.region, &wanted, &call.request_id, call.now) else {
            return Err(fault(403, "Maximum number of ports exceeded"));
        };
        first = first.or(Some(number));
    }
    if fields.get("return_reservation_id").and_then(Value::as_bool) == Some(true) {
        return Ok(Answer::json(202, &json!({"reservation_id": wanted.reservation})));
    }
    let password = match fields.get("adminPass").and_then(Value::as_str) {
        Some(password) => password.to_owned(),
        None => state.seeded.letters(12),
    };
    let region = &state.regions[call.region];
    let made = first.and_then(|number| region.servers.get(&number));
    let id = made.map_or("", |server| server.id.as_str());
    let href = format!("{}/v2.1/servers/{id}", call.root);
    let groups: Vec<Value> = wanted.security_groups.iter().map(|name| json!({"name": name})).collect();
    let shown = json!({"server": {
        "id": id,
        "links": [{"rel": "self", "href": href}, {"rel": "bookmark", "href": format!("{}/servers/{id}", call.root)}],
        "OS-DCF:diskConfig": wanted.disk_config,
        "security_groups": groups,
        "adminPass": password,
    }});
    Ok(Answer::json(202, &shown).with("location", &href))
}

fn read(
    state: &CloudState,
    call: &Call<'_>,
    minor: u32,
    fields: &Map<String, Value>,
) -> Result<Wanted, Answer> {
    let region = &state.regions[call.region];
    let text = |key: &str| fields.get(key).and_then(Value::as_str);
    let mut wanted = Wanted::of(&call.who.project, &call.who.user);
    let Some(name) = fields.get("name") else { return Err(validate::required("server", "name")) };
    wanted.name = validate::name(name)?.to_owned();
    let Some(flavor) = fields.get("flavorRef") else { return Err(validate::required("server", "flavorRef")) };
    if minor >= 37 && !fields.contains_key("networks") {
        return Err(validate::required("server", "networks"));
    }
    if let Some(description) = fields.get("description") {
        wanted.description = validate::description(description)?;
    }
    if let Some(metadata) = fields.get("metadata") {
        wanted.metadata = validate::metadata(metadata)?.into_iter().collect();
        let most = state.settings.quotas.metadata_items;
        if most >= 0 && wanted.metadata.len() as i64 > most {
            return Err(fault(403, &format!("Maximum number of metadata items exceeds {most}")));
        }
    }
    if let Some(given) = fields.get("tags").and_then(Value::as_array) {
        wanted.tags = tags(given)?;
    }
    if let Some(hostname) = text("hostname") {
        let fine = (1..=63).contains(&hostname.len())
            && hostname.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !hostname.starts_with('-')
            && !hostname.ends_with('-');
        if !fine {
            return Err(validate::invalid(
                "hostname",
                hostname,
                &format!("'{hostname}' is not a 'hostname'"),
            ));
        }
        wanted.hostname = Some(hostname.to_owned());
    }
    if let Some(user_data) = text("user_data") {
        let decoded = base64::engine::general_purpose::STANDARD.decode(user_data.replace(['\n', '\r'], ""));
        if decoded.is_err() {
            return Err(validate::invalid("user_data", "…", "the value is not a 'base64'"));
        }
        if user_data.len() > 65_535 {
            return Err(validate::invalid("user_data", "…", "the value is too long"));
        }
        wanted.user_data = Some(user_data.to_owned());
    }
    if ["host", "hypervisor_hostname"].iter().any(|key| fields.contains_key(*key)) && !call.who.admin {
        return Err(forbidden("compute:servers:create:requested_destination"));
    }
    if let Some(zone) = text("availability_zone") {
        if zone.split(':').next() != Some("nova") {
            return Err(bad("The requested availability zone is not available"));
        }
        wanted.zone = Some(zone.to_owned());
    }
    let id = flavor.as_str().map_or_else(|| flavor.to_string(), last_part);
    wanted.flavor = region
        .flavors
        .iter()
        .find(|flavor| flavor.id == id)
        .cloned()
        .ok_or_else(|| bad(&format!("Flavor {id} could not be found.")))?;
    wanted.image = image(region, call, fields, &wanted.flavor)?;
    wanted.volumes = volumes(region, call, fields)?;
    wanted.new_volume = new_volume(region, call, fields)?;
    if let Some(name) = text("key_name") {
        let pair = region.key_pairs.get(&call.who.user).and_then(|pairs| pairs.get(name));
        wanted.key = Some(pair.cloned().ok_or_else(|| bad("Invalid key_name provided."))?);
    }
    if let Some(groups) =
        fields.get("security_groups").and_then(Value::as_array).filter(|groups| !groups.is_empty())
    {
        wanted.security_groups =
            groups.iter().filter_map(|group| group["name"].as_str().map(str::to_owned)).collect();
        for group in &wanted.security_groups {
            if crate::neutron::security_groups::find(region, &call.who.project, group).is_none() {
                return Err(bad(&format!(
                    "Security group {group} not found for project {}.",
                    call.who.project
                )));
            }
        }
    }
    wanted.config_drive = fields.get("config_drive").is_some_and(|value| {
        value == true || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
    });
    if let Some(kind) = text("OS-DCF:diskConfig") {
        wanted.disk_config = kind.to_owned();
    }
    wanted.access = (
        text("accessIPv4").unwrap_or_default().to_owned(),
        text("accessIPv6").unwrap_or_default().to_owned(),
    );
    wanted.networks = networks(region, call, minor, fields.get("networks"))?;
    Ok(wanted)
}

/// Tags in order, each once, at most fifty.
pub(crate) fn tags(given: &[Value]) -> Result<Vec<String>, Answer> {
    let mut tags = given
        .iter()
        .map(|tag| validate::tag(tag.as_str().unwrap_or_default()).map(str::to_owned))
        .collect::<Result<Vec<_>, _>>()?;
    tags.sort();
    tags.dedup();
    if tags.len() > 50 {
        return Err(bad(
            "Invalid input for field/attribute tags. The number of tags exceeds the maximum of 50",
        ));
    }
    Ok(tags)
}

/// An id may also be given as the URL of the thing.
fn last_part(reference: &str) -> String {
    reference.trim_end_matches('/').rsplit('/').next().unwrap_or(reference).to_owned()
}

fn devices(fields: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    fields.get("block_device_mapping_v2").and_then(Value::as_array).into_iter().flatten()
}

fn volumes(region: &Region, call: &Call<'_>, fields: &Map<String, Value>) -> Result<Vec<String>, Answer> {
    let mut volumes = Vec::new();
    for device in devices(fields).filter(|device| device["source_type"] == "volume") {
        let id = device["uuid"].as_str().unwrap_or_default();
        let volume = region
            .volumes
            .get(id)
            .filter(|volume| volume["os-vol-tenant-attr:tenant_id"] == call.who.project)
            .ok_or_else(|| bad(&format!("Block Device Mapping is Invalid: failed to get volume {id}.")))?;
        if volume["status"] != "available" {
            return Err(bad(&format!(
                "Invalid volume: volume '{id}' status must be 'available'. Currently in '{}' status.",
                volume["status"].as_str().unwrap_or_default()
            )));
        }
        volumes.push(id.to_owned());
    }
    Ok(volumes)
}

/// A device that is to be made of an image.
fn new_volume(
    region: &Region,
    call: &Call<'_>,
    fields: &Map<String, Value>,
) -> Result<Option<(String, i64, bool)>, Answer> {
    let wanted = devices(fields)
        .find(|device| device["source_type"] == "image" && device["destination_type"] == "volume");
    let Some(device) = wanted else { return Ok(None) };
    let id = device["uuid"].as_str().unwrap_or_default();
    let known = region.images.iter().any(|image| {
        image["id"] == id && (image["visibility"] == "public" || image["owner"] == call.who.project)
    });
    if !known {
        return Err(bad(&format!("Block Device Mapping is Invalid: failed to get image {id}.")));
    }
    let size = match &device["volume_size"] {
        Value::Number(size) => size.as_i64(),
        Value::String(size) => size.parse().ok(),
        _ => None,
    };
    let Some(size) = size.filter(|size| *size > 0) else {
        return Err(bad("Images with destination_type 'volume' need to have a non-zero size specified"));
    };
    Ok(Some((id.to_owned(), size, device["delete_on_termination"] == true)))
}

fn image(
    region: &Region,
    call: &Call<'_>,
    fields: &Map<String, Value>,
    flavor: &Flavor,
) -> Result<Option<String>, Answer> {
    let reference = fields.get("imageRef").and_then(Value::as_str).unwrap_or_default();
    if reference.is_empty() {
        let boots = devices(fields).any(|device| {
            device["boot_index"] == 0 || device["boot_index"] == "0" || device["source_type"] == "volume"
        });
        return if boots || fields.contains_key("block_device_mapping") {
            Ok(None)
        } else {
            Err(bad("Block Device Mapping is Invalid: No image or bootable block device was given."))
        };
    }
    let id = last_part(reference);
    let uuid_shaped = id.len() == 36 && id.bytes().filter(|byte| *byte == b'-').count() == 4;
    if !uuid_shaped {
        return Err(bad("Invalid image identifier or unable to use image."));
    }
    let image = region
        .images
        .iter()
        .find(|image| {
            image["id"] == id && (image["visibility"] == "public" || image["owner"] == call.who.project)
        })
        .ok_or_else(|| bad(&format!("Image {id} could not be found.")))?;
    if image["status"] != "active" {
        return Err(bad(&format!("Image {id} is not active.")));
    }
    let number = |key: &str| image[key].as_i64().unwrap_or(0);
    if flavor.ram < number("min_ram") {
        return Err(bad("Flavor's memory is too small for requested image."));
    }
    let boots_from_volume = devices(fields).any(|device| device["destination_type"] == "volume");
    if flavor.disk > 0 && !boots_from_volume {
        const GIB: i64 = 1024 * 1024 * 1024;
        let disk = flavor.disk * GIB;
        if number("size") > disk {
            return Err(bad(&format!(
                "Flavor's disk is too small for requested image. Flavor disk is {disk} bytes, image is {} bytes.",
                number("size")
            )));
        }
        if number("min_disk") * GIB > disk {
            return Err(bad(&format!(
                "Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is {disk} bytes, minimum size is {} bytes.",
                number("min_disk") * GIB
            )));
        }
    }
    Ok(Some(id))
}

fn usable<'a>(region: &'a Region, call: &'a Call<'_>) -> impl Iterator<Item = &'a String> {
    region
        .networks
        .iter()
        .filter(|(_, network)| {
            (network["project_id"] == call.who.project || network["shared"] == true)
                && network["router:external"] != true
                && network["subnets"].as_array().is_some_and(|subnets| !subnets.is_empty())
        })
        .map(|(id, _)| id)
}

fn networks(
    region: &Region,
    call: &Call<'_>,
    minor: u32,
    asked: Option<&Value>,
) -> Result<Vec<Wish>, Answer> {
    match asked {
        None => default_network(region, call),
        Some(Value::String(word)) if minor >= 37 && word == "none" => Ok(Vec::new()),
        Some(Value::String(word)) if minor >= 37 && word == "auto" => match default_network(region, call)? {
            found if found.is_empty() => Err(bad("Unable to automatically allocate a network for project")),
            found => Ok(found),
        },
        Some(Value::Array(asked)) if asked.is_empty() => default_network(region, call),
        Some(Value::Array(asked)) => asked
            .iter()
            .map(|each| {
                let fields = each
                    .as_object()
                    .ok_or_else(|| validate::invalid("networks", &each.to_string(), "not an object"))?;
                validate::only("networks", fields, &["uuid", "port", "fixed_ip", "tag"])?;
                let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
                let wish = Wish { network: text("uuid"), port: text("port"), fixed_ip: text("fixed_ip") };
                if wish.network.is_none() && wish.port.is_none() {
                    return Err(bad("Bad network format: missing 'uuid'"));
                }
                Ok(wish)
            })
            .collect(),
        Some(other) => Err(validate::invalid(
            "networks",
            &other.to_string(),
            &format!("{other} is not one of ['auto', 'none']"),
        )),
    }
}

/// The one network there is; none is fine, two are a question.
fn default_network(region: &Region, call: &Call<'_>) -> Result<Vec<Wish>, Answer> {
    let mut found = usable(region, call);
    let first = found.next().cloned();
    if found.next().is_some() {
        return Err(fault(409, "Multiple possible networks found, use a Network ID to be more specific."));
    }
    Ok(first.into_iter().map(Wish::network).collect())
}

fn check_networks(region: &Region, call: &Call<'_>, wanted: &Wanted) -> Result<(), Answer> {
    for wish in &wanted.networks {
        if let Some(id) = &wish.port {
            let port = region
                .ports
                .get(id)
                .filter(|port| call.who.admin || port["project_id"] == call.who.project)
                .ok_or_else(|| bad(&format!("Port id {id} could not be found.")))?;
            if port["device_id"].as_str().is_some_and(|device| !device.is_empty()) {
                return Err(fault(409, &format!("Port {id} is still in use.")));
            }
            continue;
        }
        let id = wish.network.clone().unwrap_or_default();
        let network = region.networks.get(&id).filter(|network| {
            call.who.admin
                || network["project_id"] == call.who.project
                || network["shared"] == true
                || network["router:external"] == true
        });
        let network = network.ok_or_else(|| bad(&format!("Network {id} could not be found.")))?;
        if network["router:external"] == true && network["shared"] != true && !call.who.admin {
            return Err(fault(
                403,
                &format!("It is not allowed to create an interface on external network {id}"),
            ));
        }
        if network["subnets"].as_array().is_none_or(Vec::is_empty) {
            return Err(bad(&format!("Network {id} requires a subnet in order to boot instances on.")));
        }
        if let Some(address) = &wish.fixed_ip
            && region.rest_of(address).is_some_and(|rest| region.fixed_in_use.contains(&rest))
        {
            return Err(bad(&format!("Fixed IP address {address} is already in use on instance.")));
        }
    }
    Ok(())
}

/// How many servers may be made: the number asked for, or fewer, down to the least that is wanted.
fn within_quota(
    state: &CloudState,
    call: &Call<'_>,
    flavor: &Flavor,
    least: u64,
    most: u64,
) -> Result<u64, Answer> {
    let region = &state.regions[call.region];
    let project = &call.who.project;
    let quotas = &state.settings.quotas;
    let used = super::limits::Used::of(region, project);
    let limits = [
        ("cores", flavor.vcpus, used.cores, region.quota(project, "cores", quotas.cores)),
        ("instances", 1, used.instances, region.quota(project, "instances", quotas.instances)),
        ("ram", flavor.ram, used.ram, region.quota(project, "ram", quotas.ram)),
    ];
    let room = limits
        .iter()
        .filter(|(_, each, _, limit)| *limit >= 0 && *each > 0)
        .map(|(_, each, used, limit)| u64::try_from((limit - used) / each).unwrap_or(0))
        .min()
        .unwrap_or(u64::MAX);
    if room >= least {
        return Ok(most.min(room));
    }
    let asked = i64::try_from(most).unwrap_or(i64::MAX / 65_536);
    let over: Vec<_> = limits
        .iter()
        .filter(|(_, each, used, limit)| *limit >= 0 && each.saturating_mul(asked) + used > *limit)
        .collect();
    let join = |texts: Vec<String>| texts.join(", ");
    let names = join(over.iter().map(|(name, ..)| (*name).to_owned()).collect());
    let requested = join(over.iter().map(|(_, each, ..)| each.saturating_mul(asked).to_string()).collect());
    let already = join(over.iter().map(|(_, _, used, _)| used.to_string()).collect());
    let allowed = join(over.iter().map(|(.., limit)| limit.to_string()).collect());
    Err(fault(
        403,
        &format!(
            "Quota exceeded for {names}: Requested {requested}, but already used {already} of {allowed} {names}"
        ),
    ))
}

/// Whether any server of a project stands; used by quotas.
pub(crate) fn standing<'a>(region: &'a Region, project: &'a str) -> impl Iterator<Item = &'a Server> {
    region.servers.values().filter(move |server| server.project == project && servers::counts(server))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_may_be_urls() {
        assert_eq!(last_part("http://127.0.0.1/compute/flavors/42"), "42");
        assert_eq!(last_part("42"), "42");
    }
}

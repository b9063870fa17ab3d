//! Security groups and their rules; every project has a group `default`. Nothing is enforced: simulated servers have
//! no packet filter. Facts: Networking API v2.0 reference, "Security groups", "Security group rules".

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::dispatch::Call;
use crate::neutron::{Kind, bad, base, check_quota, error, fill, owner};
use crate::random::Seeded;
use crate::state::{CloudState, Region};

/// The id of a project's group, by name or id.
pub(crate) fn find(region: &Region, project: &str, name: &str) -> Option<String> {
    region
        .security_groups
        .iter()
        .find(|(id, group)| group["project_id"] == project && (group["name"] == name || id.as_str() == name))
        .map(|(id, _)| id.clone())
}

/// Makes the group `default` of a project that has none.
pub(crate) fn ensure_default(state: &mut CloudState, call: &Call<'_>) {
    let project = &call.who.project;
    if find(&state.regions[call.region], project, "default").is_none() {
        default_group(&mut state.regions[call.region], &mut state.seeded, project, call.now);
    }
}

pub(crate) fn default_group(region: &mut Region, seeded: &mut Seeded, project: &str, now: Timestamp) {
    let fields = Map::from_iter([
        ("name".to_owned(), json!("default")),
        ("description".to_owned(), json!("Default security group")),
    ]);
    let id = make_group(region, seeded, project, fields, now);
    for ethertype in ["IPv4", "IPv6"] {
        let rule = json!({"security_group_id": id, "direction": "ingress", "ethertype": ethertype, "remote_group_id": id});
        make_rule(region, seeded, project, rule.as_object().cloned().unwrap_or_default(), now);
    }
}

fn make_group(
    region: &mut Region,
    seeded: &mut Seeded,
    project: &str,
    fields: Map<String, Value>,
    now: Timestamp,
) -> String {
    let (id, mut group) = base(seeded, project, now);
    fill(&mut group, json!({"stateful": true, "shared": false}), fields);
    region.security_groups.insert(id.clone(), group);
    for ethertype in ["IPv4", "IPv6"] {
        let rule = json!({"security_group_id": id, "direction": "egress", "ethertype": ethertype});
        make_rule(region, seeded, project, rule.as_object().cloned().unwrap_or_default(), now);
    }
    id
}

fn make_rule(
    region: &mut Region,
    seeded: &mut Seeded,
    project: &str,
    fields: Map<String, Value>,
    now: Timestamp,
) -> String {
    let (id, mut rule) = base(seeded, project, now);
    let defaults = json!({
        "direction": null, "ethertype": "IPv4", "protocol": null, "port_range_min": null, "port_range_max": null,
        "remote_ip_prefix": null, "remote_group_id": null, "remote_address_group_id": null, "normalized_cidr": null,
        "belongs_to_default_sg": false,
    });
    fill(&mut rule, defaults, fields);
    rule.remove("name");
    let prefix = rule["remote_ip_prefix"].clone();
    rule.insert("normalized_cidr".into(), prefix);
    region.security_group_rules.insert(id.clone(), rule);
    id
}

pub(crate) fn create_group(
    state: &mut CloudState,
    call: &Call<'_>,
    fields: Map<String, Value>,
) -> Result<String, Answer> {
    let project = owner(call, &fields)?;
    if fields.get("name").and_then(Value::as_str) == Some("default") {
        return Err(error(
            409,
            "SecurityGroupDefaultAlreadyExists",
            "Default security group already exists.",
        ));
    }
    check_quota(state, call, Kind::SecurityGroup, &project, state.settings.quotas.security_group)?;
    let region = &mut state.regions[call.region];
    Ok(make_group(region, &mut state.seeded, &project, fields, call.now))
}

pub(crate) fn create_rule(
    state: &mut CloudState,
    call: &Call<'_>,
    mut fields: Map<String, Value>,
) -> Result<String, Answer> {
    let project = owner(call, &fields)?;
    let region = &state.regions[call.region];
    let group = fields.get("security_group_id").and_then(Value::as_str).unwrap_or_default();
    if !region
        .security_groups
        .get(group)
        .is_some_and(|group| call.who.admin || group["project_id"] == project)
    {
        return Err(Kind::SecurityGroup.not_found(group));
    }
    if !matches!(fields.get("direction").and_then(Value::as_str), Some("ingress" | "egress")) {
        return Err(bad(&format!(
            "Invalid input for direction. Reason: '{}' is not in ['ingress', 'egress'].",
            fields.get("direction").and_then(Value::as_str).unwrap_or("None")
        )));
    }
    let number = |key: &str| {
        fields
            .get(key)
            .and_then(|value| value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok())))
    };
    let (least, most) = (number("port_range_min"), number("port_range_max"));
    let protocol = fields.get("protocol").and_then(Value::as_str).map(str::to_lowercase);
    if (least.is_some() || most.is_some()) && protocol.is_none() {
        return Err(error(
            400,
            "SecurityGroupProtocolRequiredWithPorts",
            "Must also specify protocol if port range is given.",
        ));
    }
    if matches!(protocol.as_deref(), Some("tcp" | "udp"))
        && let (Some(least), Some(most)) = (least, most)
        && (least > most || !(0..=65_535).contains(&least) || !(0..=65_535).contains(&most))
    {
        return Err(error(
            400,
            "SecurityGroupInvalidPortRange",
            "For TCP/UDP protocols, port_range_min must be <= port_range_max",
        ));
    }
    if let Some(prefix) = fields.get("remote_ip_prefix").and_then(Value::as_str) {
        let address = prefix.split('/').next().unwrap_or_default();
        let length = prefix.split_once('/').map_or(Ok(0), |(_, length)| length.parse::<u8>());
        if address.parse::<std::net::IpAddr>().is_err() || length.is_err() {
            return Err(bad(&format!(
                "Invalid input for remote_ip_prefix. Reason: '{prefix}' is not a valid IP subnet."
            )));
        }
    }
    let (least, most) = (json!(least), json!(most));
    fields.insert("port_range_min".into(), least);
    fields.insert("port_range_max".into(), most);
    fields.insert("protocol".into(), json!(protocol));
    let compared = [
        "security_group_id",
        "direction",
        "protocol",
        "port_range_min",
        "port_range_max",
        "remote_ip_prefix",
        "remote_group_id",
    ];
    let ethertype = fields.get("ethertype").cloned().unwrap_or_else(|| json!("IPv4"));
    let same = region.security_group_rules.iter().find(|(_, rule)| {
        rule["ethertype"] == ethertype
            && compared
                .iter()
                .all(|key| rule.get(*key).unwrap_or(&Value::Null) == fields.get(*key).unwrap_or(&Value::Null))
    });
    if let Some((id, _)) = same {
        return Err(error(
            409,
            "SecurityGroupRuleExists",
            &format!("Security group rule already exists. Rule id is {id}."),
        ));
    }
    check_quota(state, call, Kind::SecurityGroupRule, &project, state.settings.quotas.security_group_rule)?;
    let region = &mut state.regions[call.region];
    Ok(make_rule(region, &mut state.seeded, &project, fields, call.now))
}

pub(crate) fn delete_group(region: &mut Region, id: &str, admin: bool) -> Result<(), Answer> {
    let in_use = region.ports.values().any(|port| {
        port["security_groups"].as_array().is_some_and(|groups| groups.iter().any(|group| group == id))
    });
    if in_use {
        return Err(error(409, "SecurityGroupInUse", &format!("Security Group {id} in use.")));
    }
    let is_default = region.security_groups.get(id).is_some_and(|group| group["name"] == "default");
    if is_default && !admin {
        return Err(error(
            409,
            "SecurityGroupCannotRemoveDefault",
            "Insufficient rights for removing default security group.",
        ));
    }
    region.security_groups.remove(id);
    region
        .security_group_rules
        .retain(|_, rule| rule["security_group_id"] != id && rule["remote_group_id"] != id);
    Ok(())
}

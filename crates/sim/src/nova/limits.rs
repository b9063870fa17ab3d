//! Limits, quotas and usage. Facts: Compute API reference, "Limits", "Quota sets", "Usage reports"; 2.36 and 2.57 take
//! the network and file quotas away, 2.40 pages usage.

use hyper::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Outcome};
use crate::clock::without_zone;
use crate::dispatch::Call;
use crate::nova::{bad, create, fault, forbidden};
use crate::state::{CloudState, Region};

/// What a project uses.
pub(crate) struct Used {
    pub(crate) instances: i64,
    pub(crate) cores: i64,
    pub(crate) ram: i64,
}

impl Used {
    pub(crate) fn of(region: &Region, project: &str) -> Self {
        create::standing(region, project).fold(Self { instances: 0, cores: 0, ram: 0 }, |sum, server| Self {
            instances: sum.instances + 1,
            cores: sum.cores + server.flavor.vcpus,
            ram: sum.ram + server.flavor.ram,
        })
    }
}

/// Name, limit and use of every quota of Nova.
fn quotas(state: &CloudState, region: usize, project: &str, minor: u32) -> Vec<(&'static str, i64, i64)> {
    let region = &state.regions[region];
    let used = Used::of(region, project);
    let defaults = &state.settings.quotas;
    let mut rows = vec![
        ("instances", defaults.instances, used.instances),
        ("cores", defaults.cores, used.cores),
        ("ram", defaults.ram, used.ram),
        ("key_pairs", defaults.key_pairs, 0),
        ("metadata_items", defaults.metadata_items, 0),
        ("server_groups", defaults.server_groups, 0),
        ("server_group_members", defaults.server_group_members, 0),
    ];
    if minor < 36 {
        rows.push(("floating_ips", -1, 0));
        rows.push(("fixed_ips", -1, 0));
        rows.push(("security_groups", -1, 0));
        rows.push(("security_group_rules", -1, 0));
    }
    if minor < 57 {
        rows.push(("injected_files", 5, 0));
        rows.push(("injected_file_content_bytes", 10_240, 0));
        rows.push(("injected_file_path_bytes", 255, 0));
    }
    rows.into_iter().map(|(name, default, used)| (name, region.quota(project, name, default), used)).collect()
}

/// `GET /limits`.
pub(crate) fn limits(state: &CloudState, call: &Call<'_>, minor: u32) -> Outcome {
    let project = match call.request.parameter("tenant_id") {
        Some(project) if project != call.who.project && !call.who.admin => {
            return Err(forbidden("os_compute_api:limits:other_project"));
        }
        Some(project) => project,
        None => &call.who.project,
    };
    let region = &state.regions[call.region];
    let used = Used::of(region, project);
    let rows = quotas(state, call.region, project, minor);
    let limit = |name: &str| rows.iter().find(|(each, ..)| *each == name).map_or(-1, |(_, limit, _)| *limit);
    let mut absolute = json!({
        "maxTotalInstances": limit("instances"), "totalInstancesUsed": used.instances,
        "maxTotalCores": limit("cores"), "totalCoresUsed": used.cores,
        "maxTotalRAMSize": limit("ram"), "totalRAMUsed": used.ram,
        "maxTotalKeypairs": limit("key_pairs"), "maxServerMeta": limit("metadata_items"),
        "maxServerGroups": limit("server_groups"), "totalServerGroupsUsed": state.regions[call.region].server_groups.len(),
        "maxServerGroupMembers": limit("server_group_members"),
    });
    if minor < 36 {
        for (name, value) in [
            ("maxTotalFloatingIps", -1),
            ("totalFloatingIpsUsed", 0),
            ("maxSecurityGroups", -1),
            ("totalSecurityGroupsUsed", 0),
            ("maxSecurityGroupRules", -1),
        ] {
            absolute[name] = json!(value);
        }
    }
    if minor < 39 {
        absolute["maxImageMeta"] = json!(limit("metadata_items"));
    }
    if minor < 57 {
        for (name, value) in [("maxPersonality", 5), ("maxPersonalitySize", 10_240)] {
            absolute[name] = json!(value);
        }
    }
    Ok(Answer::json(200, &json!({"limits": {"rate": [], "absolute": absolute}})))
}

/// Paths below `/os-quota-sets`.
pub(crate) fn quota_sets(state: &mut CloudState, call: &Call<'_>, minor: u32, rest: &[&str]) -> Outcome {
    let Some((project, rest)) = rest.split_first() else {
        return Err(fault(404, "The resource could not be found."));
    };
    if *project != call.who.project && !call.who.admin {
        return Err(forbidden("os_compute_api:os-quota-sets:show"));
    }
    match (&call.request.method, rest) {
        (&Method::GET, [] | ["defaults"]) => {
            let of = if rest.is_empty() { project } else { "" };
            let mut set = Map::from_iter([("id".to_owned(), json!(project))]);
            set.extend(
                quotas(state, call.region, of, minor)
                    .into_iter()
                    .map(|(name, limit, _)| (name.to_owned(), json!(limit))),
            );
            Ok(Answer::json(200, &json!({"quota_set": set})))
        }
        (&Method::GET, ["detail"]) => {
            let mut set = Map::from_iter([("id".to_owned(), json!(project))]);
            set.extend(quotas(state, call.region, project, minor).into_iter().map(|(name, limit, used)| {
                (name.to_owned(), json!({"in_use": used, "limit": limit, "reserved": 0}))
            }));
            Ok(Answer::json(200, &json!({"quota_set": set})))
        }
        (&Method::PUT, []) => {
            if !call.who.admin {
                return Err(forbidden("os_compute_api:os-quota-sets:update"));
            }
            let body = call.request.json().unwrap_or_default();
            let Some(fields) = body["quota_set"].as_object() else {
                return Err(bad("Malformed request body"));
            };
            let known: Vec<&str> =
                quotas(state, call.region, project, minor).iter().map(|(name, ..)| *name).collect();
            let mut allowed = known.clone();
            allowed.push("force");
            super::validate::only("quota_set", fields, &allowed)?;
            let set = state.regions[call.region].project_quotas.entry((*project).to_owned()).or_default();
            for (name, value) in fields {
                let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
                if let (true, Some(number)) = (known.contains(&name.as_str()), number) {
                    set.insert(name.clone(), json!(number));
                }
            }
            let shown: Map<String, Value> = quotas(state, call.region, project, minor)
                .into_iter()
                .map(|(name, limit, _)| (name.to_owned(), json!(limit)))
                .collect();
            Ok(Answer::json(200, &json!({"quota_set": shown})))
        }
        (&Method::DELETE, []) if call.who.admin => {
            state.regions[call.region].project_quotas.remove(*project);
            Ok(Answer::empty(202))
        }
        _ => Err(forbidden("os_compute_api:os-quota-sets:delete")),
    }
}

fn moment(text: Option<&str>, default: Timestamp) -> Result<Timestamp, Answer> {
    let Some(text) = text else { return Ok(default) };
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| {
            let civil = text.replace(' ', "T").parse::<jiff::civil::DateTime>().ok()?;
            civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        })
        .ok_or_else(|| {
            bad(&format!("Invalid input for query parameters start. Value: {text}. It is not a date."))
        })
}

/// Paths below `/os-simple-tenant-usage`. Deleted servers count as long as they are remembered.
pub(crate) fn usage(state: &CloudState, call: &Call<'_>, minor: u32, rest: &[&str]) -> Outcome {
    let request = call.request;
    let month_ago = call.now.checked_sub(std::time::Duration::from_secs(28 * 86_400)).unwrap_or(call.now);
    let start = moment(request.parameter("start"), month_ago)?;
    let stop = moment(request.parameter("end"), call.now)?.min(call.now);
    let of = |project: &str, detailed: bool| {
        let region = &state.regions[call.region];
        let mut sums = [0.0_f64; 4];
        let mut rows = Vec::new();
        for server in region.servers.values().filter(|server| server.project == project) {
            let gone = server.vm_state == crate::nova::model::VmState::Deleted;
            let until = if gone { server.updated.min(stop) } else { stop };
            let hours = until.duration_since(server.created.max(start)).as_secs_f64().max(0.0) / 3600.0;
            let flavor = &server.flavor;
            sums[0] += hours;
            sums[1] += hours * flavor.vcpus as f64;
            sums[2] += hours * flavor.ram as f64;
            sums[3] += hours * flavor.disk as f64;
            rows.push(json!({
                "name": server.name, "instance_id": server.id, "tenant_id": project, "flavor": flavor.name,
                "vcpus": flavor.vcpus, "memory_mb": flavor.ram, "local_gb": flavor.disk, "hours": hours,
                "started_at": without_zone(server.created), "ended_at": gone.then(|| without_zone(server.updated)),
                "state": server.vm_state.as_str(), "uptime": until.duration_since(server.created).as_secs().max(0),
            }));
        }
        let mut shown = json!({
            "tenant_id": project, "start": without_zone(start), "stop": without_zone(stop), "total_hours": sums[0],
            "total_vcpus_usage": sums[1], "total_memory_mb_usage": sums[2], "total_local_gb_usage": sums[3],
        });
        if detailed {
            shown["server_usages"] = json!(rows);
        }
        (shown, rows.len())
    };
    match rest {
        [] => {
            if !call.who.admin {
                return Err(forbidden("os_compute_api:os-simple-tenant-usage:list"));
            }
            let detailed = request.parameter("detailed") == Some("1");
            let rows: Vec<Value> = state
                .projects
                .iter()
                .map(|project| of(&project.id, detailed))
                .filter(|(_, count)| *count > 0)
                .map(|(shown, _)| shown)
                .collect();
            Ok(Answer::json(200, &json!({"tenant_usages": rows})))
        }
        [project] => {
            if *project != call.who.project && !call.who.admin {
                return Err(forbidden("os_compute_api:os-simple-tenant-usage:show"));
            }
            let (shown, count) = of(project, true);
            // From 2.40 the rows come in pages; a page after a marker is the end here, since one page holds them all.
            let empty = count == 0 || (minor >= 40 && request.parameter("marker").is_some());
            Ok(Answer::json(200, &json!({"tenant_usage": if empty { json!({}) } else { shown }})))
        }
        _ => Err(fault(404, "The resource could not be found.")),
    }
}

//! Server groups: making, listing, deleting. Their policy is kept and shown; simulated hosts know none.
//! Facts: Compute API reference, "Server groups"; 2.15 soft policies, 2.64 one policy with rules.

use hyper::Method;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Outcome};
use crate::dispatch::Call;
use crate::nova::{bad, fault, validate};
use crate::state::{CloudState, Region};

pub(crate) fn answer(state: &mut CloudState, call: &Call<'_>, minor: u32, rest: &[&str]) -> Outcome {
    let mine = |group: &Map<String, Value>| call.who.admin || group["project_id"] == call.who.project;
    match (&call.request.method, rest) {
        (&Method::GET, []) => {
            let region = &state.regions[call.region];
            let number = |key: &str| call.request.parameter(key).and_then(|text| text.parse::<usize>().ok());
            let shown: Vec<Value> = region
                .server_groups
                .values()
                .filter(|group| mine(group))
                .skip(number("offset").unwrap_or(0))
                .take(number("limit").unwrap_or(usize::MAX))
                .map(|group| show(region, group, minor))
                .collect();
            Ok(Answer::json(200, &json!({"server_groups": shown})))
        }
        (&Method::POST, []) => create(state, call, minor),
        (&Method::GET, [id]) => {
            let region = &state.regions[call.region];
            match region.server_groups.get(*id).filter(|group| mine(group)) {
                Some(group) => Ok(Answer::json(200, &json!({"server_group": show(region, group, minor)}))),
                None => Err(missing(id)),
            }
        }
        (&Method::DELETE, [id]) => {
            let region = &mut state.regions[call.region];
            if !region.server_groups.get(*id).is_some_and(mine) {
                return Err(missing(id));
            }
            region.server_groups.remove(*id);
            Ok(Answer::empty(204))
        }
        _ => Err(fault(405, "The method is not allowed.")),
    }
}

fn missing(id: &str) -> Answer {
    fault(404, &format!("Instance group {id} could not be found."))
}

fn show(region: &Region, group: &Map<String, Value>, minor: u32) -> Value {
    let members: Vec<&String> = region
        .servers
        .values()
        .filter(|server| server.group.as_deref() == group["id"].as_str() && super::servers::counts(server))
        .map(|server| &server.id)
        .collect();
    let mut shown = json!({"id": group["id"], "name": group["name"], "members": members});
    if minor >= 13 {
        shown["project_id"] = group["project_id"].clone();
        shown["user_id"] = group["user_id"].clone();
    }
    if minor >= 64 {
        shown["policy"] = group["policy"].clone();
        shown["rules"] = json!({});
    } else {
        shown["policies"] = json!([group["policy"]]);
        shown["metadata"] = json!({});
    }
    shown
}

fn create(state: &mut CloudState, call: &Call<'_>, minor: u32) -> Outcome {
    let body = call.request.json().ok_or_else(|| bad("Malformed request body"))?;
    let Some(fields) = body["server_group"].as_object() else {
        return Err(validate::required("body", "server_group"));
    };
    let key = if minor >= 64 { "policy" } else { "policies" };
    validate::only("server_group", fields, &["name", key, "rules"])?;
    let name = validate::name(fields.get("name").unwrap_or(&Value::Null))?;
    let policy = match fields.get(key) {
        Some(Value::String(policy)) => policy.as_str(),
        Some(Value::Array(policies)) => policies.first().and_then(Value::as_str).unwrap_or_default(),
        _ => return Err(validate::required("server_group", key)),
    };
    let known: &[&str] = if minor >= 15 {
        &["anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"]
    } else {
        &["anti-affinity", "affinity"]
    };
    if !known.contains(&policy) {
        return Err(validate::invalid(key, policy, &format!("'{policy}' is not one of {known:?}")));
    }
    let most = state.settings.quotas.server_groups;
    let own = |group: &&Map<String, Value>| group["project_id"] == call.who.project;
    let count = state.regions[call.region].server_groups.values().filter(own).count();
    if most >= 0 && count as i64 >= most {
        return Err(fault(403, "Quota exceeded, too many server groups."));
    }
    let id = state.seeded.uuid();
    let group = json!({"id": id, "name": name, "policy": policy, "project_id": call.who.project,
        "user_id": call.who.user});
    let region = &mut state.regions[call.region];
    region.server_groups.insert(id.clone(), group.as_object().cloned().unwrap_or_default());
    let shown = show(region, &region.server_groups[&id], minor);
    Ok(Answer::json(200, &json!({"server_group": shown})))
}

//! Paths below `/servers`: show, rename, delete, metadata, tags, addresses, interfaces, security groups, actions taken.
//! Facts: Compute API reference, "Servers", "Server tags", "Port interfaces", "Servers actions records".

use hyper::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, Outcome};
use crate::clock::without_zone;
use crate::dispatch::Call;
use crate::nova::model::{Action, Goal, Server, VmState};
use crate::nova::{actions, bad, create, fault, lifecycle, listing, validate, view};
use crate::state::CloudState;

pub(crate) fn answer(state: &mut CloudState, call: &Call<'_>, minor: u32, rest: &[&str]) -> Outcome {
    let method = &call.request.method;
    match (method, rest) {
        (&Method::GET, []) => return listing::list(state, call, minor, false),
        (&Method::GET, ["detail"]) => return listing::list(state, call, minor, true),
        (&Method::POST, []) => return create::create(state, call, minor),
        _ => {}
    }
    let Some((id, rest)) = rest.split_first() else { return Err(fault(405, "The method is not allowed.")) };
    let number = find(state, call, id)?;
    match (method, rest) {
        (&Method::GET, []) => show(state, call, minor, number, 200),
        (&Method::PUT, []) => update(state, call, minor, number),
        (&Method::DELETE, []) => delete(state, call, number),
        (&Method::POST, ["action"]) => actions::act(state, call, minor, number),
        (_, ["metadata", rest @ ..]) => metadata(state, call, number, rest),
        (_, ["tags", rest @ ..]) if minor >= 26 => tags(state, call, number, rest),
        (&Method::POST, ["remote-consoles"]) if minor >= 6 => actions::remote_console(call, id),
        (_, ["os-volume_attachments", rest @ ..]) => super::volumes::answer(state, call, number, rest),
        (&Method::PUT | &Method::POST | &Method::DELETE, _) => {
            Err(fault(404, "The resource could not be found."))
        }
        (_, rest) => read(state, call, minor, number, rest),
    }
}

/// The number of a server that the caller may see.
fn find(state: &CloudState, call: &Call<'_>, id: &str) -> Result<u64, Answer> {
    let region = &state.regions[call.region];
    region
        .server_numbers
        .get(id)
        .copied()
        .filter(|number| {
            region
                .servers
                .get(number)
                .is_some_and(|server| call.who.admin || server.project == call.who.project)
        })
        .ok_or_else(|| fault(404, &format!("Instance {id} could not be found.")))
}

fn server<'a>(state: &'a CloudState, call: &Call<'_>, number: u64) -> Result<&'a Server, Answer> {
    state.regions[call.region].servers.get(&number).ok_or_else(|| fault(404, "Instance could not be found."))
}

fn server_mut<'a>(state: &'a mut CloudState, call: &Call<'_>, number: u64) -> Result<&'a mut Server, Answer> {
    state.regions[call.region]
        .servers
        .get_mut(&number)
        .ok_or_else(|| fault(404, "Instance could not be found."))
}

/// The server in full.
pub(crate) fn show(state: &CloudState, call: &Call<'_>, minor: u32, number: u64, status: u16) -> Outcome {
    let region = &state.regions[call.region];
    let floating = view::FloatingByPort::of(region);
    let mut shown = view::server(region, server(state, call, number)?, &floating, call, minor);
    if minor >= 71 {
        shown["server_groups"] = json!(server(state, call, number)?.group.iter().collect::<Vec<_>>());
    }
    Ok(Answer::json(status, &json!({"server": shown})))
}

fn update(state: &mut CloudState, call: &Call<'_>, minor: u32, number: u64) -> Outcome {
    let body = call.request.json().ok_or_else(|| bad("Malformed request body"))?;
    let Some(fields) = body["server"].as_object() else { return Err(validate::required("body", "server")) };
    let mut allowed = vec!["name", "OS-DCF:diskConfig", "accessIPv4", "accessIPv6"];
    if minor >= 19 {
        allowed.push("description");
    }
    if minor >= 90 {
        allowed.push("hostname");
    }
    validate::only("server", fields, &allowed)?;
    let name = fields.get("name").map(validate::name).transpose()?.map(str::to_owned);
    let description = fields.get("description").map(validate::description).transpose()?;
    let text = |key: &str| fields.get(key).and_then(Value::as_str).map(str::to_owned);
    let (hostname, v4, v6) = (text("hostname"), text("accessIPv4"), text("accessIPv6"));
    let server = server_mut(state, call, number)?;
    if let Some(name) = name {
        server.name = name;
    }
    if let Some(description) = description {
        server.description = description;
    }
    if let Some(hostname) = hostname {
        server.hostname = hostname;
    }
    if let Some(v4) = v4 {
        server.access_ip_v4 = v4;
    }
    if let Some(v6) = v6 {
        server.access_ip_v6 = v6;
    }
    server.updated = call.now;
    show(state, call, minor, number, 200)
}

fn delete(state: &mut CloudState, call: &Call<'_>, number: u64) -> Outcome {
    let wait = state.settings.action_time;
    let found = server(state, call, number)?;
    if found.locked && !call.who.admin {
        return Err(fault(409, &format!("Instance {} is locked", found.id)));
    }
    if found.task_state.as_deref() == Some("deleting") {
        return Ok(Answer::empty(204));
    }
    let action = Action::taken("delete", call);
    lifecycle::set_out(
        &mut state.regions[call.region],
        number,
        "deleting",
        Goal::Gone,
        action,
        call.now,
        wait,
    );
    Ok(Answer::empty(204))
}

fn metadata(state: &mut CloudState, call: &Call<'_>, number: u64, rest: &[&str]) -> Outcome {
    let method = &call.request.method;
    let most = state.settings.quotas.metadata_items;
    let now = call.now;
    let server = server_mut(state, call, number)?;
    let given = |key: &str| -> Result<Vec<(String, String)>, Answer> {
        let body = call.request.json().ok_or_else(|| bad("Malformed request body"))?;
        let Some(given) = body.get(key) else { return Err(validate::required("body", key)) };
        validate::metadata(given)
    };
    let missing = || fault(404, "Metadata item was not found");
    let too_many = |count: usize| most >= 0 && count as i64 > most;
    match (method, rest) {
        (&Method::GET, []) => Ok(Answer::json(200, &json!({"metadata": server.metadata}))),
        (&Method::POST | &Method::PUT, []) => {
            let mut metadata =
                if method == Method::PUT { Default::default() } else { server.metadata.clone() };
            metadata.extend(given("metadata")?);
            if too_many(metadata.len()) {
                return Err(fault(403, &format!("Maximum number of metadata items exceeds {most}")));
            }
            server.metadata = metadata;
            server.updated = now;
            Ok(Answer::json(200, &json!({"metadata": server.metadata})))
        }
        (&Method::GET, [key]) => match server.metadata.get(*key) {
            Some(value) => Ok(Answer::json(200, &json!({"meta": {*key: value}}))),
            None => Err(missing()),
        },
        (&Method::PUT, [key]) => {
            let items = given("meta")?;
            match items.as_slice() {
                [(name, value)] if name == key => {
                    server.metadata.insert(name.clone(), value.clone());
                    server.updated = now;
                    Ok(Answer::json(200, &json!({"meta": {*key: value}})))
                }
                _ => Err(bad("Request body and URI mismatch")),
            }
        }
        (&Method::DELETE, [key]) => match server.metadata.remove(*key) {
            Some(_) => Ok(Answer::empty(204)),
            None => Err(missing()),
        },
        _ => Err(fault(405, "The method is not allowed.")),
    }
}

fn tags(state: &mut CloudState, call: &Call<'_>, number: u64, rest: &[&str]) -> Outcome {
    let server = server_mut(state, call, number)?;
    let missing = |tag: &str, id: &str| fault(404, &format!("Server {id} has no tag '{tag}'"));
    match (&call.request.method, rest) {
        (&Method::GET, []) => Ok(Answer::json(200, &json!({"tags": server.tags}))),
        (&Method::PUT, []) => {
            let body = call.request.json().ok_or_else(|| bad("Malformed request body"))?;
            let Some(given) = body["tags"].as_array() else { return Err(validate::required("body", "tags")) };
            server.tags = create::tags(given)?;
            server.updated = call.now;
            Ok(Answer::json(200, &json!({"tags": server.tags})))
        }
        (&Method::DELETE, []) => {
            server.tags.clear();
            Ok(Answer::empty(204))
        }
        (&Method::GET, [tag]) if server.tags.iter().any(|each| each == tag) => Ok(Answer::empty(204)),
        (&Method::GET, [tag]) => Err(missing(tag, &server.id)),
        (&Method::PUT, [tag]) => {
            validate::tag(tag)?;
            if server.tags.iter().any(|each| each == tag) {
                return Ok(Answer::empty(204));
            }
            if server.tags.len() >= 50 {
                return Err(bad("The number of tags exceeded the per-server limit 50"));
            }
            server.tags.push((*tag).to_owned());
            server.tags.sort();
            let href = format!("{}/v2.1/servers/{}/tags/{tag}", call.root, server.id);
            Ok(Answer::empty(201).with("location", &href))
        }
        (&Method::DELETE, [tag]) => {
            let before = server.tags.len();
            server.tags.retain(|each| each != tag);
            if server.tags.len() == before { Err(missing(tag, &server.id)) } else { Ok(Answer::empty(204)) }
        }
        _ => Err(fault(405, "The method is not allowed.")),
    }
}

fn read(state: &CloudState, call: &Call<'_>, minor: u32, number: u64, rest: &[&str]) -> Outcome {
    let region = &state.regions[call.region];
    let server = server(state, call, number)?;
    let floating = view::FloatingByPort::of(region);
    match rest {
        ["ips"] => Ok(Answer::json(200, &json!({"addresses": view::addresses(region, server, &floating)}))),
        ["ips", network] => {
            let addresses = view::addresses(region, server, &floating);
            let found = addresses
                .get(*network)
                .ok_or_else(|| fault(404, "Instance is not a member of specified network"))?;
            Ok(Answer::json(200, &json!({*network: found})))
        }
        ["os-interface"] => {
            let shown: Vec<Value> =
                server.ports.iter().filter_map(|id| interface(region.ports.get(id)?)).collect();
            Ok(Answer::json(200, &json!({"interfaceAttachments": shown})))
        }
        ["os-interface", id] if server.ports.iter().any(|port| port == id) => {
            let shown = region.ports.get(*id).and_then(interface);
            Ok(Answer::json(200, &json!({"interfaceAttachment": shown})))
        }
        ["os-security-groups"] => {
            let groups: Vec<Value> = server
                .ports
                .iter()
                .filter_map(|id| region.ports.get(id)?.get("security_groups")?.as_array())
                .flatten()
                .filter_map(|id| region.security_groups.get(id.as_str()?))
                .map(|group| {
                    json!({"id": group["id"], "name": group["name"], "description": group["description"],
                                    "tenant_id": group["tenant_id"], "rules": []})
                })
                .collect();
            Ok(Answer::json(200, &json!({"security_groups": groups})))
        }
        ["os-instance-actions"] => {
            let shown: Vec<Value> = server
                .actions
                .iter()
                .rev()
                .map(|action| describe_action(server, action, minor, false))
                .collect();
            Ok(Answer::json(200, &json!({"instanceActions": shown})))
        }
        ["os-instance-actions", request] => {
            match server.actions.iter().find(|action| action.request == *request) {
                Some(action) => Ok(Answer::json(
                    200,
                    &json!({"instanceAction": describe_action(server, action, minor, true)}),
                )),
                None => Err(fault(
                    404,
                    &format!("Action for request_id {request} on instance {} not found", server.id),
                )),
            }
        }
        ["diagnostics"] => Err(super::forbidden("os_compute_api:os-server-diagnostics")),
        ["topology"] if minor >= 78 => Ok(Answer::json(200, &json!({"nodes": [], "pagesize_kb": null}))),
        _ => Err(fault(404, "The resource could not be found.")),
    }
}

fn interface(port: &serde_json::Map<String, Value>) -> Option<Value> {
    let fixed: Vec<Value> = port["fixed_ips"]
        .as_array()?
        .iter()
        .map(|each| json!({"subnet_id": each["subnet_id"], "ip_address": each["ip_address"]}))
        .collect();
    Some(json!({"port_state": port["status"], "fixed_ips": fixed, "net_id": port["network_id"],
                "port_id": port["id"], "mac_addr": port["mac_address"]}))
}

fn describe_action(server: &Server, action: &Action, minor: u32, full: bool) -> Value {
    let mut shown = json!({
        "action": action.name, "instance_uuid": server.id, "request_id": action.request, "user_id": action.user,
        "project_id": action.project, "start_time": without_zone(action.started), "message": action.message,
    });
    if minor >= 58 {
        shown["updated_at"] = json!(without_zone(action.finished.unwrap_or(action.started)));
    }
    if full && minor >= 51 {
        let result = match (action.finished, &action.message) {
            (None, _) => Value::Null,
            (Some(_), Some(_)) => json!("Error"),
            (Some(_), None) => json!("Success"),
        };
        shown["events"] = json!([{"event": format!("compute_{}_instance", action.name), "result": result,
            "start_time": without_zone(action.started), "finish_time": action.finished.map(without_zone)}]);
    }
    shown
}

impl Action {
    /// An action that begins with this call.
    pub(crate) fn taken(name: &str, call: &Call<'_>) -> Self {
        Self {
            name: name.to_owned(),
            request: call.request_id.clone(),
            user: call.who.user.clone(),
            project: call.who.project.clone(),
            started: call.now,
            finished: None,
            message: None,
        }
    }
}

/// Whether a server still counts against the quota.
pub(crate) fn counts(server: &Server) -> bool {
    server.vm_state != VmState::Deleted
}

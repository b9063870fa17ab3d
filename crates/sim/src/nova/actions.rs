//! What can be done with a server: `POST /servers/{id}/action`, and its console.
//! Facts: Compute API reference, "Servers - run an action".

use serde_json::{Value, json};

use crate::answer::{Answer, Outcome};
use crate::dispatch::Call;
use crate::nova::model::{Action, Goal, Server, VmState};
use crate::nova::{bad, fault, lifecycle, servers, validate};
use crate::state::CloudState;

/// One change of state: the action's name in conflicts and in the record, from where, by which task, to where.
struct Change {
    name: &'static str,
    from: &'static [VmState],
    task: &'static str,
    goal: Goal,
}

fn change(name: &'static str, from: &'static [VmState], task: &'static str, to: VmState) -> Change {
    Change { name, from, task, goal: Goal::State(to) }
}

/// `POST /servers/{id}/action`.
pub(crate) fn act(state: &mut CloudState, call: &Call<'_>, minor: u32, number: u64) -> Outcome {
    let body = call.request.json().ok_or_else(|| bad("Malformed request body"))?;
    let Some((action, argument)) =
        body.as_object().filter(|body| body.len() == 1).and_then(|body| body.iter().next())
    else {
        return Err(bad("Malformed request body"));
    };
    let Some(server) = state.regions[call.region].servers.get(&number) else {
        return Err(fault(404, "Instance could not be found."));
    };
    use VmState::{Active, Error, Paused, Rescued, Resized, Shelved, Stopped, Suspended};
    let wanted = match action.as_str() {
        "os-start" => change("start", &[Stopped], "powering-on", Active),
        "os-stop" => change("stop", &[Active, Error], "powering-off", Stopped),
        "reboot" => match argument["type"].as_str().map(str::to_uppercase).as_deref() {
            Some("SOFT") => change("reboot", &[Active], "rebooting", Active),
            Some("HARD") => {
                change("reboot", &[Active, Stopped, Paused, Suspended, Error], "rebooting_hard", Active)
            }
            _ => {
                return Err(validate::invalid(
                    "type",
                    &argument["type"].to_string(),
                    "it is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']",
                ));
            }
        },
        "pause" => change("pause", &[Active], "pausing", Paused),
        "unpause" => change("unpause", &[Paused], "unpausing", Active),
        "suspend" => change("suspend", &[Active], "suspending", Suspended),
        "resume" => change("resume", &[Suspended], "resuming", Active),
        "shelve" | "shelveOffload" => {
            change("shelve", &[Active, Stopped, Paused, Suspended], "shelving", Shelved)
        }
        "unshelve" => change("unshelve", &[Shelved], "unshelving", Active),
        "rescue" => change("rescue", &[Active, Stopped, Error], "rescuing", Rescued),
        "unrescue" => change("unrescue", &[Rescued], "unrescuing", Active),
        "rebuild" => change("rebuild", &[Active, Stopped, Error], "rebuilding", Active),
        "resize" => {
            let id = argument["flavorRef"]
                .as_str()
                .map_or_else(|| argument["flavorRef"].to_string(), str::to_owned);
            let flavor = state.regions[call.region].flavors.iter().find(|flavor| flavor.id == id);
            let flavor = flavor.cloned().ok_or_else(|| bad(&format!("Flavor {id} could not be found.")))?;
            if flavor.id == server.flavor.id {
                return Err(bad("When resizing, instances must change flavor!"));
            }
            Change {
                name: "resize",
                from: &[Active, Stopped],
                task: "resize_prep",
                goal: Goal::Resized(flavor),
            }
        }
        "confirmResize" => change("confirmResize", &[Resized], "", Active),
        "revertResize" => change("revertResize", &[Resized], "resize_reverting", Active),
        _ => return without_change(state, call, minor, number, action, argument),
    };
    check_lock(server, call)?;
    if let Some(task) = server.task_state.as_deref().filter(|task| !may_interrupt(action, argument, task)) {
        return Err(fault(
            409,
            &format!("Cannot '{}' instance {} while it is in task_state {task}", wanted.name, server.id),
        ));
    }
    if !wanted.from.contains(&server.vm_state) {
        return Err(fault(
            409,
            &format!(
                "Cannot '{}' instance {} while it is in vm_state {}",
                wanted.name,
                server.id,
                server.vm_state.as_str()
            ),
        ));
    }
    set_out(state, call, minor, number, wanted, argument)
}

/// A hard reboot may follow a soft one that hangs; a stop may follow a stop.
fn may_interrupt(action: &str, argument: &Value, task: &str) -> bool {
    let hard = argument["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("hard"));
    action == "reboot" && hard && task == "rebooting"
}

fn check_lock(server: &Server, call: &Call<'_>) -> Result<(), Answer> {
    if server.locked && !call.who.admin {
        return Err(fault(409, &format!("Instance {} is locked", server.id)));
    }
    Ok(())
}

fn set_out(
    state: &mut CloudState,
    call: &Call<'_>,
    minor: u32,
    number: u64,
    wanted: Change,
    argument: &Value,
) -> Outcome {
    let wait = state.settings.action_time;
    let record = Action::taken(wanted.name, call);
    let region = &mut state.regions[call.region];
    match wanted.name {
        "rebuild" => {
            let Some(image) = argument["imageRef"].as_str() else {
                return Err(validate::required("rebuild", "imageRef"));
            };
            if !region.images.iter().any(|each| each["id"] == image) {
                return Err(bad(&format!("Image {image} could not be found.")));
            }
            let name = argument.get("name").map(validate::name).transpose()?.map(str::to_owned);
            if let Some(server) = region.servers.get_mut(&number) {
                server.image = Some(image.to_owned());
                server.fault = None;
                if let Some(name) = name {
                    server.name = name;
                }
            }
        }
        "confirmResize" => {
            if let Some(server) = region.servers.get_mut(&number) {
                server.old_flavor = None;
                server.vm_state = VmState::Active;
                server.updated = call.now;
                server.actions.push(Action { finished: Some(call.now), ..record });
            }
            return Ok(Answer::empty(204));
        }
        "revertResize" => {
            if let Some(server) = region.servers.get_mut(&number)
                && let Some(flavor) = server.old_flavor.take()
            {
                server.flavor = flavor;
            }
        }
        _ => {}
    }
    let rebuild = wanted.name == "rebuild";
    lifecycle::set_out(region, number, wanted.task, wanted.goal, record, call.now, wait);
    if rebuild { servers::show(state, call, minor, number, 202) } else { Ok(Answer::empty(202)) }
}

/// Actions that end at once.
fn without_change(
    state: &mut CloudState,
    call: &Call<'_>,
    minor: u32,
    number: u64,
    action: &str,
    argument: &Value,
) -> Outcome {
    match action {
        "os-getConsoleOutput" => console_output(state, call, number, argument),
        "os-getVNCConsole" | "os-getSPICEConsole" if minor < 6 => {
            let id = &state.regions[call.region].servers[&number].id;
            Ok(Answer::json(
                200,
                &json!({"console": {"type": argument["type"], "url": console_url(call, id)}}),
            ))
        }
        "lock" | "unlock" => {
            let reason =
                (minor >= 73).then(|| argument["locked_reason"].as_str().map(str::to_owned)).flatten();
            if let Some(server) = state.regions[call.region].servers.get_mut(&number) {
                server.locked = action == "lock";
                server.locked_reason = reason.filter(|_| action == "lock");
                let record = Action::taken(action, call);
                server.actions.push(Action { finished: Some(call.now), ..record });
            }
            Ok(Answer::empty(202))
        }
        "addSecurityGroup" | "removeSecurityGroup" => security_group(state, call, number, action, argument),
        "createImage" => create_image(state, call, minor, number, argument),
        "changePassword" => Ok(Answer::empty(202)),
        "addFloatingIp" | "removeFloatingIp" => Err(fault(404, "The resource could not be found.")),
        _ => Err(bad(&format!("There is no such action: {action}"))),
    }
}

fn console_url(call: &Call<'_>, id: &str) -> String {
    format!("{}/no-console-proxy?server={id}", call.root)
}

/// `POST /servers/{id}/remote-consoles`: a URL as Nova gives one; nothing answers there.
pub(crate) fn remote_console(call: &Call<'_>, id: &str) -> Outcome {
    let body = call.request.json().ok_or_else(|| bad("Malformed request body"))?;
    let asked = &body["remote_console"];
    let (Some(protocol), Some(kind)) = (asked["protocol"].as_str(), asked["type"].as_str()) else {
        return Err(validate::required("body", "remote_console"));
    };
    Ok(Answer::json(
        200,
        &json!({"remote_console": {"protocol": protocol, "type": kind, "url": console_url(call, id)}}),
    ))
}

fn console_output(state: &CloudState, call: &Call<'_>, number: u64, argument: &Value) -> Outcome {
    let server = &state.regions[call.region].servers[&number];
    let asked = match &argument["length"] {
        Value::Null => None,
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse::<i64>().ok(),
        _ => {
            return Err(validate::invalid("length", &argument["length"].to_string(), "it is not an integer"));
        }
    };
    if server.launched.is_none() {
        return Ok(Answer::json(200, &json!({"output": ""})));
    }
    let mut lines = vec![
        format!("[    0.000000] Simulated kernel for {}", server.name),
        format!(
            "[    0.000000] Memory: {} MiB, {} virtual processors",
            server.flavor.ram, server.flavor.vcpus
        ),
        format!("[    0.731000] Host name {}", server.hostname),
    ];
    if server.user_data.is_some() {
        lines.push("[    2.100000] User data found; a simulated server does not run it".to_owned());
    }
    if let Some(key) = &server.key_name {
        lines.push(format!("[    2.200000] Key pair {key} installed"));
    }
    lines.push(format!("{} login: ", server.hostname));
    if let Some(asked) = asked.and_then(|asked| usize::try_from(asked).ok()) {
        lines.drain(..lines.len().saturating_sub(asked));
    }
    Ok(Answer::json(200, &json!({"output": lines.join("\n")})))
}

fn security_group(
    state: &mut CloudState,
    call: &Call<'_>,
    number: u64,
    action: &str,
    argument: &Value,
) -> Outcome {
    let Some(name) = argument["name"].as_str() else { return Err(validate::required(action, "name")) };
    let region = &mut state.regions[call.region];
    let group = crate::neutron::security_groups::find(region, &call.who.project, name).ok_or_else(|| {
        fault(404, &format!("Security group {name} not found for project {}.", call.who.project))
    })?;
    let ports = region.servers.get(&number).map(|server| server.ports.clone()).unwrap_or_default();
    let mut found = false;
    for port in ports {
        let Some(Value::Array(groups)) =
            region.ports.get_mut(&port).and_then(|port| port.get_mut("security_groups"))
        else {
            continue;
        };
        let before = groups.len();
        groups.retain(|each| each.as_str() != Some(&group));
        found |= groups.len() != before;
        if action == "addSecurityGroup" {
            groups.push(Value::String(group.clone()));
        }
    }
    if action == "removeSecurityGroup" && !found {
        return Err(fault(404, &format!("Security group {name} is not associated with this instance.")));
    }
    Ok(Answer::empty(202))
}

fn create_image(
    state: &mut CloudState,
    call: &Call<'_>,
    minor: u32,
    number: u64,
    argument: &Value,
) -> Outcome {
    let Some(name) = argument.get("name") else { return Err(validate::required("createImage", "name")) };
    let name = validate::name(name)?.to_owned();
    let id = state.seeded.uuid();
    let checksum = state.seeded.hex();
    let region = &mut state.regions[call.region];
    let Some(server) = region.servers.get(&number) else {
        return Err(fault(404, "Instance could not be found."));
    };
    if !matches!(server.vm_state, VmState::Active | VmState::Stopped | VmState::Paused | VmState::Suspended) {
        return Err(fault(
            409,
            &format!(
                "Cannot 'createImage' instance {} while it is in vm_state {}",
                server.id,
                server.vm_state.as_str()
            ),
        ));
    }
    let moment = crate::clock::seconds(call.now);
    let mut image = json!({
        "id": id, "name": name, "status": "active", "visibility": "private", "owner": call.who.project,
        "container_format": "bare", "disk_format": "qcow2", "size": 1_048_576, "virtual_size": null,
        "min_disk": server.flavor.disk, "min_ram": 0, "protected": false, "os_hidden": false, "checksum": checksum,
        "image_type": "snapshot", "instance_uuid": server.id, "base_image_ref": server.image, "tags": [],
        "created_at": moment, "updated_at": moment, "self": format!("/v2/images/{id}"),
        "file": format!("/v2/images/{id}/file"), "schema": "/v2/schemas/image",
    });
    for (key, value) in validate::metadata(argument.get("metadata").unwrap_or(&json!({})))? {
        image[key] = json!(value);
    }
    region.images.push(image);
    let href = format!("{}/image/v2/images/{id}", call.cloud_root);
    if minor >= 45 {
        return Ok(Answer::json(202, &json!({"image_id": id})).with("location", &href));
    }
    Ok(Answer::empty(202).with("location", &href))
}

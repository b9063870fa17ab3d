//! Volumes of servers. Facts: Compute API reference, "Servers with volume attachments".

use hyper::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, Outcome};
use crate::cinder;
use crate::dispatch::Call;
use crate::nova::model::{Action, VmState};
use crate::nova::{bad, fault, validate};
use crate::state::CloudState;

/// Paths below `/servers/{id}/os-volume_attachments`.
pub(crate) fn answer(state: &mut CloudState, call: &Call<'_>, number: u64, rest: &[&str]) -> Outcome {
    let region = &mut state.regions[call.region];
    let Some(server) = region.servers.get(&number) else {
        return Err(fault(404, "Instance could not be found."));
    };
    let shown = |id: &str, place: usize| json!({"id": id, "volumeId": id, "serverId": server.id, "device": device(place)});
    match (&call.request.method, rest) {
        (&Method::GET, []) => {
            let all: Vec<Value> =
                server.volumes.iter().enumerate().map(|(place, id)| shown(id, place)).collect();
            Ok(Answer::json(200, &json!({"volumeAttachments": all})))
        }
        (&Method::GET, [id]) => match server.volumes.iter().position(|each| each == id) {
            Some(place) => Ok(Answer::json(200, &json!({"volumeAttachment": shown(id, place)}))),
            None => Err(missing(id, &server.id)),
        },
        (&Method::POST, []) => attach(state, call, number),
        (&Method::DELETE, [id]) => detach(state, call, number, id),
        _ => Err(fault(405, "The method is not allowed.")),
    }
}

/// The device that the volume at `place` is.
pub(crate) fn device(place: usize) -> String {
    let letter = u8::try_from(place).map_or('z', |place| char::from(b'b'.saturating_add(place).min(b'z')));
    format!("/dev/vd{letter}")
}

fn missing(volume: &str, server: &str) -> Answer {
    fault(404, &format!("Instance {server} is not attached to volume {volume}"))
}

fn attach(state: &mut CloudState, call: &Call<'_>, number: u64) -> Outcome {
    let body = call.request.json().ok_or_else(|| bad("Malformed request body"))?;
    let Some(id) = body["volumeAttachment"]["volumeId"].as_str() else {
        return Err(validate::required("volumeAttachment", "volumeId"));
    };
    let region = &mut state.regions[call.region];
    let volume = region
        .volumes
        .get_mut(id)
        .filter(|volume| volume["os-vol-tenant-attr:tenant_id"] == call.who.project)
        .ok_or_else(|| fault(404, &format!("Volume {id} could not be found.")))?;
    let Some(server) = region.servers.get_mut(&number) else {
        return Err(fault(404, "Instance could not be found."));
    };
    if server.locked && !call.who.admin {
        return Err(fault(409, &format!("Instance {} is locked", server.id)));
    }
    if !matches!(
        server.vm_state,
        VmState::Active | VmState::Stopped | VmState::Paused | VmState::Suspended | VmState::Resized
    ) {
        return Err(fault(
            409,
            &format!(
                "Cannot 'attach_volume' instance {} while it is in vm_state {}",
                server.id,
                server.vm_state.as_str()
            ),
        ));
    }
    if volume["status"] != "available" {
        return Err(bad(&format!(
            "Invalid volume: volume {id} status is '{}' and must be 'available'",
            volume["status"].as_str().unwrap_or_default()
        )));
    }
    let place = server.volumes.len();
    cinder::attached(volume, &server.id, &device(place), call.now);
    server.volumes.push(id.to_owned());
    let record = Action::taken("attach_volume", call);
    server.actions.push(Action { finished: Some(call.now), ..record });
    let shown = json!({"id": id, "volumeId": id, "serverId": server.id, "device": device(place)});
    Ok(Answer::json(200, &json!({"volumeAttachment": shown})))
}

fn detach(state: &mut CloudState, call: &Call<'_>, number: u64, id: &str) -> Outcome {
    let region = &mut state.regions[call.region];
    let Some(server) = region.servers.get_mut(&number) else {
        return Err(fault(404, "Instance could not be found."));
    };
    let Some(place) = server.volumes.iter().position(|each| each == id) else {
        return Err(missing(id, &server.id));
    };
    if place == 0 && server.image.is_none() {
        return Err(fault(403, "Cannot detach a root device volume"));
    }
    server.volumes.remove(place);
    let record = Action::taken("detach_volume", call);
    server.actions.push(Action { finished: Some(call.now), ..record });
    let server = server.id.clone();
    if let Some(volume) = region.volumes.get_mut(id) {
        cinder::detached(volume, &server);
    }
    Ok(Answer::empty(202))
}

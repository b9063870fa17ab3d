//! How servers come, change and go: a task sets out, and arrives when its time has come.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;

use crate::nova::model::{Action, Fault, Goal, VmState};
use crate::state::Region;

/// How many deleted servers are remembered for `changes-since`.
const REMEMBERED: usize = 1000;

/// Sets a server on its way.
pub(crate) fn set_out(
    region: &mut Region,
    number: u64,
    task: &str,
    goal: Goal,
    action: Action,
    now: Timestamp,
    wait: Duration,
) {
    if let Some(server) = region.servers.get_mut(&number) {
        server.task_state = Some(task.to_owned());
        server.goal = Some(goal);
        server.updated = now;
        server.actions.push(action);
    }
    region.schedule(number, now, wait);
}

/// A server reaches where it was going.
pub(crate) fn arrive(region: &mut Region, number: u64, moment: Timestamp) {
    let Some(server) = region.servers.get_mut(&number) else { return };
    let Some(goal) = server.goal.take() else { return };
    server.task_state = None;
    server.updated = moment;
    if let Some(action) = server.actions.last_mut() {
        action.finished = Some(moment);
    }
    match goal {
        Goal::State(state) => server.vm_state = state,
        Goal::Launched => {
            server.vm_state = VmState::Active;
            server.launched = Some(moment);
            ports_active(region, number);
        }
        Goal::Failed(message) => {
            server.vm_state = VmState::Error;
            if let Some(action) = server.actions.last_mut() {
                action.message = Some("Error".to_owned());
            }
            server.fault = Some(Fault { code: 500, message, created: moment });
        }
        Goal::Resized(flavor) => {
            server.old_flavor = Some(std::mem::replace(&mut server.flavor, flavor));
            server.vm_state = VmState::Resized;
        }
        Goal::Gone => gone(region, number),
    }
}

/// The ports of a server carry traffic from now on.
pub(crate) fn ports_active(region: &mut Region, number: u64) {
    let Some(server) = region.servers.get(&number) else { return };
    for port in &server.ports {
        if let Some(port) = region.ports.get_mut(port) {
            port.insert("status".into(), json!("ACTIVE"));
        }
    }
}

/// A server is deleted: its ports go, its floating addresses are free again, and only `changes-since` knows of it.
fn gone(region: &mut Region, number: u64) {
    let Some(server) = region.servers.get_mut(&number) else { return };
    server.vm_state = VmState::Deleted;
    let id = server.id.clone();
    let ports = std::mem::take(&mut server.ports);
    for volume in std::mem::take(&mut server.volumes) {
        if region
            .volumes
            .get(&volume)
            .is_some_and(|volume| volume.get("goes_with_server") == Some(&json!(true)))
        {
            region.volumes.remove(&volume);
        } else if let Some(volume) = region.volumes.get_mut(&volume) {
            crate::cinder::detached(volume, &id);
        }
    }
    region.server_numbers.remove(&id);
    for port in &ports {
        let made_by_nova = region.ports.get(port).is_some_and(|port| port["device_id"] == id);
        if made_by_nova {
            crate::neutron::ports::remove(region, port);
        }
    }
    let deleted: Vec<u64> = region
        .servers
        .iter()
        .filter(|(_, server)| server.vm_state == VmState::Deleted)
        .map(|(number, _)| *number)
        .collect();
    for old in deleted.iter().take(deleted.len().saturating_sub(REMEMBERED)) {
        region.servers.remove(old);
    }
}

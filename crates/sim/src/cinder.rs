//! Cinder v3: volumes, their copies and types, limits. What is made is available at once; attaching is Nova's part.
//! Facts: Block Storage API v3 reference, "Volumes", "Volume actions", "Snapshots", "Limits", "Quota sets".

use hyper::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Outcome};
use crate::clock::without_zone;
use crate::dispatch::Call;
use crate::nova::{bad, fault, listing};
use crate::paging::{next_query, page};
use crate::state::CloudState;

pub(crate) fn answer(state: &mut CloudState, call: &Call<'_>) -> Outcome {
    let path = match call.path.as_slice() {
        ["v3", project, rest @ ..] if *project == call.who.project => rest,
        ["v3", rest @ ..] => rest,
        _ => return Err(fault(404, "The resource could not be found.")),
    };
    let missing = |id: &str| fault(404, &format!("Volume {id} could not be found."));
    let mine = |volume: &serde_json::Map<String, Value>| {
        call.who.admin || volume["os-vol-tenant-attr:tenant_id"] == call.who.project
    };
    match (&call.request.method, path) {
        (&Method::GET, ["volumes"]) => list(state, call, false),
        (&Method::GET, ["volumes", "detail"]) => list(state, call, true),
        (&Method::POST, ["volumes"]) => create(state, call),
        (&Method::GET, ["volumes", id]) => {
            match state.regions[call.region].volumes.get(*id).filter(|each| mine(each)) {
                Some(volume) => Ok(Answer::json(200, &json!({"volume": volume}))),
                None => Err(missing(id)),
            }
        }
        (&Method::DELETE, ["volumes", id]) => {
            let region = &mut state.regions[call.region];
            let Some(volume) = region.volumes.get(*id).filter(|each| mine(each)) else {
                return Err(missing(id));
            };
            let copies = region.volume_snapshots.values().any(|copy| copy["volume_id"] == *id);
            if copies || !matches!(volume["status"].as_str(), Some("available" | "error")) {
                return Err(bad(
                    "Invalid volume: Volume status must be available or error or error_restoring or error_extending \
                     or error_managing and must not be migrating, attached, belong to a group, have snapshots, \
                     awaiting a transfer, or be disassociated from snapshots after volume transfer.",
                ));
            }
            region.volumes.remove(*id);
            Ok(Answer::empty(202))
        }
        (&Method::PUT, ["volumes", id]) => {
            let body = call.request.json().unwrap_or_default();
            let volume = state.regions[call.region].volumes.get_mut(*id).filter(|each| mine(each));
            let Some(volume) = volume else { return Err(missing(id)) };
            for key in ["name", "description", "metadata"] {
                if let Some(value) = body["volume"].get(key) {
                    volume.insert(key.to_owned(), value.clone());
                }
            }
            Ok(Answer::json(200, &json!({"volume": volume})))
        }
        (&Method::POST, ["volumes", id, "action"]) => action(state, call, id),
        (&Method::GET, ["snapshots"] | ["snapshots", "detail"]) => snapshots(state, call),
        (&Method::POST, ["snapshots"]) => create_snapshot(state, call),
        (&Method::GET, ["snapshots", id]) => {
            match state.regions[call.region].volume_snapshots.get(*id).filter(|each| own(each, call)) {
                Some(copy) => Ok(Answer::json(200, &json!({"snapshot": copy}))),
                None => Err(fault(404, &format!("Snapshot {id} could not be found."))),
            }
        }
        (&Method::DELETE, ["snapshots", id]) => {
            let copies = &mut state.regions[call.region].volume_snapshots;
            if !copies.get(*id).is_some_and(|each| own(each, call)) {
                return Err(fault(404, &format!("Snapshot {id} could not be found.")));
            }
            copies.remove(*id);
            Ok(Answer::empty(202))
        }
        (&Method::GET, ["types"]) => Ok(Answer::json(
            200,
            &json!({"volume_types": [
            {"id": "00000000-0000-4000-8000-000000000001", "name": "sim", "description": null, "is_public": true,
             "extra_specs": {}}]}),
        )),
        (&Method::GET, ["limits"]) => {
            let region = &state.regions[call.region];
            let used = region.volumes.len();
            let size: i64 = region.volumes.values().filter_map(|volume| volume["size"].as_i64()).sum();
            let copies = region.volume_snapshots.len();
            Ok(Answer::json(
                200,
                &json!({"limits": {"rate": [], "absolute": {
                "maxTotalVolumes": 100, "totalVolumesUsed": used, "maxTotalVolumeGigabytes": 1000,
                "totalGigabytesUsed": size, "maxTotalSnapshots": 10, "totalSnapshotsUsed": copies, "maxTotalBackups": 10,
                "totalBackupsUsed": 0, "maxTotalBackupGigabytes": 1000, "totalBackupGigabytesUsed": 0}}}),
            ))
        }
        (&Method::GET, ["os-quota-sets", project, ..]) => Ok(Answer::json(
            200,
            &json!({"quota_set": {
            "id": project, "volumes": 100, "snapshots": 10, "gigabytes": 1000, "backups": 10,
            "backup_gigabytes": 1000, "per_volume_gigabytes": -1, "groups": 10}}),
        )),
        _ => Err(fault(404, "The resource could not be found.")),
    }
}

fn list(state: &CloudState, call: &Call<'_>, detail: bool) -> Outcome {
    let named = call.request.parameter("name");
    let rows = state.regions[call.region].volumes.values().filter(|volume| {
        volume["os-vol-tenant-attr:tenant_id"] == call.who.project
            && named.is_none_or(|name| volume["name"] == name)
    });
    let limit = listing::limit(call.request, state.settings.page_size)?;
    let marker = call.request.parameter("marker");
    let page = page(rows, marker, Some(limit), |volume| volume["id"].as_str().unwrap_or_default())
        .ok_or_else(|| bad(&format!("marker {} could not be found.", marker.unwrap_or_default())))?;
    let shown: Vec<Value> = page
        .rows
        .iter()
        .map(|volume| {
            if detail {
                json!(volume)
            } else {
                json!({"id": volume["id"], "name": volume["name"], "links": volume["links"]})
            }
        })
        .collect();
    let mut body = json!({"volumes": shown});
    if let (true, Some(last)) = (page.full, page.rows.last()) {
        let marker = last["id"].as_str().unwrap_or_default();
        let href = format!("{}/{}?{}", call.root, call.path.join("/"), next_query(call.request, marker));
        body["volumes_links"] = json!([{"rel": "next", "href": href}]);
    }
    Ok(Answer::json(200, &body))
}

fn create(state: &mut CloudState, call: &Call<'_>) -> Outcome {
    let body = call.request.json().unwrap_or_default();
    let asked = &body["volume"];
    let Some(size) = asked["size"].as_i64().filter(|size| *size > 0) else {
        return Err(bad("Invalid input for field/attribute size. A volume needs a size of at least 1 GB."));
    };
    let region = &state.regions[call.region];
    if region.volumes.len() >= VOLUMES {
        return Err(fault(
            413,
            "VolumeLimitExceeded: Maximum number of volumes allowed (100) exceeded for quota 'volumes'.",
        ));
    }
    let text = |key: &str| asked[key].as_str().filter(|text| !text.is_empty());
    if let Some(kind) = text("volume_type").filter(|kind| !matches!(*kind, TYPE | TYPE_ID)) {
        return Err(fault(404, &format!("Volume type {kind} could not be found.")));
    }
    if let Some(image) = text("imageRef")
        && !region.images.iter().any(|each| each["id"] == image)
    {
        return Err(bad(&format!("Invalid image identifier or unable to access requested image: {image}")));
    }
    let copy = match text("snapshot_id") {
        None => None,
        Some(id) => match region.volume_snapshots.get(id).filter(|each| own(each, call)) {
            None => return Err(fault(404, &format!("Snapshot {id} could not be found."))),
            Some(copy) if copy["size"].as_i64().is_some_and(|least| size < least) => {
                return Err(bad(
                    "Invalid input received: Volume size cannot be lesser than the Snapshot size.",
                ));
            }
            Some(_) => Some(id),
        },
    };
    let mut volume = made(
        state.seeded.uuid(),
        &call.who.project,
        &call.who.user,
        text("name").unwrap_or_default(),
        size,
        call.now,
    );
    volume.insert("description".into(), asked["description"].clone());
    volume.insert("metadata".into(), asked.get("metadata").cloned().unwrap_or_else(|| json!({})));
    volume.insert("snapshot_id".into(), json!(copy));
    if text("imageRef").is_some() {
        volume.insert("bootable".into(), json!("true"));
    }
    let id = volume["id"].as_str().unwrap_or_default().to_owned();
    volume.insert("links".into(), json!([{"rel": "self", "href": format!("{}/v3/volumes/{id}", call.root)}]));
    state.regions[call.region].volumes.insert(id, volume.clone());
    Ok(Answer::json(202, &json!({"volume": volume})))
}

/// The type that every volume is of.
const TYPE: &str = "sim";
const TYPE_ID: &str = "00000000-0000-4000-8000-000000000001";
/// How many volumes a cloud may have.
const VOLUMES: usize = 100;

fn own(thing: &Map<String, Value>, call: &Call<'_>) -> bool {
    call.who.admin || thing["os-extended-snapshot-attributes:project_id"] == call.who.project
}

/// A new volume.
pub(crate) fn made(
    id: String,
    project: &str,
    user: &str,
    name: &str,
    size: i64,
    now: Timestamp,
) -> Map<String, Value> {
    let volume = json!({
        "id": id, "name": name, "description": null, "size": size, "status": "available",
        "availability_zone": "nova", "created_at": without_zone(now), "updated_at": without_zone(now),
        "attachments": [], "bootable": "false", "encrypted": false, "metadata": {},
        "multiattach": false, "replication_status": null, "snapshot_id": null, "source_volid": null,
        "user_id": user, "volume_type": TYPE, "consistencygroup_id": null,
        "os-vol-tenant-attr:tenant_id": project, "links": [],
    });
    volume.as_object().cloned().unwrap_or_default()
}

/// A server has the volume from now on.
pub(crate) fn attached(volume: &mut Map<String, Value>, server: &str, device: &str, now: Timestamp) {
    volume.insert("status".into(), json!("in-use"));
    let id = volume["id"].clone();
    let attachment = json!([{"server_id": server, "attachment_id": id, "volume_id": id, "id": id,
        "device": device, "host_name": null, "attached_at": without_zone(now)}]);
    volume.insert("attachments".into(), attachment);
}

/// A server has the volume no more.
pub(crate) fn detached(volume: &mut Map<String, Value>, server: &str) {
    if let Some(Value::Array(attachments)) = volume.get_mut("attachments") {
        attachments.retain(|attachment| attachment["server_id"] != server);
        if attachments.is_empty() {
            volume.insert("status".into(), json!("available"));
        }
    }
}

fn action(state: &mut CloudState, call: &Call<'_>, id: &str) -> Outcome {
    let body = call.request.json().unwrap_or_default();
    let volume = state.regions[call.region]
        .volumes
        .get_mut(id)
        .filter(|volume| volume["os-vol-tenant-attr:tenant_id"] == call.who.project)
        .ok_or_else(|| fault(404, &format!("Volume {id} could not be found.")))?;
    let Some(extend) = body.get("os-extend") else {
        return Err(bad("There is no such action on a simulated volume"));
    };
    let (Some(wanted), Some(now)) = (extend["new_size"].as_i64(), volume["size"].as_i64()) else {
        return Err(bad("Invalid input for field/attribute new_size."));
    };
    if volume["status"] != "available" {
        return Err(bad(&format!(
            "Invalid volume: Volume {id} status must be '{{'available', 'in-use'}}' to extend, currently {}.",
            volume["status"].as_str().unwrap_or_default()
        )));
    }
    if wanted <= now {
        return Err(bad(&format!(
            "Invalid input received: New size for extend must be greater than current size. (current: {now}, extended: {wanted})."
        )));
    }
    volume.insert("size".into(), json!(wanted));
    Ok(Answer::empty(202))
}

fn snapshots(state: &CloudState, call: &Call<'_>) -> Outcome {
    let rows = state.regions[call.region].volume_snapshots.values().filter(|copy| own(copy, call));
    let limit = listing::limit(call.request, state.settings.page_size)?;
    let marker = call.request.parameter("marker");
    let page = page(rows, marker, Some(limit), |copy| copy["id"].as_str().unwrap_or_default())
        .ok_or_else(|| bad(&format!("marker {} could not be found.", marker.unwrap_or_default())))?;
    let mut body = json!({"snapshots": page.rows});
    if let (true, Some(last)) = (page.full, page.rows.last()) {
        let marker = last["id"].as_str().unwrap_or_default();
        let href = format!("{}/{}?{}", call.root, call.path.join("/"), next_query(call.request, marker));
        body["snapshots_links"] = json!([{"rel": "next", "href": href}]);
    }
    Ok(Answer::json(200, &body))
}

fn create_snapshot(state: &mut CloudState, call: &Call<'_>) -> Outcome {
    let body = call.request.json().unwrap_or_default();
    let asked = &body["snapshot"];
    let volume = asked["volume_id"].as_str().unwrap_or_default();
    let region = &state.regions[call.region];
    let found = region
        .volumes
        .get(volume)
        .filter(|each| each["os-vol-tenant-attr:tenant_id"] == call.who.project)
        .ok_or_else(|| fault(404, &format!("Volume {volume} could not be found.")))?;
    let forced = asked["force"] == true
        || asked["force"].as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"));
    if found["status"] != "available" && !forced {
        return Err(bad(&format!(
            "Invalid volume: Volume {volume} status must be available, but current status is: {}.",
            found["status"].as_str().unwrap_or_default()
        )));
    }
    let size = found["size"].clone();
    let id = state.seeded.uuid();
    let copy = json!({
        "id": id, "name": asked["name"].as_str().unwrap_or_default(), "description": asked["description"],
        "status": "available", "size": size, "volume_id": volume, "created_at": without_zone(call.now),
        "updated_at": without_zone(call.now), "metadata": asked.get("metadata").cloned().unwrap_or_else(|| json!({})),
        "os-extended-snapshot-attributes:project_id": call.who.project,
        "os-extended-snapshot-attributes:progress": "100%",
    });
    let fields = copy.as_object().cloned().unwrap_or_default();
    state.regions[call.region].volume_snapshots.insert(id, fields);
    Ok(Answer::json(202, &json!({"snapshot": copy})))
}

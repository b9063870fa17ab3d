//! Cinder v3, as little as clients need to be content: listing, making, showing and deleting volumes.
//! Facts: Block Storage API v3 reference, "Volumes", "Limits", "Quota sets".

use hyper::Method;
use serde_json::{Value, json};

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
            let volumes = &mut state.regions[call.region].volumes;
            if !volumes.get(*id).is_some_and(mine) {
                return Err(missing(id));
            }
            volumes.remove(*id);
            Ok(Answer::empty(202))
        }
        (&Method::GET, ["snapshots" | "snapshots/detail"] | ["snapshots", "detail"]) => {
            Ok(Answer::json(200, &json!({"snapshots": []})))
        }
        (&Method::GET, ["types"]) => Ok(Answer::json(
            200,
            &json!({"volume_types": [
            {"id": "00000000-0000-4000-8000-000000000001", "name": "sim", "description": null, "is_public": true,
             "extra_specs": {}}]}),
        )),
        (&Method::GET, ["limits"]) => {
            let used = state.regions[call.region].volumes.len();
            Ok(Answer::json(
                200,
                &json!({"limits": {"rate": [], "absolute": {
                "maxTotalVolumes": 100, "totalVolumesUsed": used, "maxTotalVolumeGigabytes": 1000,
                "totalGigabytesUsed": 0, "maxTotalSnapshots": 10, "totalSnapshotsUsed": 0, "maxTotalBackups": 10,
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
    let id = state.seeded.uuid();
    let text = |key: &str| asked[key].as_str().unwrap_or_default();
    let volume = json!({
        "id": id, "name": text("name"), "description": asked["description"], "size": size, "status": "available",
        "availability_zone": "nova", "created_at": without_zone(call.now), "updated_at": without_zone(call.now),
        "attachments": [], "bootable": "false", "encrypted": false, "metadata": asked.get("metadata").cloned().unwrap_or_else(|| json!({})),
        "multiattach": false, "replication_status": null, "snapshot_id": null, "source_volid": null,
        "user_id": call.who.user, "volume_type": "sim", "consistencygroup_id": null,
        "os-vol-tenant-attr:tenant_id": call.who.project,
        "links": [{"rel": "self", "href": format!("{}/v3/volumes/{id}", call.root)}],
    });
    let fields = volume.as_object().cloned().unwrap_or_default();
    state.regions[call.region].volumes.insert(id, fields);
    Ok(Answer::json(202, &json!({"volume": volume})))
}

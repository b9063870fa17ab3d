//! Nova: from a path to the part that answers it, and the form of Nova's errors.
//! Facts: Compute API reference (v2.1) and its microversion history.

pub(crate) mod actions;
pub(crate) mod boot;
pub(crate) mod create;
pub(crate) mod flavors;
pub(crate) mod key_pairs;
pub(crate) mod lifecycle;
pub(crate) mod limits;
pub(crate) mod listing;
pub(crate) mod microversion;
pub(crate) mod model;
pub(crate) mod server_groups;
pub(crate) mod servers;
pub(crate) mod validate;
pub(crate) mod view;
pub(crate) mod volumes;

use hyper::Method;
use serde_json::json;

use crate::answer::{Answer, Outcome};
use crate::dispatch::Call;
use crate::state::CloudState;

/// An error in Nova's form.
pub(crate) fn fault(status: u16, message: &str) -> Answer {
    let key = match status {
        400 => "badRequest",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "itemNotFound",
        405 => "badMethod",
        409 => "conflictingRequest",
        413 | 429 => "overLimit",
        415 => "badMediaType",
        501 => "notImplemented",
        503 => "serviceUnavailable",
        _ => "computeFault",
    };
    Answer::json(status, &json!({key: {"code": status, "message": message}}))
}

pub(crate) fn bad(message: &str) -> Answer {
    fault(400, message)
}

/// The refusal of a policy.
pub(crate) fn forbidden(rule: &str) -> Answer {
    fault(403, &format!("Policy doesn't allow {rule} to be performed."))
}

pub(crate) fn answer(state: &mut CloudState, call: &Call<'_>) -> Outcome {
    let minor = microversion::asked(call.request)?;
    let outcome = versioned(state, call, minor);
    let version = format!("2.{minor}");
    let mark = |answer: Answer| {
        answer
            .with("openstack-api-version", &format!("compute {version}"))
            .with("x-openstack-nova-api-version", &version)
            .with("vary", "OpenStack-API-Version, X-OpenStack-Nova-API-Version")
            .with("x-compute-request-id", &call.request_id)
    };
    outcome.map(mark).map_err(mark)
}

fn versioned(state: &mut CloudState, call: &Call<'_>, minor: u32) -> Outcome {
    let path = match call.path.as_slice() {
        // Old catalogues put the project behind the version.
        ["v2.1" | "v2", project, rest @ ..] if *project == call.who.project => rest,
        ["v2.1" | "v2", rest @ ..] => rest,
        _ => return Err(fault(404, "The resource could not be found.")),
    };
    let method = &call.request.method;
    match (method, path) {
        (_, ["servers", rest @ ..]) => servers::answer(state, call, minor, rest),
        (_, ["flavors", rest @ ..]) => flavors::answer(state, call, minor, rest),
        (_, ["os-keypairs", rest @ ..]) => key_pairs::answer(state, call, minor, rest),
        (&Method::GET, ["limits"]) => limits::limits(state, call, minor),
        (_, ["os-quota-sets", rest @ ..]) => limits::quota_sets(state, call, minor, rest),
        (&Method::GET, ["os-simple-tenant-usage", rest @ ..]) => limits::usage(state, call, minor, rest),
        (&Method::GET, ["os-availability-zone"]) => Ok(Answer::json(
            200,
            &json!({"availabilityZoneInfo": [
                {"zoneName": "nova", "zoneState": {"available": true}, "hosts": null}]}),
        )),
        (&Method::GET, ["os-availability-zone", "detail"]) => {
            if !call.who.admin {
                return Err(forbidden("os_compute_api:os-availability-zone:detail"));
            }
            let service = json!({"active": true, "available": true, "updated_at": null});
            Ok(Answer::json(
                200,
                &json!({"availabilityZoneInfo": [{"zoneName": "nova", "zoneState": {"available": true},
                    "hosts": {"sim-host-1": {"nova-compute": service}}}]}),
            ))
        }
        (_, ["os-server-groups", rest @ ..]) => server_groups::answer(state, call, minor, rest),
        (&Method::GET, ["extensions"]) => Ok(Answer::json(200, &json!({"extensions": []}))),
        (&Method::GET, ["os-services" | "os-hypervisors" | "os-aggregates" | "os-migrations", ..]) => {
            Err(forbidden(&format!("os_compute_api:{}:list", path[0])))
        }
        _ => Err(fault(404, "The resource could not be found.")),
    }
}

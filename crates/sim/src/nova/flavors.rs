//! Flavors and their extra specs. Facts: Compute API reference, "Flavors"; 2.55 adds the description, 2.61 the extra
//! specs, 2.75 makes swap a number in every case.

use hyper::Method;
use serde_json::{Value, json};

use crate::answer::{Answer, Outcome};
use crate::dispatch::Call;
use crate::nova::{fault, forbidden, listing};
use crate::paging::{next_query, page};
use crate::state::{CloudState, Flavor};

fn links(call: &Call<'_>, id: &str) -> Value {
    json!([
        {"rel": "self", "href": format!("{}/v2.1/flavors/{id}", call.root)},
        {"rel": "bookmark", "href": format!("{}/flavors/{id}", call.root)},
    ])
}

fn describe(call: &Call<'_>, flavor: &Flavor, minor: u32) -> Value {
    let swap = if flavor.swap == 0 && minor < 75 { json!("") } else { json!(flavor.swap) };
    let mut shown = json!({
        "id": flavor.id, "name": flavor.name, "vcpus": flavor.vcpus, "ram": flavor.ram, "disk": flavor.disk,
        "swap": swap, "OS-FLV-EXT-DATA:ephemeral": flavor.ephemeral, "OS-FLV-DISABLED:disabled": false,
        "os-flavor-access:is_public": true, "rxtx_factor": 1.0, "links": links(call, &flavor.id),
    });
    if minor >= 55 {
        shown["description"] = json!(flavor.description);
    }
    if minor >= 61 {
        shown["extra_specs"] = json!(flavor.extra_specs);
    }
    shown
}

pub(crate) fn answer(state: &mut CloudState, call: &Call<'_>, minor: u32, rest: &[&str]) -> Outcome {
    let flavors = &state.regions[call.region].flavors;
    let find = |id: &str| {
        flavors
            .iter()
            .find(|flavor| flavor.id == id)
            .ok_or_else(|| fault(404, &format!("Flavor {id} could not be found.")))
    };
    match (&call.request.method, rest) {
        (&Method::GET, []) => list(flavors, call, minor, state.settings.page_size, false),
        (&Method::GET, ["detail"]) => list(flavors, call, minor, state.settings.page_size, true),
        (&Method::GET, [id]) => Ok(Answer::json(200, &json!({"flavor": describe(call, find(id)?, minor)}))),
        (&Method::GET, [id, "os-extra_specs"]) => {
            Ok(Answer::json(200, &json!({"extra_specs": find(id)?.extra_specs})))
        }
        (&Method::GET, [id, "os-extra_specs", key]) => match find(id)?.extra_specs.get(*key) {
            Some(value) => Ok(Answer::json(200, &json!({*key: value}))),
            None => Err(fault(404, &format!("Flavor {id} has no extra specs with key {key}."))),
        },
        (&Method::POST, []) if call.who.admin => create(state, call, minor),
        (&Method::DELETE, [id]) if call.who.admin => {
            find(id)?;
            state.regions[call.region].flavors.retain(|flavor| flavor.id != *id);
            Ok(Answer::empty(202))
        }
        (&Method::POST | &Method::PUT | &Method::DELETE, _) => {
            Err(forbidden("os_compute_api:os-flavor-manage:create"))
        }
        _ => Err(fault(404, "The resource could not be found.")),
    }
}

fn list(flavors: &[Flavor], call: &Call<'_>, minor: u32, page_size: Option<usize>, detail: bool) -> Outcome {
    let at_least =
        |name: &str| call.request.parameter(name).and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    let (ram, disk) = (at_least("minRam"), at_least("minDisk"));
    let mut rows: Vec<&Flavor> =
        flavors.iter().filter(|flavor| flavor.ram >= ram && flavor.disk >= disk).collect();
    rows.sort_by(|one, other| one.id.cmp(&other.id));
    let limit = listing::limit(call.request, page_size)?;
    let marker = call.request.parameter("marker");
    let page = page(rows, marker, Some(limit), |flavor| &flavor.id)
        .ok_or_else(|| fault(400, &format!("marker [{}] not found", marker.unwrap_or_default())))?;
    let shown: Vec<Value> = page
        .rows
        .iter()
        .map(|flavor| {
            if detail {
                return describe(call, flavor, minor);
            }
            let mut short = json!({"id": flavor.id, "name": flavor.name, "links": links(call, &flavor.id)});
            if minor >= 55 {
                short["description"] = json!(flavor.description);
            }
            short
        })
        .collect();
    let mut body = json!({"flavors": shown});
    if let (true, Some(last)) = (page.full, page.rows.last()) {
        let path = if detail { "flavors/detail" } else { "flavors" };
        let href = format!("{}/v2.1/{path}?{}", call.root, next_query(call.request, &last.id));
        body["flavors_links"] = json!([{"rel": "next", "href": href}]);
    }
    Ok(Answer::json(200, &body))
}

fn create(state: &mut CloudState, call: &Call<'_>, minor: u32) -> Outcome {
    let body = call.request.json().unwrap_or_default();
    let asked = &body["flavor"];
    let number =
        |key: &str| asked[key].as_i64().or_else(|| asked[key].as_str().and_then(|text| text.parse().ok()));
    let (Some(name), Some(vcpus), Some(ram), Some(disk)) =
        (asked["name"].as_str(), number("vcpus"), number("ram"), number("disk"))
    else {
        return Err(fault(
            400,
            "Invalid input for field/attribute flavor: name, ram, vcpus and disk are required",
        ));
    };
    let id = match asked["id"].as_str() {
        Some(id) if id != "auto" => id.to_owned(),
        _ => state.seeded.uuid(),
    };
    let flavors = &mut state.regions[call.region].flavors;
    if flavors.iter().any(|flavor| flavor.id == id || flavor.name == name) {
        return Err(fault(409, &format!("Flavor with name {name} already exists.")));
    }
    let flavor = Flavor {
        id,
        name: name.to_owned(),
        vcpus,
        ram,
        disk,
        ephemeral: number("OS-FLV-EXT-DATA:ephemeral").unwrap_or(0),
        swap: number("swap").unwrap_or(0),
        description: asked["description"].as_str().map(str::to_owned),
        extra_specs: std::collections::BTreeMap::new(),
    };
    let shown = describe(call, &flavor, minor);
    flavors.push(flavor);
    Ok(Answer::json(200, &json!({"flavor": shown})))
}

//! The service catalogue and the version documents at the root of each service.
//! Facts: Identity API v3 "Authentication and token management", and "List versions" of the Compute, Image, Networking
//! and Block Storage API references.

use hyper::Method;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::dispatch::{Call, service_root};
use crate::state::CloudState;

/// Service, its type, its name, and what follows the service's root in the endpoint.
const ENDPOINTS: [(&str, &str, &str, &str); 5] = [
    ("identity", "identity", "keystone", ""),
    ("compute", "compute", "nova", "/v2.1"),
    ("image", "image", "glance", ""),
    ("network", "network", "neutron", ""),
    ("volume", "block-storage", "cinder", "/v3"),
];

/// The catalogue of a cloud.
pub(crate) fn catalog(state: &CloudState, cloud_root: &str) -> Value {
    let regions: Vec<&str> = state.regions.iter().map(|region| region.name.as_str()).collect();
    let entries = ENDPOINTS.iter().enumerate().map(|(number, (service, kind, name, suffix))| {
        let mut endpoints = Vec::new();
        for (index, region) in regions.iter().enumerate() {
            let index_of_url = if *service == "identity" { 0 } else { index };
            let url = format!("{}{suffix}", service_root(cloud_root, &regions, index_of_url, service));
            for (at, interface) in ["public", "internal", "admin"].into_iter().enumerate() {
                endpoints.push(json!({
                    "id": format!("{:032x}", (number + 1) * 0x1_0000 + index * 0x10 + at),
                    "interface": interface,
                    "region": region,
                    "region_id": region,
                    "url": url,
                }));
            }
        }
        json!({"id": format!("{:032x}", number + 1), "type": kind, "name": name, "endpoints": endpoints})
    });
    Value::Array(entries.collect())
}

/// The version documents that services give to anybody.
pub(crate) fn discovery(service: &str, call: &Call<'_>) -> Option<Answer> {
    if call.request.method != Method::GET {
        return None;
    }
    let root = &call.root;
    let this = |path: &str| json!([{"rel": "self", "href": format!("{root}/{path}/")}]);
    match (service, call.path.as_slice()) {
        ("compute", []) => Some(Answer::json(
            200,
            &json!({"versions": [
                {"id": "v2.0", "status": "SUPPORTED", "version": "", "min_version": "",
                 "updated": "2011-01-21T11:33:21Z", "links": this("v2")},
                compute_version(root, false),
            ]}),
        )),
        ("compute", ["v2.1"]) => Some(Answer::json(200, &json!({"version": compute_version(root, true)}))),
        ("image", [] | ["versions"]) => {
            let versions: Vec<Value> = (0..=17)
                .rev()
                .filter(|minor| !matches!(minor, 8 | 10..=12 | 14))
                .map(|minor| {
                    let status = if minor == 17 { "CURRENT" } else { "SUPPORTED" };
                    json!({"id": format!("v2.{minor}"), "status": status, "links": this("v2")})
                })
                .collect();
            let status = if call.path.is_empty() { 300 } else { 200 };
            Some(Answer::json(status, &json!({"versions": versions})))
        }
        ("network", []) => Some(Answer::json(
            200,
            &json!({"versions": [{"id": "v2.0", "status": "CURRENT", "links": this("v2.0")}]}),
        )),
        ("volume", []) => Some(Answer::json(300, &json!({"versions": [volume_version(root)]}))),
        ("volume", ["v3"]) => Some(Answer::json(200, &json!({"versions": [volume_version(root)]}))),
        _ => None,
    }
}

fn compute_version(root: &str, alone: bool) -> Value {
    let mut version = json!({
        "id": "v2.1",
        "status": "CURRENT",
        "version": crate::nova::microversion::newest(),
        "min_version": "2.1",
        "updated": "2013-07-23T11:33:21Z",
        "links": [{"rel": "self", "href": format!("{root}/v2.1/")}],
    });
    if alone {
        version["links"] = json!([
            {"rel": "self", "href": format!("{root}/v2.1/")},
            {"rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"},
        ]);
        version["media-types"] = json!([{"base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"}]);
    }
    version
}

fn volume_version(root: &str) -> Value {
    json!({
        "id": "v3.0",
        "status": "CURRENT",
        "version": "3.71",
        "min_version": "3.0",
        "updated": "2023-08-31T00:00:00Z",
        "links": [{"rel": "self", "href": format!("{root}/v3/")}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"}],
    })
}

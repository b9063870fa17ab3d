//! Quotas of Neutron, and the list of its extensions. Facts: Networking API v2.0 reference, "Quotas", "Extensions".

use hyper::Method;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Outcome};
use crate::dispatch::Call;
use crate::neutron::{Kind, bad, error};
use crate::state::CloudState;

/// Name, limit and use of every quota of Neutron.
fn quotas(state: &CloudState, region: usize, project: &str) -> Vec<(&'static str, i64, usize)> {
    let defaults = &state.settings.quotas;
    let region = &state.regions[region];
    let of = |kind: Kind, default: i64| {
        let used = kind.collection(region).values().filter(|thing| thing["project_id"] == project).count();
        (kind.singular(), region.quota(project, kind.singular(), default), used)
    };
    vec![
        of(Kind::Network, defaults.network),
        of(Kind::Subnet, defaults.subnet),
        ("subnetpool", -1, 0),
        of(Kind::Port, defaults.port),
        of(Kind::Router, defaults.router),
        of(Kind::FloatingIp, defaults.floatingip),
        ("rbac_policy", 10, 0),
        of(Kind::SecurityGroup, defaults.security_group),
        of(Kind::SecurityGroupRule, defaults.security_group_rule),
    ]
}

fn limits(state: &CloudState, region: usize, project: &str) -> Map<String, Value> {
    quotas(state, region, project)
        .into_iter()
        .map(|(name, limit, _)| (name.to_owned(), json!(limit)))
        .collect()
}

/// Paths below `/quotas`.
pub(crate) fn answer(state: &mut CloudState, call: &Call<'_>, rest: &[&str]) -> Outcome {
    let Some((project, rest)) = rest.split_first() else {
        return Ok(Answer::json(200, &json!({"quotas": []})));
    };
    if *project != call.who.project && !call.who.admin {
        return Err(error(
            403,
            "HTTPForbidden",
            "Only admin is authorized to access quotas for another tenant",
        ));
    }
    match (&call.request.method, rest) {
        (&Method::GET, []) => Ok(Answer::json(200, &json!({"quota": limits(state, call.region, project)}))),
        (&Method::GET, ["default"]) => {
            Ok(Answer::json(200, &json!({"quota": limits(state, call.region, "")})))
        }
        (&Method::GET, ["details"]) => {
            let details: Map<String, Value> = quotas(state, call.region, project)
                .into_iter()
                .map(|(name, limit, used)| {
                    (name.to_owned(), json!({"limit": limit, "used": used, "reserved": 0}))
                })
                .collect();
            Ok(Answer::json(200, &json!({"quota": details})))
        }
        (&Method::PUT, []) if call.who.admin => {
            let body = call.request.json().unwrap_or_default();
            let Some(fields) = body["quota"].as_object() else {
                return Err(bad("Unable to find 'quota' in request body"));
            };
            let known = limits(state, call.region, project);
            let set = state.regions[call.region].project_quotas.entry((*project).to_owned()).or_default();
            for (name, value) in fields.iter().filter(|(name, _)| known.contains_key(*name)) {
                let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
                let number = number.ok_or_else(|| {
                    bad(&format!("Invalid input for {name}. Reason: '{value}' is not an integer."))
                })?;
                set.insert(name.clone(), json!(number));
            }
            Ok(Answer::json(200, &json!({"quota": limits(state, call.region, project)})))
        }
        (&Method::DELETE, []) if call.who.admin => {
            let known = limits(state, call.region, project);
            if let Some(set) = state.regions[call.region].project_quotas.get_mut(*project) {
                set.retain(|name, _| !known.contains_key(name));
            }
            Ok(Answer::empty(204))
        }
        _ => Err(error(403, "PolicyNotAuthorized", "(rule:update_quota) is disallowed by policy")),
    }
}

/// Extensions by alias, as far as clients ask for them.
const EXTENSIONS: [(&str, &str); 14] = [
    ("router", "Neutron L3 Router"),
    ("external-net", "Neutron external network"),
    ("security-group", "security-group"),
    ("quotas", "Quota management support"),
    ("quota_details", "Quota details management support"),
    ("standard-attr-description", "standard-attr-description"),
    ("standard-attr-tag", "Tag support for resources with standard attribute"),
    ("standard-attr-timestamp", "Resource timestamps"),
    ("standard-attr-revisions", "Resource revision numbers"),
    ("pagination", "Pagination support"),
    ("sorting", "Sorting support"),
    ("project-id", "project_id field enabled"),
    ("fip-port-details", "Floating IP Port Details Extension"),
    ("filter-validation", "Filter parameters validation"),
];

/// Paths below `/extensions`.
pub(crate) fn extensions(rest: &[&str]) -> Outcome {
    let describe = |(alias, name): &(&str, &str)| json!({"alias": alias, "name": name, "description": name, "updated": "2016-01-01T00:00:00-00:00", "links": []});
    match rest {
        [] => {
            let all: Vec<Value> = EXTENSIONS.iter().map(describe).collect();
            Ok(Answer::json(200, &json!({"extensions": all})))
        }
        [alias, ..] => match EXTENSIONS.iter().find(|(each, _)| each == alias) {
            Some(found) => Ok(Answer::json(200, &json!({"extension": describe(found)}))),
            None => Err(error(404, "HTTPNotFound", "The resource could not be found.")),
        },
    }
}

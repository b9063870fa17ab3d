//! Neutron: from a path to the part that answers it, the form of its errors, and what all its things have in common.
//! Facts: Networking API v2.0 reference.

pub(crate) mod floating_ips;
pub(crate) mod listing;
pub(crate) mod networks;
pub(crate) mod ports;
pub(crate) mod quotas;
pub(crate) mod routers;
pub(crate) mod security_groups;

use hyper::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Outcome};
use crate::clock::seconds;
use crate::dispatch::Call;
use crate::random::Seeded;
use crate::state::{CloudState, Collection, Region};

/// An error in Neutron's form.
pub(crate) fn error(status: u16, kind: &str, message: &str) -> Answer {
    Answer::json(status, &json!({"NeutronError": {"type": kind, "message": message, "detail": ""}}))
}

pub(crate) fn bad(message: &str) -> Answer {
    error(400, "HTTPBadRequest", message)
}

pub(crate) fn over_quota(what: &str) -> Answer {
    error(409, "OverQuota", &format!("Quota exceeded for resources: ['{what}']."))
}

/// The kinds of things that Neutron keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Network,
    Subnet,
    Port,
    Router,
    FloatingIp,
    SecurityGroup,
    SecurityGroupRule,
}

impl Kind {
    fn of(path: &str) -> Option<Self> {
        Some(match path {
            "networks" => Self::Network,
            "subnets" => Self::Subnet,
            "ports" => Self::Port,
            "routers" => Self::Router,
            "floatingips" => Self::FloatingIp,
            "security-groups" => Self::SecurityGroup,
            "security-group-rules" => Self::SecurityGroupRule,
            _ => return None,
        })
    }

    /// The key around one thing.
    pub(crate) fn singular(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Subnet => "subnet",
            Self::Port => "port",
            Self::Router => "router",
            Self::FloatingIp => "floatingip",
            Self::SecurityGroup => "security_group",
            Self::SecurityGroupRule => "security_group_rule",
        }
    }

    pub(crate) fn collection(self, region: &Region) -> &Collection {
        match self {
            Self::Network => &region.networks,
            Self::Subnet => &region.subnets,
            Self::Port => &region.ports,
            Self::Router => &region.routers,
            Self::FloatingIp => &region.floating_ips,
            Self::SecurityGroup => &region.security_groups,
            Self::SecurityGroupRule => &region.security_group_rules,
        }
    }

    fn collection_mut(self, region: &mut Region) -> &mut Collection {
        match self {
            Self::Network => &mut region.networks,
            Self::Subnet => &mut region.subnets,
            Self::Port => &mut region.ports,
            Self::Router => &mut region.routers,
            Self::FloatingIp => &mut region.floating_ips,
            Self::SecurityGroup => &mut region.security_groups,
            Self::SecurityGroupRule => &mut region.security_group_rules,
        }
    }

    /// Neutron's words for a thing that is not there.
    pub(crate) fn not_found(self, id: &str) -> Answer {
        let (kind, message) = match self {
            Self::Network => ("NetworkNotFound", format!("Network {id} could not be found.")),
            Self::Subnet => ("SubnetNotFound", format!("Subnet {id} could not be found.")),
            Self::Port => ("PortNotFound", format!("Port {id} could not be found.")),
            Self::Router => ("RouterNotFound", format!("Router {id} could not be found")),
            Self::FloatingIp => ("FloatingIPNotFound", format!("Floating IP {id} could not be found")),
            Self::SecurityGroup => ("SecurityGroupNotFound", format!("Security group {id} does not exist")),
            Self::SecurityGroupRule => {
                ("SecurityGroupRuleNotFound", format!("Security group rule {id} does not exist"))
            }
        };
        error(404, kind, &message)
    }
}

/// Whether the caller may see a thing of this kind.
pub(crate) fn visible_of(region: &Region, kind: Kind, thing: &Map<String, Value>, call: &Call<'_>) -> bool {
    let network = || region.networks.get(thing["network_id"].as_str()?);
    // The subnets of a shared network are seen by those who see it.
    visible(thing, call)
        || (kind == Kind::Subnet && network().is_some_and(|network| network["shared"] == true))
}

/// Whether the caller may see a thing, going by the thing alone.
pub(crate) fn visible(thing: &Map<String, Value>, call: &Call<'_>) -> bool {
    call.who.admin
        || thing.get("project_id").is_some_and(|project| *project == call.who.project)
        || thing.get("shared").is_some_and(|shared| *shared == true)
        || thing.get("router:external").is_some_and(|external| *external == true)
}

/// Whether the caller may change a thing.
pub(crate) fn owned(thing: &Map<String, Value>, call: &Call<'_>) -> bool {
    call.who.admin || thing.get("project_id").is_some_and(|project| *project == call.who.project)
}

pub(crate) fn answer(state: &mut CloudState, call: &Call<'_>) -> Outcome {
    let path: Vec<&str> = call.path.iter().map(|part| part.strip_suffix(".json").unwrap_or(part)).collect();
    let ["v2.0", path @ ..] = path.as_slice() else {
        return Err(error(404, "HTTPNotFound", "The resource could not be found."));
    };
    security_groups::ensure_default(state, call);
    let method = &call.request.method;
    match path {
        ["extensions", rest @ ..] => quotas::extensions(rest),
        ["quotas", rest @ ..] => quotas::answer(state, call, rest),
        ["availability_zones"] => Ok(Answer::json(
            200,
            &json!({"availability_zones": [
                {"name": "nova", "resource": "network", "state": "available"},
                {"name": "nova", "resource": "router", "state": "available"}]}),
        )),
        ["agents"] => Ok(Answer::json(200, &json!({"agents": []}))),
        ["subnetpools"] => Ok(Answer::json(200, &json!({"subnetpools": []}))),
        ["address-scopes"] => Ok(Answer::json(200, &json!({"address_scopes": []}))),
        ["address-groups"] => Ok(Answer::json(200, &json!({"address_groups": []}))),
        ["trunks"] => Ok(Answer::json(200, &json!({"trunks": []}))),
        ["routers", id, "add_router_interface"] if method == Method::PUT => routers::add(state, call, id),
        ["routers", id, "remove_router_interface"] if method == Method::PUT => {
            routers::remove(state, call, id)
        }
        [collection, rest @ ..] => match Kind::of(collection) {
            Some(kind) => of_kind(state, call, kind, rest),
            None => Err(error(404, "HTTPNotFound", "The resource could not be found.")),
        },
        [] => Ok(Answer::json(200, &json!({"resources": []}))),
    }
}

fn of_kind(state: &mut CloudState, call: &Call<'_>, kind: Kind, rest: &[&str]) -> Outcome {
    let method = &call.request.method;
    match (method, rest) {
        (&Method::GET, []) => return listing::list(state, call, kind),
        (&Method::POST, []) => {
            let body = call.request.json().ok_or_else(|| bad("The server could not comply with the request since it is either malformed or otherwise incorrect."))?;
            let Some(fields) = body[kind.singular()].as_object() else {
                return Err(bad(&format!("Unable to find '{}' in request body", kind.singular())));
            };
            let id = create(state, call, kind, fields.clone())?;
            return shown(state, call, kind, &id, 201);
        }
        _ => {}
    }
    let Some((id, rest)) = rest.split_first() else {
        return Err(error(405, "HTTPMethodNotAllowed", "The method is not allowed for this resource."));
    };
    let region = &state.regions[call.region];
    let Some(thing) = kind.collection(region).get(*id).filter(|thing| visible_of(region, kind, thing, call))
    else {
        return Err(kind.not_found(id));
    };
    let may_change = owned(thing, call);
    match (method, rest) {
        (&Method::GET, []) => shown(state, call, kind, id, 200),
        (&Method::GET, ["tags"]) => Ok(Answer::json(200, &json!({"tags": thing["tags"]}))),
        (_, _) if !may_change => Err(error(
            403,
            "PolicyNotAuthorized",
            &format!(
                "(rule:{}_{}) is disallowed by policy",
                if method == Method::DELETE { "delete" } else { "update" },
                kind.singular()
            ),
        )),
        (&Method::PUT, []) => {
            let body = call.request.json().ok_or_else(|| bad("The server could not comply with the request since it is either malformed or otherwise incorrect."))?;
            let Some(fields) = body[kind.singular()].as_object() else {
                return Err(bad(&format!("Unable to find '{}' in request body", kind.singular())));
            };
            update(state, call, kind, id, fields.clone())?;
            shown(state, call, kind, id, 200)
        }
        (&Method::DELETE, []) => {
            delete(state, call, kind, id)?;
            Ok(Answer::empty(204))
        }
        (_, ["tags", rest @ ..]) => tags(state, call, kind, id, rest),
        _ => Err(error(404, "HTTPNotFound", "The resource could not be found.")),
    }
}

fn shown(state: &CloudState, call: &Call<'_>, kind: Kind, id: &str, status: u16) -> Outcome {
    let region = &state.regions[call.region];
    let thing = kind.collection(region).get(id).ok_or_else(|| kind.not_found(id))?;
    let thing = listing::present(region, kind, thing, call.request);
    Ok(Answer::json(status, &json!({kind.singular(): thing})))
}

/// The project that a new thing belongs to; only an admin may name another than its own.
pub(crate) fn owner(call: &Call<'_>, fields: &Map<String, Value>) -> Result<String, Answer> {
    let named = fields.get("project_id").or_else(|| fields.get("tenant_id")).and_then(Value::as_str);
    match named {
        Some(project) if project != call.who.project && !call.who.admin => Err(bad(
            "Specifying 'project_id' or 'tenant_id' other than the authenticated project in request requires admin privileges",
        )),
        Some(project) => Ok(project.to_owned()),
        None => Ok(call.who.project.clone()),
    }
}

/// Refuses a quota that is used up.
pub(crate) fn check_quota(
    state: &CloudState,
    call: &Call<'_>,
    kind: Kind,
    project: &str,
    default: i64,
) -> Result<(), Answer> {
    let region = &state.regions[call.region];
    let limit = region.quota(project, kind.singular(), default);
    if limit < 0 {
        return Ok(());
    }
    let used = kind.collection(region).values().filter(|thing| thing["project_id"] == project).count();
    if used as i64 >= limit { Err(over_quota(kind.singular())) } else { Ok(()) }
}

fn create(
    state: &mut CloudState,
    call: &Call<'_>,
    kind: Kind,
    fields: Map<String, Value>,
) -> Result<String, Answer> {
    listing::check_fields(kind, &fields)?;
    match kind {
        Kind::Network => networks::create_network(state, call, fields),
        Kind::Subnet => networks::create_subnet(state, call, fields),
        Kind::Port => ports::create(state, call, fields),
        Kind::Router => routers::create(state, call, fields),
        Kind::FloatingIp => floating_ips::create(state, call, fields),
        Kind::SecurityGroup => security_groups::create_group(state, call, fields),
        Kind::SecurityGroupRule => security_groups::create_rule(state, call, fields),
    }
}

fn update(
    state: &mut CloudState,
    call: &Call<'_>,
    kind: Kind,
    id: &str,
    fields: Map<String, Value>,
) -> Result<(), Answer> {
    listing::check_fields(kind, &fields)?;
    match kind {
        Kind::FloatingIp => floating_ips::update(state, call, id, fields)?,
        Kind::Router => routers::update(state, call, id, fields)?,
        Kind::SecurityGroupRule => return Err(bad("Cannot update a security group rule")),
        _ => {
            let thing = kind.collection_mut(&mut state.regions[call.region]).get_mut(id);
            thing.ok_or_else(|| kind.not_found(id))?.extend(fields);
        }
    }
    touch(kind.collection_mut(&mut state.regions[call.region]), id, call.now);
    Ok(())
}

fn delete(state: &mut CloudState, call: &Call<'_>, kind: Kind, id: &str) -> Result<(), Answer> {
    let region = &mut state.regions[call.region];
    match kind {
        Kind::Network => networks::delete_network(region, id),
        Kind::Subnet => networks::delete_subnet(region, id),
        Kind::Port => ports::delete(region, id),
        Kind::Router => routers::delete(region, id),
        Kind::FloatingIp => {
            floating_ips::remove(region, id);
            Ok(())
        }
        Kind::SecurityGroup => security_groups::delete_group(region, id, call.who.admin),
        Kind::SecurityGroupRule => {
            region.security_group_rules.remove(id);
            Ok(())
        }
    }
}

/// A later revision of a thing.
fn touch(collection: &mut Collection, id: &str, now: Timestamp) {
    if let Some(thing) = collection.get_mut(id) {
        let revision = thing.get("revision_number").and_then(Value::as_i64).unwrap_or(0) + 1;
        thing.insert("revision_number".into(), json!(revision));
        thing.insert("updated_at".into(), json!(seconds(now)));
    }
}

fn tags(state: &mut CloudState, call: &Call<'_>, kind: Kind, id: &str, rest: &[&str]) -> Outcome {
    let collection = kind.collection_mut(&mut state.regions[call.region]);
    let thing = collection.get_mut(id).ok_or_else(|| kind.not_found(id))?;
    let mut tags: Vec<String> = thing["tags"]
        .as_array()
        .map(|tags| tags.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect())
        .unwrap_or_default();
    let missing = |tag: &str| error(404, "TagNotFound", &format!("Tag {tag} could not be found."));
    let answer = match (&call.request.method, rest) {
        (&Method::GET, [tag]) if tags.iter().any(|each| each == tag) => return Ok(Answer::empty(204)),
        (&Method::GET | &Method::DELETE, [tag]) if !tags.iter().any(|each| each == tag) => {
            return Err(missing(tag));
        }
        (&Method::PUT, []) => {
            let body = call.request.json().unwrap_or_default();
            let Some(given) = body["tags"].as_array() else { return Err(bad("Invalid tags body")) };
            tags = given.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect();
            Answer::json(200, &json!({"tags": tags}))
        }
        (&Method::PUT, [tag]) => {
            tags.push((*tag).to_owned());
            Answer::empty(201)
        }
        (&Method::DELETE, [tag]) => {
            tags.retain(|each| each != tag);
            Answer::empty(204)
        }
        (&Method::DELETE, []) => {
            tags.clear();
            Answer::empty(204)
        }
        _ => return Err(error(405, "HTTPMethodNotAllowed", "The method is not allowed for this resource.")),
    };
    tags.sort();
    tags.dedup();
    thing.insert("tags".into(), json!(tags));
    touch(collection, id, call.now);
    Ok(answer)
}

/// What every new thing of Neutron begins with.
pub(crate) fn base(seeded: &mut Seeded, project: &str, now: Timestamp) -> (String, Map<String, Value>) {
    let id = seeded.uuid();
    let moment = seconds(now);
    let thing = json!({
        "id": id, "name": "", "description": "", "tenant_id": project, "project_id": project, "tags": [],
        "created_at": moment, "updated_at": moment, "revision_number": 1,
    });
    (id, thing.as_object().cloned().unwrap_or_default())
}

/// Adds what a kind of thing has besides, and then what the caller said.
pub(crate) fn fill(thing: &mut Map<String, Value>, defaults: Value, fields: Map<String, Value>) {
    if let Value::Object(defaults) = defaults {
        thing.extend(defaults);
    }
    let own = ["id", "tenant_id", "project_id", "created_at", "updated_at", "revision_number"];
    thing.extend(fields.into_iter().filter(|(key, value)| {
        let means_default = value.is_null() && null_means_default(key);
        !own.contains(&key.as_str()) && !means_default
    }));
}

/// Fields for which null means "the default".
fn null_means_default(key: &str) -> bool {
    matches!(
        key,
        "name" | "description" | "tags" | "admin_state_up" | "shared" | "security_groups" | "fixed_ips"
    )
}

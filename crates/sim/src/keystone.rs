//! Keystone v3: tokens, the catalogue, projects, users and application credentials.
//! Facts: Identity API v3 reference, "Authentication and token management", "Projects", "Application credentials".

use std::time::Duration;

use hyper::Method;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Outcome};
use crate::catalog::catalog;
use crate::clock::{later, microseconds};
use crate::dispatch::Call;
use crate::state::{CloudState, Project, StoredApplicationCredential, Token, User};

const UNAUTHORIZED: &str = "The request you have made requires authentication.";

/// An error in Keystone's form.
pub(crate) fn error(status: u16, title: &str, message: &str) -> Answer {
    Answer::json(status, &json!({"error": {"code": status, "message": message, "title": title}}))
}

fn unauthorized(call: &Call<'_>) -> Answer {
    error(401, "Unauthorized", UNAUTHORIZED)
        .with("www-authenticate", &format!("Keystone uri=\"{}\"", call.root))
        .with("vary", "X-Auth-Token")
}

fn bad(message: &str) -> Answer {
    error(400, "Bad Request", message)
}

fn not_found(what: &str, id: &str) -> Answer {
    error(404, "Not Found", &format!("Could not find {what}: {id}."))
}

fn forbidden(action: &str) -> Answer {
    error(403, "Forbidden", &format!("You are not authorized to perform the requested action: {action}."))
}

pub(crate) fn answer(state: &mut CloudState, call: &Call<'_>) -> Outcome {
    let version = json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": format!("{}/v3/", call.root)}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    });
    let method = &call.request.method;
    match (method, call.path.as_slice()) {
        (&Method::GET, []) => Ok(Answer::json(300, &json!({"versions": {"values": [version]}}))
            .with("location", &format!("{}/v3/", call.root))),
        (&Method::GET, ["v3"]) => Ok(Answer::json(200, &json!({"version": version}))),
        (&Method::POST, ["v3", "auth", "tokens"]) => issue(state, call),
        (_, ["v3", rest @ ..]) => {
            let id = call.request.header("x-auth-token").unwrap_or_default();
            let Some(token) = state.valid_token(id, call.now).cloned() else {
                return Err(unauthorized(call));
            };
            with_token(state, call, &token, rest)
        }
        _ => Err(error(404, "Not Found", "The requested URL was not found on the server.")),
    }
}

fn with_token(state: &mut CloudState, call: &Call<'_>, token: &Token, rest: &[&str]) -> Outcome {
    let method = &call.request.method;
    match (method, rest) {
        (&Method::GET | &Method::HEAD, ["auth", "tokens"]) => {
            let id = call.request.header("x-subject-token").unwrap_or_default();
            let Some(subject) = state.valid_token(id, call.now) else {
                return Err(error(404, "Not Found", "Could not find token."));
            };
            let with_catalog = call.request.parameter("nocatalog").is_none();
            let body = if method == Method::HEAD {
                Answer::empty(200)
            } else {
                Answer::json(200, &json!({"token": describe(state, subject, call.cloud_root, with_catalog)}))
            };
            Ok(body.with("x-subject-token", id).with("vary", "X-Auth-Token"))
        }
        (&Method::DELETE, ["auth", "tokens"]) => {
            let id = call.request.header("x-subject-token").unwrap_or_default().to_owned();
            match state.tokens.remove(&id) {
                Some(_) => {
                    state.changed();
                    Ok(Answer::empty(204))
                }
                None => Err(error(404, "Not Found", "Could not find token.")),
            }
        }
        (&Method::GET, ["auth", "catalog"]) => Ok(Answer::json(
            200,
            &json!({"catalog": catalog(state, call.cloud_root), "links": {"self": format!("{}/v3/auth/catalog", call.root)}}),
        )),
        (&Method::GET, ["auth", "projects"]) => {
            Ok(list(call, "projects", projects_of(state, call, &token.user)))
        }
        (&Method::GET, ["auth", "domains"]) => Ok(list(call, "domains", vec![domain(call)])),
        (&Method::GET, ["projects"]) => {
            if !token.is_admin() {
                return Err(forbidden("identity:list_projects"));
            }
            let named = call.request.parameter("name");
            let projects =
                state.projects.iter().filter(|project| named.is_none_or(|name| project.name == name));
            Ok(list(call, "projects", projects.map(|project| describe_project(call, project)).collect()))
        }
        (&Method::GET, ["projects", id]) => {
            let project = state.project(id).ok_or_else(|| not_found("project", id))?;
            if token.is_admin() || token.project.as_deref() == Some(id) {
                return Ok(Answer::json(200, &json!({"project": describe_project(call, project)})));
            }
            Err(forbidden("identity:get_project"))
        }
        (&Method::GET, ["domains"]) => {
            if !token.is_admin() {
                return Err(forbidden("identity:list_domains"));
            }
            Ok(list(call, "domains", vec![domain(call)]))
        }
        (&Method::GET, ["domains", "default"]) => Ok(Answer::json(200, &json!({"domain": domain(call)}))),
        (&Method::GET, ["domains", id]) => Err(not_found("domain", id)),
        (&Method::GET, ["regions"]) => {
            let region = |name: &str| {
                json!({"id": name, "description": "", "parent_region_id": null,
                       "links": {"self": format!("{}/v3/regions/{name}", call.root)}})
            };
            Ok(list(call, "regions", state.regions.iter().map(|each| region(&each.name)).collect()))
        }
        (&Method::GET, ["users"]) => {
            if !token.is_admin() {
                return Err(forbidden("identity:list_users"));
            }
            let named = call.request.parameter("name");
            let users = state.users.iter().filter(|user| named.is_none_or(|name| user.name == name));
            Ok(list(call, "users", users.map(|user| describe_user(call, user)).collect()))
        }
        (&Method::GET, ["users", id]) => {
            if !token.is_admin() && token.user != *id {
                return Err(forbidden("identity:get_user"));
            }
            let user = state.user(id).ok_or_else(|| not_found("user", id))?;
            Ok(Answer::json(200, &json!({"user": describe_user(call, user)})))
        }
        (_, ["users", id, ..]) if !token.is_admin() && token.user != *id => {
            Err(forbidden("identity:get_user"))
        }
        (&Method::GET, ["users", id, "projects"]) => Ok(list(call, "projects", projects_of(state, call, id))),
        (_, ["users", id, "application_credentials", rest @ ..]) => {
            application_credentials(state, call, token, id, rest)
        }
        _ => Err(error(404, "Not Found", "The requested URL was not found on the server.")),
    }
}

fn list(call: &Call<'_>, key: &str, rows: Vec<Value>) -> Answer {
    let this = format!("{}/{}", call.root, call.path.join("/"));
    Answer::json(200, &json!({key: rows, "links": {"self": this, "previous": null, "next": null}}))
}

fn domain(call: &Call<'_>) -> Value {
    json!({"id": "default", "name": "Default", "description": "The default domain", "enabled": true, "tags": [],
           "options": {}, "links": {"self": format!("{}/v3/domains/default", call.root)}})
}

fn describe_project(call: &Call<'_>, project: &Project) -> Value {
    json!({"id": project.id, "name": project.name, "description": project.description, "domain_id": "default",
           "enabled": true, "is_domain": false, "parent_id": "default", "tags": [], "options": {},
           "links": {"self": format!("{}/v3/projects/{}", call.root, project.id)}})
}

fn describe_user(call: &Call<'_>, user: &User) -> Value {
    json!({"id": user.id, "name": user.name, "domain_id": "default", "enabled": true, "options": {},
           "password_expires_at": null, "links": {"self": format!("{}/v3/users/{}", call.root, user.id)}})
}

fn projects_of(state: &CloudState, call: &Call<'_>, user: &str) -> Vec<Value> {
    let roles = state.user(user).map(|user| &user.roles);
    state
        .projects
        .iter()
        .filter(|project| roles.is_some_and(|roles| roles.contains_key(&project.id)))
        .map(|project| describe_project(call, project))
        .collect()
}

/// The id that Keystone would give a role.
fn role(name: &str) -> Value {
    json!({"id": format!("{:032x}", crate::random::mix(0, name.as_bytes())), "name": name})
}

/// A token as it is shown.
fn describe(state: &CloudState, token: &Token, cloud_root: &str, with_catalog: bool) -> Value {
    let user_name = state.user(&token.user).map_or("", |user| user.name.as_str());
    let mut shown = json!({
        "methods": token.methods,
        "user": {"domain": {"id": "default", "name": "Default"}, "id": token.user, "name": user_name,
                 "password_expires_at": null},
        "audit_ids": token.audit_ids,
        "expires_at": microseconds(token.expires),
        "issued_at": microseconds(token.issued),
    });
    if let Some(project) = token.project.as_deref().and_then(|id| state.project(id)) {
        shown["project"] =
            json!({"domain": {"id": "default", "name": "Default"}, "id": project.id, "name": project.name});
        shown["is_domain"] = json!(false);
        shown["roles"] = token.roles.iter().map(|name| role(name)).collect();
        if with_catalog {
            shown["catalog"] = catalog(state, cloud_root);
        }
    }
    if let Some(credential) = token
        .application_credential
        .as_deref()
        .and_then(|id| state.application_credentials.iter().find(|credential| credential.id == id))
    {
        shown["application_credential"] =
            json!({"id": credential.id, "name": credential.name, "restricted": !credential.unrestricted});
        if !credential.access_rules.is_empty() {
            shown["application_credential"]["access_rules"] = json!(credential.access_rules);
        }
    }
    shown
}

/// What somebody has proved to be.
struct Proved {
    user: String,
    methods: Vec<String>,
    /// What the proof itself is bound to: project, roles, application credential.
    bound: Option<(String, Vec<String>, Option<String>)>,
    /// A token made from a token lives no longer than that one.
    until: Option<jiff::Timestamp>,
}

fn issue(state: &mut CloudState, call: &Call<'_>) -> Outcome {
    let body = call.request.json().ok_or_else(|| {
        bad("Expecting to find valid JSON in request body. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.")
    })?;
    let Some(auth) = body.get("auth").and_then(Value::as_object) else {
        return Err(bad("'auth' is a required property"));
    };
    let Some(identity) = auth.get("identity").and_then(Value::as_object) else {
        return Err(bad(
            "'identity' is a required property\n\nFailed validating 'required' in schema['properties']['auth']",
        ));
    };
    let proved = prove(state, call, identity)?;
    let user = state.user(&proved.user).cloned().ok_or_else(|| unauthorized(call))?;
    let (project, roles, application_credential) = match (auth.get("scope"), proved.bound) {
        (Some(scope), Some((_, _, Some(_)))) if !scope.is_null() => {
            return Err(error(401, "Unauthorized", "Application credentials cannot request a scope."));
        }
        (_, Some((project, roles, credential @ Some(_)))) => (Some(project), roles, credential),
        (None | Some(Value::Null), Some((project, roles, None))) => (Some(project), roles, None),
        (None | Some(Value::Null), None) => (None, Vec::new(), None),
        (Some(Value::String(unscoped)), _) if unscoped == "unscoped" => (None, Vec::new(), None),
        (Some(scope), _) => {
            let project = scoped_project(state, scope).ok_or_else(|| unauthorized(call))?;
            let roles = user.roles.get(&project).cloned().ok_or_else(|| unauthorized(call))?;
            (Some(project), roles, None)
        }
    };
    let expires = later(call.now, state.settings.token_lifetime);
    let token = Token {
        user: user.id,
        project,
        roles,
        methods: proved.methods,
        application_credential,
        audit_ids: vec![state.seeded.letters(22)],
        issued: call.now,
        expires: proved.until.map_or(expires, |until| until.min(expires)),
    };
    let id = format!("gAAAAA{}", state.seeded.letters(178));
    let shown = describe(state, &token, call.cloud_root, call.request.parameter("nocatalog").is_none());
    forget_old_tokens(state, call);
    state.tokens.insert(id.clone(), token);
    Ok(Answer::json(201, &json!({"token": shown})).with("x-subject-token", &id).with("vary", "X-Auth-Token"))
}

/// Tokens that ran out long ago are dropped, so that a simulator can run for weeks.
fn forget_old_tokens(state: &mut CloudState, call: &Call<'_>) {
    if state.tokens.len() >= 1000 {
        state.tokens.retain(|_, token| later(token.expires, Duration::from_secs(60)) > call.now);
    }
}

fn prove(state: &CloudState, call: &Call<'_>, identity: &Map<String, Value>) -> Result<Proved, Answer> {
    let methods: Vec<String> = identity
        .get("methods")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect())
        .unwrap_or_default();
    let mut proved: Option<Proved> = None;
    for method in &methods {
        let part =
            identity.get(method).ok_or_else(|| bad(&format!("Expecting to find {method} in identity.")))?;
        let next = match method.as_str() {
            "password" => by_password(state, part),
            "token" => by_token(state, call, part),
            "application_credential" => by_application_credential(state, part),
            _ => None,
        };
        proved = Some(next.ok_or_else(|| unauthorized(call))?);
    }
    let mut proved = proved.ok_or_else(|| unauthorized(call))?;
    for method in methods {
        if !proved.methods.contains(&method) {
            proved.methods.push(method);
        }
    }
    Ok(proved)
}

fn by_password(state: &CloudState, part: &Value) -> Option<Proved> {
    let given = part.get("user")?;
    let user = find_user(state, given)?;
    (given.get("password")?.as_str()? == user.password).then(|| Proved {
        user: user.id.clone(),
        methods: Vec::new(),
        bound: None,
        until: None,
    })
}

fn by_token(state: &CloudState, call: &Call<'_>, part: &Value) -> Option<Proved> {
    let token = state.valid_token(part.get("id")?.as_str()?, call.now)?;
    let bound = token
        .project
        .as_ref()
        .map(|project| (project.clone(), token.roles.clone(), token.application_credential.clone()));
    Some(Proved {
        user: token.user.clone(),
        methods: token.methods.clone(),
        bound,
        until: Some(token.expires),
    })
}

fn by_application_credential(state: &CloudState, part: &Value) -> Option<Proved> {
    let credential = match part.get("id").and_then(Value::as_str) {
        Some(id) => state.application_credentials.iter().find(|credential| credential.id == id)?,
        None => {
            let user = find_user(state, part.get("user")?)?;
            let name = part.get("name")?.as_str()?;
            state.application_credentials.iter().find(|each| each.user == user.id && each.name == name)?
        }
    };
    (part.get("secret")?.as_str()? == credential.secret).then(|| Proved {
        user: credential.user.clone(),
        methods: Vec::new(),
        bound: Some((credential.project.clone(), credential.roles.clone(), Some(credential.id.clone()))),
        until: None,
    })
}

fn is_default_domain(given: &Value) -> bool {
    given.get("domain").is_some_and(|domain| {
        domain.get("id").and_then(Value::as_str) == Some("default")
            || domain.get("name").and_then(Value::as_str) == Some("Default")
    })
}

fn find_user<'a>(state: &'a CloudState, given: &Value) -> Option<&'a User> {
    if let Some(id) = given.get("id").and_then(Value::as_str) {
        return state.user(id);
    }
    let name = given.get("name")?.as_str()?;
    is_default_domain(given).then(|| state.users.iter().find(|user| user.name == name)).flatten()
}

fn scoped_project(state: &CloudState, scope: &Value) -> Option<String> {
    let given = scope.get("project")?;
    if let Some(id) = given.get("id").and_then(Value::as_str) {
        return state.project(id).map(|project| project.id.clone());
    }
    let name = given.get("name")?.as_str()?;
    let found = state.projects.iter().find(|project| project.name == name)?;
    is_default_domain(given).then(|| found.id.clone())
}

fn application_credentials(
    state: &mut CloudState,
    call: &Call<'_>,
    token: &Token,
    user: &str,
    rest: &[&str],
) -> Outcome {
    let method = &call.request.method;
    let shown = |credential: &StoredApplicationCredential| {
        json!({
            "id": credential.id, "name": credential.name, "description": null, "project_id": credential.project,
            "roles": credential.roles.iter().map(|name| role(name)).collect::<Vec<_>>(),
            "expires_at": null, "unrestricted": credential.unrestricted, "access_rules": credential.access_rules,
            "system": null, "user_id": credential.user,
            "links": {"self": format!("{}/v3/users/{}/application_credentials/{}", call.root, credential.user, credential.id)},
        })
    };
    match (method, rest) {
        (&Method::GET, []) => {
            let named = call.request.parameter("name");
            let rows = state
                .application_credentials
                .iter()
                .filter(|each| each.user == user && named.is_none_or(|name| each.name == name));
            Ok(list(call, "application_credentials", rows.map(shown).collect()))
        }
        (&Method::POST, []) => {
            let body = call.request.json().unwrap_or_default();
            let asked = &body["application_credential"];
            let Some(name) = asked["name"].as_str() else { return Err(bad("'name' is a required property")) };
            let Some(project) = token.project.clone() else { return Err(unauthorized(call)) };
            if state.application_credentials.iter().any(|each| each.user == user && each.name == name) {
                return Err(error(
                    409,
                    "Conflict",
                    &format!(
                        "Conflict occurred attempting to store application_credential - Duplicate entry found with name {name}."
                    ),
                ));
            }
            let credential = StoredApplicationCredential {
                id: state.seeded.hex(),
                name: name.to_owned(),
                secret: asked["secret"].as_str().map_or_else(|| state.seeded.letters(86), str::to_owned),
                user: user.to_owned(),
                project,
                roles: token.roles.clone(),
                unrestricted: asked["unrestricted"].as_bool().unwrap_or(false),
                access_rules: asked["access_rules"].as_array().cloned().unwrap_or_default(),
            };
            let mut answer = shown(&credential);
            answer["secret"] = json!(credential.secret);
            state.application_credentials.push(credential);
            Ok(Answer::json(201, &json!({"application_credential": answer})))
        }
        (&Method::GET, [id]) => {
            let found = state.application_credentials.iter().find(|each| each.user == user && each.id == *id);
            let found = found.ok_or_else(|| not_found("Application Credential", id))?;
            Ok(Answer::json(200, &json!({"application_credential": shown(found)})))
        }
        (&Method::DELETE, [id]) => {
            let before = state.application_credentials.len();
            state.application_credentials.retain(|each| each.user != user || each.id != *id);
            if state.application_credentials.len() == before {
                return Err(not_found("Application Credential", id));
            }
            state.tokens.retain(|_, token| token.application_credential.as_deref() != Some(id));
            Ok(Answer::empty(204))
        }
        _ => Err(error(405, "Method Not Allowed", "The method is not allowed for the requested URL.")),
    }
}

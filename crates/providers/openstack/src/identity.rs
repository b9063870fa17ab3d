//! Logging in to Keystone, version 3: by password or by application credential.

use std::fmt::Write as _;

use cloudmesh_model::{Error, ErrorKind, Result, Secret};
use cloudmesh_transport::http::{Call, Client};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::catalogue::Endpoint;
use crate::refusal;
use crate::settings::{Domain, Method, Named, Profile};
use crate::wire::moment;

/// A token is renewed this long before its end, or when a quarter of its life is left.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_mins(5);

/// A log-in: the token and what came with it.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) token: Secret,
    pub(crate) facts: LoginFacts,
}

/// What a log-in told us, besides the token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LoginFacts {
    /// When the token ends, by our clock.
    pub(crate) expires: Timestamp,
    /// From when on we get another one.
    pub(crate) renew: Timestamp,
    pub(crate) user: String,
    pub(crate) project: String,
    pub(crate) project_id: String,
    pub(crate) endpoints: Vec<Endpoint>,
    /// The newest minor version of Nova's API, once Nova refused a newer one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) compute_minor: Option<u32>,
}

#[derive(Serialize)]
struct CachedOut<'a> {
    token: &'a str,
    #[serde(flatten)]
    facts: &'a LoginFacts,
}

#[derive(Deserialize)]
struct CachedIn {
    token: String,
    #[serde(flatten)]
    facts: LoginFacts,
}

impl Login {
    /// The log-in as it is kept between runs.
    pub(crate) fn to_cached(&self) -> Result<Secret> {
        let cached = CachedOut { token: self.token.expose(), facts: &self.facts };
        serde_json::to_string(&cached)
            .map(Secret::new)
            .map_err(|_| Error::internal("a log-in cannot be written as JSON"))
    }

    /// A log-in that was kept; `None` if another version wrote it in another form.
    pub(crate) fn from_cached(text: &Secret) -> Option<Self> {
        let cached: CachedIn = serde_json::from_str(text.expose()).ok()?;
        Some(Self { token: Secret::new(cached.token), facts: cached.facts })
    }

    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.facts.renew
    }
}

/// The name under which a log-in is kept: it holds a hash of all that identifies the log-in, so that a
/// changed setting never meets an old token. The password is no part of it: names are not secret.
pub(crate) fn cache_name(profile: &Profile) -> String {
    let identity = format!("1\n{}\n{:?}", profile.auth_url, profile.method);
    let mut name = format!("token/{}/", profile.place);
    for byte in Sha256::digest(identity.as_bytes()).iter().take(16) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[derive(Deserialize)]
struct Answered {
    token: AnsweredToken,
}

#[derive(Deserialize)]
struct AnsweredToken {
    expires_at: String,
    issued_at: Option<String>,
    user: Option<AnsweredName>,
    project: Option<AnsweredName>,
    #[serde(default)]
    catalog: Vec<AnsweredService>,
}

#[derive(Deserialize)]
struct AnsweredName {
    id: Option<String>,
    name: Option<String>,
}

impl AnsweredName {
    fn shown(self) -> String {
        self.name.or(self.id).unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct AnsweredService {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    endpoints: Vec<AnsweredEndpoint>,
}

#[derive(Deserialize)]
struct AnsweredEndpoint {
    interface: String,
    region: Option<String>,
    region_id: Option<String>,
    url: Option<String>,
}

fn named(who: &Named) -> Value {
    match who {
        Named::Id(id) => json!({"id": id}),
        Named::Name { name, domain } => json!({"name": name, "domain": match domain {
            Domain::Id(id) => json!({"id": id}),
            Domain::Name(name) => json!({"name": name}),
        }}),
    }
}

fn log_in_body(method: &Method, secret: &Secret) -> Value {
    match method {
        Method::Password { user, project } => {
            let mut user = named(user);
            user["password"] = json!(secret.expose());
            json!({"auth": {
                "identity": {"methods": ["password"], "password": {"user": user}},
                "scope": {"project": named(project)},
            }})
        }
        Method::ApplicationCredentialById(id) => json!({"auth": {"identity": {
            "methods": ["application_credential"],
            "application_credential": {"id": id, "secret": secret.expose()},
        }}}),
        Method::ApplicationCredentialByName { name, user } => json!({"auth": {"identity": {
            "methods": ["application_credential"],
            "application_credential": {"name": name, "secret": secret.expose(), "user": named(user)},
        }}}),
    }
}

/// Who logs in, in words.
fn subject(method: &Method) -> String {
    let user = |user: &Named| match user {
        Named::Id(name) | Named::Name { name, .. } => format!("the user {name}"),
    };
    match method {
        Method::Password { user: who, .. } => user(who),
        Method::ApplicationCredentialById(id) => format!("the application credential {id}"),
        Method::ApplicationCredentialByName { name, .. } => format!("the application credential {name}"),
    }
}

/// Logs in.
pub(crate) async fn log_in(
    client: &Client,
    profile: &Profile,
    secret: &Secret,
    now: Timestamp,
) -> Result<Login> {
    let root = &profile.auth_url;
    let call = Call::post(format!("{root}/auth/tokens"))
        .as_read()
        .header("Accept", "application/json")?
        .json(&log_in_body(&profile.method, secret))?
        .carrying(secret)
        .deadline(crate::session::READ_DEADLINE);
    let answer = client.send(call).await.map_err(refusal::of_connection)?;
    match answer.status() {
        200..=299 => {}
        401 => {
            let hint = match profile.method {
                Method::Password { .. } => "check OS_USERNAME, OS_PASSWORD, the project and the domains",
                _ => "check the application credential's id and secret, and whether it has expired",
            };
            return Err(Error::new(
                ErrorKind::Unauthorized,
                format!(
                    "the identity service at {root} does not accept the log-in of {}",
                    subject(&profile.method)
                ),
            )
            .hint(hint));
        }
        404 | 405 => {
            return Err(Error::new(
                ErrorKind::Service,
                format!("no identity service (Keystone v3) answers at {root}"),
            )
            .hint("check OS_AUTH_URL"));
        }
        _ => return Err(refusal::of(&answer, "identity", "log in")),
    }
    let no_token = || Error::new(ErrorKind::Service, format!("{root} accepted the log-in and gave no token"));
    let token = Secret::from(answer.header("x-subject-token").ok_or_else(no_token)?);
    let answered: AnsweredToken = answer.json::<Answered>()?.token;
    let ends = moment(&answered.expires_at).ok_or_else(no_token)?;
    // The token's life counts, not the moment of its end: the cloud's clock may differ from ours.
    let issued = answered.issued_at.as_deref().and_then(moment).unwrap_or(now);
    let life = ends.duration_since(issued).max(SignedDuration::ZERO);
    let expires = now.checked_add(life).unwrap_or(ends);
    let renew = expires.checked_sub(RENEW_BEFORE.min(life / 4)).unwrap_or(expires);
    let mut endpoints = Vec::new();
    for service in answered.catalog {
        for endpoint in service.endpoints {
            let Some(url) = endpoint.url else { continue };
            endpoints.push(Endpoint {
                service: service.kind.clone(),
                interface: endpoint.interface,
                region: endpoint.region_id.or(endpoint.region).unwrap_or_default(),
                url,
            });
        }
    }
    let facts = LoginFacts {
        expires,
        renew,
        user: answered.user.map(AnsweredName::shown).unwrap_or_default(),
        project_id: answered.project.as_ref().and_then(|project| project.id.clone()).unwrap_or_default(),
        project: answered.project.map(AnsweredName::shown).unwrap_or_default(),
        endpoints,
        compute_minor: None,
    };
    Ok(Login { token, facts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_log_in_reads_back() {
        let moment: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let facts = LoginFacts {
            expires: moment,
            renew: moment,
            user: "albert".into(),
            project: "p".into(),
            project_id: "1".into(),
            endpoints: vec![],
            compute_minor: Some(60),
        };
        let login = Login { token: Secret::from("geheim"), facts };
        assert!(!format!("{login:?}").contains("geheim"));
        let back = Login::from_cached(&login.to_cached().unwrap()).unwrap();
        assert_eq!(back.token.expose(), "geheim");
        assert_eq!(back.facts.compute_minor, Some(60));
        assert!(!back.is_fresh(moment));
        assert!(Login::from_cached(&Secret::from("{}")).is_none());
    }
}

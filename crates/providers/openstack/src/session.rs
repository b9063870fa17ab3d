//! Calls with a token: logging in once, renewing once, the right endpoint and version of an API.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloudmesh_model::{Error, ErrorKind, Result, Secret};
use cloudmesh_resource::Connection;
use cloudmesh_transport::http::{Answer, Call, Client, Effect, Proxies, Settings};
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use crate::catalogue::{self, Service};
use crate::identity::{self, Login};
use crate::refusal;
use crate::settings::Profile;

/// How long a read may take, its repeats included.
pub(crate) const READ_DEADLINE: Duration = Duration::from_secs(30);

/// How long a change may take. Creating servers on a busy cloud takes its time.
const CHANGE_DEADLINE: Duration = Duration::from_secs(90);

/// The minor version of Nova's API 2 that reads ask for. From 2.47 a server names its flavor; from 2.69
/// servers in a part of the cloud that is down are in the list instead of being left out in silence.
/// Changes ask for none: what they need is in 2.1, and from 2.37 on Nova no longer chooses a network.
const COMPUTE_MINOR: u32 = 69;

/// One cloud that we talk to.
pub(crate) struct Session {
    pub(crate) profile: Profile,
    pub(crate) connection: Connection,
    client: Client,
    login: AsyncMutex<Option<Arc<Login>>>,
    /// A password that the person gave, for renewals within this run.
    asked: Mutex<Option<Secret>>,
    compute_minor: AtomicU32,
}

/// A change that is about to be sent.
pub(crate) struct Change<'a> {
    pub(crate) service: Service,
    pub(crate) verb: Verb,
    pub(crate) path: &'a str,
    pub(crate) body: Option<Value>,
}

/// The verbs of changes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Verb {
    Post,
    Put,
    Delete,
}

impl Session {
    pub(crate) fn new(profile: Profile, connection: Connection) -> Self {
        let client = Client::new(Settings {
            cacert: profile.cacert.clone(),
            insecure: profile.insecure,
            proxies: Proxies::from_variables(&connection.surroundings.variables),
            ..Settings::default()
        });
        Self {
            profile,
            connection,
            client,
            login: AsyncMutex::new(None),
            asked: Mutex::new(None),
            compute_minor: AtomicU32::new(COMPUTE_MINOR),
        }
    }

    /// A read that must succeed.
    pub(crate) async fn get(&self, service: Service, path: &str) -> Result<Answer> {
        let answer = self.read(service, path).await?;
        if answer.is_success() {
            Ok(answer)
        } else {
            Err(refusal::of(&answer, service.title(), &reading(path)))
        }
    }

    /// A read of one thing; `None` if the service says that there is no such thing.
    pub(crate) async fn get_one(&self, service: Service, path: &str) -> Result<Option<Answer>> {
        let answer = self.read(service, path).await?;
        match answer.status() {
            404 => Ok(None),
            200..=299 => Ok(Some(answer)),
            _ => Err(refusal::of(&answer, service.title(), &reading(path))),
        }
    }

    async fn read(&self, service: Service, path: &str) -> Result<Answer> {
        self.send(
            service,
            None,
            |endpoint| Ok(Call::get(format!("{endpoint}{path}")).deadline(READ_DEADLINE)),
        )
        .await
    }

    /// A question that the service takes as a POST; it changes nothing.
    pub(crate) async fn ask(&self, service: Service, path: &str, body: &Value) -> Result<Answer> {
        self.send(service, None, |endpoint| {
            Call::post(format!("{endpoint}{path}")).as_read().deadline(READ_DEADLINE).json(body)
        })
        .await
    }

    /// A change; the answer is given back whatever its status.
    pub(crate) async fn change(&self, change: &Change<'_>) -> Result<Answer> {
        self.change_at(None, change).await
    }

    /// A change that needs a minor version of Nova's API.
    pub(crate) async fn change_at(&self, minor: Option<u32>, change: &Change<'_>) -> Result<Answer> {
        self.send(change.service, minor, |endpoint| {
            let url = format!("{endpoint}{}", change.path);
            let call = match change.verb {
                Verb::Post => Call::post(url),
                Verb::Put => Call::put(url),
                Verb::Delete => Call::delete(url),
            };
            let call = call.deadline(CHANGE_DEADLINE);
            match &change.body {
                Some(body) => call.json(body),
                None => Ok(call),
            }
        })
        .await
    }

    /// A read of a service's version document, which stands outside of every version.
    pub(crate) async fn get_plain(&self, url: String) -> Result<Answer> {
        let call = Call::get(url).header("Accept", "application/json")?.deadline(READ_DEADLINE);
        self.client.send(call).await.map_err(refusal::of_connection)
    }

    /// The endpoint of a service.
    pub(crate) async fn endpoint(&self, service: Service) -> Result<String> {
        let login = self.log_in().await?;
        self.endpoint_of(&login, service)
    }

    fn endpoint_of(&self, login: &Login, service: Service) -> Result<String> {
        let profile = &self.profile;
        catalogue::endpoint(&login.facts.endpoints, service, profile.region.as_deref(), profile.interface)
    }

    async fn send(
        &self,
        service: Service,
        needed: Option<u32>,
        make: impl Fn(&str) -> Result<Call>,
    ) -> Result<Answer> {
        let mut login = self.log_in().await?;
        let mut renewed = false;
        loop {
            let endpoint = self.endpoint_of(&login, service)?;
            let mut call = make(&endpoint)?
                .header("Accept", "application/json")?
                .secret_header("X-Auth-Token", &login.token)?;
            let minor = self.compute_minor.load(Ordering::Relaxed);
            let versioned = service == Service::Compute && call.effect() == Effect::Read && minor > 1;
            let asked = needed.or(versioned.then_some(minor));
            if let Some(minor) = asked {
                call = call
                    .header("OpenStack-API-Version", &format!("compute 2.{minor}"))?
                    .header("X-OpenStack-Nova-API-Version", &format!("2.{minor}"))?;
            }
            let answer = self.client.send(call).await.map_err(refusal::of_connection)?;
            match answer.status() {
                // Refused before anything was done, so that even a change may be sent once more.
                401 if !renewed => {
                    renewed = true;
                    login = self.renew(&login).await?;
                }
                406 if versioned => self.lower_compute_version(&login, minor, &answer).await,
                _ => return Ok(answer),
            }
        }
    }

    /// An older Nova refuses our version and says what its newest is.
    async fn lower_compute_version(&self, login: &Login, refused: u32, answer: &Answer) {
        let newest = newest_minor(answer.body()).filter(|newest| *newest < refused).unwrap_or(1);
        tracing::debug!(refused, newest, "the compute service is older than asked for");
        self.compute_minor.store(newest, Ordering::Relaxed);
        let mut facts = login.facts.clone();
        facts.compute_minor = Some(newest);
        self.keep(&Login { token: login.token.clone(), facts });
    }

    /// Whether lists of servers also show those in parts of the cloud that are down.
    pub(crate) fn lists_are_whole(&self) -> bool {
        self.compute_minor.load(Ordering::Relaxed) >= COMPUTE_MINOR
    }

    /// The log-in: the one of this run, else the one kept from an earlier run, else a new one.
    pub(crate) async fn log_in(&self) -> Result<Arc<Login>> {
        let now = self.connection.clock.now();
        let mut slot = self.login.lock().await;
        if let Some(login) = slot.as_ref().filter(|login| login.is_fresh(now)) {
            return Ok(login.clone());
        }
        let login = match self.kept().filter(|login| login.is_fresh(now)) {
            Some(login) => login,
            None => self.log_in_anew().await?,
        };
        Ok(self.hold(&mut slot, login))
    }

    /// Another log-in in place of `stale`, which the cloud no longer accepts.
    async fn renew(&self, stale: &Arc<Login>) -> Result<Arc<Login>> {
        let now = self.connection.clock.now();
        let mut slot = self.login.lock().await;
        if let Some(login) = slot.as_ref().filter(|login| !Arc::ptr_eq(login, stale)) {
            return Ok(login.clone());
        }
        let other = |login: &Login| login.is_fresh(now) && login.token.expose() != stale.token.expose();
        let login = match self.kept().filter(other) {
            Some(login) => login,
            None => self.log_in_anew().await?,
        };
        Ok(self.hold(&mut slot, login))
    }

    fn hold(&self, slot: &mut Option<Arc<Login>>, login: Login) -> Arc<Login> {
        if let Some(minor) = login.facts.compute_minor {
            self.compute_minor.store(minor.min(COMPUTE_MINOR), Ordering::Relaxed);
        }
        let login = Arc::new(login);
        *slot = Some(login.clone());
        login
    }

    fn kept(&self) -> Option<Login> {
        match self.connection.secrets.get(&identity::cache_name(&self.profile)) {
            Ok(text) => Login::from_cached(&text?),
            Err(error) => {
                tracing::warn!(%error, "the log-in of an earlier run cannot be read");
                None
            }
        }
    }

    fn keep(&self, login: &Login) {
        let name = identity::cache_name(&self.profile);
        let kept = login.to_cached().and_then(|text| self.connection.secrets.put(&name, &text));
        if let Err(error) = kept {
            tracing::warn!(%error, "the log-in cannot be kept for the next run");
        }
    }

    async fn log_in_anew(&self) -> Result<Login> {
        let secret = self.secret().await?;
        let now = self.connection.clock.now();
        let mut login = match identity::log_in(&self.client, &self.profile, &secret, now).await {
            Ok(login) => login,
            Err(error) => {
                if error.kind() == ErrorKind::Unauthorized {
                    *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = None;
                }
                return Err(error);
            }
        };
        let minor = self.compute_minor.load(Ordering::Relaxed);
        login.facts.compute_minor = (minor < COMPUTE_MINOR).then_some(minor);
        self.keep(&login);
        Ok(login)
    }

    /// The password, or the secret of the application credential.
    async fn secret(&self) -> Result<Secret> {
        let name = self.profile.method.secret_name();
        let place = &self.profile.place;
        let open = |secret: &Secret| secret.expose().trim().eq_ignore_ascii_case("tbd");
        if let Some(secret) = self.connection.secrets.get(&format!("cloud/{place}/{name}"))? {
            if open(&secret) {
                return Err(Error::bad_input(format!("{name} of the cloud {place} is still TBD")));
            }
            return Ok(secret);
        }
        if let Some(secret) = self.profile.secrets.get(name) {
            return Ok(secret.clone());
        }
        let asked = || self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(secret) = asked().clone() {
            return Ok(secret);
        }
        let ask = self.connection.ask.clone();
        let what = format!("{name} of {place}");
        let secret = tokio::task::spawn_blocking(move || ask.secret(&what))
            .await
            .map_err(|_| Error::internal("asking for a password failed"))??;
        *asked() = Some(secret.clone());
        Ok(secret)
    }
}

/// What a read was after, for a message: the path without ids and query.
fn reading(path: &str) -> String {
    let list = path.split('?').next().unwrap_or(path).trim_matches('/');
    let mut segments = list.split('/');
    let subject = segments
        .next()
        .unwrap_or(list)
        .trim_start_matches("os-")
        .replace("floatingips", "floating addresses");
    format!("read the {subject}")
}

/// The newest minor version in a refusal of a version.
fn newest_minor(body: &[u8]) -> Option<u32> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let told = value
        .pointer("/errors/0/max_version")
        .and_then(Value::as_str)
        .map(str::to_owned)
        // Nova itself: "Version 2.99 is not supported by the API. Minimum is 2.1 and maximum is 2.96."
        .or_else(|| {
            let sentence = refusal::Told::read(body).sentence?;
            Some(sentence.rsplit_once("maximum is ")?.1.trim_end_matches('.').to_owned())
        })?;
    told.strip_prefix("2.")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_read_from_every_form_of_refusal() {
        let list = br#"{"errors": [{"code": "x", "max_version": "2.60", "min_version": "2.1"}]}"#;
        assert_eq!(newest_minor(list), Some(60));
        let sentence = br#"{"computeFault": {"message": "Version 2.69 is not supported by the API. Minimum is 2.1 and maximum is 2.53.", "code": 406}}"#;
        assert_eq!(newest_minor(sentence), Some(53));
        assert_eq!(newest_minor(b"<html>"), None);
    }

    #[test]
    fn a_message_says_what_was_read() {
        assert_eq!(reading("/servers/detail?limit=1"), "read the servers");
        assert_eq!(reading("/os-keypairs"), "read the keypairs");
    }
}

//! What the tests of this crate share: secrets in memory, somebody to ask, lists as vectors.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cloudmesh_model::compute::{Flavor, FloatingAddress, Image, KeyPair, Server, ServerStatus};
use cloudmesh_model::{
    Ask, Error, ErrorKind, Installation, Mark, NativeId, Result, Secret, SecretStore, SystemClock, ThingId,
    ThingKind,
};
use cloudmesh_openstack::OpenStack;
use cloudmesh_resource::{
    Action, Compute, ComputeAction, Connection, CreateServer, Performed, Place, PlaceDescription, Provider,
    Request, Surroundings, Thing,
};

/// Secrets in memory.
#[derive(Default)]
pub(crate) struct MemorySecrets(Mutex<BTreeMap<String, Secret>>);

impl SecretStore for MemorySecrets {
    fn get(&self, name: &str) -> Result<Option<Secret>> {
        Ok(self.0.lock().unwrap().get(name).cloned())
    }

    fn put(&self, name: &str, secret: &Secret) -> Result<()> {
        self.0.lock().unwrap().insert(name.to_owned(), secret.clone());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.0.lock().unwrap().remove(name);
        Ok(())
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>> {
        let names = self.0.lock().unwrap();
        Ok(names.keys().filter(|name| name.starts_with(prefix)).cloned().collect())
    }
}

/// Somebody who knows a password, and counts how often it was asked for.
#[derive(Default)]
pub(crate) struct Person {
    pub(crate) password: Option<String>,
    pub(crate) asked: AtomicUsize,
}

impl Ask for Person {
    fn secret(&self, what: &str) -> Result<Secret> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match &self.password {
            Some(password) => Ok(Secret::from(password.as_str())),
            None => Err(Error::new(ErrorKind::Refused, format!("{what} is needed"))),
        }
    }

    fn confirm(&self, _: &str) -> Result<bool> {
        Ok(false)
    }

    fn text(&self, what: &str) -> Result<String> {
        Err(Error::new(ErrorKind::Refused, format!("{what} is needed")))
    }
}

/// One user's surroundings.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) installation: Installation,
    pub(crate) secrets: Arc<MemorySecrets>,
    pub(crate) person: Arc<Person>,
}

impl Default for User {
    fn default() -> Self {
        Self { installation: "0123abcd".parse().unwrap(), secrets: Arc::default(), person: Arc::default() }
    }
}

impl User {
    pub(crate) fn connection(&self) -> Connection {
        Connection {
            installation: self.installation.clone(),
            clock: Arc::new(SystemClock),
            secrets: self.secrets.clone(),
            ask: self.person.clone(),
            surroundings: Surroundings::default(),
            home: PathBuf::new(),
            runtime_folder: PathBuf::new(),
            program: PathBuf::new(),
        }
    }

    /// As a new run of the program would.
    pub(crate) fn connect(&self, place: &PlaceDescription) -> Arc<dyn Compute> {
        match OpenStack.connect(place.clone(), self.connection()).unwrap() {
            Place::Compute(compute) => compute,
            Place::Batch(_) => panic!("not a compute cloud"),
        }
    }

    pub(crate) fn mark(&self, thing: &ThingId) -> Option<Mark> {
        Mark::of(&self.installation, thing)
    }
}

pub(crate) fn description(name: &str, settings: &[(&str, &str)]) -> PlaceDescription {
    PlaceDescription {
        name: name.to_owned(),
        provider: "openstack".to_owned(),
        heading: String::new(),
        source: "test".to_owned(),
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        secrets: BTreeMap::new(),
        defaults: BTreeMap::new(),
    }
}

pub(crate) async fn servers(cloud: &dyn Compute) -> Result<Vec<Server>> {
    let mut all = Vec::new();
    cloud.servers(&mut |page| all.extend(page)).await?;
    Ok(all)
}

pub(crate) async fn images(cloud: &dyn Compute) -> Result<Vec<Image>> {
    let mut all = Vec::new();
    cloud.images(&mut |page| all.extend(page)).await?;
    Ok(all)
}

pub(crate) async fn flavors(cloud: &dyn Compute) -> Result<Vec<Flavor>> {
    let mut all = Vec::new();
    cloud.flavors(&mut |page| all.extend(page)).await?;
    Ok(all)
}

pub(crate) async fn keys(cloud: &dyn Compute) -> Result<Vec<KeyPair>> {
    let mut all = Vec::new();
    cloud.keys(&mut |page| all.extend(page)).await?;
    Ok(all)
}

pub(crate) async fn addresses(cloud: &dyn Compute) -> Result<Vec<FloatingAddress>> {
    let mut all = Vec::new();
    cloud.addresses(&mut |page| all.extend(page)).await?;
    Ok(all)
}

pub(crate) fn request(user: &User, action: ComputeAction, natives: &[(&ThingId, &NativeId)]) -> Request {
    let action = Action::Compute(action);
    let mark = user.mark(action.subject().1);
    Request {
        action,
        mark,
        natives: natives.iter().map(|(id, native)| ((*id).clone(), (*native).clone())).collect(),
        attachments: BTreeMap::new(),
    }
}

pub(crate) async fn perform(cloud: &dyn Compute, request: Request) -> Result<Performed> {
    cloud.perform(vec![request]).await.pop().unwrap()
}

pub(crate) fn create(id: &ThingId, name: &str, image: &Image, flavor: &Flavor) -> CreateServer {
    CreateServer {
        server: id.clone(),
        name: name.to_owned(),
        image: image.native.clone(),
        image_name: image.name.clone(),
        flavor: flavor.native.clone(),
        flavor_name: flavor.name.clone(),
        key: None,
        networks: vec![],
        security_groups: vec![],
        zone: None,
        user_data: None,
        username: Some("ubuntu".to_owned()),
        metadata: BTreeMap::from([("project".to_owned(), "trial".to_owned())]),
        ports: vec![],
        server_group: None,
        volume: None,
    }
}

/// Looks at a server until it is as wanted; `None` waits until it is gone.
pub(crate) async fn until(
    cloud: &dyn Compute,
    id: &ThingId,
    native: &NativeId,
    goal: Option<ServerStatus>,
) -> Option<Server> {
    for _ in 0..600 {
        let seen = cloud.look(ThingKind::Server, &[(id.clone(), native.clone())]).await.unwrap();
        let status = match &seen[0].thing {
            Some(Thing::Server(server)) if server.status == ServerStatus::Gone => None,
            Some(Thing::Server(server)) => Some((server.status, server.clone())),
            _ => None,
        };
        match (status, goal) {
            (None, None) => return None,
            (Some((status, server)), Some(goal)) if status == goal => return Some(server),
            (Some((ServerStatus::Error, server)), _) => panic!("in error: {:?}", server.fault),
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    panic!("{native} is not yet {goal:?}");
}

//! A real OpenStack, shared by all cases: its servers are never reached.

use std::sync::Arc;
use std::time::Duration;

use cloudmesh_conformance::{ComputeSetup, Feature, Outcome, User, lag};
use cloudmesh_model::Secret;
use cloudmesh_openstack::OpenStack;
use cloudmesh_resource::{Capability, Place, PlaceDescription, Provider, Surroundings};

use super::{Kind, Peer, closed_port};

pub(crate) const PASSWORD: &str = "openstack-password";
pub(crate) const CREDENTIAL: &str = "openstack-credential";

const VARIABLE: &str = "CLOUDMESH_TEST_OPENSTACK";
/// Set where that cloud has Cinder; the rig of the project has none.
const VOLUMES: &str = "CLOUDMESH_TEST_OPENSTACK_VOLUMES";

pub(crate) fn peers() -> Vec<Peer> {
    // By pages of two in one, by the cloud's own pages in the other.
    [(PASSWORD, "rig", Some(2)), (CREDENTIAL, "rig-appcred", None)].map(peer).into()
}

fn peer((name, cloud, page_size): (&'static str, &str, Option<usize>)) -> Peer {
    let kind = described(cloud).and_then(|mut place| {
        if let Some(size) = page_size {
            place.settings.insert("page_size".to_owned(), size.to_string());
        }
        let capabilities = capabilities(&place).map_err(|failure| failure.to_string())?;
        let mut features = vec![Feature::Pools, Feature::WrongPassword, Feature::ClosedPort];
        if std::env::var_os(VOLUMES).is_some() {
            features.push(Feature::Volumes);
        }
        let open = Arc::new(move || {
            let setup = open(name, &place, page_size);
            Box::pin(async { setup }) as _
        });
        Ok(Kind::Compute { capabilities, features, open })
    });
    Peer { name, kind: kind.unwrap_or_else(Kind::Absent) }
}

fn described(cloud: &str) -> Result<PlaceDescription, String> {
    let path = std::env::var(VARIABLE).map_err(|_| format!("{VARIABLE} names no clouds.yaml"))?;
    let mut surroundings = Surroundings::default();
    surroundings.variables.insert("OS_CLIENT_CONFIG_FILE".to_owned(), path.clone());
    let places = OpenStack.discover(&surroundings).map_err(|error| error.to_string())?;
    let place = places.into_iter().find(|place| place.name == cloud);
    place.ok_or_else(|| format!("{path} has no cloud called {cloud}"))
}

/// What the provider can do; connecting makes no call.
pub(crate) fn capabilities(place: &PlaceDescription) -> Outcome<&'static [Capability]> {
    match User::new(Arc::new(OpenStack), place.clone()).connect()? {
        Place::Compute(cloud) => Ok(cloud.capabilities()),
        Place::Batch(_) => Err("an OpenStack cloud is a batch system".to_owned().into()),
    }
}

fn open(peer: &str, place: &PlaceDescription, page_size: Option<usize>) -> Outcome<ComputeSetup> {
    let mut wrong_password = place.clone();
    for secret in wrong_password.secrets.values_mut() {
        *secret = Secret::from("wrong-0f7Zq-password");
    }
    let mut dead = place.clone();
    dead.settings.insert("OS_AUTH_URL".to_owned(), format!("http://127.0.0.1:{}/v3", closed_port()?));
    Ok(ComputeSetup {
        user: User::new(Arc::new(OpenStack), place.clone()),
        image: None,
        flavor: None,
        networks: Vec::new(),
        page_size,
        lag: lag(peer),
        patience: Duration::from_secs(120),
        tick: Duration::from_millis(300),
        case_limit: Duration::from_secs(300),
        wrong_password: Some(wrong_password),
        closed_port: Some(dead),
        silent_port: None,
        faults: None,
        guard: Box::new(()),
    })
}

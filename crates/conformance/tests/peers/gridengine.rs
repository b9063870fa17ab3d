//! A real Grid Engine, shared by all cases, over the user's OpenSSH.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cloudmesh_conformance::{BatchSetup, Feature, Outcome, User};
use cloudmesh_qsub::GridEngineProvider;
use cloudmesh_resource::{Place, PlaceDescription};

use super::{Kind, Peer, closed_port, description};

pub(crate) const GRIDENGINE: &str = "gridengine";

const CONFIG: &str = "CLOUDMESH_TEST_GRIDENGINE_SSH_CONFIG";
const HOST: &str = "CLOUDMESH_TEST_GRIDENGINE_HOST";

pub(crate) fn peer() -> Peer {
    let (Ok(config), Ok(host)) = (std::env::var(CONFIG), std::env::var(HOST)) else {
        return Peer { name: GRIDENGINE, kind: Kind::Absent(format!("{CONFIG} and {HOST} name no cluster")) };
    };
    let place = place(&config, &host);
    let capabilities = match User::new(Arc::new(GridEngineProvider), place.clone()).connect() {
        Ok(Place::Batch(batch)) => Ok(batch.capabilities()),
        Ok(Place::Compute(_)) => Err("a Grid Engine is a cloud".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let features = vec![Feature::ClosedPort];
    let kind = match capabilities {
        Ok(capabilities) => Kind::Batch {
            capabilities,
            features,
            open: Arc::new(move || {
                let setup = open(&place);
                Box::pin(async { setup })
            }),
        },
        Err(why) => Kind::Absent(why),
    };
    Peer { name: GRIDENGINE, kind }
}

fn place(config: &str, host: &str) -> PlaceDescription {
    let settings =
        [("cm_host", host), ("ssh_config", config), ("experiment_dir", "cm conformance"), ("settle", "3")];
    description("rig", "gridengine", &settings)
}

/// Sockets stay in one place, so that all cases share one connection.
fn runtime_folder() -> PathBuf {
    std::env::temp_dir().join(format!("cm-conf-ge-{}", std::env::var("USER").unwrap_or_default()))
}

fn open(place: &PlaceDescription) -> Outcome<BatchSetup> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let config = folder.path().join("config");
    let text = format!("Host *\n  HostName 127.0.0.1\n  Port {}\n  BatchMode yes\n", closed_port()?);
    std::fs::write(&config, text).map_err(|error| error.to_string())?;
    let mut dead = place.clone();
    dead.settings.insert("ssh_config".to_owned(), config.display().to_string());
    dead.settings.insert("cm_host".to_owned(), "nobody-listens-there".to_owned());
    let mut user = User::new(Arc::new(GridEngineProvider), place.clone());
    user.runtime_folder = runtime_folder();
    user.home = folder.path().to_owned();
    Ok(BatchSetup {
        user,
        array_variable: "SGE_TASK_ID",
        memory: None,
        time_limit: 60,
        folder: "cm conformance elsewhere".to_owned(),
        patience: Duration::from_secs(120),
        tick: Duration::from_millis(500),
        case_limit: Duration::from_secs(400),
        closed_port: Some(dead),
        guard: Box::new(folder),
    })
}

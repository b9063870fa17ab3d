//! A real Slurm, shared by all cases, over the user's OpenSSH.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cloudmesh_conformance::{BatchSetup, Feature, Outcome, User};
use cloudmesh_resource::{Place, PlaceDescription};
use cloudmesh_slurm::SlurmProvider;

use super::{Kind, Peer, closed_port, description};

pub(crate) const SLURM: &str = "slurm";

const CONFIG: &str = "CLOUDMESH_TEST_SLURM_SSH_CONFIG";
const HOST: &str = "CLOUDMESH_TEST_SLURM_HOST";

pub(crate) fn peer() -> Peer {
    let (Ok(config), Ok(host)) = (std::env::var(CONFIG), std::env::var(HOST)) else {
        return Peer { name: SLURM, kind: Kind::Absent(format!("{CONFIG} and {HOST} name no cluster")) };
    };
    let place = place(&config, &host);
    let capabilities = match User::new(Arc::new(SlurmProvider), place.clone()).connect() {
        Ok(Place::Batch(batch)) => Ok(batch.capabilities()),
        Ok(Place::Compute(_)) => Err("a Slurm cluster is a cloud".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let mut features = vec![Feature::ClosedPort];
    // Slurm counts in minutes, and looks twice a minute.
    if std::env::var_os("CLOUDMESH_SOAK").is_some_and(|value| value == "1") {
        features.push(Feature::TimeLimit);
    }
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
    Peer { name: SLURM, kind }
}

fn place(config: &str, host: &str) -> PlaceDescription {
    let settings =
        [("cm_host", host), ("ssh_config", config), ("experiment_dir", "cm conformance"), ("settle", "3")];
    description("rig", "slurm", &settings)
}

/// Sockets stay in one place, so that all cases share one connection.
fn runtime_folder() -> PathBuf {
    std::env::temp_dir().join(format!("cm-conf-{}", std::env::var("USER").unwrap_or_default()))
}

fn open(place: &PlaceDescription) -> Outcome<BatchSetup> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let config = folder.path().join("config");
    let text = format!("Host *\n  HostName 127.0.0.1\n  Port {}\n  BatchMode yes\n", closed_port()?);
    std::fs::write(&config, text).map_err(|error| error.to_string())?;
    let mut dead = place.clone();
    dead.settings.insert("ssh_config".to_owned(), config.display().to_string());
    dead.settings.insert("cm_host".to_owned(), "nobody-listens-there".to_owned());
    let mut user = User::new(Arc::new(SlurmProvider), place.clone());
    user.runtime_folder = runtime_folder();
    user.home = folder.path().to_owned();
    Ok(BatchSetup {
        user,
        array_variable: "SLURM_ARRAY_TASK_ID",
        memory: Some(10),
        time_limit: 60,
        folder: "cm conformance elsewhere".to_owned(),
        patience: Duration::from_secs(120),
        tick: Duration::from_millis(500),
        case_limit: Duration::from_secs(400),
        closed_port: Some(dead),
        guard: Box::new(folder),
    })
}

//! The queue of this computer: a folder of its own for each case. This test program is its runner.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cloudmesh_conformance::{BatchSetup, Feature, Outcome, User};
use cloudmesh_local::LocalProvider;
use cloudmesh_resource::{Place, PlaceDescription};

use super::{Kind, Peer, description};

pub(crate) const LOCAL: &str = "local";

pub(crate) fn peer() -> Peer {
    let capabilities = match User::new(Arc::new(LocalProvider), place()).connect() {
        Ok(Place::Batch(batch)) => Ok(batch.capabilities()),
        Ok(Place::Compute(_)) => Err("this computer is a cloud".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let kind = match capabilities {
        Ok(capabilities) => Kind::Batch {
            capabilities,
            features: vec![Feature::TimeLimit],
            open: Arc::new(|| Box::pin(async { open() })),
        },
        Err(why) => Kind::Absent(why),
    };
    Peer { name: LOCAL, kind }
}

fn place() -> PlaceDescription {
    description(LOCAL, LOCAL, &[("slots", "4")])
}

fn open() -> Outcome<BatchSetup> {
    let home = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut user = User::new(Arc::new(LocalProvider), place());
    for (name, value) in [("PATH", "/usr/bin:/bin"), ("USER", "somebody")] {
        user.surroundings.variables.insert(name.to_owned(), value.to_owned());
    }
    user.surroundings.user_home = Some(home.path().join("user home"));
    user.surroundings.working_folder = PathBuf::from("/");
    user.home = home.path().to_owned();
    user.runtime_folder = home.path().to_owned();
    user.program = std::env::current_exe().map_err(|error| error.to_string())?;
    Ok(BatchSetup {
        user,
        array_variable: "CLOUDMESH_ARRAY_INDEX",
        memory: None,
        time_limit: 1,
        folder: "my jobs".to_owned(),
        patience: Duration::from_secs(60),
        tick: Duration::from_millis(20),
        case_limit: Duration::from_secs(120),
        closed_port: None,
        guard: Box::new(Home(home)),
    })
}

/// A home that is removed although its runner, which stays for some seconds, may still write into it.
struct Home(tempfile::TempDir);

impl Drop for Home {
    fn drop(&mut self) {
        for _ in 0..100 {
            // Not yet empty, or gone: the next look tells.
            let _ = std::fs::remove_dir_all(self.0.path());
            std::thread::sleep(Duration::from_millis(50));
            if !self.0.path().exists() {
                return;
            }
        }
    }
}

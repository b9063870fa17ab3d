//! The provider for Slurm clusters, over the user's OpenSSH.
//!
//! On a cluster it runs constant scripts (`scripts/`) on the login node, all data on their standard
//! input. Each job has a folder named by its mark under the experiment folder, in which those scripts keep what
//! makes a submission happen exactly once.

mod answer;
mod cluster;
mod control;
mod reason;
mod record;
mod refusal;
#[cfg(test)]
mod script_tests;
mod submission;
mod system;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use cloudmesh_model::{Error, Result};
use cloudmesh_resource::{Connection, Family, Place, PlaceDescription, Provider, Setting, Surroundings};
use cloudmesh_transport::ssh::askpass::Asking;
use cloudmesh_transport::ssh::{SshHost, SshSettings};

pub use cluster::SlurmCluster;

static SETTINGS: &[Setting] = &[
    Setting {
        name: "cm_host",
        about: "The cluster's login node, as you write it after `ssh`",
        secret: false,
    },
    Setting {
        name: "ssh_config",
        about: "An SSH configuration file in place of ~/.ssh/config",
        secret: false,
    },
    Setting {
        name: "username",
        about: "Your account there, if the SSH configuration does not say it",
        secret: false,
    },
    Setting {
        name: "experiment_dir",
        about: "Folder for the jobs' folders, relative to your home there; `cloudmesh` if it is not set",
        secret: false,
    },
    Setting { name: "queue", about: "Partition for jobs that name none", secret: false },
    Setting { name: "account", about: "Account to charge for jobs that name none", secret: false },
    Setting {
        name: "settle",
        about: "Seconds after which a submission that was cut off can no longer take effect; 30 if it is not set",
        secret: false,
    },
];

/// What a place's settings say.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) experiment_folder: String,
    pub(crate) queue: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) settle: Duration,
}

/// The provider of `cm_type: slurm`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SlurmProvider;

impl Provider for SlurmProvider {
    fn name(&self) -> &'static str {
        "slurm"
    }

    fn family(&self) -> Family {
        Family::Batch
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn discover(&self, _surroundings: &Surroundings) -> Result<Vec<PlaceDescription>> {
        // Nothing in an SSH configuration tells a cluster from any other host.
        Ok(Vec::new())
    }

    fn connect(&self, place: PlaceDescription, connection: Connection) -> Result<Place> {
        let name = place.name.clone();
        let given = Given { settings: &place.settings };
        let at = |error: Error| error.at(&name);
        let host = given.text("cm_host").map_err(at)?.ok_or_else(|| {
            Error::bad_input("`cm_host` is missing")
                .hint("set it to the login node's alias, as you write it after `ssh`")
                .at(&name)
        })?;
        let mut ssh = SshSettings::new(host, &connection.runtime_folder);
        ssh.ask = Some(Asking { person: connection.ask.clone(), helper: connection.program.clone() });
        ssh.user = given.text("username").map_err(at)?;
        ssh.config = given
            .text("ssh_config")
            .map_err(at)?
            .map(|text| in_home(&text, connection.surroundings.user_home.as_ref()));
        let experiment_folder = given.text("experiment_dir").map_err(at)?;
        let settings = Settings {
            experiment_folder: folder(&experiment_folder.unwrap_or_else(|| "cloudmesh".to_owned()))
                .map_err(at)?,
            queue: given.text("queue").map_err(at)?,
            account: given.text("account").map_err(at)?,
            settle: Duration::from_secs(given.seconds("settle", 30).map_err(at)?),
        };
        let ssh = SshHost::new(ssh).map_err(at)?;
        Ok(Place::Batch(Arc::new(SlurmCluster::new(place.name, settings, ssh, connection))))
    }
}

struct Given<'a> {
    settings: &'a BTreeMap<String, String>,
}

impl Given<'_> {
    fn text(&self, name: &str) -> Result<Option<String>> {
        match self.settings.get(name).map(|text| text.trim()) {
            None | Some("") => Ok(None),
            Some("TBD") => {
                Err(Error::bad_input(format!("`{name}` is still TBD")).hint("fill it in, or remove it"))
            }
            Some(text) => Ok(Some(text.to_owned())),
        }
    }

    fn seconds(&self, name: &str, otherwise: u64) -> Result<u64> {
        match self.text(name)? {
            None => Ok(otherwise),
            Some(text) => text.parse().ok().filter(|seconds| *seconds <= 3600).ok_or_else(|| {
                Error::bad_input(format!("`{name}` is `{text}`, not a number of seconds"))
                    .hint("give a whole number up to 3600")
            }),
        }
    }
}

/// A folder on the cluster as the scripts take it: `~/` is where they begin anyway.
pub(crate) fn folder(text: &str) -> Result<String> {
    let text = text.strip_prefix("~/").or_else(|| text.strip_prefix("$HOME/")).unwrap_or(text);
    let text = if text == "~" || text.is_empty() { "." } else { text };
    if text.chars().any(char::is_control) {
        return Err(Error::bad_input(format!("`{}` cannot be a folder", text.escape_debug()))
            .hint("use a path without control characters"));
    }
    Ok(text.to_owned())
}

fn in_home(text: &str, home: Option<&PathBuf>) -> PathBuf {
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    }
}

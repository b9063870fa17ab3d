//! The providers for clusters whose jobs are submitted by `qsub`: `pbs` (OpenPBS, PBS Pro, TORQUE) and `gridengine`, over
//! the user's OpenSSH.
//!
//! On a cluster they run constant scripts (`scripts/`) on the log-in node, all data on their standard input. Each job has a
//! folder named by its mark, in which those scripts keep what makes a submission happen exactly once.

mod answer;
#[cfg(test)]
mod captures;
mod cluster;
mod gridengine;
mod openpbs;
mod row;
mod submission;
mod system;
mod torque;
mod xml;

use std::sync::Arc;
use std::time::Duration;

use cloudmesh_model::{Error, Result};
use cloudmesh_resource::{Connection, Family, Place, PlaceDescription, Provider, Setting, Surroundings};
use cloudmesh_transport::ssh::askpass::Asking;
use cloudmesh_transport::ssh::{SshHost, SshSettings};

pub use cluster::QsubCluster;

static PBS_SETTINGS: &[Setting] = &[
    Setting {
        name: "cm_host",
        about: "The cluster's login node, as you write it after `ssh`",
        secret: false,
    },
    Setting {
        name: "dialect",
        about: "`openpbs` or `torque`; found by asking the login node if it is not set",
        secret: false,
    },
    SSH_CONFIG,
    USERNAME,
    EXPERIMENT_DIR,
    QUEUE,
    ACCOUNT,
    SETTLE,
];

static GRIDENGINE_SETTINGS: &[Setting] = &[
    Setting {
        name: "cm_host",
        about: "The cluster's login node, as you write it after `ssh`",
        secret: false,
    },
    Setting {
        name: "parallel_environment",
        about: "Parallel environment for jobs of several tasks; `smp` if it is not set",
        secret: false,
    },
    SSH_CONFIG,
    USERNAME,
    EXPERIMENT_DIR,
    QUEUE,
    ACCOUNT,
    SETTLE,
];

const SSH_CONFIG: Setting = Setting {
    name: "ssh_config",
    about: "An SSH configuration file in place of ~/.ssh/config",
    secret: false,
};
const USERNAME: Setting = Setting {
    name: "username",
    about: "Your account there, if the SSH configuration does not say it",
    secret: false,
};
const EXPERIMENT_DIR: Setting = Setting {
    name: "experiment_dir",
    about: "Folder for the jobs' folders, relative to your home there; `cloudmesh` if it is not set",
    secret: false,
};
const QUEUE: Setting = Setting { name: "queue", about: "Queue for jobs that name none", secret: false };
const ACCOUNT: Setting =
    Setting { name: "account", about: "Account to charge for jobs that name none", secret: false };
const SETTLE: Setting = Setting {
    name: "settle",
    about: "Seconds after which a submission that was cut off can no longer take effect; 30 if it is not set",
    secret: false,
};

/// Which system is behind `qsub`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenPBS and PBS Pro: JSON, history by `qstat -x`.
    OpenPbs,
    /// TORQUE: XML by `qstat -x`.
    Torque,
    /// Grid Engine and its children: XML by `qstat -xml`, records by `qacct`.
    GridEngine,
}

impl Dialect {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::OpenPbs => "openpbs",
            Self::Torque => "torque",
            Self::GridEngine => "gridengine",
        }
    }
}

/// What a place's settings say.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) experiment_folder: String,
    pub(crate) queue: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) parallel_environment: String,
    pub(crate) settle: Duration,
}

/// The provider of `cm_type: pbs`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PbsProvider;

/// The provider of `cm_type: gridengine`.
#[derive(Clone, Copy, Debug, Default)]
pub struct GridEngineProvider;

impl Provider for PbsProvider {
    fn name(&self) -> &'static str {
        "pbs"
    }

    fn family(&self) -> Family {
        Family::Batch
    }

    fn settings(&self) -> &'static [Setting] {
        PBS_SETTINGS
    }

    fn discover(&self, _surroundings: &Surroundings) -> Result<Vec<PlaceDescription>> {
        Ok(Vec::new())
    }

    fn connect(&self, place: PlaceDescription, connection: Connection) -> Result<Place> {
        let dialect = match text(&place, "dialect")?.as_deref() {
            None => None,
            Some("openpbs" | "pbspro") => Some(Dialect::OpenPbs),
            Some("torque") => Some(Dialect::Torque),
            Some(other) => {
                return Err(Error::bad_input(format!("there is no dialect `{other}` of PBS"))
                    .hint("write openpbs or torque, or leave it out")
                    .at(&place.name));
            }
        };
        connect(place, connection, dialect, false)
    }
}

impl Provider for GridEngineProvider {
    fn name(&self) -> &'static str {
        "gridengine"
    }

    fn family(&self) -> Family {
        Family::Batch
    }

    fn settings(&self) -> &'static [Setting] {
        GRIDENGINE_SETTINGS
    }

    fn discover(&self, _surroundings: &Surroundings) -> Result<Vec<PlaceDescription>> {
        Ok(Vec::new())
    }

    fn connect(&self, place: PlaceDescription, connection: Connection) -> Result<Place> {
        connect(place, connection, Some(Dialect::GridEngine), true)
    }
}

fn text(place: &PlaceDescription, name: &str) -> Result<Option<String>> {
    match place.settings.get(name).map(|text| text.trim()) {
        None | Some("") => Ok(None),
        Some("TBD") => Err(Error::bad_input(format!("`{name}` is still TBD"))
            .hint("fill it in, or remove it")
            .at(&place.name)),
        Some(text) => Ok(Some(text.to_owned())),
    }
}

fn connect(
    place: PlaceDescription,
    connection: Connection,
    dialect: Option<Dialect>,
    gridengine: bool,
) -> Result<Place> {
    let at = |error: Error| error.at(&place.name);
    let host = text(&place, "cm_host")?.ok_or_else(|| {
        at(Error::bad_input("`cm_host` is missing")
            .hint("set it to the login node's alias, as you write it after `ssh`"))
    })?;
    let mut ssh = SshSettings::new(host, &connection.runtime_folder);
    ssh.ask = Some(Asking { person: connection.ask.clone(), helper: connection.program.clone() });
    ssh.user = text(&place, "username")?;
    ssh.config = text(&place, "ssh_config")?.map(|text| {
        match (text.strip_prefix("~/"), connection.surroundings.user_home.as_ref()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => text.into(),
        }
    });
    let settle = match text(&place, "settle")? {
        None => 30,
        Some(text) => text.parse().ok().filter(|seconds| *seconds <= 3600).ok_or_else(|| {
            at(Error::bad_input(format!("`settle` is `{text}`, not a number of seconds"))
                .hint("give a whole number up to 3600"))
        })?,
    };
    let settings = Settings {
        experiment_folder: folder(&text(&place, "experiment_dir")?.unwrap_or_else(|| "cloudmesh".to_owned()))
            .map_err(at)?,
        queue: text(&place, "queue")?,
        account: text(&place, "account")?,
        parallel_environment: text(&place, "parallel_environment")?.unwrap_or_else(|| "smp".to_owned()),
        settle: Duration::from_secs(settle),
    };
    let ssh = SshHost::new(ssh).map_err(at)?;
    Ok(Place::Batch(Arc::new(QsubCluster::new(place.name, settings, ssh, connection, dialect, gridengine))))
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

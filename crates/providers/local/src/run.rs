//! One run of a job's script: the job itself, or one index of an array. Its life is three files:
//! `claim` (a supervisor took it), `process` (it was let go) and `exit` (how it ended).

use std::fs;
use std::path::PathBuf;

use cloudmesh_model::{Error, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::job_folder::{JobFolder, broken, create_once, read_json, replace, sync_folder};
use crate::process::Process;

/// What was let go, by whom, when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Started {
    pub(crate) supervisor: Process,
    pub(crate) script: Process,
    pub(crate) at: Timestamp,
}

/// Why a run is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Why {
    /// It came to its end.
    Itself,
    /// It was ended at its time limit.
    TimeLimit,
    /// Somebody cancelled it.
    Cancelled,
    /// It could not be started, for the reason given.
    NotStarted(String),
    /// The computer was started anew while it ran.
    Restart,
    /// Its supervisor was killed, so nothing tells how it ended.
    Unseen,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exit {
    pub(crate) exit_code: Option<i64>,
    pub(crate) signal: Option<i64>,
    pub(crate) started: Option<Timestamp>,
    pub(crate) ended: Timestamp,
    pub(crate) why: Why,
}

impl Exit {
    /// An end of which there is no code and no signal.
    pub(crate) fn without_code(started: Option<Timestamp>, why: Why) -> Self {
        Self { exit_code: None, signal: None, started, ended: Timestamp::now(), why }
    }
}

/// Where a run stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody took it yet, or who took it died before letting it go.
    Waiting,
    /// A living supervisor took it.
    Starting,
    /// It runs under its supervisor.
    Running(Started),
    /// It runs, but its supervisor is dead.
    Orphaned(Started),
    /// It is over.
    Ended(Exit),
}

/// One run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run<'a> {
    folder: &'a JobFolder,
    index: Option<u64>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(folder: &'a JobFolder, index: Option<u64>) -> Self {
        Self { folder, index }
    }

    /// A control file's or output's name: `exit`, or `exit-17` for index 17.
    pub(crate) fn name(&self, what: &str) -> String {
        match self.index {
            None => what.to_owned(),
            Some(index) => format!("{what}-{index}"),
        }
    }

    fn file(&self, what: &str) -> PathBuf {
        self.folder.control(&self.name(what))
    }

    /// Takes the run for `supervisor`, exactly one of all that try: `false` for the others.
    pub(crate) fn claim(&self, supervisor: &Process) -> Result<bool> {
        let path = self.file("claim");
        create_once(&path, &json(supervisor)?).map_err(|error| broken(&path, "written", &error))
    }

    /// Gives a claim back. Only for the runner, which knows that the claimant is dead.
    pub(crate) fn unclaim(&self) -> Result<()> {
        let path = self.file("claim");
        fs::remove_file(&path).map_err(|error| broken(&path, "removed", &error))
    }

    /// Records what is about to be let go; on disk when it returns.
    pub(crate) fn record_start(&self, started: &Started) -> Result<()> {
        let path = self.file("process");
        replace(&path, &json(started)?)
            .and_then(|()| path.parent().map_or(Ok(()), sync_folder))
            .map_err(|error| broken(&path, "written", &error))
    }

    /// Records how it ended; the first record stays.
    pub(crate) fn record_exit(&self, exit: &Exit) -> Result<()> {
        let path = self.file("exit");
        create_once(&path, &json(exit)?).map(drop).map_err(|error| broken(&path, "written", &error))
    }

    pub(crate) fn exit(&self) -> Result<Option<Exit>> {
        read_json(&self.file("exit"))
    }

    pub(crate) fn started(&self) -> Result<Option<Started>> {
        read_json(&self.file("process"))
    }

    /// Where it stands now.
    pub(crate) fn state(&self) -> Result<State> {
        // Twice, because an end may be recorded while the other files are being read.
        for last in [false, true] {
            if let Some(exit) = self.exit()? {
                return Ok(State::Ended(exit));
            }
            match self.started()? {
                Some(started) if started.supervisor.lives() => return Ok(State::Running(started)),
                Some(started) if started.script.lives() => return Ok(State::Orphaned(started)),
                Some(started) if last => {
                    let why = if started.script.before_restart() { Why::Restart } else { Why::Unseen };
                    return Ok(State::Ended(Exit::without_code(Some(started.at), why)));
                }
                Some(_) => {}
                None => match read_json::<Process>(&self.file("claim"))? {
                    None => return Ok(State::Waiting),
                    Some(supervisor) if supervisor.lives() => return Ok(State::Starting),
                    Some(_) if last => return Ok(State::Waiting),
                    Some(_) => {}
                },
            }
        }
        Ok(State::Waiting)
    }

    /// Whether somebody claimed it, dead or alive.
    pub(crate) fn claimed(&self) -> bool {
        self.file("claim").exists()
    }
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value)
        .map_err(|error| Error::internal(format!("a record of a run cannot be written as JSON: {error}")))
}

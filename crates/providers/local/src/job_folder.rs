//! One job as a folder: what was asked for, the script, its outputs, and, in `.cloudmesh`, the
//! small files by which submitter, runner and supervisors speak to each other.
//!
//! Every file is written whole under another name and then renamed, or linked: whoever reads it
//! sees all of it or nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use cloudmesh_model::{Error, ErrorKind, Mark, Result};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::array::Array;

/// The number of the format of `job.json`.
pub(crate) const FORMAT: u32 = 1;

const CONTROL: &str = ".cloudmesh";
const SPECIFICATION: &str = "job.json";
const SCRIPT: &str = "script";
const CANCEL: &str = "cancel";
const HELD: &str = "held";
const ALTERED: &str = "altered.json";

/// What became different after the submission.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Altered {
    name: Option<String>,
    time_limit: Option<u64>,
}

/// What a job is to be, as it was submitted. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Specification {
    pub(crate) format: u32,
    pub(crate) number: u64,
    pub(crate) mark: Mark,
    pub(crate) name: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) array: Option<String>,
    pub(crate) time_limit: Option<u64>,
    pub(crate) processors: u64,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) work_folder: PathBuf,
    pub(crate) submitted: Timestamp,
}

impl Specification {
    /// One run for a single job, one for each index of an array.
    pub(crate) fn indices(&self) -> Result<(Vec<Option<u64>>, Option<u64>)> {
        match &self.array {
            None => Ok((vec![None], None)),
            Some(text) => {
                let array = Array::parse(text)?;
                Ok((array.indices.into_iter().map(Some).collect(), array.limit))
            }
        }
    }
}

/// The folder of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobFolder {
    path: PathBuf,
}

impl JobFolder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn script(&self) -> PathBuf {
        self.path.join(SCRIPT)
    }

    pub(crate) fn control(&self, name: &str) -> PathBuf {
        self.path.join(CONTROL).join(name)
    }

    /// Writes a new job into this folder, which must not exist yet.
    pub(crate) fn write(&self, specification: &Specification, script: &[u8], held: bool) -> Result<()> {
        let fault = |error: io::Error| broken(&self.path, "written", &error);
        make_folder(&self.path.join(CONTROL)).map_err(fault)?;
        create(&self.script(), script, 0o700).map_err(fault)?;
        if held {
            create(&self.control(HELD), b"", 0o600).map_err(fault)?;
        }
        let text = serde_json::to_vec(specification)
            .map_err(|error| Error::internal(format!("a job cannot be written as JSON: {error}")))?;
        create(&self.path.join(SPECIFICATION), &text, 0o600).map_err(fault)?;
        sync_folder(&self.path).map_err(fault)
    }

    /// What was asked for; `None` if there is no such job.
    pub(crate) fn specification(&self) -> Result<Option<Specification>> {
        let found: Option<Specification> = read_json(&self.path.join(SPECIFICATION))?;
        match found {
            Some(specification) if specification.format != FORMAT => Err(Error::new(
                ErrorKind::Unsupported,
                format!("{} was written by a newer version", self.path.display()),
            )
            .hint("use the version of cm that submitted it")),
            Some(mut specification) => {
                let altered: Option<Altered> = read_json(&self.control(ALTERED))?;
                if let Some(altered) = altered {
                    specification.name = altered.name.unwrap_or(specification.name);
                    specification.time_limit = altered.time_limit.or(specification.time_limit);
                }
                Ok(Some(specification))
            }
            None => Ok(None),
        }
    }

    /// Makes it different from what was submitted.
    pub(crate) fn alter(&self, name: Option<String>, time_limit: Option<u64>) -> Result<()> {
        let path = self.control(ALTERED);
        let fault = |error: io::Error| broken(&self.path, "written", &error);
        let before: Altered = read_json(&path)?.unwrap_or_default();
        let altered = Altered { name: name.or(before.name), time_limit: time_limit.or(before.time_limit) };
        let text = serde_json::to_vec(&altered)
            .map_err(|error| Error::internal(format!("a change cannot be written as JSON: {error}")))?;
        let draft = self.control(&format!("{ALTERED}-{}", std::process::id()));
        let _ = fs::remove_file(&draft);
        create(&draft, &text, 0o600).map_err(fault)?;
        fs::rename(&draft, &path).map_err(fault)
    }

    /// Asks for an end. The runner and the supervisors read it.
    pub(crate) fn cancel(&self) -> Result<()> {
        match create(&self.control(CANCEL), b"", 0o600) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(broken(&self.path, "written", &error)),
        }
    }

    /// Holds it, or lets it go.
    pub(crate) fn set_held(&self, held: bool) -> Result<()> {
        let path = self.control(HELD);
        let done = if held { create(&path, b"", 0o600) } else { fs::remove_file(&path) };
        match done {
            Ok(()) => Ok(()),
            Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {
                Ok(())
            }
            Err(error) => Err(broken(&self.path, "written", &error)),
        }
    }

    /// When an end was asked for, if it was.
    pub(crate) fn cancelled(&self) -> Option<Timestamp> {
        let changed = fs::metadata(self.control(CANCEL)).ok()?.modified().ok()?;
        Some(Timestamp::try_from(changed).unwrap_or(Timestamp::UNIX_EPOCH))
    }

    pub(crate) fn held(&self) -> bool {
        self.control(HELD).exists()
    }

    /// The names of all control files: one read instead of one for each run of an array.
    pub(crate) fn control_names(&self) -> Result<BTreeSet<String>> {
        let folder = self.path.join(CONTROL);
        let fault = |error: io::Error| broken(&folder, "read", &error);
        let mut names = BTreeSet::new();
        for entry in fs::read_dir(&folder).map_err(fault)? {
            if let Ok(name) = entry.map_err(fault)?.file_name().into_string() {
                names.insert(name);
            }
        }
        Ok(names)
    }
}

/// An error about a file or folder of the queue.
pub(crate) fn broken(path: &Path, what: &str, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::Quota,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::Forbidden,
        _ => ErrorKind::Store,
    };
    Error::new(kind, format!("{} cannot be {what}: {error}", path.display()))
        .hint("check the folder, its owner and the space left on its disk")
}

/// Makes a folder and those above it, for the user alone.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Creates a file that does not exist, with all of its content.
pub(crate) fn create(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Puts a file in place of an earlier one in one move.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let draft = draft_of(path);
    let _ = fs::remove_file(&draft);
    create(&draft, content, 0o600)?;
    fs::rename(&draft, path)
}

/// Makes a file with all of its content unless it is there: `false` says that it was.
pub(crate) fn create_once(path: &Path, content: &[u8]) -> io::Result<bool> {
    let draft = draft_of(path);
    let _ = fs::remove_file(&draft);
    create(&draft, content, 0o600)?;
    let linked = fs::hard_link(&draft, path);
    let _ = fs::remove_file(&draft);
    match linked {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn draft_of(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".draft-{}", std::process::id()));
    PathBuf::from(draft)
}

pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A JSON file; `None` if there is none.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            Error::new(ErrorKind::Store, format!("{} is damaged: {error}", path.display()))
                .hint("move the folder it is in out of the way")
        }),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(broken(path, "read", &error)),
    }
}

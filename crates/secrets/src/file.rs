//! One file that only its owner can read. Reading takes no lock: the file is only ever replaced
//! whole. Writing happens under a lock file beside it, from what stands in the file at that moment.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use cloudmesh_model::{Error, ErrorKind, Result, Secret, SecretStore};
use secrecy::zeroize::Zeroizing;

use crate::content::{self, Malformed, Secrets};

/// How long a writer waits for others.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file that changed this recently may change again without its times telling so.
const SETTLED: Duration = Duration::from_secs(2);

/// The most that a file of secrets can sensibly hold.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Secrets in one JSON file of mode 0600. A file that is not there holds none.
#[derive(Debug)]
pub struct FileSecrets {
    path: PathBuf,
    seen: Mutex<Option<Seen>>,
}

/// What the file held when it was last read.
#[derive(Debug)]
struct Seen {
    state: State,
    secrets: Arc<Secrets>,
}

/// By what a changed file is known.
#[derive(Debug, PartialEq, Eq)]
struct State {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl FileSecrets {
    /// Secrets in the file at `path`. Nothing is read or made yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), seen: Mutex::new(None) }
    }

    /// What the file holds now.
    fn secrets(&self) -> Result<Arc<Secrets>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                *seen = None;
                return Ok(Arc::default());
            }
            Err(error) => return Err(self.system("read", &error)),
        };
        self.check_private(&metadata)?;
        if let Some(seen) = &*seen
            && seen.state == State::of(&metadata)
        {
            return Ok(Arc::clone(&seen.secrets));
        }
        let (state, secrets) = self.read()?;
        let secrets = Arc::new(secrets);
        *seen = state.map(|state| Seen { state, secrets: Arc::clone(&secrets) });
        Ok(secrets)
    }

    /// Reads the file, and its state if that is old enough to be trusted.
    fn read(&self) -> Result<(Option<State>, Secrets)> {
        let system = |error: io::Error| self.system("read", &error);
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((None, Secrets::new())),
            opened => opened.map_err(system)?,
        };
        // What counts is the file that was opened, not what stood at the path a moment ago.
        let metadata = file.metadata().map_err(system)?;
        self.check_private(&metadata)?;
        if !metadata.is_file() || metadata.size() > MOST_BYTES {
            return Err(self.error("is not a file of secrets").hint(self.look()));
        }
        // One more byte than there should be: the buffer never grows, and a file that does is noticed.
        let size = usize::try_from(metadata.size()).unwrap_or(usize::MAX);
        let mut text = Zeroizing::new(Vec::with_capacity(size + 1));
        (&file).take(metadata.size() + 1).read_to_end(&mut text).map_err(system)?;
        let secrets = content::parse(&text).map_err(|malformed| self.malformed(&malformed))?;
        // Not the injected clock: it is the file's times that this is compared with.
        let settled = metadata
            .modified()
            .ok()
            .and_then(|modified| SystemTime::now().duration_since(modified).ok())
            .is_some_and(|age| age > SETTLED);
        Ok((settled.then(|| State::of(&metadata)), secrets))
    }

    /// Changes what the file holds; `change` says whether there is something to write.
    fn change(&self, change: impl FnOnce(&mut Secrets) -> bool) -> Result<()> {
        let system = |error: io::Error| self.system("write", &error);
        // A file that somebody put elsewhere and linked to stays there.
        let path = match fs::canonicalize(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.path.clone(),
            found => found.map_err(system)?,
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(system)?;
        let _lock = self.lock(&path)?;
        let (_, mut secrets) = self.read()?;
        if !change(&mut secrets) {
            return Ok(());
        }
        let text = content::text(&secrets).map_err(|_| self.error("cannot be written as JSON"))?;
        // Under the lock there is one writer, so that what a killed one left behind has a known name.
        let unfinished = beside(&path, ".new");
        remove(&unfinished).map_err(system)?;
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)
            .and_then(|mut file| {
                file.write_all(&text)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&unfinished, &path));
        if let Err(error) = written {
            // The first error is the one to tell.
            let _ = remove(&unfinished);
            return Err(system(error));
        }
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(system)
    }

    /// Takes the lock file beside `path`; dropping it gives the lock back.
    fn lock(&self, path: &Path) -> Result<File> {
        let system = |error: io::Error| self.system("lock", &error);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(beside(path, ".lock"))
            .map_err(system)?;
        let until = Instant::now() + PATIENCE;
        let mut most = 1_000;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(system(error)),
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    // With jitter, so that many writers do not march in step.
                    std::thread::sleep(Duration::from_micros(fastrand::u64(most / 2..=most)));
                    most = (most + 1_000).min(20_000);
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(self
                        .error(&format!(
                            "is in use: other processes kept it locked for {} s",
                            PATIENCE.as_secs()
                        ))
                        .hint("wait until they have ended, then repeat the command")
                        .temporary(None));
                }
            }
        }
    }

    /// Refuses a file that others may read or change.
    fn check_private(&self, metadata: &Metadata) -> Result<()> {
        let shown = self.path.display();
        let us = rustix::process::geteuid().as_raw();
        if metadata.uid() != us {
            return Err(Error::new(
                ErrorKind::Refused,
                format!("the file of secrets {shown} belongs to user {}, not to you ({us})", metadata.uid()),
            )
            .hint(format!("if you trust what is in it: `chown {us} '{shown}'`")));
        }
        if metadata.mode() & 0o077 != 0 {
            return Err(Error::new(
                ErrorKind::Refused,
                format!(
                    "the file of secrets {shown} can be read or changed by others (mode {:04o})",
                    metadata.mode() & 0o7777
                ),
            )
            .hint(format!(
                "run `chmod 600 '{shown}'`, and change the secrets if others may have seen them"
            )));
        }
        Ok(())
    }

    fn error(&self, what: &str) -> Error {
        Error::new(ErrorKind::Store, format!("the file of secrets {} {what}", self.path.display()))
    }

    fn look(&self) -> String {
        format!(
            "repair it, or move it away (`mv '{0}' '{0}.damaged'`) and enter the secrets again",
            self.path.display()
        )
    }

    fn malformed(&self, malformed: &Malformed) -> Error {
        match malformed {
            Malformed::At { line, column } => {
                self.error(&format!("is malformed at line {line}, column {column}")).hint(self.look())
            }
            Malformed::Newer(version) => self
                .error(&format!(
                    "was written by another version of Cloudmesh: its format is number {version}, this version \
                     knows number {}",
                    content::VERSION
                ))
                .hint("update Cloudmesh, or set CLOUDMESH_HOME to another folder"),
        }
    }

    fn system(&self, doing: &str, error: &io::Error) -> Error {
        let text = error.to_string().to_lowercase();
        let reason = text.split(" (os error").next().unwrap_or_default();
        let translated = Error::new(
            ErrorKind::Store,
            format!("cannot {doing} the file of secrets {}: {reason}", self.path.display()),
        );
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                translated.hint("make room on that disk; what the file held before is kept")
            }
            _ => translated.hint(
                "make the file and its folder yours and writable, or set CLOUDMESH_HOME to another folder",
            ),
        }
    }
}

impl SecretStore for FileSecrets {
    fn get(&self, name: &str) -> Result<Option<Secret>> {
        Ok(self.secrets()?.get(name).cloned())
    }

    fn put(&self, name: &str, secret: &Secret) -> Result<()> {
        self.change(|secrets| {
            if secrets.get(name).is_some_and(|kept| kept.expose() == secret.expose()) {
                return false;
            }
            secrets.insert(name.to_owned(), secret.clone());
            true
        })
    }

    fn delete(&self, name: &str) -> Result<()> {
        self.change(|secrets| secrets.remove(name).is_some())
    }

    fn names(&self, prefix: &str) -> Result<Vec<String>> {
        Ok(content::names(&*self.secrets()?, prefix))
    }
}

/// The file beside `path` whose name has `suffix` added.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

//! The queue on disk:
//!
//! - `jobs/MARK/` – one folder a job, renamed into place in one move: that move is the submission;
//! - `queue/NUMBER`, `numbers/NUMBER` – links to job folders: what may still run, and all there is;
//! - `next` – the next number, changed under `submit.lock`;
//! - `bell` – rewritten at every change, so that the runner looks;
//! - `slots` – the setting, if there is one; `runner.lock` – held by the runner.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use cloudmesh_model::{Error, ErrorKind, Mark, Result};
use jiff::Timestamp;

use crate::RUNNER_COMMAND;
use crate::job_folder::{JobFolder, Specification, broken, make_folder, replace, sync_folder};

/// A link in `queue/` without a job is what a killed submitter left, once it is as old as this.
const DANGLING: Duration = Duration::from_secs(3600);

/// One job to submit.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    /// Everything but its number, which the queue gives.
    pub(crate) specification: Specification,
    pub(crate) script: std::sync::Arc<[u8]>,
    pub(crate) held: bool,
}

/// The queue of one `CLOUDMESH_HOME`.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    home: PathBuf,
    root: PathBuf,
}

impl Queue {
    pub(crate) fn new(home: &Path) -> Self {
        Self { home: home.to_owned(), root: home.join("local") }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the job with this mark, whether it is there or not.
    pub(crate) fn job(&self, mark: &Mark) -> JobFolder {
        JobFolder::new(self.root.join("jobs").join(mark.to_string()))
    }

    /// The folder of the job with this number, if there is one.
    pub(crate) fn numbered(&self, number: u64) -> Option<JobFolder> {
        let target = fs::read_link(self.link("numbers", number)).ok()?;
        let mark = target.file_name()?.to_str()?.parse().ok()?;
        Some(self.job(&mark))
    }

    fn link(&self, folder: &str, number: u64) -> PathBuf {
        self.root.join(folder).join(number.to_string())
    }

    /// Makes the folders of the queue.
    pub(crate) fn prepare(&self) -> Result<()> {
        for folder in ["jobs", "queue", "numbers"] {
            let path = self.root.join(folder);
            make_folder(&path).map_err(|error| broken(&path, "made", &error))?;
        }
        Ok(())
    }

    /// Submits jobs, each exactly once: the number of each, in order. A job whose mark is there
    /// already keeps the number that it has.
    pub(crate) fn submit(&self, submissions: Vec<Submission>) -> Vec<Result<u64>> {
        let count = submissions.len();
        let locked = self.prepare().and_then(|()| self.lock("submit.lock"));
        let _lock = match locked {
            Ok(lock) => lock,
            Err(error) => return (0..count).map(|_| Err(error.clone())).collect(),
        };
        let results: Vec<Result<u64>> =
            submissions.into_iter().map(|submission| self.submit_one(submission)).collect();
        let jobs = self.root.join("jobs");
        if let Err(error) = sync_folder(&jobs) {
            // All may be there or not; whoever asks again by mark will see.
            let error = broken(&jobs, "written", &error).uncertain();
            return (0..count).map(|_| Err(error.clone())).collect();
        }
        results
    }

    fn submit_one(&self, submission: Submission) -> Result<u64> {
        let Submission { mut specification, script, held } = submission;
        let job = self.job(&specification.mark);
        if let Some(earlier) = job.specification()? {
            return Ok(earlier.number);
        }
        let number = self.draw_number()?;
        specification.number = number;
        let draft = JobFolder::new(self.root.join("jobs").join(format!(".draft-{}", specification.mark)));
        remove_folder(draft.path())?;
        draft.write(&specification, &script, held)?;
        // Both links come first: a job that is there without its links would never run.
        let target = Path::new("../jobs").join(specification.mark.to_string());
        for folder in ["numbers", "queue"] {
            let link = self.link(folder, number);
            symlink(&target, &link).map_err(|error| broken(&link, "written", &error))?;
        }
        fs::rename(draft.path(), job.path()).map_err(|error| broken(job.path(), "written", &error))?;
        Ok(number)
    }

    fn draw_number(&self) -> Result<u64> {
        let path = self.root.join("next");
        let number = match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map_err(|_| {
                Error::new(ErrorKind::Store, format!("{} is damaged", path.display()))
                    .hint("write a number into it that no job has")
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 1,
            Err(error) => return Err(broken(&path, "read", &error)),
        };
        let draft = self.root.join("next.draft");
        fs::write(&draft, format!("{}\n", number + 1))
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(|error| broken(&path, "written", &error))?;
        if fs::symlink_metadata(self.link("numbers", number)).is_ok() {
            // `next` was lost with the power; numbers that are taken are passed over.
            return self.draw_number();
        }
        Ok(number)
    }

    /// The jobs that may still run, in order of their numbers.
    pub(crate) fn waiting(&self) -> Result<Vec<u64>> {
        self.numbers_in("queue")
    }

    /// All jobs, in order of their numbers.
    pub(crate) fn all(&self) -> Result<Vec<u64>> {
        self.numbers_in("numbers")
    }

    fn numbers_in(&self, folder: &str) -> Result<Vec<u64>> {
        let path = self.root.join(folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(broken(&path, "read", &error)),
        };
        let mut numbers = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| broken(&path, "read", &error))?;
            numbers.extend(entry.file_name().to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Takes a job out of what may still run.
    pub(crate) fn retire(&self, number: u64) {
        // A link that cannot be removed is looked at again, nothing more.
        let _ = fs::remove_file(self.link("queue", number));
    }

    /// Removes the links of a submission that was killed before its job was there.
    pub(crate) fn retire_dangling(&self, number: u64) {
        let link = self.link("queue", number);
        let age = fs::symlink_metadata(&link).and_then(|link| link.modified()).ok();
        if age.and_then(|time| time.elapsed().ok()).is_some_and(|age| age > DANGLING) {
            let _ = fs::remove_file(&link);
            let _ = fs::remove_file(self.link("numbers", number));
        }
    }

    /// Rings, so that the runner looks at once.
    pub(crate) fn ring(&self) {
        // The runner looks every second anyway.
        let _ = replace(&self.root.join("bell"), Timestamp::now().to_string().as_bytes());
    }

    /// What the bell says; changes at every ring.
    pub(crate) fn bell(&self) -> Option<(u64, i64)> {
        use std::os::unix::fs::MetadataExt;
        let bell = fs::metadata(self.root.join("bell")).ok()?;
        Some((bell.ino(), bell.mtime_nsec()))
    }

    /// How many processors jobs may use at once.
    pub(crate) fn slots(&self) -> u64 {
        fs::read_to_string(self.root.join("slots"))
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .filter(|slots| *slots > 0)
            .unwrap_or_else(processors)
    }

    /// Keeps the setting for the runner.
    pub(crate) fn set_slots(&self, slots: Option<u64>) -> Result<()> {
        let path = self.root.join("slots");
        let now = fs::read_to_string(&path).ok();
        let wanted = slots.map(|slots| slots.to_string());
        if now == wanted {
            return Ok(());
        }
        match wanted {
            Some(text) => replace(&path, text.as_bytes()),
            None => fs::remove_file(&path),
        }
        .map_err(|error| broken(&path, "written", &error))
    }

    fn open_lock(&self, name: &str) -> Result<File> {
        let path = self.root.join(name);
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&path)
            .map_err(|error| broken(&path, "opened", &error))
    }

    fn lock(&self, name: &str) -> Result<File> {
        let file = self.open_lock(name)?;
        file.lock().map_err(|error| broken(&self.root.join(name), "locked", &error))?;
        Ok(file)
    }

    /// The runner's lock, or `None` while somebody else has it.
    pub(crate) fn try_runner_lock(&self) -> Result<Option<File>> {
        let file = self.open_lock("runner.lock")?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(broken(&self.root.join("runner.lock"), "locked", &error)),
        }
    }

    /// Makes sure that a runner lives. A runner looks at the queue once more after it has let go of
    /// its lock, so a lock that is held here means that what was submitted will be seen.
    pub(crate) fn ensure_runner(&self, program: &Path, path: Option<&str>) -> Result<()> {
        self.ring();
        if self.try_runner_lock()?.is_none() {
            return Ok(());
        }
        let mut command = Command::new(program);
        command
            .arg(RUNNER_COMMAND)
            .env_clear()
            .env("CLOUDMESH_HOME", &self.home)
            .env("PATH", path.unwrap_or("/usr/local/bin:/usr/bin:/bin"))
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| {
            Error::new(
                ErrorKind::Service,
                format!(
                    "the runner of this computer's jobs, {}, cannot be started: {error}",
                    program.display()
                ),
            )
            .hint("the jobs are kept; they run once any later command starts the runner")
        })?;
        // Its end is taken note of, or it would stay a zombie as long as this program lives.
        std::thread::spawn(move || child.wait());
        Ok(())
    }
}

/// The processors of this computer.
pub(crate) fn processors() -> u64 {
    std::thread::available_parallelism().map_or(1, |count| count.get() as u64)
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(broken(path, "removed", &error)),
    }
}

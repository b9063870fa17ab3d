//! Background processes of ours, each with a record under `CLOUDMESH_HOME/processes`: who they are, so that
//! nothing else is ever stopped in their place.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cloudmesh_client::Home;
use cloudmesh_model::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The record of a background process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Process {
    /// Its number.
    pub(crate) pid: u32,
    /// When it began, in the kernel's ticks; empty where the system does not tell.
    pub(crate) begun: String,
    /// What it tells those who use it.
    pub(crate) detail: Value,
}

fn path(home: &Home, name: &str) -> PathBuf {
    home.folder().join("processes").join(format!("{name}.json"))
}

/// When a process began: tells it from a later one of the same number.
fn begun(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    // A process that has ended and that nobody has asked for its end (a zombie) is no more.
    let state = fields.next()?;
    if matches!(state, "Z" | "X") { None } else { fields.nth(18).map(str::to_owned) }
}

impl Process {
    fn alive(&self) -> bool {
        begun(self.pid).is_some_and(|begun| begun == self.begun)
    }
}

/// The living process called `name`.
pub(crate) fn find(home: &Home, name: &str) -> Option<Process> {
    let text = std::fs::read_to_string(path(home, name)).ok()?;
    let process: Process = serde_json::from_str(&text).ok()?;
    process.alive().then_some(process)
}

/// Writes the record of this very process. The file is 0600: the detail may hold a token.
pub(crate) fn record(home: &Home, name: &str, detail: Value) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let pid = std::process::id();
    let process = Process { pid, begun: begun(pid).unwrap_or_default(), detail };
    let path = path(home, name);
    home.private("processes").map_err(std::io::Error::other)?;
    let draft = path.with_extension("draft");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(serde_json::to_string(&process)?.as_bytes())?;
    std::fs::rename(draft, path)
}

/// Starts this program again in the background with `arguments`, and waits until its record is there.
pub(crate) fn start(home: &Home, name: &str, arguments: &[String]) -> Result<Process> {
    let failed = |what: &str, error: std::io::Error| {
        Error::new(ErrorKind::Service, format!("{name} cannot be started: {what}: {error}"))
    };
    home.ensure()?;
    let logs = home.private("logs")?;
    let log_path = logs.join(format!("{name}.log"));
    let log = std::fs::File::create(&log_path).map_err(|error| failed("its log", error))?;
    let program = std::env::current_exe().map_err(|error| failed("this program is not found", error))?;
    let mut command = Command::new(program);
    cloudmesh_model::secret::keep_secrets_from(&mut command);
    let mut child = command
        .args(arguments)
        .env("CLOUDMESH_HOME", home.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .process_group(0)
        .spawn()
        .map_err(|error| failed("it does not run", error))?;
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        if let Some(process) = find(home, name).filter(|process| process.pid == child.id()) {
            return Ok(process);
        }
        if let Ok(Some(_)) = child.try_wait() {
            let said = std::fs::read_to_string(&log_path).unwrap_or_default();
            let said =
                said.lines().next().unwrap_or("it said nothing").trim_start_matches("error: ").to_owned();
            return Err(Error::new(ErrorKind::Service, format!("{name} ended at once: {said}")));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(Error::new(ErrorKind::Service, format!("{name} is not ready after 20 s"))
        .hint(format!("look into {}", log_path.display())))
}

/// Ends the process called `name`; says whether there was one.
pub(crate) fn stop(home: &Home, name: &str) -> Result<bool> {
    let Some(process) = find(home, name) else {
        return Ok(false);
    };
    let pid = i32::try_from(process.pid).ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or_else(|| Error::internal("a process has no number"))?;
    for (signal, patience) in [(rustix::process::Signal::TERM, 10), (rustix::process::Signal::KILL, 5)] {
        // It may have ended by itself in between.
        let _ = rustix::process::kill_process(pid, signal);
        let until = Instant::now() + Duration::from_secs(patience);
        while Instant::now() < until {
            if !process.alive() {
                let _ = std::fs::remove_file(path(home, name));
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    Err(Error::new(ErrorKind::Service, format!("{name} (process {}) does not end", process.pid)))
}

/// One line on standard output; a reader who has left is no failure.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// One line on standard error.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

//! A user's home that nobody else uses, and the program run in it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longer than any command here takes, shorter than a person waits for a test.
const PATIENCE: Duration = Duration::from_secs(90);

/// What came of one command.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) words: String,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn new(words: String, output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { words, status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.status.code(), Some(code), "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.expect(0)
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self}"))
    }

    /// The rows of a list.
    #[track_caller]
    pub(crate) fn items(&self) -> Vec<Value> {
        self.json()["items"].as_array().unwrap_or_else(|| panic!("no items in {self}")).clone()
    }

    /// It was refused as anybody should be: one message on standard error with what to do, nothing else.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, says: &str) -> Self {
        let refused = self.expect(code);
        assert_eq!(refused.stdout, "", "{refused}");
        refused.one_message(says)
    }

    /// As [`Self::refused`], where the code depends on what is met first.
    #[track_caller]
    pub(crate) fn refused_with_any(self, codes: &[i32], says: &str) -> Self {
        let code = self.status.code().unwrap_or(-1);
        assert!(codes.contains(&code), "{self}");
        self.refused(code, says)
    }

    /// Standard error holds one message, with `says` in it, fit for a person.
    #[track_caller]
    pub(crate) fn one_message(self, says: &str) -> Self {
        let Self { stderr, .. } = &self;
        assert!(stderr.starts_with("error: "), "{self}");
        assert_eq!(stderr.matches("error:").count(), 1, "more than one message: {self}");
        assert!(stderr.lines().skip(1).all(|line| line.starts_with("  ")), "more than a message: {self}");
        assert!(stderr.contains(says), "it does not say `{says}`: {self}");
        for no in ["panicked", "RUST_BACKTRACE", "stack backtrace", "{\"", "\u{1b}", "Some(", "Err("] {
            assert!(!stderr.contains(no), "`{no}` is in it: {self}");
        }
        self
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "`cm {}`: {}\n{}{}", self.words, self.status, self.stdout, self.stderr)
    }
}

/// A home. What it started ends with it.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("cm-home").tempdir().unwrap();
        for name in ["settings", "user", "run", "tmp"] {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        Self { folder }
    }

    /// `CLOUDMESH_HOME`.
    pub(crate) fn settings(&self) -> PathBuf {
        self.folder.path().join("settings")
    }

    /// `HOME`, and the folder that commands run in.
    pub(crate) fn user(&self) -> PathBuf {
        self.folder.path().join("user")
    }

    /// Writes a file into the folder that commands run in.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.user().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Writes `cloudmesh.yaml`.
    pub(crate) fn configure(&self, text: &str) {
        std::fs::write(self.settings().join("cloudmesh.yaml"), text).unwrap();
    }

    /// The environment of this home, and nothing of ours.
    pub(crate) fn surround(&self, command: &mut Command) {
        let at = |name: &str| self.folder.path().join(name);
        command
            .env_clear()
            .env("PATH", self.path())
            .env("HOME", at("user"))
            .env("USER", "albert")
            .env("XDG_RUNTIME_DIR", at("run"))
            .env("TMPDIR", at("tmp"))
            .env("CLOUDMESH_HOME", self.settings())
            .current_dir(at("user"))
            .stdin(Stdio::null());
    }

    /// Where programs are looked for: in `bin` of the user's own folder first.
    fn path(&self) -> std::ffi::OsString {
        let mut folders = vec![self.user().join("bin")];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        std::env::join_paths(folders).unwrap()
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(program());
        self.surround(&mut command);
        command.args(words);
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        finish(words.join(" "), self.command(words), None)
    }

    /// Runs what a person would type after `cm`, by the shell.
    pub(crate) fn line(&self, line: &str) -> Ran {
        self.shell(&format!("'{}' {line}", program().display()), line)
    }

    /// Runs a line of the shell as it is.
    pub(crate) fn shell(&self, script: &str, shown: &str) -> Ran {
        let mut command = Command::new("sh");
        self.surround(&mut command);
        command.args(["-c", script]);
        finish(shown.to_owned(), command, None)
    }

    /// Runs with `input` on standard input.
    pub(crate) fn run_with(&self, words: &[&str], input: &str) -> Ran {
        finish(words.join(" "), self.command(words), Some(input))
    }

    /// Runs a command that was made elsewhere.
    pub(crate) fn run_command(&self, command: Command) -> Ran {
        let words: Vec<String> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        finish(words.join(" "), command, None)
    }

    /// Everything in the folder of settings that a refused command must leave as it is: files and their
    /// bytes, documents of the store. Locks, logs and what SQLite keeps beside its file do not count.
    pub(crate) fn picture(&self) -> BTreeMap<String, Vec<u8>> {
        let mut picture = BTreeMap::new();
        files(&self.settings(), &self.settings(), &mut picture);
        for (words, name) in [
            (["default", "list", "-o", "json"], "defaults"),
            (["var", "list", "-o", "json"], "variables"),
            (["group", "list", "-o", "json"], "groups"),
            (["plan", "list", "-o", "json"], "plans"),
            (["log", "--limit=0", "-o", "json"], "log"),
        ] {
            let ran = self.run(&words);
            let items = serde_json::from_str::<Value>(&ran.stdout).map(|answer| answer["items"].clone());
            picture.insert(format!("({name})"), items.unwrap_or_default().to_string().into_bytes());
        }
        picture
    }

    /// The processes that belong to this home.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let needle = self.settings().as_os_str().as_encoded_bytes().to_vec();
        let own = std::process::id().to_string();
        std::fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|pid| pid.bytes().all(|byte| byte.is_ascii_digit()) && *pid != own)
            .filter(|pid| {
                let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                environment.windows(needle.len()).any(|window| window == needle)
            })
            .filter_map(|pid| pid.parse().ok())
            .collect()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        for pid in self.processes().into_iter().filter_map(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until && !self.processes().is_empty() {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The program under test.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_cm"))
}

fn files(root: &Path, folder: &Path, picture: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            files(root, &path, picture);
        } else if !name.contains("store.sqlite") && !name.ends_with(".lock") && !name.starts_with("logs/") {
            picture.insert(name, std::fs::read(&path).unwrap_or_default());
        }
    }
}

/// Runs to the end; what takes too long is killed and told.
fn finish(words: String, mut command: Command, input: Option<&str>) -> Ran {
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if let Some(input) = input {
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    }
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    let (done, waits) = std::sync::mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        if waits.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    });
    let output = child.wait_with_output().unwrap();
    drop(done);
    watch.join().unwrap();
    Ran::new(words, output)
}

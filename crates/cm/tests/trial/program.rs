//! The program under test, and folders of settings for it.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

/// The name under which the program runs here, so that nothing is ever done to another `cm`.
pub(crate) fn name() -> String {
    format!("cm-trial-{}", std::process::id())
}

/// A copy of the program under that name. The folder goes when the tests end.
pub(crate) fn copy() -> &'static Path {
    static COPY: OnceLock<PathBuf> = OnceLock::new();
    COPY.get_or_init(|| {
        let built = Path::new(env!("CARGO_BIN_EXE_cm"));
        // Beside the program: on the same file system a link costs nothing, and everybody may run it there.
        let folder = std::env::temp_dir().join("cloudmesh-trials");
        std::fs::create_dir_all(&folder).unwrap();
        sweep(&folder);
        let copy = folder.join(name());
        std::fs::copy(built, &copy).unwrap();
        copy
    })
}

/// Takes away what test runs of processes that are no more have left.
fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix("cm-trial-").and_then(|pid| pid.parse::<u32>().ok());
        if pid.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

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

    /// The exit code; `None` if it was killed.
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), Some(code), "{self}");
        assert!(!self.stderr.contains("panicked"), "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.expect(0)
    }

    /// The answer as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self}"))
    }

    /// The rows of a list.
    #[track_caller]
    pub(crate) fn items(&self) -> Vec<Value> {
        self.json()["items"].as_array().unwrap_or_else(|| panic!("no items in {self}")).clone()
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "cm {} ended with {}\n{}{}", self.words, self.status, self.stdout, self.stderr)
    }
}

/// A folder of settings, and a user's home around it.
pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    variables: Mutex<Vec<(String, OsString)>>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("cm-trial").tempdir().unwrap();
        let home = Self { folder, variables: Mutex::default() };
        for name in ["user", "run", "tmp"] {
            std::fs::create_dir(home.folder.path().join(name)).unwrap();
        }
        home
    }

    /// `CLOUDMESH_HOME`.
    pub(crate) fn settings(&self) -> PathBuf {
        self.folder.path().join("settings")
    }

    /// Adds an environment variable for all commands.
    pub(crate) fn setting(&self, name: &str, value: &OsStr) {
        self.variables.lock().unwrap().push((name.to_owned(), value.to_owned()));
    }

    /// A copy of this one, as it is now.
    pub(crate) fn duplicate(&self) -> Self {
        let other = Self::new();
        copy_folder(&self.settings(), &other.settings());
        other
    }

    /// The program with the words, in an environment that holds nothing of ours.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(copy());
        self.surround(&mut command);
        command.args(words);
        command
    }

    /// The environment of this home.
    pub(crate) fn surround(&self, command: &mut Command) {
        let at = |name: &str| self.folder.path().join(name);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", at("user"))
            .env("USER", "albert")
            .env("XDG_RUNTIME_DIR", at("run"))
            .env("TMPDIR", at("tmp"))
            .env("CLOUDMESH_HOME", self.settings())
            .envs(self.variables.lock().unwrap().iter().cloned())
            .current_dir(at("user"))
            .stdin(Stdio::null());
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        Ran::new(words.join(" "), self.command(words).output().unwrap())
    }

    /// Starts the program and does not wait for it.
    pub(crate) fn start(&self, words: &[&str]) -> Child {
        self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Goes on with the newest plan until it is done.
    #[track_caller]
    pub(crate) fn resume_to_the_end(&self, tries: usize) {
        let mut told = String::new();
        for _ in 0..tries {
            let ran = self.run(&["plan", "resume"]);
            if ran.code() == Some(0) {
                return;
            }
            let _ = writeln!(told, "{ran}");
        }
        panic!("the plan does not end: {told}{}", self.run(&["plan", "show"]));
    }

    /// The plans, oldest first.
    #[track_caller]
    pub(crate) fn plans(&self) -> Vec<Value> {
        self.run(&["plan", "list", "-o", "json"]).ok().items()
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let mode = std::fs::metadata(from).unwrap().permissions();
    std::fs::set_permissions(to, mode).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

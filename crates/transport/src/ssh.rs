//! SSH by the user's own OpenSSH and configuration: one authenticated connection for each host,
//! shared by all our processes, over which constant scripts run with all data on standard input.
//!
//! Touches the runtime folder (sockets and their locks) and starts `ssh`; reads no other file.

pub mod askpass;
mod fault;
mod master;

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use cloudmesh_model::{Error, ErrorKind, Result};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout, timeout_at};

use fault::Phase;

/// The whole remote command. It reads the script's length and a token from the first line, then
/// the script, and leaves the rest of standard input to it. The token's line parts the script's
/// output from what a login shell may have said before; the last line carries the exit code, so that
/// `ssh`'s own 255 is never taken for the script's. A script that did not arrive whole is not begun: half
/// of it might mean something else. Valid in sh, csh and fish: one line, no `!`.
const BOOTSTRAP: &str = r#"exec /bin/sh -c 'read -r n t && s=$(head -c "$n") && [ ${#s} -eq "$n" ] && printf "\n%s\n" "$t" && { (eval "$s"); printf "\n%s %s\n" "$t" "$?"; }'"#;

/// What is kept of standard error.
const MOST_ERRORS: usize = 64 * 1024;

/// How long `ssh` may go on after its output has ended.
const LINGER: Duration = Duration::from_secs(2);

/// Which host, and how to reach it.
#[derive(Clone, Debug)]
pub struct SshSettings {
    /// Alias or name, as the user writes it after `ssh`.
    pub host: String,
    /// Log-in name, where it is not left to the configuration.
    pub user: Option<String>,
    /// Configuration file in place of `~/.ssh/config`.
    pub config: Option<PathBuf>,
    /// A private folder with a short path, for the sockets.
    pub runtime_folder: PathBuf,
    /// How long connecting and logging in may take.
    pub connect_timeout: Duration,
    /// How long an idle connection stays.
    pub idle: Duration,
    /// How long an idle connection stays for which a person was asked.
    pub asked_idle: Duration,
    /// Who is asked where a key is not enough; nobody without it.
    pub ask: Option<askpass::Asking>,
}

impl SshSettings {
    /// Settings for `host` with everything else left to the user's configuration.
    #[must_use]
    pub fn new(host: impl Into<String>, runtime_folder: impl Into<PathBuf>) -> Self {
        Self {
            host: host.into(),
            user: None,
            config: None,
            runtime_folder: runtime_folder.into(),
            connect_timeout: Duration::from_secs(15),
            idle: Duration::from_secs(120),
            asked_idle: Duration::from_secs(12 * 3600),
            ask: None,
        }
    }
}

/// What a script does to the host; decides what a lost connection means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads: a lost connection is temporary.
    Read,
    /// It changes something: a lost connection is uncertain.
    Change,
}

/// One script to run.
#[derive(Debug)]
pub struct Call {
    /// The script, for `/bin/sh`, in ASCII. Constant: no data is ever put into it.
    pub script: &'static str,
    /// What it finds on standard input.
    pub input: Vec<u8>,
    /// What it does.
    pub effect: Effect,
    /// How long it may take in all, connecting included.
    pub deadline: Duration,
    /// How many bytes it may answer with.
    pub most_output: usize,
}

impl Call {
    /// A script that only reads.
    #[must_use]
    pub fn read(script: &'static str) -> Self {
        Self {
            script,
            input: Vec::new(),
            effect: Effect::Read,
            deadline: Duration::from_secs(60),
            most_output: 64 * 1024 * 1024,
        }
    }

    /// A script that changes something.
    #[must_use]
    pub fn change(script: &'static str) -> Self {
        Self { effect: Effect::Change, ..Self::read(script) }
    }

    /// Sets what it finds on standard input.
    #[must_use]
    pub fn input(mut self, input: Vec<u8>) -> Self {
        self.input = input;
        self
    }

    /// Sets how long it may take.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

/// What a script answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Its standard output, without anything that a login shell said before.
    pub stdout: Vec<u8>,
    /// The beginning of its standard error, and of what `ssh` itself said.
    pub stderr: String,
    /// Its exit code: 128 and a signal's number if one ended it.
    pub code: i32,
}

/// A host that is reached by SSH. Nothing is connected until the first call.
#[derive(Clone, Debug)]
pub struct SshHost {
    settings: SshSettings,
    socket: PathBuf,
}

impl SshHost {
    /// A host, from its settings. Makes no call.
    ///
    /// # Errors
    /// A host that `ssh` would take for an option, or a runtime folder whose path is too long for sockets.
    pub fn new(settings: SshSettings) -> Result<Self> {
        for (what, value) in [("host", Some(&settings.host)), ("user", settings.user.as_ref())] {
            let Some(value) = value else { continue };
            if value.is_empty()
                || value.starts_with('-')
                || value.chars().any(|letter| letter.is_whitespace() || letter.is_control())
            {
                return Err(Error::bad_input(format!("`{value}` cannot be the {what} of an SSH connection"))
                    .hint("give the name that works after `ssh`"));
            }
        }
        let socket = master::socket(&settings)?;
        Ok(Self { settings, socket })
    }

    /// The host as the user calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.host
    }

    /// Runs a script and waits for its end. The first call of any of our processes connects; the others
    /// share that connection. A person is asked only while connecting, only by [`SshSettings::ask`], and not
    /// on the call's time.
    ///
    /// # Errors
    /// [`ErrorKind::Unreachable`] or [`ErrorKind::Unauthorized`] when there is no connection;
    /// uncertain if a changing script may have begun. The script's own failure is no error: see
    /// [`Output::code`].
    pub async fn run(&self, call: Call) -> Result<Output> {
        let began = Instant::now();
        let until = began + call.deadline;
        // The shell counts what arrived in characters, and drops new lines at the end.
        let script = call.script.trim_end();
        if !script.is_ascii() {
            return Err(Error::internal("a script for another host is not in ASCII"));
        }
        let until = until + master::ensure(&self.settings, &self.socket, until).await?;
        let mut command = self.command();
        command.arg("-oControlMaster=no").arg("--").arg(&self.settings.host).arg(BOOTSTRAP);
        let mut child = command.spawn().map_err(|error| fault::no_ssh(&error))?;
        let token = token();
        let head = format!("{} {token}\n{script}", script.len()).into_bytes();

        let talk = talk(&mut child, head, call.input, call.most_output);
        let Ok(talked) = timeout_at(until, talk).await else {
            let message =
                format!("{} did not answer within {} seconds", self.name(), call.deadline.as_secs());
            return Err(call
                .effect
                .lost(Error::new(ErrorKind::Unreachable, message))
                .hint("try again later; `ssh -v` to the host tells more"));
        };
        let talked = talked?;
        if talked.too_much {
            let message = format!("{} answered with more than {} bytes", self.name(), call.most_output);
            return Err(call
                .effect
                .unclear(Error::new(ErrorKind::Service, message).hint("ask for less at once")));
        }
        tracing::debug!(
            host = self.name(),
            milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            sent = talked.sent,
            received = talked.stdout.len(),
            "ssh"
        );
        match unwrap(talked.stdout, &token) {
            Wrapped::Whole(stdout, code) => Ok(Output { stdout, stderr: talked.stderr, code }),
            Wrapped::Cut => {
                let message =
                    format!("the connection to {} was lost before the answer was complete", self.name());
                let error = Error::new(ErrorKind::Unreachable, message)
                    .hint("check the network, then try again")
                    .with("ssh", fault::last_line(&talked.stderr));
                Err(call.effect.lost(error))
            }
            Wrapped::Missing => {
                let code = talked.status.and_then(|status| status.code());
                let (error, never_sent) = fault::translate(&self.settings, &talked.stderr, code, Phase::Call);
                Err(if never_sent { error } else { call.effect.lost(error) })
            }
        }
    }

    /// Ends the shared connection, if there is one.
    ///
    /// # Errors
    /// When `ssh` cannot be started.
    pub async fn close(&self) -> Result<()> {
        let mut command = self.command();
        command.arg("-Oexit").arg("--").arg(&self.settings.host);
        let mut child = command.spawn().map_err(|error| fault::no_ssh(&error))?;
        // No answer or no connection: either way there is nothing left to end.
        let _ = timeout(LINGER, child.wait()).await;
        Ok(())
    }

    fn command(&self) -> Command {
        master::command(&self.settings, &self.socket)
    }
}

impl Effect {
    fn lost(self, error: Error) -> Error {
        match self {
            Self::Read => error.temporary(None),
            Self::Change => error.uncertain(),
        }
    }

    fn unclear(self, error: Error) -> Error {
        match self {
            Self::Read => error,
            Self::Change => error.uncertain(),
        }
    }
}

struct Talked {
    stdout: Vec<u8>,
    stderr: String,
    sent: usize,
    too_much: bool,
    status: Option<ExitStatus>,
}

async fn talk(child: &mut Child, head: Vec<u8>, input: Vec<u8>, most: usize) -> Result<Talked> {
    let missing = || Error::internal("a pipe to ssh is missing");
    let mut stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    let sent = head.len() + input.len();
    let send = async move {
        // A broken pipe shows in what is answered.
        if stdin.write_all(&head).await.is_ok() {
            let _ = stdin.write_all(&input).await;
        }
        let _ = stdin.shutdown().await;
    };
    let errors = tokio::spawn(collect(stderr, MOST_ERRORS, false));
    let ((), (stdout, too_much)) = tokio::join!(send, collect(stdout, most, true));
    if too_much {
        // What is left is not wanted; a killed child is reaped by the runtime.
        let _ = child.start_kill();
    }
    let status = timeout(LINGER, child.wait()).await.ok().and_then(std::result::Result::ok);
    // A master may hold on to standard error: its end is not waited for long.
    let stderr = match timeout(Duration::from_millis(300), errors).await {
        Ok(Ok((bytes, _))) => String::from_utf8_lossy(&bytes).into_owned(),
        _ => String::new(),
    };
    Ok(Talked { stdout, stderr, sent, too_much, status })
}

/// Reads to the end, keeping `most` bytes; `stop` at the first byte too many.
async fn collect(mut from: impl AsyncRead + Unpin, most: usize, stop: bool) -> (Vec<u8>, bool) {
    let mut kept = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut too_much = false;
    loop {
        match from.read(&mut buffer).await {
            Ok(0) | Err(_) => return (kept, too_much),
            Ok(count) => {
                let room = most - kept.len();
                kept.extend_from_slice(buffer.get(..count.min(room)).unwrap_or_default());
                if count > room {
                    too_much = true;
                    if stop {
                        return (kept, too_much);
                    }
                }
            }
        }
    }
}

enum Wrapped {
    /// All of it, and the script's exit code.
    Whole(Vec<u8>, i32),
    /// The script began; its end did not arrive.
    Cut,
    /// Nothing of the script arrived.
    Missing,
}

fn unwrap(mut stdout: Vec<u8>, token: &str) -> Wrapped {
    let first = format!("\n{token}\n");
    let Some(start) = position(&stdout, first.as_bytes()) else { return Wrapped::Missing };
    let last = format!("\n{token} ");
    let body = start + first.len();
    // The first line's own newline may be the last line's as well, when the script says nothing.
    let Some(end) = rposition(&stdout, last.as_bytes()).filter(|end| end + 1 >= body) else {
        return Wrapped::Cut;
    };
    let tail = stdout.get(end + last.len()..).unwrap_or_default();
    let code = std::str::from_utf8(tail).ok().and_then(|text| text.strip_suffix('\n')?.parse().ok());
    let Some(code) = code else { return Wrapped::Cut };
    stdout.truncate(end.max(body));
    stdout.drain(..body);
    Wrapped::Whole(stdout, code)
}

fn position(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn rposition(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).rposition(|window| window == wanted)
}

/// A word that no banner says.
fn token() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let draw = || RandomState::new().build_hasher().finish();
    format!("cloudmesh-{:016x}{:016x}", draw(), draw())
}

/// Standard streams for a child that talks to us alone.
fn piped(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn local(shell: &str, script: &'static str, input: &[u8], noise: &str) -> (Vec<u8>, i32) {
        let mut command = Command::new(shell);
        command.arg("-c").arg(format!("{noise}{BOOTSTRAP}"));
        let mut child = piped(&mut command).spawn().unwrap();
        let script = script.trim_end();
        let head = format!("{} the-token\n{script}", script.len()).into_bytes();
        let talked = talk(&mut child, head, input.to_vec(), 1 << 20).await.unwrap();
        match unwrap(talked.stdout, "the-token") {
            Wrapped::Whole(stdout, code) => (stdout, code),
            _ => panic!("not whole: {}", talked.stderr),
        }
    }

    #[tokio::test]
    async fn a_script_gets_its_input_whole_and_its_code_comes_back() {
        let input: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        assert_eq!(local("sh", "cat; exit 255", &input, "").await, (input, 255));
        assert_eq!(local("sh", "exit 7", b"", "").await, (Vec::new(), 7));
        assert_eq!(local("sh", "printf 'a\\n'", b"", "").await, (b"a\n".to_vec(), 0));
        let quoted = "x='it'\"'\"'s \"quoted\" $HOME!'\n# a comment\nprintf '%s' \"$x\"\n";
        assert_eq!(local("sh", quoted, b"", "").await, (b"it's \"quoted\" $HOME!".to_vec(), 0));
    }

    #[tokio::test]
    async fn a_script_that_is_cut_short_is_never_begun() {
        let mut command = Command::new("sh");
        command.arg("-c").arg(BOOTSTRAP);
        let mut child = piped(&mut command).spawn().unwrap();
        let head = b"20 the-token\necho one; ech".to_vec();
        let talked = talk(&mut child, head, Vec::new(), 1 << 20).await.unwrap();
        assert!(talked.stdout.is_empty());
    }

    #[tokio::test]
    async fn what_a_login_shell_says_before_is_dropped() {
        let noise = "printf 'Welcome\\nthe-token is not me\\n'; ";
        assert_eq!(local("sh", "echo answer", b"", noise).await, (b"answer\n".to_vec(), 0));
        assert_eq!(local("bash", "echo answer", b"", noise).await, (b"answer\n".to_vec(), 0));
    }

    #[test]
    fn an_answer_without_its_last_line_is_cut() {
        assert!(matches!(unwrap(b"x\nT\nabc".to_vec(), "T"), Wrapped::Cut));
        assert!(matches!(unwrap(b"x\nT\nabc\nT 1".to_vec(), "T"), Wrapped::Cut));
        assert!(
            matches!(unwrap(b"x\nT\n\nT 12\n".to_vec(), "T"), Wrapped::Whole(body, 12) if body.is_empty())
        );
        assert!(matches!(unwrap(b"banner".to_vec(), "T"), Wrapped::Missing));
    }

    #[test]
    fn what_ssh_would_take_for_an_option_is_refused() {
        for host in ["", "-oProxyCommand=x", "a b", "a\nb"] {
            assert!(SshHost::new(SshSettings::new(host, "/tmp")).is_err(), "{host:?}");
        }
        assert!(SshHost::new(SshSettings::new("india", format!("/{}", "x".repeat(90)))).is_err());
    }
}

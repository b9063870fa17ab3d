//! The shared connection: a master process of OpenSSH behind a socket, started by whoever needs it
//! first, under a lock, so that fifty processes log in once. It ends when it has been idle.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use cloudmesh_model::{Error, ErrorKind, Result};
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use super::askpass::{Desk, GivenUp};
use super::fault::{self, Phase};
use super::{SshSettings, piped};

/// The shortest limit for a socket's path among Unix systems, less what `ssh` appends while binding.
const LONGEST_SOCKET: usize = 104 - 18;

/// The socket's path: the same for all processes with the same settings.
pub(super) fn socket(settings: &SshSettings) -> Result<PathBuf> {
    let mut hash = Hash::new();
    hash.add(settings.host.as_bytes());
    hash.add(settings.user.as_deref().unwrap_or_default().as_bytes());
    hash.add(settings.config.as_deref().map(|path| path.as_os_str().as_bytes()).unwrap_or_default());
    let socket = settings.runtime_folder.join(format!("ssh-{:016x}", hash.0));
    if socket.as_os_str().len() > LONGEST_SOCKET {
        return Err(Error::bad_input(format!(
            "the path of {} is too long for sockets",
            settings.runtime_folder.display()
        ))
        .hint("set XDG_RUNTIME_DIR to a folder with a short path"));
    }
    Ok(socket)
}

/// FNV-1a: the same in every version of the program.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain([&0]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// An `ssh` with everything that all our calls share. Nobody is asked anything, unless by `asking`.
fn plain(settings: &SshSettings, socket: &Path, asking: bool) -> Command {
    let mut command = Command::new("ssh");
    cloudmesh_model::secret::keep_secrets_from(command.as_std_mut());
    if let Some(config) = &settings.config {
        command.arg("-F").arg(config);
    }
    if let Some(user) = &settings.user {
        command.arg("-l").arg(user);
    }
    // `ssh` expands % in this option.
    let path = socket.to_string_lossy().replace('%', "%%");
    command.arg("-T").arg(format!("-oControlPath={path}")).args([
        if asking { "-oBatchMode=no" } else { "-oBatchMode=yes" },
        "-oRemoteCommand=none",
        "-oClearAllForwardings=yes",
        "-oForwardX11=no",
        "-oServerAliveInterval=15",
        "-oServerAliveCountMax=3",
        "-oLogLevel=INFO",
    ]);
    command.arg(format!("-oConnectTimeout={}", settings.connect_timeout.as_secs().max(1)));
    piped(&mut command);
    command
}

/// An `ssh` that uses the master.
pub(super) fn command(settings: &SshSettings, socket: &Path) -> Command {
    plain(settings, socket, false)
}

/// Makes sure that a master listens. Gives the time for which a person was waited for.
///
/// The first attempt asks nobody. Only if the host wants what a key cannot give does a second one ask the
/// person; what she logged in to stays for longer.
pub(super) async fn ensure(settings: &SshSettings, socket: &Path, until: Instant) -> Result<Duration> {
    if listens(socket) {
        return Ok(Duration::ZERO);
    }
    // Whoever holds the lock may be asking a person: the call's own deadline bounds this wait.
    let _lock = lock(settings, socket, until).await?;
    if listens(socket) {
        return Ok(Duration::ZERO);
    }
    let refused = match log_in(settings, socket, until, None).await {
        Ok(()) => return Ok(Duration::ZERO),
        Err(failed) => failed,
    };
    let Some(asking) = settings.ask.as_ref().filter(|_| refused.may_ask) else {
        return Err(refused.error);
    };
    let mut desk = Desk::open(&settings.runtime_folder, asking)?;
    match log_in(settings, socket, until, Some(&mut desk)).await {
        Ok(()) => Ok(desk.waited),
        Err(Failed { host_key: Some(shown), .. }) => Err(refused.error.with("asked", shown)),
        Err(failed) => Err(failed.error),
    }
}

/// Why there is no master.
struct Failed {
    error: Error,
    /// Whether a person might help.
    may_ask: bool,
    /// What was asked, where nobody vouched for the host's key.
    host_key: Option<String>,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self { error, may_ask: false, host_key: None }
    }
}

/// Starts a master and waits until it listens.
async fn log_in(
    settings: &SshSettings,
    socket: &Path,
    until: Instant,
    mut desk: Option<&mut Desk>,
) -> Result<(), Failed> {
    let mut command = plain(settings, socket, desk.is_some());
    let stays = if desk.is_some() { settings.asked_idle } else { settings.idle };
    // A command that ends, rather than `-f -N`: a master that cannot have its socket, because another one
    // has it meanwhile, ends with its command and does not stay for ever.
    command
        .arg("-oControlMaster=yes")
        .arg(format!("-oControlPersist={}", stays.as_secs().max(1)))
        .arg("--")
        .arg(&settings.host)
        .arg("true")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    if let Some(desk) = &desk {
        desk.prepare(&mut command);
    }
    // What a killed master left would be taken for a living one.
    let _ = std::fs::remove_file(socket);
    let mut child = command.spawn().map_err(|error| fault::no_ssh(&error))?;
    let mut errors = child.stderr.take();
    let said = tokio::spawn(async move {
        let mut said = Vec::new();
        if let Some(errors) = &mut errors {
            let _ = errors.take(64 * 1024).read_to_end(&mut said).await;
        }
        said
    });
    let allowed = settings.connect_timeout * 2;
    let began = Instant::now();
    let mut pause = Duration::from_millis(5);
    let status = loop {
        let waited = desk.as_ref().map_or(Duration::ZERO, |desk| desk.waited);
        let until = (began + allowed).min(until) + waited;
        let question = async {
            match &desk {
                Some(desk) => desk.next().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            status = child.wait() => match status {
                Ok(status) => break status,
                Err(error) => {
                    return Err(Error::internal(format!("ssh cannot be waited for: {error}")).into());
                }
            },
            stream = question => {
                if let Some(desk) = &mut desk
                    && let Err((given_up, stream)) = desk.serve(stream).await
                {
                    let _ = child.kill().await;
                    drop(stream);
                    return Err(unanswered(settings, given_up));
                }
            }
            () = sleep(pause) => {
                pause = (pause * 3 / 2).min(Duration::from_millis(50));
                if listens(socket) {
                    // Its command may still be under way; the master is not its child any more then.
                    tokio::spawn(async move { child.wait().await });
                    return Ok(());
                }
            }
            () = tokio::time::sleep_until(until) => {
                let message = format!("{} did not let us log in within {} seconds", settings.host, allowed.as_secs());
                return Err(Error::new(ErrorKind::Unreachable, message)
                    .temporary(None)
                    .hint(format!("try `ssh {}` by hand", settings.host))
                    .into());
            }
        }
    };
    if listens(socket) {
        return Ok(());
    }
    let said = match tokio::time::timeout(Duration::from_millis(300), said).await {
        Ok(Ok(said)) => String::from_utf8_lossy(&said).into_owned(),
        _ => String::new(),
    };
    if status.success() {
        let message = format!("{} let us log in, but the connection cannot be shared", settings.host);
        return Err(Error::new(ErrorKind::Unsupported, message)
            .hint(
                "check that the configuration of SSH does not turn ControlMaster off, and MaxSessions there",
            )
            .with("ssh", fault::last_line(&said))
            .into());
    }
    let asked = desk.is_some_and(|desk| desk.asked());
    let (mut error, _) = fault::translate(settings, &said, status.code(), Phase::Connect);
    if asked && error.kind() == ErrorKind::Unauthorized {
        error = error.hint("check the password or one-time code, and that the account is not locked there");
    }
    Err(Failed { error, may_ask: fault::a_person_may_help(&said), host_key: None })
}

/// Nobody answered what the host asked.
fn unanswered(settings: &SshSettings, given_up: GivenUp) -> Failed {
    let host = &settings.host;
    match given_up {
        GivenUp::HostKey { shown } => Failed {
            error: Error::new(ErrorKind::Unauthorized, format!("the host key of {host} is not known here")),
            may_ask: false,
            host_key: Some(shown),
        },
        GivenUp::Nobody { wanted, why } if why.kind() == ErrorKind::Refused => Error::new(
            ErrorKind::Unauthorized,
            format!("{host} asks for more than a key ({wanted}), and nobody can be asked here"),
        )
        .hint(format!(
            "run a command for it in a terminal once: its log-in is then shared by all commands for {} hours",
            settings.asked_idle.as_secs() / 3600
        ))
        .into(),
        GivenUp::Nobody { why, .. } => why.into(),
    }
}

fn listens(socket: &Path) -> bool {
    UnixStream::connect(socket).is_ok()
}

async fn lock(settings: &SshSettings, socket: &Path, until: Instant) -> Result<File> {
    let folder = &settings.runtime_folder;
    let fault = |error: std::io::Error| {
        Error::new(ErrorKind::Store, format!("{} cannot be used for sockets: {error}", folder.display()))
            .hint("check that the folder is yours and can be written to")
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fault)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(socket.with_extension("lock"))
        .map_err(fault)?;
    let mut pause = Duration::from_millis(5);
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(fault(error)),
            Err(TryLockError::WouldBlock) if Instant::now() >= until => {
                return Err(Error::new(
                    ErrorKind::Unreachable,
                    format!(
                        "another process is still logging in to {}; it may be asking somebody",
                        settings.host
                    ),
                )
                .temporary(None)
                .hint(format!("try `ssh {}` by hand", settings.host)));
            }
            Err(TryLockError::WouldBlock) => {
                sleep(pause).await;
                pause = (pause * 2).min(Duration::from_millis(100));
            }
        }
    }
}

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
use tokio::time::{Instant, sleep, timeout_at};

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

/// An `ssh` with everything that all our calls share. Nobody can be asked anything.
pub(super) fn command(settings: &SshSettings, socket: &Path) -> Command {
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
        "-oBatchMode=yes",
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

/// Makes sure that a master listens.
pub(super) async fn ensure(settings: &SshSettings, socket: &Path, until: Instant) -> Result<()> {
    if listens(socket) {
        return Ok(());
    }
    let until = until.min(Instant::now() + settings.connect_timeout * 2);
    let _lock = lock(settings, socket, until).await?;
    if listens(socket) {
        return Ok(());
    }
    let mut command = command(settings, socket);
    command
        .arg("-oControlMaster=yes")
        .arg(format!("-oControlPersist={}", settings.idle.as_secs().max(1)))
        .args(["-f", "-N", "--"])
        .arg(&settings.host)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
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
    let status = match timeout_at(until, child.wait()).await {
        Ok(Ok(status)) => status,
        Ok(Err(error)) => return Err(Error::internal(format!("ssh cannot be waited for: {error}"))),
        Err(_) => {
            return Err(Error::new(
                ErrorKind::Unreachable,
                format!(
                    "{} did not let us log in within {} seconds",
                    settings.host,
                    settings.connect_timeout.as_secs() * 2
                ),
            )
            .temporary(None)
            .hint(format!("try `ssh {}` by hand", settings.host)));
        }
    };
    if status.success() {
        return Ok(());
    }
    let said = match tokio::time::timeout(Duration::from_millis(300), said).await {
        Ok(Ok(said)) => String::from_utf8_lossy(&said).into_owned(),
        _ => String::new(),
    };
    Err(fault::translate(settings, &said, status.code(), Phase::Connect).0)
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
                    format!("another process has been connecting to {} for too long", settings.host),
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

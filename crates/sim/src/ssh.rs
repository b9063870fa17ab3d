//! Whether simulated servers answer on ssh, and what is needed for it: the computer's `sshd`, a host key of the
//! simulator, a private folder. Facts: sshd(8), sshd_config(5), ssh-keygen(1).

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::clock::lock;
use crate::options::SshdOption;
use crate::simulator::Cloud;
use crate::ssh_listener::Listeners;

/// How many addresses answer at most.
pub(crate) const MOST_LISTENERS: usize = 256;

/// Whether simulated servers answer on ssh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SshStatus {
    /// It was not asked for.
    Off,
    /// It was asked for and cannot be had.
    Unavailable {
        /// Why not, in words.
        reason: String,
    },
    /// ACTIVE servers with a key pair answer.
    Available {
        /// The TCP port on every simulated address.
        port: u16,
        /// The user to log in as: the one who runs the simulator.
        user: String,
        /// The public host key of all simulated servers, as a line of a known_hosts file without the host.
        host_key: String,
        /// How many addresses answer now; there are at most 256.
        listeners: usize,
        /// How many more would answer but for that limit, or because their address could not be had.
        left_out: usize,
    },
}

/// What is needed to answer.
pub(crate) struct Means {
    pub(crate) sshd: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) host_key: PathBuf,
    pub(crate) user: String,
    pub(crate) port: u16,
    pub(crate) runtime: tokio::runtime::Handle,
    public_host_key: String,
    /// Kept so that no other simulator of this computer chooses the same port.
    _reserved: std::net::TcpListener,
    /// Kept so that it is removed with the simulator.
    _temporary: Option<tempfile::TempDir>,
}

enum Readiness {
    Off,
    Unavailable(String),
    Ready(std::sync::Arc<Means>),
}

/// The ssh side of a simulator.
pub(crate) struct Ssh {
    readiness: Readiness,
    listeners: Mutex<Listeners>,
}

impl Ssh {
    /// Looks for what is needed. Never fails: what is missing is said in the status.
    pub(crate) async fn prepare(option: &SshdOption, state_file: Option<&Path>) -> Self {
        let readiness = match option {
            SshdOption::Off => Readiness::Off,
            SshdOption::Auto { port } => match prepare(*port, state_file).await {
                Ok(means) => Readiness::Ready(std::sync::Arc::new(means)),
                Err(reason) => Readiness::Unavailable(reason),
            },
        };
        Self { readiness, listeners: Mutex::new(Listeners::default()) }
    }

    pub(crate) fn status(&self) -> SshStatus {
        match &self.readiness {
            Readiness::Off => SshStatus::Off,
            Readiness::Unavailable(reason) => SshStatus::Unavailable { reason: reason.clone() },
            Readiness::Ready(means) => {
                let (listeners, left_out) = lock(&self.listeners).count();
                SshStatus::Available {
                    port: means.port,
                    user: means.user.clone(),
                    host_key: means.public_host_key.clone(),
                    listeners,
                    left_out,
                }
            }
        }
    }

    /// Opens and closes listeners so that they are those of the cloud's present servers.
    pub(crate) fn follow(&self, cloud: &Cloud) {
        if let Readiness::Ready(means) = &self.readiness {
            lock(&self.listeners).follow(cloud, means);
        } else {
            cloud.ssh_generation.store(0, std::sync::atomic::Ordering::Relaxed);
        }
    }

    pub(crate) fn close_all(&self) {
        lock(&self.listeners).close_all();
    }
}

/// The first program of this name in the usual places and on PATH.
fn program(name: &str) -> Option<PathBuf> {
    let usual = ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"].map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    usual
        .into_iter()
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

async fn prepare(port: u16, state_file: Option<&Path>) -> Result<Means, String> {
    if !cfg!(target_os = "linux") {
        return Err("only on Linux does every address of 127.0.0.0/8 lead to this computer".to_owned());
    }
    let sshd = program("sshd").ok_or("there is no sshd on this computer")?;
    let (folder, temporary) =
        folder(state_file).map_err(|error| format!("no folder for its keys: {error}"))?;
    let host_key = folder.join("host_key");
    if !host_key.is_file() {
        make_key(&host_key, "ed25519")
            .await
            .map_err(|error| format!("no host key could be made: {error}"))?;
    }
    let public_host_key = std::fs::read_to_string(host_key.with_extension("pub"))
        .map_err(|error| format!("the host key cannot be read: {error}"))?;
    let public_host_key = public_host_key.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    if rustix::process::getuid().is_root() {
        // sshd of root wants this empty folder, which the system makes when its own service starts.
        let _ = std::fs::create_dir_all("/run/sshd");
    }
    let user = user().await.map_err(|error| format!("the user's name cannot be found: {error}"))?;
    let reserved = std::net::TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))
        .map_err(|error| format!("port {port} cannot be had: {error}"))?;
    let port = reserved.local_addr().map_err(|error| error.to_string())?.port();
    let means = Means {
        sshd,
        folder,
        host_key,
        user,
        port,
        runtime: tokio::runtime::Handle::current(),
        public_host_key,
        _reserved: reserved,
        _temporary: temporary,
    };
    try_out(&means).await?;
    Ok(means)
}

/// A folder that only its owner can enter: beside the state file, so that the host key stays the same, or a temporary
/// one.
fn folder(state_file: Option<&Path>) -> io::Result<(PathBuf, Option<tempfile::TempDir>)> {
    let Some(state_file) = state_file else {
        let temporary = tempfile::Builder::new().prefix("cloudmesh-sim-").tempdir()?;
        return Ok((temporary.path().to_owned(), Some(temporary)));
    };
    let folder = std::path::absolute(state_file.with_extension("ssh"))?;
    std::fs::create_dir_all(&folder)?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
    Ok((folder, None))
}

/// Lets `sshd` read a configuration of ours, so that the reason it would fail with is known at the start.
async fn try_out(means: &Means) -> Result<(), String> {
    let file = crate::ssh_listener::write_configuration(means, "trial", "trial", "", "trial")
        .map_err(|error| format!("its configuration cannot be written: {error}"))?;
    let output = Command::new(&means.sshd)
        .arg("-t")
        .arg("-f")
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| format!("{} cannot be started: {error}", means.sshd.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(format!("{} refuses its configuration: {words}", means.sshd.display()))
}

async fn user() -> io::Result<String> {
    let output = Command::new("id").arg("-un").stdin(Stdio::null()).output().await?;
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if name.is_empty() { Err(io::Error::other("id -un says nothing")) } else { Ok(name) }
}

async fn make_key(file: &Path, kind: &str) -> io::Result<()> {
    let output = Command::new("ssh-keygen")
        .args(["-q", "-t", kind, "-N", "", "-C", "cloudmesh-sim", "-f"])
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .await?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

/// A new key, public and private part, for a key pair that a client wants made. `None` where there is no `ssh-keygen`.
pub(crate) async fn generate_key() -> Option<(String, String)> {
    let folder = tempfile::Builder::new().prefix("cloudmesh-sim-").tempdir().ok()?;
    let file = folder.path().join("key");
    make_key(&file, "rsa").await.ok()?;
    let public = std::fs::read_to_string(file.with_extension("pub")).ok()?;
    let private = std::fs::read_to_string(&file).ok()?;
    Some((public.trim().replace("cloudmesh-sim", "Generated-by-Nova"), private))
}

//! The listeners of simulated servers: one for each address of an ACTIVE server with a key pair, on one port. Each
//! connection is handed to an `sshd -i` of its own, through this process, so that no session outlives the simulator.
//!
//! Only a process of the user who runs the simulator (or of root) may connect: a session runs as that user, and the
//! cloud's passwords are known ones, so the key pair alone would let everybody on the computer in.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::clock::lock;
use crate::nova::key_pairs::authorized_line;
use crate::nova::model::VmState;
use crate::nova::view;
use crate::simulator::Cloud;
use crate::sockets;
use crate::ssh::{MOST_LISTENERS, Means};

/// A server that shall answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    cloud: String,
    server: String,
    key: String,
}

struct Open {
    target: Target,
    name: Arc<Mutex<String>>,
    task: tokio::task::AbortHandle,
    mark: String,
    /// Whether anybody ever came in.
    used: Arc<AtomicBool>,
}

/// All listeners of a simulator, by address.
#[derive(Default)]
pub(crate) struct Listeners {
    open: HashMap<Ipv4Addr, Open>,
    left_out: BTreeMap<String, usize>,
}

impl Listeners {
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.open.len(), self.left_out.values().sum())
    }

    /// Opens and closes what the present servers of a cloud ask for.
    pub(crate) fn follow(&mut self, cloud: &Cloud, means: &Arc<Means>) {
        let wanted = {
            let state = lock(&cloud.state);
            let generation = state.generation;
            if cloud.ssh_generation.swap(generation, Ordering::Relaxed) == generation {
                return;
            }
            wanted(&state, &cloud.options.name)
        };
        let stale: Vec<Ipv4Addr> = self
            .open
            .iter()
            .filter(|(address, open)| {
                open.target.cloud == cloud.options.name
                    && wanted.get(address).is_none_or(|(target, _)| *target != open.target)
            })
            .map(|(address, _)| *address)
            .collect();
        let closed: Vec<Open> = stale.iter().filter_map(|address| self.open.remove(address)).collect();
        let marks = close(&closed);
        if !marks.is_empty() {
            // Looking through all processes takes longer than a caller should wait under a lock.
            std::thread::spawn(move || end_sessions(&marks));
        }
        let mut left_out = 0;
        for (address, (target, name)) in wanted {
            if let Some(open) = self.open.get(&address) {
                *lock(&open.name) = name;
                continue;
            }
            if self.open.len() >= MOST_LISTENERS {
                left_out += 1;
                continue;
            }
            match listen(address, target, name, means) {
                Ok(open) => {
                    self.open.insert(address, open);
                }
                Err(_) => left_out += 1,
            }
        }
        self.left_out.insert(cloud.options.name.clone(), left_out);
    }

    pub(crate) fn close_all(&mut self) {
        let closed: Vec<Open> = self.open.drain().map(|(_, open)| open).collect();
        end_sessions(&close(&closed));
    }
}

/// Address, server and name of all that shall answer.
fn wanted(state: &crate::state::CloudState, cloud: &str) -> BTreeMap<Ipv4Addr, (Target, String)> {
    let mut wanted = BTreeMap::new();
    for region in &state.regions {
        let floating = view::FloatingByPort::of(region);
        for server in region.servers.values().filter(|server| server.vm_state == VmState::Active) {
            let Some(key) = server.public_key.as_deref().and_then(authorized_line) else { continue };
            for address in view::address_list(region, server, &floating) {
                let Ok(address) = address.parse::<Ipv4Addr>() else { continue };
                if address.is_loopback() {
                    let target =
                        Target { cloud: cloud.to_owned(), server: server.id.clone(), key: key.clone() };
                    wanted.insert(address, (target, server.name.clone()));
                }
            }
        }
    }
    wanted
}

fn listen(address: Ipv4Addr, target: Target, name: String, means: &Arc<Means>) -> io::Result<Open> {
    let listener = std::net::TcpListener::bind(SocketAddrV4::new(address, means.port))?;
    listener.set_nonblocking(true)?;
    let _runtime = means.runtime.enter();
    let listener = TcpListener::from_std(listener)?;
    let name = Arc::new(Mutex::new(name));
    let mark = format!("{}-{}", std::process::id(), target.server);
    let used = Arc::new(AtomicBool::new(false));
    let door = Door {
        server: target.server.clone(),
        key: target.key.clone(),
        name: Arc::clone(&name),
        mark: mark.clone(),
        used: Arc::clone(&used),
        means: Arc::clone(means),
    };
    let task = tokio::spawn(accept(listener, Arc::new(door)));
    Ok(Open { target, name, task: task.abort_handle(), mark, used })
}

/// Ends listeners; the marks of those that had sessions.
fn close(closed: &[Open]) -> Vec<String> {
    for open in closed {
        open.task.abort();
    }
    closed.iter().filter(|open| open.used.load(Ordering::SeqCst)).map(|open| open.mark.clone()).collect()
}

/// Stops what the sessions of servers have left running, as a machine that is switched off does. It is known by the
/// server's mark in its environment.
fn end_sessions(marks: &[String]) {
    if marks.is_empty() {
        return;
    }
    let Ok(processes) = std::fs::read_dir("/proc") else { return };
    let pids = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    for pid in pids {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let marked = environment.split(|byte| *byte == 0).any(|each| {
            each.strip_prefix(b"CLOUDMESH_SIMULATED_SESSION=")
                .is_some_and(|value| marks.iter().any(|mark| mark.as_bytes() == value))
        });
        if marked {
            let _ = crate::kill::kill(pid);
        }
    }
}

/// What the sessions of one server need.
struct Door {
    server: String,
    key: String,
    name: Arc<Mutex<String>>,
    mark: String,
    used: Arc<AtomicBool>,
    means: Arc<Means>,
}

async fn accept(listener: TcpListener, door: Arc<Door>) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if is_ours(&stream) => {
                    door.used.store(true, Ordering::SeqCst);
                    let door = Arc::clone(&door);
                    sessions.spawn(async move {
                        // A session that fails is a connection that closes; the client says so.
                        let _ = session(stream, &door).await;
                    });
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            },
            Some(_) = sessions.join_next(), if !sessions.is_empty() => {}
        }
    }
}

/// Whether the process at the other end is one of the user who runs the simulator, or of root.
fn is_ours(stream: &TcpStream) -> bool {
    let (Ok(theirs), Ok(ours)) = (stream.peer_addr(), stream.local_addr()) else { return false };
    sockets::peer(theirs, ours)
        .is_some_and(|peer| peer.uid == 0 || peer.uid == rustix::process::getuid().as_raw())
}

async fn session(mut stream: TcpStream, door: &Door) -> io::Result<()> {
    let name = lock(&door.name).clone();
    let configuration = write_configuration(&door.means, &door.server, &name, &door.key, &door.mark)?;
    let (mut near, far) = UnixStream::pair()?;
    let far = far.into_std()?;
    far.set_nonblocking(false)?;
    let copy = far.try_clone()?;
    let mut child = Command::new(&door.means.sshd)
        .arg("-i")
        .arg("-f")
        .arg(configuration)
        .stdin(Stdio::from(OwnedFd::from(far)))
        .stdout(Stdio::from(OwnedFd::from(copy)))
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let _ = stream.set_nodelay(true);
    let _ = tokio::io::copy_bidirectional(&mut stream, &mut near).await;
    drop(near);
    child.wait().await?;
    Ok(())
}

/// Writes the configuration of one server's `sshd` and the one key that it takes.
pub(crate) fn write_configuration(
    means: &Means,
    server: &str,
    name: &str,
    key: &str,
    mark: &str,
) -> io::Result<PathBuf> {
    let keys = means.folder.join(format!("{server}.keys"));
    let file = means.folder.join(format!("{server}.conf"));
    replace(&keys, key)?;
    // What the configuration's own syntax cannot carry is left out of the name.
    let name: String = name
        .chars()
        .map(|each| if each.is_control() || "\"\\'".contains(each) { '_' } else { each })
        .collect();
    let text = format!(
        "# Written by the simulator for one simulated server.\n\
         HostKey {host_key}\n\
         PidFile none\n\
         UsePAM no\n\
         StrictModes no\n\
         AuthenticationMethods publickey\n\
         PubkeyAuthentication yes\n\
         PasswordAuthentication no\n\
         KbdInteractiveAuthentication no\n\
         HostbasedAuthentication no\n\
         PermitRootLogin prohibit-password\n\
         AllowUsers {user}\n\
         AuthorizedKeysFile \"{keys}\"\n\
         PermitUserEnvironment no\n\
         X11Forwarding no\n\
         AllowAgentForwarding no\n\
         PrintMotd no\n\
         PrintLastLog no\n\
         UseDNS no\n\
         LogLevel ERROR\n\
         Subsystem sftp internal-sftp\n\
         SetEnv \"CLOUDMESH_SIMULATED_HOST={name}\" CLOUDMESH_SIMULATED_SESSION={mark}\n",
        host_key = quoted(&means.host_key),
        user = means.user,
        keys = keys.display(),
    );
    replace(&file, &text)?;
    Ok(file)
}

fn quoted(path: &std::path::Path) -> String {
    format!("\"{}\"", path.display())
}

/// Two sessions may begin at once, so a file is replaced in one step.
fn replace(file: &std::path::Path, text: &str) -> io::Result<()> {
    let folder = file.parent().ok_or_else(|| io::Error::other("no folder"))?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut temporary, text.as_bytes())?;
    temporary.persist(file).map_err(|error| error.error)?;
    Ok(())
}

//! Starting and stopping a simulator, and what its owner can ask of it.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::call_log::CallLog;
use crate::clock::{Clock, lock};
use crate::credentials::{ApplicationCredential, CloudCredentials};
use crate::faults::{FaultHandle, Faults};
use crate::nova::model::VmState;
use crate::options::{CloudOptions, Options};
use crate::persist;
use crate::ssh::{Ssh, SshStatus};
use crate::state::CloudState;

/// How often the state file and the listeners of simulated servers are brought up to date without a call.
const TICK: Duration = Duration::from_millis(100);

/// One cloud, with all that hangs on it.
pub(crate) struct Cloud {
    pub(crate) options: CloudOptions,
    /// Its root, `http://ADDRESS/NAME`.
    pub(crate) root: String,
    pub(crate) slots: Vec<u8>,
    pub(crate) seed: u64,
    pub(crate) state: Mutex<CloudState>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) log: Mutex<CallLog>,
    /// The generation that the listeners of its servers were last made for.
    pub(crate) ssh_generation: AtomicU64,
}

/// What all tasks of a simulator share.
pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    pub(crate) control_token: String,
    pub(crate) clouds: BTreeMap<String, Arc<Cloud>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ssh: Ssh,
}

impl Shared {
    /// What follows from a change: listeners of simulated servers open and close.
    pub(crate) fn follow(&self, cloud: &Cloud) {
        self.ssh.follow(cloud);
    }

    /// Puts one cloud, or all, back to how it began, without faults and without a log.
    pub(crate) fn reset(&self, name: Option<&str>) {
        for (_, cloud) in self.clouds.iter().filter(|(each, _)| name.is_none_or(|name| name == each.as_str()))
        {
            let fresh = crate::seeding::cloud(&cloud.options, cloud.seed, &cloud.slots, self.clock.now());
            {
                let mut state = lock(&cloud.state);
                let generation = state.generation + 1;
                *state = fresh;
                state.generation = generation;
            }
            *lock(&cloud.faults) = Faults::new(cloud.seed);
            *lock(&cloud.log) = CallLog::default();
            self.follow(cloud);
        }
    }

    pub(crate) fn status(&self) -> Status {
        Status {
            address: self.address,
            ssh: self.ssh.status(),
            clouds: self.clouds.values().map(|cloud| cloud.status(self.clock.as_ref())).collect(),
        }
    }
}

impl Cloud {
    fn status(&self, clock: &dyn Clock) -> CloudStatus {
        let mut state = lock(&self.state);
        state.settle(clock.now());
        let regions = state
            .regions
            .iter()
            .map(|region| {
                let standing =
                    || region.servers.values().filter(|server| server.vm_state != VmState::Deleted);
                RegionStatus {
                    name: region.name.clone(),
                    servers: standing().count(),
                    active_servers: standing().filter(|server| server.vm_state == VmState::Active).count(),
                    key_pairs: region.key_pairs.values().map(BTreeMap::len).sum(),
                    networks: region.networks.len(),
                    ports: region.ports.len(),
                    floating_ips: region.floating_ips.len(),
                    security_groups: region.security_groups.len(),
                    volumes: region.volumes.len(),
                }
            })
            .collect();
        CloudStatus {
            name: self.options.name.clone(),
            auth_url: format!("{}/identity/v3", self.root),
            regions,
            calls: lock(&self.log).last(),
        }
    }

    pub(crate) fn credentials(&self) -> CloudCredentials {
        let state = lock(&self.state);
        let password = |name: &str| {
            state
                .users
                .iter()
                .find(|user| user.name == name)
                .map_or_else(String::new, |user| user.password.clone())
        };
        let application_credential = state
            .application_credentials
            .iter()
            .find(|credential| credential.name == "demo-credential")
            .map_or_else(
                || ApplicationCredential { id: String::new(), name: String::new(), secret: String::new() },
                |credential| ApplicationCredential {
                    id: credential.id.clone(),
                    name: credential.name.clone(),
                    secret: credential.secret.clone(),
                },
            );
        CloudCredentials {
            cloud: state.name.clone(),
            auth_url: format!("{}/identity/v3", self.root),
            regions: state.regions.iter().map(|region| region.name.clone()).collect(),
            domain: "Default".to_owned(),
            user: "demo".to_owned(),
            password: password("demo"),
            project: "demo".to_owned(),
            admin_user: "admin".to_owned(),
            admin_password: password("admin"),
            admin_project: "admin".to_owned(),
            application_credential,
        }
    }
}

/// What a simulator is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether simulated servers answer on ssh.
    pub ssh: SshStatus,
    /// Its clouds, by name.
    pub clouds: Vec<CloudStatus>,
}

/// One cloud in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloudStatus {
    /// Its name.
    pub name: String,
    /// Where its Keystone is.
    pub auth_url: String,
    /// Its regions.
    pub regions: Vec<RegionStatus>,
    /// How many calls it has taken.
    pub calls: u64,
}

/// One region in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field counts what its name says")]
pub struct RegionStatus {
    pub name: String,
    pub servers: usize,
    pub active_servers: usize,
    pub key_pairs: usize,
    pub networks: usize,
    pub ports: usize,
    pub floating_ips: usize,
    pub security_groups: usize,
    pub volumes: usize,
}

/// A running simulator. Dropping it ends it; [`Simulator::stop`] also writes the state file.
pub struct Simulator {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    state_file: Option<std::path::PathBuf>,
}

impl Simulator {
    /// Starts a simulator on the present tokio runtime.
    ///
    /// # Errors
    /// When the address is not a loopback one or cannot be had, when the names of the clouds will not do, or when the
    /// state file cannot be read.
    pub async fn start(options: Options) -> io::Result<Self> {
        check(&options)?;
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let mut stored = match &options.state_file {
            Some(path) => persist::load(path)?,
            None => BTreeMap::new(),
        };
        stored.retain(|name, state| {
            options.clouds.iter().any(|cloud| {
                cloud.name == *name
                    && cloud.regions.iter().eq(state.regions.iter().map(|region| &region.name))
            })
        });
        let mut free = Slots::new(options.seed, &stored);
        let mut clouds = BTreeMap::new();
        let now = options.clock.now();
        for cloud in &options.clouds {
            let seed = crate::random::mix(options.seed, cloud.name.as_bytes());
            let (state, slots) = match stored.remove(&cloud.name) {
                Some(mut state) => {
                    state.settings = crate::state::Settings::of(cloud);
                    let slots = state.regions.iter().map(|region| region.slot).collect();
                    (state, slots)
                }
                None => {
                    let slots = free.take(cloud.regions.len())?;
                    (crate::seeding::cloud(cloud, seed, &slots, now), slots)
                }
            };
            let cloud = Cloud {
                root: format!("http://{address}/{}", cloud.name),
                options: cloud.clone(),
                slots,
                seed,
                state: Mutex::new(state),
                faults: Mutex::new(Faults::new(seed)),
                log: Mutex::new(CallLog::default()),
                ssh_generation: AtomicU64::new(u64::MAX),
            };
            clouds.insert(cloud.options.name.clone(), Arc::new(cloud));
        }
        let ssh = Ssh::prepare(&options.ssh, options.state_file.as_deref()).await;
        let control_token = crate::random::secret()?;
        let shared = Arc::new(Shared { address, control_token, clouds, clock: options.clock, ssh });
        for cloud in shared.clouds.values() {
            shared.follow(cloud);
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&shared)));
        tasks.spawn(tick(Arc::clone(&shared), options.state_file.clone()));
        Ok(Self { shared, tasks, state_file: options.state_file })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Keystone's URL of a cloud.
    #[must_use]
    pub fn auth_url(&self, cloud: &str) -> String {
        format!("http://{}/{cloud}/identity/v3", self.shared.address)
    }

    /// The root of the control API.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("http://{}/_sim", self.shared.address)
    }

    /// The bearer token of the control API. It is made anew at every start; keep it where only its user can read it.
    #[must_use]
    pub fn control_token(&self) -> &str {
        &self.shared.control_token
    }

    /// The names of the clouds.
    #[must_use]
    pub fn cloud_names(&self) -> Vec<String> {
        self.shared.clouds.keys().cloned().collect()
    }

    /// What is needed to log in to a cloud.
    #[must_use]
    pub fn credentials(&self, cloud: &str) -> Option<CloudCredentials> {
        self.shared.clouds.get(cloud).map(|cloud| cloud.credentials())
    }

    /// Faults, calls and orders to stop the client, of one cloud.
    #[must_use]
    pub fn faults(&self, cloud: &str) -> Option<FaultHandle> {
        self.shared.clouds.get(cloud).map(|cloud| FaultHandle { cloud: Arc::clone(cloud) })
    }

    /// Whether and where simulated servers answer on ssh.
    #[must_use]
    pub fn ssh(&self) -> SshStatus {
        self.shared.ssh.status()
    }

    /// What it is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// Puts one cloud, or all, back to how it began, without faults and without a log.
    pub fn reset(&self, cloud: Option<&str>) {
        self.shared.reset(cloud);
    }

    /// Ends the simulator: connections, listeners and the `sshd`s it started, and writes the state file.
    ///
    /// # Errors
    /// When the state file cannot be written.
    pub async fn stop(mut self) -> io::Result<()> {
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
        self.shared.ssh.close_all();
        match &self.state_file {
            Some(path) => persist::save(path, &self.shared),
            None => Ok(()),
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.tasks.abort_all();
        self.shared.ssh.close_all();
    }
}

/// Runs a simulator until `until` comes true. `ready` is called once it listens, and is told where and with which token.
///
/// # Errors
/// As [`Simulator::start`] and [`Simulator::stop`]; also whatever `ready` returns.
pub async fn serve(
    options: Options,
    ready: impl FnOnce(&Simulator) -> io::Result<()>,
    until: impl Future<Output = ()>,
) -> io::Result<()> {
    let simulator = Simulator::start(options).await?;
    ready(&simulator)?;
    until.await;
    simulator.stop().await
}

fn check(options: &Options) -> io::Result<()> {
    let refuse = |message: String| Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    if !options.listen.ip().is_loopback() {
        return refuse(format!("the simulator listens on loopback only, not on {}", options.listen.ip()));
    }
    let mut names = std::collections::BTreeSet::new();
    for cloud in &options.clouds {
        let name = &cloud.name;
        let fine = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
            && !name.starts_with('_');
        if !fine {
            return refuse(format!(
                "the name of a simulated cloud is made of lower-case letters, digits, - and _, and does not begin with _: {name}"
            ));
        }
        if !names.insert(name) {
            return refuse(format!("there are two simulated clouds named {name}"));
        }
        if cloud.regions.is_empty() {
            return refuse(format!("the simulated cloud {name} has no region"));
        }
    }
    Ok(())
}

/// The second numbers of addresses, one for each region of each cloud. 0 and 1 are left to the computer's own use.
struct Slots {
    next: u8,
    used: Vec<u8>,
}

impl Slots {
    const FIRST: u8 = 2;
    const COUNT: usize = 253;

    fn new(seed: u64, stored: &BTreeMap<String, CloudState>) -> Self {
        let used = stored.values().flat_map(|state| state.regions.iter().map(|region| region.slot)).collect();
        let offset = (crate::random::mix(seed, b"addresses") % Self::COUNT as u64) as u8;
        Self { next: Self::FIRST + offset, used }
    }

    fn take(&mut self, count: usize) -> io::Result<Vec<u8>> {
        let mut taken = Vec::new();
        for _ in 0..Self::COUNT {
            if taken.len() == count {
                break;
            }
            let slot = self.next;
            self.next = if slot == 254 { Self::FIRST } else { slot + 1 };
            if !self.used.contains(&slot) {
                self.used.push(slot);
                taken.push(slot);
            }
        }
        if taken.len() == count {
            return Ok(taken);
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("a simulator has addresses for {} regions in all its clouds", Self::COUNT),
        ))
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(crate::http::serve_connection(stream, Arc::clone(&shared)));
                }
                // Out of file descriptors, most likely: wait for some to be given back.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// Lets builds end, opens and closes listeners, and keeps the state file up to date.
async fn tick(shared: Arc<Shared>, state_file: Option<std::path::PathBuf>) {
    let mut saved = persist::generations(&shared);
    let mut since_saved = Duration::ZERO;
    loop {
        tokio::time::sleep(TICK).await;
        let now = shared.clock.now();
        for cloud in shared.clouds.values() {
            let due = {
                let mut state = lock(&cloud.state);
                let due = state.next_due().is_some_and(|due| due <= now);
                if due {
                    state.settle(now);
                }
                due
            };
            if due || cloud.ssh_generation.load(Ordering::Relaxed) == u64::MAX {
                shared.follow(cloud);
            }
        }
        since_saved += TICK;
        let Some(path) = state_file.clone().filter(|_| since_saved >= Duration::from_millis(500)) else {
            continue;
        };
        since_saved = Duration::ZERO;
        let generations = persist::generations(&shared);
        if generations != saved {
            let shared = Arc::clone(&shared);
            let written = tokio::task::spawn_blocking(move || persist::save(&path, &shared)).await;
            if matches!(written, Ok(Ok(()))) {
                saved = generations;
            }
        }
    }
}

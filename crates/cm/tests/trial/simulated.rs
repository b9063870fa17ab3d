//! Simulated clouds in this very process.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use cloudmesh_sim::{CloudOptions, FaultHandle, Options, Simulator, StopClient, StopMoment, StopTarget};

use super::cloud::Cloud;
use super::program::{self, Home};

/// Clouds `sim-001`, `sim-002` …, served by a thread of this process until it is dropped.
pub(crate) struct Clouds {
    pub(crate) simulator: Arc<Simulator>,
    end: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// A cloud that is quick: machines are up after a tenth of a second.
pub(crate) fn quick() -> CloudOptions {
    CloudOptions {
        build_time: Duration::from_millis(100),
        action_time: Duration::from_millis(50),
        ..CloudOptions::default()
    }
}

impl Clouds {
    pub(crate) fn start(count: usize) -> Self {
        Self::with(Options::default().with_clouds(count, &quick()))
    }

    pub(crate) fn with(options: Options) -> Self {
        let (sender, receiver) = channel();
        let (end, ended) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                sender.send(Arc::new(Simulator::start(options).await.unwrap())).unwrap();
                let _ = ended.await;
            });
        });
        Self { simulator: receiver.recv().unwrap(), end: Some(end), thread: Some(thread) }
    }

    pub(crate) fn faults(&self, cloud: &str) -> FaultHandle {
        self.simulator.faults(cloud).unwrap()
    }

    /// The cloud as it shows itself to anybody who is let in.
    pub(crate) fn look(&self, cloud: &str) -> Cloud {
        let credentials = self.simulator.credentials(cloud).unwrap();
        Cloud::look(&self.simulator.auth_url(cloud), "demo", &credentials.password, "demo", "Default", None)
    }

    /// Registers a cloud in `home` as `name`, with the defaults that a boot needs.
    pub(crate) fn register(&self, home: &Home, cloud: &str, name: &str, settings: &[&str]) {
        let credentials = self.simulator.credentials(cloud).unwrap();
        let auth_url = format!("OS_AUTH_URL={}", credentials.auth_url);
        let mut words = vec![
            "register",
            "cloud",
            name,
            "--type=openstack",
            "--default=image=ubuntu-24.04",
            "--default=flavor=m1.small",
            "OS_USERNAME=demo",
            "OS_PROJECT_NAME=demo",
            "OS_USER_DOMAIN_NAME=Default",
            "OS_PROJECT_DOMAIN_NAME=Default",
            &auth_url,
        ];
        let region = credentials.regions.first().map(|region| format!("OS_REGION_NAME={region}"));
        words.extend(region.as_deref().filter(|_| !settings.iter().any(|one| one.starts_with("OS_REGION"))));
        words.extend(settings);
        let mut command = home.command(&words);
        command.env("OS_PASSWORD", &credentials.password);
        super::program::Ran::new(words.join(" "), command.output().unwrap()).ok();
    }

    /// Orders the client to be killed at a call.
    pub(crate) fn stop_client(&self, cloud: &str, call: u64, moment: StopMoment) {
        let target = StopTarget::Process(program::name());
        self.faults(cloud).stop_client(StopClient { call, moment, only_changes: false, target });
    }

    /// A home that knows `cloud` as `sim` and has a key of its own.
    pub(crate) fn home(&self, cloud: &str, settle: u32) -> Home {
        let home = Home::new();
        self.register(&home, cloud, "sim", &[&format!("settle={settle}")]);
        home.run(&["key", "add", KEY, "--generate"]).ok();
        home
    }
}

/// The key of [`Clouds::home`].
pub(crate) const KEY: &str = "trial";

impl Drop for Clouds {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

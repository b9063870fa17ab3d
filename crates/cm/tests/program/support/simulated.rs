//! A simulated cloud within the test's own process, so that the test sees each call.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use cloudmesh_sim::{CallRecord, CloudCredentials, CloudOptions, FaultHandle, Options, Simulator};
use cloudmesh_transport::http::{Call, Client, Settings};
use serde_json::{Value, json};

use super::{Home, Ran};

/// A simulator with one cloud, `sim`. It ends with this value.
pub(crate) struct Simulated {
    pub(crate) faults: FaultHandle,
    pub(crate) credentials: CloudCredentials,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulated {
    /// A fast cloud.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut CloudOptions)) -> Self {
        let mut cloud = CloudOptions::named("sim");
        cloud.build_time = Duration::from_millis(50);
        cloud.action_time = Duration::from_millis(20);
        change(&mut cloud);
        let options = Options { clouds: vec![cloud], ..Options::default() };
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (ready, started) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let simulator = Simulator::start(options).await.unwrap();
                let faults = simulator.faults("sim").unwrap();
                ready.send((faults, simulator.credentials("sim").unwrap())).unwrap();
                let _ = stopped.await;
                simulator.stop().await.unwrap();
            });
        });
        let (faults, credentials) = started.recv().unwrap();
        Self { faults, credentials, stop: Some(stop), thread: Some(thread) }
    }

    /// Registers the cloud in `home` as `sim`, with a default image and flavor.
    pub(crate) fn register(&self, home: &Home) -> Ran {
        self.register_as(home, "sim", &self.credentials.auth_url, &self.credentials.password)
    }

    /// Registers under another name, address or password.
    pub(crate) fn register_as(&self, home: &Home, name: &str, auth_url: &str, password: &str) -> Ran {
        let own = &self.credentials;
        let words = [
            "register".to_owned(),
            "cloud".to_owned(),
            name.to_owned(),
            "--type=openstack".to_owned(),
            "--secrets-on-stdin".to_owned(),
            "--default=image=ubuntu-24.04".to_owned(),
            "--default=flavor=m1.small".to_owned(),
            format!("OS_AUTH_URL={auth_url}"),
            format!("OS_USERNAME={}", own.user),
            format!("OS_PROJECT_NAME={}", own.project),
            format!("OS_USER_DOMAIN_NAME={}", own.domain),
            format!("OS_PROJECT_DOMAIN_NAME={}", own.domain),
            format!("OS_REGION_NAME={}", own.regions[0]),
            "settle=1".to_owned(),
        ];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        home.run_with(&words, &format!("OS_PASSWORD={password}\n")).ok()
    }

    /// Deletes an image, as the cloud's own administrator.
    pub(crate) fn delete_image(&self, name: &str) {
        let own = &self.credentials;
        let root = own.auth_url.strip_suffix("/identity/v3").unwrap();
        let log_in = json!({ "auth": {
            "identity": { "methods": ["password"], "password": { "user": {
                "name": own.admin_user, "password": own.admin_password, "domain": { "name": own.domain },
            } } },
            "scope": { "project": { "name": own.admin_project, "domain": { "name": own.domain } } },
        } });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let client = Client::new(Settings::default());
            let call = Call::post(format!("{}/auth/tokens", own.auth_url)).json(&log_in).unwrap();
            let answer = client.send(call).await.unwrap();
            let token = answer.header("x-subject-token").unwrap().to_owned();
            let with = |call: Call| call.header("x-auth-token", &token).unwrap();
            let call = with(Call::get(format!("{root}/image/v2/images?name={name}")));
            let images: Value = client.send(call).await.unwrap().json().unwrap();
            let id = images["images"][0]["id"].as_str().unwrap().to_owned();
            let call = with(Call::delete(format!("{root}/image/v2/images/{id}")));
            assert_eq!(client.send(call).await.unwrap().status(), 204);
        });
    }

    /// The calls that meant to change something, since number `since`.
    pub(crate) fn changes(&self, since: u64) -> Vec<CallRecord> {
        self.faults.calls(since, true)
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A home with the cloud `sim`.
pub(crate) fn home_with(simulated: &Simulated) -> Home {
    let home = Home::new();
    simulated.register(&home);
    home
}

//! The simulated OpenStack: a cloud of its own for each case.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use cloudmesh_conformance::{ComputeSetup, Faults, Feature, Outcome, User};
use cloudmesh_model::Secret;
use cloudmesh_openstack::OpenStack;
use cloudmesh_resource::PlaceDescription;
use cloudmesh_sim::{
    CloudOptions, Failure, FaultHandle, FaultSettings, Options, Selection, Simulator, Throttle,
};

use super::{Kind, Peer, closed_port, description, openstack};

pub(crate) const PAGES_OF_ONE: &str = "simulator-pages-of-one";
pub(crate) const USUAL_PAGES: &str = "simulator";

const PASSWORD: &str = "canary-0f7Zq-password";

pub(crate) fn peers() -> Vec<Peer> {
    let features =
        vec![Feature::Pools, Feature::Volumes, Feature::WrongPassword, Feature::ClosedPort, Feature::Faults];
    let usual = [features.clone(), vec![Feature::SilentPort]].concat();
    vec![peer(PAGES_OF_ONE, Some(1), features), peer(USUAL_PAGES, None, usual)]
}

fn peer(name: &'static str, page_size: Option<u32>, features: Vec<Feature>) -> Peer {
    let capabilities = openstack::capabilities(&place("http://127.0.0.1:9", PASSWORD));
    let kind = match capabilities {
        Ok(capabilities) => {
            Kind::Compute { capabilities, features, open: Arc::new(move || Box::pin(open(page_size))) }
        }
        Err(failure) => Kind::Absent(failure.to_string()),
    };
    Peer { name, kind }
}

fn place(auth_url: &str, password: &str) -> PlaceDescription {
    let settings = [("OS_AUTH_URL", auth_url), ("OS_USERNAME", "demo"), ("OS_PROJECT_NAME", "demo")];
    let mut place = description("kilo", "openstack", &settings);
    place.secrets.insert("OS_PASSWORD".to_owned(), Secret::from(password));
    place
}

async fn open(page_size: Option<u32>) -> Outcome<ComputeSetup> {
    let mut cloud = CloudOptions::named("sim");
    cloud.page_size = page_size;
    cloud.build_time = Duration::from_millis(60);
    cloud.action_time = Duration::from_millis(30);
    cloud.password = PASSWORD.to_owned();
    let options = Options { clouds: vec![cloud], ..Options::default() };
    let simulator = Simulator::start(options).await.map_err(|error| error.to_string())?;
    let url = simulator.auth_url("sim");
    let faults = simulator.faults("sim").map(|handle| Arc::new(SimulatorFaults(handle)) as Arc<dyn Faults>);
    // Bound and never accepted from: the connection comes about, an answer never comes.
    let silent = TcpListener::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    let silent_port = silent.local_addr().map_err(|error| error.to_string())?.port();
    Ok(ComputeSetup {
        user: User::new(Arc::new(OpenStack), place(&url, PASSWORD)),
        image: Some("cirros-sim".to_owned()),
        flavor: Some("m1.nano".to_owned()),
        networks: Vec::new(),
        page_size: page_size.and_then(|size| usize::try_from(size).ok()),
        lag: Duration::ZERO,
        patience: Duration::from_secs(20),
        tick: Duration::from_millis(10),
        case_limit: Duration::from_secs(180),
        wrong_password: Some(place(&url, "wrong-0f7Zq-password")),
        closed_port: Some(place(&format!("http://127.0.0.1:{}", closed_port()?), PASSWORD)),
        silent_port: Some(place(&format!("http://127.0.0.1:{silent_port}"), PASSWORD)),
        faults,
        guard: Box::new((simulator, silent)),
    })
}

struct SimulatorFaults(FaultHandle);

impl Faults for SimulatorFaults {
    fn lose_next_change(&self) {
        self.0.set(FaultSettings { lost_answers: Some(next_change()), ..FaultSettings::default() });
    }

    fn drop_next_change(&self) {
        self.0.set(FaultSettings { dropped: Some(next_change()), ..FaultSettings::default() });
    }

    fn end_log_ins(&self) {
        self.0.expire_tokens();
    }

    fn throttle_next(&self, calls: u64) {
        let throttle = Throttle { next: calls, retry_after: 1, ..Throttle::default() };
        self.0.set(FaultSettings { throttle: Some(throttle), ..FaultSettings::default() });
    }

    fn fail_reads(&self, from: u64) {
        let calls = Selection {
            method: Some("GET".to_owned()),
            numbers: if from <= 1 { Vec::new() } else { (from..from + 100).collect() },
            ..Selection::default()
        };
        let failure = Failure { calls, statuses: vec![503] };
        self.0.set(FaultSettings { failure: Some(failure), ..FaultSettings::default() });
    }

    fn clear(&self) {
        self.0.clear();
    }
}

/// The next call that changes something, log-ins left out.
fn next_change() -> Selection {
    Selection { numbers: vec![1], only_changes: true, ..Selection::default() }
}

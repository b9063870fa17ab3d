//! The provider against the simulator, with the faults that a real cloud shows too seldom.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::support::{
    Person, User, addresses, create, description, flavors, images, keys, perform, request, servers, until,
};
use base64::Engine as _;
use cloudmesh_model::compute::{Reach, ServerStatus};
use cloudmesh_model::{ErrorKind, NativeId, Retry, Secret, SecretStore, ThingId, ThingKind};
use cloudmesh_resource::{Compute, ComputeAction, PlaceDescription, Thing};
use cloudmesh_sim::{
    CallRecord, CloudOptions, DeadMode, Failure, FaultHandle, FaultSettings, Options, Quotas, Selection,
    Simulator, Throttle,
};

struct Bench {
    simulator: Simulator,
    user: User,
    place: PlaceDescription,
}

impl Bench {
    async fn of(options: CloudOptions) -> Self {
        let quick = CloudOptions {
            build_time: Duration::from_millis(50),
            action_time: Duration::from_millis(50),
            ..options
        };
        let simulator =
            Simulator::start(Options { clouds: vec![quick], ..Options::default() }).await.unwrap();
        let login = simulator.credentials("sim").unwrap();
        let mut place = description(
            "sim",
            &[
                ("OS_AUTH_URL", &login.auth_url),
                ("OS_USERNAME", &login.user),
                ("OS_PROJECT_NAME", &login.project),
                ("OS_USER_DOMAIN_NAME", &login.domain),
                ("OS_PROJECT_DOMAIN_NAME", &login.domain),
            ],
        );
        place.secrets.insert("OS_PASSWORD".to_owned(), Secret::from(login.password.as_str()));
        Self { simulator, user: User::default(), place }
    }

    async fn new() -> Self {
        Self::of(CloudOptions::named("sim")).await
    }

    fn cloud(&self) -> Arc<dyn Compute> {
        self.user.connect(&self.place)
    }

    fn faults(&self) -> FaultHandle {
        self.simulator.faults("sim").unwrap()
    }

    fn set(&mut self, name: &str, value: &str) {
        self.place.settings.insert(name.to_owned(), value.to_owned());
    }

    /// Calls since `mark`, as `METHOD SERVICE`.
    fn calls(&self, mark: u64) -> Vec<String> {
        let of = |call: &CallRecord| {
            let path = call.path.split('?').next().unwrap();
            format!("{} {} {}", call.method, call.service, path.rsplit('/').next().unwrap())
        };
        self.faults().calls(mark, false).iter().map(of).collect()
    }
}

fn only(service: &str, method: &str) -> Selection {
    Selection { service: Some(service.to_owned()), method: Some(method.to_owned()), ..Selection::default() }
}

/// A well-formed public key; another one for each text.
fn public_key(text: &str) -> String {
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend(text.bytes().cycle().take(32));
    format!("ssh-ed25519 {} me@here", base64::engine::general_purpose::STANDARD.encode(blob))
}

async fn boot(bench: &Bench, cloud: &dyn Compute, name: &str) -> (ThingId, NativeId) {
    let id = ThingId::planned();
    let image = &images(cloud).await.unwrap()[0];
    let flavor = &flavors(cloud).await.unwrap()[0];
    let action = ComputeAction::CreateServer(Box::new(create(&id, name, image, flavor)));
    let done = perform(cloud, request(&bench.user, action, &[])).await.unwrap();
    (id, done.native.unwrap())
}

#[tokio::test]
async fn everything_is_listed_whatever_the_size_of_the_pages() {
    let small = CloudOptions { page_size: Some(1), servers: 5, ..CloudOptions::named("sim") };
    let mut bench = Bench::of(small).await;
    let cloud = bench.cloud();
    for name in ["a", "b", "c"] {
        let action = ComputeAction::CreateAddress { address: ThingId::planned(), pool: None };
        perform(&*cloud, request(&bench.user, action, &[])).await.unwrap();
        let public_key = public_key(name);
        let action = ComputeAction::UploadKey { key: ThingId::planned(), name: name.to_owned(), public_key };
        perform(&*cloud, request(&bench.user, action, &[])).await.unwrap();
    }
    for page_size in [None, Some("1"), Some("2"), Some("1000")] {
        if let Some(page_size) = page_size {
            bench.set("page_size", page_size);
        }
        let cloud = bench.cloud();
        let all = servers(&*cloud).await.unwrap();
        assert_eq!(all.len(), 5, "page_size {page_size:?}");
        assert!(all.iter().all(|server| server.status == ServerStatus::Active), "{all:?}");
        assert!(all.iter().all(|server| !server.image.contains('-') || server.image.len() != 36), "{all:?}");
        assert!(all.iter().all(|server| !server.flavor.is_empty()), "{all:?}");
        assert_eq!(addresses(&*cloud).await.unwrap().len(), 3);
        let names: Vec<String> = keys(&*cloud).await.unwrap().into_iter().map(|key| key.name).collect();
        assert_eq!(names, ["a", "b", "c"]);
        assert!(images(&*cloud).await.unwrap().len() > 1);
        assert!(flavors(&*cloud).await.unwrap().len() > 1);
    }
}

#[tokio::test]
async fn a_list_costs_its_bare_calls() {
    let bench = Bench::of(CloudOptions { servers: 3, ..CloudOptions::named("sim") }).await;
    servers(&*bench.cloud()).await.unwrap();
    // Another run: the log-in was kept, the names are read once.
    let cloud = bench.cloud();
    let mark = bench.faults().mark();
    servers(&*cloud).await.unwrap();
    servers(&*cloud).await.unwrap();
    assert_eq!(bench.calls(mark), ["GET compute detail", "GET image images", "GET compute detail"]);
}

#[tokio::test]
async fn a_server_lives_and_dies() {
    let bench = Bench::new().await;
    let cloud = bench.cloud();
    let (id, native) = boot(&bench, &*cloud, "albert-001").await;
    let server = until(&*cloud, &id, &native, Some(ServerStatus::Active)).await.unwrap();
    assert_eq!(server.username.as_deref(), Some("ubuntu"));
    assert_eq!(server.metadata.iter().collect::<Vec<_>>(), [(&"project".to_owned(), &"trial".to_owned())]);
    assert_eq!(server.mark, bench.user.mark(&id));
    assert_eq!(servers(&*cloud).await.unwrap()[0].id, id);
    let found = cloud.find(ThingKind::Server, &[bench.user.mark(&id).unwrap()]).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].native, native);
    assert!(
        cloud
            .find(ThingKind::Server, &[bench.user.mark(&ThingId::planned()).unwrap()])
            .await
            .unwrap()
            .is_empty()
    );

    let on_server = |action| request(&bench.user, action, &[(&id, &native)]);
    let stop = || on_server(ComputeAction::StopServer { server: id.clone() });
    let start = || on_server(ComputeAction::StartServer { server: id.clone() });
    perform(&*cloud, start()).await.unwrap();
    perform(&*cloud, stop()).await.unwrap();
    until(&*cloud, &id, &native, Some(ServerStatus::Stopped)).await;
    perform(&*cloud, stop()).await.unwrap();
    perform(&*cloud, start()).await.unwrap();
    until(&*cloud, &id, &native, Some(ServerStatus::Active)).await;

    let delete = || on_server(ComputeAction::DeleteServer { server: id.clone() });
    assert!(!perform(&*cloud, delete()).await.unwrap().gone);
    until(&*cloud, &id, &native, None).await;
    assert!(perform(&*cloud, delete()).await.unwrap().gone);
    assert_eq!(perform(&*cloud, start()).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn somebody_elses_mark_is_not_taken_for_ours() {
    let bench = Bench::new().await;
    let (id, _) = boot(&bench, &*bench.cloud(), "albert-001").await;
    let other = User { installation: "89abcdef".parse().unwrap(), ..bench.user.clone() };
    let seen = &servers(&*other.connect(&bench.place)).await.unwrap()[0];
    assert_eq!(seen.mark, bench.user.mark(&id));
    assert!(seen.id.as_str().starts_with("sim:"), "{}", seen.id);
}

#[tokio::test]
async fn a_floating_address_is_taken_led_and_given_back() {
    let bench = Bench::new().await;
    let cloud = bench.cloud();
    let (server, server_native) = boot(&bench, &*cloud, "albert-001").await;
    until(&*cloud, &server, &server_native, Some(ServerStatus::Active)).await;
    let id = ThingId::planned();
    let action = ComputeAction::CreateAddress { address: id.clone(), pool: None };
    let done = perform(&*cloud, request(&bench.user, action, &[])).await.unwrap();
    let native = done.native.unwrap();
    let Some(Thing::Address(address)) = done.thing else { panic!("no address") };
    assert_eq!(address.pool, "public");
    assert_eq!(address.id, id);
    let found = cloud.find(ThingKind::Address, &[bench.user.mark(&id).unwrap()]).await.unwrap();
    assert_eq!(found[0].native, native);

    let both = [(&id, &native), (&server, &server_native)];
    for _ in 0..2 {
        let action = ComputeAction::AttachAddress { address: id.clone(), server: server.clone() };
        perform(&*cloud, request(&bench.user, action, &both)).await.unwrap();
        assert_eq!(addresses(&*cloud).await.unwrap()[0].server.as_ref(), Some(&server_native));
    }
    let seen = &servers(&*cloud).await.unwrap()[0];
    assert_eq!(seen.addresses[0].reach, Reach::Public);
    assert_eq!(seen.reachable_address(), Some(address.address.as_str()));
    for _ in 0..2 {
        let action = ComputeAction::DetachAddress { address: id.clone() };
        perform(&*cloud, request(&bench.user, action, &both)).await.unwrap();
        assert_eq!(addresses(&*cloud).await.unwrap()[0].server, None);
    }
    for _ in 0..2 {
        let action = ComputeAction::DeleteAddress { address: id.clone() };
        assert!(perform(&*cloud, request(&bench.user, action, &both)).await.unwrap().gone);
    }
    assert!(addresses(&*cloud).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_key_may_be_uploaded_twice_and_never_replaced() {
    let bench = Bench::new().await;
    let cloud = bench.cloud();
    let upload = |public_key: String| {
        let action = ComputeAction::UploadKey { key: ThingId::planned(), name: "a b".to_owned(), public_key };
        request(&bench.user, action, &[])
    };
    let first = perform(&*cloud, upload(public_key("a"))).await;
    let Ok(first) = first else { panic!("{:?}", first.err()) };
    assert_eq!(first.native, Some(NativeId::from("a b")));
    perform(&*cloud, upload(public_key("a").replace("me@here", "me@there"))).await.unwrap();
    assert_eq!(perform(&*cloud, upload(public_key("b"))).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(keys(&*cloud).await.unwrap().len(), 1);
    for _ in 0..2 {
        let action = ComputeAction::DeleteKey { key: ThingId::planned(), name: "a b".to_owned() };
        assert!(perform(&*cloud, request(&bench.user, action, &[])).await.unwrap().gone);
    }
    assert!(keys(&*cloud).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_application_credential_logs_in_too() {
    let mut bench = Bench::new().await;
    let login = bench.simulator.credentials("sim").unwrap();
    let credential = login.application_credential;
    bench.place = description(
        "sim",
        &[("OS_AUTH_URL", &login.auth_url), ("OS_APPLICATION_CREDENTIAL_ID", &credential.id)],
    );
    let name = "cloud/sim/OS_APPLICATION_CREDENTIAL_SECRET";
    bench.user.secrets.put(name, &Secret::from(credential.secret.as_str())).unwrap();
    assert!(!images(&*bench.cloud()).await.unwrap().is_empty());
    bench.user.secrets.put(name, &Secret::from("wrong")).unwrap();
    for token in bench.user.secrets.names("token/").unwrap() {
        bench.user.secrets.delete(&token).unwrap();
    }
    let error = images(&*bench.cloud()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(error.hint_text().unwrap().contains("application credential"), "{error}");
}

#[tokio::test]
async fn a_wrong_password_is_told_with_cloud_and_address() {
    let mut bench = Bench::new().await;
    bench.place.secrets.insert("OS_PASSWORD".to_owned(), Secret::from("geheim"));
    let error = servers(&*bench.cloud()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert_eq!(error.place(), Some("sim"));
    assert!(error.message().contains(&bench.simulator.auth_url("sim")), "{error}");
    assert!(!format!("{error:?}").contains("geheim"), "{error:?}");
}

#[tokio::test]
async fn the_person_is_asked_once_a_run_and_not_while_the_log_in_holds() {
    let mut bench = Bench::new().await;
    bench.place.secrets.clear();
    let password = bench.simulator.credentials("sim").unwrap().password;
    bench.user.person = Arc::new(Person { password: Some(password), ..Person::default() });
    let cloud = bench.cloud();
    servers(&*cloud).await.unwrap();
    bench.faults().expire_tokens();
    servers(&*cloud).await.unwrap();
    servers(&*bench.cloud()).await.unwrap();
    assert_eq!(bench.user.person.asked.load(Ordering::SeqCst), 1);
    bench.user = User::default();
    assert_eq!(servers(&*bench.cloud()).await.unwrap_err().kind(), ErrorKind::Refused);
}

#[tokio::test]
async fn calls_at_once_log_in_once() {
    let bench = Bench::new().await;
    let cloud = bench.cloud();
    let mark = bench.faults().mark();
    futures::future::join_all((0..10).map(|_| servers(&*cloud))).await;
    bench.faults().expire_tokens();
    let mut outcomes = futures::future::join_all((0..10).map(|_| servers(&*cloud))).await;
    assert!(outcomes.drain(..).all(|outcome| outcome.is_ok()));
    let log_ins = bench.calls(mark).iter().filter(|call| call.as_str() == "POST identity tokens").count();
    assert_eq!(log_ins, 2);
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_renewed_even_for_a_change() {
    let bench = Bench::new().await;
    let cloud = bench.cloud();
    servers(&*cloud).await.unwrap();
    images(&*cloud).await.unwrap();
    flavors(&*cloud).await.unwrap();
    bench.faults().expire_tokens();
    boot(&bench, &*cloud, "albert-001").await;
    let image = &images(&*cloud).await.unwrap()[0];
    let flavor = &flavors(&*cloud).await.unwrap()[0];
    bench.faults().expire_tokens();
    let id = ThingId::planned();
    let action = ComputeAction::CreateServer(Box::new(create(&id, "albert-002", image, flavor)));
    perform(&*cloud, request(&bench.user, action, &[])).await.unwrap();
    assert_eq!(servers(&*cloud).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_lost_create_is_uncertain_sent_once_and_found_by_its_mark() {
    let bench = Bench::new().await;
    let cloud = bench.cloud();
    let image = &images(&*cloud).await.unwrap()[0];
    let flavor = &flavors(&*cloud).await.unwrap()[0];
    for lost in [true, false] {
        let selection = only("compute", "POST");
        bench.faults().set(FaultSettings {
            lost_answers: lost.then(|| selection.clone()),
            dropped: (!lost).then_some(selection),
            ..FaultSettings::default()
        });
        let mark = bench.faults().mark();
        let id = ThingId::planned();
        let action = ComputeAction::CreateServer(Box::new(create(&id, "albert-001", image, flavor)));
        let error = perform(&*cloud, request(&bench.user, action, &[])).await.unwrap_err();
        assert_eq!(error.retry_class(), Retry::Uncertain, "{error}");
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        assert_eq!(bench.calls(mark), ["POST compute servers"]);
        bench.faults().clear();
        let found = cloud.find(ThingKind::Server, &[bench.user.mark(&id).unwrap()]).await.unwrap();
        assert_eq!(found.len(), usize::from(lost));
    }
}

#[tokio::test]
async fn lost_reads_are_read_again() {
    let bench = Bench::of(CloudOptions { servers: 2, ..CloudOptions::named("sim") }).await;
    let cloud = bench.cloud();
    bench.faults().set(FaultSettings {
        lost_answers: Some(Selection { numbers: vec![1, 2, 4], ..Selection::default() }),
        ..FaultSettings::default()
    });
    assert_eq!(servers(&*cloud).await.unwrap().len(), 2);
}

#[tokio::test]
async fn failures_and_throttling_of_changes_are_told_apart() {
    let bench = Bench::new().await;
    let cloud = bench.cloud();
    let image = &images(&*cloud).await.unwrap()[0];
    let flavor = &flavors(&*cloud).await.unwrap()[0];
    let attempt = || {
        let id = ThingId::planned();
        let action = ComputeAction::CreateServer(Box::new(create(&id, "albert-001", image, flavor)));
        perform(&*cloud, request(&bench.user, action, &[]))
    };
    for status in [500, 502, 503, 504] {
        bench.faults().set(FaultSettings {
            failure: Some(Failure { calls: only("compute", "POST"), statuses: vec![status] }),
            ..FaultSettings::default()
        });
        let error = attempt().await.unwrap_err();
        assert_eq!((error.kind(), error.retry_class()), (ErrorKind::Service, Retry::Uncertain), "{error}");
    }
    bench.faults().set(FaultSettings {
        throttle: Some(Throttle { next: 1, retry_after: 3, ..Throttle::default() }),
        ..FaultSettings::default()
    });
    let error = attempt().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!(error.retry_class(), Retry::Temporary { after_ms: Some(3000) });
    assert!(servers(&*cloud).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_quota_is_told_as_one() {
    let quotas = Quotas { instances: 0, floatingip: 0, ..Quotas::default() };
    let bench = Bench::of(CloudOptions { quotas, ..CloudOptions::named("sim") }).await;
    let cloud = bench.cloud();
    let image = &images(&*cloud).await.unwrap()[0];
    let flavor = &flavors(&*cloud).await.unwrap()[0];
    let server =
        ComputeAction::CreateServer(Box::new(create(&ThingId::planned(), "albert-001", image, flavor)));
    let address = ComputeAction::CreateAddress { address: ThingId::planned(), pool: None };
    for action in [server, address] {
        let error = perform(&*cloud, request(&bench.user, action, &[])).await.unwrap_err();
        assert_eq!((error.kind(), error.retry_class()), (ErrorKind::Quota, Retry::Permanent), "{error}");
        assert!(error.message().contains("uota exceeded") && !error.message().contains('{'), "{error}");
    }
}

#[tokio::test]
async fn many_are_looked_at_in_one_list_and_few_one_by_one() {
    let bench = Bench::of(CloudOptions { servers: 6, ..CloudOptions::named("sim") }).await;
    let cloud = bench.cloud();
    let mut things: Vec<(ThingId, NativeId)> = servers(&*cloud)
        .await
        .unwrap()
        .into_iter()
        .map(|server| (server.id, server.native.unwrap()))
        .collect();
    things.push((ThingId::planned(), NativeId::from("6d5d0b5f-0000-4000-8000-000000000000")));
    let mark = bench.faults().mark();
    let seen = cloud.look(ThingKind::Server, &things).await.unwrap();
    assert_eq!(bench.calls(mark), ["GET compute detail"]);
    assert_eq!(seen.iter().filter(|seen| seen.thing.is_some()).count(), 6);
    assert!(seen[6].thing.is_none() && seen[6].id == things[6].0);
    let seen = cloud.look(ThingKind::Server, &things[5..]).await.unwrap();
    assert!(seen[0].thing.is_some() && seen[1].thing.is_none());
}

#[tokio::test]
async fn a_dead_cloud_is_unreachable_soon() {
    let bench = Bench::new().await;
    let cloud = bench.cloud();
    bench.faults().set(FaultSettings { dead: Some(DeadMode::Closed), ..FaultSettings::default() });
    let begun = Instant::now();
    let error = servers(&*cloud).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert_eq!(error.place(), Some("sim"));
    assert!(begun.elapsed() < Duration::from_secs(10));
    bench.simulator.stop().await.unwrap();
    let error = servers(&*cloud).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retry_class()),
        (ErrorKind::Unreachable, Retry::Temporary { after_ms: None })
    );
}

#[tokio::test]
async fn a_silent_cloud_is_given_up_at_the_deadline() {
    let bench = Bench::new().await;
    let cloud = bench.cloud();
    servers(&*cloud).await.unwrap();
    bench.faults().set(FaultSettings { dead: Some(DeadMode::Silent), ..FaultSettings::default() });
    // From here on time passes at once whenever everybody waits.
    tokio::time::pause();
    let begun = tokio::time::Instant::now();
    let error = servers(&*cloud).await.unwrap_err();
    assert_eq!(error.retry_class(), Retry::Temporary { after_ms: None });
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(begun.elapsed() <= Duration::from_secs(31), "{:?}", begun.elapsed());
    let action = ComputeAction::CreateAddress { address: ThingId::planned(), pool: Some("x".into()) };
    let error = perform(&*cloud, request(&bench.user, action, &[])).await.unwrap_err();
    assert_eq!(error.retry_class(), Retry::Uncertain);
}

#[tokio::test]
async fn regions_are_chosen_by_name() {
    let regions = vec!["one".to_owned(), "two".to_owned()];
    let mut bench = Bench::of(CloudOptions { regions, servers: 2, ..CloudOptions::named("sim") }).await;
    let error = servers(&*bench.cloud()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Ambiguous);
    assert!(error.message().ends_with("one, two"), "{error}");
    bench.set("OS_REGION_NAME", "two");
    assert_eq!(servers(&*bench.cloud()).await.unwrap().len(), 2);
    bench.set("OS_REGION_NAME", "three");
    assert!(servers(&*bench.cloud()).await.unwrap_err().message().contains("one, two"));
}

#[tokio::test]
async fn facts_hold_no_secret() {
    let bench = Bench::new().await;
    let facts = bench.cloud().facts().await.unwrap();
    let names: Vec<&str> = facts.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["auth URL", "region", "project", "user", "log-in valid until", "compute service", "servers"]
    {
        assert!(names.contains(&name), "{name} is not among {facts:?}");
    }
    let kept = bench.user.secrets.names("token/sim/").unwrap();
    assert_eq!(kept.len(), 1);
    let kept = bench.user.secrets.get(&kept[0]).unwrap().unwrap();
    let token = serde_json::from_str::<serde_json::Value>(kept.expose()).unwrap()["token"].clone();
    assert!(!format!("{facts:?}").contains(token.as_str().unwrap()));
}

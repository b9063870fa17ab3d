//! Faults: each does what it says, can be asked for from within and through the control API, and ends when cleared.

use std::time::Duration;

use crate::support::{World, call};
use cloudmesh_sim::{
    CallOutcome, CloudOptions, DeadMode, Failure, FaultSettings, Options, Selection, Simulator, Throttle,
};
use serde_json::json;

const SERVERS: &str = "/compute/v2.1/servers";

async fn world() -> World {
    World::new(CloudOptions { servers: 1, ..CloudOptions::named("sim") }).await
}

async fn count(world: &World) -> usize {
    world.get(SERVERS).await.expect(200).json()["servers"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_share_of_the_calls_fails_and_the_same_ones_next_time() {
    let pattern = || async {
        let world = world().await;
        let faults = world.simulator.faults("sim").unwrap();
        faults.set(FaultSettings { failure: Some(Failure::rate(0.3)), ..FaultSettings::default() });
        let mut statuses = Vec::new();
        for _ in 0..60 {
            statuses.push(world.get(SERVERS).await.status);
        }
        faults.clear();
        world.get(SERVERS).await.expect(200);
        statuses
    };
    let statuses = pattern().await;
    let failed = statuses.iter().filter(|status| **status != 200).count();
    assert!((8..30).contains(&failed), "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 500, 502, 503].contains(status)));
    assert_eq!(statuses, pattern().await);
}

#[tokio::test]
async fn throttling_says_when_to_come_back() {
    let world = world().await;
    let faults = world.simulator.faults("sim").unwrap();
    let throttle = Throttle { next: 2, retry_after: 7, ..Throttle::default() };
    faults.set(FaultSettings { throttle: Some(throttle), ..FaultSettings::default() });
    for _ in 0..2 {
        let reply = world.get(SERVERS).await.expect(429);
        assert_eq!(reply.headers["retry-after"], "7");
    }
    world.get(SERVERS).await.expect(200);
    let throttle = Throttle { per_second: Some(1.0), retry_after: 1, ..Throttle::default() };
    faults.set(FaultSettings { throttle: Some(throttle), ..FaultSettings::default() });
    world.get(SERVERS).await.expect(200);
    world.get(SERVERS).await.expect(429);
    world.pass(Duration::from_secs(1));
    world.get(SERVERS).await.expect(200);
}

#[tokio::test]
async fn a_lost_answer_has_its_effect_and_a_dropped_call_has_none() {
    let world = world().await;
    let faults = world.simulator.faults("sim").unwrap();
    let body = world.server_body("lost").await;
    let changes = Selection { only_changes: true, ..Selection::default() };
    faults.set(FaultSettings { lost_answers: Some(changes.clone()), ..FaultSettings::default() });
    let mark = faults.mark();
    world.try_call("POST", SERVERS, Some(&body)).await.unwrap_err();
    assert_eq!(count(&world).await, 2);
    faults.set(FaultSettings { dropped: Some(changes), ..FaultSettings::default() });
    world.try_call("POST", SERVERS, Some(&body)).await.unwrap_err();
    assert_eq!(count(&world).await, 2);
    let outcomes: Vec<CallOutcome> = faults.calls(mark, true).into_iter().map(|call| call.outcome).collect();
    assert_eq!(outcomes, [CallOutcome::Lost(202), CallOutcome::Dropped]);
}

#[tokio::test]
async fn a_lost_call_can_take_effect_late() {
    let world = world().await;
    let faults = world.simulator.faults("sim").unwrap();
    let body = world.server_body("late").await;
    faults.set(FaultSettings {
        lost_answers: Some(Selection { only_changes: true, numbers: vec![1], ..Selection::default() }),
        late_effect_ms: Some(300),
        ..FaultSettings::default()
    });
    world.try_call("POST", SERVERS, Some(&body)).await.unwrap_err();
    assert_eq!(count(&world).await, 1);
    for _ in 0..100 {
        if count(&world).await == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the late effect never came");
}

#[tokio::test]
async fn expired_tokens_give_401_until_the_next_log_in() {
    let mut world = world().await;
    world.simulator.faults("sim").unwrap().expire_tokens();
    world.get(SERVERS).await.expect(401);
    world.token = world.log_in("demo", "simdemo", "demo").await.unwrap();
    world.get(SERVERS).await.expect(200);
}

#[tokio::test]
async fn a_dead_region_is_silent_or_closed_and_hurts_no_other() {
    let regions = vec!["RegionOne".to_owned(), "RegionTwo".to_owned()];
    let world = World::new(CloudOptions { regions, ..CloudOptions::named("sim") }).await;
    let faults = world.simulator.faults("sim").unwrap();
    let dead = |mode| FaultSettings {
        dead_regions: [("RegionTwo".to_owned(), mode)].into(),
        ..FaultSettings::default()
    };
    let there = "/regions/RegionTwo/compute/v2.1/servers";
    faults.set(dead(DeadMode::Closed));
    world.try_call("GET", there, None).await.unwrap_err();
    world.get(SERVERS).await.expect(200);
    faults.set(dead(DeadMode::Silent));
    let waited = tokio::time::timeout(Duration::from_millis(300), world.try_call("GET", there, None)).await;
    assert!(waited.is_err(), "a silent region answered");
    world.get(SERVERS).await.expect(200);
    faults.set(FaultSettings { dead: Some(DeadMode::Closed), ..FaultSettings::default() });
    assert!(world.try_call("GET", SERVERS, None).await.is_err());
    faults.clear();
    world.get(there).await.expect(200);
}

#[tokio::test]
async fn chosen_boots_fail_with_a_fault_object() {
    let world = world().await;
    let faults = world.simulator.faults("sim").unwrap();
    faults.set(FaultSettings { boot_errors: vec![2], build_time_ms: Some(0), ..FaultSettings::default() });
    let first = world.boot("first").await;
    let second = world.boot("second").await;
    assert_eq!(world.server(&first).await["status"], "ACTIVE");
    let failed = world.server(&second).await;
    assert_eq!(failed["status"], "ERROR");
    assert_eq!(failed["fault"]["message"], "No valid host was found. There are not enough hosts available.");
    assert_eq!(failed["fault"]["code"], 500);
}

#[tokio::test]
async fn latency_delays_every_answer() {
    let world = world().await;
    let faults = world.simulator.faults("sim").unwrap();
    faults.set(FaultSettings { latency_ms: Some(10_000), ..FaultSettings::default() });
    let waited = tokio::time::timeout(Duration::from_millis(200), world.try_call("GET", SERVERS, None)).await;
    assert!(waited.is_err(), "the answer came at once");
}

#[tokio::test]
async fn the_control_api_wants_its_token_and_does_what_the_library_does() {
    let world = world().await;
    for headers in
        [vec![], vec![("Authorization", "Bearer wrong")], vec![("X-Auth-Token", world.token.as_str())]]
    {
        call(world.address(), "GET", "/_sim/status", &headers, None).await.unwrap().expect(401);
    }
    let status = world.control("GET", "/status", None).await.expect(200).json();
    assert_eq!(status["clouds"][0]["regions"][0]["servers"], 1);
    assert_eq!(status["ssh"]["state"], "off");
    let settings = json!({"failure": {"calls": {"only_changes": true}, "statuses": [503]}});
    world.control("PUT", "/clouds/sim/faults", Some(settings)).await.expect(200);
    let body = world.server_body("web").await;
    world.post(SERVERS, body.clone()).await.expect(503);
    let both = world.control("PATCH", "/clouds/sim/faults", Some(json!({"quotas": {"instances": 1}}))).await;
    assert_eq!(both.expect(200).json()["failure"]["statuses"], json!([503]));
    world.control("PATCH", "/clouds/sim/faults", Some(json!({"failure": null}))).await.expect(200);
    world.post(SERVERS, body.clone()).await.expect(403);
    world.control("PUT", "/clouds/sim/faults", Some(json!({"color": "red"}))).await.expect(400);
    world.control("DELETE", "/clouds/sim/faults", None).await.expect(200);
    let marker = world.control("POST", "/clouds/sim/mark", None).await.json()["marker"].clone();
    world.post(SERVERS, body).await.expect(202);
    world.get(SERVERS).await.expect(200);
    let calls = world.control("GET", &format!("/clouds/sim/calls?since={marker}"), None).await.json();
    assert_eq!(calls["calls"].as_array().unwrap().len(), 2);
    assert_eq!(calls["calls"][0]["method"], "POST");
    assert_eq!(calls["calls"][0]["change"], true);
    assert_eq!(calls["calls"][0]["outcome"], json!({"answered": 202}));
    world.control("POST", "/clouds/sim/expire-tokens", None).await.expect(200);
    world.get(SERVERS).await.expect(401);
    let credentials = world.control("GET", "/clouds/sim/credentials", None).await.json();
    assert_eq!(credentials["password"], "simdemo");
    world.control("POST", "/reset", None).await.expect(200);
    let status = world.control("GET", "/status", None).await.json();
    assert_eq!(status["clouds"][0]["regions"][0]["servers"], 1);
    world.control("GET", "/clouds/other/faults", None).await.expect(404);
}

#[tokio::test]
async fn a_call_under_a_foreign_host_name_is_refused() {
    let world = world().await;
    for (host, status) in
        [("evil.example", 421), ("localhost:80", 200), ("127.0.0.1", 200), ("10.0.0.1:80", 421)]
    {
        let mut stream = tokio::net::TcpStream::connect(world.address()).await.unwrap();
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let head = format!("GET /sim/identity/v3 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
    }
}

#[tokio::test]
async fn only_loopback_addresses_are_listened_on() {
    let options = Options { listen: "0.0.0.0:0".parse().unwrap(), ..Options::default() };
    assert!(Simulator::start(options).await.is_err());
}

#[tokio::test]
async fn the_state_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sim.json");
    let options = || Options {
        clouds: vec![CloudOptions { servers: 2, ..CloudOptions::named("sim") }],
        state_file: Some(file.clone()),
        ..Options::default()
    };
    let mut world = World::with(options()).await;
    let id = world.boot("kept").await;
    let address = world.server(&id).await["addresses"].clone();
    let token = world.token.clone();
    world.simulator.stop().await.unwrap();
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    world = World::with(options()).await;
    world.token = token;
    world.pass(Duration::from_secs(60));
    let server = world.server(&id).await;
    assert_eq!((&server["status"], &server["addresses"]), (&json!("ACTIVE"), &address));
    let other = world.boot("new").await;
    assert_ne!(world.server(&other).await["addresses"], address);
    assert_eq!(count(&world).await, 4);
    std::fs::write(&file, "nonsense").unwrap();
    assert!(Simulator::start(options()).await.is_err(), "a broken file was taken for an empty one");
}

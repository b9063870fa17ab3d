//! Stopping the client at a call: a child process (this test program again) makes calls until it is stopped.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{World, call};
use cloudmesh_sim::{CallOutcome, CloudOptions, StopClient, StopMoment, StopTarget};

const ADDRESS: &str = "SIM_TEST_ADDRESS";

/// The client, when this program runs as one: three changes, one after the other, and a word on each answer.
#[tokio::test]
async fn client() {
    let Ok(address) = std::env::var(ADDRESS) else { return };
    let token = std::env::var("SIM_TEST_TOKEN").unwrap();
    for number in 1..=3 {
        let body = serde_json::json!({"security_group": {"name": format!("group-{number}")}});
        let headers = [("X-Auth-Token", token.as_str())];
        // A read before each change, so that counting changes only makes a difference.
        let path = "/sim/network/v2.0/security-groups";
        call(address.parse().unwrap(), "GET", path, &headers, None).await.unwrap();
        call(address.parse().unwrap(), "POST", path, &headers, Some(&body)).await.unwrap().expect(201);
    }
    println!("survived");
}

fn own_name() -> String {
    std::env::current_exe().unwrap().file_name().unwrap().to_str().unwrap().to_owned()
}

/// Runs the client under an order; which groups there are then, how the calls ended, what the client said.
async fn run(order: impl FnOnce(u32) -> StopClient) -> (usize, Vec<CallOutcome>, bool) {
    let world = World::new(CloudOptions::named("sim")).await;
    let faults = world.simulator.faults("sim").unwrap();
    let mark = faults.mark();
    // A pid is known only once the client runs; it cannot call before the order stands, for it waits on its input.
    let mut child = Command::new("/bin/sh")
        .args(["-c", "read go; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "stop_client::client", "--nocapture"])
        .env(ADDRESS, world.address().to_string())
        .env("SIM_TEST_TOKEN", &world.token)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    faults.stop_client(order(child.id()));
    drop(child.stdin.take());
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    let survived = String::from_utf8_lossy(&output.stdout).contains("survived");
    let report = &faults.stops()[0];
    assert!(report.met);
    assert_eq!(report.stopped.is_some(), report.problem.is_none(), "{report:?}");
    let outcomes = faults.calls(mark, true).into_iter().map(|call| call.outcome).collect();
    let groups = world.get("/network/v2.0/security-groups").await.json();
    let made = groups["security_groups"].as_array().unwrap().len() - 1;
    (made, outcomes, survived)
}

fn second_change(moment: StopMoment, target: StopTarget) -> StopClient {
    StopClient { call: 2, moment, only_changes: true, target }
}

#[tokio::test]
async fn before_the_effect_nothing_is_made() {
    let (made, outcomes, survived) =
        run(|pid| second_change(StopMoment::BeforeEffect, StopTarget::Pid(pid))).await;
    assert_eq!((made, survived), (1, false));
    assert_eq!(outcomes, [CallOutcome::Answered(201), CallOutcome::StoppedBeforeEffect]);
}

#[tokio::test]
async fn after_the_effect_it_is_made_and_not_answered() {
    let (made, outcomes, survived) =
        run(|pid| second_change(StopMoment::AfterEffect, StopTarget::Pid(pid))).await;
    assert_eq!((made, survived), (2, false));
    assert_eq!(outcomes, [CallOutcome::Answered(201), CallOutcome::StoppedAfterEffect(201)]);
}

#[tokio::test]
async fn after_the_answer_the_client_goes_no_further() {
    let (made, outcomes, survived) =
        run(|pid| second_change(StopMoment::AfterAnswer, StopTarget::Pid(pid))).await;
    assert_eq!((made, survived), (2, false));
    assert_eq!(outcomes, [CallOutcome::Answered(201), CallOutcome::StoppedAfterAnswer(201)]);
}

#[tokio::test]
async fn the_client_is_found_by_its_connection() {
    if !cfg!(target_os = "linux") {
        println!("left out: only Linux says who holds a connection");
        return;
    }
    let (made, _, survived) =
        run(|_| second_change(StopMoment::AfterEffect, StopTarget::Process(own_name()))).await;
    assert_eq!((made, survived), (2, false));
    // Reads count too unless it is said otherwise: the second call of all is the first change.
    let order = StopClient {
        only_changes: false,
        ..second_change(StopMoment::BeforeEffect, StopTarget::Process(own_name()))
    };
    let (made, _, survived) = run(|_| order).await;
    assert_eq!((made, survived), (0, false));
}

#[tokio::test]
async fn a_process_of_another_name_is_left_alone() {
    let world = World::new(CloudOptions::named("sim")).await;
    let faults = world.simulator.faults("sim").unwrap();
    faults.stop_client(StopClient {
        call: 1,
        moment: StopMoment::AfterAnswer,
        only_changes: false,
        target: StopTarget::Process("some-other-program".to_owned()),
    });
    world.get("/compute/v2.1/servers").await.expect(200);
    for _ in 0..100 {
        if faults.stops()[0].problem.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let report = faults.stops()[0].clone();
    assert_eq!(report.stopped, None);
    assert!(report.problem.is_some(), "{report:?}");
}

#[tokio::test]
async fn the_simulators_own_process_is_never_stopped() {
    let world = World::new(CloudOptions::named("sim")).await;
    let own = [StopTarget::Pid(std::process::id()), StopTarget::Process(own_name())];
    for target in own {
        let body = serde_json::json!({"call": 1, "moment": "before_effect", "target": target});
        world.control("POST", "/clouds/sim/stop-client", Some(body)).await.expect(200);
        assert!(world.try_call("GET", "/compute/v2.1/servers", None).await.is_err());
    }
    let stops = world.control("GET", "/clouds/sim/stop-client", None).await.json();
    assert!(stops["stops"].as_array().unwrap().iter().all(|stop| stop["problem"].is_string()), "{stops}");
}

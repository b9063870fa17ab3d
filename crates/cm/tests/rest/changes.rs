//! Changes over REST: looked at before they run, carried out once however often they are asked for, gone on with
//! after the server was killed.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::Ask;
use crate::served::{Served, token};
use crate::support::{Home, Simulated, home_with};

fn machines(home: &Home) -> Vec<Value> {
    home.line("vm list --cloud=sim --refresh -o json").ok().items()
}

/// Waits until `seen` holds; what is looked at, is looked at again and again.
#[track_caller]
fn until(what: &str, mut seen: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !seen() {
        assert!(begun.elapsed() < Duration::from_secs(60), "never: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_plan_is_made_looked_at_and_applied_by_its_id() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    let served = Served::start(&home);
    let input = json!({ "name": "web[1-3]", "cloud": "sim" });
    let dry = served.post("/v1/vm/boot?dryrun=true", &input).expect(200).json();
    assert_eq!((&dry["schema"], &dry["saved"]), (&json!("cloudmesh.plan.v1"), &json!(false)));
    let made = served.post("/v1/plans", &json!({ "operation": "vm.boot", "input": input })).expect(201);
    let plan = made.json()["plan"]["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), Some(format!("/v1/plans/{plan}").as_str()));
    let looked = served.get(made.header("location").unwrap()).expect(200).json();
    assert_eq!((&looked["state"], &looked["plan"]), (&json!("planned"), &made.json()["plan"]));
    assert_eq!(machines(&home).len(), 0);
    let apply = Ask::new("POST", "/v1/plan/apply").token(&served.all).with("prefer", "wait=60");
    let outcome = apply.body(&json!({ "plan": plan })).to(&served.address).expect(200).json();
    assert_eq!((&outcome["state"], &outcome["plan"]), (&json!("done"), &json!(plan)));
    assert_eq!(machines(&home).len(), 3);
    assert_eq!(served.get(&format!("/v1/plans/{plan}")).expect(200).json()["state"], "done");
    // What destroys is refused without a word that confirms it.
    served.ask("DELETE", "/v1/vm/web1?cloud=sim").refused(403, "refused");
    assert_eq!(machines(&home).len(), 3);
    served.ask("DELETE", "/v1/vm/web1?cloud=sim&yes=true").expect(200);
    assert_eq!(machines(&home).len(), 2);
    served.post("/v1/plans", &json!({ "operation": "vm.list" })).refused(404, "not_found");
    served.post("/v1/plans", &json!({ "input": {} })).refused(400, "bad_input");
    let logged = home.line("log -o json").ok().items();
    assert!(
        logged.iter().any(|entry| entry["door"] == "rest" && entry["operation"] == "vm.delete"),
        "{logged:?}"
    );
}

#[test]
fn long_work_answers_with_its_plan_and_goes_on() {
    let simulated = Simulated::with(|cloud| cloud.build_time = Duration::from_secs(3));
    let home = home_with(&simulated);
    let served = Served::start(&home);
    let boot =
        Ask::new("POST", "/v1/vm/boot").token(&served.all).body(&json!({ "name": "web1", "cloud": "sim" }));
    let begun = Instant::now();
    let answer = boot.with("prefer", "respond-async").to(&served.address).expect(202);
    assert!(begun.elapsed() < Duration::from_secs(3), "it was waited for");
    let plan = answer.json()["plan"]["id"].as_str().unwrap().to_owned();
    assert_eq!(answer.header("location"), Some(format!("/v1/plans/{plan}").as_str()));
    let state = || served.get(&format!("/v1/plans/{plan}")).expect(200).json()["state"].clone();
    assert_ne!(state(), "done");
    until("the plan is done", || state() == "done");
    assert_eq!(machines(&home).len(), 1);
}

#[test]
fn the_same_key_carries_a_change_out_once() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    let served = Served::start(&home);
    let boot = |key: &str, name: &str| {
        Ask::new("POST", "/v1/vm/boot")
            .token(&served.all)
            .with("idempotency-key", key)
            .with("prefer", "wait=60")
            .body(&json!({ "name": name, "cloud": "sim" }))
    };
    // Five at the same moment, then once more.
    let answers: Vec<_> = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..5)
            .map(|_| scope.spawn(|| boot("one", "web1").to(&served.address).expect(200).json()))
            .collect();
        asked.into_iter().map(|asked| asked.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    let again = boot("one", "web1").to(&served.address).expect(200);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.json(), answers[0]);
    assert_eq!(machines(&home).len(), 1);
    boot("one", "web2").to(&served.address).refused(409, "conflict");
    // The key is the caller's own: another token's is another key.
    let other = token(&home, "other", &["--scope=change"]);
    boot("one", "web3").token(&other).to(&served.address).expect(200);
    boot("two", "web2").to(&served.address).expect(200);
    assert_eq!(machines(&home).len(), 3);
    // A setting takes one as well, and what was refused is remembered too.
    let set = |value: &str| {
        let ask = Ask::new("POST", "/v1/var/set").token(&served.all).with("idempotency-key", "set");
        ask.body(&json!({ "values": [value] })).to(&served.address)
    };
    set("course=e516").expect(200);
    set("course=e516").expect(200);
    set("course=e517").refused(409, "conflict");
    let log = home.line("log -o json").ok().items();
    assert_eq!(log.iter().filter(|entry| entry["operation"] == "var.set").count(), 1, "{log:?}");
}

#[test]
fn two_who_delete_at_once_delete_once() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    let served = Served::start(&home);
    home.line("vm boot web1 --cloud=sim").ok();
    let kept = served.ask("DELETE", "/v1/vm/web1?cloud=sim&save=true").expect(201).json();
    let plan = json!({ "plan": kept["plan"]["id"] });
    let since = simulated.changes(0).last().map_or(0, |call| call.number);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let ask = || served.post("/v1/plan/apply?yes=true", &plan);
        let asked: Vec<_> = (0..2).map(|_| scope.spawn(ask)).collect();
        let answers: Vec<_> = asked.into_iter().map(|asked| asked.join().unwrap()).collect();
        for answer in &answers {
            assert!(matches!(answer.status, 200 | 202 | 409), "{} {}", answer.status, answer.text());
        }
        answers.iter().map(|answer| answer.status).collect()
    });
    assert!(statuses.contains(&409), "nobody was told that another one runs it: {statuses:?}");
    until("web1 is gone", || machines(&home).is_empty());
    let deletes =
        simulated.changes(since).iter().filter(|call| call.method == "DELETE" && call.number > since).count();
    assert_eq!(deletes, 1);
}

#[test]
fn a_plan_of_a_killed_server_is_gone_on_with_by_the_next_one() {
    let simulated = Simulated::with(|cloud| cloud.build_time = Duration::from_secs(2));
    let home = home_with(&simulated);
    let served = Served::start(&home);
    let boot = |served: &Served| {
        Ask::new("POST", "/v1/vm/boot?wait=true")
            .token(&served.all)
            .with("idempotency-key", "class")
            .with("prefer", "respond-async")
            .body(&json!({ "name": "web[1-5]", "cloud": "sim" }))
    };
    let plan =
        boot(&served).to(&served.address).expect(202).json()["plan"]["id"].as_str().unwrap().to_owned();
    until("a call was sent", || simulated.changes(0).iter().any(|call| call.path.ends_with("/servers")));
    let pid = home.run(&["server", "status", "-o", "json"]).ok().json()["process"].as_i64().unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    until("the server is gone", || {
        home.run(&["server", "status", "-o", "json"]).ok().json()["running"] == false
    });
    let token = served.all.clone();
    let served = Served { all: token, ..Served::start(&home) };
    // Who asks again with the same key is told of the same plan.
    let again = boot(&served).to(&served.address);
    assert!(matches!(again.status, 200 | 202), "{} {}", again.status, again.text());
    assert!(again.text().contains(&plan), "{}", again.text());
    let state = || served.get(&format!("/v1/plans/{plan}")).expect(200).json()["state"].clone();
    until("the plan is done", || state() == "done");
    let mut names: Vec<_> =
        machines(&home).iter().map(|machine| machine["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, ["web1", "web2", "web3", "web4", "web5"]);
}

#[test]
fn stopping_the_server_brings_its_plans_to_an_orderly_end() {
    let simulated = Simulated::with(|cloud| cloud.build_time = Duration::from_secs(2));
    let home = home_with(&simulated);
    let served = Served::start(&home);
    let boot = Ask::new("POST", "/v1/vm/boot?wait=true").token(&served.all).with("prefer", "respond-async");
    let plan = boot.body(&json!({ "name": "web1", "cloud": "sim" })).to(&served.address).expect(202).json();
    until("a call was sent", || simulated.changes(0).iter().any(|call| call.path.ends_with("/servers")));
    home.run(&["server", "stop"]).ok();
    let plans = home.line("plan list -o json").ok().items();
    let own = plans.iter().find(|row| row["id"] == plan["plan"]["id"]).unwrap();
    assert!(own["state"] == "interrupted" || own["state"] == "done", "{own}");
    let served = Served::start(&home);
    let state =
        || served.get(&format!("/v1/plans/{}", plan["plan"]["id"].as_str().unwrap())).json()["state"].clone();
    until("the plan is done", || state() == "done");
    assert_eq!(machines(&home).len(), 1);
}

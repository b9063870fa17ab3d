//! Clouds that fail: what is asked for gets done, or the account of what was not is exact.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

#[cfg(test)]
#[expect(dead_code, reason = "each file of trials takes what it needs")]
mod trial;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use cloudmesh_sim::{
    CallOutcome, CloudOptions, DeadMode, Failure, FaultSettings, Options, Quotas, Selection, Throttle,
};
use serde_json::Value;
use trial::program::{Home, Ran};
use trial::simulated::{Clouds, KEY, quick};
use trial::{in_parallel, soak};

const SIM: &str = "sim-001";

fn boot(count: usize) -> Vec<String> {
    vec!["vm".into(), "boot".into(), format!("web[1-{count}]"), "--cloud=sim".into()]
}

fn words(owned: &[String]) -> Vec<&str> {
    owned.iter().map(String::as_str).collect()
}

fn failing(rate: f64) -> FaultSettings {
    FaultSettings { failure: Some(Failure::rate(rate)), ..FaultSettings::default() }
}

/// The states of the newest plan's steps, counted.
fn steps(home: &Home) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for step in home.run(&["plan", "show", "-o", "json"]).ok().items() {
        *counts.entry(step["state"].as_str().unwrap_or_default().to_owned()).or_insert(0) += 1;
    }
    counts
}

/// The numbers in `7 of 10 steps are done, 1 failed, 2 not begun, 1 with unknown fate` are those of the journal.
#[track_caller]
fn account_is_exact(home: &Home, ran: &Ran, case: &str) {
    let counts = steps(home);
    let of = |state: &str| counts.get(state).copied().unwrap_or(0);
    let all: usize = counts.values().sum();
    match ran.code() {
        Some(0) => assert_eq!(of("done"), all, "{case}: {ran}{counts:?}"),
        Some(3) => {
            let said = format!(
                "{} of {all} steps are done, {} failed, {} not begun",
                of("done"),
                of("failed"),
                of("skipped")
            );
            assert!(ran.stderr.contains(&said), "{case}: {counts:?}, but {ran}");
            let unknown = format!("{} with unknown fate", of("uncertain"));
            assert_eq!(ran.stderr.contains(&unknown), of("uncertain") > 0, "{case}: {counts:?}, but {ran}");
        }
        _ => assert_eq!(of("done") + of("uncertain"), 0, "{case}: {counts:?}, but {ran}"),
    }
}

#[test]
fn a_third_of_all_calls_failing_is_worked_round_or_told_exactly() {
    const AT_ONCE: usize = 4;
    let seeds = if soak() { 40 } else { 8 };
    // Each cloud draws its own faults from the seed and its name.
    let options = Options { seed: 5, ..Options::default() }.with_clouds(seeds, &quick());
    let clouds = Clouds::with(options);
    in_parallel(AT_ONCE, (1..=seeds).collect(), |_, number: usize| {
        let cloud = format!("sim-{number:03}");
        let home = clouds.home(&cloud, 1);
        let faults = clouds.faults(&cloud);
        let verbs: &[(&str, &[&str])] = &[
            ("boot", &["vm", "boot", "web[1-4]", "--cloud=sim"]),
            ("stop", &["vm", "stop", "web[1-4]", "--cloud=sim"]),
            ("start", &["vm", "start", "web[1-4]", "--cloud=sim"]),
            ("assign", &["vm", "ip", "assign", "web[1-4]", "--cloud=sim"]),
            ("delete", &["vm", "delete", "web[1-4]", "--cloud=sim", "--yes"]),
        ];
        for (verb, command) in verbs {
            let case = format!("{verb} on {cloud}");
            let plans = home.plans().len();
            faults.set(failing(0.3));
            let list = home.run(&["vm", "list", "--refresh", "--cloud=sim", "-o", "json"]);
            assert!(matches!(list.code(), Some(0 | 3 | 5 | 1)), "{case}: {list}");
            let complete = list.json()["complete"] == true;
            assert_eq!(complete, list.json()["errors"].as_array().unwrap().is_empty(), "{case}: {list}");
            let ran = home.run(command);
            assert!(matches!(ran.code(), Some(0 | 1 | 3 | 5)), "{case}: {ran}");
            if home.plans().len() > plans {
                account_is_exact(&home, &ran, &case);
                faults.clear();
                home.resume_to_the_end(4);
            } else {
                // It gave up while it only read; nothing is changed.
                assert_ne!(ran.code(), Some(0), "{case}: {ran}");
                faults.clear();
                home.run(command).ok();
            }
            let now = clouds.look(&cloud);
            match *verb {
                "stop" => {
                    assert!(now.servers.iter().all(|server| server.status == "SHUTOFF"), "{case}: {now:#?}")
                }
                "delete" => assert!(now.servers.is_empty(), "{case}: {now:#?}"),
                "assign" => now.holds(4, true, &[KEY], &case),
                _ => now.holds(4, false, &[KEY], &case),
            }
        }
    });
}

#[test]
fn retry_after_is_obeyed() {
    let clouds = Clouds::start(1);
    let home = clouds.home(SIM, 1);
    home.run(&["vm", "list", "--cloud=sim"]).ok();
    let faults = clouds.faults(SIM);
    let throttle = Throttle { next: 1, retry_after: 2, per_second: None };
    faults.set(FaultSettings { throttle: Some(throttle), ..FaultSettings::default() });
    let since = faults.mark();
    home.run(&words(&boot(1))).ok();
    let calls = faults.calls(since, false);
    let refused = calls.iter().position(|call| call.outcome == CallOutcome::Answered(429)).unwrap();
    let again = calls[refused + 1..].iter().find(|call| call.path == calls[refused].path).unwrap();
    // The clouds' own record of when each call came; no clock of ours.
    let waited = again.at.duration_since(calls[refused].at);
    assert!(waited.as_millis() >= 2000, "the same call came again after {waited:?}");

    // The same for a call that changes something.
    let servers = Selection {
        only_changes: true,
        path: Some("/servers".into()),
        numbers: vec![1],
        ..Selection::default()
    };
    faults.set(FaultSettings {
        failure: Some(Failure { calls: servers, statuses: vec![429] }),
        ..FaultSettings::default()
    });
    home.run(&["vm", "boot", "again", "--cloud=sim"]).ok();
    assert_eq!(clouds.look(SIM).servers.len(), 2);
}

#[test]
fn a_token_may_expire_in_the_middle_of_a_plan() {
    let clouds = Clouds::start(1);
    let home = clouds.home(SIM, 1);
    let faults = clouds.faults(SIM);
    faults.set(FaultSettings { latency_ms: Some(30), ..FaultSettings::default() });
    let child = home.start(&["vm", "boot", "--n=5", "--public", "--cloud=sim"]);
    // Once while machines are made, once while addresses are led to them. A call whose second token is refused
    // as well fails, and rightly so.
    for calls in [7, 32] {
        for _ in 0..2000 {
            if faults.mark() >= calls {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        faults.expire_tokens();
    }
    Ran::new("vm boot".to_owned(), child.wait_with_output().unwrap()).ok();
    let refused = faults.calls(0, false).iter().any(|call| call.outcome == CallOutcome::Answered(401));
    assert!(refused, "no token was refused");
    faults.clear();
    clouds.look(SIM).holds(5, true, &[KEY], "an expired token");
    clouds.look(SIM).is_what_is_kept(&home, "sim", "an expired token");
}

#[test]
fn one_machine_in_error_hurts_none_of_the_others() {
    let clouds = Clouds::start(1);
    let home = clouds.home(SIM, 1);
    clouds.faults(SIM).set(FaultSettings { boot_errors: vec![3], ..FaultSettings::default() });
    let ran = home.run(&words(&boot(5))).expect(3);
    account_is_exact(&home, &ran, "an error at the third boot");
    let list = home.run(&["vm", "list", "--refresh", "--cloud=sim", "-o", "json"]).ok();
    let fault = |item: &Value| item["fault"].as_str().unwrap_or_default().to_owned();
    let broken: Vec<Value> = list.items().into_iter().filter(|item| item["status"] == "error").collect();
    assert_eq!(broken.len(), 1, "{list}");
    let reason = fault(&broken[0]);
    assert!(!reason.is_empty() && ran.stderr.contains(&reason), "the reason is {reason:?}: {ran}");
    let active = list.items().iter().filter(|item| item["status"] == "active").count();
    assert_eq!(active, 4, "{list}");

    // What was done in part is taken back as far as it was done, the broken one too.
    home.run(&["undo", "--yes"]).ok();
    let now = clouds.look(SIM);
    assert!(now.servers.is_empty() && now.addresses.is_empty(), "{now:#?}");
    let list = home.run(&["vm", "list", "--cloud=sim", "-o", "json"]).ok();
    assert!(list.items().is_empty(), "{list}");
}

#[test]
fn a_quota_that_ends_at_the_fourth_leaves_three() {
    let clouds = Clouds::start(1);
    let home = clouds.home(SIM, 1);
    let quotas = Quotas { instances: 3, ..Quotas::default() };
    clouds.faults(SIM).set(FaultSettings { quotas: Some(quotas), ..FaultSettings::default() });
    let mut command = boot(5);
    command.push("--public".into());
    let ran = home.run(&words(&command)).expect(3);
    account_is_exact(&home, &ran, "a quota");
    assert!(ran.stderr.to_lowercase().contains("quota"), "{ran}");
    assert_eq!(clouds.look(SIM).servers.len(), 3);
    let list = home.run(&["vm", "list", "--cloud=sim", "-o", "json"]).ok();
    assert_eq!(list.items().len(), 3, "what was never made is not shown: {list}");
    // With more room the same plan goes on.
    clouds.faults(SIM).clear();
    home.resume_to_the_end(2);
    clouds.look(SIM).holds(5, true, &[KEY], "a quota that grew");
    clouds.look(SIM).is_what_is_kept(&home, "sim", "a quota that grew");
}

#[test]
fn a_dead_cloud_among_five_hurts_none_of_the_others() {
    let like = CloudOptions { servers: 3, ..quick() };
    let clouds = Clouds::with(Options::default().with_clouds(5, &like));
    let home = Home::new();
    for number in 1..=5 {
        let name = format!("sim-{number:03}");
        clouds.register(&home, &name, &name, &[]);
    }
    home.run(&["vm", "list", "--cloud=all", "--refresh"]).ok();
    let all = ["vm", "list", "--cloud=all", "--refresh", "-o", "json"];
    for mode in [DeadMode::Silent, DeadMode::Closed] {
        clouds.faults("sim-003").set(FaultSettings { dead: Some(mode), ..FaultSettings::default() });
        let list = home.run(&all);
        assert!(matches!(list.code(), Some(0 | 3)), "{list}");
        let answer = list.json();
        assert_eq!(answer["complete"], false, "{list}");
        let errors = answer["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{list}");
        assert!(errors[0].to_string().contains("sim-003"), "{list}");
        let of = |cloud: &str| list.items().iter().filter(|item| item["cloud"] == cloud).count();
        // The rows of the dead one are those that are known; they say how old they are.
        assert!((1..=5).all(|number| of(&format!("sim-{number:03}")) == 3), "{list}");
        let table = home.run(&all[..4]);
        assert!(table.stderr.contains("sim-003"), "{table}");
    }
}

#[test]
fn a_dead_region_is_named() {
    let like = CloudOptions { regions: vec!["north".into(), "south".into()], servers: 2, ..quick() };
    let clouds = Clouds::with(Options::default().with_clouds(1, &like));
    let home = Home::new();
    for region in ["north", "south"] {
        clouds.register(&home, SIM, region, &[&format!("OS_REGION_NAME={region}")]);
    }
    let dead = BTreeMap::from([("south".to_owned(), DeadMode::Closed)]);
    clouds.faults(SIM).set(FaultSettings { dead_regions: dead, ..FaultSettings::default() });
    let list = home.run(&["vm", "list", "--cloud=all", "--refresh", "-o", "json"]);
    let answer = list.json();
    assert_eq!(answer["complete"], false, "{list}");
    let errors = answer["errors"].to_string();
    assert!(errors.contains("south") && !errors.contains("\"north\""), "{list}");
    assert_eq!(list.items().len(), 2, "{list}");
}

#[test]
fn what_comes_later_than_promised_is_taken_away_by_a_step_of_its_own() {
    let clouds = Clouds::start(1);
    // Nothing may come after one second, says the registration; it comes after three and a half.
    let home = clouds.home(SIM, 1);
    let first = Selection {
        method: Some("POST".into()),
        path: Some("/servers".into()),
        numbers: vec![1],
        ..Selection::default()
    };
    clouds.faults(SIM).set(FaultSettings {
        lost_answers: Some(first),
        late_effect_ms: Some(3500),
        build_time_ms: Some(4500),
        ..FaultSettings::default()
    });
    home.run(&["vm", "boot", "late", "--cloud=sim"]).ok();
    clouds.faults(SIM).clear();
    std::thread::sleep(Duration::from_millis(300));
    clouds.look(SIM).holds(1, false, &[KEY], "a surplus");
    let steps = home.run(&["plan", "show", "-o", "json"]).ok().items();
    let removal = steps.iter().find(|step| step["does"] == "delete server").expect("a recorded step");
    assert_eq!(removal["state"], "done");
    assert!(removal["subject"].as_str().unwrap().contains("surplus"), "{removal}");
    clouds.look(SIM).is_what_is_kept(&home, "sim", "a surplus");
}

#[test]
fn what_comes_after_the_end_is_shown_and_not_hidden_behind_the_other() {
    let clouds = Clouds::start(1);
    let home = clouds.home(SIM, 0);
    let first = Selection {
        method: Some("POST".into()),
        path: Some("/servers".into()),
        numbers: vec![1],
        ..Selection::default()
    };
    clouds.faults(SIM).set(FaultSettings {
        lost_answers: Some(first),
        late_effect_ms: Some(3000),
        ..FaultSettings::default()
    });
    home.run(&["vm", "boot", "late", "--cloud=sim"]).ok();
    std::thread::sleep(Duration::from_millis(3200));
    assert_eq!(clouds.look(SIM).servers.len(), 2);
    for refresh in [true, false] {
        let mut command = vec!["vm", "list", "--cloud=sim", "-o", "json"];
        command.extend(refresh.then_some("--refresh"));
        let list = home.run(&command).ok();
        assert_eq!(list.items().len(), 2, "refresh {refresh}: {list}");
        let ids: std::collections::BTreeSet<String> =
            list.items().iter().map(|item| item["id"].to_string()).collect();
        assert_eq!(ids.len(), 2, "refresh {refresh}: {list}");
    }
}

/// A folder of settings whose store stands still on something broken says so once, clearly, and touches nothing.
#[track_caller]
fn one_clear_message(ran: &Ran, about: &str) {
    assert_eq!(ran.code(), Some(1), "{ran}");
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("error")).count(), 1, "{ran}");
    assert!(ran.stderr.to_lowercase().contains(about), "{ran}");
    for raw in ["panicked", "backtrace", "SqliteFailure", "Os {"] {
        assert!(!ran.stderr.contains(raw), "{ran}");
    }
}

#[test]
fn a_store_that_cannot_be_used_is_told_once_and_clearly() {
    let clouds = Clouds::start(1);
    let home = clouds.home(SIM, 1);
    home.run(&words(&boot(1))).ok();
    let store = home.settings().join("store.sqlite");
    let whole = std::fs::read(&store).unwrap();
    let commands: [&[&str]; 3] =
        [&["vm", "list"], &["var", "set", "a=1"], &["vm", "boot", "x", "--cloud=sim"]];

    std::fs::write(&store, &whole[..whole.len() / 2]).unwrap();
    let since = clouds.faults(SIM).mark();
    for command in commands {
        let ran = home.run(command);
        assert!(matches!(ran.code(), Some(0 | 1)), "{ran}");
        if ran.code() == Some(1) {
            one_clear_message(&ran, "store");
        }
    }
    assert!(clouds.faults(SIM).calls(since, true).is_empty(), "a change was made without a store");
    std::fs::write(&store, &whole[..50]).unwrap();
    for command in commands {
        one_clear_message(&home.run(command), "store");
    }
    std::fs::write(&store, b"something else altogether, and longer than a header of a database would be, so that it is read as one. ".repeat(20)).unwrap();
    for command in commands {
        one_clear_message(&home.run(command), "store");
    }

    // SQLite's header keeps the schema's number at byte 60.
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&9999_u32.to_be_bytes());
    std::fs::write(&store, &newer).unwrap();
    for command in commands {
        one_clear_message(&home.run(command), "newer");
    }
    assert_eq!(std::fs::read(&store).unwrap(), newer, "a newer store was written to");

    std::fs::write(&store, &whole).unwrap();
    home.run(&["vm", "list"]).ok();
    clouds.look(SIM).is_what_is_kept(&home, "sim", "a store that is whole again");
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// The program as somebody without rights: this user, or nobody where this user is root.
fn without_rights(home: &Home, command: &[&str]) -> Ran {
    let mut program = home.command(command);
    if is_root() {
        let inner = program;
        program = std::process::Command::new("setpriv");
        program
            .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"])
            .arg(inner.get_program())
            .args(inner.get_args());
        home.surround(&mut program);
    }
    Ran::new(command.join(" "), program.output().unwrap())
}

fn shell(script: &str, argument: &std::path::Path) {
    let status =
        std::process::Command::new("/bin/sh").args(["-c", script, "sh"]).arg(argument).status().unwrap();
    assert!(status.success(), "{script}");
}

#[test]
fn a_store_that_may_only_be_read_is_told_once_and_clearly() {
    let clouds = Clouds::start(1);
    let home = clouds.home(SIM, 1);
    home.run(&words(&boot(1))).ok();
    if is_root() {
        shell("chown -R 65534:65534 \"$1\"", home.folder.path());
    }
    without_rights(&home, &["vm", "list"]).ok();
    shell("chmod -R a-w \"$1\"", &home.settings());
    let since = clouds.faults(SIM).mark();
    one_clear_message(&without_rights(&home, &["var", "set", "a=1"]), "store");
    one_clear_message(&without_rights(&home, &["vm", "boot", "x", "--cloud=sim"]), "store");
    assert!(clouds.faults(SIM).calls(since, true).is_empty(), "a change was made without a store");
    shell("chmod -R u+w \"$1\"", &home.settings());
    without_rights(&home, &["var", "set", "a=1"]).ok();
    without_rights(&home, &["vm", "list", "--refresh"]).ok();
}

#[test]
fn a_full_disk_in_the_middle_of_a_boot_loses_nothing() {
    if !is_root() {
        return trial::left_out("a full disk", "only root may mount a file system of a few pages");
    }
    let clouds = Clouds::start(1);
    let mut ended = 0;
    for moment in 0..if soak() { 12 } else { 4 } {
        clouds.simulator.reset(None);
        let home = clouds.home(SIM, 1);
        let kept = home.folder.path().join("kept");
        std::fs::rename(home.settings(), &kept).unwrap();
        std::fs::create_dir(home.settings()).unwrap();
        let mounted = Mounted::new(home.settings());
        shell(&format!("cp -a {}/. \"$1\"/ && chmod 700 \"$1\"", kept.display()), &home.settings());
        home.run(&["vm", "list", "--cloud=sim"]).ok();
        clouds.faults(SIM).set(FaultSettings { latency_ms: Some(40), ..FaultSettings::default() });
        let child = home.start(&["vm", "boot", "--n=5", "--public", "--cloud=sim"]);
        let since = clouds.faults(SIM).calls(0, true).len();
        for _ in 0..2000 {
            if clouds.faults(SIM).calls(0, true).len() > since + 2 * moment {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        shell("dd if=/dev/zero of=\"$1\"/filler bs=4096 2>/dev/null; true", &home.settings());
        let ran = Ran::new("vm boot".to_owned(), child.wait_with_output().unwrap());
        if ran.code() != Some(0) {
            one_clear_message(&ran, "no space");
            ended += 1;
        }
        let other = home.run(&["var", "set", "a=1"]);
        assert!(matches!(other.code(), Some(0 | 1)), "{other}");
        std::fs::remove_file(home.settings().join("filler")).unwrap();
        clouds.faults(SIM).clear();
        if home.plans().is_empty() {
            home.run(&["vm", "boot", "--n=5", "--public", "--cloud=sim"]).ok();
        } else {
            home.resume_to_the_end(3);
        }
        let case = format!("a full disk after {} changes", 2 * moment);
        clouds.look(SIM).holds(5, true, &[KEY], &case);
        clouds.look(SIM).is_what_is_kept(&home, "sim", &case);
        drop(mounted);
    }
    assert!(ended > 0, "the disk was never full while machines were made");
}

/// A file system in memory, as small as a store needs.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn new(folder: std::path::PathBuf) -> Self {
        shell("mount -t tmpfs -o size=900k,mode=700 tmpfs \"$1\"", &folder);
        Self(folder)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A port where nobody listens is a cloud that cannot be reached: said at once, with the right code.
#[test]
fn a_cloud_that_is_not_there_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let home = Home::new();
    let mut command = home.command(&[
        "register",
        "cloud",
        "gone",
        "--type=openstack",
        "OS_USERNAME=a",
        "OS_PROJECT_NAME=b",
        &format!("OS_AUTH_URL=http://127.0.0.1:{port}/v3"),
    ]);
    command.env("OS_PASSWORD", "nothing");
    assert!(command.status().unwrap().success());
    let ran = home.run(&["vm", "boot", "x", "--cloud=gone", "--image=a", "--flavor=b"]).expect(5);
    assert!(ran.stderr.contains("gone"), "{ran}");
    assert!(home.plans().is_empty());
}

#[test]
fn the_way_back_frees_an_address_before_it_gives_it_back() {
    let clouds = Clouds::start(1);
    let home = clouds.home(SIM, 1);
    home.run(&["vm", "boot", "web[1-2]", "--public", "--cloud=sim"]).ok();
    let since = clouds.faults(SIM).mark();
    let ran = home.run(&["undo", "--yes"]).ok();
    let now = clouds.look(SIM);
    assert!(now.servers.is_empty() && now.addresses.is_empty() && now.keys.is_empty(), "{ran}{now:#?}");
    let calls = clouds.faults(SIM).calls(since, true);
    let position = |method: &str, path: &str| {
        calls.iter().position(|call| call.method == method && call.path.contains(path)).unwrap()
    };
    for address in calls.iter().filter(|call| call.method == "DELETE" && call.path.contains("floatingips")) {
        assert!(position("PUT", &address.path) < position("DELETE", &address.path), "{calls:#?}");
    }
    assert!(position("DELETE", "floatingips") > position("PUT", "floatingips"), "{calls:#?}");
    // The store has forgotten all of it, too; once more there is nothing to undo of it.
    let list = home.run(&["vm", "list", "--cloud=sim", "-o", "json"]).ok();
    assert!(list.items().is_empty(), "{list}");
}

#[test]
fn a_plan_of_a_newer_version_is_shown_and_refused() {
    use cloudmesh_store::{Change, Document, Expected, Store};
    let clouds = Clouds::start(1);
    for (known, newer) in [("\"format\":1", "\"format\":2"), ("create_server.v2", "create_server.v9")] {
        let home = clouds.home(SIM, 1);
        home.run(&["vm", "boot", "web1", "--cloud=sim", "--save"]).ok();
        let since = clouds.faults(SIM).mark();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let clock = std::sync::Arc::new(cloudmesh_model::SystemClock);
            let path = home.settings().join("store.sqlite");
            let store = cloudmesh_store_sqlite::SqliteStore::open(&path, clock).unwrap();
            let stored = store.documents("plan", "").await.unwrap().remove(0);
            let body = stored.document.body.replacen(known, newer, 1);
            assert_ne!(body, stored.document.body);
            let document = Document { body, ..stored.document };
            store.apply(vec![Change::Put(document, Expected::Any)]).await.unwrap();
        });
        let shown = home.run(&["plan", "show", "last"]).ok();
        assert!(shown.stdout.contains("web1") && (shown.stdout + &shown.stderr).contains("newer version"));
        home.run(&["plan", "list"]).ok();
        for verb in ["apply", "resume"] {
            let ran = home.run(&["plan", verb, "last"]).expect(1);
            assert!(ran.stderr.contains("newer version"), "{ran}");
        }
        assert!(clouds.faults(SIM).calls(since, true).is_empty());
    }
}

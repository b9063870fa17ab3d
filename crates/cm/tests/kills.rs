//! The program is killed at any moment, and run again: nothing is lost, nothing is there twice.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

#[cfg(test)]
mod trial;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cloudmesh_sim::{CallOutcome, FaultSettings, Selection, StopMoment};
use trial::program::{Home, Ran};
use trial::simulated::{Clouds, KEY};
use trial::{in_parallel, soak};

const BOOT: &[&str] = &["vm", "boot", "--n=5", "--public", "--cloud=sim"];
const AT_ONCE: usize = 4;

fn cloud_of(worker: usize) -> String {
    format!("sim-{:03}", worker + 1)
}

/// After a kill: goes on with the plan, or begins anew if none was stored yet; then everything is as it should be.
#[track_caller]
fn everything_is_there_once(clouds: &Clouds, cloud: &str, home: &Home, count: usize, case: &str) {
    if home.plans().is_empty() {
        home.run(BOOT).ok();
    } else {
        home.resume_to_the_end(5);
    }
    let now = clouds.look(cloud);
    now.holds(count, true, &[KEY], case);
    now.is_what_is_kept(home, "sim", case);
    let plans = home.plans();
    assert!(plans.iter().all(|plan| plan["state"] == "done"), "{case}: {plans:?}");
}

#[test]
fn killed_at_any_call_at_any_moment_of_it() {
    let clouds = Clouds::start(AT_ONCE);
    let templates: Vec<Home> = (0..AT_ONCE).map(|worker| clouds.home(&cloud_of(worker), 1)).collect();

    let clean = templates[0].duplicate();
    clean.run(BOOT).ok();
    let calls = clouds.faults(&cloud_of(0)).mark();
    clouds.look(&cloud_of(0)).holds(5, true, &[KEY], "a clean run");
    clouds.look(&cloud_of(0)).is_what_is_kept(&clean, "sim", "a clean run");
    assert!(calls > 20, "a boot of five machines made {calls} calls only");

    let mut cases = Vec::new();
    for moment in [StopMoment::BeforeEffect, StopMoment::AfterEffect, StopMoment::AfterAnswer] {
        cases.extend((1..=calls).map(|call| (call, moment)));
    }
    let all = cases.len();
    let killed = AtomicUsize::new(0);
    in_parallel(AT_ONCE, cases, |worker, (call, moment)| {
        let cloud = cloud_of(worker);
        clouds.simulator.reset(Some(&cloud));
        let home = templates[worker].duplicate();
        clouds.stop_client(&cloud, call, moment);
        let ran = home.run(BOOT);
        let stops = clouds.faults(&cloud).stops();
        let case = format!("call {call}, {moment:?}: {stops:?}");
        // How often the state of the machines is asked for depends on the time; the last calls may not come.
        if stops[0].met {
            assert!(stops[0].stopped.is_some(), "{case}\n{ran}");
            assert!(ran.code().is_none() || moment == StopMoment::AfterAnswer, "{case}\n{ran}");
            killed.fetch_add(1, Ordering::Relaxed);
        } else {
            assert_eq!(ran.code(), Some(0), "{case}\n{ran}");
        }
        clouds.faults(&cloud).clear();
        everything_is_there_once(&clouds, &cloud, &home, 5, &case);
    });
    let killed = killed.into_inner();
    eprintln!("{calls} calls, {all} kills ordered, {killed} carried out");
    assert!(killed * 10 >= all * 8, "only {killed} of {all} kills came");
}

#[test]
fn killed_at_any_time_while_answers_are_lost_and_effects_are_late() {
    let count = if soak() { 50 } else { 10 };
    let clouds = Clouds::start(AT_ONCE);
    // An effect comes 700 ms after its answer was lost; after 2 s none can come any more.
    let templates: Vec<Home> = (0..AT_ONCE).map(|worker| clouds.home(&cloud_of(worker), 2)).collect();
    let mut random = fastrand::Rng::with_seed(20);
    let cases: Vec<(u64, u64)> = (0..count).map(|number| (number, random.u64(20..2500))).collect();
    in_parallel(AT_ONCE, cases, |worker, (number, moment)| {
        let cloud = cloud_of(worker);
        clouds.simulator.reset(Some(&cloud));
        let home = templates[worker].duplicate();
        clouds.faults(&cloud).set(FaultSettings {
            lost_answers: Some(Selection { rate: Some(0.2), ..Selection::default() }),
            late_effect_ms: Some(700),
            latency_ms: Some(number % 3 * 15),
            ..FaultSettings::default()
        });
        let mut child = home.start(BOOT);
        std::thread::sleep(Duration::from_millis(moment));
        child.kill().unwrap();
        let ran = Ran::new(BOOT.join(" "), child.wait_with_output().unwrap());
        let case = format!("number {number}, killed after {moment} ms");
        // The kill may come after the end; then everything is there already.
        assert!(matches!(ran.code(), None | Some(0 | 3)), "{case}: {ran}");
        if home.plans().is_empty() {
            let again = home.run(BOOT);
            assert!(matches!(again.code(), Some(0 | 3 | 5)), "{case}: {again}");
        }
        if home.plans().is_empty() {
            clouds.faults(&cloud).clear();
        } else {
            home.resume_to_the_end(8);
            clouds.faults(&cloud).clear();
        }
        everything_is_there_once(&clouds, &cloud, &home, 5, &case);
    });
}

/// Sends SIGINT to the program, as Ctrl-C does.
fn interrupt(child: &Child) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
}

/// Waits until `cloud` has taken `count` calls that change something.
fn changes(clouds: &Clouds, cloud: &str, count: usize) {
    for _ in 0..2000 {
        if clouds.faults(cloud).calls(0, true).len() >= count {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{count} changes never came");
}

#[test]
fn ctrl_c_begins_nothing_new_and_waits_for_what_is_under_way() {
    let clouds = Clouds::start(1);
    let home = clouds.home("sim-001", 1);
    // Every answer takes so long that the signal comes while calls are under way.
    clouds.faults("sim-001").set(FaultSettings { latency_ms: Some(600), ..FaultSettings::default() });
    let child = home.start(BOOT);
    changes(&clouds, "sim-001", 3);
    interrupt(&child);
    let before = clouds.faults("sim-001").calls(0, true).len();
    let ran = Ran::new("vm boot".to_owned(), child.wait_with_output().unwrap()).expect(130);
    assert!(ran.stderr.contains("plan resume"), "{ran}");
    let calls = clouds.faults("sim-001").calls(0, true);
    // Those that had left us when the signal came may still have been on their way.
    assert!(calls.len() <= before + 8, "new calls after Ctrl-C: {calls:#?}");
    assert!(calls.iter().all(|call| matches!(call.outcome, CallOutcome::Answered(_))), "{calls:#?}");
    let steps = home.run(&["plan", "show", "-o", "json"]).items();
    assert!(steps.iter().all(|step| step["state"] == "done" || step["state"] == "waiting"), "{steps:#?}");
    assert_eq!(home.plans()[0]["state"], "interrupted");
    clouds.faults("sim-001").clear();
    home.run(&["plan", "resume"]).ok();
    everything_is_there_once(&clouds, "sim-001", &home, 5, "Ctrl-C once");
}

#[test]
fn ctrl_c_twice_leaves_at_once_and_what_is_under_way_is_uncertain() {
    let clouds = Clouds::start(1);
    let home = clouds.home("sim-001", 1);
    clouds.faults("sim-001").set(FaultSettings { latency_ms: Some(600), ..FaultSettings::default() });
    let mut child = home.start(BOOT);
    changes(&clouds, "sim-001", 3);
    // From now on nothing is answered any more: only who does not wait gets away.
    clouds.faults("sim-001").set(FaultSettings { latency_ms: Some(600_000), ..FaultSettings::default() });
    changes(&clouds, "sim-001", 6);
    interrupt(&child);
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "the first Ctrl-C waits for what is under way");
    interrupt(&child);
    let ran = Ran::new("vm boot".to_owned(), child.wait_with_output().unwrap()).expect(130);
    assert!(ran.stderr.contains("plan resume"), "{ran}");
    let steps = home.run(&["plan", "show", "-o", "json"]).items();
    assert!(steps.iter().any(|step| step["state"] == "uncertain"), "{steps:#?}");
    assert!(steps.iter().all(|step| step["state"] != "sent"), "{steps:#?}");
    clouds.faults("sim-001").clear();
    home.run(&["plan", "resume"]).ok();
    everything_is_there_once(&clouds, "sim-001", &home, 5, "Ctrl-C twice");
}

#[test]
fn killed_while_submitting_jobs_to_this_computer() {
    let count = if soak() { 20 } else { 4 };
    let mut random = fastrand::Rng::with_seed(21);
    let cases: Vec<u64> = (0..count).map(|_| random.u64(5..200)).collect();
    in_parallel(2, cases, |_, moment| {
        let home = Home::new();
        let ran_file = home.folder.path().join("ran");
        let script = home.folder.path().join("job.sh");
        std::fs::write(&script, format!("echo $CLOUDMESH_JOB_MARK >> {}\n", ran_file.display())).unwrap();
        let run = ["hpc", "run", "--n=20", "--cluster=local", script.to_str().unwrap()];
        let mut child = home.start(&run);
        std::thread::sleep(Duration::from_millis(moment));
        child.kill().unwrap();
        child.wait().unwrap();
        if home.plans().is_empty() {
            home.run(&run).ok();
        } else {
            home.resume_to_the_end(5);
        }
        let lines = || std::fs::read_to_string(&ran_file).unwrap_or_default();
        for _ in 0..600 {
            if lines().lines().count() >= 20 {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // Whoever is not alone comes soon.
        std::thread::sleep(Duration::from_millis(500));
        let text = lines();
        let once: BTreeSet<&str> = text.lines().collect();
        assert_eq!((text.lines().count(), once.len()), (20, 20), "killed after {moment} ms: {text}");
        let list = home.run(&["hpc", "queue", "--cluster=local", "--refresh", "-o", "json"]).ok();
        assert_eq!(list.items().len(), 20, "killed after {moment} ms: {list}");
    });
}

/// The real cloud of `CLOUDMESH_TEST_OPENSTACK`: a `clouds.yaml` that describes a cloud `rig`.
struct Rig {
    clouds_yaml: PathBuf,
    image: String,
    flavor: String,
}

impl Rig {
    fn home(&self) -> Home {
        let home = Home::new();
        home.setting("OS_CLIENT_CONFIG_FILE", self.clouds_yaml.as_os_str());
        home
    }

    fn find() -> Option<Self> {
        let clouds_yaml = PathBuf::from(std::env::var_os("CLOUDMESH_TEST_OPENSTACK")?);
        let mut rig = Self { clouds_yaml, image: String::new(), flavor: String::new() };
        let home = rig.home();
        let smallest = |noun: &str| {
            let list = home.run(&[noun, "list", "--cloud=rig", "--refresh", "-o", "json"]).ok();
            let items = list.items();
            let least = items.iter().min_by_key(|item| item["memory"].as_u64().unwrap_or(0));
            least
                .and_then(|item| item["name"].as_str())
                .unwrap_or_else(|| panic!("none in {list}"))
                .to_owned()
        };
        rig.image = smallest("image");
        rig.flavor = smallest("flavor");
        Some(rig)
    }
}

/// The machines of a real cloud are looked at through its lists only; nobody ever asks their addresses.
#[test]
fn killed_at_any_time_on_a_real_cloud() {
    let Some(rig) = Rig::find() else {
        return trial::left_out("kills on a real cloud", "CLOUDMESH_TEST_OPENSTACK names no clouds.yaml");
    };
    let (kills, machines) = if soak() { (20, 20) } else { (3, 5) };
    let mut random = fastrand::Rng::with_seed(22);
    for number in 0..kills {
        let home = rig.home();
        // Each run has a prefix of its own: others may use the cloud at the same time.
        let prefix = format!("trial-{}-{number}", std::process::id());
        let names = format!("{prefix}-[1-{machines}]");
        let image = format!("--image={}", rig.image);
        let flavor = format!("--flavor={}", rig.flavor);
        let boot = ["vm", "boot", &names, "--cloud=rig", &image, &flavor];
        let moment = random.u64(200..4000);
        let mut child = home.start(&boot);
        std::thread::sleep(Duration::from_millis(moment));
        child.kill().unwrap();
        child.wait().unwrap();
        if home.plans().is_empty() {
            home.run(&boot).ok();
        } else {
            home.resume_to_the_end(5);
        }
        let case = format!("number {number}, killed after {moment} ms");
        // Somebody else's eyes: a folder that has never seen these machines.
        let stranger = rig.home();
        let list = stranger.run(&["vm", "list", "--cloud=rig", "--refresh", "-o", "json"]).ok();
        let of_this_run =
            |item: &serde_json::Value| item["name"].as_str().is_some_and(|name| name.starts_with(&prefix));
        let there: Vec<_> = list.items().into_iter().filter(of_this_run).collect();
        let natives = |items: &[serde_json::Value]| -> BTreeSet<String> {
            items.iter().map(|item| item["native_id"].to_string()).collect()
        };
        let kept = home.run(&["vm", "list", "--cloud=rig", "-o", "json"]).ok();
        let ours: Vec<_> =
            kept.items().into_iter().filter(|item| item["ours"] == true && of_this_run(item)).collect();
        // What was made goes before anything is judged.
        let undone = home.run(&["vm", "delete", &names, "--cloud=rig", "--yes"]);
        assert_eq!(there.len(), machines, "{case}: {there:#?}");
        assert!(there.iter().all(|item| item["status"] == "active"), "{case}: {there:#?}");
        assert_eq!(natives(&there), natives(&ours), "{case}");
        assert_eq!(undone.code(), Some(0), "{case}: {undone}");
    }
    eprintln!("{kills} kills, {machines} machines each");
}

/// A command for the shell of the real cluster's log-in node.
fn on_cluster(config: &str, host: &str, command: &str) -> String {
    let output = Command::new("ssh")
        .args(["-F", config, "-o", "BatchMode=yes", host, "--", command])
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn killed_while_submitting_jobs_to_a_real_cluster() {
    let (Ok(config), Ok(host)) =
        (std::env::var("CLOUDMESH_TEST_SLURM_SSH_CONFIG"), std::env::var("CLOUDMESH_TEST_SLURM_HOST"))
    else {
        return trial::left_out(
            "kills on a real cluster",
            "CLOUDMESH_TEST_SLURM_SSH_CONFIG and CLOUDMESH_TEST_SLURM_HOST are not set",
        );
    };
    let control = std::env::var("CLOUDMESH_RIG_SLURM_CONTROL").ok();
    let comments = |switch: &str| {
        if let Some(rig) = &control {
            let status = Command::new(rig).args(["comment", switch]).status().unwrap();
            assert!(status.success(), "the rig cannot be told to keep comments: {switch}");
        }
    };
    let switches: &[&str] = if control.is_some() { &["off", "on"] } else { &["as it is"] };
    if control.is_none() {
        eprintln!("left out: with and without kept comments: CLOUDMESH_RIG_SLURM_CONTROL is not set");
    }
    let kills = if soak() { 20 } else { 3 };
    let mut random = fastrand::Rng::with_seed(23);
    for switch in switches {
        comments(switch);
        for number in 0..kills {
            let home = Home::new();
            let settings = [format!("cm_host={host}"), format!("ssh_config={config}"), "settle=5".to_owned()];
            let mut register = vec!["register", "cluster", "rig-slurm", "--type=slurm"];
            register.extend(settings.iter().map(String::as_str));
            home.run(&register).ok();
            let tag = format!("trial-{}-{number}-{}", std::process::id(), switch.replace(' ', "-"));
            let script = home.folder.path().join("job.sh");
            std::fs::write(&script, format!("#!/bin/sh\necho $SLURM_JOB_ID >> $HOME/{tag}\n")).unwrap();
            let name = format!("--name={tag}");
            let run =
                ["hpc", "run", "--n=20", "--cluster=rig-slurm", "-t", "5", &name, script.to_str().unwrap()];
            let moment = random.u64(100..2500);
            let mut child = home.start(&run);
            std::thread::sleep(Duration::from_millis(moment));
            child.kill().unwrap();
            child.wait().unwrap();
            if home.plans().is_empty() {
                home.run(&run).ok();
            } else {
                home.resume_to_the_end(5);
            }
            let case = format!("number {number}, comments {switch}, killed after {moment} ms");
            let names: Vec<String> = (1..=20).map(|number| format!("{tag}-{number:03}")).collect();
            let names = names.join(",");
            let waiting = format!("squeue --noheader --name={names} --format=%i");
            for _ in 0..300 {
                if on_cluster(&config, &host, &waiting).trim().is_empty() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(500));
            }
            let ran = on_cluster(&config, &host, &format!("cat $HOME/{tag}; rm -f $HOME/{tag}"));
            let ids: BTreeSet<&str> = ran.lines().collect();
            assert_eq!((ran.lines().count(), ids.len()), (20, 20), "{case}: {ran}");
            let account =
                format!("sacct --noheader --allocations --parsable2 --name={names} --format=JobID,State");
            let mut known = on_cluster(&config, &host, &account);
            // Accounting hears of a job a little after its end.
            for _ in 0..60 {
                if known.lines().count() >= 20 {
                    break;
                }
                std::thread::sleep(Duration::from_millis(500));
                known = on_cluster(&config, &host, &account);
            }
            assert_eq!(known.lines().count(), 20, "{case}: {known}");
        }
    }
    eprintln!("{kills} kills with comments {switches:?}");
}

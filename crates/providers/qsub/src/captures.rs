//! What real systems printed, and what it means: `tests/captures`. `CLOUDMESH_TEST_CAPTURES` may name a folder with more of them
//! (one folder for each system), of which every answer of a known kind must be read.

use std::collections::BTreeMap;

use cloudmesh_model::job::{Job, JobStatus};

use crate::row::{Row, jobs};
use crate::{gridengine, openpbs, torque};

macro_rules! capture {
    ($name:literal) => {
        include_str!(concat!("../tests/captures/", $name))
    };
}

fn of(rows: Vec<Row>) -> Vec<Job> {
    jobs("india", &"0a1b2c3d".parse().unwrap(), &BTreeMap::new(), rows)
}

fn job<'a>(jobs: &'a [Job], id: &str) -> &'a Job {
    jobs.iter().find(|job| job.native.as_ref().unwrap().as_str() == id).unwrap_or_else(|| panic!("no {id}"))
}

#[test]
fn openpbs_tells_its_jobs() {
    let jobs = of(openpbs::jobs(capture!("openpbs.qstat.json")).unwrap());
    assert_eq!(jobs.len(), 44);
    for (id, status, exit, signal) in [
        ("8.vm", JobStatus::Failed, Some(3), None),
        ("14.vm", JobStatus::Failed, Some(127), None),
        ("16.vm", JobStatus::Held, None, None),
        ("18.vm", JobStatus::Cancelled, None, None),
        ("23.vm", JobStatus::Running, None, None),
        ("24.vm", JobStatus::TimedOut, None, None),
        ("26.vm", JobStatus::Failed, None, Some(9)),
        ("28.vm", JobStatus::Cancelled, None, Some(15)),
        ("29[].vm", JobStatus::Running, None, None),
        ("34.vm", JobStatus::Pending, None, None),
        ("44.vm", JobStatus::Pending, None, None),
        ("51.vm", JobStatus::Suspended, None, None),
        ("52[].vm", JobStatus::Held, None, None),
    ] {
        let job = job(&jobs, id);
        assert_eq!((job.status, job.exit_code, job.signal), (status, exit, signal), "{id}");
        assert_eq!(
            job.started.is_some(),
            !matches!(status, JobStatus::Pending | JobStatus::Held) && id != "18.vm",
            "{id}"
        );
        assert_eq!(job.ended.is_some(), status.ended(), "{id}");
    }
    let first = job(&jobs, "0.vm");
    assert_eq!(
        (first.name.as_str(), first.user.as_str(), first.queue.as_deref()),
        ("STDIN", "hpcuser", Some("workq"))
    );
    assert_eq!(first.submitted.unwrap().to_string(), "2026-11-22T12:33:19Z");
    assert_eq!((first.cpus, first.nodes, first.details.elapsed), (Some(2), Some(1), Some(1)));
    assert!(job(&jobs, "38.vm").reason.as_deref().unwrap().starts_with("waits for ever: Insufficient"));
    assert!(job(&jobs, "29[].vm").array.is_some() && job(&jobs, "23.vm").array.is_none());
}

#[test]
fn openpbs_tells_its_queues_and_nodes() {
    let (default, version) = openpbs::server(capture!("openpbs.server.json"));
    assert_eq!((default.as_deref(), version.as_deref()), (Some("workq"), Some("23.06.06")));
    let queues = openpbs::queues("india", capture!("openpbs.queues.json"), default.as_deref()).unwrap();
    assert!(queues.iter().any(|queue| queue.name == "workq" && queue.default && queue.status == "up"));
    assert!(queues.iter().any(|queue| queue.status != "up"));
    let nodes = openpbs::nodes("india", capture!("openpbs.nodes.json")).unwrap();
    let node = nodes.iter().find(|node| node.name == "vm[0]").unwrap();
    assert_eq!(
        (node.cpus, node.used_cpus, node.memory, node.used_memory),
        (Some(8), Some(6), Some(8192), Some(1024))
    );
    assert_eq!(node.status, "mixed");
}

#[test]
fn torque_tells_its_jobs() {
    let jobs = of(torque::jobs(capture!("torque.qstat.xml")).unwrap());
    for (id, name, status, exit, signal) in [
        ("2.localhost", "ok", JobStatus::Completed, Some(0), None),
        ("18.localhost", "a<b>&c", JobStatus::Held, None, None),
        ("28.localhost", "fail3", JobStatus::Failed, Some(3), None),
        ("29.localhost", "sig9", JobStatus::Failed, None, Some(9)),
        ("31.localhost", "overtime", JobStatus::TimedOut, None, None),
        ("32.localhost", "delete_me", JobStatus::Cancelled, None, Some(15)),
        ("33[].localhost", "arr", JobStatus::Running, None, None),
        ("35.localhost", "toobig", JobStatus::Pending, None, None),
        ("41.localhost", "tomorrow", JobStatus::Pending, None, None),
        ("44[].localhost", "heldarr", JobStatus::Held, None, None),
    ] {
        let job = job(&jobs, id);
        assert_eq!((job.status, job.exit_code, job.signal), (status, exit, signal), "{id}");
        assert_eq!(job.name, name, "{id}");
    }
    let array = job(&jobs, "33[].localhost");
    assert_eq!(array.array.as_deref(), Some("0,1,2,3,4,5,6,7,8,9"));
    assert_eq!(array.reason.as_deref(), Some("2 tasks ended, 1 of them not well"));
    assert_eq!(job(&jobs, "41.localhost").reason.as_deref(), Some("waits for its date"));
    assert_eq!(job(&jobs, "2.localhost").details.time_limit, Some(300));
    assert_eq!(job(&jobs, "2.localhost").details.peak_memory, Some(8));
    assert_eq!(job(&jobs, "2.localhost").submitted.unwrap().as_second(), 1_795_352_460);
}

#[test]
fn torque_tells_its_queues_and_nodes() {
    let (default, _) = torque::server(capture!("torque.server.txt"));
    assert_eq!(default.as_deref(), Some("batch"));
    let queues = torque::queues("india", capture!("torque.queues.txt"), default.as_deref());
    let queue = |name: &str| queues.iter().find(|queue| queue.name == name).unwrap();
    assert_eq!(
        (queue("debug").time_limit.as_deref(), queue("debug").status.as_str()),
        (Some("00:30:00"), "up")
    );
    assert!(queue("batch").default && queue("closed").status != "up");
    let nodes = torque::nodes("india", capture!("torque.nodes.xml")).unwrap();
    assert_eq!((nodes[0].name.as_str(), nodes[0].cpus, nodes[0].used_cpus), ("localhost", Some(8), Some(7)));
    assert_eq!((nodes[0].status.as_str(), nodes[0].memory), ("mixed", Some(24_106)));
}

#[test]
fn grid_engine_tells_its_jobs() {
    let jobs = of(gridengine::jobs(capture!("gridengine.qstat.xml")).unwrap());
    for (id, status) in [
        ("34", JobStatus::Running),
        ("36", JobStatus::Running),
        ("38", JobStatus::Suspended),
        ("39", JobStatus::Suspended),
        ("40", JobStatus::Held),
        ("41", JobStatus::Held),
        ("46", JobStatus::Pending),
        ("55", JobStatus::Running),
    ] {
        assert_eq!(job(&jobs, id).status, status, "{id}");
    }
    assert_eq!(job(&jobs, "36").array.as_deref(), Some("1,2,3-10"));
    assert_eq!(job(&jobs, "50").array.as_deref(), Some("2-20:6"));
    assert_eq!((job(&jobs, "34").cpus, job(&jobs, "34").queue.as_deref()), (Some(4), Some("all.q")));
    assert_eq!(job(&jobs, "34").started.unwrap().to_string(), "2026-11-22T12:46:30Z");
    let after = of(gridengine::jobs(capture!("gridengine.after.xml")).unwrap());
    assert!(after.iter().any(|job| job.name.contains('<')), "the way Grid Engine writes < is read");
}

#[test]
fn grid_engine_tells_how_jobs_ended() {
    let jobs = of(gridengine::records(capture!("gridengine.qacct.txt")));
    let named = |name: &str| jobs.iter().find(|job| job.name == name).unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(named("ok2").status, JobStatus::Completed);
    assert_eq!((named("fail3").status, named("fail3").exit_code), (JobStatus::Failed, Some(3)));
    assert_eq!((named("sig9").status, named("sig9").signal), (JobStatus::Failed, Some(9)));
    assert!(jobs.iter().any(|job| job.status == JobStatus::TimedOut));
    assert!(
        jobs.iter().all(|job| job.status.ended() && job.ended.is_some() && job.details.elapsed.is_some())
    );
}

#[test]
fn grid_engine_tells_its_queues_and_hosts() {
    let queues = gridengine::queues("india", capture!("gridengine.queues.xml")).unwrap();
    let queue = |name: &str| queues.iter().find(|queue| queue.name == name).unwrap();
    assert_eq!(
        (queue("all.q").cpus, queue("all.q").idle_cpus, queue("all.q").status.as_str()),
        (Some(8), Some(4), "up")
    );
    assert_eq!(queue("closed.q").status, "down");
    let nodes = gridengine::nodes("india", capture!("gridengine.hosts.xml")).unwrap();
    assert_eq!((nodes.len(), nodes[0].name.as_str(), nodes[0].memory), (1, "localhost", Some(24_064)));
}

#[test]
fn recordings_of_other_runs_are_read() {
    let Some(root) = std::env::var_os("CLOUDMESH_TEST_CAPTURES") else { return };
    let mut count = 0;
    let mut read = |folder: &str,
                    kind: &dyn Fn(&str) -> bool,
                    parse: &dyn Fn(&str) -> cloudmesh_model::Result<Vec<Row>>| {
        let Ok(files) = std::fs::read_dir(std::path::Path::new(&root).join(folder)) else { return };
        for file in files.map(|file| file.unwrap().path()) {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            if name.ends_with(".txt") && kind(&name) {
                let text = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
                let rows = parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
                assert!(
                    rows.iter().all(|row| row.status != JobStatus::Unknown || row.native_status == "z"),
                    "{name}"
                );
                count += 1;
            }
        }
    };
    read(
        "openpbs",
        &|name| {
            name.contains("qstat") && name.contains("json") && !name.contains("Q.f") && !name.contains("B.f")
        },
        &openpbs::jobs,
    );
    read(
        "torque-maui",
        &|name| name.contains("qstat") && (name.contains("x.txt") || name.contains(".x.")),
        &torque::jobs,
    );
    read(
        "sge",
        &|name| name.contains("qstat") && name.contains("xml") && !name.contains("qstat.j"),
        &gridengine::jobs,
    );
    assert!(count > 10, "only {count} recordings were read");
}

//! Ctrl-C: what is under way is waited for, nothing new is begun, and the plan can be gone on with.

use std::process::Stdio;
use std::time::{Duration, Instant};

use cloudmesh_sim::FaultSettings;

use crate::support::{Ran, Simulated, home_with};

fn interrupt(child: &std::process::Child) {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
}

#[test]
fn one_ctrl_c_ends_a_boot_in_order_and_resume_finishes_it() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("image list --refresh").ok();
    home.line("flavor list --refresh").ok();
    home.line("vm list --refresh").ok();
    simulated.faults.set(FaultSettings { latency_ms: Some(150), ..FaultSettings::default() });
    let mut command = home.command(&["vm", "boot", "web[1-30]"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while simulated.changes(0).is_empty() {
        assert!(Instant::now() < until, "no machine was begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    interrupt(&child);
    let ran = Ran::new("vm boot 'web[1-30]'".to_owned(), child.wait_with_output().unwrap()).expect(130);
    assert!(ran.stderr.contains("cm plan resume"), "{ran}");
    assert!(ran.stderr.contains("interrupted"), "{ran}");
    assert!(!ran.stderr.contains("panicked"), "{ran}");
    simulated.faults.clear();
    home.line("plan resume last").ok();
    let there = home.line("vm list --refresh -o json").ok().items();
    assert_eq!(there.len(), 30);
    assert!(there.iter().all(|machine| machine["status"] == "active"), "{there:?}");
    let creates = simulated
        .changes(0)
        .iter()
        .filter(|call| call.method == "POST" && call.path.ends_with("/servers"))
        .count();
    assert_eq!(creates, 30, "none was made twice");
}

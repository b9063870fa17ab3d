//! Many at once on one folder of settings: nobody fails, nothing is lost, nothing is done twice.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

#[cfg(test)]
#[expect(dead_code, reason = "each file of trials takes what it needs")]
mod trial;

use std::collections::BTreeSet;
use std::process::Child;

use cloudmesh_sim::FaultSettings;
use trial::program::{Home, Ran};
use trial::simulated::{Clouds, KEY};

const SIM: &str = "sim-001";

/// Starts all commands at once, and waits for them.
fn all_at_once(home: &Home, commands: &[Vec<String>]) -> Vec<Ran> {
    let started: Vec<(String, Child)> = commands
        .iter()
        .map(|words| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            (words.join(" "), home.start(&words))
        })
        .collect();
    started.into_iter().map(|(words, child)| Ran::new(words, child.wait_with_output().unwrap())).collect()
}

fn split(words: &str) -> Vec<String> {
    words.split(' ').map(str::to_owned).collect()
}

fn names(list: &Ran, column: &str) -> BTreeSet<String> {
    list.items().iter().map(|item| item[column].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn fifty_processes_on_an_empty_home_and_fifty_writers_after_them() {
    let home = Home::new();
    let commands: Vec<Vec<String>> = (0..50)
        .map(|number| match number % 5 {
            0 | 1 => split(&format!("default set k{number}=v{number}")),
            2 | 3 => split(&format!("var set v{number}=x{number}")),
            _ => split("vm list"),
        })
        .collect();
    for ran in all_at_once(&home, &commands) {
        assert!(!ran.stderr.contains("panicked"), "{ran}");
        if ran.words == "vm list" {
            // There is no cloud yet.
            assert!(matches!(ran.code(), Some(0 | 2)), "{ran}");
        } else {
            assert_eq!(ran.code(), Some(0), "{ran}");
        }
    }
    let defaults = home.run(&["default", "list", "-o", "json"]).ok();
    let text = defaults.stdout.clone();
    for number in (0..50).filter(|number| matches!(number % 5, 0 | 1)) {
        assert!(text.contains(&format!("\"v{number}\"")), "k{number} was lost: {defaults}");
    }
    let variables = home.run(&["var", "list", "-o", "json"]).ok();
    assert_eq!(variables.items().len(), 20, "{variables}");

    let commands: Vec<Vec<String>> = (0..50)
        .map(|number| match number % 2 {
            0 => split(&format!("group add g vm{number}")),
            _ => split(&format!("var set w{number}=y{number}")),
        })
        .collect();
    for ran in all_at_once(&home, &commands) {
        ran.ok();
    }
    let group = home.run(&["group", "list", "g", "-o", "json"]).ok();
    assert_eq!(group.items().len(), 25, "{group}");
    let variables = home.run(&["var", "list", "-o", "json"]).ok();
    assert_eq!(variables.items().len(), 45, "{variables}");
    let log = home.run(&["log", "-o", "json"]).ok();
    assert!(log.items().len() >= 50, "the log has {} entries", log.items().len());
}

#[test]
fn a_variable_that_all_write_has_the_value_of_one_of_them() {
    let home = Home::new();
    let commands: Vec<Vec<String>> =
        (0..20).map(|number| split(&format!("var set same=v{number}"))).collect();
    let mut told = 0;
    for ran in all_at_once(&home, &commands) {
        // Who comes second may be told so; nobody may be told anything else.
        match ran.code() {
            Some(0) => told += 1,
            _ => assert!(ran.stderr.contains("at the same moment"), "{ran}"),
        }
    }
    assert!(told >= 1);
    let variables = home.run(&["var", "list", "-o", "json"]).ok();
    assert_eq!(variables.items().len(), 1, "{variables}");
}

#[test]
fn a_second_run_of_a_plan_is_told_who_has_it() {
    let clouds = Clouds::start(1);
    let home = clouds.home(SIM, 1);
    home.run(&["vm", "boot", "--n=3", "--cloud=sim", "--save"]).ok();
    clouds.faults(SIM).set(FaultSettings { latency_ms: Some(400), ..FaultSettings::default() });
    let first = home.start(&["plan", "apply"]);
    let pid = first.id();
    for _ in 0..2000 {
        if !clouds.faults(SIM).calls(0, true).is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let cancelled = home.run(&["plan", "cancel", "last"]);
    assert_eq!(cancelled.code(), Some(1), "{cancelled}");
    assert!(cancelled.stderr.contains("being run by"), "{cancelled}");
    for second in all_at_once(&home, &vec![split("plan resume"); 4]) {
        assert_eq!(second.code(), Some(1), "{second}");
        assert!(second.stderr.contains(&format!("process {pid}")), "{second}");
    }
    Ran::new("plan apply".to_owned(), first.wait_with_output().unwrap()).ok();
    clouds.faults(SIM).clear();
    // Now it is done, and saying so is no error.
    home.run(&["plan", "resume"]).ok();
    clouds.look(SIM).holds(3, false, &[KEY], "two runs of one plan");
    clouds.look(SIM).is_what_is_kept(&home, "sim", "two runs of one plan");
}

#[test]
fn many_runs_of_one_interrupted_plan_make_everything_once() {
    let clouds = Clouds::start(1);
    let home = clouds.home(SIM, 1);
    clouds.faults(SIM).set(FaultSettings { latency_ms: Some(100), ..FaultSettings::default() });
    let mut first = home.start(&["vm", "boot", "--n=5", "--public", "--cloud=sim"]);
    for _ in 0..2000 {
        if clouds.faults(SIM).calls(0, true).len() >= 6 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    first.kill().unwrap();
    // Not waited for yet: what has been killed but not been buried holds nothing.
    let runs = all_at_once(&home, &vec![split("plan resume"); 6]);
    let done = runs.iter().filter(|ran| ran.code() == Some(0)).count();
    assert!(done >= 1, "{runs:#?}");
    for ran in runs.iter().filter(|ran| ran.code() != Some(0)) {
        assert!(ran.stderr.contains("the plan"), "{ran}");
    }
    first.wait().unwrap();
    clouds.faults(SIM).clear();
    clouds.look(SIM).holds(5, true, &[KEY], "six runs of one plan");
    clouds.look(SIM).is_what_is_kept(&home, "sim", "six runs of one plan");
}

#[test]
fn forty_machines_of_twenty_boots_at_once_have_forty_names() {
    let clouds = Clouds::start(1);
    let home = clouds.home(SIM, 1);
    let commands = vec![split("vm boot --n=2 --cloud=sim"); 20];
    for ran in all_at_once(&home, &commands) {
        ran.ok();
    }
    clouds.look(SIM).holds(40, false, &[KEY], "twenty boots at once");
    clouds.look(SIM).is_what_is_kept(&home, "sim", "twenty boots at once");
    let list = home.run(&["vm", "list", "-o", "json"]).ok();
    assert_eq!(names(&list, "name").len(), 40, "{list}");
}

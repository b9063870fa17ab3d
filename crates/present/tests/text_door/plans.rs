use std::time::Duration;

use cloudmesh_client::journal::PlanState;
use cloudmesh_client::{Door, PlanEvent, PlanOutcome};
use cloudmesh_model::{Error, ErrorKind};
use cloudmesh_present::{Format, TextOptions};
use serde_json::{Value, json};

use crate::paper::{boot, door, terminal};

fn as_format(format: Format) -> TextOptions {
    TextOptions { format, ..TextOptions::default() }
}

#[test]
fn a_dry_run_tells_everything_the_plan_does() {
    let plan = boot(&["albert-001", "albert-002"]);
    let (mut door, out, err) = door(as_format(Format::Table));
    door.plan(&plan, false);
    assert_eq!(
        out.text(),
        "boot 2 servers on kilo\n\
         creates 2 servers on kilo\n\
         \n\
         STEP  PLACE  WHAT               NAME        AFTER\n\
         \u{20}  0  kilo   create server      albert-001\n\
         \u{20}  1  kilo   wait until active  albert-001  0\n\
         \u{20}  2  kilo   create server      albert-002\n\
         \u{20}  3  kilo   wait until active  albert-002  2\n\
         \n\
         image = ubuntu  (default of kilo)\n\
         cannot be undone: the disks of albert\n"
    );
    assert_eq!(err.text(), "dry run: nothing was changed\n");
}

#[test]
fn a_saved_plan_tells_how_to_run_it() {
    let (mut door, out, err) = door(as_format(Format::Table));
    door.plan(&boot(&["albert"]), true);
    assert!(out.text().ends_with(
        "may be applied until 2026-03-01 14:00:00Z (in 2 h)\nrun it with: cm plan apply 0198-plan\n"
    ));
    assert_eq!(err.text(), "");
}

#[test]
fn a_plan_in_json_is_the_object_that_runs() {
    let plan = boot(&["albert-001", "albert-002"]);
    for format in [Format::Json, Format::Yaml, Format::Ndjson] {
        let (mut door, out, err) = door(as_format(format));
        door.plan(&plan, false);
        let value: Value = serde_saphyr::from_str(&out.text()).unwrap();
        assert_eq!(value["schema"], "cloudmesh.plan.v1");
        assert_eq!(value["plan"], serde_json::to_value(&plan).unwrap(), "{format}");
        assert_eq!(
            value["summary"],
            json!({"creates": [{"kind": "server", "place": "kilo", "count": 2}], "changes": [], "destroys": []})
        );
        assert_eq!(err.text(), "");
    }
}

fn outcome(state: PlanState, done: usize, failed: Vec<(usize, Error)>) -> PlanOutcome {
    PlanOutcome {
        state,
        done,
        failed,
        skipped: 0,
        uncertain: 0,
        names: Default::default(),
        elapsed: Duration::from_millis(2_140),
    }
}

#[test]
fn an_outcome_names_what_was_made_on_standard_output() {
    let plan = boot(&["albert-001", "albert-002"]);
    let (mut door, out, err) = door(as_format(Format::Table));
    door.event(&PlanEvent::Begun { plan: &plan, done: 0 });
    door.outcome(&plan, &outcome(PlanState::Done, 4, Vec::new()));
    assert_eq!(out.text(), "albert-001\nalbert-002\n");
    assert_eq!(err.text(), "4 of 4 steps done in 2.1 s\n");
}

#[test]
fn an_outcome_in_part_names_only_what_is_surely_there() {
    let plan = boot(&["albert-001", "albert-002", "albert-003"]);
    let quota = Error::new(ErrorKind::Quota, "no room");
    let ended = PlanOutcome { skipped: 3, ..outcome(PlanState::Partial, 2, vec![(2, quota)]) };
    let run = |format| {
        let (mut door, out, err) = door(as_format(format));
        door.event(&PlanEvent::Begun { plan: &plan, done: 0 });
        for number in [0, 1] {
            door.event(&PlanEvent::Sent { number, step: &plan.steps[number] });
            door.event(&PlanEvent::Done { number, step: &plan.steps[number] });
        }
        door.outcome(&plan, &ended);
        (out.text(), err.text())
    };
    let (out, err) = run(Format::Table);
    assert_eq!(out, "albert-001\n");
    assert_eq!(err, "2 of 6 steps done, 1 failed, 3 not begun in 2.1 s\n");
    let value: Value = serde_json::from_str(&run(Format::Json).0).unwrap();
    assert_eq!(value["schema"], "cloudmesh.outcome.v1");
    assert_eq!(value["state"], "partial");
    assert_eq!(value["seconds"], 2.14);
    assert_eq!(value["failed"][0]["step"], 2);
    assert_eq!(value["failed"][0]["label"], "albert-002");
    assert_eq!(value["failed"][0]["place"], "kilo");
    assert_eq!(
        value["things"],
        json!([
            {"kind": "server", "place": "kilo", "label": "albert-001", "state": "made"},
            {"kind": "server", "place": "kilo", "label": "albert-002", "state": "failed"},
            {"kind": "server", "place": "kilo", "label": "albert-003", "state": "not_begun"},
        ])
    );
    assert!(run(Format::Csv).0.starts_with("kind,place,label,state\r\nserver,kilo,albert-001,made\r\n"));
}

#[test]
fn a_plan_fits_a_narrow_terminal() {
    let options = TextOptions { stdout: terminal(40), ..as_format(Format::Table) };
    let (mut door, out, _) = door(options);
    door.plan(&boot(&["a-server-with-a-rather-long-name-001"]), false);
    let table: Vec<String> = out.text().lines().skip(3).take(3).map(str::to_owned).collect();
    assert!(table.iter().all(|line| line.chars().count() <= 40), "{table:?}");
}

#[test]
fn a_resumed_plan_names_what_an_earlier_run_made() {
    let plan = boot(&["albert-001", "albert-002", "albert-003"]);
    let slow = Error::new(ErrorKind::Service, "it is in error");
    let (mut door, out, _) = door(as_format(Format::Table));
    door.event(&PlanEvent::Begun { plan: &plan, done: 1 });
    door.event(&PlanEvent::Sent { number: 1, step: &plan.steps[1] });
    door.event(&PlanEvent::Looking { number: 2, step: &plan.steps[2] });
    let failed = vec![(1, slow)];
    door.outcome(&plan, &PlanOutcome { skipped: 3, uncertain: 1, ..outcome(PlanState::Partial, 1, failed) });
    assert_eq!(out.text(), "albert-001\n");
}

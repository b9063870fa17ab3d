//! The dry run is the plan: it tells everything, changes nothing, and what is saved is what runs.

use serde_json::{Value, json};

use crate::support::{Home, Simulated, home_with};

fn dry_run(home: &Home, simulated: &Simulated, line: &str) -> Value {
    let mark = simulated.faults.mark();
    let before = home.picture();
    let plan = home.line(&format!("{line} --dryrun -o json")).ok().json();
    assert_eq!(simulated.changes(mark), [], "a dry run changed the cloud: {line}");
    assert_eq!(home.picture(), before, "a dry run changed the folder of settings: {line}");
    assert_eq!(plan["schema"], "cloudmesh.plan.v1");
    assert_eq!(plan["saved"], false);
    plan
}

fn filled<'a>(plan: &'a Value, option: &str) -> &'a Value {
    let all = plan["plan"]["filled"].as_array().unwrap();
    all.iter().find(|filled| filled["option"] == option).unwrap_or_else(|| panic!("{option}: {all:?}"))
}

#[test]
fn booting_tells_what_it_would_make_and_where_each_default_came_from() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("default set zone=nova").ok();
    home.line("default set flavor=m1.medium --cloud=sim").ok();
    home.line("vm list --refresh").ok();
    let plan = dry_run(&home, &simulated, "vm boot --n=3");
    assert_eq!(plan["plan"]["operation"], "vm.boot");
    assert_eq!(plan["summary"]["creates"], json!([{ "kind": "server", "place": "sim", "count": 3 }]));
    assert_eq!(plan["summary"]["destroys"], json!([]));
    assert_eq!(plan["plan"]["irreversible"], json!([]));
    let from = |option: &str| {
        let filled = filled(&plan, option);
        (filled["value"].as_str().unwrap().to_owned(), filled["from"].as_str().unwrap().to_owned())
    };
    assert_eq!(from("cloud"), ("sim".into(), "the only one there".into()));
    assert_eq!(from("flavor"), ("m1.medium".into(), "default of sim".into()));
    assert_eq!(from("zone"), ("nova".into(), "general default".into()));
    let (image, source) = from("image");
    assert_eq!(image, "ubuntu-24.04");
    assert!(source.contains("cloudmesh.yaml"), "{source}");
    assert_eq!(plan["plan"]["reserved"], json!(["albert-001", "albert-002", "albert-003"]));
    // The names are free again.
    let again = dry_run(&home, &simulated, "vm boot --n=3");
    assert_eq!(again["plan"]["reserved"], plan["plan"]["reserved"]);
    let shown = home.line("vm boot --n=3 --dryrun").ok();
    assert!(shown.stdout.contains("creates 3 servers on sim"), "{shown}");
    assert!(shown.stdout.contains("default of sim"), "{shown}");
}

#[test]
fn deleting_tells_what_cannot_be_undone() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot 'web[1-2]' --public").ok();
    let plan = dry_run(&home, &simulated, "vm delete 'web[1-2]'");
    let irreversible = plan["plan"]["irreversible"].as_array().unwrap();
    for name in ["web1", "web2"] {
        assert!(irreversible.iter().any(|what| what.as_str().unwrap().contains(name)), "{irreversible:?}");
    }
    let destroyed = plan["summary"]["destroys"].as_array().unwrap();
    let count = |kind: &str| {
        destroyed.iter().find(|what| what["kind"] == kind).map(|what| what["count"].as_u64().unwrap())
    };
    assert_eq!((count("server"), count("address")), (Some(2), Some(2)), "{destroyed:?}");
    assert_eq!(home.line("vm list --refresh -o json").ok().items().len(), 2);
}

#[test]
fn a_job_tells_what_it_would_submit() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("default set cluster=local").ok();
    let plan = dry_run(&home, &simulated, "hpc run --name=trial echo hello");
    assert_eq!(plan["summary"]["creates"], json!([{ "kind": "job", "place": "local", "count": 1 }]));
    assert_eq!(filled(&plan, "cluster")["from"], "general default");
    assert_eq!(home.line("hpc queue --all -o json").ok().items().len(), 0);
}

#[test]
fn what_was_saved_is_what_runs() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    let mark = simulated.faults.mark();
    let saved = home.line("vm boot 'web[1-2]' --save -o json").ok().json();
    assert_eq!(saved["saved"], true);
    assert_eq!(simulated.changes(mark), []);
    let shown = home.line("plan show last -o json").ok().items();
    let steps = saved["plan"]["steps"].as_array().unwrap();
    assert_eq!(shown.len(), steps.len());
    for (row, step) in shown.iter().zip(steps) {
        assert_eq!((&row["subject"], &row["place"]), (&step["label"], &step["place"]));
        assert_eq!(row["state"], "waiting");
    }
    let ids: Vec<&Value> = steps.iter().filter_map(|step| step["act"].get("server")).collect();
    home.line("plan apply last").ok();
    let machines = home.line("vm list --refresh -o json").ok().items();
    assert_eq!(machines.len(), 2);
    for id in ids {
        assert!(machines.iter().any(|machine| machine["id"] == *id), "{id} was planned and is not there");
    }
    home.line("plan apply last").refused(1, "done already");
    assert_eq!(home.line("vm list --refresh -o json").ok().items().len(), 2);
}

#[test]
fn a_cancelled_plan_does_not_run() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot web1 --save").ok();
    home.line("plan cancel last").ok();
    let mark = simulated.faults.mark();
    home.line("plan apply last").refused(1, "cancelled");
    home.line("plan resume last").refused(1, "cancelled");
    home.line("plan cancel last").refused(1, "cancelled already");
    home.line("plan apply 0123").refused(2, "no plan has the id 0123");
    assert_eq!(simulated.changes(mark), []);
}

#[test]
fn a_plan_whose_machine_is_gone_is_stale() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot web1").ok();
    home.line("vm stop web1 --save").ok();
    let other = home_with(&simulated);
    other.line("vm delete web1 --yes").ok();
    let mark = simulated.faults.mark();
    let refused = home.line("plan apply last").refused(1, "web1 is no longer what it was");
    assert_eq!(simulated.changes(mark), [], "{refused}");
    home.line("plan show last").ok();
    home.line("plan cancel last").ok();
}

#[test]
fn a_plan_whose_machine_is_another_one_now_is_made_again() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot web1").ok();
    let old = home.line("vm stop web1 --save -o json").ok().json();
    let other = home_with(&simulated);
    other.line("vm delete web1 --yes").ok();
    other.line("vm boot web1").ok();
    let mark = simulated.faults.mark();
    home.line("plan apply last --dryrun").refused(1, "web1 is no longer what it was");
    assert_eq!(home.line("plan list -o json").ok().items().len(), 2);
    let refused = home.line("plan apply last").expect(1);
    assert!(refused.stderr.contains("web1 is no longer what it was"), "{refused}");
    assert_eq!(simulated.changes(mark), [], "{refused}");
    assert!(refused.stderr.contains("~ server web1 on "), "{refused}");
    let plans = home.line("plan list -o json").ok().items();
    let state = |id: &Value| plans.iter().find(|plan| plan["id"] == *id).unwrap()["state"].clone();
    assert_eq!(state(&old["plan"]["id"]), "cancelled");
    let new = plans.iter().find(|plan| plan["state"] == "planned").unwrap();
    let id = new["id"].as_str().unwrap();
    assert!(refused.stderr.contains(&format!("cm plan apply {id}")), "{refused}");
    home.line(&format!("plan apply {id}")).ok();
    assert_eq!(home.line("vm show web1 --refresh -o json").ok().items()[0]["status"], "stopped");
}

#[test]
fn a_plan_whose_image_is_gone_is_stale() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot web1 --save").ok();
    simulated.delete_image("ubuntu-24.04");
    let mark = simulated.faults.mark();
    home.line("plan apply last").refused(1, "the image ubuntu-24.04 is no longer what it was");
    assert_eq!(simulated.changes(mark), []);
    assert_eq!(home.line("vm list --refresh -o json").ok().items().len(), 0);
    home.line("vm boot web1").refused(2, "ubuntu-24.04");
}

#[test]
fn undo_turns_back_a_boot_a_setting_and_a_registration() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("default set zone=nova").ok();
    home.line("default set zone=other").ok();
    home.line("undo").ok();
    assert_eq!(home.line("default get zone -o json").ok().items()[0]["value"], "nova");
    home.line("undo").ok();
    home.line("default get zone").refused(2, "no default zone");

    home.line("vm boot 'web[1-2]' --group=lab").ok();
    let shown = dry_run(&home, &simulated, "undo");
    assert_eq!(shown["summary"]["destroys"][0]["count"], 2, "{shown}");
    home.line("undo").refused(4, "cannot be undone");
    assert_eq!(home.line("vm list --refresh -o json").ok().items().len(), 2);
    home.line("undo --yes").ok();
    assert_eq!(home.line("vm list --refresh -o json").ok().items().len(), 0);
    assert_eq!(home.line("group list lab -o json").ok().items().len(), 0, "they left the group");

    let before = std::fs::read_to_string(home.settings().join("cloudmesh.yaml")).unwrap();
    home.line("register cluster india --type=slurm cm_host=india").ok();
    home.line("undo").ok();
    let after = std::fs::read_to_string(home.settings().join("cloudmesh.yaml")).unwrap();
    assert_eq!(after, before);
}

#[test]
fn the_log_tells_what_was_done_and_what_came_of_it() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("default set zone=nova").ok();
    home.line("vm boot web1").ok();
    home.line("undo --yes").ok();
    home.line("vm boot web2 --dryrun").ok();
    let log = home.line("log -o json").ok().items();
    let said: Vec<(&str, &str)> = log
        .iter()
        .map(|entry| (entry["operation"].as_str().unwrap(), entry["result"].as_str().unwrap()))
        .collect();
    let expected =
        [("register.cloud", "done"), ("default.set", "done"), ("vm.boot", "undone"), ("undo", "done")];
    assert_eq!(said, expected);
    assert!(log.iter().all(|entry| entry["door"] == "prompt" && entry["when"].is_string()), "{log:?}");
}

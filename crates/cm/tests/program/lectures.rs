//! Scripts as users of the original write them, run line by line on the simulator and on this computer.

use std::path::Path;

use crate::support::Home;

fn lectures() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lectures");
    let mut all: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .flatten()
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    all.sort();
    all
}

#[test]
fn every_lecture_runs_to_its_end() {
    let home = Home::new();
    home.line("sim up --build-time=20").ok();
    let lectures = lectures();
    assert!(lectures.len() >= 15);
    for (name, text) in &lectures {
        home.write(name, text);
    }
    let said = |name: &str| {
        let arguments: &[&str] = if name.starts_with("14") { &["one", "two"] } else { &[] };
        home.run(&[&[name], arguments].concat()).ok().stdout
    };
    for (name, _) in &lectures {
        let text = said(name);
        match &name[..2] {
            "01" => assert!(text.contains("e516 in B12, user albert\ne516-001 $course\n"), "{text}"),
            "02" => assert!(text.contains("sim ubuntu-24.04 lecture\n"), "{text}"),
            "06" => assert!(text.contains("web2"), "{text}"),
            "09" => assert!(text.contains("hello\n"), "{text}"),
            "11" => assert!(text.ends_with("no course any more\n"), "{text}"),
            "12" => assert!(text.contains("the name is lecture\n") && text.contains("42\n"), "{text}"),
            "15" => {
                assert!(text.contains("2 arguments: one and good morning\n"), "{text}");
                assert!(text.contains("good morning\n") && !text.contains("never"), "{text}");
            }
            _ => {}
        }
    }
    let left = home.line("vm list --cloud=sim --refresh -o json").ok().items();
    assert_eq!(left.len(), 0, "{left:?}");
}

#[test]
fn a_dry_run_of_a_script_is_one_plan_and_changes_nothing() {
    let home = Home::new();
    home.line("sim up --build-time=20").ok();
    home.write(
        "lecture.cm",
        "default cloud=sim\ndefault image=ubuntu-24.04\nvar size=m1.small\n\
         vm boot web[1-2] --flavor=$size --group=web\nvm boot --flavor=$size --group=web\n!touch never\nvm list\n",
    );
    home.line("image list --cloud=sim").ok();
    // What the simulator writes meanwhile is its own affair.
    let picture = || {
        let mut picture = home.picture();
        picture.retain(|name, _| !name.starts_with("sim/"));
        picture
    };
    let before = picture();
    let plan = home.line("lecture.cm --dryrun").ok();
    assert!(
        plan.stdout.contains("web1") && plan.stdout.contains("web2") && plan.stdout.contains("-001"),
        "{plan}"
    );
    assert_eq!(
        home.line("exec --dryrun lecture.cm").ok().stdout.lines().count(),
        plan.stdout.lines().count()
    );
    let after = picture();
    for (name, bytes) in &before {
        assert_eq!(Some(bytes), after.get(name), "{name} has changed");
    }
    assert_eq!(before.len(), after.len(), "{:?}", after.keys());
    assert!(!home.user().join("never").exists());
    assert_eq!(home.line("vm list --cloud=sim --refresh -o json").ok().items().len(), 0);
}

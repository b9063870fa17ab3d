//! Into a pipe goes data and nothing else; a reader who leaves is no failure.

use crate::catalogue::part;
use crate::support::{Simulated, home_with, program};

#[test]
fn every_list_is_json_with_its_honesty() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("default set cloud=sim").ok();
    home.line("vm boot 'web[1-2]'").ok();
    home.line("hpc run --cluster=local --wait -- echo hello").ok();
    home.line("var set course=e516").ok();
    home.line("group add web 'web[1-2]'").ok();
    let mut tried = 0;
    for operation in part("operations").iter().filter(|operation| operation["kind"] == "query") {
        let name = operation["name"].as_str().unwrap();
        let columns: Vec<&str> = operation["rows"]["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| column["name"].as_str().unwrap())
            .collect();
        let subject = match name {
            "cloud.info" => "sim",
            "default.get" => "cloud",
            "var.get" => "course",
            _ => "",
        };
        let line = format!("{} {subject}", name.replace('.', " "));
        let ran = home.line(&format!("{line} -o json")).ok();
        let answer = ran.json();
        assert!(answer["schema"].as_str().is_some_and(|schema| schema.starts_with("cloudmesh.")), "{ran}");
        assert_eq!(answer["complete"], true, "{ran}");
        assert!(answer.get("as_of").is_some() && answer["errors"].as_array().is_some(), "{ran}");
        for item in ran.items() {
            let keys: Vec<&str> = item.as_object().unwrap().keys().map(String::as_str).collect();
            for column in &columns {
                assert!(keys.contains(column), "{name} has no {column}: {ran}");
            }
        }
        for format in ["table", "yaml", "csv", "ndjson"] {
            let ran = home.line(&format!("{line} -o {format}")).ok();
            assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{ran:?}");
        }
        home.line(&format!("{line} --columns={}", columns[0])).ok();
        home.line(&format!("{line} --columns=nothing")).refused(2, "nothing");
        home.line(&format!("{line} --sort=nothing")).refused(2, "nothing");
        tried += 1;
    }
    assert!(tried > 15, "{tried} lists");
}

#[test]
fn neither_colour_nor_progress_goes_into_a_pipe() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    for line in ["vm boot 'web[1-3]'", "vm stop web1", "vm list --refresh", "vm delete 'web[1-3]' --yes"] {
        let ran = home.line(line).ok();
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(['\u{1b}', '\r', '\u{8}']), "{ran:?}");
        }
    }
    // Not even where the environment asks for a terminal's looks.
    let mut command = home.command(&["vm", "list"]);
    command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor");
    assert!(!home.run_command(command).ok().stdout.contains('\u{1b}'));
}

#[test]
fn what_was_booted_stands_alone_on_standard_output() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("key add laptop --generate").ok();
    let booted = home.line("vm boot 'web[1-3]' --key=laptop --public").ok();
    let mut names: Vec<&str> = booted.stdout.lines().collect();
    names.sort_unstable();
    assert_eq!(names, ["web1", "web2", "web3"], "{booted}");
    let csv = home.line("vm boot app1 -o csv").ok();
    assert!(csv.stdout.lines().any(|line| line.starts_with("server,sim,app1,")), "{csv}");
}

#[test]
fn a_reader_who_leaves_is_no_failure() {
    let simulated = Simulated::with(|cloud| cloud.servers = 90);
    let home = home_with(&simulated);
    home.line("vm list --refresh").ok();
    let cm = program().display();
    for command in
        ["vm list", "vm list -o json", "vm list -o csv", "log", "catalogue", "help", "vm boot --help"]
    {
        let script = format!("{{ '{cm}' {command}; echo $? >code; }} | head -1 >/dev/null; cat code");
        let ran = home.shell(&script, command).ok();
        assert_eq!(ran.stdout.trim(), "0", "{ran}");
        for no in ["error", "panicked", "pipe"] {
            assert!(!ran.stderr.contains(no), "{ran}");
        }
    }
    let full = home.shell(&format!("'{cm}' vm list >/dev/full"), "vm list >/dev/full").expect(1);
    assert!(full.stderr.contains("error: the output cannot be written"), "{full}");
}

//! What every door owes: to each example of the catalogue the same answer as the prompt's `-o json`.

use serde_json::{Value, json};

use crate::catalogue::part;
use crate::fixtures::{clear, prepare};
use crate::support::Home;

/// What goes around the input of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Around {
    pub(crate) refresh: bool,
    pub(crate) wait: Option<bool>,
}

/// A door that is not the prompt.
pub(crate) trait OtherDoor {
    /// Asks a query, takes a stream's text, makes a setting.
    fn ask(&mut self, operation: &str, input: &Value, around: Around) -> Result<Value, String>;

    /// Plans a change and keeps the plan.
    fn plan(&mut self, operation: &str, input: &Value, around: Around) -> Result<Value, String>;

    /// Carries a change out.
    fn carry_out(&mut self, operation: &str, input: &Value, around: Around) -> Result<Value, String>;

    /// Why the door does not have the operation, if it does not.
    fn lacks(&self, operation: &str) -> Option<&'static str>;
}

/// Runs every example of the catalogue at the prompt and through `door`, and holds the answers against each
/// other.
pub(crate) fn same_answers(home: &Home, door: &mut dyn OtherDoor) {
    let mut compared = 0;
    for operation in part("operations") {
        let name = operation["name"].as_str().unwrap();
        for example in operation["examples"].as_array().unwrap() {
            let command = example["command"].as_str().unwrap();
            let input = &example["input"];
            let around = Around { refresh: example["refresh"] == true, wait: example["wait"].as_bool() };
            if let Some(reason) = door.lacks(name) {
                prepare(home, command);
                let told = door.ask(name, input, around).unwrap_err();
                assert!(told.contains(reason), "{command}: {told}");
                home.line(command).ok();
                clear(home, command);
                continue;
            }
            let kind = operation["kind"].as_str().unwrap();
            match kind {
                "query" => {
                    prepare(home, command);
                    let at_prompt = home.line(&json_form(command)).ok().json();
                    let answer =
                        door.ask(name, input, around).unwrap_or_else(|error| panic!("{command}: {error}"));
                    assert_eq!(plain(&answer), plain(&at_prompt), "{command}");
                }
                "stream" => {
                    prepare(home, command);
                    let at_prompt = home.line(command).ok().stdout;
                    let answer =
                        door.ask(name, input, around).unwrap_or_else(|error| panic!("{command}: {error}"));
                    assert_eq!(answer["text"], at_prompt.as_str(), "{command}");
                }
                "setting" => {
                    // Once before, for what only the first time is told.
                    prepare(home, command);
                    home.line(command).ok();
                    clear(home, command);
                    prepare(home, command);
                    let at_prompt = home.line(&json_form(command)).ok().json();
                    clear(home, command);
                    prepare(home, command);
                    let answer =
                        door.ask(name, input, around).unwrap_or_else(|error| panic!("{command}: {error}"));
                    clear(home, command);
                    assert_eq!(plain(&answer), plain(&at_prompt), "{command}");
                }
                "session" => {
                    // The prompt runs it; what is run is what counts.
                    prepare(home, command);
                    let answer =
                        door.ask(name, input, around).unwrap_or_else(|error| panic!("{command}: {error}"));
                    assert!(
                        answer["argv"].as_array().is_some_and(|argv| !argv.is_empty()),
                        "{command}: {answer}"
                    );
                }
                "change" if example["dryrun"] == true => {
                    prepare(home, command);
                    let at_prompt = home.line(&json_form(command)).ok().json();
                    let Ok(answer) = door.plan(name, input, around) else {
                        panic!("{command} is not planned")
                    };
                    assert_eq!(plain(&answer), plain(&at_prompt), "{command}");
                }
                "change" => {
                    begin(home, command);
                    let sure = if command.contains("--yes") { "" } else { " --yes" };
                    let at_prompt = match json_form(command).split_once(" -- ") {
                        Some((before, after)) => format!("{before}{sure} -- {after}"),
                        None => format!("{}{sure}", json_form(command)),
                    };
                    let at_prompt = home.line(&at_prompt).ok().json();
                    begin(home, command);
                    let answer = door
                        .carry_out(name, input, around)
                        .unwrap_or_else(|error| panic!("{command}: {error}"));
                    assert_eq!(plain(&answer), plain(&at_prompt), "{command}");
                }
                other => panic!("{name} is a {other}, and nobody knows how that is compared"),
            }
            compared += 1;
        }
    }
    assert!(compared > 30, "only {compared} examples were compared");
}

/// As [`prepare`], with no jobs but those that the command needs: some commands mean all there are.
fn begin(home: &Home, command: &str) {
    if command.starts_with("hpc") {
        home.line("hpc delete --job=all --cluster=local --yes").ok();
    }
    prepare(home, command);
}

/// The command with JSON as its form of answer.
fn json_form(command: &str) -> String {
    match command.split_once(" -- ") {
        Some((before, after)) => format!("{before} -o json -- {after}"),
        None => format!("{command} -o json"),
    }
}

/// An answer without what is never the same twice: moments, durations, ids, and whether a plan was kept.
pub(crate) fn plain(answer: &Value) -> Value {
    let mut names = Vec::new();
    let mut value = answer.clone();
    if value["schema"] == "cloudmesh.plan.v1" && value.get("plan").is_some() {
        value["saved"] = json!("either");
    }
    strip(&mut value, &mut names);
    value
}

fn strip(value: &mut Value, ids: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let changing = ["seconds", "milliseconds", "hours", "vcpu_hours", "memory_gib_hours"];
            fields.retain(|name, _| {
                !changing.contains(&name.as_str()) && !matches!(name.as_str(), "fingerprint" | "public_key")
            });
            for (_, value) in fields {
                strip(value, ids);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| strip(value, ids)),
        Value::String(text) => {
            if is_moment(text) {
                *text = "a moment".to_owned();
                return;
            }
            // Addresses that were taken go on counting, too.
            if text.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.octets()[2] >= 128) {
                *text = "a floating address".to_owned();
                return;
            }
            // Generated names go on counting.
            if let Some(number) = text.strip_prefix("albert-")
                && number.bytes().all(|byte| byte.is_ascii_digit())
            {
                *text = "albert-number".to_owned();
            }
            while let Some((from, to)) = uuid(text) {
                let id = text[from..to].to_owned();
                let number = ids.iter().position(|known| *known == id).unwrap_or_else(|| {
                    ids.push(id);
                    ids.len() - 1
                });
                text.replace_range(from..to, &format!("<{number}>"));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn is_moment(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && text.as_bytes()[4] == b'-' && text.as_bytes()[10] == b'T'
}

/// Where the first UUID is in a text.
fn uuid(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(35))
        .find(|from| {
            bytes[*from..from + 36].iter().enumerate().all(|(number, byte)| match number {
                8 | 13 | 18 | 23 => *byte == b'-',
                _ => byte.is_ascii_hexdigit(),
            })
        })
        .map(|from| (from, from + 36))
}

//! The door for assistants: `cm mcp`, spoken to line by line as the protocol has it, and by its official client.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::catalogue::part;
use crate::doors::{Around, OtherDoor, same_answers};
use crate::fixtures::prepare;
use crate::support::{Home, Simulated, home_with, program};

const PATIENCE: Duration = Duration::from_secs(90);

/// A host of an assistant, as simple as can be.
struct Host {
    child: Child,
    to: Option<ChildStdin>,
    lines: Receiver<String>,
    number: u64,
}

impl Host {
    fn new(home: &Home, words: &[&str]) -> Self {
        let mut host = Self::silent(home, words);
        let hello = host.request(
            "initialize",
            json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "a test", "version": "1" } }),
        );
        assert_eq!(hello["result"]["protocolVersion"], "2025-06-18", "{hello}");
        assert_eq!(hello["result"]["serverInfo"]["name"], "cloudmesh");
        host.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        host
    }

    /// Without the greeting.
    fn silent(home: &Home, words: &[&str]) -> Self {
        let mut command = home.command(&[&["mcp"], words].concat());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let from = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || from.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let to = child.stdin.take();
        Self { child, to, lines, number: 0 }
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.to.as_mut().unwrap(), "{message}").unwrap();
    }

    fn begin(&mut self, method: &str, params: Value) -> u64 {
        self.number += 1;
        let id = self.number;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// The answer to a request, and what was told before it.
    fn hear(&mut self, id: u64) -> (Value, Vec<Value>) {
        let mut told = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{error}: {told:?}"));
            let message: Value =
                serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            if message["id"] == id {
                return (message, told);
            }
            told.push(message);
        }
    }

    fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.begin(method, params);
        self.hear(id).0
    }

    /// What a tool answered: the document and whether it is an error.
    fn call(&mut self, tool: &str, arguments: &Value) -> (Value, bool) {
        let answer = self.request("tools/call", json!({ "name": tool, "arguments": arguments }));
        let result = answer.get("result").unwrap_or_else(|| panic!("{tool}: {answer}"));
        (result["structuredContent"].clone(), result["isError"] == true)
    }

    #[track_caller]
    fn ok(&mut self, tool: &str, arguments: Value) -> Value {
        let (document, failed) = self.call(tool, &arguments);
        assert!(!failed, "{tool} {arguments}: {document}");
        document
    }

    #[track_caller]
    fn refused(&mut self, tool: &str, arguments: Value, kind: &str, says: &str) {
        let (document, failed) = self.call(tool, &arguments);
        assert!(failed, "{tool} {arguments}: {document}");
        assert_eq!(document["schema"], "cloudmesh.error.v1");
        assert_eq!(document["error"]["kind"], kind, "{document}");
        let message = document["error"]["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
    }

    fn tools(&mut self) -> Vec<Value> {
        let answer = self.request("tools/list", json!({}));
        answer["result"]["tools"].as_array().unwrap().clone()
    }

    /// The host leaves; the server ends by itself.
    fn leave(mut self) {
        self.to.take();
        let until = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server stays when its host has left");
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Operations that are no tools, and what the door says of them.
const LACKS: &[(&str, &str)] = &[
    ("register.cloud", "credentials"),
    ("register.cluster", "account"),
    ("register.remove", "credentials"),
    ("vm.ssh", "terminal"),
];

impl OtherDoor for Host {
    fn ask(&mut self, operation: &str, input: &Value, around: Around) -> Result<Value, String> {
        let mut input = input.clone();
        if around.refresh {
            input["refresh"] = json!(true);
        }
        if let Some(wait) = around.wait {
            input["wait"] = json!(wait);
        }
        if operation.starts_with("plan.") && input["plan"] == "last" {
            let plans = self.ok("plan_list", json!({}));
            input["plan"] = plans["items"].as_array().unwrap().last().unwrap()["id"].clone();
        }
        match self.call(&operation.replace('.', "_"), &input) {
            (document, false) => Ok(document),
            (document, true) => Err(document.to_string()),
        }
    }

    fn plan(&mut self, operation: &str, input: &Value, around: Around) -> Result<Value, String> {
        if operation == "undo" {
            let mut input = input.clone();
            input["dryrun"] = json!(true);
            return self.ask(operation, &input, around);
        }
        let plan = self.ask(operation, input, around)?;
        self.ok("plan_cancel", json!({ "plan": plan["plan"]["id"] }));
        Ok(plan)
    }

    fn carry_out(&mut self, operation: &str, input: &Value, around: Around) -> Result<Value, String> {
        let answer = self.ask(operation, input, around)?;
        match answer["schema"].as_str() {
            Some("cloudmesh.plan.v1") => {
                assert_eq!(answer["saved"], true);
                self.ask("plan.apply", &json!({ "plan": answer["plan"]["id"] }), Around::default())
            }
            _ => Ok(answer),
        }
    }

    fn lacks(&self, operation: &str) -> Option<&'static str> {
        LACKS.iter().find(|(name, _)| *name == operation).map(|(_, says)| *says)
    }
}

#[test]
fn every_example_has_the_answer_of_the_prompt() {
    let home = Home::new();
    home.line("sim up --build-time=20").ok();
    let mut host = Host::new(&home, &["--allow=destroy"]);
    same_answers(&home, &mut host);
    host.leave();
}

#[test]
fn a_server_has_the_tools_that_it_was_started_for() {
    let home = Home::new();
    let kinds = |wanted: &[&str], but: &[&str]| -> Vec<String> {
        let fit = |operation: &&Value| {
            let name = operation["name"].as_str().unwrap();
            wanted.contains(&operation["kind"].as_str().unwrap()) && !but.contains(&name)
        };
        let names = part("operations").iter().filter(fit);
        names.map(|operation| operation["name"].as_str().unwrap().replace('.', "_")).collect()
    };
    let lacking: Vec<&str> = LACKS.iter().map(|(name, _)| *name).collect();
    let listed = |words: &[&str]| -> Vec<String> {
        let tools = Host::new(&home, words).tools();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed(&[]), kinds(&["query", "stream"], &[]));
    let runs = ["plan.apply", "plan.resume", "undo"];
    let mut planning = kinds(&["query", "stream", "change"], &runs);
    planning.push("plan_cancel".to_owned());
    let mut there = listed(&["--allow=plan"]);
    planning.sort();
    there.sort();
    assert_eq!(there, planning);
    let everything = kinds(&["query", "stream", "change", "setting"], &lacking);
    assert_eq!(listed(&["--allow=change"]), everything);
    assert_eq!(listed(&["--allow=destroy"]), everything);
}

#[test]
fn every_tool_is_described_and_takes_an_object() {
    let home = Home::new();
    for tool in Host::new(&home, &["--allow=destroy"]).tools() {
        let name = tool["name"].as_str().unwrap();
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        assert!(tool["description"].as_str().unwrap().len() > 8, "{name}");
        let schema = &tool["inputSchema"];
        assert_eq!(schema["type"], "object", "{name}: {schema}");
        assert!(schema["properties"].is_object(), "{name}: {schema}");
        let operation =
            part("operations").iter().find(|one| one["name"].as_str().unwrap().replace('.', "_") == name);
        let operation = operation.unwrap();
        let reads = ["query", "stream"].contains(&operation["kind"].as_str().unwrap());
        assert_eq!(tool["annotations"]["readOnlyHint"], reads, "{name}");
        assert_eq!(tool["outputSchema"].is_object(), operation["kind"] == "query", "{name}");
        // What goes around an input does not hide a field of it.
        for field in ["refresh", "columns", "sort", "wait", "dryrun"] {
            assert!(
                operation["input"]["properties"].get(field).is_none(),
                "{name} has a field {field} of its own"
            );
        }
    }
}

#[test]
fn a_reading_server_changes_nothing() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot web1").ok();
    let mark = simulated.faults.mark();
    let before = home.picture();
    let mut host = Host::new(&home, &[]);
    host.ok("vm_list", json!({ "refresh": true }));
    host.refused("vm_delete", json!({ "names": "web1" }), "refused", "more than this server was started for");
    host.refused("vm_boot", json!({ "n": 1 }), "refused", "more than this server was started for");
    host.refused("default_set", json!({ "values": ["cloud=sim"] }), "refused", "more than");
    host.refused("plan_apply", json!({ "plan": "01234567" }), "refused", "more than");
    host.refused("vm_ssh", json!({ "name": "web1" }), "refused", "it needs a terminal");
    host.refused("register_cloud", json!({ "name": "x" }), "refused", "credentials");
    host.refused("vm_list", json!({ "clod": "sim" }), "bad_input", "clod");
    host.refused("vm_list", json!({ "columns": ["nmae"] }), "bad_input", "nmae");
    host.refused("vm_list", json!({ "refresh": "yes" }), "bad_input", "refresh");
    let answer = host.request("tools/call", json!({ "name": "vm_explode", "arguments": {} }));
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
    host.leave();
    assert_eq!(simulated.changes(mark), []);
    assert_eq!(home.picture(), before);
}

#[test]
fn changes_are_planned_and_then_applied_by_id() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    let mut host = Host::new(&home, &["--allow=change"]);
    let mark = simulated.faults.mark();
    let plan = host.ok("vm_boot", json!({ "names": "web[1-2]" }));
    assert_eq!(plan["schema"], "cloudmesh.plan.v1");
    assert_eq!(simulated.changes(mark), [], "planning changed the cloud");
    host.refused("plan_apply", json!({}), "bad_input", "the plan's id");
    host.refused("plan_apply", json!({ "plan": "last" }), "bad_input", "the plan's id");
    let id = plan["plan"]["id"].as_str().unwrap();
    let request = host.begin(
        "tools/call",
        json!({ "name": "plan_apply", "arguments": { "plan": id }, "_meta": { "progressToken": "p" } }),
    );
    let (answer, told) = host.hear(request);
    assert_eq!(answer["result"]["structuredContent"]["state"], "done", "{answer}");
    let steps: Vec<f64> = told.iter().filter_map(|message| message["params"]["progress"].as_f64()).collect();
    assert!(!steps.is_empty() && steps.is_sorted(), "{told:?}");
    assert_eq!(host.ok("vm_list", json!({}))["items"].as_array().unwrap().len(), 2);
    // Twice is once.
    host.refused("plan_apply", json!({ "plan": id }), "conflict", "done already");
    // What destroys is planned here, and applied by a person or by a server that was started for it.
    let plan = host.ok("vm_delete", json!({ "names": "web[1-2]" }));
    let id = plan["plan"]["id"].as_str().unwrap();
    host.refused("plan_apply", json!({ "plan": id }), "refused", "may destroy nothing");
    host.leave();
    let log = home.line("log -o json").ok().items();
    assert!(log.iter().any(|entry| entry["door"] == "mcp" && entry["operation"] == "vm.boot"), "{log:?}");
    let mut host = Host::new(&home, &["--allow=destroy"]);
    assert_eq!(host.ok("plan_apply", json!({ "plan": id }))["state"], "done");
    assert_eq!(home.line("vm list --refresh -o json").ok().items().len(), 0);
}

#[test]
fn one_plan_and_one_answer_have_an_end() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot --n=4").ok();
    let mut host = Host::new(&home, &["--allow=destroy", "--most=3", "--rows=2"]);
    let before = home.line("plan list -o json").ok().items().len();
    host.refused(
        "vm_delete",
        json!({ "names": "albert-[001-004]" }),
        "refused",
        "touches 4 things, and 3 is the most",
    );
    host.refused("vm_boot", json!({ "n": 4 }), "refused", "touches 4 things");
    assert_eq!(home.line("plan list -o json").ok().items().len(), before, "a refused plan was kept");
    host.ok("vm_boot", json!({ "n": 3 }));
    let list = host.ok("vm_list", json!({}));
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert!(list["note"].as_str().unwrap().starts_with("only 2 of 4 rows are here"), "{list}");
}

#[test]
fn only_the_end_of_a_long_text_is_given() {
    let home = Home::new();
    prepare(&home, "hpc queue");
    home.line("hpc run --cluster=local --wait -- seq 1 30000").ok();
    let mut host = Host::new(&home, &[]);
    let text = host.ok("hpc_output", json!({}));
    assert_eq!(text["text"].as_str().unwrap().len(), 64 * 1024);
    assert!(text["text"].as_str().unwrap().ends_with("\n30000\n"));
    assert_eq!(text["left_out"].as_u64().unwrap() + 64 * 1024, text["bytes"].as_u64().unwrap());
}

#[test]
fn a_password_comes_out_of_no_tool() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    let password = &simulated.credentials.password;
    assert!(password.len() > 6);
    home.line("vm boot web1").ok();
    let mut host = Host::new(&home, &["--allow=destroy"]);
    for tool in host.tools() {
        let needed = tool["inputSchema"]["required"].as_array().is_some_and(|all| !all.is_empty());
        let arguments =
            if needed { json!({ "name": "web1", "names": "web1", "key": "cloud" }) } else { json!({}) };
        let answer = host.request("tools/call", json!({ "name": tool["name"], "arguments": arguments }));
        assert!(!answer.to_string().contains(password.as_str()), "{answer}");
    }
    // Wrong ones are not told either.
    home.line("register remove sim").ok();
    simulated.register_as(&home, "sim", &simulated.credentials.auth_url, "not-the-password-7");
    let answer = host.request("tools/call", json!({ "name": "vm_list", "arguments": { "refresh": true } }));
    assert!(answer.to_string().contains("unauthorized"), "{answer}");
    assert!(!answer.to_string().contains("not-the-password-7"), "{answer}");
}

#[test]
fn a_plan_that_runs_when_the_host_leaves_is_stopped_in_order() {
    let simulated = Simulated::with(|cloud| cloud.build_time = Duration::from_secs(60));
    let home = home_with(&simulated);
    let mut host = Host::new(&home, &["--allow=change"]);
    let plan = host.ok("vm_boot", json!({ "names": "web1", "wait": true }));
    let mark = simulated.faults.mark();
    host.begin("tools/call", json!({ "name": "plan_apply", "arguments": { "plan": plan["plan"]["id"] } }));
    let until = std::time::Instant::now() + PATIENCE;
    while simulated.changes(mark).is_empty() && std::time::Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    host.leave();
    let plans = home.line("plan list -o json").ok().items();
    assert_eq!(plans.last().unwrap()["state"], "interrupted", "{plans:?}");
}

#[test]
fn what_is_not_the_protocol_ends_nothing() {
    let home = Home::new();
    let mut host = Host::new(&home, &[]);
    writeln!(host.to.as_mut().unwrap(), "this is no JSON").unwrap();
    host.send(&json!({ "jsonrpc": "2.0", "id": "odd", "method": "no/such/method" }));
    host.send(&json!([1, 2, 3]));
    let answer = host.request("tools/call", json!({ "name": "var_list" }));
    assert_eq!(answer["result"]["structuredContent"]["items"], json!([]), "{answer}");
    host.leave();
    Host::silent(&home, &[]).leave_before_hello();
    home.run(&["mcp", "--allow=everything"]).refused(2, "--allow=everything is not known");
}

impl Host {
    /// The host leaves without a word.
    fn leave_before_hello(mut self) {
        self.to.take();
        let status = self.child.wait().unwrap();
        assert!(matches!(status.code(), Some(0 | 1)), "{status}");
    }
}

#[test]
fn the_official_client_takes_what_the_tools_give() {
    let Some(python) = std::env::var_os("CLOUDMESH_TEST_PYTHON").filter(|path| !path.is_empty()) else {
        eprintln!("left out: CLOUDMESH_TEST_PYTHON names no Python with the package mcp");
        return;
    };
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/assistant.py");
    let mut command = Command::new(python);
    home.surround(&mut command);
    command.arg(script).arg(program());
    let ran = home.run_command(command).ok();
    assert!(ran.stdout.ends_with("all is well\n"), "{ran}");
}

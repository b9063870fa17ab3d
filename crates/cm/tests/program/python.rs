//! Python's door: every example of the catalogue through the package's own methods.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::catalogue::operation;
use crate::doors::{Around, OtherDoor, same_answers};
use crate::support::{Home, program};

/// A Python that calls methods for us.
struct Package {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Package {
    fn call(&mut self, name: &str, input: &Value, around: Value) -> Result<Value, String> {
        writeln!(self.to, "{}", json!({ "operation": name, "input": input, "around": around })).unwrap();
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        let answer: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {name}: {line}"));
        match answer["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(answer["document"].clone()),
        }
    }
}

impl OtherDoor for Package {
    fn ask(&mut self, name: &str, input: &Value, around: Around) -> Result<Value, String> {
        let query = operation(name).unwrap()["kind"] == "query";
        self.call(name, input, if query { json!({ "refresh": around.refresh }) } else { json!({}) })
    }

    fn plan(&mut self, name: &str, input: &Value, _: Around) -> Result<Value, String> {
        let plan = self.call(name, input, json!({ "dryrun": true }))?;
        if plan["saved"] == true {
            self.call("plan.cancel", &json!({ "plan": plan["plan"]["id"] }), json!({}))?;
        }
        Ok(plan)
    }

    fn carry_out(&mut self, name: &str, input: &Value, around: Around) -> Result<Value, String> {
        self.call(name, input, json!({ "yes": true, "wait": around.wait }))
    }

    fn lacks(&self, _: &str) -> Option<&'static str> {
        None
    }
}

impl Drop for Package {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_example_has_the_answer_of_the_prompt_in_python() {
    let Some(python) = std::env::var_os("CLOUDMESH_TEST_PYTHON").filter(|path| !path.is_empty()) else {
        eprintln!("left out: CLOUDMESH_TEST_PYTHON names no Python with the package cloudmesh");
        return;
    };
    let home = Home::new();
    home.line("sim up --build-time=20").ok();
    let mut command = Command::new(python);
    home.surround(&mut command);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/door.py"));
    command.env("CLOUDMESH_PROGRAM", program()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let to = child.stdin.take().unwrap();
    let from = BufReader::new(child.stdout.take().unwrap());
    same_answers(&home, &mut Package { child, to, from });
}

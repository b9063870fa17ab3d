//! Clients that others wrote, unchanged: curl, schemathesis, and one that is generated from the document. They come
//! with the Python that `scripts/python up` makes; where there is none, what needs it is left out, and said.

use std::path::PathBuf;
use std::process::Command;

use crate::served::{Served, token};
use crate::support::{Home, Simulated, home_with};

/// A program beside the tests' own Python.
fn beside_python(name: &str) -> Option<PathBuf> {
    let python = PathBuf::from(std::env::var_os("CLOUDMESH_TEST_PYTHON")?);
    let program = python.parent()?.join(name);
    program.exists().then_some(program)
}

fn ran(home: &Home, mut command: Command) -> String {
    let output = command.current_dir(home.user()).env("HOME", home.user()).output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

#[test]
fn curl_is_answered() {
    let home = Home::new();
    let served = Served::start(&home);
    let mut curl = Command::new("curl");
    if curl.arg("--version").output().is_err() {
        eprintln!("left out: curl is not there");
        return;
    }
    let mut curl = Command::new("curl");
    curl.args([
        "--silent",
        "--show-error",
        "--fail",
        "--noproxy",
        "*",
        "--json",
        "{\"values\": [\"course=e516\"]}",
        "-H",
    ]);
    curl.arg(format!("Authorization: Bearer {}", served.all))
        .arg(format!("http://{}/v1/var/set", served.address));
    assert!(ran(&home, curl).contains("cloudmesh.settled.v1"));
    let listed = home.line("var list -o json").ok().items();
    assert_eq!(listed[0]["value"], "e516");
}

#[test]
fn schemathesis_finds_no_server_error_and_no_undocumented_answer() {
    let Some(schemathesis) = beside_python("schemathesis") else {
        eprintln!("left out: schemathesis is not there (scripts/python up, CLOUDMESH_TEST_PYTHON)");
        return;
    };
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot web1 --cloud=sim").ok();
    let served = Served::start(&home);
    // Random words must not become commands on this computer: the place `local` is not for them.
    let limited = token(&home, "limited", &["--scope=destroy", "--places=sim"]);
    let document = home.user().join("openapi.json");
    std::fs::write(&document, home.run(&["server", "openapi"]).ok().stdout).unwrap();
    // Some eighty routes; each gets its examples, the borders of its schema, and this many random requests.
    let most = if std::env::var_os("CLOUDMESH_SOAK").is_some() { "30" } else { "3" };
    // Events, and a console that is followed, have no end.
    let whole = "^/v1/(?!events|vm/console)";
    for (bearer, part) in [(&limited, whole), (&served.all, "^/v1/(default|var|group|plan|log)")] {
        let mut command = Command::new(&schemathesis);
        command
            .args(["run", "openapi.json", "--no-color", "--request-timeout", "60", "--max-examples", most])
            .args(["--phases", "examples,coverage,fuzzing", "--seed", "20261122", "--include-path-regex", part])
            .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance,unsupported_method,negative_data_rejection"])
            .arg("--url")
            .arg(format!("http://{}", served.address))
            .arg("-H")
            .arg(format!("Authorization: Bearer {bearer}"));
        ran(&home, command);
    }
}

#[test]
fn a_client_generated_from_the_document_works() {
    let Some(generator) = beside_python("openapi-python-client") else {
        eprintln!("left out: openapi-python-client is not there (scripts/python up, CLOUDMESH_TEST_PYTHON)");
        return;
    };
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot web1 --cloud=sim").ok();
    let served = Served::start(&home);
    std::fs::write(home.user().join("openapi.json"), home.run(&["server", "openapi"]).ok().stdout).unwrap();
    let mut generate = Command::new(&generator);
    generate.args(["generate", "--path", "openapi.json", "--meta", "none", "--output-path", "generated"]);
    generate.arg("--overwrite");
    ran(&home, generate);
    home.write(
        "use.py",
        r#"
import sys
from generated import AuthenticatedClient
from generated.api.vm import vm_list
client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])
answer = vm_list.sync(client=client, cloud="sim")
print([item.name for item in answer.items])
"#,
    );
    let mut python = Command::new(std::env::var_os("CLOUDMESH_TEST_PYTHON").unwrap());
    python.args(["use.py", &format!("http://{}", served.address), &served.all]);
    assert!(ran(&home, python).contains("web1"));
}

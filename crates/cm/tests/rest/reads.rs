//! A GET changes nothing and runs nothing, whatever it is given; and nothing that is set over REST opens the door wider.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::document::{document, routes};
use crate::examples::encoded;
use crate::http::Ask;
use crate::served::{Served, token};
use crate::support::{Home, Simulated, home_with};

/// Every document of the store, and every file of the folder of settings.
fn everything(home: &Home) -> BTreeMap<String, Vec<u8>> {
    let mut all = home.picture();
    let store = cloudmesh_store_sqlite::SqliteStore::open(
        &home.settings().join("store.sqlite"),
        std::sync::Arc::new(cloudmesh_model::SystemClock),
    )
    .unwrap();
    let store: &dyn cloudmesh_store::Store = &store;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        all.insert("(feed)".to_owned(), store.latest().await.unwrap().to_string().into_bytes());
        for event in store.events(0, 100_000).await.unwrap() {
            if let Some(stored) = store.get(&event.kind, &event.id).await.unwrap() {
                let document = stored.document;
                all.insert(
                    format!("({}/{})", document.kind, document.id),
                    format!("{} {} {}", stored.version, document.row, document.body).into_bytes(),
                );
            }
        }
    });
    all
}

/// What somebody might put where a name is meant.
const HOSTILE: &[&str] = &[
    "web1",
    "web[1-3]",
    "web[1-999999999]",
    "all",
    "last",
    "-oProxyCommand=touch hacked",
    "--exec=touch hacked",
    "$(touch hacked)",
    "`touch hacked`",
    ";touch hacked;",
    "| touch hacked",
    "../../../../etc/passwd",
    "/etc/passwd",
    "file:///etc/passwd",
    "http://127.0.0.1:9/",
    ":ssh,ssh='touch hacked':x",
    "[:webdav,bearer_token_command='touch hacked':]/x",
    "global.no_auth=true:",
    "a\u{0}b",
    "a\nb",
    "\u{202e}",
    "'; DROP TABLE document; --",
    "%",
    "",
];

#[test]
fn a_get_changes_nothing_whatever_it_is_given() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot web1 --cloud=sim").ok();
    home.line("hpc run --cluster=local --wait -- echo hello").ok();
    home.line("var set course=e516").ok();
    let served = Served::start(&home);
    let document = document();
    let before = everything(&home);
    let calls = simulated.changes(0).len();
    for (method, path) in routes(&document) {
        if method != "GET" || path == "/v1/events" {
            continue;
        }
        let parameters = document["paths"][&path]["get"]["parameters"].as_array().unwrap();
        for hostile in HOSTILE {
            let text = encoded(hostile);
            let filled = path.replace("{subject}", if text.is_empty() { "x" } else { &text });
            let mut targets = vec![filled.clone()];
            for parameter in parameters.iter().filter(|parameter| parameter["in"] == "query") {
                targets.push(format!("{filled}?{}={text}", parameter["name"].as_str().unwrap()));
            }
            for target in targets {
                for method in ["GET", "HEAD"] {
                    let answer = Ask::new(method, &target).token(&served.all).to(&served.address);
                    assert!(
                        answer.status < 500 || answer.status == 504,
                        "{target}: {} {}",
                        answer.status,
                        answer.text()
                    );
                }
            }
        }
    }
    let after = everything(&home);
    let changed: Vec<&String> =
        after.iter().filter(|(name, value)| before.get(*name) != Some(value)).map(|(name, _)| name).collect();
    assert!(changed.is_empty(), "a GET changed {changed:?}");
    assert_eq!(before.len(), after.len());
    assert_eq!(simulated.changes(0).len(), calls, "a GET changed the cloud");
    assert!(!home.user().join("hacked").exists() && !home.settings().join("hacked").exists());
}

/// A fault of rclone's remote control of 2026: options of the server itself were set over its API, and authentication
/// with them.
#[test]
fn nothing_that_is_set_over_rest_touches_who_may_come_in() {
    let home = Home::new();
    let served = Served::start(&home);
    let tokens = || std::fs::read(home.settings().join("server/tokens.json")).unwrap();
    let before = tokens();
    for value in
        ["server.auth=false", "rc.NoAuth=true", "cloudmesh.server.tokens=none", "no_auth=true", "token=x"]
    {
        served.post("/v1/var/set", &json!({ "values": [value] }));
        served.post("/v1/default/set", &json!({ "values": [value] }));
        served.post("/v1/default/set", &json!({ "values": [value], "cloud": "server" }));
    }
    for path in
        ["/v1/server", "/v1/server/token", "/v1/server/token/create", "/v1/options/set", "/v1/config/set"]
    {
        served.post(path, &json!({ "name": "mine", "rc": { "NoAuth": true } })).refused(404, "not_found");
    }
    served.post("/v1/undo", &json!({}));
    let names = |part: &Value| -> Vec<String> {
        part.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let catalogue = home.run(&["catalogue"]).ok().json();
    assert!(
        !names(&catalogue["operations"]).iter().any(|name| name.split('.').next() == Some("server")),
        "tokens are an operation"
    );
    assert_eq!(tokens(), before);
    Ask::new("GET", "/v1/vm").to(&served.address).expect(401);
    served.get("/v1/vm").expect(200);
}

/// rclone's CVE-2026-41179: a call that only reads was given a place to read from, whose description ran a command.
#[test]
fn no_request_leads_the_credentials_of_a_place_elsewhere_or_describes_one_on_the_way() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    let served = Served::start(&home);
    let configuration = || std::fs::read_to_string(home.settings().join("cloudmesh.yaml")).unwrap();
    let before = configuration();
    let evil = json!({
        "name": "sim", "type": "openstack",
        "settings": ["OS_AUTH_URL=http://127.0.0.1:9/v3", "OS_USERNAME=x", "OS_PROJECT_NAME=x"],
    });
    served.post("/v1/register/cloud", &evil).refused(403, "forbidden");
    served
        .post("/v1/register/cluster", &json!({ "name": "local", "type": "slurm", "settings": ["cm_host=x"] }))
        .refused(403, "forbidden");
    assert_eq!(configuration(), before);
    // What leads a place elsewhere is not brought back from here either.
    home.line("register cloud kilo OS_AUTH_URL=http://127.0.0.1:9/v3 OS_USERNAME=albert OS_PROJECT_NAME=p")
        .ok();
    let with_kilo = configuration();
    served.post("/v1/undo", &json!({})).refused(403, "forbidden");
    assert_eq!(configuration(), with_kilo);
    // A place that is described within a request is none.
    for name in HOSTILE.iter().filter(|name| name.contains('=') || name.contains('/')) {
        for (path, field) in
            [("/v1/vm/refresh", "cloud"), ("/v1/hpc/queue/refresh", "cluster"), ("/v1/hpc/output", "cluster")]
        {
            served.post(path, &json!({ field: name })).refused(404, "not_found");
        }
    }
    // A host that would be an option of ssh is refused when it is registered, or when it is used; nothing runs.
    let marker = home.user().join("hacked");
    let host = format!("cm_host=-oProxyCommand=touch {}", marker.display());
    served.post("/v1/register/cluster", &json!({ "name": "bad", "type": "slurm", "settings": [host] }));
    served.post("/v1/hpc/info/refresh", &json!({ "cluster": "bad" }));
    served.post("/v1/hpc/queue/refresh", &json!({ "cluster": "bad" }));
    served.get("/v1/hpc/queue?cluster=bad");
    assert!(!marker.exists(), "a read ran a command");
    // Secrets of who started the server are not for who asks.
    let limited = token(&home, "limited", &["--scope=destroy", "--places=sim"]);
    let new =
        json!({ "name": "new", "type": "openstack", "settings": ["OS_AUTH_URL=http://127.0.0.1:9/v3"] });
    Ask::new("POST", "/v1/register/cloud")
        .token(&limited)
        .body(&new)
        .to(&served.address)
        .refused(403, "forbidden");
}

/// rclone's CVE-2026-49980: files were served by GET, at URLs whose first part described where from.
#[test]
fn no_url_is_a_file() {
    let home = Home::new();
    let served = Served::start(&home);
    for path in [
        "/[:local:/etc]/passwd",
        "/%5B:local:%2Fetc%5D/passwd",
        "/[:ssh,ssh='touch%20hacked':]/x",
        "/v1/[remote:path]/object",
        "/v1/../../etc/passwd",
        "/v1/%2e%2e/%2e%2e/etc/passwd",
        "/v1/openapi.json/../../cloudmesh.yaml",
        "//etc/passwd",
        "/server/tokens.json",
        "/v1/server/tokens.json",
    ] {
        let answer = served.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {} {}", answer.status, answer.text());
        assert!(!answer.text().contains("root:"), "{path}");
        Ask::new("GET", path).to(&served.address).expect(401);
    }
}

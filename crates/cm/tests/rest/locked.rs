//! Nobody comes in who should not: tokens, Host, Origin, methods, what a read may do.

use serde_json::json;

use crate::document::{document, routes};
use crate::http::Ask;
use crate::served::{Served, token};
use crate::support::{Home, Simulated, home_with};

/// A path of the document with something in place of its subject.
fn filled(path: &str) -> String {
    path.replace("{subject}", "nothing")
}

#[test]
fn without_a_good_token_every_route_and_method_is_refused() {
    let home = Home::new();
    let served = Served::start(&home);
    let expired = token(&home, "short", &["--expires=1s"]);
    let deleted = token(&home, "gone", &[]);
    home.run(&["server", "token", "delete", "gone"]).ok();
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let before = home.picture();
    let mut asked: Vec<(String, String)> = routes(&document());
    for path in ["/", "/v1", "/v1/nothing", "/v1/events", "/favicon.ico", "/%2e%2e/etc/passwd"] {
        asked.push(("GET".to_owned(), path.to_owned()));
    }
    for method in ["PUT", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW"] {
        asked.push((method.to_owned(), "/v1/vm".to_owned()));
    }
    for (method, path) in asked {
        let ask = Ask::new(&method, &filled(&path)).with("content-type", "application/json");
        ask.to(&served.address).expect(401);
    }
    for wrong in ["", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", &format!("Basic {}", served.all)] {
        Ask::new("GET", "/v1/vm").with("authorization", wrong).to(&served.address).expect(401);
    }
    for bad in [&expired, &deleted, &served.all[..served.all.len() - 1]] {
        let answer = Ask::new("GET", "/v1/vm").token(bad).to(&served.address).refused(401, "unauthorized");
        assert!(answer.header("www-authenticate").is_some());
    }
    assert_eq!(home.picture(), before, "something was changed without a token");
}

#[test]
fn who_guesses_is_slowed_down_and_keeps_nobody_out() {
    let home = Home::new();
    let served = Served::start(&home);
    let guess = || Ask::new("GET", "/v1/vm").token("cmt_00000000_guess").to(&served.address).status;
    let answers: Vec<u16> = (0..30).map(|_| guess()).collect();
    assert!(answers.contains(&401) && answers.ends_with(&[429]), "{answers:?}");
    served.get("/v1/vm").expect(200);
}

#[test]
fn a_foreign_host_or_page_is_sent_away_before_anything_else() {
    let home = Home::new();
    let served = Served::start(&home);
    let port = served.address.split(':').nth(1).unwrap();
    let with = |name: &str, value: &str| {
        Ask::new("GET", "/v1/vm").token(&served.all).with(name, value).to(&served.address)
    };
    for host in
        ["evil.example", "evil.example:80", &format!("evil.example:{port}"), "localhost", "127.0.0.1:1"]
    {
        with("host", host).refused(403, "forbidden");
    }
    with("host", &format!("localhost:{port}")).expect(200);
    with("host", "(none)").expect(400);
    for origin in ["http://evil.example", "null", "https://localhost", &format!("http://evil.example:{port}")]
    {
        with("origin", origin).refused(403, "forbidden");
    }
    with("origin", &format!("http://localhost:{port}")).expect(200);
    with("sec-fetch-site", "cross-site").refused(403, "forbidden");
    // A page may ask whether it may ask: it is told nothing.
    let preflight = Ask::new("OPTIONS", "/v1/vm")
        .with("origin", "http://evil.example")
        .with("access-control-request-method", "DELETE")
        .to(&served.address)
        .expect(403);
    assert!(preflight.headers.iter().all(|(name, _)| !name.starts_with("access-control")), "{preflight:?}");
}

#[test]
fn a_token_allows_what_its_scope_says_and_no_more() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    simulated.register_as(&home, "other", &simulated.credentials.auth_url, &simulated.credentials.password);
    let served = Served::start(&home);
    let read = token(&home, "read", &[]);
    let change = token(&home, "change", &["--scope=change"]);
    let limited = token(&home, "limited", &["--scope=destroy", "--places=other"]);
    let by = |token: &str, method: &str, target: &str, body: serde_json::Value| {
        let ask = Ask::new(method, target).token(token);
        let ask = if method == "POST" { ask.body(&body) } else { ask };
        ask.to(&served.address)
    };
    let boot = json!({ "name": "web1", "cloud": "sim" });
    by(&read, "POST", "/v1/vm/refresh", json!({})).expect(200);
    by(&read, "POST", "/v1/vm/boot", boot.clone()).refused(403, "forbidden");
    by(&read, "POST", "/v1/default/set", json!({ "values": ["image=x"] })).refused(403, "forbidden");
    by(&read, "POST", "/v1/vm/boot?dryrun=true", boot.clone()).expect(200);
    assert!(simulated.changes(0).iter().all(|call| !call.path.contains("/servers")), "a reader booted");
    by(&change, "POST", "/v1/vm/boot", boot).expect(200);
    by(&change, "DELETE", "/v1/vm/web1?cloud=sim&yes=true", json!({})).refused(403, "forbidden");
    // Who may not destroy may plan it, for somebody who may run it; the plan is theirs then.
    let kept = by(&change, "DELETE", "/v1/vm/web1?cloud=sim&save=true", json!({})).expect(201);
    let plan = kept.json()["plan"]["id"].as_str().unwrap().to_owned();
    by(&change, "POST", "/v1/plan/apply?yes=true", json!({ "plan": plan })).refused(403, "forbidden");
    // Another place does not exist for whom it is not meant.
    by(&limited, "GET", "/v1/vm?cloud=sim", json!({})).refused(404, "not_found");
    by(&limited, "DELETE", "/v1/vm/web1?cloud=sim&yes=true", json!({})).refused(404, "not_found");
    by(&limited, "GET", &format!("/v1/plans/{plan}"), json!({})).refused(404, "not_found");
    by(&limited, "POST", "/v1/plan/apply?yes=true", json!({ "plan": plan })).refused(404, "not_found");
    by(&limited, "POST", "/v1/default/set", json!({ "values": ["image=x"] })).refused(403, "forbidden");
    let plans = by(&limited, "GET", "/v1/plan", json!({})).expect(200).json();
    assert_eq!(plans["items"], json!([]), "{plans}");
    let all = by(&limited, "GET", "/v1/vm?cloud=all", json!({})).expect(200).json();
    assert!(all["places"].as_array().unwrap().iter().all(|place| place["place"] == "other"), "{all}");
    served.post("/v1/plan/apply?yes=true", &json!({ "plan": plan })).expect(200);
}

#[test]
fn tokens_are_kept_as_hashes_shown_once_and_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let secret = token(&home, "laptop", &["--scope=change", "--places=kilo,india", "--expires=12h"]);
    let path = home.settings().join("server/tokens.json");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&secret) && !text.contains(secret.rsplit('_').next().unwrap()), "{text}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let list = home.run(&["server", "token", "list", "-o", "json"]).ok();
    assert!(!list.stdout.contains(&secret), "{list}");
    assert_eq!(list.items()[0]["scope"], "change");
    assert_eq!(list.items()[0]["places"], json!(["india", "kilo"]));
    home.run(&["server", "token", "create", "laptop"]).refused(1, "already");
    home.run(&["server", "token", "create", "a/b"]).refused(2, "cannot be the name");
    home.run(&["server", "token", "create", "x", "--expires=soon"]).refused(2, "soon");
    home.run(&["server", "token", "delete", "nobody"]).refused(2, "nobody");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    home.run(&["server", "token", "list"]).refused(4, "read by others");
}

#[test]
fn other_addresses_need_tls() {
    let home = Home::new();
    home.run(&["server", "start", "--listen=0.0.0.0:0"]).refused(4, "without TLS");
    home.run(&["server", "start", "--listen=nowhere"]).refused(2, "address");
    home.run(&["server", "start", "--tls-certificate=none.pem"]).refused_with_any(&[2], "tls-key");
}

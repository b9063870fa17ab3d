//! Whatever is sent, the server stands: random requests, clients that dawdle or leave, very many listeners.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::document::{document, routes};
use crate::examples::encoded;
use crate::http::Ask;
use crate::served::Served;
use crate::support::Home;

fn soak() -> bool {
    std::env::var_os("CLOUDMESH_SOAK").is_some()
}

/// KiB of memory that a process holds.
fn resident(pid: i64) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn process(home: &Home) -> i64 {
    home.run(&["server", "status", "-o", "json"]).ok().json()["process"].as_i64().unwrap()
}

fn text(random: &mut fastrand::Rng) -> String {
    const PARTS: &[&str] =
        &["web", "[1-3]", "[", "]", ",", "-", "=", "é", "\u{0}", " ", "9", "last", "all", "\"", "{}", "\n"];
    (0..random.usize(0..6)).map(|_| PARTS[random.usize(0..PARTS.len())]).collect()
}

fn value(random: &mut fastrand::Rng, depth: usize) -> Value {
    match random.u8(0..if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => json!(random.bool()),
        2 => json!(random.i64(..)),
        3 => json!(random.u32(0..5)),
        4 | 5 => json!(text(random)),
        6 => (0..random.usize(0..4)).map(|_| value(random, depth - 1)).collect(),
        _ => {
            let members = (0..random.usize(0..4)).map(|_| (text(random), value(random, depth - 1)));
            Value::Object(members.collect())
        }
    }
}

#[test]
fn random_requests_are_answered_or_refused_and_leave_the_server_as_it_was() {
    let home = Home::new();
    let served = Served::start(&home);
    let document = document();
    let routes = routes(&document);
    let seed = 20_261_122;
    let mut random = fastrand::Rng::with_seed(seed);
    let count = if soak() { 10_000 } else { 1_000 };
    let mut middle = 0;
    for number in 0..count {
        let (method, path) = &routes[random.usize(0..routes.len())];
        // What would run commands on this very computer is not for random words.
        if path == "/v1/events" || path.ends_with("/hpc/run") || path.ends_with("/key/add") {
            continue;
        }
        let route = &document["paths"][path][method.to_lowercase()];
        let mut target = path.replace("{subject}", &encoded(&format!("x{}", text(&mut random))));
        let names: Vec<&str> = route["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        for position in 0..random.usize(0..3) {
            let name = match random.u8(0..4) {
                0 => text(&mut random),
                _ if names.is_empty() => "x".to_owned(),
                _ => names[random.usize(0..names.len())].to_owned(),
            };
            let sign = if position == 0 { '?' } else { '&' };
            target.push_str(&format!("{sign}{}={}", encoded(&name), encoded(&text(&mut random))));
        }
        let mut ask = Ask::new(method, &target).token(&served.all);
        if method == "POST" {
            let properties = &route["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            let schema = properties.as_str().and_then(|pointer| document.pointer(&pointer[1..]));
            let mut body = serde_json::Map::new();
            for name in schema
                .and_then(|schema| schema["properties"].as_object())
                .into_iter()
                .flat_map(|own| own.keys())
            {
                if random.bool() {
                    body.insert(name.clone(), value(&mut random, 2));
                }
            }
            ask = match random.u8(0..8) {
                0 => ask.body(&value(&mut random, 3)),
                1 => {
                    ask.body = (0..random.usize(0..64)).map(|_| random.u8(..)).collect();
                    ask.with("content-type", "application/json")
                }
                _ => ask.body(&Value::Object(body)),
            };
        }
        let answer = ask.to(&served.address);
        let fault = answer.status >= 500 && answer.json()["kind"] == "internal";
        assert!(
            answer.status >= 200 && !fault,
            "seed {seed}, {number}: {ask:?}: {} {}",
            answer.status,
            answer.text()
        );
        let documented = &route["responses"][answer.status.to_string()];
        assert!(
            documented.is_object(),
            "undocumented: {method} {target}: {} {}",
            answer.status,
            answer.text()
        );
        if number == count / 2 {
            middle = resident(process(&home));
        }
    }
    let end = resident(process(&home));
    assert!(end < middle + 20 * 1024, "memory grew from {middle} to {end} KiB");
    served.get("/v1/var").expect(200);
}

#[test]
fn bodies_and_heads_have_limits() {
    let home = Home::new();
    let served = Served::start(&home);
    let post = || Ask::new("POST", "/v1/var/set").token(&served.all);
    let long = json!({ "values": ["x".repeat(2 << 20)] });
    assert!(matches!(post().body(&long).to(&served.address).status, 413));
    post().with("content-length", "99999999999").to(&served.address).expect(413);
    let mut other = post().body(&json!({ "values": ["a=b"] }));
    other = other.with("content-type", "text/plain");
    other.to(&served.address).refused(415, "bad_input");
    let mut cut = post().body(&json!({}));
    cut.body = b"{\"values\": [".to_vec();
    cut.to(&served.address).refused(400, "bad_input");
    let long = format!("/v1/vm?cloud={}", "x".repeat(200_000));
    let status = Ask::new("GET", &long).token(&served.all).to(&served.address).status;
    assert!(matches!(status, 0 | 400 | 414 | 431), "{status}");
    for raw in [
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{0}\u{1}\u{2}\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(&served.address).unwrap();
        stream.write_all(raw.as_bytes()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!String::from_utf8_lossy(&answer).contains("200 OK"), "{raw:?}");
    }
    served.get("/v1/var").expect(200);
}

#[test]
fn five_hundred_listen_while_others_dawdle_and_all_are_served() {
    let home = Home::new();
    let served = Served::start(&home);
    let pid = process(&home);
    // Each starts a request and never ends it.
    let dawdlers: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = TcpStream::connect(&served.address).unwrap();
            stream.write_all(b"POST /v1/var/set HTTP/1.1\r\nhost: ").unwrap();
            stream
        })
        .collect();
    let mut listeners: Vec<TcpStream> = (0..500)
        .map(|_| Ask::new("GET", "/v1/events?kinds=variable").token(&served.all).send(&served.address))
        .collect();
    let told = |stream: &mut TcpStream, what: &str| {
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let (mut text, mut some) = (String::new(), [0; 4096]);
        while !text.contains(what) {
            let count = stream.read(&mut some).unwrap();
            assert!(count > 0, "the stream ended: {text}");
            text.push_str(&String::from_utf8_lossy(&some[..count]));
        }
    };
    for stream in &mut listeners {
        told(stream, "event: ready");
    }
    home.line("var set course=e516").ok();
    for stream in &mut listeners {
        told(stream, "\"e516\"");
    }
    let crowded = resident(pid);
    served.get("/v1/var").expect(200);
    drop((listeners, dawdlers));
    home.line("var set course=e517").ok();
    served.get("/v1/var").expect(200);
    assert!(crowded < 200 * 1024, "{crowded} KiB");
}

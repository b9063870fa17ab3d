//! Every example of the catalogue, asked for over REST, is answered as the prompt answers it.

use serde_json::{Value, json};

use crate::document::{document, routes};
use crate::fixtures::{clear, prepare};
use crate::http::{Answer, Ask};
use crate::served::Served;
use crate::support::Home;

/// `text` as it stands in a URL.
pub(crate) fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The request that an example is, by what the document says of its operation.
fn request(document: &Value, name: &str, example: &Value) -> Ask {
    let refresh = example["refresh"] == true;
    let mut input = example["input"].as_object().unwrap().clone();
    let mut best: Option<(String, String, Option<String>)> = None;
    for (method, path) in routes(document) {
        let route = &document["paths"][&path][method.to_lowercase()];
        if route["x-cloudmesh-operation"] != name || (path.ends_with("/refresh") != refresh) {
            continue;
        }
        let parameters = route["parameters"].as_array().unwrap();
        let subject = parameters.iter().find(|parameter| parameter["in"] == "path");
        let field = subject.map(|subject| subject["x-cloudmesh-field"].as_str().unwrap().to_owned());
        if field.as_ref().is_none_or(|field| input.contains_key(field))
            && best.as_ref().is_none_or(|(_, _, before)| before.is_none())
        {
            best = Some((method, path, field));
        }
    }
    let (method, mut path, field) = best.unwrap_or_else(|| panic!("{name} has no route for {example}"));
    if let Some(field) = field {
        let subject = input.remove(&field).unwrap();
        let text = match &subject {
            Value::Array(several) => several.iter().map(plain).collect::<Vec<_>>().join(","),
            one => plain(one),
        };
        path = path.replace("{subject}", &encoded(&text));
    }
    let mut query = Vec::new();
    for (flag, parameter) in [("dryrun", "dryrun"), ("save", "save"), ("yes", "yes"), ("wait", "wait")] {
        if let Some(value) = example[flag].as_bool().filter(|value| *value || flag == "wait") {
            query.push(format!("{parameter}={value}"));
        }
    }
    if method == "POST" {
        let target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
        return Ask::new(&method, &target).with("prefer", "wait=90").body(&Value::Object(input));
    }
    for (name, value) in &input {
        match value {
            Value::Array(several) => {
                query.extend(several.iter().map(|one| format!("{name}={}", encoded(&plain(one)))));
            }
            one => query.push(format!("{name}={}", encoded(&plain(one)))),
        }
    }
    let target = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
    Ask::new(&method, &target).with("prefer", "wait=90")
}

/// What two runs of the same command may differ in is taken out: how long it took, moments, ids, numbers in
/// generated names.
fn settled(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| !name.ends_with("seconds"));
            Value::Object(kept.map(|(name, value)| (name.clone(), settled(value))).collect())
        }
        Value::Array(several) => several.iter().map(settled).collect(),
        Value::String(text) => Value::from(without_numbers(text)),
        other => other.clone(),
    }
}

fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let id = rest.get(..36).filter(|id| {
            let at = |position: usize| id.as_bytes()[position] == b'-';
            at(8)
                && at(13)
                && at(18)
                && at(23)
                && id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
        });
        if id.is_some() {
            out.push_str("ID");
            rest = &rest[36..];
            continue;
        }
        match first {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            other => out.push(other),
        }
        rest = &rest[first.len_utf8()..];
    }
    out
}

/// The same rows, whenever they were looked at, and however long that took.
fn without_moments(value: &Value) -> Value {
    let mut value = value.clone();
    value["as_of"] = Value::Null;
    for place in value["places"].as_array_mut().into_iter().flatten() {
        place["as_of"] = Value::Null;
    }
    for row in value["items"].as_array_mut().into_iter().flatten() {
        row.as_object_mut().unwrap().remove("milliseconds");
    }
    value
}

/// The command with `-o json` after its words.
fn with_json(name: &str, command: &str) -> String {
    let words = name.split('.').count();
    let at = command.match_indices(' ').nth(words - 1).map_or(command.len(), |(at, _)| at);
    format!("{} -o json{}", &command[..at], &command[at..])
}

#[test]
fn every_example_is_answered_as_the_prompt_answers_it() {
    let home = Home::new();
    // The server is there before anything else is: what the prompt does later it has to notice.
    let served = Served::start(&home);
    let document = document();
    let catalogue = home.run(&["catalogue"]).ok().json();
    for operation in catalogue["operations"].as_array().unwrap() {
        let name = operation["name"].as_str().unwrap();
        for example in operation["examples"].as_array().unwrap() {
            let command = example["command"].as_str().unwrap();
            let ask = request(&document, name, example).token(&served.all);
            let told = format!("`cm {command}` and {} {}", ask.method, ask.target);
            prepare(&home, command);
            let kind = operation["kind"].as_str().unwrap();
            if kind == "session" {
                let refused = ask.to(&served.address).refused(422, "unsupported").json();
                assert!(refused["detail"].as_str().unwrap().contains("terminal"), "{refused}");
                continue;
            }
            let mut prompt = home.line(&with_json(name, command)).ok();
            if matches!(kind, "change" | "setting") && example["dryrun"] != true {
                // What happens for the first time may be told in other words than what happens again.
                clear(&home, command);
                prepare(&home, command);
                prompt = home.line(&with_json(name, command)).ok();
                clear(&home, command);
                prepare(&home, command);
            }
            let answer: Answer = ask.to(&served.address);
            assert!(matches!(answer.status, 200 | 201), "{told}: {} {}", answer.status, answer.text());
            match kind {
                "stream" => assert_eq!(answer.text(), prompt.stdout, "{told}"),
                "query" if example["refresh"] == true || name == "hpc.queue" || name.ends_with("info") => {
                    assert_eq!(settled(&answer.json()), settled(&prompt.json()), "{told}");
                }
                "query" => {
                    let both = (without_moments(&answer.json()), without_moments(&prompt.json()));
                    assert_eq!(both.0, both.1, "{told}");
                }
                _ => assert_eq!(settled(&answer.json()), settled(&prompt.json()), "{told}"),
            }
            clear(&home, command);
        }
    }
}

#[test]
fn a_page_follows_the_other_until_all_rows_were_there() {
    let home = Home::new();
    home.line("sim up --servers=25").ok();
    let served = Served::start(&home);
    served.post("/v1/vm/refresh", &json!({})).expect(200);
    let names = |value: &Value| -> Vec<String> {
        value["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].as_str().unwrap().to_owned())
            .collect()
    };
    for sort in ["", "&sort=-name"] {
        let whole = names(&served.get(&format!("/v1/vm?columns=name{sort}")).expect(200).json());
        assert_eq!(whole.len(), 25);
        let (mut pages, mut next) = (Vec::new(), String::new());
        loop {
            let target = format!("/v1/vm?columns=name&page_size=10{sort}{next}");
            let page = served.get(&target).expect(200);
            pages.extend(names(&page.json()));
            let Some(cursor) = page.json()["next"].as_str().map(str::to_owned) else { break };
            let link = page.header("link").unwrap().to_owned();
            assert!(link.contains(&cursor) && link.contains("page_size=10"), "{link}");
            next = format!("&cursor={cursor}");
        }
        assert_eq!(pages, whole);
    }
    for bad in [
        "page_size=0",
        "page_size=x",
        "page_size=20000",
        "cursor=nonsense",
        "columns=colour",
        "sort=colour",
        "nothing=1",
    ] {
        served.get(&format!("/v1/vm?{bad}")).refused(400, "bad_input");
    }
    // A page that ended with what is gone cannot be gone on from; nothing is left out in silence.
    let page = served.get("/v1/vm?page_size=10").expect(200).json();
    let last = page["items"][9]["name"].as_str().unwrap();
    home.run(&["vm", "delete", last, "--cloud=sim", "--yes"]).ok();
    served
        .get(&format!("/v1/vm?page_size=10&cursor={}", page["next"].as_str().unwrap()))
        .refused(409, "stale");
}

use cloudmesh_client::{Door, Freshness, Layout, Rows};
use cloudmesh_model::{Error, ErrorKind, Row};
use cloudmesh_present::{Format, TextOptions, row_schema};
use serde_json::{Value, json};

use crate::paper::{MACHINE, NOON, answer, door, list, list_as, machine, three};

fn as_format(format: Format) -> TextOptions {
    TextOptions { format, ..TextOptions::default() }
}

fn partly() -> Freshness {
    let gone = Error::new(ErrorKind::Unreachable, "no answer").hint("look");
    Freshness {
        places: vec![answer("kilo", Some(NOON), None), answer("india", None, Some(gone))],
        note: None,
    }
}

fn expected_items() -> Value {
    json!([
        {"name": "albert-001", "status": "active", "cpus": 4, "addresses": ["10.0.0.1", "192.168.1.1"],
         "cloud": "kilo", "created": "2026-03-01T11:57:00Z", "ours": true},
        {"name": "日本", "status": "error", "cpus": 16, "addresses": [], "cloud": "india",
         "created": "2026-02-24T12:00:00Z", "ours": false},
        {"name": "berta", "status": "building", "cpus": null, "addresses": ["10.0.0.3"], "cloud": "kilo",
         "created": null, "ours": null},
    ])
}

fn expected_tail() -> Value {
    json!({
        "schema": "cloudmesh.machine.v1",
        "as_of": null,
        "complete": false,
        "errors": [{"place": "india", "kind": "unreachable", "message": "no answer", "hint": "look"}],
        "places": [{"place": "kilo", "as_of": NOON, "answered": true},
                   {"place": "india", "as_of": null, "answered": false}],
    })
}

fn expected() -> Value {
    let mut document = expected_tail();
    document["items"] = expected_items();
    document
}

#[test]
fn json_is_one_typed_document() {
    let (out, err) = list(as_format(Format::Json), three(), &partly());
    assert_eq!(serde_json::from_str::<Value>(&out).unwrap(), expected());
    assert!(out.starts_with(
        "{\n  \"schema\": \"cloudmesh.machine.v1\",\n  \"items\": [\n    {\"name\": \"albert-001\", "
    ));
    assert_eq!(err, "");
    let (detail, _) = list_as(as_format(Format::Json), Layout::Detail, three(), &partly());
    assert_eq!(detail, out);
}

#[test]
fn yaml_is_the_same_document() {
    let (out, _) = list(as_format(Format::Yaml), three(), &partly());
    assert_eq!(serde_saphyr::from_str::<Value>(&out).unwrap(), expected(), "{out}");
}

#[test]
fn ndjson_is_a_row_a_line_and_then_the_rest() {
    let (out, _) = list(as_format(Format::Ndjson), three(), &partly());
    let mut lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.pop().unwrap(), expected_tail());
    assert_eq!(Value::Array(lines), expected_items());
}

#[test]
fn csv_has_a_header_and_tells_what_failed_elsewhere() {
    let (out, err) = list(as_format(Format::Csv), three(), &partly());
    assert_eq!(
        out,
        "name,status,cpus,addresses,cloud,created,ours\r\n\
         albert-001,active,4,10.0.0.1 192.168.1.1,kilo,2026-03-01T11:57:00Z,true\r\n\
         日本,error,16,,india,2026-02-24T12:00:00Z,false\r\n\
         berta,building,,10.0.0.3,kilo,,\r\n"
    );
    assert!(err.contains("india: no answer"));
    let (out, _) = list(as_format(Format::Csv), Vec::new(), &Freshness::own());
    assert_eq!(out, "name,status,cpus,addresses,cloud,created,ours\r\n");
}

#[test]
fn nothing_found_is_an_empty_document() {
    for format in [Format::Json, Format::Yaml] {
        let (out, _) = list(as_format(format), Vec::new(), &Freshness::own());
        let value: Value = serde_saphyr::from_str(&out).unwrap();
        assert_eq!(value["items"], json!([]), "{out}");
        assert_eq!(value["complete"], true);
        assert_eq!(value["as_of"], NOON);
    }
}

#[test]
fn values_that_look_like_something_else_stay_strings() {
    let names = [
        "true",
        "No",
        "null",
        "~",
        "1e3",
        "0x10",
        "- a",
        "a: b",
        "#c",
        "*x",
        "&y",
        "!z",
        "|",
        "",
        " lead",
        "trail ",
        "'q'",
        "\"d\"",
        "back\\slash",
        "{a}",
        "[b]",
        "a,b",
        "%p",
        "@m",
        "`t",
        "2026-03-01",
        "12:30:45",
        "é",
        "🦀",
        "y",
        "=",
        "<<",
        "a #b",
        "?",
    ];
    let rows: Vec<Row> =
        names.iter().map(|name| machine([name, "no", "007", "a,b:c #d ]", "on", "", "maybe"])).collect();
    for format in [Format::Json, Format::Yaml] {
        let (out, _) = list(as_format(format), rows.clone(), &Freshness::own());
        let value: Value = match format {
            Format::Json => serde_json::from_str(&out).unwrap(),
            _ => serde_saphyr::from_str(&out).unwrap(),
        };
        for (item, name) in value["items"].as_array().unwrap().iter().zip(names) {
            let wanted = if name.is_empty() { Value::Null } else { json!(name) };
            assert_eq!(item["name"], wanted, "{format} {name}");
            assert_eq!(item["cpus"], "007");
            assert_eq!(item["status"], "no");
            assert_eq!(item["cloud"], "on");
            assert_eq!(item["ours"], "maybe");
            assert_eq!(item["addresses"], json!(["a,b:c", "#d", "]"]));
        }
    }
}

#[test]
fn escapes_in_values_are_escaped_not_sent() {
    let hostile = "a\u{1b}[31m\n\t\u{85}\u{9b}\u{202e}\u{feff}\u{7f}";
    let row = Row::from_packed(format!("{hostile}\u{1f}active"));
    let fresh = Freshness { places: Vec::new(), note: Some(hostile.to_owned()) };
    for format in [Format::Json, Format::Yaml, Format::Ndjson] {
        let (out, _) = list(as_format(format), vec![row.clone()], &fresh);
        assert!(!out.chars().any(|it| it != '\n' && it.is_control()), "{format}: {out:?}");
        assert!(!out.contains('\u{202e}'));
        if format != Format::Ndjson {
            let value: Value = serde_saphyr::from_str(&out).unwrap();
            assert_eq!(value["items"][0]["name"], hostile, "{format}");
            assert_eq!(value["note"], hostile, "{format}");
        }
    }
}

#[test]
fn columns_choose_in_every_format() {
    let columns = || vec!["cpus".to_owned(), "name".to_owned()];
    let shown =
        |format| list(TextOptions { columns: columns(), ..as_format(format) }, three(), &Freshness::own()).0;
    assert!(shown(Format::Table).starts_with("CPUS  NAME\n   4  albert-001\n"));
    assert!(shown(Format::Csv).starts_with("cpus,name\r\n4,albert-001\r\n"));
    assert!(shown(Format::Ndjson).starts_with("{\"cpus\":4,\"name\":\"albert-001\"}\n"));
    assert!(shown(Format::Yaml).contains("  - cpus: 4\n    name: albert-001\n"));
    let json: Value = serde_json::from_str(&shown(Format::Json)).unwrap();
    assert_eq!(json["items"][0], json!({"cpus": 4, "name": "albert-001"}));
}

#[test]
fn a_failure_halfway_ends_the_document_as_incomplete() {
    let error = Error::new(ErrorKind::Store, "the disk is full");
    let (mut door, out, err) = door(as_format(Format::Json));
    door.begin(&MACHINE, Layout::List);
    door.rows(three());
    door.fail(&error);
    let value: Value = serde_json::from_str(&out.text()).unwrap();
    assert_eq!(value["complete"], false);
    assert_eq!(value["errors"][0]["message"], "the disk is full");
    assert_eq!(serde_json::from_str::<Value>(&err.text()).unwrap()["schema"], "cloudmesh.error.v1");
}

#[test]
fn a_failure_before_the_first_row_leaves_standard_output_empty() {
    for format in Format::ALL {
        let (mut door, out, err) = door(as_format(format));
        door.begin(&MACHINE, Layout::List);
        door.fail(&Error::bad_input("no cloud is called x"));
        assert_eq!(out.text(), "", "{format}");
        assert!(err.text().contains("no cloud is called x"));
    }
}

#[test]
fn settings_are_told_in_the_form_that_was_asked_for() {
    let told = |format| {
        let (mut door, out, err) = door(as_format(format));
        door.settled("image is ubuntu");
        (out.text(), err.text())
    };
    assert_eq!(told(Format::Table), (String::new(), "image is ubuntu\n".to_owned()));
    let (out, err) = told(Format::Json);
    assert_eq!(
        serde_json::from_str::<Value>(&out).unwrap(),
        json!({"schema": "cloudmesh.settled.v1", "message": "image is ubuntu"})
    );
    assert_eq!(err, "");
    assert_eq!(told(Format::Yaml).0, "message: \"image is ubuntu\"\nschema: cloudmesh.settled.v1\n");
}

#[test]
fn the_schema_names_types_and_help() {
    let schema = row_schema(&MACHINE);
    assert_eq!(schema["title"], "cloudmesh.machine.v1");
    assert_eq!(
        schema["properties"]["cpus"],
        json!({"type": ["integer", "null"], "description": "Processors"})
    );
    assert_eq!(schema["properties"]["addresses"]["items"]["type"], "string");
    assert_eq!(schema["properties"]["created"]["format"], "date-time");
}

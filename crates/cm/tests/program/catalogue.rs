//! What the program says of itself, as data.

use std::sync::OnceLock;

use serde_json::Value;

use crate::support::Home;

/// `cm catalogue`, asked once.
pub(crate) fn catalogue() -> &'static Value {
    static CATALOGUE: OnceLock<Value> = OnceLock::new();
    CATALOGUE.get_or_init(|| Home::new().run(&["catalogue", "-o", "json"]).ok().json())
}

/// The rows of one of its parts.
pub(crate) fn part(name: &str) -> &'static [Value] {
    catalogue()[name].as_array().map(Vec::as_slice).unwrap()
}

/// The operation of that name.
pub(crate) fn operation(name: &str) -> Option<&'static Value> {
    part("operations").iter().find(|operation| operation["name"] == name)
}

#[test]
fn every_operation_says_what_it_does_and_shows_it() {
    assert_eq!(catalogue()["schema"], "cloudmesh.catalogue.v1");
    for operation in part("operations") {
        let name = operation["name"].as_str().unwrap();
        assert!(operation["about"].as_str().is_some_and(|about| about.len() > 8), "{name} says nothing");
        assert!(!operation["examples"].as_array().unwrap().is_empty(), "{name} shows no example");
        assert!(
            operation["input"]["type"] == "object" || operation["input"]["$ref"].is_string(),
            "{name} has no schema of its input"
        );
        assert_eq!(operation["kind"] == "query", operation["rows"].is_object(), "{name}");
        let properties = operation["input"]["properties"].as_object();
        for (field, schema) in properties.into_iter().flatten() {
            assert!(schema["description"].is_string(), "the field {field} of {name} says nothing");
        }
    }
}

#[test]
fn help_is_there_for_every_operation_with_its_examples() {
    let home = Home::new();
    for operation in part("operations") {
        let name = operation["name"].as_str().unwrap();
        let mut words: Vec<&str> = vec!["help"];
        words.extend(name.split('.'));
        let help = home.run(&words).ok();
        let shown: Vec<&str> = help.stdout.split_whitespace().collect();
        let shown = shown.join(" ");
        for example in operation["examples"].as_array().unwrap() {
            let command = example["command"].as_str().unwrap();
            assert!(shown.contains(&format!("cm {command}")), "{help}");
        }
    }
    assert_eq!(std::fs::read_dir(home.settings()).unwrap().count(), 0, "help touches the folder of settings");
}

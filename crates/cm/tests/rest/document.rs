//! The OpenAPI document: as it is committed, as it is served, and whole.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::served::Served;
use crate::support::Home;

/// What the program says of its routes.
pub(crate) fn document() -> Value {
    Home::new().run(&["server", "openapi"]).ok().json()
}

/// Every route: method and path.
pub(crate) fn routes(document: &Value) -> Vec<(String, String)> {
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        routes
            .extend(methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())));
    }
    routes
}

#[test]
fn the_committed_document_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let made = Home::new().run(&["server", "openapi"]).ok().stdout;
    if std::env::var_os("CLOUDMESH_WRITE_DOCUMENTS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "write docs/openapi.json anew with CLOUDMESH_WRITE_DOCUMENTS=1");
}

#[test]
fn the_document_is_served_as_it_is_printed() {
    let home = Home::new();
    let served = Served::start(&home);
    assert_eq!(served.get("/v1/openapi.json").expect(200).json(), document());
}

#[test]
fn every_operation_has_a_route_every_reference_leads_somewhere_and_every_change_shows_an_example() {
    let document = document();
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#/").skip(1) {
        let pointer = format!("/{}", part.split('"').next().unwrap());
        assert!(document.pointer(&pointer).is_some(), "{pointer} leads nowhere");
    }
    assert!(!text.contains("#/$defs"), "a schema refers to what stands elsewhere now");
    let mut shown = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for (method, path) in routes(&document) {
        let route = &document["paths"][&path][method.to_lowercase()];
        assert!(ids.insert(route["operationId"].as_str().unwrap().to_owned()), "{method} {path}");
        for parameter in route["parameters"].as_array().unwrap() {
            assert!(parameter["description"].as_str().is_some_and(|about| !about.is_empty()), "{parameter}");
        }
        let Some(name) = route["x-cloudmesh-operation"].as_str() else { continue };
        let body = &route["requestBody"]["content"]["application/json"];
        let has = body["examples"].as_object().is_some_and(|examples| !examples.is_empty());
        assert!(has || method != "POST", "{method} {path} shows no example");
        shown.insert(name.to_owned());
    }
    let catalogue = Home::new().run(&["catalogue"]).ok().json();
    for operation in catalogue["operations"].as_array().unwrap() {
        assert!(shown.contains(operation["name"].as_str().unwrap()), "{} has no route", operation["name"]);
    }
}

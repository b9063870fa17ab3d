//! The OpenAPI 3.1 document, made of the catalogue's schemas and examples.

use std::collections::BTreeMap;

use axum::http::Method;
use cloudmesh_client::{Catalogue, Entry, Envelope, Example, Kind, Layout};
use cloudmesh_model::{Error, Result};
use cloudmesh_present::{list_schema, outcome_schema, plan_schema, settled_schema};
use serde_json::{Map, Value, json};

use crate::decode::{Parameter, parameters};
use crate::problem;
use crate::rule::{self, Field, How, Route, Take};

/// What an example of an operation means as data: its input, and what goes around it. `None` where it means nothing.
pub type ExampleOf = fn(&'static Entry, &Example) -> Option<(Value, Envelope)>;

/// Statuses that any answer may have beside those of its own, with what they mean.
static ANY: &[(u16, &str)] = &[
    (400, "The request cannot be right"),
    (401, "There is no good token"),
    (
        403,
        "The token, our rules or the service's do not allow it; or it is not confirmed; or Host or Origin are foreign",
    ),
    (404, "A name that nothing answers to"),
    (409, "A name that more than one thing answers to; the state does not allow it; a quota; done in part"),
    (422, "There is no such ability"),
    (424, "The service did not accept our credentials"),
    (429, "Too many wrong tokens"),
    (500, "A fault of Cloudmesh"),
    (502, "The service failed"),
    (503, "Throttled, stopped, or the store cannot be used"),
    (504, "The service could not be reached"),
];

/// Parts of the document that are referred to.
#[derive(Default)]
struct Components {
    schemas: BTreeMap<String, Value>,
}

impl Components {
    /// Takes a schema in, with all that it defines within itself; the answer refers to it.
    fn add(&mut self, name: &str, mut schema: Value) -> Value {
        self.settle(&mut schema);
        self.schemas.insert(name.to_owned(), schema);
        json!({ "$ref": format!("#/components/schemas/{name}") })
    }

    /// Moves what a schema defines within itself to where the document keeps it.
    fn settle(&mut self, schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                members.remove("$schema");
                // The name of a type; a field may be called so too.
                if members.get("title").is_some_and(Value::is_string) {
                    members.remove("title");
                }
                if let Some(Value::Object(own)) = members.remove("$defs") {
                    for (name, definition) in own {
                        self.add(&name, definition);
                    }
                }
                if let Some(Value::String(reference)) = members.get_mut("$ref")
                    && let Some(name) = reference.strip_prefix("#/$defs/")
                {
                    *reference = format!("#/components/schemas/{name}");
                }
                members.values_mut().for_each(|member| self.settle(member));
            }
            Value::Array(several) => several.iter_mut().for_each(|one| self.settle(one)),
            _ => {}
        }
    }
}

/// The document.
///
/// # Errors
/// When two operations have the same route.
pub fn document(catalogue: Catalogue, example: ExampleOf) -> Result<Value> {
    let mut components = Components::default();
    components.add("Problem", problem::schema());
    components.add("Settled", settled_schema());
    components.add("SavedPlan", plan_schema());
    components.add("Outcome", outcome_schema());
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for entry in catalogue.entries() {
        let fields = rule::fields(entry);
        if let Some((noun, _)) = entry.rows {
            components.add(&answer_name(noun.name), list_schema(noun));
        }
        for route in rule::routes(entry) {
            let described = operation(&route, &fields, example, &mut components);
            insert(&mut paths, &route.path, &route.method, described)?;
        }
    }
    for (path, method, described) in own_routes() {
        insert(&mut paths, path, &method, described)?;
    }
    let mut schemas = Map::new();
    for (name, schema) in components.schemas {
        schemas.insert(name, schema);
    }
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Cloudmesh",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Virtual machines on many clouds and jobs on many clusters, with one vocabulary. Served on the user's own computer by `cm server start`.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "http://127.0.0.1:8650" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": shared_responses(),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "cm server token create NAME makes one" },
            },
        },
    }))
}

fn insert(
    paths: &mut BTreeMap<String, Map<String, Value>>,
    path: &str,
    method: &Method,
    described: Value,
) -> Result<()> {
    let key = method.as_str().to_ascii_lowercase();
    if paths.entry(path.to_owned()).or_default().insert(key, described).is_some() {
        return Err(Error::internal(format!("two operations have the route {method} {path}")));
    }
    Ok(())
}

fn answer_name(noun: &str) -> String {
    format!("Answer_{noun}")
}

fn media(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn problems(own: &[(u16, &str)]) -> Map<String, Value> {
    let problem =
        |status: &u16| json!({ "$ref": format!("#/components/responses/{}", response_name(*status)) });
    ANY.iter().chain(own).map(|(status, _)| (status.to_string(), problem(status))).collect()
}

fn response_name(status: u16) -> String {
    format!("Problem_{status}")
}

/// The answers that all routes share.
fn shared_responses() -> Map<String, Value> {
    let problem = |about: &str| json!({ "description": about, "content": { problem::PROBLEM: { "schema": reference("Problem") } } });
    ANY.iter().chain(BODY).map(|(status, about)| (response_name(*status), problem(about))).collect()
}

/// What all routes that read a body may answer too.
static BODY: &[(u16, &str)] = &[
    (408, "The body did not come in time"),
    (413, "The body is too long"),
    (415, "The body is not said to be JSON"),
];

fn parameter_of(parameter: &Parameter) -> Value {
    let (schema, list) = match parameter.schema {
        "boolean" => (json!({ "type": "boolean" }), false),
        "size" => (json!({ "type": "integer", "minimum": 1, "maximum": crate::page::MOST }), false),
        "list" => (json!({ "type": "array", "items": { "type": "string" } }), true),
        _ => (json!({ "type": "string" }), false),
    };
    let mut value =
        json!({ "name": parameter.name, "in": "query", "description": parameter.about, "schema": schema });
    if list {
        value["style"] = json!("form");
        value["explode"] = json!(false);
    }
    value
}

/// A field of an input where it stands in a URL: never null, since leaving it out says so.
fn in_url(field: &Field) -> Value {
    match field.take {
        Take::Flag => json!({ "type": "boolean" }),
        Take::Integer => {
            let mut schema = field.schema.clone();
            if let Some(members) = schema.as_object_mut() {
                members.retain(|name, _| matches!(name.as_str(), "minimum" | "maximum"));
                members.insert("type".to_owned(), json!("integer"));
            }
            schema
        }
        Take::Many => json!({ "type": "array", "items": { "type": "string" } }),
        Take::Text => json!({ "type": "string" }),
    }
}

fn about(field: &Field) -> String {
    field.schema["description"].as_str().unwrap_or_default().to_owned()
}

fn operation(route: &Route, fields: &[Field], example: ExampleOf, components: &mut Components) -> Value {
    let entry = route.entry;
    let command = entry.augment(clap::Command::new(entry.name));
    let summary = command.get_about().map(ToString::to_string).unwrap_or_default();
    let long = command.get_long_about().map(ToString::to_string);
    let subject = route.has_subject().then(|| rule::subject(entry)).flatten();
    let mut parameters_of_it = Vec::new();
    let examples = examples(route, example);
    for field in fields {
        if subject.as_deref() == Some(field.name.as_str()) {
            let mut value = json!({
                "name": "subject", "in": "path", "required": true, "description": about(field),
                "schema": { "type": "string", "minLength": 1 },
                "x-cloudmesh-field": field.name,
            });
            if let Some(first) = examples.first().and_then(|(_, input)| input.get(&field.name)) {
                value["example"] = match first {
                    Value::Array(several) => {
                        several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",").into()
                    }
                    one => one.clone(),
                };
            }
            parameters_of_it.push(value);
        } else if !route.has_body() {
            let mut value = json!({
                "name": field.name, "in": "query", "required": field.required, "description": about(field),
                "schema": in_url(field),
            });
            if let Some(first) = examples.iter().find_map(|(_, input)| input.get(&field.name)) {
                value["example"] = first.clone();
            }
            parameters_of_it.push(value);
        }
    }
    parameters_of_it.extend(parameters(route).iter().map(parameter_of));
    if route.how == How::Act {
        parameters_of_it.push(json!({
            "name": "Idempotency-Key", "in": "header",
            "description": "A word of the caller's choice: the same request with the same key is carried out once",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
        }));
    }
    if route.how == How::Act && entry.kind == Kind::Change {
        parameters_of_it.push(json!({
            "name": "Prefer", "in": "header",
            "description": "`wait=SECONDS` for how long to wait for the end, `respond-async` not to wait (RFC 7240); 2 s without it",
            "schema": { "type": "string" },
        }));
    }
    let mut responses = problems(if route.has_body() { BODY } else { &[] });
    let own = |about: &str, schema: Value| json!({ "description": about, "content": media(&schema) });
    match (route.how, entry.kind) {
        (How::Read | How::Refresh, _) => {
            let noun = entry.rows.map(|(noun, _)| noun.name).unwrap_or_default();
            let layout = entry.rows.map(|(_, layout)| layout);
            let about = if layout == Some(Layout::Detail) { "The thing" } else { "The rows" };
            responses.insert("200".to_owned(), own(about, reference(&answer_name(noun))));
        }
        (How::Act, Kind::Change) => {
            let done = json!({
                "anyOf": [reference("Outcome"), reference("SavedPlan"), reference("Settled")],
            });
            responses.insert("200".to_owned(), own("It is done; or, with dryrun, the plan", done));
            let mut kept = own("The plan is kept", reference("SavedPlan"));
            kept["headers"] = location();
            responses.insert("201".to_owned(), kept);
            let mut goes_on = own("The plan is being run", reference("SavedPlan"));
            goes_on["headers"] = location();
            responses.insert("202".to_owned(), goes_on);
        }
        (How::Act, _) => {
            responses.insert("200".to_owned(), own("The setting is made", reference("Settled")));
        }
        (How::Pour, _) => {
            let bytes = json!({ "description": "The bytes", "content": { "application/octet-stream": {} } });
            responses.insert("200".to_owned(), bytes);
        }
        (How::Refuse, _) => {}
    }
    let mut described = json!({
        "operationId": operation_id(route),
        "tags": [entry.noun()],
        "summary": summary,
        "parameters": parameters_of_it,
        "responses": responses,
        "x-cloudmesh-operation": entry.name,
    });
    let mut description = match route.how {
        How::Read => {
            "Answers from what is known, without asking any cloud or cluster. `as_of` says how old that is."
                .to_owned()
        }
        How::Refresh => "Asks the clouds and clusters again first.".to_owned(),
        How::Refuse => "Needs a terminal: this door always refuses it, and says so.".to_owned(),
        How::Act | How::Pour => String::new(),
    };
    if let Some(long) = long {
        description = format!("{long}\n\n{description}").trim().to_owned();
    }
    if !description.is_empty() {
        described["description"] = Value::from(description);
    }
    if route.has_body() {
        let name = format!("Input_{}", entry.name.replace('.', "_"));
        let schema = components.add(&name, serde_json::to_value(entry.input_schema()).unwrap_or_default());
        let mut content = media(&schema);
        let shown: Map<String, Value> = examples
            .iter()
            .map(|(example, input)| {
                let summary = json!({ "summary": example.about, "value": input });
                (key_of(example.about), summary)
            })
            .collect();
        if !shown.is_empty() {
            content["application/json"]["examples"] = Value::Object(shown);
        }
        let required = fields.iter().any(|field| field.required);
        described["requestBody"] = json!({ "required": required, "content": content });
    }
    described
}

fn location() -> Value {
    json!({ "Location": { "description": "Where the plan is looked at", "schema": { "type": "string" } } })
}

fn examples(route: &Route, example: ExampleOf) -> Vec<(&'static Example, Value)> {
    let of = |shown: &'static Example| example(route.entry, shown).map(|(input, _)| (shown, input));
    route.entry.examples.iter().filter_map(of).collect()
}

/// `All machines that are known` is `all_machines_that_are_known`.
fn key_of(about: &str) -> String {
    let word = |character: char| {
        if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '_' }
    };
    about.chars().map(word).collect()
}

/// A name for generated clients: `vm_list`, `vm_list_refresh`, `vm_delete_subject`.
fn operation_id(route: &Route) -> String {
    let mut id = route.entry.name.replace('.', "_");
    if route.how == How::Refresh {
        id.push_str("_refresh");
    }
    if route.has_subject() {
        id.push_str("_subject");
    }
    id
}

/// The routes that are the door's own.
fn own_routes() -> Vec<(&'static str, Method, Value)> {
    let route = |id: &str,
                 summary: &str,
                 parameters: Value,
                 responses: Value,
                 problems: Map<String, Value>| {
        let mut all = problems;
        if let Value::Object(own) = responses {
            all.extend(own);
        }
        json!({
            "operationId": id, "tags": ["door"], "summary": summary, "parameters": parameters, "responses": all,
        })
    };
    let text = |name: &str, about: &str| json!({ "name": name, "in": "query", "description": about, "schema": { "type": "string" } });
    let plain = |about: &str| json!({ "200": { "description": about, "content": { "application/json": { "schema": { "type": "object" } } } } });
    let events = json!({ "200": { "description": "Events until one side leaves", "content": { "text/event-stream": { "schema": { "type": "string" } } } } });
    let position = |name: &str, place: &str| {
        json!({
            "name": name, "in": place, "description": "Go on after this event; from now without it",
            "schema": { "type": "integer", "minimum": 0 },
        })
    };
    let mut make = route(
        "plans_make",
        "Makes the plan of any change and keeps it; plan.apply runs it",
        crate::decode::CHANGING.iter().map(parameter_of).collect(),
        json!({
            "200": { "description": "The plan; not kept", "content": media(&json!({ "anyOf": [reference("SavedPlan"), reference("Settled")] })) },
            "201": { "description": "The plan is kept", "headers": location(), "content": media(&reference("SavedPlan")) },
        }),
        problems(BODY),
    );
    make["requestBody"] = json!({
        "required": true,
        "content": media(&json!({
            "type": "object",
            "required": ["operation"],
            "additionalProperties": false,
            "properties": {
                "operation": { "type": "string", "description": "A change: vm.boot" },
                "input": { "type": "object", "description": "Its input" },
            },
        })),
    });
    let show = route(
        "plans_show",
        "A plan, where it stands, and where each of its steps stands",
        json!([{
            "name": "subject", "in": "path", "required": true, "description": "The plan's id, the beginning of it, or `last`",
            "schema": { "type": "string", "minLength": 1 },
        }]),
        plain("The plan"),
        problems(&[]),
    );
    let listen = route(
        "events",
        "Changes of plans, machines, jobs and everything else that is listed, as server-sent events",
        json!([
            text("kinds", "Only of these kinds, separated by commas: plan, server, job …"),
            text("places", "Only of these clouds and clusters, separated by commas"),
            position("after", "query"),
            position("Last-Event-ID", "header"),
        ]),
        events,
        problems(&[]),
    );
    let document = route("openapi", "This document", json!([]), plain("This document"), problems(&[]));
    vec![
        ("/v1/plans", Method::POST, make),
        ("/v1/plans/{subject}", Method::GET, show),
        ("/v1/events", Method::GET, listen),
        ("/v1/openapi.json", Method::GET, document),
    ]
}

//! The rule by which an operation gets its routes. It reads the catalogue; it knows no operation.
//!
//! `NOUN.list` is `GET /v1/NOUN`, `show` and `get` are `GET /v1/NOUN/{subject}`, `delete` is `DELETE`, `create` is
//! `POST /v1/NOUN`, every other verb has its own word: `GET` for what is read, `POST` for what is done. What is
//! read can also be read anew from the places: `POST …/refresh`.

use axum::http::Method;
use cloudmesh_client::{Entry, Kind};
use serde_json::Value;

/// What a route does with its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Answers from the store alone.
    Read,
    /// Reads the places first.
    Refresh,
    /// Makes a change or a setting.
    Act,
    /// Gives bytes until there are no more.
    Pour,
    /// Says why it is not for this door.
    Refuse,
}

/// One way to ask for an operation.
#[derive(Clone, Debug)]
pub struct Route {
    /// The operation.
    pub entry: &'static Entry,
    /// What is done with it.
    pub how: How,
    /// The method.
    pub method: Method,
    /// The path; `{subject}` stands for the operation's first argument.
    pub path: String,
}

impl Route {
    /// Whether the path names the thing that it is about.
    #[must_use]
    pub fn has_subject(&self) -> bool {
        self.path.ends_with("/{subject}")
    }

    /// Whether the input is a JSON body, not the query of the URL.
    #[must_use]
    pub fn has_body(&self) -> bool {
        self.method == Method::POST
    }
}

/// How the text of one field is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    Text,
    Integer,
    Flag,
    Many,
}

/// One field of an input.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its name.
    pub name: String,
    /// Its schema.
    pub schema: Value,
    /// Whether it must be given.
    pub required: bool,
    pub(crate) take: Take,
}

/// The fields of an operation's input.
#[must_use]
pub(crate) fn fields(entry: &Entry) -> Vec<Field> {
    let schema = serde_json::to_value(entry.input_schema()).unwrap_or_default();
    let required = |name: &str| {
        schema["required"].as_array().is_some_and(|names| names.iter().any(|required| required == name))
    };
    let field = |(name, schema): (&String, &Value)| {
        let is = |word: &str| match &schema["type"] {
            Value::String(only) => only == word,
            Value::Array(several) => several.iter().any(|one| one == word),
            _ => false,
        };
        let take = match () {
            () if is("boolean") => Take::Flag,
            () if is("integer") => Take::Integer,
            () if is("array") => Take::Many,
            () => Take::Text,
        };
        Field { name: name.clone(), schema: schema.clone(), required: required(name), take }
    };
    schema["properties"].as_object().into_iter().flatten().map(field).collect()
}

/// The name of the input's first argument at the prompt: what the operation is about.
#[must_use]
pub(crate) fn subject(entry: &Entry) -> Option<String> {
    let command = entry.augment(clap::Command::new(entry.name));
    command.get_positionals().next().map(|argument| argument.get_id().to_string())
}

/// All routes of an operation.
#[must_use]
pub fn routes(entry: &'static Entry) -> Vec<Route> {
    let words: Vec<&str> = entry.name.split('.').collect();
    let (nouns, verb) = match words.as_slice() {
        [noun] => (vec![*noun], None),
        [nouns @ .., verb] => (nouns.to_vec(), Some(*verb)),
        [] => return Vec::new(),
    };
    let base = format!("/v1/{}", nouns.join("/"));
    let own = verb.map_or_else(|| base.clone(), |verb| format!("{base}/{verb}"));
    let about = format!("{base}/{{subject}}");
    let subject = subject(entry);
    let optional = fields(entry).iter().all(|field| Some(&field.name) != subject.as_ref() || !field.required);
    let route = |how, method, path: &str| Route { entry, how, method, path: path.to_owned() };
    match (entry.kind, verb) {
        (Kind::Query, None | Some("list")) => vec![
            route(How::Read, Method::GET, &base),
            route(How::Refresh, Method::POST, &format!("{base}/refresh")),
        ],
        (Kind::Query, Some(verb)) => {
            let mut routes = Vec::new();
            if matches!(verb, "show" | "get") && subject.is_some() {
                routes.push(route(How::Read, Method::GET, &about));
            }
            if optional || routes.is_empty() {
                routes.push(route(How::Read, Method::GET, &own));
            }
            routes.push(route(How::Refresh, Method::POST, &format!("{own}/refresh")));
            routes
        }
        (Kind::Change | Kind::Setting, Some("delete")) => {
            let mut routes = Vec::new();
            if subject.is_some() {
                routes.push(route(How::Act, Method::DELETE, &about));
            }
            if optional || routes.is_empty() {
                routes.push(route(How::Act, Method::DELETE, &base));
            }
            routes
        }
        (Kind::Change | Kind::Setting, Some("create")) => vec![route(How::Act, Method::POST, &base)],
        (Kind::Change | Kind::Setting, _) => vec![route(How::Act, Method::POST, &own)],
        (Kind::Stream, _) => vec![route(How::Pour, Method::POST, &own)],
        (Kind::Session, _) => vec![route(How::Refuse, Method::POST, &own)],
    }
}

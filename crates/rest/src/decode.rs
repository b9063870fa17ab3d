//! From the URL and the body of a request to an operation's input and what goes around it.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use cloudmesh_client::Envelope;
use cloudmesh_model::{Error, Result};
use cloudmesh_present::{check_columns, check_sort};
use serde_json::{Map, Value};

use crate::page::Page;
use crate::rule::{Field, How, Route, Take};
use crate::serve::Limits;

/// A parameter of the door itself, beside those of the input.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) schema: &'static str,
    pub(crate) about: &'static str,
}

/// Parameters of everything that reads.
pub(crate) static READING: &[Parameter] = &[
    Parameter {
        name: "columns",
        schema: "list",
        about: "Only these columns, in this order; separated by commas",
    },
    Parameter { name: "sort", schema: "string", about: "Column to sort by; -COLUMN for the greatest first" },
    Parameter {
        name: "page_size",
        schema: "size",
        about: "Rows of a page, at most 10000; all rows come at once without it and without `cursor`",
    },
    Parameter { name: "cursor", schema: "string", about: "Where the page begins: `next` of the page before" },
];

/// Parameters of everything that changes.
pub(crate) static CHANGING: &[Parameter] = &[
    Parameter { name: "dryrun", schema: "boolean", about: "Answer with the plan, do nothing" },
    Parameter {
        name: "save",
        schema: "boolean",
        about: "Keep the plan, do nothing else; it is applied by its id",
    },
    Parameter {
        name: "yes",
        schema: "boolean",
        about: "Confirm beforehand what has no way back; without it such a plan is refused",
    },
    Parameter {
        name: "wait",
        schema: "boolean",
        about: "Whether the plan waits for the final state of what it changes",
    },
];

/// What was asked of an operation.
pub(crate) struct Decoded {
    pub(crate) input: Value,
    pub(crate) envelope: Envelope,
    pub(crate) columns: Vec<String>,
    pub(crate) sort: Option<String>,
    pub(crate) page: Option<Page>,
    /// The whole request in one text, to recognise it again.
    pub(crate) fingerprint: String,
}

/// The parameters of the door that a route takes.
pub(crate) fn parameters(route: &Route) -> &'static [Parameter] {
    match (route.how, route.entry.kind) {
        (How::Read | How::Refresh, _) => READING,
        (How::Act, cloudmesh_client::Kind::Change) => CHANGING,
        _ => &[],
    }
}

fn flag(name: &str, value: &str) -> Result<bool> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Error::bad_input(format!("{name} is `true` or `false`"))),
    }
}

fn take(field: &Field, value: &str) -> Result<Value> {
    Ok(match field.take {
        Take::Flag => Value::Bool(flag(&field.name, value)?),
        Take::Integer => Value::from(
            value
                .parse::<i64>()
                .map_err(|_| Error::bad_input(format!("{} is a whole number", field.name)))?,
        ),
        Take::Text | Take::Many => Value::from(value),
    })
}

/// Puts the subject and the URL's parameters together.
pub(crate) fn decode(
    route: &Route,
    fields: &[Field],
    subject_field: Option<&str>,
    subject: Option<&str>,
    query: &str,
    body: Option<Map<String, Value>>,
) -> Result<Decoded> {
    let mut input = body.unwrap_or_default();
    let mut envelope = Envelope { refresh: route.how == How::Refresh, ..Envelope::default() };
    let mut columns = Vec::new();
    let mut sort = None;
    let (mut size, mut cursor) = (None, None);
    let mut seen: Vec<String> = Vec::new();
    let own = parameters(route);
    if let (Some(field), Some(subject)) = (subject_field, subject) {
        let field = fields.iter().find(|one| one.name == field);
        let field = field.ok_or_else(|| Error::internal("an input has no field for its first argument"))?;
        let value = match field.take {
            Take::Many => subject.split(',').map(Value::from).collect::<Vec<Value>>().into(),
            _ => take(field, subject)?,
        };
        input.insert(field.name.clone(), value);
        seen.push(field.name.clone());
    }
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let (name, value) = (name.into_owned(), value.into_owned());
        let field = fields.iter().find(|field| field.name == name).filter(|_| !route.has_body());
        let many = field.is_some_and(|field| field.take == Take::Many) || name == "columns";
        if seen.contains(&name) && !many {
            return Err(Error::bad_input(format!("{name} is given twice")));
        }
        match field {
            Some(field) if field.take == Take::Many => {
                let list = input.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(list) = list {
                    list.push(Value::from(value));
                }
            }
            Some(field) => {
                input.insert(name.clone(), take(field, &value)?);
            }
            None if own.iter().any(|parameter| parameter.name == name) => match name.as_str() {
                "columns" => {
                    columns.extend(value.split(',').filter(|column| !column.is_empty()).map(str::to_owned));
                }
                "sort" => sort = Some(value),
                "page_size" => {
                    let number = value.parse::<usize>();
                    size = Some(number.map_err(|_| Error::bad_input("page_size is a whole number"))?);
                }
                "cursor" => cursor = Some(value),
                "dryrun" => envelope.dry_run = flag(&name, &value)?,
                "save" => envelope.save = flag(&name, &value)?,
                "yes" => envelope.yes = flag(&name, &value)?,
                "wait" => envelope.wait = Some(flag(&name, &value)?),
                _ => return Err(Error::internal("a parameter of the door is not read")),
            },
            None => {
                let known: Vec<&str> = fields
                    .iter()
                    .filter(|_| !route.has_body())
                    .map(|field| field.name.as_str())
                    .chain(own.iter().map(|parameter| parameter.name))
                    .collect();
                let name: String = cloudmesh_model::noun::printable(&name).chars().take(80).collect();
                let error = Error::bad_input(format!("the URL has no parameter `{name}`"));
                return Err(if known.is_empty() {
                    error.hint("it has none")
                } else {
                    error.hint(format!("it has {}", known.join(", ")))
                });
            }
        }
        seen.push(name);
    }
    if envelope.dry_run && envelope.save {
        return Err(Error::bad_input("dryrun and save exclude each other"));
    }
    if let Some((noun, _)) = route.entry.rows {
        check_columns(noun, &columns)?;
        if let Some(sort) = &sort {
            check_sort(noun, sort)?;
        }
    }
    let page = match (size, &cursor) {
        (None, None) => None,
        _ => Some(Page::new(size, cursor.as_deref(), sort.as_deref())?),
    };
    let input = Value::Object(input);
    let fingerprint = crate::tokens::hash(&format!(
        "{} {} {query} {input}",
        route.method,
        route.path.replace("{subject}", subject.unwrap_or_default())
    ));
    // What was sorted before it was cut needs no sorting after.
    let sort = sort.filter(|_| page.is_none());
    Ok(Decoded { input, envelope, columns, sort, page, fingerprint })
}

/// Reads the JSON object that is a request's body; an empty body is an empty object.
pub(crate) async fn body(
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Map<String, Value>, BodyFault> {
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limits.body) {
        return Err(BodyFault::TooLong);
    }
    let bytes = tokio::time::timeout(limits.reading, axum::body::to_bytes(body, limits.body))
        .await
        .map_err(|_| BodyFault::TooSlow)?
        .map_err(|_| BodyFault::TooLong)?;
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    let json = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
    });
    if !json {
        return Err(BodyFault::NotJson);
    }
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(BodyFault::Wrong(Error::bad_input("the body is not a JSON object"))),
        Err(error) => Err(BodyFault::Wrong(Error::bad_input(format!("the body is not JSON: {error}")))),
    }
}

/// Why a body was not taken.
pub(crate) enum BodyFault {
    TooLong,
    TooSlow,
    NotJson,
    Wrong(Error),
}

//! What the routes do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use cloudmesh_client::{Kind, journal};
use cloudmesh_model::{Error, ErrorKind, Result};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use crate::answer::{self, Answer, refuse};
use crate::api::{Api, Asks};
use crate::decode::{self, BodyFault, Decoded, decode};
use crate::door::{Ended, RestDoor};
use crate::events;
use crate::guard::{Asked, Caller, Guarded};
use crate::problem::problem_with;
use crate::rule::{self, Field, How, Route};
use crate::runs::{self, Claim, Job};
use crate::serve::Limits;

/// A route with what is needed to read its requests.
struct Ready {
    route: Route,
    fields: Vec<Field>,
    subject: Option<String>,
}

/// All routes: those of the catalogue, and the door's own.
#[must_use]
pub fn guarded(api: &Api) -> Guarded {
    let mut guarded = Guarded::new()
        .route(&Method::GET, "/v1/openapi.json", document)
        .route(&Method::GET, "/v1/events", events::events)
        .route(&Method::POST, "/v1/plans", make_plan)
        .route(&Method::GET, "/v1/plans/{subject}", show_plan);
    for entry in api.0.parts.catalogue.entries() {
        for route in rule::routes(entry) {
            let subject = route.has_subject().then(|| rule::subject(entry)).flatten();
            let ready = Arc::new(Ready { fields: rule::fields(entry), subject, route });
            let (method, path) = (ready.route.method.clone(), ready.route.path.clone());
            guarded = guarded.route(&method, &path, move |caller, asked| {
                let ready = Arc::clone(&ready);
                async move { answered(operate(&ready, caller, asked).await) }
            });
        }
    }
    guarded
}

/// An error on the way to an answer: ours, or one that is an answer already.
pub(crate) enum Fault {
    Error(Error),
    Response(Box<Response>),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

pub(crate) fn answered(result: std::result::Result<Response, Fault>) -> Response {
    match result {
        Ok(response) => response,
        Err(Fault::Error(error)) => refuse(&error),
        Err(Fault::Response(response)) => *response,
    }
}

async fn read_body(headers: &HeaderMap, body: Body) -> std::result::Result<Map<String, Value>, Fault> {
    let limits = Limits::default();
    let answer = |status, error: Error| Fault::Response(Box::new(problem_with(&error, status, None)));
    decode::body(headers, body, &limits).await.map_err(|fault| match fault {
        BodyFault::TooLong => answer(
            StatusCode::PAYLOAD_TOO_LARGE,
            Error::bad_input(format!("the body is longer than {} bytes", limits.body)),
        ),
        BodyFault::TooSlow => answer(
            StatusCode::REQUEST_TIMEOUT,
            Error::bad_input(format!("the body did not come within {} s", limits.reading.as_secs())),
        ),
        BodyFault::NotJson => answer(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Error::bad_input("the body is not said to be JSON").hint("send Content-Type: application/json"),
        ),
        BodyFault::Wrong(error) => Fault::Error(error),
    })
}

async fn operate(ready: &Ready, caller: Caller, asked: Asked) -> std::result::Result<Response, Fault> {
    let Asked { api, parts, body, subject } = asked;
    let entry = ready.route.entry;
    if ready.route.how == How::Refuse {
        return Err(needs_terminal(entry.name).into());
    }
    let body = match ready.route.has_body() {
        true => Some(read_body(&parts.headers, body).await?),
        false => None,
    };
    let query = parts.uri.query().unwrap_or_default();
    let subject = ready.route.has_subject().then_some(subject).flatten();
    let decoded =
        decode(&ready.route, &ready.fields, ready.subject.as_deref(), subject.as_deref(), query, body)?;
    match ready.route.how {
        How::Read => read(&api, &caller, &ready.route, decoded, Asks::StoreAlone, &parts.uri).await,
        How::Refresh => read(&api, &caller, &ready.route, decoded, Asks::Places, &parts.uri).await,
        How::Act => act(&api, &caller, &ready.route, decoded, &parts.headers).await,
        How::Pour => pour(&api, &caller, &ready.route, decoded).await,
        How::Refuse => Err(needs_terminal(entry.name).into()),
    }
}

fn needs_terminal(name: &str) -> Error {
    let command = name.replace('.', " ");
    Error::new(
        ErrorKind::Unsupported,
        format!("{command} needs a terminal, and there is none behind this door"),
    )
    .hint(format!("run it in one: cm {command}"))
}

async fn read(
    api: &Api,
    caller: &Caller,
    route: &Route,
    decoded: Decoded,
    asks: Asks,
    uri: &Uri,
) -> std::result::Result<Response, Fault> {
    let entry = route.entry;
    let mesh = api.mesh(caller, asks)?;
    let mut door = RestDoor::new(decoded.columns, decoded.sort, decoded.page);
    let input = entry.from_json(decoded.input)?;
    let run = entry.run(&mesh, input, &decoded.envelope, &mut door);
    let result = tokio::time::timeout(Limits::default().answer, run).await.map_err(|_| {
        Error::new(
            ErrorKind::Unreachable,
            format!("there was no answer within {} s", Limits::default().answer.as_secs()),
        )
    })?;
    if let Err(error) = result
        && door.ended != Ended::Rows
    {
        // A place that failed is part of the answer; anything else is the answer.
        door.finish()?;
        return Err(error.into());
    }
    let (bytes, next) = door.finish()?;
    let mut response = answer::json(StatusCode::OK, bytes.into());
    if let Some(next) = next
        && let Ok(link) = HeaderValue::try_from(format!("<{}>; rel=\"next\"", next_page(uri, &next)))
    {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// The same URL, at the page that begins at `next`.
fn next_page(uri: &Uri, next: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    let given = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    query.extend_pairs(given.filter(|(name, _)| name != "cursor"));
    query.append_pair("cursor", next);
    format!("{}?{}", uri.path(), query.finish())
}

/// How long an answer is waited for before the plan alone is given.
const PATIENCE: Duration = Duration::from_secs(2);

/// `Prefer: wait=SECONDS` and `Prefer: respond-async` (RFC 7240).
fn patience(headers: &HeaderMap, most: Duration) -> Duration {
    let mut patience = PATIENCE;
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    for preference in preferences.flat_map(|value| value.split([',', ';'])) {
        let preference = preference.trim();
        if preference.eq_ignore_ascii_case("respond-async") {
            patience = Duration::ZERO;
        } else if let Some(seconds) = preference.strip_prefix("wait=").and_then(|text| text.parse().ok()) {
            patience = Duration::from_secs(seconds);
        }
    }
    patience.min(most)
}

fn key(headers: &HeaderMap) -> Result<Option<String>> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let (first, second) = (keys.next(), keys.next());
    match (first, second) {
        (None, _) => Ok(None),
        (Some(key), None) if (1..=255).contains(&key.len()) && key.to_str().is_ok() => {
            Ok(key.to_str().ok().map(str::to_owned))
        }
        _ => Err(Error::bad_input("Idempotency-Key is one word of at most 255 characters")),
    }
}

async fn act(
    api: &Api,
    caller: &Caller,
    route: &Route,
    decoded: Decoded,
    headers: &HeaderMap,
) -> std::result::Result<Response, Fault> {
    // Whoever may read may see what would be done.
    if !decoded.envelope.dry_run {
        caller.may_change()?;
    }
    // What cannot be right is refused before anything is remembered of it.
    drop(route.entry.from_json(decoded.input.clone())?);
    let mesh = api.mesh(caller, Asks::Places)?;
    let key = key(headers)?.filter(|_| !decoded.envelope.dry_run);
    let gate = api.0.runs.gate.lock().await;
    let claim = api.claim(&caller.token().id, key.as_deref(), decoded.fingerprint).await?;
    let mut again = true;
    let progress = match claim {
        Claim::Answered(answer) => return Ok(repeated(answer.response())),
        Claim::UnderWay(progress) => progress,
        Claim::New { plan, request } => {
            again = false;
            let job = Job {
                entry: route.entry,
                mesh,
                input: decoded.input,
                envelope: decoded.envelope,
                plan,
                request,
            };
            api.begin(job).await?
        }
    };
    drop(gate);
    let most = Limits::default().answer;
    let answer: Answer = runs::wait(progress, patience(headers, most), most).await?;
    let response = answer.response();
    Ok(if again { repeated(response) } else { response })
}

/// Says that the answer is to a request that was made before.
fn repeated(mut response: Response) -> Response {
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

/// Bytes that a slow reader has not taken yet may grow to this.
const UNREAD: usize = 16 << 20;

async fn pour(
    api: &Api,
    caller: &Caller,
    route: &Route,
    decoded: Decoded,
) -> std::result::Result<Response, Fault> {
    let entry = route.entry;
    let mesh = api.mesh(caller, Asks::Places)?;
    let input = entry.from_json(decoded.input)?;
    let (sender, mut receiver) = mpsc::unbounded_channel::<Result<Bytes>>();
    let unread = Arc::new(AtomicUsize::new(0));
    let held = Arc::clone(&unread);
    let out = sender.clone();
    let take = Box::new(move |bytes: &[u8]| {
        if held.fetch_add(bytes.len(), Ordering::Relaxed) > UNREAD {
            return Err(Error::new(ErrorKind::Interrupted, "the reader is too slow"));
        }
        out.send(Ok(Bytes::copy_from_slice(bytes)))
            .map_err(|_| Error::new(ErrorKind::Interrupted, "nobody reads any more"))
    });
    let envelope = decoded.envelope;
    tokio::spawn(async move {
        let mut door = RestDoor::new(Vec::new(), None, None).pouring(take);
        let result = tokio::select! {
            result = entry.run(&mesh, input, &envelope, &mut door) => result,
            () = sender.closed() => Ok(()),
        };
        if let Err(error) = result {
            let _ = sender.send(Err(error));
        }
    });
    // An error before the first byte is an answer of its own.
    let first = match receiver.recv().await {
        Some(Err(error)) => return Err(error.into()),
        Some(Ok(bytes)) => Some(bytes),
        None => None,
    };
    let stream =
        futures::stream::unfold((first, receiver, unread), |(first, mut receiver, unread)| async move {
            let next = match first {
                Some(bytes) => Ok(bytes),
                None => receiver.recv().await?,
            };
            if let Ok(bytes) = &next {
                unread.fetch_sub(bytes.len(), Ordering::Relaxed);
            }
            Some((next.map_err(std::io::Error::other), (None, receiver, unread)))
        });
    let mut response = Response::new(Body::from_stream(stream));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    Ok(response)
}

async fn document(_: Caller, asked: Asked) -> Response {
    match asked.api.document() {
        Ok(document) => answer::json(StatusCode::OK, document),
        Err(error) => refuse(&error),
    }
}

/// `POST /v1/plans`: the plan of any change, kept and not run.
async fn make_plan(caller: Caller, asked: Asked) -> Response {
    let make = async {
        let Asked { api, parts, body, .. } = asked;
        let mut body = read_body(&parts.headers, body).await?;
        let name = match body.remove("operation") {
            Some(Value::String(name)) => name,
            _ => return Err(Error::bad_input("`operation` is the name of a change, such as vm.boot").into()),
        };
        let input = match body.remove("input") {
            Some(Value::Object(input)) => input,
            None => Map::new(),
            Some(_) => return Err(Error::bad_input("`input` is an object").into()),
        };
        if let Some(other) = body.keys().next() {
            let other: String = cloudmesh_model::noun::printable(other).chars().take(80).collect();
            return Err(Error::bad_input(format!("a plan has no member `{other}`"))
                .hint("it has operation and input")
                .into());
        }
        let entry = api.0.parts.catalogue.find(&name).filter(|entry| entry.kind == Kind::Change);
        let entry = entry.ok_or_else(|| {
            let name: String = cloudmesh_model::noun::printable(&name).chars().take(80).collect();
            Error::new(ErrorKind::NotFound, format!("no change is called {name}"))
                .hint("GET /v1/openapi.json names them: those with the parameter `dryrun`")
        })?;
        let route = Route { entry, how: How::Act, method: Method::POST, path: "/v1/plans".to_owned() };
        let fields = rule::fields(entry);
        let mut decoded =
            decode(&route, &fields, None, None, parts.uri.query().unwrap_or_default(), Some(input))?;
        decoded.envelope.save = !decoded.envelope.dry_run;
        decoded.fingerprint.push_str(entry.name);
        act(&api, &caller, &route, decoded, &parts.headers).await
    };
    answered(make.await)
}

/// `GET /v1/plans/{id}`: the plan, where it stands, and where each of its steps stands.
async fn show_plan(caller: Caller, asked: Asked) -> Response {
    let show = async {
        let store = asked.api.store_of(&caller);
        let stored = journal::find_plan(store.as_ref(), asked.subject.as_deref().unwrap_or_default()).await?;
        let steps = journal::step_records(store.as_ref(), &stored.plan).await?;
        let steps: Vec<Value> = steps
            .iter()
            .map(|record| {
                json!({
                    "state": record.state.as_str(),
                    "attempts": record.attempts,
                    "native_id": record.native,
                    "error": record.error,
                })
            })
            .collect();
        let value = json!({
            "schema": "cloudmesh.stored_plan.v1",
            "plan": stored.plan,
            "state": stored.state.as_str(),
            "done": stored.done,
            "steps": steps,
        });
        Ok(answer::json(StatusCode::OK, value.to_string().into()))
    };
    answered(show.await)
}

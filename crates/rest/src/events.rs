//! The store's feed of changes as server-sent events. One look at the feed's end each tick serves all listeners, and
//! nobody looks while nobody listens. A listener that comes back says with `Last-Event-ID` what it saw last.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use cloudmesh_client::Catalogue;
use cloudmesh_model::{Error, ErrorKind, Noun, Result};
use cloudmesh_store::{Event, Store};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::api::Api;
use crate::guard::{Asked, Caller};
use crate::handlers::{Fault, answered};
use crate::problem::problem_with;

/// How often the feed's end is looked at. A change by another process is seen that late at the most.
const TICK: Duration = Duration::from_millis(100);
/// How often a quiet connection gets a sign of life, and its token is looked at again.
const SIGN: Duration = Duration::from_secs(15);
/// Events that are read at once.
const PORTION: usize = 256;
/// Listeners at a time.
const LISTENERS: usize = 1000;

/// What listeners share.
pub(crate) struct Feed {
    nouns: HashMap<&'static str, &'static Noun>,
    latest: Mutex<Option<watch::Receiver<u64>>>,
    listeners: Arc<AtomicUsize>,
}

impl Feed {
    /// A feed of everything that the operations of `catalogue` list.
    pub(crate) fn new(catalogue: Catalogue) -> Self {
        let nouns =
            catalogue.entries().filter_map(|entry| entry.rows).map(|(noun, _)| (noun.name, noun)).collect();
        Self { nouns, latest: Mutex::default(), listeners: Arc::default() }
    }

    /// The kinds of things that are told of.
    pub(crate) fn kinds(&self) -> BTreeSet<&'static str> {
        self.nouns.keys().copied().collect()
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.listeners.load(Ordering::Relaxed)
    }

    /// The feed's end, looked at as long as somebody holds the answer.
    fn follow(&self, store: &Arc<dyn Store>, now: u64) -> watch::Receiver<u64> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(receiver) = latest.as_ref().filter(|receiver| receiver.has_changed().is_ok()) {
            return receiver.clone();
        }
        let (sender, receiver) = watch::channel(now);
        // What is kept here would keep the look alive; it holds a receiver only while somebody else does too.
        *latest = Some(receiver.clone());
        let store = Arc::clone(store);
        let listeners = Arc::clone(&self.listeners);
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(TICK);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            let mut alone = 0;
            loop {
                tick.tick().await;
                // One tick of grace: a listener counts itself only after it was given the feed.
                alone = if listeners.load(Ordering::Relaxed) == 0 { alone + 1 } else { 0 };
                if alone > 10 {
                    return;
                }
                if let Ok(now) = store.latest().await {
                    sender.send_if_modified(|before| {
                        let newer = now != *before;
                        *before = now;
                        newer
                    });
                }
            }
        });
        receiver
    }
}

/// Counts one listener while it is there.
struct Present(Arc<AtomicUsize>);

impl Present {
    fn enter(count: &Arc<AtomicUsize>) -> Option<Self> {
        let entered = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (count < LISTENERS).then_some(count + 1)
        });
        entered.ok().map(|_| Self(Arc::clone(count)))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One listener.
struct Listener {
    api: Api,
    caller: Caller,
    store: Arc<dyn Store>,
    kinds: BTreeSet<String>,
    places: Option<BTreeSet<String>>,
    after: u64,
    latest: watch::Receiver<u64>,
    first: bool,
    _present: Present,
}

/// `GET /v1/events`.
pub(crate) async fn events(caller: Caller, asked: Asked) -> Response {
    answered(listen(caller, asked).await)
}

async fn listen(caller: Caller, asked: Asked) -> std::result::Result<Response, Fault> {
    let Asked { api, parts, .. } = asked;
    let known = api.0.feed.kinds();
    let mut kinds: BTreeSet<String> = BTreeSet::new();
    let mut places: Option<BTreeSet<String>> = None;
    let mut after = None;
    for (name, value) in form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        let words = || value.split(',').filter(|word| !word.is_empty()).map(str::to_owned);
        match name.as_ref() {
            "kinds" => kinds.extend(words()),
            "places" => places.get_or_insert_default().extend(words()),
            "after" => after = Some(position(&value)?),
            _ => {
                return Err(Error::bad_input("the URL has a parameter that events do not have")
                    .hint("they have kinds, places and after")
                    .into());
            }
        }
    }
    if let Some(unknown) = kinds.iter().find(|kind| !known.contains(kind.as_str())) {
        let unknown: String = cloudmesh_model::noun::printable(unknown).chars().take(80).collect();
        let known: Vec<&str> = known.into_iter().collect();
        return Err(Error::bad_input(format!("there are no events of the kind `{unknown}`"))
            .hint(format!("there are {}", known.join(", ")))
            .into());
    }
    if kinds.is_empty() {
        kinds = known.into_iter().map(str::to_owned).collect();
    }
    if let Some(last) = parts.headers.get("last-event-id") {
        after = Some(position(last.to_str().unwrap_or_default())?);
    }
    let Some(present) = Present::enter(&api.0.feed.listeners) else {
        let error = Error::new(ErrorKind::Throttled, format!("{LISTENERS} listen already"));
        return Err(Fault::Response(Box::new(problem_with(&error, StatusCode::SERVICE_UNAVAILABLE, None))));
    };
    let now = api.store().latest().await?;
    let latest = api.0.feed.follow(api.store(), now);
    let store = api.store_of(&caller);
    // A position that is not reached yet is one of another store: it is begun anew from here.
    let after = after.filter(|after| *after <= now).unwrap_or(now);
    let listener =
        Listener { api, caller, store, kinds, places, after, latest, first: true, _present: present };
    let stream = futures::stream::unfold(Some(listener), |listener| async move {
        let mut listener = listener?;
        match listener.next().await {
            Ok(Some(text)) => Some((Ok::<_, std::io::Error>(Bytes::from(text)), Some(listener))),
            Ok(None) => None,
            Err(error) => {
                let text = format!("event: error\ndata: {}\n\n", json!({ "message": error.message() }));
                Some((Ok(Bytes::from(text)), None))
            }
        }
    });
    let mut response = Response::new(Body::from_stream(stream));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    Ok(response)
}

fn position(text: &str) -> Result<u64> {
    text.parse().map_err(|_| Error::bad_input("the position in the events is a whole number"))
}

impl Listener {
    /// The next text for the listener; `None` when its token is no longer good.
    async fn next(&mut self) -> Result<Option<String>> {
        if std::mem::take(&mut self.first) {
            return Ok(Some(format!("retry: 1000\nid: {}\nevent: ready\ndata: {{}}\n\n", self.after)));
        }
        loop {
            let newest = *self.latest.borrow_and_update();
            if newest > self.after {
                let (text, more) = self.portion().await?;
                if !self.still_good()? {
                    return Ok(None);
                }
                if !text.is_empty() {
                    return Ok(Some(text));
                }
                if more {
                    continue;
                }
                self.after = self.after.max(newest);
            }
            match tokio::time::timeout(SIGN, self.latest.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => {
                    // The look at the feed has ended: it is begun anew.
                    self.latest = self.api.0.feed.follow(self.api.store(), self.after);
                }
                Err(_) => {
                    return Ok(if self.still_good()? { Some(": still here\n\n".to_owned()) } else { None });
                }
            }
        }
    }

    fn still_good(&self) -> Result<bool> {
        let token = self.caller.token();
        let now = self.api.now();
        Ok(token.expires.is_none_or(|expires| now < expires)
            && self.api.tokens().all()?.iter().any(|one| one.hash == token.hash))
    }

    /// The next events as text, and whether there may be more at once.
    async fn portion(&mut self) -> Result<(String, bool)> {
        let events = match self.api.store().events(self.after, PORTION).await {
            Ok(events) => events,
            Err(error) if error.kind() == ErrorKind::Stale => {
                self.after = self.api.store().latest().await?;
                let text = format!(
                    "id: {}\nevent: reset\ndata: {}\n\n",
                    self.after,
                    json!({ "message": "deletions were forgotten meanwhile: read the lists anew" })
                );
                return Ok((text, true));
            }
            Err(error) => return Err(error),
        };
        let Some(last) = events.last() else { return Ok((String::new(), false)) };
        let (last, more) = (last.sequence, events.len() == PORTION);
        let wanted: Vec<&Event> = events.iter().filter(|event| self.wants(event)).collect();
        let rows = self.rows(&wanted).await?;
        let mut text = String::new();
        for event in wanted {
            let item = rows.get(&(event.kind.as_str(), event.id.as_str()));
            // Of what this caller may not see nothing is told, not even that it is there.
            if let Some(data) = self.data(event, item) {
                text.push_str(&format!("id: {}\nevent: {}\ndata: {data}\n\n", event.sequence, event.kind));
            }
        }
        self.after = last;
        Ok((text, more))
    }

    fn wants(&self, event: &Event) -> bool {
        let token = &self.caller.token().scope.places;
        let at = |places: &Option<BTreeSet<String>>| {
            event.place.is_empty() || places.as_ref().is_none_or(|places| places.contains(&event.place))
        };
        self.kinds.contains(&event.kind) && at(token) && at(&self.places)
    }

    /// The rows of what was not taken away, one read for each kind.
    async fn rows<'a>(&self, events: &[&'a Event]) -> Result<HashMap<(&'a str, &'a str), String>> {
        let mut ids: HashMap<&str, Vec<&'a Event>> = HashMap::new();
        for event in events.iter().filter(|event| !event.deleted) {
            ids.entry(event.kind.as_str()).or_default().push(event);
        }
        let mut rows = HashMap::new();
        for (kind, of_kind) in ids {
            let wanted: Vec<String> = of_kind.iter().map(|event| event.id.clone()).collect();
            let found = self.store.get_many(kind, &wanted).await?;
            for event in of_kind {
                if let Some(stored) = found.iter().find(|stored| stored.document.id == event.id) {
                    rows.insert((event.kind.as_str(), event.id.as_str()), stored.document.row.clone());
                }
            }
        }
        Ok(rows)
    }

    fn data(&self, event: &Event, row: Option<&String>) -> Option<Value> {
        let limited = self.caller.token().scope.places.is_some();
        if limited && event.place.is_empty() && row.is_none() {
            return None;
        }
        let item = row.and_then(|row| {
            let noun = self.api.0.feed.nouns.get(event.kind.as_str())?;
            cloudmesh_present::row_value(noun, row)
        });
        Some(json!({
            "sequence": event.sequence,
            "kind": event.kind,
            "id": event.id,
            "place": event.place,
            "deleted": event.deleted,
            "item": item,
        }))
    }
}

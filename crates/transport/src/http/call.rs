//! One call and its answer.

use std::time::Duration;

use cloudmesh_model::{Error, ErrorKind, Result, Retry, Secret};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde::{Deserialize, Serialize};

use super::{redaction, repeat};

/// What a call does to the world: whether it may be repeated here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing that matters; repeated here when its answer was lost.
    Read,
    /// Changes something; sent once.
    Change,
}

/// One call, before it is sent.
#[derive(Clone, Debug)]
pub struct Call {
    pub(super) method: Method,
    pub(super) effect: Effect,
    pub(super) url: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) deadline: Duration,
    pub(super) secrets: Vec<Secret>,
}

/// The default deadline of a call, all its attempts together.
const DEADLINE: Duration = Duration::from_secs(60);

impl Call {
    fn new(method: Method, effect: Effect, url: impl Into<String>) -> Self {
        Self {
            method,
            effect,
            url: url.into(),
            headers: Vec::new(),
            body: None,
            deadline: DEADLINE,
            secrets: Vec::new(),
        }
    }

    /// Reads.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, Effect::Read, url)
    }

    /// Reads the headers only.
    pub fn head(url: impl Into<String>) -> Self {
        Self::new(Method::HEAD, Effect::Read, url)
    }

    /// Changes something.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::POST, Effect::Change, url)
    }

    /// Changes something.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new(Method::PUT, Effect::Change, url)
    }

    /// Changes something.
    pub fn patch(url: impl Into<String>) -> Self {
        Self::new(Method::PATCH, Effect::Change, url)
    }

    /// Deletes something.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new(Method::DELETE, Effect::Change, url)
    }

    /// Says that the call changes nothing that matters, whatever its method: a log-in, a search by POST.
    #[must_use]
    pub fn as_read(mut self) -> Self {
        self.effect = Effect::Read;
        self
    }

    /// What the call does to the world.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Adds a header.
    ///
    /// # Errors
    /// When name or value cannot stand in a header.
    pub fn header(self, name: &str, value: &str) -> Result<Self> {
        self.add_header(name, value, false)
    }

    /// Adds a header whose value is never shown, and never sent to another host.
    ///
    /// # Errors
    /// When the value cannot stand in a header. The error does not repeat it.
    pub fn secret_header(self, name: &str, value: &Secret) -> Result<Self> {
        self.carrying(value).add_header(name, value.expose(), true)
    }

    /// Says that the call carries a secret, in its body say: a service that repeats it in a refusal does not
    /// get it into anything that we show or keep.
    #[must_use]
    pub fn carrying(mut self, secret: &Secret) -> Self {
        self.secrets.push(secret.clone());
        self
    }

    fn add_header(mut self, name: &str, value: &str, secret: bool) -> Result<Self> {
        let bad =
            || Error::bad_input(format!("the value for the header {name} has characters it cannot carry"));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
        value.set_sensitive(secret);
        self.headers.push((header, value));
        Ok(self)
    }

    /// Sets the body to `value` as JSON.
    ///
    /// # Errors
    /// When it cannot be written as JSON, a fault of ours.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Result<Self> {
        let body = serde_json::to_vec(value)
            .map_err(|_| Error::internal("the body of a call cannot be written as JSON"))?;
        self.body = Some(body);
        self.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
        Ok(self)
    }

    /// Sets how long the call may take, all attempts together.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub(super) fn parsed_url(&self) -> Result<Url> {
        let url = Url::parse(&self.url).map_err(|reason| {
            Error::bad_input(format!("`{}` is not a URL: {reason}", redaction::shown_url(&self.url)))
        })?;
        if matches!(url.scheme(), "http" | "https") && url.has_host() {
            Ok(url)
        } else {
            Err(Error::bad_input(format!("`{}` is not an http or https URL", redaction::shown(&url))))
        }
    }
}

/// A whole answer, of any status.
#[derive(Debug)]
pub struct Answer {
    effect: Effect,
    url: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    pub(super) fn new(
        effect: Effect,
        url: String,
        status: StatusCode,
        headers: HeaderMap,
        body: Vec<u8>,
    ) -> Self {
        Self { effect, url, status, headers, body }
    }

    /// Takes secrets out of the body of a refusal: some services and proxies repeat what they were sent.
    pub(super) fn without(mut self, secrets: &[Secret]) -> Self {
        if !self.status.is_success() {
            for secret in secrets {
                redaction::strike_out(&mut self.body, secret);
            }
        }
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// Whether the status is one of success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// The URL that answered, without secrets.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A header, if it is there and readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// How long the service asked us to wait, if it did.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        repeat::retry_after(self.header("retry-after")?, jiff::Timestamp::now())
    }

    /// What may be done about the call after this answer.
    #[must_use]
    pub fn retry(&self) -> Retry {
        repeat::retry_of(self.effect, self.status(), self.retry_after())
    }

    /// Reads the body as JSON; `T` may borrow from it.
    ///
    /// # Errors
    /// [`ErrorKind::Service`] with the place where it stopped making sense, never the body itself. For a
    /// change it is uncertain: it was accepted, and we do not know what came of it.
    pub fn json<'body, T: Deserialize<'body>>(&'body self) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|reason| {
            let what = match reason.classify() {
                serde_json::error::Category::Eof => "an answer that ends too early",
                serde_json::error::Category::Data => "an answer of another shape than expected",
                serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
                    "an answer that is not JSON"
                }
            };
            let error = Error::new(ErrorKind::Service, format!("{} gave {what}", self.url))
                .with("status", self.status())
                .with("bytes", self.body.len())
                .with("line", reason.line())
                .with("column", reason.column());
            match self.effect {
                Effect::Read => error,
                Effect::Change => error.uncertain(),
            }
        })
    }
}

//! HTTP for providers: deadlines, a bounded number of repeats for reads, and a clear word on the fate
//! of a change whose answer was lost.
//!
//! A change is never repeated here. What is known of its fate stands in the error's or the answer's
//! [`Retry`]: *temporary* means that it surely had no effect, *uncertain* that it may have had one.
//! Nothing here knows a vendor: answers of any status come back as [`Answer`], and the provider
//! puts them into words.

mod body;
mod call;
mod failure;
mod proxies;
mod redaction;
mod repeat;
mod tls;

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use cloudmesh_model::{Error, ErrorKind, Result, Retry};
use reqwest::{StatusCode, Url};
use tracing::Instrument;

pub use call::{Answer, Call, Effect};
pub use failure::is_untrusted_certificate;
pub use proxies::Proxies;
pub use redaction::shown_url;

/// How a [`Client`] behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A file of certificates (PEM) that are trusted besides the system's.
    pub cacert: Option<PathBuf>,
    /// Trusts any certificate. Only where the user's configuration says so in words.
    pub insecure: bool,
    /// How long a connection may take to come about, name look-up and TLS included.
    pub connect_timeout: Duration,
    /// How often a read is tried at the most, the first time included.
    pub read_attempts: u32,
    /// Bytes that an answer may have at the most.
    pub body_limit: usize,
    /// What we call ourselves.
    pub user_agent: String,
    /// Proxies, from the environment that the program was started in.
    pub proxies: Proxies,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cacert: None,
            insecure: false,
            connect_timeout: Duration::from_secs(10),
            read_attempts: 4,
            body_limit: 64 << 20,
            user_agent: concat!("cloudmesh/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxies: Proxies::default(),
        }
    }
}

/// Redirects that a read follows at the most.
const REDIRECTS: usize = 5;

/// An idle connection is not used again after this long: below the five seconds after which common
/// servers close it, so that a change does not end on a connection that is being closed.
const IDLE: Duration = Duration::from_secs(4);

/// An HTTP client. Making one costs nothing; the first call to an `http` URL builds a client
/// without certificates, the first to an `https` URL one with them. Connections are reused.
#[derive(Debug)]
pub struct Client {
    settings: Settings,
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
}

/// What one attempt came to.
enum Attempt {
    Answered(Answer),
    /// Surely nothing was sent.
    NotSent(Error),
    /// Something was sent, and no whole answer came back.
    Lost(Error),
    /// The call, the answer or the configuration is at fault; another try changes nothing.
    Hopeless(Error),
}

impl Client {
    /// A client. Nothing is read and nothing is connected yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, plain: OnceLock::new(), secure: OnceLock::new() }
    }

    /// Sends a call and waits for the whole answer, whatever its status.
    ///
    /// # Errors
    /// [`ErrorKind::Unreachable`] when no whole answer came within the call's deadline, with
    /// [`Retry::Temporary`] if the call is a read or was surely never sent, else [`Retry::Uncertain`];
    /// [`ErrorKind::Service`] for an answer that is too large; [`ErrorKind::BadInput`] for a
    /// malformed URL or an unreadable certificate file.
    pub async fn send(&self, call: Call) -> Result<Answer> {
        let url = call.parsed_url()?;
        let span = tracing::debug_span!(
            "http",
            method = %call.method,
            url = %redaction::shown(&url),
            status = tracing::field::Empty,
            milliseconds = tracing::field::Empty,
            attempts = tracing::field::Empty,
        );
        let begun = Instant::now();
        let outcome = self.send_within(&call, url).instrument(span.clone()).await;
        let outcome = outcome.map(|answer| answer.without(&call.secrets));
        span.record("milliseconds", u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
        if let Ok(answer) = &outcome {
            span.record("status", answer.status());
        }
        span.in_scope(|| match &outcome {
            Ok(_) => tracing::debug!("answered"),
            Err(error) => tracing::debug!(%error, "failed"),
        });
        outcome
    }

    async fn send_within(&self, call: &Call, mut url: Url) -> Result<Answer> {
        let until = tokio::time::Instant::now() + call.deadline;
        let mut attempt = 0_u32;
        let mut redirects = 0_usize;
        loop {
            attempt += 1;
            tracing::Span::current().record("attempts", attempt);
            let pause = repeat::pause(attempt);
            let (failure, wait) = match self.attempt(call, &url, until).await {
                Attempt::Answered(answer) => {
                    if call.effect == Effect::Read
                        && let Some(target) = redirect_target(&url, &answer)?
                    {
                        redirects += 1;
                        if redirects > REDIRECTS {
                            return Err(Error::new(
                                ErrorKind::Service,
                                format!(
                                    "{} redirects again and again",
                                    redaction::shown(&call.parsed_url()?)
                                ),
                            ));
                        }
                        url = target;
                        attempt -= 1;
                        continue;
                    }
                    if call.effect == Effect::Change
                        || !repeat::worth_repeating(answer.status())
                        || attempt >= self.settings.read_attempts
                    {
                        return Ok(answer);
                    }
                    let wait = answer.retry_after().unwrap_or(pause);
                    (Ok(answer), wait)
                }
                Attempt::Hopeless(error) => return Err(error),
                Attempt::NotSent(error) if call.effect == Effect::Change => return Err(error.temporary(None)),
                Attempt::Lost(error) if call.effect == Effect::Change => return Err(error.uncertain()),
                // Nobody listens there: one more try is enough to get over a restart.
                Attempt::NotSent(error) if attempt >= 2 => return Err(error.temporary(None)),
                Attempt::NotSent(error) | Attempt::Lost(error) => {
                    if attempt >= self.settings.read_attempts {
                        return Err(error.temporary(None));
                    }
                    (Err(error.temporary(None)), pause)
                }
            };
            if tokio::time::Instant::now() + wait >= until {
                return failure;
            }
            tracing::debug!(wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), "tries again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, call: &Call, url: &Url, until: tokio::time::Instant) -> Attempt {
        let client = match self.client_for(url) {
            Ok(client) => client,
            Err(error) => return Attempt::Hopeless(error),
        };
        let mut request = client.request(call.method.clone(), url.clone());
        let same_origin = call.parsed_url().is_ok_and(|first| keeps_secrets(&first, url));
        for (name, value) in &call.headers {
            if same_origin || !value.is_sensitive() {
                request = request.header(name, value);
            }
        }
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let request = match request.build() {
            Ok(request) => request,
            Err(_) => {
                return Attempt::Hopeless(Error::internal(format!(
                    "a call to {} cannot be built",
                    redaction::shown(url)
                )));
            }
        };
        let response = match tokio::time::timeout_at(until, client.execute(request)).await {
            Err(_) => return Attempt::Lost(failure::no_answer(url, call.deadline)),
            Ok(Err(error)) => return failure::classify(url, &error),
            Ok(Ok(response)) => response,
        };
        let status = response.status();
        let headers = response.headers().clone();
        match tokio::time::timeout_at(until, body::whole(response, self.settings.body_limit)).await {
            Err(_) => Attempt::Lost(failure::no_answer(url, call.deadline)),
            Ok(Err(body::BodyFailure::Lost)) => Attempt::Lost(failure::answer_broke_off(url)),
            Ok(Err(body::BodyFailure::TooLarge)) => {
                let error = failure::answer_too_large(url, self.settings.body_limit);
                Attempt::Hopeless(match call.effect {
                    Effect::Change => error.uncertain(),
                    Effect::Read => error,
                })
            }
            Ok(Ok(body)) => {
                Attempt::Answered(Answer::new(call.effect, redaction::shown(url), status, headers, body))
            }
        }
    }

    fn client_for(&self, url: &Url) -> Result<&reqwest::Client> {
        let secure = url.scheme() == "https";
        let slot = if secure { &self.secure } else { &self.plain };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let client = self.build(secure)?;
        Ok(slot.get_or_init(|| client))
    }

    fn build(&self, secure: bool) -> Result<reqwest::Client> {
        let settings = &self.settings;
        let tls = tls::configuration(settings, secure)?;
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .connect_timeout(settings.connect_timeout)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .user_agent(&settings.user_agent);
        settings
            .proxies
            .apply(builder)?
            .build()
            .map_err(|_| Error::internal("the HTTP client cannot be built"))
    }
}

/// Where a read is sent on to. Only within the same host: nobody else is to see what we ask.
fn redirect_target(from: &Url, answer: &Answer) -> Result<Option<Url>> {
    let redirects = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    if !redirects.iter().any(|status| status.as_u16() == answer.status()) {
        return Ok(None);
    }
    let Some(target) = answer.header("location").and_then(|location| from.join(location).ok()) else {
        return Ok(None);
    };
    if target.host_str() == from.host_str() && matches!(target.scheme(), "http" | "https") {
        Ok(Some(target))
    } else {
        Err(Error::new(
            ErrorKind::Service,
            format!("{} redirects to another host, {}", redaction::shown(from), redaction::shown(&target)),
        )
        .hint("use the address it redirects to, if you trust it"))
    }
}

/// Whether secret headers of a call to `first` may go to `now`: same origin, or the same host's `https`.
fn keeps_secrets(first: &Url, now: &Url) -> bool {
    first.origin() == now.origin() || (first.host_str() == now.host_str() && now.scheme() == "https")
}

/// What may be done about a call that was answered with `status`.
#[must_use]
pub fn retry_of(effect: Effect, status: u16, retry_after: Option<Duration>) -> Retry {
    repeat::retry_of(effect, status, retry_after)
}

#[cfg(test)]
mod tests;

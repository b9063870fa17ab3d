//! Who may come in. A route is made of a handler that takes a [`Caller`], and only a good token makes one: a route
//! without authentication does not compile, unless it is marked with [`Guarded::open`] and a reason.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use cloudmesh_model::{Error, ErrorKind, Result};

use crate::api::Api;
use crate::problem::{problem, problem_with};
use crate::tokens::Token;

/// Somebody whose token is good. Nothing but a good token makes one.
#[derive(Clone, Debug)]
pub struct Caller {
    token: Token,
}

impl Caller {
    /// The token.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// That the caller may change something at all.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`].
    pub fn may_change(&self) -> Result<()> {
        if self.token.scope.change {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Forbidden, format!("the token {} may read only", self.token.name))
            .hint("make one that may change: cm server token create NAME --scope=change"))
    }
}

/// What was asked.
#[derive(Debug)]
pub struct Asked {
    /// The door.
    pub api: Api,
    /// Method, URL and headers.
    pub parts: Parts,
    /// The body, not yet read.
    pub body: Body,
    /// What stands in the path for `{subject}`, decoded.
    pub subject: Option<String>,
}

/// Routes that cannot be reached without a token.
pub struct Guarded {
    router: Router<Api>,
}

impl Default for Guarded {
    fn default() -> Self {
        Self::new()
    }
}

impl Guarded {
    /// No routes yet.
    #[must_use]
    pub fn new() -> Self {
        Self { router: Router::new() }
    }

    /// Adds a route. The handler gets the caller, whom only a good token makes.
    #[must_use]
    pub fn route<H, F>(self, method: &Method, path: &str, handler: H) -> Self
    where
        H: Fn(Caller, Asked) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        let guarded = move |State(api): State<Api>, request: Request| {
            let handler = handler.clone();
            async move {
                match asked(api, request).await {
                    Ok((caller, asked)) => handler(caller, asked).await,
                    Err(response) => response,
                }
            }
        };
        Self { router: self.router.route(path, on(filter(method), guarded)) }
    }

    /// Adds a route that needs no token. The reason stands in the code, for whoever reads it.
    #[must_use]
    pub fn open<H, F>(self, reason: &'static str, method: &Method, path: &str, handler: H) -> Self
    where
        H: Fn(Parts) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        tracing::debug!(path, reason, "a route needs no token");
        let open = move |request: Request| handler(request.into_parts().0);
        Self { router: self.router.route(path, on(filter(method), open)) }
    }

    /// The routes of both.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        Self { router: self.router.merge(other.router) }
    }

    /// The router, with all that stands before every route: Host and Origin, and a token even for what is not there.
    pub fn router(self, api: Api) -> Router {
        let nowhere = |State(api): State<Api>, request: Request| async move {
            match asked(api, request).await {
                Ok((_, asked)) => problem(
                    &Error::new(ErrorKind::NotFound, format!("nothing is at {}", asked.parts.uri.path()))
                        .hint("GET /v1/openapi.json names all that is there"),
                ),
                Err(response) => response,
            }
        };
        let no_method = |State(api): State<Api>, request: Request| async move {
            match asked(api, request).await {
                Ok((_, asked)) => {
                    let error = Error::bad_input(format!("{} is not for this URL", asked.parts.method))
                        .hint("the header Allow names what is");
                    problem_with(&error, StatusCode::METHOD_NOT_ALLOWED, None)
                }
                Err(response) => response,
            }
        };
        self.router
            .fallback(nowhere)
            .method_not_allowed_fallback(no_method)
            .layer(axum::middleware::from_fn_with_state(api.clone(), at_the_door))
            .with_state(api)
    }
}

fn filter(method: &Method) -> MethodFilter {
    MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET)
}

/// Host and Origin; and the headers that every answer has.
async fn at_the_door(State(api): State<Api>, request: Request, next: Next) -> Response {
    let mut response = match api.hosts().check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => {
            let status = match error.kind() {
                ErrorKind::BadInput => StatusCode::BAD_REQUEST,
                _ => StatusCode::FORBIDDEN,
            };
            problem_with(&error, status, None)
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

async fn asked(api: Api, request: Request) -> std::result::Result<(Caller, Asked), Response> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let caller = authenticate(&api, request.headers(), peer).map_err(|response| *response)?;
    let (mut parts, body) = request.into_parts();
    let subject = match RawPathParams::from_request_parts(&mut parts, &()).await {
        Ok(parameters) => parameters.iter().next().map(|(_, value)| value.to_owned()),
        Err(_) => {
            return Err(problem(&Error::bad_input("the URL is not UTF-8")));
        }
    };
    Ok((caller, Asked { api, parts, body, subject }))
}

fn authenticate(
    api: &Api,
    headers: &HeaderMap,
    peer: Option<IpAddr>,
) -> std::result::Result<Caller, Box<Response>> {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let wrong = match given {
        Some(given) => match api.tokens().find(given, api.now()) {
            Ok(Some(token)) => return Ok(Caller { token }),
            Ok(None) => "the token is not known here, or no longer good",
            Err(error) => return Err(Box::new(problem(&error))),
        },
        None => "this needs a token",
    };
    let error = |kind, message: &str| {
        Error::new(kind, message)
            .hint("send `Authorization: Bearer TOKEN`; cm server token create NAME makes one")
    };
    if given.is_some() && api.failures().too_many(peer) {
        let mut response = problem_with(
            &error(ErrorKind::Throttled, "too many wrong tokens from there"),
            StatusCode::TOO_MANY_REQUESTS,
            None,
        );
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(WINDOW.as_secs()));
        return Err(Box::new(response));
    }
    let mut response = problem_with(&error(ErrorKind::Unauthorized, wrong), StatusCode::UNAUTHORIZED, None);
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"cloudmesh\""));
    Err(Box::new(response))
}

/// The names under which this server may be addressed. A web page that was led here under a name of its own (DNS
/// rebinding) has another one, and is sent away before anything else is looked at.
#[derive(Clone, Debug)]
pub struct Hosts {
    names: Vec<String>,
}

impl Hosts {
    /// The names of this computer itself, with and without `port`, and those of `more`.
    #[must_use]
    pub fn new(port: u16, more: &[String]) -> Self {
        let mut names = Vec::new();
        for name in ["localhost", "127.0.0.1", "[::1]"].into_iter().chain(more.iter().map(String::as_str)) {
            let name = name.to_ascii_lowercase();
            names.push(format!("{name}:{port}"));
            // Clients leave the port out where it is the scheme's own.
            if matches!(port, 80 | 443) {
                names.push(name);
            }
        }
        Self { names }
    }

    fn knows(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Looks at Host, Origin and Sec-Fetch-Site.
    ///
    /// # Errors
    /// Which of them is foreign.
    pub fn check(&self, headers: &HeaderMap) -> Result<()> {
        let foreign = |what: &str| Error::new(ErrorKind::Forbidden, format!("{what} is not of this server"));
        let mut hosts = headers.get_all(header::HOST).iter();
        match (hosts.next(), hosts.next()) {
            (Some(host), None) if host.to_str().is_ok_and(|host| self.knows(host)) => {}
            (Some(_), None) => {
                return Err(foreign("the header Host")
                    .hint("names other than this computer's are given to cm server start with --host"));
            }
            _ => return Err(Error::bad_input("one header Host is needed")),
        }
        for origin in headers.get_all(header::ORIGIN) {
            let own = origin.to_str().ok().and_then(|origin| origin.split_once("://")).is_some_and(
                |(scheme, host)| {
                    let port = if scheme == "https" { 443 } else { 80 };
                    matches!(scheme, "http" | "https")
                        && (self.knows(host) || self.knows(&format!("{host}:{port}")))
                },
            );
            if !own {
                return Err(foreign("the header Origin"));
            }
        }
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        if matches!(site, Some(b"cross-site" | b"same-site")) {
            return Err(foreign("the page that asks"));
        }
        Ok(())
    }
}

/// How long wrong tokens are remembered.
const WINDOW: Duration = Duration::from_secs(60);
/// How many wrong tokens there may be from one address in that time.
const WRONG: u32 = 20;
/// How many addresses are remembered.
const ADDRESSES: usize = 4096;

/// Wrong tokens, counted for each address. A good token is let in whatever the count: who guesses keeps nobody out.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<HashMap<Option<IpAddr>, (u32, Instant)>>);

impl Failures {
    /// Counts a wrong token; whether there were too many.
    fn too_many(&self, peer: Option<IpAddr>) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if counts.len() >= ADDRESSES {
            counts.retain(|_, (_, since)| now.duration_since(*since) < WINDOW);
            if counts.len() >= ADDRESSES {
                counts.clear();
            }
        }
        let (count, since) = counts.entry(peer).or_insert((0, now));
        if now.duration_since(*since) >= WINDOW {
            (*count, *since) = (0, now);
        }
        *count = count.saturating_add(1);
        *count > WRONG
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (axum::http::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn only_names_of_this_server_are_let_in() {
        let hosts = Hosts::new(8650, &["desk.example".to_owned()]);
        for good in ["localhost:8650", "127.0.0.1:8650", "[::1]:8650", "LocalHost:8650", "desk.example:8650"]
        {
            assert!(hosts.check(&headers(&[("host", good)])).is_ok(), "{good}");
        }
        for bad in ["evil.example:8650", "localhost", "localhost:80", "127.0.0.1.evil.example:8650", ""] {
            assert!(hosts.check(&headers(&[("host", bad)])).is_err(), "{bad}");
        }
        assert_eq!(hosts.check(&headers(&[])).unwrap_err().kind(), ErrorKind::BadInput);
    }

    #[test]
    fn a_foreign_page_is_sent_away() {
        let hosts = Hosts::new(8650, &[]);
        let with = |origin| hosts.check(&headers(&[("host", "localhost:8650"), ("origin", origin)]));
        assert!(with("http://localhost:8650").is_ok());
        for bad in ["null", "http://evil.example", "http://localhost", "http://localhost:8651", "file://"] {
            assert!(with(bad).is_err(), "{bad}");
        }
        let fetched = |site| hosts.check(&headers(&[("host", "localhost:8650"), ("sec-fetch-site", site)]));
        assert!(fetched("same-origin").is_ok());
        assert!(fetched("cross-site").is_err());
    }
}

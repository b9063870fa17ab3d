//! Calls that got no answer, put into words: what was surely never sent, what was lost on the way.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use cloudmesh_model::{Error, ErrorKind};
use reqwest::Url;

use super::{Attempt, redaction};

/// The name of the fact that marks an error about a certificate.
const CERTIFICATE: &str = "certificate";

/// Whether an error says that a certificate is not trusted, so that a provider can name its own
/// setting for one.
#[must_use]
pub fn is_untrusted_certificate(error: &Error) -> bool {
    error.context().iter().any(|(name, _)| name == CERTIFICATE)
}

pub(super) fn classify(url: &Url, error: &reqwest::Error) -> Attempt {
    if error.is_builder() {
        return Attempt::Hopeless(Error::bad_input(format!("`{}` cannot be called", redaction::shown(url))));
    }
    if let Some(reason) = certificate_reason(error) {
        return Attempt::Hopeless(
            Error::new(
                ErrorKind::Unreachable,
                format!("the certificate of {} is not trusted: {reason}", origin(url)),
            )
            .hint("name the file with the certificate of the authority that signed it")
            .with(CERTIFICATE, "untrusted"),
        );
    }
    if error.is_connect() {
        let reason = connect_reason(error);
        return Attempt::NotSent(
            Error::new(ErrorKind::Unreachable, format!("cannot connect to {}: {reason}", origin(url)))
                .hint("check the address and your network"),
        );
    }
    Attempt::Lost(answer_broke_off(url))
}

pub(super) fn no_answer(url: &Url, deadline: Duration) -> Error {
    Error::new(
        ErrorKind::Unreachable,
        format!("{} did not answer within {} s", redaction::shown(url), deadline.as_secs_f32()),
    )
}

pub(super) fn answer_broke_off(url: &Url) -> Error {
    Error::new(
        ErrorKind::Unreachable,
        format!("the connection to {} broke before the whole answer was there", redaction::shown(url)),
    )
}

pub(super) fn answer_too_large(url: &Url, limit: usize) -> Error {
    Error::new(
        ErrorKind::Service,
        format!("the answer of {} is larger than {} MiB", redaction::shown(url), limit >> 20),
    )
}

fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// Every error below `error`, also what an `io::Error` wraps.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped: Option<&(dyn StdError + 'static)> = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|inner| inner as &(dyn StdError + 'static));
        wrapped.or_else(|| error.source())
    })
}

fn certificate_reason(error: &reqwest::Error) -> Option<&'static str> {
    use rustls::CertificateError as Reason;
    causes(error).find_map(|cause| match cause.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(reason) => Some(match reason {
            Reason::UnknownIssuer => "it is signed by an authority that this computer does not know",
            Reason::Expired | Reason::ExpiredContext { .. } => "it has expired",
            Reason::NotValidYet | Reason::NotValidYetContext { .. } => "it is not valid yet",
            Reason::NotValidForName | Reason::NotValidForNameContext { .. } => "it is for another host name",
            Reason::Revoked => "it was revoked",
            _ => "it is not valid",
        }),
        _ => None,
    })
}

fn connect_reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no connection came about in time".to_owned();
    }
    for cause in causes(error) {
        if let Some(reason) = cause.downcast_ref::<io::Error>() {
            match reason.kind() {
                io::ErrorKind::ConnectionRefused => {
                    return "connection refused, nothing listens there".to_owned();
                }
                io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                    return "no route to that host".to_owned();
                }
                io::ErrorKind::TimedOut => return "no connection came about in time".to_owned(),
                io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof => {
                    return "the connection was closed at once".to_owned();
                }
                _ => {}
            }
        }
        if cause.downcast_ref::<rustls::Error>().is_some() {
            return "it does not speak TLS as we do".to_owned();
        }
    }
    if causes(error).any(|cause| cause.to_string().contains("dns error")) {
        return "there is no host of that name".to_owned();
    }
    "no connection came about".to_owned()
}

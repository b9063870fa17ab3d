//! What a service refused, in our words, with the service's own sentence. Never raw JSON or HTML.

use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, ErrorKind, Retry};
use cloudmesh_transport::http::{Answer, is_untrusted_certificate};
use serde_json::Value;

/// Letters of a service's sentence that we show.
const SENTENCE: usize = 300;

/// Names our own setting where a certificate is not trusted.
pub(crate) fn of_connection(error: Error) -> Error {
    if is_untrusted_certificate(&error) {
        error.hint("set OS_CACERT to the file with the certificate of the authority that signed it")
    } else {
        error
    }
}

/// An answer without success as an error: `cannot DOING: SENTENCE`.
pub(crate) fn of(answer: &Answer, service: &str, doing: &str) -> Error {
    let told = Told::read(answer.body());
    let kind = kind(answer.status(), &told);
    // Names that people gave stand in it.
    let doing = printable(doing);
    let retry = match (kind, answer.retry()) {
        // The limit is on the rate, so that time helps; a quota gives no time.
        (ErrorKind::Throttled, Retry::Permanent) => Retry::Temporary {
            after_ms: answer.retry_after().map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        },
        (_, retry) => retry,
    };
    let reason = match (kind, told.sentence) {
        (_, Some(sentence)) => sentence,
        (ErrorKind::Throttled, None) => "it asks us to slow down".to_owned(),
        (_, None) => format!("it answers with status {}", answer.status()),
    };
    let message = match kind {
        ErrorKind::Quota => format!("cannot {doing}, the quota does not allow it: {reason}"),
        ErrorKind::Forbidden => format!("cannot {doing}, the {service} service forbids it: {reason}"),
        ErrorKind::Service => format!("cannot {doing}, the {service} service failed: {reason}"),
        ErrorKind::Throttled => format!("cannot {doing}, too many calls to the {service} service: {reason}"),
        ErrorKind::Unauthorized => {
            format!("cannot {doing}, the {service} service does not accept our log-in: {reason}")
        }
        _ => format!("cannot {doing}: {reason}"),
    };
    let error =
        Error::new(kind, message).retry(retry).with("status", answer.status()).with("url", answer.url());
    let error = match answer.header("x-openstack-request-id").or(answer.header("x-compute-request-id")) {
        Some(request) if request.len() < 100 => error.with("request", printable(request)),
        _ => error,
    };
    match kind {
        ErrorKind::Quota => {
            error.hint("delete what is no longer needed, or ask the cloud for a larger quota")
        }
        ErrorKind::Throttled => error.hint("try again later"),
        _ => error,
    }
}

/// What the body of a refusal says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The name of the fault: `badRequest`, `OverQuota` …
    pub(crate) fault: String,
    /// The sentence.
    pub(crate) sentence: Option<String>,
}

impl Told {
    pub(crate) fn read(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::from_json(&value),
            Err(_) => Self { fault: String::new(), sentence: from_page(body) },
        }
    }

    fn from_json(value: &Value) -> Self {
        let Some(object) = value.as_object() else {
            return Self::default();
        };
        // Nova {"badRequest": {"message"}}, Keystone {"error": {"message", "title"}},
        // Neutron {"NeutronError": {"type", "message"}}, the older {"NeutronError": "…"},
        // version refusals {"errors": [{"title", "detail"}]}, Glance {"message"} or {"title"}.
        for name in ["message", "faultstring"] {
            if let Some(text) = object.get(name).and_then(Value::as_str) {
                return Self { fault: String::new(), sentence: sentence(text) };
            }
        }
        let Some((fault, inner)) = object.iter().next() else {
            return Self::default();
        };
        let inner = match inner {
            Value::Array(list) => list.first().unwrap_or(&Value::Null),
            other => other,
        };
        let text = |name: &str| inner.get(name).and_then(Value::as_str);
        let told = inner.as_str().or(text("message")).or(text("detail")).or(text("title"));
        Self { fault: text("type").unwrap_or(fault).to_owned(), sentence: told.and_then(sentence) }
    }
}

/// Glance and proxies answer with pages: their text without marks.
fn from_page(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let trimmed = text.trim_start();
    if trimmed.starts_with(['{', '[']) {
        return None;
    }
    let without_head = trimmed.split_once("</head>").map_or(trimmed, |(_, rest)| rest);
    let mut plain = String::new();
    let mut inside = false;
    for character in without_head.chars().take(8 * SENTENCE) {
        match character {
            '<' => inside = true,
            '>' => {
                inside = false;
                plain.push(' ');
            }
            _ if !inside => plain.push(character),
            _ => {}
        }
    }
    sentence(&plain)
}

/// One line, no full stop at its end, not too long.
fn sentence(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let joined = words.join(" ");
    let line = printable(joined.trim_end_matches('.'));
    if line.is_empty() {
        return None;
    }
    if line.chars().count() > SENTENCE {
        return Some(line.chars().take(SENTENCE).chain(['…']).collect());
    }
    Some(line.into_owned())
}

fn kind(status: u16, told: &Told) -> ErrorKind {
    let says = |part: &str| {
        told.sentence.as_deref().is_some_and(|sentence| sentence.to_ascii_lowercase().contains(part))
    };
    match status {
        401 => ErrorKind::Unauthorized,
        // "Forbidden" in policy messages never speaks of a quota.
        403 | 413 if says("quota exceeded") || says("quota") && says("exceed") => ErrorKind::Quota,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        409 if matches!(
            told.fault.as_str(),
            "OverQuota" | "IpAddressGenerationFailure" | "ExternalIpAddressExhausted"
        ) || says("quota exceeded") =>
        {
            ErrorKind::Quota
        }
        409 => ErrorKind::Conflict,
        413 | 429 => ErrorKind::Throttled,
        405 | 406 | 501 => ErrorKind::Unsupported,
        400..=499 => ErrorKind::BadInput,
        _ => ErrorKind::Service,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(body: &str) -> (String, String) {
        let told = Told::read(body.as_bytes());
        (told.fault, told.sentence.unwrap_or_default())
    }

    #[test]
    fn every_service_is_understood() {
        for (body, fault, sentence) in [
            (
                r#"{"forbidden": {"code": 403, "message": "Quota exceeded for instances: Requested 1."}}"#,
                "forbidden",
                "Quota exceeded for instances: Requested 1",
            ),
            (
                r#"{"NeutronError": {"type": "OverQuota", "message": "Quota exceeded for resources: ['floatingip'].", "detail": ""}}"#,
                "OverQuota",
                "Quota exceeded for resources: ['floatingip']",
            ),
            (
                r#"{"error": {"code": 401, "message": "Could not\n recognize.", "title": "Unauthorized"}}"#,
                "error",
                "Could not recognize",
            ),
            (
                r#"{"errors": [{"status": 406, "title": "Requested microversion is unsupported", "max_version": "2.60"}]}"#,
                "errors",
                "Requested microversion is unsupported",
            ),
            (
                "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1>No image found<br /></body></html>",
                "",
                "404 Not Found No image found",
            ),
            ("{\"broken", "", ""),
            ("[]", "", ""),
        ] {
            assert_eq!(told(body), (fault.to_owned(), sentence.to_owned()), "{body}");
        }
    }

    #[test]
    fn quotas_are_told_from_rules_and_rates() {
        let of = |status, body: &str| kind(status, &Told::read(body.as_bytes()));
        assert_eq!(of(403, r#"{"forbidden": {"message": "Quota exceeded for cores"}}"#), ErrorKind::Quota);
        assert_eq!(of(403, r#"{"forbidden": {"message": "Policy doesn't allow it"}}"#), ErrorKind::Forbidden);
        assert_eq!(of(409, r#"{"NeutronError": {"type": "OverQuota", "message": "x"}}"#), ErrorKind::Quota);
        assert_eq!(of(409, r#"{"conflictingRequest": {"message": "x"}}"#), ErrorKind::Conflict);
        assert_eq!(
            of(413, r#"{"overLimit": {"message": "This request was rate-limited."}}"#),
            ErrorKind::Throttled
        );
        assert_eq!(of(500, ""), ErrorKind::Service);
    }

    proptest! {
        #[test]
        fn no_body_makes_a_long_or_broken_message(body in prop::collection::vec(any::<u8>(), 0..2000)) {
            if let Some(sentence) = Told::read(&body).sentence {
                prop_assert!(sentence.chars().count() <= SENTENCE + 1);
                prop_assert!(!sentence.chars().any(char::is_control));
            }
        }

        #[test]
        fn no_page_leaves_a_mark(inner in "[a-z <>/]{0,80}") {
            let sentence = Told::read(format!("<html>{inner}</html>").as_bytes()).sentence.unwrap_or_default();
            prop_assert!(!sentence.contains('<'));
        }
    }
}

//! Errors as `application/problem+json` (RFC 9457), with our kinds, places and hints.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use cloudmesh_model::{Error, ErrorKind, Retry};
use serde_json::{Value, json};

/// The media type of errors.
pub(crate) const PROBLEM: &str = "application/problem+json";

/// The HTTP status of each kind of error.
#[must_use]
pub(crate) fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::BadInput => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Ambiguous
        | ErrorKind::Conflict
        | ErrorKind::Quota
        | ErrorKind::Stale
        | ErrorKind::Partial => StatusCode::CONFLICT,
        ErrorKind::Forbidden | ErrorKind::Refused => StatusCode::FORBIDDEN,
        // The cloud's answer to our credentials, not ours to the caller's.
        ErrorKind::Unauthorized => StatusCode::FAILED_DEPENDENCY,
        ErrorKind::Unsupported => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Unreachable => StatusCode::GATEWAY_TIMEOUT,
        ErrorKind::Throttled | ErrorKind::Interrupted | ErrorKind::Store => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Service => StatusCode::BAD_GATEWAY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The members of a problem.
pub(crate) fn members(error: &Error, status: StatusCode) -> Value {
    let kind = json!(error.kind());
    json!({
        "type": format!("urn:cloudmesh:error:{}", kind.as_str().unwrap_or("internal")),
        "title": status.canonical_reason().unwrap_or("Error"),
        "status": status.as_u16(),
        "detail": error.message(),
        "kind": kind,
        "place": error.place(),
        "hint": error.hint_text(),
    })
}

/// An error as an answer.
pub(crate) fn problem(error: &Error) -> Response {
    problem_with(error, status(error.kind()), None)
}

/// An error as an answer, with another status than its kind has, and what was done all the same.
pub(crate) fn problem_with(error: &Error, status: StatusCode, outcome: Option<Value>) -> Response {
    let mut body = members(error, status);
    if let Some(outcome) = outcome {
        body["outcome"] = outcome;
    }
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
    if let Retry::Temporary { after_ms: Some(after) } = error.retry_class() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after.div_ceil(1000).max(1)));
    }
    response
}

/// The JSON schema of a problem.
pub(crate) fn schema() -> Value {
    let text = |about: &str| json!({ "type": "string", "description": about });
    let maybe = |about: &str| json!({ "type": ["string", "null"], "description": about });
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457)",
        "required": ["type", "title", "status", "detail", "kind"],
        "properties": {
            "type": text("The kind as a URN"),
            "title": text("The status in words"),
            "status": { "type": "integer", "description": "The status" },
            "detail": text("What happened, one sentence"),
            "kind": text("The kind of error, as in the output of the prompt"),
            "place": maybe("The cloud or cluster where it happened"),
            "hint": maybe("What to do about it"),
            "outcome": { "type": "object", "description": "How the plan ended, where one was begun" },
        },
    })
}

//! An answer as it goes out, and as it is kept for whoever asks the same again.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use cloudmesh_model::{Error, Result};
use cloudmesh_resource::Plan;
use serde::{Deserialize, Serialize};

use crate::door::{Ended, RestDoor};
use crate::problem::{self, PROBLEM};
use cloudmesh_client::Door as _;

/// A whole answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
    /// Whether the work was stopped from outside: such an answer is not kept.
    #[serde(default)]
    pub(crate) interrupted: bool,
}

impl Answer {
    /// The answer that an operation gave, or the error that it ended with.
    pub(crate) fn of(result: Result<()>, door: &mut RestDoor, dry_run: bool) -> Self {
        let ended = door.ended.clone();
        let text = door.finish().map(|(bytes, _)| String::from_utf8_lossy(&bytes).into_owned());
        let (result, text) = match text {
            Ok(text) => (result, text),
            Err(error) => (Err(error), String::new()),
        };
        match result {
            Ok(()) => match ended {
                Ended::Plan { saved: true, id } if !dry_run => Self {
                    status: StatusCode::CREATED.as_u16(),
                    location: Some(plan_url(&id)),
                    body: text,
                    interrupted: false,
                },
                _ => Self { status: 200, location: None, body: text, interrupted: false },
            },
            Err(error) => {
                let status = problem::status(error.kind());
                let mut members = problem::members(&error, status);
                if ended == Ended::Outcome {
                    members["outcome"] = serde_json::from_str(&text).unwrap_or_default();
                }
                let interrupted = error.kind() == cloudmesh_model::ErrorKind::Interrupted;
                Self { status: status.as_u16(), location: None, body: members.to_string(), interrupted }
            }
        }
    }

    /// That the work goes on, with the plan.
    pub(crate) fn accepted(plan: &Plan) -> Self {
        let mut door = RestDoor::new(Vec::new(), None, None);
        door.plan(plan, true);
        let body = door.finish().map(|(bytes, _)| String::from_utf8_lossy(&bytes).into_owned());
        Self {
            status: StatusCode::ACCEPTED.as_u16(),
            location: Some(plan_url(plan.id.as_str())),
            body: body.unwrap_or_default(),
            interrupted: false,
        }
    }

    /// The same as HTTP has it.
    pub(crate) fn response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let media = if status.is_success() { "application/json" } else { PROBLEM };
        let mut response = json(status, self.body.into());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        if let Some(location) = self.location.and_then(|location| HeaderValue::try_from(location).ok()) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

/// Where a plan is looked at.
pub(crate) fn plan_url(id: &str) -> String {
    format!("/v1/plans/{id}")
}

/// A JSON text as an answer.
pub(crate) fn json(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An error as an answer.
pub(crate) fn refuse(error: &Error) -> Response {
    problem::problem(error)
}

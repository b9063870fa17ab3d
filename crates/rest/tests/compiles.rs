//! A route without authentication does not compile, unless it is marked.

use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use cloudmesh_rest::{Asked, Caller, Guarded};

async fn with_a_caller(_: Caller, _: Asked) -> Response {
    Response::default()
}

async fn marked(_: Parts) -> Response {
    Response::default()
}

/// What does compile: the cases below differ from it in what they lack, and in nothing else.
#[test]
fn a_route_with_a_caller_and_a_marked_one_compile() {
    let _ = Guarded::new().route(&Method::GET, "/v1/mine", with_a_caller).open(
        "it says nothing that is anybody's",
        &Method::GET,
        "/v1/open",
        marked,
    );
}

#[test]
fn a_route_without_a_caller_does_not_compile() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/routes/without_a_caller.rs");
    cases.compile_fail("tests/routes/a_made_up_caller.rs");
}

use axum::http::Method;
use axum::response::Response;
use cloudmesh_rest::{Asked, Caller, Guarded};

async fn answer(_: Caller, _: Asked) -> Response {
    Response::default()
}

fn main() {
    let _ = Guarded::new().route(&Method::GET, "/v1/mine", answer);
}

use axum::http::Method;
use axum::response::Response;
use cloudmesh_rest::{Asked, Guarded};

async fn answer(_: Asked) -> Response {
    Response::default()
}

fn main() {
    let _ = Guarded::new().route(&Method::GET, "/v1/mine", answer);
}

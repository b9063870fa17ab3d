use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use cloudmesh_rest::Guarded;

async fn answer(_: Parts) -> Response {
    Response::default()
}

fn main() {
    let _ = Guarded::new().open("it says nothing that is anybody's", &Method::GET, "/v1/open", answer);
}

//! Answers that no well-behaved service gives.

use cloudmesh_model::ErrorKind;

use crate::little_service::{Told, little_cloud};
use crate::support::{User, images, servers};

#[tokio::test]
async fn a_list_that_goes_round_in_circles_is_an_error() {
    let place = little_cloud(|_| {
        Told::json(r#"{"servers": [{"id": "1"}], "servers_links": [{"rel": "next", "href": "/x?marker=1"}]}"#)
    })
    .await;
    let error = servers(&*User::default().connect(&place)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(error.message().contains("same page"), "{error}");
}

#[tokio::test]
async fn a_later_page_that_fails_fails_the_list() {
    let place = little_cloud(|asked| match asked.marker() {
        None => Told::json(r#"{"images": [{"id": "1"}], "next": "/v2/images?marker=1"}"#),
        Some(_) => Told { status: 500, body: "<html><body>Oops</body></html>".to_owned() },
    })
    .await;
    let error = images(&*User::default().connect(&place)).await.unwrap_err();
    assert_eq!(error.message(), "cannot read the images, the image service failed: Oops");
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_told_without_being_shown() {
    for body in ["", "null", "{\"servers\": \"geheim\"}", "{\"servers\": [{\"geheim\": 1}]}", "<geheim>"] {
        let place = little_cloud(move |_| Told::json(body)).await;
        let error = servers(&*User::default().connect(&place)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Service, "{body}");
        assert!(!format!("{error:?}").contains("geheim"), "{error:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_never_accepted_ends_the_call() {
    let place =
        little_cloud(|_| Told { status: 401, body: r#"{"error": {"message": "No."}}"#.to_owned() }).await;
    let error = servers(&*User::default().connect(&place)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
}

#[tokio::test]
async fn the_token_is_sent_to_the_catalogues_endpoint_only() {
    let place = little_cloud(|asked| {
        assert!(asked.method == "GET" && asked.path.starts_with("/compute/v2.1/servers/detail"));
        Told::json(match asked.marker() {
            None => r#"{"servers": [{"id": "1"}], "servers_links": [{"rel": "next", "href": "http://127.0.0.1:9/steal?marker=1"}]}"#,
            Some(_) => r#"{"servers": [{"id": "2"}]}"#,
        })
    })
    .await;
    assert_eq!(servers(&*User::default().connect(&place)).await.unwrap().len(), 2);
}

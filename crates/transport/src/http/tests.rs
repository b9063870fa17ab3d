//! The client against a server of a few lines that answers as each test says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cloudmesh_model::{Error, ErrorKind, Retry, Secret};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Call, Client, Effect, Settings, redaction, repeat};

/// Gives the answers one after the other, the last one for ever; an empty one closes the connection.
async fn server(answers: Vec<String>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 65536];
            if socket.read(&mut buffer).await.unwrap_or(0) == 0 {
                continue;
            }
            let number = counter.fetch_add(1, Ordering::SeqCst);
            let answer = answers.get(number).or(answers.last()).unwrap();
            if answer == "hang" {
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    drop(socket);
                });
                continue;
            }
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (url, count)
}

fn answer(status: u16, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn client() -> Client {
    Client::new(Settings::default())
}

#[tokio::test]
async fn a_lost_read_is_repeated() {
    let (url, count) = server(vec![String::new(), String::new(), answer(200, "", "[1]")]).await;
    let answer = client().send(Call::get(&url)).await.unwrap();
    assert_eq!(answer.json::<Vec<u8>>().unwrap(), [1]);
    assert_eq!(count.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_read_is_not_repeated_for_ever() {
    let (url, count) = server(vec![String::new()]).await;
    let error = client().send(Call::get(&url)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert_eq!(error.retry_class(), Retry::Temporary { after_ms: None });
    assert_eq!(count.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_lost_change_is_uncertain_and_sent_once() {
    for lost in [String::new(), "HTTP/1.1 202 X\r\ncontent-length: 100\r\n\r\n{".to_owned()] {
        let (url, count) = server(vec![lost]).await;
        let error = client().send(Call::post(&url).json("x").unwrap()).await.unwrap_err();
        assert_eq!(error.retry_class(), Retry::Uncertain, "{error}");
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_change_past_its_deadline_is_uncertain() {
    let (url, _) = server(vec!["hang".to_owned()]).await;
    let call = Call::delete(&url).deadline(Duration::from_millis(100));
    let error = client().send(call).await.unwrap_err();
    assert_eq!(error.retry_class(), Retry::Uncertain, "{error}");
}

#[tokio::test]
async fn a_change_that_found_nobody_was_surely_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/x?token=geheim", listener.local_addr().unwrap());
    drop(listener);
    for call in [Call::post(&url), Call::get(&url)] {
        let error = client().send(call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        assert_eq!(error.retry_class(), Retry::Temporary { after_ms: None });
        assert!(!format!("{error:?}").contains("geheim"), "{error:?}");
    }
}

#[tokio::test]
async fn throttled_reads_wait_as_told_and_changes_are_told_so() {
    let (url, count) = server(vec![answer(429, "retry-after: 1\r\n", ""), answer(200, "", "1")]).await;
    let begun = std::time::Instant::now();
    assert_eq!(client().send(Call::get(&url)).await.unwrap().json::<u8>().unwrap(), 1);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(count.load(Ordering::SeqCst), 2);

    let (url, count) = server(vec![answer(429, "retry-after: 7\r\n", "")]).await;
    let answer = client().send(Call::post(&url)).await.unwrap();
    assert_eq!(answer.retry(), Retry::Temporary { after_ms: Some(7000) });
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_wait_longer_than_the_deadline_is_not_begun() {
    let (url, count) = server(vec![answer(503, "retry-after: 3600\r\n", "")]).await;
    let answer = client().send(Call::get(&url)).await.unwrap();
    assert_eq!(answer.retry(), Retry::Temporary { after_ms: Some(3_600_000) });
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_answer_is_never_larger_than_the_limit() {
    let big = Client::new(Settings { body_limit: 10, ..Settings::default() });
    let (url, _) = server(vec![answer(200, "", "12345678901")]).await;
    assert_eq!(big.send(Call::get(&url)).await.unwrap_err().kind(), ErrorKind::Service);
    let chunked = "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n";
    let (url, _) = server(vec![chunked.to_owned()]).await;
    assert_eq!(big.send(Call::get(&url)).await.unwrap_err().kind(), ErrorKind::Service);
    assert_eq!(big.send(Call::post(&url)).await.unwrap_err().retry_class(), Retry::Uncertain);
}

#[tokio::test]
async fn an_error_about_json_does_not_repeat_the_body() {
    let (url, _) = server(vec![answer(200, "", "{\"adminPass\": geheim}")]).await;
    let answer = client().send(Call::get(&url)).await.unwrap();
    let error: Error = answer.json::<serde_json::Value>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Service);
    assert!(!format!("{error:?}").contains("geheim"), "{error:?}");
}

#[tokio::test]
async fn reads_follow_redirects_within_the_host_only() {
    let (target, _) = server(vec![answer(200, "", "2")]).await;
    let (url, _) = server(vec![answer(302, &format!("location: {target}/there\r\n"), "")]).await;
    let read = client().send(Call::get(&url)).await.unwrap();
    assert_eq!(read.json::<u8>().unwrap(), 2);
    let change = client().send(Call::post(&url)).await.unwrap();
    assert_eq!(change.status(), 302);

    let (url, _) = server(vec![answer(302, "location: http://other.invalid/\r\n", "")]).await;
    assert_eq!(client().send(Call::get(&url)).await.unwrap_err().kind(), ErrorKind::Service);
    let (url, _) = server(vec![answer(302, "location: /again\r\n", "")]).await;
    assert_eq!(client().send(Call::get(&url)).await.unwrap_err().kind(), ErrorKind::Service);
}

#[tokio::test]
async fn secret_headers_do_not_go_to_another_port() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other = format!("http://{}/", listener.local_addr().unwrap());
    let (url, _) = server(vec![answer(302, &format!("location: {other}\r\n"), "")]).await;
    let seen = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut buffer = vec![0; 65536];
        let length = socket.read(&mut buffer).await.unwrap();
        socket.write_all(answer(200, "", "1").as_bytes()).await.unwrap();
        String::from_utf8_lossy(&buffer[..length]).to_lowercase()
    });
    let call = Call::get(&url).secret_header("X-Auth-Token", &Secret::from("geheim")).unwrap();
    assert!(!format!("{call:?}").contains("geheim"));
    client().send(call.header("X-Other", "there").unwrap()).await.unwrap();
    let seen = seen.await.unwrap();
    assert!(seen.contains("x-other") && !seen.contains("geheim"), "{seen}");
}

#[tokio::test]
async fn what_speaks_no_tls_and_what_is_no_url_are_told_apart() {
    let (url, _) = server(vec![answer(200, "", "")]).await;
    let error = client().send(Call::get(url.replace("http:", "https:"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error:?}");
    for url in ["", "kilo", "ftp://x/", "http://"] {
        assert_eq!(client().send(Call::get(url)).await.unwrap_err().kind(), ErrorKind::BadInput, "{url}");
    }
}

/// Answers `1` over TLS, with a certificate for `name` that only itself vouches for.
async fn secure_server(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let pem = made.cert.pem();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let configuration = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(configuration));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let Ok(mut socket) = acceptor.accept(socket).await else { continue };
            let mut buffer = vec![0; 65536];
            let _ = socket.read(&mut buffer).await;
            let _ = socket.write_all(answer(200, "", "1").as_bytes()).await;
            let _ = socket.shutdown().await;
        }
    });
    (url, pem)
}

#[tokio::test]
async fn a_certificate_is_trusted_only_where_the_user_says_so() {
    let (url, pem) = secure_server("localhost").await;
    for call in [Call::get(&url), Call::post(&url)] {
        let error = client().send(call).await.unwrap_err();
        assert_eq!((error.kind(), error.retry_class()), (ErrorKind::Unreachable, Retry::Permanent));
        assert!(super::is_untrusted_certificate(&error), "{error:?}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &pem).unwrap();
    let cacert = Some(file.path().to_owned());
    let trusting = Client::new(Settings { cacert: cacert.clone(), ..Settings::default() });
    assert_eq!(trusting.send(Call::post(&url)).await.unwrap().json::<u8>().unwrap(), 1);
    let careless = Client::new(Settings { insecure: true, ..Settings::default() });
    assert_eq!(careless.send(Call::get(&url)).await.unwrap().status(), 200);

    let (elsewhere, pem) = secure_server("elsewhere.invalid").await;
    std::fs::write(file.path(), &pem).unwrap();
    let trusting = Client::new(Settings { cacert, ..Settings::default() });
    let error = trusting.send(Call::get(&elsewhere)).await.unwrap_err();
    assert!(error.message().contains("another host name"), "{error}");

    for text in ["", "no certificate"] {
        std::fs::write(file.path(), text).unwrap();
        let cacert = Some(file.path().to_owned());
        let broken = Client::new(Settings { cacert, ..Settings::default() });
        assert_eq!(broken.send(Call::get(&url)).await.unwrap_err().kind(), ErrorKind::BadInput);
    }
}

#[test]
fn the_fate_of_a_change_follows_from_its_status() {
    let at_once = Retry::Temporary { after_ms: None };
    for status in [500, 502, 503, 504, 408] {
        assert_eq!(repeat::retry_of(Effect::Change, status, None), Retry::Uncertain);
    }
    assert_eq!(repeat::retry_of(Effect::Change, 429, None), at_once);
    let wait = Some(Duration::from_secs(2));
    assert_eq!(repeat::retry_of(Effect::Change, 503, wait), Retry::Temporary { after_ms: Some(2000) });
    assert_eq!(repeat::retry_of(Effect::Change, 409, None), Retry::Permanent);
    assert_eq!(repeat::retry_of(Effect::Read, 500, None), at_once);
    assert_eq!(repeat::retry_of(Effect::Read, 404, None), Retry::Permanent);
}

#[test]
fn retry_after_is_seconds_or_a_date() {
    let now = "1994-11-06T08:49:07Z".parse().unwrap();
    assert_eq!(repeat::retry_after("30", now), Some(Duration::from_secs(30)));
    let date = repeat::retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now);
    assert_eq!(date, Some(Duration::from_secs(30)));
    let past = repeat::retry_after("Sun, 06 Nov 1994 08:48:37 GMT", now);
    assert_eq!(past, Some(Duration::ZERO));
    assert_eq!(repeat::retry_after("soon", now), None);
}

proptest! {
    #[test]
    fn no_secret_of_a_url_is_shown(secret in "[a-z]{12}", name in "(X-Amz-)?(token|Signature|PASSWORD|api_key)") {
        let shown = redaction::shown_url(&format!("https://me:{secret}@h/p?a=1&{name}={secret}#{secret}"));
        prop_assert!(!shown.contains(&secret), "{}", shown);
        prop_assert!(shown.starts_with("https://h/p?a=1"), "{}", shown);
    }

    #[test]
    fn no_retry_after_makes_it_panic(value in "\\PC*") {
        let _ = repeat::retry_after(&value, jiff::Timestamp::UNIX_EPOCH);
    }
}

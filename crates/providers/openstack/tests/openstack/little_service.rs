//! A cloud of a few lines: it logs anybody in, and answers everything else as a test says.

use std::sync::Arc;

use cloudmesh_model::Secret;
use cloudmesh_resource::PlaceDescription;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use crate::support::description;

/// What was asked.
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query; it begins with the service, as in `/compute/v2.1/servers`.
    pub(crate) path: String,
    /// Headers in lower case, `name: value`.
    pub(crate) headers: Vec<String>,
}

impl Asked {
    pub(crate) fn marker(&self) -> Option<&str> {
        self.path.split(['?', '&']).find_map(|pair| pair.strip_prefix("marker="))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// An answer.
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Told {
    pub(crate) fn json(body: &str) -> Self {
        Self { status: 200, body: body.to_owned() }
    }
}

/// Starts the cloud and describes it.
pub(crate) async fn little_cloud(
    answer: impl Fn(&Asked) -> Told + Send + Sync + 'static,
) -> PlaceDescription {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}", listener.local_addr().unwrap());
    let services = ["compute", "image", "network"].map(|kind| {
        format!(
            r#"{{"type": "{kind}", "endpoints": [{{"interface": "public", "region_id": "r", "url": "{root}/{kind}"}}]}}"#
        )
    });
    let token = format!(
        r#"{{"token": {{"expires_at": "2099-01-01T00:00:00.000000Z", "catalog": [{}]}}}}"#,
        services.join(", ")
    );
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let (token, answer) = (token.clone(), answer.clone());
            tokio::spawn(async move {
                let (reading, mut writing) = socket.into_split();
                let mut lines = BufReader::new(reading).lines();
                while let Ok(Some(first)) = lines.next_line().await {
                    let mut headers = Vec::new();
                    while let Ok(Some(line)) = lines.next_line().await {
                        if line.is_empty() {
                            break;
                        }
                        headers.push(line.to_lowercase());
                    }
                    let mut parts = first.split(' ').map(str::to_owned);
                    let asked = Asked { method: parts.next().unwrap(), path: parts.next().unwrap(), headers };
                    let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
                    let mut body = vec![0; length];
                    lines.get_mut().read_exact(&mut body).await.unwrap();
                    let told = if asked.path == "/v3/auth/tokens" {
                        Told { status: 201, body: token.clone() }
                    } else {
                        answer(&asked)
                    };
                    let head = format!(
                        "HTTP/1.1 {} X\r\nx-subject-token: t\r\ncontent-length: {}\r\n\r\n",
                        told.status,
                        told.body.len()
                    );
                    writing.write_all(head.as_bytes()).await.unwrap();
                    writing.write_all(told.body.as_bytes()).await.unwrap();
                }
            });
        }
    });
    let settings = [("OS_AUTH_URL", root.as_str()), ("OS_USERNAME", "albert"), ("OS_PROJECT_NAME", "p")];
    let mut place = description("little", &settings);
    place.secrets.insert("OS_PASSWORD".to_owned(), Secret::from("x"));
    place
}

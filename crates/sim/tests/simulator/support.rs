//! A small HTTP client for the tests: one connection a call, everything of the answer kept, nothing interpreted.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cloudmesh_sim::{CloudOptions, ManualClock, Options, Simulator};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    /// The message of an error, whichever service worded it.
    pub(crate) fn message(&self) -> String {
        let body = self.json();
        let inner = body.as_object().unwrap().values().next().unwrap().clone();
        inner["message"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

/// One call.
pub(crate) async fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(address).await?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    text.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len()));
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(&body);
    stream.write_all(text.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, text) = answer.split_once("\r\n\r\n").ok_or_else(|| io::Error::other("no answer"))?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    Ok(Reply { status, headers, text: text.to_owned() })
}

/// A simulator with a clock that stands still, and somebody logged in to its cloud `sim`.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) token: String,
    pub(crate) version: String,
}

impl World {
    pub(crate) async fn new(cloud: CloudOptions) -> Self {
        Self::with(Options { clouds: vec![cloud], ..Options::default() }).await
    }

    pub(crate) async fn with(mut options: Options) -> Self {
        let clock = Arc::new(ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
        options.clock = clock.clone();
        let simulator = Simulator::start(options).await.unwrap();
        let mut world = Self { simulator, clock, token: String::new(), version: "2.90".to_owned() };
        world.token = world.log_in("demo", "simdemo", "demo").await.unwrap();
        world
    }

    /// A token, or the status of the refusal.
    pub(crate) async fn log_in(&self, user: &str, password: &str, project: &str) -> Result<String, u16> {
        let domain = json!({"id": "default"});
        let body = json!({"auth": {
            "identity": {"methods": ["password"],
                         "password": {"user": {"name": user, "password": password, "domain": domain}}},
            "scope": {"project": {"name": project, "domain": domain}}}});
        let reply =
            call(self.address(), "POST", "/sim/identity/v3/auth/tokens", &[], Some(&body)).await.unwrap();
        reply.headers.get("x-subject-token").cloned().ok_or(reply.status)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.simulator.address()
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// A call to the cloud with the token.
    pub(crate) async fn try_call(&self, method: &str, path: &str, body: Option<&Value>) -> io::Result<Reply> {
        let version = format!("compute {}", self.version);
        let headers = [("X-Auth-Token", self.token.as_str()), ("OpenStack-API-Version", &version)];
        call(self.address(), method, &format!("/sim{path}"), &headers, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.try_call("GET", path, None).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.try_call("DELETE", path, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.try_call("POST", path, Some(&body)).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.try_call("PUT", path, Some(&body)).await.unwrap()
    }

    /// A call to the control API.
    pub(crate) async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Reply {
        let bearer = format!("Bearer {}", self.simulator.control_token());
        call(self.address(), method, &format!("/_sim{path}"), &[("Authorization", &bearer)], body.as_ref())
            .await
            .unwrap()
    }

    pub(crate) async fn id_of(&self, path: &str, key: &str, name: &str) -> String {
        let rows = self.get(path).await.json();
        let row = rows[key].as_array().unwrap().iter().find(|row| row["name"] == name);
        row.unwrap_or_else(|| panic!("no {name} in {rows}"))["id"].as_str().unwrap().to_owned()
    }

    /// What `POST /servers` wants.
    pub(crate) async fn server_body(&self, name: &str) -> Value {
        let image = self.id_of("/image/v2/images", "images", "cirros-sim").await;
        let network = self.id_of("/network/v2.0/networks", "networks", "private").await;
        json!({"server": {"name": name, "imageRef": image, "flavorRef": "42", "networks": [{"uuid": network}]}})
    }

    /// A new server, in BUILD.
    pub(crate) async fn boot(&self, name: &str) -> String {
        let body = self.server_body(name).await;
        let reply = self.post("/compute/v2.1/servers", body).await.expect(202);
        reply.json()["server"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn server(&self, id: &str) -> Value {
        self.get(&format!("/compute/v2.1/servers/{id}")).await.expect(200).json()["server"].clone()
    }

    /// Follows the links to the last page; the rows' names or ids, and how many pages there were.
    pub(crate) async fn all_pages(&self, path: &str, key: &str, column: &str) -> (Vec<String>, usize) {
        let links = format!("{key}_links");
        let root = format!("http://{}/sim", self.address());
        let mut next = path.to_owned();
        let mut rows = Vec::new();
        for pages in 1..1000 {
            let body = self.get(&next).await.expect(200).json();
            rows.extend(
                body[key].as_array().unwrap().iter().map(|row| row[column].as_str().unwrap().to_owned()),
            );
            let link =
                body[&links].as_array().and_then(|links| links.iter().find(|link| link["rel"] == "next"));
            match link {
                Some(link) => {
                    link["href"].as_str().unwrap().strip_prefix(&root).unwrap().clone_into(&mut next)
                }
                None => return (rows, pages),
            }
        }
        panic!("the pages of {path} do not end");
    }
}

//! A server of a home, with tokens, and requests to it.

use serde_json::Value;

use crate::http::{Answer, Ask};
use crate::support::Home;

/// A running server.
pub(crate) struct Served {
    pub(crate) address: String,
    /// A token that may do everything.
    pub(crate) all: String,
}

impl Served {
    /// Starts the server of `home` on a free port.
    pub(crate) fn start(home: &Home) -> Self {
        home.run(&["server", "start", "--listen=127.0.0.1:0"]).ok();
        let status = home.run(&["server", "status", "-o", "json"]).ok().json();
        let address = status["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
        let name = format!("all-{}", status["process"]);
        Self { address, all: token(home, &name, &["--scope=destroy"]) }
    }

    /// A request by who may do everything.
    pub(crate) fn ask(&self, method: &str, target: &str) -> Answer {
        Ask::new(method, target).token(&self.all).to(&self.address)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.ask("GET", target)
    }

    pub(crate) fn post(&self, target: &str, body: &Value) -> Answer {
        Ask::new("POST", target).token(&self.all).body(body).to(&self.address)
    }
}

/// A new token.
pub(crate) fn token(home: &Home, name: &str, options: &[&str]) -> String {
    let mut words = vec!["server", "token", "create", name, "-o", "json"];
    words.extend(options);
    home.run(&words).ok().json()["token"].as_str().unwrap().to_owned()
}

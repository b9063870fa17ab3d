//! Events: what any process changes is told, once, in order, to whoever may know it.

use std::io::BufReader;
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http::{Ask, chunk, head};
use crate::served::{Served, token};
use crate::support::{Home, Simulated, home_with};

/// One event as it came.
#[derive(Clone, Debug)]
struct Told {
    id: u64,
    event: String,
    data: Value,
    at: Instant,
}

/// A listener; it is read in a thread of its own.
struct Listener {
    told: Receiver<Told>,
    stream: TcpStream,
}

impl Listener {
    fn begin(served: &Served, token: &str, target: &str, last: Option<u64>) -> Self {
        let mut ask = Ask::new("GET", target).token(token);
        if let Some(last) = last {
            ask = ask.with("last-event-id", &last.to_string());
        }
        let stream = ask.send(&served.address);
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (status, headers) = head(&mut reader);
        assert_eq!(status, 200);
        assert!(
            headers.contains(&("content-type".to_owned(), "text/event-stream".to_owned())),
            "{headers:?}"
        );
        let (sender, told) = channel();
        std::thread::spawn(move || {
            let mut text = String::new();
            while let Some(bytes) = chunk(&mut reader) {
                text.push_str(&String::from_utf8_lossy(&bytes));
                while let Some((one, rest)) = text.split_once("\n\n") {
                    let field =
                        |name: &str| one.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
                    let told = Told {
                        id: field("id: ").parse().unwrap_or(0),
                        event: field("event: ").to_owned(),
                        data: serde_json::from_str(field("data: ")).unwrap_or_default(),
                        at: Instant::now(),
                    };
                    text = rest.to_owned();
                    if !told.event.is_empty() && sender.send(told).is_err() {
                        return;
                    }
                }
            }
        });
        let listener = Self { told, stream };
        assert_eq!(listener.next().event, "ready");
        listener
    }

    #[track_caller]
    fn next(&self) -> Told {
        self.told.recv_timeout(Duration::from_secs(30)).unwrap()
    }

    /// The next event that `wanted` takes.
    #[track_caller]
    fn until(&self, wanted: impl Fn(&Told) -> bool) -> Told {
        loop {
            let told = self.next();
            if wanted(&told) {
                return told;
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }
}

#[test]
fn what_the_prompt_changes_is_told_and_who_comes_back_missed_nothing() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    let served = Served::start(&home);
    let listener = Listener::begin(&served, &served.all, "/v1/events?kinds=server,plan,variable", None);
    home.line("var set course=e516").ok();
    let variable = listener.until(|told| told.event == "variable");
    assert_eq!(variable.data["item"], json!({ "name": "course", "value": "e516" }));
    home.line("vm boot web1 --cloud=sim").ok();
    let running = listener.until(|told| told.event == "plan" && told.data["item"]["state"] == "running");
    let machine = listener.until(|told| told.event == "server" && told.data["item"]["status"] == "active");
    assert_eq!(machine.data["item"]["name"], "web1");
    let done = listener.until(|told| told.event == "plan" && told.data["item"]["state"] == "done");
    assert!(running.id < machine.id && machine.id < done.id);
    drop(listener);
    // While nobody listened …
    home.line("vm delete web1 --cloud=sim --yes").ok();
    let back = Listener::begin(&served, &served.all, "/v1/events?kinds=server", Some(done.id));
    let gone = back.until(|told| told.data["deleted"] == true);
    assert_eq!((&gone.data["kind"], &gone.data["id"]), (&json!("server"), &machine.data["id"]));
    // The server is another one now, the events are the same.
    drop(back);
    home.run(&["server", "stop"]).ok();
    let served = Served::start(&home);
    let back = Listener::begin(&served, &served.all, "/v1/events?kinds=server", Some(done.id));
    assert_eq!(back.until(|told| told.data["deleted"] == true).id, gone.id);
}

#[test]
fn a_change_by_another_process_reaches_a_listener_soon() {
    let home = Home::new();
    let served = Served::start(&home);
    let listener = Listener::begin(&served, &served.all, "/v1/events?kinds=variable", None);
    let mut delays: Vec<Duration> = (0..5)
        .map(|number| {
            home.line(&format!("var set course=e{number}")).ok();
            let ended = Instant::now();
            listener.next().at.saturating_duration_since(ended)
        })
        .collect();
    delays.sort();
    // The bench measures it; a test on a busy computer only tells a tick from a minute.
    assert!(delays[2] < Duration::from_secs(2), "{delays:?}");
}

#[test]
fn events_are_for_whom_they_are_meant() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    simulated.register_as(&home, "other", &simulated.credentials.auth_url, &simulated.credentials.password);
    let served = Served::start(&home);
    Ask::new("GET", "/v1/events").to(&served.address).refused(401, "unauthorized");
    served.get("/v1/events?kinds=secret").refused(400, "bad_input");
    served.get("/v1/events?nothing=1").refused(400, "bad_input");
    Ask::new("GET", "/v1/events")
        .token(&served.all)
        .with("last-event-id", "x")
        .to(&served.address)
        .expect(400);
    let limited = token(&home, "limited", &["--places=other"]);
    let listener = Listener::begin(&served, &limited, "/v1/events", None);
    home.line("vm boot web1 --cloud=sim").ok();
    home.line("vm boot web2 --cloud=other").ok();
    let seen = listener.until(|told| told.event == "server" && told.data["item"]["status"] == "active");
    assert_eq!(seen.data["place"], "other");
    while let Ok(told) = listener.told.try_recv() {
        assert_ne!(told.data["place"], "sim", "{told:?}");
    }
    // A token that is taken away ends what it opened.
    home.run(&["server", "token", "delete", "limited"]).ok();
    home.line("vm delete web2 --cloud=other --yes").ok();
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        match listener.told.recv_timeout(Duration::from_secs(30)) {
            Err(RecvTimeoutError::Disconnected) => break,
            _ => assert!(Instant::now() < until, "it still listens"),
        }
    }
    Ask::new("GET", "/v1/events").token(&limited).to(&served.address).refused(401, "unauthorized");
}

//! Clouds that cannot be used: wrong credentials, dead or untrusted addresses, no room.

use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cloudmesh_sim::{DeadMode, FaultSettings};

use crate::support::{Home, Ran, Simulated, home_with};

/// What a person waits before it is taken for broken.
const SOON: Duration = Duration::from_secs(45);

/// A change is refused with one message, and a list tells the same.
fn both(home: &Home, code: i32, says: &str) -> [Ran; 2] {
    std::thread::scope(|scope| {
        let timed = |line: &'static str| {
            let begun = Instant::now();
            let ran = home.line(line);
            assert!(begun.elapsed() < SOON, "it took {:?}: {ran}", begun.elapsed());
            ran
        };
        let list = scope.spawn(move || timed("vm list --cloud=kilo --refresh"));
        let boot = scope.spawn(move || timed("vm boot web1 --cloud=kilo --image=i --flavor=f"));
        let (list, boot) = (list.join().unwrap(), boot.join().unwrap());
        let list = list.expect(code);
        assert!(list.stderr.contains(says), "it does not say `{says}`: {list}");
        assert_eq!(list.stderr.matches("error:").count(), 1, "more than one message: {list}");
        for no in ["panicked", "{\"", "stack backtrace"] {
            assert!(!list.stderr.contains(no), "{list}");
        }
        [list, boot.refused(code, says)]
    })
}

#[test]
fn what_is_to_be_determined_is_named_and_never_sent() {
    let simulated = Simulated::new();
    let home = Home::new();
    home.configure(&format!(
        "cloudmesh:\n  clouds:\n    kilo:\n      cm_type: openstack\n      credentials:\n        OS_AUTH_URL: {}\n        OS_USERNAME: TBD\n        OS_PASSWORD: TBD\n        OS_PROJECT_NAME: demo\n",
        simulated.credentials.auth_url
    ));
    for ran in both(&home, 2, "TBD") {
        assert!(ran.stderr.contains("OS_USERNAME") && ran.stderr.contains("OS_PASSWORD"), "{ran}");
    }
    assert_eq!(simulated.faults.mark(), 0, "it was sent");
}

#[test]
fn a_wrong_password_is_said_as_such_and_not_repeated() {
    let simulated = Simulated::new();
    let home = Home::new();
    simulated.register_as(&home, "kilo", &simulated.credentials.auth_url, "hunter2");
    for ran in both(&home, 1, "OS_PASSWORD") {
        assert!(!ran.stderr.contains("hunter2"), "{ran}");
    }
    assert!(simulated.faults.mark() <= 4, "{} calls: an account may be locked", simulated.faults.mark());
}

#[test]
fn an_address_where_nobody_listens_is_said_as_such() {
    let simulated = Simulated::new();
    let home = Home::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    simulated.register_as(&home, "kilo", &format!("http://127.0.0.1:{port}/v3"), "x");
    both(&home, 5, "kilo");
}

#[test]
fn an_address_where_nobody_answers_is_given_up_in_time() {
    let simulated = Simulated::new();
    let home = Home::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    simulated.register_as(&home, "kilo", &format!("http://{address}/v3"), "x");
    both(&home, 5, "kilo");
}

#[test]
fn a_cloud_that_falls_silent_is_given_up_in_time_and_its_list_is_told_as_old() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot web1").ok();
    simulated.faults.set(FaultSettings { dead: Some(DeadMode::Silent), ..FaultSettings::default() });
    let begun = Instant::now();
    let list = home.line("vm list --refresh -o json").expect(5);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    let answer = list.json();
    assert_eq!(answer["complete"], false, "{list}");
    assert_eq!(answer["items"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(answer["errors"][0]["place"], "sim", "{list}");
}

#[test]
fn an_untrusted_certificate_is_said_as_such() {
    let simulated = Simulated::new();
    let home = Home::new();
    let folder = home.user();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut server = Command::new("openssl")
        .args(["s_server", "-www", "-quiet", "-key", "key.pem", "-cert", "certificate.pem"])
        .args(["-accept", &format!("127.0.0.1:{port}")])
        .current_dir(&folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    simulated.register_as(&home, "kilo", &format!("https://127.0.0.1:{port}/v3"), "x");
    let tried = std::panic::catch_unwind(|| {
        for ran in both(&home, 5, "certificate") {
            assert!(ran.stderr.contains("OS_CACERT"), "it does not say what to do: {ran}");
        }
    });
    server.kill().unwrap();
    server.wait().unwrap();
    if let Err(panic) = tried {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn a_cloud_that_answers_with_nonsense_is_said_as_such() {
    let simulated = Simulated::new();
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(40) {
            let Ok(mut stream) = stream else { return };
            let mut buffer = [0_u8; 4096];
            let _ = std::io::Read::read(&mut stream, &mut buffer);
            let page = "<html><body>It works! {\"no\": \"json\"}</body></html>";
            let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len());
        }
    });
    simulated.register_as(&home, "kilo", &format!("http://{address}/v3"), "x");
    for ran in both(&home, 1, "kilo") {
        assert!(!ran.stderr.contains("<html>"), "{ran}");
    }
}

#[test]
fn no_room_is_said_as_such_and_nothing_is_left_behind() {
    let simulated = Simulated::with(|cloud| cloud.quotas.instances = 2);
    let home = home_with(&simulated);
    home.line("vm boot web1").ok();
    let refused = home.line("vm boot 'app[1-3]'");
    assert!(matches!(refused.status.code(), Some(1 | 3)), "{refused}");
    assert!(refused.stderr.to_lowercase().contains("quota"), "{refused}");
    assert!(!refused.stderr.contains("{\""), "{refused}");
    let there = home.line("vm list --refresh -o json").ok().items();
    assert!(there.len() <= 2, "{there:?}");
    let one = home.line("vm boot other").expect(1);
    assert!(one.stderr.contains("error: sim: ") && one.stderr.contains("Quota exceeded"), "{one}");
    assert!(!one.stderr.contains("{\""), "{one}");
}

#[test]
fn one_dead_cloud_hurts_no_other() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    simulated.register_as(&home, "kilo", &format!("http://127.0.0.1:{port}/v3"), "x");
    home.line("vm boot web1 --cloud=sim").ok();
    let list = home.line("vm list --cloud=all --refresh -o json");
    let answer = list.json();
    assert_eq!(answer["items"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(answer["complete"], false, "{list}");
    assert_eq!(answer["errors"][0]["place"], "kilo", "{list}");
    list.expect(3);
}

//! Secrets are planted everywhere one can be given; whatever the program then does, they are found nowhere
//! but where they were put.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

#[cfg(test)]
#[expect(dead_code, reason = "each file of trials takes what it needs")]
mod trial;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use trial::program::{self, Home, Ran};
use trial::simulated::Clouds;

/// Every secret that is planted, and where.
const CANARIES: &[(&str, &str)] = &[
    ("registered on standard input", "canaryStdin-7f3a91c2"),
    ("OS_PASSWORD in the environment", "canaryEnvironment-88d1e0b4"),
    ("clouds.yaml", "canaryCloudsYaml-1b29cc70"),
    ("secure.yaml", "canarySecureYaml-5e0d7a33"),
    ("an application credential", "canaryCredential-90aa4f1e"),
    ("cloudmesh.yaml", "canaryConfiguration-c4470bb9"),
    ("OS_APPLICATION_CREDENTIAL_SECRET in the environment", "canaryEnvCredential-31f7d26a"),
    ("AWS_SECRET_ACCESS_KEY in the environment", "canaryAws-66b0e5d8"),
    ("a token that a cloud gave", "canaryToken-f20c9b15"),
];

fn canary(name: &str) -> &'static str {
    CANARIES.iter().find(|(known, _)| *known == name).unwrap().1
}

/// The forms in which a secret may come out: as it is, and in base64 however it lies there.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.as_bytes().to_vec()];
    for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for skipped in 0..3 {
            // Whatever stands before it, the middle of the encoded text is the same.
            let encoded = engine.encode(&secret.as_bytes()[skipped..]);
            forms.push(encoded.as_bytes()[..encoded.len() - 4].to_vec());
        }
    }
    forms
}

struct Hunt {
    forms: Vec<(&'static str, Vec<Vec<u8>>)>,
}

impl Hunt {
    fn new() -> Self {
        Self { forms: CANARIES.iter().map(|(place, secret)| (*place, forms(secret))).collect() }
    }

    fn found(&self, bytes: &[u8]) -> Vec<&'static str> {
        let there = |form: &Vec<u8>| bytes.windows(form.len()).any(|window| window == form.as_slice());
        self.forms.iter().filter(|(_, forms)| forms.iter().any(there)).map(|(place, _)| *place).collect()
    }

    #[track_caller]
    fn none_in(&self, bytes: &[u8], about: &str) {
        let found = self.found(bytes);
        assert!(found.is_empty(), "{found:?} in {about}: {}", String::from_utf8_lossy(bytes));
    }

    /// All files below a folder but those that were given a secret by the user, or keep them for us.
    fn none_below(&self, folder: &Path, but: &[&Path]) -> usize {
        let mut read = 0;
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            self.none_in(path.as_os_str().as_encoded_bytes(), "a file's name");
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                read += self.none_below(&path, but);
            } else if kind.is_file() && !but.contains(&path.as_path()) {
                let bytes = std::fs::read(&path).unwrap_or_default();
                let found = self.found(&bytes);
                assert!(found.is_empty(), "{found:?} in the file {}", path.display());
                read += 1;
            }
        }
        read
    }
}

/// A server that answers everything with an error that repeats what it was sent: headers, body and all.
struct Evil {
    port: u16,
    statuses: Arc<Mutex<Vec<u16>>>,
}

impl Evil {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let statuses = Arc::new(Mutex::new(vec![500]));
        let shared = Arc::clone(&statuses);
        // It ends with the tests.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || answer(stream, port, &shared));
            }
        });
        Self { port, statuses }
    }

    fn say(&self, statuses: &[u16]) {
        *self.statuses.lock().unwrap() = statuses.to_vec();
    }
}

fn answer(stream: TcpStream, port: u16, statuses: &Mutex<Vec<u16>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    // Logging in succeeds where 201 is first; whatever comes then is echoed, the token in its header too.
    let status = {
        let mut statuses = statuses.lock().unwrap();
        if statuses.len() > 1 { statuses.remove(0) } else { statuses[0] }
    };
    let token = canary("a token that a cloud gave");
    let (extra, text) = if status == 201 {
        let root = format!("http://127.0.0.1:{port}");
        let endpoint = |kind: &str| {
            serde_json::json!({"type": kind, "name": kind, "endpoints": [
                {"interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": format!("{root}/{kind}"), "id": kind}]})
        };
        let catalog: Vec<_> = ["compute", "network", "image", "identity"].map(endpoint).to_vec();
        let answer = serde_json::json!({"token": {"expires_at": "2099-01-01T00:00:00Z", "issued_at": "2020-01-01T00:00:00Z",
            "project": {"id": "p", "name": "demo", "domain": {"id": "default", "name": "Default"}},
            "user": {"id": "u", "name": "demo", "domain": {"id": "default", "name": "Default"}},
            "methods": ["password"], "roles": [], "catalog": catalog}});
        (format!("X-Subject-Token: {token}\r\n"), answer.to_string())
    } else {
        let told = format!("you sent {head} and {body}");
        let message = serde_json::json!({"error": {"code": status, "message": told, "title": body},
            "computeFault": {"code": status, "message": told}, "NeutronError": {"type": "Fault", "message": told, "detail": head},
            "badRequest": {"code": status, "message": told}});
        (format!("X-Echo: {}\r\n", body.replace(['\r', '\n'], " ")), message.to_string())
    };
    let mut stream = stream;
    let _ = write!(
        stream,
        "HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\n{extra}Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
}

/// Looks at the argument lists and environments of all processes that stem from this test, until it is dropped.
struct Watch {
    end: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<BTreeMap<String, String>>>,
}

/// Where a secret stands in the environment because a test, as the user, put it there for the program itself.
fn is_the_program_itself(pid: &str, home: &Path) -> bool {
    let exe = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
    let name = exe.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = String::from_utf8_lossy(&words).into_owned();
    let background = words.contains("local-runner") || words.contains("\0serve\0");
    let _ = home;
    (name.starts_with(&program::name()) && !background) || name == "setpriv"
}

impl Watch {
    fn start(home: &Path) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let (shared, home) = (Arc::clone(&end), home.to_owned());
        let thread = std::thread::spawn(move || {
            let hunt = Hunt::new();
            let ours = home.as_os_str().as_encoded_bytes().to_vec();
            let mut caught = BTreeMap::new();
            while !shared.load(Ordering::Relaxed) {
                for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
                    let pid = entry.file_name().to_string_lossy().into_owned();
                    if !pid.bytes().all(|byte| byte.is_ascii_digit()) || pid == std::process::id().to_string()
                    {
                        continue;
                    }
                    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                    let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                    let is_ours = |bytes: &[u8]| bytes.windows(ours.len()).any(|window| window == ours);
                    if !is_ours(&environment) && !is_ours(&arguments) {
                        continue;
                    }
                    let words = String::from_utf8_lossy(&arguments).replace('\0', " ");
                    for place in hunt.found(&arguments) {
                        caught.insert(format!("argument list: {words}"), place.to_owned());
                    }
                    // Between fork and exec a child still is a picture of its parent.
                    if !is_the_program_itself(&pid, &home) && !words.is_empty() {
                        let again = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                        for place in hunt.found(&again) {
                            if !is_the_program_itself(&pid, &home) {
                                caught.insert(format!("environment of: {words}"), place.to_owned());
                            }
                        }
                    }
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            caught
        });
        Self { end, thread: Some(thread) }
    }

    fn caught(mut self) -> BTreeMap<String, String> {
        self.end.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// The program as a user without rights, with secrets in its environment.
fn run(home: &Home, words: &[&str], input: Option<&str>) -> Ran {
    let plain = home.command(words);
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
        command.arg(plain.get_program()).args(plain.get_args());
        home.surround(&mut command);
        command
    } else {
        plain
    };
    command
        .env("OS_PASSWORD", canary("OS_PASSWORD in the environment"))
        .env(
            "OS_APPLICATION_CREDENTIAL_SECRET",
            canary("OS_APPLICATION_CREDENTIAL_SECRET in the environment"),
        )
        .env("AWS_SECRET_ACCESS_KEY", canary("AWS_SECRET_ACCESS_KEY in the environment"))
        .env("CLOUDMESH_LOG", "trace")
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    if let (Some(input), Some(mut pipe)) = (input, child.stdin.take()) {
        pipe.write_all(input.as_bytes()).unwrap();
    }
    Ran::new(words.join(" "), child.wait_with_output().unwrap())
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode()
        & 0o777
}

fn own(folder: &Path) {
    if is_root() {
        let status = Command::new("chown").args(["-R", "65534:65534"]).arg(folder).status().unwrap();
        assert!(status.success());
    }
}

#[test]
fn no_secret_comes_out_anywhere() {
    let clouds = Clouds::start(1);
    let credentials = clouds.simulator.credentials("sim-001").unwrap();
    let evil = Evil::start();
    let evil_url = format!("http://127.0.0.1:{}/v3", evil.port);
    let home = Home::new();
    let hunt = Hunt::new();

    // What the user has lying about already.
    let openstack = home.folder.path().join("user/.config/openstack");
    std::fs::create_dir_all(&openstack).unwrap();
    let clouds_yaml = openstack.join("clouds.yaml");
    let secure_yaml = openstack.join("secure.yaml");
    std::fs::write(
        &clouds_yaml,
        format!(
            "clouds:\n  lying:\n    region_name: RegionOne\n    auth: {{auth_url: \"{evil_url}\", username: demo, password: {}, project_name: demo, user_domain_name: Default, project_domain_name: Default}}\n  secure:\n    region_name: RegionOne\n    auth: {{auth_url: \"{evil_url}\", username: demo, project_name: demo, user_domain_name: Default, project_domain_name: Default}}\n",
            canary("clouds.yaml")
        ),
    )
    .unwrap();
    std::fs::write(
        &secure_yaml,
        format!("clouds:\n  secure:\n    auth: {{password: {}}}\n", canary("secure.yaml")),
    )
    .unwrap();
    own(home.folder.path());
    let watch = Watch::start(home.folder.path());
    let mut said: Vec<Ran> = Vec::new();
    let mut go = |words: &[&str], input: Option<&str>| {
        let ran = run(&home, words, input);
        assert!(!ran.stderr.contains("panicked"), "{ran}");
        let code = ran.code();
        // Told here, for a command that should have worked; the hunt reads it later.
        let error = ran.stderr.lines().find(|line| line.starts_with("error"));
        eprintln!("{}: {:?} {}", ran.words, ran.code(), error.unwrap_or_default());
        said.push(ran);
        code
    };

    // Secrets that are given.
    let auth = format!("OS_AUTH_URL={evil_url}");
    let user = [
        "OS_USERNAME=demo",
        "OS_PROJECT_NAME=demo",
        "OS_USER_DOMAIN_NAME=Default",
        "OS_PROJECT_DOMAIN_NAME=Default",
        "OS_REGION_NAME=RegionOne",
        "settle=0",
    ];
    let register = |name: &'static str| {
        let mut words = vec!["register", "cloud", name, "--type=openstack"];
        words.extend(user);
        words
    };
    let mut words = register("stdin");
    words.extend([auth.as_str(), "--secrets-on-stdin"]);
    let secret = format!("OS_PASSWORD={}\n", canary("registered on standard input"));
    assert_eq!(go(&words, Some(&secret)), Some(0));
    let mut words = register("environment");
    words.push(&auth);
    assert_eq!(go(&words, None), Some(0));
    let words = [
        "register",
        "cloud",
        "credential",
        "--type=openstack",
        auth.as_str(),
        "OS_AUTH_TYPE=v3applicationcredential",
        "OS_APPLICATION_CREDENTIAL_ID=abc",
        "OS_REGION_NAME=RegionOne",
        "--secrets-on-stdin",
    ];
    let secret = format!("OS_APPLICATION_CREDENTIAL_SECRET={}\n", canary("an application credential"));
    assert_eq!(go(&words, Some(&secret)), Some(0));
    let real_auth = format!("OS_AUTH_URL={}", credentials.auth_url);
    let mut words = register("sim");
    words.extend([
        real_auth.as_str(),
        "--secrets-on-stdin",
        "--default=image=ubuntu-24.04",
        "--default=flavor=m1.small",
    ]);
    assert_eq!(go(&words, Some(&format!("OS_PASSWORD={}\n", credentials.password))), Some(0));
    let mut words = register("wrong");
    words.extend([real_auth.as_str(), "--secrets-on-stdin"]);
    let secret = format!("OS_PASSWORD={}\n", canary("registered on standard input"));
    assert_eq!(go(&words, Some(&secret)), Some(0));
    // Refused, and not repeated: a secret on the command line is the user's, but nobody writes it down.
    go(&["register", "cloud", "stdin", "OS_NOT_KNOWN=x", "--secrets-on-stdin"], Some(&secret));
    go(
        &["register", "cloud", "stdin", "--secrets-on-stdin"],
        Some(&format!("{}\n", canary("registered on standard input"))),
    );
    go(
        &["register", "cloud", "stdin", "--secrets-on-stdin"],
        Some(&format!("OS_PASWORD={}\n", canary("registered on standard input"))),
    );

    // One in the configuration, put there by the user's own hand.
    let configuration = home.settings().join("cloudmesh.yaml");
    let text = std::fs::read_to_string(&configuration).unwrap();
    let by_hand = format!(
        "  clouds:\n    byhand:\n      cm_type: openstack\n      credentials:\n        OS_AUTH_URL: {evil_url}\n        OS_USERNAME: demo\n        OS_PASSWORD: {}\n        OS_PROJECT_NAME: demo\n        OS_REGION_NAME: RegionOne\n",
        canary("cloudmesh.yaml")
    );
    assert!(text.contains("  clouds:\n"), "{text}");
    std::fs::write(&configuration, text.replacen("  clouds:\n", &by_hand, 1)).unwrap();

    let all = ["stdin", "environment", "credential", "byhand", "lying", "secure", "wrong", "sim"];
    go(&["register", "list", "-o", "json"], None);
    for statuses in [
        &[500][..],
        &[401],
        &[403],
        &[400],
        &[302],
        &[201, 500],
        &[201, 400],
        &[201, 403],
        &[201, 401, 201, 409],
        &[201, 429, 200],
    ] {
        for name in all.iter().take(6) {
            evil.say(statuses);
            go(&["image", "list", "--refresh", "-o", "json", &format!("--cloud={name}")], None);
        }
    }
    for name in all {
        evil.say(&[201, 500]);
        let at = format!("--cloud={name}");
        go(&["vm", "boot", "m1", "--image=a", "--flavor=b", "--verbose", &at], None);
        evil.say(&[500]);
        go(&["vm", "list", "--refresh", "--verbose", &at], None);
        go(&["cloud", "info", name, "-o", "yaml"], None);
        go(&["key", "list", "--source=cloud", &at], None);
    }

    // What works, works; what it starts sees nothing.
    assert_eq!(go(&["key", "add", "k", "--generate"], None), Some(0));
    assert_eq!(go(&["vm", "boot", "m2", "--cloud=sim", "--public", "--verbose"], None), Some(0));
    go(&["vm", "ssh", "m2", "--cloud=sim", "--command=env"], None);
    go(&["vm", "show", "m2", "--cloud=sim", "-o", "json"], None);
    clouds.faults("sim-001").expire_tokens();
    go(&["vm", "stop", "m2", "--cloud=sim"], None);
    let job = home.folder.path().join("job.sh");
    std::fs::write(&job, "env; cat /proc/$PPID/environ | tr '\\0' '\\n'; sleep 0.3\n").unwrap();
    own(&job);
    let script = job.to_str().unwrap().to_owned();
    assert_eq!(go(&["hpc", "run", "--cluster=local", "--wait", &script], None), Some(0));
    go(&["hpc", "output", "last", "--cluster=local"], None);
    let ssh_config = home.folder.path().join("user/ssh_config");
    std::fs::write(&ssh_config, "Host far\n  HostName 127.0.0.1\n  Port 1\n").unwrap();
    own(&ssh_config);
    let ssh_config = format!("ssh_config={}", ssh_config.display());
    assert_eq!(
        go(&["register", "cluster", "far", "--type=slurm", "cm_host=far", &ssh_config], None),
        Some(0)
    );
    go(&["hpc", "queue", "--cluster=far", "--refresh"], None);
    go(&["sim", "up", "--servers=1"], None);
    go(&["sim", "status"], None);
    go(&["sim", "down"], None);
    go(&["default", "set", "a=b"], None);
    go(&["var", "set", "a=b"], None);
    go(&["plan", "list", "-o", "json"], None);
    go(&["plan", "show", "last", "-o", "json"], None);
    go(&["log", "-o", "json"], None);
    go(&["undo", "--yes"], None);
    go(&["register", "remove", "stdin"], None);
    // A file that cannot be understood is named with the place in it, and not quoted.
    let text =
        format!("clouds:\n  lying:\n    auth: {{password: {}, username: [1, 2]}}\n", canary("clouds.yaml"));
    std::fs::write(&clouds_yaml, text).unwrap();
    go(&["vm", "list", "--refresh"], None);
    std::fs::write(&clouds_yaml, format!("clouds: {{{}", canary("clouds.yaml"))).unwrap();
    go(&["vm", "list", "--refresh"], None);
    let text = std::fs::read_to_string(&configuration).unwrap();
    std::fs::write(&configuration, text.replace("OS_PASSWORD:", "OS_PASSWORD: [1, 2")).unwrap();
    go(&["vm", "list", "--refresh"], None);
    std::thread::sleep(Duration::from_millis(200));

    let caught = watch.caught();
    assert!(caught.is_empty(), "{caught:#?}");
    for ran in &said {
        hunt.none_in(ran.words.as_bytes(), "our own words");
        hunt.none_in(ran.stdout.as_bytes(), &format!("standard output of cm {}", ran.words));
        hunt.none_in(ran.stderr.as_bytes(), &format!("standard error of cm {}", ran.words));
    }
    let secrets = home.settings().join("secrets.json");
    // What undo puts back is what the user had written, secret and all; it is as private as the file itself.
    let backups: Vec<_> = std::fs::read_dir(home.settings().join("backups"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .inspect(|path| assert_eq!(mode(path), 0o600, "{}", path.display()))
        .collect();
    let mut but = vec![secrets.as_path(), &configuration, &clouds_yaml, &secure_yaml];
    but.extend(backups.iter().map(std::path::PathBuf::as_path));
    let read = hunt.none_below(home.folder.path(), &but);
    assert!(read > 10, "{read} files were read only");
    let kept = std::fs::read(&secrets).unwrap();
    assert!(!hunt.found(&kept).is_empty(), "the secrets are nowhere, so nothing was tried");
    assert_eq!(mode(&secrets), 0o600);
    assert_eq!(mode(&home.settings()), 0o700);
    assert_eq!(mode(&configuration), 0o600);
    assert_eq!(mode(&home.settings().join("store.sqlite")), 0o600);
    eprintln!(
        "{} commands, {read} files, {} secrets in {} forms",
        said.len(),
        CANARIES.len(),
        forms("abcdefghijkl").len()
    );
}

//! Logging in where a key is not enough: passwords and codes, asked once, never in a pipe. Against a real sshd on
//! loopback with PAM. It sees an `/etc/passwd`, `/etc/shadow` and `/etc/pam.d` of its own, in a mount namespace:
//! that takes root, and without root these tests say so and pass.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test ends where something fails, and says what it leaves out"
)]

use std::collections::VecDeque;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cloudmesh_model::{Ask, ErrorKind, Refuse, Result, Secret};
use cloudmesh_transport::ssh::askpass::Asking;
use cloudmesh_transport::ssh::{Call, SshHost, SshSettings};

const USER: &str = "cmasked";
const PASSWORD: &str = "right 'horse' $battery";

/// A real sshd that takes passwords alone, or a PAM conversation and then a password.
struct Server {
    folder: tempfile::TempDir,
    sshd: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

impl Server {
    fn start(methods: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("left out: an sshd that takes passwords needs root");
            return None;
        }
        let sshd = Path::new("/usr/sbin/sshd");
        if !sshd.exists() {
            println!("left out: there is no sshd");
            return None;
        }
        let spaces = Command::new("unshare").args(["-m", "true"]).status();
        if !spaces.is_ok_and(|status| status.success()) {
            println!("left out: there are no mount namespaces here");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("cm-log-in").tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(at("home")).unwrap();
        fs::create_dir(at("client")).unwrap();
        fs::create_dir(at("pam.d")).unwrap();
        fs::create_dir(at("run")).unwrap();
        let account = format!("{USER}:x:65500:65500::{}:/bin/sh\n", at("home").display());
        fs::write(at("passwd"), fs::read_to_string("/etc/passwd").unwrap() + &account).unwrap();
        let hash = Command::new("openssl").args(["passwd", "-6", PASSWORD]).output().unwrap();
        let hash = String::from_utf8(hash.stdout).unwrap();
        fs::write(at("shadow"), format!("{USER}:{}:20000:0:99999:7:::\n", hash.trim())).unwrap();
        fs::write(
            at("pam.d/sshd"),
            "auth required pam_unix.so\naccount required pam_permit.so\nsession required pam_permit.so\n",
        )
        .unwrap();
        let key = at("host_key");
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&key)
            .status()
            .unwrap();
        assert!(made.success());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = fs::File::create(at("log")).unwrap();
        fs::write(
            at("sshd_config"),
            format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nUsePAM yes\nStrictModes no\n\
                 AuthorizedKeysFile none\nPasswordAuthentication yes\nKbdInteractiveAuthentication yes\n\
                 AuthenticationMethods {methods}\nAllowUsers {USER}\nLogLevel VERBOSE\nUseDNS no\n",
                key.display()
            ),
        )
        .unwrap();
        let script = "set -e; mount --make-rprivate /; mount --bind \"$0/passwd\" /etc/passwd; \
                      mount --bind \"$0/shadow\" /etc/shadow; mount --bind \"$0/pam.d\" /etc/pam.d; \
                      mkdir -p /run/sshd; mount --bind \"$0/run\" /run/sshd; \
                      exec /usr/sbin/sshd -D -e -f \"$0/sshd_config\"";
        let sshd = Command::new("unshare")
            .args(["-m", "sh", "-c", script])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self { folder, sshd, port };
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < until, "sshd: {}", server.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        server.trust(&key.with_extension("pub"));
        let config = format!(
            "Host rigged\n  HostName 127.0.0.1\n  Port {port}\n  User {USER}\n  IdentityFile none\n  IdentityAgent none\n  \
             UserKnownHostsFile {}\n  GlobalKnownHostsFile none\n",
            server.client("known_hosts").display()
        );
        fs::write(server.client("config"), config).unwrap();
        Some(server)
    }

    fn client(&self, name: &str) -> PathBuf {
        self.folder.path().join("client").join(name)
    }

    /// Makes `key` the one that the client knows.
    fn trust(&self, key: &Path) {
        let line = format!("[127.0.0.1]:{} {}", self.port, fs::read_to_string(key).unwrap());
        fs::write(self.client("known_hosts"), line).unwrap();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    fn host(&self, person: Arc<dyn Ask>) -> SshHost {
        let mut settings = SshSettings::new("rigged", self.client("run"));
        settings.config = Some(self.client("config"));
        settings.ask = Some(Asking { person, helper: PathBuf::from(env!("CARGO_BIN_EXE_cm")) });
        SshHost::new(settings).unwrap()
    }
}

/// Somebody who gives prepared answers, and remembers what was asked.
#[derive(Default)]
struct Person {
    answers: Mutex<VecDeque<&'static str>>,
    asked: Mutex<Vec<String>>,
}

impl Person {
    fn with(answers: &[&'static str]) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.iter().copied().collect()), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn next(&self, what: &str) -> Result<&'static str> {
        self.asked.lock().unwrap().push(what.to_owned());
        self.answers.lock().unwrap().pop_front().ok_or_else(|| Refuse.secret(what).unwrap_err())
    }
}

impl Ask for Person {
    fn secret(&self, what: &str) -> Result<Secret> {
        Ok(Secret::new(self.next(what)?.to_owned()))
    }

    fn confirm(&self, question: &str) -> Result<bool> {
        Ok(self.next(question)? == "yes")
    }

    fn text(&self, what: &str) -> Result<String> {
        Ok(self.next(what)?.to_owned())
    }
}

fn running<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn a_password_is_asked_once_for_all_calls() {
    let Some(server) = Server::start("password") else { return };
    let person = Person::with(&[PASSWORD]);
    let host = server.host(person.clone());
    running(async {
        let calls = (0..8).map(|_| host.run(Call::read("id -un")));
        for answer in futures::future::join_all(calls).await {
            assert_eq!(answer.unwrap().stdout, format!("{USER}\n").into_bytes(), "{}", server.log());
        }
        // Somebody else in our name, who cannot be asked, shares the connection.
        let other = server.host(Arc::new(Refuse));
        assert_eq!(other.run(Call::read("echo here")).await.unwrap().stdout, b"here\n");
        host.close().await.unwrap();
    });
    assert_eq!(person.asked().len(), 1, "{:?}", person.asked());
    assert!(person.asked()[0].contains(USER) && person.asked()[0].contains("password"));
    assert_eq!(server.log().matches("Accepted password").count(), 1);
}

#[test]
fn each_prompt_of_a_log_in_is_asked_and_a_wrong_answer_again() {
    let Some(server) = Server::start("keyboard-interactive:pam,password") else { return };
    let person = Person::with(&["wrong", PASSWORD, PASSWORD]);
    let host = server.host(person.clone());
    running(async {
        assert_eq!(host.run(Call::read("echo in")).await.unwrap().stdout, b"in\n", "{}", server.log());
        host.close().await.unwrap();
    });
    let asked = person.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[1].contains("(asked again)"), "{asked:?}");
}

#[test]
fn wrong_answers_end_as_ssh_ends_them() {
    let Some(server) = Server::start("password") else { return };
    let person = Person::with(&["one", "two", "three", "four", "five"]);
    let error = running(server.host(person.clone()).run(Call::change("touch $HOME/done"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(error.message().contains("did not accept the log-in"), "{error}");
    assert!(error.hint_text().unwrap().contains("password or one-time code"));
    assert_eq!(person.asked().len(), 3, "ssh asks three times");
    assert!(!server.folder.path().join("home/done").exists());
}

#[test]
fn without_a_person_nothing_is_tried_and_the_message_says_what_to_do() {
    let Some(server) = Server::start("password") else { return };
    let began = Instant::now();
    let error = running(server.host(Arc::new(Refuse)).run(Call::read("true"))).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(error.message().contains("nobody can be asked here"), "{error}");
    assert!(error.hint_text().unwrap().contains("in a terminal"), "{error:?}");
    // Nothing was sent: an empty password would count as a failed log-in.
    assert!(!server.log().contains("Failed password"), "{}", server.log());
}

#[test]
fn a_changed_host_key_is_refused_with_the_facts_and_nobody_is_asked() {
    let Some(server) = Server::start("password") else { return };
    let other = server.client("other");
    Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&other).status().unwrap();
    server.trust(&other.with_extension("pub"));
    let person = Person::with(&["yes", PASSWORD]);
    let error = running(server.host(person.clone()).run(Call::read("true"))).unwrap_err();
    assert!(person.asked().is_empty(), "{:?}", person.asked());
    let shown = Command::new("ssh-keygen")
        .arg("-lf")
        .arg(server.folder.path().join("host_key.pub"))
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let fingerprint = shown.split_whitespace().find(|word| word.starts_with("SHA256:")).unwrap();
    assert!(error.message().contains(fingerprint), "{error} {fingerprint}");
    assert!(error.hint_text().unwrap().contains("known_hosts:1"), "{error:?}");
}

#[test]
fn an_unknown_host_key_is_shown_and_a_no_ends_it() {
    let Some(server) = Server::start("password") else { return };
    fs::write(server.client("known_hosts"), "").unwrap();
    let person = Person::with(&["no"]);
    let error = running(server.host(person.clone()).run(Call::read("true"))).unwrap_err();
    assert!(error.message().contains("not known here"), "{error}");
    assert!(person.asked()[0].contains("SHA256:"), "{:?}", person.asked());
    let person = Person::with(&["yes", PASSWORD]);
    let host = server.host(person.clone());
    running(async {
        assert_eq!(host.run(Call::read("echo in")).await.unwrap().stdout, b"in\n");
        host.close().await.unwrap();
    });
    assert_eq!(person.asked().len(), 2);
}

/// A folder of settings with the server as a cluster.
fn program(server: &Server) -> Command {
    let home = server.client("cloudmesh");
    fs::create_dir_all(&home).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    let configuration = format!(
        "cloudmesh:\n  hpc:\n    active: [rigged]\n    clusters:\n      rigged:\n        cm_type: slurm\n        cm_host: rigged\n        \
         credentials: {{ssh_config: {}}}\n",
        server.client("config").display()
    );
    fs::write(home.join("cloudmesh.yaml"), configuration).unwrap();
    let run = server.client("xdg");
    fs::create_dir_all(&run).unwrap();
    let mut command = Command::new("script");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", server.client(""));
    command.env("CLOUDMESH_HOME", &home).env("XDG_RUNTIME_DIR", &run).env("TERM", "xterm");
    command
}

#[test]
fn at_a_terminal_the_program_asks_and_in_a_pipe_it_does_not() {
    let Some(server) = Server::start("password") else { return };
    let line = format!("{} hpc info --cluster=rigged", env!("CARGO_BIN_EXE_cm"));

    let mut piped = program(&server);
    let ran = piped.args(["-c", ":", "/dev/null"]).output();
    if ran.is_err() {
        println!("left out: there is no script(1) to make a terminal with");
        return;
    }
    let mut piped = Command::new("setsid");
    piped.env_clear();
    for (name, value) in program(&server).get_envs() {
        piped.env(name, value.unwrap());
    }
    let began = Instant::now();
    let ran = piped.arg("-w").args(line.split(' ')).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(!ran.status.success() && began.elapsed() < Duration::from_secs(20));
    assert!(said.contains("rigged: rigged asks for more than a key"), "{said}");
    assert_eq!(said.matches("hint:").count(), 1, "{said}");

    let mut terminal = program(&server);
    let mut child = terminal
        .args(["-qec", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let reader = std::thread::spawn({
        let shown = shown.clone();
        move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut buffer) {
                shown.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        }
    });
    let text = || String::from_utf8_lossy(&shown.lock().unwrap()).into_owned();
    let until = Instant::now() + Duration::from_secs(20);
    while !text().contains("password: ") {
        assert!(Instant::now() < until, "{}\n{}", text(), server.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    stdin.write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    stdin.flush().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    // It is in: what it says is about Slurm, or about what there is of it.
    assert!(server.log().contains("Accepted password"), "{}\n{}", text(), server.log());
    assert!(!text().contains(PASSWORD), "{}", text());

    let mut close = SshSettings::new("rigged", server.client("xdg/cloudmesh"));
    close.config = Some(server.client("config"));
    running(SshHost::new(close).unwrap().close()).unwrap();
}

//! How a log-in asks a person: `ssh` starts our own program as its askpass helper, which carries the
//! question over a private socket to the process that is connecting, and the answer back. Nothing of an answer
//! stands in a command line, an environment or a file.
//!
//! `SSH_ASKPASS`, `SSH_ASKPASS_REQUIRE` and `SSH_ASKPASS_PROMPT` are described in ssh(1) of OpenSSH.

use std::fmt;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cloudmesh_model::{Ask, Error, ErrorKind, Result, Secret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The environment variable that makes the program an askpass helper; it holds the path of a socket.
pub const VARIABLE: &str = "CLOUDMESH_ASK_SOCKET";

/// The longest question that is taken.
const LONGEST_QUESTION: u64 = 16 * 1024;

/// A person is asked one thing at a time, whatever connects beside.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// Who is asked for passwords, one-time codes and passphrases, and by which helper.
#[derive(Clone)]
pub struct Asking {
    /// The person.
    pub person: Arc<dyn Ask>,
    /// A program that calls [`answer`] when [`VARIABLE`] is set: our own.
    pub helper: PathBuf,
}

impl fmt::Debug for Asking {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Asking").field("helper", &self.helper).finish_non_exhaustive()
    }
}

/// The helper's whole work: carries `question` to the process behind `socket` and prints its answer. `hint` is
/// what `SSH_ASKPASS_PROMPT` holds. Gives the exit code.
///
/// If that process dies meanwhile, the `ssh` that asked is ended: it would send empty passwords.
#[must_use]
pub fn answer(socket: &Path, hint: &str, question: &str) -> u8 {
    let parent = rustix::process::getppid();
    let Ok(mut stream) = std::os::unix::net::UnixStream::connect(socket) else { return 1 };
    let sent = stream
        .write_all(format!("{hint}\n{question}").as_bytes())
        .and_then(|()| stream.shutdown(std::net::Shutdown::Write));
    let mut answer = Vec::new();
    let read = sent.and_then(|()| stream.read_to_end(&mut answer));
    match (read, answer.split_first()) {
        (Ok(_), Some((b'y', answer))) => {
            let mut out = std::io::stdout().lock();
            let written =
                out.write_all(answer).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
            u8::from(written.is_err())
        }
        (Ok(_), Some(_)) => 1,
        _ => {
            // An orphan's parent is somebody else.
            if let Some(parent) =
                parent.filter(|parent| !parent.is_init() && rustix::process::getppid() == Some(*parent))
            {
                let _ = rustix::process::kill_process(parent, rustix::process::Signal::TERM);
            }
            1
        }
    }
}

/// What `ssh` wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Question {
    /// A password, code, passphrase or PIN.
    Secret(String),
    /// Whether the key of an unknown host is right; the sentence has its fingerprint.
    HostKey(String),
    /// Yes or no.
    Confirm(String),
    /// No question: something to be done, such as touching a key.
    Notice(String),
}

impl Question {
    fn read(text: &str) -> Self {
        let (hint, question) = text.split_once('\n').unwrap_or(("", text));
        let lines: Vec<String> = question
            .lines()
            .map(|line| cloudmesh_model::noun::printable(line.trim()).into_owned())
            .filter(|line| !line.is_empty())
            .collect();
        let question = lines.join(" ");
        match hint {
            "none" => Self::Notice(question),
            "confirm" => Self::Confirm(question),
            _ => match question.split_once("(yes/no") {
                Some((question, _)) => Self::HostKey(question.trim().to_owned()),
                None => Self::Secret(question.trim_end_matches([':', ' ', '?']).to_owned()),
            },
        }
    }
}

/// Why a log-in was given up while it asked.
#[derive(Debug)]
pub(super) enum GivenUp {
    /// Nobody can be asked for this.
    Nobody { wanted: String, why: Error },
    /// The key of the host is not known, and nobody said that it is right.
    HostKey { shown: String },
}

/// Where helpers come with their questions while one log-in is under way.
pub(super) struct Desk {
    listener: UnixListener,
    path: PathBuf,
    asking: Asking,
    before: Vec<String>,
    /// How long the person was waited for.
    pub(super) waited: Duration,
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Desk {
    /// Opens one in `folder`, which only its owner may enter.
    pub(super) fn open(folder: &Path, asking: &Asking) -> Result<Self> {
        let path = folder.join(format!("ask-{:016x}", fastrand::u64(..)));
        let fault = |error: std::io::Error| {
            Error::new(ErrorKind::Store, format!("{} cannot be used for sockets: {error}", folder.display()))
                .hint("check that the folder is yours and can be written to")
        };
        let listener = UnixListener::bind(&path).map_err(fault)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(fault)?;
        Ok(Self { listener, path, asking: asking.clone(), before: Vec::new(), waited: Duration::ZERO })
    }

    /// Has `ssh` bring its questions here.
    pub(super) fn prepare(&self, command: &mut Command) {
        command
            .env("SSH_ASKPASS", &self.asking.helper)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env(VARIABLE, &self.path);
        if std::env::var_os("DISPLAY").is_none() {
            // Before 8.4, `ssh` starts a helper only where it believes in a display.
            command.env("DISPLAY", "none:0");
        }
    }

    /// Whether the person was asked anything.
    pub(super) fn asked(&self) -> bool {
        !self.before.is_empty()
    }

    /// Waits for the next question; can be dropped at any time.
    pub(super) async fn next(&self) -> UnixStream {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let ours = rustix::process::getuid().as_raw();
                    if stream.peer_cred().is_ok_and(|peer| peer.uid() == ours) {
                        return stream;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a question of ssh was not heard");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    /// Hears one question, asks the person, and carries the answer back. After an error the caller ends
    /// `ssh`, and only then lets go of the stream: a helper without an answer would count as a wrong one.
    pub(super) async fn serve(&mut self, mut stream: UnixStream) -> Result<(), (GivenUp, UnixStream)> {
        let mut text = Vec::new();
        let heard = (&mut stream).take(LONGEST_QUESTION).read_to_end(&mut text).await;
        if heard.is_err() || text.is_empty() {
            return Ok(());
        }
        let question = Question::read(&String::from_utf8_lossy(&text));
        if let Question::Notice(text) = &question {
            self.asking.person.tell(text);
            tokio::spawn(async move {
                // `ssh` ends the helper when it is done.
                let mut rest = [0];
                let _ = stream.read(&mut rest).await;
            });
            return Ok(());
        }
        let answer = match self.ask(question).await {
            Ok(answer) => answer,
            Err(given_up) => return Err((given_up, stream)),
        };
        let sent = match &answer {
            Some(secret) => match stream.write_all(b"y").await {
                Ok(()) => stream.write_all(secret.expose().as_bytes()).await,
                Err(error) => Err(error),
            },
            None => stream.write_all(b"n").await,
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "ssh did not wait for the answer");
        }
        let _ = stream.shutdown().await;
        Ok(())
    }

    /// The person's answer; `None` for a no.
    async fn ask(&mut self, question: Question) -> Result<Option<Secret>, GivenUp> {
        let began = Instant::now();
        let _alone = ONE_AT_A_TIME.lock().await;
        let person = self.asking.person.clone();
        let yes = || Secret::new("yes".to_owned());
        let answer = match question {
            Question::Secret(what) => {
                let shown =
                    if self.before.contains(&what) { format!("{what} (asked again)") } else { what.clone() };
                self.before.push(what.clone());
                let asked = blocking(move || person.secret(&shown)).await;
                asked.map(Some).map_err(|why| GivenUp::Nobody { wanted: what, why })
            }
            Question::HostKey(shown) => {
                let question = format!("{shown} Log in there?");
                match blocking(move || person.confirm(&question)).await {
                    Ok(true) => Ok(Some(yes())),
                    Ok(false) | Err(_) => Err(GivenUp::HostKey { shown }),
                }
            }
            Question::Confirm(question) => {
                let what = question.clone();
                let agreed = blocking(move || person.confirm(&question)).await;
                agreed.map(|agreed| agreed.then(yes)).map_err(|why| GivenUp::Nobody { wanted: what, why })
            }
            Question::Notice(_) => Ok(None),
        };
        self.waited += began.elapsed();
        answer
    }
}

/// A terminal is read without holding up other tasks.
async fn blocking<T: Send + 'static>(ask: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(ask).await {
        Ok(answer) => answer,
        Err(error) => Err(Error::internal(format!("asking failed: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_of_ssh_are_told_apart() {
        let read = |text: &str| Question::read(text);
        assert_eq!(read("\nalice@india's password: "), Question::Secret("alice@india's password".to_owned()));
        assert_eq!(
            read("\n(alice@india) \u{1b}[31mVerification code: "),
            Question::Secret("(alice@india)  [31mVerification code".to_owned())
        );
        let host = "\nThe authenticity of host 'india (::1)' can't be established.\nED25519 key fingerprint is \
                    SHA256:abc.\nAre you sure you want to continue connecting (yes/no/[fingerprint])? ";
        let Question::HostKey(shown) = read(host) else { panic!("no host key") };
        assert!(shown.contains("SHA256:abc") && !shown.contains("yes/no"), "{shown}");
        assert_eq!(
            read("none\nConfirm user presence for key"),
            Question::Notice("Confirm user presence for key".into())
        );
        assert_eq!(read("confirm\nAdd it?"), Question::Confirm("Add it?".into()));
    }
}

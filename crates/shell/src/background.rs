//! Commands that run while the shell goes on: each is this program again, its output in a log of its own, so
//! that nothing it does can slow down or end the shell.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Instant;

use cloudmesh_client::Home;
use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_prompt::program_file;

/// How a command in the background ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) number: usize,
    pub(crate) line: String,
    pub(crate) code: u8,
    pub(crate) seconds: f64,
    pub(crate) said: String,
}

impl Ended {
    /// What a person reads of it.
    pub(crate) fn report(&self) -> String {
        let how = if self.code == 0 { "done".to_owned() } else { format!("failed with code {}", self.code) };
        let mut text = format!("[{}] {how} in {:.1} s: {}", self.number, self.seconds, self.line);
        for line in self.said.lines().filter(|line| !line.trim().is_empty()) {
            text.push_str("\n    ");
            text.push_str(line);
        }
        text
    }
}

/// What is told when one of them ends.
pub(crate) type Tell = Arc<dyn Fn(&Ended) + Send + Sync>;

/// The commands in the background.
pub(crate) struct Background {
    begun: usize,
    running: Arc<Mutex<Vec<(usize, String)>>>,
    sender: mpsc::Sender<Ended>,
    receiver: mpsc::Receiver<Ended>,
    /// Told at once when one ends, instead of being kept for [`Background::ended`].
    pub(crate) tell: Option<Tell>,
}

impl Default for Background {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel();
        Self { begun: 0, running: Arc::default(), sender, receiver, tell: None }
    }
}

/// Lines of a log that a report shows.
const SHOWN: usize = 12;

impl Background {
    /// Starts this program with `words`; the answer is its number.
    pub(crate) fn start(&mut self, home: &Home, words: &[String], line: &str) -> Result<usize> {
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::Service, format!("nothing can be started in the background: {error}"))
        };
        let number = self.begun + 1;
        let logs = home.private("logs")?;
        let log: PathBuf = logs.join(format!("shell-{}-{number}.log", std::process::id()));
        let file = std::fs::File::create(&log).map_err(failed)?;
        let again = file.try_clone().map_err(failed)?;
        let mut command = Command::new(program_file());
        cloudmesh_model::secret::keep_secrets_from(&mut command);
        // A group of its own: Ctrl-C at the prompt is not meant for it.
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let begun = Instant::now();
        let mut child =
            command.args(words).stdin(Stdio::null()).stdout(file).stderr(again).spawn().map_err(failed)?;
        self.begun = number;
        let line = line.to_owned();
        lock(&self.running).push((number, line.clone()));
        let (running, sender, tell) = (self.running.clone(), self.sender.clone(), self.tell.clone());
        std::thread::spawn(move || {
            let code = child.wait().ok().and_then(|status| status.code()).unwrap_or(1);
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let _ = std::fs::remove_file(&log);
            let lines: Vec<&str> = text.lines().collect();
            let ended = Ended {
                number,
                line,
                code: u8::try_from(code).unwrap_or(1),
                seconds: begun.elapsed().as_secs_f64(),
                said: lines[lines.len().saturating_sub(SHOWN)..].join("\n"),
            };
            lock(&running).retain(|(other, _)| *other != number);
            match tell {
                Some(tell) => tell(&ended),
                None => drop(sender.send(ended)),
            }
        });
        Ok(number)
    }

    /// Those that run, by number.
    pub(crate) fn running(&self) -> Vec<(usize, String)> {
        lock(&self.running).clone()
    }

    /// Tells how many run, for others to look at.
    pub(crate) fn counter(&self) -> impl Fn() -> usize + Send + 'static {
        let running = self.running.clone();
        move || lock(&running).len()
    }

    /// Waits until none runs; the worst exit code.
    pub(crate) fn wait(&self) -> u8 {
        let mut worst = 0;
        loop {
            match self.receiver.recv_timeout(std::time::Duration::from_millis(50)) {
                Ok(ended) => {
                    let _ = writeln!(std::io::stderr(), "{}", ended.report());
                    worst = worst.max(ended.code);
                }
                Err(_) if self.running().is_empty() => return worst,
                Err(_) => {}
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

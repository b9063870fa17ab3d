//! The runner: one process for each `CLOUDMESH_HOME` that starts what is queued, up to the slots,
//! and ends when there is nothing left to run. Killing it harms nothing: every run has a supervisor
//! of its own, and the next runner takes up what it finds.
//!
//! The program calls [`run`] for its hidden word `local-runner`. The same word makes the
//! supervisors: a runner writes one line to such a process's standard input, saying which run it is to stand by.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use cloudmesh_model::{Error, Mark, Result};
use jiff::Timestamp;

use crate::job_folder::JobFolder;
use crate::queue::Queue;
use crate::run::{Exit, Run, Started, State, Why};
use crate::supervisor::{GRACE, stop_orphan, supervise, sweep};

/// How long a runner stays without work.
const IDLE: Duration = Duration::from_secs(3);

/// How often the whole queue is looked at when nobody rings.
const ROUND: Duration = Duration::from_secs(1);

/// Bounds of the pause between two looks.
const PAUSE: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

/// How long a starting runner waits for the lock: somebody may just be trying whether it is held.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

/// Supervisors that die before their script is let go, before the run is given up.
const ATTEMPTS: u32 = 3;

/// Runs the queue of `home` until it is empty, or stands by one run if standard input names one.
///
/// Blocks; returns when there is nothing left to do, and at once if another runner lives.
///
/// # Errors
/// When the queue's folder cannot be read or written.
pub fn run(home: &Path) -> Result<()> {
    let queue = Queue::new(home);
    if let Some((mark, index)) = order()? {
        return supervise(&queue.job(&mark), index);
    }
    queue.prepare()?;
    loop {
        let Some(lock) = wait_for_lock(&queue)? else { return Ok(()) };
        Runner::new(queue.clone()).work()?;
        drop(lock);
        // What was submitted while the lock was held, and after the last look, is ours still.
        if !Runner::new(queue.clone()).anything_to_do()? {
            return Ok(());
        }
    }
}

/// The run that standard input names, if it does.
fn order() -> Result<Option<(Mark, Option<u64>)>> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Ok(None);
    }
    let mut line = String::new();
    if BufReader::new(input).read_line(&mut line).is_err() || line.is_empty() {
        return Ok(None);
    }
    let mut words = line.split_ascii_whitespace();
    let mark = words.next().unwrap_or_default().parse()?;
    let index = match words.next() {
        None => None,
        Some(word) => {
            Some(word.parse().map_err(|_| Error::internal(format!("`{word}` is no index of a job array")))?)
        }
    };
    Ok(Some((mark, index)))
}

fn wait_for_lock(queue: &Queue) -> Result<Option<File>> {
    let began = Instant::now();
    loop {
        if let Some(lock) = queue.try_runner_lock()? {
            return Ok(Some(lock));
        }
        if began.elapsed() > LOCK_PATIENCE {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A run that holds slots.
enum Active {
    /// Under a supervisor that this runner started.
    Ours(Child),
    /// Under a supervisor of an earlier runner.
    Adopted,
    /// Without a supervisor; since when it is being stopped.
    Orphan(Started, Option<Instant>),
}

struct Queued {
    folder: JobFolder,
    mark: Mark,
    processors: u64,
    time_limit: Option<u64>,
    at_once: u64,
    waiting: VecDeque<Option<u64>>,
    active: BTreeMap<Option<u64>, Active>,
    attempts: BTreeMap<Option<u64>, u32>,
    held: bool,
    cancelled: bool,
}

struct Runner {
    queue: Queue,
    jobs: BTreeMap<u64, Queued>,
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Runner {
    fn new(queue: Queue) -> Self {
        // The link names the very file that runs, even after an upgrade has replaced it.
        let own = PathBuf::from("/proc/self/exe");
        let program = if own.exists() { own } else { std::env::current_exe().unwrap_or(own) };
        Self { queue, jobs: BTreeMap::new(), program, arguments: std::env::args_os().skip(1).collect() }
    }

    fn anything_to_do(&mut self) -> Result<bool> {
        self.look_around()?;
        Ok(self.busy())
    }

    fn busy(&self) -> bool {
        self.jobs.values().any(|job| !job.active.is_empty() || (!job.waiting.is_empty() && !job.held))
    }

    fn work(&mut self) -> Result<()> {
        let mut bell = None;
        let mut last_look: Option<Instant> = None;
        let mut idle_since = Instant::now();
        let mut pause = PAUSE.0;
        loop {
            let rung = self.queue.bell();
            if rung != bell || last_look.is_none_or(|look| look.elapsed() >= ROUND) {
                bell = rung;
                last_look = Some(Instant::now());
                self.look_around()?;
            }
            let moved = self.watch()? | self.start()?;
            if self.busy() {
                idle_since = Instant::now();
            } else if idle_since.elapsed() >= IDLE {
                return Ok(());
            }
            pause = if moved { PAUSE.0 } else { (pause * 2).min(PAUSE.1) };
            std::thread::sleep(pause);
        }
    }

    /// Takes in new jobs, and what was asked of known ones.
    fn look_around(&mut self) -> Result<()> {
        for number in self.queue.waiting()? {
            if let Some(job) = self.jobs.get_mut(&number) {
                job.held = job.folder.held();
                if !job.cancelled && job.folder.cancelled().is_some() {
                    job.cancelled = true;
                    job.waiting.clear();
                }
                continue;
            }
            let Some(folder) = self.queue.numbered(number) else {
                self.queue.retire_dangling(number);
                continue;
            };
            match take_in(folder) {
                Ok(Some(job)) => {
                    self.jobs.insert(number, job);
                }
                Ok(None) => self.queue.retire_dangling(number),
                // One damaged folder must not stop the others; whoever looks at that job is told.
                Err(error) => tracing::warn!(number, %error, "a job of this computer cannot be read"),
            }
        }
        Ok(())
    }

    /// Takes note of what ended.
    fn watch(&mut self) -> Result<bool> {
        let mut moved = false;
        for job in self.jobs.values_mut() {
            moved |= job.watch()?;
        }
        let over: Vec<u64> = self
            .jobs
            .iter()
            .filter(|(_, job)| job.waiting.is_empty() && job.active.is_empty())
            .map(|(number, _)| *number)
            .collect();
        for number in over {
            if let Some(job) = self.jobs.remove(&number) {
                sweep(&job.folder);
            }
            self.queue.retire(number);
            moved = true;
        }
        Ok(moved)
    }

    /// Starts what fits, strictly in order: a wide job is never overtaken for ever.
    fn start(&mut self) -> Result<bool> {
        let slots = self.queue.slots();
        let taken: u64 =
            self.jobs.values().map(|job| job.active.len() as u64 * job.processors.min(slots)).sum();
        let mut free = slots.saturating_sub(taken);
        let mut moved = false;
        for job in self.jobs.values_mut().filter(|job| !job.held) {
            let needed = job.processors.min(slots);
            while !job.waiting.is_empty() && (job.active.len() as u64) < job.at_once {
                if free < needed {
                    return Ok(moved);
                }
                let Some(index) = job.waiting.pop_front() else { break };
                let child = spawn(&self.program, &self.arguments, &job.mark, index)?;
                job.active.insert(index, Active::Ours(child));
                free -= needed;
                moved = true;
            }
        }
        Ok(moved)
    }
}

fn take_in(folder: JobFolder) -> Result<Option<Queued>> {
    let Some(specification) = folder.specification()? else { return Ok(None) };
    let (indices, at_once) = specification.indices()?;
    let names = folder.control_names()?;
    let cancelled = folder.cancelled().is_some();
    let mut job = Queued {
        mark: specification.mark,
        processors: specification.processors.max(1),
        time_limit: specification.time_limit,
        at_once: at_once.unwrap_or(u64::MAX),
        waiting: VecDeque::new(),
        active: BTreeMap::new(),
        attempts: BTreeMap::new(),
        held: folder.held(),
        cancelled,
        folder,
    };
    for index in indices {
        let run = Run::new(&job.folder, index);
        if names.contains(&run.name("exit")) {
            continue;
        }
        if !names.contains(&run.name("claim")) {
            if !cancelled {
                job.waiting.push_back(index);
            }
            continue;
        }
        if let Some(active) = after_supervisor(&job.folder, index)? {
            job.active.insert(index, active);
        } else if run.exit()?.is_none() && !cancelled {
            job.waiting.push_back(index);
        }
    }
    Ok(Some(job))
}

/// What a run is that has no supervisor of this runner: still active, or `None` when it ended or
/// waits again. Ends that nobody wrote down are written down here.
fn after_supervisor(folder: &JobFolder, index: Option<u64>) -> Result<Option<Active>> {
    let run = Run::new(folder, index);
    match run.state()? {
        State::Running(_) | State::Starting => Ok(Some(Active::Adopted)),
        State::Orphaned(started) => Ok(Some(Active::Orphan(started, None))),
        State::Ended(exit) => {
            run.record_exit(&exit)?;
            Ok(None)
        }
        State::Waiting => {
            if run.claimed() {
                run.unclaim()?;
            }
            Ok(None)
        }
    }
}

impl Queued {
    fn watch(&mut self) -> Result<bool> {
        let mut moved = false;
        let indices: Vec<Option<u64>> = self.active.keys().copied().collect();
        for index in indices {
            let run = Run::new(&self.folder, index);
            let next = match self.active.get_mut(&index) {
                Some(Active::Ours(child)) => match child.try_wait() {
                    Ok(None) => continue,
                    _ => after_supervisor(&self.folder, index)?,
                },
                Some(Active::Adopted) => match after_supervisor(&self.folder, index)? {
                    Some(Active::Adopted) => continue,
                    other => other,
                },
                Some(Active::Orphan(started, stopping)) => {
                    if started.script.lives() {
                        watch_orphan(started, stopping, self.cancelled, self.time_limit);
                        continue;
                    }
                    let why = match stopping {
                        Some(_) if self.cancelled => Why::Cancelled,
                        Some(_) => Why::TimeLimit,
                        None => Why::Unseen,
                    };
                    run.record_exit(&Exit::without_code(Some(started.at), why))?;
                    None
                }
                None => continue,
            };
            moved = true;
            match next {
                Some(active) => {
                    self.active.insert(index, active);
                }
                None => {
                    self.active.remove(&index);
                    if run.exit()?.is_none() && !self.cancelled {
                        self.try_again(index)?;
                    }
                }
            }
        }
        Ok(moved)
    }

    fn try_again(&mut self, index: Option<u64>) -> Result<()> {
        let attempts = self.attempts.entry(index).or_default();
        *attempts += 1;
        if *attempts < ATTEMPTS {
            self.waiting.push_front(index);
            return Ok(());
        }
        let why = Why::NotStarted(format!("its supervisor ended {ATTEMPTS} times before the script began"));
        Run::new(&self.folder, index).record_exit(&Exit::without_code(None, why))
    }
}

fn watch_orphan(started: &Started, stopping: &mut Option<Instant>, cancelled: bool, limit: Option<u64>) {
    match stopping {
        Some(since) => {
            if since.elapsed() >= GRACE {
                stop_orphan(started, true);
            }
        }
        None => {
            let ran = Timestamp::now().duration_since(started.at).as_secs();
            if cancelled || limit.is_some_and(|limit| ran >= i64::try_from(limit).unwrap_or(i64::MAX)) {
                stop_orphan(started, false);
                *stopping = Some(Instant::now());
            }
        }
    }
}

fn spawn(program: &Path, arguments: &[OsString], mark: &Mark, index: Option<u64>) -> Result<Child> {
    let order = match index {
        None => format!("{mark}\n"),
        Some(index) => format!("{mark} {index}\n"),
    };
    let fault = |error: std::io::Error| Error::internal(format!("a supervisor cannot be started: {error}"));
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(fault)?;
    if let Some(mut input) = child.stdin.take() {
        // If it is gone already, its end shows.
        let _ = input.write_all(order.as_bytes());
    }
    Ok(child)
}

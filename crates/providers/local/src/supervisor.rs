//! The process that stands beside one running script: it starts it, keeps its time limit, ends it
//! when it was cancelled and writes down how it ended. It needs no runner to do so.
//!
//! The script is held behind a gate (a shell that waits for one line) until its process is on
//! disk. A supervisor that dies before closes the gate's pipe, and the script never starts.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use cloudmesh_model::{Error, ErrorKind, Result};
use jiff::Timestamp;
use rustix::process::Signal;

use crate::job_folder::{JobFolder, Specification, broken, make_folder};
use crate::process::Process;
use crate::run::{Exit, Run, Started, Why};

/// How often a supervisor looks whether its job was cancelled.
const GLANCE: Duration = Duration::from_millis(250);

/// How long a script has between TERM and KILL.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

const GATE: &str = "IFS= read -r go && exec \"$@\" </dev/null";

/// Runs one run of the job in `folder` to its end. Returns at once if somebody else has it.
pub(crate) fn supervise(folder: &JobFolder, index: Option<u64>) -> Result<()> {
    let Some(job) = folder.specification()? else { return Ok(()) };
    let run = Run::new(folder, index);
    let supervisor = Process::current().ok_or_else(|| Error::internal("this process cannot find itself"))?;
    if run.exit()?.is_some() || !run.claim(&supervisor)? {
        return Ok(());
    }
    if folder.cancelled().is_some() {
        return run.record_exit(&Exit::without_code(None, Why::Cancelled));
    }
    let mut child = match spawn(folder, &job, &run, index) {
        Ok(child) => child,
        Err(error) => {
            return run.record_exit(&Exit::without_code(None, Why::NotStarted(error.message().to_owned())));
        }
    };
    let gate = child.stdin.take();
    let Some(script) = Process::of(child.id()) else {
        return run.record_exit(&Exit::without_code(
            None,
            Why::NotStarted("/bin/sh ended before the script began".to_owned()),
        ));
    };
    let started = Started { supervisor, script: script.clone(), at: Timestamp::now() };
    run.record_start(&started)?;
    if let Some(mut gate) = gate {
        // If the shell is gone already, waiting for it tells how.
        let _ = gate.write_all(b"go\n");
    }
    let (status, why) = wait(folder, child, &script, job.time_limit.map(Duration::from_secs));
    run.record_exit(&Exit {
        exit_code: status.and_then(|status| status.code()).map(i64::from),
        signal: status.and_then(|status| status.signal()).map(i64::from),
        started: Some(started.at),
        ended: Timestamp::now(),
        why,
    })
}

fn wait(
    folder: &JobFolder,
    mut child: Child,
    script: &Process,
    limit: Option<Duration>,
) -> (Option<ExitStatus>, Why) {
    let began = Instant::now();
    let (sender, receiver) = channel();
    std::thread::spawn(move || sender.send(child.wait().ok()));
    let mut stopping: Option<(Why, Instant)> = None;
    let status = loop {
        let patience = match (&stopping, limit) {
            (None, Some(limit)) => limit.saturating_sub(began.elapsed()).min(GLANCE),
            _ => GLANCE,
        };
        match receiver.recv_timeout(patience) {
            Ok(status) => break status,
            Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        match &stopping {
            Some((_, since)) if since.elapsed() >= GRACE => script.signal_group(Signal::KILL),
            Some(_) => {}
            None => {
                let why = if folder.cancelled().is_some() {
                    Some(Why::Cancelled)
                } else if limit.is_some_and(|limit| began.elapsed() >= limit) {
                    Some(Why::TimeLimit)
                } else {
                    None
                };
                if let Some(why) = why {
                    script.signal_group(Signal::TERM);
                    stopping = Some((why, Instant::now()));
                }
            }
        }
    };
    match stopping {
        None => (status, Why::Itself),
        Some((why, _)) => {
            // The script is gone; what it started and did not take along goes with it.
            script.signal_group(Signal::KILL);
            (status, why)
        }
    }
}

fn spawn(folder: &JobFolder, job: &Specification, run: &Run<'_>, index: Option<u64>) -> Result<Child> {
    let work = &job.work_folder;
    make_folder(work).map_err(|error| broken(work, "made", &error))?;
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(GATE).arg(&job.name);
    for word in interpreter(&folder.script())? {
        command.arg(word);
    }
    command
        .arg(folder.script())
        .args(&job.arguments)
        .env_clear()
        .envs(&job.environment)
        .env("CLOUDMESH_JOB_ID", job.number.to_string())
        .env("CLOUDMESH_JOB_NAME", &job.name)
        .env("CLOUDMESH_JOB_MARK", job.mark.to_string())
        .env("CLOUDMESH_CPUS", job.processors.to_string())
        .current_dir(work)
        .stdin(Stdio::piped())
        .stdout(output(&work.join(run.name("output")))?)
        .stderr(output(&work.join(run.name("error")))?)
        .process_group(0);
    if let Some(index) = index {
        command.env("CLOUDMESH_ARRAY_INDEX", index.to_string());
    }
    command.spawn().map_err(|error| {
        Error::new(ErrorKind::BadInput, format!("the script cannot be started: {error}"))
            .hint("arguments and environment together may be too long for this computer")
    })
}

fn output(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| broken(path, "written", &error))
}

/// The words before the script's path: those of its `#!` line as the kernel takes them, `/bin/sh`
/// where there is none, nothing for a program.
fn interpreter(script: &Path) -> Result<Vec<String>> {
    let mut head = Vec::new();
    File::open(script)
        .and_then(|file| file.take(4096).read_to_end(&mut head))
        .map_err(|error| broken(script, "read", &error))?;
    Ok(words_before(&head))
}

pub(crate) fn words_before(head: &[u8]) -> Vec<String> {
    if let Some(rest) = head.strip_prefix(b"#!") {
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        let line = line.trim_matches([' ', '\t']);
        if !line.is_empty() {
            return match line.split_once([' ', '\t']) {
                Some((program, argument)) => {
                    vec![program.to_owned(), argument.trim_matches([' ', '\t']).to_owned()]
                }
                None => vec![line.to_owned()],
            };
        }
    }
    if head.contains(&0) { Vec::new() } else { vec!["/bin/sh".to_owned()] }
}

/// Ends what an orphaned script left, on the runner's behalf, once its limit is over or it was
/// cancelled: TERM first, KILL when `overdue`.
pub(crate) fn stop_orphan(started: &Started, overdue: bool) {
    started.script.signal_group(if overdue { Signal::KILL } else { Signal::TERM });
}

/// Removes the drafts that killed writers left in a job's folder.
pub(crate) fn sweep(folder: &JobFolder) {
    for name in folder.control_names().unwrap_or_default() {
        if name.contains(".draft-") {
            let _ = fs::remove_file(folder.control(&name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_interpreter_as_for_the_kernel() {
        let words = |text: &str| words_before(text.as_bytes());
        assert_eq!(words("#!/bin/bash\necho"), ["/bin/bash"]);
        assert_eq!(words("#! /usr/bin/env  python3 -u \nx"), ["/usr/bin/env", "python3 -u"]);
        assert_eq!(words("echo hello"), ["/bin/sh"]);
        assert_eq!(words("#!\necho"), ["/bin/sh"]);
        assert!(words_before(b"\x7fELF\x02\x01\x01\0\0").is_empty());
    }
}

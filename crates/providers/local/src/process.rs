//! A process, known by its number and the moment it began, so that a number that was given out
//! again is never taken for it. Reads `/proc` where there is one and asks `ps` elsewhere.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

/// A process of this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Process {
    pid: i32,
    /// When it began, in the system's own form.
    began: String,
    /// Which start of the computer it belongs to; empty where the system does not say.
    boot: String,
}

impl Process {
    /// The living process with this number.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok()?;
        Some(Self { pid, began: began(pid)?, boot: boot() })
    }

    /// This very process.
    pub(crate) fn current() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// Whether it still runs.
    pub(crate) fn lives(&self) -> bool {
        self.boot == boot() && began(self.pid).as_deref() == Some(self.began.as_str())
    }

    /// Whether the computer was started anew since.
    pub(crate) fn before_restart(&self) -> bool {
        self.boot != boot()
    }

    /// Sends `signal` to the process group that it leads. For callers that know that it lives, or
    /// that it ended this moment: later its number may be somebody else's.
    pub(crate) fn signal_group(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.pid).filter(|_| self.pid > 1) {
            // A group that is gone already is what the caller wants.
            let _ = rustix::process::kill_process_group(pid, signal);
        }
    }
}

fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

fn began(pid: i32) -> Option<String> {
    if Path::new("/proc/self/stat").exists() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The command's name stands in parentheses and may itself hold any character.
        let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_ascii_whitespace();
        if matches!(fields.next()?, "Z" | "X" | "x") {
            return None;
        }
        return fields.nth(18).map(str::to_owned);
    }
    let answer = Command::new("ps")
        .args(["-o", "stat=,lstart=", "-p", &pid.to_string()])
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&answer.stdout);
    let (state, began) = text.trim().split_once(' ')?;
    (!state.starts_with('Z')).then(|| began.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_lives_until_it_ends() {
        assert!(Process::current().unwrap().lives());
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        let process = Process::of(child.id()).unwrap();
        assert!(process.lives() && !process.before_restart());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!process.lives());
    }

    #[test]
    fn a_number_given_out_again_is_another_process() {
        let mut process = Process::current().unwrap();
        process.began.push('1');
        assert!(!process.lives());
        let mut process = Process::current().unwrap();
        process.boot = "earlier".to_owned();
        assert!(!process.lives() && process.before_restart());
    }
}

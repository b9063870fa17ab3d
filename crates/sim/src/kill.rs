//! Stopping a client with SIGKILL. Never the simulator's own process, and a process that was looked up only if its
//! program has the name that was given.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::sockets;
use crate::stop_client::StopTarget;

/// The process that an order means, looked up while the connection still stands.
pub(crate) fn find(target: &StopTarget, theirs: SocketAddr, ours: SocketAddr) -> Result<u32, String> {
    match target {
        StopTarget::Pid(pid) if *pid <= 1 || *pid == std::process::id() => {
            Err(format!("process {pid} is not one to stop"))
        }
        StopTarget::Pid(pid) => Ok(*pid),
        StopTarget::Process(name) => {
            let peer = sockets::peer(theirs, ours).ok_or_else(|| format!("no socket found for {theirs}"))?;
            let holders = sockets::holders(peer.inode);
            if holders.is_empty() {
                return Err(format!("no process found that holds the socket of {theirs}"));
            }
            let found = holders.iter().copied().find(|pid| {
                *pid != std::process::id() && sockets::program(*pid).is_some_and(|program| program == *name)
            });
            found.ok_or_else(|| {
                let others: Vec<String> = holders
                    .iter()
                    .map(|pid| {
                        format!("{} ({pid})", sockets::program(*pid).unwrap_or_else(|| "unknown".to_owned()))
                    })
                    .collect();
                format!("the client is not {name} but {}", others.join(", "))
            })
        }
    }
}

/// Sends SIGKILL.
pub(crate) fn kill(pid: u32) -> Result<u32, String> {
    let raw = i32::try_from(pid).ok().filter(|raw| *raw > 1).and_then(Pid::from_raw);
    let target = raw
        .filter(|_| pid != std::process::id())
        .ok_or_else(|| format!("process {pid} is not one to stop"))?;
    kill_process(target, Signal::KILL)
        .map_err(|error| format!("process {pid} could not be stopped: {error}"))?;
    Ok(pid)
}

/// Waits until a stopped process runs no more, so that it cannot see what happens to its connection.
pub(crate) async fn wait_until_dead(pid: u32) {
    let since = Instant::now();
    while runs(pid) && since.elapsed() < Duration::from_secs(1) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn runs(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    !matches!(state, Some("Z" | "X") | None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simulator_never_stops_itself() {
        let address = "127.0.0.1:1".parse().unwrap();
        assert!(find(&StopTarget::Pid(std::process::id()), address, address).is_err());
        assert!(find(&StopTarget::Pid(1), address, address).is_err());
        assert!(kill(std::process::id()).is_err());
        assert!(kill(0).is_err());
        assert!(kill(1).is_err());
    }
}

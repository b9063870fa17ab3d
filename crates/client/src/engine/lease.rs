//! Who runs a plan: one process at a time, told to everybody else, taken over when it is no more.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_resource::PlanId;
use cloudmesh_store::Lease;

use crate::Mesh;

/// How long a hold lasts after it was last renewed.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// Runs of this process, counted: two of them that want the same plan are two callers.
static RUNS: AtomicU64 = AtomicU64::new(1);

/// Who we are, so that another process can tell, and can see that we are no more.
pub(super) fn holder(mesh: &Mesh) -> String {
    let pid = std::process::id();
    let begun = process_start(pid).unwrap_or_default();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    format!("{} process {pid} (begun {begun}) on {host}, run {run}", mesh.parts().door)
}

/// When a process began, in the kernel's ticks: tells a process from a later one of the same number.
fn process_start(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    // One that has ended and that nobody has asked for its end (a zombie) is no more.
    if matches!(fields.next()?, "Z" | "X") { None } else { fields.nth(18).map(str::to_owned) }
}

/// Whether the process that `holder` names was on this computer and is no more.
fn is_dead(holder: &str) -> bool {
    let parts = || {
        let (_, rest) = holder.split_once(" process ")?;
        let (pid, rest) = rest.split_once(" (begun ")?;
        let (begun, host) = rest.split_once(") on ")?;
        let host = host.rsplit_once(", run ").map_or(host, |(host, _)| host);
        Some((pid.parse::<u32>().ok()?, begun.to_owned(), host.to_owned()))
    };
    let Some((pid, begun, host)) = parts() else { return false };
    let here = rustix::system::uname().nodename().to_string_lossy().into_owned();
    host == here && !begun.is_empty() && process_start(pid).as_deref() != Some(&begun)
}

/// Refuses while a living process runs the plan `plan`.
///
/// # Errors
/// Who runs it.
pub async fn check_idle(mesh: &Mesh, plan: &PlanId) -> Result<()> {
    let (lease, us) = (format!("plan/{plan}"), holder(mesh));
    take_lease(mesh, &lease, &us).await?;
    mesh.store()?.release(&lease, &us).await
}

/// Takes the lease; from a process of this computer that is no more, at once.
pub(super) async fn take_lease(mesh: &Mesh, lease: &str, us: &str) -> Result<()> {
    let store = mesh.store()?;
    for _ in 0..2 {
        match store.lease(lease, us, LEASE).await? {
            Lease::Granted => return Ok(()),
            Lease::Held { holder, .. } if is_dead(&holder) => store.release(lease, &holder).await?,
            Lease::Held { holder, remaining } => {
                return Err(Error::new(ErrorKind::Conflict, format!("the plan is being run by {holder}"))
                    .hint(format!(
                        "wait for it; its hold ends {} s after it was last renewed",
                        remaining.as_secs()
                    )));
            }
        }
    }
    Err(Error::new(ErrorKind::Conflict, "the plan was taken by somebody else at the same moment"))
}

//! What all systems share: states of queues and nodes in our words, and which system it is.

use cloudmesh_model::{Error, ErrorKind, Result};

use crate::Dialect;
use crate::answer::Answer;

/// Whether a queue takes and runs jobs.
pub(crate) fn queue_status(enabled: bool, started: bool) -> &'static str {
    match (enabled, started) {
        (true, true) => "up",
        (true, false) => "stopped",
        (false, true) => "closed",
        (false, false) => "down",
    }
}

/// The state of a node of PBS in our words: several words, divided by commas (pbs_node_attributes(7B)).
pub(crate) fn node_status(state: &str, used: Option<u64>, cpus: Option<u64>) -> &'static str {
    let has = |word: &str| state.split(',').any(|part| part.trim() == word);
    if has("down") || has("unknown") || has("stale") || has("state-unknown") || has("unresolvable") {
        return "down";
    }
    let used = used.unwrap_or(0);
    if has("offline") {
        return if used > 0 { "draining" } else { "drained" };
    }
    if has("resv-exclusive") || has("reserve") || has("maintenance") {
        return "reserved";
    }
    if has("job-busy") || has("job-exclusive") || has("busy") {
        return "busy";
    }
    if has("free") || state.is_empty() {
        return match (used, cpus) {
            (0, _) => "idle",
            (used, Some(cpus)) if used >= cpus => "busy",
            _ => "mixed",
        };
    }
    "unknown"
}

/// Which system answered. Slurm's wrappers answer to the same names and are told apart.
pub(crate) fn dialect(answer: &Answer) -> Result<Dialect> {
    let version = format!("{}{}", answer.text("version"), answer.text("version-errors"));
    let help = format!("{}{}", answer.text("help"), answer.text("help-errors"));
    let kind = answer.text("kind");
    let first = help.lines().next().unwrap_or_default();
    if version.contains("pbs_version") {
        return Ok(Dialect::OpenPbs);
    }
    if version.to_ascii_lowercase().trim_start().starts_with("version:") {
        return Ok(Dialect::Torque);
    }
    if ["SGE", "GE ", "UGE", "OGS", "AGE", "OCS"].iter().any(|word| first.starts_with(word)) {
        return Ok(Dialect::GridEngine);
    }
    if kind.contains("perl") || answer.text("beside").contains("/sbatch") {
        return Err(Error::new(ErrorKind::Unsupported, "qstat there is a wrapper over Slurm")
            .hint("register it as what it is: cm register cluster NAME --type=slurm"));
    }
    Err(Error::new(ErrorKind::Unsupported, "which batch system it is cannot be told")
        .hint("set `dialect` to openpbs or torque, or use --type=gridengine")
        .with("said", version.lines().next().unwrap_or(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_nodes_are_told_in_our_words() {
        for (state, used, ours) in [
            ("free", 0, "idle"),
            ("free", 3, "mixed"),
            ("free", 8, "busy"),
            ("job-exclusive", 8, "busy"),
            ("offline", 2, "draining"),
            ("down,offline", 0, "down"),
            ("state-unknown,down", 0, "down"),
            ("<various>", 0, "unknown"),
        ] {
            assert_eq!(node_status(state, Some(used), Some(8)), ours, "{state}");
        }
    }
}

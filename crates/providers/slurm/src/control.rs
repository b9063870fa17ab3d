//! Holding, releasing, requeuing and altering: what the script is given, and what its answer means.

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_resource::{BatchAction, JobChanges, Performed, Request};
use jiff::Timestamp;

use crate::answer::last_line;
use crate::record::split_id;
use crate::refusal::failed_read;
use crate::submission::{duration, seconds_until};

/// One change of one job.
#[derive(Debug)]
pub(crate) struct Control {
    verb: &'static str,
    id: String,
    settings: Vec<String>,
}

impl Control {
    pub(crate) fn new(action: &BatchAction, request: &Request, now: Timestamp) -> Result<Self> {
        let (verb, settings) = match action {
            BatchAction::HoldJob { .. } => ("hold", Vec::new()),
            BatchAction::ReleaseJob { .. } => ("release", Vec::new()),
            BatchAction::RequeueJob { .. } => ("requeue", Vec::new()),
            BatchAction::AlterJob { changes, .. } => ("alter", settings(changes, now)?),
            _ => return Err(Error::internal("that is no change of a job that is there")),
        };
        let native = request
            .natives
            .get(action.job())
            .ok_or_else(|| Error::internal("a job is to be changed without its id"))?;
        let (base, task) = split_id(native.as_str())
            .ok_or_else(|| Error::internal(format!("`{native}` is no job id of Slurm")))?;
        let id = task.map_or(base.clone(), |task| format!("{base}_{task}"));
        Ok(Self { verb, id, settings })
    }

    /// As the script reads it.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.verb, self.id, self.settings.len());
        for setting in &self.settings {
            text.push_str(setting);
            text.push('\n');
        }
        text
    }

    /// What the answer means.
    pub(crate) fn result(&self, code: &str, said: &str) -> Result<Performed> {
        let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if code == "0" {
            return Ok(Performed::default());
        }
        let id = &self.id;
        let why = last_line(said).to_owned();
        if has(&["Invalid user id", "ermission denied", "Access"]) {
            return Err(Error::new(
                ErrorKind::Forbidden,
                format!("the cluster does not let you {} job {id}", self.verb),
            )
            .with("said", why)
            .hint("ask its owner or the cluster's operators"));
        }
        if has(&["Invalid job id"]) {
            return Err(Error::new(ErrorKind::NotFound, format!("the cluster no longer knows job {id}"))
                .hint("`cm hpc queue` shows the jobs there are"));
        }
        if self.verb == "requeue" && has(&["is pending", "job is pending", "Job is pending execution"]) {
            return Ok(Performed::default());
        }
        if has(&[
            "already finished",
            "already complet",
            "no longer pending",
            "ob/step already",
            "is disabled",
            "no longer queued",
        ]) {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("job {id} is in no state to {} it: {why}", self.verb),
            ));
        }
        if has(&["ontact slurm controller", "timed out"]) {
            return Err(failed_read("scontrol", said));
        }
        Err(Error::bad_input(format!("the cluster refuses to {} job {id}: {why}", self.verb)))
    }
}

fn settings(changes: &JobChanges, now: Timestamp) -> Result<Vec<String>> {
    let mut settings = Vec::new();
    let mut add = |name: &str, value: &Option<String>| {
        settings.extend(value.as_ref().map(|value| format!("{name}={value}")));
    };
    add("JobName", &changes.name);
    add("Partition", &changes.queue);
    add("TimeLimit", &changes.time_limit.map(duration));
    add("Account", &changes.account);
    add("QOS", &changes.qos);
    add("StartTime", &changes.begin.map(|begin| format!("now+{}", seconds_until(begin, now))));
    if settings.iter().any(|setting| setting.chars().any(char::is_control)) {
        return Err(
            Error::bad_input("a value holds a line break or a control character").hint("leave it out")
        );
    }
    Ok(settings)
}

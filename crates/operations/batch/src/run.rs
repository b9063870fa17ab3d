//! `hpc run`: from a script or a command to a plan of submissions.

use std::collections::BTreeMap;
use std::path::Path;

use cloudmesh_client::operation::{Change, Example, Input, Operation};
use cloudmesh_client::settings::Membership;
use cloudmesh_client::{Draft, Mesh, places, policy, records};
use cloudmesh_model::job::Job;
use cloudmesh_model::{Error, ErrorKind, Record, Result, ThingId, ThingKind};
use cloudmesh_resource::plan::Until;
use cloudmesh_resource::{
    Action, After, BatchAction, Dependency, Family, Filled, Mail, StepKind, SubmitJob, Thing, Wishes,
};
use cloudmesh_store::Expected;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{jobs, time_limit};

/// The largest script.
const LARGEST_SCRIPT: u64 = 4 << 20;
/// How many single jobs one command may submit.
const MOST_AT_ONCE: usize = 10_000;
/// How long `--wait` waits for a job, seconds.
const ENDED_WITHIN: u64 = 30 * 86_400;

/// Submits a script, or a command, as a job.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunInput {
    /// A script's file, or a command; then their arguments (after -- where they begin with a hyphen)
    #[arg(required = true, value_name = "SCRIPT|COMMAND")]
    script: Vec<String>,
    /// The cluster; with several, separated by commas, or `all`, the job runs on each of them
    #[arg(long)]
    cluster: Option<String>,
    /// Queue (partition)
    #[arg(long)]
    queue: Option<String>,
    /// Longest run time: minutes, or 90s, 30m, 2h, 3d, H:MM:SS, D-HH:MM:SS
    #[arg(long = "t", short = 't', value_name = "TIME")]
    time: Option<String>,
    /// Nodes
    #[arg(long = "N", short = 'N', value_name = "NODES")]
    nodes: Option<u64>,
    /// Tasks (processes)
    #[arg(long)]
    tasks: Option<u64>,
    /// Processors for each task
    #[arg(long)]
    cpus: Option<u64>,
    /// Memory for each node, MiB
    #[arg(long)]
    memory: Option<u64>,
    /// Account to charge
    #[arg(long)]
    account: Option<String>,
    /// Name of the job
    #[arg(long)]
    name: Option<String>,
    /// Folder on the cluster under which the job gets its own
    #[arg(long)]
    dir: Option<String>,
    /// Group that the jobs join
    #[arg(long)]
    group: Option<String>,
    /// A job array: 1-1000, 0-9:3, 1,5,7, each with an optional %LIMIT
    #[arg(long)]
    array: Option<String>,
    /// That many separate jobs
    #[arg(long, short = 'n')]
    n: Option<usize>,
    /// Submit it held: it waits until it is released
    #[arg(long)]
    #[serde(default)]
    hold: bool,
    /// Environment variables of the job
    #[arg(long, value_name = "NAME=VALUE")]
    #[serde(default)]
    env: Vec<String>,
    /// GPUs for each node: 2, or a type and a number: a100:2
    #[arg(long)]
    gpus: Option<String>,
    /// Jobs that have to have begun first: ids, names or `last`, separated by commas
    #[arg(long, value_name = "JOBS")]
    after: Option<String>,
    /// Jobs that have to have completed well first
    #[arg(long, value_name = "JOBS")]
    afterok: Option<String>,
    /// Jobs that have to have failed first
    #[arg(long, value_name = "JOBS")]
    afternotok: Option<String>,
    /// Jobs that have to have ended first
    #[arg(long, value_name = "JOBS")]
    afterany: Option<String>,
    /// Not before: a date and time (2026-12-01T08:00), or from now on (+2h)
    #[arg(long)]
    begin: Option<String>,
    /// Address that the cluster sends mail to
    #[arg(long, value_name = "ADDRESS")]
    mail: Option<String>,
    /// About what it sends mail: begin, end, fail, separated by commas; end and fail without it
    #[arg(long, value_name = "EVENTS")]
    mail_on: Option<String>,
    /// Licences: matlab, or matlab:2; separated by commas
    #[arg(long, value_name = "LICENCES")]
    licences: Option<String>,
    /// Features that its nodes must have, as the cluster writes them
    #[arg(long)]
    constraint: Option<String>,
    /// A reservation to run in
    #[arg(long)]
    reservation: Option<String>,
    /// Quality of service
    #[arg(long)]
    qos: Option<String>,
}

impl Input for RunInput {
    fn check(&self) -> Result<()> {
        if let Some(time) = &self.time {
            time_limit::seconds(time)?;
        }
        if self.array.is_some() && self.n.is_some() {
            return Err(Error::bad_input("--array and --n exclude each other")
                .hint("an array is one job with many tasks"));
        }
        if let Some(count) = self.n.filter(|count| *count == 0 || *count > MOST_AT_ONCE) {
            return Err(Error::bad_input(format!("{count} jobs cannot be submitted at once"))
                .hint(format!("between 1 and {MOST_AT_ONCE}; --array makes many tasks of one job")));
        }
        if let Some(array) = self.array.as_deref().filter(|array| !is_array(array)) {
            return Err(Error::bad_input(format!(
                "`{}` is not a job array",
                cloudmesh_model::noun::printable(array)
            ))
            .hint("write it as 1-1000, 0-9:3 or 1,5,7, with an optional %LIMIT"));
        }
        for (option, value) in
            [("N", self.nodes), ("tasks", self.tasks), ("cpus", self.cpus), ("memory", self.memory)]
        {
            if value == Some(0) {
                return Err(Error::bad_input(format!("--{option}=0 makes no job")));
            }
        }
        for (option, value) in [
            ("name", &self.name),
            ("dir", &self.dir),
            ("queue", &self.queue),
            ("account", &self.account),
            ("gpus", &self.gpus),
            ("mail", &self.mail),
            ("licences", &self.licences),
            ("constraint", &self.constraint),
            ("reservation", &self.reservation),
            ("qos", &self.qos),
        ] {
            if value.as_ref().is_some_and(|value| value.is_empty() || value.chars().any(char::is_control)) {
                return Err(Error::bad_input(format!(
                    "--{option} is empty or contains a line break or control character"
                )));
            }
        }
        if self.script.iter().any(|word| word.contains('\0')) {
            return Err(Error::bad_input("an argument contains a NUL character"));
        }
        if let Some(gpus) = self.gpus.as_deref().filter(|gpus| !is_gpus(gpus)) {
            return Err(Error::bad_input(format!("`{gpus}` does not say how many GPUs"))
                .hint("write a number, or a type and a number: a100:2"));
        }
        if let Some(mail) =
            self.mail.as_deref().filter(|mail| mail.contains([' ', ',', '\'', '"']) || mail.starts_with('-'))
        {
            return Err(Error::bad_input(format!("`{mail}` is not an address")).hint("give one address"));
        }
        if self.mail_on.is_some() && self.mail.is_none() {
            return Err(Error::bad_input("--mail-on goes with --mail=ADDRESS"));
        }
        mail_events(self.mail_on.as_deref())?;
        if let Some(begin) = &self.begin {
            crate::moment::at(begin, jiff::Timestamp::now())?;
        }
        environment(&self.env).map(drop)
    }
}

fn is_gpus(text: &str) -> bool {
    let number = |text: &str| text.parse::<u32>().is_ok_and(|count| count > 0);
    match text.rsplit_once(':') {
        Some((kind, count)) => {
            number(count)
                && !kind.is_empty()
                && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        }
        None => number(text),
    }
}

/// Whether mail is wanted at the begin, the end, a failure.
fn mail_events(text: Option<&str>) -> Result<(bool, bool, bool)> {
    let mut events = (false, false, false);
    for word in text.unwrap_or("end,fail").split(',') {
        match word {
            "begin" => events.0 = true,
            "end" => events.1 = true,
            "fail" => events.2 = true,
            other => {
                return Err(Error::bad_input(format!(
                    "`{}` is nothing that mail is sent about",
                    cloudmesh_model::noun::printable(other)
                ))
                .hint("use begin, end and fail, separated by commas"));
            }
        }
    }
    Ok(events)
}

/// What few jobs ask for, on one cluster: jobs that come first are looked up there.
async fn wishes(mesh: &Mesh, input: &RunInput, cluster: &str) -> Result<Wishes> {
    let mut dependencies = Vec::new();
    for (after, named) in [
        (After::Begun, &input.after),
        (After::Well, &input.afterok),
        (After::Ill, &input.afternotok),
        (After::Ended, &input.afterany),
    ] {
        for wanted in named.iter().flat_map(|named| named.split(',')) {
            let (_, job) = jobs::one(mesh, Some(cluster), Some(wanted.trim())).await?;
            if job.native.is_none() {
                return Err(Error::new(ErrorKind::Conflict, format!("{} is not submitted yet", job.name))
                    .at(cluster)
                    .hint("submit it first"));
            }
            dependencies.push(Dependency { after, job: job.id });
        }
    }
    let mail = match &input.mail {
        Some(to) => {
            let (begin, end, fail) = mail_events(input.mail_on.as_deref())?;
            Some(Mail { to: to.clone(), begin, end, fail })
        }
        None => None,
    };
    Ok(Wishes {
        gpus: input.gpus.clone(),
        dependencies,
        begin: input.begin.as_deref().map(|text| crate::moment::at(text, mesh.now())).transpose()?,
        mail,
        licences: input.licences.iter().flat_map(|text| text.split(',')).map(str::to_owned).collect(),
        constraint: input.constraint.clone(),
        reservation: input.reservation.clone(),
        qos: input.qos.clone(),
    })
}

fn is_array(text: &str) -> bool {
    let (indices, limit) =
        text.split_once('%').map_or((text, None), |(indices, limit)| (indices, Some(limit)));
    let number =
        |text: &str| !text.is_empty() && text.len() < 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    limit.is_none_or(number)
        && indices.split(',').all(|range| {
            let (range, step) =
                range.split_once(':').map_or((range, None), |(range, step)| (range, Some(step)));
            let whole = match range.split_once('-') {
                Some((first, last)) => {
                    number(first) && number(last) && first.parse::<u32>().ok() <= last.parse::<u32>().ok()
                }
                None => number(range) && step.is_none(),
            };
            whole && step.is_none_or(number)
        })
}

fn environment(pairs: &[String]) -> Result<BTreeMap<String, String>> {
    pairs
        .iter()
        .map(|text| match text.split_once('=') {
            Some((name, value)) if is_variable(name) && !value.contains(['\0', '\n']) => {
                Ok((name.to_owned(), value.to_owned()))
            }
            _ => Err(Error::bad_input(format!(
                "`{}` is not NAME=VALUE",
                cloudmesh_model::noun::printable(text)
            ))
            .hint("a name is made of letters, digits and `_`; a value has no line breaks")),
        })
        .collect()
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `hpc run`.
pub struct Run;

impl Operation for Run {
    const NAME: &'static str = "hpc.run";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "A command on this computer", command: "hpc run --cluster=local -- echo hello" },
        Example { about: "A job array", command: "hpc run --cluster=local --array=1-3 -- hostname" },
    ];
    type Input = RunInput;
}

/// What is to run.
struct Script {
    content: Vec<u8>,
    name: String,
    arguments: Vec<String>,
}

/// A file is a script; anything else is a command, which becomes one.
fn script(mesh: &Mesh, words: &[String]) -> Result<Script> {
    let Some((first, arguments)) = words.split_first() else {
        return Err(Error::bad_input("there is nothing to run"));
    };
    let path = mesh.parts().surroundings.working_folder.join(first);
    let looks_like_file = first.contains('/')
        || [".sh", ".bash", ".slurm", ".sbatch", ".pbs", ".job", ".py"]
            .iter()
            .any(|end| first.ends_with(end));
    if path.is_file() && (looks_like_file || !on_path(mesh, first)) {
        let failed =
            |error: std::io::Error| Error::bad_input(format!("{} cannot be read: {error}", path.display()));
        let size = path.metadata().map_err(failed)?.len();
        if size > LARGEST_SCRIPT {
            return Err(Error::bad_input(format!(
                "{} has {size} bytes; a script has {LARGEST_SCRIPT} at the most",
                path.display()
            ))
            .hint("put data beside the script, not into it"));
        }
        let content = std::fs::read(&path).map_err(failed)?;
        if content.iter().all(u8::is_ascii_whitespace) {
            return Err(Error::bad_input(format!("{} is empty", path.display())));
        }
        let name = Path::new(first)
            .file_name()
            .map_or_else(|| first.clone(), |name| name.to_string_lossy().into_owned());
        let content =
            if content.starts_with(b"#!") { content } else { [b"#!/bin/sh\n".as_slice(), &content].concat() };
        return Ok(Script { content, name, arguments: arguments.to_vec() });
    }
    if path.is_dir() && looks_like_file {
        return Err(Error::bad_input(format!("{} is a folder, not a script", path.display())));
    }
    if looks_like_file && arguments.is_empty() && !first.starts_with('/') {
        return Err(Error::new(ErrorKind::NotFound, format!("there is no script {}", path.display()))
            .hint("give the path of a script, or a command with its arguments"));
    }
    if first.trim().is_empty() {
        return Err(Error::bad_input("the command is empty"));
    }
    let command = if arguments.is_empty() { first.clone() } else { quoted(words) };
    let name = first.split_whitespace().next().unwrap_or("job");
    let name = Path::new(name)
        .file_name()
        .map_or_else(|| "job".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Script { content: format!("#!/bin/sh\n{command}\n").into_bytes(), name, arguments: vec![] })
}

fn on_path(mesh: &Mesh, program: &str) -> bool {
    let path = mesh.parts().surroundings.variables.get("PATH").cloned().unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Words as a POSIX shell reads them back.
fn quoted(words: &[String]) -> String {
    let plain = |word: &String| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-./=:,+@%".contains(c))
    };
    let quote =
        |word: &String| if plain(word) { word.clone() } else { format!("'{}'", word.replace('\'', r"'\''")) };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

impl Change for Run {
    async fn plan(mesh: &Mesh, input: RunInput, draft: &mut Draft) -> Result<()> {
        let script = script(mesh, &input.script)?;
        let clusters = match input.cluster.as_deref() {
            Some(several) if several == "all" || several.contains(',') => {
                places::for_reading(mesh, Family::Batch, Some(several)).await?
            }
            named => {
                let (cluster, chosen) = places::for_change(mesh, Family::Batch, named).await?;
                if let Some(from) = chosen {
                    draft.filled(Filled {
                        option: "cluster".into(),
                        value: cluster.clone(),
                        from: from.into(),
                    });
                }
                vec![cluster]
            }
        };
        let hash = draft.attach(script.content);
        let base = input.name.clone().unwrap_or_else(|| script.name.clone());
        for cluster in &clusters {
            submissions(mesh, draft, &input, cluster, &base, &hash, &script.arguments).await?;
        }
        let count = input.n.unwrap_or(1) * clusters.len();
        let array = input.array.as_ref().map(|array| format!(" (array {array})")).unwrap_or_default();
        draft.title(format!(
            "submit {} to {}: {base}{array}",
            policy::counted::<Job>(count),
            clusters.join(", ")
        ));
        Ok(())
    }
}

/// The steps that submit to one cluster.
async fn submissions(
    mesh: &Mesh,
    draft: &mut Draft,
    input: &RunInput,
    cluster: &str,
    base: &str,
    script: &str,
    arguments: &[String],
) -> Result<()> {
    let queue = draft.option(mesh, cluster, "queue", input.queue.as_deref()).await?;
    let account = draft.option(mesh, cluster, "account", input.account.as_deref()).await?;
    let folder = draft.option(mesh, cluster, "experiment_dir", input.dir.as_deref()).await?;
    let time_limit = match draft.option(mesh, cluster, "time", input.time.as_deref()).await? {
        Some(time) => Some(time_limit::seconds(&time)?),
        None => None,
    };
    let environment = environment(&input.env)?;
    let wishes = wishes(mesh, input, cluster).await?;
    let count = input.n.unwrap_or(1);
    let mut changes = Vec::new();
    let mut inverse = Vec::new();
    for number in 1..=count {
        let job = ThingId::planned();
        let name = if count == 1 { base.to_owned() } else { format!("{base}-{number:03}") };
        let submit = SubmitJob {
            job: job.clone(),
            name: name.clone(),
            script: script.to_owned(),
            arguments: arguments.to_vec(),
            queue: queue.clone(),
            time_limit,
            nodes: input.nodes,
            tasks: input.tasks,
            cpus_per_task: input.cpus,
            memory: input.memory,
            account: account.clone(),
            array: input.array.clone(),
            hold: input.hold,
            environment: environment.clone(),
            folder: folder.clone(),
            wishes: wishes.clone(),
        };
        draft.placeholder(Thing::Job(submit.job(cluster, None, None)));
        let submitted =
            draft.act(cluster, &name, Action::Batch(BatchAction::SubmitJob(Box::new(submit))), &[]);
        if draft.wait() == Some(true) {
            let wait = StepKind::Await {
                thing_kind: ThingKind::Job,
                thing: job.clone(),
                until: Until::Completed,
                limit: ENDED_WITHIN,
            };
            draft.step(cluster, &name, wait, &[submitted]);
        }
        if let Some(group) = &input.group {
            let member = Membership::new(group, "job", job.as_str(), cluster);
            inverse.push(cloudmesh_store::Change::Delete {
                kind: Membership::NOUN.name.to_owned(),
                id: member.id.as_str().to_owned(),
                expected: Expected::Any,
            });
            changes.push(cloudmesh_store::Change::Put(records::document(&member)?, Expected::Any));
        }
    }
    draft.own(changes, inverse);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_arrays_are_checked_before_anything_is_sent() {
        for good in ["1-1000", "0-9:3", "1,5,7", "3", "1-10%4", "1,3-5"] {
            assert!(is_array(good), "{good}");
        }
        for bad in ["", "a", "5-1", "1-", "1--2", "1%", "1:2", "1-5:", "1;2", "1\n2"] {
            assert!(!is_array(bad), "{bad}");
        }
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        let words: Vec<String> = ["echo", "it's", "a b", "$HOME", ""].map(str::to_owned).to_vec();
        assert_eq!(quoted(&words), r"echo 'it'\''s' 'a b' '$HOME' ''");
    }
}

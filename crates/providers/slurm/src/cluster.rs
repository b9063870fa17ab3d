//! The cluster: what plans and lists see of it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use cloudmesh_model::job::{Account, Job, JobDetails, JobStatus, Node, Queue, Reservation};
use cloudmesh_model::{Error, ErrorKind, Mark, NativeId, Result, ThingId, ThingKind};
use cloudmesh_resource::{
    Action, Batch, BatchAction, Capability, Changes, Connection, Found, MarkField, OutputChunk, OutputStream,
    Pages, Performed, Request, Seen, SubmitJob, Support, Thing,
};
use cloudmesh_transport::ssh::{Call, SshHost};
use jiff::Timestamp;

use crate::Settings;
use crate::answer::{Answer, accounting_records, no_slurm, raw_section};
use crate::control::Control;
use crate::record::{Row, exit_of_wait_status, jobs, split_id};
use crate::refusal::{failed_read, refusal, uncertain};
use crate::submission::{Submission, input, options, since};
use crate::system;

/// A constant script behind the common beginning.
macro_rules! script {
    ($($name:literal),+) => {
        concat!(include_str!("scripts/prelude.sh"), $(include_str!(concat!("scripts/", $name, ".sh"))),+)
    };
}

/// The script that submits.
pub(crate) const SUBMIT: &str = script!("outcome", "submit");

static CAPABILITIES: &[Capability] = &[
    Capability {
        action: "submit_job",
        support: Support::Yes(MarkField::InCall("the job's comment and the name of its folder")),
    },
    Capability {
        action: "cancel_job",
        support: Support::Yes(MarkField::Repeatable("cancelling what has ended succeeds")),
    },
    Capability {
        action: "hold_job",
        support: Support::Yes(MarkField::Repeatable("holding what is held succeeds")),
    },
    Capability {
        action: "release_job",
        support: Support::Yes(MarkField::Repeatable("releasing what is not held succeeds")),
    },
    Capability {
        action: "requeue_job",
        support: Support::Yes(MarkField::Repeatable("what waits again is not requeued")),
    },
    Capability {
        action: "alter_job",
        support: Support::Yes(MarkField::Repeatable("setting the same again changes nothing")),
    },
];

/// One call never carries more than this.
const HEAVIEST_CALL: usize = 24 * 1024 * 1024;

/// Ids in one status call.
const MOST_IDS: usize = 5000;

/// The largest piece of output that one call gives.
const LARGEST_PIECE: u64 = 16 * 1024 * 1024;

/// A job submitted less than this ago is not gone only because accounting does not have it yet.
const RECENT: i64 = 120;

/// A Slurm cluster behind a login node.
pub struct SlurmCluster {
    name: String,
    settings: Settings,
    ssh: SshHost,
    connection: Connection,
}

impl SlurmCluster {
    pub(crate) fn new(name: String, settings: Settings, ssh: SshHost, connection: Connection) -> Self {
        Self { name, settings, ssh, connection }
    }

    async fn ask(&self, call: Call) -> Result<Answer> {
        let output = self.ssh.run(call).await.map_err(|error| error.at(&self.name))?;
        Answer::read(self.ssh.name(), output).map_err(|error| error.at(&self.name))
    }

    async fn submit(&self, submissions: Vec<Submission>) -> HashMap<Mark, Result<Performed>> {
        let deadline = Duration::from_secs(120 + submissions.len() as u64 * 2).min(Duration::from_secs(600));
        let all = |error: &Error| {
            submissions.iter().map(|submission| (submission.mark.clone(), Err(error.clone()))).collect()
        };
        let input = match input(&self.settings, &submissions, self.connection.clock.now()) {
            Ok(input) => input,
            Err(error) => return all(&error),
        };
        let call = Call::change(SUBMIT).input(input).deadline(deadline);
        let output = match self.ssh.run(call).await {
            Ok(output) => output,
            Err(error) => return all(&error.at(&self.name)),
        };
        let answer = match Answer::read(self.ssh.name(), output) {
            Ok(answer) => answer,
            Err(error) if error.message().contains("broke off") => {
                return all(&error.at(&self.name).uncertain());
            }
            Err(error) => return all(&error.at(&self.name)),
        };
        let mut results: HashMap<Mark, Result<Performed>> = HashMap::new();
        for record in answer.records("jobs") {
            let [mark, class, code, said] = record.as_slice() else { continue };
            let Ok(mark) = mark.parse::<Mark>() else { continue };
            let Some(submission) = submissions.iter().find(|submission| submission.mark == mark) else {
                continue;
            };
            let result = match *class {
                "id" => match split_id(said) {
                    Some((id, _)) => Ok(Performed { native: Some(NativeId(id)), ..Performed::default() }),
                    None => Err(uncertain(&submission.name, said)),
                },
                "refused" => Err(refusal(&submission.name, said, code)),
                "missing" => Err(crate::refusal::fault(said)),
                _ => Err(uncertain(&submission.name, said)),
            };
            results.insert(mark, result.map_err(|error| error.at(&self.name)));
        }
        for submission in &submissions {
            results.entry(submission.mark.clone()).or_insert_with(|| {
                Err(uncertain(&submission.name, "the answer does not name it").at(&self.name))
            });
        }
        results
    }

    async fn cancel(&self, ids: &BTreeSet<String>) -> BTreeMap<String, Error> {
        let list = ids.iter().map(|id| format!("{id}\n")).collect::<String>() + ".";
        let all = |error: Error| ids.iter().map(|id| (id.clone(), error.clone())).collect();
        let call = Call::change(script!("cancel")).input(list.into_bytes());
        let answer = match self.ask(call).await {
            Ok(answer) => answer,
            Err(error) => return all(error),
        };
        let said = answer.section("scancel").unwrap_or_default();
        let mut errors = BTreeMap::new();
        for line in said.lines() {
            let Some((_, rest)) = line.split_once(" job id ") else { continue };
            let Some((id, why)) = rest.split_once(": ") else { continue };
            // Over already, or never heard of: either way it is not running.
            if why.contains("already complet") || why.contains("Invalid job id") {
                continue;
            }
            let Some((base, _)) = split_id(id) else { continue };
            let error = if why.contains("denied") {
                Error::new(ErrorKind::Forbidden, format!("job {base} is not yours to cancel: {why}"))
                    .hint("ask its owner or the cluster's operators")
            } else {
                failed_read("scancel", line)
            };
            errors.insert(base, error.at(&self.name));
        }
        if errors.is_empty() && answer.code("scancel-code") != 0 && said.contains("ontact") {
            return all(failed_read("scancel", said).at(&self.name));
        }
        errors
    }

    async fn control(&self, wanted: Vec<(usize, Control)>) -> Vec<(usize, Result<Performed>)> {
        let mut text = String::new();
        for (_, control) in &wanted {
            text.push_str(&control.text());
        }
        text.push_str("done\n");
        let all = |error: Error| wanted.iter().map(|(position, _)| (*position, Err(error.clone()))).collect();
        let answer = match self.ask(Call::change(script!("control")).input(text.into_bytes())).await {
            Ok(answer) => answer,
            Err(error) => return all(error),
        };
        if answer.section("cut").is_some() {
            return all(Error::new(ErrorKind::Unreachable, "what was to be done did not arrive whole")
                .temporary(None));
        }
        let records: Vec<Vec<&str>> = answer.records("control").collect();
        wanted
            .iter()
            .enumerate()
            .map(|(number, (position, control))| {
                let result = match records.get(number).map(Vec::as_slice) {
                    Some([code, said, ..]) => control.result(code, said),
                    _ => Err(Error::new(ErrorKind::Service, "the answer does not name the job").uncertain()),
                };
                (*position, result)
            })
            .collect()
    }

    /// Rows of the controller's list, or the error that it gave instead.
    fn queue_rows(&self, answer: &Answer) -> Result<Vec<Row>> {
        if answer.code("squeue-code") != 0 && !answer.errors.contains("Invalid job id") {
            return Err(failed_read("squeue", &answer.errors).at(&self.name));
        }
        Ok(answer.records("squeue").filter_map(|fields| Row::of_queue(&fields)).collect())
    }

    /// Rows of accounting; `None` where the cluster keeps no accounts.
    fn accounting_rows(&self, answer: &Answer) -> Result<Option<Vec<Row>>> {
        if answer.code("sacct-code") != 0 {
            let none = ["storage is disabled", "not found", "Unable to open slurmdbd"];
            if none.iter().any(|word| answer.errors.contains(word)) {
                return Ok(None);
            }
            return Err(failed_read("sacct", &answer.errors).at(&self.name));
        }
        let body = answer.section("sacct").unwrap_or_default();
        Ok(Some(accounting_records(body).filter_map(|fields| Row::of_accounting(&fields)).collect()))
    }

    async fn look_at(&self, things: &[(ThingId, NativeId)]) -> Result<Vec<Seen>> {
        let mut bases = BTreeMap::new();
        for (id, native) in things {
            let (base, _) = split_id(native.as_str())
                .ok_or_else(|| Error::internal(format!("`{native}` is no job id of Slurm")).at(&self.name))?;
            bases.insert(id.clone(), base);
        }
        let ids: BTreeSet<&str> = bases.values().map(String::as_str).collect();
        let list = ids.iter().copied().collect::<Vec<_>>().join(",");
        let call = Call::read(script!("queue")).input(format!("ids\n{list}\n").into_bytes());
        let mut rows = self.queue_rows(&self.ask(call).await?)?;
        let now_known: BTreeSet<String> = rows.iter().map(|row| row.base.clone()).collect();
        let missing: BTreeSet<&str> = ids.iter().copied().filter(|id| !now_known.contains(*id)).collect();
        // An array whose last tasks have ended may have lost the first ones from the list.
        let arrays: BTreeSet<String> = now_known
            .iter()
            .filter(|base| {
                let mut of_base = rows.iter().filter(|row| row.base == **base).peekable();
                of_base.peek().is_some_and(|row| row.task.is_some())
                    && of_base.all(|row| row.status().ended())
            })
            .cloned()
            .collect();
        let failed: BTreeSet<&str> = rows
            .iter()
            .filter(|row| row.status().ended() && row.status() != JobStatus::Completed)
            .map(|row| row.base.as_str())
            .collect();
        let mut past = Past::default();
        if !missing.is_empty() || !arrays.is_empty() || !failed.is_empty() {
            past = self.past(things, &missing, &arrays, &failed).await?;
        }
        for row in &mut rows {
            row.exit = row.exit.or_else(|| past.exits.get(&(row.base.clone(), row.task.clone())).copied());
        }
        let known: BTreeSet<(String, Option<String>)> =
            rows.iter().map(|row| (row.base.clone(), row.task.clone())).collect();
        rows.extend(
            past.rows.into_iter().filter(|row| !known.contains(&(row.base.clone(), row.task.clone()))),
        );
        let by_base: BTreeMap<String, Job> = jobs(&self.name, &self.connection.installation, rows)
            .into_iter()
            .filter_map(|job| Some((job.native.as_ref()?.as_str().to_owned(), job)))
            .collect();
        Ok(things
            .iter()
            .map(|(id, native)| {
                let job = bases.get(id).and_then(|base| by_base.get(base)).cloned();
                let job = job.map(|mut job| {
                    // The caller's id names it, whatever the mark says.
                    job.id = id.clone();
                    job
                });
                let job = job.or_else(|| self.absent(id, native, &past.files, past.accounted, past.now));
                Seen { id: id.clone(), thing: job.map(Thing::Job) }
            })
            .collect())
    }

    async fn past(
        &self,
        things: &[(ThingId, NativeId)],
        missing: &BTreeSet<&str>,
        arrays: &BTreeSet<String>,
        failed: &BTreeSet<&str>,
    ) -> Result<Past> {
        let wanted: BTreeSet<&str> =
            missing.iter().copied().chain(arrays.iter().map(String::as_str)).collect();
        let list = |ids: &BTreeSet<&str>| ids.iter().copied().collect::<Vec<_>>().join(",");
        let mut text = format!("{}\n{}\n{}\n", list(&wanted), list(failed), self.settings.experiment_folder);
        for (id, native) in things {
            if split_id(native.as_str()).is_some_and(|(base, _)| missing.contains(base.as_str()))
                && let Some(mark) = Mark::of(&self.connection.installation, id)
            {
                text.push_str(&format!("{mark}\n"));
            }
        }
        let answer = self.ask(Call::read(script!("past")).input(text.into_bytes())).await?;
        let mut past =
            Past { now: answer.section("now").and_then(|now| now.trim().parse().ok()), ..Past::default() };
        if !wanted.is_empty() {
            match self.accounting_rows(&answer) {
                Ok(Some(rows)) => {
                    past.accounted = true;
                    past.rows = rows;
                }
                Ok(None) => {}
                // What the controller knows is answer enough for the arrays.
                Err(error) if !missing.is_empty() => return Err(error),
                Err(_) => {}
            }
        }
        for line in answer.section("codes").unwrap_or_default().lines() {
            let mut words = line.split_whitespace();
            if let (Some(id), Some(code)) = (words.next(), words.next())
                && let (Some(key), Ok(code)) = (split_id(id), code.parse())
            {
                past.exits.insert(key, exit_of_wait_status(code));
            }
        }
        for record in answer.records("files") {
            if let [mark, then, name, ..] = record.as_slice()
                && let Ok(mark) = mark.parse::<Mark>()
            {
                past.files.insert(mark.thing(), (then.trim().parse().ok(), (*name).to_owned()));
            }
        }
        Ok(past)
    }

    /// A job that neither the controller nor accounting shows.
    fn absent(
        &self,
        id: &ThingId,
        native: &NativeId,
        files: &BTreeMap<ThingId, (Option<i64>, String)>,
        accounted: bool,
        now: Option<i64>,
    ) -> Option<Job> {
        let file = files.get(id);
        let age = file.and_then(|(then, _)| Some(now? - (*then)?));
        let recent = age.is_some_and(|age| {
            age < RECENT.max(i64::try_from(self.settings.settle.as_secs()).unwrap_or(RECENT))
        });
        let (status, reason) = match (recent, accounted) {
            (true, true) => (JobStatus::Unknown, "the cluster does not show it yet"),
            (_, false) => (JobStatus::Gone, "the cluster keeps no accounts, so nothing tells how it ended"),
            (false, true) => return None,
        };
        let name = file.map(|(_, name)| name.clone()).unwrap_or_else(|| native.to_string());
        let mark = Mark::of(&self.connection.installation, id);
        Some(self.bare_job(id.clone(), native, name, status, reason, mark))
    }

    fn bare_job(
        &self,
        id: ThingId,
        native: &NativeId,
        name: String,
        status: JobStatus,
        reason: &str,
        mark: Option<Mark>,
    ) -> Job {
        Job {
            id,
            native: Some(native.clone()),
            place: self.name.clone(),
            name,
            status,
            native_status: status.as_str().to_owned(),
            reason: Some(reason.to_owned()),
            user: String::new(),
            queue: None,
            nodes: None,
            cpus: None,
            array: None,
            submitted: None,
            started: None,
            ended: None,
            exit_code: None,
            signal: None,
            folder: mark.as_ref().map(|mark| format!("{}/{mark}", self.settings.experiment_folder)),
            mark,
            details: JobDetails::default(),
        }
    }
}

/// What only records know.
#[derive(Default)]
struct Past {
    rows: Vec<Row>,
    accounted: bool,
    exits: BTreeMap<(String, Option<String>), (i64, i64)>,
    files: BTreeMap<ThingId, (Option<i64>, String)>,
    now: Option<i64>,
}

#[async_trait]
impl Changes for SlurmCluster {
    fn place(&self) -> &str {
        &self.name
    }

    fn batch_size(&self) -> usize {
        500
    }

    fn concurrency(&self) -> usize {
        2
    }

    async fn perform(&self, requests: Vec<Request>) -> Vec<Result<Performed>> {
        let mut results: Vec<Option<Result<Performed>>> = Vec::with_capacity(requests.len());
        let mut groups: Vec<(usize, Vec<Submission>)> = Vec::new();
        let mut submitted: HashMap<Mark, Vec<usize>> = HashMap::new();
        let mut cancelled: Vec<(usize, String)> = Vec::new();
        let mut controlled: Vec<(usize, Control)> = Vec::new();
        for (position, request) in requests.iter().enumerate() {
            let result = match &request.action {
                Action::Batch(BatchAction::SubmitJob(submit)) => {
                    match Submission::new(request, submit, &self.settings, self.connection.clock.now()) {
                        Ok(submission) => {
                            let positions = submitted.entry(submission.mark.clone()).or_default();
                            positions.push(position);
                            if positions.len() == 1 {
                                let weight = submission.weight();
                                match groups.last_mut() {
                                    Some((total, group)) if *total + weight <= HEAVIEST_CALL => {
                                        *total += weight;
                                        group.push(submission);
                                    }
                                    _ => groups.push((weight, vec![submission])),
                                }
                            }
                            None
                        }
                        Err(error) => Some(Err(error.at(&self.name))),
                    }
                }
                Action::Batch(BatchAction::CancelJob { job }) => {
                    match request.natives.get(job).map(|native| (native, split_id(native.as_str()))) {
                        Some((_, Some((base, _)))) => {
                            cancelled.push((position, base));
                            None
                        }
                        Some((native, None)) => Some(Err(Error::internal(format!(
                            "`{native}` is no job id of Slurm"
                        ))
                        .at(&self.name))),
                        None => Some(Err(
                            Error::internal("a job is to be cancelled without its id").at(&self.name)
                        )),
                    }
                }
                Action::Batch(action) => match Control::new(action, request, self.connection.clock.now()) {
                    Ok(control) => {
                        controlled.push((position, control));
                        None
                    }
                    Err(error) => Some(Err(error.at(&self.name))),
                },
                _ => {
                    let error = Error::new(
                        ErrorKind::Unsupported,
                        format!("a Slurm cluster has no {}", request.action.name()),
                    );
                    Some(Err(error.at(&self.name)))
                }
            };
            results.push(result);
        }
        for (_, group) in groups {
            for (mark, result) in self.submit(group).await {
                for position in submitted.get(&mark).into_iter().flatten() {
                    if let Some(slot) = results.get_mut(*position) {
                        *slot = Some(result.clone());
                    }
                }
            }
        }
        if !cancelled.is_empty() {
            let ids = cancelled.iter().map(|(_, id)| id.clone()).collect();
            let errors = self.cancel(&ids).await;
            for (position, id) in cancelled {
                if let Some(slot) = results.get_mut(position) {
                    *slot = Some(errors.get(&id).cloned().map_or_else(|| Ok(Performed::default()), Err));
                }
            }
        }
        if !controlled.is_empty() {
            for (position, result) in self.control(controlled).await {
                if let Some(slot) = results.get_mut(position) {
                    *slot = Some(result.map_err(|error| error.at(&self.name)));
                }
            }
        }
        for (request, result) in requests.iter().zip(&mut results) {
            if let (Action::Batch(BatchAction::SubmitJob(submit)), Some(Ok(performed))) =
                (&request.action, result)
            {
                let job = submit.job(&self.name, performed.native.clone(), request.mark.clone());
                performed.thing = Some(Thing::Job(job));
            }
        }
        let lost = || Err(Error::internal("an action was given no result").uncertain());
        results.into_iter().map(|result| result.unwrap_or_else(lost)).collect()
    }

    async fn find(&self, kind: ThingKind, marks: &[Mark]) -> Result<Vec<Found>> {
        if kind != ThingKind::Job || marks.is_empty() {
            return Ok(Vec::new());
        }
        let wanted: HashSet<&Mark> = marks.iter().collect();
        let since = since(&marks.iter().collect::<Vec<_>>(), self.connection.clock.now());
        let mut text = format!("{}\n{since}\n", self.settings.experiment_folder);
        for mark in &wanted {
            text.push_str(&format!("{mark}\n"));
        }
        let answer = self.ask(Call::read(script!("outcome", "find")).input(text.into_bytes())).await?;
        let mut rows = self.queue_rows(&answer)?;
        let known: BTreeSet<String> = rows.iter().map(|row| row.base.clone()).collect();
        let accounts = self.accounting_rows(&answer)?;
        let accounted = accounts.is_some();
        rows.extend(accounts.into_iter().flatten().filter(|row| !known.contains(&row.base)));
        rows.retain(|row| !row.is_refused() && row.mark().is_some_and(|mark| wanted.contains(&mark)));
        let mut found: Vec<Found> = jobs(&self.name, &self.connection.installation, rows)
            .into_iter()
            .filter_map(|job| {
                Some(Found { mark: job.mark.clone()?, native: job.native.clone()?, thing: Thing::Job(job) })
            })
            .collect();
        for record in answer.records("files") {
            let [mark, id, name, ..] = record.as_slice() else { continue };
            let (Ok(mark), Some((id, _))) = (mark.parse::<Mark>(), split_id(id)) else { continue };
            let native = NativeId(id);
            if found.iter().any(|found| found.mark == mark && found.native == native) {
                continue;
            }
            let (status, reason) = if accounted {
                (JobStatus::Unknown, "the cluster does not show it now")
            } else {
                (JobStatus::Gone, "the cluster keeps no accounts, so nothing tells how it ended")
            };
            let job =
                self.bare_job(mark.thing(), &native, (*name).to_owned(), status, reason, Some(mark.clone()));
            found.push(Found { mark, native, thing: Thing::Job(job) });
        }
        Ok(found)
    }

    async fn look(&self, kind: ThingKind, things: &[(ThingId, NativeId)]) -> Result<Vec<Seen>> {
        if kind != ThingKind::Job {
            return Err(Error::internal(format!("a Slurm cluster has no {kind}")).at(&self.name));
        }
        let mut seen = Vec::with_capacity(things.len());
        for things in things.chunks(MOST_IDS) {
            seen.extend(self.look_at(things).await?);
        }
        Ok(seen)
    }

    fn settle_time(&self) -> Duration {
        self.settings.settle
    }
}

#[async_trait]
impl Batch for SlurmCluster {
    fn capabilities(&self) -> &'static [Capability] {
        CAPABILITIES
    }

    async fn queues(&self, pages: Pages<'_, Queue>) -> Result<()> {
        let answer = self.information().await?;
        let mut features: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for record in answer.records("features") {
            let [name, resources, tags] = record.as_slice() else { continue };
            let set = features.entry(name).or_default();
            for word in resources.split(',').chain(tags.split(',')) {
                if !word.is_empty() && word != "(null)" {
                    set.insert(word.to_owned());
                }
            }
        }
        let mut queues: Vec<Queue> = Vec::new();
        for record in answer.records("partitions") {
            let [name, status, limit, nodes, cpus] = record.as_slice() else { continue };
            let (nodes, cpus) = (shares(nodes), shares(cpus));
            let plain = name.trim_end_matches('*');
            let queue = Queue {
                id: ThingId::seen(&self.name, &NativeId::from(plain)),
                place: self.name.clone(),
                name: plain.to_owned(),
                status: (*status).to_owned(),
                default: name.ends_with('*'),
                time_limit: Some((*limit).to_owned()),
                nodes: nodes.map(|(_, total)| total),
                idle_nodes: nodes.map(|(idle, _)| idle),
                cpus: cpus.map(|(_, total)| total),
                idle_cpus: cpus.map(|(idle, _)| idle),
                features: features.get(name).into_iter().flatten().cloned().collect(),
            };
            // A partition whose nodes differ in what was asked for comes in several lines.
            match queues.iter_mut().find(|known| known.name == queue.name) {
                Some(known) => {
                    let add = |left: Option<u64>, right: Option<u64>| {
                        left.zip(right).map(|(left, right)| left + right)
                    };
                    known.nodes = add(known.nodes, queue.nodes);
                    known.idle_nodes = add(known.idle_nodes, queue.idle_nodes);
                    known.cpus = add(known.cpus, queue.cpus);
                    known.idle_cpus = add(known.idle_cpus, queue.idle_cpus);
                }
                None => queues.push(queue),
            }
        }
        pages(queues);
        Ok(())
    }

    async fn jobs(&self, everybody: bool, pages: Pages<'_, Job>) -> Result<()> {
        let whose = if everybody { "all" } else { "mine" };
        let answer =
            self.ask(Call::read(script!("queue")).input(format!("{whose}\n\n").into_bytes())).await?;
        let rows = self.queue_rows(&answer)?;
        pages(jobs(&self.name, &self.connection.installation, rows));
        Ok(())
    }

    async fn output(&self, job: &Job, stream: OutputStream, from: u64, limit: u64) -> Result<OutputChunk> {
        let gone = || {
            Error::new(ErrorKind::NotFound, format!("the folder of {} is not there", job.name))
                .at(&self.name)
                .hint("it was moved or removed on the cluster")
        };
        let folder = match (&job.folder, &job.mark) {
            (Some(folder), _) => crate::folder(folder)?,
            (None, Some(mark)) => format!("{}/{mark}", self.settings.experiment_folder),
            (None, None) => return Err(gone()),
        };
        let task = job.native.as_ref().and_then(|native| split_id(native.as_str())?.1);
        let index = match (task, &job.array) {
            (Some(task), _) if task.bytes().all(|byte| byte.is_ascii_digit()) => task,
            (_, Some(_)) => "*".to_owned(),
            _ => String::new(),
        };
        let file = match stream {
            OutputStream::Output => "output",
            OutputStream::Error => "error",
        };
        let limit = limit.min(LARGEST_PIECE);
        let text = format!("{folder}\n{index}\n{file}\n{}\n{}\n", from.saturating_add(1), limit + 1);
        let call = Call::read(script!("output")).input(text.into_bytes());
        let output = self.ssh.run(call).await.map_err(|error| error.at(&self.name))?;
        if raw_section(&output.stdout, "no-slurm").is_some() && raw_section(&output.stdout, "piece").is_none()
        {
            return Err(no_slurm(self.ssh.name()).at(&self.name));
        }
        let Some(piece) = raw_section(&output.stdout, "piece") else { return Err(gone()) };
        let more = piece.len() as u64 > limit;
        let mut bytes = piece.to_vec();
        bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(OutputChunk { next: from + bytes.len() as u64, bytes, more })
    }

    async fn nodes(&self, pages: Pages<'_, Node>) -> Result<()> {
        let answer = self.ask(Call::read(script!("nodes"))).await?;
        if answer.code("sinfo-code") != 0 {
            return Err(failed_read("sinfo", &answer.errors).at(&self.name));
        }
        pages(system::nodes(&self.name, &answer));
        Ok(())
    }

    async fn history(&self, everybody: bool, since: Timestamp, pages: Pages<'_, Job>) -> Result<()> {
        let whose = if everybody { "all" } else { "mine" };
        let text = format!("{whose}\n{}\n", since.strftime("%Y-%m-%dT%H:%M:%S"));
        let call = Call::read(script!("history")).input(text.into_bytes()).deadline(Duration::from_secs(120));
        let answer = self.ask(call).await?;
        if answer.code("sacct-code") != 0 {
            let error = if answer.errors.contains("storage is disabled") {
                Error::new(ErrorKind::Unsupported, "the cluster keeps no accounts of jobs")
            } else {
                failed_read("sacct", &answer.errors)
            };
            return Err(error.at(&self.name));
        }
        let rows = system::history(answer.section("sacct").unwrap_or_default());
        pages(jobs(&self.name, &self.connection.installation, rows));
        Ok(())
    }

    async fn reservations(&self, pages: Pages<'_, Reservation>) -> Result<()> {
        let answer = self.ask(Call::read(script!("reservations"))).await?;
        if answer.code("scontrol-code") != 0 {
            return Err(failed_read("scontrol", &answer.errors).at(&self.name));
        }
        pages(system::reservations(&self.name, answer.section("reservations").unwrap_or_default()));
        Ok(())
    }

    async fn accounts(&self, pages: Pages<'_, Account>) -> Result<()> {
        let answer = self.ask(Call::read(script!("accounts"))).await?;
        if answer.code("sacctmgr-code") != 0 {
            let error = if answer.errors.contains("not running with")
                || answer.errors.contains("accounting_storage")
            {
                Error::new(ErrorKind::Unsupported, "the cluster keeps no accounts")
            } else {
                failed_read("sacctmgr", &answer.errors)
            };
            return Err(error.at(&self.name));
        }
        pages(system::accounts(&self.name, &answer));
        Ok(())
    }

    async fn forecast(&self, submit: &SubmitJob, script: &[u8]) -> Result<Option<Timestamp>> {
        let options = options(submit, &self.settings, &BTreeMap::new(), self.connection.clock.now())?;
        let mut input = format!("{}\n", options.len()).into_bytes();
        for option in &options {
            input.extend(option.replace('\n', " ").bytes().chain([b'\n']));
        }
        input.extend_from_slice(script);
        let answer = self.ask(Call::read(script!("forecast")).input(input)).await?;
        let said = answer.section("test").unwrap_or_default();
        if answer.code("test-code") != 0 {
            return Err(
                refusal(&submit.name, said, answer.section("test-code").unwrap_or_default()).at(&self.name)
            );
        }
        Ok(system::forecast(said))
    }

    fn advice(&self, job: &Job) -> Option<String> {
        let advice = crate::reason::advice(job.details.native_reason.as_deref()?)?;
        Some(match &job.native {
            Some(native) => advice.replace("ID", native.as_str()),
            None => advice.to_owned(),
        })
    }

    async fn facts(&self) -> Result<Vec<(String, String)>> {
        let answer = self.information().await?;
        let mut facts = Vec::new();
        let configuration = answer.section("configuration").unwrap_or_default();
        for (key, name) in [
            ("ClusterName", "cluster"),
            ("SLURM_VERSION", "slurm"),
            ("MaxArraySize", "largest array index + 1"),
            ("MaxJobCount", "most jobs"),
            ("AccountingStorageType", "accounting"),
        ] {
            let value = configuration.lines().find_map(|line| {
                let (found, value) = line.split_once('=')?;
                (found.trim() == key).then(|| value.trim().to_owned())
            });
            facts.extend(value.map(|value| (name.to_owned(), value)));
        }
        facts.push(("login node".to_owned(), self.ssh.name().to_owned()));
        let partitions: Vec<Vec<&str>> = answer.records("partitions").collect();
        let names: Vec<&str> = partitions
            .iter()
            .filter_map(|record| record.first().map(|name| name.trim_end_matches('*')))
            .collect();
        facts.push(("queues".to_owned(), names.join(" ")));
        facts.push(("experiment folder".to_owned(), self.settings.experiment_folder.clone()));
        Ok(facts)
    }
}

impl SlurmCluster {
    async fn information(&self) -> Result<Answer> {
        let answer = self.ask(Call::read(script!("information"))).await?;
        if answer.code("sinfo-code") != 0 {
            return Err(failed_read("sinfo", &answer.errors).at(&self.name));
        }
        Ok(answer)
    }
}

/// Idle and total of `ALLOCATED/IDLE/OTHER/TOTAL`.
fn shares(text: &str) -> Option<(u64, u64)> {
    let mut parts = text.split('/').map(|part| part.trim().parse().ok());
    let (_, idle, _, total) = (parts.next()?, parts.next()??, parts.next()?, parts.next()??);
    Some((idle, total))
}

//! The cluster: what plans and lists see of it.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use cloudmesh_model::job::{Account, Job, JobDetails, JobStatus, Node, Queue};
use cloudmesh_model::{Error, ErrorKind, Mark, NativeId, Result, ThingId, ThingKind};
use cloudmesh_resource::{
    Action, Batch, BatchAction, Capability, Changes, Connection, Found, MarkField, OutputChunk, OutputStream,
    Pages, Performed, Request, Seen, Support, Thing,
};
use cloudmesh_transport::ssh::{Call, SshHost};
use jiff::Timestamp;
use tokio::sync::OnceCell;

use crate::answer::Answer;
use crate::row::{Row, jobs, number, of_shell};
use crate::submission::{Submission, alterations, input};
use crate::{Dialect, Settings, gridengine, openpbs, system, torque};

/// A constant script behind the common beginning.
macro_rules! script {
    ($name:literal) => {
        concat!(include_str!("scripts/prelude.sh"), include_str!(concat!("scripts/", $name, ".sh")))
    };
}

const fn repeatable(action: &'static str, why: &'static str) -> Capability {
    Capability { action, support: Support::Yes(MarkField::Repeatable(why)) }
}

static CAPABILITIES: &[Capability] = &[
    Capability {
        action: "submit_job",
        support: Support::Yes(MarkField::InCall("the variable `CLOUDMESH_MARK` and the name of its folder")),
    },
    repeatable("cancel_job", "cancelling what has ended succeeds"),
    repeatable("hold_job", "holding what is held succeeds"),
    repeatable("release_job", "releasing what is not held succeeds"),
    repeatable("requeue_job", "what waits again is not requeued"),
    repeatable("alter_job", "setting the same again changes nothing"),
];

/// The largest piece of output that one call gives.
const LARGEST_PIECE: u64 = 16 * 1024 * 1024;

/// A cluster behind a login node.
pub struct QsubCluster {
    name: String,
    settings: Settings,
    ssh: SshHost,
    connection: Connection,
    given: Option<Dialect>,
    gridengine: bool,
    found: OnceCell<Dialect>,
}

impl QsubCluster {
    pub(crate) fn new(
        name: String,
        settings: Settings,
        ssh: SshHost,
        connection: Connection,
        given: Option<Dialect>,
        gridengine: bool,
    ) -> Self {
        Self { name, settings, ssh, connection, given, gridengine, found: OnceCell::new() }
    }

    fn at(&self, error: Error) -> Error {
        error.at(&self.name)
    }

    /// Which system it is: as the configuration says, else asked for once.
    async fn dialect(&self) -> Result<Dialect> {
        if let Some(given) = self.given {
            return Ok(given);
        }
        self.found
            .get_or_try_init(|| async {
                let answer = self.run(Call::read(script!("detect")).input(b"any\n".to_vec())).await?;
                let found = system::dialect(&answer).map_err(|error| self.at(error))?;
                if found == Dialect::GridEngine && !self.gridengine {
                    return Err(self.at(Error::new(ErrorKind::Unsupported, "that is Grid Engine, not PBS")
                        .hint("register it as what it is: --type=gridengine")));
                }
                Ok(found)
            })
            .await
            .copied()
    }

    async fn run(&self, call: Call) -> Result<Answer> {
        let output = self.ssh.run(call).await.map_err(|error| self.at(error))?;
        Answer::read(self.ssh.name(), &output).map_err(|error| self.at(error))
    }

    async fn ask(&self, script: &'static str, rest: &str) -> Result<(Dialect, Answer)> {
        let dialect = self.dialect().await?;
        let text = format!("{}\n{rest}", dialect.as_str());
        Ok((dialect, self.run(Call::read(script).input(text.into_bytes())).await?))
    }

    /// All rows that the system shows, and whose we are.
    async fn rows(&self) -> Result<(Vec<Row>, String)> {
        let (dialect, answer) = self.ask(script!("jobs"), "").await?;
        let command = if dialect == Dialect::GridEngine { "qstat -xml" } else { "qstat" };
        // TORQUE says that there is no job by an error of its own.
        if answer.code("jobs") != 0 {
            return Err(self.at(answer.failed("jobs", command)));
        }
        let rows = match dialect {
            Dialect::OpenPbs => openpbs::jobs(answer.text("jobs")),
            Dialect::Torque => torque::jobs(answer.text("jobs")),
            Dialect::GridEngine => gridengine::jobs(answer.text("jobs")).and_then(|mut rows| {
                // Those that ended lately: their names and ids; the records tell the rest.
                let known: Vec<String> = rows.iter().map(|row| row.native.clone()).collect();
                let ended = gridengine::jobs(answer.text("ended"))?;
                rows.extend(ended.into_iter().filter(|row| !known.contains(&row.native)));
                Ok(rows)
            }),
        };
        Ok((rows.map_err(|error| self.at(error))?, answer.text("user").trim().to_owned()))
    }

    /// The marks of all jobs that were submitted from the experiment folder, by their numbers.
    async fn marks(&self) -> Result<BTreeMap<String, Mark>> {
        let (_, answer) =
            self.ask(script!("marks"), &format!("{}\n", self.settings.experiment_folder)).await?;
        Ok(answer
            .text("marks")
            .lines()
            .filter_map(|line| {
                let (path, id) = line.split_once(':')?;
                Some((number(id)?.to_owned(), crate::row::mark_in(path)?))
            })
            .collect())
    }

    /// Records of ended jobs: only Grid Engine keeps them where anybody can ask.
    async fn records(&self, ids: &[String]) -> Result<Vec<Row>> {
        if ids.is_empty() || self.dialect().await? != Dialect::GridEngine {
            return Ok(Vec::new());
        }
        let (_, answer) = self.ask(script!("accounting"), &format!("ids\n{}\n", ids.join(" "))).await?;
        Ok(gridengine::records(answer.text("accounting")))
    }

    /// What the folders of our own jobs tell about how they ended, by mark: exit codes and when.
    async fn ends(&self, marks: &[Mark]) -> Result<BTreeMap<Mark, Vec<(i64, Option<Timestamp>)>>> {
        let list: String = marks.iter().map(|mark| format!("{mark}\n")).collect();
        let text = format!("{}\n{list}", self.settings.experiment_folder);
        let (_, answer) = self.ask(script!("files"), &text).await?;
        let mut ends: BTreeMap<Mark, Vec<(i64, Option<Timestamp>)>> = BTreeMap::new();
        for record in answer.records("files") {
            let [path, _, content] = record.as_slice() else { continue };
            let Some((mark, file)) = path.split_once('/') else { continue };
            let Ok(mark) = mark.parse::<Mark>() else { continue };
            if file.starts_with("ended") {
                let mut words = content.split_whitespace();
                if let Some(code) = words.next().and_then(|code| code.parse().ok()) {
                    ends.entry(mark).or_default().push((code, words.next().and_then(crate::row::epoch)));
                }
            } else {
                ends.entry(mark).or_default();
            }
        }
        Ok(ends)
    }

    /// Says how rows ended whose system has only forgotten.
    fn tell_end(job: &mut Job, ends: &[(i64, Option<Timestamp>)]) {
        let Some((worst, _)) = ends.iter().max_by_key(|(code, _)| *code) else { return };
        let (code, signal) = of_shell(*worst);
        job.status = if *worst == 0 { JobStatus::Completed } else { JobStatus::Failed };
        job.reason = (*worst != 0).then(|| format!("ended with exit status {worst}"));
        job.exit_code = code;
        job.signal = signal;
        job.ended = ends.iter().filter_map(|(_, when)| *when).max();
    }

    /// Grid Engine does not record who ended a job. One of ours whose script did not come to write its exit code was
    /// killed from outside, and one without any record never ran.
    fn tell_cancelled(job: Option<Job>, bare: impl Fn() -> Job, ends: &[(i64, Option<Timestamp>)]) -> Job {
        let never = job.is_none();
        let mut job = job.unwrap_or_else(bare);
        if !ends.is_empty() {
            return job;
        }
        if never {
            job.status = JobStatus::Cancelled;
            job.reason = Some("left the queue without having run".to_owned());
        } else if job.status == JobStatus::Failed
            && job.native_status.starts_with("failed 100,")
            && job.signal == Some(9)
        {
            job.status = JobStatus::Cancelled;
            job.reason = Some("killed from outside its script".to_owned());
            job.signal = None;
        }
        job
    }

    fn finished(&self, mut job: Job) -> Job {
        if let (Some(mark), None) = (&job.mark, &job.folder) {
            job.folder = Some(format!("{}/{mark}", self.settings.experiment_folder));
        }
        job
    }

    async fn submit(
        &self,
        dialect: Dialect,
        submissions: Vec<Submission>,
    ) -> HashMap<Mark, Result<Performed>> {
        let deadline = Duration::from_secs(120 + submissions.len() as u64 * 4).min(Duration::from_secs(600));
        let all = |error: &Error| {
            submissions.iter().map(|submission| (submission.mark.clone(), Err(error.clone()))).collect()
        };
        let input = match input(&self.settings, dialect, &submissions, self.connection.clock.now()) {
            Ok(input) => input,
            Err(error) => return all(&self.at(error)),
        };
        let call = Call::change(script!("submit")).input(input).deadline(deadline);
        let output = match self.ssh.run(call).await {
            Ok(output) => output,
            Err(error) => return all(&self.at(error)),
        };
        let answer = match Answer::read(self.ssh.name(), &output) {
            Ok(answer) => answer,
            Err(error) if error.message().contains("broke off") => return all(&self.at(error).uncertain()),
            Err(error) => return all(&self.at(error)),
        };
        let mut results: HashMap<Mark, Result<Performed>> = HashMap::new();
        for record in answer.records("jobs") {
            let [mark, class, code, said] = record.as_slice() else { continue };
            let Ok(mark) = mark.parse::<Mark>() else { continue };
            let Some(submission) = submissions.iter().find(|submission| submission.mark == mark) else {
                continue;
            };
            let name = &submission.name;
            let result = match (*class, number(said)) {
                ("id", Some(id)) => {
                    let native =
                        if dialect == Dialect::GridEngine { id.to_owned() } else { said.trim().to_owned() };
                    Ok(Performed { native: Some(NativeId(native)), ..Performed::default() })
                }
                ("refused", _) => Err(refusal(name, said, code)),
                ("missing", _) => {
                    Err(Error::new(ErrorKind::Service, format!("{name} could not be submitted: {said}")))
                }
                _ => {
                    Err(Error::new(ErrorKind::Service, format!("nothing tells whether {name} was submitted"))
                        .uncertain()
                        .hint("`cm plan resume` settles it"))
                }
            };
            results.insert(mark, result.map_err(|error| self.at(error)));
        }
        for submission in &submissions {
            results.entry(submission.mark.clone()).or_insert_with(|| {
                let message = format!("the answer does not name {}", submission.name);
                Err(self.at(Error::new(ErrorKind::Service, message).uncertain()))
            });
        }
        results
    }

    async fn control(
        &self,
        wanted: &[(usize, &'static str, String, Vec<String>)],
    ) -> Vec<(usize, Result<Performed>)> {
        let mut text = String::new();
        for (_, verb, id, options) in wanted {
            text.push_str(&format!("{verb}\n{id}\n{}\n", options.len()));
            for option in options {
                text.push_str(&format!("{option}\n"));
            }
        }
        text.push_str("done\n");
        let all =
            |error: Error| wanted.iter().map(|(position, ..)| (*position, Err(error.clone()))).collect();
        let dialect = match self.dialect().await {
            Ok(dialect) => dialect,
            Err(error) => return all(error),
        };
        let input = format!("{}\n{text}", dialect.as_str()).into_bytes();
        let answer = match self.run(Call::change(script!("control")).input(input)).await {
            Ok(answer) => answer,
            Err(error) => return all(error),
        };
        if answer.section("cut").is_some() {
            let message = "what was to be done did not arrive whole";
            return all(self.at(Error::new(ErrorKind::Unreachable, message).temporary(None)));
        }
        let records: Vec<Vec<&str>> = answer.records("control").collect();
        wanted
            .iter()
            .enumerate()
            .map(|(at, (position, verb, id, _))| {
                let result = match records.get(at).map(Vec::as_slice) {
                    Some([code, said, ..]) => controlled(verb, id, code, said),
                    _ => Err(Error::new(ErrorKind::Service, "the answer does not name the job").uncertain()),
                };
                (*position, result.map_err(|error| self.at(error)))
            })
            .collect()
    }
}

/// What `qsub` refused.
fn refusal(name: &str, said: &str, code: &str) -> Error {
    let line = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it gave no reason");
    let line: String = cloudmesh_model::noun::printable(line).chars().take(300).collect();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let error = |kind, what: &str, hint: &str| {
        Error::new(kind, format!("{name} was refused: {what}")).hint(hint.to_owned())
    };
    let error = if has(&["nknown queue", "queue \"", "Queue is not enabled"]) && !has(&["cannot run"]) {
        error(
            ErrorKind::BadInput,
            "there is no such queue, or it is closed",
            "`cm hpc info` lists the queues",
        )
    } else if has(&["annot connect", "ommlib error", "onnection refused", "unable to contact"]) {
        error(
            ErrorKind::Unreachable,
            "the cluster's server does not answer",
            "it may be in maintenance: try again later",
        )
        .temporary(None)
    } else if has(&[
        "no suitable queues",
        "exceeds",
        "xceeds",
        "annot be satisfied",
        "llegal attribute or resource",
        "nknown resource",
    ]) {
        error(
            ErrorKind::BadInput,
            "no queue or node can give what it asks for",
            "ask for less; `cm hpc info` and `cm hpc nodes` show what there is",
        )
    } else if has(&["would exceed", "aximum number of jobs", "job limit"]) {
        error(
            ErrorKind::Quota,
            "a limit of the cluster is reached",
            "wait until some of your jobs have ended",
        )
    } else if has(&["nauthorized", "not permitted", "ermission denied", "not allowed"]) {
        error(ErrorKind::Forbidden, "the cluster does not allow it", "ask the operators of the cluster")
    } else {
        error(ErrorKind::BadInput, &line, "check the options, and the directives in the script")
    };
    error.with("said", line).with("exit code", code)
}

/// What a change of a job led to. Exit codes are not uniform, so the words count.
fn controlled(verb: &str, id: &str, code: &str, said: &str) -> Result<Performed> {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let gone = has(&[
        "Unknown Job",
        "Unknown job",
        "has finished",
        "does not exist",
        "do not exist",
        "Job has finished",
    ]);
    let line = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    if gone && verb == "cancel" {
        return Ok(Performed::default());
    }
    if gone {
        return Err(Error::new(ErrorKind::NotFound, format!("the cluster no longer knows job {id}"))
            .hint("`cm hpc queue` shows the jobs there are"));
    }
    if has(&["nauthorized", "not the owner", "ermission", "denied", "insufficient permission"]) {
        return Err(Error::new(
            ErrorKind::Forbidden,
            format!("the cluster does not let you {verb} job {id}"),
        )
        .with("said", line)
        .hint("ask its owner or the cluster's operators"));
    }
    if code == "0"
        || has(&["already", "registered the job", "modified ", "Pushed rescheduling", "rescheduled"])
    {
        return Ok(Performed::default());
    }
    if has(&["nvalid state", "not running", "invalid for state", "not in running"]) {
        if verb == "requeue" || verb == "cancel" {
            return Ok(Performed::default());
        }
        return Err(Error::new(ErrorKind::Conflict, format!("job {id} is in no state to {verb} it: {line}")));
    }
    if has(&["annot connect", "ommlib error", "onnection refused"]) {
        return Err(
            Error::new(ErrorKind::Unreachable, "the cluster's server does not answer").temporary(None)
        );
    }
    Err(Error::bad_input(format!("the cluster refuses to {verb} job {id}: {line}")).with("exit code", code))
}

#[async_trait]
impl Changes for QsubCluster {
    fn place(&self) -> &str {
        &self.name
    }

    fn batch_size(&self) -> usize {
        200
    }

    fn concurrency(&self) -> usize {
        2
    }

    async fn perform(&self, requests: Vec<Request>) -> Vec<Result<Performed>> {
        if requests.is_empty() {
            return Vec::new();
        }
        let mut results: Vec<Option<Result<Performed>>> = requests.iter().map(|_| None).collect();
        let mut submitted: Vec<(usize, Submission)> = Vec::new();
        let mut wanted = Vec::new();
        let now = self.connection.clock.now();
        for (position, (request, slot)) in requests.iter().zip(&mut results).enumerate() {
            let Action::Batch(action) = &request.action else {
                let message = format!("a cluster has no {}", request.action.name());
                *slot = Some(Err(self.at(Error::new(ErrorKind::Unsupported, message))));
                continue;
            };
            let dialect = match self.dialect().await {
                Ok(dialect) => dialect,
                Err(error) => {
                    *slot = Some(Err(error));
                    continue;
                }
            };
            let prepared = match action {
                BatchAction::SubmitJob(submit) => {
                    Submission::new(request, submit, &self.settings, dialect, now)
                        .map(|one| submitted.push((position, one)))
                }
                BatchAction::CancelJob { .. } => {
                    wanted.push((position, "cancel", Vec::new()));
                    Ok(())
                }
                BatchAction::HoldJob { .. } => {
                    wanted.push((position, "hold", Vec::new()));
                    Ok(())
                }
                BatchAction::ReleaseJob { .. } => {
                    wanted.push((position, "release", Vec::new()));
                    Ok(())
                }
                BatchAction::RequeueJob { .. } => {
                    wanted.push((position, "requeue", Vec::new()));
                    Ok(())
                }
                BatchAction::AlterJob { changes, .. } => alterations(changes, dialect, now)
                    .map(|options| wanted.push((position, "alter", options))),
            };
            if let Err(error) = prepared {
                *slot = Some(Err(self.at(error)));
            }
        }
        let mut named = Vec::new();
        for (position, verb, options) in wanted {
            let Some((request, slot)) = requests.get(position).zip(results.get_mut(position)) else {
                continue;
            };
            let (_, id) = request.action.subject();
            match request.natives.get(id).filter(|native| number(native.as_str()).is_some()) {
                Some(native) => named.push((position, verb, native.as_str().to_owned(), options)),
                None => *slot = Some(Err(self.at(Error::internal("a job is to be changed without its id")))),
            }
        }
        if !submitted.is_empty()
            && let Ok(dialect) = self.dialect().await
        {
            let (positions, mut submissions): (Vec<(usize, Mark)>, Vec<Submission>) =
                submitted.into_iter().map(|(position, one)| ((position, one.mark.clone()), one)).unzip();
            let mut seen = std::collections::HashSet::new();
            submissions.retain(|one| seen.insert(one.mark.clone()));
            let answers = self.submit(dialect, submissions).await;
            for (position, mark) in positions {
                let mut result = answers.get(&mark).cloned();
                if let (Some(Ok(performed)), Some(request)) = (&mut result, requests.get(position))
                    && let Action::Batch(BatchAction::SubmitJob(submit)) = &request.action
                {
                    let job = submit.job(&self.name, performed.native.clone(), Some(mark));
                    performed.thing = Some(Thing::Job(self.finished(job)));
                }
                if let Some(slot) = results.get_mut(position) {
                    *slot = result;
                }
            }
        }
        if !named.is_empty() {
            for (position, result) in self.control(&named).await {
                if let Some(slot) = results.get_mut(position) {
                    *slot = Some(result);
                }
            }
        }
        let lost = || Err(Error::internal("an action was given no result").uncertain());
        results.into_iter().map(|result| result.unwrap_or_else(lost)).collect()
    }

    async fn find(&self, kind: ThingKind, marks: &[Mark]) -> Result<Vec<Found>> {
        if kind != ThingKind::Job || marks.is_empty() {
            return Ok(Vec::new());
        }
        let mut known = self.marks().await?;
        let (rows, _) = self.rows().await?;
        if self.dialect().await? == Dialect::GridEngine
            && marks.iter().any(|mark| !known.values().any(|one| one == mark))
        {
            let (_, answer) = self.ask(script!("detail"), "").await?;
            known.extend(gridengine::marks(answer.text("detail")));
        }
        let mut found = Vec::new();
        for job in jobs(&self.name, &self.connection.installation, &known, rows) {
            if let (Some(mark), Some(native)) = (job.mark.clone(), job.native.clone())
                && marks.contains(&mark)
            {
                found.push(Found { mark, native, thing: Thing::Job(self.finished(job)) });
            }
        }
        for (id, mark) in known.into_iter().filter(|(_, mark)| marks.contains(mark)) {
            if !found.iter().any(|one| number(one.native.as_str()) == Some(&id)) {
                let native = NativeId(id);
                let job = self.bare(mark.thing(), &native, Some(mark.clone()), JobStatus::Unknown);
                found.push(Found { mark, native, thing: Thing::Job(job) });
            }
        }
        Ok(found)
    }

    async fn look(&self, kind: ThingKind, things: &[(ThingId, NativeId)]) -> Result<Vec<Seen>> {
        if kind != ThingKind::Job {
            return Err(self.at(Error::internal(format!("a cluster has no {kind}"))));
        }
        let (rows, _) = self.rows().await?;
        let mut by_number: BTreeMap<String, Job> = BTreeMap::new();
        for job in jobs(&self.name, &self.connection.installation, &BTreeMap::new(), rows) {
            if let Some(key) = job.native.as_ref().and_then(|native| number(native.as_str())) {
                by_number.insert(key.to_owned(), job);
            }
        }
        let key = |native: &NativeId| number(native.as_str()).unwrap_or_default().to_owned();
        let left: Vec<&(ThingId, NativeId)> = things
            .iter()
            .filter(|(_, native)| {
                by_number.get(&key(native)).is_none_or(|job| job.status == JobStatus::Unknown)
            })
            .collect();
        if !left.is_empty() {
            let ids: Vec<String> = left.iter().map(|(_, native)| key(native)).collect();
            for job in
                jobs(&self.name, &self.connection.installation, &BTreeMap::new(), self.records(&ids).await?)
            {
                if let Some(native) = job.native.clone() {
                    by_number.insert(key(&native), job);
                }
            }
        }
        let marks: Vec<Mark> =
            left.iter().filter_map(|(id, _)| Mark::of(&self.connection.installation, id)).collect();
        let ends = if marks.is_empty() { BTreeMap::new() } else { self.ends(&marks).await? };
        Ok(things
            .iter()
            .map(|(id, native)| {
                let mark = Mark::of(&self.connection.installation, id);
                let written = mark.as_ref().and_then(|mark| ends.get(mark));
                let mut job = by_number.get(&key(native)).cloned();
                if job.as_ref().is_none_or(|job| job.status == JobStatus::Unknown)
                    && let Some(written) = written
                {
                    let mut known = job
                        .take()
                        .unwrap_or_else(|| self.bare(id.clone(), native, mark.clone(), JobStatus::Gone));
                    Self::tell_end(&mut known, written);
                    job = Some(known);
                }
                if let (Some(written), true) =
                    (written, self.gridengine && self.given == Some(Dialect::GridEngine))
                {
                    job = Some(Self::tell_cancelled(
                        job,
                        || self.bare(id.clone(), native, mark.clone(), JobStatus::Gone),
                        written,
                    ));
                }
                let thing = job.map(|mut job| {
                    // The caller's id names it, whatever the mark says.
                    job.id = id.clone();
                    job.native = Some(native.clone());
                    job.mark = job.mark.or(mark);
                    Thing::Job(self.finished(job))
                });
                Seen { id: id.clone(), thing }
            })
            .collect())
    }

    fn settle_time(&self) -> Duration {
        self.settings.settle
    }
}

impl QsubCluster {
    fn bare(&self, id: ThingId, native: &NativeId, mark: Option<Mark>, status: JobStatus) -> Job {
        Job {
            id,
            native: Some(native.clone()),
            place: self.name.clone(),
            name: native.to_string(),
            status,
            native_status: String::new(),
            reason: Some("the cluster does not show it now".to_owned()),
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

#[async_trait]
impl Batch for QsubCluster {
    fn capabilities(&self) -> &'static [Capability] {
        CAPABILITIES
    }

    async fn queues(&self, pages: Pages<'_, Queue>) -> Result<()> {
        let (dialect, answer) = self.ask(script!("system"), "").await?;
        if answer.code("queues") != 0 {
            return Err(self.at(answer.failed("queues", "qstat")));
        }
        let queues = match dialect {
            Dialect::OpenPbs => {
                let (default, _) = openpbs::server(answer.text("server"));
                openpbs::queues(&self.name, answer.text("queues"), default.as_deref())
            }
            Dialect::Torque => {
                let (default, _) = torque::server(answer.text("server"));
                Ok(torque::queues(&self.name, answer.text("queues"), default.as_deref()))
            }
            Dialect::GridEngine => gridengine::queues(&self.name, answer.text("queues")),
        };
        pages(queues.map_err(|error| self.at(error))?);
        Ok(())
    }

    async fn nodes(&self, pages: Pages<'_, Node>) -> Result<()> {
        let (dialect, answer) = self.ask(script!("system"), "").await?;
        if answer.code("nodes") != 0 {
            return Err(self.at(answer.failed("nodes", "the list of nodes")));
        }
        let nodes = match dialect {
            Dialect::OpenPbs => openpbs::nodes(&self.name, answer.text("nodes")),
            Dialect::Torque => torque::nodes(&self.name, answer.text("nodes")),
            Dialect::GridEngine => gridengine::nodes(&self.name, answer.text("nodes")),
        };
        pages(nodes.map_err(|error| self.at(error))?);
        Ok(())
    }

    async fn jobs(&self, everybody: bool, pages: Pages<'_, Job>) -> Result<()> {
        let (rows, user) = self.rows().await?;
        let rows: Vec<Row> = rows.into_iter().filter(|row| everybody || row.user == user).collect();
        let marks =
            if rows.iter().any(|row| row.mark.is_none()) { self.marks().await? } else { BTreeMap::new() };
        let mut known = jobs(&self.name, &self.connection.installation, &marks, rows);
        let open: Vec<String> = known
            .iter()
            .filter(|job| job.status == JobStatus::Unknown)
            .filter_map(|job| number(job.native.as_ref()?.as_str()).map(str::to_owned))
            .collect();
        for past in jobs(&self.name, &self.connection.installation, &marks, self.records(&open).await?) {
            if let Some(slot) = known.iter_mut().find(|job| job.native == past.native) {
                *slot = past;
            }
        }
        pages(known.into_iter().map(|job| self.finished(job)).collect());
        Ok(())
    }

    async fn history(&self, everybody: bool, since: Timestamp, pages: Pages<'_, Job>) -> Result<()> {
        let dialect = self.dialect().await?;
        let rows = match dialect {
            Dialect::OpenPbs => {
                let (rows, user) = self.rows().await?;
                rows.into_iter().filter(|row| everybody || row.user == user).collect()
            }
            Dialect::Torque => {
                let message = "TORQUE keeps records where only operators read them";
                return Err(self.at(Error::new(ErrorKind::Unsupported, message)
                    .hint("`cm hpc queue --all` shows what Cloudmesh knows of your jobs")));
            }
            Dialect::GridEngine => {
                let days = self.connection.clock.now().duration_since(since).as_hours() / 24 + 1;
                let whose = if everybody { "all" } else { "mine" };
                let (_, answer) = self.ask(script!("accounting"), &format!("{whose}\n{days}\n")).await?;
                gridengine::records(answer.text("accounting"))
            }
        };
        let rows = rows
            .into_iter()
            .filter(|row| row.ended.or(row.submitted).is_none_or(|when| when >= since))
            .collect();
        let marks = self.marks().await?;
        let found = jobs(&self.name, &self.connection.installation, &marks, rows);
        pages(found.into_iter().map(|job| self.finished(job)).collect());
        Ok(())
    }

    async fn accounts(&self, _pages: Pages<'_, Account>) -> Result<()> {
        Err(self.at(Error::new(ErrorKind::Unsupported, "which accounts are yours cannot be asked for there")
            .hint("ask the operators; --account is given to the cluster as it is")))
    }

    async fn output(&self, job: &Job, stream: OutputStream, from: u64, limit: u64) -> Result<OutputChunk> {
        let gone = || {
            self.at(Error::new(ErrorKind::NotFound, format!("the folder of {} is not there", job.name))
                .hint("it was moved or removed on the cluster"))
        };
        let mark =
            job.mark.clone().or_else(|| Mark::of(&self.connection.installation, &job.id)).ok_or_else(gone)?;
        let folder = format!("{}/{mark}", self.settings.experiment_folder);
        let index = if job.array.is_some() { "*" } else { "" };
        let file = match stream {
            OutputStream::Output => "output",
            OutputStream::Error => "error",
        };
        let limit = limit.min(LARGEST_PIECE);
        let dialect = self.dialect().await?;
        let text = format!(
            "{}\n{folder}\n{index}\n{file}\n{}\n{}\n",
            dialect.as_str(),
            from.saturating_add(1),
            limit + 1
        );
        let call = Call::read(script!("output")).input(text.into_bytes());
        let output = self.ssh.run(call).await.map_err(|error| self.at(error))?;
        let head = b"\x1dpiece\n";
        let Some(start) = output.stdout.windows(head.len()).position(|window| window == head) else {
            return Err(gone());
        };
        let piece = output.stdout.get(start + head.len()..).unwrap_or_default();
        let more = piece.len() as u64 > limit;
        let mut bytes = piece.to_vec();
        bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(OutputChunk { next: from + bytes.len() as u64, bytes, more })
    }

    fn advice(&self, job: &Job) -> Option<String> {
        let reason = job.reason.as_deref()?;
        let native = job.native.as_ref()?;
        Some(if reason.starts_with("waits for ever") {
            format!("ask for less: cancel it (cm hpc delete {native}) and submit it anew")
        } else if reason.starts_with("held by its owner") {
            format!("let it go: cm hpc release {native}")
        } else if reason.starts_with("its start failed") {
            format!("cancel it (cm hpc delete {native}), see what it needs at its start, and submit it anew")
        } else {
            return None;
        })
    }

    async fn facts(&self) -> Result<Vec<(String, String)>> {
        let (dialect, answer) = self.ask(script!("system"), "").await?;
        let version = match dialect {
            Dialect::OpenPbs => openpbs::server(answer.text("server")).1,
            Dialect::Torque => torque::server(answer.text("server")).1,
            Dialect::GridEngine => answer.text("server").lines().next().map(str::to_owned),
        };
        let mut facts = vec![("system".to_owned(), dialect.as_str().to_owned())];
        facts.extend(version.map(|version| ("version".to_owned(), version)));
        facts.push(("login node".to_owned(), self.ssh.name().to_owned()));
        facts.push(("experiment folder".to_owned(), self.settings.experiment_folder.clone()));
        Ok(facts)
    }
}

//! The place: what plans and lists see of the queue.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use cloudmesh_model::job::{Account, Job, JobDetails, JobStatus, Node, Queue as QueueNoun, Reservation};
use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, ErrorKind, Mark, NativeId, Result, ThingId, ThingKind};
use cloudmesh_resource::{
    Action, Batch, BatchAction, Capability, Changes, Connection, Found, JobChanges, MarkField, OutputChunk,
    OutputStream, Pages, Performed, Request, Seen, SubmitJob, Support, Thing,
};
use jiff::{SignedDuration, Timestamp};

use crate::LOCAL;
use crate::array::Array;
use crate::job_folder::{FORMAT, JobFolder, Specification, broken};
use crate::queue::{Queue, Submission, processors};
use crate::run::{Exit, Run, State, Why};

static CAPABILITIES: &[Capability] = &[
    Capability {
        action: "submit_job",
        support: Support::Yes(MarkField::InCall("the name of the job's folder")),
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
        support: Support::No("a job of this computer runs once; submit it again"),
    },
    Capability {
        action: "alter_job",
        support: Support::Yes(MarkField::Repeatable("setting the same again changes nothing")),
    },
];

/// Jobs that ended longer ago are not listed, only looked at by id.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

/// Variables that a job takes over from whoever submitted it. Everything else stays behind: it may be secret.
const HANDED_ON: &[&str] = &["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR"];

/// The largest piece of output that one call gives.
const LARGEST_PIECE: u64 = 16 * 1024 * 1024;

/// The jobs of this computer.
#[derive(Clone)]
pub struct LocalPlace {
    name: String,
    slots: Option<u64>,
    queue: Queue,
    connection: Connection,
}

impl LocalPlace {
    pub(crate) fn new(name: String, slots: Option<u64>, connection: Connection) -> Self {
        Self { name, slots, queue: Queue::new(&connection.home), connection }
    }

    async fn aside<T: Send + 'static>(&self, work: impl FnOnce(Self) -> T + Send + 'static) -> Result<T> {
        let this = self.clone();
        tokio::task::spawn_blocking(move || work(this))
            .await
            .map_err(|error| Error::internal(format!("a look at this computer's queue broke off: {error}")))
    }

    fn ensure_runner(&self) -> Result<()> {
        let path = self.connection.surroundings.variables.get("PATH").map(String::as_str);
        self.queue.ensure_runner(&self.connection.program, path).map_err(|error| error.at(&self.name))
    }

    fn submission(&self, request: &Request, submit: &SubmitJob) -> Result<Submission> {
        let mark =
            request.mark.clone().ok_or_else(|| Error::internal("a job is to be submitted without a mark"))?;
        let script = request
            .attachments
            .get(&submit.script)
            .cloned()
            .ok_or_else(|| Error::internal("a job's script is not among the attachments"))?;
        self.check(submit, &script)?;
        let variables = &self.connection.surroundings.variables;
        let mut environment: BTreeMap<String, String> = variables
            .iter()
            .filter(|(name, _)| HANDED_ON.contains(&name.as_str()) || name.starts_with("LC_"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        environment.extend(submit.environment.clone());
        Ok(Submission {
            specification: Specification {
                format: FORMAT,
                number: 0,
                name: submit.name.clone(),
                arguments: submit.arguments.clone(),
                array: submit.array.clone(),
                time_limit: submit.time_limit,
                processors: submit
                    .tasks
                    .unwrap_or(1)
                    .saturating_mul(submit.cpus_per_task.unwrap_or(1))
                    .max(1),
                environment,
                work_folder: self.work_folder(submit.folder.as_deref(), &mark)?,
                submitted: self.connection.clock.now(),
                mark,
            },
            script,
            held: submit.hold,
        })
    }

    fn work_folder(&self, folder: Option<&str>, mark: &Mark) -> Result<PathBuf> {
        let Some(folder) = folder.filter(|folder| !folder.is_empty()) else {
            return Ok(self.queue.job(mark).path().to_owned());
        };
        let folder = Path::new(folder.strip_prefix("~/").unwrap_or(folder));
        if folder.is_absolute() {
            return Ok(folder.join(mark.to_string()));
        }
        let home = self.connection.surroundings.user_home.as_ref().ok_or_else(|| {
            Error::bad_input(format!(
                "the folder {} is relative to a home that is not known",
                folder.display()
            ))
            .hint("give the folder from / on")
        })?;
        Ok(home.join(folder).join(mark.to_string()))
    }

    fn check(&self, submit: &SubmitJob, script: &[u8]) -> Result<()> {
        let refuse = |message: String, hint: &str| {
            Err(Error::bad_input(printable(&message)).hint(hint).at(&self.name))
        };
        if script.iter().all(u8::is_ascii_whitespace) {
            return refuse(
                format!("the script of {} is empty", submit.name),
                "give a script that does something",
            );
        }
        let first = script.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if first.starts_with(b"#!") && first.ends_with(b"\r") {
            return refuse(
                format!("the script of {} has DOS line ends", submit.name),
                "convert it, for example with dos2unix",
            );
        }
        if submit.queue.as_deref().is_some_and(|queue| queue != LOCAL) {
            let queue = submit.queue.as_deref().unwrap_or_default();
            return refuse(format!("there is no queue `{queue}`"), "this computer has one queue, `local`");
        }
        if let Some(wish) = submit.wishes.named().first() {
            return refuse(format!("this computer has nothing for --{wish}"), "leave it out");
        }
        if submit.account.is_some() {
            return refuse("this computer charges no account".to_owned(), "leave the account out");
        }
        if submit.nodes.is_some_and(|nodes| nodes > 1) {
            return refuse("this computer is one node".to_owned(), "ask for one node");
        }
        let total = memory();
        if let (Some(asked), Some(total)) = (submit.memory, total)
            && asked > total
        {
            return refuse(
                format!("{asked} MiB are asked for, and there are {total}"),
                "ask for less memory",
            );
        }
        if let Some(array) = &submit.array {
            Array::parse(array).map_err(|error| error.at(&self.name))?;
        }
        let words = submit.arguments.iter().chain(submit.environment.values()).chain([&submit.name]);
        if words.into_iter().any(|word| word.contains('\0')) {
            return refuse("a name, argument or variable holds a zero byte".to_owned(), "leave it out");
        }
        if let Some(name) =
            submit.environment.keys().find(|name| name.is_empty() || name.contains(['=', '\0']))
        {
            return refuse(format!("`{name}` cannot be the name of a variable"), "rename it");
        }
        Ok(())
    }

    fn perform_all(&self, requests: &[Request]) -> Vec<Result<Performed>> {
        let mut results: Vec<Option<Result<Performed>>> = Vec::new();
        let mut submissions = Vec::new();
        let mut positions = Vec::new();
        for (position, request) in requests.iter().enumerate() {
            let result = match &request.action {
                Action::Batch(BatchAction::SubmitJob(submit)) => match self.submission(request, submit) {
                    Ok(submission) => {
                        submissions.push(submission);
                        positions.push(position);
                        None
                    }
                    Err(error) => Some(Err(error.at(&self.name))),
                },
                Action::Batch(BatchAction::CancelJob { job }) => Some(self.cancel(request, job)),
                Action::Batch(BatchAction::HoldJob { job }) => Some(self.hold(request, job, true)),
                Action::Batch(BatchAction::ReleaseJob { job }) => Some(self.hold(request, job, false)),
                Action::Batch(BatchAction::AlterJob { job, changes }) => {
                    Some(self.alter(request, job, changes))
                }
                _ => {
                    let error = Error::new(
                        ErrorKind::Unsupported,
                        format!("this computer has no {}", request.action.name()),
                    );
                    Some(Err(error.at(&self.name)))
                }
            };
            results.push(result);
        }
        if !submissions.is_empty() {
            if let Err(error) = self.queue.prepare().and_then(|()| self.queue.set_slots(self.slots)) {
                tracing::warn!(%error, "the slots of this computer cannot be kept");
            }
            for (position, number) in positions.into_iter().zip(self.queue.submit(submissions)) {
                let performed = number.map(|number| Performed {
                    native: Some(NativeId(number.to_string())),
                    ..Performed::default()
                });
                if let Some(result) = results.get_mut(position) {
                    *result = Some(performed.map_err(|error| error.at(&self.name)));
                }
            }
        }
        if results.iter().any(|result| !matches!(result, Some(Err(_))))
            && self.queue.root().exists()
            && let Err(error) = self.ensure_runner()
        {
            // What was submitted is submitted; any later look starts the runner.
            tracing::warn!(%error, "no runner");
        }
        for (request, result) in requests.iter().zip(&mut results) {
            if let (Action::Batch(BatchAction::SubmitJob(submit)), Some(Ok(performed))) =
                (&request.action, result)
            {
                let job = submit.job(&self.name, performed.native.clone(), request.mark.clone());
                performed.thing = Some(Thing::Job(job));
            }
        }
        let lost = || Err(Error::internal("an action was given no result"));
        results.into_iter().map(|result| result.unwrap_or_else(lost)).collect()
    }

    fn cancel(&self, request: &Request, job: &ThingId) -> Result<Performed> {
        if let Some(folder) = self.folder(job, request.natives.get(job)) {
            folder.cancel().map_err(|error| error.at(&self.name))?;
            self.queue.ring();
        }
        Ok(Performed::default())
    }

    fn hold(&self, request: &Request, job: &ThingId, hold: bool) -> Result<Performed> {
        let folder = self.folder(job, request.natives.get(job)).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "this computer no longer knows the job")
                .hint("`cm hpc queue` shows the jobs there are")
                .at(&self.name)
        })?;
        let at = |error: Error| error.at(&self.name);
        if hold
            && let Some(job) = self.job(&folder).map_err(at)?
            && !matches!(job.status, JobStatus::Pending | JobStatus::Held)
            && job.array.is_none()
        {
            let message = format!("{} is {}: only what waits can be held", job.name, job.status.as_str());
            return Err(at(Error::new(ErrorKind::Conflict, message)));
        }
        folder.set_held(hold).map_err(at)?;
        self.queue.ring();
        Ok(Performed::default())
    }

    fn alter(&self, request: &Request, job: &ThingId, changes: &JobChanges) -> Result<Performed> {
        let at = |error: Error| error.at(&self.name);
        let folder = self
            .folder(job, request.natives.get(job))
            .ok_or_else(|| at(Error::new(ErrorKind::NotFound, "this computer no longer knows the job")))?;
        let others = [
            ("queue", changes.queue.as_ref().is_some_and(|queue| queue != LOCAL)),
            ("account", changes.account.is_some()),
            ("qos", changes.qos.is_some()),
            ("begin", changes.begin.is_some()),
        ];
        if let Some((name, _)) = others.into_iter().find(|(_, given)| *given) {
            return Err(at(
                Error::bad_input(format!("this computer has nothing for --{name}")).hint("leave it out")
            ));
        }
        if let Some(job) = self.job(&folder).map_err(at)?
            && !matches!(job.status, JobStatus::Pending | JobStatus::Held)
        {
            let message = format!("{} is {}: only what waits can be altered", job.name, job.status.as_str());
            return Err(at(Error::new(ErrorKind::Conflict, message)));
        }
        folder.alter(changes.name.clone(), changes.time_limit).map_err(at)?;
        Ok(Performed::default())
    }

    /// The folder of a job by our id, else by its number; `None` if there is none.
    fn folder(&self, id: &ThingId, native: Option<&NativeId>) -> Option<JobFolder> {
        Mark::of(&self.connection.installation, id)
            .map(|mark| self.queue.job(&mark))
            .filter(|folder| folder.path().exists())
            .or_else(|| {
                let number = native?.as_str().split('_').next()?.parse().ok()?;
                self.queue.numbered(number).filter(|folder| folder.path().exists())
            })
    }

    /// The job in `folder` as it is now.
    fn job(&self, folder: &JobFolder) -> Result<Option<Job>> {
        let Some(specification) = folder.specification()? else { return Ok(None) };
        let standing = Standing::of(folder, &specification)?;
        let native = NativeId(specification.number.to_string());
        let mark = specification.mark;
        let ours = *mark.installation() == self.connection.installation;
        let id = if ours { mark.thing() } else { ThingId::seen(&self.name, &native) };
        let details = JobDetails {
            time_limit: specification.time_limit,
            elapsed: standing
                .started
                .zip(standing.ended)
                .and_then(|(started, ended)| u64::try_from(ended.duration_since(started).as_secs()).ok()),
            ..JobDetails::default()
        };
        let variables = &self.connection.surroundings.variables;
        let user = variables.get("USER").or_else(|| variables.get("LOGNAME")).cloned().unwrap_or_default();
        Ok(Some(Job {
            id,
            native: Some(native),
            place: self.name.clone(),
            name: specification.name,
            status: standing.status,
            native_status: standing.status.as_str().to_owned(),
            reason: standing.reason,
            user,
            queue: Some(LOCAL.to_owned()),
            nodes: Some(1),
            cpus: Some(specification.processors),
            array: specification.array,
            submitted: Some(specification.submitted),
            started: standing.started,
            ended: standing.ended,
            exit_code: standing.exit_code,
            signal: standing.signal,
            folder: Some(specification.work_folder.to_string_lossy().into_owned()),
            mark: Some(mark),
            details,
        }))
    }

    /// Whether the job still needs a runner.
    fn wake_for(&self, jobs: &[&Job]) {
        if jobs.iter().any(|job| !job.status.ended() && job.status != JobStatus::Held)
            && let Err(error) = self.ensure_runner()
        {
            tracing::warn!(%error, "no runner");
        }
    }
}

/// Where a job stands, all of its runs together.
struct Standing {
    status: JobStatus,
    reason: Option<String>,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    exit_code: Option<i64>,
    signal: Option<i64>,
}

impl Standing {
    fn of(folder: &JobFolder, specification: &Specification) -> Result<Self> {
        let (indices, _) = specification.indices()?;
        let cancelled = folder.cancelled();
        if specification.array.is_none() {
            return Ok(Self::of_run(Run::new(folder, None).state()?, cancelled, folder.held()));
        }
        let names = folder.control_names()?;
        let held = folder.held();
        let mut runs = Vec::with_capacity(indices.len());
        for index in &indices {
            let run = Run::new(folder, *index);
            let state = if names.contains(&run.name("claim")) { run.state()? } else { State::Waiting };
            runs.push(Self::of_run(state, cancelled, held));
        }
        Ok(Self::of_array(runs))
    }

    fn of_run(state: State, cancelled: Option<Timestamp>, held: bool) -> Self {
        let plain =
            |status| Self { status, reason: None, started: None, ended: None, exit_code: None, signal: None };
        match (state, cancelled) {
            (State::Ended(exit), _) => Self::of_exit(exit),
            (State::Running(started) | State::Orphaned(started), cancelled) => Self {
                started: Some(started.at),
                ..plain(if cancelled.is_some() { JobStatus::Completing } else { JobStatus::Running })
            },
            (State::Waiting, Some(at)) => Self {
                ended: Some(at),
                reason: Some("cancelled before it began".to_owned()),
                ..plain(JobStatus::Cancelled)
            },
            (State::Waiting, None) if held => plain(JobStatus::Held),
            (State::Waiting | State::Starting, _) => plain(JobStatus::Pending),
        }
    }

    fn of_exit(exit: Exit) -> Self {
        let (status, reason) = match exit.why {
            Why::Itself if exit.exit_code == Some(0) => (JobStatus::Completed, None),
            Why::Itself => (
                JobStatus::Failed,
                Some(match (exit.exit_code, exit.signal) {
                    (Some(code), _) => format!("ended with exit code {code}"),
                    (None, Some(signal)) => format!("ended by signal {signal}"),
                    (None, None) => "nothing tells how it ended".to_owned(),
                }),
            ),
            Why::TimeLimit => (JobStatus::TimedOut, Some("reached its time limit".to_owned())),
            Why::Cancelled => (JobStatus::Cancelled, None),
            Why::NotStarted(why) => (JobStatus::Failed, Some(why)),
            Why::Restart => {
                (JobStatus::NodeFailed, Some("the computer was restarted while it ran".to_owned()))
            }
            Why::Unseen => {
                let why = "its supervisor was killed, so nothing tells how it ended";
                (JobStatus::Failed, Some(why.to_owned()))
            }
        };
        Self {
            status,
            reason,
            started: exit.started,
            ended: Some(exit.ended),
            exit_code: exit.exit_code,
            signal: exit.signal,
        }
    }

    /// An array runs while one of its runs does, waits while one waits, and ended as its worst run did.
    fn of_array(runs: Vec<Self>) -> Self {
        let order = |status: JobStatus| match status {
            JobStatus::Running => 9,
            JobStatus::Completing => 8,
            JobStatus::Pending => 7,
            JobStatus::Held => 6,
            JobStatus::NodeFailed => 5,
            JobStatus::Failed => 4,
            JobStatus::TimedOut => 3,
            JobStatus::Cancelled => 2,
            _ => 1,
        };
        let status = runs.iter().map(|run| run.status).max_by_key(|status| order(*status));
        let status = status.unwrap_or(JobStatus::Completed);
        let ended = runs.iter().filter(|run| run.status.ended()).count();
        let well = runs.iter().filter(|run| run.status == JobStatus::Completed).count();
        let counts = match ended - well {
            0 => format!("{ended} of {} ended", runs.len()),
            ill => format!("{ended} of {} ended, {ill} of them not well", runs.len()),
        };
        Self {
            status,
            reason: Some(counts),
            started: runs.iter().filter_map(|run| run.started).min(),
            ended: if status.ended() { runs.iter().filter_map(|run| run.ended).max() } else { None },
            exit_code: if status.ended() { runs.iter().filter_map(|run| run.exit_code).max() } else { None },
            signal: if status.ended() { runs.iter().filter_map(|run| run.signal).max() } else { None },
        }
    }
}

#[async_trait]
impl Changes for LocalPlace {
    fn place(&self) -> &str {
        &self.name
    }

    fn batch_size(&self) -> usize {
        200
    }

    fn concurrency(&self) -> usize {
        1
    }

    async fn perform(&self, requests: Vec<Request>) -> Vec<Result<Performed>> {
        let count = requests.len();
        match self.aside(move |this| this.perform_all(&requests)).await {
            Ok(results) => results,
            Err(error) => (0..count).map(|_| Err(error.clone().uncertain())).collect(),
        }
    }

    async fn find(&self, kind: ThingKind, marks: &[Mark]) -> Result<Vec<Found>> {
        if kind != ThingKind::Job {
            return Ok(Vec::new());
        }
        let marks = marks.to_vec();
        self.aside(move |this| {
            let mut found = Vec::new();
            for mark in marks {
                if let Some(job) = this.job(&this.queue.job(&mark)).map_err(|error| error.at(&this.name))?
                    && let Some(native) = job.native.clone()
                {
                    found.push(Found { mark, native, thing: Thing::Job(job) });
                }
            }
            let jobs: Vec<&Job> = found
                .iter()
                .filter_map(|found| if let Thing::Job(job) = &found.thing { Some(job) } else { None })
                .collect();
            this.wake_for(&jobs);
            Ok(found)
        })
        .await?
    }

    async fn look(&self, kind: ThingKind, things: &[(ThingId, NativeId)]) -> Result<Vec<Seen>> {
        if kind != ThingKind::Job {
            return Err(Error::internal(format!("this computer's queue has no {kind}")).at(&self.name));
        }
        let things = things.to_vec();
        self.aside(move |this| {
            let mut jobs = Vec::new();
            for (id, native) in things {
                let job = match this.folder(&id, Some(&native)) {
                    Some(folder) => this.job(&folder).map_err(|error| error.at(&this.name))?,
                    None => None,
                };
                // The caller's id names it, whatever the mark says.
                let job = job.map(|job| Job { id: id.clone(), ..job });
                jobs.push((id, job));
            }
            this.wake_for(&jobs.iter().filter_map(|(_, job)| job.as_ref()).collect::<Vec<_>>());
            Ok(jobs.into_iter().map(|(id, job)| Seen { id, thing: job.map(Thing::Job) }).collect())
        })
        .await?
    }

    fn settle_time(&self) -> Duration {
        // A submission is one rename on this computer: once its process is gone, it happened or never will.
        Duration::ZERO
    }
}

#[async_trait]
impl Batch for LocalPlace {
    fn capabilities(&self) -> &'static [Capability] {
        CAPABILITIES
    }

    async fn queues(&self, pages: Pages<'_, QueueNoun>) -> Result<()> {
        let queue = self
            .aside(|this| {
                let slots = this.slots.unwrap_or_else(|| this.queue.slots());
                let mut used = 0;
                for number in this.queue.waiting()? {
                    if let Some(folder) = this.queue.numbered(number)
                        && let Some(job) = this.job(&folder)?
                        && matches!(job.status, JobStatus::Running | JobStatus::Completing)
                    {
                        used += job.cpus.unwrap_or(1).min(slots);
                    }
                }
                Ok::<_, Error>(QueueNoun {
                    id: ThingId::seen(&this.name, &NativeId::from(LOCAL)),
                    place: this.name.clone(),
                    name: LOCAL.to_owned(),
                    status: "up".to_owned(),
                    default: true,
                    time_limit: None,
                    nodes: Some(1),
                    idle_nodes: Some(u64::from(used == 0)),
                    cpus: Some(slots),
                    idle_cpus: Some(slots.saturating_sub(used)),
                    features: Vec::new(),
                })
            })
            .await??;
        pages(vec![queue]);
        Ok(())
    }

    async fn nodes(&self, pages: Pages<'_, Node>) -> Result<()> {
        let mut found = Vec::new();
        self.queues(&mut |queues| found.extend(queues)).await?;
        let slots = found.first().and_then(|queue| queue.cpus).unwrap_or_default();
        let used = slots.saturating_sub(found.first().and_then(|queue| queue.idle_cpus).unwrap_or_default());
        let status = if used == 0 {
            "idle"
        } else if used < slots {
            "mixed"
        } else {
            "busy"
        };
        pages(vec![Node {
            id: ThingId::seen(&self.name, &NativeId::from("node")),
            place: self.name.clone(),
            name: "localhost".to_owned(),
            status: status.to_owned(),
            native_status: status.to_owned(),
            reason: None,
            queues: vec![LOCAL.to_owned()],
            cpus: Some(slots),
            used_cpus: Some(used),
            memory: memory(),
            used_memory: None,
            features: Vec::new(),
        }]);
        Ok(())
    }

    async fn reservations(&self, _pages: Pages<'_, Reservation>) -> Result<()> {
        Ok(())
    }

    async fn accounts(&self, _pages: Pages<'_, Account>) -> Result<()> {
        Ok(())
    }

    async fn history(&self, _everybody: bool, since: Timestamp, pages: Pages<'_, Job>) -> Result<()> {
        let jobs = self
            .aside(move |this| {
                let mut jobs = Vec::new();
                for number in this.queue.all()? {
                    let Some(folder) = this.queue.numbered(number) else { continue };
                    if let Some(job) = this.job(&folder).map_err(|error| error.at(&this.name))?
                        && job.ended.or(job.submitted).is_none_or(|then| then >= since)
                    {
                        jobs.push(job);
                    }
                }
                Ok::<_, Error>(jobs)
            })
            .await??;
        pages(jobs);
        Ok(())
    }

    async fn jobs(&self, _everybody: bool, pages: Pages<'_, Job>) -> Result<()> {
        let jobs = self
            .aside(|this| {
                let now = this.connection.clock.now();
                let mut jobs = Vec::new();
                for number in this.queue.all()? {
                    let Some(folder) = this.queue.numbered(number) else { continue };
                    if let Some(job) = this.job(&folder).map_err(|error| error.at(&this.name))?
                        && job.ended.is_none_or(|ended| now.duration_since(ended) < RECENT)
                    {
                        jobs.push(job);
                    }
                }
                this.wake_for(&jobs.iter().collect::<Vec<_>>());
                Ok::<_, Error>(jobs)
            })
            .await??;
        pages(jobs);
        Ok(())
    }

    async fn output(&self, job: &Job, stream: OutputStream, from: u64, limit: u64) -> Result<OutputChunk> {
        let job = job.clone();
        self.aside(move |this| {
            let gone = || {
                Error::new(ErrorKind::NotFound, format!("the folder of {} is not there", job.name))
                    .at(&this.name)
            };
            let folder = this.folder(&job.id, job.native.as_ref()).ok_or_else(gone)?;
            let specification = folder.specification()?.ok_or_else(gone)?;
            if !specification.work_folder.exists() && specification.work_folder == folder.path() {
                return Err(gone());
            }
            let index =
                job.native.as_ref().and_then(|native| native.as_str().split_once('_')?.1.parse().ok());
            let indices = match index {
                Some(index) => vec![Some(index)],
                None => specification.indices()?.0,
            };
            let name = match stream {
                OutputStream::Output => "output",
                OutputStream::Error => "error",
            };
            let files = indices
                .into_iter()
                .map(|index| specification.work_folder.join(Run::new(&folder, index).name(name)));
            read_pieces(files, from, limit.min(LARGEST_PIECE))
        })
        .await?
    }

    async fn facts(&self) -> Result<Vec<(String, String)>> {
        self.aside(|this| {
            let slots = this.slots.unwrap_or_else(|| this.queue.slots());
            let mut facts = vec![
                ("system".to_owned(), format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)),
                ("processors".to_owned(), processors().to_string()),
                ("slots".to_owned(), slots.to_string()),
            ];
            if let Some(memory) = memory() {
                facts.push(("memory".to_owned(), format!("{memory} MiB")));
            }
            facts.push(("folder".to_owned(), this.queue.root().display().to_string()));
            facts.push(("jobs not ended".to_owned(), this.queue.waiting()?.len().to_string()));
            Ok(facts)
        })
        .await?
    }
}

/// A piece of the files' contents, one after the other.
fn read_pieces(files: impl Iterator<Item = PathBuf>, from: u64, limit: u64) -> Result<OutputChunk> {
    let mut skip = from;
    let mut bytes = Vec::new();
    let mut more = false;
    for path in files {
        let fault = |error: io::Error| broken(&path, "read", &error);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(fault(error)),
        };
        let length = file.metadata().map_err(fault)?.len();
        if skip >= length {
            skip -= length;
            continue;
        }
        let room = limit - bytes.len() as u64;
        if room == 0 {
            more = true;
            break;
        }
        file.seek(SeekFrom::Start(skip)).map_err(fault)?;
        let here = (length - skip).min(room);
        file.take(here).read_to_end(&mut bytes).map_err(fault)?;
        more = length - skip > here;
        skip = 0;
        if more {
            break;
        }
    }
    Ok(OutputChunk { next: from + bytes.len() as u64, bytes, more })
}

/// The computer's memory in MiB, where the system says it.
fn memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? / 1024)
}

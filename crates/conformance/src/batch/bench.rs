//! A batch system with a user of it, and what cases do again and again. It remembers the marks of what was
//! submitted, to cancel it.

use std::any::Any;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cloudmesh_model::job::{Job, JobStatus, Queue};
use cloudmesh_model::{Error, ErrorKind, Mark, NativeId, Result, Secret, ThingId, ThingKind};
use cloudmesh_resource::{
    Action, Batch, BatchAction, OutputChunk, OutputStream, Performed, Place, PlaceDescription, Request,
    SubmitJob, Thing,
};

use crate::outcome::{clear, hold, refused};
use crate::{Failure, Outcome, User};

/// A batch system as a test meets it.
pub struct BatchSetup {
    /// Who uses it, and how to connect.
    pub user: User,
    /// The variable in which a task of an array finds its index.
    pub array_variable: &'static str,
    /// Memory of each job, MiB, where the system does not choose well.
    pub memory: Option<u64>,
    /// The shortest time limit, seconds; with [`crate::Feature::TimeLimit`].
    pub time_limit: u64,
    /// Folder under which one case lets its job work, relative to the home there.
    pub folder: String,
    /// How long a state is waited for.
    pub patience: Duration,
    /// How often is looked meanwhile.
    pub tick: Duration,
    /// How long a case may take.
    pub case_limit: Duration,
    /// With [`crate::Feature::ClosedPort`].
    pub closed_port: Option<PlaceDescription>,
    /// Kept as long as the case runs: folders.
    pub guard: Box<dyn Any + Send + Sync>,
}

/// A job that was submitted.
pub(crate) type Submitted = (ThingId, NativeId);

/// A batch system under test.
pub struct BatchBench {
    pub(crate) setup: BatchSetup,
    pub(crate) place: Place,
    pub(crate) batch: Arc<dyn Batch>,
    marks: Mutex<Vec<Mark>>,
}

impl BatchBench {
    pub(crate) fn new(setup: BatchSetup) -> Outcome<Self> {
        let place = setup.user.connect()?;
        let batch = batch(&place)?;
        Ok(Self { setup, place, batch, marks: Mutex::default() })
    }

    fn marks(&self) -> MutexGuard<'_, Vec<Mark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same user in a second process.
    pub(crate) fn second(&self) -> Outcome<Arc<dyn Batch>> {
        connect(&self.setup.user)
    }

    pub(crate) fn name(&self) -> &str {
        &self.setup.user.place.name
    }

    pub(crate) fn mark(&self, thing: &ThingId) -> Outcome<Mark> {
        self.setup.user.mark(thing).ok_or_else(|| Failure(format!("{thing} is not ours")))
    }

    fn canaries(&self) -> Vec<Secret> {
        self.setup.user.canaries()
    }

    pub(crate) fn refused<T>(&self, what: &str, result: Result<T>, kinds: &[ErrorKind]) -> Outcome<Error> {
        refused(what, result, kinds, self.name(), &self.canaries())
    }

    pub(crate) fn clear(&self, what: &str, error: &Error) -> Outcome {
        clear(what, error, self.name(), &self.canaries())
    }

    /// A request to run `script` (without its first line), as the engine makes it.
    pub(crate) fn request(&self, script: &str, change: impl FnOnce(&mut SubmitJob)) -> Request {
        self.request_bytes(format!("#!/bin/sh\n{script}\n").into_bytes(), change)
    }

    pub(crate) fn request_bytes(&self, script: Vec<u8>, change: impl FnOnce(&mut SubmitJob)) -> Request {
        let mut hasher = DefaultHasher::new();
        script.hash(&mut hasher);
        let hash = format!("{:016x}", hasher.finish());
        let mut submit = SubmitJob {
            job: ThingId::planned(),
            name: "conformance".to_owned(),
            script: hash.clone(),
            arguments: Vec::new(),
            queue: None,
            time_limit: Some(300),
            nodes: None,
            tasks: Some(1),
            cpus_per_task: None,
            memory: self.setup.memory,
            account: None,
            array: None,
            hold: false,
            environment: BTreeMap::new(),
            folder: None,
            wishes: cloudmesh_resource::Wishes::default(),
        };
        change(&mut submit);
        let mark = self.setup.user.mark(&submit.job);
        self.marks().extend(mark.clone());
        Request {
            mark,
            action: Action::Batch(BatchAction::SubmitJob(Box::new(submit))),
            natives: BTreeMap::new(),
            attachments: BTreeMap::from([(hash, Arc::from(script))]),
        }
    }

    /// Performs requests; every error must be fit for a person.
    pub(crate) async fn perform(&self, requests: Vec<Request>) -> Outcome<Vec<Result<Performed>>> {
        let count = requests.len();
        let results = self.batch.perform(requests).await;
        hold!(results.len() == count, "{count} requests give {} results", results.len());
        for result in &results {
            if let Err(error) = result {
                self.clear("a change", error)?;
            }
        }
        Ok(results)
    }

    pub(crate) async fn perform_one(&self, request: Request) -> Outcome<Result<Performed>> {
        let lost = || Err(Error::internal("no result"));
        Ok(self.perform(vec![request]).await?.pop().unwrap_or_else(lost))
    }

    /// Submits requests that must be accepted.
    pub(crate) async fn submit_all(&self, requests: Vec<Request>) -> Outcome<Vec<Submitted>> {
        let ids: Vec<ThingId> = requests.iter().map(|request| request.action.subject().1.clone()).collect();
        let mut submitted = Vec::new();
        for (id, result) in ids.into_iter().zip(self.perform(requests).await?) {
            let native = result?.native;
            let native = native
                .ok_or_else(|| Failure("a submission does not answer with the native id".to_owned()))?;
            hold!(!native.as_str().is_empty(), "the native id is empty");
            submitted.push((id, native));
        }
        Ok(submitted)
    }

    /// Submits a job that must be accepted.
    pub(crate) async fn submit(
        &self,
        script: &str,
        change: impl FnOnce(&mut SubmitJob),
    ) -> Outcome<Submitted> {
        let request = self.request(script, change);
        let submitted = self.submit_all(vec![request]).await?.pop();
        submitted.ok_or_else(|| Failure("a submission has no result".to_owned()))
    }

    /// A request to cancel.
    pub(crate) fn cancellation(&self, job: &Submitted) -> Request {
        self.change(job, BatchAction::CancelJob { job: job.0.clone() })
    }

    /// A request to change a job that is there.
    pub(crate) fn change(&self, job: &Submitted, action: BatchAction) -> Request {
        Request {
            action: Action::Batch(action),
            mark: self.setup.user.mark(&job.0),
            natives: BTreeMap::from([job.clone()]),
            attachments: BTreeMap::new(),
        }
    }

    pub(crate) async fn cancel(&self, job: &Submitted) -> Outcome {
        self.perform_one(self.cancellation(job)).await??;
        Ok(())
    }

    pub(crate) async fn look(&self, jobs: &[Submitted]) -> Outcome<Vec<Option<Job>>> {
        let seen = self.batch.look(ThingKind::Job, jobs).await?;
        hold!(seen.len() == jobs.len(), "a look at {} jobs shows {}", jobs.len(), seen.len());
        let mut all = Vec::new();
        for ((id, native), seen) in jobs.iter().zip(seen) {
            hold!(seen.id == *id, "{} is shown where {id} was asked for", seen.id);
            all.push(match seen.thing {
                None => None,
                Some(Thing::Job(job)) => {
                    hold!(job.id == *id, "a look at {id} shows {}", job.id);
                    hold!(job.native.as_ref() == Some(native), "a look at {native} shows {:?}", job.native);
                    hold!(job.place == self.name(), "a job is at {}", job.place);
                    Some(job)
                }
                Some(other) => return Err(Failure(format!("a look at a job shows a {}", other.kind()))),
            });
        }
        Ok(all)
    }

    pub(crate) async fn see(&self, job: &Submitted) -> Outcome<Job> {
        let seen = self.look(std::slice::from_ref(job)).await?.pop().flatten();
        seen.ok_or_else(|| Failure(format!("the job {} is gone", job.1)))
    }

    /// Waits until all jobs are as wanted.
    pub(crate) async fn until_all(
        &self,
        jobs: &[Submitted],
        what: &str,
        wanted: impl Fn(&Job) -> bool,
    ) -> Outcome<Vec<Job>> {
        let begun = Instant::now();
        loop {
            let mut seen = Vec::new();
            for (job, submitted) in self.look(jobs).await?.into_iter().zip(jobs) {
                seen.push(job.ok_or_else(|| Failure(format!("the job {} is gone", submitted.1)))?);
            }
            if seen.iter().all(&wanted) {
                return Ok(seen);
            }
            hold!(begun.elapsed() < self.setup.patience, "waited in vain for {what}: {seen:?}");
            tokio::time::sleep(self.setup.tick).await;
        }
    }

    pub(crate) async fn until(
        &self,
        job: &Submitted,
        what: &str,
        wanted: impl Fn(&Job) -> bool,
    ) -> Outcome<Job> {
        let seen = self.until_all(std::slice::from_ref(job), what, wanted).await?.pop();
        seen.ok_or_else(|| Failure("nothing was seen".to_owned()))
    }

    pub(crate) async fn ended(&self, job: &Submitted) -> Outcome<Job> {
        self.until(job, "its end", |job| job.status.ended()).await
    }

    /// Runs a script to its good end.
    pub(crate) async fn completed(&self, script: &str, change: impl FnOnce(&mut SubmitJob)) -> Outcome<Job> {
        let job = self.submit(script, change).await?;
        let job = self.ended(&job).await?;
        if job.status != JobStatus::Completed {
            let said = self.whole(&job, OutputStream::Error).await?;
            return Err(Failure(format!("{job:?} did not end well: {}", String::from_utf8_lossy(&said))));
        }
        Ok(job)
    }

    pub(crate) async fn output(
        &self,
        job: &Job,
        stream: OutputStream,
        from: u64,
        limit: u64,
    ) -> Outcome<OutputChunk> {
        let chunk = self.batch.output(job, stream, from, limit).await?;
        let length = chunk.bytes.len() as u64;
        hold!(length <= limit, "{limit} bytes are asked for, {length} come");
        hold!(chunk.next == from + length, "{length} bytes from {from} on, and the next is {}", chunk.next);
        hold!(!chunk.more || length > 0, "there is more, and nothing came");
        Ok(chunk)
    }

    /// All of an output, piece by piece.
    pub(crate) async fn whole(&self, job: &Job, stream: OutputStream) -> Outcome<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            let chunk = self.output(job, stream, all.len() as u64, 2 << 20).await?;
            all.extend(chunk.bytes);
            if !chunk.more {
                return Ok(all);
            }
        }
    }

    pub(crate) async fn text(&self, job: &Job) -> Outcome<String> {
        let bytes = self.whole(job, OutputStream::Output).await?;
        String::from_utf8(bytes).map_err(|_| Failure("the output is no text".to_owned()))
    }

    /// How often the mark of `id` is found by another process.
    pub(crate) async fn found(&self, id: &ThingId) -> Outcome<Vec<NativeId>> {
        let mark = self.mark(id)?;
        let mut natives = Vec::new();
        for found in self.second()?.find(ThingKind::Job, std::slice::from_ref(&mark)).await? {
            hold!(found.mark == mark, "{} is found and was not searched for", found.mark);
            hold!(
                found.thing.native() == Some(&found.native),
                "{} is found as {:?}",
                found.native,
                found.thing
            );
            hold!(found.thing.mark() == Some(&mark), "{} is found as {:?}", found.native, found.thing);
            hold!(found.thing.id() == id, "{} is found as {}", found.native, found.thing.id());
            natives.push(found.native);
        }
        Ok(natives)
    }

    /// Cancels everything that the case submitted, and waits until it has ended.
    pub(crate) async fn clean_up(&self) -> Outcome {
        let marks = std::mem::take(&mut *self.marks());
        if marks.is_empty() {
            return Ok(());
        }
        let batch = connect(&self.setup.user)?;
        let found = batch.find(ThingKind::Job, &marks).await?;
        let jobs: Vec<Submitted> =
            found.into_iter().map(|found| (found.mark.thing(), found.native)).collect();
        let seen = self.look(&jobs).await?;
        let ended = |job: &Option<Job>| job.as_ref().is_none_or(|job| job.status.ended());
        let alive: Vec<Submitted> =
            jobs.into_iter().zip(seen).filter(|(_, job)| !ended(job)).map(|(job, _)| job).collect();
        if alive.is_empty() {
            return Ok(());
        }
        for jobs in alive.chunks(batch.batch_size().max(1)) {
            for result in batch.perform(jobs.iter().map(|job| self.cancellation(job)).collect()).await {
                result?;
            }
        }
        self.until_all(&alive, "the end of what was cancelled", |job| job.status.ended()).await?;
        Ok(())
    }
}

/// A connection of `user`.
pub(crate) fn connect(user: &User) -> Outcome<Arc<dyn Batch>> {
    batch(&user.connect()?)
}

fn batch(place: &Place) -> Outcome<Arc<dyn Batch>> {
    match place {
        Place::Batch(batch) => Ok(batch.clone()),
        Place::Compute(_) => Err(Failure("this is a compute cloud".to_owned())),
    }
}

pub(crate) async fn queues(batch: &dyn Batch) -> Result<Vec<Queue>> {
    let mut all = Vec::new();
    batch.queues(&mut |page| all.extend(page)).await?;
    Ok(all)
}

pub(crate) async fn jobs(batch: &dyn Batch, everybody: bool) -> Result<Vec<Job>> {
    let mut all = Vec::new();
    batch.jobs(everybody, &mut |page| all.extend(page)).await?;
    Ok(all)
}

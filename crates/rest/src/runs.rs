//! Changes that are under way. A change goes on when whoever asked for it has left; what a killed server had begun
//! is gone on with when the next one starts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloudmesh_client::journal::{PLAN, PlanState, StoredPlan};
use cloudmesh_client::{Entry, Envelope, Kind, Mesh, policy, records};
use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_resource::{Plan, PlanId};
use cloudmesh_store::{Change, Document, Expected, Outcome, Store, Stored};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::answer::Answer;
use crate::api::Api;
use crate::door::RestDoor;

/// The store's kind of what says that a plan is this door's to run.
const RUN: &str = "rest_run";
/// The store's kind of requests that may be asked again.
const REQUEST: &str = "rest_request";
/// How long a request is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// A plan that this door runs.
#[derive(Serialize, Deserialize)]
struct RunRecord {
    plan: PlanId,
    request: Option<String>,
}

/// A request with an `Idempotency-Key`.
#[derive(Serialize, Deserialize)]
struct RequestRecord {
    fingerprint: String,
    plan: PlanId,
    asked: Timestamp,
    answer: Option<Answer>,
}

fn document<T: Serialize>(kind: &str, id: &str, value: &T) -> Result<Document> {
    Ok(Document {
        kind: kind.to_owned(),
        id: id.to_owned(),
        place: String::new(),
        row: String::new(),
        body: records::body(value)?,
    })
}

/// How far a change has come.
#[derive(Clone, Default)]
pub(crate) struct Progress {
    plan: Option<Arc<Plan>>,
    answer: Option<Answer>,
}

/// The changes under way in this process.
#[derive(Default)]
pub(crate) struct Runs {
    running: Mutex<HashMap<String, watch::Receiver<Progress>>>,
    /// Held from the look at an `Idempotency-Key` until its change is known to be under way: between the two,
    /// the same request would be taken for one of a server that is no more.
    pub(crate) gate: tokio::sync::Mutex<()>,
}

impl Runs {
    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<String, watch::Receiver<Progress>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, plan: &PlanId) -> Option<watch::Receiver<Progress>> {
        self.running().get(plan.as_str()).cloned()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.running().len()
    }

    /// Waits until none is left.
    pub(crate) async fn end(&self) {
        loop {
            let next = self.running().values().next().cloned();
            let Some(mut next) = next else { return };
            while next.borrow().answer.is_none() {
                if next.changed().await.is_err() {
                    break;
                }
            }
            tokio::task::yield_now().await;
        }
    }
}

/// What an `Idempotency-Key` led to.
pub(crate) enum Claim {
    /// Nobody asked this before.
    New { plan: PlanId, request: Option<String> },
    /// It was answered.
    Answered(Answer),
    /// It is under way.
    UnderWay(watch::Receiver<Progress>),
}

/// One change that is to be made.
pub(crate) struct Job {
    pub(crate) entry: &'static Entry,
    pub(crate) mesh: Arc<Mesh>,
    pub(crate) input: Value,
    pub(crate) envelope: Envelope,
    pub(crate) plan: PlanId,
    pub(crate) request: Option<String>,
}

impl Api {
    /// Looks whether the request was made before.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] when the key belongs to another request.
    pub(crate) async fn claim(&self, token: &str, key: Option<&str>, fingerprint: String) -> Result<Claim> {
        let Some(key) = key else { return Ok(Claim::New { plan: PlanId::draw(), request: None }) };
        let id = format!("{token}/{}", crate::tokens::hash(key));
        for _ in 0..3 {
            let expected = match self.store().get(REQUEST, &id).await? {
                None => Expected::Absent,
                Some(stored) => {
                    let record: RequestRecord = records::from_body(&stored.document)?;
                    let old = self.now().duration_since(record.asked) > REMEMBERED;
                    if !old {
                        return self.asked_before(record, &fingerprint, id).await;
                    }
                    Expected::Version(stored.version)
                }
            };
            let plan = PlanId::draw();
            let record = RequestRecord {
                fingerprint: fingerprint.clone(),
                plan: plan.clone(),
                asked: self.now(),
                answer: None,
            };
            let change = Change::Put(document(REQUEST, &id, &record)?, expected);
            if self.store().apply(vec![change]).await?.iter().all(|outcome| outcome.stands()) {
                return Ok(Claim::New { plan, request: Some(id) });
            }
        }
        Err(Error::new(ErrorKind::Conflict, "the same request comes again and again at the same moment"))
    }

    async fn asked_before(&self, record: RequestRecord, fingerprint: &str, id: String) -> Result<Claim> {
        if record.fingerprint != fingerprint {
            return Err(Error::new(ErrorKind::Conflict, "this Idempotency-Key was used for another request")
                .hint("take a new key for each change"));
        }
        if let Some(answer) = record.answer {
            return Ok(Claim::Answered(answer));
        }
        if let Some(progress) = self.0.runs.find(&record.plan) {
            return Ok(Claim::UnderWay(progress));
        }
        // A server that is no more took it. If it came as far as a plan, that plan is gone on with.
        if let Some(stored) = self.plan(&record.plan).await? {
            return Ok(Claim::UnderWay(self.go_on(stored, Some(id)).await?));
        }
        Ok(Claim::New { plan: record.plan, request: Some(id) })
    }

    async fn plan(&self, id: &PlanId) -> Result<Option<StoredPlan>> {
        match self.store().get(PLAN.name, id.as_str()).await? {
            Some(stored) => Ok(Some(records::from_body(&stored.document)?)),
            None => Ok(None),
        }
    }

    /// Begins a change. It goes on whoever leaves.
    pub(crate) async fn begin(&self, job: Job) -> Result<watch::Receiver<Progress>> {
        let runs = job.entry.kind == Kind::Change && !job.envelope.dry_run && !job.envelope.save;
        let input = job.entry.from_json(job.input)?;
        if runs {
            self.note(&job.plan, &job.plan, job.request.as_deref()).await?;
        }
        let (sender, receiver) = watch::channel(Progress::default());
        self.0.runs.running().insert(job.plan.as_str().to_owned(), receiver.clone());
        let api = self.clone();
        let Job { entry, mesh, mut envelope, plan, request, .. } = job;
        envelope.plan = Some(plan.clone());
        tokio::spawn(async move {
            let (begun, mut begins) = mpsc::unbounded_channel();
            let mut door = RestDoor::new(Vec::new(), None, None).telling(begun);
            let result = {
                let run = entry.run(&mesh, input, &envelope, &mut door);
                api.follow(run, &mut begins, &sender, &plan, request.as_deref()).await
            };
            let answer = Answer::of(result, &mut door, envelope.dry_run);
            api.ended(&plan, request.as_deref(), runs, answer, &sender).await;
        });
        Ok(receiver)
    }

    /// Waits for the run, telling what it tells of its plan.
    async fn follow(
        &self,
        run: impl Future<Output = Result<()>>,
        begins: &mut mpsc::UnboundedReceiver<Plan>,
        sender: &watch::Sender<Progress>,
        expected: &PlanId,
        request: Option<&str>,
    ) -> Result<()> {
        let mut run = std::pin::pin!(run);
        loop {
            tokio::select! {
                biased;
                result = &mut run => return result,
                Some(plan) = begins.recv() => {
                    if plan.id != *expected {
                        // A kept plan is applied: it is this one that would have to be gone on with.
                        let _ = self.note(expected, &plan.id, request).await;
                    }
                    let plan = Arc::new(plan);
                    sender.send_modify(|progress| progress.plan = Some(plan));
                }
            }
        }
    }

    async fn note(&self, id: &PlanId, plan: &PlanId, request: Option<&str>) -> Result<()> {
        let record = RunRecord { plan: plan.clone(), request: request.map(str::to_owned) };
        let change = Change::Put(document(RUN, id.as_str(), &record)?, Expected::Any);
        self.store().apply(vec![change]).await.map(drop)
    }

    async fn ended(
        &self,
        plan: &PlanId,
        request: Option<&str>,
        runs: bool,
        answer: Answer,
        sender: &watch::Sender<Progress>,
    ) {
        if !answer.interrupted
            && let Err(error) = self.write_down(plan, request, runs, &answer).await
        {
            tracing::warn!(%error, "the end of a change could not be written down");
        }
        sender.send_modify(|progress| progress.answer = Some(answer));
        self.0.runs.running().remove(plan.as_str());
    }

    async fn write_down(
        &self,
        plan: &PlanId,
        request: Option<&str>,
        runs: bool,
        answer: &Answer,
    ) -> Result<()> {
        let mut changes = Vec::new();
        if let Some(id) = request
            && let Some(stored) = self.store().get(REQUEST, id).await?
        {
            let mut record: RequestRecord = records::from_body(&stored.document)?;
            record.answer = Some(answer.clone());
            changes.push(Change::Put(document(REQUEST, id, &record)?, Expected::Version(stored.version)));
        }
        if runs {
            changes.push(delete(RUN, plan.as_str()));
        }
        self.store().apply(changes).await.map(drop)
    }

    /// Goes on with a plan that a server which is no more had begun.
    async fn go_on(&self, stored: StoredPlan, request: Option<String>) -> Result<watch::Receiver<Progress>> {
        let plan = stored.plan.id.clone();
        if let Some(progress) = self.0.runs.find(&plan) {
            return Ok(progress);
        }
        let mesh = self.own_mesh()?;
        let (sender, receiver) = watch::channel(Progress::default());
        sender.send_modify(|progress| progress.plan = Some(Arc::new(stored.plan.clone())));
        self.0.runs.running().insert(plan.as_str().to_owned(), receiver.clone());
        let api = self.clone();
        tokio::spawn(async move {
            let mut door = RestDoor::new(Vec::new(), None, None);
            let result = policy::run_logged(&mesh, stored, &mut door).await;
            let answer = Answer::of(result, &mut door, false);
            api.ended(&plan, request.as_deref(), true, answer, &sender).await;
        });
        Ok(receiver)
    }

    /// Goes on with everything that an earlier server had begun, and forgets old requests. The answer is how many
    /// plans there were.
    ///
    /// # Errors
    /// The store's.
    pub async fn take_up(&self) -> Result<usize> {
        // Drawn now if it never was: a read would have to write it.
        self.own_mesh()?.installation().await?;
        self.forget_old().await?;
        let mut count = 0;
        for Stored { document, .. } in self.store().documents(RUN, "").await? {
            let record: RunRecord = records::from_body(&document)?;
            let goes_on = match self.plan(&record.plan).await? {
                Some(stored) if !matches!(stored.state, PlanState::Done | PlanState::Cancelled) => {
                    Some(stored)
                }
                _ => None,
            };
            match goes_on {
                Some(stored) => {
                    // Its end is written down under its own id; the note of who applied it has done its part.
                    if document.id != record.plan.as_str() {
                        self.note(&record.plan, &record.plan, record.request.as_deref()).await?;
                        self.store().apply(vec![delete(RUN, &document.id)]).await?;
                    }
                    self.go_on(stored, record.request).await?;
                    count += 1;
                }
                None => drop(self.store().apply(vec![delete(RUN, &document.id)]).await?),
            }
        }
        Ok(count)
    }

    async fn forget_old(&self) -> Result<()> {
        let now = self.now();
        let old = |stored: &Stored| {
            records::from_body::<RequestRecord>(&stored.document)
                .map_or(true, |record| now.duration_since(record.asked) > REMEMBERED)
        };
        let requests = self.store().documents(REQUEST, "").await?;
        let changes: Vec<Change> = requests
            .iter()
            .filter(|stored| old(stored))
            .map(|stored| delete(REQUEST, &stored.document.id))
            .collect();
        let _: Vec<Outcome> = self.store().apply(changes).await?;
        Ok(())
    }
}

fn delete(kind: &str, id: &str) -> Change {
    Change::Delete { kind: kind.to_owned(), id: id.to_owned(), expected: Expected::Any }
}

/// Waits for the end of a change; after `patience` its plan is answer enough, and after `most` there is none.
pub(crate) async fn wait(
    mut progress: watch::Receiver<Progress>,
    patience: Duration,
    most: Duration,
) -> Result<Answer> {
    let ended = |now: &Progress| now.answer.is_some();
    if let Ok(Ok(now)) = tokio::time::timeout(patience, progress.wait_for(ended)).await {
        return now.answer.clone().ok_or_else(|| Error::internal("an answer is gone"));
    }
    let either = |now: &Progress| now.answer.is_some() || now.plan.is_some();
    match tokio::time::timeout(most, progress.wait_for(either)).await {
        Ok(Ok(now)) => match (&now.answer, &now.plan) {
            (Some(answer), _) => Ok(answer.clone()),
            (None, Some(plan)) => Ok(Answer::accepted(plan)),
            (None, None) => Err(Error::internal("a change has neither plan nor answer")),
        },
        Ok(Err(_)) => Err(Error::internal("a change ended without an answer")),
        Err(_) => Err(Error::new(
            ErrorKind::Unreachable,
            format!("it was not planned within {} s, and goes on", most.as_secs()),
        )
        .hint("ask again with the same Idempotency-Key, or look at GET /v1/plan")),
    }
}

/// Whether a store holds plans that a server would go on with; for who looks on from outside.
///
/// # Errors
/// The store's.
pub async fn left_to_do(store: &dyn Store) -> Result<usize> {
    Ok(store.documents(RUN, "").await?.len())
}

//! The run of one plan: choose what is ready, write intents, call, write results, until nothing is left.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use cloudmesh_model::{Error, ErrorKind, Installation, Mark, NativeId, Result, ThingId, ThingKind};
use cloudmesh_resource::plan::PLAN_FORMAT;
use cloudmesh_resource::{
    Action, Attachments, Found, Nature, Performed, Place, Plan, Request, Seen, Step, StepKind,
};
use cloudmesh_store::{Change, Expected, Lease};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use super::lease::{LEASE, holder, take_lease};
use super::settle::{self, Sought};
use super::waiting::{self, Key, Waiting};
use super::{PlanEvent, PlanOutcome};
use crate::journal::{self, PLAN, PlanState, StepRecord, StepState, StoredPlan};
use crate::{Door, Mesh, attachments, names, records};

/// How often a step's call is sent at the most.
pub(super) const MOST_ATTEMPTS: u32 = 8;
/// How long a call may take before its fate counts as unknown, whatever the provider says.
const CALL_LIMIT: Duration = Duration::from_secs(600);

/// What came of something that was under way.
pub(super) enum Event {
    Performed { place: String, steps: Vec<usize>, results: Vec<Result<Performed>> },
    Searched { sought: Vec<Sought>, result: Result<Vec<Found>> },
    Counted { steps: Vec<usize>, result: Result<Vec<Found>> },
    Looked { key: Key, result: Result<Vec<Seen>> },
    Pause { step: usize },
    Renew,
}

/// One plan that is being run.
pub(super) struct Run<'a> {
    pub(super) mesh: &'a Mesh,
    pub(super) door: &'a mut (dyn Door + 'a),
    pub(super) stored: StoredPlan,
    pub(super) step_records: Vec<StepRecord>,
    pub(super) errors: HashMap<usize, Error>,
    pub(super) names: BTreeMap<usize, String>,
    pub(super) natives: HashMap<ThingId, NativeId>,
    pub(super) attachments: Attachments,
    pub(super) places: HashMap<String, Place>,
    pub(super) under_way: HashMap<String, usize>,
    pub(super) paused: HashSet<usize>,
    pub(super) waiting: Waiting,
    pub(super) calls: FuturesUnordered<BoxFuture<'static, Event>>,
    pub(super) waits: FuturesUnordered<BoxFuture<'static, Event>>,
    pub(super) unwritten: Vec<Change>,
}

/// Runs a stored plan, or goes on with one that was interrupted. One caller at a time: a second one is
/// told who holds it.
///
/// # Errors
/// When it cannot be begun: held by somebody else, of a newer version, the store not writable. What goes
/// wrong in it is part of the outcome.
pub async fn run(mesh: &Mesh, stored: StoredPlan, door: &mut (dyn Door + '_)) -> Result<PlanOutcome> {
    let lease = format!("plan/{}", stored.id);
    let holder = holder(mesh);
    take_lease(mesh, &lease, &holder).await?;
    let result = async {
        let stored = as_it_stands(mesh, stored).await?;
        let mut run = Run::prepare(mesh, stored, door).await?;
        run.until_nothing_is_left(&lease, &holder).await
    }
    .await;
    let released = mesh.store()?.release(&lease, &holder).await;
    // What went wrong in the run says more than that its lease could not be given back either.
    let outcome = result?;
    released?;
    Ok(outcome)
}

/// The plan as it is kept now that nobody else can run it: who read it before may have read it while
/// somebody else still ran it.
async fn as_it_stands(mesh: &Mesh, read: StoredPlan) -> Result<StoredPlan> {
    let stored: StoredPlan = match mesh.store()?.get(PLAN.name, read.id.as_str()).await? {
        Some(kept) => records::from_body(&kept.document)?,
        None => read,
    };
    if stored.state == PlanState::Cancelled {
        return Err(Error::new(ErrorKind::Conflict, "the plan was cancelled"));
    }
    if stored.plan.format > PLAN_FORMAT {
        return Err(journal::newer_format(&stored.plan));
    }
    Ok(stored)
}

impl<'a> Run<'a> {
    async fn prepare(mesh: &'a Mesh, mut stored: StoredPlan, door: &'a mut (dyn Door + 'a)) -> Result<Self> {
        let store = mesh.store()?;
        let step_records = journal::step_records(store.as_ref(), &stored.plan).await?;
        let actions = stored.plan.steps.iter().filter_map(action_of);
        let attachments = attachments::load(mesh.home(), actions)?;
        let mut unwritten = Vec::new();
        if stored.state == PlanState::Planned {
            for thing in &stored.placeholders {
                unwritten.push(Change::Put(records::thing_document(thing)?, Expected::Absent));
            }
            unwritten.append(&mut stored.own_changes.clone());
        }
        stored.state = PlanState::Running;
        let mut natives = HashMap::new();
        for (step, record) in stored.plan.steps.iter().zip(&step_records) {
            if let Some(native) = &record.native {
                natives.insert(step.subject().1.clone(), native.clone());
            }
        }
        load_natives(mesh, &stored.plan, &mut natives).await?;
        Ok(Self {
            mesh,
            door,
            stored,
            step_records,
            errors: HashMap::new(),
            names: BTreeMap::new(),
            natives,
            attachments,
            places: HashMap::new(),
            under_way: HashMap::new(),
            paused: HashSet::new(),
            waiting: Waiting::default(),
            calls: FuturesUnordered::new(),
            waits: FuturesUnordered::new(),
            unwritten,
        })
    }

    async fn until_nothing_is_left(&mut self, lease: &str, holder: &str) -> Result<PlanOutcome> {
        let begun = Instant::now();
        self.door.event(&PlanEvent::Begun { plan: &self.stored.plan, done: self.done() });
        self.unwritten.push(journal::plan_change(&self.stored)?);
        self.take_up_what_was_left().await?;
        let mut interrupts = self.mesh.parts().interrupts.clone();
        let mut renewed = Instant::now();
        let mut stopping = false;
        loop {
            if interrupts.count() > 0 && !stopping {
                stopping = true;
                self.waits = FuturesUnordered::new();
                self.door.event(&PlanEvent::Stopping { calls: self.calls.len() });
            }
            if interrupts.count() > 1 {
                break;
            }
            if !stopping {
                self.launch().await?;
            }
            self.write().await?;
            if self.calls.is_empty() && !stopping && self.waits.is_empty() {
                self.count_what_was_repeated().await?;
            }
            if self.calls.is_empty() && (stopping || self.waits.is_empty()) {
                break;
            }
            let event = tokio::select! {
                Some(event) = self.calls.next(), if !self.calls.is_empty() => event,
                Some(event) = self.waits.next(), if !self.waits.is_empty() => event,
                () = interrupts.next() => continue,
                () = tokio::time::sleep(LEASE / 3) => Event::Renew,
            };
            self.handle(event).await?;
            while let Some(Some(event)) = self.calls.next().now_or_never() {
                self.handle(event).await?;
            }
            if renewed.elapsed() > LEASE / 3 {
                if let Lease::Held { holder, .. } = self.mesh.store()?.lease(lease, holder, LEASE).await? {
                    return Err(Error::new(
                        ErrorKind::Conflict,
                        format!("this run stood still for too long, and the plan was taken by {holder}"),
                    )
                    .hint("that run goes on with it; nothing more is done here"));
                }
                renewed = Instant::now();
            }
        }
        self.finish(begun, stopping).await
    }

    pub(super) fn done(&self) -> usize {
        self.step_records.iter().filter(|record| record.state == StepState::Done).count()
    }

    /// What an earlier run left: calls that were sent are looked for; what failed is tried again.
    async fn take_up_what_was_left(&mut self) -> Result<()> {
        let mut sought = Vec::new();
        for number in 0..self.step_records.len() {
            match self.step_records[number].state {
                StepState::Failed | StepState::Skipped => {
                    self.step_records[number].state = StepState::Waiting;
                    self.step_records[number].attempts = 0;
                }
                StepState::Sent | StepState::Uncertain => {
                    self.step_records[number].attempts = 0;
                    match self.action(number) {
                        Some(action) if !action.repeatable() => sought.push(number),
                        _ => self.step_records[number].state = StepState::Waiting,
                    }
                }
                StepState::Waiting | StepState::Done => {}
            }
        }
        self.seek(sought).await
    }

    pub(super) fn action(&self, number: usize) -> Option<&Action> {
        action_of(&self.stored.plan.steps[number])
    }

    /// Starts whatever is ready.
    async fn launch(&mut self) -> Result<()> {
        let mut ready: HashMap<String, Vec<usize>> = HashMap::new();
        let mut order: Vec<String> = Vec::new();
        // A step may wait on a later one that is skipped in this same pass: steps only name earlier ones.
        for number in 0..self.stored.plan.steps.len() {
            if self.step_records[number].state != StepState::Waiting
                || self.paused.contains(&number)
                || self.waiting.contains(number)
            {
                continue;
            }
            let step = &self.stored.plan.steps[number];
            let state = |before: &usize| self.step_records[*before].state;
            if step.after.iter().any(|before| matches!(state(before), StepState::Failed | StepState::Skipped))
            {
                self.set(number, StepState::Skipped, None)?;
                continue;
            }
            if !step.after.iter().all(|before| state(before) == StepState::Done) {
                continue;
            }
            match &step.kind {
                StepKind::Await { thing_kind, .. } => {
                    let key = (step.place.clone(), *thing_kind);
                    let number_of_step = number;
                    self.door.event(&PlanEvent::Sent { number, step });
                    self.waiting.add(key, number_of_step);
                }
                StepKind::Act(_) => {
                    if !ready.contains_key(&step.place) {
                        order.push(step.place.clone());
                    }
                    ready.entry(step.place.clone()).or_default().push(number);
                }
            }
        }
        for place in order {
            let numbers = ready.remove(&place).unwrap_or_default();
            self.launch_at(&place, numbers).await?;
        }
        self.look_where_needed().await
    }

    async fn launch_at(&mut self, name: &str, numbers: Vec<usize>) -> Result<()> {
        let place = match self.place(name).await {
            Ok(place) => place,
            Err(error) => {
                for number in numbers {
                    self.fail(number, error.clone())?;
                }
                return Ok(());
            }
        };
        let mut chunks = Vec::new();
        for chunk in numbers.chunks(place.changes().batch_size().max(1)) {
            let under_way = self.under_way.entry(name.to_owned()).or_insert(0);
            if *under_way >= place.changes().concurrency().max(1) {
                break;
            }
            *under_way += 1;
            chunks.push(chunk.to_vec());
        }
        let installation = self.mesh.installation().await?.clone();
        let mut calls = Vec::new();
        for steps in chunks {
            let mut requests = Vec::new();
            for &number in &steps {
                requests.push(self.request(&installation, number)?);
                let now = self.mesh.now();
                let record = &mut self.step_records[number];
                record.sent = Some(now);
                record.attempts += 1;
                self.set(number, StepState::Sent, None)?;
                let step = &self.stored.plan.steps[number];
                self.door.event(&PlanEvent::Sent { number, step });
            }
            calls.push((steps, requests));
        }
        // The intents are on disk before the first of the calls.
        self.write().await?;
        for (steps, requests) in calls {
            let place = place.clone();
            let name = name.to_owned();
            self.calls.push(Box::pin(async move {
                let count = requests.len();
                let performing = place.changes().perform(requests);
                let results = tokio::time::timeout(CALL_LIMIT, performing).await.unwrap_or_else(|_| {
                    let error = Error::new(
                        ErrorKind::Unreachable,
                        format!("no answer within {} s", CALL_LIMIT.as_secs()),
                    );
                    vec![Err(error.at(name.as_str()).uncertain()); count]
                });
                Event::Performed { place: name, steps, results }
            }));
        }
        Ok(())
    }

    fn request(&self, installation: &Installation, number: usize) -> Result<Request> {
        let action =
            self.action(number).ok_or_else(|| Error::internal("a waiting step was to be performed"))?.clone();
        let mut natives = std::collections::BTreeMap::new();
        for id in action.references() {
            if let Some(native) = self.natives.get(id) {
                natives.insert(id.clone(), native.clone());
            }
        }
        let wanted = action.attachments();
        let attachments = self.attachments.iter().filter(|(hash, _)| wanted.contains(&hash.as_str()));
        let attachments = attachments.map(|(hash, content)| (hash.clone(), content.clone())).collect();
        let mark = Mark::of(installation, action.subject().1);
        Ok(Request { mark, natives, attachments, action })
    }

    pub(super) async fn place(&mut self, name: &str) -> Result<Place> {
        if let Some(place) = self.places.get(name) {
            return Ok(place.clone());
        }
        let place = self.mesh.places()?.connect(self.mesh, name).await?;
        self.places.insert(name.to_owned(), place.clone());
        Ok(place)
    }

    /// Begins a look wherever steps wait and none is under way.
    async fn look_where_needed(&mut self) -> Result<()> {
        let keys: Vec<Key> = self
            .waiting
            .groups
            .iter()
            .filter(|(_, group)| !group.looking && !group.steps.is_empty())
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            let place = match self.place(&key.0).await {
                Ok(place) => place,
                Err(error) => {
                    let group = self.waiting.groups.remove(&key);
                    for (number, _) in group.map(|group| group.steps).unwrap_or_default() {
                        self.fail(number, error.clone())?;
                    }
                    continue;
                }
            };
            let Some(group) = self.waiting.groups.get_mut(&key) else { continue };
            group.looking = true;
            let pause = group.next_tick();
            let steps = group.steps.clone();
            let things = steps.iter().filter_map(|(number, _)| {
                let id = self.stored.plan.steps[*number].subject().1;
                Some((id.clone(), self.natives.get(id)?.clone()))
            });
            let things = things.collect();
            self.waits.push(Box::pin(async move {
                let result = waiting::look(place, key.1, things, pause).await;
                Event::Looked { key, result }
            }));
        }
        Ok(())
    }

    /// Begins the search for what calls of unknown fate may have made.
    pub(super) async fn seek(&mut self, numbers: Vec<usize>) -> Result<()> {
        let mut groups: HashMap<(String, ThingKind), Vec<Sought>> = HashMap::new();
        for number in numbers {
            let now = self.mesh.now();
            let step = &self.stored.plan.steps[number];
            let (kind, id) = step.subject();
            let Some(mark) = Mark::of(self.mesh.installation().await?, id) else {
                self.fail(number, Error::internal("a thing without a mark was to be made"))?;
                continue;
            };
            self.door.event(&PlanEvent::Looking { number, step });
            let sent = self.step_records[number].sent.unwrap_or(now);
            groups.entry((step.place.clone(), kind)).or_default().push(Sought { step: number, mark, sent });
        }
        for ((name, kind), sought) in groups {
            match self.place(&name).await {
                Ok(place) => {
                    let now = self.mesh.now();
                    self.waits.push(Box::pin(async move {
                        let (sought, result) = settle::search(place, kind, sought, now).await;
                        Event::Searched { sought, result }
                    }));
                }
                Err(error) => {
                    for call in sought {
                        self.set(call.step, StepState::Uncertain, Some(error.clone()))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes everything that is not yet on disk, in one go.
    pub(super) async fn write(&mut self) -> Result<()> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        self.mesh.store()?.apply(std::mem::take(&mut self.unwritten)).await.map(drop)
    }

    async fn finish(&mut self, begun: Instant, interrupted: bool) -> Result<PlanOutcome> {
        // Left at once: what is still under way may or may not take effect.
        for number in 0..self.step_records.len() {
            if self.step_records[number].state == StepState::Sent {
                self.set(number, StepState::Uncertain, None)?;
            }
        }
        let count = |state| self.step_records.iter().filter(|record| record.state == state).count();
        let done = count(StepState::Done);
        let all = self.step_records.len();
        let never_made =
            self.step_records.iter().enumerate().filter(|(_, record)| record.state == StepState::Skipped);
        let mut gone = Vec::new();
        for (number, _) in never_made {
            if self.action(number).is_some_and(|action| action.nature() == Nature::Create) {
                let (kind, id) = self.stored.plan.steps[number].subject();
                gone.push(delete(kind.as_str(), id));
            }
        }
        self.unwritten.extend(gone);
        let state = if done == all {
            PlanState::Done
        } else if interrupted {
            PlanState::Interrupted
        } else if done == 0 && count(StepState::Uncertain) == 0 {
            PlanState::Failed
        } else {
            PlanState::Partial
        };
        self.stored.state = state;
        self.stored.done = done;
        self.unwritten.push(journal::plan_change(&self.stored)?);
        self.write().await?;
        if matches!(state, PlanState::Done | PlanState::Failed) {
            names::release(self.mesh, &self.stored.reserved_kind, &self.stored.plan.reserved).await?;
        }
        let mut failed: Vec<(usize, Error)> = self.errors.drain().collect();
        failed.sort_by_key(|(number, _)| *number);
        Ok(PlanOutcome {
            state,
            done,
            failed,
            skipped: self.step_records.iter().filter(|record| record.state == StepState::Skipped).count(),
            uncertain: self.step_records.iter().filter(|record| record.state == StepState::Uncertain).count(),
            names: std::mem::take(&mut self.names),
            elapsed: begun.elapsed(),
        })
    }
}

fn action_of(step: &Step) -> Option<&Action> {
    match &step.kind {
        StepKind::Act(action) => Some(action),
        StepKind::Await { .. } => None,
    }
}

pub(super) fn delete(kind: &str, id: &ThingId) -> Change {
    Change::Delete { kind: kind.to_owned(), id: id.as_str().to_owned(), expected: Expected::Any }
}

/// The action that takes `id` away, if `action` is one that made it.
pub(super) fn inverse_of_making(action: Option<&Action>, id: &ThingId) -> Option<Action> {
    action?.takes_back(id)
}

/// Kinds of things that actions refer to beside their subject.
const KINDS_REFERRED_TO: [&str; 6] = ["server", "address", "job", "network", "subnet", "volume"];

/// Native ids of the things that the plan refers to and did not make itself: from the store.
async fn load_natives(mesh: &Mesh, plan: &Plan, natives: &mut HashMap<ThingId, NativeId>) -> Result<()> {
    let mut wanted: HashMap<&'static str, Vec<String>> = HashMap::new();
    for step in &plan.steps {
        let (kind, subject) = step.subject();
        let referenced = action_of(step).map(Action::references).unwrap_or_default();
        for id in referenced.into_iter().chain([subject]) {
            if !natives.contains_key(id) {
                for kind in [kind.as_str()].into_iter().chain(KINDS_REFERRED_TO) {
                    wanted.entry(kind).or_default().push(id.as_str().to_owned());
                }
            }
        }
    }
    let store = mesh.store()?;
    for (kind, mut ids) in wanted {
        ids.sort();
        ids.dedup();
        for stored in store.get_many(kind, &ids).await? {
            let value: serde_json::Value = records::from_body(&stored.document)?;
            if let Some(native) = value.get("native").and_then(serde_json::Value::as_str) {
                natives.insert(ThingId::from_stored(stored.document.id), NativeId::from(native));
            }
        }
    }
    Ok(())
}

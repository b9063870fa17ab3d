//! The run of one plan: choose what is ready, write intents, call, write results, until nothing is left.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use cloudmesh_model::{Error, ErrorKind, Installation, Mark, NativeId, Result, Retry, ThingId, ThingKind};
use cloudmesh_resource::plan::PLAN_FORMAT;
use cloudmesh_resource::{
    Action, Attachments, Found, Nature, Performed, Place, Plan, Request, Seen, Step, StepKind,
};
use cloudmesh_store::{Change, Expected, Lease};
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use super::settle::{self, Sought};
use super::waiting::{self, Key, Waiting};
use super::{PlanEvent, PlanOutcome};
use crate::journal::{self, PLAN, PlanState, StepRecord, StepState, StoredPlan};
use crate::{Door, Mesh, attachments, names, records};

/// How often a step's call is sent at the most.
const MOST_ATTEMPTS: u32 = 8;
/// How long a call may take before its fate counts as unknown, whatever the provider says.
const CALL_LIMIT: Duration = Duration::from_secs(600);
const LEASE: Duration = Duration::from_secs(30);

/// What came of something that was under way.
enum Event {
    Performed { place: String, steps: Vec<usize>, results: Vec<Result<Performed>> },
    Searched { sought: Vec<Sought>, result: Result<Vec<Found>> },
    Counted { steps: Vec<usize>, result: Result<Vec<Found>> },
    Looked { key: Key, result: Result<Vec<Seen>> },
    Pause { step: usize },
    Renew,
}

struct Run<'a> {
    mesh: &'a Mesh,
    door: &'a mut (dyn Door + 'a),
    stored: StoredPlan,
    step_records: Vec<StepRecord>,
    errors: HashMap<usize, Error>,
    natives: HashMap<ThingId, NativeId>,
    attachments: Attachments,
    places: HashMap<String, Place>,
    under_way: HashMap<String, usize>,
    paused: HashSet<usize>,
    waiting: Waiting,
    calls: FuturesUnordered<BoxFuture<'static, Event>>,
    waits: FuturesUnordered<BoxFuture<'static, Event>>,
    unwritten: Vec<Change>,
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

/// Who we are, so that another process can tell, and can see that we are no more.
fn holder(mesh: &Mesh) -> String {
    let pid = std::process::id();
    let begun = process_start(pid).unwrap_or_default();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{} process {pid} (begun {begun}) on {host}", mesh.parts().door)
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
        Some((pid.parse::<u32>().ok()?, begun.to_owned(), host.to_owned()))
    };
    let Some((pid, begun, host)) = parts() else { return false };
    let here = rustix::system::uname().nodename().to_string_lossy().into_owned();
    host == here && !begun.is_empty() && process_start(pid).as_deref() != Some(&begun)
}

async fn take_lease(mesh: &Mesh, lease: &str, us: &str) -> Result<()> {
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

    fn done(&self) -> usize {
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

    fn action(&self, number: usize) -> Option<&Action> {
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

    async fn place(&mut self, name: &str) -> Result<Place> {
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
    async fn seek(&mut self, numbers: Vec<usize>) -> Result<()> {
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

    async fn handle(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Performed { place, steps, results } => {
                if let Some(under_way) = self.under_way.get_mut(&place) {
                    *under_way = under_way.saturating_sub(1);
                }
                let mut uncertain = Vec::new();
                let mut results = results.into_iter();
                for number in steps {
                    let missing =
                        || Err(Error::internal("a provider gave no result for a request").uncertain());
                    match results.next().unwrap_or_else(missing) {
                        Ok(performed) => self.performed(number, performed)?,
                        Err(error) => self.not_performed(number, error, &mut uncertain)?,
                    }
                }
                self.seek(uncertain).await
            }
            Event::Searched { sought, result } => self.searched(sought, result),
            Event::Counted { steps, result } => self.counted(&steps, result),
            Event::Looked { key, result } => self.looked(&key, result),
            Event::Pause { step } => {
                self.paused.remove(&step);
                Ok(())
            }
            Event::Renew => Ok(()),
        }
    }

    fn performed(&mut self, number: usize, performed: Performed) -> Result<()> {
        let (kind, id) = self.stored.plan.steps[number].subject();
        let id = id.clone();
        if performed.gone {
            self.unwritten.push(delete(kind.as_str(), &id));
        } else if let Some(thing) = &performed.thing {
            self.unwritten.push(Change::Put(records::thing_document(thing)?, Expected::Any));
        }
        if let Some(native) = performed.native {
            self.natives.insert(id, native.clone());
            self.step_records[number].native = Some(native);
        }
        self.complete(number)
    }

    fn complete(&mut self, number: usize) -> Result<()> {
        self.set(number, StepState::Done, None)?;
        self.errors.remove(&number);
        self.door.event(&PlanEvent::Done { number, step: &self.stored.plan.steps[number] });
        Ok(())
    }

    fn not_performed(&mut self, number: usize, error: Error, uncertain: &mut Vec<usize>) -> Result<()> {
        let exhausted = self.step_records[number].attempts >= MOST_ATTEMPTS;
        let repeatable = self.action(number).is_some_and(Action::repeatable);
        match error.retry_class() {
            Retry::Permanent => self.fail(number, error),
            Retry::Temporary { .. } if exhausted => self.fail(number, error),
            Retry::Uncertain if repeatable && exhausted => self.fail(number, error),
            Retry::Uncertain if !repeatable => {
                self.set(number, StepState::Uncertain, Some(error))?;
                uncertain.push(number);
                Ok(())
            }
            retry => {
                let wished = match retry {
                    Retry::Temporary { after_ms: Some(wait) } => Duration::from_millis(wait),
                    _ => Duration::ZERO,
                };
                let step = &self.stored.plan.steps[number];
                self.door.event(&PlanEvent::Again { number, step, error: &error });
                let own = Duration::from_millis(250) * 2_u32.pow(self.step_records[number].attempts.min(6));
                self.set(number, StepState::Waiting, Some(error))?;
                self.paused.insert(number);
                let pause = own.max(wished);
                self.waits.push(Box::pin(async move {
                    tokio::time::sleep(pause).await;
                    Event::Pause { step: number }
                }));
                Ok(())
            }
        }
    }

    fn searched(&mut self, sought: Vec<Sought>, result: Result<Vec<Found>>) -> Result<()> {
        let found = match result {
            Ok(found) => found,
            Err(error) => {
                for call in sought {
                    self.set(call.step, StepState::Uncertain, Some(error.clone()))?;
                }
                return Ok(());
            }
        };
        for call in sought {
            let mut same: Vec<&Found> = found.iter().filter(|thing| thing.mark == call.mark).collect();
            same.sort_by(|one, other| one.native.cmp(&other.native));
            let Some(kept) = same.first() else {
                if self.step_records[call.step].attempts >= MOST_ATTEMPTS {
                    let error = Error::new(
                        ErrorKind::Unreachable,
                        "every try ended without an answer, and nothing was made",
                    );
                    self.fail(call.step, error)?;
                } else {
                    self.step_records[call.step].repeated = true;
                    self.set(call.step, StepState::Waiting, None)?;
                }
                continue;
            };
            for surplus in same.iter().skip(1) {
                self.remove_surplus(call.step, surplus)?;
            }
            let performed =
                Performed { native: Some(kept.native.clone()), thing: Some(kept.thing.clone()), gone: false };
            self.performed(call.step, performed)?;
        }
        Ok(())
    }

    /// At the end, once: what calls made that were repeated because nothing was found of an earlier one. A
    /// service that was slower than it promised may have carried that one out since.
    async fn count_what_was_repeated(&mut self) -> Result<()> {
        let mut groups: HashMap<(String, ThingKind), Vec<(usize, Mark)>> = HashMap::new();
        for number in 0..self.step_records.len() {
            if self.step_records[number].state != StepState::Done || !self.step_records[number].repeated {
                continue;
            }
            let step = &self.stored.plan.steps[number];
            let (kind, id) = step.subject();
            if let Some(mark) = Mark::of(self.mesh.installation().await?, id) {
                groups.entry((step.place.clone(), kind)).or_default().push((number, mark));
            }
        }
        for ((name, kind), repeated) in groups {
            let place = self.place(&name).await?;
            let (steps, marks): (Vec<usize>, Vec<Mark>) = repeated.into_iter().unzip();
            self.waits.push(Box::pin(async move {
                let result = settle::find_patiently(&place, kind, &marks).await;
                Event::Counted { steps, result }
            }));
        }
        Ok(())
    }

    fn counted(&mut self, steps: &[usize], result: Result<Vec<Found>>) -> Result<()> {
        // Without an answer the steps stay done; the lists show what is there once the place answers again.
        let found = result.unwrap_or_default();
        for &number in steps {
            self.step_records[number].repeated = false;
            self.set(number, StepState::Done, None)?;
            let kept = self.step_records[number].native.clone();
            let id = self.stored.plan.steps[number].subject().1.clone();
            let surplus =
                found.iter().filter(|thing| thing.mark.thing() == id && Some(&thing.native) != kept.as_ref());
            for thing in surplus {
                self.remove_surplus(number, thing)?;
            }
        }
        Ok(())
    }

    /// A second thing with the same mark is taken away by a step of its own, recorded like any other.
    fn remove_surplus(&mut self, number: usize, surplus: &Found) -> Result<()> {
        let place = self.stored.plan.steps[number].place.clone();
        let id = ThingId::seen(&place, &surplus.native);
        let Some(action) = inverse_of_making(self.action(number), &id) else { return Ok(()) };
        let label = format!("{} (surplus {})", self.stored.plan.steps[number].label, surplus.native);
        self.natives.insert(id, surplus.native.clone());
        self.stored.plan.steps.push(Step { place, label, kind: StepKind::Act(action), after: vec![] });
        let record = StepRecord { native: Some(surplus.native.clone()), ..StepRecord::default() };
        self.step_records.push(record);
        self.unwritten.push(journal::plan_change(&self.stored)?);
        self.set(self.step_records.len() - 1, StepState::Waiting, None)
    }

    fn looked(&mut self, key: &Key, result: Result<Vec<Seen>>) -> Result<()> {
        let Some(group) = self.waiting.groups.get_mut(key) else { return Ok(()) };
        group.looking = false;
        let steps = group.steps.clone();
        let seen = match result {
            Ok(seen) => {
                group.failures = 0;
                seen
            }
            Err(error) => {
                group.failures += 1;
                if error.retry_class() == Retry::Permanent || group.failures >= MOST_ATTEMPTS {
                    for (number, _) in steps {
                        self.stop_waiting(key, number);
                        self.fail(number, error.clone())?;
                    }
                }
                return Ok(());
            }
        };
        let mut by_id = HashMap::new();
        for look in seen {
            match &look.thing {
                Some(thing) => {
                    self.unwritten.push(Change::Put(records::thing_document(thing)?, Expected::Any))
                }
                None => self.unwritten.push(delete(key.1.as_str(), &look.id)),
            }
            by_id.insert(look.id.clone(), look);
        }
        for (number, since) in steps {
            let step = &self.stored.plan.steps[number];
            let StepKind::Await { until, limit, thing, .. } = &step.kind else { continue };
            let judged = match (by_id.get(thing), self.natives.contains_key(thing)) {
                (Some(look), _) => until.reached(look.thing.as_ref()),
                (None, false) => until.reached(None),
                (None, true) => Ok(false),
            };
            match judged {
                Ok(true) => {
                    self.stop_waiting(key, number);
                    self.complete(number)?;
                }
                Ok(false) if since.elapsed() > Duration::from_secs(*limit) => {
                    let error = Error::new(
                        ErrorKind::Service,
                        format!("{} is not {} after {limit} s", step.label, until.as_str()),
                    );
                    let error = error
                        .at(step.place.clone())
                        .hint("it may still come; look with cm vm list --refresh");
                    self.stop_waiting(key, number);
                    self.fail(number, error)?;
                }
                Ok(false) => {}
                Err(error) => {
                    let error = error.at(step.place.clone());
                    self.stop_waiting(key, number);
                    self.fail(number, error)?;
                }
            }
        }
        Ok(())
    }

    fn stop_waiting(&mut self, key: &Key, number: usize) {
        self.waiting.remove(key, number);
    }

    fn fail(&mut self, number: usize, error: Error) -> Result<()> {
        let step = &self.stored.plan.steps[number];
        self.door.event(&PlanEvent::Failed { number, step, error: &error });
        let never_existed = self.step_records[number].native.is_none()
            && self.action(number).is_some_and(|action| action.nature() == Nature::Create);
        if never_existed {
            let (kind, id) = step.subject();
            self.unwritten.push(delete(kind.as_str(), id));
        }
        self.errors.insert(number, error.clone());
        self.set(number, StepState::Failed, Some(error))
    }

    fn set(&mut self, number: usize, state: StepState, error: Option<Error>) -> Result<()> {
        let record = &mut self.step_records[number];
        record.state = state;
        record.error = error.map(|error| error.to_string());
        let change = journal::step_change(&self.stored.plan.id, number, record)?;
        self.unwritten.push(change);
        Ok(())
    }

    /// Writes everything that is not yet on disk, in one go.
    async fn write(&mut self) -> Result<()> {
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
            uncertain: self
                .step_records
                .iter()
                .filter(|record| record.state == StepState::Uncertain)
                .count(),
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

fn delete(kind: &str, id: &ThingId) -> Change {
    Change::Delete { kind: kind.to_owned(), id: id.as_str().to_owned(), expected: Expected::Any }
}

/// The action that takes `id` away, if `action` is one that made it.
fn inverse_of_making(action: Option<&Action>, id: &ThingId) -> Option<Action> {
    action?.takes_back(id)
}

/// Native ids of the things that the plan refers to and did not make itself: from the store.
async fn load_natives(mesh: &Mesh, plan: &Plan, natives: &mut HashMap<ThingId, NativeId>) -> Result<()> {
    let mut wanted: HashMap<&'static str, Vec<String>> = HashMap::new();
    for step in &plan.steps {
        let (kind, subject) = step.subject();
        let referenced = action_of(step).map(Action::references).unwrap_or_default();
        for id in referenced.into_iter().chain([subject]) {
            if !natives.contains_key(id) {
                for kind in [kind.as_str(), "server", "address", "job"] {
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

//! What came back in a running plan, and what follows from it for its steps.

use std::collections::HashMap;
use std::time::Duration;

use cloudmesh_model::compute::ServerStatus;
use cloudmesh_model::job::JobStatus;
use cloudmesh_model::{Error, ErrorKind, Mark, NativeId, Result, Retry, ThingId, ThingKind};
use cloudmesh_resource::{Action, Found, Nature, Performed, Seen, Step, StepKind, Thing};
use cloudmesh_store::{Change, Expected};

use super::PlanEvent;
use super::run::{Event, MOST_ATTEMPTS, Run, delete, inverse_of_making};
use super::settle::{self, Sought};
use super::waiting::Key;
use crate::journal::{self, StepRecord, StepState};
use crate::records;

/// What was planned, once the service has taken it under an id of its own.
fn accepted(planned: &Thing, native: &NativeId) -> Thing {
    let mut thing = planned.clone();
    match &mut thing {
        Thing::Server(server) => {
            server.native = Some(native.clone());
            server.status = ServerStatus::Building;
        }
        Thing::Job(job) => {
            job.native = Some(native.clone());
            job.status = JobStatus::Pending;
        }
        Thing::Address(address) => address.native = Some(native.clone()),
        Thing::Network(thing) => thing.native = Some(native.clone()),
        Thing::Subnet(thing) => thing.native = Some(native.clone()),
        Thing::Router(thing) => thing.native = Some(native.clone()),
        Thing::Port(thing) => thing.native = Some(native.clone()),
        Thing::SecurityGroup(thing) => thing.native = Some(native.clone()),
        Thing::Volume(thing) => thing.native = Some(native.clone()),
        Thing::VolumeSnapshot(thing) => thing.native = Some(native.clone()),
        Thing::ServerGroup(thing) => thing.native = Some(native.clone()),
        Thing::Image(_) | Thing::Flavor(_) | Thing::Key(_) => {}
    }
    thing
}

impl Run<'_> {
    pub(super) async fn handle(&mut self, event: Event) -> Result<()> {
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
        if let Some(Thing::Address(address)) = &performed.thing
            && !address.address.is_empty()
        {
            self.names.insert(number, address.address.clone());
        }
        if performed.gone {
            self.unwritten.push(delete(kind.as_str(), &id));
        } else if let Some(thing) = &performed.thing {
            self.unwritten.push(Change::Put(records::thing_document(thing)?, Expected::Any));
        } else if let Some(native) = &performed.native
            && let Some(planned) = self.stored.placeholders.iter().find(|planned| *planned.id() == id)
        {
            // The service told no more than an id. With it the thing can be asked for.
            let known = records::thing_document(&accepted(planned, native))?;
            self.unwritten.push(Change::Put(known, Expected::Any));
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
    pub(super) async fn count_what_was_repeated(&mut self) -> Result<()> {
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

    pub(super) fn fail(&mut self, number: usize, error: Error) -> Result<()> {
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

    pub(super) fn set(&mut self, number: usize, state: StepState, error: Option<Error>) -> Result<()> {
        let record = &mut self.step_records[number];
        record.state = state;
        record.error = error.map(|error| error.to_string());
        let change = journal::step_change(&self.stored.plan.id, number, record)?;
        self.unwritten.push(change);
        Ok(())
    }
}

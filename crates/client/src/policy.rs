//! What stands between a plan and its run: dry runs, what the provider cannot do, confirmation.

use cloudmesh_model::{Error, ErrorKind, Record, Result, ThingId};
use cloudmesh_resource::{Action, Place, Plan, StepKind, Support};
use cloudmesh_store::{Change, Expected};

use crate::engine::{self, PlanOutcome};
use crate::journal::{self, LogEntry, PlanState, StoredPlan};
use crate::operation::Envelope;
use crate::{Door, Draft, Mesh, attachments, names, records};

/// Takes a draft through to its end: shown, saved, refused, or run.
pub(crate) async fn carry_out(
    mesh: &Mesh,
    mut draft: Draft,
    planned: Result<()>,
    envelope: &Envelope,
    door: &mut (dyn Door + '_),
) -> Result<()> {
    if let Some(stored) = draft.adopted.take() {
        planned?;
        mesh.authority().check_plan(&stored.plan)?;
        if stored.state == PlanState::Planned
            && let Err(error) = check_facts(mesh, &stored.plan).await
        {
            return Err(if envelope.dry_run { error } else { again(mesh, &stored, error, door).await? });
        }
        if envelope.dry_run {
            door.plan(&stored.plan, true);
            return Ok(());
        }
        check_count(&stored.plan, envelope)?;
        confirm(mesh, &stored.plan, envelope)?;
        return run_logged(mesh, stored, door).await;
    }
    let ready = ready(mesh, &mut draft, planned, envelope).await;
    let release = |draft: &Draft| (draft.reserved_kind, draft.plan.reserved.clone());
    if ready.is_err() || envelope.dry_run {
        let (kind, reserved) = release(&draft);
        names::release(mesh, kind, &reserved).await?;
        ready?;
        door.plan(&draft.plan, false);
        return Ok(());
    }
    if let Err(error) = allowed(mesh, &draft, envelope) {
        let (kind, reserved) = release(&draft);
        names::release(mesh, kind, &reserved).await?;
        return Err(error);
    }
    // A plan that is to be kept does nothing yet, even in our own folder. What gives a text of the configuration
    // back is only shown: by the time that it is applied, the text may be another.
    if envelope.save && draft.plan.steps.is_empty() && draft.restore.is_some() {
        door.plan(&draft.plan, false);
        return Ok(());
    }
    if draft.plan.steps.is_empty() && !envelope.save {
        return own_changes_only(mesh, draft, door).await;
    }
    if !envelope.save
        && let Err(error) = confirm(mesh, &draft.plan, envelope)
    {
        let (kind, reserved) = release(&draft);
        names::release(mesh, kind, &reserved).await?;
        return Err(error);
    }
    let stored = keep(mesh, draft).await?;
    if envelope.save {
        door.plan(&stored.plan, true);
        return Ok(());
    }
    run_logged(mesh, stored, door).await
}

/// Whether a draft may be run: it was planned, is not too big, and its places can do what it wants.
async fn ready(mesh: &Mesh, draft: &mut Draft, planned: Result<()>, envelope: &Envelope) -> Result<()> {
    draft.finish();
    planned?;
    check_count(&draft.plan, envelope)?;
    check_capabilities(mesh, &draft.plan).await
}

/// Writes a draft to the store: from now on it is a plan.
async fn keep(mesh: &Mesh, draft: Draft) -> Result<StoredPlan> {
    let stored = StoredPlan {
        id: ThingId::from_stored(draft.plan.id.as_str()),
        plan: draft.plan,
        state: PlanState::Planned,
        done: 0,
        placeholders: draft.placeholders,
        own_changes: draft.own_changes,
        own_inverse: draft.own_inverse,
        reserved_kind: draft.reserved_kind.to_owned(),
        undoes_log: draft.undoes_log,
        input: draft.input,
        wait: draft.wait,
    };
    // Before the plan: a plan in the store never lacks what it refers to.
    for content in &draft.attachments {
        attachments::keep(mesh.home(), content)?;
    }
    mesh.store()?.apply(vec![journal::plan_change(&stored)?]).await?;
    Ok(stored)
}

/// Something that `old` took for granted is no longer so, as `stale` says: what was asked for is planned again and
/// kept, and the door shows the difference. A plan of which nothing was done is replaced: it is cancelled. Gives
/// `stale` with what can be done now.
async fn again(mesh: &Mesh, old: &StoredPlan, stale: Error, door: &mut (dyn Door + '_)) -> Result<Error> {
    let catalogue = &mesh.parts().catalogue;
    let (Some(entry), Some(input)) = (catalogue.find(&old.plan.operation), old.input.clone()) else {
        return Ok(stale);
    };
    let envelope = Envelope { wait: old.wait, ..Envelope::default() };
    let untouched = old.state == PlanState::Planned;
    if untouched {
        // So that the other plan has the same names.
        names::release(mesh, &old.reserved_kind, &old.plan.reserved).await?;
    }
    let Some((mut draft, planned)) = entry.replan(mesh, input, &envelope).await else { return Ok(stale) };
    if let Err(error) = ready(mesh, &mut draft, planned, &envelope).await {
        names::release(mesh, draft.reserved_kind, &draft.plan.reserved).await?;
        return Ok(stale.hint(format!("it cannot be planned again: {}", error.message())));
    }
    if draft.plan.steps.is_empty() {
        return Ok(stale.hint("there is nothing left to do"));
    }
    let new = keep(mesh, draft).await?;
    if untouched {
        let cancelled = StoredPlan { state: PlanState::Cancelled, ..old.clone() };
        mesh.store()?.apply(vec![journal::plan_change(&cancelled)?]).await?;
    }
    door.replanned(&old.plan, &new.plan);
    Ok(stale.hint(format!("it was planned again: cm plan apply {} does what is shown", new.id)))
}

/// Whether the caller may run what was drafted; whoever may not may still keep it for somebody who may.
fn allowed(mesh: &Mesh, draft: &Draft, envelope: &Envelope) -> Result<()> {
    let authority = mesh.authority();
    if draft.restore.is_some() && !authority.redirect {
        return Err(Error::new(
            ErrorKind::Forbidden,
            "an earlier configuration may lead credentials elsewhere, and is not brought back from here",
        )
        .hint("undo it at the prompt"));
    }
    if draft.plan.steps.is_empty() {
        authority.check_own(&draft.own_changes, draft.restore.is_some())
    } else if envelope.save {
        crate::Authority { destroy: true, ..authority.clone() }.check_plan(&draft.plan)
    } else {
        authority.check_plan(&draft.plan)
    }
}

/// A change that turned out to touch our own folder alone (an undone setting).
async fn own_changes_only(mesh: &Mesh, draft: Draft, door: &mut (dyn Door + '_)) -> Result<()> {
    if let Some(backup) = &draft.restore {
        crate::undo::restore_configuration(mesh, backup)?;
    }
    let mut changes = draft.own_changes;
    if !changes.is_empty() {
        let mut entry = LogEntry::new(mesh, &draft.plan.operation, &draft.plan.title, "done");
        entry.inverse = draft.own_inverse;
        changes.push(Change::Put(records::document(&entry)?, Expected::Any));
        mesh.store()?.apply(changes).await?;
    }
    door.settled(&draft.plan.title);
    Ok(())
}

/// Runs a stored plan, or goes on with one, and writes how it ended into the log.
///
/// # Errors
/// When it did not end with everything done: the kind tells the exit code.
pub async fn run_logged(mesh: &Mesh, stored: StoredPlan, door: &mut (dyn Door + '_)) -> Result<()> {
    let mut entry = LogEntry::new(mesh, &stored.plan.operation, &stored.plan.title, "");
    entry.plan = Some(stored.plan.id.clone());
    let plan = stored.plan.clone();
    let undoes_log = stored.undoes_log.clone();
    let ran = StoredPlan { state: PlanState::Running, ..stored.clone() };
    let outcome = engine::run(mesh, stored, door).await;
    entry.result = match &outcome {
        Ok(outcome) => outcome.state.as_str().to_owned(),
        Err(error) => error.to_string(),
    };
    let mut changes = vec![Change::Put(records::document(&entry)?, Expected::Any)];
    if let (Ok(PlanOutcome { state: PlanState::Done, .. }), Some(undone)) = (&outcome, undoes_log) {
        changes.extend(crate::undo::mark_undone(mesh, &undone).await?);
    }
    mesh.store()?.apply(changes).await?;
    let outcome = outcome?;
    if plan.steps.is_empty() && outcome.state == PlanState::Done {
        door.settled(&plan.title);
    } else {
        door.outcome(&plan, &outcome);
    }
    let Err(error) = verdict(&plan, &outcome) else { return Ok(()) };
    if let [(_, stale)] = outcome.failed.as_slice()
        && outcome.done == 0
        && outcome.uncertain == 0
        && stale.kind() == ErrorKind::Stale
    {
        return Err(again(mesh, &ran, error, door).await?);
    }
    Err(error)
}

/// The error that a plan's outcome amounts to, if any.
fn verdict(plan: &Plan, outcome: &PlanOutcome) -> Result<()> {
    let all = plan.steps.len();
    let id = &plan.id;
    let again = format!("cm plan resume {id} goes on; cm plan show {id} tells more");
    match outcome.state {
        PlanState::Done => Ok(()),
        PlanState::Interrupted => Err(Error::new(
            ErrorKind::Interrupted,
            format!("interrupted: {} of {all} steps are done", outcome.done),
        )
        .hint(again)),
        PlanState::Partial => {
            let reason = outcome
                .failed
                .first()
                .map(|(_, error)| format!("; first failure: {error}"))
                .unwrap_or_default();
            let mut message = format!(
                "{} of {all} steps are done, {} failed, {} not begun",
                outcome.done,
                outcome.failed.len(),
                outcome.skipped
            );
            if outcome.uncertain > 0 {
                message.push_str(&format!(", {} with unknown fate", outcome.uncertain));
            }
            Err(Error::new(ErrorKind::Partial, message + &reason).hint(again))
        }
        _ => match outcome.failed.as_slice() {
            [] => Err(Error::internal("a plan ended without a result").hint(again)),
            [(_, error), ..] => Err(error.clone()),
        },
    }
}

/// Everything that a plan destroys is confirmed by a person, or beforehand with `--yes`.
fn confirm(mesh: &Mesh, plan: &Plan, envelope: &Envelope) -> Result<()> {
    if envelope.yes || plan.irreversible.is_empty() {
        return Ok(());
    }
    let what = match plan.irreversible.as_slice() {
        [one] => one.clone(),
        several => format!("{} ({} things that cannot be undone)", plan.title, several.len()),
    };
    if mesh.parts().ask.confirm(&format!("{what}?"))? {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::Refused, "not confirmed; nothing was changed"))
    }
}

/// No more things in one plan than the door allows.
fn check_count(plan: &Plan, envelope: &Envelope) -> Result<()> {
    let Some(most) = envelope.most else { return Ok(()) };
    let acts = plan.steps.iter().filter(|step| matches!(step.kind, StepKind::Act(_)));
    let things: std::collections::HashSet<_> = acts.map(|step| step.subject().1.as_str()).collect();
    if things.len() <= most {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Refused,
        format!("the plan touches {} things, and {most} is the most that may be at once here", things.len()),
    )
    .hint("ask for fewer, or for a higher limit from who set it"))
}

/// What a provider cannot do is said before anything is done.
async fn check_capabilities(mesh: &Mesh, plan: &Plan) -> Result<()> {
    let mut checked = std::collections::HashSet::new();
    for step in &plan.steps {
        let StepKind::Act(action) = &step.kind else { continue };
        if !checked.insert((step.place.as_str(), action.name())) {
            continue;
        }
        if let Some(reason) = refusal(&mesh.places()?.connect(mesh, &step.place).await?, action) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("{} is not possible there: {reason}", step.verb()),
            )
            .at(step.place.as_str()));
        }
    }
    Ok(())
}

fn refusal(place: &Place, action: &Action) -> Option<&'static str> {
    let capabilities = match place {
        Place::Compute(compute) => compute.capabilities(),
        Place::Batch(batch) => batch.capabilities(),
    };
    match capabilities.iter().find(|capability| capability.action == action.name()).map(|found| found.support)
    {
        Some(Support::Yes(_)) => None,
        Some(Support::No(reason)) => Some(reason),
        None => Some("the provider does not know it"),
    }
}

/// Checks what a stored plan takes for granted, asking its places again.
///
/// # Errors
/// [`ErrorKind::Stale`] when something is no longer so, or the plan is too old.
pub(crate) async fn check_facts(mesh: &Mesh, plan: &Plan) -> Result<()> {
    if mesh.now() > plan.expires {
        return Err(Error::new(ErrorKind::Stale, format!("the plan expired at {}", plan.expires))
            .hint("make it anew"));
    }
    let mut read = std::collections::HashMap::new();
    for fact in &plan.facts {
        let key = (fact.place.clone(), fact.kind);
        if !read.contains_key(&key) {
            read.insert(key.clone(), natives_by_name(mesh, &fact.place, fact.kind).await?);
        }
        let now = read.get(&key).and_then(|names: &Vec<(String, String)>| {
            names
                .iter()
                .find(|(name, native)| *name == fact.name || *native == fact.name)
                .map(|(_, native)| native.as_str())
        });
        if now != Some(fact.native.as_str()) {
            return Err(Error::new(
                ErrorKind::Stale,
                format!("the {} {} is no longer what it was when the plan was made", fact.kind, fact.name),
            )
            .at(fact.place.as_str())
            .hint("make the plan anew; cm plan cancel takes this one away"));
        }
    }
    Ok(())
}

async fn natives_by_name(
    mesh: &Mesh,
    place: &str,
    kind: cloudmesh_model::ThingKind,
) -> Result<Vec<(String, String)>> {
    use cloudmesh_model::ThingKind;
    use cloudmesh_model::cloud_things::{
        Network, Port, Router, SecurityGroup, ServerGroup, Subnet, Volume, VolumeSnapshot,
    };
    use cloudmesh_model::compute::{Flavor, Image, KeyPair, Server};
    async fn of<R: crate::refresh::Fetch>(
        mesh: &Mesh,
        place: &str,
        pair: impl Fn(R) -> Option<(String, String)>,
    ) -> Result<Vec<(String, String)>> {
        Ok(crate::refresh::read_place::<R>(mesh, place).await?.into_iter().filter_map(pair).collect())
    }
    match kind {
        ThingKind::Image => of::<Image>(mesh, place, |image| Some((image.name, image.native.0))).await,
        ThingKind::Flavor => of::<Flavor>(mesh, place, |flavor| Some((flavor.name, flavor.native.0))).await,
        ThingKind::Key => of::<KeyPair>(mesh, place, |key| Some((key.name, key.native.0))).await,
        ThingKind::Server => of::<Server>(mesh, place, |server| Some((server.name, server.native?.0))).await,
        ThingKind::Network => of::<Network>(mesh, place, |thing| Some((thing.name, thing.native?.0))).await,
        ThingKind::Subnet => of::<Subnet>(mesh, place, |thing| Some((thing.name, thing.native?.0))).await,
        ThingKind::Router => of::<Router>(mesh, place, |thing| Some((thing.name, thing.native?.0))).await,
        ThingKind::Port => of::<Port>(mesh, place, |thing| Some((thing.name, thing.native?.0))).await,
        ThingKind::SecurityGroup => {
            of::<SecurityGroup>(mesh, place, |thing| Some((thing.name, thing.native?.0))).await
        }
        ThingKind::Volume => of::<Volume>(mesh, place, |thing| Some((thing.name, thing.native?.0))).await,
        ThingKind::VolumeSnapshot => {
            of::<VolumeSnapshot>(mesh, place, |thing| Some((thing.name, thing.native?.0))).await
        }
        ThingKind::ServerGroup => {
            of::<ServerGroup>(mesh, place, |thing| Some((thing.name, thing.native?.0))).await
        }
        other => Err(Error::internal(format!("a plan rests on the name of a {other}, which has none"))),
    }
}

/// How a record is called in sentences with its count: `1 server`, `3 servers`.
#[must_use]
pub fn counted<R: Record>(count: usize) -> String {
    let noun = R::NOUN;
    format!("{count} {}", if count == 1 { noun.name } else { noun.plural })
}

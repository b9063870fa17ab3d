//! The way back: a setting by its inverse in the log, a plan by a plan.

use cloudmesh_model::{Error, ErrorKind, Record, Result};
use cloudmesh_resource::{Action, StepKind};
use cloudmesh_store::{Change, Expected};

use crate::journal::{self, LOG, LogEntry, StepState, StoredPlan};
use crate::{Draft, Mesh, records};

/// The newest log entry that can be undone, or the one that was named.
///
/// # Errors
/// When there is none, or the named one has no way back.
pub async fn find(mesh: &Mesh, wanted: Option<&str>) -> Result<LogEntry> {
    let entries: Vec<LogEntry> = records::all(mesh.store()?.as_ref(), None).await?;
    let undoable = |entry: &LogEntry| {
        !entry.undone
            && entry.operation != "undo"
            && (entry.plan.is_some() || !entry.inverse.is_empty() || entry.backup.is_some())
    };
    match wanted {
        None => entries.into_iter().rev().find(undoable).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "there is nothing to undo")
                .hint(format!("cm {} shows what was done", LOG.name))
        }),
        Some(wanted) => {
            let named = |entry: &&LogEntry| {
                entry.id.as_str().starts_with(wanted)
                    || entry.plan.as_ref().is_some_and(|plan| plan.as_str().starts_with(wanted))
            };
            let entry = entries.iter().rev().find(named).ok_or_else(|| {
                Error::new(ErrorKind::NotFound, format!("nothing in the log has the id {wanted}"))
            })?;
            if undoable(entry) {
                Ok(entry.clone())
            } else if entry.undone {
                Err(Error::new(ErrorKind::Conflict, "it was undone already"))
            } else {
                Err(Error::new(ErrorKind::Unsupported, format!("{} has no way back", entry.what)))
            }
        }
    }
}

/// Writes the way back of `entry` into `draft`.
///
/// # Errors
/// When there is none.
pub async fn draft(mesh: &Mesh, entry: &LogEntry, draft: &mut Draft) -> Result<()> {
    draft.undoes_log = Some(entry.id.as_str().to_owned());
    let Some(plan) = &entry.plan else {
        draft.title(format!("undone: {}", entry.what));
        draft.restore.clone_from(&entry.backup);
        let mut changes = entry.inverse.clone();
        changes.extend(mark_undone(mesh, entry.id.as_str()).await?);
        draft.own(changes, Vec::new());
        return Ok(());
    };
    let stored = journal::find_plan(mesh.store()?.as_ref(), plan.as_str()).await?;
    of_plan(mesh, &stored, draft).await
}

async fn of_plan(mesh: &Mesh, stored: &StoredPlan, draft: &mut Draft) -> Result<()> {
    let step_records = journal::step_records(mesh.store()?.as_ref(), &stored.plan).await?;
    draft.title(format!("undo: {}", stored.plan.title));
    draft.plan.undoes = Some(stored.plan.id.clone());
    draft.own(stored.own_inverse.clone(), Vec::new());
    let mut lost = Vec::new();
    let mut before: Option<usize> = None;
    for (step, record) in stored.plan.steps.iter().zip(&step_records).rev() {
        let StepKind::Act(action) = &step.kind else { continue };
        if matches!(record.state, StepState::Sent | StepState::Uncertain) {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("the fate of {} {} is not known", step.verb(), step.label),
            )
            .hint(format!("settle it first: cm plan resume {}", stored.plan.id)));
        }
        if record.state != StepState::Done {
            continue;
        }
        match action.inverse() {
            Some(inverse) => {
                let after: Vec<usize> =
                    if detaches(&inverse) { vec![] } else { before.into_iter().collect() };
                let number = draft.act(&step.place, &step.label, inverse.clone(), &after);
                before = if detaches(&inverse) { Some(number) } else { before };
                wait_for(draft, &step.place, &step.label, &inverse, number);
            }
            None => lost.push(format!("{} {}", step.verb(), step.label)),
        }
    }
    if draft.plan.steps.is_empty() {
        let reason = if lost.is_empty() {
            "nothing of it was done".to_owned()
        } else {
            format!("no way back from: {}", lost.join(", "))
        };
        return Err(Error::new(ErrorKind::Unsupported, format!("it cannot be undone: {reason}")));
    }
    Ok(())
}

/// Detaching goes first, so that what it frees can be given back.
fn detaches(action: &Action) -> bool {
    matches!(action.name(), "detach_address" | "detach_volume" | "detach_subnet")
}

fn wait_for(draft: &mut Draft, place: &str, label: &str, action: &Action, number: usize) {
    let Some(until) = action.leads_to() else { return };
    let (kind, id) = action.subject();
    let step = StepKind::Await { thing_kind: kind, thing: id.clone(), until, limit: 600 };
    draft.step(place, label, step, &[number]);
}

/// Puts the configuration back that was kept under the name `backup`.
pub(crate) fn restore_configuration(mesh: &Mesh, backup: &str) -> Result<()> {
    let path = mesh.home().folder().join("backups").join(format!("{backup}.yaml"));
    let earlier = crate::configuration::read_text(&path)?.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("the earlier configuration {} is not there", path.display()))
    })?;
    let now = crate::configuration::read_text(&mesh.home().configuration())?;
    crate::configuration_edit::replace(mesh.home(), now.as_deref(), &earlier, &format!("{backup}-undo"))
        .map(drop)
}

/// The change that marks a log entry as undone.
///
/// # Errors
/// The store's.
pub async fn mark_undone(mesh: &Mesh, id: &str) -> Result<Vec<Change>> {
    let Some(stored) = mesh.store()?.get(LogEntry::NOUN.name, id).await? else { return Ok(Vec::new()) };
    let mut entry: LogEntry = records::from_body(&stored.document)?;
    entry.undone = true;
    Ok(vec![Change::Put(records::document(&entry)?, Expected::Any)])
}

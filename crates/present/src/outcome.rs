//! How a plan ended, as data and as a sentence.

use std::collections::BTreeSet;
use std::fmt::Write;

use cloudmesh_client::PlanOutcome;
use cloudmesh_client::journal::PlanState;
use cloudmesh_model::ThingKind;
use cloudmesh_resource::Plan;
use serde_json::{Value, json};

use crate::plan_text::{creates, step_words};
use crate::structured::error_object;
use crate::{failure, text};

/// What the door saw of a running plan.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Steps that were done in this run.
    pub(crate) done: BTreeSet<usize>,
    /// Steps whose call was sent in this run.
    pub(crate) sent: BTreeSet<usize>,
    /// Steps that were done in an earlier run.
    pub(crate) before: usize,
}

/// How the things that a plan makes stand, as far as it is known here.
struct Fates<'a> {
    outcome: &'a PlanOutcome,
    seen: &'a Seen,
    /// Steps that must have been done, because something that comes after them was begun.
    presupposed: BTreeSet<usize>,
}

impl<'a> Fates<'a> {
    fn of(plan: &Plan, outcome: &'a PlanOutcome, seen: &'a Seen) -> Self {
        let begun = seen.sent.union(&seen.done).filter_map(|number| plan.steps.get(*number));
        let presupposed = begun.flat_map(|step| step.after.iter().copied()).collect();
        Self { outcome, seen, presupposed }
    }

    fn fate(&self, number: usize) -> &'static str {
        let Self { outcome, seen, presupposed } = self;
        let whole = outcome.skipped == 0 && outcome.state != PlanState::Interrupted;
        if outcome.state == PlanState::Done || seen.done.contains(&number) || presupposed.contains(&number) {
            "made"
        } else if outcome.failed.iter().any(|(failed, _)| *failed == number) {
            "failed"
        } else if seen.sent.contains(&number) {
            "uncertain"
        } else if seen.before == 0 {
            "not_begun"
        } else if whole {
            // Everything else was tried in this run, so this was done in an earlier one.
            "made"
        } else {
            "unknown"
        }
    }
}

/// The names of what was surely made, one a line: of machines or jobs where the plan makes any, because
/// keys and addresses are then made only for them.
pub(crate) fn names(plan: &Plan, outcome: &PlanOutcome, seen: &Seen, out: &mut String) {
    let fates = Fates::of(plan, outcome, seen);
    let main = |kind: ThingKind| matches!(kind, ThingKind::Server | ThingKind::Job);
    let any_main = creates(plan).any(|(_, kind, _)| main(kind));
    for (number, kind, step) in creates(plan) {
        if fates.fate(number) == "made" && (main(kind) || !any_main) {
            out.push_str(&text::clean(outcome.names.get(&number).unwrap_or(&step.label)));
            out.push('\n');
        }
    }
}

/// The things that the plan makes: kind, place, label, fate.
pub(crate) fn things<'a>(
    plan: &'a Plan,
    outcome: &'a PlanOutcome,
    seen: &'a Seen,
) -> impl Iterator<Item = [&'a str; 4]> {
    let fates = Fates::of(plan, outcome, seen);
    creates(plan).map(move |(number, kind, step)| {
        let label = outcome.names.get(&number).unwrap_or(&step.label);
        [kind.as_str(), step.place.as_str(), label.as_str(), fates.fate(number)]
    })
}

/// The document.
pub(crate) fn document(plan: &Plan, outcome: &PlanOutcome, seen: &Seen) -> Value {
    let failed: Vec<Value> = outcome
        .failed
        .iter()
        .map(|(number, error)| {
            let step = plan.steps.get(*number);
            let mut object = error_object(error, step.map(|step| step.place.as_str()));
            object["step"] = json!(number);
            object["label"] = json!(step.map(|step| &step.label));
            object
        })
        .collect();
    let things: Vec<Value> = things(plan, outcome, seen)
        .map(|[kind, place, label, state]| {
            json!({ "kind": kind, "place": place, "label": label, "state": state })
        })
        .collect();
    json!({
        "schema": "cloudmesh.outcome.v1",
        "plan": plan.id,
        "operation": plan.operation,
        "title": plan.title,
        "state": outcome.state.as_str(),
        "done": outcome.done,
        "steps": plan.steps.len(),
        "failed": failed,
        "skipped": outcome.skipped,
        "uncertain": outcome.uncertain,
        "seconds": (outcome.elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
        "things": things,
    })
}

/// `3 of 3 steps done in 2.1 s`.
pub(crate) fn sentence(plan: &Plan, outcome: &PlanOutcome) -> String {
    let steps = plan.steps.len();
    let mut out = format!("{} of {steps} step{} done", outcome.done, if steps == 1 { "" } else { "s" });
    for (count, word) in [
        (outcome.failed.len(), "failed"),
        (outcome.skipped, "not begun"),
        (outcome.uncertain, "with unknown fate"),
    ] {
        if count > 0 {
            let _ = write!(out, ", {count} {word}");
        }
    }
    let _ = write!(out, " in {:.1} s", outcome.elapsed.as_secs_f64());
    out
}

/// A line for each step that failed. One failure alone is told by the program's error.
pub(crate) fn failures(plan: &Plan, outcome: &PlanOutcome, out: &mut String) {
    if outcome.failed.len() < 2 {
        return;
    }
    for (number, error) in &outcome.failed {
        let step = plan.steps.get(*number);
        let place = step.map(|step| step.place.as_str()).or(error.place());
        out.push_str("  ");
        if let Some(step) = step {
            let _ = write!(out, "{}: ", step_words(step));
        }
        failure::push_message(error, place, out);
        out.push('\n');
        failure::push_hint(error, "    ", out);
    }
}

//! Plans that were not run, as text and as data.

use std::collections::BTreeMap;
use std::fmt::Write;

use cloudmesh_model::{Column, ColumnKind, Noun, Row, RowBuilder, Shown, ThingKind};
use cloudmesh_resource::{Nature, Plan, Step, StepKind};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::age::Age;
use crate::text;

const fn column(name: &'static str, kind: ColumnKind, about: &'static str) -> Column {
    Column { name, kind, shown: Shown::List, about }
}

/// The steps of a plan as rows.
pub(crate) static PLAN_STEP: Noun = Noun {
    name: "plan_step",
    plural: "steps",
    columns: &[
        column("step", ColumnKind::Integer, "Number of the step"),
        column("place", ColumnKind::Text, "Where it happens"),
        column("what", ColumnKind::Text, "What it does"),
        column("name", ColumnKind::Text, "Name of its subject"),
        column("after", ColumnKind::List, "Numbers of the steps that must be done before"),
    ],
};

/// The row of a step.
pub(crate) fn step_row((number, step): (usize, &Step)) -> Row {
    let after: Vec<String> = step.after.iter().map(usize::to_string).collect();
    RowBuilder::new()
        .maybe(Some(number))
        .cell(&step.place)
        .cell(&step.verb())
        .cell(&step.label)
        .list(after.iter().map(String::as_str))
        .finish()
}

/// What a step does, in words: `create server albert-001`.
pub(crate) fn step_words(step: &Step) -> String {
    let words = match &step.kind {
        StepKind::Act(_) => format!("{} {}", step.verb(), step.label),
        StepKind::Await { until, .. } => format!("wait until {} is {}", step.label, until.as_str()),
    };
    text::clean(&words)
}

/// What `new` does otherwise than `old`, a line each: `-` for what was to be done and no longer is, `+` for what is
/// to be done now, `~` for a name that means another thing now. Empty if nothing differs.
pub(crate) fn difference(old: &Plan, new: &Plan) -> Vec<String> {
    let lines = |plan: &Plan| -> Vec<String> {
        let step = |step: &Step| text::clean(&format!("{} on {}", step_words(step), step.place));
        plan.steps.iter().map(step).collect()
    };
    let (before, after) = (lines(old), lines(new));
    let without = |lines: &[String], others: &[String], sign: char| -> Vec<String> {
        let mut there: BTreeMap<&str, usize> = BTreeMap::new();
        for other in others {
            *there.entry(other).or_default() += 1;
        }
        let mut left = Vec::new();
        for line in lines {
            match there.get_mut(line.as_str()) {
                Some(count) if *count > 0 => *count -= 1,
                _ => left.push(format!("{sign} {line}")),
            }
        }
        left
    };
    let mut difference = without(&before, &after, '-');
    difference.extend(without(&after, &before, '+'));
    for fact in &old.facts {
        let same = |other: &&cloudmesh_resource::Fact| {
            (&other.place, other.kind, &other.name) == (&fact.place, fact.kind, &fact.name)
        };
        if let Some(now) = new.facts.iter().find(same).filter(|now| now.native != fact.native) {
            difference.push(text::clean(&format!(
                "~ {} {} on {} is {} now, it was {}",
                fact.kind, fact.name, fact.place, now.native, fact.native
            )));
        }
    }
    difference
}

/// The things that a plan makes: number of the step, kind, step.
pub(crate) fn creates(plan: &Plan) -> impl Iterator<Item = (usize, ThingKind, &Step)> {
    plan.steps.iter().enumerate().filter_map(|(number, step)| match &step.kind {
        StepKind::Act(action) if action.nature() == Nature::Create => Some((number, step.subject().0, step)),
        StepKind::Act(_) | StepKind::Await { .. } => None,
    })
}

type Counts<'a> = BTreeMap<(ThingKind, &'a str), usize>;

fn counts(plan: &Plan, nature: Nature) -> Counts<'_> {
    let mut counts = Counts::new();
    let mut seen = std::collections::BTreeSet::new();
    for step in &plan.steps {
        if let StepKind::Act(action) = &step.kind
            && action.nature() == nature
            && seen.insert((&step.place, step.subject()))
        {
            *counts.entry((step.subject().0, step.place.as_str())).or_default() += 1;
        }
    }
    counts
}

const NATURES: [(Nature, &str); 3] =
    [(Nature::Create, "creates"), (Nature::Change, "changes"), (Nature::Destroy, "destroys")];

/// `{"creates": [{kind, place, count}], …}`.
pub(crate) fn summary(plan: &Plan) -> Value {
    let of = |nature| -> Vec<Value> {
        counts(plan, nature)
            .into_iter()
            .map(|((kind, place), count)| json!({ "kind": kind, "place": place, "count": count }))
            .collect()
    };
    NATURES.iter().map(|(nature, word)| ((*word).to_owned(), Value::Array(of(*nature)))).collect()
}

/// `creates 3 servers on kilo, destroys 1 key on india`.
fn summary_line(plan: &Plan) -> String {
    let mut parts = Vec::new();
    for (nature, word) in NATURES {
        let things: Vec<String> = counts(plan, nature)
            .into_iter()
            .map(|((kind, place), count)| format!("{} on {}", things(kind, count), text::clean(place)))
            .collect();
        if !things.is_empty() {
            parts.push(format!("{word} {}", things.join(" and ")));
        }
    }
    if parts.is_empty() { "changes nothing".to_owned() } else { parts.join(", ") }
}

fn things(kind: ThingKind, count: usize) -> String {
    let end = match (count, kind) {
        (1, _) => "",
        (_, ThingKind::Address) => "es",
        _ => "s",
    };
    format!("{count} {kind}{end}")
}

/// What stands above the steps.
pub(crate) fn head(plan: &Plan, out: &mut String) {
    let _ = writeln!(out, "{}", text::clean(&plan.title));
    let _ = writeln!(out, "{}", summary_line(plan));
    if let Some(undone) = &plan.undoes {
        let _ = writeln!(out, "undoes plan {}", text::clean(undone.as_str()));
    }
    out.push('\n');
}

/// What stands below the steps.
pub(crate) fn foot(plan: &Plan, saved: bool, now: Timestamp, out: &mut String) {
    out.push('\n');
    for filled in &plan.filled {
        let _ = writeln!(
            out,
            "{} = {}  ({})",
            text::clean(&filled.option),
            text::clean(&filled.value),
            text::clean(&filled.from)
        );
    }
    for lost in &plan.irreversible {
        let _ = writeln!(out, "cannot be undone: {}", text::clean(lost));
    }
    if saved {
        let age = Age::between(plan.expires.as_second(), now.as_second());
        let state = if plan.expires > now { "may be applied until" } else { "expired at" };
        let _ = writeln!(out, "{state} {} ({})", plan.expires.strftime("%Y-%m-%d %H:%M:%SZ"), age.words());
        let _ = writeln!(out, "run it with: cm plan apply {}", text::clean(plan.id.as_str()));
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
}

//! `plan`: what was planned, what became of it, and going on with it.

use cloudmesh_client::door::{Layout, Settled};
use cloudmesh_client::journal::{self, PLAN, PlanState, StepState, StoredPlan};
use cloudmesh_client::operation::{Change, Envelope, Example, Input, Operation, Query, Rows, Setting};
use cloudmesh_client::{Draft, Freshness, Mesh, engine, records};
use cloudmesh_model::noun::ColumnKind::{Integer, Text, Time};
use cloudmesh_model::noun::Shown::{Detail, List as InList};
use cloudmesh_model::{Column, Error, ErrorKind, Noun, Record, Result, RowBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::defaults::replace;

/// Shows the plans, oldest first.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInput {}

impl Input for ListInput {}

/// `plan list`.
pub struct List;

impl Operation for List {
    const NAME: &'static str = "plan.list";
    const EXAMPLES: &'static [Example] = &[Example { about: "All plans", command: "plan list" }];
    type Input = ListInput;
}

impl Query for List {
    const NOUN: &'static Noun = &PLAN;

    async fn run(mesh: &Mesh, _: ListInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let stored = mesh.store()?.documents(PLAN.name, "").await?;
        rows.rows(
            stored.into_iter().map(|stored| cloudmesh_model::Row::from_packed(stored.document.row)).collect(),
        );
        Ok(Freshness::own())
    }
}

static STEP: Noun = Noun {
    name: "step",
    plural: "steps",
    columns: &[
        Column { name: "step", kind: Integer, shown: InList, about: "Number of the step" },
        Column { name: "place", kind: Text, shown: InList, about: "Where it happens" },
        Column { name: "does", kind: Text, shown: InList, about: "What it does" },
        Column { name: "subject", kind: Text, shown: InList, about: "To what" },
        Column { name: "state", kind: Text, shown: InList, about: "Where it stands" },
        Column { name: "error", kind: Text, shown: InList, about: "Why it failed" },
        Column { name: "native_id", kind: Text, shown: Detail, about: "Id of what it made" },
        Column { name: "attempts", kind: Integer, shown: Detail, about: "How often it was tried" },
        Column { name: "sent", kind: Time, shown: Detail, about: "When its call was last sent" },
        Column { name: "id", kind: Text, shown: Detail, about: "Cloudmesh's id of its subject" },
    ],
};

/// Shows a plan's steps and where each stands.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanInput {
    /// The plan's id, the beginning of it, or `last`
    plan: Option<String>,
}

impl Input for PlanInput {}

impl PlanInput {
    async fn find(&self, mesh: &Mesh) -> Result<StoredPlan> {
        journal::find_plan(mesh.store()?.as_ref(), self.plan.as_deref().unwrap_or("last")).await
    }
}

/// `plan show`.
pub struct Show;

impl Operation for Show {
    const NAME: &'static str = "plan.show";
    const EXAMPLES: &'static [Example] = &[Example { about: "The newest plan", command: "plan show last" }];
    type Input = PlanInput;
}

impl Query for Show {
    const NOUN: &'static Noun = &STEP;
    const LAYOUT: Layout = Layout::List;

    async fn run(mesh: &Mesh, input: PlanInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let stored = match input.find(mesh).await {
            Err(error) if error.kind() == ErrorKind::Store => return show_unknown(mesh, &input, rows).await,
            found => found?,
        };
        let step_records = journal::step_records(mesh.store()?.as_ref(), &stored.plan).await?;
        let steps =
            stored.plan.steps.iter().zip(&step_records).enumerate().map(|(number, (step, record))| {
                RowBuilder::new()
                    .maybe(Some(number))
                    .cell(&step.place)
                    .cell(&step.verb())
                    .cell(&step.label)
                    .cell(record.state.as_str())
                    .maybe(record.error.as_ref())
                    .maybe(record.native.as_ref())
                    .maybe(Some(record.attempts))
                    .maybe(record.sent)
                    .cell(step.subject().1.as_str())
                    .finish()
            });
        rows.rows(steps.collect());
        let note = format!("plan {}: {} ({})", stored.id, stored.plan.title, stored.state.as_str());
        Ok(Freshness { note: Some(note), ..Freshness::own() })
    }
}

/// A plan of a newer version is shown as far as it can be read.
async fn show_unknown(mesh: &Mesh, input: &PlanInput, rows: &mut dyn Rows) -> Result<Freshness> {
    let wanted = input.plan.as_deref().filter(|plan| *plan != "last").unwrap_or_default();
    let stored = mesh.store()?.documents(PLAN.name, wanted).await?;
    let Some(newest) = stored.last() else {
        return Err(Error::new(ErrorKind::NotFound, "there is no plan"));
    };
    let body: serde_json::Value = records::from_body(&newest.document)?;
    let steps = body["plan"]["steps"].as_array().cloned().unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let shown = steps.iter().enumerate().map(|(number, step)| {
        let does = step.get("act").map_or_else(|| "wait".to_owned(), |act| text(&act["action"]));
        RowBuilder::new()
            .maybe(Some(number))
            .cell(&text(&step["place"]))
            .cell(&does)
            .cell(&text(&step["label"]))
            .cell("not known to this version")
            .finish()
    });
    rows.rows(shown.collect());
    Ok(Freshness {
        note: Some("a newer version of Cloudmesh made this plan; only that version can run it".to_owned()),
        ..Freshness::own()
    })
}

/// Runs a plan that was saved, after checking what it takes for granted.
pub struct Apply;

/// Runs a saved plan.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyInput {
    /// The plan's id, the beginning of it, or `last`
    plan: Option<String>,
}

impl Input for ApplyInput {}

impl Operation for Apply {
    const NAME: &'static str = "plan.apply";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Run the plan that was saved last", command: "plan apply last" }];
    type Input = ApplyInput;
}

impl Change for Apply {
    async fn plan(mesh: &Mesh, input: ApplyInput, draft: &mut Draft) -> Result<()> {
        let stored = PlanInput { plan: input.plan }.find(mesh).await?;
        match stored.state {
            PlanState::Planned => {}
            PlanState::Done => return Err(Error::new(ErrorKind::Conflict, "the plan is done already")),
            PlanState::Cancelled => return Err(Error::new(ErrorKind::Conflict, "the plan was cancelled")),
            _ => {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    format!("the plan was begun and is {}", stored.state.as_str()),
                )
                .hint(format!("cm plan resume {} goes on with it", stored.id)));
            }
        }
        draft.adopt(stored);
        Ok(())
    }
}

/// Goes on with a plan that was interrupted or failed in part.
///
/// What was sent and got no answer is looked for first; nothing is made twice.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeInput {
    /// The plan's id, the beginning of it, or `last`
    plan: Option<String>,
}

impl Input for ResumeInput {}

/// `plan resume`.
pub struct Resume;

impl Operation for Resume {
    const NAME: &'static str = "plan.resume";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Go on with the newest plan", command: "plan resume last" }];
    type Input = ResumeInput;
}

impl Change for Resume {
    async fn plan(mesh: &Mesh, input: ResumeInput, draft: &mut Draft) -> Result<()> {
        let stored = PlanInput { plan: input.plan }.find(mesh).await?;
        match stored.state {
            PlanState::Done => draft.title(format!("plan {} is done already", stored.id)),
            PlanState::Cancelled => return Err(Error::new(ErrorKind::Conflict, "the plan was cancelled")),
            _ => draft.adopt(stored),
        }
        Ok(())
    }
}

/// Gives a plan up: it will not be run any more. What it made stays; undo takes that back.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelInput {
    /// The plan's id, or the beginning of it
    plan: String,
}

impl Input for CancelInput {}

/// `plan cancel`.
pub struct Cancel;

impl Operation for Cancel {
    const NAME: &'static str = "plan.cancel";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Give the newest plan up", command: "plan cancel last" }];
    type Input = CancelInput;
}

impl Setting for Cancel {
    async fn settle(mesh: &Mesh, input: CancelInput) -> Result<Settled> {
        let mut stored = journal::find_plan(mesh.store()?.as_ref(), &input.plan).await?;
        if matches!(stored.state, PlanState::Done | PlanState::Cancelled) {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("the plan is {} already", stored.state.as_str()),
            ));
        }
        engine::check_idle(mesh, &stored.plan.id).await?;
        let step_records = journal::step_records(mesh.store()?.as_ref(), &stored.plan).await?;
        if step_records.iter().any(|record| matches!(record.state, StepState::Sent | StepState::Uncertain)) {
            return Err(Error::new(
                ErrorKind::Conflict,
                "calls of this plan were sent and their fate is not known",
            )
            .hint(format!("settle them first: cm plan resume {}; then cm undo", stored.id)));
        }
        stored.state = PlanState::Cancelled;
        let (change, inverse) = replace(mesh, stored.id().as_str(), Some(&stored)).await?;
        Ok(Settled {
            message: format!("plan cancelled: {}", stored.plan.title),
            changes: vec![change],
            inverse: vec![inverse],
            ..Settled::default()
        })
    }
}

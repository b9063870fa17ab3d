//! What is written down: plans, the fate of each of their steps, and the log of everything that was done.

use cloudmesh_model::noun::ColumnKind::{Integer, Text, Time};
use cloudmesh_model::noun::Shown::{Detail, List};
use cloudmesh_model::{Column, Error, ErrorKind, NativeId, Noun, Record, Result, Row, RowBuilder, ThingId};
use cloudmesh_resource::plan::PLAN_FORMAT;
use cloudmesh_resource::{Plan, PlanId, Thing};
use cloudmesh_store::{Change, Document, Expected, Outcome, Store};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::door::Settled;
use crate::{Mesh, records};

/// Where a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// Kept for later.
    Planned,
    /// Somebody runs it, or was stopped while running it.
    Running,
    /// Everything in it is done.
    Done,
    /// Some of it is done.
    Partial,
    /// Nothing of it is done.
    Failed,
    /// The user stopped it.
    Interrupted,
    /// It will not be run any more.
    Cancelled,
}

impl PlanState {
    /// The word that lists show.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Running => "running",
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A plan as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredPlan {
    /// The store's key: the plan's id.
    pub id: ThingId,
    /// The plan itself.
    pub plan: Plan,
    /// Where it stands.
    pub state: PlanState,
    /// Steps that are done.
    pub done: usize,
    /// Things that lists show as planned once it runs.
    pub placeholders: Vec<Thing>,
    /// Changes of our own folder that are made when it begins.
    pub own_changes: Vec<Change>,
    /// How they are turned back.
    pub own_inverse: Vec<Change>,
    /// The store's kind of the reserved names.
    pub reserved_kind: String,
    /// The log entry that it undoes.
    pub undoes_log: Option<String>,
    /// What was asked for, as JSON: the operation can plan it again.
    #[serde(default)]
    pub input: Option<serde_json::Value>,
    /// Whether waiting was asked for.
    #[serde(default)]
    pub wait: Option<bool>,
}

/// Columns of plans.
pub static PLAN: Noun = Noun {
    name: "plan",
    plural: "plans",
    columns: &[
        Column { name: "id", kind: Text, shown: List, about: "Id of the plan" },
        Column { name: "title", kind: Text, shown: List, about: "What it does" },
        Column { name: "state", kind: Text, shown: List, about: "Where it stands" },
        Column { name: "done", kind: Integer, shown: List, about: "Steps that are done" },
        Column { name: "steps", kind: Integer, shown: List, about: "Steps in all" },
        Column { name: "operation", kind: Text, shown: Detail, about: "The operation that made it" },
        Column { name: "created", kind: Time, shown: List, about: "When it was made" },
        Column { name: "expires", kind: Time, shown: Detail, about: "Until when it may be applied" },
    ],
};

impl Record for StoredPlan {
    const NOUN: &'static Noun = &PLAN;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        ""
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .cell(self.id.as_str())
            .cell(&self.plan.title)
            .cell(self.state.as_str())
            .maybe(Some(self.done))
            .maybe(Some(self.plan.steps.len()))
            .cell(&self.plan.operation)
            .maybe(Some(self.plan.created))
            .maybe(Some(self.plan.expires))
            .finish()
    }
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    #[default]
    Waiting,
    /// Its call is about to be sent, or was: written before the call.
    Sent,
    /// Its call was sent and its fate is not known.
    Uncertain,
    /// Done.
    Done,
    /// Failed for good.
    Failed,
    /// Not begun, because something before it failed.
    Skipped,
}

impl StepState {
    /// The word that lists show.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Uncertain => "uncertain",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What is known of a step's fate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Where it stands.
    pub state: StepState,
    /// How often its call was sent.
    pub attempts: u32,
    /// When its call was last about to be sent.
    pub sent: Option<Timestamp>,
    /// The native id of what it made.
    pub native: Option<NativeId>,
    /// Why it failed, or what made it uncertain.
    pub error: Option<String>,
    /// Whether its call was repeated after one that got no answer and that nothing was found of. Should that
    /// one take effect after all, what it made is looked for once more before the plan ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
}

/// The store's kind of step records.
pub const STEP: &str = "step";

fn step_id(plan: &PlanId, number: usize) -> String {
    format!("{plan}/{number:06}")
}

/// The change that writes a step's record.
///
/// # Errors
/// Never in practice.
pub fn step_change(plan: &PlanId, number: usize, record: &StepRecord) -> Result<Change> {
    let document = Document {
        kind: STEP.to_owned(),
        id: step_id(plan, number),
        place: String::new(),
        row: record.state.as_str().to_owned(),
        body: records::body(record)?,
    };
    Ok(Change::Put(document, Expected::Any))
}

/// The records of a plan's steps: the default where nothing was written.
///
/// # Errors
/// The store's.
pub async fn step_records(store: &dyn Store, plan: &Plan) -> Result<Vec<StepRecord>> {
    let mut step_records = vec![StepRecord::default(); plan.steps.len()];
    for stored in store.documents(STEP, &format!("{}/", plan.id)).await? {
        let number = stored.document.id.rsplit('/').next().and_then(|text| text.parse::<usize>().ok());
        if let Some(record) = number.and_then(|number| step_records.get_mut(number)) {
            *record = records::from_body(&stored.document)?;
        }
    }
    Ok(step_records)
}

/// The change that writes a plan.
///
/// # Errors
/// Never in practice.
pub fn plan_change(stored: &StoredPlan) -> Result<Change> {
    Ok(Change::Put(records::document(stored)?, Expected::Any))
}

const NEWER_PLAN: &str =
    "a newer version of Cloudmesh made this plan; cm plan show displays it, only that version can run it";

/// What is said of a plan whose format is newer than ours, even if every word of it is known.
pub(crate) fn newer_format(plan: &Plan) -> Error {
    Error::new(
        ErrorKind::Store,
        format!("the plan {} has format {}, this version knows {PLAN_FORMAT}", plan.id, plan.format),
    )
    .hint(NEWER_PLAN)
}

/// Finds a plan by its id or the beginning of it, or the newest with `last`.
///
/// # Errors
/// When there is none, or more than one, or it is of a newer version.
pub async fn find_plan(store: &dyn Store, wanted: &str) -> Result<StoredPlan> {
    let found = match wanted {
        "last" => store.documents(PLAN.name, "").await?.into_iter().next_back().into_iter().collect(),
        _ => store.documents(PLAN.name, wanted).await?,
    };
    match found.as_slice() {
        [] => Err(Error::new(ErrorKind::NotFound, format!("no plan has the id {wanted}"))
            .hint("cm plan list shows those that are there")),
        [one] => {
            let stored: StoredPlan =
                records::from_body(&one.document).map_err(|error| error.hint(NEWER_PLAN))?;
            if stored.plan.format > PLAN_FORMAT { Err(newer_format(&stored.plan)) } else { Ok(stored) }
        }
        several => Err(Error::new(
            ErrorKind::Ambiguous,
            format!("{} plans have ids that begin with {wanted}", several.len()),
        )
        .hint("give more of the id")),
    }
}

/// One entry of the log: what was done, by which door, when, with what result.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogEntry {
    /// A UUID (version 7): in the order of time.
    pub id: ThingId,
    /// When.
    pub when: Timestamp,
    /// By which door.
    pub door: String,
    /// The operation.
    pub operation: String,
    /// What, in words.
    pub what: String,
    /// `done`, or the state of its plan, or the error's message.
    pub result: String,
    /// Its plan, for changes.
    pub plan: Option<PlanId>,
    /// Changes of the store that turn it back.
    pub inverse: Vec<Change>,
    /// Name of the file in `backups` that holds the configuration from before.
    pub backup: Option<String>,
    /// Whether it was undone.
    pub undone: bool,
}

/// Columns of the log.
pub static LOG: Noun = Noun {
    name: "log",
    plural: "log entries",
    columns: &[
        Column { name: "when", kind: Time, shown: List, about: "When it was done" },
        Column { name: "door", kind: Text, shown: List, about: "By which door" },
        Column { name: "operation", kind: Text, shown: List, about: "The operation" },
        Column { name: "what", kind: Text, shown: List, about: "What was done" },
        Column { name: "result", kind: Text, shown: List, about: "How it ended" },
        Column { name: "plan", kind: Text, shown: Detail, about: "Its plan" },
        Column { name: "id", kind: Text, shown: Detail, about: "Id of the entry" },
    ],
};

impl Record for LogEntry {
    const NOUN: &'static Noun = &LOG;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        ""
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .maybe(Some(self.when))
            .cell(&self.door)
            .cell(&self.operation)
            .cell(&self.what)
            .cell(if self.undone { "undone" } else { &self.result })
            .maybe(self.plan.as_ref())
            .cell(self.id.as_str())
            .finish()
    }
}

impl LogEntry {
    /// An entry of now.
    #[must_use]
    pub fn new(mesh: &Mesh, operation: &str, what: &str, result: &str) -> Self {
        Self {
            id: ThingId::planned(),
            when: mesh.now(),
            door: mesh.parts().door.to_owned(),
            operation: operation.to_owned(),
            what: what.to_owned(),
            result: result.to_owned(),
            plan: None,
            inverse: Vec::new(),
            backup: None,
            undone: false,
        }
    }
}

/// Carries a setting out: configuration, secrets, store, and its inverse in the log.
///
/// # Errors
/// When something else changed the same thing meanwhile, or it cannot be written.
pub async fn settle(mesh: &Mesh, operation: &str, settled: Settled) -> Result<String> {
    mesh.authority().check_own(&settled.changes, settled.configuration.is_some())?;
    let mut entry = LogEntry::new(mesh, operation, &settled.message, "done");
    for (name, secret) in &settled.secrets {
        match secret {
            Some(secret) => mesh.parts().secrets.put(name, secret)?,
            None => mesh.parts().secrets.delete(name)?,
        }
    }
    if let Some((before, after)) = &settled.configuration {
        mesh.home().ensure()?;
        entry.backup =
            crate::configuration_edit::replace(mesh.home(), before.as_deref(), after, entry.id.as_str())?;
    }
    entry.inverse = settled.inverse;
    if settled.changes.is_empty() && settled.configuration.is_none() {
        return Ok(settled.message);
    }
    let mut changes = settled.changes;
    changes.push(Change::Put(records::document(&entry)?, Expected::Any));
    let outcomes = mesh.store()?.apply(changes).await?;
    if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Conflict(_))) {
        return Err(Error::new(ErrorKind::Conflict, "it was changed by somebody else at the same moment")
            .hint("look at it again, then repeat the command"));
    }
    Ok(settled.message)
}

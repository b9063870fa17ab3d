//! A plan in the making. Operations write into it; nothing in it has happened yet.

use cloudmesh_model::{Record, Result};
use cloudmesh_resource::plan::PLAN_FORMAT;
use cloudmesh_resource::{Action, Fact, Filled, Nature, Plan, PlanId, Step, StepKind, Thing};
use cloudmesh_store::Change;
use jiff::{SignedDuration, Timestamp};

use crate::journal::StoredPlan;
use crate::operation::Envelope;
use crate::{Mesh, attachments, names, settings};

/// How long a stored plan may wait before it is too old to run.
const VALID_FOR: SignedDuration = SignedDuration::from_hours(24);

/// A plan in the making.
pub struct Draft {
    pub(crate) plan: Plan,
    pub(crate) placeholders: Vec<Thing>,
    pub(crate) attachments: Vec<Vec<u8>>,
    pub(crate) own_changes: Vec<Change>,
    pub(crate) own_inverse: Vec<Change>,
    pub(crate) reserved_kind: &'static str,
    pub(crate) undoes_log: Option<String>,
    pub(crate) restore: Option<String>,
    pub(crate) adopted: Option<StoredPlan>,
    pub(crate) input: Option<serde_json::Value>,
    pub(crate) wait: Option<bool>,
}

impl Draft {
    pub(crate) fn new(mesh: &Mesh, operation: &str, envelope: &Envelope) -> Self {
        let now = mesh.now();
        Self {
            plan: Plan {
                format: PLAN_FORMAT,
                id: envelope.plan.clone().unwrap_or_else(PlanId::draw),
                operation: operation.to_owned(),
                title: String::new(),
                created: now,
                expires: now.checked_add(VALID_FOR).unwrap_or(Timestamp::MAX),
                steps: Vec::new(),
                facts: Vec::new(),
                filled: Vec::new(),
                reserved: Vec::new(),
                undoes: None,
                irreversible: Vec::new(),
            },
            placeholders: Vec::new(),
            attachments: Vec::new(),
            own_changes: Vec::new(),
            own_inverse: Vec::new(),
            reserved_kind: "",
            undoes_log: None,
            restore: None,
            adopted: None,
            input: None,
            wait: envelope.wait,
        }
    }

    /// Whether the user asked to wait (`Some(true)`), not to wait, or neither.
    #[must_use]
    pub fn wait(&self) -> Option<bool> {
        self.wait
    }

    /// Takes a stored plan in place of a new one: it is run, or gone on with.
    pub fn adopt(&mut self, stored: StoredPlan) {
        self.adopted = Some(stored);
    }

    /// Says what the plan does, one line.
    pub fn title(&mut self, title: impl Into<String>) {
        self.plan.title = title.into();
    }

    /// Whether there is nothing to do so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plan.steps.is_empty()
    }

    /// Adds an action; the number of its step is for `after`.
    pub fn act(&mut self, place: &str, label: &str, action: Action, after: &[usize]) -> usize {
        self.step(place, label, StepKind::Act(action), after)
    }

    /// Adds a step; its number is for `after`.
    pub fn step(&mut self, place: &str, label: &str, kind: StepKind, after: &[usize]) -> usize {
        self.plan.steps.push(Step {
            place: place.to_owned(),
            label: label.to_owned(),
            kind,
            after: after.to_vec(),
        });
        self.plan.steps.len() - 1
    }

    /// A thing that will be made: lists show it as planned from the moment the plan runs.
    pub fn placeholder(&mut self, thing: Thing) {
        self.placeholders.push(thing);
    }

    /// Content that the plan refers to by its hash, which is the answer; kept when the plan is.
    pub fn attach(&mut self, content: Vec<u8>) -> String {
        let hash = attachments::hash(&content);
        self.attachments.push(content);
        hash
    }

    /// Something that the plan takes for granted.
    pub fn fact(&mut self, fact: Fact) {
        if !self.plan.facts.contains(&fact) {
            self.plan.facts.push(fact);
        }
    }

    /// A gap that was filled.
    pub fn filled(&mut self, filled: Filled) {
        if !self.plan.filled.contains(&filled) {
            self.plan.filled.push(filled);
        }
    }

    /// The value of an option: the given one, else the one that fills the gap, which the plan then tells.
    ///
    /// # Errors
    /// The store's.
    pub async fn option(
        &mut self,
        mesh: &Mesh,
        place: &str,
        key: &str,
        given: Option<&str>,
    ) -> Result<Option<String>> {
        if let Some(given) = given {
            return Ok(Some(given.to_owned()));
        }
        let filled = settings::fill(mesh, place, key).await?;
        if let Some(filled) = &filled {
            self.filled(filled.clone());
        }
        Ok(filled.map(|filled| filled.value))
    }

    /// Reserves generated names; a dry run gives them back.
    ///
    /// # Errors
    /// The store's.
    pub async fn reserve<R: Record>(
        &mut self,
        mesh: &Mesh,
        prefix: &str,
        count: usize,
    ) -> Result<Vec<String>> {
        let names = names::reserve::<R>(mesh, prefix, count).await?;
        self.reserved_kind = R::NOUN.name;
        self.plan.reserved.extend(names.iter().cloned());
        Ok(names)
    }

    /// Changes of our own folder that belong to the plan and are made when it begins (a group that the
    /// new thing joins, the last machine), with how they are turned back.
    pub fn own(&mut self, changes: Vec<Change>, inverse: Vec<Change>) {
        self.own_changes.extend(changes);
        self.own_inverse.extend(inverse);
    }

    /// Something that has no way back once the plan ran.
    pub fn irreversible(&mut self, what: impl Into<String>) {
        self.plan.irreversible.push(what.into());
    }

    /// The finished plan: waiting that nothing else stands on is left out where nobody wants to wait.
    pub(crate) fn finish(&mut self) {
        if self.wait == Some(false) {
            while let Some(last_idle) = self.idle_wait() {
                self.remove(last_idle);
            }
        }
        for step in &self.plan.steps {
            if let StepKind::Act(action) = &step.kind
                && action.nature() == Nature::Destroy
            {
                let words = format!("{} {} on {}", step.verb(), step.label, step.place);
                if !self.plan.irreversible.contains(&words) {
                    self.plan.irreversible.push(words);
                }
            }
        }
    }

    fn idle_wait(&self) -> Option<usize> {
        let needed: std::collections::HashSet<usize> =
            self.plan.steps.iter().flat_map(|step| step.after.iter().copied()).collect();
        (0..self.plan.steps.len()).rev().find(|number| {
            !needed.contains(number) && matches!(self.plan.steps[*number].kind, StepKind::Await { .. })
        })
    }

    fn remove(&mut self, number: usize) {
        self.plan.steps.remove(number);
        for step in &mut self.plan.steps {
            for before in &mut step.after {
                if *before > number {
                    *before -= 1;
                }
            }
        }
    }
}

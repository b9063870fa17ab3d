//! One action of any family: what a step of a plan does.

use cloudmesh_model::{ThingId, ThingKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{BatchAction, ComputeAction, Until};

/// An action of some family. Stored plans hold it as `{"family": …, "action": "NAME.vN", …}`; a plan
/// with an action that this version does not know is shown, never run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "family", rename_all = "snake_case")]
pub enum Action {
    /// On a compute cloud.
    Compute(ComputeAction),
    /// On a batch system.
    Batch(BatchAction),
}

/// What an action does to the world, for dry runs and policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// Makes something new.
    Create,
    /// Changes something that exists; can be turned back.
    Change,
    /// Destroys something; cannot be turned back.
    Destroy,
}

impl Action {
    /// Its name without version: `create_server`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Compute(action) => action.name(),
            Self::Batch(action) => action.name(),
        }
    }

    /// The thing that it makes, changes or destroys.
    #[must_use]
    pub fn subject(&self) -> (ThingKind, &ThingId) {
        match self {
            Self::Compute(action) => action.subject(),
            Self::Batch(action) => action.subject(),
        }
    }

    /// Things whose native ids it needs; they exist before the step begins.
    #[must_use]
    pub fn references(&self) -> Vec<&ThingId> {
        match self {
            Self::Compute(action) => action.references(),
            Self::Batch(action) => action.references(),
        }
    }

    /// Hashes of the attachments that it needs (scripts, user data).
    #[must_use]
    pub fn attachments(&self) -> Vec<&str> {
        match self {
            Self::Compute(action) => action.attachments(),
            Self::Batch(action) => action.attachments(),
        }
    }

    /// What it does to the world.
    #[must_use]
    pub fn nature(&self) -> Nature {
        match self {
            Self::Compute(action) => action.nature(),
            Self::Batch(action) => action.nature(),
        }
    }

    /// Whether a call whose fate is unknown may simply be repeated. Everything else is looked for by
    /// mark first.
    #[must_use]
    pub fn repeatable(&self) -> bool {
        match self {
            Self::Compute(action) => action.repeatable(),
            Self::Batch(action) => action.repeatable(),
        }
    }
}

impl Action {
    /// The action that takes away what this one made, where `id` is ours of the thing to take away;
    /// `None` for actions that make nothing.
    #[must_use]
    pub fn takes_back(&self, id: &ThingId) -> Option<Self> {
        match self {
            Self::Compute(action) => action.takes_back(id).map(Self::Compute),
            Self::Batch(BatchAction::SubmitJob(_)) => {
                Some(Self::Batch(BatchAction::CancelJob { job: id.clone() }))
            }
            Self::Batch(_) => None,
        }
    }

    /// The action that turns this one back; `None` where there is no way back.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        match self {
            Self::Compute(action) if action.turns_back().is_some() => action.turns_back().map(Self::Compute),
            Self::Batch(BatchAction::HoldJob { job }) => {
                Some(Self::Batch(BatchAction::ReleaseJob { job: job.clone() }))
            }
            Self::Batch(BatchAction::ReleaseJob { job }) => {
                Some(Self::Batch(BatchAction::HoldJob { job: job.clone() }))
            }
            making => making.takes_back(making.subject().1),
        }
    }

    /// The state that its subject is in when all that it began has ended; `None` where it ends at once.
    #[must_use]
    pub fn leads_to(&self) -> Option<Until> {
        match self {
            Self::Compute(action) => action.leads_to(),
            Self::Batch(_) => None,
        }
    }
}

//! What a running plan tells its door.

use std::collections::BTreeMap;
use std::time::Duration;

use cloudmesh_model::Error;
use cloudmesh_resource::{Plan, Step};

use crate::journal::PlanState;

/// Something happened in a running plan.
#[derive(Clone, Copy, Debug)]
pub enum PlanEvent<'a> {
    /// It begins, or goes on.
    Begun {
        /// The plan.
        plan: &'a Plan,
        /// Steps that were done before.
        done: usize,
    },
    /// A step's call is on its way.
    Sent {
        /// The step's number.
        number: usize,
        /// The step.
        step: &'a Step,
    },
    /// A step is done.
    Done {
        /// The step's number.
        number: usize,
        /// The step.
        step: &'a Step,
    },
    /// A step will be tried again.
    Again {
        /// The step's number.
        number: usize,
        /// The step.
        step: &'a Step,
        /// Why.
        error: &'a Error,
    },
    /// The fate of a step's call is unknown; what it may have made is being looked for.
    Looking {
        /// The step's number.
        number: usize,
        /// The step.
        step: &'a Step,
    },
    /// A step failed for good.
    Failed {
        /// The step's number.
        number: usize,
        /// The step.
        step: &'a Step,
        /// Why.
        error: &'a Error,
    },
    /// No new calls are made; those under way are waited for.
    Stopping {
        /// Calls under way.
        calls: usize,
    },
}

/// How a plan ended.
#[derive(Clone, Debug)]
pub struct PlanOutcome {
    /// Where it stands now.
    pub state: PlanState,
    /// Steps that are done.
    pub done: usize,
    /// Steps that failed, and why.
    pub failed: Vec<(usize, Error)>,
    /// Steps that were not begun because something before them failed.
    pub skipped: usize,
    /// Steps whose call was sent and whose fate is not known.
    pub uncertain: usize,
    /// Names that only the place could give to what was made (addresses), by the numbers of the steps.
    pub names: BTreeMap<usize, String>,
    /// How long it took.
    pub elapsed: Duration,
}

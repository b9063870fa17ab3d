//! What the caller behind a door may do. A person at the prompt may do everything; a door that serves others
//! says how much of it they may. It is asked where plans, settings and places meet, so no door can forget it.

use std::collections::BTreeSet;

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_resource::Plan;
use cloudmesh_store::Change;

/// What a caller may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// Run plans after which something has no way back.
    pub destroy: bool,
    /// The places that exist for this caller; `None` for all.
    pub places: Option<BTreeSet<String>>,
    /// Change where a place that is there already leads: what is known of its credentials goes there.
    pub redirect: bool,
}

impl Default for Authority {
    fn default() -> Self {
        Self { destroy: true, places: None, redirect: true }
    }
}

impl Authority {
    /// Whether the place called `name` exists for this caller.
    #[must_use]
    pub fn sees(&self, name: &str) -> bool {
        self.places.as_ref().is_none_or(|places| places.contains(name))
    }

    /// Whether the caller may run `plan`.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`], saying what is missing.
    pub fn check_plan(&self, plan: &Plan) -> Result<()> {
        if let Some(step) = plan.steps.iter().find(|step| !self.sees(&step.place)) {
            return Err(Error::new(ErrorKind::Forbidden, "the plan touches a place that you may not use")
                .with("place", &step.place));
        }
        if !self.destroy && !plan.irreversible.is_empty() {
            return Err(Error::new(
                ErrorKind::Forbidden,
                format!("{} has no way back, and you may not destroy", plan.title),
            )
            .hint("ask for the right to destroy, or keep the plan for who has it"));
        }
        Ok(())
    }

    /// Whether the caller may make `changes` in our own folder, with a new configuration or without.
    ///
    /// # Errors
    /// [`ErrorKind::Forbidden`], saying what is missing.
    pub fn check_own(&self, changes: &[Change], configuration: bool) -> Result<()> {
        let Some(places) = &self.places else { return Ok(()) };
        let place = |change: &Change| match change {
            Change::Put(document, _) => places.contains(&document.place),
            Change::Delete { .. } => false,
        };
        if configuration || !changes.iter().all(place) {
            return Err(Error::new(
                ErrorKind::Forbidden,
                "settings hold for more places than those that you may use",
            )
            .hint("ask for the right to use all places"));
        }
        Ok(())
    }
}

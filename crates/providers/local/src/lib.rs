//! The provider that runs jobs on this computer: a durable queue of folders under
//! `CLOUDMESH_HOME/local`, and a runner process that ends when there is nothing left to run.
//!
//! It touches that folder, the folders that jobs name, and the processes it started; nothing else.

mod array;
mod job_folder;
mod place;
mod process;
mod queue;
mod run;
pub mod runner;
mod supervisor;

use std::collections::BTreeMap;
use std::sync::Arc;

use cloudmesh_model::{Error, Result};
use cloudmesh_resource::{Connection, Family, Place, PlaceDescription, Provider, Setting, Surroundings};

pub use place::LocalPlace;

/// The name of the place that is always there, and of its only queue.
pub const LOCAL: &str = "local";

/// The word after which the program becomes the runner: `cm local-runner`.
pub const RUNNER_COMMAND: &str = "local-runner";

static SETTINGS: &[Setting] = &[Setting {
    name: "slots",
    about: "How many processors jobs may use at once; all of them if it is not set",
    secret: false,
}];

/// The provider of `cm_type: local`.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalProvider;

impl Provider for LocalProvider {
    fn name(&self) -> &'static str {
        LOCAL
    }

    fn family(&self) -> Family {
        Family::Batch
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn discover(&self, _surroundings: &Surroundings) -> Result<Vec<PlaceDescription>> {
        Ok(vec![PlaceDescription {
            name: LOCAL.to_owned(),
            provider: LOCAL.to_owned(),
            heading: "this computer".to_owned(),
            source: "built in".to_owned(),
            settings: BTreeMap::new(),
            secrets: BTreeMap::new(),
            defaults: BTreeMap::new(),
        }])
    }

    fn connect(&self, place: PlaceDescription, connection: Connection) -> Result<Place> {
        let slots = match place.settings.get("slots").map(|text| text.trim()) {
            None | Some("") => None,
            Some(text) => match text.parse::<u64>() {
                Ok(slots) if slots > 0 => Some(slots),
                _ => {
                    return Err(Error::bad_input(format!("`slots` is `{text}`, not a number above 0"))
                        .at(&place.name)
                        .hint("set it to how many processors jobs may use at once"));
                }
            },
        };
        Ok(Place::Batch(Arc::new(LocalPlace::new(place.name, slots, connection))))
    }
}

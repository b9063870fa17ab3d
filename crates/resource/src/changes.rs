//! The changing half of every family, as the engine sees it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloudmesh_model::{Mark, NativeId, Result, ThingId, ThingKind};

use crate::{Action, Thing};

/// Contents of files that actions refer to by hash (scripts, user data).
pub type Attachments = BTreeMap<String, Arc<[u8]>>;

/// One action to perform.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub action: Action,
    /// The mark of what is made; travels inside the creating call. `None` for things that are not ours.
    pub mark: Option<Mark>,
    /// Native ids of all things that the action refers to.
    pub natives: BTreeMap<ThingId, NativeId>,
    /// Contents of all attachments that the action refers to.
    pub attachments: Attachments,
}

/// What an action did.
#[derive(Clone, Debug, Default)]
pub struct Performed {
    /// The native id of what was made.
    pub native: Option<NativeId>,
    /// The thing after the action, where the answer tells.
    pub thing: Option<Thing>,
    /// Whether the subject is known to be gone now.
    pub gone: bool,
}

/// A thing that carries a mark that was searched for.
#[derive(Clone, Debug)]
pub struct Found {
    /// The mark.
    pub mark: Mark,
    /// Its native id.
    pub native: NativeId,
    /// The thing itself.
    pub thing: Thing,
}

/// What a look at one thing showed.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Our id, as it was given.
    pub id: ThingId,
    /// The thing, or `None` if the service no longer knows it.
    pub thing: Option<Thing>,
}

/// A provider's changing half. The engine alone calls it, and it alone repeats.
#[async_trait]
pub trait Changes: Send + Sync {
    /// The place's name.
    fn place(&self) -> &str;

    /// How many actions one call of [`Changes::perform`] takes at the most.
    fn batch_size(&self) -> usize {
        1
    }

    /// How many calls of [`Changes::perform`] may be under way at once.
    fn concurrency(&self) -> usize {
        8
    }

    /// Performs actions: one result for each request, in order. Never repeats a changing call that may
    /// have had its effect: such a call ends as an error with [`cloudmesh_model::Retry::Uncertain`].
    async fn perform(&self, requests: Vec<Request>) -> Vec<Result<Performed>>;

    /// Searches for things of `kind` that carry one of `marks`, everywhere at this place, pages to the
    /// end. More than one thing with the same mark is reported as often. A kind whose actions are all
    /// repeatable answers with nothing.
    ///
    /// # Errors
    /// The service's, translated. An error never means "not there".
    async fn find(&self, kind: ThingKind, marks: &[Mark]) -> Result<Vec<Found>>;

    /// Looks at things of `kind` in as few calls as the service allows.
    ///
    /// # Errors
    /// The service's, translated. An error never means "gone".
    async fn look(&self, kind: ThingKind, things: &[(ThingId, NativeId)]) -> Result<Vec<Seen>>;

    /// How long after it was sent an uncertain call may still take effect here.
    fn settle_time(&self) -> Duration;
}

//! Steps that wait for a state: one look a place, kind and tick for all of them together.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use cloudmesh_model::{NativeId, Result, ThingId, ThingKind};
use cloudmesh_resource::{Place, Seen};

const FIRST_TICK: Duration = Duration::from_millis(400);
const LONGEST_TICK: Duration = Duration::from_secs(5);

/// Which look a waiting step belongs to.
pub(super) type Key = (String, ThingKind);

/// Steps that wait, by place and kind.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) groups: BTreeMap<Key, Group>,
    members: HashSet<usize>,
}

/// Steps that wait for things of one kind at one place.
pub(super) struct Group {
    /// Step, and when it began to wait.
    pub(super) steps: Vec<(usize, Instant)>,
    /// Whether a look is under way.
    pub(super) looking: bool,
    tick: Duration,
    pub(super) failures: u32,
}

impl Waiting {
    pub(super) fn add(&mut self, key: Key, step: usize) {
        let group = self.groups.entry(key).or_insert_with(|| Group {
            steps: Vec::new(),
            looking: false,
            tick: FIRST_TICK,
            failures: 0,
        });
        group.steps.push((step, Instant::now()));
        self.members.insert(step);
        group.tick = FIRST_TICK;
    }

    pub(super) fn contains(&self, step: usize) -> bool {
        self.members.contains(&step)
    }

    pub(super) fn remove(&mut self, key: &Key, step: usize) {
        if let Some(group) = self.groups.get_mut(key) {
            group.steps.retain(|(waiting, _)| *waiting != step);
        }
        self.members.remove(&step);
    }
}

impl Group {
    /// The pause before the next look; each is longer than the one before.
    pub(super) fn next_tick(&mut self) -> Duration {
        let tick = self.tick;
        self.tick = (tick * 3 / 2).min(LONGEST_TICK);
        tick
    }
}

/// Pauses, then looks.
pub(super) async fn look(
    place: Place,
    kind: ThingKind,
    things: Vec<(ThingId, NativeId)>,
    pause: Duration,
) -> Result<Vec<Seen>> {
    tokio::time::sleep(pause).await;
    place.changes().look(kind, &things).await
}

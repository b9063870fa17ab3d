//! Orders to stop the client at a certain call, and what became of them.

use serde::{Deserialize, Serialize};

/// Stop the client at a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopClient {
    /// At which call, counted from 1 since the order was given.
    pub call: u64,
    /// When in that call.
    pub moment: StopMoment,
    /// Count only calls that mean to change something.
    #[serde(default)]
    pub only_changes: bool,
    /// Whom to stop.
    #[serde(default)]
    pub target: StopTarget,
}

/// When in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopMoment {
    /// Nothing has taken effect.
    BeforeEffect,
    /// The effect took place, no answer was sent.
    AfterEffect,
    /// The answer was sent in full.
    AfterAnswer,
}

/// Whom to stop, with SIGKILL. The simulator never stops itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopTarget {
    /// This process.
    Pid(u32),
    /// The process at the other end of the connection, if its program has this name. Linux only.
    Process(String),
}

impl Default for StopTarget {
    fn default() -> Self {
        Self::Process("cm".to_owned())
    }
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopReport {
    /// The order.
    pub order: StopClient,
    /// How many calls were counted.
    pub seen: u64,
    /// Whether its call came.
    pub met: bool,
    /// The process that was stopped.
    pub stopped: Option<u32>,
    /// Why none was.
    pub problem: Option<String>,
}

/// An order that is being counted.
#[derive(Debug)]
pub(crate) struct Armed {
    pub(crate) order: StopClient,
    seen: u64,
    outcome: Option<Result<u32, String>>,
}

impl Armed {
    pub(crate) fn new(order: StopClient) -> Self {
        Self { order, seen: 0, outcome: None }
    }

    /// Counts a call; true when it is the one.
    pub(crate) fn meets(&mut self, is_change: bool) -> bool {
        if self.order.only_changes && !is_change {
            return false;
        }
        self.seen += 1;
        self.seen == self.order.call
    }

    pub(crate) fn ended(&mut self, outcome: Result<u32, String>) {
        self.outcome = Some(outcome);
    }

    pub(crate) fn report(&self) -> StopReport {
        StopReport {
            order: self.order.clone(),
            seen: self.seen,
            met: self.seen >= self.order.call,
            stopped: self.outcome.as_ref().and_then(|outcome| outcome.as_ref().ok().copied()),
            problem: self.outcome.as_ref().and_then(|outcome| outcome.as_ref().err().cloned()),
        }
    }
}

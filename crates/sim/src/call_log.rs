//! The calls that reached a cloud: what was asked, whether it meant to change something, how it ended. Bodies and
//! headers are not kept, so no secret is.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many calls are remembered.
const REMEMBERED: usize = 100_000;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Counted per cloud from 1, in the order of arrival.
    pub number: u64,
    /// When it arrived.
    pub at: Timestamp,
    /// The service: `identity`, `compute`, `image`, `network` or `volume`.
    pub service: String,
    /// The HTTP method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Whether it meant to change something. Fetching a token does not count.
    pub change: bool,
    /// How it ended.
    pub outcome: CallOutcome,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallOutcome {
    /// It is still under way.
    Pending,
    /// It was answered with this status.
    Answered(u16),
    /// The connection was dropped and nothing took effect.
    Dropped,
    /// It took effect with this status, and the connection was dropped without an answer.
    Lost(u16),
    /// The client was stopped and nothing took effect.
    StoppedBeforeEffect,
    /// It took effect with this status and the client was stopped without an answer.
    StoppedAfterEffect(u16),
    /// It was answered with this status and the client was stopped then.
    StoppedAfterAnswer(u16),
    /// A dead cloud or region does not answer.
    Dead,
}

/// The calls of one cloud.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    calls: VecDeque<CallRecord>,
    last: u64,
}

impl CallLog {
    /// Notes a call and gives it its number.
    pub(crate) fn arrived(&mut self, mut record: CallRecord) -> u64 {
        self.last += 1;
        record.number = self.last;
        if self.calls.len() == REMEMBERED {
            self.calls.pop_front();
        }
        self.calls.push_back(record);
        self.last
    }

    pub(crate) fn ended(&mut self, number: u64, outcome: CallOutcome) {
        let first = self.calls.front().map_or(0, |record| record.number);
        let index = number.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        if let Some(record) = index.and_then(|index| self.calls.get_mut(index)) {
            record.outcome = outcome;
        }
    }

    /// The calls after number `since`.
    pub(crate) fn since(&self, since: u64, only_changes: bool) -> Vec<CallRecord> {
        self.calls
            .iter()
            .filter(|record| record.number > since && (record.change || !only_changes))
            .cloned()
            .collect()
    }

    /// The number of the last call.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }
}

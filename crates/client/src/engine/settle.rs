//! Looking for what uncertain calls may have made: by mark, at once, and again when they can no
//! longer take effect.

use std::time::Duration;

use cloudmesh_model::{Mark, Result, Retry, ThingKind};
use cloudmesh_resource::{Found, Place};
use jiff::Timestamp;

/// One uncertain call.
#[derive(Clone, Debug)]
pub(super) struct Sought {
    pub(super) step: usize,
    pub(super) mark: Mark,
    pub(super) sent: Timestamp,
}

/// Searches until every mark is found, or until the last of the calls can no longer take effect.
pub(super) async fn search(
    place: Place,
    kind: ThingKind,
    sought: Vec<Sought>,
    now: Timestamp,
) -> (Vec<Sought>, Result<Vec<Found>>) {
    let marks: Vec<Mark> = sought.iter().map(|call| call.mark.clone()).collect();
    let first = find_patiently(&place, kind, &marks).await;
    let result = match first {
        Ok(found) if marks.iter().all(|mark| found.iter().any(|thing| thing.mark == *mark)) => Ok(found),
        Ok(_) => {
            let settled =
                sought.iter().map(|call| remaining(call.sent, now, place.changes().settle_time())).max();
            tokio::time::sleep(settled.unwrap_or_default()).await;
            find_patiently(&place, kind, &marks).await
        }
        Err(error) => Err(error),
    };
    (sought, result)
}

/// How long the call that was sent at `sent` may still take effect. A clock that was set back never
/// makes it longer than the whole time.
fn remaining(sent: Timestamp, now: Timestamp, settle: Duration) -> Duration {
    let elapsed = Duration::try_from(now.duration_since(sent)).unwrap_or_default();
    settle.saturating_sub(elapsed)
}

pub(super) async fn find_patiently(place: &Place, kind: ThingKind, marks: &[Mark]) -> Result<Vec<Found>> {
    let mut wait = Duration::from_millis(500);
    for _ in 0..4 {
        match place.changes().find(kind, marks).await {
            Err(error) if error.retry_class() != Retry::Permanent => {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            settled => return settled,
        }
    }
    place.changes().find(kind, marks).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_rest_of_the_settling_time_is_waited_for() {
        let sent: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-01-01T00:00:20Z".parse().unwrap();
        let settle = Duration::from_secs(30);
        assert_eq!(remaining(sent, later, settle), Duration::from_secs(10));
        assert_eq!(remaining(later, sent, settle), settle);
        assert_eq!(remaining(sent, later, Duration::from_secs(5)), Duration::ZERO);
    }
}

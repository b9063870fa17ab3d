//! When a call may be repeated, and after how long.

use std::time::Duration;

use cloudmesh_model::Retry;
use jiff::Timestamp;

use super::Effect;

/// The pause after the failed attempt number `attempt` (from 1): doubling, with a random part, so that
/// many callers do not come back all at once.
pub(super) fn pause(attempt: u32) -> Duration {
    let base = 100_u64 << attempt.saturating_sub(1).min(6);
    Duration::from_millis(base + fastrand::u64(0..=base / 2))
}

/// Whether a read that was answered with `status` is worth another try.
pub(super) fn worth_repeating(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// A `Retry-After` header: seconds, or a date.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Duration::from_secs(u64::from(seconds)));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

pub(super) fn retry_of(effect: Effect, status: u16, retry_after: Option<Duration>) -> Retry {
    let temporary = Retry::Temporary {
        after_ms: retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
    };
    match (effect, status) {
        (_, 429) => temporary,
        (Effect::Read, 500..=599) => temporary,
        (Effect::Read, _) => Retry::Permanent,
        // A service that says when to come back has refused the call before doing anything.
        (Effect::Change, 503) if retry_after.is_some() => temporary,
        (Effect::Change, 408 | 500..=599) => Retry::Uncertain,
        (Effect::Change, _) => Retry::Permanent,
    }
}

//! Moments as people write them: `2026-12-01T08:00`, `2026-12-01`, `+2h`, `2h` ago.

use cloudmesh_model::{Error, Result};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::time_limit;

/// A moment to come: a date and time in the zone of this computer, with a zone of its own, or `+` and how long
/// from now.
pub(crate) fn at(text: &str, now: Timestamp) -> Result<Timestamp> {
    if let Some(length) = text.strip_prefix('+') {
        return Ok(now + span(length)?);
    }
    absolute(text).ok_or_else(|| {
        Error::bad_input(format!("`{}` is not a date and time", cloudmesh_model::noun::printable(text)))
            .hint("write 2026-12-01T08:00, 2026-12-01, or +2h for two hours from now")
    })
}

/// A moment that is over: as [`at`], or how long ago.
pub(crate) fn since(text: &str, now: Timestamp) -> Result<Timestamp> {
    match absolute(text) {
        Some(moment) => Ok(moment),
        None => Ok(now - span(text)?),
    }
}

fn span(text: &str) -> Result<SignedDuration> {
    let seconds = i64::try_from(time_limit::seconds(text)?).unwrap_or(i64::MAX);
    if seconds > 100 * 365 * 86_400 {
        return Err(Error::bad_input("that is more than a hundred years"));
    }
    Ok(SignedDuration::from_secs(seconds))
}

fn absolute(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let local = match text.parse::<DateTime>() {
        Ok(local) => local,
        Err(_) => text.parse::<Date>().ok()?.to_datetime(jiff::civil::Time::midnight()),
    };
    local.to_zoned(TimeZone::system()).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_way_that_help_says() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        assert_eq!(at("+2h", now).unwrap().to_string(), "2026-11-22T14:00:00Z");
        assert_eq!(at("2026-12-01T08:00:00Z", now).unwrap().to_string(), "2026-12-01T08:00:00Z");
        assert!(at("2026-12-01T08:00", now).is_ok() && at("2026-12-01", now).is_ok());
        assert_eq!(since("1d", now).unwrap().to_string(), "2026-11-21T12:00:00Z");
        for bad in ["tomorrow", "", "+", "+x", "2026-13-01", "99:99"] {
            assert!(at(bad, now).is_err(), "{bad}");
        }
    }
}

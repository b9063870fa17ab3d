//! Run times as people write them: `30`, `30m`, `2h`, `1:30:00`, `2-12:00:00`.

use cloudmesh_model::{Error, Result};

/// Seconds of a run time. A bare number is minutes, as batch systems have it.
pub(crate) fn seconds(text: &str) -> Result<u64> {
    parse(text).filter(|seconds| *seconds > 0).ok_or_else(|| {
        Error::bad_input(format!("`{}` is not a run time", cloudmesh_model::noun::printable(text)))
            .hint("write minutes (30), or 90s, 30m, 2h, 3d, or H:MM:SS, or D-HH:MM:SS")
    })
}

fn parse(text: &str) -> Option<u64> {
    let (days, clock) = match text.split_once('-') {
        Some((days, clock)) => (number(days)?, clock),
        None => (0, text),
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let within_day = match parts.as_slice() {
        [one] if days > 0 => number(one)?.checked_mul(3600)?,
        [one] => match one.char_indices().last()? {
            (end, 's') => number(&one[..end])?,
            (end, 'm') => number(&one[..end])?.checked_mul(60)?,
            (end, 'h') => number(&one[..end])?.checked_mul(3600)?,
            (end, 'd') => number(&one[..end])?.checked_mul(86_400)?,
            _ => number(one)?.checked_mul(60)?,
        },
        [hours, minutes] if days > 0 => {
            number(hours)?.checked_mul(3600)?.checked_add(number(minutes)?.checked_mul(60)?)?
        }
        [minutes, seconds] => number(minutes)?.checked_mul(60)?.checked_add(number(seconds)?)?,
        [hours, minutes, seconds] => number(hours)?
            .checked_mul(3600)?
            .checked_add(number(minutes)?.checked_mul(60)?)?
            .checked_add(number(seconds)?)?,
        _ => return None,
    };
    days.checked_mul(86_400)?.checked_add(within_day)
}

fn number(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_times_are_understood_as_batch_systems_write_them() {
        for (text, expected) in [
            ("30", 1800),
            ("90s", 90),
            ("30m", 1800),
            ("2h", 7200),
            ("3d", 259_200),
            ("10:30", 630),
            ("1:30:00", 5400),
            ("2-12:00:00", 216_000),
            ("1-6", 108_000),
            ("1-6:30", 109_800),
        ] {
            assert_eq!(seconds(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_run_time_is_refused() {
        for text in ["", "0", "x", "-5", "1:2:3:4", "1h30", "99999999999999999999", "é", "9999999999999999-1"]
        {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}

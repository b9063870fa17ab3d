//! Moments as ages: `42s`, `3m`, `2h`, `5d`, `4y`. Rows hold RFC 3339 in UTC; its usual form is read
//! without a general parser, since lists hold thousands of them.

use jiff::Timestamp;

/// An age that is ready to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age {
    count: u64,
    unit: char,
    ahead: bool,
}

impl Age {
    /// The age of the moment `text` at `now` (seconds since 1970), or `None` if it is no moment.
    pub(crate) fn of(text: &str, now: i64) -> Option<Self> {
        seconds(text).map(|moment| Self::between(moment, now))
    }

    /// How long `moment` is away from `now`, both in seconds since 1970.
    pub(crate) fn between(moment: i64, now: i64) -> Self {
        let distance = now.abs_diff(moment);
        let (count, unit) = match distance {
            0..60 => (distance, 's'),
            60..3_600 => (distance / 60, 'm'),
            3_600..86_400 => (distance / 3_600, 'h'),
            86_400..31_536_000 => (distance / 86_400, 'd'),
            _ => (distance / 31_536_000, 'y'),
        };
        Self { count, unit, ahead: moment > now }
    }

    /// Columns that it takes.
    pub(crate) fn width(self) -> usize {
        let digits = self.count.checked_ilog10().map_or(1, |log| log as usize + 1);
        digits + 1 + if self.ahead { 3 } else { 0 }
    }

    /// Writes it.
    pub(crate) fn push(self, out: &mut String) {
        if self.ahead {
            out.push_str("in ");
        }
        push_number(self.count, out);
        out.push(self.unit);
    }

    /// It in words for sentences: `40 s`, `in 2 h`.
    pub(crate) fn words(self) -> String {
        format!("{}{} {}", if self.ahead { "in " } else { "" }, self.count, self.unit)
    }
}

/// Writes a number without the machinery of formatting.
pub(crate) fn push_number(number: u64, out: &mut String) {
    if number >= 10 {
        push_number(number / 10, out);
    }
    out.push(char::from(b'0' + (number % 10) as u8));
}

/// The seconds since 1970 of an RFC 3339 moment.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    usual(text.as_bytes()).or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_second))
}

/// `YYYY-MM-DDTHH:MM:SS[.fraction]Z`, and nothing else.
fn usual(text: &[u8]) -> Option<i64> {
    let (head, tail) = text.split_at_checked(19)?;
    let fraction = tail.strip_suffix(b"Z")?;
    let fraction_fits = match fraction {
        [] => true,
        [b'.', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !fraction_fits || separators.iter().any(|(place, wanted)| head[*place] != *wanted) {
        return None;
    }
    let number = |from: usize, to: usize| {
        head[from..to]
            .iter()
            .try_fold(0_i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days from 1970-01-01 in the proleptic Gregorian calendar, years beginning in March.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_reading_agrees_with_the_general_one() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59Z",
            "2024-12-31T00:00:01.25Z",
            "2026-03-01T12:00:00Z",
            "1969-07-20T20:17:40Z",
            "2100-02-28T10:20:30.123456789Z",
        ] {
            let general: Timestamp = text.parse().unwrap();
            let whole = general.as_duration().as_secs_f64().floor() as i64;
            assert_eq!(usual(text.as_bytes()), Some(whole), "{text}");
        }
        assert_eq!(usual(b"2024-12-31T00:00:01+02:00"), None);
        assert!(seconds("2024-12-31T00:00:01+02:00").is_some());
        assert_eq!(seconds("yesterday"), None);
        assert_eq!(seconds(""), None);
    }

    #[test]
    fn ages_are_short() {
        let shown = |distance: i64| {
            let age = Age::between(1_000_000_000 - distance, 1_000_000_000);
            let mut out = String::new();
            age.push(&mut out);
            assert_eq!(out.len(), age.width());
            out
        };
        assert_eq!(shown(0), "0s");
        assert_eq!(shown(59), "59s");
        assert_eq!(shown(180), "3m");
        assert_eq!(shown(7_300), "2h");
        assert_eq!(shown(5 * 86_400), "5d");
        assert_eq!(shown(3 * 366 * 86_400), "3y");
        assert_eq!(shown(-7_300), "in 2h");
    }
}

//! One job, or one task of an array, as any of the systems tells it, and how rows become jobs.

use std::collections::BTreeMap;

use cloudmesh_model::job::{Job, JobDetails, JobStatus};
use cloudmesh_model::{Installation, Mark, NativeId, ThingId};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// One row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The id as the system writes it: `123.vm`, `29[].vm`, `33[2].localhost`, `14`.
    pub(crate) native: String,
    /// Task of an array, or several.
    pub(crate) task: Option<String>,
    pub(crate) status: JobStatus,
    pub(crate) native_status: String,
    pub(crate) reason: Option<String>,
    pub(crate) user: String,
    pub(crate) queue: Option<String>,
    pub(crate) name: String,
    pub(crate) nodes: Option<u64>,
    pub(crate) cpus: Option<u64>,
    pub(crate) submitted: Option<Timestamp>,
    pub(crate) started: Option<Timestamp>,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) exit_code: Option<i64>,
    pub(crate) signal: Option<i64>,
    pub(crate) mark: Option<Mark>,
    pub(crate) details: JobDetails,
}

/// The number of a job or array, without task and server.
pub(crate) fn number(native: &str) -> Option<&str> {
    let native = native.trim();
    let digits = native.bytes().take_while(u8::is_ascii_digit).count();
    native.get(..digits).filter(|digits| !digits.is_empty())
}

/// The first mark in a text.
pub(crate) fn mark_in(text: &str) -> Option<Mark> {
    text.match_indices("cm-").find_map(|(at, _)| text.get(at..at + 44)?.parse().ok())
}

/// Seconds of `HH:MM:SS`, `D:HH:MM:SS`, or a number.
pub(crate) fn clock(text: &str) -> Option<u64> {
    let parts: Vec<u64> = text.trim().split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match parts.as_slice() {
        [seconds] => Some(*seconds),
        [minutes, seconds] => Some(minutes * 60 + seconds),
        [hours, minutes, seconds] => Some(hours * 3600 + minutes * 60 + seconds),
        [days, hours, minutes, seconds] => Some(days * 86_400 + hours * 3600 + minutes * 60 + seconds),
        _ => None,
    }
}

/// MiB of `102400kb`, `1gb`, `512mb`, `23.5G`, `4.383KB`.
pub(crate) fn mebibytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let at = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let value: f64 = text.get(..at)?.parse().ok().filter(|value| *value >= 0.0)?;
    let bytes = value
        * match text.get(at..)?.trim_end_matches('b') {
            "" => 1.0,
            "k" => 1024.0,
            "m" => 1_048_576.0,
            "g" => 1_073_741_824.0,
            "t" => 1_099_511_627_776.0,
            _ => return None,
        };
    Some((bytes / 1_048_576.0).ceil() as u64)
}

/// `Sun Nov  2 12:33:19 2026`, in UTC, as the scripts ask for it.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let moment = DateTime::strptime("%a %b %d %H:%M:%S %Y", text).ok()?;
    moment.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Seconds since 1970.
pub(crate) fn epoch(text: &str) -> Option<Timestamp> {
    Timestamp::from_second(text.trim().parse().ok()?).ok()
}

/// `2026-11-22T12:46:30`, in UTC.
pub(crate) fn iso(text: &str) -> Option<Timestamp> {
    let moment: DateTime = text.trim().parse().ok()?;
    moment.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Exit code and signal of a shell's status: above 128 a signal ended the script.
pub(crate) fn of_shell(code: i64) -> (Option<i64>, Option<i64>) {
    match code {
        129..=192 => (None, Some(code - 128)),
        256.. => (None, Some(code - 256)),
        _ => (Some(code), None),
    }
}

/// Rows as jobs, in the order of their first rows.
pub(crate) fn jobs(
    place: &str,
    installation: &Installation,
    marks: &BTreeMap<String, Mark>,
    rows: Vec<Row>,
) -> Vec<Job> {
    let mut order = Vec::new();
    let mut groups: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows {
        let Some(key) = number(&row.native).map(str::to_owned) else { continue };
        let group = groups.entry(key.clone()).or_default();
        if group.is_empty() {
            order.push(key);
        }
        group.push(row);
    }
    order
        .into_iter()
        .filter_map(|key| job(place, installation, marks.get(&key), groups.remove(&key)?))
        .collect()
}

fn job(place: &str, installation: &Installation, mark: Option<&Mark>, rows: Vec<Row>) -> Option<Job> {
    let leading = rows.iter().max_by_key(|row| rank(row.status))?.clone();
    let whole = rows.iter().find(|row| row.task.is_none()).unwrap_or(&leading);
    // An array by its own id, whatever task leads.
    let native = match (leading.native.split_once('['), rows.iter().any(|row| row.task.is_some())) {
        (Some((base, rest)), true) => {
            format!("{base}[]{}", rest.split_once(']').map_or("", |(_, server)| server))
        }
        _ => whole.native.clone(),
    };
    let mark = rows.iter().find_map(|row| row.mark.clone()).or_else(|| mark.cloned());
    let native = NativeId(native);
    let id = match &mark {
        Some(mark) if mark.installation() == installation => mark.thing(),
        _ => ThingId::seen(place, &native),
    };
    let tasks: Vec<&str> = rows.iter().filter_map(|row| row.task.as_deref()).collect();
    let ended = leading.status.ended();
    let over = rows.iter().filter(|row| row.status.ended()).count();
    let ill = rows.iter().filter(|row| row.status.ended() && row.status != JobStatus::Completed).count();
    let reason = if !tasks.is_empty() && ill > 0 {
        Some(format!("{over} tasks ended, {ill} of them not well"))
    } else {
        leading.reason.clone()
    };
    Some(Job {
        id,
        native: Some(native),
        place: place.to_owned(),
        name: whole.name.clone(),
        status: leading.status,
        native_status: leading.native_status.clone(),
        reason,
        user: leading.user.clone(),
        queue: leading.queue.clone(),
        nodes: leading.nodes,
        cpus: leading.cpus,
        array: (!tasks.is_empty()).then(|| tasks.join(",")),
        submitted: rows.iter().filter_map(|row| row.submitted).min(),
        started: rows.iter().filter_map(|row| row.started).min(),
        ended: if ended { rows.iter().filter_map(|row| row.ended).max() } else { None },
        exit_code: if ended { rows.iter().filter_map(|row| row.exit_code).max() } else { None },
        signal: if ended { rows.iter().filter_map(|row| row.signal).max() } else { None },
        folder: None,
        mark,
        details: leading.details,
    })
}

fn rank(status: JobStatus) -> u8 {
    match status {
        JobStatus::Running => 15,
        JobStatus::Completing => 14,
        JobStatus::Suspended => 13,
        JobStatus::Unknown => 12,
        JobStatus::Pending => 11,
        JobStatus::Held => 10,
        JobStatus::OutOfMemory => 5,
        JobStatus::Failed => 4,
        JobStatus::TimedOut => 3,
        JobStatus::Cancelled => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_times_and_sizes_are_read() {
        assert_eq!((number("29[].vm"), number("123.vm"), number("x")), (Some("29"), Some("123"), None));
        assert_eq!(
            (clock("01:02:03"), clock("1:00:00:00"), clock("90"), clock("a")),
            (Some(3723), Some(86_400), Some(90), None)
        );
        assert_eq!(
            (mebibytes("102400kb"), mebibytes("8gb"), mebibytes("4.383KB"), mebibytes("-")),
            (Some(100), Some(8192), Some(1), None)
        );
        assert_eq!(date("Sun Nov  2 12:33:19 2026"), None, "that was a Monday");
        assert_eq!(date("Mon Nov  2 12:33:19 2026").unwrap().to_string(), "2026-11-02T12:33:19Z");
        assert_eq!(of_shell(137), (None, Some(9)));
        assert_eq!(of_shell(3), (Some(3), None));
    }
}

//! What `squeue` and `sacct` say about jobs, row by row, and how rows become jobs: an array is many
//! rows and one job.

use std::collections::BTreeMap;

use cloudmesh_model::job::{Job, JobDetails, JobStatus};
use cloudmesh_model::{Installation, Mark, NativeId, ThingId};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// One row of either command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The number that the job, or the whole array, was given when it was submitted.
    pub(crate) base: String,
    /// Task of an array, or several: `3`, `4-7%2`.
    pub(crate) task: Option<String>,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) exit: Option<(i64, i64)>,
    pub(crate) user: String,
    pub(crate) queue: Option<String>,
    pub(crate) nodes: Option<u64>,
    pub(crate) cpus: Option<u64>,
    pub(crate) submitted: Option<Timestamp>,
    pub(crate) started: Option<Timestamp>,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) comment: String,
    pub(crate) folder: Option<String>,
    pub(crate) name: String,
    /// When the scheduler expects it to start.
    pub(crate) expected: Option<Timestamp>,
    /// What only accounting tells.
    pub(crate) details: JobDetails,
}

impl Row {
    /// A record of `squeue` in the scripts' format. A name may hold anything, so it comes last.
    pub(crate) fn of_queue(fields: &[&str]) -> Option<Self> {
        let [
            id,
            array,
            task,
            user,
            queue,
            state,
            reason,
            nodes,
            cpus,
            submitted,
            started,
            ended,
            comment,
            folder,
            name @ ..,
        ] = fields
        else {
            return None;
        };
        let base = if is_number(array) { array } else { id };
        if !is_number(base) {
            return None;
        }
        let status = status(state, reason);
        Some(Self {
            base: (*base).to_owned(),
            task: text(task),
            reason: text(reason),
            exit: None,
            user: (*user).to_owned(),
            queue: text(queue),
            nodes: number(nodes),
            cpus: number(cpus),
            submitted: moment(submitted),
            // What waits has only a forecast.
            started: moment(started).filter(|_| !matches!(status, JobStatus::Pending | JobStatus::Held)),
            ended: moment(ended).filter(|_| status.ended()),
            comment: (*comment).to_owned(),
            folder: text(folder),
            name: name.join("\u{1f}"),
            state: (*state).to_owned(),
            expected: moment(started).filter(|_| matches!(status, JobStatus::Pending)),
            details: JobDetails::default(),
        })
    }

    /// A record of `sacct` in the scripts' format.
    pub(crate) fn of_accounting(fields: &[&str]) -> Option<Self> {
        let [
            id,
            state,
            exit,
            user,
            queue,
            nodes,
            cpus,
            submitted,
            started,
            ended,
            reason,
            comment,
            folder,
            name @ ..,
        ] = fields
        else {
            return None;
        };
        let (base, task) = split_id(id)?;
        Some(Self {
            base,
            task,
            reason: text(reason),
            exit: exit_of(exit),
            user: (*user).to_owned(),
            queue: text(queue),
            nodes: number(nodes),
            cpus: number(cpus),
            submitted: moment(submitted),
            started: moment(started),
            ended: moment(ended),
            comment: (*comment).to_owned(),
            folder: text(folder),
            name: name.join("\u{1f}"),
            state: (*state).to_owned(),
            expected: None,
            details: JobDetails::default(),
        })
    }

    pub(crate) fn status(&self) -> JobStatus {
        status(&self.state, self.reason.as_deref().unwrap_or_default())
    }

    /// Whether it is the record that Slurm keeps of some submissions that it refused: no job.
    pub(crate) fn is_refused(&self) -> bool {
        self.state == "FAILED" && self.reason.as_deref() == Some("BadConstraints")
    }

    /// Our mark: in the comment, or in the folder's name, which accounting keeps always.
    pub(crate) fn mark(&self) -> Option<Mark> {
        mark_in(&self.comment).or_else(|| mark_in(self.folder.as_deref()?))
    }
}

/// The job's own number and the array task in an id such as `41`, `41_3`, `41_[4-7%2]`, `72+0`, `8;rig`.
pub(crate) fn split_id(id: &str) -> Option<(String, Option<String>)> {
    let id = id.trim();
    let id = id.split(';').next().unwrap_or(id);
    let digits = id.bytes().take_while(u8::is_ascii_digit).count();
    let (base, rest) = id.split_at_checked(digits).filter(|(base, _)| is_number(base))?;
    match rest.strip_prefix('_') {
        Some(task) => {
            let task = task.trim_start_matches('[').trim_end_matches(']');
            (!task.is_empty()).then(|| (base.to_owned(), Some(task.to_owned())))
        }
        None if rest.is_empty() || rest.starts_with(['+', '.']) => Some((base.to_owned(), None)),
        None => None,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 19 && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn text(field: &str) -> Option<String> {
    (!matches!(field, "" | "(null)" | "N/A" | "n/a" | "None" | "Unknown")).then(|| field.to_owned())
}

pub(crate) fn number(field: &str) -> Option<u64> {
    let field = field.trim();
    match field.strip_suffix(['K', 'k']) {
        Some(thousands) => {
            Some((thousands.parse::<f64>().ok().filter(|n| *n >= 0.0 && *n < 1e12)? * 1000.0) as u64)
        }
        None => field.parse().ok(),
    }
}

pub(crate) fn moment(field: &str) -> Option<Timestamp> {
    // The scripts ask in UTC.
    field.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// `CODE:SIGNAL`.
fn exit_of(field: &str) -> Option<(i64, i64)> {
    let (code, signal) = field.trim().split_once(':')?;
    Some((code.parse().ok()?, signal.parse().ok()?))
}

/// A wait status, as the controller gives it.
pub(crate) fn exit_of_wait_status(status: i64) -> (i64, i64) {
    ((status >> 8) & 0xff, status & 0x7f)
}

/// Slurm's word for a state, in ours.
pub(crate) fn status(state: &str, reason: &str) -> JobStatus {
    // `CANCELLED by 1001`, and a `+` where a column was too narrow.
    let word = state.split_whitespace().next().unwrap_or_default().trim_end_matches('+');
    match word {
        "PENDING" | "PD" if reason.starts_with("JobHeld") => JobStatus::Held,
        "PENDING" | "PD" | "CONFIGURING" | "CF" | "REQUEUED" | "RQ" | "REQUEUE_FED" | "RF"
        | "POWER_UP_NODE" => JobStatus::Pending,
        "REQUEUE_HOLD" | "RH" | "RESV_DEL_HOLD" | "RD" | "SPECIAL_EXIT" | "SE" => JobStatus::Held,
        "RUNNING" | "R" | "RESIZING" | "RS" | "SIGNALING" | "SI" => JobStatus::Running,
        "SUSPENDED" | "S" | "STOPPED" | "ST" => JobStatus::Suspended,
        "COMPLETING" | "CG" | "STAGE_OUT" | "SO" => JobStatus::Completing,
        "COMPLETED" | "CD" => JobStatus::Completed,
        "FAILED" | "F" | "LAUNCH_FAILED" | "RECONFIG_FAIL" => JobStatus::Failed,
        "CANCELLED" | "CA" | "PREEMPTED" | "PR" | "REVOKED" | "RV" => JobStatus::Cancelled,
        "TIMEOUT" | "TO" | "DEADLINE" | "DL" => JobStatus::TimedOut,
        "OUT_OF_MEMORY" | "OOM" => JobStatus::OutOfMemory,
        "NODE_FAIL" | "NF" | "BOOT_FAIL" | "BF" => JobStatus::NodeFailed,
        _ => JobStatus::Unknown,
    }
}

/// The first mark in a text: sites add to comments, and folders have other names around it.
pub(crate) fn mark_in(text: &str) -> Option<Mark> {
    text.match_indices("cm-").find_map(|(at, _)| text.get(at..at + 44)?.parse().ok())
}

/// Rows as jobs, in the order of their first rows.
pub(crate) fn jobs(place: &str, installation: &Installation, rows: Vec<Row>) -> Vec<Job> {
    let mut order = Vec::new();
    let mut groups: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows {
        let group = groups.entry(row.base.clone()).or_default();
        if group.is_empty() {
            order.push(row.base.clone());
        }
        group.push(row);
    }
    order.into_iter().filter_map(|base| job(place, installation, groups.remove(&base)?)).collect()
}

fn job(place: &str, installation: &Installation, rows: Vec<Row>) -> Option<Job> {
    // The row that decides the state of them all: what runs before what waits before what failed.
    let leading = rows.iter().max_by_key(|row| rank(row.status()))?.clone();
    let native = NativeId(leading.base.clone());
    let mark = rows.iter().find_map(Row::mark);
    let id = match &mark {
        Some(mark) if mark.installation() == installation => mark.thing(),
        _ => ThingId::seen(place, &native),
    };
    let status = leading.status();
    let array = tasks(&rows);
    let over = rows.iter().filter(|row| row.status().ended()).count();
    let ill = rows.iter().filter(|row| row.status().ended() && row.status() != JobStatus::Completed).count();
    let reason = match &array {
        Some(_) if ill > 0 => Some(format!("{over} tasks ended, {ill} of them not well")),
        _ => leading
            .reason
            .as_deref()
            .filter(|reason| *reason != "None")
            .and_then(|native| crate::reason::in_words(native, status)),
    };
    let exits = || rows.iter().filter(|row| exits_by_itself(row.status())).filter_map(|row| row.exit);
    let (exit_code, signal) = if status.ended() {
        (
            exits().filter(|(_, signal)| *signal == 0).map(|(code, _)| code).max(),
            rows.iter()
                .filter_map(|row| row.exit)
                .map(|(_, signal)| signal)
                .filter(|signal| *signal != 0)
                .max(),
        )
    } else {
        (None, None)
    };
    let exit_code = exit_code.or((status == JobStatus::Completed).then_some(0));
    Some(Job {
        id,
        native: Some(native),
        place: place.to_owned(),
        name: leading.name.clone(),
        status,
        native_status: leading.state.clone(),
        reason,
        user: leading.user.clone(),
        queue: leading.queue.clone(),
        nodes: leading.nodes,
        cpus: leading.cpus,
        array,
        submitted: rows.iter().filter_map(|row| row.submitted).min(),
        started: rows.iter().filter_map(|row| row.started).min(),
        ended: if status.ended() { rows.iter().filter_map(|row| row.ended).max() } else { None },
        exit_code,
        signal,
        folder: leading.folder.clone(),
        mark,
        details: JobDetails {
            native_reason: leading.reason.clone().filter(|reason| reason != "None"),
            expected_start: leading.expected,
            ..leading.details.clone()
        },
    })
}

fn exits_by_itself(status: JobStatus) -> bool {
    matches!(status, JobStatus::Completed | JobStatus::Failed)
}

fn rank(status: JobStatus) -> u8 {
    match status {
        JobStatus::Running => 15,
        JobStatus::Completing => 14,
        JobStatus::Suspended => 13,
        JobStatus::Unknown => 12,
        JobStatus::Pending => 11,
        JobStatus::Held => 10,
        JobStatus::NodeFailed => 6,
        JobStatus::OutOfMemory => 5,
        JobStatus::Failed => 4,
        JobStatus::TimedOut => 3,
        JobStatus::Cancelled => 2,
        _ => 1,
    }
}

/// The array's indices as far as the cluster still shows them: tasks in ranges, then what waits as
/// the cluster writes it.
fn tasks(rows: &[Row]) -> Option<String> {
    let mut single: Vec<u64> = Vec::new();
    let mut several: Vec<&str> = Vec::new();
    for task in rows.iter().filter_map(|row| row.task.as_deref()) {
        match task.parse() {
            Ok(index) => single.push(index),
            Err(_) => several.push(task),
        }
    }
    single.sort_unstable();
    single.dedup();
    let mut parts: Vec<String> = Vec::new();
    let mut indices = single.into_iter().peekable();
    while let Some(first) = indices.next() {
        let mut last = first;
        while let Some(next) = indices.next_if(|next| *next == last + 1) {
            last = next;
        }
        parts.push(if first == last { first.to_string() } else { format!("{first}-{last}") });
    }
    parts.extend(several.into_iter().map(str::to_owned));
    (!parts.is_empty()).then(|| parts.join(","))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARK: &str = "cm-0a1b2c3d-0123456789ab7cdef0123456789abcde";

    fn queue_row(text: &str) -> Row {
        Row::of_queue(&text.split('|').collect::<Vec<_>>()).unwrap()
    }

    fn past_row(text: &str) -> Row {
        Row::of_accounting(&text.split('|').collect::<Vec<_>>()).unwrap()
    }

    fn one(rows: Vec<Row>) -> Job {
        let mut jobs = jobs("india", &"0a1b2c3d".parse().unwrap(), rows);
        assert_eq!(jobs.len(), 1);
        jobs.remove(0)
    }

    #[test]
    fn a_waiting_job_has_a_forecast_and_no_start() {
        let row = queue_row(&format!(
            "54|54|N/A|hpcuser|compute|PENDING|Resources|3|3|2026-11-22T12:41:48|2026-11-23T14:45:45|2026-11-23T15:45:45|{MARK},stdout=/home/x|/home/hpcuser/cloudmesh/{MARK}|wants|nodes"
        ));
        let job = one(vec![row]);
        assert_eq!((job.status, job.started, job.ended), (JobStatus::Pending, None, None));
        assert_eq!(job.details.native_reason.as_deref(), Some("Resources"));
        assert_eq!(job.reason.as_deref(), Some("waits until enough nodes or processors are free"));
        assert_eq!(job.details.expected_start.unwrap().to_string(), "2026-11-23T14:45:45Z");
        assert_eq!(job.name, "wants\u{1f}nodes");
        assert_eq!(job.mark.as_ref().map(ToString::to_string).as_deref(), Some(MARK));
        assert_eq!(job.id, job.mark.unwrap().thing());
        assert_eq!(job.submitted.unwrap().to_string(), "2026-11-22T12:41:48Z");
        assert_eq!(job.nodes, Some(3));
    }

    #[test]
    fn an_array_is_one_job_with_its_tasks() {
        let common = "hpcuser|compute|{state}|{reason}|1|1|2026-11-22T12:41:43|2026-11-22T12:41:44|2026-11-22T12:41:44||/home/x|arr";
        let row = |task: &str, state: &str, reason: &str| {
            let common = common.replace("{state}", state).replace("{reason}", reason);
            queue_row(&format!("50|41|{task}|{common}"))
        };
        let rows = vec![
            row("4-7%2", "PENDING", "JobArrayTaskLimit"),
            row("0", "COMPLETED", "None"),
            row("1", "COMPLETED", "None"),
            row("3", "RUNNING", "None"),
        ];
        let job = one(rows.clone());
        assert_eq!((job.status, job.native.as_ref().unwrap().as_str()), (JobStatus::Running, "41"));
        assert_eq!(job.array.as_deref(), Some("0-1,3,4-7%2"));
        assert_eq!(job.ended, None);
        let over = one(vec![rows[1].clone(), row("2", "FAILED", "NonZeroExitCode")]);
        assert_eq!(over.status, JobStatus::Failed);
        assert_eq!(over.reason.as_deref(), Some("2 tasks ended, 1 of them not well"));
    }

    #[test]
    fn accounting_tells_how_a_job_ended() {
        let tail =
            "hpcuser|debug|1|1|2026-11-22T12:39:51|2026-11-22T12:39:52|2026-11-22T12:39:58|None||/home/x|n";
        let ended = |state: &str, exit: &str| {
            let job = one(vec![past_row(&format!("5|{state}|{exit}|{tail}"))]);
            (job.status, job.exit_code, job.signal)
        };
        assert_eq!(ended("COMPLETED", "0:0"), (JobStatus::Completed, Some(0), None));
        assert_eq!(ended("FAILED", "3:0"), (JobStatus::Failed, Some(3), None));
        assert_eq!(ended("FAILED", "0:9"), (JobStatus::Failed, None, Some(9)));
        assert_eq!(ended("CANCELLED by 1001", "0:0"), (JobStatus::Cancelled, None, None));
        assert_eq!(ended("TIMEOUT", "0:0"), (JobStatus::TimedOut, None, None));
        assert_eq!(ended("DEADLINE", "1:0"), (JobStatus::TimedOut, None, None));
        assert_eq!(ended("NODE_FAIL", "0:0"), (JobStatus::NodeFailed, None, None));
        assert_eq!(ended("FROBNICATED", "0:0"), (JobStatus::Unknown, None, None));
        assert_eq!(exit_of_wait_status(768), (3, 0));
        assert_eq!(exit_of_wait_status(9), (0, 9));
    }

    #[test]
    fn every_way_of_writing_an_id_is_read() {
        let split = |id: &str| split_id(id).map(|(base, task)| (base, task.unwrap_or_default()));
        let pair = |base: &str, task: &str| Some((base.to_owned(), task.to_owned()));
        assert_eq!(split("41"), pair("41", ""));
        assert_eq!(split("41_1"), pair("41", "1"));
        assert_eq!(split("41_[4-7%2]"), pair("41", "4-7%2"));
        assert_eq!(split("72+1"), pair("72", ""));
        assert_eq!(split("8;rig"), pair("8", ""));
        assert_eq!(split("4.batch"), pair("4", ""));
        for id in ["", "abc", "4x", "_1", "4_"] {
            assert_eq!(split(id), None, "{id}");
        }
    }

    #[test]
    fn held_and_odd_states_have_their_words() {
        assert_eq!(status("PENDING", "JobHeldUser"), JobStatus::Held);
        assert_eq!(status("PENDING", "JobHeldAdmin"), JobStatus::Held);
        assert_eq!(status("PENDING", "Priority"), JobStatus::Pending);
        assert_eq!(status("COMPLETI+", ""), JobStatus::Unknown);
        assert_eq!(status("CANCELLED+", ""), JobStatus::Cancelled);
        assert_eq!(status("PREEMPTED", ""), JobStatus::Cancelled);
        assert_eq!(status("", ""), JobStatus::Unknown);
    }

    proptest! {
        #[test]
        fn no_record_makes_it_panic(fields in proptest::collection::vec("[ -~é\\n]{0,12}", 0..20)) {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            let rows: Vec<Row> = Row::of_queue(&fields).into_iter().chain(Row::of_accounting(&fields)).collect();
            let _ = jobs("x", &"0a1b2c3d".parse().unwrap(), rows);
        }

        #[test]
        fn a_mark_is_found_wherever_it_stands(before in ".{0,20}", after in ".{0,20}") {
            let found = mark_in(&format!("{before}{MARK}{after}"));
            prop_assert_eq!(found.map(|mark| mark.to_string()), Some(MARK.to_owned()));
        }

        #[test]
        fn any_text_as_a_name_comes_back(name in "[^\u{1f}\u{1e}\u{1d}]{0,40}") {
            let text = "5|5|N/A|u|q|RUNNING|None|1|1|N/A|N/A|N/A||/x".replace('|', "\u{1f}");
            let record = format!("{text}\u{1f}{name}");
            let row = Row::of_queue(&record.split('\u{1f}').collect::<Vec<_>>()).unwrap();
            prop_assert_eq!(row.name, name);
        }
    }
}

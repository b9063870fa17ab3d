//! Grid Engine: the XML of `qstat -xml`, `qstat -g c -xml` and `qhost -q -xml`, the records of `qacct -j`. States are those of
//! sge_status(5) and qstat(1), the codes of `failed` those of accounting(5), of Son of Grid Engine 8.1.9.

use cloudmesh_model::job::{JobDetails, JobStatus, Node, Queue};
use cloudmesh_model::{NativeId, Result, ThingId};
use roxmltree::Node as Element;

use crate::row::{Row, date, iso, mebibytes, of_shell};
use crate::xml::{self, child, unescape};

/// The jobs of `qstat -xml`.
pub(crate) fn jobs(text: &str) -> Result<Vec<Row>> {
    xml::with(text, |root| {
        root.descendants().filter(|node| node.has_tag_name("job_list")).filter_map(row).collect()
    })
}

fn row(job: Element<'_, '_>) -> Option<Row> {
    let id = child(job, "JB_job_number")?;
    let state = child(job, "state").unwrap_or_default();
    let (status, reason) = status(state);
    let queue = child(job, "queue_name").map(|name| name.split('@').next().unwrap_or(name).to_owned());
    Some(Row {
        native: id.to_owned(),
        task: child(job, "tasks").map(|tasks| tasks.trim_end_matches(":1").to_owned()),
        status,
        native_status: state.to_owned(),
        reason: reason.map(str::to_owned),
        user: child(job, "JB_owner").unwrap_or_default().to_owned(),
        queue,
        name: unescape(child(job, "JB_name").unwrap_or_default()),
        nodes: None,
        cpus: child(job, "slots").and_then(|slots| slots.parse().ok()),
        submitted: child(job, "JB_submission_time").and_then(iso),
        started: child(job, "JAT_start_time").and_then(iso),
        ended: None,
        exit_code: None,
        signal: None,
        mark: None,
        details: JobDetails::default(),
    })
}

/// States are letters: `r` running, `t` starting, `R` restarted, `q` queued, `w` waits, `h` held, `E` error, `d` being deleted,
/// `s` `S` `T` suspended, `z` ended.
fn status(state: &str) -> (JobStatus, Option<&'static str>) {
    let has = |letter: char| state.contains(letter);
    if has('z') {
        // Only the records tell how.
        (JobStatus::Unknown, Some("it has ended; its records tell how"))
    } else if has('d') {
        (JobStatus::Completing, Some("it is being deleted"))
    } else if has('E') {
        (
            JobStatus::Held,
            Some("its start failed: `qstat -j` there says why; cancel it, or have its error cleared"),
        )
    } else if has('q') {
        match has('h') {
            true => (JobStatus::Held, Some("held, or waits for another job")),
            false => (JobStatus::Pending, Some("waits until slots are free")),
        }
    } else if has('s') || has('S') || has('T') {
        (JobStatus::Suspended, Some("suspended by its owner, the operators or its queue"))
    } else if has('r') || has('t') || has('R') {
        (JobStatus::Running, None)
    } else {
        (JobStatus::Unknown, None)
    }
}

/// The records of `qacct -j`: `name value` lines, records divided by a line of `=`.
pub(crate) fn records(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut values: Vec<(&str, &str)> = Vec::new();
    for line in text.lines().chain(["==="]) {
        if line.starts_with("===") {
            rows.extend(record(&values));
            values.clear();
        } else if let Some((name, value)) = line.split_once(char::is_whitespace) {
            values.push((name, value.trim()));
        }
    }
    rows
}

fn record(values: &[(&str, &str)]) -> Option<Row> {
    let value = |wanted: &str| {
        values
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| *value)
            .filter(|value| !matches!(*value, "" | "NONE" | "undefined" | "-/-"))
    };
    let first = |name: &str| value(name)?.split_whitespace().next()?.parse::<i64>().ok();
    let seconds = |name: &str| -> Option<u64> {
        let number: f64 = value(name)?.trim_end_matches('s').parse().ok()?;
        (number >= 0.0).then_some(number as u64)
    };
    let id = value("jobnumber")?;
    let failed = first("failed").unwrap_or(0);
    let exit = first("exit_status").unwrap_or(0);
    let why = value("failed").and_then(|failed| Some(failed.split_once(':')?.1.trim().to_owned()));
    let (code, signal) = of_shell(exit);
    let deleted = value("deleted_by").is_some();
    let limit = why
        .as_deref()
        .is_some_and(|why| why.contains("h_rt") || why.contains("h_cpu") || why.contains("s_rt"));
    let status = match (failed, exit) {
        (0, 0) => JobStatus::Completed,
        (37, _) if limit || why.is_none() => JobStatus::TimedOut,
        (37, _) if why.as_deref().is_some_and(|why| why.contains("vmem") || why.contains("rss")) => {
            JobStatus::OutOfMemory
        }
        // `assumedly after job`: the script was killed; by qdel, mostly, with SIGKILL.
        (100, 137) if deleted => JobStatus::Cancelled,
        _ => JobStatus::Failed,
    };
    let started = value("start_time").and_then(date);
    let never = started.is_none();
    Some(Row {
        native: id.to_owned(),
        task: value("taskid").map(str::to_owned),
        status: if never && failed != 0 { JobStatus::Failed } else { status },
        native_status: format!("failed {failed}, exit_status {exit}"),
        reason: match status {
            JobStatus::Completed => None,
            JobStatus::TimedOut => Some("reached its time limit".to_owned()),
            _ if failed == 100 => signal.map(|signal| format!("ended by signal {signal}")),
            _ if failed != 0 => why,
            _ => Some(format!("ended with exit status {exit}")),
        },
        user: value("owner").unwrap_or_default().to_owned(),
        queue: value("qname").map(str::to_owned),
        name: value("jobname").unwrap_or_default().to_owned(),
        nodes: None,
        cpus: first("slots").and_then(|slots| u64::try_from(slots).ok()),
        submitted: value("qsub_time").and_then(date),
        started,
        ended: value("end_time").and_then(date),
        exit_code: if status == JobStatus::TimedOut { None } else { code },
        signal,
        mark: None,
        details: JobDetails {
            native_reason: value("failed").filter(|failed| *failed != "0").map(str::to_owned),
            account: value("account").filter(|account| *account != "sge").map(str::to_owned),
            time_limit: None,
            expected_start: None,
            elapsed: seconds("ru_wallclock"),
            cpu_time: seconds("cpu"),
            peak_memory: value("maxvmem").and_then(mebibytes),
        },
    })
}

/// Ids and marks of `qstat -j '*'`: the only place where a job's variables are shown.
pub(crate) fn marks(text: &str) -> Vec<(String, cloudmesh_model::Mark)> {
    let mut found = Vec::new();
    let mut id = None;
    for line in text.lines() {
        if let Some(number) = line.strip_prefix("job_number:") {
            id = Some(number.trim().to_owned());
        } else if let (Some(id), Some((_, rest))) = (&id, line.split_once("CLOUDMESH_MARK="))
            && let Some(mark) = crate::row::mark_in(rest)
        {
            found.push((id.clone(), mark));
        }
    }
    found
}

/// The queues of `qstat -g c -xml`.
pub(crate) fn queues(place: &str, text: &str) -> Result<Vec<Queue>> {
    xml::with(text, |root| {
        root.descendants()
            .filter(|node| node.has_tag_name("cluster_queue_summary"))
            .filter_map(|queue| {
                let name = child(queue, "name")?;
                let count = |name: &str| child(queue, name).and_then(|count| count.parse::<u64>().ok());
                let (total, out) = (
                    count("total"),
                    count("manual_intervention").unwrap_or(0) + count("temp_disabled").unwrap_or(0),
                );
                Some(Queue {
                    id: ThingId::seen(place, &NativeId::from(name)),
                    place: place.to_owned(),
                    name: name.to_owned(),
                    status: if total.is_some_and(|total| total > 0 && out >= total) { "down" } else { "up" }
                        .to_owned(),
                    default: false,
                    time_limit: None,
                    nodes: None,
                    idle_nodes: None,
                    cpus: total,
                    idle_cpus: count("available"),
                    features: Vec::new(),
                })
            })
            .collect()
    })
}

/// The hosts of `qhost -q -xml`.
pub(crate) fn nodes(place: &str, text: &str) -> Result<Vec<Node>> {
    let named = |node: Element<'_, '_>, tag: &str, name: &str| -> Option<String> {
        node.children()
            .find(|child| child.has_tag_name(tag) && child.attribute("name") == Some(name))?
            .text()
            .map(str::trim)
            .filter(|text| !matches!(*text, "" | "-"))
            .map(str::to_owned)
    };
    xml::with(text, |root| {
        root.descendants()
            .filter(|node| node.has_tag_name("host"))
            .filter_map(|host| {
                let name = host.attribute("name").filter(|name| *name != "global")?;
                let mut queues = Vec::new();
                let (mut used, mut states) = (0, String::new());
                for queue in host.children().filter(|child| child.has_tag_name("queue")) {
                    queues.extend(queue.attribute("name").map(str::to_owned));
                    used += named(queue, "queuevalue", "slots_used")
                        .and_then(|count| count.parse::<u64>().ok())
                        .unwrap_or(0);
                    states.push_str(&named(queue, "queuevalue", "state_string").unwrap_or_default());
                }
                let cpus = named(host, "hostvalue", "num_proc").and_then(|count| count.parse().ok());
                let status = if states.contains('u') || cpus.is_none() {
                    "down"
                } else if states.contains('d')
                    && !queues.is_empty()
                    && states.matches('d').count() >= queues.len()
                {
                    "drained"
                } else if used == 0 {
                    "idle"
                } else if cpus.is_some_and(|cpus| used >= cpus) {
                    "busy"
                } else {
                    "mixed"
                };
                Some(Node {
                    id: ThingId::seen(place, &NativeId::from(name)),
                    place: place.to_owned(),
                    name: name.to_owned(),
                    status: status.to_owned(),
                    native_status: states,
                    reason: None,
                    queues,
                    cpus,
                    used_cpus: Some(used),
                    memory: named(host, "hostvalue", "mem_total").and_then(|memory| mebibytes(&memory)),
                    used_memory: named(host, "hostvalue", "mem_used").and_then(|memory| mebibytes(&memory)),
                    features: Vec::new(),
                })
            })
            .collect()
    })
}

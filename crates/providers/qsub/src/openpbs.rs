//! OpenPBS and PBS Pro: the JSON of `qstat -f -F json` and `pbsnodes -F json`. The fields are those of
//! pbs_job_attributes(7B), pbs_server_attributes(7B) and pbs_node_attributes(7B) of OpenPBS 23.06.

use cloudmesh_model::job::{JobDetails, JobStatus, Node, Queue};
use cloudmesh_model::{Error, ErrorKind, NativeId, Result, ThingId};
use serde_json::Value;

use crate::row::{Row, clock, date, epoch, mark_in, mebibytes, of_shell};

fn parse(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| {
        Error::new(ErrorKind::Service, format!("the answer is not JSON: {error}"))
            .hint("`qstat -f -F json` on the login node shows what it says")
    })
}

/// A value as text: numbers are unquoted in some fields only.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn whole(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn count(value: Option<&Value>) -> Option<u64> {
    whole(value).and_then(|number| u64::try_from(number).ok())
}

fn moment(value: Option<&Value>) -> Option<jiff::Timestamp> {
    let text = text(value)?;
    date(&text).or_else(|| epoch(&text))
}

/// The jobs of `qstat [-x] -f -F json`.
pub(crate) fn jobs(json: &str) -> Result<Vec<Row>> {
    let document = parse(json)?;
    let Some(jobs) = document.get("Jobs").and_then(Value::as_object) else { return Ok(Vec::new()) };
    Ok(jobs.iter().map(|(id, job)| row(id, job)).collect())
}

fn row(id: &str, job: &Value) -> Row {
    let state = text(job.get("job_state")).unwrap_or_default();
    let comment = text(job.get("comment"));
    let exit = whole(job.get("Exit_status"));
    let substate = whole(job.get("substate"));
    let counts = text(job.get("array_state_count"));
    let holds = text(job.get("Hold_Types")).unwrap_or_default();
    let status = status(&state, exit, substate, comment.as_deref(), counts.as_deref());
    let (exit_code, signal) = match exit.filter(|exit| *exit >= 0 && status.ended()) {
        Some(exit) => of_shell(exit),
        None => (None, None),
    };
    let resources = job.get("Resource_List");
    let used = job.get("resources_used");
    let task = id.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(task, _)| task.to_owned());
    let indices = text(job.get("array_indices_submitted"));
    Row {
        native: id.to_owned(),
        task: task.filter(|task| !task.is_empty()).or(indices),
        status,
        native_status: state,
        reason: reason(status, comment.as_deref(), &holds, exit),
        user: text(job.get("Job_Owner"))
            .map(|owner| owner.split('@').next().unwrap_or_default().to_owned())
            .unwrap_or_default(),
        queue: text(job.get("queue")),
        name: text(job.get("Job_Name")).unwrap_or_default(),
        nodes: resources.and_then(|list| count(list.get("nodect"))),
        cpus: resources.and_then(|list| count(list.get("ncpus"))),
        submitted: moment(job.get("ctime")),
        started: moment(job.get("stime")).filter(|_| !matches!(status, JobStatus::Pending | JobStatus::Held)),
        ended: if status.ended() {
            moment(job.get("obittime")).or_else(|| moment(job.get("mtime")))
        } else {
            None
        },
        exit_code,
        signal,
        mark: job.get("Variable_List").and_then(|list| match list {
            Value::String(list) => mark_in(list),
            other => mark_in(&text(other.get("CLOUDMESH_MARK"))?),
        }),
        details: JobDetails {
            native_reason: comment,
            account: text(job.get("Account_Name")),
            time_limit: resources.and_then(|list| clock(&text(list.get("walltime"))?)),
            expected_start: moment(job.get("estimated").and_then(|estimate| estimate.get("start_time"))),
            elapsed: used.and_then(|used| clock(&text(used.get("walltime"))?)),
            cpu_time: used.and_then(|used| clock(&text(used.get("cput"))?)),
            peak_memory: used.and_then(|used| mebibytes(&text(used.get("mem"))?)),
        },
    }
}

/// The states are those of qstat(1B); the negative exit codes those of pbs_job_attributes(7B), `Exit_status`.
fn status(
    state: &str,
    exit: Option<i64>,
    substate: Option<i64>,
    comment: Option<&str>,
    counts: Option<&str>,
) -> JobStatus {
    let terminated = substate == Some(91) || comment.is_some_and(|comment| comment.contains("terminated by"));
    match state {
        "Q" | "T" | "W" => JobStatus::Pending,
        "H" => JobStatus::Held,
        "R" => JobStatus::Running,
        "E" => JobStatus::Completing,
        "S" | "U" => JobStatus::Suspended,
        // An array that has begun: it waits again while none of its tasks runs.
        "B" => match counts {
            Some(counts) if !running(counts) && !counts.contains("Queued:0") => JobStatus::Pending,
            _ => JobStatus::Running,
        },
        "F" | "X" | "M" => match exit {
            _ if terminated => JobStatus::Cancelled,
            Some(0) => JobStatus::Completed,
            Some(-29) => JobStatus::TimedOut,
            Some(-26 | -27) => JobStatus::OutOfMemory,
            Some(-24 | -25 | -28) => JobStatus::Failed,
            Some(_) => JobStatus::Failed,
            // It never ran.
            None if state == "F" => JobStatus::Cancelled,
            None => JobStatus::Completed,
        },
        _ => JobStatus::Unknown,
    }
}

fn running(counts: &str) -> bool {
    ["Running:", "Exiting:"].iter().any(|word| {
        counts.split_whitespace().any(|part| part.strip_prefix(word).is_some_and(|count| count != "0"))
    })
}

fn reason(status: JobStatus, comment: Option<&str>, holds: &str, exit: Option<i64>) -> Option<String> {
    match status {
        JobStatus::Held if holds.contains('s') && !holds.contains('u') => {
            Some("held until a job that comes first has ended, or by the operators".to_owned())
        }
        JobStatus::Held if holds.contains('o') || holds.contains('s') => {
            Some("held by the operators".to_owned())
        }
        JobStatus::Held => Some("held by its owner".to_owned()),
        JobStatus::Pending => match comment {
            Some(comment) if comment.starts_with("Can Never Run") => {
                Some(format!("waits for ever: {}", after(comment)))
            }
            Some(comment) if comment.starts_with("Not Running") => Some(format!("waits: {}", after(comment))),
            Some(comment) => Some(comment.to_owned()),
            None => Some("the scheduler has not looked at it yet".to_owned()),
        },
        JobStatus::TimedOut => Some("reached its time limit".to_owned()),
        JobStatus::OutOfMemory => Some("used too much memory".to_owned()),
        JobStatus::Failed if exit.is_some_and(|exit| exit < 0) => comment.map(str::to_owned),
        JobStatus::Failed => exit.map(|exit| format!("ended with exit status {exit}")),
        JobStatus::Cancelled if exit.is_none() => Some("ended before it ran".to_owned()),
        JobStatus::Cancelled => comment.map(str::to_owned),
        _ => None,
    }
}

fn after(comment: &str) -> &str {
    comment.split_once(':').map_or(comment, |(_, rest)| rest.trim())
}

/// The queues of `qstat -Q -f -F json`.
pub(crate) fn queues(place: &str, json: &str, default: Option<&str>) -> Result<Vec<Queue>> {
    let document = parse(json)?;
    let Some(queues) = document.get("Queue").and_then(Value::as_object) else { return Ok(Vec::new()) };
    Ok(queues
        .iter()
        .map(|(name, queue)| {
            let flag = |key: &str| text(queue.get(key)).is_some_and(|value| value == "True");
            Queue {
                id: ThingId::seen(place, &NativeId::from(name.as_str())),
                place: place.to_owned(),
                name: name.clone(),
                status: crate::system::queue_status(flag("enabled"), flag("started")).to_owned(),
                default: default == Some(name.as_str()),
                time_limit: queue.get("resources_max").and_then(|most| text(most.get("walltime"))),
                nodes: None,
                idle_nodes: None,
                cpus: None,
                idle_cpus: None,
                features: Vec::new(),
            }
        })
        .collect())
}

/// The default queue and the version, of `qstat -B -f -F json`.
pub(crate) fn server(json: &str) -> (Option<String>, Option<String>) {
    let Ok(document) = parse(json) else { return (None, None) };
    let server =
        document.get("Server").and_then(Value::as_object).and_then(|servers| servers.values().next());
    (server.and_then(|server| text(server.get("default_queue"))), text(document.get("pbs_version")))
}

/// The nodes of `pbsnodes -av -F json`.
pub(crate) fn nodes(place: &str, json: &str) -> Result<Vec<Node>> {
    let document = parse(json)?;
    let Some(nodes) = document.get("nodes").and_then(Value::as_object) else { return Ok(Vec::new()) };
    Ok(nodes
        .iter()
        .filter(|(_, node)| node.get("state").is_some())
        .map(|(name, node)| {
            let state = text(node.get("state")).unwrap_or_default();
            let (have, given) = (node.get("resources_available"), node.get("resources_assigned"));
            let cpus = have.and_then(|have| count(have.get("ncpus")));
            let used = given.and_then(|given| count(given.get("ncpus")));
            let gpus = have.and_then(|have| count(have.get("ngpus"))).filter(|gpus| *gpus > 0);
            Node {
                id: ThingId::seen(place, &NativeId::from(name.as_str())),
                place: place.to_owned(),
                name: name.clone(),
                status: crate::system::node_status(&state, used, cpus).to_owned(),
                native_status: state,
                reason: text(node.get("comment")),
                queues: text(node.get("queue")).into_iter().collect(),
                cpus,
                used_cpus: used,
                memory: have.and_then(|have| mebibytes(&text(have.get("mem"))?)),
                used_memory: given.and_then(|given| mebibytes(&text(given.get("mem"))?)),
                features: gpus.map(|gpus| format!("gpu:{gpus}")).into_iter().collect(),
            }
        })
        .collect())
}

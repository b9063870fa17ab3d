//! TORQUE: the XML of `qstat -t -x` and `pbsnodes -x`, the text of `qstat -Q -f`. States and exit codes are those of
//! qstat(1B) and of the administrator's guide of TORQUE, "Job exit status"; -10 over the wall time was seen in 2.5.13.

use cloudmesh_model::job::{JobDetails, JobStatus, Node, Queue};
use cloudmesh_model::{NativeId, Result, ThingId};
use roxmltree::Node as Element;

use crate::row::{Row, clock, epoch, mark_in, mebibytes, of_shell};
use crate::xml::{self, child};

/// The jobs of `qstat -t -x`.
pub(crate) fn jobs(text: &str) -> Result<Vec<Row>> {
    xml::with(text, |root| {
        root.descendants().filter(|node| node.has_tag_name("Job")).filter_map(row).collect()
    })
}

fn row(job: Element<'_, '_>) -> Option<Row> {
    let id = child(job, "Job_Id")?;
    let state = child(job, "job_state").unwrap_or_default();
    let exit: Option<i64> = child(job, "exit_status").and_then(|exit| exit.parse().ok());
    let holds = child(job, "Hold_Types").unwrap_or_default();
    let comment = child(job, "comment");
    let status = status(state, exit);
    let (exit_code, signal) = match exit.filter(|exit| *exit >= 0 && status.ended()) {
        Some(exit) => of_shell(exit),
        None => (None, None),
    };
    let resources = job.children().find(|child| child.has_tag_name("Resource_List"));
    let used = job.children().find(|child| child.has_tag_name("resources_used"));
    let of = |node: Option<Element<'_, '_>>, name: &str| {
        node.and_then(|node| child(node, name).map(str::to_owned))
    };
    let task = id.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(task, _)| task.to_owned());
    let name = child(job, "Job_Name").unwrap_or_default();
    // A task's name is the array's, a hyphen and its index.
    let name = match &task {
        Some(task) => name.strip_suffix(&format!("-{task}")).unwrap_or(name),
        None => name,
    };
    let time = |name: &str| child(job, name).and_then(epoch);
    let began = !matches!(status, JobStatus::Pending | JobStatus::Held);
    Some(Row {
        native: id.to_owned(),
        task: task.filter(|task| !task.is_empty()),
        status,
        native_status: state.to_owned(),
        reason: match status {
            JobStatus::Held if holds.contains('u') => Some("held by its owner".to_owned()),
            JobStatus::Held if holds.contains('s') || holds.contains('o') => {
                Some("held until a job that comes first has ended, or by the operators".to_owned())
            }
            JobStatus::Held => Some("waits until fewer tasks of its array run".to_owned()),
            JobStatus::Pending if state == "W" => Some("waits for its date".to_owned()),
            JobStatus::Pending => {
                Some(comment.map_or("waits until the scheduler starts it".to_owned(), str::to_owned))
            }
            JobStatus::TimedOut => Some("reached its time limit".to_owned()),
            JobStatus::Failed => exit.map(|exit| format!("ended with exit status {exit}")),
            _ => None,
        },
        user: child(job, "Job_Owner")
            .and_then(|owner| owner.split('@').next())
            .unwrap_or_default()
            .to_owned(),
        queue: child(job, "queue").map(str::to_owned),
        name: name.to_owned(),
        nodes: of(resources, "nodect").and_then(|count| count.parse().ok()),
        cpus: child(job, "exec_host").map(|hosts| hosts.split('+').count() as u64),
        submitted: time("ctime"),
        started: time("start_time").filter(|_| began),
        ended: time("comp_time").filter(|_| status.ended()),
        exit_code,
        signal,
        mark: child(job, "Variable_List").and_then(mark_in),
        details: JobDetails {
            native_reason: comment.map(str::to_owned),
            account: child(job, "Account_Name").map(str::to_owned),
            time_limit: of(resources, "walltime").and_then(|time| clock(&time)),
            expected_start: None,
            elapsed: of(used, "walltime").and_then(|time| clock(&time)),
            cpu_time: of(used, "cput").and_then(|time| clock(&time)),
            peak_memory: of(used, "mem").and_then(|memory| mebibytes(&memory)),
        },
    })
}

fn status(state: &str, exit: Option<i64>) -> JobStatus {
    match state {
        "Q" | "T" | "W" => JobStatus::Pending,
        "H" => JobStatus::Held,
        "R" => JobStatus::Running,
        "E" => JobStatus::Completing,
        "S" => JobStatus::Suspended,
        "C" => match exit {
            Some(0) => JobStatus::Completed,
            Some(271) => JobStatus::Cancelled,
            Some(-10 | -11) => JobStatus::TimedOut,
            Some(_) => JobStatus::Failed,
            // It was deleted before it ran.
            None => JobStatus::Cancelled,
        },
        _ => JobStatus::Unknown,
    }
}

/// The blocks of `qstat -Q -f` and `qstat -B -f`: a head, then `name = value`, long values folded with a tab.
fn blocks<'a>(text: &'a str, head: &str) -> Vec<(&'a str, Vec<(&'a str, &'a str)>)> {
    let mut blocks: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix(head) {
            blocks.push((name.trim(), Vec::new()));
        } else if let (Some((name, value)), Some((_, values))) = (line.split_once(" = "), blocks.last_mut()) {
            values.push((name.trim(), value.trim()));
        }
    }
    blocks
}

/// The queues of `qstat -Q -f`.
pub(crate) fn queues(place: &str, text: &str, default: Option<&str>) -> Vec<Queue> {
    blocks(text, "Queue:")
        .into_iter()
        .map(|(name, values)| {
            let value =
                |wanted: &str| values.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
            let flag = |name: &str| value(name) == Some("True");
            Queue {
                id: ThingId::seen(place, &NativeId::from(name)),
                place: place.to_owned(),
                name: name.to_owned(),
                status: crate::system::queue_status(flag("enabled"), flag("started")).to_owned(),
                default: default == Some(name),
                time_limit: value("resources_max.walltime").map(str::to_owned),
                nodes: None,
                idle_nodes: None,
                cpus: None,
                idle_cpus: None,
                features: Vec::new(),
            }
        })
        .collect()
}

/// The default queue and the version, of `qstat -B -f`.
pub(crate) fn server(text: &str) -> (Option<String>, Option<String>) {
    let blocks = blocks(text, "Server:");
    let value = |wanted: &str| {
        blocks.first()?.1.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
    };
    (value("default_queue"), value("pbs_version"))
}

/// The nodes of `pbsnodes -x`.
pub(crate) fn nodes(place: &str, text: &str) -> Result<Vec<Node>> {
    xml::with(text, |root| {
        root.descendants()
            .filter(|node| node.has_tag_name("Node"))
            .filter_map(|node| {
                let name = child(node, "name")?;
                let state = child(node, "state").unwrap_or_default();
                let status = child(node, "status").unwrap_or_default();
                let memory = status.split(',').find_map(|part| part.strip_prefix("physmem="));
                let cpus = child(node, "np").and_then(|count| count.parse().ok());
                let used = child(node, "jobs").map_or(0, |jobs| jobs.split(',').count() as u64);
                Some(Node {
                    id: ThingId::seen(place, &NativeId::from(name)),
                    place: place.to_owned(),
                    name: name.to_owned(),
                    status: crate::system::node_status(state, Some(used), cpus).to_owned(),
                    native_status: state.to_owned(),
                    reason: child(node, "note").map(str::to_owned),
                    queues: Vec::new(),
                    cpus,
                    used_cpus: Some(used),
                    memory: memory.and_then(mebibytes),
                    used_memory: None,
                    features: child(node, "properties")
                        .into_iter()
                        .flat_map(|list| list.split(','))
                        .map(str::to_owned)
                        .collect(),
                })
            })
            .collect()
    })
}

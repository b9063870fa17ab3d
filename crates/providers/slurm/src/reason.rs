//! Why a job waits or how it failed, in words. The words of Slurm are those of `squeue`'s field %r ("JOB REASON
//! CODES" in squeue(1) of Slurm 22.05 to 25.05).

use cloudmesh_model::job::JobStatus;

/// What Slurm says, and what that means.
static WORDS: &[(&str, &str)] = &[
    ("Resources", "waits until enough nodes or processors are free"),
    ("Priority", "waits behind jobs of higher priority"),
    (
        "DependencyNeverSatisfied",
        "waits for ever: a job that had to come first did not end as it should have",
    ),
    ("Dependency", "waits for another job"),
    ("BeginTime", "waits for its date"),
    ("JobHeldUser", "held by its owner"),
    ("JobHeldAdmin", "held by the operators"),
    ("JobArrayTaskLimit", "waits until fewer tasks of its array run"),
    ("PartitionTimeLimit", "waits for ever: its time limit is longer than the queue allows"),
    (
        "PartitionNodeLimit",
        "waits for ever: it asks for more nodes than the queue gives, or the queue is down",
    ),
    ("PartitionConfig", "waits for ever: the queue cannot give what it asks for"),
    ("PartitionDown", "waits until the operators open the queue"),
    ("PartitionInactive", "waits until the operators open the queue"),
    ("AccountNotAllowed", "waits for ever: the queue does not take its account"),
    ("InvalidAccount", "waits for ever: its account is not valid"),
    ("InvalidQOS", "waits for ever: its quality of service is not valid"),
    ("BadConstraints", "no node has what it asks for"),
    ("Licenses", "waits for a licence"),
    ("ReqNodeNotAvail", "waits for nodes that are reserved, down or being serviced"),
    ("Nodes required for job are DOWN", "waits for nodes that are down, drained or reserved for others"),
    ("NodeDown", "waits for a node that is down"),
    ("ReservationDeleted", "its reservation was removed"),
    ("Reservation", "waits for its reservation"),
    ("Prolog", "its node is being prepared"),
    ("Cleaning", "its last run is being cleaned up"),
    ("job requeued in held state", "held: it was put back into the queue"),
    ("launch failed requeued held", "held: its start failed, and it was put back into the queue"),
    ("JobHoldMaxRequeue", "held: it was put back into the queue too often"),
    ("QOSMaxSubmit", "too many jobs of this quality of service are in the queue"),
    ("QOSMax", "waits until a limit of its quality of service allows it"),
    ("QOSGrp", "waits until a limit that all users of its quality of service share allows it"),
    ("QOSMin", "waits for ever: it asks for less than its quality of service wants"),
    ("QOSUsage", "the quality of service has used up what it had"),
    ("QOSTime", "waits for ever: its time limit is longer than its quality of service allows"),
    ("QOSResourceLimit", "waits until a limit of its quality of service allows it"),
    ("QOSJobLimit", "waits until fewer jobs of its quality of service run"),
    ("AssocMax", "waits until a limit of your account allows it"),
    ("AssocGrp", "waits until a limit that all users of the account share allows it"),
    ("AssociationJobLimit", "waits until fewer jobs of the account run"),
    ("AssociationResourceLimit", "waits until a limit of the account allows it"),
    ("AssociationTimeLimit", "its time limit is longer than the account allows"),
    ("MaxMemPerLimit", "waits for ever: it asks for more memory than is allowed"),
    ("MaxBillingPerJob", "waits for ever: it costs more than one job may"),
    ("BurstBuffer", "its data are being moved"),
    ("FrontEndDown", "the cluster's front end is down"),
    ("NonZeroExitCode", "ended with an exit code other than 0"),
    ("RaisedSignal", "ended by a signal"),
    ("TimeLimit", "reached its time limit"),
    ("InactiveLimit", "reached the limit for doing nothing"),
    ("OutOfMemory", "used too much memory"),
    ("JobLaunchFailure", "could not be started, or was killed"),
    ("SystemFailure", "the system failed"),
    ("NodeFail", "a node failed"),
    ("FAILED_TO_SUBMIT", "could not be submitted"),
    ("DeadLine", "did not end before its deadline"),
    ("None", "the scheduler has not looked at it yet"),
];

/// What to do about it.
static ADVICE: &[(&str, &str)] = &[
    (
        "PartitionTimeLimit",
        "give it less time (`cm hpc alter ID -t TIME`), or another queue; `cm hpc info` shows the limits",
    ),
    ("PartitionNodeLimit", "ask for fewer nodes, or use another queue"),
    ("PartitionConfig", "use another queue, or ask for less"),
    ("DependencyNeverSatisfied", "cancel it (`cm hpc delete ID`), and submit it again"),
    ("Dependency", "`cm hpc status --job=ID` of the job that comes first says how far it is"),
    ("JobHeldUser", "let it go: `cm hpc release ID`"),
    ("JobHeldAdmin", "ask the operators why; only they can let it go"),
    ("job requeued in held state", "let it go: `cm hpc release ID`"),
    ("launch failed requeued held", "see what it needs at its start, then `cm hpc release ID`"),
    ("AccountNotAllowed", "use another account or queue: `cm hpc accounts` lists yours"),
    ("InvalidAccount", "use another account: `cm hpc accounts` lists yours"),
    ("InvalidQOS", "use another quality of service: `cm hpc accounts` lists yours"),
    ("QOSTime", "give it less time: `cm hpc alter ID -t TIME`"),
    ("QOS", "wait until others of yours have ended, or use another quality of service"),
    ("Assoc", "wait until others of yours have ended, or use another account"),
    ("ReqNodeNotAvail", "`cm hpc reservations` and `cm hpc nodes` show why; less time may let it end before"),
    ("Nodes required for job are DOWN", "`cm hpc nodes` shows which; ask for others"),
    ("BadConstraints", "`cm hpc nodes` shows what the nodes have"),
    ("Licenses", "wait until somebody returns one"),
    ("Priority", "ask for less time or fewer nodes, so that it fits into a gap"),
    ("Resources", "ask for less time or fewer nodes, so that it fits into a gap"),
    ("MaxMemPerLimit", "ask for less memory"),
];

/// What a user may do about it.
pub(crate) fn advice(native: &str) -> Option<&'static str> {
    ADVICE.iter().find(|(says, _)| native.starts_with(says)).map(|(_, advice)| *advice)
}

/// Whether the words of a reason are those of a job that waits; Slurm leaves them on jobs that run or ended.
fn is_of_waiting(words: &str) -> bool {
    words.starts_with("waits") || words.starts_with("held")
}

/// A reason in words; Slurm's own where we have none, nothing where it is that of an earlier wait.
pub(crate) fn in_words(native: &str, status: JobStatus) -> Option<String> {
    let words = WORDS.iter().find(|(says, _)| native.starts_with(says)).map(|(_, words)| *words);
    let waits = matches!(status, JobStatus::Pending | JobStatus::Held);
    let (_, detail) = native.split_once(',').unwrap_or(("", ""));
    match words {
        Some(words) if !waits && is_of_waiting(words) => None,
        Some(words) if native.starts_with("ReqNodeNotAvail") && !detail.trim().is_empty() => {
            Some(format!("{words} ({})", detail.trim()))
        }
        Some(words) => Some(words.to_owned()),
        None => Some(native.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_told_in_words() {
        let waiting = |reason| in_words(reason, JobStatus::Pending).unwrap();
        assert!(waiting("Resources").contains("are free"));
        assert!(waiting("ReqNodeNotAvail, UnavailableNodes:c3").contains("UnavailableNodes:c3"));
        assert!(waiting("QOSMaxJobsPerUserLimit").contains("quality of service"));
        assert_eq!(waiting("SomethingNew"), "SomethingNew");
        assert_eq!(
            in_words("NonZeroExitCode", JobStatus::Failed).unwrap(),
            "ended with an exit code other than 0"
        );
        // Slurm leaves the reason of the wait on what runs.
        assert_eq!(in_words("JobHeldUser", JobStatus::Running), None);
    }

    #[test]
    fn no_reason_is_hidden_by_an_earlier_one() {
        for (number, (says, _)) in WORDS.iter().enumerate() {
            for (earlier, _) in &WORDS[..number] {
                assert!(!says.starts_with(earlier), "{says} is never reached because of {earlier}");
            }
        }
    }
}

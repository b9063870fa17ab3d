//! Slurm's own words for a "no", as one clear error each.

use cloudmesh_model::{Error, ErrorKind};

use crate::answer::last_line;

/// Which word of Slurm means what. The first that fits counts.
struct Rule {
    says: &'static [&'static str],
    kind: ErrorKind,
    what: &'static str,
    hint: &'static str,
    temporary: bool,
}

const fn rule(
    says: &'static [&'static str],
    kind: ErrorKind,
    what: &'static str,
    hint: &'static str,
) -> Rule {
    Rule { says, kind, what, hint, temporary: false }
}

static RULES: &[Rule] = &[
    rule(
        &["nvalid partition"],
        ErrorKind::BadInput,
        "there is no such queue",
        "`cm hpc info` lists the queues",
    ),
    rule(
        &["Invalid account"],
        ErrorKind::BadInput,
        "the account may not be charged here, or not in this queue",
        "give one of your accounts: `sacctmgr show associations user=$USER` on the cluster lists them",
    ),
    rule(
        &["Invalid qos", "QOS not permitted"],
        ErrorKind::BadInput,
        "the quality of service is not yours",
        "leave it out",
    ),
    rule(
        &["Invalid job array"],
        ErrorKind::BadInput,
        "the indices of the job array are not accepted",
        "write 1-1000 or 0-9:3; the cluster's MaxArraySize limits the largest index",
    ),
    rule(
        &["does not look like a batch script"],
        ErrorKind::BadInput,
        "the script does not begin with #!",
        "begin it with a line such as #!/bin/sh",
    ),
    rule(
        &["Batch script is empty"],
        ErrorKind::BadInput,
        "the script is empty",
        "give a script that does something",
    ),
    rule(
        &["DOS line breaks"],
        ErrorKind::BadInput,
        "the script has DOS line ends",
        "convert it, for example with dos2unix",
    ),
    rule(
        &[
            "unrecognized option",
            "invalid option",
            "Invalid --",
            "Invalid time specification",
            "Unrecognized",
        ],
        ErrorKind::BadInput,
        "an option is not accepted",
        "check the #SBATCH lines of the script",
    ),
    rule(
        &[
            "Memory specification can not be satisfied",
            "Requested node configuration is not available",
            "More processors requested",
            "Node count specification invalid",
        ],
        ErrorKind::BadInput,
        "no node of the cluster can give what is asked for",
        "ask for fewer nodes or processors, or less memory; `cm hpc info` shows what there is",
    ),
    rule(
        &["Requested time limit is invalid"],
        ErrorKind::BadInput,
        "the time limit is longer than the queue allows",
        "`cm hpc info` shows the queues' limits",
    ),
    rule(
        &[
            "AccountingPolicy",
            "accounting/QOS policy",
            "Job violates",
            "MaxSubmit",
            "Job count limit",
            "Job limit",
        ],
        ErrorKind::Quota,
        "a limit of your account on the cluster is reached",
        "wait until some of your jobs have ended, or ask for less",
    ),
    rule(
        &["quota exceeded", "No space left"],
        ErrorKind::Quota,
        "the disk of your home there is full",
        "make room there",
    ),
    Rule {
        says: &["partition not available", "partition is down", "partition down", "inactive or drain"],
        kind: ErrorKind::Conflict,
        what: "the queue takes no jobs now",
        hint: "try again later, or use another queue",
        temporary: true,
    },
    Rule {
        says: &["Unable to contact slurm controller", "standby mode"],
        kind: ErrorKind::Unreachable,
        what: "the cluster's controller does not answer",
        hint: "it may be in maintenance: try again later",
        temporary: true,
    },
    Rule {
        says: &["temporarily unable", "Resource temporarily unavailable", "annot allocate memory"],
        kind: ErrorKind::Throttled,
        what: "the cluster takes no more jobs for a moment",
        hint: "try again later",
        temporary: true,
    },
    rule(
        &["ermission denied", "Access denied", "not permitted", "User not found", "Invalid user"],
        ErrorKind::Forbidden,
        "the cluster does not allow it",
        "ask the operators of the cluster",
    ),
    rule(
        &["Invalid"],
        ErrorKind::BadInput,
        "something that was asked for is not accepted",
        "check the options and the #SBATCH lines of the script",
    ),
];

/// A refusal of `sbatch`: surely not submitted.
pub(crate) fn refusal(name: &str, said: &str, code: &str) -> Error {
    let line = slurms_line(said);
    let found = RULES.iter().find(|rule| rule.says.iter().any(|word| said.contains(word)));
    let error = match found {
        Some(rule) => {
            let error = Error::new(rule.kind, format!("{name} was not submitted: {} ({line})", rule.what))
                .hint(rule.hint);
            if rule.temporary { error.temporary(None) } else { error }
        }
        None => Error::new(ErrorKind::Service, format!("{name} was not submitted: {line}"))
            .hint("these are the cluster's own words; its operators can explain them"),
    };
    error.with("sbatch exit code", code)
}

/// A submission whose fate is unknown.
pub(crate) fn uncertain(name: &str, said: &str) -> Error {
    let line = slurms_line(said);
    let why = if line.is_empty() { "another submission of it was cut off" } else { line.as_str() };
    Error::new(ErrorKind::Unreachable, format!("whether {name} was submitted is not known yet: {why}"))
        .hint("resume the plan: it looks for the job first")
        .uncertain()
}

/// A command of Slurm that reads failed.
pub(crate) fn failed_read(command: &str, said: &str) -> Error {
    let line = slurms_line(said);
    let unreachable = [
        "Unable to contact",
        "timed out",
        "Connection refused",
        "standby",
        "Zero Bytes",
        "ersistent connection",
    ];
    if unreachable.iter().any(|word| said.contains(word)) {
        return Error::new(
            ErrorKind::Unreachable,
            format!("the cluster's controller does not answer: {line}"),
        )
        .hint("it may be in maintenance: try again later")
        .temporary(None);
    }
    Error::new(ErrorKind::Service, format!("{command} failed: {line}"))
        .hint("run it on the login node by hand; the cluster's operators can explain it")
}

/// The login node could not even begin.
pub(crate) fn fault(said: &str) -> Error {
    let line = last_line(said);
    let (kind, hint) = if said.contains("quota exceeded") || said.contains("No space left") {
        (ErrorKind::Quota, "make room in your home there")
    } else if said.contains("ermission denied") || said.contains("Read-only") {
        (ErrorKind::Forbidden, "set `experiment_dir` to a folder that you may write to")
    } else if said.contains("tar:") || said.contains("not whole") {
        return Error::new(ErrorKind::Unreachable, format!("the jobs did not arrive whole: {line}"))
            .hint("try again")
            .temporary(None);
    } else {
        (ErrorKind::Service, "check the folder `experiment_dir` on the cluster")
    };
    Error::new(kind, format!("nothing was submitted: {line}")).hint(hint)
}

/// The line that says most, without the command's name before it.
fn slurms_line(said: &str) -> String {
    let tell = |line: &str| {
        let line = line.trim();
        let line = line.strip_prefix("sbatch: ").or_else(|| line.strip_prefix("scancel: ")).unwrap_or(line);
        let line = line.strip_prefix("error: ").unwrap_or(line);
        line.strip_prefix("Batch job submission failed: ").unwrap_or(line).to_owned()
    };
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.contains("--help") && !line.contains("arning:"))
        .collect();
    match lines.as_slice() {
        [] => String::new(),
        // A limit stands alone in the first line, and what it means for all in the last.
        [first, .., last] if last.contains("policy") => format!("{}, {}", tell(first), tell(last)),
        [first, ..]
            if first.contains("does not look like") || first.contains("DOS") || first.contains("option") =>
        {
            tell(first)
        }
        [.., last] => tell(last),
    }
}

#[cfg(test)]
mod tests {
    use cloudmesh_model::Retry;

    use super::*;

    #[test]
    fn each_of_slurms_refusals_is_one_clear_error() {
        let failed = "sbatch: error: Batch job submission failed: ";
        let cases = [
            ("sbatch: error: invalid partition specified: nosuch\nsbatch: error: Batch job submission failed: Invalid partition name specified\n".to_owned(), ErrorKind::BadInput),
            (format!("{failed}Invalid account or account/partition combination specified\n"), ErrorKind::BadInput),
            (format!("{failed}Invalid job array specification\n"), ErrorKind::BadInput),
            (format!("sbatch: error: QOSMaxSubmitJobPerUserLimit\n{failed}Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)\n"), ErrorKind::Quota),
            ("sbatch: error: This does not look like a batch script.  The first\nsbatch: error: line must start with #! followed by the path to an interpreter.\n".to_owned(), ErrorKind::BadInput),
            ("sbatch: unrecognized option '--no-such-option=1'\nTry \"sbatch --help\" for more information\n".to_owned(), ErrorKind::BadInput),
            (format!("sbatch: error: Memory specification can not be satisfied\n{failed}Requested node configuration is not available\n"), ErrorKind::BadInput),
            (format!("{failed}Required partition not available (inactive or drain)\n"), ErrorKind::Conflict),
            (format!("{failed}Unable to contact slurm controller (connect failure)\n"), ErrorKind::Unreachable),
            (format!("{failed}Access/permission denied\n"), ErrorKind::Forbidden),
            (format!("{failed}Invalid feature specification\n"), ErrorKind::BadInput),
            (format!("{failed}Something that nobody has seen\n"), ErrorKind::Service),
        ];
        for (said, kind) in cases {
            let error = refusal("job", &said, "1");
            assert_eq!(error.kind(), kind, "{said}");
            assert!(error.hint_text().is_some() && !error.message().contains('\n'), "{error}");
            assert_ne!(error.retry_class(), Retry::Uncertain);
        }
    }

    #[test]
    fn the_message_keeps_the_words_that_matter() {
        let said = "sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: Batch job submission failed: Job violates accounting/QOS policy (x)\n";
        assert!(refusal("a", said, "1").message().contains("QOSMaxSubmitJobPerUserLimit, Job violates"));
        let said = "sbatch: unrecognized option '--frobnicate'\nTry \"sbatch --help\" for more information\n";
        assert!(refusal("a", said, "255").message().contains("--frobnicate"));
    }
}

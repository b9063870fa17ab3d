//! Jobs on their way to the cluster: the archive that the script unpacks, the options of `qsub`, and the script around the
//! user's own that goes to its folder, sets its variables and keeps its exit code.

use cloudmesh_model::{Error, Mark, Result};
use cloudmesh_resource::{After, JobChanges, Request, SubmitJob};
use jiff::Timestamp;

use crate::row::number;
use crate::{Dialect, Settings};

/// One job, checked and ready.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) mark: Mark,
    pub(crate) name: String,
    call: String,
    run: String,
    script: std::sync::Arc<[u8]>,
}

impl Submission {
    /// Checks a request. What only the cluster can know, it says itself.
    pub(crate) fn new(
        request: &Request,
        submit: &SubmitJob,
        settings: &Settings,
        dialect: Dialect,
        now: Timestamp,
    ) -> Result<Self> {
        let mark =
            request.mark.clone().ok_or_else(|| Error::internal("a job is to be submitted without a mark"))?;
        let script = request
            .attachments
            .get(&submit.script)
            .cloned()
            .ok_or_else(|| Error::internal("a job's script is not among the attachments"))?;
        check(submit, dialect)?;
        check_script(&submit.name, &script)?;
        let mut call = String::new();
        for option in options(request, submit, settings, dialect, &mark, now)? {
            if option.contains(['\n', '\0']) {
                return Err(
                    Error::bad_input("an option holds a line break or a zero byte").hint("leave it out")
                );
            }
            call.push_str(&option);
            call.push('\n');
        }
        let run = run(submit, settings, dialect, &mark, &script)?;
        Ok(Self { mark, name: submit.name.clone(), call, run, script })
    }
}

fn check_script(name: &str, script: &[u8]) -> Result<()> {
    let refuse =
        |what: &str, hint: &str| Err(Error::bad_input(format!("the script of {name} {what}")).hint(hint));
    if script.iter().all(u8::is_ascii_whitespace) {
        return refuse("is empty", "give a script that does something");
    }
    if !script.starts_with(b"#!") {
        return refuse("does not begin with #!", "begin it with a line such as #!/bin/sh");
    }
    if script.windows(2).any(|pair| pair == b"\r\n") {
        return refuse("has DOS line ends", "convert it, for example with dos2unix");
    }
    if script.contains(&0) {
        return refuse("holds zero bytes", "submit a text, and have it start the program");
    }
    Ok(())
}

fn check(submit: &SubmitJob, dialect: Dialect) -> Result<()> {
    let name = &submit.name;
    let refused: &[char] = match dialect {
        Dialect::OpenPbs => &['/', ',', '"', '\'', ' '],
        Dialect::Torque => &[' '],
        Dialect::GridEngine => &['/', ':', '@', '*', '\\', '?', ' '],
    };
    if name.is_empty()
        || !name.is_ascii()
        || name.chars().any(char::is_control)
        || name.starts_with('-')
        || name.contains(refused)
        || (dialect == Dialect::GridEngine && name.starts_with(|letter: char| letter.is_ascii_digit()))
    {
        return Err(Error::bad_input(format!(
            "`{}` cannot be the name of a job there",
            cloudmesh_model::noun::printable(name)
        ))
        .hint("give one of letters, digits, `_`, `.` and `-` that begins with a letter: --name=NAME"));
    }
    let wishes = &submit.wishes;
    let no = |what: &str| {
        Err(Error::bad_input(format!("there is nothing for --{what} there"))
            .hint("leave it out, or write it into the script as a directive of that system"))
    };
    if wishes.constraint.is_some() && dialect != Dialect::Torque {
        return no("constraint");
    }
    if wishes.qos.is_some() && dialect != Dialect::Torque {
        return no("qos");
    }
    if !wishes.licences.is_empty() && dialect != Dialect::OpenPbs {
        return no("licences");
    }
    if dialect == Dialect::GridEngine {
        if wishes.dependencies.iter().any(|dependency| dependency.after != After::Ended) {
            return Err(
                Error::bad_input("Grid Engine knows only that another job has ended").hint("use --afterany")
            );
        }
        if submit.nodes.is_some_and(|nodes| nodes > 1) {
            return Err(Error::bad_input("Grid Engine has no count of nodes")
                .hint("ask for tasks; the parallel environment says how they are spread"));
        }
    }
    if let Some(array) = &submit.array {
        let (range, _) = array.split_once('%').unwrap_or((array, ""));
        let plain = !range.contains(',');
        if array.is_empty() || !array.bytes().all(|byte| byte.is_ascii_digit() || b",-:%".contains(&byte)) {
            return Err(Error::bad_input(format!("`{array}` does not name the indices of a job array"))
                .hint("write 1-1000 or 0-9:3, with %4 after it for four at once"));
        }
        if !plain && dialect != Dialect::Torque {
            return Err(Error::bad_input("there, the indices of a job array are one range")
                .hint("write 1-1000 or 0-9:3"));
        }
        if dialect == Dialect::GridEngine && range.starts_with("0") {
            return Err(Error::bad_input("Grid Engine counts from 1").hint("write 1-10"));
        }
        if dialect == Dialect::Torque && range.contains(':') {
            return Err(
                Error::bad_input("TORQUE has no steps in a job array").hint("write the indices: 0,3,6,9")
            );
        }
    }
    Ok(())
}

/// `HH:MM:SS`.
fn duration(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The options of `qsub`; `@begin N` stands for N seconds from now, in the cluster's own clock and zone.
fn options(
    request: &Request,
    submit: &SubmitJob,
    settings: &Settings,
    dialect: Dialect,
    mark: &Mark,
    now: Timestamp,
) -> Result<Vec<String>> {
    let mut options: Vec<String> =
        vec!["-N".into(), submit.name.clone(), "-v".into(), format!("CLOUDMESH_MARK={mark}")];
    let mut add = |option: &str, value: String| options.extend([option.to_owned(), value]);
    let or_given =
        |value: &Option<String>, otherwise: &Option<String>| value.clone().or_else(|| otherwise.clone());
    let queue = or_given(&submit.queue, &settings.queue);
    // A reservation of PBS is a queue.
    let reservation = submit.wishes.reservation.clone();
    match (dialect, reservation) {
        (Dialect::GridEngine, Some(reservation)) => add("-ar", reservation),
        (Dialect::Torque, Some(reservation)) => add("-W", format!("x=FLAGS:ADVRES:{reservation}")),
        (Dialect::OpenPbs, Some(reservation)) if queue.is_none() => add("-q", reservation),
        (Dialect::OpenPbs, Some(_)) => {
            return Err(
                Error::bad_input("a reservation of PBS is a queue of its own").hint("leave the queue out")
            );
        }
        (_, None) => {}
    }
    if let Some(queue) = queue {
        add("-q", queue);
    }
    if let Some(account) = or_given(&submit.account, &settings.account) {
        add("-A", account);
    }
    let (nodes, tasks) = (submit.nodes.unwrap_or(1), submit.tasks.unwrap_or(1));
    let per_node = tasks.div_ceil(nodes.max(1));
    let cpus = per_node.saturating_mul(submit.cpus_per_task.unwrap_or(1));
    let gpus = submit.wishes.gpus.as_deref().map(|gpus| gpus.rsplit(':').next().unwrap_or(gpus).to_owned());
    match dialect {
        Dialect::OpenPbs => {
            if submit.nodes.or(submit.tasks).or(submit.cpus_per_task).or(submit.memory).is_some()
                || gpus.is_some()
            {
                let memory = submit.memory.map(|memory| format!(":mem={memory}mb")).unwrap_or_default();
                let gpus = gpus.map(|gpus| format!(":ngpus={gpus}")).unwrap_or_default();
                add("-l", format!("select={nodes}:ncpus={cpus}:mpiprocs={per_node}{memory}{gpus}"));
            }
            for licence in &submit.wishes.licences {
                let (name, count) = licence.split_once(':').unwrap_or((licence, "1"));
                add("-l", format!("{name}={count}"));
            }
            if let Some(seconds) = submit.time_limit {
                add("-l", format!("walltime={}", duration(seconds)));
            }
        }
        Dialect::Torque => {
            if submit.nodes.or(submit.tasks).or(submit.cpus_per_task).is_some()
                || gpus.is_some()
                || submit.wishes.constraint.is_some()
            {
                let gpus = gpus.map(|gpus| format!(":gpus={gpus}")).unwrap_or_default();
                let property =
                    submit.wishes.constraint.as_ref().map(|word| format!(":{word}")).unwrap_or_default();
                add("-l", format!("nodes={nodes}:ppn={cpus}{gpus}{property}"));
            }
            if let Some(memory) = submit.memory {
                add("-l", format!("mem={memory}mb"));
            }
            if let Some(seconds) = submit.time_limit {
                add("-l", format!("walltime={}", duration(seconds)));
            }
            if let Some(qos) = &submit.wishes.qos {
                add("-l", format!("qos={qos}"));
            }
        }
        Dialect::GridEngine => {
            let slots = tasks.saturating_mul(submit.cpus_per_task.unwrap_or(1));
            if slots > 1 {
                add("-pe", settings.parallel_environment.clone());
                options.push(slots.to_string());
            }
            let mut add = |option: &str, value: String| options.extend([option.to_owned(), value]);
            if let Some(memory) = submit.memory {
                add("-l", format!("h_vmem={}M", memory.div_ceil(slots.max(1))));
            }
            if let Some(seconds) = submit.time_limit {
                add("-l", format!("h_rt={seconds}"));
            }
            if let Some(gpus) = gpus {
                add("-l", format!("gpu={gpus}"));
            }
            // What can never run is refused at once.
            add("-w", "e".to_owned());
            add("-S", "/bin/sh".to_owned());
            options.extend(["-terse".to_owned(), "-cwd".to_owned()]);
        }
    }
    let mut add = |option: &str, value: String| options.extend([option.to_owned(), value]);
    if let Some(array) = &submit.array {
        let (range, limit) =
            array.split_once('%').map_or((array.as_str(), None), |(range, limit)| (range, Some(limit)));
        match dialect {
            Dialect::GridEngine => {
                add("-t", range.to_owned());
                if let Some(limit) = limit {
                    add("-tc", limit.to_owned());
                }
            }
            Dialect::Torque => add("-t", array.clone()),
            Dialect::OpenPbs => add("-J", array.clone()),
        }
    }
    let mut dependencies = Vec::new();
    for dependency in &submit.wishes.dependencies {
        let native = request
            .natives
            .get(&dependency.job)
            .ok_or_else(|| Error::internal("a job that comes first has no id"))?;
        dependencies.push(match dialect {
            Dialect::GridEngine => number(native.as_str()).unwrap_or_default().to_owned(),
            _ => format!("{}:{native}", dependency.after.as_str()),
        });
    }
    if !dependencies.is_empty() {
        match dialect {
            Dialect::GridEngine => add("-hold_jid", dependencies.join(",")),
            _ => add("-W", format!("depend={}", dependencies.join(","))),
        }
    }
    if let Some(begin) = submit.wishes.begin {
        add("-a", begin_in(begin, now));
    }
    if let Some(mail) = &submit.wishes.mail {
        let letters: String = [('b', mail.begin), ('e', mail.end), ('a', mail.fail)]
            .into_iter()
            .filter_map(|(letter, wanted)| wanted.then_some(letter))
            .collect();
        add("-M", mail.to.clone());
        add("-m", letters);
    }
    // What the script says goes to files of its own; this is what the system itself says.
    add("-o", "system-output".to_owned());
    add("-j", if dialect == Dialect::GridEngine { "y" } else { "oe" }.to_owned());
    if submit.hold {
        options.push("-h".to_owned());
    }
    Ok(options)
}

fn begin_in(begin: Timestamp, now: Timestamp) -> String {
    format!("@begin {}", begin.duration_since(now).as_secs().max(0))
}

/// The options of `qalter` for changes.
pub(crate) fn alterations(changes: &JobChanges, dialect: Dialect, now: Timestamp) -> Result<Vec<String>> {
    let mut options = Vec::new();
    let mut add = |option: &str, value: String| options.extend([option.to_owned(), value]);
    if let Some(name) = &changes.name {
        add("-N", name.clone());
    }
    if let Some(queue) = &changes.queue {
        match dialect {
            Dialect::GridEngine => add("-q", queue.clone()),
            _ => {
                return Err(Error::bad_input("PBS does not move jobs by altering them")
                    .hint("cancel it, and submit it to the other queue"));
            }
        }
    }
    if let Some(seconds) = changes.time_limit {
        add(
            "-l",
            match dialect {
                Dialect::GridEngine => format!("h_rt={seconds}"),
                _ => format!("walltime={}", duration(seconds)),
            },
        );
    }
    if let Some(account) = &changes.account {
        add("-A", account.clone());
    }
    if changes.qos.is_some() {
        return Err(Error::bad_input("there is nothing for --qos there").hint("leave it out"));
    }
    if let Some(begin) = changes.begin {
        add("-a", begin_in(begin, now));
    }
    if options.iter().any(|option: &String| option.chars().any(char::is_control)) {
        return Err(
            Error::bad_input("a value holds a line break or a control character").hint("leave it out")
        );
    }
    Ok(options)
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The script that the system runs. It holds the directives of the user's own script, so that they count.
fn run(
    submit: &SubmitJob,
    settings: &Settings,
    dialect: Dialect,
    mark: &Mark,
    script: &[u8],
) -> Result<String> {
    let mut text = String::from("#!/bin/sh\n");
    let marker: &[u8] = if dialect == Dialect::GridEngine { b"#$" } else { b"#PBS" };
    for line in script.split(|byte| *byte == b'\n').filter(|line| line.starts_with(marker)) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    let own = format!("{}/{mark}", settings.experiment_folder);
    text.push_str(&format!("cd && cd -- {} || exit 73\n", quoted(&own)));
    text.push_str("cm_own=$(pwd)\ncm_i=${PBS_ARRAY_INDEX:-${PBS_ARRAYID:-${SGE_TASK_ID:-}}}\n");
    text.push_str("case $cm_i in *[!0-9]*) cm_i= ;; esac\ncm_i=${cm_i:+-$cm_i}\n");
    if let Some(folder) = &submit.folder {
        let work = format!("{}/{mark}", crate::folder(folder)?);
        let work = quoted(&work);
        text.push_str(&format!("cd && mkdir -p -- {work} && cd -- {work} || exit 73\n"));
    }
    for (name, value) in &submit.environment {
        let good = !name.starts_with(|letter: char| letter.is_ascii_digit())
            && !name.is_empty()
            && !name.starts_with("cm_")
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !good {
            return Err(Error::bad_input(format!(
                "`{}` cannot be the name of a variable",
                name.escape_debug()
            ))
            .hint("use letters, digits and _; names that begin with cm_ are ours"));
        }
        text.push_str(&format!("{name}={}\nexport {name}\n", quoted(value)));
    }
    if submit.arguments.iter().chain(submit.environment.values()).any(|word| word.contains('\0')) {
        return Err(Error::bad_input("an argument or variable holds a zero byte").hint("leave it out"));
    }
    let arguments: String = submit.arguments.iter().map(|word| format!(" {}", quoted(word))).collect();
    text.push_str(&format!(
        "\"$cm_own/script\"{arguments} >\"$cm_own/output$cm_i\" 2>\"$cm_own/error$cm_i\"\n"
    ));
    text.push_str("cm_c=$?\necho \"$cm_c $(date +%s)\" >\"$cm_own/.ended$cm_i\" && mv -f \"$cm_own/.ended$cm_i\" \"$cm_own/ended$cm_i\"\nexit \"$cm_c\"\n");
    Ok(text)
}

/// What the submitting script finds on its standard input.
pub(crate) fn input(
    settings: &Settings,
    dialect: Dialect,
    submissions: &[Submission],
    now: Timestamp,
) -> Result<Vec<u8>> {
    let head = format!(
        "{}\n{}\n{}\n",
        dialect.as_str(),
        settings.experiment_folder,
        settings.settle.as_secs().max(1)
    );
    let mut archive = tar::Builder::new(head.into_bytes());
    let fault = |error: std::io::Error| Error::internal(format!("the archive cannot be written: {error}"));
    let mut add = |path: &str, content: &[u8], mode: u32, kind: tar::EntryType| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        header.set_mtime(u64::try_from(now.as_second()).unwrap_or_default());
        archive.append_data(&mut header, path, content).map_err(fault)
    };
    let list: String = submissions.iter().map(|submission| format!("{}\n", submission.mark)).collect();
    add("marks", list.as_bytes(), 0o600, tar::EntryType::Regular)?;
    add("jobs/", b"", 0o700, tar::EntryType::Directory)?;
    for submission in submissions {
        let folder = format!("jobs/{}", submission.mark);
        add(&format!("{folder}/"), b"", 0o700, tar::EntryType::Directory)?;
        add(&format!("{folder}/script"), &submission.script, 0o700, tar::EntryType::Regular)?;
        add(&format!("{folder}/run"), submission.run.as_bytes(), 0o700, tar::EntryType::Regular)?;
        add(&format!("{folder}/call"), submission.call.as_bytes(), 0o600, tar::EntryType::Regular)?;
    }
    // An archive that is cut between two entries unpacks without complaint.
    add("whole", b"", 0o600, tar::EntryType::Regular)?;
    archive.into_inner().map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_reach_a_shell_as_they_are() {
        let word = "it's $HOME `x` \"q\"\nnew line -";
        let output = std::process::Command::new("sh")
            .arg("-c")
            .arg(format!("printf %s {}", quoted(word)))
            .output()
            .unwrap();
        assert_eq!(output.stdout, word.as_bytes());
    }
}

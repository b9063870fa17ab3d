//! Jobs on their way to the cluster: the archive that the script unpacks, and each job's call in it.

use std::collections::BTreeMap;

use cloudmesh_model::{Error, Mark, NativeId, Result, ThingId};
use cloudmesh_resource::{Request, SubmitJob};
use jiff::{SignedDuration, Timestamp};

use crate::Settings;
use crate::record::split_id;

const OUTCOME: &str = include_str!("scripts/outcome.sh");
const WORKER: &str = include_str!("scripts/worker.sh");

/// How many files the calls are in. One process submits those of one file, four such processes at
/// once: few enough to begin quickly, enough for all four to end at about the same time.
const CALL_FILES: usize = 12;

/// How much of a script's hash names it on the cluster.
const HASH: usize = 24;

/// One job, checked and ready.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) mark: Mark,
    pub(crate) name: String,
    call: String,
    hash: String,
    script: std::sync::Arc<[u8]>,
}

impl Submission {
    /// Checks a request. What only the cluster can know, it says itself.
    pub(crate) fn new(
        request: &Request,
        submit: &SubmitJob,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Self> {
        let mark =
            request.mark.clone().ok_or_else(|| Error::internal("a job is to be submitted without a mark"))?;
        let script = request
            .attachments
            .get(&submit.script)
            .cloned()
            .ok_or_else(|| Error::internal("a job's script is not among the attachments"))?;
        check_script(&submit.name, &script)?;
        let hash: String = submit.script.chars().filter(char::is_ascii_alphanumeric).take(HASH).collect();
        if hash.is_empty() {
            return Err(Error::internal("a script's hash is empty"));
        }
        Ok(Self {
            call: call(submit, settings, &mark, &hash, &request.natives, now)?,
            mark,
            name: submit.name.clone(),
            hash,
            script,
        })
    }

    /// How many bytes it adds to an archive, at the most.
    pub(crate) fn weight(&self) -> usize {
        self.script.len() + self.call.len() + 4096
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

/// A job's call, as the worker reads it.
fn call(
    submit: &SubmitJob,
    settings: &Settings,
    mark: &Mark,
    hash: &str,
    natives: &BTreeMap<ThingId, NativeId>,
    now: Timestamp,
) -> Result<String> {
    let mut call = Call { text: String::new() };
    let name = if submit.name.is_empty() { "job" } else { &submit.name };
    call.item('m', &mark.to_string())?;
    call.item('t', name.split('\n').next().unwrap_or_default())?;
    // The worker names the job, marks it and names its outputs by itself. A shell reads byte by byte,
    // so a call says only what differs.
    if name.contains('\n') {
        call.item('o', &format!("--job-name={name}"))?;
    }
    if submit.array.is_some() {
        call.item('o', "--output=output-%a")?;
        call.item('o', "--error=error-%a")?;
    }
    for option in options(submit, settings, natives, now)? {
        call.item('o', &option)?;
    }
    if !submit.environment.is_empty() {
        call.item('o', "--export=ALL")?;
    }
    if let Some(folder) = &submit.folder {
        let folder = crate::folder(folder)?;
        if folder != settings.experiment_folder {
            call.item('w', &folder)?;
        }
    }
    call.item('c', hash)?;
    for argument in &submit.arguments {
        call.item('a', argument)?;
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
        call.item('e', &format!("{name}={value}"))?;
    }
    call.text.push_str(".\n");
    Ok(call.text)
}

struct Call {
    text: String,
}

impl Call {
    fn item(&mut self, letter: char, value: &str) -> Result<()> {
        if value.contains('\0') {
            return Err(
                Error::bad_input("a name, argument or variable holds a zero byte").hint("leave it out")
            );
        }
        for (number, line) in value.split('\n').enumerate() {
            self.text.push(if number == 0 { letter } else { 'n' });
            self.text.push_str(line);
            self.text.push('\n');
        }
        Ok(())
    }
}

/// The options of `sbatch` that say what the job asks for.
pub(crate) fn options(
    submit: &SubmitJob,
    settings: &Settings,
    natives: &BTreeMap<ThingId, NativeId>,
    now: Timestamp,
) -> Result<Vec<String>> {
    let mut options = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        options.extend(value.map(|value| format!("--{name}={value}")));
    };
    let or_given =
        |value: &Option<String>, otherwise: &Option<String>| value.clone().or_else(|| otherwise.clone());
    add("partition", or_given(&submit.queue, &settings.queue));
    add("account", or_given(&submit.account, &settings.account));
    add("time", submit.time_limit.map(duration));
    add("nodes", submit.nodes.map(|nodes| nodes.to_string()));
    add("ntasks", submit.tasks.map(|tasks| tasks.to_string()));
    add("cpus-per-task", submit.cpus_per_task.map(|cpus| cpus.to_string()));
    add("mem", submit.memory.map(|memory| format!("{memory}M")));
    if let Some(array) = &submit.array {
        if array.is_empty() || !array.bytes().all(|byte| byte.is_ascii_digit() || b",-:%".contains(&byte)) {
            return Err(Error::bad_input(format!("`{array}` does not name the indices of a job array"))
                .hint("write 1-1000, 0-9:3 or 1,5,7, with %4 after it for four at once"));
        }
        add("array", Some(array.clone()));
    }
    let wishes = &submit.wishes;
    add("gres", wishes.gpus.as_ref().map(|gpus| format!("gpu:{gpus}")));
    let mut dependencies = Vec::new();
    for dependency in &wishes.dependencies {
        let native = natives
            .get(&dependency.job)
            .and_then(|native| split_id(native.as_str()))
            .ok_or_else(|| Error::internal("a job that comes first has no id"))?;
        dependencies.push(format!("{}:{}", dependency.after.as_str(), native.0));
    }
    add("dependency", (!dependencies.is_empty()).then(|| dependencies.join(",")));
    // Relative: the cluster's clock and its zone do not matter.
    add("begin", wishes.begin.map(|begin| format!("now+{}", seconds_until(begin, now))));
    if let Some(mail) = &wishes.mail {
        let about: Vec<&str> = [("BEGIN", mail.begin), ("END", mail.end), ("FAIL", mail.fail)]
            .into_iter()
            .filter_map(|(word, wanted)| wanted.then_some(word))
            .collect();
        add("mail-user", Some(mail.to.clone()));
        add("mail-type", Some(if about.is_empty() { "END,FAIL".to_owned() } else { about.join(",") }));
    }
    add("licenses", (!wishes.licences.is_empty()).then(|| wishes.licences.join(",")));
    add("constraint", wishes.constraint.clone());
    add("reservation", wishes.reservation.clone());
    add("qos", wishes.qos.clone());
    if submit.hold {
        options.push("--hold".to_owned());
    }
    Ok(options)
}

/// Whole seconds from now to `then`, none if it is over.
pub(crate) fn seconds_until(then: Timestamp, now: Timestamp) -> i64 {
    then.duration_since(now).as_secs().max(0)
}

/// Seconds as Slurm writes a time limit: `D-HH:MM:SS`.
pub(crate) fn duration(seconds: u64) -> String {
    format!("{}-{:02}:{:02}:{:02}", seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

/// What the submitting script finds on its standard input.
pub(crate) fn input(settings: &Settings, submissions: &[Submission], now: Timestamp) -> Result<Vec<u8>> {
    let marks: Vec<&Mark> = submissions.iter().map(|submission| &submission.mark).collect();
    let head = format!(
        "{}\n{}\n{}\n",
        settings.experiment_folder,
        settings.settle.as_secs().max(1),
        since(&marks, now)
    );
    let mut archive = tar::Builder::new(head.into_bytes());
    let mut add = |path: &str, content: &[u8], kind: tar::EntryType| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(if kind == tar::EntryType::Directory { 0o700 } else { 0o600 });
        header.set_size(content.len() as u64);
        header.set_mtime(u64::try_from(now.as_second()).unwrap_or_default());
        archive
            .append_data(&mut header, path, content)
            .map_err(|error| Error::internal(format!("the archive cannot be written: {error}")))
    };
    add("worker", format!("{OUTCOME}{WORKER}").as_bytes(), tar::EntryType::Regular)?;
    let mut list = String::new();
    for mark in marks {
        list.push_str(&format!("{mark}\n"));
    }
    add("marks", list.as_bytes(), tar::EntryType::Regular)?;
    add("scripts/", b"", tar::EntryType::Directory)?;
    add("calls/", b"", tar::EntryType::Directory)?;
    add("jobs/", b"", tar::EntryType::Directory)?;
    let mut scripts = BTreeMap::new();
    for submission in submissions {
        add(&format!("jobs/{}/", submission.mark), b"", tar::EntryType::Directory)?;
        scripts.insert(&submission.hash, &submission.script);
    }
    for (hash, script) in scripts {
        add(&format!("scripts/{hash}"), script, tar::EntryType::Regular)?;
    }
    let chunk = submissions.len().div_ceil(CALL_FILES).max(1);
    for (number, chunk) in submissions.chunks(chunk).enumerate() {
        let calls: String = chunk.iter().map(|submission| submission.call.as_str()).collect();
        add(&format!("calls/{number}"), calls.as_bytes(), tar::EntryType::Regular)?;
    }
    // An archive that is cut between two entries unpacks without complaint.
    add("whole", b"", tar::EntryType::Regular)?;
    archive.into_inner().map_err(|error| Error::internal(format!("the archive cannot be written: {error}")))
}

/// A day before the oldest mark was made, as `sacct -S` takes it: marks hold their own time.
pub(crate) fn since(marks: &[&Mark], now: Timestamp) -> String {
    let oldest = marks
        .iter()
        .filter_map(|mark| made(&mark.thing()))
        .min()
        .unwrap_or(now - SignedDuration::from_hours(720));
    let oldest = oldest.min(now) - SignedDuration::from_hours(24);
    oldest.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// When a thing of ours was planned: the first 48 bits of its UUID.
fn made(thing: &ThingId) -> Option<Timestamp> {
    let digits: String = thing.as_str().chars().filter(|letter| *letter != '-').take(13).collect();
    let milliseconds = digits.strip_suffix('7')?;
    Timestamp::from_millisecond(i64::from_str_radix(milliseconds, 16).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use cloudmesh_model::Installation;

    use super::*;

    #[test]
    fn a_mark_tells_when_it_was_made() {
        let mark = Mark::of(&Installation::draw(), &ThingId::planned()).unwrap();
        let now = Timestamp::now();
        let text = since(&[&mark], now);
        let expected = (now - SignedDuration::from_hours(24)).strftime("%Y-%m-%dT%H:%M").to_string();
        assert!(text.starts_with(&expected), "{text} {expected}");
    }

    #[test]
    fn times_are_written_as_slurm_reads_them() {
        assert_eq!(duration(90), "0-00:01:30");
        assert_eq!(duration(93_784), "1-02:03:04");
    }

    #[test]
    fn scripts_that_slurm_would_refuse_are_refused_here() {
        for script in ["", "\n \n", "echo", "#!/bin/sh\r\necho\r\n", "#!/bin/sh\n\0"] {
            assert!(check_script("job", script.as_bytes()).is_err(), "{script:?}");
        }
        assert!(check_script("job", b"#!/bin/sh\necho \xff\n").is_ok());
    }
}

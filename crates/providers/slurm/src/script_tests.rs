//! The scripts over plain `sh`, with a scheduler made of three small scripts on PATH: what they keep
//! when everything on the login node is killed in the middle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use cloudmesh_model::{ErrorKind, Installation, Mark, ThingId};
use cloudmesh_resource::{Action, BatchAction, Request, SubmitJob};
use cloudmesh_transport::ssh::Output;
use jiff::Timestamp;

use crate::Settings;
use crate::answer::Answer;
use crate::cluster::SUBMIT;
use crate::submission::{Submission, input};

/// Takes its time before and after the job is there; refuses a partition called `nosuch`.
const SBATCH: &str = r#"#!/bin/sh
for a do
  case $a in
    --comment=*) comment=${a#*=} ;;
    --chdir=*) folder=${a#*=} ;;
    */.scripts/*) script=$a ;;
    --partition=nosuch) echo "sbatch: error: Batch job submission failed: Invalid partition name specified" >&2; exit 1 ;;
    --partition=slow) echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; slow=1 ;;
  esac
done
[ -r "$script" ] || { echo "sbatch: error: Unable to open file $script" >&2; exit 1; }
sleep 0.02
n=1
until mkdir "$FAKE/jobs/$n" 2>/dev/null; do n=$((n + 1)); done
printf '%s %s\n' "$comment" "$folder" >"$FAKE/jobs/$n/job"
printf '%s\n' "$@" >"$FAKE/jobs/$n/arguments"
env >"$FAKE/jobs/$n/environment"
sleep 0.02
[ -z "$slow" ] || exit 1
echo "$n"
"#;

const SQUEUE: &str = r#"#!/bin/sh
cd "$FAKE/jobs" && for n in *; do
  [ -e "$n/job" ] && read -r comment folder <"$n/job" && echo "$n PENDING None $comment $folder"
done
exit 0
"#;

const SACCT: &str = "#!/bin/sh\necho 'Slurm accounting storage is disabled' >&2\nexit 1\n";

struct Login {
    folder: tempfile::TempDir,
    installation: Installation,
    settings: Settings,
}

impl Login {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["bin", "jobs", "home dir"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for (name, text) in [("sbatch", SBATCH), ("squeue", SQUEUE), ("sacct", SACCT)] {
            let path = folder.path().join("bin").join(name);
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let settings = Settings {
            experiment_folder: "my experiments".to_owned(),
            queue: None,
            account: None,
            settle: Duration::from_secs(1),
        };
        Self { folder, installation: Installation::draw(), settings }
    }

    fn job(&self, change: impl FnOnce(&mut SubmitJob)) -> Request {
        let id = ThingId::planned();
        let mut submit = SubmitJob {
            job: id.clone(),
            name: "job".to_owned(),
            script: "abc".to_owned(),
            arguments: Vec::new(),
            queue: None,
            time_limit: None,
            nodes: None,
            tasks: None,
            cpus_per_task: None,
            memory: None,
            account: None,
            array: None,
            hold: false,
            environment: BTreeMap::new(),
            folder: None,
            wishes: cloudmesh_resource::Wishes::default(),
        };
        change(&mut submit);
        Request {
            mark: Mark::of(&self.installation, &id),
            action: Action::Batch(BatchAction::SubmitJob(Box::new(submit))),
            natives: BTreeMap::new(),
            attachments: BTreeMap::from([("abc".to_owned(), Arc::from(&b"#!/bin/sh\ntrue\n"[..]))]),
        }
    }

    fn input(&self, requests: &[Request]) -> Vec<u8> {
        let submissions: Vec<Submission> = requests
            .iter()
            .map(|request| {
                let Action::Batch(BatchAction::SubmitJob(submit)) = &request.action else { panic!() };
                Submission::new(request, submit, &self.settings, Timestamp::now()).unwrap()
            })
            .collect();
        input(&self.settings, &submissions, Timestamp::now()).unwrap()
    }

    /// Runs the submitting script; kills all of it after `kill`, if it is given.
    fn run(&self, input: &[u8], kill: Option<Duration>) -> Output {
        let path = format!("{}:/usr/bin:/bin", self.folder.path().join("bin").display());
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(SUBMIT)
            .env_clear()
            .env("PATH", path)
            .env("FAKE", self.folder.path())
            .env("HOME", self.folder.path().join("home dir"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let bytes = input.to_vec();
        std::thread::spawn(move || stdin.write_all(&bytes));
        if let Some(after) = kill {
            std::thread::sleep(after);
            Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).status().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Output { stdout: output.stdout, stderr, code: output.status.code().unwrap_or(-1) }
    }

    fn classes(&self, input: &[u8]) -> Vec<(String, String, String)> {
        let answer = Answer::read("login", self.run(input, None)).unwrap();
        answer
            .records("jobs")
            .map(|record| (record[0].to_owned(), record[1].to_owned(), record[3].to_owned()))
            .collect()
    }

    /// What the scheduler has: mark and number of each job.
    fn jobs(&self) -> Vec<(String, String)> {
        let mut jobs = Vec::new();
        for entry in fs::read_dir(self.folder.path().join("jobs")).unwrap() {
            let entry = entry.unwrap();
            // One that was killed before it had written the job is a submission that never was.
            let Ok(text) = fs::read_to_string(entry.path().join("job")) else { continue };
            if let Some(mark) = text.split(' ').next().filter(|mark| mark.len() == 44) {
                jobs.push((mark.to_owned(), entry.file_name().into_string().unwrap()));
            }
        }
        jobs
    }

    fn read(&self, number: &str, file: &str) -> String {
        fs::read_to_string(self.folder.path().join("jobs").join(number).join(file)).unwrap()
    }

    fn left_over(&self) -> usize {
        let folder = self.folder.path().join("home dir").join(&self.settings.experiment_folder);
        fs::read_dir(folder).unwrap().flatten().filter(|entry| is_stage(&entry.path())).count()
    }
}

fn is_stage(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".incoming"))
}

#[test]
fn every_word_reaches_sbatch_as_it_was_given() {
    let login = Login::new();
    let words =
        ["a b", "'\"$x`\\", "two\nlines\n", "", "-n", "*", "naïve 北京", "\\n\\t", " lead and trail "];
    let request = login.job(|submit| {
        submit.name = "it's $(a) \"name\"\nof two lines".to_owned();
        submit.arguments = words.map(str::to_owned).to_vec();
        submit.environment.insert("GREETING".to_owned(), "good 'day', $all\nand=night".to_owned());
        submit.environment.insert("PATH".to_owned(), "/usr/bin:/bin:/odd".to_owned());
        submit.folder = Some("else where".to_owned());
    });
    let classes = login.classes(&login.input(std::slice::from_ref(&request)));
    assert_eq!(classes[0].1, "id", "{classes:?}");
    let arguments = login.read(&classes[0].2, "arguments");
    let mark = request.mark.unwrap();
    assert!(
        arguments.contains("\n--job-name=it's $(a) \"name\"\nof two lines\n--export=ALL\n--chdir="),
        "{arguments}"
    );
    assert!(arguments.contains(&format!("--comment={mark}\n")), "{arguments}");
    assert!(arguments.ends_with(&format!("/.scripts/abc\n{}\n", words.join("\n"))), "{arguments}");
    assert!(arguments.contains(&format!("/home dir/else where/{mark}\n")), "{arguments}");
    let environment = login.read(&classes[0].2, "environment");
    assert!(environment.contains("GREETING=good 'day', $all\nand=night\n"), "{environment}");
    assert!(environment.contains("PATH=/usr/bin:/bin:/odd\n"));
    assert!(!environment.contains("cm_"), "{environment}");
    assert_eq!(login.left_over(), 0);
}

#[test]
fn a_refusal_is_told_and_may_be_tried_again_at_once() {
    let login = Login::new();
    let mut request = login.job(|submit| submit.queue = Some("nosuch".to_owned()));
    let classes = login.classes(&login.input(std::slice::from_ref(&request)));
    assert_eq!(classes[0].1, "refused");
    assert!(classes[0].2.contains("Invalid partition"));
    assert!(login.jobs().is_empty());
    if let Action::Batch(BatchAction::SubmitJob(submit)) = &mut request.action {
        submit.queue = None;
    }
    let input = login.input(std::slice::from_ref(&request));
    assert_eq!(login.classes(&input)[0].1, "id");
    assert_eq!(login.classes(&input)[0].1, "id");
    assert_eq!(login.jobs().len(), 1);
}

#[test]
fn an_answer_that_did_not_arrive_is_uncertain_and_then_adopted() {
    let login = Login::new();
    let request = login.job(|submit| submit.queue = Some("slow".to_owned()));
    let input = login.input(std::slice::from_ref(&request));
    assert_eq!(login.classes(&input)[0].1, "uncertain");
    std::thread::sleep(Duration::from_millis(2100));
    let classes = login.classes(&input);
    assert_eq!((classes[0].1.as_str(), login.jobs().len()), ("id", 1));
    assert_eq!(classes[0].2, login.jobs()[0].1);
}

#[test]
fn an_archive_that_did_not_arrive_whole_submits_nothing() {
    let login = Login::new();
    let requests: Vec<Request> = (0..3).map(|_| login.job(|_| ())).collect();
    let input = login.input(&requests);
    for part in [0, 10, 600, 3000, input.len() / 2, input.len() - 1100, input.len() - 1600] {
        let answer = Answer::read("login", login.run(&input[..part], None));
        let error = answer.err().map(|error| error.kind());
        assert!(matches!(error, Some(ErrorKind::Unreachable | ErrorKind::Service)), "{part}: {error:?}");
    }
    assert!(login.jobs().is_empty());
}

#[test]
fn two_calls_at_once_submit_each_job_once() {
    let login = Login::new();
    let requests: Vec<Request> = (0..24).map(|_| login.job(|_| ())).collect();
    let input = login.input(&requests);
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..3).map(|_| scope.spawn(|| login.classes(&input))).collect();
        for caller in callers {
            assert!(caller.join().unwrap().iter().all(|(_, class, _)| class == "id"));
        }
    });
    assert_eq!(login.jobs().len(), 24);
}

#[test]
fn whatever_is_killed_whenever_each_mark_becomes_one_job() {
    let login = Login::new();
    for moment in [30, 70, 110, 160] {
        let requests: Vec<Request> = (0..12).map(|_| login.job(|_| ())).collect();
        let input = login.input(&requests);
        login.run(&input, Some(Duration::from_millis(moment)));
        let before = login.jobs().len();
        // At once: nothing that is in doubt may be repeated.
        login.classes(&input);
        std::thread::sleep(Duration::from_millis(2100));
        let classes = login.classes(&input);
        assert!(classes.iter().all(|(_, class, _)| class == "id"), "{moment}: {classes:?}");
        let wanted: BTreeSet<String> =
            requests.iter().map(|request| request.mark.as_ref().unwrap().to_string()).collect();
        let jobs: Vec<(String, String)> =
            login.jobs().into_iter().filter(|(mark, _)| wanted.contains(mark)).collect();
        assert_eq!(jobs.len(), 12, "{moment} ms, {before} before the kill");
        let told: BTreeSet<(String, String)> = classes.into_iter().map(|(mark, _, id)| (mark, id)).collect();
        assert_eq!(told, jobs.into_iter().collect());
    }
}

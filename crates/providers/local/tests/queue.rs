//! The queue from end to end: real runner and supervisor processes (this test binary, executed
//! again), real scripts, and kills.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cloudmesh_local::LocalProvider;
use cloudmesh_model::job::{Job, JobStatus};
use cloudmesh_model::{
    Error, ErrorKind, Installation, Mark, NativeId, Refuse, Result, Secret, SecretStore, SystemClock,
    ThingId, ThingKind,
};
use cloudmesh_resource::{
    Action, Batch, BatchAction, Connection, OutputStream, Place, Provider, Request, SubmitJob, Surroundings,
    Thing,
};

/// Not a test: what the wrapper script executes.
#[test]
fn runner_process() {
    if std::env::var_os("CLOUDMESH_TEST_RUNNER").is_some() {
        let home = std::env::var_os("CLOUDMESH_HOME").unwrap();
        cloudmesh_local::runner::run(Path::new(&home)).unwrap();
    }
}

struct NoSecrets;

impl SecretStore for NoSecrets {
    fn get(&self, _: &str) -> Result<Option<Secret>> {
        Ok(None)
    }
    fn put(&self, _: &str, _: &Secret) -> Result<()> {
        Ok(())
    }
    fn delete(&self, _: &str) -> Result<()> {
        Ok(())
    }
    fn names(&self, _: &str) -> Result<Vec<String>> {
        Ok(Vec::new())
    }
}

struct Rig {
    home: tempfile::TempDir,
    batch: Arc<dyn Batch>,
    installation: Installation,
}

impl Rig {
    fn new(slots: u64) -> Self {
        let home = tempfile::tempdir().unwrap();
        let program = home.path().join("program");
        let own = std::env::current_exe().unwrap();
        fs::write(
            &program,
            format!(
                "#!/bin/sh\nCLOUDMESH_TEST_RUNNER=1 exec '{}' --exact runner_process --nocapture\n",
                own.display()
            ),
        )
        .unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let installation = Installation::draw();
        let variables = [("PATH", "/usr/bin:/bin"), ("HOME", "/nonexistent"), ("OS_PASSWORD", "kept back")];
        let connection = Connection {
            installation: installation.clone(),
            clock: Arc::new(SystemClock),
            secrets: Arc::new(NoSecrets),
            ask: Arc::new(Refuse),
            surroundings: Surroundings {
                variables: variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
                user_home: Some(home.path().join("user home")),
                working_folder: home.path().to_owned(),
            },
            home: home.path().to_owned(),
            runtime_folder: home.path().to_owned(),
            program,
        };
        let mut place = LocalProvider.discover(&Surroundings::default()).unwrap().remove(0);
        place.settings.insert("slots".to_owned(), slots.to_string());
        let Place::Batch(batch) = LocalProvider.connect(place, connection).unwrap() else { panic!() };
        Self { home, batch, installation }
    }

    fn request(&self, script: &str, change: impl FnOnce(&mut SubmitJob)) -> Request {
        let id = ThingId::planned();
        let mut submit = SubmitJob {
            job: id.clone(),
            name: "job".to_owned(),
            script: "hash".to_owned(),
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
            attachments: BTreeMap::from([("hash".to_owned(), Arc::from(script.as_bytes()))]),
        }
    }

    async fn submit(&self, script: &str, change: impl FnOnce(&mut SubmitJob)) -> Result<(ThingId, NativeId)> {
        let request = self.request(script, change);
        let id = request.mark.as_ref().unwrap().thing();
        let native = self.batch.perform(vec![request]).await.remove(0)?.native.unwrap();
        Ok((id, native))
    }

    async fn cancel(&self, job: &(ThingId, NativeId)) {
        let request = Request {
            action: Action::Batch(BatchAction::CancelJob { job: job.0.clone() }),
            mark: Mark::of(&self.installation, &job.0),
            natives: BTreeMap::from([job.clone()]),
            attachments: BTreeMap::new(),
        };
        self.batch.perform(vec![request]).await.remove(0).unwrap();
    }

    async fn see(&self, job: &(ThingId, NativeId)) -> Job {
        let seen = self.batch.look(ThingKind::Job, std::slice::from_ref(job)).await.unwrap().remove(0);
        let Some(Thing::Job(job)) = seen.thing else { panic!("it is gone") };
        job
    }

    async fn until(&self, job: &(ThingId, NativeId), what: impl Fn(&Job) -> bool) -> Job {
        let began = Instant::now();
        loop {
            let seen = self.see(job).await;
            if what(&seen) {
                return seen;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "waited in vain: {seen:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn ended(&self, job: &(ThingId, NativeId)) -> Job {
        self.until(job, |job| job.status.ended()).await
    }

    async fn output(&self, job: &Job, stream: OutputStream) -> String {
        let chunk = self.batch.output(job, stream, 0, 1 << 20).await.unwrap();
        String::from_utf8(chunk.bytes).unwrap()
    }

    /// Processes of this home: runner and supervisors.
    fn processes(&self) -> Vec<u32> {
        let wanted = format!("CLOUDMESH_HOME={}\0", self.home.path().display());
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            if String::from_utf8_lossy(&environment).contains(&wanted) {
                found.push(pid);
            }
        }
        found
    }

    /// The process that holds the runner's lock: the oldest one.
    fn runner(&self) -> Option<u32> {
        self.processes().into_iter().find(|pid| {
            fs::read_dir(format!("/proc/{pid}/fd")).is_ok_and(|entries| {
                entries.flatten().any(|entry| {
                    fs::read_link(entry.path()).is_ok_and(|path| path.ends_with("local/runner.lock"))
                })
            })
        })
    }
}

fn kill(pid: u32) {
    Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_job_gets_its_arguments_and_environment_and_nothing_else() {
    let rig = Rig::new(2);
    let script = "#!/bin/sh\nprintf '%s\\n' \"$@\" \"$GREETING\" \"${OS_PASSWORD-none}\"\necho trouble >&2\npwd\nexit 3\n";
    let job = rig
        .submit(script, |submit| {
            submit.name = "naïve \"job\" '½' $HOME".to_owned();
            submit.arguments =
                vec!["a b".to_owned(), "'\"$x`".to_owned(), "北京\nline".to_owned(), String::new()];
            submit.environment.insert("GREETING".to_owned(), "good day; $(date)".to_owned());
        })
        .await
        .unwrap();
    let seen = rig.ended(&job).await;
    assert_eq!((seen.status, seen.exit_code), (JobStatus::Failed, Some(3)), "{seen:?}");
    assert_eq!(seen.name, "naïve \"job\" '½' $HOME");
    let folder = seen.folder.clone().unwrap();
    assert!(folder.ends_with(&seen.mark.as_ref().unwrap().to_string()));
    let expected = format!("a b\n'\"$x`\n北京\nline\n\ngood day; $(date)\nnone\n{folder}\n");
    assert_eq!(rig.output(&seen, OutputStream::Output).await, expected);
    assert_eq!(rig.output(&seen, OutputStream::Error).await, "trouble\n");
    let piece = rig.batch.output(&seen, OutputStream::Output, 2, 1).await.unwrap();
    assert_eq!((piece.bytes.as_slice(), piece.next, piece.more), (&b"b"[..], 3, true));
    let mode = fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
}

#[tokio::test]
async fn a_mark_is_one_job_however_often_it_is_submitted() {
    let rig = Rig::new(2);
    let request = rig.request("echo once >> runs", |_| ());
    let first = rig.batch.perform(vec![request.clone()]).await.remove(0).unwrap().native.unwrap();
    let again = rig.batch.perform(vec![request.clone(), request.clone()]).await;
    for result in again {
        assert_eq!(result.unwrap().native.as_ref(), Some(&first));
    }
    let mark = request.mark.unwrap();
    let seen = rig.ended(&(mark.thing(), first.clone())).await;
    assert_eq!(lines(&Path::new(&seen.folder.unwrap()).join("runs")), ["once"]);
    let found = rig.batch.find(ThingKind::Job, std::slice::from_ref(&mark)).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0].mark, &found[0].native), (&mark, &first));
    let other = Mark::of(&rig.installation, &ThingId::planned()).unwrap();
    assert!(rig.batch.find(ThingKind::Job, &[other]).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_array_runs_each_index_once() {
    let rig = Rig::new(4);
    let script = "#!/bin/sh\necho $CLOUDMESH_ARRAY_INDEX\n[ $CLOUDMESH_ARRAY_INDEX != 5 ]\n";
    let job = rig.submit(script, |submit| submit.array = Some("1-9:2%2".to_owned())).await.unwrap();
    let seen = rig.ended(&job).await;
    assert_eq!((seen.status, seen.exit_code), (JobStatus::Failed, Some(1)));
    assert_eq!(seen.reason.as_deref(), Some("5 of 5 ended, 1 of them not well"));
    assert_eq!(rig.output(&seen, OutputStream::Output).await, "1\n3\n5\n7\n9\n");
    let piece = rig.batch.output(&seen, OutputStream::Output, 3, 4).await.unwrap();
    assert_eq!((piece.bytes.as_slice(), piece.next, piece.more), (&b"\n5\n7"[..], 7, true));
}

#[tokio::test]
async fn a_job_ends_at_its_time_limit_even_if_it_ignores_the_first_warning() {
    let rig = Rig::new(2);
    let job = rig
        .submit("trap '' TERM; sleep 100 & wait; sleep 100", |submit| submit.time_limit = Some(1))
        .await
        .unwrap();
    let seen = rig.ended(&job).await;
    assert_eq!((seen.status, seen.signal), (JobStatus::TimedOut, Some(9)), "{seen:?}");
}

#[tokio::test]
async fn cancelling_ends_what_runs_and_what_waits_and_succeeds_on_what_ended() {
    let rig = Rig::new(1);
    let running = rig.submit("sleep 100", |_| ()).await.unwrap();
    rig.until(&running, |job| job.status == JobStatus::Running).await;
    let waiting = rig.submit("sleep 100", |_| ()).await.unwrap();
    let held = rig.submit("sleep 100", |submit| submit.hold = true).await.unwrap();
    assert_eq!(rig.see(&waiting).await.status, JobStatus::Pending);
    assert_eq!(rig.see(&held).await.status, JobStatus::Held);
    for job in [&waiting, &held, &running] {
        rig.cancel(job).await;
        assert_eq!(rig.ended(job).await.status, JobStatus::Cancelled);
        rig.cancel(job).await;
    }
    rig.cancel(&(ThingId::planned(), NativeId::from("77777"))).await;
}

#[tokio::test]
async fn what_cannot_run_is_refused_before_it_is_queued() {
    let rig = Rig::new(1);
    let refused = async |script: &str, change: fn(&mut SubmitJob)| -> Error {
        rig.submit(script, change).await.unwrap_err()
    };
    let faults = [
        refused("", |_| ()).await,
        refused(" \n\n", |_| ()).await,
        refused("#!/bin/sh\r\necho\r\n", |_| ()).await,
        refused("true", |submit| submit.queue = Some("gpu".to_owned())).await,
        refused("true", |submit| submit.nodes = Some(2)).await,
        refused("true", |submit| submit.memory = Some(1 << 40)).await,
        refused("true", |submit| submit.array = Some("5-1".to_owned())).await,
        refused("true", |submit| submit.arguments = vec!["a\0b".to_owned()]).await,
        refused("true", |submit| drop(submit.environment.insert("A=B".to_owned(), String::new()))).await,
    ];
    for fault in faults {
        assert_eq!(fault.kind(), ErrorKind::BadInput, "{fault}");
        assert!(fault.hint_text().is_some(), "{fault}");
    }
    assert!(!rig.home.path().join("local").exists());
}

#[tokio::test]
async fn big_scripts_and_missing_interpreters_end_as_they_should() {
    let rig = Rig::new(2);
    let mut script = "#!/bin/sh\n".to_owned();
    while script.len() < 1 << 20 {
        script.push_str("# a comment that fills the script\n");
    }
    script.push_str("echo end\n");
    let big = rig.submit(&script, |_| ()).await.unwrap();
    let missing = rig.submit("#!/no/such/interpreter -x\n", |_| ()).await.unwrap();
    let folder = rig.submit("pwd", |submit| submit.folder = Some("my jobs".to_owned())).await.unwrap();
    let seen = rig.ended(&big).await;
    assert_eq!(
        (seen.status, rig.output(&seen, OutputStream::Output).await.as_str()),
        (JobStatus::Completed, "end\n")
    );
    let seen = rig.ended(&missing).await;
    assert_eq!((seen.status, seen.exit_code), (JobStatus::Failed, Some(127)));
    assert!(rig.output(&seen, OutputStream::Error).await.contains("/no/such/interpreter"));
    let seen = rig.ended(&folder).await;
    let work = rig.home.path().join("user home/my jobs").join(seen.mark.as_ref().unwrap().to_string());
    assert_eq!(rig.output(&seen, OutputStream::Output).await, format!("{}\n", work.display()));
}

#[tokio::test]
async fn jobs_outlive_the_runner_and_the_next_one_takes_them_up() {
    let rig = Rig::new(2);
    let record: PathBuf = rig.home.path().join("record");
    let script = format!("echo begin $1 >> '{0}'; sleep 1; echo end $1 >> '{0}'", record.display());
    let mut jobs = Vec::new();
    for number in 0..6 {
        jobs.push(rig.submit(&script, |submit| submit.arguments = vec![number.to_string()]).await.unwrap());
    }
    rig.until(&jobs[1], |job| job.status == JobStatus::Running).await;
    kill(rig.runner().unwrap());
    assert_eq!(rig.see(&jobs[0]).await.status, JobStatus::Running);
    for job in &jobs {
        assert_eq!(rig.ended(job).await.status, JobStatus::Completed);
    }
    let mut record = lines(&record);
    record.sort();
    assert_eq!(record.len(), 12, "{record:?}");
    record.dedup();
    assert_eq!(record.len(), 12, "one of them ran twice: {record:?}");
}

#[tokio::test]
async fn no_kill_of_runner_or_supervisors_makes_a_job_run_twice_or_never_end() {
    let rig = Rig::new(3);
    let record: PathBuf = rig.home.path().join("record");
    let script = format!("echo $1 >> '{}'; sleep 0.1", record.display());
    let mut jobs = Vec::new();
    for number in 0..30 {
        jobs.push(rig.submit(&script, |submit| submit.arguments = vec![number.to_string()]).await.unwrap());
    }
    let began = Instant::now();
    let mut seed = 7_u64;
    while began.elapsed() < Duration::from_millis(2500) {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let processes = rig.processes();
        if !processes.is_empty() {
            kill(processes[usize::try_from(seed >> 33).unwrap() % processes.len()]);
        }
        rig.see(&jobs[29]).await;
        tokio::time::sleep(Duration::from_millis((seed >> 40) % 60)).await;
    }
    for job in &jobs {
        rig.ended(job).await;
    }
    let mut ran = lines(&record);
    ran.sort();
    let before = ran.len();
    ran.dedup();
    assert_eq!(before, ran.len(), "one of them ran twice");
    for job in &jobs {
        let seen = rig.see(job).await;
        let text = seen.reason.clone().unwrap_or_default();
        // A supervisor's child is a process of this home until it runs the script, so a kill may hit the job itself.
        let told = text.contains("supervisor") || text == "ended by signal 9";
        assert!(seen.status == JobStatus::Completed || told, "{seen:?}");
    }
    // A runner ends when there is nothing left to do.
    while rig.runner().is_some() {
        assert!(began.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn lists_show_every_job_of_this_computer() {
    let rig = Rig::new(2);
    let first = rig.submit("true", |_| ()).await.unwrap();
    let second = rig.submit("true", |submit| submit.hold = true).await.unwrap();
    rig.ended(&first).await;
    let mut jobs = Vec::new();
    rig.batch.jobs(true, &mut |page| jobs.extend(page)).await.unwrap();
    let natives: Vec<_> = jobs.iter().filter_map(|job| job.native.clone()).collect();
    assert_eq!(natives, [first.1, second.1]);
    let mut queues = Vec::new();
    rig.batch.queues(&mut |page| queues.extend(page)).await.unwrap();
    assert_eq!((queues.len(), queues[0].cpus), (1, Some(2)));
    assert!(rig.batch.facts().await.unwrap().iter().any(|(name, _)| name == "slots"));
}

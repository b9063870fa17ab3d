//! Against a real Slurm. Runs only where `CLOUDMESH_TEST_SLURM_SSH_CONFIG` (an SSH configuration file) and
//! `CLOUDMESH_TEST_SLURM_HOST` (an alias in it) are set; elsewhere every test says so and passes.

#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a test may panic and say what it measured")]

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cloudmesh_model::job::{Job, JobStatus};
use cloudmesh_model::{
    ErrorKind, Installation, Mark, NativeId, Refuse, Result, Retry, Secret, SecretStore, SystemClock,
    ThingId, ThingKind,
};
use cloudmesh_resource::{
    Action, Batch, BatchAction, Connection, OutputStream, Place, PlaceDescription, Provider, Request,
    SubmitJob, Surroundings, Thing,
};
use cloudmesh_slurm::SlurmProvider;

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
    config: String,
    host: String,
    batch: Arc<dyn Batch>,
    installation: Installation,
}

/// Sockets stay in one place: all tests share one connection.
fn runtime() -> PathBuf {
    std::env::temp_dir().join(format!("cm-test-{}", std::env::var("USER").unwrap_or_default()))
}

impl Rig {
    fn new() -> Option<Self> {
        Self::of(Installation::draw(), &[])
    }

    fn of(installation: Installation, more: &[(&str, &str)]) -> Option<Self> {
        let (Ok(config), Ok(host)) =
            (std::env::var("CLOUDMESH_TEST_SLURM_SSH_CONFIG"), std::env::var("CLOUDMESH_TEST_SLURM_HOST"))
        else {
            eprintln!(
                "not run: no Slurm is named by CLOUDMESH_TEST_SLURM_SSH_CONFIG and CLOUDMESH_TEST_SLURM_HOST"
            );
            return None;
        };
        let settings = [
            ("cm_host", host.as_str()),
            ("ssh_config", &config),
            ("experiment_dir", "cm test"),
            ("settle", "3"),
        ];
        let place = PlaceDescription {
            name: "rig".to_owned(),
            provider: "slurm".to_owned(),
            heading: String::new(),
            source: "test".to_owned(),
            settings: settings.iter().chain(more).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            secrets: BTreeMap::new(),
            defaults: BTreeMap::new(),
        };
        let connection = Connection {
            installation: installation.clone(),
            clock: Arc::new(SystemClock),
            secrets: Arc::new(NoSecrets),
            ask: Arc::new(Refuse),
            surroundings: Surroundings::default(),
            home: std::env::temp_dir(),
            runtime_folder: runtime(),
            program: PathBuf::from("/nonexistent"),
        };
        let Place::Batch(batch) = SlurmProvider.connect(place, connection).unwrap() else { panic!() };
        Some(Self { config, host, batch, installation })
    }

    fn request(&self, script: &str, change: impl FnOnce(&mut SubmitJob)) -> Request {
        request(&self.installation, ThingId::planned(), script, change)
    }

    async fn submit(&self, requests: &[Request]) -> Vec<(ThingId, NativeId)> {
        let results = self.batch.perform(requests.to_vec()).await;
        let ids = requests.iter().map(|request| request.mark.as_ref().unwrap().thing());
        ids.zip(results).map(|(id, result)| (id, result.unwrap().native.unwrap())).collect()
    }

    async fn look(&self, jobs: &[(ThingId, NativeId)]) -> Vec<Job> {
        let seen = self.batch.look(ThingKind::Job, jobs).await.unwrap();
        seen.into_iter()
            .map(
                |seen| {
                    if let Some(Thing::Job(job)) = seen.thing { job } else { panic!("{} is gone", seen.id) }
                },
            )
            .collect()
    }

    async fn ended(&self, jobs: &[(ThingId, NativeId)]) -> Vec<Job> {
        let began = Instant::now();
        loop {
            let seen = self.look(jobs).await;
            if seen.iter().all(|job| job.status.ended()) {
                return seen;
            }
            assert!(began.elapsed() < Duration::from_secs(120), "waited in vain: {seen:?}");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    async fn cancel(&self, jobs: &[(ThingId, NativeId)]) {
        let requests = jobs
            .iter()
            .map(|job| Request {
                action: Action::Batch(BatchAction::CancelJob { job: job.0.clone() }),
                mark: None,
                natives: BTreeMap::from([job.clone()]),
                attachments: BTreeMap::new(),
            })
            .collect();
        for result in self.batch.perform(requests).await {
            result.unwrap();
        }
    }

    /// Runs a command on the login node by hand.
    fn by_hand(&self, command: &str) -> String {
        let output = Command::new("ssh")
            .args(["-F", &self.config, &self.host, command])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

fn request(
    installation: &Installation,
    id: ThingId,
    script: &str,
    change: impl FnOnce(&mut SubmitJob),
) -> Request {
    let mut hasher = DefaultHasher::new();
    script.hash(&mut hasher);
    let hash = format!("{:016x}", hasher.finish());
    let mut submit = SubmitJob {
        job: id.clone(),
        name: "test".to_owned(),
        script: hash.clone(),
        arguments: Vec::new(),
        queue: None,
        time_limit: Some(300),
        nodes: None,
        tasks: Some(1),
        cpus_per_task: None,
        memory: Some(10),
        account: None,
        array: None,
        hold: false,
        environment: BTreeMap::new(),
        folder: None,
        wishes: cloudmesh_resource::Wishes::default(),
    };
    change(&mut submit);
    Request {
        mark: Mark::of(installation, &id),
        action: Action::Batch(BatchAction::SubmitJob(Box::new(submit))),
        natives: BTreeMap::new(),
        attachments: BTreeMap::from([(hash, Arc::from(script.as_bytes()))]),
    }
}

fn marks(requests: &[Request]) -> Vec<Mark> {
    requests.iter().map(|request| request.mark.clone().unwrap()).collect()
}

#[tokio::test]
async fn queues_and_facts_are_shown() {
    let Some(rig) = Rig::new() else { return };
    let mut queues = Vec::new();
    rig.batch.queues(&mut |page| queues.extend(page)).await.unwrap();
    assert!(queues.iter().any(|queue| queue.default && queue.nodes > Some(0)), "{queues:?}");
    let facts = rig.batch.facts().await.unwrap();
    assert!(facts.iter().any(|(name, _)| name == "slurm"), "{facts:?}");
}

#[tokio::test]
async fn twenty_jobs_run_and_their_outputs_come_back() {
    let Some(rig) = Rig::new() else { return };
    let script = "#!/bin/sh\nprintf '%s\\n' \"$@\" \"$GREETING\"; echo trouble >&2; exit $CODE\n";
    let requests: Vec<Request> = (0..20)
        .map(|number| {
            rig.request(script, |submit| {
                submit.name = format!("naïve '{number}' \"½\" $HOME | 北京");
                submit.arguments =
                    vec!["a b".to_owned(), "'\"$x`\\".to_owned(), "two\nlines".to_owned(), String::new()];
                submit
                    .environment
                    .insert("GREETING".to_owned(), "good day, all; $(date)\nand night".to_owned());
                submit.environment.insert("CODE".to_owned(), (number % 2).to_string());
            })
        })
        .collect();
    let jobs = rig.submit(&requests).await;
    assert_eq!(jobs.iter().map(|(_, native)| native).collect::<BTreeSet<_>>().len(), 20);
    let seen = rig.ended(&jobs).await;
    for (number, job) in seen.iter().enumerate() {
        let expected = if number % 2 == 0 { JobStatus::Completed } else { JobStatus::Failed };
        assert_eq!((job.status, job.exit_code), (expected, Some(number as i64 % 2)), "{job:?}");
        assert_eq!(job.name, format!("naïve '{number}' \"½\" $HOME | 北京"));
        assert!(job.folder.as_ref().unwrap().contains(&job.mark.as_ref().unwrap().to_string()));
        assert!(job.ended >= job.started && job.started.is_some());
    }
    let text = async |stream, from, limit| rig.batch.output(&seen[0], stream, from, limit).await.unwrap();
    let whole = text(OutputStream::Output, 0, 10_000).await;
    assert_eq!(
        String::from_utf8(whole.bytes).unwrap(),
        "a b\n'\"$x`\\\ntwo\nlines\n\ngood day, all; $(date)\nand night\n"
    );
    assert!(!whole.more);
    let piece = text(OutputStream::Output, 2, 1).await;
    assert_eq!((piece.bytes.as_slice(), piece.next, piece.more), (&b"b"[..], 3, true));
    assert_eq!(text(OutputStream::Error, 0, 100).await.bytes, b"trouble\n");
    assert!(text(OutputStream::Output, whole.next, 100).await.bytes.is_empty());
    let mut lost = seen[0].clone();
    lost.folder = Some("cm test/no such folder".to_owned());
    let error = rig.batch.output(&lost, OutputStream::Output, 0, 10).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let mut listed = Vec::new();
    rig.batch.jobs(false, &mut |page| listed.extend(page)).await.unwrap();
    assert!(jobs.iter().all(|(id, _)| listed.iter().any(|job| job.id == *id)));
}

#[tokio::test]
async fn a_mark_is_one_job_while_it_waits_and_when_it_has_left_the_queue() {
    let Some(rig) = Rig::new() else { return };
    let requests = [
        rig.request("#!/bin/sh\ntrue\n", |submit| submit.hold = true),
        rig.request("#!/bin/sh\ntrue\n", |_| ()),
    ];
    let first = rig.submit(&requests).await;
    let both = [requests.clone(), requests.clone()].concat();
    let again = rig.submit(&both).await;
    assert_eq!(again, [first.clone(), first.clone()].concat());
    let found = rig.batch.find(ThingKind::Job, &marks(&requests)).await.unwrap();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(rig.look(&first).await[0].status, JobStatus::Held);
    rig.cancel(&first[..1]).await;
    assert_eq!(rig.ended(&first).await[0].status, JobStatus::Cancelled);
    rig.cancel(&first).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    // Neither the comment nor our files: accounting and the folder's name are enough.
    rig.by_hand(&format!("cd 'cm test' && rm -rf {} {}", marks(&requests)[0], marks(&requests)[1]));
    let found = rig.batch.find(ThingKind::Job, &marks(&requests)).await.unwrap();
    let natives: BTreeSet<_> = found.iter().map(|found| found.native.clone()).collect();
    assert_eq!(natives, first.iter().map(|(_, native)| native.clone()).collect(), "{found:?}");
    let other = Mark::of(&rig.installation, &ThingId::planned()).unwrap();
    assert!(rig.batch.find(ThingKind::Job, &[other]).await.unwrap().is_empty());
    let seen =
        rig.batch.look(ThingKind::Job, &[(ThingId::planned(), NativeId::from("99999999"))]).await.unwrap();
    assert!(seen[0].thing.is_none());
}

#[tokio::test]
async fn a_submission_that_was_cut_is_found_by_its_folder_and_adopted() {
    let Some(rig) = Rig::new() else { return };
    let request = rig.request("#!/bin/sh\ntrue\n", |submit| submit.hold = true);
    let mark = request.mark.clone().unwrap();
    let first = rig.submit(std::slice::from_ref(&request)).await;
    // What a killed login node leaves: the lock, without the id and without a living holder.
    rig.by_hand(&format!("cd 'cm test/{mark}' && echo 999999999 $(uname -n) x >attempt1"));
    let error = rig.batch.perform(vec![request.clone()]).await.remove(0).unwrap_err();
    assert_eq!(error.retry_class(), Retry::Uncertain);
    assert_eq!(
        rig.batch.find(ThingKind::Job, std::slice::from_ref(&mark)).await.unwrap()[0].native,
        first[0].1
    );
    tokio::time::sleep(Duration::from_secs(4)).await;
    let adopted = rig.submit(std::slice::from_ref(&request)).await;
    assert_eq!(adopted, first);
    rig.cancel(&first).await;
    // And one that was killed before sbatch had asked: nothing is there, so it is submitted anew.
    let request = rig.request("#!/bin/sh\ntrue\n", |submit| submit.hold = true);
    let mark = request.mark.clone().unwrap();
    rig.submit(std::slice::from_ref(&rig.request("#!/bin/sh\ntrue\n", |_| ()))).await;
    rig.by_hand(&format!(
        "cd 'cm test' && mkdir {mark} && cd {mark} && echo 999999999 $(uname -n) x >attempt1; touch -d '1 minute ago' attempt1"
    ));
    let anew = rig.submit(std::slice::from_ref(&request)).await;
    assert_eq!(rig.batch.find(ThingKind::Job, &[mark]).await.unwrap().len(), 1);
    rig.cancel(&anew).await;
}

#[tokio::test]
async fn refusals_are_clear_and_nothing_is_submitted() {
    let Some(rig) = Rig::new() else { return };
    let script = "#!/bin/sh\ntrue\n";
    let requests = [
        rig.request(script, |submit| submit.queue = Some("nosuch".to_owned())),
        rig.request(script, |submit| submit.account = Some("nosuch".to_owned())),
        rig.request(script, |submit| submit.array = Some("0-99999999".to_owned())),
        rig.request(script, |submit| submit.memory = Some(1 << 30)),
        rig.request("#!/bin/sh\n#SBATCH --frobnicate\ntrue\n", |_| ()),
        rig.request("#!/bin/sh\n#SBATCH --begin=someday\ntrue\n", |_| ()),
        rig.request("echo\n", |_| ()),
        rig.request(script, |_| ()),
    ];
    let mut results = rig.batch.perform(requests.to_vec()).await;
    let good = results.pop().unwrap().unwrap();
    assert!(good.native.is_some());
    for result in results {
        let error = result.unwrap_err();
        eprintln!("{error} | {}", error.hint_text().unwrap_or_default());
        assert_eq!((error.kind(), error.retry_class()), (ErrorKind::BadInput, Retry::Permanent), "{error:?}");
    }
    let found = rig.batch.find(ThingKind::Job, &marks(&requests)).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
}

#[tokio::test]
async fn an_array_of_a_thousand_is_one_submission() {
    let Some(rig) = Rig::new() else { return };
    let array = |script: &str, indices: &str, hold: bool| {
        let indices = indices.to_owned();
        rig.request(script, move |submit| {
            submit.array = Some(indices);
            submit.hold = hold;
        })
    };
    rig.batch.facts().await.unwrap();
    let began = Instant::now();
    let big = rig.submit(&[array("#!/bin/sh\ntrue\n", "1-1000", true)]).await;
    eprintln!("a held array of 1000: {:?}", began.elapsed());
    assert_eq!(rig.look(&big).await[0].status, JobStatus::Held);
    rig.cancel(&big).await;
    let small = rig.submit(&[array("#!/bin/sh\necho $SLURM_ARRAY_TASK_ID\n", "1-11:5", false)]).await;
    let seen = rig.ended(&small).await;
    assert_eq!((seen[0].status, seen[0].array.as_deref()), (JobStatus::Completed, Some("1,6,11")));
    let output = rig.batch.output(&seen[0], OutputStream::Output, 0, 100).await.unwrap();
    assert_eq!(output.bytes, b"1\n6\n11\n");
}

#[tokio::test]
async fn a_script_of_a_megabyte_and_a_folder_elsewhere_work() {
    let Some(rig) = Rig::new() else { return };
    let script = format!("#!/bin/sh\n{}pwd\n", "# a comment that fills the script\n".repeat(30_000));
    let jobs =
        rig.submit(&[rig.request(&script, |submit| submit.folder = Some("cm else where".to_owned()))]).await;
    let seen = rig.ended(&jobs).await;
    let output = rig.batch.output(&seen[0], OutputStream::Output, 0, 1000).await.unwrap();
    let folder = String::from_utf8(output.bytes).unwrap();
    assert!(folder.ends_with(&format!("/cm else where/{}\n", seen[0].mark.as_ref().unwrap())), "{folder}");
}

#[tokio::test]
async fn a_job_that_has_left_the_queue_is_still_known() {
    let Some(rig) = Rig::new() else { return };
    let request = rig.request("#!/bin/sh\nexit 9\n", |_| ());
    let jobs = rig.submit(std::slice::from_ref(&request)).await;
    let wait =
        std::env::var("CLOUDMESH_TEST_SLURM_PATIENCE").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let began = Instant::now();
    let mut gone = false;
    while !gone && began.elapsed() < Duration::from_secs(wait) {
        tokio::time::sleep(Duration::from_millis(500)).await;
        gone = !rig.by_hand("squeue -h -t all -o =%i=").contains(&format!("={}=", jobs[0].1));
    }
    eprintln!("it has left the queue: {gone}");
    let seen = rig.ended(&jobs).await;
    if std::env::var_os("CLOUDMESH_TEST_SLURM_NO_ACCOUNTS").is_some() && gone {
        assert_eq!((seen[0].status, seen[0].name.as_str()), (JobStatus::Gone, "test"));
    } else {
        assert_eq!((seen[0].status, seen[0].exit_code), (JobStatus::Failed, Some(9)));
    }
    let found = rig.batch.find(ThingKind::Job, &marks(std::slice::from_ref(&request))).await.unwrap();
    assert_eq!((found.len(), &found[0].native), (1, &jobs[0].1));
    assert_eq!(rig.submit(std::slice::from_ref(&request)).await, jobs);
}

#[tokio::test]
async fn what_keeps_us_out_is_told_clearly() {
    let Some(rig) = Rig::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = std::fs::read_to_string(&rig.config).unwrap();
    let nobody = write(
        "unknown",
        format!("Host *\n UserKnownHostsFile /dev/null\n StrictHostKeyChecking yes\n{good}"),
    );
    let no_key = write(
        "no-key",
        format!(
            "Host *\n IdentityFile /dev/null\n IdentityAgent none\n{}",
            good.replace("IdentityFile", "#")
        ),
    );
    let refused = write("refused", "Host *\n HostName 127.0.0.1\n Port 1\n".to_owned());
    let no_name = write("no-name", "Host *\n HostName no-such-host.invalid\n".to_owned());
    let broken = write("broken", "Frobnicate yes\n".to_owned());
    let cases = [
        (nobody, ErrorKind::Unauthorized),
        (no_key, ErrorKind::Unauthorized),
        (refused, ErrorKind::Unreachable),
        (no_name, ErrorKind::Unreachable),
        (broken, ErrorKind::BadInput),
    ];
    for (config, kind) in cases {
        let other = Rig::of(Installation::draw(), &[("ssh_config", &config)]).unwrap();
        let began = Instant::now();
        let request = other.request("#!/bin/sh\ntrue\n", |_| ());
        let error = other.batch.perform(vec![request]).await.remove(0).unwrap_err();
        eprintln!(
            "{:?} {error} | {} | {:?}",
            began.elapsed(),
            error.hint_text().unwrap_or_default(),
            error.context()
        );
        assert_eq!(error.kind(), kind, "{error:?}");
        assert_ne!(error.retry_class(), Retry::Uncertain, "{error:?}");
    }
}

#[tokio::test]
async fn fifty_first_calls_at_once_share_one_log_in() {
    let Some(rig) = Rig::new() else { return };
    // A user of its own in the settings makes a connection of its own.
    let user = rig.by_hand("id -un").trim().to_owned();
    let rigs: Vec<Rig> =
        (0..50).map(|_| Rig::of(Installation::draw(), &[("username", &user)]).unwrap()).collect();
    let began = Instant::now();
    let calls: Vec<_> = rigs
        .iter()
        .map(|rig| rig.batch.clone())
        .map(|batch| {
            tokio::spawn(async move {
                batch.look(ThingKind::Job, &[(ThingId::planned(), NativeId::from("99999999"))]).await
            })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    eprintln!("fifty first calls at once: {:?}", began.elapsed());
}

#[tokio::test]
async fn a_connection_lost_during_a_submission_is_uncertain_and_the_jobs_are_there_later() {
    let Some(rig) = Rig::new() else { return };
    // A connection of its own, to be lost.
    let user = rig.by_hand("id -un").trim().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("config");
    std::fs::copy(&rig.config, &config).unwrap();
    let other =
        Rig::of(Installation::draw(), &[("ssh_config", config.to_str().unwrap()), ("username", &user)])
            .unwrap();
    other.batch.facts().await.unwrap();
    let requests: Vec<Request> =
        (0..60).map(|_| other.request("#!/bin/sh\ntrue\n", |submit| submit.hold = true)).collect();
    let batch = other.batch.clone();
    let begun = requests.clone();
    let call = tokio::spawn(async move { batch.perform(begun).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    // The master is the one process of ours that has this configuration and no command.
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).into_owned();
        if words.contains(config.to_str().unwrap()) {
            Command::new("kill").args(["-KILL", entry.file_name().to_str().unwrap()]).status().unwrap();
        }
    }
    for result in call.await.unwrap() {
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.retry_class()),
            (ErrorKind::Unreachable, Retry::Uncertain),
            "{error:?}"
        );
    }
    let jobs = other.submit(&requests).await;
    let found = other.batch.find(ThingKind::Job, &marks(&requests)).await.unwrap();
    assert_eq!(found.len(), 60);
    other.cancel(&jobs).await;
}

/// Not a test: the client that is killed.
#[tokio::test]
async fn victim() {
    let Ok(order) = std::env::var("CLOUDMESH_TEST_SLURM_VICTIM") else { return };
    let (installation, ids) = order.split_once(' ').unwrap();
    let Some(rig) = Rig::of(installation.parse().unwrap(), &[]) else { return };
    let requests: Vec<Request> = ids
        .split(' ')
        .map(|id| {
            request(&rig.installation, ThingId::from_stored(id), "#!/bin/sh\ntrue\n", |submit| {
                submit.hold = true
            })
        })
        .collect();
    rig.batch.perform(requests).await;
}

#[tokio::test]
async fn a_client_killed_at_any_moment_leaves_one_job_for_each_mark() {
    let Some(rig) = Rig::new() else { return };
    rig.batch.facts().await.unwrap();
    for moment in [0, 15, 30, 45, 60, 80, 100, 130, 160, 200, 260, 320] {
        let ids: Vec<ThingId> = (0..30).map(|_| ThingId::planned()).collect();
        let words: Vec<&str> = ids.iter().map(ThingId::as_str).collect();
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "victim"])
            .env("CLOUDMESH_TEST_SLURM_VICTIM", format!("{} {}", rig.installation.as_str(), words.join(" ")))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(moment)).await;
        victim.kill().unwrap();
        victim.wait().unwrap();
        let requests: Vec<Request> = ids
            .iter()
            .map(|id| {
                request(&rig.installation, id.clone(), "#!/bin/sh\ntrue\n", |submit| submit.hold = true)
            })
            .collect();
        let marks = marks(&requests);
        let at_once = rig.batch.find(ThingKind::Job, &marks).await.unwrap().len();
        let jobs = rig.submit(&requests).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let found = rig.batch.find(ThingKind::Job, &marks).await.unwrap();
        eprintln!("killed after {moment} ms: {at_once} of 30 were there, {} now", found.len());
        let natives: BTreeSet<_> =
            found.iter().map(|found| (found.mark.thing(), found.native.clone())).collect();
        assert_eq!(natives, jobs.iter().cloned().collect());
        assert_eq!(found.len(), 30);
        rig.cancel(&jobs).await;
    }
}

#[tokio::test]
async fn many_held_jobs_are_submitted_as_fast_as_on_the_login_node() {
    let Some(rig) = Rig::new() else { return };
    if std::env::var_os("CLOUDMESH_TEST_SLURM_MEASURE").is_none() {
        eprintln!("not run: CLOUDMESH_TEST_SLURM_MEASURE is not set");
        return;
    }
    rig.batch.facts().await.unwrap();
    for round in 0..3 {
        let requests: Vec<Request> =
            (0..300).map(|_| rig.request("#!/bin/sh\ntrue\n", |submit| submit.hold = true)).collect();
        let began = Instant::now();
        let jobs = rig.submit(&requests).await;
        let ours = began.elapsed();
        let began = Instant::now();
        rig.look(&jobs).await;
        let look = began.elapsed();
        rig.cancel(&jobs).await;
        let plain = rig.by_hand(
            "printf '#!/bin/sh\\ntrue\\n' >h.sh; a=$(date +%s%N); seq 300 | xargs -P4 -I{} sbatch --parsable -H --mem=10M -n1 -t 5 -J plain h.sh >/dev/null; b=$(date +%s%N); scancel -n plain; echo $(((b - a) / 1000000))",
        );
        let began = Instant::now();
        for _ in 0..10 {
            rig.by_hand("sbatch --parsable -H -J plain --mem=10M -n1 -t 5 h.sh");
        }
        let loops = began.elapsed() / 10;
        rig.by_hand("scancel -n plain");
        eprintln!(
            "round {round}: 300 held jobs: ours {} ms, xargs -P4 sbatch {} ms, a loop of ssh sbatch {} ms a job; one look at 300: {} ms",
            ours.as_millis(),
            plain.trim(),
            loops.as_millis(),
            look.as_millis()
        );
    }
}

//! The states of jobs over their life, and cancelling.

use cloudmesh_model::job::JobStatus;
use cloudmesh_model::{NativeId, ThingId};

use super::bench::BatchBench;
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<BatchBench>] = &[
    case!(a_job_that_ends_with_0_is_completed, ["submit_job"], []),
    case!(a_job_that_ends_otherwise_is_failed_with_its_exit_code, ["submit_job"], []),
    case!(a_job_that_is_ended_by_a_signal_is_failed, ["submit_job"], []),
    case!(a_job_that_reaches_its_time_limit_is_timed_out, ["submit_job"], [TimeLimit]),
    case!(a_held_job_stays_held, ["submit_job"], []),
    case!(a_running_job_may_be_cancelled_twice, ["submit_job", "cancel_job"], []),
    case!(a_held_job_may_be_cancelled_twice, ["submit_job", "cancel_job"], []),
    case!(cancelling_what_has_ended_succeeds_and_changes_nothing, ["submit_job", "cancel_job"], []),
    case!(cancelling_what_was_never_there_succeeds, ["cancel_job"], []),
];

async fn a_job_that_ends_with_0_is_completed(bench: &BatchBench) -> Outcome {
    let submitted = bench.submit("sleep 2", |_| ()).await?;
    let first = bench.see(&submitted).await?;
    let living = [JobStatus::Pending, JobStatus::Running, JobStatus::Completing, JobStatus::Unknown];
    hold!(living.contains(&first.status) || first.status == JobStatus::Completed, "it begins as {first:?}");
    let running =
        bench.until(&submitted, "it to run", |job| job.status == JobStatus::Running || job.status.ended());
    let running = running.await?;
    hold!(running.started.is_some(), "it runs and has not begun: {running:?}");
    let job = bench.ended(&submitted).await?;
    hold!(job.status == JobStatus::Completed, "it ended as {job:?}");
    hold!(job.exit_code == Some(0), "its exit code is {:?}", job.exit_code);
    hold!(job.signal.is_none_or(|signal| signal == 0), "a signal ended it: {job:?}");
    hold!(job.name == "conformance", "it is called {}", job.name);
    hold!(
        job.submitted.is_some() && job.submitted <= job.started,
        "it began before it was submitted: {job:?}"
    );
    hold!(job.started.is_some() && job.started <= job.ended, "it ended before it began: {job:?}");
    hold!(!job.native_status.is_empty(), "it has no state in the cluster's words");
    hold!(!job.user.is_empty(), "it has no owner");
    hold!(job.folder.is_some(), "it has no folder");
    hold!(job.array.is_none(), "it is an array: {job:?}");
    hold!(job.mark == Some(bench.mark(&submitted.0)?), "its mark is {:?}", job.mark);
    Ok(())
}

async fn a_job_that_ends_otherwise_is_failed_with_its_exit_code(bench: &BatchBench) -> Outcome {
    let requests = [1, 3, 127, 255].map(|code| bench.request(&format!("exit {code}"), |_| ()));
    let jobs = bench.submit_all(requests.to_vec()).await?;
    let seen = bench.until_all(&jobs, "their end", |job| job.status.ended()).await?;
    for (job, code) in seen.iter().zip([1, 3, 127, 255]) {
        hold!(
            job.status == JobStatus::Failed && job.exit_code == Some(code),
            "it ended with {code}, and is {job:?}"
        );
        hold!(job.reason.is_some(), "nothing says how it failed: {job:?}");
    }
    Ok(())
}

async fn a_job_that_is_ended_by_a_signal_is_failed(bench: &BatchBench) -> Outcome {
    let submitted = bench.submit("kill -KILL $$", |_| ()).await?;
    let job = bench.ended(&submitted).await?;
    hold!(job.status == JobStatus::Failed, "it was killed, and is {job:?}");
    let told = job.signal == Some(9) || job.exit_code == Some(137);
    hold!(told, "nothing says that signal 9 ended it: {job:?}");
    Ok(())
}

async fn a_job_that_reaches_its_time_limit_is_timed_out(bench: &BatchBench) -> Outcome {
    let submitted =
        bench.submit("sleep 1000", |submit| submit.time_limit = Some(bench.setup.time_limit)).await?;
    let job = bench.ended(&submitted).await?;
    hold!(job.status == JobStatus::TimedOut, "it ended as {job:?}");
    Ok(())
}

async fn a_held_job_stays_held(bench: &BatchBench) -> Outcome {
    let held = bench.submit("true", |submit| submit.hold = true).await?;
    let status = bench.see(&held).await?.status;
    hold!(status == JobStatus::Held, "a held job is {status:?}");
    bench.completed("true", |_| ()).await?;
    let job = bench.see(&held).await?;
    hold!(job.status == JobStatus::Held, "another job ran, and the held one is {job:?}");
    hold!(job.started.is_none() && job.ended.is_none(), "a held job has run: {job:?}");
    Ok(())
}

async fn a_running_job_may_be_cancelled_twice(bench: &BatchBench) -> Outcome {
    let submitted = bench.submit("sleep 100", |_| ()).await?;
    bench.until(&submitted, "it to run", |job| job.status == JobStatus::Running).await?;
    bench.cancel(&submitted).await?;
    bench.cancel(&submitted).await?;
    let job = bench.ended(&submitted).await?;
    hold!(job.status == JobStatus::Cancelled, "it was cancelled, and is {job:?}");
    bench.cancel(&submitted).await
}

async fn a_held_job_may_be_cancelled_twice(bench: &BatchBench) -> Outcome {
    let submitted = bench.submit("true", |submit| submit.hold = true).await?;
    bench.cancel(&submitted).await?;
    bench.cancel(&submitted).await?;
    let job = bench.ended(&submitted).await?;
    hold!(job.status == JobStatus::Cancelled, "it was cancelled, and is {job:?}");
    Ok(())
}

async fn cancelling_what_has_ended_succeeds_and_changes_nothing(bench: &BatchBench) -> Outcome {
    let good = bench.submit("true", |_| ()).await?;
    let bad = bench.submit("exit 5", |_| ()).await?;
    let before = bench.until_all(&[good.clone(), bad.clone()], "their end", |job| job.status.ended()).await?;
    bench.cancel(&good).await?;
    bench.cancel(&bad).await?;
    let after = [bench.see(&good).await?, bench.see(&bad).await?];
    for (before, after) in before.iter().zip(&after) {
        hold!(before.status == after.status, "it was {before:?} and is {after:?}");
    }
    Ok(())
}

async fn cancelling_what_was_never_there_succeeds(bench: &BatchBench) -> Outcome {
    bench.cancel(&(ThingId::planned(), NativeId::from("77777777"))).await
}

//! What cannot be: refused clearly, and nothing submitted.

use cloudmesh_model::job::{Job, JobStatus};
use cloudmesh_model::{ErrorKind, Retry};
use cloudmesh_resource::{Performed, Request, SubmitJob};

use super::bench::BatchBench;
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<BatchBench>] = &[
    case!(an_unknown_queue_is_refused_and_nothing_is_submitted, ["submit_job"], []),
    case!(scripts_that_cannot_run_are_refused_and_nothing_is_submitted, ["submit_job"], []),
    case!(what_no_computer_has_is_refused_or_waits_with_a_reason, ["submit_job"], []),
    case!(a_submission_without_script_or_mark_is_refused, ["submit_job"], []),
];

async fn submission_refused(
    bench: &BatchBench,
    what: &str,
    request: Request,
    kinds: &[ErrorKind],
) -> Outcome {
    let id = request.action.subject().1.clone();
    let result = bench.perform_one(request).await?;
    let error = bench.refused(what, result, kinds)?;
    hold!(error.retry_class() == Retry::Permanent, "{what}: may be repeated: {error:?}");
    if kinds == [ErrorKind::BadInput] {
        hold!(error.hint_text().is_some(), "{what}: nothing says what to do about it: {error:?}");
    }
    let found = bench.found(&id).await?;
    hold!(found.is_empty(), "{what}: refused, and {found:?} is there");
    Ok(())
}

async fn an_unknown_queue_is_refused_and_nothing_is_submitted(bench: &BatchBench) -> Outcome {
    for queue in ["no-such-queue", "no such queue", "'", "北京"] {
        let request = bench.request("true", |submit| submit.queue = Some(queue.to_owned()));
        submission_refused(bench, &format!("the queue `{queue}`"), request, &[ErrorKind::BadInput]).await?;
    }
    Ok(())
}

async fn scripts_that_cannot_run_are_refused_and_nothing_is_submitted(bench: &BatchBench) -> Outcome {
    for script in ["", " \n\n", "#!/bin/sh\r\necho\r\n"] {
        let request = bench.request_bytes(script.as_bytes().to_vec(), |_| ());
        submission_refused(bench, &format!("the script {script:?}"), request, &[ErrorKind::BadInput]).await?;
    }
    Ok(())
}

async fn what_no_computer_has_is_refused_or_waits_with_a_reason(bench: &BatchBench) -> Outcome {
    type Wish = fn(&mut SubmitJob);
    let wishes: [(&str, Wish); 3] = [
        ("a million nodes", |submit| (submit.nodes, submit.tasks) = (Some(1_000_000), None)),
        ("a pebibyte of memory", |submit| submit.memory = Some(1 << 30)),
        ("the account of nobody", |submit| submit.account = Some("no-such-account".to_owned())),
    ];
    for (what, wish) in wishes {
        let request = bench.request("true", wish);
        let id = request.action.subject().1.clone();
        match bench.perform_one(request).await? {
            Ok(Performed { native: Some(native), .. }) => {
                // The reason comes with the first look of the scheduler.
                let told = |job: &Job| job.reason.is_some() || job.status != JobStatus::Pending;
                let job = bench.until(&(id, native), "the reason why it waits", told).await?;
                hold!(job.status == JobStatus::Pending, "{what} is accepted, and is {job:?}");
            }
            result => {
                bench.refused(what, result, &[ErrorKind::BadInput])?;
                hold!(bench.found(&id).await?.is_empty(), "{what} is refused, and a job is there");
            }
        }
    }
    Ok(())
}

async fn a_submission_without_script_or_mark_is_refused(bench: &BatchBench) -> Outcome {
    let kinds = [ErrorKind::Internal, ErrorKind::BadInput];
    let mut request = bench.request("true", |_| ());
    request.attachments.clear();
    submission_refused(bench, "a submission without its script", request, &kinds).await?;
    let mut request = bench.request("true", |_| ());
    request.mark = None;
    submission_refused(bench, "a submission without a mark", request, &kinds).await
}

//! Submitting exactly once, and finding again.

use std::collections::BTreeSet;

use cloudmesh_model::job::JobStatus;
use cloudmesh_model::{Mark, NativeId, Retry, ThingId, ThingKind};

use super::bench::BatchBench;
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<BatchBench>] = &[
    case!(a_mark_is_one_job_however_often_it_is_submitted, ["submit_job"], []),
    case!(two_processes_that_submit_one_mark_at_once_make_one_job, ["submit_job"], []),
    case!(a_job_is_found_by_its_mark_while_it_waits_runs_and_after_its_end, ["submit_job", "cancel_job"], []),
    case!(unknown_marks_find_nothing, [], []),
    case!(many_marks_are_found_in_one_go, ["submit_job"], []),
    case!(twenty_submissions_in_one_call_are_twenty_jobs, ["submit_job"], []),
    case!(one_bad_submission_does_not_keep_the_others, ["submit_job"], []),
    case!(a_look_shows_what_was_asked_for_in_order, ["submit_job"], []),
];

async fn a_mark_is_one_job_however_often_it_is_submitted(bench: &BatchBench) -> Outcome {
    let request = bench.request("echo once", |_| ());
    let id = request.action.subject().1.clone();
    let first = bench.submit_all(vec![request.clone()]).await?;
    let again = bench.submit_all(vec![request.clone(), request.clone()]).await?;
    hold!(again.iter().all(|job| *job == first[0]), "submitted again it is {again:?}, not {first:?}");
    for result in bench.second()?.perform(vec![request.clone()]).await {
        let native = result?.native;
        hold!(native.as_ref() == Some(&first[0].1), "another process makes it {native:?}");
    }
    let job = bench.ended(&first[0]).await?;
    hold!(job.status == JobStatus::Completed, "it did not end well: {job:?}");
    let after = bench.submit_all(vec![request]).await?;
    hold!(after == first, "submitted after its end it is {after:?}, not {first:?}");
    hold!(bench.text(&job).await? == "once\n", "it ran more than once: {}", bench.text(&job).await?);
    let found = bench.found(&id).await?;
    hold!(found == [first[0].1.clone()], "its mark is found as {found:?}");
    Ok(())
}

async fn two_processes_that_submit_one_mark_at_once_make_one_job(bench: &BatchBench) -> Outcome {
    let request = bench.request("true", |submit| submit.hold = true);
    let id = request.action.subject().1.clone();
    let (one, other) = (bench.second()?, bench.second()?);
    let both =
        futures::future::join(one.perform(vec![request.clone()]), other.perform(vec![request.clone()]));
    let (one, other) = both.await;
    let mut natives = BTreeSet::new();
    for result in one.into_iter().chain(other) {
        match result {
            Ok(performed) => natives.extend(performed.native),
            Err(error) => {
                bench.clear("a submission beside another of the same mark", &error)?;
                hold!(error.retry_class() != Retry::Permanent, "one of them is refused for good: {error:?}");
            }
        }
    }
    hold!(natives.len() == 1, "two submissions of one mark answer with {natives:?}");
    let found: BTreeSet<NativeId> = bench.found(&id).await?.into_iter().collect();
    hold!(found == natives, "they answer with {natives:?}, and {found:?} is there");
    Ok(())
}

async fn a_job_is_found_by_its_mark_while_it_waits_runs_and_after_its_end(bench: &BatchBench) -> Outcome {
    let waiting = bench.submit("true", |submit| submit.hold = true).await?;
    let running = bench.submit("sleep 100", |_| ()).await?;
    let ended = bench.submit("true", |_| ()).await?;
    let failed = bench.submit("exit 7", |_| ()).await?;
    bench.until(&running, "it to run", |job| job.status == JobStatus::Running).await?;
    bench.ended(&ended).await?;
    bench.ended(&failed).await?;
    for (id, native) in [&waiting, &running, &ended, &failed] {
        let found = bench.found(id).await?;
        hold!(found == [native.clone()], "the mark of {native} is found as {found:?}");
    }
    bench.cancel(&waiting).await?;
    bench.cancel(&running).await?;
    for job in [&waiting, &running] {
        bench.ended(job).await?;
        let found = bench.found(&job.0).await?;
        hold!(found == [job.1.clone()], "the mark of {}, which was cancelled, is found as {found:?}", job.1);
    }
    Ok(())
}

async fn unknown_marks_find_nothing(bench: &BatchBench) -> Outcome {
    let marks = [bench.mark(&ThingId::planned())?, bench.mark(&ThingId::planned())?];
    hold!(bench.batch.find(ThingKind::Job, &marks).await?.is_empty(), "unknown marks find a job");
    hold!(bench.batch.find(ThingKind::Job, &[]).await?.is_empty(), "no marks find a job");
    Ok(())
}

async fn many_marks_are_found_in_one_go(bench: &BatchBench) -> Outcome {
    let requests = (0..3).map(|_| bench.request("true", |submit| submit.hold = true)).collect();
    let jobs = bench.submit_all(requests).await?;
    let mut marks: Vec<Mark> = Vec::new();
    for (id, _) in &jobs {
        marks.push(bench.mark(id)?);
    }
    marks.push(bench.mark(&ThingId::planned())?);
    let found = bench.second()?.find(ThingKind::Job, &marks).await?;
    let mut found: Vec<(ThingId, NativeId)> =
        found.into_iter().map(|found| (found.mark.thing(), found.native)).collect();
    found.sort();
    let mut expected = jobs;
    expected.sort();
    hold!(found == expected, "{found:?} are found, {expected:?} are there");
    Ok(())
}

async fn twenty_submissions_in_one_call_are_twenty_jobs(bench: &BatchBench) -> Outcome {
    let count = bench.batch.batch_size().min(20);
    let requests = (0..count).map(|number| {
        bench.request("echo $1", |submit| {
            submit.name = format!("conformance-{number}");
            submit.arguments = vec![number.to_string()];
        })
    });
    let jobs = bench.submit_all(requests.collect()).await?;
    let natives: BTreeSet<&NativeId> = jobs.iter().map(|(_, native)| native).collect();
    hold!(natives.len() == count, "{count} submissions made {} jobs", natives.len());
    let seen = bench.until_all(&jobs, "their end", |job| job.status.ended()).await?;
    for (number, job) in seen.iter().enumerate() {
        hold!(job.status == JobStatus::Completed, "{job:?}");
        hold!(job.name == format!("conformance-{number}"), "job {number} is called {}", job.name);
        let text = bench.text(job).await?;
        hold!(text == format!("{number}\n"), "job {number} wrote {text:?}");
    }
    Ok(())
}

async fn one_bad_submission_does_not_keep_the_others(bench: &BatchBench) -> Outcome {
    let count = bench.batch.batch_size().min(3);
    let requests: Vec<_> = (0..count)
        .map(|number| {
            bench.request("true", |submit| {
                submit.hold = true;
                if number == 1 {
                    submit.queue = Some("no-such-queue".to_owned());
                }
            })
        })
        .collect();
    let ids: Vec<ThingId> = requests.iter().map(|request| request.action.subject().1.clone()).collect();
    let results = bench.perform(requests).await?;
    for (number, (id, result)) in ids.iter().zip(results).enumerate() {
        let found = bench.found(id).await?;
        match (number, result) {
            (1, Ok(_)) => return Err("an unknown queue is accepted".to_owned().into()),
            (1, Err(_)) => hold!(found.is_empty(), "it is refused, and there: {found:?}"),
            (_, result) => {
                let native = result?.native;
                let found: Vec<_> = found.into_iter().map(Some).collect();
                hold!(found == [native.clone()], "result {number} is {native:?}, and {found:?} is there");
            }
        }
    }
    Ok(())
}

async fn a_look_shows_what_was_asked_for_in_order(bench: &BatchBench) -> Outcome {
    let requests = (0..4).map(|_| bench.request("true", |submit| submit.hold = true)).collect();
    let mut asked = bench.submit_all(requests).await?;
    asked.reverse();
    let nobody = (ThingId::planned(), NativeId::from("77777777"));
    asked.insert(1, nobody.clone());
    // The same job under the id that another installation has for it.
    asked.push((ThingId::seen(bench.name(), &asked[0].1), asked[0].1.clone()));
    for asked in [&asked[..0], &asked[..1], &asked[1..2], &asked[..]] {
        let seen = bench.look(asked).await?;
        for ((id, native), job) in asked.iter().zip(seen) {
            let known = *id != nobody.0;
            hold!(job.is_some() == known, "the job {native} is shown as {job:?}");
        }
    }
    Ok(())
}

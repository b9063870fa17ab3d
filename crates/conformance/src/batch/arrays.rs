//! Arrays of jobs.

use cloudmesh_model::ErrorKind;
use cloudmesh_model::job::JobStatus;

use super::bench::BatchBench;
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<BatchBench>] = &[
    case!(an_array_is_one_job_whose_tasks_all_run, ["submit_job"], []),
    case!(an_array_with_a_step_and_a_limit_runs_the_indices_it_names, ["submit_job"], []),
    case!(an_array_of_which_one_task_fails_is_failed, ["submit_job"], []),
    case!(an_array_is_cancelled_as_a_whole, ["submit_job", "cancel_job"], []),
    case!(what_names_no_indices_is_refused_and_nothing_is_submitted, ["submit_job"], []),
];

async fn indices(bench: &BatchBench, array: &str) -> Outcome<String> {
    let script = format!("echo ${}", bench.setup.array_variable);
    let request = bench.request(&script, |submit| submit.array = Some(array.to_owned()));
    let submitted = bench.submit_all(vec![request.clone(), request]).await?;
    hold!(submitted[0] == submitted[1], "an array submitted twice is {submitted:?}");
    let job = bench.ended(&submitted[0]).await?;
    hold!(job.status == JobStatus::Completed, "the array {array} ended as {job:?}");
    hold!(job.array.is_some(), "it is no array: {job:?}");
    let found = bench.found(&submitted[0].0).await?;
    hold!(found == [submitted[0].1.clone()], "its mark is found as {found:?}");
    bench.text(&job).await
}

async fn an_array_is_one_job_whose_tasks_all_run(bench: &BatchBench) -> Outcome {
    let text = indices(bench, "1-3").await?;
    hold!(text == "1\n2\n3\n", "the array 1-3 wrote {text:?}");
    Ok(())
}

async fn an_array_with_a_step_and_a_limit_runs_the_indices_it_names(bench: &BatchBench) -> Outcome {
    let text = indices(bench, "0-9:4%1").await?;
    hold!(text == "0\n4\n8\n", "the array 0-9:4%1 wrote {text:?}");
    let text = indices(bench, "2,5,11").await?;
    hold!(text == "2\n5\n11\n", "the array 2,5,11 wrote {text:?}");
    Ok(())
}

async fn an_array_of_which_one_task_fails_is_failed(bench: &BatchBench) -> Outcome {
    let script = format!("test ${} != 2", bench.setup.array_variable);
    let submitted = bench.submit(&script, |submit| submit.array = Some("1-3".to_owned())).await?;
    let job = bench.ended(&submitted).await?;
    hold!(job.status == JobStatus::Failed, "one of its tasks failed, and it is {job:?}");
    hold!(job.exit_code == Some(1), "its exit code is {:?}", job.exit_code);
    Ok(())
}

async fn an_array_is_cancelled_as_a_whole(bench: &BatchBench) -> Outcome {
    let array = |submit: &mut cloudmesh_resource::SubmitJob| submit.array = Some("1-3%1".to_owned());
    let submitted = bench.submit("sleep 100", array).await?;
    bench.until(&submitted, "it to run", |job| job.status == JobStatus::Running).await?;
    bench.cancel(&submitted).await?;
    let job = bench.ended(&submitted).await?;
    hold!(job.status == JobStatus::Cancelled, "it was cancelled, and is {job:?}");
    bench.cancel(&submitted).await
}

async fn what_names_no_indices_is_refused_and_nothing_is_submitted(bench: &BatchBench) -> Outcome {
    for array in ["5-1", "x", "", "1-", "-3", "1;2"] {
        let request = bench.request("true", |submit| submit.array = Some(array.to_owned()));
        let id = request.action.subject().1.clone();
        let result = bench.perform_one(request).await?;
        bench.refused(&format!("the array `{array}`"), result, &[ErrorKind::BadInput])?;
        hold!(bench.found(&id).await?.is_empty(), "the array `{array}` is refused, and there");
    }
    Ok(())
}

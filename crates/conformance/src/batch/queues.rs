//! Lists of queues and jobs.

use cloudmesh_model::{NativeId, ThingId};

use super::bench::{BatchBench, connect, jobs, queues};
use crate::case::case;
use crate::outcome::hold;
use crate::rows::a_whole_list;
use crate::{Case, Failure, Outcome};

pub(super) static CASES: &[Case<BatchBench>] = &[
    case!(queues_are_listed_once_each_and_one_at_most_is_the_default, [], []),
    case!(jobs_are_listed_once_each, ["submit_job"], []),
    case!(lists_tell_ours_from_those_of_other_installations, ["submit_job"], []),
];

async fn queues_are_listed_once_each_and_one_at_most_is_the_default(bench: &BatchBench) -> Outcome {
    let list = queues(&*bench.batch).await?;
    hold!(!list.is_empty(), "there is no queue");
    a_whole_list(&list, bench.name())?;
    for queue in &list {
        let id = ThingId::seen(bench.name(), &NativeId(queue.name.clone()));
        hold!(queue.id == id, "the queue {} has the id {}", queue.name, queue.id);
        hold!(!queue.status.is_empty(), "the queue {} has no status", queue.name);
        hold!(queue.idle_nodes <= queue.nodes, "more nodes are idle than there are: {queue:?}");
        hold!(queue.idle_cpus <= queue.cpus, "more processors are idle than there are: {queue:?}");
    }
    let defaults = list.iter().filter(|queue| queue.default).count();
    hold!(defaults <= 1, "{defaults} queues are the default");
    Ok(())
}

async fn jobs_are_listed_once_each(bench: &BatchBench) -> Outcome {
    let requests = (0..5).map(|number| {
        bench.request("true", |submit| {
            submit.name = format!("conformance-{number}");
            submit.hold = true;
        })
    });
    let submitted = bench.submit_all(requests.collect()).await?;
    for everybody in [false, true] {
        let list = jobs(&*bench.second()?, everybody).await?;
        a_whole_list(&list, bench.name())?;
        for (number, (id, native)) in submitted.iter().enumerate() {
            let here = list.iter().filter(|job| job.native.as_ref() == Some(native)).count();
            hold!(here == 1, "{native} is listed {here} times");
            let Some(job) = list.iter().find(|job| job.native.as_ref() == Some(native)) else { continue };
            hold!(job.id == *id, "{native} is listed as {}, not as {id}", job.id);
            hold!(job.mark == Some(bench.mark(id)?), "{native} is listed with the mark {:?}", job.mark);
            hold!(job.name == format!("conformance-{number}"), "{native} is called {}", job.name);
            hold!(job.submitted.is_some(), "{native} was never submitted");
            hold!(job.queue.is_some(), "{native} is in no queue");
        }
    }
    Ok(())
}

async fn lists_tell_ours_from_those_of_other_installations(bench: &BatchBench) -> Outcome {
    let (id, native) = bench.submit("true", |submit| submit.hold = true).await?;
    let list = jobs(&*connect(&bench.setup.user.elsewhere())?, false).await?;
    let job = list.iter().find(|job| job.native.as_ref() == Some(&native));
    let job = job.ok_or_else(|| Failure("another installation does not see it".to_owned()))?;
    let seen = ThingId::seen(bench.name(), &native);
    hold!(job.id == seen, "another installation takes it for its own: {}", job.id);
    hold!(job.mark == Some(bench.mark(&id)?), "another installation does not see its mark: {:?}", job.mark);
    Ok(())
}

//! Many clients at once, and places that do not answer.

use cloudmesh_model::{ErrorKind, NativeId, Retry, ThingId, ThingKind};

use super::bench::{BatchBench, connect, jobs, queues};
use crate::case::case;
use crate::outcome::{hold, refused};
use crate::{Case, Failure, Outcome};

pub(super) static CASES: &[Case<BatchBench>] = &[
    case!(twenty_processes_of_one_user_may_begin_at_once, [], []),
    case!(a_closed_port_is_unreachable, ["cancel_job"], [ClosedPort]),
];

async fn twenty_processes_of_one_user_may_begin_at_once(bench: &BatchBench) -> Outcome {
    let clients = (0..20).map(|_| async {
        let batch = connect(&bench.setup.user)?;
        Ok::<_, Failure>(queues(&*batch).await?.len())
    });
    let counts = futures::future::try_join_all(clients).await?;
    hold!(
        counts.iter().all(|count| *count == counts[0] && *count > 0),
        "they see different queues: {counts:?}"
    );
    Ok(())
}

async fn a_closed_port_is_unreachable(bench: &BatchBench) -> Outcome {
    let place = bench.setup.closed_port.as_ref();
    let place = place.ok_or_else(|| Failure("the peer does not say how".to_owned()))?;
    let user = bench.setup.user.at(place);
    let batch = connect(&user)?;
    let (kinds, name, secrets) = (&[ErrorKind::Unreachable], bench.name(), user.canaries());
    let id = ThingId::planned();
    let job = (id.clone(), NativeId::from("1"));
    let mut errors = vec![
        refused("a list of queues", queues(&*batch).await, kinds, name, &secrets)?,
        refused("a list of jobs", jobs(&*batch, false).await, kinds, name, &secrets)?,
        refused("facts", batch.facts().await, kinds, name, &secrets)?,
    ];
    let look = batch.look(ThingKind::Job, std::slice::from_ref(&job)).await;
    errors.push(refused("a look", look, kinds, name, &secrets)?);
    let found = batch.find(ThingKind::Job, &[bench.mark(&id)?]).await;
    errors.push(refused("a search", found, kinds, name, &secrets)?);
    for result in batch.perform(vec![bench.cancellation(&job)]).await {
        errors.push(refused("a change", result, kinds, name, &secrets)?);
    }
    for error in errors {
        let temporary = matches!(error.retry_class(), Retry::Temporary { .. });
        hold!(temporary, "what may be done about it is not right: {error:?}");
        hold!(error.hint_text().is_some(), "nothing says what to do about it: {error:?}");
    }
    Ok(())
}

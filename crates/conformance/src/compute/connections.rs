//! Logging in, and places that do not answer.

use std::time::{Duration, Instant};

use cloudmesh_model::{ErrorKind, Retry, Secret, ThingId, ThingKind};
use cloudmesh_resource::{ComputeAction, PlaceDescription};

use super::bench::{ComputeBench, connect, flavors, servers};
use crate::case::case;
use crate::outcome::{hold, refused};
use crate::{Case, Failure, Outcome};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(a_wrong_password_is_unauthorized, [], [WrongPassword]),
    case!(a_closed_port_is_unreachable, [], [ClosedPort]),
    case!(a_silent_port_is_unreachable_within_the_deadline, [], [SilentPort]),
    case!(twenty_clients_may_log_in_at_once, [], []),
    case!(twenty_processes_of_one_user_may_begin_at_once, [], []),
];

/// What every call ends with at a place that lets nobody in.
async fn every_call_is_refused(
    bench: &ComputeBench,
    place: Option<&PlaceDescription>,
    kind: ErrorKind,
    retry: fn(Retry) -> bool,
) -> Outcome {
    let place = place.ok_or_else(|| Failure("the peer does not say how".to_owned()))?;
    let user = bench.setup.user.at(place);
    let mut secrets: Vec<Secret> = user.canaries();
    secrets.extend(bench.setup.user.canaries());
    let cloud = connect(&user)?;
    let id = ThingId::planned();
    let native = "x".into();
    let request = bench.request(ComputeAction::StopServer { server: id.clone() }, &[(&id, &native)]);
    let name = bench.name();
    let mut errors = vec![
        refused("a list", servers(&*cloud).await, &[kind], name, &secrets)?,
        refused("facts", cloud.facts().await, &[kind], name, &secrets)?,
    ];
    let look = cloud.look(ThingKind::Server, &[(id.clone(), native.clone())]).await;
    errors.push(refused("a look", look, &[kind], name, &secrets)?);
    if let Some(mark) = user.mark(&id) {
        errors.push(refused(
            "a search",
            cloud.find(ThingKind::Server, &[mark]).await,
            &[kind],
            name,
            &secrets,
        )?);
    }
    let Some(result) = cloud.perform(vec![request]).await.pop() else { return Ok(()) };
    errors.push(refused("a change", result, &[kind], name, &secrets)?);
    for error in errors {
        hold!(retry(error.retry_class()), "what may be done about it is not right: {error:?}");
        hold!(error.hint_text().is_some(), "nothing says what to do about it: {error:?}");
    }
    Ok(())
}

async fn a_wrong_password_is_unauthorized(bench: &ComputeBench) -> Outcome {
    let place = bench.setup.wrong_password.as_ref();
    every_call_is_refused(bench, place, ErrorKind::Unauthorized, |retry| retry == Retry::Permanent).await
}

async fn a_closed_port_is_unreachable(bench: &ComputeBench) -> Outcome {
    let temporary = |retry| matches!(retry, Retry::Temporary { .. });
    every_call_is_refused(bench, bench.setup.closed_port.as_ref(), ErrorKind::Unreachable, temporary).await
}

async fn a_silent_port_is_unreachable_within_the_deadline(bench: &ComputeBench) -> Outcome {
    let place = bench.setup.silent_port.as_ref();
    let place = place.ok_or_else(|| Failure("the peer does not say how".to_owned()))?;
    let user = bench.setup.user.at(place);
    let begun = Instant::now();
    let result = servers(&*connect(&user)?).await;
    refused("a list", result, &[ErrorKind::Unreachable], bench.name(), &user.canaries())?;
    hold!(begun.elapsed() < Duration::from_secs(120), "it took {:?}", begun.elapsed());
    Ok(())
}

async fn twenty_clients_may_log_in_at_once(bench: &ComputeBench) -> Outcome {
    let clients = (0..20).map(|_| async {
        let cloud = connect(&bench.setup.user.logged_out())?;
        Ok::<_, Failure>(flavors(&*cloud).await?.len())
    });
    let counts = futures::future::try_join_all(clients).await?;
    hold!(
        counts.iter().all(|count| *count == counts[0] && *count > 0),
        "they see different flavors: {counts:?}"
    );
    Ok(())
}

async fn twenty_processes_of_one_user_may_begin_at_once(bench: &ComputeBench) -> Outcome {
    let user = bench.setup.user.logged_out();
    let clients = (0..20).map(|_| async {
        let cloud = connect(&user)?;
        Ok::<_, Failure>(flavors(&*cloud).await?.len())
    });
    let counts = futures::future::try_join_all(clients).await?;
    hold!(
        counts.iter().all(|count| *count == counts[0] && *count > 0),
        "they see different flavors: {counts:?}"
    );
    Ok(())
}

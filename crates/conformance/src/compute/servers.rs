//! The life of servers.

use cloudmesh_model::compute::ServerStatus;
use cloudmesh_model::{NativeId, ThingId, ThingKind};
use cloudmesh_resource::ComputeAction;

use super::bench::{ComputeBench, find};
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(
        a_server_lives_stops_starts_and_goes_and_every_step_may_be_repeated,
        ["create_server", "delete_server", "start_server", "stop_server"],
        []
    ),
    case!(a_server_that_is_being_built_can_be_deleted, ["create_server", "delete_server"], []),
    case!(deleting_what_is_gone_succeeds, ["delete_server"], []),
    case!(a_look_shows_what_was_asked_for_in_order, ["create_server"], []),
    case!(a_look_at_unknown_ids_shows_nothing, [], []),
    case!(as_many_servers_as_allowed_are_made_at_once, ["create_server"], []),
    case!(results_come_one_for_each_request_in_order, ["create_server"], []),
];

/// A native id that looks like one and belongs to nothing.
pub(super) const NOBODY: &str = "6d5d0b5f-0000-4000-8000-000000000000";

async fn a_server_lives_stops_starts_and_goes_and_every_step_may_be_repeated(
    bench: &ComputeBench,
) -> Outcome {
    let (id, native) = bench.server().await?;
    let both: [(&ThingId, &NativeId); 1] = [(&id, &native)];
    let active = bench.until(&id, &native, ServerStatus::Active).await?;
    hold!(!active.native_status.is_empty(), "it has no state in the cloud's words");
    hold!(!active.addresses.is_empty(), "an active server has no address");
    for round in 1..=2 {
        bench.perform(ComputeAction::StopServer { server: id.clone() }, &both).await??;
        let stopped = bench.until(&id, &native, ServerStatus::Stopped).await?;
        hold!(
            stopped.addresses == active.addresses,
            "round {round}: its addresses did not stay: {stopped:?}"
        );
    }
    for _ in 0..2 {
        bench.perform(ComputeAction::StartServer { server: id.clone() }, &both).await??;
        bench.until(&id, &native, ServerStatus::Active).await?;
    }
    let delete = || ComputeAction::DeleteServer { server: id.clone() };
    bench.perform(delete(), &both).await??;
    bench.perform(delete(), &both).await??;
    bench.until_gone(ThingKind::Server, &id, &native).await?;
    // A cloud may keep a deleted server in sight for a moment, and accept its deletion until then.
    bench
        .wait("the deletion to say that it is gone", || async {
            let performed = bench.perform(delete(), &both).await??;
            Ok(performed.gone.then_some(()))
        })
        .await?;
    let found = find(&*bench.cloud, ThingKind::Server, &[bench.mark(&id)?]).await?;
    hold!(found.is_empty(), "it is deleted, and its mark is found: {found:?}");
    Ok(())
}

async fn a_server_that_is_being_built_can_be_deleted(bench: &ComputeBench) -> Outcome {
    let (id, native) = bench.server().await?;
    bench.perform(ComputeAction::DeleteServer { server: id.clone() }, &[(&id, &native)]).await??;
    bench.until_gone(ThingKind::Server, &id, &native).await
}

async fn deleting_what_is_gone_succeeds(bench: &ComputeBench) -> Outcome {
    for native in [NOBODY, "no-such-server", "a/b?c=d#e", "naïve 北京"] {
        let (id, native) = (ThingId::planned(), NativeId::from(native));
        let result =
            bench.perform(ComputeAction::DeleteServer { server: id.clone() }, &[(&id, &native)]).await?;
        let performed = result?;
        hold!(performed.gone, "deleting `{native}`, which was never there, does not say that it is gone");
    }
    Ok(())
}

async fn a_look_shows_what_was_asked_for_in_order(bench: &ComputeBench) -> Outcome {
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(bench.server().await?);
    }
    let nobody = (ThingId::planned(), NativeId::from(NOBODY));
    let seen = bench.cloud.look(ThingKind::Server, &[]).await?;
    hold!(seen.is_empty(), "a look at nothing shows {seen:?}");
    let few = vec![made[1].clone(), nobody.clone()];
    let mut many = made.clone();
    many.reverse();
    many.insert(2, nobody.clone());
    // The same server under a name that somebody else gave it.
    many.push((ThingId::seen(bench.name(), &made[0].1), made[0].1.clone()));
    for asked in [few, many] {
        let seen = bench.second()?.look(ThingKind::Server, &asked).await?;
        hold!(seen.len() == asked.len(), "a look at {} shows {}", asked.len(), seen.len());
        for ((id, native), seen) in asked.iter().zip(seen) {
            hold!(seen.id == *id, "{} is shown where {id} was asked for", seen.id);
            hold!(seen.thing.is_some() != (*id == nobody.0), "{id} is shown as {:?}", seen.thing);
            if let Some(thing) = seen.thing {
                hold!(thing.id() == id && thing.native() == Some(native), "{id} is shown as {thing:?}");
            }
        }
    }
    Ok(())
}

async fn a_look_at_unknown_ids_shows_nothing(bench: &ComputeBench) -> Outcome {
    let ids = [NOBODY, "no-such-thing", "a/b?c=d#e", "naïve 北京", "%2e%2e"];
    for kind in [ThingKind::Server, ThingKind::Address, ThingKind::Key, ThingKind::Image, ThingKind::Flavor] {
        for count in [1, ids.len()] {
            let asked: Vec<(ThingId, NativeId)> =
                ids[..count].iter().map(|native| (ThingId::planned(), NativeId::from(*native))).collect();
            let seen = bench.cloud.look(kind, &asked).await?;
            hold!(seen.len() == count, "a look at {count} of kind {kind} shows {}", seen.len());
            for ((id, native), seen) in asked.iter().zip(seen) {
                hold!(seen.id == *id && seen.thing.is_none(), "the {kind} `{native}` is shown: {seen:?}");
            }
        }
    }
    Ok(())
}

async fn as_many_servers_as_allowed_are_made_at_once(bench: &ComputeBench) -> Outcome {
    bench.boot().await?;
    let count = bench.cloud.concurrency().min(8);
    let made = futures::future::try_join_all((0..count).map(|_| bench.server())).await?;
    let mut natives: Vec<&NativeId> = made.iter().map(|(_, native)| native).collect();
    natives.sort();
    natives.dedup();
    hold!(natives.len() == count, "{count} creates made {} servers", natives.len());
    Ok(())
}

async fn results_come_one_for_each_request_in_order(bench: &ComputeBench) -> Outcome {
    let count = bench.cloud.batch_size().min(5);
    let mut requests = Vec::new();
    for number in 0..count {
        let mut wish = bench.wish(&format!("conformance-{number}")).await?;
        if number == 1 {
            wish.flavor = NativeId::from("no-such-flavor");
        }
        requests.push(bench.request(ComputeAction::CreateServer(Box::new(wish)), &[]));
    }
    let marks: Vec<_> = requests.iter().map(|request| request.mark.clone()).collect();
    let results = bench.cloud.perform(requests).await;
    hold!(results.len() == count, "{count} requests give {} results", results.len());
    for (number, (mark, result)) in marks.into_iter().zip(results).enumerate() {
        match (number, result) {
            (1, Ok(_)) => return Err("an unknown flavor is accepted".to_owned().into()),
            (1, Err(error)) => bench.clear("an unknown flavor", &error)?,
            (_, result) => {
                let native = result?.native;
                let Some(mark) = mark else { continue };
                let found = bench.found_servers(&*bench.cloud, &[mark], 1).await?;
                let found: Vec<_> = found.into_iter().map(|found| Some(found.native)).collect();
                hold!(found == [native.clone()], "result {number} is {native:?}, and {found:?} is there");
            }
        }
    }
    Ok(())
}

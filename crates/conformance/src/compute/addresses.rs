//! Floating addresses.

use cloudmesh_model::compute::Reach;
use cloudmesh_model::{ErrorKind, NativeId, ThingId, ThingKind};
use cloudmesh_resource::{ComputeAction, Thing};

use super::bench::{ComputeBench, find};
use super::servers::NOBODY;
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(
        an_address_is_attached_detached_and_deleted_and_every_step_may_be_repeated,
        ["create_server", "create_address", "attach_address", "detach_address", "delete_address"],
        [Pools]
    ),
    case!(
        an_address_moves_from_one_server_to_another,
        ["create_server", "create_address", "attach_address"],
        [Pools]
    ),
    case!(
        a_server_that_is_deleted_leaves_its_floating_address,
        ["create_server", "delete_server", "create_address", "attach_address"],
        [Pools]
    ),
    case!(deleting_an_address_that_is_gone_succeeds, ["delete_address"], []),
    case!(an_unknown_pool_is_refused_and_nothing_is_taken, ["create_address"], [Pools]),
    case!(what_is_gone_cannot_be_attached, ["create_address", "attach_address", "detach_address"], [Pools]),
];

async fn attach(
    bench: &ComputeBench,
    address: &(ThingId, NativeId),
    server: &(ThingId, NativeId),
) -> Outcome {
    let action = ComputeAction::AttachAddress { address: address.0.clone(), server: server.0.clone() };
    let natives = [(&address.0, &address.1), (&server.0, &server.1)];
    let performed = bench.perform(action, &natives).await??;
    if let Some(Thing::Address(seen)) = &performed.thing {
        hold!(seen.id == address.0, "an attach answers with {}", seen.id);
        hold!(seen.server.as_ref() == Some(&server.1), "an attach answers with the server {:?}", seen.server);
    }
    Ok(())
}

async fn an_address_is_attached_detached_and_deleted_and_every_step_may_be_repeated(
    bench: &ComputeBench,
) -> Outcome {
    let server = bench.active_server().await?;
    let address = bench.address().await?;
    let text = bench.see_address(&address.0, &address.1).await?.address;
    for _ in 0..2 {
        attach(bench, &address, &server).await?;
        let seen = bench.see_address(&address.0, &address.1).await?;
        hold!(seen.server.as_ref() == Some(&server.1), "it leads to {:?}", seen.server);
        hold!(seen.fixed_address.is_some(), "it leads to no fixed address");
        hold!(seen.address == text, "it was {text} and is {}", seen.address);
        hold!(seen.mark == Some(bench.mark(&address.0)?), "it has lost its mark: {:?}", seen.mark);
    }
    let reached = bench
        .wait("the server to show its floating address", || async {
            let seen = bench.see_server(&server.0, &server.1).await?;
            let first = seen.and_then(|server| server.addresses.into_iter().next());
            Ok(first.filter(|first| first.reach == Reach::Public))
        })
        .await?;
    hold!(reached.address == text, "the server shows {} and not {text}", reached.address);
    for _ in 0..2 {
        let action = ComputeAction::DetachAddress { address: address.0.clone() };
        bench.perform(action, &[(&address.0, &address.1)]).await??;
        let seen = bench.see_address(&address.0, &address.1).await?;
        hold!(seen.server.is_none() && seen.fixed_address.is_none(), "it still leads to {:?}", seen.server);
        hold!(seen.mark == Some(bench.mark(&address.0)?), "it has lost its mark: {:?}", seen.mark);
    }
    for _ in 0..2 {
        let action = ComputeAction::DeleteAddress { address: address.0.clone() };
        bench.perform(action, &[(&address.0, &address.1)]).await??;
        bench.until_gone(ThingKind::Address, &address.0, &address.1).await?;
    }
    Ok(())
}

async fn an_address_moves_from_one_server_to_another(bench: &ComputeBench) -> Outcome {
    let address = bench.address().await?;
    let (first, second) = (bench.active_server().await?, bench.active_server().await?);
    for server in [&first, &second] {
        attach(bench, &address, server).await?;
        let seen = bench.see_address(&address.0, &address.1).await?;
        hold!(seen.server.as_ref() == Some(&server.1), "it leads to {:?}, not to {}", seen.server, server.1);
    }
    Ok(())
}

async fn a_server_that_is_deleted_leaves_its_floating_address(bench: &ComputeBench) -> Outcome {
    let server = bench.active_server().await?;
    let address = bench.address().await?;
    attach(bench, &address, &server).await?;
    let action = ComputeAction::DeleteServer { server: server.0.clone() };
    bench.perform(action, &[(&server.0, &server.1)]).await??;
    bench.until_gone(ThingKind::Server, &server.0, &server.1).await?;
    bench
        .wait("the address to lead nowhere", || async {
            let seen = bench.see_address(&address.0, &address.1).await?;
            Ok(seen.server.is_none().then_some(()))
        })
        .await?;
    let found = find(&*bench.cloud, ThingKind::Address, &[bench.mark(&address.0)?]).await?;
    hold!(found.len() == 1, "its mark is found {} times", found.len());
    Ok(())
}

async fn deleting_an_address_that_is_gone_succeeds(bench: &ComputeBench) -> Outcome {
    for native in [NOBODY, "no-such-address", "a/b?c=d#e"] {
        let (id, native) = (ThingId::planned(), NativeId::from(native));
        let action = ComputeAction::DeleteAddress { address: id.clone() };
        let performed = bench.perform(action, &[(&id, &native)]).await??;
        hold!(performed.gone, "deleting `{native}`, which was never there, does not say that it is gone");
    }
    Ok(())
}

async fn an_unknown_pool_is_refused_and_nothing_is_taken(bench: &ComputeBench) -> Outcome {
    for pool in [NOBODY, "no-such-pool"] {
        let id = ThingId::planned();
        let action = ComputeAction::CreateAddress { address: id.clone(), pool: Some(NativeId::from(pool)) };
        let result = bench.perform(action, &[]).await?;
        bench.refused(&format!("the pool {pool}"), result, &[ErrorKind::BadInput, ErrorKind::NotFound])?;
        let found = find(&*bench.cloud, ThingKind::Address, &[bench.mark(&id)?]).await?;
        hold!(found.is_empty(), "the pool {pool} is refused, and an address is there");
    }
    Ok(())
}

async fn what_is_gone_cannot_be_attached(bench: &ComputeBench) -> Outcome {
    let address = bench.address().await?;
    let gone = (ThingId::planned(), NativeId::from(NOBODY));
    let attach = ComputeAction::AttachAddress { address: address.0.clone(), server: gone.0.clone() };
    let result = bench.perform(attach, &[(&address.0, &address.1), (&gone.0, &gone.1)]).await?;
    bench.refused("an attach to a server that is gone", result, &[ErrorKind::NotFound])?;
    let detach = ComputeAction::DetachAddress { address: gone.0.clone() };
    let result = bench.perform(detach, &[(&gone.0, &gone.1)]).await?;
    bench.refused("a detach of an address that is gone", result, &[ErrorKind::NotFound])?;
    Ok(())
}

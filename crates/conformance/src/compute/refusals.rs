//! What cannot be: refused clearly, and nothing made.

use cloudmesh_model::{ErrorKind, NativeId, Retry, ThingId, ThingKind};
use cloudmesh_resource::{ComputeAction, CreateServer};

use super::bench::{ComputeBench, find};
use super::servers::NOBODY;
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(unknown_images_and_flavors_are_refused_and_nothing_is_made, ["create_server"], []),
    case!(unknown_keys_networks_groups_and_zones_are_refused_and_nothing_is_made, ["create_server"], []),
    case!(user_data_that_were_not_handed_over_are_refused_and_nothing_is_made, ["create_server"], []),
    case!(what_is_gone_cannot_be_started_or_stopped, ["start_server", "stop_server"], []),
    case!(actions_without_native_ids_are_refused, ["delete_server", "start_server", "delete_address"], []),
];

async fn create_refused(bench: &ComputeBench, what: &str, wish: CreateServer) -> Outcome {
    let mark = bench.mark(&wish.server)?;
    let result = bench.perform(ComputeAction::CreateServer(Box::new(wish)), &[]).await?;
    let error = bench.refused(what, result, &[ErrorKind::BadInput, ErrorKind::NotFound])?;
    hold!(error.retry_class() == Retry::Permanent, "{what}: may be repeated: {error:?}");
    let found = find(&*bench.cloud, ThingKind::Server, &[mark]).await?;
    hold!(found.is_empty(), "{what}: refused, and a server is there");
    Ok(())
}

async fn unknown_images_and_flavors_are_refused_and_nothing_is_made(bench: &ComputeBench) -> Outcome {
    for native in [NOBODY, "no such thing", "a/b?c=d"] {
        let mut wish = bench.wish("conformance").await?;
        wish.image = NativeId::from(native);
        create_refused(bench, &format!("the image `{native}`"), wish).await?;
        let mut wish = bench.wish("conformance").await?;
        wish.flavor = NativeId::from(native);
        create_refused(bench, &format!("the flavor `{native}`"), wish).await?;
    }
    Ok(())
}

async fn unknown_keys_networks_groups_and_zones_are_refused_and_nothing_is_made(
    bench: &ComputeBench,
) -> Outcome {
    let mut wish = bench.wish("conformance").await?;
    wish.key = Some("no-such-key".to_owned());
    create_refused(bench, "the key no-such-key", wish).await?;
    let mut wish = bench.wish("conformance").await?;
    wish.networks = vec![NativeId::from(NOBODY)];
    create_refused(bench, "an unknown network", wish).await?;
    let mut wish = bench.wish("conformance").await?;
    wish.security_groups = vec!["no-such-group".to_owned()];
    create_refused(bench, "the group no-such-group", wish).await?;
    let mut wish = bench.wish("conformance").await?;
    wish.zone = Some("no-such-zone".to_owned());
    create_refused(bench, "the zone no-such-zone", wish).await
}

async fn user_data_that_were_not_handed_over_are_refused_and_nothing_is_made(
    bench: &ComputeBench,
) -> Outcome {
    let mut wish = bench.wish("conformance").await?;
    wish.user_data = Some("5eed".to_owned());
    let mark = bench.mark(&wish.server)?;
    let result = bench.perform(ComputeAction::CreateServer(Box::new(wish)), &[]).await?;
    bench.refused("user data that are not there", result, &[ErrorKind::Internal, ErrorKind::BadInput])?;
    hold!(find(&*bench.cloud, ThingKind::Server, &[mark]).await?.is_empty(), "a server is there");
    Ok(())
}

async fn what_is_gone_cannot_be_started_or_stopped(bench: &ComputeBench) -> Outcome {
    for native in [NOBODY, "no-such-server"] {
        let (id, native) = (ThingId::planned(), NativeId::from(native));
        for action in [
            ComputeAction::StartServer { server: id.clone() },
            ComputeAction::StopServer { server: id.clone() },
        ] {
            let result = bench.perform(action, &[(&id, &native)]).await?;
            bench.refused("starting or stopping what is gone", result, &[ErrorKind::NotFound])?;
        }
    }
    Ok(())
}

async fn actions_without_native_ids_are_refused(bench: &ComputeBench) -> Outcome {
    let id = ThingId::planned();
    for action in [
        ComputeAction::DeleteServer { server: id.clone() },
        ComputeAction::StartServer { server: id.clone() },
        ComputeAction::DeleteAddress { address: id.clone() },
    ] {
        let result = bench.perform(action, &[]).await?;
        bench.refused("an action without the native id", result, &[ErrorKind::Internal])?;
    }
    Ok(())
}

//! What can be done with a server that runs, each of it twice: a call whose answer was lost is repeated.

use std::collections::BTreeMap;

use cloudmesh_model::compute::{Flavor, Server, ServerStatus};
use cloudmesh_model::{NativeId, ThingId, ThingKind};
use cloudmesh_resource::{ComputeAction, Thing, Until};

use super::bench::{ComputeBench, flavors};
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Failure, Outcome};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(
        a_server_pauses_and_suspends_and_goes_on,
        ["pause_server", "unpause_server", "suspend_server", "resume_server"],
        []
    ),
    case!(a_server_is_shelved_and_comes_back, ["shelve_server", "unshelve_server"], []),
    case!(a_server_is_rescued_and_comes_back, ["rescue_server", "unrescue_server"], []),
    case!(a_server_is_rebooted_and_rebuilt, ["reboot_server", "rebuild_server"], []),
    case!(
        a_server_gets_another_flavor_which_is_turned_back_or_confirmed,
        ["resize_server", "confirm_resize", "revert_resize"],
        []
    ),
    case!(a_locked_server_refuses_and_an_unlocked_one_obeys, ["lock_server", "unlock_server"], []),
    case!(a_server_takes_names_and_metadata, ["rename_server", "set_metadata"], []),
    case!(a_server_becomes_an_image_that_carries_the_mark, ["create_image", "delete_image"], []),
    case!(a_server_tells_what_was_done_with_it, ["create_server"], []),
];

/// Waits for what an action leads to.
pub(super) async fn settled(
    bench: &ComputeBench,
    kind: ThingKind,
    id: &ThingId,
    native: &NativeId,
    until: Until,
) -> Outcome<Option<Thing>> {
    let what = format!("{native} to be {}", until.as_str());
    bench
        .wait(&what, || async {
            let seen = bench.look(kind, id, native).await?;
            Ok(until.reached(seen.as_ref())?.then_some(seen))
        })
        .await
}

/// Performs an action twice, waiting for what it leads to after each.
async fn twice(
    bench: &ComputeBench,
    server: &(ThingId, NativeId),
    action: impl Fn(ThingId) -> ComputeAction,
) -> Outcome<Server> {
    for _ in 0..2 {
        let action = action(server.0.clone());
        let until = action.leads_to();
        bench.perform(action, &[(&server.0, &server.1)]).await??;
        if let Some(until) = until {
            settled(bench, ThingKind::Server, &server.0, &server.1, until).await?;
        }
    }
    let seen = bench.see_server(&server.0, &server.1).await?;
    seen.ok_or_else(|| Failure(format!("{} is gone", server.1)))
}

async fn a_server_pauses_and_suspends_and_goes_on(bench: &ComputeBench) -> Outcome {
    let server = bench.active_server().await?;
    let paused = twice(bench, &server, |server| ComputeAction::PauseServer { server }).await?;
    hold!(paused.status == ServerStatus::Paused, "it is {:?}", paused.status);
    twice(bench, &server, |server| ComputeAction::UnpauseServer { server }).await?;
    let suspended = twice(bench, &server, |server| ComputeAction::SuspendServer { server }).await?;
    hold!(suspended.native_status != paused.native_status, "pausing and suspending look the same");
    let active = twice(bench, &server, |server| ComputeAction::ResumeServer { server }).await?;
    hold!(active.status == ServerStatus::Active, "it is {:?}", active.status);
    Ok(())
}

async fn a_server_is_shelved_and_comes_back(bench: &ComputeBench) -> Outcome {
    let server = bench.active_server().await?;
    let shelved = twice(bench, &server, |server| ComputeAction::ShelveServer { server }).await?;
    hold!(shelved.status == ServerStatus::Shelved, "it is {:?}", shelved.status);
    let active = twice(bench, &server, |server| ComputeAction::UnshelveServer { server }).await?;
    hold!(active.status == ServerStatus::Active, "it is {:?}", active.status);
    Ok(())
}

async fn a_server_is_rescued_and_comes_back(bench: &ComputeBench) -> Outcome {
    let server = bench.active_server().await?;
    twice(bench, &server, |server| ComputeAction::RescueServer { server, image: None }).await?;
    let active = twice(bench, &server, |server| ComputeAction::UnrescueServer { server }).await?;
    hold!(active.status == ServerStatus::Active, "it is {:?}", active.status);
    Ok(())
}

async fn a_server_is_rebooted_and_rebuilt(bench: &ComputeBench) -> Outcome {
    let server = bench.active_server().await?;
    let before = bench.see_server(&server.0, &server.1).await?.map(|server| server.addresses);
    twice(bench, &server, |server| ComputeAction::RebootServer { server, hard: false }).await?;
    twice(bench, &server, |server| ComputeAction::RebootServer { server, hard: true }).await?;
    let (image, _) = bench.boot().await?.clone();
    let after = twice(bench, &server, |server| ComputeAction::RebuildServer {
        server,
        image: image.native.clone(),
        image_name: image.name.clone(),
    })
    .await?;
    hold!(Some(&after.addresses) == before.as_ref(), "its addresses did not stay: {after:?}");
    Ok(())
}

/// Another flavor than that of the bench, with no smaller disk.
async fn other_flavor(bench: &ComputeBench) -> Outcome<Flavor> {
    let (_, own) = bench.boot().await?;
    let all = flavors(&*bench.cloud).await?;
    let fits = |flavor: &Flavor| {
        flavor.native != own.native && flavor.disk >= own.disk && flavor.memory >= own.memory
    };
    let other = all.into_iter().filter(fits).min_by_key(|flavor| (flavor.disk, flavor.memory));
    other.ok_or_else(|| Failure("there is no second flavor".to_owned()))
}

async fn a_server_gets_another_flavor_which_is_turned_back_or_confirmed(bench: &ComputeBench) -> Outcome {
    let server = bench.active_server().await?;
    let other = other_flavor(bench).await?;
    let (_, own) = bench.boot().await?;
    let resize = |server| ComputeAction::ResizeServer {
        server,
        flavor: other.native.clone(),
        flavor_name: other.name.clone(),
    };
    twice(bench, &server, resize).await?;
    let reverted = twice(bench, &server, |server| ComputeAction::RevertResize { server }).await?;
    hold!(reverted.flavor == own.name, "turned back it is of flavor {}", reverted.flavor);
    twice(bench, &server, resize).await?;
    let confirmed = twice(bench, &server, |server| ComputeAction::ConfirmResize { server }).await?;
    hold!(confirmed.flavor == other.name, "confirmed it is of flavor {}", confirmed.flavor);
    hold!(confirmed.status == ServerStatus::Active, "it is {:?}", confirmed.status);
    Ok(())
}

async fn a_locked_server_refuses_and_an_unlocked_one_obeys(bench: &ComputeBench) -> Outcome {
    let server = bench.active_server().await?;
    let locked = twice(bench, &server, |server| ComputeAction::LockServer { server }).await?;
    hold!(locked.locked, "it is not shown as locked");
    let unlocked = twice(bench, &server, |server| ComputeAction::UnlockServer { server }).await?;
    hold!(!unlocked.locked, "it is still shown as locked");
    twice(bench, &server, |server| ComputeAction::StopServer { server }).await?;
    Ok(())
}

async fn a_server_takes_names_and_metadata(bench: &ComputeBench) -> Outcome {
    let server = bench.active_server().await?;
    for name in ["conformance renamed", "naïve-北京"] {
        let seen = twice(bench, &server, |server| ComputeAction::RenameServer {
            server,
            name: name.to_owned(),
            earlier: "conformance".to_owned(),
        })
        .await?;
        hold!(seen.name == name, "it is called {:?} and not {name:?}", seen.name);
    }
    let items = |value: Option<&str>| {
        BTreeMap::from([("a key".to_owned(), value.map(str::to_owned)), ("other".to_owned(), None)])
    };
    for value in [Some("one"), Some("two words"), None] {
        let seen = twice(bench, &server, |server| ComputeAction::SetMetadata {
            server,
            items: items(value),
            earlier: items(None),
        })
        .await?;
        hold!(seen.metadata.get("a key").map(String::as_str) == value, "its metadata is {:?}", seen.metadata);
        hold!(seen.mark.is_some(), "its mark is gone");
    }
    Ok(())
}

async fn a_server_becomes_an_image_that_carries_the_mark(bench: &ComputeBench) -> Outcome {
    let (server, native) = bench.active_server().await?;
    let image = ThingId::planned();
    let action = ComputeAction::CreateImage {
        image: image.clone(),
        name: "conformance image".to_owned(),
        server: server.clone(),
    };
    let made = bench.perform(action, &[(&server, &native)]).await??.native;
    let made = made.ok_or_else(|| Failure("an image is made, and its native id is not told".to_owned()))?;
    settled(bench, ThingKind::Image, &image, &made, Until::Available).await?;
    let found = super::bench::find(&*bench.cloud, ThingKind::Image, &[bench.mark(&image)?]).await?;
    hold!(found.len() == 1 && found[0].native == made, "its mark finds {found:?}");
    bench.until(&server, &native, ServerStatus::Active).await?;
    for _ in 0..2 {
        bench.perform(ComputeAction::DeleteImage { image: image.clone() }, &[(&image, &made)]).await??;
    }
    bench.until_gone(ThingKind::Image, &image, &made).await
}

async fn a_server_tells_what_was_done_with_it(bench: &ComputeBench) -> Outcome {
    let (_, native) = bench.active_server().await?;
    let events = bench.cloud.events(&native).await?;
    hold!(events.iter().any(|event| event.action == "create"), "it was not made: {events:?}");
    let output = bench.cloud.console_output(&native, Some(5)).await?;
    hold!(output.lines().count() <= 6, "5 lines were asked for: {output}");
    bench.cloud.console_page(&native).await?;
    let nobody = NativeId::from(super::servers::NOBODY);
    let kinds = [cloudmesh_model::ErrorKind::NotFound];
    bench.refused("events of nothing", bench.cloud.events(&nobody).await, &kinds)?;
    bench.refused("the console of nothing", bench.cloud.console_output(&nobody, None).await, &kinds)?;
    bench.refused("the screen of nothing", bench.cloud.console_page(&nobody).await, &kinds)?;
    let quotas = bench.cloud.quotas().await?;
    hold!(quotas.iter().any(|quota| quota.resource == "servers" && quota.used >= Some(1)), "{quotas:?}");
    let zones = bench.cloud.zones().await?;
    hold!(zones.iter().any(|(_, available)| *available), "no zone can be used: {zones:?}");
    Ok(())
}

//! The table of what a provider can do, and facts.

use cloudmesh_model::cloud_things::SecurityRule;
use cloudmesh_model::{ErrorKind, NativeId, ThingId};
use cloudmesh_resource::{ComputeAction, CreateVolume, Support};

use super::bench::ComputeBench;
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome, every_family};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(the_table_has_one_line_for_each_action_and_a_reason_for_each_no, [], []),
    case!(what_the_table_denies_is_refused_as_unsupported, [], []),
    case!(every_action_on_what_is_not_there_is_refused_clearly, [], []),
    case!(an_action_of_another_family_is_unsupported, [], []),
    case!(no_actions_give_no_results, [], []),
    case!(facts_are_named_and_show_no_secret, [], []),
];

async fn the_table_has_one_line_for_each_action_and_a_reason_for_each_no(bench: &ComputeBench) -> Outcome {
    every_family::table(bench.cloud.capabilities(), ComputeAction::NAMES)?;
    every_family::limits(&bench.place)?;
    hold!(
        bench.cloud.place() == bench.name(),
        "the place is called {}, not {}",
        bench.cloud.place(),
        bench.name()
    );
    Ok(())
}

async fn what_the_table_denies_is_refused_as_unsupported(bench: &ComputeBench) -> Outcome {
    let id = ThingId::planned();
    let native = "no-such-thing".into();
    for line in bench.cloud.capabilities() {
        if !matches!(line.support, Support::No(_)) {
            continue;
        }
        let action = match line.action {
            "create_server" => ComputeAction::CreateServer(Box::new(bench.wish("conformance").await?)),
            name => match sample(name, &id) {
                Some(action) => action,
                None => return Err(format!("there is no sample of {name}").into()),
            },
        };
        let result = bench.perform(action, &[(&id, &native)]).await?;
        bench.refused(line.action, result, &[ErrorKind::Unsupported])?;
    }
    Ok(())
}

async fn an_action_of_another_family_is_unsupported(bench: &ComputeBench) -> Outcome {
    every_family::wrong_family(&bench.setup.user, &bench.place).await
}

async fn no_actions_give_no_results(bench: &ComputeBench) -> Outcome {
    every_family::nothing(&bench.place).await
}

async fn facts_are_named_and_show_no_secret(bench: &ComputeBench) -> Outcome {
    every_family::facts(&bench.setup.user, &bench.place).await
}

/// An action of each name but `create_server`, about `id` alone.
pub(super) fn sample(name: &str, id: &ThingId) -> Option<ComputeAction> {
    let one = || id.clone();
    let text = || "conformance".to_owned();
    let rule = || SecurityRule {
        incoming: true,
        protocol: None,
        from: None,
        to: None,
        range: None,
        group: None,
        version_six: false,
    };
    Some(match name {
        "delete_server" => ComputeAction::DeleteServer { server: one() },
        "start_server" => ComputeAction::StartServer { server: one() },
        "stop_server" => ComputeAction::StopServer { server: one() },
        "upload_key" => {
            ComputeAction::UploadKey { key: one(), name: text(), public_key: super::keys::public_key(0) }
        }
        "delete_key" => ComputeAction::DeleteKey { key: one(), name: text() },
        "create_address" => ComputeAction::CreateAddress { address: one(), pool: None },
        "attach_address" => ComputeAction::AttachAddress { address: one(), server: one() },
        "detach_address" => ComputeAction::DetachAddress { address: one() },
        "delete_address" => ComputeAction::DeleteAddress { address: one() },
        "reboot_server" => ComputeAction::RebootServer { server: one(), hard: false },
        "pause_server" => ComputeAction::PauseServer { server: one() },
        "unpause_server" => ComputeAction::UnpauseServer { server: one() },
        "suspend_server" => ComputeAction::SuspendServer { server: one() },
        "resume_server" => ComputeAction::ResumeServer { server: one() },
        "shelve_server" => ComputeAction::ShelveServer { server: one() },
        "unshelve_server" => ComputeAction::UnshelveServer { server: one() },
        "lock_server" => ComputeAction::LockServer { server: one() },
        "unlock_server" => ComputeAction::UnlockServer { server: one() },
        "rename_server" => ComputeAction::RenameServer { server: one(), name: text(), earlier: text() },
        "resize_server" => {
            ComputeAction::ResizeServer { server: one(), flavor: "1".into(), flavor_name: text() }
        }
        "confirm_resize" => ComputeAction::ConfirmResize { server: one() },
        "revert_resize" => ComputeAction::RevertResize { server: one() },
        "rebuild_server" => {
            ComputeAction::RebuildServer { server: one(), image: "1".into(), image_name: text() }
        }
        "rescue_server" => ComputeAction::RescueServer { server: one(), image: None },
        "unrescue_server" => ComputeAction::UnrescueServer { server: one() },
        "set_metadata" => ComputeAction::SetMetadata {
            server: one(),
            items: [(text(), Some(text()))].into(),
            earlier: [(text(), None)].into(),
        },
        "create_image" => ComputeAction::CreateImage { image: one(), name: text(), server: one() },
        "delete_image" => ComputeAction::DeleteImage { image: one() },
        "create_network" => ComputeAction::CreateNetwork { network: one(), name: text() },
        "delete_network" => ComputeAction::DeleteNetwork { network: one() },
        "create_subnet" => ComputeAction::CreateSubnet {
            subnet: one(),
            network: one(),
            name: text(),
            range: "192.168.78.0/24".to_owned(),
            name_servers: vec![],
        },
        "delete_subnet" => ComputeAction::DeleteSubnet { subnet: one() },
        "create_router" => ComputeAction::CreateRouter { router: one(), name: text(), gateway: None },
        "delete_router" => ComputeAction::DeleteRouter { router: one() },
        "attach_subnet" => ComputeAction::AttachSubnet { router: one(), subnet: one() },
        "detach_subnet" => ComputeAction::DetachSubnet { router: one(), subnet: one() },
        "create_port" => {
            ComputeAction::CreatePort { port: one(), network: one(), name: text(), address: None }
        }
        "delete_port" => ComputeAction::DeletePort { port: one() },
        "create_secgroup" => {
            ComputeAction::CreateSecurityGroup { group: one(), name: text(), description: text() }
        }
        "delete_secgroup" => ComputeAction::DeleteSecurityGroup { group: one() },
        "add_rule" => ComputeAction::AddRule { group: one(), rule: rule() },
        "remove_rule" => ComputeAction::RemoveRule { group: one(), rule: rule() },
        "create_volume" => ComputeAction::CreateVolume(Box::new(CreateVolume {
            volume: one(),
            name: text(),
            size: 1,
            volume_type: None,
            image: None,
            snapshot: None,
            zone: None,
        })),
        "delete_volume" => ComputeAction::DeleteVolume { volume: one() },
        "extend_volume" => ComputeAction::ExtendVolume { volume: one(), size: 2 },
        "attach_volume" => ComputeAction::AttachVolume { volume: one(), server: one() },
        "detach_volume" => ComputeAction::DetachVolume { volume: one(), server: one() },
        "create_snapshot" => ComputeAction::CreateSnapshot { snapshot: one(), volume: one(), name: text() },
        "delete_snapshot" => ComputeAction::DeleteSnapshot { snapshot: one() },
        "create_server_group" => {
            ComputeAction::CreateServerGroup { group: one(), name: text(), policy: "affinity".to_owned() }
        }
        "delete_server_group" => ComputeAction::DeleteServerGroup { group: one() },
        _ => return None,
    })
}

/// Every change of what is not there is refused, and the refusal is clear; deletions count as done.
async fn every_action_on_what_is_not_there_is_refused_clearly(bench: &ComputeBench) -> Outcome {
    let nobody = || NativeId::from(super::servers::NOBODY);
    for line in bench.cloud.capabilities() {
        // What makes something by itself would make it.
        let alone = ["create_server", "upload_key", "create_address", "create_network", "create_router"];
        let makes = alone.contains(&line.action)
            || ["create_secgroup", "create_volume", "create_server_group"].contains(&line.action);
        if makes || line.action.starts_with("delete_") || !matches!(line.support, Support::Yes(_)) {
            continue;
        }
        let id = ThingId::planned();
        let Some(action) = sample(line.action, &id) else {
            return Err(format!("there is no sample of {}", line.action).into());
        };
        // Two of them ask for nothing that could be missing: what is not there has no rule and no volume.
        let harmless = ["remove_rule", "detach_volume", "detach_subnet"].contains(&line.action);
        match bench.perform(action, &[(&id, &nobody())]).await? {
            Ok(_) => hold!(harmless, "{} on what is not there succeeds", line.action),
            Err(error) => bench.clear(line.action, &error)?,
        }
    }
    Ok(())
}

//! The table of what a provider can do, and facts.

use cloudmesh_model::{ErrorKind, ThingId};
use cloudmesh_resource::{ComputeAction, Support};

use super::bench::ComputeBench;
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome, every_family};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(the_table_has_one_line_for_each_action_and_a_reason_for_each_no, [], []),
    case!(what_the_table_denies_is_refused_as_unsupported, [], []),
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
            "delete_server" => ComputeAction::DeleteServer { server: id.clone() },
            "start_server" => ComputeAction::StartServer { server: id.clone() },
            "stop_server" => ComputeAction::StopServer { server: id.clone() },
            "upload_key" => ComputeAction::UploadKey {
                key: id.clone(),
                name: "conformance".to_owned(),
                public_key: super::keys::public_key(0),
            },
            "delete_key" => ComputeAction::DeleteKey { key: id.clone(), name: "conformance".to_owned() },
            "create_address" => ComputeAction::CreateAddress { address: id.clone(), pool: None },
            "attach_address" => ComputeAction::AttachAddress { address: id.clone(), server: id.clone() },
            "detach_address" => ComputeAction::DetachAddress { address: id.clone() },
            _ => ComputeAction::DeleteAddress { address: id.clone() },
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

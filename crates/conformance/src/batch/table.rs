//! The table of what a provider can do, and facts.

use cloudmesh_model::{ErrorKind, NativeId, ThingId};
use cloudmesh_resource::{BatchAction, JobChanges, Support};

use super::bench::BatchBench;
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome, every_family};

pub(super) static CASES: &[Case<BatchBench>] = &[
    case!(the_table_has_one_line_for_each_action_and_a_reason_for_each_no, [], []),
    case!(what_the_table_denies_is_refused_as_unsupported, [], []),
    case!(an_action_of_another_family_is_unsupported, [], []),
    case!(no_actions_give_no_results, [], []),
    case!(facts_are_named_and_show_no_secret, [], []),
];

async fn the_table_has_one_line_for_each_action_and_a_reason_for_each_no(bench: &BatchBench) -> Outcome {
    every_family::table(bench.batch.capabilities(), BatchAction::NAMES)?;
    every_family::limits(&bench.place)?;
    hold!(
        bench.batch.place() == bench.name(),
        "the place is called {}, not {}",
        bench.batch.place(),
        bench.name()
    );
    Ok(())
}

async fn what_the_table_denies_is_refused_as_unsupported(bench: &BatchBench) -> Outcome {
    for line in bench.batch.capabilities() {
        if !matches!(line.support, Support::No(_)) {
            continue;
        }
        let request = match line.action {
            "submit_job" => bench.request("true", |_| ()),
            name => {
                let job = (ThingId::planned(), NativeId::from("1"));
                let id = job.0.clone();
                let action = match name {
                    "hold_job" => BatchAction::HoldJob { job: id },
                    "release_job" => BatchAction::ReleaseJob { job: id },
                    "requeue_job" => BatchAction::RequeueJob { job: id },
                    "alter_job" => BatchAction::AlterJob { job: id, changes: JobChanges::default() },
                    _ => BatchAction::CancelJob { job: id },
                };
                bench.change(&job, action)
            }
        };
        let result = bench.perform_one(request).await?;
        bench.refused(line.action, result, &[ErrorKind::Unsupported])?;
    }
    Ok(())
}

async fn an_action_of_another_family_is_unsupported(bench: &BatchBench) -> Outcome {
    every_family::wrong_family(&bench.setup.user, &bench.place).await
}

async fn no_actions_give_no_results(bench: &BatchBench) -> Outcome {
    every_family::nothing(&bench.place).await
}

async fn facts_are_named_and_show_no_secret(bench: &BatchBench) -> Outcome {
    every_family::facts(&bench.setup.user, &bench.place).await
}

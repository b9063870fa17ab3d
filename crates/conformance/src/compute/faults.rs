//! Faults of the service and of the way to it. Only the engine repeats a change, so a provider must say
//! what is known of its fate.

use cloudmesh_model::{ErrorKind, Retry, ThingId, ThingKind};
use cloudmesh_resource::ComputeAction;

use super::bench::{ComputeBench, servers_once};
use crate::case::case;
use crate::outcome::hold;
use crate::{Case, Outcome};

pub(super) static CASES: &[Case<ComputeBench>] = &[
    case!(a_create_whose_answer_is_lost_is_uncertain_and_found, ["create_server"], [Faults]),
    case!(a_create_that_is_cut_off_is_uncertain_and_made_once_at_the_most, ["create_server"], [Faults]),
    case!(an_address_whose_answer_is_lost_is_uncertain_and_found, ["create_address"], [Faults, Pools]),
    case!(a_log_in_that_ended_is_renewed_unseen, ["create_server"], [Faults]),
    case!(a_change_that_is_throttled_had_no_effect_and_says_so, ["create_server"], [Faults]),
    case!(searches_and_looks_that_fail_are_errors_not_answers, ["create_server"], [Faults]),
    case!(a_list_that_breaks_off_is_an_error, ["create_server"], [Faults]),
];

async fn a_create_whose_answer_is_lost_is_uncertain_and_found(bench: &ComputeBench) -> Outcome {
    let wish = bench.wish("conformance").await?;
    let mark = bench.mark(&wish.server)?;
    bench.faults()?.lose_next_change();
    let result = bench.perform(ComputeAction::CreateServer(Box::new(wish)), &[]).await?;
    bench.faults()?.clear();
    let error = bench.refused("a lost answer", result, &[ErrorKind::Unreachable])?;
    hold!(error.retry_class() == Retry::Uncertain, "a lost answer is no uncertain error: {error:?}");
    let found = bench.second()?.find(ThingKind::Server, &[mark]).await?;
    hold!(found.len() == 1, "{} servers were made", found.len());
    Ok(())
}

async fn a_create_that_is_cut_off_is_uncertain_and_made_once_at_the_most(bench: &ComputeBench) -> Outcome {
    let wish = bench.wish("conformance").await?;
    let mark = bench.mark(&wish.server)?;
    bench.faults()?.drop_next_change();
    let result = bench.perform(ComputeAction::CreateServer(Box::new(wish)), &[]).await?;
    bench.faults()?.clear();
    let error = bench.refused("a call that is cut off", result, &[ErrorKind::Unreachable])?;
    hold!(error.retry_class() == Retry::Uncertain, "a call that is cut off is no uncertain error: {error:?}");
    let found = bench.second()?.find(ThingKind::Server, &[mark]).await?;
    hold!(found.is_empty(), "the call was repeated: {} servers were made", found.len());
    Ok(())
}

async fn an_address_whose_answer_is_lost_is_uncertain_and_found(bench: &ComputeBench) -> Outcome {
    let id = ThingId::planned();
    bench.boot().await?;
    bench.faults()?.lose_next_change();
    let action = ComputeAction::CreateAddress { address: id.clone(), pool: None };
    let result = bench.perform(action, &[]).await?;
    bench.faults()?.clear();
    let error = bench.refused("a lost answer", result, &[ErrorKind::Unreachable])?;
    hold!(error.retry_class() == Retry::Uncertain, "a lost answer is no uncertain error: {error:?}");
    let found = bench.second()?.find(ThingKind::Address, &[bench.mark(&id)?]).await?;
    hold!(found.len() == 1, "{} addresses were taken", found.len());
    Ok(())
}

async fn a_log_in_that_ended_is_renewed_unseen(bench: &ComputeBench) -> Outcome {
    bench.boot().await?;
    bench.faults()?.end_log_ins();
    let (id, _) = bench.server().await?;
    bench.faults()?.end_log_ins();
    let found = bench.second()?.find(ThingKind::Server, &[bench.mark(&id)?]).await?;
    hold!(found.len() == 1, "{} servers were made", found.len());
    Ok(())
}

async fn a_change_that_is_throttled_had_no_effect_and_says_so(bench: &ComputeBench) -> Outcome {
    let wish = bench.wish("conformance").await?;
    let mark = bench.mark(&wish.server)?;
    bench.faults()?.throttle_next(1);
    let result = bench.perform(ComputeAction::CreateServer(Box::new(wish)), &[]).await?;
    bench.faults()?.clear();
    let error = bench.refused("a call too many", result, &[ErrorKind::Throttled])?;
    let temporary = matches!(error.retry_class(), Retry::Temporary { .. });
    hold!(temporary, "it does not say that it may be repeated: {error:?}");
    let found = bench.cloud.find(ThingKind::Server, &[mark]).await?;
    hold!(found.is_empty(), "it was repeated all the same");
    Ok(())
}

async fn searches_and_looks_that_fail_are_errors_not_answers(bench: &ComputeBench) -> Outcome {
    let (id, native) = bench.server().await?;
    let mark = bench.mark(&id)?;
    bench.faults()?.fail_reads(1);
    let found = bench.cloud.find(ThingKind::Server, &[mark]).await;
    let kinds = &[ErrorKind::Service, ErrorKind::Unreachable];
    bench.refused("a search that fails", found, kinds)?;
    let few = vec![(id.clone(), native.clone())];
    let many = vec![(id, native); 6];
    for asked in [few, many] {
        let seen = bench.cloud.look(ThingKind::Server, &asked).await;
        bench.refused("a look that fails", seen, kinds)?;
    }
    Ok(())
}

async fn a_list_that_breaks_off_is_an_error(bench: &ComputeBench) -> Outcome {
    if bench.setup.page_size.is_none() {
        return Ok(());
    }
    for _ in 0..bench.more_than_two_pages() {
        bench.server().await?;
    }
    bench.faults()?.fail_reads(2);
    let list = servers_once(&*bench.cloud).await;
    bench.refused("a list that breaks off", list, &[ErrorKind::Service, ErrorKind::Unreachable])?;
    Ok(())
}

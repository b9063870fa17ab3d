//! What holds for places of every family.

use cloudmesh_model::{ErrorKind, ThingId};
use cloudmesh_resource::{
    Action, BatchAction, Capability, ComputeAction, MarkField, Place, Request, Support,
};

use crate::outcome::{hold, refused};
use crate::{Outcome, User};

/// One line for each action, in words.
pub(crate) fn table(lines: &[Capability], names: &[&str]) -> Outcome {
    for name in names {
        let count = lines.iter().filter(|line| line.action == *name).count();
        hold!(count == 1, "the table has {count} lines for {name}");
    }
    for line in lines {
        hold!(names.contains(&line.action), "the table has a line for {}, which is no action", line.action);
        let words = match line.support {
            Support::No(why) => why,
            Support::Yes(
                MarkField::InCall(words) | MarkField::Repeatable(words) | MarkField::None(words),
            ) => words,
        };
        hold!(!words.trim().is_empty(), "the table gives no words for {}", line.action);
    }
    Ok(())
}

/// How many calls a place takes.
pub(crate) fn limits(place: &Place) -> Outcome {
    let changes = place.changes();
    hold!(changes.batch_size() > 0, "no action at all fits into one call");
    hold!(changes.concurrency() > 0, "no call at all may be under way");
    let settle = changes.settle_time();
    hold!(settle.as_secs() <= 3600, "an uncertain call is waited for during {settle:?}");
    Ok(())
}

/// An action of the other family.
pub(crate) async fn wrong_family(user: &User, place: &Place) -> Outcome {
    let id = ThingId::planned();
    let action = match place {
        Place::Compute(_) => Action::Batch(BatchAction::CancelJob { job: id.clone() }),
        Place::Batch(_) => Action::Compute(ComputeAction::StopServer { server: id.clone() }),
    };
    let request = Request {
        action,
        mark: user.mark(&id),
        natives: [(id, "1".into())].into(),
        attachments: Default::default(),
    };
    let mut results = place.changes().perform(vec![request]).await;
    hold!(results.len() == 1, "one action gives {} results", results.len());
    let Some(result) = results.pop() else { return Ok(()) };
    let kinds = &[ErrorKind::Unsupported];
    refused("an action of another family", result, kinds, &user.place.name, &user.canaries())?;
    Ok(())
}

/// No action, no result.
pub(crate) async fn nothing(place: &Place) -> Outcome {
    let results = place.changes().perform(Vec::new()).await;
    hold!(results.is_empty(), "no action gives {} results", results.len());
    Ok(())
}

/// Facts: some, named, without a secret.
pub(crate) async fn facts(user: &User, place: &Place) -> Outcome {
    let facts = match place {
        Place::Compute(compute) => compute.facts().await?,
        Place::Batch(batch) => batch.facts().await?,
    };
    hold!(!facts.is_empty(), "there are no facts");
    let canaries = user.canaries();
    for (name, value) in &facts {
        hold!(!name.trim().is_empty(), "a fact has no name: {value}");
        hold!(
            !format!("{name}{value}").chars().any(char::is_control),
            "control characters in {name}: {value:?}"
        );
        let shown =
            canaries.iter().any(|secret| name.contains(secret.expose()) || value.contains(secret.expose()));
        hold!(!shown, "the fact {name} shows a secret");
    }
    Ok(())
}

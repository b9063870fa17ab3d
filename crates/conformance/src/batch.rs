//! Cases for batch systems, and the bench that they work on.

mod arrays;
mod bench;
mod connections;
mod output;
mod queues;
mod refusals;
mod states;
mod submissions;
mod table;
mod words;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;

pub use bench::{BatchBench, BatchSetup};

use crate::{Case, Failure, Outcome};

/// Every case for batch systems.
#[must_use]
pub fn batch_cases() -> Vec<&'static Case<BatchBench>> {
    [
        table::CASES,
        queues::CASES,
        submissions::CASES,
        states::CASES,
        output::CASES,
        arrays::CASES,
        words::CASES,
        refusals::CASES,
        connections::CASES,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs one case, and cancels what it submitted, however it ended.
///
/// # Errors
/// What does not hold, or what could not be cancelled.
pub async fn run_batch(case: &'static Case<BatchBench>, setup: BatchSetup) -> Outcome {
    let bench = Arc::new(BatchBench::new(setup)?);
    let limit = bench.setup.case_limit;
    let whole = AssertUnwindSafe((case.run)(&bench)).catch_unwind();
    let outcome = match tokio::time::timeout(limit, whole).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Failure("it panicked".to_owned())),
        Err(_) => Err(Failure(format!("it did not end within {limit:?}"))),
    };
    let cleaned = match tokio::time::timeout(limit, bench.clean_up()).await {
        Ok(cleaned) => cleaned,
        Err(_) => Err(Failure(format!("it could not be cleaned up within {limit:?}"))),
    };
    match (outcome, cleaned) {
        (Err(Failure(why)), Err(Failure(left))) => Err(Failure(format!("{why}\nand then: {left}"))),
        (outcome, cleaned) => outcome.and(cleaned),
    }
}

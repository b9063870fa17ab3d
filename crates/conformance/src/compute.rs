//! Cases for compute clouds, and the bench that they work on.

mod addresses;
mod bench;
mod connections;
mod faults;
mod keys;
mod lists;
mod marks;
mod names;
mod refusals;
mod servers;
mod table;
mod things;
mod verbs;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;

pub use bench::{ComputeBench, ComputeSetup, Faults};

use crate::{Case, Failure, Outcome};

/// Every case for compute clouds.
#[must_use]
pub fn compute_cases() -> Vec<&'static Case<ComputeBench>> {
    [
        table::CASES,
        lists::CASES,
        marks::CASES,
        servers::CASES,
        verbs::CASES,
        things::CASES,
        keys::CASES,
        addresses::CASES,
        names::CASES,
        refusals::CASES,
        connections::CASES,
        faults::CASES,
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs one case, and takes away what it made, however it ended.
///
/// # Errors
/// What does not hold, or what could not be taken away.
pub async fn run_compute(case: &'static Case<ComputeBench>, setup: ComputeSetup) -> Outcome {
    let bench = Arc::new(ComputeBench::new(setup)?);
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

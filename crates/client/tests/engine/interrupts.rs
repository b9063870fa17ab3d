//! Ctrl-C, once and twice; and runs that ended without a word.

use std::time::Duration;

use cloudmesh_client::engine;
use cloudmesh_client::journal::{PlanState, StepState};

use crate::bench::{Bench, Fate, Listener, create, plan};

#[tokio::test(start_paused = true)]
async fn once_begins_nothing_new_and_waits() {
    let bench = Bench::new(1);
    let mut plan = plan();
    for number in 0..10 {
        let name = format!("web{number}");
        create(&mut plan, &name, &[]);
        bench.cloud.fates(&name, &[Fate::After(Duration::from_secs(10))]);
    }
    let (mesh, interrupts) = bench.interruptible();
    let stored = bench.stored(&plan).await;
    let mut door = Listener::default();
    let run = engine::run(&mesh, stored, &mut door);
    let user = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        interrupts.send_modify(|count| *count += 1);
    };
    let (outcome, ()) = tokio::join!(run, user);
    let outcome = outcome.unwrap();
    // The place takes four at once; those were waited for.
    assert_eq!((outcome.state, outcome.done, outcome.uncertain), (PlanState::Interrupted, 4, 0));
    assert!(door.heard.iter().any(|event| event == "Stopping"), "{:?}", door.heard);
    assert_eq!(bench.cloud.servers().len(), 4);
    assert_eq!(bench.run(&plan).await.unwrap().state, PlanState::Done);
    assert_eq!(bench.cloud.servers().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn twice_leaves_at_once_and_says_what_is_uncertain() {
    let bench = Bench::new(1);
    let mut plan = plan();
    create(&mut plan, "web", &[]);
    bench.cloud.fates("web", &[Fate::After(Duration::from_secs(500))]);
    let (mesh, interrupts) = bench.interruptible();
    let stored = bench.stored(&plan).await;
    let mut door = Listener::default();
    let user = async {
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_secs(5)).await;
            interrupts.send_modify(|count| *count += 1);
        }
        tokio::time::Instant::now()
    };
    let run = async {
        let outcome = engine::run(&mesh, stored, &mut door).await.unwrap();
        (outcome, tokio::time::Instant::now())
    };
    let ((outcome, left), said) = tokio::join!(run, user);
    assert_eq!(left, said, "it was waited for");
    assert_eq!((outcome.state, outcome.uncertain), (PlanState::Interrupted, 1));
    assert_eq!(bench.states(&plan).await, [StepState::Uncertain]);
    assert_eq!(bench.run(&plan).await.unwrap().state, PlanState::Done);
    assert_eq!(bench.cloud.servers(), ["web"]);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_cut_off_is_gone_on_with_wherever_it_was() {
    // Dropping the run is what a kill is: nothing of ours happens after it.
    for moment in (0..120).map(|tenths| Duration::from_millis(tenths * 100 + 1)) {
        let bench = Bench::new(1);
        let mut plan = plan();
        let mut before: Vec<usize> = vec![];
        for number in 0..4 {
            let name = format!("web{number}");
            let (made, _) = create(&mut plan, &name, &before);
            before = vec![made];
            bench.cloud.fates(&name, &[Fate::Later(None), Fate::After(Duration::from_secs(2))]);
        }
        let cut = tokio::time::timeout(moment, bench.run(&plan)).await;
        if cut.is_ok() {
            break;
        }
        // The lease of a dead process on this computer would be taken at once; this one seems to live.
        tokio::time::sleep(Duration::from_secs(31)).await;
        let outcome = bench.run(&plan).await.unwrap();
        assert_eq!(outcome.state, PlanState::Done, "cut off after {moment:?}");
        assert_eq!(bench.cloud.servers(), ["web0", "web1", "web2", "web3"], "cut off after {moment:?}");
    }
}

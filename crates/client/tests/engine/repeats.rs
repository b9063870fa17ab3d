//! What is repeated, and what is looked for first.

use std::time::Duration;

use cloudmesh_client::journal::{PlanState, StepState};
use cloudmesh_model::ErrorKind;

use crate::bench::{Bench, Fate, SETTLE, create, plan, wait};

#[tokio::test(start_paused = true)]
async fn intents_are_written_before_their_calls() {
    let bench = Bench::new(1);
    let mut plan = plan();
    for number in 0..3 {
        create(&mut plan, &format!("web{number}"), &[]);
    }
    assert_eq!(bench.run(&plan).await.unwrap().state, PlanState::Done);
    // All three may go at once: when the first call came in, all were known to be on their way.
    assert_eq!(bench.cloud.journal()[0], ["sent", "sent", "sent"]);
    assert!(bench.records(&plan).await.iter().all(|record| record.sent.is_some() && record.native.is_some()));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_is_looked_for_then_waited_for_then_looked_for_again_then_repeated() {
    let bench = Bench::new(1);
    let mut plan = plan();
    create(&mut plan, "web", &[]);
    bench.cloud.fates("web", &[Fate::Lost(None)]);
    assert_eq!(bench.run(&plan).await.unwrap().state, PlanState::Done);
    let asked = bench.cloud.asked();
    assert_eq!(asked[..4], ["create_server web", "find server", "find server", "create_server web"]);
    let calls = bench.cloud.times("create_server");
    assert!(calls[1] - calls[0] >= SETTLE, "{calls:?}");
    assert_eq!(bench.cloud.servers(), ["web"]);
}

#[tokio::test(start_paused = true)]
async fn what_took_effect_is_not_made_again() {
    for effect in [Duration::ZERO, SETTLE / 2] {
        let bench = Bench::new(1);
        let mut plan = plan();
        create(&mut plan, "web", &[]);
        bench.cloud.fates("web", &[Fate::Lost(Some(effect))]);
        let outcome = bench.run(&plan).await.unwrap();
        assert_eq!((outcome.state, outcome.uncertain), (PlanState::Done, 0));
        assert_eq!(bench.cloud.times("create_server").len(), 1);
        assert_eq!(bench.cloud.servers(), ["web"]);
        assert!(bench.records(&plan).await[0].native.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn what_takes_effect_too_late_is_taken_away_by_a_recorded_step() {
    let bench = Bench::new(1);
    let mut plan = plan();
    create(&mut plan, "web", &[]);
    create(&mut plan, "slow", &[]);
    // Long after it was promised, while something else still is under way.
    bench.cloud.fates("web", &[Fate::Lost(Some(SETTLE * 2))]);
    bench.cloud.fates("slow", &[Fate::After(SETTLE * 3)]);
    assert_eq!(bench.run(&plan).await.unwrap().state, PlanState::Done);
    assert_eq!(bench.cloud.servers(), ["slow", "web"]);
    let stored = bench.stored(&plan).await;
    let removal = stored.plan.steps.last().unwrap();
    assert_eq!((stored.plan.steps.len(), removal.verb().as_str()), (3, "delete server"));
    assert!(removal.label.contains("surplus"), "{}", removal.label);
    assert!(bench.states(&plan).await.iter().all(|state| *state == StepState::Done));
}

#[tokio::test(start_paused = true)]
async fn two_of_one_mark_are_one_after_the_search() {
    let bench = Bench::new(1);
    let mut plan = plan();
    create(&mut plan, "web", &[]);
    // The first takes effect once the second is sent, which gets no answer either.
    let late = SETTLE + Duration::from_secs(1);
    bench.cloud.fates("web", &[Fate::Lost(Some(late)), Fate::Lost(Some(Duration::from_secs(5)))]);
    assert_eq!(bench.run(&plan).await.unwrap().state, PlanState::Done);
    assert_eq!(bench.cloud.servers(), ["web"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_now_is_tried_again_later_and_later() {
    let bench = Bench::new(1);
    let mut plan = plan();
    create(&mut plan, "web", &[]);
    bench.cloud.fates("web", &[Fate::Later(None), Fate::Later(None), Fate::Later(Some(20_000))]);
    assert_eq!(bench.run(&plan).await.unwrap().state, PlanState::Done);
    let calls = bench.cloud.times("create_server");
    let gaps: Vec<Duration> = calls.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(gaps.len(), 3);
    assert!(gaps[0] < gaps[1] && gaps[1] < gaps[2] && gaps[2] >= Duration::from_secs(20), "{gaps:?}");
    assert!(bench.cloud.times("find").is_empty(), "what surely had no effect needs no search");
}

#[tokio::test(start_paused = true)]
async fn trying_again_has_an_end() {
    let bench = Bench::new(1);
    let mut plan = plan();
    create(&mut plan, "never", &[]);
    create(&mut plan, "lost", &[]);
    bench.cloud.fates("never", &vec![Fate::Later(None); 100]);
    bench.cloud.fates("lost", &vec![Fate::Lost(None); 100]);
    let outcome = bench.run(&plan).await.unwrap();
    assert_eq!((outcome.state, outcome.failed.len()), (PlanState::Failed, 2));
    assert!(bench.cloud.servers().is_empty());
    // Later, the same plan may still be gone on with.
    bench.cloud.fates("never", &[]);
    bench.cloud.fates("lost", &[]);
    assert_eq!(bench.run(&plan).await.unwrap().state, PlanState::Done);
    assert_eq!(bench.cloud.servers(), ["lost", "never"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_holds_back_what_stands_on_it_and_nothing_else() {
    let bench = Bench::new(1);
    let mut plan = plan();
    let (first, first_id) = create(&mut plan, "first", &[]);
    let second = wait(&mut plan, &first_id, &[first]);
    create(&mut plan, "third", &[second]);
    create(&mut plan, "other", &[]);
    bench.cloud.fates("first", &[Fate::Refused]);
    let outcome = bench.run(&plan).await.unwrap();
    assert_eq!((outcome.state, outcome.done, outcome.skipped), (PlanState::Partial, 1, 2));
    assert_eq!(outcome.failed.len(), 1);
    assert_eq!((outcome.failed[0].0, outcome.failed[0].1.kind()), (0, ErrorKind::Quota));
    assert_eq!(bench.cloud.servers(), ["other"]);
    assert_eq!(bench.run(&plan).await.unwrap().state, PlanState::Done);
    assert_eq!(bench.cloud.servers(), ["first", "other", "third"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_while_it_is_waited_for_is_stale() {
    let bench = Bench::new(1);
    let mut plan = plan();
    let (made, id) = create(&mut plan, "web", &[]);
    let (slow, _) = create(&mut plan, "slow", &[made]);
    wait(&mut plan, &id, &[slow]);
    bench.cloud.fates("slow", &[Fate::After(Duration::from_secs(5))]);
    let run = bench.run(&plan);
    let thief = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        bench.cloud.lose("web");
    };
    let (outcome, ()) = tokio::join!(run, thief);
    let outcome = outcome.unwrap();
    assert_eq!(outcome.failed.len(), 1);
    assert_eq!(outcome.failed[0].1.kind(), ErrorKind::Stale);
}

#[tokio::test(start_paused = true)]
async fn many_requests_go_in_one_call_where_a_place_takes_them() {
    let bench = Bench::new(4);
    let mut plan = plan();
    for number in 1..=6 {
        create(&mut plan, &format!("w{number}"), &[]);
    }
    bench.cloud.fates("w2", &[Fate::Refused]);
    bench.cloud.fates("w6", &[Fate::Unanswered]);
    let outcome = bench.run(&plan).await.unwrap();
    assert_eq!((outcome.state, outcome.done, outcome.failed.len()), (PlanState::Partial, 5, 1));
    assert_eq!(bench.cloud.asked()[..2], ["create_server w1 w2 w3 w4", "create_server w5 w6"]);
    // What got no result had its effect: it was found, and not made again.
    assert_eq!(bench.cloud.times("create_server").len(), 2);
    assert_eq!(bench.cloud.servers(), ["w1", "w3", "w4", "w5", "w6"]);
}

#[tokio::test(start_paused = true)]
async fn one_look_is_for_all_that_wait() {
    let bench = Bench::new(1);
    let mut plan = plan();
    for number in 0..4 {
        let (made, id) = create(&mut plan, &format!("web{number}"), &[]);
        wait(&mut plan, &id, &[made]);
    }
    assert_eq!(bench.run(&plan).await.unwrap().state, PlanState::Done);
    assert_eq!(bench.cloud.times("look").len(), 1, "{:?}", bench.cloud.asked());
}

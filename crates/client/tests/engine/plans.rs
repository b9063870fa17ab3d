//! Which plans are run at all, and by whom.

use std::time::Duration;

use cloudmesh_client::engine;
use cloudmesh_client::journal::{self, PlanState};
use cloudmesh_model::ErrorKind;
use cloudmesh_store::Store;

use crate::bench::{Bench, Fate, Listener, create, plan};

#[tokio::test(start_paused = true)]
async fn a_second_runner_is_told_who_has_it() {
    let bench = Bench::new(1);
    let mut plan = plan();
    create(&mut plan, "web", &[]);
    let lease = format!("plan/{}", plan.id);
    bench
        .store
        .lease(&lease, "portal process 17 (begun 1) on elsewhere", Duration::from_secs(30))
        .await
        .unwrap();
    let refused = bench.run(&plan).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.to_string().contains("portal process 17"), "{refused}");
    assert!(bench.cloud.asked().is_empty());
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(bench.run(&plan).await.unwrap().state, PlanState::Done);
}

#[tokio::test(start_paused = true)]
async fn who_read_the_plan_before_it_was_run_does_not_run_it_again() {
    let bench = Bench::new(1);
    let mut plan = plan();
    create(&mut plan, "web", &[]);
    bench.cloud.fates("web", &[Fate::Lost(Some(Duration::from_secs(29)))]);
    let read_early = bench.stored(&plan).await;
    assert_eq!(bench.run(&plan).await.unwrap().state, PlanState::Done);
    let mesh = bench.mesh(cloudmesh_client::Interrupts::never());
    let again = engine::run(&mesh, read_early, &mut Listener::default()).await.unwrap();
    assert_eq!(again.state, PlanState::Done);
    assert_eq!(bench.cloud.times("create_server").len(), 1);
    assert_eq!(bench.cloud.servers(), ["web"]);
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_a_newer_format_or_with_an_unknown_action_is_refused() {
    let newer = |body: &str| body.replacen("\"format\":1", "\"format\":2", 1);
    let unknown = |body: &str| body.replacen("create_server.v2", "create_server.v9", 1);
    for rewrite in [&newer as &dyn Fn(&str) -> String, &unknown] {
        let bench = Bench::new(1);
        let mut plan = plan();
        create(&mut plan, "web", &[]);
        let read_early = bench.stored(&plan).await;
        bench.rewrite(&plan, rewrite).await;
        let refused = journal::find_plan(&bench.store, plan.id.as_str()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Store);
        let mesh = bench.mesh(cloudmesh_client::Interrupts::never());
        let refused = engine::run(&mesh, read_early, &mut Listener::default()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Store);
        assert!(bench.cloud.asked().is_empty());
    }
}

//! A saved plan holds for a day. Time is given, not waited for, so the program's parts are put together here.

use std::sync::Arc;

use cloudmesh_client::door::{Attachment, Freshness, Layout};
use cloudmesh_client::engine::{Interrupts, PlanEvent, PlanOutcome};
use cloudmesh_client::{Catalogue, Door, Envelope, Mesh, Parts, Rows};
use cloudmesh_model::{Clock, ErrorKind, Noun, Refuse, Result, Row};
use cloudmesh_resource::{Plan, Provider, Surroundings};
use cloudmesh_secrets::FileSecrets;
use cloudmesh_store_sqlite::SqliteStore;
use jiff::{SignedDuration, Timestamp};

use crate::support::{Simulated, home_with, program};

/// The computer's clock, some hours ahead.
struct Ahead(i64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_hours(self.0)
    }
}

/// A door that shows nothing.
struct Nowhere;

impl Rows for Nowhere {
    fn rows(&mut self, _: Vec<Row>) {}
}

impl Door for Nowhere {
    fn begin(&mut self, _: &'static Noun, _: Layout) {}
    fn end(&mut self, _: &Freshness) {}
    fn plan(&mut self, _: &Plan, _: bool) {}
    fn event(&mut self, _: &PlanEvent<'_>) {}
    fn outcome(&mut self, _: &Plan, _: &PlanOutcome) {}
    fn settled(&mut self, _: &str) {}
    fn bytes(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }
    fn attach(&mut self, _: Attachment) -> Result<()> {
        Ok(())
    }
}

static PROVIDERS: &[&dyn Provider] = &[&cloudmesh_openstack::OpenStack];
static CATALOGUE: Catalogue = Catalogue { families: &[cloudmesh_operations_home::ENTRIES] };

/// `plan apply last` in a home, as it would be some hours from now.
fn apply(home: &crate::support::Home, hours: i64) -> Result<()> {
    let surroundings = Surroundings {
        user_home: Some(home.user()),
        working_folder: home.user(),
        variables: [("CLOUDMESH_HOME".to_owned(), home.settings().display().to_string())].into(),
    };
    let located = cloudmesh_client::Home::locate(&surroundings)?;
    let mesh = Mesh::new(Parts {
        secrets: Arc::new(FileSecrets::new(located.secrets())),
        home: located,
        surroundings,
        providers: PROVIDERS,
        catalogue: CATALOGUE,
        open_store: |path, clock| Ok(Arc::new(SqliteStore::open(path, clock)?)),
        ask: Arc::new(Refuse),
        clock: Arc::new(Ahead(hours)),
        interrupts: Interrupts::never(),
        door: "test",
        program: program().to_owned(),
    });
    let entry = CATALOGUE.find("plan.apply").unwrap();
    let input = entry.from_json(serde_json::json!({ "plan": "last" }))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(entry.run(&mesh, input, &Envelope::default(), &mut Nowhere))
}

#[test]
fn a_saved_plan_expires_after_a_day() {
    let simulated = Simulated::new();
    let home = home_with(&simulated);
    home.line("vm boot web1 --save").ok();
    let mark = simulated.faults.mark();
    let error = apply(&home, 25).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Stale, "{error}");
    assert!(error.message().contains("expired"), "{error}");
    assert_eq!(simulated.changes(mark), []);
    assert_eq!(home.line("plan list -o json").ok().items()[0]["state"], "planned");
    apply(&home, 0).unwrap();
    assert_eq!(home.line("vm list --refresh -o json").ok().items().len(), 1);
}

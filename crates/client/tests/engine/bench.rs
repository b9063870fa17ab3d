//! A cloud that does what a test tells it, a door that listens, and plans for them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use cloudmesh_client::door::{Attachment, Freshness, Layout};
use cloudmesh_client::engine::{self, Interrupts};
use cloudmesh_client::journal::{self, PlanState, StepRecord, StepState, StoredPlan};
use cloudmesh_client::{Catalogue, Door, Home, Mesh, Parts, PlanEvent, PlanOutcome, Rows};
use cloudmesh_model::compute::{Flavor, FloatingAddress, Image, KeyPair, Server, ServerStatus};
use cloudmesh_model::{
    Clock, Error, ErrorKind, Mark, NativeId, Noun, Refuse, Result, Row, ThingId, ThingKind,
};
use cloudmesh_resource::plan::{PLAN_FORMAT, Until};
use cloudmesh_resource::{
    Action, Capability, Changes, Compute, ComputeAction, Connection, CreateServer, Family, Found, Pages,
    Performed, Place, PlaceDescription, Plan, PlanId, Provider, Request, Seen, Setting, Step, StepKind,
    Surroundings, Thing,
};
use cloudmesh_secrets::MemorySecrets;
use cloudmesh_store::memory::MemoryStore;
use cloudmesh_store::{Document, Expected, Store};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

pub(crate) const SETTLE: Duration = Duration::from_secs(30);

/// What becomes of one call.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    /// It is carried out after so long, and answered.
    After(Duration),
    /// It is refused for good.
    Refused,
    /// It had no effect; a later one may succeed, after the milliseconds that are wished for.
    Later(Option<u64>),
    /// No answer comes; it takes effect after so long, or never.
    Lost(Option<Duration>),
    /// It is answered with fewer results than it had requests.
    Unanswered,
}

/// Something that the cloud was asked, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) what: String,
    pub(crate) at: Duration,
}

#[derive(Default)]
struct State {
    fates: HashMap<String, VecDeque<Fate>>,
    servers: Vec<Server>,
    /// Effects that are still to come.
    coming: Vec<(Instant, Request)>,
    asked: Vec<Asked>,
    /// The states of all steps in the store whenever a call came in.
    journal: Vec<Vec<String>>,
    made: u64,
}

/// The cloud.
pub(crate) struct Fake {
    state: Mutex<State>,
    store: MemoryStore,
    begun: Instant,
    pub(crate) batch: usize,
}

impl Fake {
    fn server(request: &Request, native: u64) -> Option<Server> {
        let Action::Compute(ComputeAction::CreateServer(create)) = &request.action else { return None };
        Some(Server {
            id: create.server.clone(),
            native: Some(NativeId(format!("native-{native:03}"))),
            place: "fake".into(),
            name: create.name.clone(),
            status: ServerStatus::Active,
            native_status: "ACTIVE".into(),
            addresses: vec![],
            flavor: String::new(),
            image: String::new(),
            key: None,
            created: None,
            zone: None,
            security_groups: vec![],
            fault: None,
            username: None,
            metadata: BTreeMap::new(),
            mark: request.mark.clone(),
            locked: false,
        })
    }

    /// Carries a request out.
    fn effect(state: &mut State, request: &Request) -> Performed {
        state.made += 1;
        if let Some(server) = Self::server(request, state.made) {
            state.servers.push(server.clone());
            let native = server.native.clone();
            return Performed { native, thing: Some(Thing::Server(server)), gone: false };
        }
        let native = request.natives.get(request.action.subject().1).cloned();
        if request.action.name() == "delete_server" {
            state.servers.retain(|server| server.native != native);
            return Performed { native, thing: None, gone: true };
        }
        Performed { native, thing: None, gone: false }
    }

    fn ask(&self, what: String) -> std::sync::MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap();
        let now = Instant::now();
        let due: Vec<_> = state.coming.extract_if(.., |(when, _)| *when <= now).collect();
        for (_, request) in due {
            Self::effect(&mut state, &request);
        }
        state.asked.push(Asked { what, at: now - self.begun });
        state
    }

    /// What was asked, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.lock().unwrap().asked.iter().map(|asked| asked.what.clone()).collect()
    }

    /// When each question beginning with `what` came.
    pub(crate) fn times(&self, what: &str) -> Vec<Duration> {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|asked| asked.what.starts_with(what)).map(|asked| asked.at).collect()
    }

    /// The names of all servers that are there, those that are still coming included.
    pub(crate) fn servers(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let mut names: Vec<String> = state.servers.iter().map(|server| server.name.clone()).collect();
        names.extend(state.coming.iter().filter_map(|(_, request)| Some(Self::server(request, 0)?.name)));
        names.sort();
        names
    }

    /// Takes a server away behind our back.
    pub(crate) fn lose(&self, name: &str) {
        self.state.lock().unwrap().servers.retain(|server| server.name != name);
    }

    pub(crate) fn journal(&self) -> Vec<Vec<String>> {
        self.state.lock().unwrap().journal.clone()
    }

    /// What shall become of the next calls about a thing.
    pub(crate) fn fates(&self, label: &str, fates: &[Fate]) {
        self.state.lock().unwrap().fates.insert(label.to_owned(), fates.iter().cloned().collect());
    }
}

fn label(request: &Request) -> String {
    match &request.action {
        Action::Compute(ComputeAction::CreateServer(create)) => create.name.clone(),
        other => request.natives.get(other.subject().1).map(ToString::to_string).unwrap_or_default(),
    }
}

#[async_trait]
impl Changes for Fake {
    fn place(&self) -> &str {
        "fake"
    }

    fn batch_size(&self) -> usize {
        self.batch
    }

    fn concurrency(&self) -> usize {
        4
    }

    async fn perform(&self, requests: Vec<Request>) -> Vec<Result<Performed>> {
        let labels: Vec<String> = requests.iter().map(label).collect();
        let journal = self.store.documents(journal::STEP, "").await.unwrap();
        let journal = journal.into_iter().map(|stored| stored.document.row).collect();
        let verb = requests[0].action.name();
        let fates: Vec<Fate> = {
            let mut state = self.ask(format!("{verb} {}", labels.join(" ")));
            state.journal.push(journal);
            let mut next = |label: &String| {
                state
                    .fates
                    .get_mut(label)
                    .and_then(VecDeque::pop_front)
                    .unwrap_or(Fate::After(Duration::ZERO))
            };
            labels.iter().map(&mut next).collect()
        };
        let mut results = Vec::new();
        for (request, fate) in requests.into_iter().zip(fates) {
            match fate {
                Fate::After(time) => {
                    tokio::time::sleep(time).await;
                    results.push(Ok(Self::effect(&mut self.state.lock().unwrap(), &request)));
                }
                Fate::Refused => results.push(Err(Error::new(ErrorKind::Quota, "the quota is used up"))),
                Fate::Later(wish) => results
                    .push(Err(Error::new(ErrorKind::Throttled, "not now")
                        .temporary(wish.map(Duration::from_millis)))),
                Fate::Lost(effect) => {
                    if let Some(time) = effect {
                        self.state.lock().unwrap().coming.push((Instant::now() + time, request));
                    }
                    results.push(Err(Error::new(ErrorKind::Unreachable, "no answer").uncertain()));
                }
                Fate::Unanswered => {
                    Self::effect(&mut self.state.lock().unwrap(), &request);
                    return results;
                }
            }
        }
        results
    }

    async fn find(&self, kind: ThingKind, marks: &[Mark]) -> Result<Vec<Found>> {
        let state = self.ask(format!("find {kind}"));
        let found = state.servers.iter().filter_map(|server| {
            let mark = server.mark.clone().filter(|mark| marks.contains(mark))?;
            Some(Found { mark, native: server.native.clone()?, thing: Thing::Server(server.clone()) })
        });
        Ok(found.collect())
    }

    async fn look(&self, kind: ThingKind, things: &[(ThingId, NativeId)]) -> Result<Vec<Seen>> {
        let state = self.ask(format!("look {kind} {}", things.len()));
        let seen = things.iter().map(|(id, native)| {
            let server = state.servers.iter().find(|server| server.native.as_ref() == Some(native));
            Seen { id: id.clone(), thing: server.cloned().map(Thing::Server) }
        });
        Ok(seen.collect())
    }

    fn settle_time(&self) -> Duration {
        SETTLE
    }
}

#[async_trait]
impl Compute for Fake {
    fn capabilities(&self) -> &'static [Capability] {
        &[]
    }

    async fn servers(&self, _: Pages<'_, Server>) -> Result<()> {
        Ok(())
    }

    async fn images(&self, _: Pages<'_, Image>) -> Result<()> {
        Ok(())
    }

    async fn flavors(&self, _: Pages<'_, Flavor>) -> Result<()> {
        Ok(())
    }

    async fn keys(&self, _: Pages<'_, KeyPair>) -> Result<()> {
        Ok(())
    }

    async fn addresses(&self, _: Pages<'_, FloatingAddress>) -> Result<()> {
        Ok(())
    }

    async fn facts(&self) -> Result<Vec<(String, String)>> {
        Ok(vec![])
    }
}

type Benches = HashMap<PathBuf, (MemoryStore, Arc<Fake>)>;

/// Benches by their folder: providers and stores are opened by plain functions, which carry nothing along.
static BENCHES: LazyLock<Mutex<Benches>> = LazyLock::new(Mutex::default);

struct FakeProvider;

impl Provider for FakeProvider {
    fn name(&self) -> &'static str {
        "fake"
    }

    fn family(&self) -> Family {
        Family::Compute
    }

    fn settings(&self) -> &'static [Setting] {
        &[]
    }

    fn discover(&self, _: &Surroundings) -> Result<Vec<PlaceDescription>> {
        Ok(vec![PlaceDescription {
            name: "fake".into(),
            provider: "fake".into(),
            heading: String::new(),
            source: "built in".into(),
            settings: BTreeMap::new(),
            secrets: BTreeMap::new(),
            defaults: BTreeMap::new(),
        }])
    }

    fn connect(&self, _: PlaceDescription, connection: Connection) -> Result<Place> {
        Ok(Place::Compute(BENCHES.lock().unwrap()[&connection.home].1.clone()))
    }
}

fn open_store(path: &Path, _: Arc<dyn Clock>) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(BENCHES.lock().unwrap()[path.parent().unwrap()].0.clone()))
}

/// A clock that goes with the runtime's virtual time.
struct Virtual(Instant);

impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        begin.checked_add(jiff::SignedDuration::try_from(self.0.elapsed()).unwrap()).unwrap()
    }
}

/// A folder with a store, and a cloud.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    pub(crate) store: MemoryStore,
    pub(crate) cloud: Arc<Fake>,
    clock: Arc<Virtual>,
}

impl Bench {
    pub(crate) fn new(batch: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Virtual(Instant::now()));
        let store = MemoryStore::new(clock.clone());
        let cloud =
            Arc::new(Fake { state: Mutex::default(), store: store.clone(), begun: Instant::now(), batch });
        BENCHES.lock().unwrap().insert(folder.path().to_owned(), (store.clone(), cloud.clone()));
        Self { folder, store, cloud, clock }
    }

    /// A process of its own on the bench's folder.
    pub(crate) fn mesh(&self, interrupts: Interrupts) -> Mesh {
        let variables = [("CLOUDMESH_HOME", self.folder.path()), ("XDG_RUNTIME_DIR", self.folder.path())];
        let surroundings = Surroundings {
            variables: variables.map(|(name, path)| (name.to_owned(), path.display().to_string())).into(),
            user_home: None,
            working_folder: self.folder.path().to_owned(),
        };
        Mesh::new(Parts {
            home: Home::locate(&surroundings).unwrap(),
            surroundings,
            providers: &[&FakeProvider],
            catalogue: Catalogue { families: &[] },
            open_store,
            secrets: Arc::new(MemorySecrets::default()),
            ask: Arc::new(Refuse),
            clock: self.clock.clone(),
            interrupts,
            door: "test",
            program: PathBuf::from("/bin/false"),
        })
    }

    /// Runs a plan, or goes on with it.
    pub(crate) async fn run(&self, plan: &Plan) -> Result<PlanOutcome> {
        engine::run(&self.mesh(Interrupts::never()), self.stored(plan).await, &mut Listener::default()).await
    }

    /// Runs a plan; the sender counts Ctrl-C.
    pub(crate) fn interruptible(&self) -> (Mesh, watch::Sender<u8>) {
        let (sender, receiver) = watch::channel(0);
        (self.mesh(Interrupts::from_counter(receiver)), sender)
    }

    /// The plan as the store has it; put there if it is not yet.
    pub(crate) async fn stored(&self, plan: &Plan) -> StoredPlan {
        let stored = StoredPlan {
            id: ThingId::from_stored(plan.id.as_str()),
            plan: plan.clone(),
            state: PlanState::Planned,
            done: 0,
            placeholders: vec![],
            own_changes: vec![],
            own_inverse: vec![],
            reserved_kind: "server".into(),
            undoes_log: None,
            input: None,
            wait: None,
        };
        if self.store.get("plan", plan.id.as_str()).await.unwrap().is_none() {
            self.store.apply(vec![journal::plan_change(&stored).unwrap()]).await.unwrap();
        }
        journal::find_plan(&self.store, plan.id.as_str()).await.unwrap()
    }

    /// The records of all steps, those that were added included.
    pub(crate) async fn records(&self, plan: &Plan) -> Vec<StepRecord> {
        let stored = self.stored(plan).await;
        journal::step_records(&self.store, &stored.plan).await.unwrap()
    }

    pub(crate) async fn states(&self, plan: &Plan) -> Vec<StepState> {
        self.records(plan).await.into_iter().map(|record| record.state).collect()
    }

    /// Writes a document over the one of a plan, as another version would have written it.
    pub(crate) async fn rewrite(&self, plan: &Plan, rewrite: impl Fn(&str) -> String) {
        self.stored(plan).await;
        let stored = self.store.get("plan", plan.id.as_str()).await.unwrap().unwrap();
        let document = Document { body: rewrite(&stored.document.body), ..stored.document };
        self.store.apply(vec![cloudmesh_store::Change::Put(document, Expected::Any)]).await.unwrap();
    }
}

/// A door that keeps what it hears.
#[derive(Default)]
pub(crate) struct Listener {
    pub(crate) heard: Vec<String>,
}

impl Rows for Listener {
    fn rows(&mut self, _: Vec<Row>) {}
}

impl Door for Listener {
    fn begin(&mut self, _: &'static Noun, _: Layout) {}

    fn end(&mut self, _: &Freshness) {}

    fn plan(&mut self, _: &Plan, _: bool) {}

    fn event(&mut self, event: &PlanEvent<'_>) {
        self.heard.push(format!("{event:?}").split_whitespace().next().unwrap_or_default().to_owned());
    }

    fn outcome(&mut self, _: &Plan, _: &PlanOutcome) {}

    fn settled(&mut self, _: &str) {}

    fn bytes(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn attach(&mut self, _: Attachment) -> Result<()> {
        Ok(())
    }
}

/// A plan without steps.
pub(crate) fn plan() -> Plan {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    Plan {
        format: PLAN_FORMAT,
        id: PlanId::draw(),
        operation: "vm.boot".into(),
        title: "a trial".into(),
        created: now,
        expires: now.checked_add(jiff::SignedDuration::from_hours(24)).unwrap(),
        steps: vec![],
        facts: vec![],
        filled: vec![],
        reserved: vec![],
        undoes: None,
        irreversible: vec![],
    }
}

/// Adds the making of a server; gives its number and our id.
pub(crate) fn create(plan: &mut Plan, name: &str, after: &[usize]) -> (usize, ThingId) {
    let server = ThingId::planned();
    let create = CreateServer {
        server: server.clone(),
        name: name.into(),
        image: NativeId::from("image"),
        image_name: "image".into(),
        flavor: NativeId::from("flavor"),
        flavor_name: "flavor".into(),
        key: None,
        networks: vec![],
        security_groups: vec![],
        zone: None,
        user_data: None,
        username: None,
        metadata: BTreeMap::new(),
        ports: vec![],
        server_group: None,
        volume: None,
    };
    let kind = StepKind::Act(Action::Compute(ComputeAction::CreateServer(Box::new(create))));
    plan.steps.push(Step { place: "fake".into(), label: name.into(), kind, after: after.to_vec() });
    (plan.steps.len() - 1, server)
}

/// Adds waiting for a server.
pub(crate) fn wait(plan: &mut Plan, thing: &ThingId, after: &[usize]) -> usize {
    let kind = StepKind::Await {
        thing_kind: ThingKind::Server,
        thing: thing.clone(),
        until: Until::Active,
        limit: 600,
    };
    plan.steps.push(Step { place: "fake".into(), label: "wait".into(), kind, after: after.to_vec() });
    plan.steps.len() - 1
}

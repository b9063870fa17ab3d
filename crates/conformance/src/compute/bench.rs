//! A cloud with a user of it, and what cases do again and again. It remembers what was made, to take it away.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cloudmesh_model::compute::{Flavor, FloatingAddress, Image, KeyPair, Server, ServerStatus};
use cloudmesh_model::{Error, ErrorKind, Mark, NativeId, Result, Retry, Secret, ThingId, ThingKind};
use cloudmesh_resource::{
    Action, Compute, ComputeAction, CreateServer, Found, Performed, Place, PlaceDescription, Request, Thing,
};
use tokio::sync::OnceCell;

use crate::outcome::{clear, hold, refused};
use crate::{Failure, Outcome, User};

/// Faults that a test can order.
pub trait Faults: Send + Sync {
    /// The next change takes effect, and its answer is lost.
    fn lose_next_change(&self);
    /// The connection of the next change is dropped before it takes effect.
    fn drop_next_change(&self);
    /// Every log-in ends now.
    fn end_log_ins(&self);
    /// The next calls are refused, so many, because they come too fast.
    fn throttle_next(&self, calls: u64);
    /// Every read from call number `from` on fails inside the service; 1 is the next one.
    fn fail_reads(&self, from: u64);
    /// No more faults.
    fn clear(&self);
}

/// A compute cloud as a test meets it.
pub struct ComputeSetup {
    /// Who uses it, and how to connect.
    pub user: User,
    /// The image's name; the smallest that is active, if it is `None`.
    pub image: Option<String>,
    /// The flavor's name; the smallest that fits, if it is `None`.
    pub flavor: Option<String>,
    /// Networks of new servers; empty for the cloud's choice.
    pub networks: Vec<NativeId>,
    /// How many things one page of a list holds, where that is known.
    pub page_size: Option<usize>,
    /// How long after a change lists may not show it yet; see [`crate::LAGS`].
    pub lag: Duration,
    /// How long a state is waited for.
    pub patience: Duration,
    /// How often is looked meanwhile.
    pub tick: Duration,
    /// How long a case may take.
    pub case_limit: Duration,
    /// With [`crate::Feature::WrongPassword`].
    pub wrong_password: Option<PlaceDescription>,
    /// With [`crate::Feature::ClosedPort`].
    pub closed_port: Option<PlaceDescription>,
    /// With [`crate::Feature::SilentPort`].
    pub silent_port: Option<PlaceDescription>,
    /// With [`crate::Feature::Faults`].
    pub faults: Option<Arc<dyn Faults>>,
    /// Kept as long as the case runs: the simulator, folders.
    pub guard: Box<dyn Any + Send + Sync>,
}

#[derive(Default)]
struct Made {
    /// Things that carry a mark, or may.
    marked: Vec<(ThingKind, Mark)>,
    /// Native ids, by kind: for what carries no mark.
    natives: Vec<(ThingKind, NativeId)>,
    /// Names of keys.
    keys: Vec<String>,
}

/// A compute cloud under test.
pub struct ComputeBench {
    pub(crate) setup: ComputeSetup,
    pub(crate) place: Place,
    pub(crate) cloud: Arc<dyn Compute>,
    boot: OnceCell<(Image, Flavor)>,
    made: Mutex<Made>,
}

impl ComputeBench {
    pub(crate) fn new(setup: ComputeSetup) -> Outcome<Self> {
        let place = setup.user.connect()?;
        let cloud = compute(&place)?;
        Ok(Self { setup, place, cloud, boot: OnceCell::new(), made: Mutex::default() })
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same user in a second process.
    pub(crate) fn second(&self) -> Outcome<Arc<dyn Compute>> {
        connect(&self.setup.user)
    }

    pub(crate) fn name(&self) -> &str {
        &self.setup.user.place.name
    }

    pub(crate) fn mark(&self, thing: &ThingId) -> Outcome<Mark> {
        self.setup.user.mark(thing).ok_or_else(|| Failure(format!("{thing} is not ours")))
    }

    fn canaries(&self) -> Vec<Secret> {
        self.setup.user.canaries()
    }

    pub(crate) fn refused<T>(&self, what: &str, result: Result<T>, kinds: &[ErrorKind]) -> Outcome<Error> {
        refused(what, result, kinds, self.name(), &self.canaries())
    }

    pub(crate) fn clear(&self, what: &str, error: &Error) -> Outcome {
        clear(what, error, self.name(), &self.canaries())
    }

    pub(crate) fn faults(&self) -> Outcome<&dyn Faults> {
        self.setup.faults.as_deref().ok_or_else(|| Failure("the peer has no faults".to_owned()))
    }

    /// How many things fill more than two pages.
    pub(crate) fn more_than_two_pages(&self) -> usize {
        self.setup.page_size.map_or(3, |size| 2 * size + 1).clamp(3, 9)
    }

    /// Image and flavor of the servers of this bench.
    pub(crate) async fn boot(&self) -> Outcome<&(Image, Flavor)> {
        self.boot
            .get_or_try_init(|| async {
                let images = images(&*self.cloud).await?;
                let image = match &self.setup.image {
                    Some(name) => images.into_iter().find(|image| image.name == *name),
                    None => images
                        .into_iter()
                        .filter(|image| image.status == "active")
                        .min_by_key(|image| image.size),
                };
                let image = image.ok_or_else(|| Failure("there is no image to boot from".to_owned()))?;
                let flavors = flavors(&*self.cloud).await?;
                let fits =
                    |flavor: &Flavor| flavor.disk >= image.min_disk && flavor.memory >= image.min_memory;
                let flavor = match &self.setup.flavor {
                    Some(name) => flavors.into_iter().find(|flavor| flavor.name == *name),
                    None => flavors.into_iter().filter(fits).min_by_key(|flavor| flavor.memory),
                };
                let flavor = flavor.ok_or_else(|| Failure("there is no flavor to boot with".to_owned()))?;
                Ok((image, flavor))
            })
            .await
    }

    /// A request as the engine makes it: the mark of what is made, the native ids of what is named.
    pub(crate) fn request(&self, action: ComputeAction, natives: &[(&ThingId, &NativeId)]) -> Request {
        if let ComputeAction::UploadKey { name, .. } = &action {
            self.made().keys.push(name.clone());
        }
        let action = Action::Compute(action);
        let (kind, subject) = action.subject();
        let mark = self.setup.user.mark(subject);
        if let Some(mark) = mark.clone() {
            let mut made = self.made();
            if !made.marked.contains(&(kind, mark.clone())) {
                made.marked.push((kind, mark));
            }
        }
        Request {
            mark,
            action,
            natives: natives.iter().map(|(id, native)| ((*id).clone(), (*native).clone())).collect(),
            attachments: BTreeMap::new(),
        }
    }

    /// Performs one request at `cloud`.
    pub(crate) async fn perform_at(
        &self,
        cloud: &dyn Compute,
        request: Request,
    ) -> Outcome<Result<Performed>> {
        let kind = request.action.subject().0;
        let action = request.action.name();
        let mut results = cloud.perform(vec![request]).await;
        hold!(results.len() == 1, "one action gives {} results", results.len());
        let result = results.pop().unwrap_or_else(|| Err(Error::internal("no result")));
        match &result {
            Ok(Performed { native: Some(native), .. }) => self.made().natives.push((kind, native.clone())),
            Ok(_) => {}
            Err(error) => self.clear(action, error)?,
        }
        Ok(result)
    }

    /// Performs one action.
    pub(crate) async fn perform(
        &self,
        action: ComputeAction,
        natives: &[(&ThingId, &NativeId)],
    ) -> Outcome<Result<Performed>> {
        self.perform_at(&*self.cloud, self.request(action, natives)).await
    }

    /// A new server called `name`.
    pub(crate) async fn wish(&self, name: &str) -> Outcome<CreateServer> {
        let (image, flavor) = self.boot().await?;
        Ok(CreateServer {
            server: ThingId::planned(),
            name: name.to_owned(),
            image: image.native.clone(),
            image_name: image.name.clone(),
            flavor: flavor.native.clone(),
            flavor_name: flavor.name.clone(),
            key: None,
            networks: self.setup.networks.clone(),
            security_groups: Vec::new(),
            zone: None,
            user_data: None,
            username: None,
            metadata: BTreeMap::new(),
            ports: vec![],
            server_group: None,
            volume: None,
        })
    }

    /// Makes a server; the answer must have its native id.
    pub(crate) async fn create(&self, wish: CreateServer) -> Outcome<NativeId> {
        let performed = self.perform(ComputeAction::CreateServer(Box::new(wish)), &[]).await??;
        performed.native.ok_or_else(|| Failure("a create does not answer with the native id".to_owned()))
    }

    /// Makes a server with a usual name.
    pub(crate) async fn server(&self) -> Outcome<(ThingId, NativeId)> {
        let wish = self.wish("conformance").await?;
        let id = wish.server.clone();
        Ok((id, self.create(wish).await?))
    }

    /// Makes a server and waits until it runs.
    pub(crate) async fn active_server(&self) -> Outcome<(ThingId, NativeId)> {
        let (id, native) = self.server().await?;
        self.until(&id, &native, ServerStatus::Active).await?;
        Ok((id, native))
    }

    /// Takes an address.
    pub(crate) async fn address(&self) -> Outcome<(ThingId, NativeId)> {
        let id = ThingId::planned();
        let action = ComputeAction::CreateAddress { address: id.clone(), pool: None };
        let native = self.perform(action, &[]).await??.native;
        let native =
            native.ok_or_else(|| Failure("a create does not answer with the native id".to_owned()))?;
        Ok((id, native))
    }

    pub(crate) async fn look(
        &self,
        kind: ThingKind,
        id: &ThingId,
        native: &NativeId,
    ) -> Outcome<Option<Thing>> {
        let asked = [(id.clone(), native.clone())];
        let mut seen = patiently(|| self.cloud.look(kind, &asked)).await?;
        hold!(seen.len() == 1, "a look at one {kind} shows {}", seen.len());
        let Some(seen) = seen.pop() else { return Ok(None) };
        hold!(seen.id == *id, "a look at {id} shows {}", seen.id);
        if let Some(thing) = &seen.thing {
            hold!(thing.kind() == kind, "a look at a {kind} shows a {}", thing.kind());
            hold!(thing.id() == id, "a look at {id} shows the thing {}", thing.id());
            hold!(thing.native() == Some(native), "a look at {native} shows {:?}", thing.native());
        }
        Ok(seen.thing)
    }

    pub(crate) async fn see_server(&self, id: &ThingId, native: &NativeId) -> Outcome<Option<Server>> {
        match self.look(ThingKind::Server, id, native).await? {
            Some(Thing::Server(server)) => Ok(Some(server)),
            _ => Ok(None),
        }
    }

    pub(crate) async fn see_address(&self, id: &ThingId, native: &NativeId) -> Outcome<FloatingAddress> {
        match self.look(ThingKind::Address, id, native).await? {
            Some(Thing::Address(address)) => Ok(address),
            _ => Err(Failure(format!("the address {native} is gone"))),
        }
    }

    /// What a list or search gives once it has `enough`, or, after the peer's lag, whatever it gives.
    pub(crate) async fn lagging<T, F: Future<Output = Result<Vec<T>>>>(
        &self,
        read: impl Fn() -> F,
        enough: impl Fn(&[T]) -> bool,
    ) -> Outcome<Vec<T>> {
        let begun = Instant::now();
        loop {
            let list = read().await?;
            if enough(&list) || begun.elapsed() >= self.setup.lag {
                return Ok(list);
            }
            tokio::time::sleep(self.setup.tick).await;
        }
    }

    /// Servers that carry one of `marks`; `count` of them are there.
    pub(crate) async fn found_servers(
        &self,
        cloud: &dyn Compute,
        marks: &[Mark],
        count: usize,
    ) -> Outcome<Vec<Found>> {
        self.lagging(|| find(cloud, ThingKind::Server, marks), |found| found.len() >= count).await
    }

    /// All servers, `natives` among them.
    pub(crate) async fn servers_with(
        &self,
        cloud: &dyn Compute,
        natives: &[NativeId],
    ) -> Outcome<Vec<Server>> {
        let has = |list: &[Server], native| list.iter().any(|server| server.native.as_ref() == Some(native));
        self.lagging(|| servers(cloud), |list| natives.iter().all(|native| has(list, native))).await
    }

    /// Waits until `check` gives something.
    pub(crate) async fn wait<T, F: Future<Output = Outcome<Option<T>>>>(
        &self,
        what: &str,
        mut check: impl FnMut() -> F,
    ) -> Outcome<T> {
        let begun = Instant::now();
        loop {
            if let Some(value) = check().await? {
                return Ok(value);
            }
            hold!(begun.elapsed() < self.setup.patience, "waited in vain for {what}");
            tokio::time::sleep(self.setup.tick).await;
        }
    }

    /// Waits for a state of a server.
    pub(crate) async fn until(&self, id: &ThingId, native: &NativeId, goal: ServerStatus) -> Outcome<Server> {
        self.wait(&format!("{native} to be {}", goal.as_str()), || async {
            let server = self.see_server(id, native).await?;
            let server = server.ok_or_else(|| Failure(format!("{native} is gone")))?;
            hold!(
                goal == ServerStatus::Error || server.status != ServerStatus::Error,
                "{native} is in error: {:?}",
                server.fault
            );
            Ok((server.status == goal).then_some(server))
        })
        .await
    }

    /// Waits until the cloud no longer knows a thing.
    pub(crate) async fn until_gone(&self, kind: ThingKind, id: &ThingId, native: &NativeId) -> Outcome {
        self.wait(&format!("{native} to be gone"), || async {
            Ok(self.look(kind, id, native).await?.is_none().then_some(()))
        })
        .await
    }

    /// Takes away everything that the case made.
    pub(crate) async fn clean_up(&self) -> Outcome {
        let made = std::mem::take(&mut *self.made());
        if let Some(faults) = &self.setup.faults {
            faults.clear();
        }
        if made.marked.is_empty() && made.natives.is_empty() && made.keys.is_empty() {
            return Ok(());
        }
        let cloud = connect(&self.setup.user)?;
        let mut left = Vec::new();
        for name in made.keys {
            let action = ComputeAction::DeleteKey { key: ThingId::planned(), name };
            left.extend(self.clean(&*cloud, action, None).await.err());
        }
        for kind in [
            ThingKind::Address,
            ThingKind::Server,
            ThingKind::VolumeSnapshot,
            ThingKind::Volume,
            ThingKind::Image,
            ThingKind::Port,
            ThingKind::Router,
            ThingKind::Subnet,
            ThingKind::Network,
            ThingKind::SecurityGroup,
            ThingKind::ServerGroup,
        ] {
            let marks: Vec<Mark> =
                made.marked.iter().filter(|(of, _)| *of == kind).map(|(_, mark)| mark.clone()).collect();
            let mut natives: Vec<NativeId> =
                made.natives.iter().filter(|(of, _)| *of == kind).map(|(_, native)| native.clone()).collect();
            if !marks.is_empty() {
                match find(&*cloud, kind, &marks).await {
                    Ok(found) => natives.extend(found.into_iter().map(|found| found.native)),
                    // A cloud without that service has none of its things.
                    Err(error) if error.kind() == ErrorKind::Unsupported => continue,
                    Err(error) => left.push(error.into()),
                }
            }
            natives.sort();
            natives.dedup();
            for native in &natives {
                let id = ThingId::seen(self.name(), native);
                let name = match kind {
                    ThingKind::VolumeSnapshot => "delete_snapshot".to_owned(),
                    kind => format!("delete_{kind}"),
                };
                let Some(action) = super::table::sample(&name, &id) else { continue };
                left.extend(self.clean(&*cloud, action, Some((&id, native))).await.err());
            }
            for native in &natives {
                let id = ThingId::seen(self.name(), native);
                left.extend(self.until_gone(kind, &id, native).await.err());
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        let left: Vec<String> = left.into_iter().map(|Failure(why)| why).collect();
        Err(Failure(format!("not everything could be taken away: {}", left.join("; "))))
    }

    async fn clean(
        &self,
        cloud: &dyn Compute,
        action: ComputeAction,
        native: Option<(&ThingId, &NativeId)>,
    ) -> Outcome {
        let natives: Vec<(&ThingId, &NativeId)> = native.into_iter().collect();
        let mut request = self.request(action, &natives);
        request.mark = None;
        for result in cloud.perform(vec![request]).await {
            result?;
        }
        Ok(())
    }
}

/// A connection of `user`.
pub(crate) fn connect(user: &User) -> Outcome<Arc<dyn Compute>> {
    compute(&user.connect()?)
}

fn compute(place: &Place) -> Outcome<Arc<dyn Compute>> {
    match place {
        Place::Compute(cloud) => Ok(cloud.clone()),
        Place::Batch(_) => Err(Failure("this is a batch system".to_owned())),
    }
}

/// Repeats a read that says that it may be repeated: others change the same lists all the time.
async fn patiently<T, F: Future<Output = Result<T>>>(read: impl Fn() -> F) -> Result<T> {
    for _ in 0..20 {
        match read().await {
            Err(error)
                if error.kind() == ErrorKind::Service
                    && matches!(error.retry_class(), Retry::Temporary { .. }) =>
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            outcome => return outcome,
        }
    }
    read().await
}

pub(crate) async fn find(cloud: &dyn Compute, kind: ThingKind, marks: &[Mark]) -> Result<Vec<Found>> {
    patiently(|| cloud.find(kind, marks)).await
}

/// One try, whatever comes of it.
pub(crate) async fn servers_once(cloud: &dyn Compute) -> Result<Vec<Server>> {
    let mut all = Vec::new();
    cloud.servers(&mut |page| all.extend(page)).await?;
    Ok(all)
}

pub(crate) async fn servers(cloud: &dyn Compute) -> Result<Vec<Server>> {
    patiently(|| servers_once(cloud)).await
}

pub(crate) async fn images(cloud: &dyn Compute) -> Result<Vec<Image>> {
    patiently(|| async {
        let mut all = Vec::new();
        cloud.images(&mut |page| all.extend(page)).await?;
        Ok(all)
    })
    .await
}

pub(crate) async fn flavors(cloud: &dyn Compute) -> Result<Vec<Flavor>> {
    patiently(|| async {
        let mut all = Vec::new();
        cloud.flavors(&mut |page| all.extend(page)).await?;
        Ok(all)
    })
    .await
}

pub(crate) async fn keys(cloud: &dyn Compute) -> Result<Vec<KeyPair>> {
    patiently(|| async {
        let mut all = Vec::new();
        cloud.keys(&mut |page| all.extend(page)).await?;
        Ok(all)
    })
    .await
}

pub(crate) async fn addresses(cloud: &dyn Compute) -> Result<Vec<FloatingAddress>> {
    patiently(|| async {
        let mut all = Vec::new();
        cloud.addresses(&mut |page| all.extend(page)).await?;
        Ok(all)
    })
    .await
}

//! One connected cloud: the reads, and the searches that the engine asks for.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cloudmesh_model::cloud_things::{
    Network, Port, Router, SecurityGroup, ServerGroup, Subnet, Volume, VolumeSnapshot,
};
use cloudmesh_model::compute::{Flavor, FloatingAddress, Image, KeyPair, Server};
use cloudmesh_model::{Error, Mark, NativeId, Result, ThingId, ThingKind};
use cloudmesh_resource::{
    Capability, Changes, Compute, Connection, Found, Pages, Performed, Quota, Request, Seen, ServerEvent,
    Thing, Usage,
};
use cloudmesh_transport::http::Answer;
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::addresses::{self, FloatingAddressesPage, OneFloatingAddress, PortsPage, WireFloatingAddress};
use crate::catalogue::Service;
use crate::flavors::{self, FlavorsPage, OneFlavor};
use crate::images::{self, ImageNames, ImagesPage};
use crate::key_pairs::{self, KeyPairsPage, OneKeyPair};
use crate::paging::{PageEnd, PageUse, Pager};
use crate::servers::{self, OneServer, ServersPage, WireServer};
use crate::session::Session;
use crate::settings::Profile;
use crate::wire::{Text, escaped, next_link};
use crate::{capabilities, changes, facts, networks, reports, things};

/// Things up to which each is asked for by itself; more are found faster in one list.
const FEW: usize = 3;

/// Calls that change something, under way at once.
const CONCURRENCY: usize = 10;

/// Lists that are read for a mark that the first of them does not have.
const SEARCHES: u32 = 3;

/// A pause between two of them.
const SEARCH_PAUSE: Duration = Duration::from_millis(300);

/// Names that a list did not have are looked for again after this long.
const NAMES_AGE: i64 = 60;

/// What is made of the end of a list on which something is being built.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// What the list does not have is asked for by itself afterwards.
    Taken,
    /// One more page is asked for.
    Doubted,
}

/// Names by id, and when they were read.
struct Names<T> {
    read: Timestamp,
    names: Arc<T>,
}

/// A cloud.
pub(crate) struct Cloud {
    pub(crate) session: Session,
    image_names: Mutex<Option<Names<ImageNames>>>,
    flavor_names: Mutex<Option<Names<BTreeMap<String, String>>>>,
    pool_names: Mutex<Option<Names<BTreeMap<String, String>>>>,
}

impl Cloud {
    pub(crate) fn new(profile: Profile, connection: Connection) -> Self {
        Self {
            session: Session::new(profile, connection),
            image_names: Mutex::new(None),
            flavor_names: Mutex::new(None),
            pool_names: Mutex::new(None),
        }
    }

    fn name(&self) -> &str {
        &self.session.profile.place
    }

    fn pager(&self, service: Service, path: &str) -> Pager {
        Pager::new(service, path, "", self.session.profile.page_size)
    }

    /// Whether `kept` answers for all of `wanted`, or is young enough that asking again would not help.
    fn suffices<T>(&self, kept: &Names<T>, mut wanted: impl Iterator<Item = bool>) -> bool {
        let age = self.session.connection.clock.now().duration_since(kept.read);
        age.as_secs().abs() < NAMES_AGE || wanted.all(|known| known)
    }

    /// Names of images, read when one is needed that is not known yet: never image by image.
    async fn image_names(&self, wanted: &HashSet<&str>) -> Result<Arc<ImageNames>> {
        let mut slot = self.image_names.lock().await;
        if let Some(kept) = slot.as_ref()
            && (wanted.is_empty()
                || self.suffices(kept, wanted.iter().map(|id| kept.names.contains_key(*id))))
        {
            return Ok(kept.names.clone());
        }
        if wanted.is_empty() {
            return Ok(Arc::default());
        }
        let mut names = ImageNames::new();
        self.each_image_page(&mut |page| {
            names.extend(page.images.iter().map(|image| (image.id.to_owned(), image.facts())));
        })
        .await?;
        let names = Arc::new(names);
        *slot = Some(Names { read: self.session.connection.clock.now(), names: names.clone() });
        Ok(names)
    }

    /// Names of flavors, for clouds whose servers do not have them.
    async fn flavor_names(&self, wanted: &HashSet<&str>) -> Result<Arc<BTreeMap<String, String>>> {
        if wanted.is_empty() {
            return Ok(Arc::default());
        }
        let mut slot = self.flavor_names.lock().await;
        if let Some(kept) = slot.as_ref()
            && self.suffices(kept, wanted.iter().map(|id| kept.names.contains_key(*id)))
        {
            return Ok(kept.names.clone());
        }
        let mut names = BTreeMap::new();
        self.flavors(&mut |page| {
            names.extend(page.into_iter().map(|flavor| (flavor.native.0, flavor.name)));
        })
        .await?;
        let names = Arc::new(names);
        *slot = Some(Names { read: self.session.connection.clock.now(), names: names.clone() });
        Ok(names)
    }

    /// Names of the networks that floating addresses come from.
    async fn pool_names(&self, wanted: &HashSet<&str>) -> Result<Arc<BTreeMap<String, String>>> {
        if wanted.is_empty() {
            return Ok(Arc::default());
        }
        let mut slot = self.pool_names.lock().await;
        if let Some(kept) = slot.as_ref()
            && self.suffices(kept, wanted.iter().map(|id| kept.names.contains_key(*id)))
        {
            return Ok(kept.names.clone());
        }
        let pools = networks::list(&self.session, true).await?;
        let names: Arc<BTreeMap<String, String>> =
            Arc::new(pools.into_iter().map(|pool| (pool.id, pool.name)).collect());
        *slot = Some(Names { read: self.session.connection.clock.now(), names: names.clone() });
        Ok(names)
    }

    async fn each_image_page(&self, take: &mut (dyn FnMut(ImagesPage<'_>) + Send)) -> Result<()> {
        let mut pager = self.pager(Service::Image, "/images");
        while let Some(answer) = pager.page(&self.session).await? {
            let page: ImagesPage<'_> = answer.json()?;
            let taken = pager.advance(&PageEnd {
                next: page.next.as_ref().map(Text::as_str),
                first: page.images.first().map(|image| image.id.as_str()),
                last: page.images.last().map(|image| image.id.as_str()),
                count: page.images.len(),
            })?;
            if taken == PageUse::Take {
                take(page);
            }
        }
        Ok(())
    }

    /// `wires` in our words, with the names that they need.
    async fn named(&self, wires: &[WireServer<'_>]) -> Result<Vec<Server>> {
        let images: HashSet<&str> =
            wires.iter().filter_map(|wire| wire.image.0.as_ref()).map(Text::as_str).collect();
        let flavors: HashSet<&str> =
            wires.iter().filter_map(|wire| wire.flavor.as_ref()?.id_without_name()).collect();
        let images = self.image_names(&images).await?;
        let flavors = self.flavor_names(&flavors).await?;
        Ok(wires.iter().map(|wire| servers::server(self, wire, &images, &flavors)).collect())
    }

    /// Every server that `keep` keeps. Whether the list surely had them all: Nova may leave a server out that it hands
    /// to a cell between two pages, and one that it lists both as yet to be placed and in its cell takes the room of
    /// another on its page, which then looks like the last one. Both need a server that is being built.
    async fn servers_that(
        &self,
        pages: Pages<'_, Server>,
        keep: &(dyn Fn(&WireServer<'_>) -> bool + Sync),
        end: End,
    ) -> Result<bool> {
        let (mut whole, mut one_page) = (true, true);
        let mut pager = self.pager(Service::Compute, "/servers/detail");
        // Nova shows a server twice that moves to a cell between two pages.
        let mut listed: HashSet<String> = HashSet::new();
        while let Some(answer) = pager.page(&self.session).await? {
            let mut page: ServersPage<'_> = answer.json()?;
            let taken = pager.advance(&PageEnd {
                next: next_link(&page.servers_links),
                first: page.servers.first().map(|server| server.id.as_str()),
                last: page.servers.last().map(|server| server.id.as_str()),
                count: page.servers.len(),
            })?;
            if taken == PageUse::Take {
                let building = page.servers.iter().any(WireServer::is_building);
                whole &= !building && !pager.goes_on();
                if building
                    && end == End::Doubted
                    && let Some(last) = page.servers.last()
                {
                    pager.look_beyond(last.id.as_str());
                }
                one_page &= !pager.goes_on();
                if !one_page {
                    page.servers.retain(|server| listed.insert(server.id.to_owned()));
                }
                page.servers.retain(keep);
                pages(self.named(&page.servers).await?);
            }
        }
        Ok(whole)
    }

    /// One server; `None` if Nova does not know it.
    pub(crate) async fn server(&self, native: &NativeId) -> Result<Option<Server>> {
        let path = format!("/servers/{}", escaped(native.as_str()));
        let Some(answer) = self.session.get_one(Service::Compute, &path).await? else {
            return Ok(None);
        };
        let one: OneServer<'_> = answer.json()?;
        Ok(self.named(std::slice::from_ref(&one.server)).await?.pop())
    }

    /// One floating address; `None` if Neutron does not know it.
    async fn address(&self, native: &NativeId) -> Result<Option<FloatingAddress>> {
        let path = format!("/floatingips/{}", escaped(native.as_str()));
        match self.session.get_one(Service::Network, &path).await? {
            Some(answer) => Ok(Some(self.address_in(&answer).await?)),
            None => Ok(None),
        }
    }

    /// The floating address in an answer.
    async fn address_in(&self, answer: &Answer) -> Result<FloatingAddress> {
        let one: OneFloatingAddress<'_> = answer.json()?;
        let mut named = self.named_addresses(std::slice::from_ref(&one.floatingip)).await?;
        named.pop().ok_or_else(|| Error::internal("a floating address vanished"))
    }

    /// The floating address in the answer to a change that was done: a name that cannot be read just now
    /// must not make the change look as if it had failed.
    pub(crate) async fn address_of_change(&self, answer: &Answer) -> Result<FloatingAddress> {
        let one: OneFloatingAddress<'_> = answer.json()?;
        match self.named_addresses(std::slice::from_ref(&one.floatingip)).await {
            Ok(mut named) => named.pop().ok_or_else(|| Error::internal("a floating address vanished")),
            Err(_) => Ok(addresses::address(self, &one.floatingip, &BTreeMap::new(), &BTreeMap::new())),
        }
    }

    async fn named_addresses(&self, wires: &[WireFloatingAddress<'_>]) -> Result<Vec<FloatingAddress>> {
        let pools: HashSet<&str> = wires.iter().map(|wire| wire.floating_network_id.as_str()).collect();
        let pools = self.pool_names(&pools).await?;
        let servers = if wires.iter().any(WireFloatingAddress::hides_server) {
            self.servers_by_port().await?
        } else {
            BTreeMap::new()
        };
        Ok(wires.iter().map(|wire| addresses::address(self, wire, &pools, &servers)).collect())
    }

    /// Servers by their ports, for older Neutrons: one list, not a call for each address.
    async fn servers_by_port(&self) -> Result<BTreeMap<String, String>> {
        let query = "fields=id&fields=device_id&fields=device_owner";
        let mut pager = Pager::new(Service::Network, "/ports", query, self.session.profile.page_size);
        let mut servers = BTreeMap::new();
        while let Some(answer) = pager.page(&self.session).await? {
            let page: PortsPage<'_> = answer.json()?;
            pager.advance(&PageEnd {
                next: next_link(&page.ports_links),
                first: page.ports.first().map(|port| port.id.as_str()),
                last: page.ports.last().map(|port| port.id.as_str()),
                count: page.ports.len(),
            })?;
            for port in &page.ports {
                if let Some(device) = port.device_id.as_ref().filter(|device| !device.as_str().is_empty())
                    && addresses::is_server(port.device_owner.as_ref())
                {
                    servers.insert(port.id.to_owned(), device.to_owned());
                }
            }
        }
        Ok(servers)
    }

    async fn one(&self, kind: ThingKind, native: &NativeId) -> Result<Option<Thing>> {
        let place = self.name();
        let id = escaped(native.as_str());
        match kind {
            ThingKind::Server => Ok(self.server(native).await?.map(Thing::Server)),
            ThingKind::Address => Ok(self.address(native).await?.map(Thing::Address)),
            ThingKind::Key => {
                let answer = self.session.get_one(Service::Compute, &format!("/os-keypairs/{id}")).await?;
                let Some(answer) = answer else { return Ok(None) };
                let one: OneKeyPair<'_> = answer.json()?;
                Ok(Some(Thing::Key(key_pairs::key_pair(place, &one.keypair))))
            }
            ThingKind::Flavor => {
                let answer = self.session.get_one(Service::Compute, &format!("/flavors/{id}")).await?;
                let Some(answer) = answer else { return Ok(None) };
                let one: OneFlavor<'_> = answer.json()?;
                Ok(Some(Thing::Flavor(flavors::flavor(place, &one.flavor))))
            }
            ThingKind::Image => {
                let answer = self.session.get_one(Service::Image, &format!("/images/{id}")).await?;
                let Some(answer) = answer else { return Ok(None) };
                let one: images::WireImage<'_> = answer.json()?;
                Ok(Some(Thing::Image(images::image(&self.session.connection.installation, place, &one))))
            }
            other => things::one(self, other, native).await,
        }
    }

    /// The things of `wanted` that a list has, and whether what it does not have is gone. Lists of servers of older
    /// Novas leave out what is in a part of the cloud that is down, and lists of images what others did not share
    /// for good.
    async fn all(&self, kind: ThingKind, wanted: &HashSet<&str>) -> Result<(BTreeMap<String, Thing>, bool)> {
        let mut all = BTreeMap::new();
        let mut whole = !matches!(kind, ThingKind::Image | ThingKind::Flavor);
        let mut take = |thing: Thing| {
            if let Some(native) = thing.native().filter(|native| wanted.contains(native.as_str())) {
                all.insert(native.as_str().to_owned(), thing);
            }
        };
        match kind {
            ThingKind::Server => {
                let keep = |server: &WireServer<'_>| wanted.contains(server.id.as_str());
                let mut pages = |page: Vec<Server>| page.into_iter().map(Thing::Server).for_each(&mut take);
                let had_all = self.servers_that(&mut pages, &keep, End::Taken).await?;
                whole = had_all && self.session.lists_are_whole();
            }
            ThingKind::Address => {
                self.addresses(&mut |page| page.into_iter().map(Thing::Address).for_each(&mut take)).await?;
            }
            ThingKind::Key => {
                self.keys(&mut |page| page.into_iter().map(Thing::Key).for_each(&mut take)).await?;
            }
            ThingKind::Image => {
                self.images(&mut |page| page.into_iter().map(Thing::Image).for_each(&mut take)).await?;
            }
            ThingKind::Flavor => {
                self.flavors(&mut |page| page.into_iter().map(Thing::Flavor).for_each(&mut take)).await?;
            }
            other => things::each(self, other, &mut |page| page.into_iter().for_each(&mut take)).await?,
        }
        Ok((all, whole))
    }

    async fn look_at(&self, kind: ThingKind, things: &[(ThingId, NativeId)]) -> Result<Vec<Seen>> {
        let mut known = BTreeMap::new();
        let mut to_ask: Vec<&NativeId> = things.iter().map(|(_, native)| native).collect();
        if things.len() > FEW {
            let wanted = to_ask.iter().map(|native| native.as_str()).collect();
            let whole;
            (known, whole) = self.all(kind, &wanted).await?;
            to_ask.retain(|native| !known.contains_key(native.as_str()));
            if whole {
                to_ask.clear();
            }
        }
        for few in to_ask.chunks(CONCURRENCY) {
            let asked = few.iter().map(|native| self.one(kind, native));
            for (native, thing) in few.iter().zip(futures::future::try_join_all(asked).await?) {
                if let Some(thing) = thing {
                    known.insert(native.as_str().to_owned(), thing);
                }
            }
        }
        Ok(things
            .iter()
            .map(|(id, native)| Seen {
                id: id.clone(),
                thing: known.get(native.as_str()).map(|thing| thing.clone().with_id(id)),
            })
            .collect())
    }

    /// The servers that carry one of `marks`. A list may leave out a server that Nova hands to a cell meanwhile, so a
    /// mark that it does not have is looked for in further lists.
    async fn marked_servers(&self, marks: &HashSet<&Mark>) -> Result<Vec<Found>> {
        let keep = |server: &WireServer<'_>| servers::mark(server).is_some_and(|mark| marks.contains(&mark));
        let mut found: BTreeMap<NativeId, Found> = BTreeMap::new();
        for round in 1..=SEARCHES {
            let mut take = |server: Server| {
                if let (Some(mark), Some(native)) = (server.mark.clone(), server.native.clone()) {
                    found.insert(native.clone(), Found { mark, native, thing: Thing::Server(server) });
                }
            };
            self.servers_that(&mut |page| page.into_iter().for_each(&mut take), &keep, End::Doubted).await?;
            let known: HashSet<&Mark> = found.values().map(|found| &found.mark).collect();
            if round == SEARCHES || marks.iter().all(|mark| known.contains(mark)) {
                break;
            }
            tokio::time::sleep(SEARCH_PAUSE).await;
        }
        Ok(found.into_values().collect())
    }

    async fn find_marked(&self, kind: ThingKind, marks: &[Mark]) -> Result<Vec<Found>> {
        let marks: HashSet<&Mark> = marks.iter().collect();
        let mut found = Vec::new();
        let mut take = |thing: Thing| {
            if let (Some(mark), Some(native)) = (thing.mark().cloned(), thing.native().cloned())
                && marks.contains(&mark)
            {
                found.push(Found { mark, native, thing });
            }
        };
        match kind {
            _ if marks.is_empty() => {}
            ThingKind::Server => return self.marked_servers(&marks).await,
            ThingKind::Address => {
                self.addresses(&mut |page| page.into_iter().map(Thing::Address).for_each(&mut take)).await?;
            }
            ThingKind::Image => {
                self.list_images(&mut |page| page.into_iter().map(Thing::Image).for_each(&mut take)).await?;
            }
            kind if things::source(kind).is_some() => {
                things::each(self, kind, &mut |page| page.into_iter().for_each(&mut take)).await?;
            }
            // Key pairs are repeatable by name; the other kinds are not made here.
            _ => {}
        }
        Ok(found)
    }

    /// Names the place in an error that does not name one.
    pub(crate) fn here<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| if error.place().is_none() { error.at(self.name()) } else { error })
    }

    async fn list_images(&self, pages: Pages<'_, Image>) -> Result<()> {
        let place = self.name();
        self.each_image_page(&mut |page| {
            let installation = &self.session.connection.installation;
            pages(page.images.iter().map(|wire| images::image(installation, place, wire)).collect());
        })
        .await
    }

    /// A list of one kind of thing.
    async fn list_of<T: Send>(
        &self,
        kind: ThingKind,
        pages: Pages<'_, T>,
        of: &(dyn Fn(Thing) -> Option<T> + Sync),
    ) -> Result<()> {
        things::each(self, kind, &mut |page| pages(page.into_iter().filter_map(of).collect())).await
    }

    async fn list_flavors(&self, pages: Pages<'_, Flavor>) -> Result<()> {
        let mut pager = self.pager(Service::Compute, "/flavors/detail");
        while let Some(answer) = pager.page(&self.session).await? {
            let page: FlavorsPage<'_> = answer.json()?;
            let taken = pager.advance(&PageEnd {
                next: next_link(&page.flavors_links),
                first: page.flavors.first().map(|flavor| flavor.id.as_str()),
                last: page.flavors.last().map(|flavor| flavor.id.as_str()),
                count: page.flavors.len(),
            })?;
            if taken == PageUse::Take {
                pages(page.flavors.iter().map(|wire| flavors::flavor(self.name(), wire)).collect());
            }
        }
        Ok(())
    }

    async fn list_keys(&self, pages: Pages<'_, KeyPair>) -> Result<()> {
        let mut pager = self.pager(Service::Compute, "/os-keypairs");
        while let Some(answer) = pager.page(&self.session).await? {
            let page: KeyPairsPage<'_> = answer.json()?;
            let taken = pager.advance(&PageEnd {
                next: next_link(&page.keypairs_links),
                first: page.keypairs.first().map(|key| key.keypair.name.as_str()),
                last: page.keypairs.last().map(|key| key.keypair.name.as_str()),
                count: page.keypairs.len(),
            })?;
            if taken == PageUse::Take {
                let place = self.name();
                pages(page.keypairs.iter().map(|key| key_pairs::key_pair(place, &key.keypair)).collect());
            }
        }
        Ok(())
    }

    async fn list_addresses(&self, pages: Pages<'_, FloatingAddress>) -> Result<()> {
        let mut pager = self.pager(Service::Network, "/floatingips");
        while let Some(answer) = pager.page(&self.session).await? {
            let page: FloatingAddressesPage<'_> = answer.json()?;
            let taken = pager.advance(&PageEnd {
                next: next_link(&page.floatingips_links),
                first: page.floatingips.first().map(|address| address.id.as_str()),
                last: page.floatingips.last().map(|address| address.id.as_str()),
                count: page.floatingips.len(),
            })?;
            if taken == PageUse::Take {
                pages(self.named_addresses(&page.floatingips).await?);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Changes for Cloud {
    fn place(&self) -> &str {
        self.name()
    }

    fn concurrency(&self) -> usize {
        CONCURRENCY
    }

    async fn perform(&self, requests: Vec<Request>) -> Vec<Result<Performed>> {
        let mut outcomes = Vec::with_capacity(requests.len());
        for request in &requests {
            outcomes.push(self.here(changes::perform(self, request).await));
        }
        outcomes
    }

    async fn find(&self, kind: ThingKind, marks: &[Mark]) -> Result<Vec<Found>> {
        self.here(self.find_marked(kind, marks).await)
    }

    async fn look(&self, kind: ThingKind, things: &[(ThingId, NativeId)]) -> Result<Vec<Seen>> {
        self.here(self.look_at(kind, things).await)
    }

    fn settle_time(&self) -> Duration {
        self.session.profile.settle
    }
}

#[async_trait]
impl Compute for Cloud {
    fn capabilities(&self) -> &'static [Capability] {
        capabilities::CAPABILITIES
    }

    async fn servers(&self, pages: Pages<'_, Server>) -> Result<()> {
        self.here(self.servers_that(pages, &|_| true, End::Doubted).await.map(drop))
    }

    async fn images(&self, pages: Pages<'_, Image>) -> Result<()> {
        self.here(self.list_images(pages).await)
    }

    async fn flavors(&self, pages: Pages<'_, Flavor>) -> Result<()> {
        self.here(self.list_flavors(pages).await)
    }

    async fn keys(&self, pages: Pages<'_, KeyPair>) -> Result<()> {
        self.here(self.list_keys(pages).await)
    }

    async fn addresses(&self, pages: Pages<'_, FloatingAddress>) -> Result<()> {
        self.here(self.list_addresses(pages).await)
    }

    async fn facts(&self) -> Result<Vec<(String, String)>> {
        self.here(facts::facts(self).await)
    }

    async fn networks(&self, pages: Pages<'_, Network>) -> Result<()> {
        self.here(
            self.list_of(ThingKind::Network, pages, &|thing| match thing {
                Thing::Network(thing) => Some(thing),
                _ => None,
            })
            .await,
        )
    }

    async fn subnets(&self, pages: Pages<'_, Subnet>) -> Result<()> {
        self.here(
            self.list_of(ThingKind::Subnet, pages, &|thing| match thing {
                Thing::Subnet(thing) => Some(thing),
                _ => None,
            })
            .await,
        )
    }

    async fn routers(&self, pages: Pages<'_, Router>) -> Result<()> {
        self.here(
            self.list_of(ThingKind::Router, pages, &|thing| match thing {
                Thing::Router(thing) => Some(thing),
                _ => None,
            })
            .await,
        )
    }

    async fn ports(&self, pages: Pages<'_, Port>) -> Result<()> {
        self.here(
            self.list_of(ThingKind::Port, pages, &|thing| match thing {
                Thing::Port(thing) => Some(thing),
                _ => None,
            })
            .await,
        )
    }

    async fn security_groups(&self, pages: Pages<'_, SecurityGroup>) -> Result<()> {
        self.here(
            self.list_of(ThingKind::SecurityGroup, pages, &|thing| match thing {
                Thing::SecurityGroup(thing) => Some(thing),
                _ => None,
            })
            .await,
        )
    }

    async fn volumes(&self, pages: Pages<'_, Volume>) -> Result<()> {
        self.here(
            self.list_of(ThingKind::Volume, pages, &|thing| match thing {
                Thing::Volume(thing) => Some(thing),
                _ => None,
            })
            .await,
        )
    }

    async fn volume_snapshots(&self, pages: Pages<'_, VolumeSnapshot>) -> Result<()> {
        self.here(
            self.list_of(ThingKind::VolumeSnapshot, pages, &|thing| match thing {
                Thing::VolumeSnapshot(thing) => Some(thing),
                _ => None,
            })
            .await,
        )
    }

    async fn server_groups(&self, pages: Pages<'_, ServerGroup>) -> Result<()> {
        self.here(
            self.list_of(ThingKind::ServerGroup, pages, &|thing| match thing {
                Thing::ServerGroup(thing) => Some(thing),
                _ => None,
            })
            .await,
        )
    }

    async fn console_output(&self, server: &NativeId, lines: Option<u64>) -> Result<String> {
        self.here(reports::console_output(self, server, lines).await)
    }

    async fn console_page(&self, server: &NativeId) -> Result<String> {
        self.here(reports::console_page(self, server).await)
    }

    async fn events(&self, server: &NativeId) -> Result<Vec<ServerEvent>> {
        self.here(reports::events(self, server).await)
    }

    async fn quotas(&self) -> Result<Vec<Quota>> {
        self.here(reports::quotas(self).await)
    }

    async fn usage(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Usage>> {
        self.here(reports::usage(self, from, to).await)
    }

    async fn zones(&self) -> Result<Vec<(String, bool)>> {
        self.here(reports::zones(self).await)
    }

    async fn volume_types(&self) -> Result<Vec<(String, String)>> {
        self.here(reports::volume_types(self).await)
    }
}

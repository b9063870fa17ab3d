//! Lists: answered from the store, asked again from all places at once where that is wanted. A dead
//! place hurts nobody.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use cloudmesh_model::cloud_things::{
    Network, Port, Router, SecurityGroup, ServerGroup, Subnet, Volume, VolumeSnapshot,
};
use cloudmesh_model::compute::{Flavor, FloatingAddress, Image, KeyPair, Server};
use cloudmesh_model::job::{Job, Queue};
use cloudmesh_model::{Error, ErrorKind, NativeId, Record, Result, Row, ThingId};
use cloudmesh_resource::{Pages, Place};
use cloudmesh_store::{Change, Document, Expected, Store};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use jiff::Timestamp;

use crate::door::{Freshness, PlaceAnswer};
use crate::operation::Rows;
use crate::{Mesh, records};

/// How long one place may take for one list.
const DEADLINE: Duration = Duration::from_secs(90);

/// A record that places list.
pub trait Fetch: Record {
    /// Reads all of them at a place.
    fn fetch<'a>(place: &'a Place, pages: Pages<'a, Self>) -> BoxFuture<'a, Result<()>>;
}

macro_rules! fetch {
    ($record:ty, $family:ident, $method:ident $(, $argument:expr)?) => {
        impl Fetch for $record {
            fn fetch<'a>(place: &'a Place, pages: Pages<'a, Self>) -> BoxFuture<'a, Result<()>> {
                match place {
                    Place::$family(place) => place.$method($($argument,)? pages),
                    _ => Box::pin(async {
                        Err(Error::internal(concat!("asked a place of another family for its ", stringify!($method))))
                    }),
                }
            }
        }
    };
}

fetch!(Server, Compute, servers);
fetch!(Image, Compute, images);
fetch!(Flavor, Compute, flavors);
fetch!(KeyPair, Compute, keys);
fetch!(FloatingAddress, Compute, addresses);
fetch!(Network, Compute, networks);
fetch!(Subnet, Compute, subnets);
fetch!(Router, Compute, routers);
fetch!(Port, Compute, ports);
fetch!(SecurityGroup, Compute, security_groups);
fetch!(Volume, Compute, volumes);
fetch!(VolumeSnapshot, Compute, volume_snapshots);
fetch!(ServerGroup, Compute, server_groups);
fetch!(Queue, Batch, queues);
fetch!(Job, Batch, jobs, false);

/// The store's kind of the documents that say when a place was last read.
const READ: &str = "read";

fn read_id<R: Record>(place: &str) -> String {
    format!("{}/{place}", R::NOUN.name)
}

/// The changes that forget what was seen at `place`: its rows, and when they were read. For a place that is
/// no longer, or no longer the same: whatever is there is found again by its mark.
///
/// # Errors
/// The store's.
pub async fn forget(store: &dyn Store, place: &str) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for noun in [
        Server::NOUN,
        Image::NOUN,
        Flavor::NOUN,
        KeyPair::NOUN,
        FloatingAddress::NOUN,
        Network::NOUN,
        Subnet::NOUN,
        Router::NOUN,
        Port::NOUN,
        SecurityGroup::NOUN,
        Volume::NOUN,
        VolumeSnapshot::NOUN,
        ServerGroup::NOUN,
        Job::NOUN,
        Queue::NOUN,
    ] {
        let delete =
            |kind: &str, id: String| Change::Delete { kind: kind.to_owned(), id, expected: Expected::Any };
        let mut gone = Vec::new();
        store.list(noun.name, Some(&[place.to_owned()]), &mut |listed| gone.push(listed.id)).await?;
        changes.extend(gone.into_iter().map(|id| delete(noun.name, id)));
        changes.push(delete(READ, format!("{}/{place}", noun.name)));
    }
    Ok(changes)
}

/// When the list of a kind was last read from `place`.
///
/// # Errors
/// The store's.
pub async fn last_read<R: Record>(store: &dyn Store, place: &str) -> Result<Option<Timestamp>> {
    match store.get(READ, &read_id::<R>(place)).await? {
        Some(stored) => Ok(Some(records::from_body(&stored.document)?)),
        None => Ok(None),
    }
}

/// Reads the list of a kind at one place from its service and brings the store up to date: new and
/// changed ones are written, those that the service no longer knows are taken away, what is merely
/// planned stays.
///
/// # Errors
/// The place's or the store's; the store is then as it was.
pub async fn read_place<R: Fetch>(mesh: &Mesh, place: &str) -> Result<Vec<R>> {
    if !mesh.asks_places() {
        return known_alone(mesh, place).await;
    }
    let connected = mesh.places()?.connect(mesh, place).await?;
    let store = mesh.store()?;
    let known = known_natives::<R>(store.as_ref(), place).await?;
    let as_of = mesh.now();
    let mut fetched: Vec<R> = Vec::new();
    let mut take = |page: Vec<R>| fetched.extend(page);
    let reading = R::fetch(&connected, &mut take);
    match tokio::time::timeout(DEADLINE, reading).await {
        Ok(result) => {
            result.map_err(|error| if error.place().is_some() { error } else { error.at(place) })?
        }
        Err(_) => {
            return Err(Error::new(
                ErrorKind::Unreachable,
                format!("its {} were not complete after {} s", R::NOUN.plural, DEADLINE.as_secs()),
            )
            .at(place));
        }
    }
    tell_apart(store.as_ref(), place, &mut fetched).await?;
    keep_ids(&known, &mut fetched)?;
    let mut changes = Vec::with_capacity(fetched.len() + 1);
    let mut seen = HashSet::with_capacity(fetched.len());
    for record in &fetched {
        seen.insert(record.id().as_str());
        changes.push(Change::Put(records::document(record)?, Expected::Any));
    }
    let vanished = known.values().filter(|id| !seen.contains(id.as_str()));
    changes.extend(vanished.map(|id| Change::Delete {
        kind: R::NOUN.name.to_owned(),
        id: id.clone(),
        expected: Expected::Any,
    }));
    changes.push(Change::Put(
        Document {
            kind: READ.to_owned(),
            id: read_id::<R>(place),
            place: place.to_owned(),
            row: String::new(),
            body: records::body(&as_of)?,
        },
        Expected::Any,
    ));
    store.apply(changes).await?;
    Ok(fetched)
}

/// What the store knows, where the places are not to be asked.
async fn known_alone<R: Record>(mesh: &Mesh, place: &str) -> Result<Vec<R>> {
    let store = mesh.store()?;
    match last_read::<R>(store.as_ref(), place).await? {
        Some(_) => records::all(store.as_ref(), Some(&[place.to_owned()])).await,
        None => Err(never_read(R::NOUN.plural).at(place)),
    }
}

fn never_read(plural: &str) -> Error {
    Error::new(ErrorKind::Unreachable, format!("its {plural} were never read, and it is not asked here"))
        .hint("refresh the list once")
}

/// Where a record's row has the service's own id.
fn native_position<R: Record>() -> Option<usize> {
    R::NOUN.position("native_id").or_else(|| R::NOUN.position("job"))
}

/// Things that carry the same mark of ours (a service carried a call out twice) would have one id, and one
/// of them would hide the other. The one that the store knows keeps the id; the others go by the service's.
async fn tell_apart<R: Record>(store: &dyn Store, place: &str, fetched: &mut [R]) -> Result<()> {
    let Some(position) = native_position::<R>() else { return Ok(()) };
    let mut first: HashMap<String, usize> = HashMap::with_capacity(fetched.len());
    let mut others: Vec<(usize, usize)> = Vec::new();
    for (number, record) in fetched.iter().enumerate() {
        match first.entry(record.id().as_str().to_owned()) {
            Entry::Occupied(earlier) => others.push((*earlier.get(), number)),
            Entry::Vacant(free) => drop(free.insert(number)),
        }
    }
    for (one, other) in others {
        let kept = store.get(R::NOUN.name, fetched[one].id().as_str()).await?;
        let kept = kept.map(|kept| Row::from_packed(kept.document.row).cell(position).to_owned());
        let is_kept = |record: &R| kept.as_deref() == Some(record.row().cell(position));
        if is_kept(&fetched[other]) {
            fetched.swap(one, other);
        }
        let native = NativeId::from(fetched[other].row().cell(position));
        fetched[other] = with_id(&fetched[other], ThingId::seen(place, &native).as_str())?;
    }
    Ok(())
}

fn with_id<R: Record>(record: &R, id: &str) -> Result<R> {
    let unreadable = |error| Error::internal(format!("a {} cannot be renamed: {error}", R::NOUN.name));
    let mut body = serde_json::to_value(record).map_err(unreadable)?;
    body["id"] = serde_json::Value::from(id);
    serde_json::from_value(body).map_err(unreadable)
}

/// A thing that we made and that cannot carry our mark keeps the id that we gave it, by the service's own.
fn keep_ids<R: Record>(known: &HashMap<String, String>, fetched: &mut [R]) -> Result<()> {
    let Some(position) = native_position::<R>() else { return Ok(()) };
    let ours = R::NOUN.position("ours");
    let taken: HashSet<String> = fetched.iter().map(|record| record.id().as_str().to_owned()).collect();
    let ids: HashSet<&str> = known.values().map(String::as_str).collect();
    for record in fetched.iter_mut().filter(|record| !ids.contains(record.id().as_str())) {
        let row = record.row();
        if ours.is_some_and(|ours| row.cell(ours) == "true") {
            continue;
        }
        if let Some(id) = known.get(row.cell(position)).filter(|id| !taken.contains(*id)) {
            *record = with_id(record, id)?;
        }
    }
    Ok(())
}

/// What the store knows to exist at a place, before it is asked: our ids by the service's own (by themselves for
/// kinds without). Only these can vanish by asking.
async fn known_natives<R: Record>(store: &dyn Store, place: &str) -> Result<HashMap<String, String>> {
    let native = native_position::<R>();
    let mut known = HashMap::new();
    store
        .list(R::NOUN.name, Some(&[place.to_owned()]), &mut |listed| {
            let key = native.map_or(listed.id.as_str(), |position| listed.row.cell(position));
            if !key.is_empty() {
                // Two of one native id are kept apart, so that both can vanish.
                let key = if known.contains_key(key) {
                    format!("{key}\u{1f}{}", listed.id)
                } else {
                    key.to_owned()
                };
                known.insert(key, listed.id);
            }
        })
        .await?;
    Ok(known)
}

/// Answers a list: from the store, or, with `refresh`, from all places at once, rows as they come.
/// Places that were never read are read now.
///
/// # Errors
/// The store's. A place that fails is part of the answer's freshness, not an error.
pub async fn list<R: Fetch>(
    mesh: &Mesh,
    places: Vec<String>,
    refresh: bool,
    keep: impl Fn(&Row) -> bool + Send + Sync,
    rows: &mut dyn Rows,
) -> Result<Freshness> {
    let store = mesh.store()?;
    let mut answers = Vec::with_capacity(places.len());
    let mut stored_places = Vec::new();
    let mut asked = Vec::new();
    for place in places {
        match last_read::<R>(store.as_ref(), &place).await? {
            Some(as_of) if !refresh || !mesh.asks_places() => {
                answers.push(PlaceAnswer { place: place.clone(), as_of: Some(as_of), error: None });
                stored_places.push(place);
            }
            None if !mesh.asks_places() => {
                let error = Some(never_read(R::NOUN.plural).at(place.as_str()));
                answers.push(PlaceAnswer { place: place.clone(), as_of: None, error });
                stored_places.push(place);
            }
            _ => asked.push(place),
        }
    }
    if !stored_places.is_empty() {
        give_stored::<R>(store.as_ref(), &stored_places, &keep, rows).await?;
    }
    for (place, result) in ask_all::<R>(mesh, asked, &keep, rows).await? {
        let as_of = last_read::<R>(store.as_ref(), &place).await?;
        if let Err(error) = &result {
            tracing::info!(%place, %error, "place not read");
            give_stored::<R>(store.as_ref(), std::slice::from_ref(&place), &keep, rows).await?;
        }
        answers.push(PlaceAnswer { place, as_of, error: result.err() });
    }
    answers.sort_by(|one, other| one.place.cmp(&other.place));
    Ok(Freshness { places: answers, note: None })
}

/// Gives rows out in portions, so that a long list is neither held in memory nor written line by line.
async fn give_stored<R: Record>(
    store: &dyn Store,
    places: &[String],
    keep: &(impl Fn(&Row) -> bool + Send + Sync),
    rows: &mut dyn Rows,
) -> Result<()> {
    const PORTION: usize = 1024;
    let mut portion = Vec::new();
    store
        .list(R::NOUN.name, Some(places), &mut |listed| {
            if keep(&listed.row) {
                portion.push(listed.row);
                if portion.len() == PORTION {
                    rows.rows(std::mem::replace(&mut portion, Vec::with_capacity(PORTION)));
                }
            }
        })
        .await?;
    if !portion.is_empty() {
        rows.rows(portion);
    }
    Ok(())
}

type PlaceResult = (String, Result<()>);

/// Asks all places at once. When all but few have answered, one that has not said a word is not waited
/// for longer than half as long again as the slowest of the others took (but 0.8 s at the least).
async fn ask_all<R: Fetch>(
    mesh: &Mesh,
    places: Vec<String>,
    keep: &(impl Fn(&Row) -> bool + Send + Sync),
    rows: &mut dyn Rows,
) -> Result<Vec<PlaceResult>> {
    let begun = Instant::now();
    let total = places.len();
    let mut waiting: HashSet<String> = places.iter().cloned().collect();
    let mut results: Vec<PlaceResult> = Vec::with_capacity(total);
    let mut asked: FuturesUnordered<_> = places
        .into_iter()
        .map(|place| async move {
            let result = read_place::<R>(mesh, &place).await;
            (place, result)
        })
        .collect();
    let mut succeeded = 0_usize;
    let mut slowest = Duration::ZERO;
    while !waiting.is_empty() {
        let patience = if succeeded >= 3 && waiting.len() * 4 <= total {
            (slowest + (slowest / 2).max(Duration::from_millis(800))).saturating_sub(begun.elapsed())
        } else {
            DEADLINE
        };
        match tokio::time::timeout(patience, asked.next()).await {
            Ok(Some((place, result))) => {
                waiting.remove(&place);
                if let Ok(records) = &result {
                    succeeded += 1;
                    slowest = begun.elapsed();
                    let mut given: Vec<Row> =
                        records.iter().map(Record::row).filter(|row| keep(row)).collect();
                    given.sort_by(|one, other| one.packed().cmp(other.packed()));
                    rows.rows(given);
                }
                results.push((place, result.map(drop)));
            }
            Ok(None) => break,
            Err(_) => {
                let seconds = begun.elapsed().as_secs_f64();
                results.extend(waiting.drain().map(|place| {
                    let error = Error::new(
                        ErrorKind::Unreachable,
                        format!("no answer within {seconds:.1} s, while {succeeded} others answered"),
                    )
                    .at(place.as_str())
                    .hint("ask it alone to wait longer");
                    (place, Err(error))
                }));
            }
        }
    }
    Ok(results)
}

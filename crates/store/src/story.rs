//! The contract of [`Store`] as stories that every backend passes, the one in memory first of all.
//!
//! A backend's tests say `cloudmesh_store::stories!(fresh);` where `fresh` makes an empty state. A story
//! panics where the contract is broken. It may rest on what the trait promises and on nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cloudmesh_model::{Clock, Result};
use jiff::Timestamp;

use crate::{Change, Document, Event, Expected, Lease, Listed, Outcome, Store, Stored};

/// Opens one more handle on one state, as one more process would.
pub type Handles = Box<dyn Fn() -> Result<Arc<dyn Store>> + Send + Sync>;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct SetClock(Mutex<Timestamp>);

impl Default for SetClock {
    fn default() -> Self {
        Self(Mutex::new(Timestamp::UNIX_EPOCH + Duration::from_secs(1_800_000_000)))
    }
}

impl SetClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a story is played: one state, its clock, and any number of handles.
pub struct Scene {
    clock: Arc<SetClock>,
    handles: Handles,
}

impl Scene {
    fn open(&self) -> Result<Arc<dyn Store>> {
        (self.handles)()
    }
}

/// Plays one story on a state that `fresh` makes.
///
/// # Panics
/// When the backend breaks the contract.
pub fn play(
    fresh: impl FnOnce(Arc<dyn Clock>) -> Result<Handles>,
    story: impl AsyncFn(&Scene) -> Result<()>,
) {
    let clock = Arc::new(SetClock::default());
    let played = fresh(Arc::clone(&clock) as Arc<dyn Clock>)
        .and_then(|handles| on_this_thread(story(&Scene { clock, handles })));
    if let Err(error) = played {
        panic!("{error:?}");
    }
}

fn on_this_thread<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => panic!("no runtime: {error}"),
    }
}

/// Makes one test of each story. `$fresh` is a function from a clock to [`Handles`] on an empty state.
#[macro_export]
macro_rules! stories {
    ($fresh:expr) => {
        $crate::stories! {
            $fresh;
            a_document_reads_back_as_it_was_put
            kinds_are_apart
            unchanged_documents_are_not_written
            expectations_come_first
            what_is_deleted_is_gone
            many_are_read_by_their_ids
            documents_are_found_by_prefix
            lists_are_in_order_of_place_and_row
            rows_follow_their_documents
            a_conflict_holds_nobody_back
            one_document_changes_twice_in_a_batch
            an_empty_batch_is_no_work
            leases_are_held_by_one
            leases_end
            leases_are_released_by_their_holder_alone
            the_feed_tells_of_every_document
            the_feed_is_read_in_pages
            odd_names_are_names
            large_documents_are_kept_whole
            handles_see_each_other
            writers_at_once_lose_nothing
            one_of_many_creators_wins
            a_lease_has_one_winner
            ten_thousand_rows
        }
    };
    ($fresh:expr; $($story:ident)*) => {
        $(
            #[test]
            fn $story() {
                $crate::story::play($fresh, $crate::story::$story);
            }
        )*
    };
}

fn document(kind: &str, id: &str, body: &str) -> Document {
    Document {
        kind: kind.to_owned(),
        id: id.to_owned(),
        place: "kilo".to_owned(),
        row: format!("{id}\u{1f}active"),
        body: body.to_owned(),
    }
}

fn at(id: &str, place: &str, row: &str) -> Change {
    let document = Document { place: place.to_owned(), row: row.to_owned(), ..document("server", id, "{}") };
    Change::Put(document, Expected::Any)
}

fn put(id: &str, body: &str, expected: Expected) -> Change {
    Change::Put(document("server", id, body), expected)
}

fn delete(id: &str, expected: Expected) -> Change {
    Change::Delete { kind: "server".to_owned(), id: id.to_owned(), expected }
}

async fn one(store: &dyn Store, change: Change) -> Result<Outcome> {
    let outcomes = store.apply(vec![change]).await?;
    assert_eq!(outcomes.len(), 1, "one outcome for one change");
    Ok(outcomes[0])
}

async fn ids(store: &dyn Store, kind: &str, places: Option<&[&str]>) -> Result<Vec<String>> {
    let places: Option<Vec<String>> =
        places.map(|places| places.iter().map(|&place| place.to_owned()).collect());
    let mut ids = Vec::new();
    store.list(kind, places.as_deref(), &mut |listed: Listed| ids.push(listed.id)).await?;
    Ok(ids)
}

/// The whole feed after `after`, read in small pages; checks that it grows.
async fn feed(store: &dyn Store, mut after: u64, limit: usize) -> Result<Vec<Event>> {
    let mut all = Vec::new();
    loop {
        let page = store.events(after, limit).await?;
        assert!(page.len() <= limit, "{} events, {limit} is the most", page.len());
        for event in page {
            assert!(event.sequence > after, "the feed grows strictly");
            after = event.sequence;
            all.push(event);
        }
        if after >= store.latest().await? {
            return Ok(all);
        }
    }
}

/// What a consumer knows of each document after these events: whether it is gone.
fn known(events: &[Event]) -> BTreeMap<&str, bool> {
    events.iter().map(|event| (event.id.as_str(), event.deleted)).collect()
}

/// All fields come back; the version begins at 1; what was never put is not there.
pub async fn a_document_reads_back_as_it_was_put(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    assert_eq!(store.get("server", "a").await?, None);
    let document = document("server", "a", r#"{"name":"a"}"#);
    assert_eq!(one(&*store, Change::Put(document.clone(), Expected::Any)).await?, Outcome::Written(1));
    assert_eq!(store.get("server", "a").await?, Some(Stored { document: document.clone(), version: 1 }));
    assert_eq!(store.get("server", "A").await?, None);

    for (field, version) in [("body", 2), ("row", 3), ("place", 4)] {
        let mut next = document.clone();
        match field {
            "body" => next.body = "{}".to_owned(),
            "row" => next.row = "another".to_owned(),
            _ => next.place = String::new(),
        }
        let outcome = one(&*store, Change::Put(next.clone(), Expected::Any)).await?;
        assert_eq!(outcome, Outcome::Written(version), "another {field} is a change");
        assert_eq!(store.get("server", "a").await?, Some(Stored { document: next, version }));
    }
    Ok(())
}

/// One id in two kinds is two documents.
pub async fn kinds_are_apart(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    for kind in ["server", "serve", "server2", "plan"] {
        let outcome = one(&*store, Change::Put(document(kind, "a", kind), Expected::Absent)).await?;
        assert_eq!(outcome, Outcome::Written(1));
    }
    assert_eq!(one(&*store, delete("a", Expected::Any)).await?, Outcome::Deleted);
    assert_eq!(store.get("server", "a").await?, None);
    assert_eq!(store.get("plan", "a").await?.map(|stored| stored.document.body).as_deref(), Some("plan"));
    assert_eq!(ids(&*store, "serve", None).await?, ["a"]);
    assert_eq!(store.documents("serve", "").await?.len(), 1);
    assert_eq!(store.get_many("server2", &["a".to_owned()]).await?.len(), 1);
    Ok(())
}

/// The version stays and no event is made.
pub async fn unchanged_documents_are_not_written(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    one(&*store, put("a", "1", Expected::Any)).await?;
    one(&*store, put("a", "2", Expected::Any)).await?;
    let latest = store.latest().await?;
    for expected in [Expected::Any, Expected::Version(2)] {
        assert_eq!(one(&*store, put("a", "2", expected)).await?, Outcome::Unchanged(2));
    }
    assert_eq!(store.latest().await?, latest);
    assert_eq!(store.events(latest, 10).await?, []);
    Ok(())
}

/// A change whose expectation fails is a conflict that names what is there, even where it would write
/// the same.
pub async fn expectations_come_first(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    assert_eq!(one(&*store, put("a", "1", Expected::Version(1))).await?, Outcome::Conflict(None));
    assert_eq!(one(&*store, put("a", "1", Expected::Absent)).await?, Outcome::Written(1));
    assert_eq!(one(&*store, put("a", "1", Expected::Absent)).await?, Outcome::Conflict(Some(1)));
    assert_eq!(one(&*store, put("a", "2", Expected::Absent)).await?, Outcome::Conflict(Some(1)));
    assert_eq!(one(&*store, put("a", "2", Expected::Version(2))).await?, Outcome::Conflict(Some(1)));
    assert_eq!(one(&*store, put("a", "2", Expected::Version(1))).await?, Outcome::Written(2));
    assert_eq!(one(&*store, put("a", "2", Expected::Version(1))).await?, Outcome::Conflict(Some(2)));
    assert_eq!(one(&*store, delete("a", Expected::Version(1))).await?, Outcome::Conflict(Some(2)));
    assert_eq!(one(&*store, delete("a", Expected::Absent)).await?, Outcome::Conflict(Some(2)));
    let found = store.get("server", "a").await?;
    assert_eq!(found.map(|stored| (stored.document.body, stored.version)), Some(("2".to_owned(), 2)));
    assert_eq!(one(&*store, delete("a", Expected::Version(2))).await?, Outcome::Deleted);
    assert!(!Outcome::Conflict(None).stands() && Outcome::Deleted.stands());
    Ok(())
}

/// From reads and lists alike; deleting what is not there succeeds and is no event.
pub async fn what_is_deleted_is_gone(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    one(&*store, put("a", "1", Expected::Any)).await?;
    assert_eq!(one(&*store, delete("a", Expected::Any)).await?, Outcome::Deleted);
    assert_eq!(store.get("server", "a").await?, None);
    assert_eq!(ids(&*store, "server", None).await?, [""; 0]);
    assert_eq!(store.documents("server", "").await?, []);
    let latest = store.latest().await?;
    for expected in [Expected::Any, Expected::Absent, Expected::Version(1)] {
        assert_eq!(one(&*store, delete("a", expected)).await?, Outcome::Deleted);
    }
    assert_eq!(store.latest().await?, latest);
    assert_eq!(one(&*store, put("a", "1", Expected::Absent)).await?, Outcome::Written(1));
    assert_eq!(ids(&*store, "server", None).await?, ["a"]);
    Ok(())
}

/// Those that are not there are left out; an id that is asked for twice is answered once.
pub async fn many_are_read_by_their_ids(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    let batch = (0..500).map(|n| put(&format!("s{n}"), &n.to_string(), Expected::Any)).collect();
    store.apply(batch).await?;
    let asked: Vec<String> =
        (0..1000).rev().map(|n| format!("s{}", n * 2)).chain(["s0".to_owned()]).collect();
    let found = store.get_many("server", &asked).await?;
    let bodies: BTreeSet<&str> = found.iter().map(|stored| stored.document.body.as_str()).collect();
    assert_eq!((found.len(), bodies.len()), (250, 250));
    assert!(found.iter().all(|stored| stored.document.id == format!("s{}", stored.document.body)));
    assert_eq!(store.get_many("server", &[]).await?, []);
    Ok(())
}

/// In the order of their ids; no character of a prefix has a meaning of its own.
pub async fn documents_are_found_by_prefix(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    let names =
        ["a", "a%b", "a%", "a_", "a.c", "ab", "b", "A", "é", "éa", "\u{10ffff}x", "a/1", "a/10", "a/2"];
    store.apply(names.iter().map(|name| put(name, "{}", Expected::Any)).collect()).await?;
    for prefix in ["", "a", "a%", "a_", "a.", "a/1", "é", "\u{10ffff}", "e", "zz"] {
        let mut expected: Vec<&str> = names.into_iter().filter(|name| name.starts_with(prefix)).collect();
        expected.sort_unstable();
        let found = store.documents("server", prefix).await?;
        let found: Vec<&str> = found.iter().map(|stored| stored.document.id.as_str()).collect();
        assert_eq!(found, expected, "prefix {prefix:?}");
    }
    Ok(())
}

/// Everywhere, at some places, at none; the order of `places` and repetitions in it mean nothing.
pub async fn lists_are_in_order_of_place_and_row(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    let batch = vec![
        at("1", "lima", "b"),
        at("2", "kilo", "c"),
        at("3", "kilo", "a\u{1f}z"),
        at("4", "kilo", "a"),
        at("5", "", "x"),
        at("6", "mike", "a"),
        at("7", "lima", "Z"),
        at("8", "lima", "é"),
    ];
    store.apply(batch).await?;
    assert_eq!(ids(&*store, "server", None).await?, ["5", "4", "3", "2", "7", "1", "8", "6"]);
    assert_eq!(
        ids(&*store, "server", Some(&["lima", "kilo", "lima"])).await?,
        ["4", "3", "2", "7", "1", "8"]
    );
    assert_eq!(ids(&*store, "server", Some(&[""])).await?, ["5"]);
    assert_eq!(ids(&*store, "server", Some(&["nowhere"])).await?, [""; 0]);
    assert_eq!(ids(&*store, "server", Some(&[])).await?, [""; 0]);
    assert_eq!(ids(&*store, "job", None).await?, [""; 0]);
    let mut rows = Vec::new();
    store.list("server", None, &mut |listed| rows.push(listed)).await?;
    let third = &rows[2];
    assert_eq!((third.place.as_str(), third.row.cells().collect::<Vec<_>>()), ("kilo", vec!["a", "z"]));
    Ok(())
}

/// A document that changes its row or place is listed once, where it now belongs.
pub async fn rows_follow_their_documents(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    store.apply(vec![at("1", "kilo", "a"), at("2", "kilo", "b")]).await?;
    assert_eq!(one(&*store, at("1", "kilo", "c")).await?, Outcome::Written(2));
    assert_eq!(ids(&*store, "server", Some(&["kilo"])).await?, ["2", "1"]);
    assert_eq!(one(&*store, at("1", "lima", "c")).await?, Outcome::Written(3));
    assert_eq!(ids(&*store, "server", Some(&["kilo"])).await?, ["2"]);
    assert_eq!(ids(&*store, "server", None).await?, ["2", "1"]);
    Ok(())
}

/// Each change of a batch stands or falls alone; outcomes are in the order of the changes.
pub async fn a_conflict_holds_nobody_back(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    one(&*store, put("b", "old", Expected::Any)).await?;
    let outcomes = store
        .apply(vec![
            put("a", "new", Expected::Absent),
            put("b", "new", Expected::Absent),
            put("c", "new", Expected::Version(7)),
            delete("b", Expected::Version(9)),
            put("d", "new", Expected::Any),
            delete("nothing", Expected::Any),
            put("b", "old", Expected::Version(1)),
        ])
        .await?;
    let expected = [
        Outcome::Written(1),
        Outcome::Conflict(Some(1)),
        Outcome::Conflict(None),
        Outcome::Conflict(Some(1)),
        Outcome::Written(1),
        Outcome::Deleted,
        Outcome::Unchanged(1),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(ids(&*store, "server", None).await?, ["a", "b", "d"]);
    Ok(())
}

/// Changes of one document within one batch are carried out one after the other.
pub async fn one_document_changes_twice_in_a_batch(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    let outcomes = store
        .apply(vec![
            put("a", "1", Expected::Absent),
            put("a", "2", Expected::Version(1)),
            put("a", "3", Expected::Absent),
            delete("a", Expected::Version(2)),
            put("a", "4", Expected::Absent),
        ])
        .await?;
    let expected = [
        Outcome::Written(1),
        Outcome::Written(2),
        Outcome::Conflict(Some(2)),
        Outcome::Deleted,
        Outcome::Written(1),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(known(&feed(&*store, 0, 10).await?), BTreeMap::from([("a", false)]));
    Ok(())
}

/// Nothing asked, nothing done.
pub async fn an_empty_batch_is_no_work(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    assert_eq!(store.apply(Vec::new()).await?, []);
    assert_eq!(store.latest().await?, 0);
    assert_eq!(store.events(0, 10).await?, []);
    Ok(())
}

const MINUTE: Duration = Duration::from_secs(60);

fn held(lease: Lease) -> (String, Duration) {
    match lease {
        Lease::Held { holder, remaining } => (holder, remaining),
        Lease::Granted => panic!("the lease was granted though somebody else has it"),
    }
}

/// The second is told who has it and for how long; the holder renews it; names are apart.
pub async fn leases_are_held_by_one(scene: &Scene) -> Result<()> {
    let (here, there) = (scene.open()?, scene.open()?);
    assert_eq!(here.lease("plan/1", "here", MINUTE).await?, Lease::Granted);
    assert_eq!(held(there.lease("plan/1", "there", MINUTE).await?), ("here".to_owned(), MINUTE));
    assert_eq!(there.lease("plan/2", "there", MINUTE).await?, Lease::Granted);
    scene.clock.advance(Duration::from_secs(40));
    assert_eq!(held(there.lease("plan/1", "there", MINUTE).await?).1, Duration::from_secs(20));
    assert_eq!(here.lease("plan/1", "here", MINUTE).await?, Lease::Granted);
    scene.clock.advance(Duration::from_secs(40));
    assert_eq!(held(there.lease("plan/1", "there", MINUTE).await?).1, Duration::from_secs(20));
    assert_eq!(here.latest().await?, 0, "leases are no documents");
    Ok(())
}

/// By the injected clock, at the very moment that was agreed.
pub async fn leases_end(scene: &Scene) -> Result<()> {
    let (here, there) = (scene.open()?, scene.open()?);
    here.lease("plan/1", "here", MINUTE).await?;
    scene.clock.advance(MINUTE - Duration::from_millis(1));
    assert_eq!(held(there.lease("plan/1", "there", MINUTE).await?).1, Duration::from_millis(1));
    scene.clock.advance(Duration::from_millis(1));
    assert_eq!(there.lease("plan/1", "there", MINUTE).await?, Lease::Granted);
    assert_eq!(held(here.lease("plan/1", "here", MINUTE).await?).0, "there");
    here.lease("long", "here", Duration::MAX).await?;
    scene.clock.advance(MINUTE);
    assert_eq!(held(there.lease("long", "there", MINUTE).await?).0, "here");
    Ok(())
}

/// A stranger's release does nothing, and so does one of what nobody holds.
pub async fn leases_are_released_by_their_holder_alone(scene: &Scene) -> Result<()> {
    let (here, there) = (scene.open()?, scene.open()?);
    here.release("plan/1", "here").await?;
    here.lease("plan/1", "here", MINUTE).await?;
    there.release("plan/1", "there").await?;
    assert_eq!(held(there.lease("plan/1", "there", MINUTE).await?).0, "here");
    here.release("plan/1", "here").await?;
    assert_eq!(there.lease("plan/1", "there", MINUTE).await?, Lease::Granted);
    here.release("plan/1", "here").await?;
    assert_eq!(held(here.lease("plan/1", "here", MINUTE).await?).0, "there");
    Ok(())
}

/// A consumer that follows the feed knows the state of every document, whenever it began.
pub async fn the_feed_tells_of_every_document(scene: &Scene) -> Result<()> {
    let (here, there) = (scene.open()?, scene.open()?);
    assert_eq!(there.latest().await?, 0);
    here.apply(vec![put("a", "1", Expected::Any), put("b", "1", Expected::Any)]).await?;
    let first = there.latest().await?;
    let events = feed(&*there, 0, 100).await?;
    assert_eq!(known(&events), BTreeMap::from([("a", false), ("b", false)]));
    assert!(events.iter().all(|event| event.kind == "server" && event.place == "kilo"));
    assert_eq!(events.last().map(|event| event.sequence), Some(first), "the latest is the newest event");

    one(&*here, put("a", "2", Expected::Any)).await?;
    one(&*here, delete("b", Expected::Any)).await?;
    one(&*here, put("c", "1", Expected::Any)).await?;
    one(&*here, put("c", "1", Expected::Any)).await?;
    one(&*here, put("c", "9", Expected::Absent)).await?;
    let events = feed(&*there, first, 100).await?;
    let seen: Vec<(&str, bool)> = events.iter().map(|event| (event.id.as_str(), event.deleted)).collect();
    assert_eq!(seen, [("a", false), ("b", true), ("c", false)], "unchanged and conflict are no events");
    assert_eq!(events.last().map(|event| event.place.as_str()), Some("kilo"));

    one(&*here, put("b", "1", Expected::Any)).await?;
    let all = feed(&*there, 0, 100).await?;
    assert_eq!(known(&all), BTreeMap::from([("a", false), ("b", false), ("c", false)]));
    Ok(())
}

/// Any size of page gives the same feed.
pub async fn the_feed_is_read_in_pages(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    for round in 0..3 {
        let batch = (0..40).map(|n| put(&format!("s{n}"), &round.to_string(), Expected::Any));
        store.apply(batch.collect()).await?;
        store.apply((0..10).map(|n| delete(&format!("s{n}"), Expected::Any)).collect()).await?;
    }
    let whole = feed(&*store, 0, 10_000).await?;
    assert_eq!(known(&whole).len(), 40);
    assert_eq!(known(&whole).values().filter(|deleted| **deleted).count(), 10);
    for limit in [1, 7, whole.len()] {
        assert_eq!(feed(&*store, 0, limit).await?, whole, "pages of {limit}");
    }
    let middle = whole[whole.len() / 2].sequence;
    assert_eq!(feed(&*store, middle, 7).await?, whole[whole.len() / 2 + 1..]);
    assert_eq!(store.events(store.latest().await? + 1000, 7).await?, []);
    Ok(())
}

/// Names are compared byte by byte; nothing in them is syntax.
pub async fn odd_names_are_names(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    let long = "x".repeat(400);
    let names = [
        "",
        " ",
        "a",
        "A",
        "ä",
        "a\u{308}",
        "'",
        "\"",
        "''; DROP TABLE document; --",
        "?1",
        "$a",
        "{\"$gt\":\"\"}",
        "a.b",
        "a/b",
        "..",
        "%",
        "_",
        "*",
        "[a]",
        "\\",
        "\n",
        "\t",
        "\u{7f}",
        "\u{1f}",
        "\u{fffd}",
        "\u{feff}",
        "𝒳",
        "👩‍🚀",
        "עברית",
        "null",
        "0",
        "00",
        "-1",
        "1e3",
        &long,
    ];
    let batch = names.iter().map(|name| {
        let document = Document {
            kind: (*name).to_owned(),
            id: (*name).to_owned(),
            place: (*name).to_owned(),
            row: (*name).to_owned(),
            body: format!("body of {name}"),
        };
        Change::Put(document, Expected::Absent)
    });
    let outcomes = store.apply(batch.collect()).await?;
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Written(1)), "{outcomes:?}");
    for name in names {
        let found = store.get(name, name).await?;
        let body = found.map(|stored| stored.document.body);
        assert_eq!(body, Some(format!("body of {name}")), "{name:?}");
        assert_eq!(ids(&*store, name, Some(&[name])).await?, [name]);
        assert_eq!(store.documents(name, name).await?.len(), 1);
        assert_eq!(store.lease(name, name, MINUTE).await?, Lease::Granted);
    }
    assert_eq!(feed(&*store, 0, 7).await?.len(), names.len());
    Ok(())
}

/// A plan of some megabytes is a document like any other.
pub async fn large_documents_are_kept_whole(scene: &Scene) -> Result<()> {
    let store = scene.open()?;
    let body: String = (0..400_000).map(|n| format!("{n:08}")).collect();
    for (round, body) in [(1, body.as_str()), (2, &body[1..]), (3, "{}"), (4, &body[2..])] {
        assert_eq!(one(&*store, put("plan", body, Expected::Any)).await?, Outcome::Written(round));
        let found = store.get("server", "plan").await?;
        assert!(found.is_some_and(|stored| stored.document.body == body));
    }
    Ok(())
}

/// What one handle wrote, another reads as soon as the first was answered.
pub async fn handles_see_each_other(scene: &Scene) -> Result<()> {
    let (here, there) = (scene.open()?, scene.open()?);
    for round in 1..=20 {
        let (writer, reader) = if round % 2 == 0 { (&here, &there) } else { (&there, &here) };
        let expected = if round == 1 { Expected::Absent } else { Expected::Version(round - 1) };
        assert_eq!(one(&**writer, put("a", &round.to_string(), expected)).await?, Outcome::Written(round));
        assert_eq!(reader.get("server", "a").await?.map(|stored| stored.version), Some(round));
        assert_eq!(ids(&**reader, "server", None).await?, ["a"]);
    }
    drop(here);
    let fresh = scene.open()?;
    assert_eq!(fresh.get("server", "a").await?.map(|stored| stored.document.body).as_deref(), Some("20"));
    Ok(())
}

/// Runs `work` on `count` threads, each with a handle and a runtime of its own.
fn at_once<T: Send>(
    scene: &Scene,
    count: usize,
    work: impl AsyncFn(usize, Arc<dyn Store>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|number| {
                let work = &work;
                scope.spawn(move || on_this_thread(async { work(number, scene.open()?).await }))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

async fn add_one(store: &dyn Store, id: &str) -> Result<()> {
    loop {
        let (count, expected) = match store.get("server", id).await? {
            Some(stored) => {
                (stored.document.body.parse::<u64>().unwrap_or(0), Expected::Version(stored.version))
            }
            None => (0, Expected::Absent),
        };
        if one(store, put(id, &(count + 1).to_string(), expected)).await?.stands() {
            return Ok(());
        }
    }
}

/// With version checks no update is lost, and each has its place in the feed.
pub async fn writers_at_once_lose_nothing(scene: &Scene) -> Result<()> {
    at_once(scene, 8, async |number, store| {
        for round in 0..25 {
            add_one(&*store, "shared").await?;
            one(&*store, put(&format!("own/{number}/{round}"), "{}", Expected::Absent)).await?;
        }
        Ok(())
    })?;
    let store = scene.open()?;
    let shared = store.get("server", "shared").await?;
    assert_eq!(shared.map(|stored| (stored.document.body, stored.version)), Some(("200".to_owned(), 200)));
    assert_eq!(store.documents("server", "own/").await?.len(), 200);
    assert_eq!(known(&feed(&*store, 0, 33).await?).len(), 201);
    Ok(())
}

/// Of those that expect nothing to be there, one writes.
pub async fn one_of_many_creators_wins(scene: &Scene) -> Result<()> {
    let outcomes = at_once(scene, 8, async |number, store| {
        one(&*store, put("name", &format!("of {number}"), Expected::Absent)).await
    })?;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.stands()).count(), 1, "{outcomes:?}");
    Ok(())
}

/// Of those that ask at once, one gets it; all others hear its name.
pub async fn a_lease_has_one_winner(scene: &Scene) -> Result<()> {
    let leases = at_once(scene, 8, async |number, store| {
        Ok((number.to_string(), store.lease("plan", &number.to_string(), MINUTE).await?))
    })?;
    let winners: Vec<&String> =
        leases.iter().filter(|(_, lease)| *lease == Lease::Granted).map(|(name, _)| name).collect();
    assert_eq!(winners.len(), 1, "{leases:?}");
    for (_, lease) in &leases {
        if let Lease::Held { holder, .. } = lease {
            assert_eq!(holder, winners[0]);
        }
    }
    Ok(())
}

/// A large cloud: put, listed in order, put again unchanged, changed in part.
pub async fn ten_thousand_rows(scene: &Scene) -> Result<()> {
    const COUNT: usize = 10_000;
    let store = scene.open()?;
    let batch = |changed: usize| -> Vec<Change> {
        (0..COUNT)
            .map(|n| {
                let state = if n < changed { "stopped" } else { "active" };
                at(
                    &format!("id{}", (n * 7919) % COUNT),
                    ["kilo", "lima"][n % 2],
                    &format!("vm-{n:05}\u{1f}{state}"),
                )
            })
            .collect()
    };
    assert!(store.apply(batch(0)).await?.iter().all(|outcome| *outcome == Outcome::Written(1)));
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut listed = |listed: Listed| rows.push((listed.place, listed.row.packed().to_owned()));
    store.list("server", None, &mut listed).await?;
    assert_eq!(rows.len(), COUNT);
    assert!(rows.is_sorted(), "in order of place and row");
    assert_eq!(ids(&*store, "server", Some(&["lima"])).await?.len(), COUNT / 2);

    let latest = store.latest().await?;
    assert!(store.apply(batch(0)).await?.iter().all(|outcome| *outcome == Outcome::Unchanged(1)));
    assert_eq!(store.latest().await?, latest);

    let outcomes = store.apply(batch(100)).await?;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Written(2)).count(), 100);
    assert_eq!(feed(&*store, latest, 33).await?.len(), 100);
    Ok(())
}

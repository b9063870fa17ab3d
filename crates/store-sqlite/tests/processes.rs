//! Many processes on one store. This test program starts itself again as each of them.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use cloudmesh_model::SystemClock;
use cloudmesh_store::{Change, Document, Expected, Outcome, Store};
use cloudmesh_store_sqlite::SqliteStore;

/// What a started process is to do, and where.
const ROLE: &str = "STORE_TEST_ROLE";
const FOLDER: &str = "STORE_TEST_FOLDER";
const NUMBER: &str = "STORE_TEST_NUMBER";

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(&folder.join("home/store.db"), Arc::new(SystemClock)).unwrap()
}

fn put(id: &str, body: &str, expected: Expected) -> Change {
    let document = Document {
        kind: "server".to_owned(),
        id: id.to_owned(),
        place: "kilo".to_owned(),
        row: format!("{id}\u{1f}active"),
        body: body.to_owned(),
    };
    Change::Put(document, expected)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn start(role: &str, folder: &Path, number: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "as_a_started_process", "--nocapture"])
        .env(ROLE, role)
        .env(FOLDER, folder)
        .env(NUMBER, number.to_string())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Starts many, lets them go at once, and waits for all to succeed.
fn start_many(role: &str, folder: &Path, count: usize) {
    let children: Vec<Child> = (0..count).map(|number| start(role, folder, number)).collect();
    fs::write(folder.join("go"), "").unwrap();
    for mut child in children {
        assert!(child.wait().unwrap().success(), "one of {count} failed as {role}");
    }
}

fn whole(folder: &Path) {
    let connection = rusqlite::Connection::open(folder.join("home/store.db")).unwrap();
    let check: String = connection.query_row("PRAGMA integrity_check", (), |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

/// Does nothing unless it was started by one of the tests below.
#[test]
fn as_a_started_process() {
    let (Ok(role), Ok(folder), Ok(number)) =
        (std::env::var(ROLE), std::env::var(FOLDER).map(PathBuf::from), std::env::var(NUMBER))
    else {
        return;
    };
    match role.as_str() {
        "newcomer" => {
            wait_for_go(&folder);
            let store = open(&folder);
            let outcomes = block_on(store.apply(vec![put(&number, "{}", Expected::Absent)])).unwrap();
            assert_eq!(outcomes, [Outcome::Written(1)]);
        }
        "counter" => {
            wait_for_go(&folder);
            let store = open(&folder);
            for _ in 0..10 {
                block_on(add_one(&store));
            }
        }
        _ => block_on(write_until_killed(&open(&folder), &folder, &number)),
    }
}

fn wait_for_go(folder: &Path) {
    while !folder.join("go").exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

async fn add_one(store: &dyn Store) {
    loop {
        let (count, expected) = match store.get("server", "shared").await.unwrap() {
            Some(stored) => (stored.document.body.parse::<u64>().unwrap(), Expected::Version(stored.version)),
            None => (0, Expected::Absent),
        };
        let change = put("shared", &(count + 1).to_string(), expected);
        if store.apply(vec![change]).await.unwrap()[0].stands() {
            return;
        }
    }
}

/// Rewrites twenty documents of its own with each round, and notes each round that was confirmed.
async fn write_until_killed(store: &dyn Store, folder: &Path, number: &str) {
    let confirmed = folder.join(format!("confirmed-{number}"));
    let mut round = 0_u64;
    if let Some(stored) = store.get("server", &format!("{number}/0")).await.unwrap() {
        round = round_of(&stored.document.body);
    }
    loop {
        round += 1;
        let body = format!("{round} {}", "x".repeat(3000));
        let batch = (0..20).map(|n| put(&format!("{number}/{n}"), &body, Expected::Any)).collect();
        assert!(store.apply(batch).await.unwrap().iter().all(|outcome| outcome.stands()));
        fs::write(folder.join(format!("{number}.tmp")), round.to_string()).unwrap();
        fs::rename(folder.join(format!("{number}.tmp")), &confirmed).unwrap();
    }
}

fn round_of(body: &str) -> u64 {
    body.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn fifty_processes_start_at_once_on_an_empty_home() {
    for _ in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        start_many("newcomer", folder.path(), 50);
        whole(folder.path());
        let store = open(folder.path());
        assert_eq!(block_on(store.documents("server", "")).unwrap().len(), 50);
        assert!(!folder.path().join("home/store.db.new").exists());
    }
}

#[test]
fn fifty_processes_count_to_five_hundred() {
    let folder = tempfile::tempdir().unwrap();
    start_many("counter", folder.path(), 50);
    whole(folder.path());
    let stored = block_on(open(folder.path()).get("server", "shared")).unwrap().unwrap();
    assert_eq!((stored.document.body.as_str(), stored.version), ("500", 500));
}

#[test]
fn killed_writers_lose_nothing_that_was_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..8 {
        let mut children: Vec<Child> = (0..4).map(|number| start("writer", folder.path(), number)).collect();
        // Not until each has written, so that the signal hits them at work.
        while (0..4).any(|number| !folder.path().join(format!("confirmed-{number}")).exists()) {
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(20 + round * 7));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let store = open(folder.path());
        for number in 0..4 {
            let path = folder.path().join(format!("confirmed-{number}"));
            let confirmed: u64 = fs::read_to_string(&path).unwrap().parse().unwrap();
            let stored = block_on(store.documents("server", &format!("{number}/"))).unwrap();
            assert_eq!(stored.len(), 20);
            let found = round_of(&stored[0].document.body);
            assert!(found >= confirmed, "{confirmed} was confirmed, {found} is there");
            assert!(stored.iter().all(|stored| round_of(&stored.document.body) == found), "a batch is whole");
            fs::remove_file(path).unwrap();
        }
        drop(store);
        whole(folder.path());
    }
}

#[test]
fn processes_killed_while_they_make_the_store_do_not_hinder_the_next() {
    for pause in 0..10 {
        let folder = tempfile::tempdir().unwrap();
        let mut children: Vec<Child> =
            (0..4).map(|number| start("newcomer", folder.path(), number)).collect();
        fs::write(folder.path().join("go"), "").unwrap();
        std::thread::sleep(Duration::from_millis(pause));
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let store = open(folder.path());
        let outcomes = block_on(store.apply(vec![put("mine", "{}", Expected::Absent)])).unwrap();
        assert_eq!(outcomes, [Outcome::Written(1)]);
        drop(store);
        whole(folder.path());
    }
}

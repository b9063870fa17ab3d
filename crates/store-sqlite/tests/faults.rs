//! What is wrong with the file, the folder or the disk is said in one message, and nothing is lost.

#![expect(clippy::unwrap_used, reason = "a test ends where something fails")]

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cloudmesh_model::{Error, ErrorKind, Result, Retry, SystemClock};
use cloudmesh_store::{Change, Document, Expected, Outcome, Store};
use cloudmesh_store_sqlite::{FileSystem, Options, SqliteStore};
use rusqlite::Connection;
use tempfile::TempDir;

struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// A home whose store holds `count` documents and is closed.
    fn with(count: usize) -> Self {
        let home = Self::new();
        put(&home.open().unwrap(), 0..count, "{}").unwrap();
        home
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("home/store.db")
    }

    fn open(&self) -> Result<SqliteStore> {
        self.open_with(Options::default())
    }

    fn open_with(&self, options: Options) -> Result<SqliteStore> {
        SqliteStore::open_with(&self.path(), Arc::new(SystemClock), options)
    }

    fn sql(&self, text: &str) {
        Connection::open(self.path()).unwrap().execute_batch(text).unwrap();
    }

    /// What opening says is wrong.
    fn refused(&self) -> Error {
        let error = self.open().err().unwrap();
        self.told(&error);
        error
    }

    /// Names the file and says what to do.
    fn told(&self, error: &Error) {
        assert_eq!(error.kind(), ErrorKind::Store, "{error:?}");
        assert!(error.message().contains(self.path().to_str().unwrap()), "{error}");
        assert!(error.hint_text().is_some(), "{error}");
        assert!(!error.message().contains('\n') && !error.message().contains("Error"), "{error}");
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn put(store: &SqliteStore, numbers: std::ops::Range<usize>, body: &str) -> Result<Vec<Outcome>> {
    let batch = numbers.map(|number| {
        let document = Document {
            kind: "server".to_owned(),
            id: number.to_string(),
            place: "kilo".to_owned(),
            row: format!("vm-{number}"),
            body: body.to_owned(),
        };
        Change::Put(document, Expected::Any)
    });
    block_on(store.apply(batch.collect()))
}

fn count(store: &SqliteStore) -> usize {
    let mut rows = 0;
    block_on(store.list("server", None, &mut |_| rows += 1)).unwrap();
    rows
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

/// Whether this process is root, to whom no file is read-only. If so, the test `name` is done by an
/// ordinary user, in a copy of this program that such a user can reach.
fn done_by_an_ordinary_user(name: &str) -> bool {
    if !rustix::process::geteuid().is_root() {
        return false;
    }
    let folder = TempDir::new().unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("faults");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let status = Command::new(program)
        .args(["--exact", name, "--nocapture"])
        .current_dir("/")
        .env_remove("TMPDIR")
        .uid(65_534)
        .gid(65_534)
        .status()
        .unwrap();
    assert!(status.success(), "{name} fails for an ordinary user");
    true
}

#[test]
fn files_and_folder_are_the_owners_alone() {
    let home = Home::new();
    let store = home.open().unwrap();
    put(&store, 0..1, "{}").unwrap();
    assert_eq!(mode(home.path().parent().unwrap()), 0o700);
    let mut files = Vec::new();
    for entry in fs::read_dir(home.path().parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        files.push(path.file_name().unwrap().to_str().unwrap().to_owned());
    }
    files.sort();
    assert_eq!(files, ["store.db", "store.db-shm", "store.db-wal", "store.db.lock"]);
}

#[test]
fn a_store_that_others_could_read_is_closed_to_them() {
    let home = Home::with(1);
    fs::set_permissions(home.path(), Permissions::from_mode(0o644)).unwrap();
    drop(home.open().unwrap());
    assert_eq!(mode(&home.path()), 0o600);
}

#[test]
fn a_store_of_a_newer_version_is_refused_by_both_numbers() {
    let home = Home::with(3);
    home.sql("PRAGMA user_version = 7");
    let before = fs::read(home.path()).unwrap();
    let error = home.refused();
    assert!(error.message().contains("number 7") && error.message().contains("number 1"), "{error}");
    assert_eq!(fs::read(home.path()).unwrap(), before);
    home.sql("PRAGMA user_version = 1");
    assert_eq!(count(&home.open().unwrap()), 3);
}

#[test]
fn a_newer_version_that_comes_meanwhile_is_not_written_over() {
    let home = Home::with(3);
    let store = home.open().unwrap();
    put(&store, 0..1, "before").unwrap();
    home.sql("PRAGMA user_version = 2; ALTER TABLE document RENAME COLUMN packed TO columns");
    let error = put(&store, 0..3, "after").unwrap_err();
    home.told(&error);
    assert!(error.message().contains("number 2"), "{error}");
    let error = block_on(store.list("server", None, &mut |_| ())).unwrap_err();
    assert!(error.message().contains("number 2"), "{error}");
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    let home = Home::new();
    fs::create_dir(home.path().parent().unwrap()).unwrap();
    home.sql("CREATE TABLE theirs (a)");
    let before = fs::read(home.path()).unwrap();
    assert!(home.refused().message().contains("another program"));
    assert_eq!(fs::read(home.path()).unwrap(), before);
}

#[test]
fn a_file_that_was_cut_short_is_refused_and_kept() {
    let home = Home::with(2000);
    let whole = fs::read(home.path()).unwrap();
    assert!(whole.len() > 100_000);
    for length in [0, 1, 50, 100, 1000, 4096, 5000, whole.len() / 2, whole.len() - 4096] {
        fs::write(home.path(), &whole[..length]).unwrap();
        let error = home.refused();
        assert!(
            error.message().contains("damaged") || error.message().contains("not a database"),
            "{length}: {error}"
        );
        assert_eq!(fs::read(home.path()).unwrap(), &whole[..length], "{length}");
    }
    fs::write(home.path(), &whole).unwrap();
    assert_eq!(count(&home.open().unwrap()), 2000);
}

#[test]
fn what_is_no_database_is_refused_and_kept() {
    let home = Home::with(1);
    for content in ["# not a database\n".repeat(1000), "SQLite format 3".to_owned(), "\0".repeat(8192)] {
        fs::write(home.path(), &content).unwrap();
        home.refused();
        assert_eq!(fs::read_to_string(home.path()).unwrap(), content);
    }
    fs::remove_file(home.path()).unwrap();
    fs::create_dir(home.path()).unwrap();
    assert!(home.refused().message().contains("not a file"));
}

#[test]
fn damage_inside_is_told_when_it_is_met() {
    let home = Home::with(2000);
    let mut content = fs::read(home.path()).unwrap();
    content[8192..].fill(0x5a);
    fs::write(home.path(), &content).unwrap();
    let Ok(store) = home.open() else { return home.told(&home.refused()) };
    let error = block_on(store.documents("server", "")).unwrap_err();
    home.told(&error);
    assert!(error.message().contains("damaged"), "{error}");
    home.told(&put(&store, 0..2000, "other").unwrap_err());
}

#[test]
fn a_folder_that_is_a_file_is_told() {
    let home = Home::new();
    fs::write(home.path().parent().unwrap(), "").unwrap();
    home.refused();
}

#[test]
fn a_read_only_file_is_refused() {
    if done_by_an_ordinary_user("a_read_only_file_is_refused") {
        return;
    }
    let home = Home::with(3);
    fs::set_permissions(home.path(), Permissions::from_mode(0o400)).unwrap();
    assert!(home.refused().message().contains("read-only"));
    fs::set_permissions(home.path(), Permissions::from_mode(0o000)).unwrap();
    home.refused();
    fs::set_permissions(home.path(), Permissions::from_mode(0o600)).unwrap();
    assert_eq!(count(&home.open().unwrap()), 3);
}

#[test]
fn a_read_only_folder_is_refused() {
    if done_by_an_ordinary_user("a_read_only_folder_is_refused") {
        return;
    }
    let home = Home::with(3);
    let folder = home.path().parent().unwrap().to_owned();
    fs::set_permissions(&folder, Permissions::from_mode(0o500)).unwrap();
    home.refused();
    fs::set_permissions(&folder, Permissions::from_mode(0o000)).unwrap();
    home.refused();
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
    assert_eq!(count(&home.open().unwrap()), 3);

    let empty = Home::new();
    fs::set_permissions(empty.folder.path(), Permissions::from_mode(0o500)).unwrap();
    assert!(empty.refused().message().contains("read-only"));
    let folder = empty.path().parent().unwrap().to_owned();
    fs::set_permissions(empty.folder.path(), Permissions::from_mode(0o700)).unwrap();
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, Permissions::from_mode(0o500)).unwrap();
    assert!(empty.refused().message().contains("read-only"));
}

#[test]
fn a_database_that_may_not_grow_keeps_what_it_has() {
    let home = Home::with(10);
    let store = home.open_with(Options { most_bytes: Some(400_000), ..Options::default() }).unwrap();
    let error = put(&store, 0..2000, &"x".repeat(1000)).unwrap_err();
    home.told(&error);
    assert!(error.message().contains("no space"), "{error}");
    assert_eq!(count(&store), 10);
    assert_eq!(put(&store, 10..11, "{}").unwrap(), [Outcome::Written(1)], "what fits is still written");
}

#[test]
fn a_full_disk_keeps_what_it_has() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = Home::new();
    let mount = |arguments: &[&str]| {
        Command::new("mount")
            .args(arguments)
            .arg(home.folder.path())
            .status()
            .is_ok_and(|status| status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"]) {
        return;
    }
    let played = std::panic::catch_unwind(|| {
        put(&home.open().unwrap(), 0..10, "{}").unwrap();
        let store = home.open().unwrap();
        let error = put(&store, 0..2000, &"x".repeat(1000)).unwrap_err();
        home.told(&error);
        assert!(error.message().contains("no space"), "{error}");
        assert_eq!(count(&store), 10);
        drop(store);

        // Full to the last byte, so that not even the log can be made.
        let rest = home.folder.path().join("rest");
        let mut file = OpenOptions::new().create(true).append(true).open(&rest).unwrap();
        while std::io::Write::write(&mut file, &[0; 512]).is_ok() {}
        drop(file);
        match home.open() {
            Err(error) => home.told(&error),
            Ok(store) => home.told(&put(&store, 0..2000, "{1}").unwrap_err()),
        }
        let fresh = SqliteStore::open(&home.folder.path().join("other/store.db"), Arc::new(SystemClock));
        let error = fresh.err().unwrap();
        assert!(error.message().contains("no space"), "{error}");
        fs::remove_file(rest).unwrap();
        assert_eq!(count(&home.open().unwrap()), 10);
        let fresh = SqliteStore::open(&home.folder.path().join("other/store.db"), Arc::new(SystemClock));
        assert_eq!(count(&fresh.unwrap()), 0);
    });
    Command::new("umount").arg(home.folder.path()).status().unwrap();
    if let Err(panic) = played {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn whoever_waited_too_long_is_told_so_and_may_repeat() {
    let home = Home::with(3);
    let store =
        home.open_with(Options { patience: Duration::from_millis(50), ..Options::default() }).unwrap();
    let other = Connection::open(home.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = put(&store, 0..1, "{1}").unwrap_err();
    home.told(&error);
    assert!(matches!(error.retry_class(), Retry::Temporary { .. }));
    assert_eq!(count(&store), 3, "a writer holds up no reader");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(put(&store, 0..1, "{1}").unwrap(), [Outcome::Written(2)]);
}

#[test]
fn whoever_waits_for_the_making_of_the_store_is_told_so() {
    let home = Home::new();
    fs::create_dir(home.path().parent().unwrap()).unwrap();
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(home.path().with_file_name("store.db.lock"))
        .unwrap();
    lock.lock().unwrap();
    let options = Options { patience: Duration::from_millis(50), ..Options::default() };
    home.told(&home.open_with(options).err().unwrap());
    drop(lock);
    home.open_with(options).unwrap();
}

#[test]
fn a_store_that_was_taken_away_is_not_written_to() {
    let home = Home::with(3);
    let store = home.open().unwrap();
    put(&store, 0..1, "{1}").unwrap();
    let elsewhere = home.path().with_file_name("moved.db");
    fs::rename(home.path(), &elsewhere).unwrap();
    home.told(&put(&store, 0..1, "{2}").unwrap_err());
    home.told(&block_on(store.get("server", "0")).unwrap_err());
    fs::rename(&elsewhere, home.path()).unwrap();
    assert_eq!(put(&store, 0..1, "{2}").unwrap(), [Outcome::Written(3)]);
}

#[test]
fn logs_of_a_store_that_is_gone_do_not_reach_a_new_one() {
    let home = Home::new();
    let store = home.open().unwrap();
    put(&store, 0..100, "{}").unwrap();
    let log = home.path().with_file_name("store.db-wal");
    let kept = fs::read(&log).unwrap();
    drop(store);
    fs::remove_file(home.path()).unwrap();
    fs::write(&log, kept).unwrap();
    fs::write(home.path().with_file_name("store.db.new"), "half made").unwrap();
    assert_eq!(count(&home.open().unwrap()), 0);
}

#[test]
fn on_a_network_no_memory_is_shared_and_it_is_said() {
    let network = Options { file_system: FileSystem::Network, ..Options::default() };
    let home = Home::new();
    let (here, there) = (home.open_with(network).unwrap(), home.open_with(network).unwrap());
    for round in 0..5 {
        put(&here, 0..3, &format!("{{{round}}}")).unwrap();
        put(&there, 3..6, &format!("{{{round}}}")).unwrap();
        assert_eq!((count(&here), count(&there)), (6, 6));
    }
    for name in ["store.db-wal", "store.db-shm"] {
        assert!(!home.path().with_file_name(name).exists());
    }
    assert!(here.notice().unwrap().contains("network"));
    assert_eq!(Home::with(1).open().unwrap().notice(), None);
}

#[test]
fn a_store_that_was_moved_to_a_network_leaves_its_log_behind() {
    let home = Home::with(3);
    let copy = Home::new();
    fs::create_dir(copy.path().parent().unwrap()).unwrap();
    {
        // As a process leaves it that is killed: the newest change stands in the log alone.
        let store = home.open().unwrap();
        put(&store, 3..6, "{}").unwrap();
        for name in ["store.db", "store.db-wal"] {
            fs::copy(home.path().with_file_name(name), copy.path().with_file_name(name)).unwrap();
        }
    }
    let store = copy.open_with(Options { file_system: FileSystem::Network, ..Options::default() }).unwrap();
    assert_eq!(count(&store), 6);
    put(&store, 6..7, "{}").unwrap();
    for name in ["store.db-wal", "store.db-shm"] {
        assert!(!copy.path().with_file_name(name).exists(), "{name}");
    }
    drop(store);
    assert_eq!(count(&copy.open().unwrap()), 7, "back on a disk it works as it is");
}

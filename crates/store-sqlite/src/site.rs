//! Where the store's file lies, how it comes to be, and how a connection to it is made.
//!
//! The file is made complete under another name and then renamed, under a lock file: whoever finds it,
//! finds it whole. Nothing but SQLite may open the file once it stands: closing any handle of it
//! would give up the locks that SQLite holds in this process.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cloudmesh_model::{Clock, Result};
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use crate::filesystem::FileSystem;
use crate::patience::Patience;
use crate::{fault, schema};

/// How a store is opened; [`Options::default`] is right outside tests.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How long to wait for other processes before giving up.
    pub patience: Duration,
    /// What the folder lies on.
    pub file_system: FileSystem,
    /// The most bytes that the database may grow to.
    pub most_bytes: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { patience: Duration::from_secs(30), file_system: FileSystem::Detect, most_bytes: None }
    }
}

/// The file of a store.
pub(crate) struct Site {
    pub(crate) path: PathBuf,
    pub(crate) options: Options,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) network: bool,
    migrations: &'static [&'static str],
    /// Device and inode: whether the file at this path is still the one that was opened.
    identity: (u64, u64),
}

/// A connection and its patience.
pub(crate) struct Connected {
    pub(crate) connection: Connection,
    pub(crate) patience: Arc<Patience>,
}

impl Site {
    /// Finds or makes the store's file, brings its schema up to date, and connects to it.
    pub(crate) fn open(
        path: &Path,
        options: Options,
        clock: Arc<dyn Clock>,
        migrations: &'static [&'static str],
    ) -> Result<(Self, Connected)> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut site =
            Self { path: path.to_owned(), options, clock, network: false, migrations, identity: (0, 0) };
        let metadata = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(folder)
                    .map_err(|error| fault::system(path, "make the folder of", &error))?;
                site.network = options.file_system.is_network(folder);
                site.create(folder)?;
                fs::metadata(path)
            }
            found => {
                site.network = options.file_system.is_network(folder);
                found
            }
        }
        .map_err(|error| fault::system(path, "find", &error))?;
        if !metadata.is_file() {
            return Err(fault::not_a_file(path));
        }
        // SQLite takes what is shorter than the smallest page for a new database.
        match metadata.len() {
            0 => return Err(fault::empty(path)),
            1..512 => return Err(fault::damaged(path)),
            _ => {}
        }
        if metadata.mode() & 0o077 != 0 {
            // Not ours to change, or on a read-only disk: whoever may read it then, may do so now.
            let _ = fs::set_permissions(path, Permissions::from_mode(0o600));
        }
        site.identity = (metadata.dev(), metadata.ino());
        let connected = site.connect()?;
        site.bring_up_to_date(&connected)?;
        Ok((site, connected))
    }

    /// A new connection to the file, which is there.
    pub(crate) fn connect(&self) -> Result<Connected> {
        let connected = self.attach(&self.path).map_err(|error| self.fault(&error))?;
        if connected.connection.is_readonly(MAIN_DB).map_err(|error| self.fault(&error))? {
            return Err(fault::read_only(&self.path));
        }
        if self.network {
            self.leave_shared_memory(&connected).map_err(|error| self.fault(&error))?;
        }
        Ok(connected)
    }

    /// Whether the file that was opened is still the one at this path.
    pub(crate) fn check_in_place(&self) -> Result<()> {
        match fs::metadata(&self.path) {
            Ok(metadata) if (metadata.dev(), metadata.ino()) == self.identity => Ok(()),
            _ => Err(fault::moved(&self.path)),
        }
    }

    /// Whether the file has the schema that this version knows; it may have got a newer one meanwhile.
    pub(crate) fn check_schema(&self, connection: &Connection) -> Result<()> {
        match schema::number(connection).map_err(|error| self.fault(&error))? {
            number if number == self.known() => Ok(()),
            number => Err(fault::newer(&self.path, number, self.migrations.len())),
        }
    }

    pub(crate) fn fault(&self, error: &rusqlite::Error) -> cloudmesh_model::Error {
        fault::sqlite(&self.path, self.options.patience, error)
    }

    fn known(&self) -> i64 {
        i64::try_from(self.migrations.len()).unwrap_or(i64::MAX)
    }

    fn attach(&self, path: &Path) -> rusqlite::Result<Connected> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        let patience = Arc::new(Patience::new(self.options.patience));
        let waiting = Arc::clone(&patience);
        connection.busy_handler(Some(move |attempt| waiting.wait(u32::try_from(attempt).unwrap_or(0))))?;
        Ok(Connected { connection, patience })
    }

    /// Makes sure that no write-ahead log is used. With exclusive locking, which SQLite must be told before
    /// it first reads the file, even a file that has such a log is read without shared memory.
    fn leave_shared_memory(&self, connected: &Connected) -> rusqlite::Result<()> {
        let Connected { connection, patience } = connected;
        connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
        patience.run(|| connection.query_row("PRAGMA journal_mode = DELETE", (), |_| Ok(())))?;
        connection.execute_batch("PRAGMA locking_mode = NORMAL")?;
        // The exclusive lock is given up by the next access.
        patience.run(|| schema::number(connection)).map(drop)
    }

    fn bring_up_to_date(&self, connected: &Connected) -> Result<()> {
        let Connected { connection, patience } = connected;
        let number = patience.run(|| schema::number(connection)).map_err(|error| self.fault(&error))?;
        if number == self.known() {
            return Ok(());
        }
        let application: i32 = connection
            .pragma_query_value(None, "application_id", |row| row.get(0))
            .map_err(|error| self.fault(&error))?;
        if application != schema::APPLICATION {
            return Err(fault::foreign(&self.path));
        }
        if number > self.known() {
            return Err(fault::newer(&self.path, number, self.migrations.len()));
        }
        let _lock = self.lock()?;
        patience.run(|| schema::migrate(connection, self.migrations)).map_err(|error| self.fault(&error))?;
        self.check_schema(connection)
    }

    /// Makes the file, unless somebody else was faster.
    fn create(&self, folder: &Path) -> Result<()> {
        let system = |error: io::Error| fault::system(&self.path, "make", &error);
        let _lock = self.lock()?;
        if self.path.try_exists().map_err(system)? {
            return Ok(());
        }
        let unfinished = beside(&self.path, ".new");
        // What is left of a process that was killed here, and logs of a database that somebody took
        // away: SQLite would apply them to the new one.
        for stale in [&unfinished, &self.path] {
            for suffix in ["-wal", "-shm", "-journal"] {
                remove(&beside(stale, suffix)).map_err(system)?;
            }
        }
        remove(&unfinished).map_err(system)?;
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished).map_err(system)?;
        let sqlite = |error: rusqlite::Error| self.fault(&error);
        let Connected { connection, .. } = self.attach(&unfinished).map_err(sqlite)?;
        schema::migrate(&connection, self.migrations).map_err(sqlite)?;
        if !self.network {
            connection.query_row("PRAGMA journal_mode = WAL", (), |_| Ok(())).map_err(sqlite)?;
        }
        // Closing writes the log, if there is one, into the file and takes it away.
        connection.close().map_err(|(_, error)| sqlite(error))?;
        fs::rename(&unfinished, &self.path).map_err(system)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(system)
    }

    /// Takes the lock file beside the database; dropping it gives the lock back.
    fn lock(&self) -> Result<File> {
        let system = |error: io::Error| fault::system(&self.path, "lock", &error);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(beside(&self.path, ".lock"))
            .map_err(system)?;
        let patience = Patience::new(self.options.patience);
        let mut attempt = 0;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(system(error)),
                Err(TryLockError::WouldBlock) if patience.wait(attempt) => attempt += 1,
                Err(TryLockError::WouldBlock) => return Err(fault::busy(&self.path, patience.total())),
            }
        }
    }
}

/// The file beside `path` whose name has `suffix` added.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

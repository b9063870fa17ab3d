//! What SQLite and the operating system report, as one message each: what, which file, what to do.

use std::io;
use std::path::Path;
use std::time::Duration;

use cloudmesh_model::{Error, ErrorKind};
use rusqlite::{ErrorCode, ffi};

const ANOTHER_FOLDER: &str = "or set CLOUDMESH_HOME to another folder";

fn store(message: String) -> Error {
    Error::new(ErrorKind::Store, message)
}

/// Translates an error of SQLite.
pub(crate) fn sqlite(path: &Path, patience: Duration, error: &rusqlite::Error) -> Error {
    let shown = path.display();
    let extended = error.sqlite_error().map_or(0, |error| error.extended_code);
    let code = error.sqlite_error_code();
    let translated = match code {
        _ if extended == ffi::SQLITE_IOERR_SHMSIZE || extended == ffi::SQLITE_IOERR_SHMOPEN => full(path),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed) => {
            busy(path, patience)
        }
        Some(ErrorCode::NotADatabase) => {
            store(format!("the store {shown} is not a database: it was overwritten")).hint(move_away(path))
        }
        Some(ErrorCode::DatabaseCorrupt) => damaged(path),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => read_only(path),
        Some(ErrorCode::CannotOpen) => {
            store(format!("the store {shown} cannot be opened: the file or its folder does not allow it"))
                .hint(format!("make the folder and the files in it yours and writable, {ANOTHER_FOLDER}"))
        }
        Some(ErrorCode::DiskFull) => full(path),
        Some(ErrorCode::SystemIoFailure) => {
            store(format!("the disk under the store {shown} cannot be read or written"))
                .hint("look at the disk's space, quota and health, then repeat the command")
        }
        Some(ErrorCode::OutOfMemory) => store(format!("there is not enough memory to use the store {shown}")),
        _ => store(format!("the store {shown} does not work: {error}"))
            .hint("update Cloudmesh; if that does not help, report it"),
    };
    translated.with("sqlite", error).with("code", extended)
}

/// Translates an error of the operating system while `doing` something.
pub(crate) fn system(path: &Path, doing: &str, error: &io::Error) -> Error {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => full(path),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => read_only(path),
        _ => store(format!("cannot {doing} the store {shown}: {}", reason(error)))
            .hint(format!("look at the folder, {ANOTHER_FOLDER}")),
    }
    .with("system", error)
}

/// What the system says, without Rust's error number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

fn move_away(path: &Path) -> String {
    format!(
        "keep the file for repair, move it away (`mv '{0}' '{0}.damaged'`), then `cm refresh on` reads \
         clouds and clusters again",
        path.display()
    )
}

pub(crate) fn damaged(path: &Path) -> Error {
    store(format!("the store {} is damaged: it was cut short or overwritten", path.display()))
        .hint(move_away(path))
}

pub(crate) fn empty(path: &Path) -> Error {
    store(format!("the store {} is damaged: the file is empty", path.display())).hint(move_away(path))
}

pub(crate) fn foreign(path: &Path) -> Error {
    store(format!("{} is a database of another program, not a store of Cloudmesh", path.display()))
        .hint(format!("move it away, {ANOTHER_FOLDER}"))
}

pub(crate) fn not_a_file(path: &Path) -> Error {
    store(format!("the store {} is not a file", path.display()))
        .hint(format!("move it away, {ANOTHER_FOLDER}"))
}

pub(crate) fn newer(path: &Path, found: i64, known: usize) -> Error {
    store(format!(
        "the store {} was written by a newer version of Cloudmesh: its schema is number {found}, this version \
         knows up to number {known}",
        path.display()
    ))
    .hint(format!("update Cloudmesh, {ANOTHER_FOLDER}"))
}

pub(crate) fn moved(path: &Path) -> Error {
    store(format!("the store {} was moved or deleted while it was in use", path.display()))
        .hint("put it back, or start the command or server again")
}

pub(crate) fn read_only(path: &Path) -> Error {
    store(format!("the store {} cannot be written: the file or its folder is read-only", path.display()))
        .hint(format!("make the folder and the files in it yours and writable, {ANOTHER_FOLDER}"))
}

pub(crate) fn full(path: &Path) -> Error {
    store(format!("no space is left for the store {}; what it held before is kept", path.display()))
        .hint("make room on that disk (or in your quota), then repeat the command")
}

pub(crate) fn busy(path: &Path, patience: Duration) -> Error {
    store(format!(
        "the store {} is in use: other processes kept it locked for {} s",
        path.display(),
        patience.as_secs()
    ))
    .hint("wait until they have ended, then repeat the command; `cm check` lists those of Cloudmesh")
    .temporary(None)
}

//! Lines that were typed before: one file, one line each, readable by its owner alone. What holds a secret is
//! not written.

use std::path::PathBuf;

use cloudmesh_client::Home;
use cloudmesh_model::{Error, ErrorKind, Result};

/// Where they are.
pub(crate) fn path(home: &Home) -> PathBuf {
    home.folder().join("history")
}

/// A line break within an entry, as the editor's library writes it.
const BREAK: &str = "<\\n>";

fn failed(home: &Home, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Store, format!("{} cannot be used: {error}", path(home).display()))
        .hint("check its permissions")
}

/// All of them, the oldest first.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn read(home: &Home) -> Result<Vec<String>> {
    match std::fs::read(path(home)) {
        Ok(bytes) => {
            Ok(String::from_utf8_lossy(&bytes).lines().map(|line| line.replace(BREAK, "\n")).collect())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failed(home, &error)),
    }
}

/// Forgets them.
///
/// # Errors
/// When the file cannot be taken away.
pub(crate) fn clear(home: &Home) -> Result<()> {
    match std::fs::remove_file(path(home)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(home, &error)),
        _ => Ok(()),
    }
}

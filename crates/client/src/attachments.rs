//! Contents that plans refer to by hash: job scripts, user data. Files of mode 0600, named by SHA-256.

use std::io::Write;
use std::sync::Arc;

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_resource::{Action, Attachments};
use sha2::{Digest, Sha256};

use crate::Home;

/// The hash under which `content` is kept.
#[must_use]
pub fn hash(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Keeps `content`; the same content is kept once.
///
/// # Errors
/// When the file cannot be written.
pub fn keep(home: &Home, content: &[u8]) -> Result<String> {
    use std::os::unix::fs::OpenOptionsExt;
    let hash = hash(content);
    let folder = home.private("attachments")?;
    let path = folder.join(&hash);
    if path.exists() {
        return Ok(hash);
    }
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Store, format!("{} cannot be written: {error}", path.display()))
    };
    let draft = folder.join(format!(".{hash}.{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(failed)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&draft, &path).map_err(failed)?;
    Ok(hash)
}

/// Reads everything that `actions` refer to.
///
/// # Errors
/// When a file is missing or no longer has the content that its name says.
pub fn load<'a>(home: &Home, actions: impl Iterator<Item = &'a Action>) -> Result<Attachments> {
    let mut attachments = Attachments::new();
    for wanted in actions.flat_map(Action::attachments) {
        if attachments.contains_key(wanted) {
            continue;
        }
        let path = home.attachments().join(wanted);
        let content = std::fs::read(&path).map_err(|error| {
            Error::new(ErrorKind::Store, format!("{} cannot be read: {error}", path.display()))
        })?;
        if hash(&content) != wanted {
            return Err(Error::new(
                ErrorKind::Stale,
                format!("{} is not what the plan was made with", path.display()),
            )
            .hint("make the plan anew"));
        }
        attachments.insert(wanted.to_owned(), Arc::from(content));
    }
    Ok(attachments)
}

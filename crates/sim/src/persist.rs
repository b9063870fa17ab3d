//! The state file: JSON, readable by its owner only, replaced in one step.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::clock::lock;
use crate::simulator::Shared;
use crate::state::CloudState;

/// The form of the file; one of another form is not read.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'a> {
    version: u32,
    clouds: BTreeMap<&'a str, serde_json::Value>,
}

#[derive(Deserialize)]
struct Read {
    version: u32,
    clouds: BTreeMap<String, CloudState>,
}

/// The clouds in a state file; none where there is no file.
pub(crate) fn load(path: &Path) -> io::Result<BTreeMap<String, CloudState>> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let read: Read = serde_json::from_slice(&text).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("{} is no state file of a simulator: {error}", path.display()),
        )
    })?;
    if read.version != VERSION {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!(
                "{} is of version {}, this simulator reads version {VERSION}",
                path.display(),
                read.version
            ),
        ));
    }
    Ok(read.clouds)
}

/// By what the present state differs from one that was saved.
pub(crate) fn generations(shared: &Shared) -> Vec<(u64, usize)> {
    shared
        .clouds
        .values()
        .map(|cloud| {
            let state = lock(&cloud.state);
            (state.generation, state.tokens.len())
        })
        .collect()
}

/// Writes the state of all clouds.
pub(crate) fn save(path: &Path, shared: &Shared) -> io::Result<()> {
    let mut clouds = BTreeMap::new();
    for (name, cloud) in &shared.clouds {
        clouds.insert(name.as_str(), serde_json::to_value(&*lock(&cloud.state))?);
    }
    let text = serde_json::to_vec(&Written { version: VERSION, clouds })?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A temporary file of this kind can be read and written by its owner only.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&text)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

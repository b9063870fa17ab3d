//! What the user prefers of the prompt itself: colour, logs, stopwatches. One small file, so that a command
//! that needs no store opens none.

use std::collections::BTreeMap;

use cloudmesh_client::Home;
use cloudmesh_model::{Error, ErrorKind, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The user's preferences.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Colours on a terminal; as the environment says, if missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color: Option<bool>,
    /// Every list asks its places again first.
    pub refresh: bool,
    /// Every command tells more.
    pub verbose: bool,
    /// The level of the logs: error, warn, info, debug, trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_level: Option<String>,
    /// The shell says after each command how long it took.
    pub timer: bool,
    /// The shell greets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub splash: Option<bool>,
    /// Stopwatches by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stopwatches: BTreeMap<String, Stopwatch>,
}

/// A stopwatch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopwatch {
    /// Since when it runs; missing while it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Milliseconds that it ran before.
    pub before_ms: u64,
}

const FILE: &str = "shell.json";

impl Preferences {
    /// Those that are kept in the folder of settings; the usual ones where none are, or where they cannot be
    /// understood: nothing that is done for a user may fail for them.
    #[must_use]
    pub fn read(home: &Home) -> Self {
        let text = std::fs::read_to_string(home.folder().join(FILE));
        text.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Keeps them.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, home: &Home) -> Result<()> {
        home.ensure()?;
        let path = home.folder().join(FILE);
        let draft = home.folder().join(format!("{FILE}.{}.draft", std::process::id()));
        let failed = |error: std::io::Error| {
            Error::new(ErrorKind::Store, format!("{} cannot be written: {error}", path.display()))
                .hint("check its permissions")
        };
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| Error::internal(format!("preferences cannot be written: {error}")))?;
        std::fs::write(&draft, text + "\n").map_err(failed)?;
        std::fs::rename(&draft, &path).map_err(failed)
    }
}

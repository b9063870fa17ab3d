//! The folder `CLOUDMESH_HOME`: where everything of ours lies, and that it is private.

use std::path::{Path, PathBuf};

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_resource::Surroundings;

/// The folder of one installation.
#[derive(Clone, Debug)]
pub struct Home {
    folder: PathBuf,
}

impl Home {
    /// `CLOUDMESH_HOME`, else `~/.cloudmesh`. Touches nothing.
    ///
    /// # Errors
    /// When neither is known.
    pub fn locate(surroundings: &Surroundings) -> Result<Self> {
        if let Some(folder) = surroundings.variables.get("CLOUDMESH_HOME").filter(|folder| !folder.is_empty())
        {
            return Ok(Self { folder: surroundings.working_folder.join(folder) });
        }
        let user_home = surroundings.user_home.as_ref().ok_or_else(|| {
            Error::bad_input("no folder for settings: neither CLOUDMESH_HOME nor HOME is set")
                .hint("set CLOUDMESH_HOME to a folder of yours")
        })?;
        Ok(Self { folder: user_home.join(".cloudmesh") })
    }

    /// The folder at a path that is already known.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Makes the folder, 0700, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn ensure(&self) -> Result<()> {
        private_folder(&self.folder)
    }

    /// A folder within it, 0700 whatever the mode of the folder around it; made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn private(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        private_folder(&folder)?;
        Ok(folder)
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The configuration file.
    #[must_use]
    pub fn configuration(&self) -> PathBuf {
        self.folder.join("cloudmesh.yaml")
    }

    /// The database of the embedded store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.folder.join("store.sqlite")
    }

    /// Registered passwords and cached tokens.
    #[must_use]
    pub fn secrets(&self) -> PathBuf {
        self.folder.join("secrets.json")
    }

    /// Host keys of servers that were logged in to.
    #[must_use]
    pub fn known_hosts(&self) -> PathBuf {
        self.folder.join("known_hosts")
    }

    /// Contents of files that plans refer to by hash.
    #[must_use]
    pub fn attachments(&self) -> PathBuf {
        self.folder.join("attachments")
    }

    /// A private folder for sockets, with a path short enough for them: under `XDG_RUNTIME_DIR` where
    /// there is one, else under the temporary folder.
    ///
    /// # Errors
    /// When it cannot be made, or belongs to somebody else.
    pub fn runtime(&self, surroundings: &Surroundings) -> Result<PathBuf> {
        let variable = |name: &str| surroundings.variables.get(name).filter(|value| !value.is_empty());
        let user = rustix::process::getuid().as_raw();
        let folder = match variable("XDG_RUNTIME_DIR") {
            Some(folder) if Path::new(folder).is_dir() => Path::new(folder).join("cloudmesh"),
            _ => std::env::temp_dir().join(format!("cloudmesh-{user}")),
        };
        private_folder(&folder)?;
        let owner = std::os::unix::fs::MetadataExt::uid(
            &folder.symlink_metadata().map_err(|error| failed(&folder, &error))?,
        );
        if owner != user {
            return Err(Error::new(
                ErrorKind::Refused,
                format!("{} belongs to another user", folder.display()),
            )
            .hint("set XDG_RUNTIME_DIR to a folder of yours"));
        }
        Ok(folder)
    }
}

fn failed(folder: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Store, format!("the folder {} cannot be used: {error}", folder.display()))
        .hint("check its permissions, or set CLOUDMESH_HOME to a folder of yours")
}

fn private_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| failed(folder, &error))
}

//! Keys of the user's own: public keys that are kept in the store, and where the private half lies.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cloudmesh_client::{Mesh, records};
use cloudmesh_model::noun::ColumnKind::{Flag, Text};
use cloudmesh_model::noun::Shown::{Detail, List as InList};
use cloudmesh_model::{Column, Error, ErrorKind, Noun, Record, Result, Row, RowBuilder, ThingId};
use serde::{Deserialize, Serialize};

/// A public key of the user's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnKey {
    /// Its name, the store's id.
    pub id: ThingId,
    /// OpenSSH's one-line form.
    pub public_key: String,
    /// SHA-256 fingerprint as OpenSSH writes it.
    pub fingerprint: String,
    /// The file that the public key came from.
    pub source: PathBuf,
    /// Whether it is the default key.
    #[serde(skip)]
    pub default: bool,
}

/// Columns of the user's own keys.
pub(crate) static OWN_KEY: Noun = Noun {
    name: "own_key",
    plural: "keys",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "Name of the key" },
        Column { name: "fingerprint", kind: Text, shown: InList, about: "Fingerprint of the public key" },
        Column {
            name: "default",
            kind: Flag,
            shown: InList,
            about: "Whether new machines get it when none is named",
        },
        Column {
            name: "source",
            kind: Text,
            shown: InList,
            about: "Where the public key came from: a file or a cloud",
        },
        Column { name: "public_key", kind: Text, shown: Detail, about: "The public key" },
    ],
};

impl Record for OwnKey {
    const NOUN: &'static Noun = &OWN_KEY;

    fn id(&self) -> &ThingId {
        &self.id
    }

    fn place(&self) -> &str {
        ""
    }

    fn row(&self) -> Row {
        RowBuilder::new()
            .cell(self.id.as_str())
            .cell(&self.fingerprint)
            .maybe(Some(self.default))
            .cell(&self.source.display().to_string())
            .cell(&self.public_key)
            .finish()
    }
}

impl OwnKey {
    /// The file of the private half, if it lies beside the public one.
    #[must_use]
    pub fn private_file(&self) -> Option<PathBuf> {
        let private = self.source.with_extension("");
        (self.source.extension().is_some_and(|extension| extension == "pub") && private.is_file())
            .then_some(private)
    }
}

/// Reads a public key from a file.
pub(crate) fn read(name: &str, file: &Path) -> Result<OwnKey> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Error::new(ErrorKind::NotFound, format!("{} cannot be read: {error}", file.display()))
            .hint("name a public key with --source=FILE, take yours with --ssh, or make one with --generate")
    })?;
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned();
    if line.contains("PRIVATE KEY") {
        return Err(Error::bad_input(format!("{} is a private key; it stays where it is", file.display()))
            .hint(format!("name the public half: {}.pub", file.display())));
    }
    let known = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"];
    if !known.iter().any(|prefix| line.starts_with(prefix)) || line.split_whitespace().count() < 2 {
        return Err(Error::bad_input(format!("{} is not an OpenSSH public key", file.display())));
    }
    let output = keygen().arg("-l").arg("-f").arg(file).stdin(Stdio::null()).output();
    let fingerprint = match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).split_whitespace().nth(1).unwrap_or_default().to_owned()
        }
        Ok(_) => return Err(Error::bad_input(format!("{} is not an OpenSSH public key", file.display()))),
        Err(error) => return Err(no_keygen(&error)),
    };
    Ok(OwnKey {
        id: ThingId::from_stored(name),
        public_key: line,
        fingerprint,
        source: file.to_owned(),
        default: false,
    })
}

fn keygen() -> Command {
    let mut command = Command::new("ssh-keygen");
    cloudmesh_model::secret::keep_secrets_from(&mut command);
    command
}

fn no_keygen(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Unsupported, format!("ssh-keygen cannot be run: {error}"))
        .hint("install the OpenSSH client")
}

/// Makes a key pair under `CLOUDMESH_HOME/keys`; an earlier one of that name is used as it is.
pub(crate) fn generate(mesh: &Mesh, name: &str) -> Result<PathBuf> {
    mesh.home().ensure()?;
    let folder = mesh.home().private("keys")?;
    let private = folder.join(name);
    let public = folder.join(format!("{name}.pub"));
    if private.is_file() && public.is_file() {
        return Ok(public);
    }
    let status = keygen()
        .args(["-q", "-t", "ed25519", "-N", "", "-C"])
        .arg(name)
        .arg("-f")
        .arg(&private)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .map_err(|error| no_keygen(&error))?;
    if status.success() {
        Ok(public)
    } else {
        Err(Error::new(ErrorKind::Service, format!("ssh-keygen could not make {}", private.display())))
    }
}

/// The key of that name, if it is kept.
pub(crate) async fn find(mesh: &Mesh, name: &str) -> Result<Option<OwnKey>> {
    match mesh.store()?.get(OWN_KEY.name, name).await? {
        Some(stored) => Ok(Some(records::from_body(&stored.document)?)),
        None => Ok(None),
    }
}

/// The user's public key as OpenSSH would look for it, newest kinds first.
pub(crate) fn of_ssh_folder(mesh: &Mesh) -> Result<PathBuf> {
    let home = mesh.parts().surroundings.user_home.as_ref();
    let folder = home.map(|home| home.join(".ssh")).ok_or_else(|| Error::bad_input("HOME is not set"))?;
    ["id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub"]
        .iter()
        .map(|file| folder.join(file))
        .find(|file| file.is_file())
        .ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("there is no public key in {}", folder.display()))
                .hint("make one: cm key add NAME --generate")
        })
}

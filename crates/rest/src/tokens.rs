//! Tokens: who may come in, and what they may do. A token is shown once, when it is made; what is kept is its
//! SHA-256 (a token has 256 random bits, so nothing slower is needed), in a file of its own that no operation
//! of the catalogue writes.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cloudmesh_client::{Authority, Home};
use cloudmesh_model::{Error, ErrorKind, Result, Secret};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a token lets its holder do, beside reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Make changes and settings.
    pub change: bool,
    /// Run plans after which something has no way back.
    pub destroy: bool,
    /// At these places only; `None` for all.
    pub places: Option<BTreeSet<String>>,
}

impl Scope {
    /// The same as the mesh asks for it. Nobody leads credentials elsewhere over REST.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority { destroy: self.destroy, places: self.places.clone(), redirect: false }
    }
}

/// A token as it is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token {
    /// The name that its owner gave it.
    pub name: String,
    /// The part of it that is no secret.
    pub id: String,
    /// SHA-256 of the whole token, hexadecimal.
    pub hash: String,
    /// What it lets its holder do.
    pub scope: Scope,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it is good; `None` for ever.
    pub expires: Option<Timestamp>,
}

/// What tells one state of a file from another without reading it.
pub(crate) type Stamp = Option<(i64, i64, u64, u64)>;

/// The stamp of a file; `None` where there is none.
pub(crate) fn stamp(path: &Path) -> Stamp {
    let file = std::fs::metadata(path).ok()?;
    Some((file.mtime(), file.mtime_nsec(), file.size(), file.ino()))
}

/// The file of tokens.
pub struct Tokens {
    path: PathBuf,
    read: Mutex<(Stamp, Arc<Vec<Token>>)>,
}

impl Tokens {
    /// The tokens of one installation.
    #[must_use]
    pub fn of(home: &Home) -> Self {
        Self { path: home.folder().join("server").join("tokens.json"), read: Mutex::default() }
    }

    /// All of them.
    ///
    /// # Errors
    /// When the file cannot be read, or others than its owner can read it.
    pub fn all(&self) -> Result<Arc<Vec<Token>>> {
        let now = stamp(&self.path);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0 != now || now.is_none() {
            *read = (now, Arc::new(self.load()?));
        }
        Ok(Arc::clone(&read.1))
    }

    fn failed(&self, what: &str, error: impl std::fmt::Display) -> Error {
        Error::new(ErrorKind::Store, format!("{} cannot be {what}: {error}", self.path.display()))
    }

    fn load(&self) -> Result<Vec<Token>> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed("read", error)),
        };
        let mode =
            std::fs::metadata(&self.path).map_err(|error| self.failed("read", error))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Error::new(
                ErrorKind::Refused,
                format!("{} can be read by others", self.path.display()),
            )
            .hint(format!("chmod 600 {}", self.path.display())));
        }
        serde_json::from_str(&text).map_err(|error| self.failed("understood", error))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Vec<Token>) -> Result<T>) -> Result<T> {
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        let lock = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(folder.join("tokens.lock"))
            .map_err(|error| self.failed("locked", error))?;
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)
            .map_err(|error| self.failed("locked", error))?;
        let mut tokens = self.load()?;
        let answer = change(&mut tokens)?;
        let text = serde_json::to_string_pretty(&tokens).map_err(|error| self.failed("written", error))?;
        let draft = self.path.with_extension("draft");
        let written = (|| {
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&draft, &self.path)
        })();
        written.map_err(|error: std::io::Error| self.failed("written", error))?;
        Ok(answer)
    }

    /// Makes a token. The answer is the only place where it is ever seen.
    ///
    /// # Errors
    /// When the name is taken or no name, or the file cannot be written.
    pub fn create(
        &self,
        home: &Home,
        name: &str,
        scope: Scope,
        created: Timestamp,
        expires: Option<Timestamp>,
    ) -> Result<Secret> {
        let word = |character: char| character.is_ascii_alphanumeric() || "_-.".contains(character);
        if name.is_empty() || name.len() > 64 || !name.chars().all(word) {
            return Err(Error::bad_input("this cannot be the name of a token")
                .hint("use up to 64 letters, digits, `_`, `-` and `.`"));
        }
        home.ensure()?;
        home.private("server")?;
        let mut random = [0_u8; 36];
        getrandom::fill(&mut random)
            .map_err(|error| Error::internal(format!("the system gives no random numbers: {error}")))?;
        let (id, secret) = random.split_at(4);
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let token = format!("cmt_{id}_{}", URL_SAFE_NO_PAD.encode(secret));
        let hash = hash(&token);
        self.change(|tokens| {
            if tokens.iter().any(|token| token.name == name) {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    format!("there is a token called {name} already"),
                )
                .hint(format!("take another name, or delete it: cm server token delete {name}")));
            }
            tokens.push(Token { name: name.to_owned(), id, hash, scope, created, expires });
            Ok(())
        })?;
        Ok(Secret::new(token))
    }

    /// Makes a token worthless, at once.
    ///
    /// # Errors
    /// When there is none of that name, or the file cannot be written.
    pub fn delete(&self, name: &str) -> Result<()> {
        self.all()?;
        if stamp(&self.path).is_none() {
            return Err(unknown(name));
        }
        self.change(|tokens| {
            let before = tokens.len();
            tokens.retain(|token| token.name != name);
            if tokens.len() == before { Err(unknown(name)) } else { Ok(()) }
        })
    }

    /// The token that was given, if it is one of ours and still good.
    pub(crate) fn find(&self, given: &str, now: Timestamp) -> Result<Option<Token>> {
        let hash = hash(given);
        let tokens = self.all()?;
        let mut found = None;
        for token in tokens.iter() {
            if same(&token.hash, &hash) {
                found = Some(token);
            }
        }
        Ok(found.filter(|token| token.expires.is_none_or(|expires| now < expires)).cloned())
    }
}

fn unknown(name: &str) -> Error {
    let name: String = cloudmesh_model::noun::printable(name).chars().take(80).collect();
    Error::new(ErrorKind::NotFound, format!("no token is called {name}"))
        .hint("cm server token list shows those that are there")
}

/// SHA-256, hexadecimal.
pub(crate) fn hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares without telling by its time where the difference is.
fn same(one: &str, other: &str) -> bool {
    one.len() == other.len()
        && one.bytes().zip(other.bytes()).fold(0, |differ, (one, other)| differ | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_texts_are_the_same() {
        assert!(same("abc", "abc"));
        assert!(!same("abc", "abd"));
        assert!(!same("abc", "abcd"));
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}

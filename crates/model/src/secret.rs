//! A text that cannot be printed. There is no `Display`, no `Serialize`; `Debug` says `Secret(…)`;
//! the memory is wiped when it is dropped. The one way out is [`Secret::expose`], easy to search for.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A password, token or private key in memory.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text over. The caller drops its own copies.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    /// The text, for the one call that needs it: a request body, a header, a pipe to a child.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

/// Where secrets are kept, by name. Names are not secret: `cloud/kilo/OS_PASSWORD`.
pub trait SecretStore: Send + Sync {
    /// The secret called `name`, if there is one.
    ///
    /// # Errors
    /// When what keeps them cannot be read, or is readable by others.
    fn get(&self, name: &str) -> crate::Result<Option<Secret>>;

    /// Keeps `secret` under `name`, in place of an earlier one.
    ///
    /// # Errors
    /// When what keeps them cannot be written.
    fn put(&self, name: &str, secret: &Secret) -> crate::Result<()>;

    /// Forgets `name`; does nothing if it is not there.
    ///
    /// # Errors
    /// When what keeps them cannot be written.
    fn delete(&self, name: &str) -> crate::Result<()>;

    /// The names that begin with `prefix`, in order.
    ///
    /// # Errors
    /// When what keeps them cannot be read.
    fn names(&self, prefix: &str) -> crate::Result<Vec<String>>;
}

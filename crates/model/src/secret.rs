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

/// Whether an environment variable is, by its name, a secret: programs that we start do not inherit it.
#[must_use]
pub fn is_secret_variable(name: &str) -> bool {
    const ENDS: [&str; 10] = [
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "PASSCODE",
        "SECRET",
        "SECRET_KEY",
        "SECRET_ACCESS_KEY",
        "TOKEN",
        "API_KEY",
        "APIKEY",
    ];
    let name = name.to_ascii_uppercase();
    ENDS.iter().any(|end| name.ends_with(end))
}

/// Takes the secrets of our own environment out of that of a program that we are about to start.
pub fn keep_secrets_from(program: &mut std::process::Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_secret_variable) {
            program.env_remove(name);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_secret_by_its_name() {
        for name in ["OS_PASSWORD", "OS_APPLICATION_CREDENTIAL_SECRET", "AWS_SECRET_ACCESS_KEY", "os_token"] {
            assert!(is_secret_variable(name), "{name}");
        }
        for name in ["PATH", "SSH_ASKPASS", "SSH_AUTH_SOCK", "OS_AUTH_URL", "AWS_ACCESS_KEY_ID", "TOKENIZERS"]
        {
            assert!(!is_secret_variable(name), "{name}");
        }
    }
}

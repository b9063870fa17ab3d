//! How any floor asks the person in front of it. Doors without a person refuse, so nothing ever
//! hangs in a pipe.

use crate::{Error, ErrorKind, Result, Secret};

/// A way to ask a person. Doors implement it; the default refuses.
pub trait Ask: Send + Sync {
    /// Asks for a secret, without echo. `what` names it in the user's words: `password of kilo`.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] where nobody can be asked.
    fn secret(&self, what: &str) -> Result<Secret>;

    /// Asks a yes-or-no question; the default answer is no.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] where nobody can be asked.
    fn confirm(&self, question: &str) -> Result<bool>;

    /// Asks for a line of text.
    ///
    /// # Errors
    /// [`ErrorKind::Refused`] where nobody can be asked.
    fn text(&self, what: &str) -> Result<String>;

    /// Tells something that needs no answer, such as that a key wants to be touched. Says nothing where
    /// nobody is.
    fn tell(&self, _what: &str) {}
}

/// The default: nobody is there to be asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Refuse;

fn nobody(what: &str) -> Error {
    Error::new(ErrorKind::Refused, format!("{what} is needed, and nobody can be asked here"))
        .hint("run it in a terminal, or give the value by option, environment or configuration")
}

impl Ask for Refuse {
    fn secret(&self, what: &str) -> Result<Secret> {
        Err(nobody(what))
    }

    fn confirm(&self, question: &str) -> Result<bool> {
        Err(Error::new(ErrorKind::Refused, format!("not confirmed: {question}"))
            .hint("add --yes to confirm beforehand"))
    }

    fn text(&self, what: &str) -> Result<String> {
        Err(nobody(what))
    }
}

//! How a case ends, and what every error of a provider must be like.

use std::fmt;

use cloudmesh_model::{Error, ErrorKind, Result, Secret};

/// Why a case does not hold.
#[derive(Clone, Debug)]
pub struct Failure(pub String);

/// How a case ends.
pub type Outcome<T = ()> = std::result::Result<T, Failure>;

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(format!("an error where none is expected: {error:?}"))
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// Ends the case unless the condition holds.
macro_rules! hold {
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err($crate::Failure(format!($($text)+)));
        }
    };
}

pub(crate) use hold;

/// The error of `result`, which must be of one of `kinds` and fit for a person.
pub(crate) fn refused<T>(
    what: &str,
    result: Result<T>,
    kinds: &[ErrorKind],
    place: &str,
    secrets: &[Secret],
) -> Outcome<Error> {
    let Err(error) = result else {
        return Err(Failure(format!("{what} is accepted, it must be refused as {kinds:?}")));
    };
    clear(what, &error, place, secrets)?;
    hold!(
        kinds.contains(&error.kind()),
        "{what} is refused as {:?}, not as {kinds:?}: {error:?}",
        error.kind()
    );
    Ok(error)
}

/// Checks that an error names its place, is one sentence, and shows neither secrets nor raw answers.
pub(crate) fn clear(what: &str, error: &Error, place: &str, secrets: &[Secret]) -> Outcome {
    hold!(error.place() == Some(place), "{what}: the error does not name {place}: {error:?}");
    let message = error.message();
    hold!(!message.trim().is_empty(), "{what}: the error says nothing: {error:?}");
    hold!(message.chars().count() <= 1000, "{what}: the error is too long: {message}");
    let texts = [Some(message), error.hint_text()];
    for text in texts.into_iter().flatten() {
        hold!(!text.chars().any(char::is_control), "{what}: the error has control characters: {text:?}");
        hold!(!text.ends_with('.'), "{what}: the error ends with a full stop: {text}");
        for raw in ["{\"", "\":", "[{", "</", "<html", "<!DOCTYPE", "Traceback (most recent"] {
            hold!(!text.contains(raw), "{what}: the error holds a raw answer: {text}");
        }
    }
    let whole = format!("{error:?} {:?}", error.hint_text());
    for secret in secrets {
        hold!(!whole.contains(secret.expose()), "{what}: the error shows a secret");
    }
    Ok(())
}

//! The one error type. Its kind decides the exit code, its retry decides what the engine may do,
//! its message, hint and context are what a person reads. Providers translate into it; no other
//! error type crosses a crate's border.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A result with Cloudmesh's one error type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of thing went wrong. It decides the exit code and how doors show the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request itself cannot be right: unknown word, conflicting options, malformed file.
    BadInput,
    /// A name or id that nothing answers to.
    NotFound,
    /// A name that more than one thing answers to.
    Ambiguous,
    /// The thing exists already, or its state forbids the change.
    Conflict,
    /// The service's quota or limit does not allow it.
    Quota,
    /// The service did not accept the credentials.
    Unauthorized,
    /// The credentials are good, but the service's rules forbid it.
    Forbidden,
    /// Our own policy forbids it, or a needed confirmation was not given.
    Refused,
    /// The service could not be reached, or did not answer in time.
    Unreachable,
    /// The service asked us to slow down for longer than we were willing to wait.
    Throttled,
    /// The provider or service has no such ability.
    Unsupported,
    /// A fact that the plan rests on is no longer true.
    Stale,
    /// Some of the work is done, some is not.
    Partial,
    /// The user interrupted the work.
    Interrupted,
    /// The store cannot be read or written.
    Store,
    /// The service answered in a way that its protocol does not allow, or failed inside.
    Service,
    /// A fault of Cloudmesh itself.
    Internal,
}

impl ErrorKind {
    /// The exit code of a command that ends with this kind: 1 failed, 2 bad input, 3 done in part,
    /// 4 refused by policy, 5 unreachable, 130 interrupted.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::BadInput | Self::NotFound | Self::Ambiguous => 2,
            Self::Partial => 3,
            Self::Refused => 4,
            Self::Unreachable | Self::Throttled => 5,
            Self::Interrupted => 130,
            Self::Conflict
            | Self::Quota
            | Self::Unauthorized
            | Self::Forbidden
            | Self::Unsupported
            | Self::Stale
            | Self::Store
            | Self::Service
            | Self::Internal => 1,
        }
    }
}

/// What may be done about an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Repeating gives the same error.
    #[default]
    Permanent,
    /// The call surely had no effect; repeating later may work. `after_ms` is the service's own wish.
    Temporary {
        /// Milliseconds that the service asked us to wait, where it said so.
        after_ms: Option<u64>,
    },
    /// The call may have had its effect. It must be looked for before it is repeated.
    Uncertain,
}

/// An error: what happened, where, what to do. One allocation; cheap to pass in a `Result`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Error(Box<Inner>);

#[derive(Clone, Serialize, Deserialize)]
struct Inner {
    kind: ErrorKind,
    retry: Retry,
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    context: Vec<(String, String)>,
}

impl Error {
    /// An error of `kind` saying `message`: one sentence without a full stop, in the user's words.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            retry: Retry::Permanent,
            message: message.into(),
            place: None,
            hint: None,
            context: Vec::new(),
        }))
    }

    /// Shorthand for [`ErrorKind::BadInput`].
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadInput, message)
    }

    /// Shorthand for [`ErrorKind::Internal`]: a fault of ours, never of the user.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// Says what to do about it: one sentence, imperative.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Names the place (cloud, cluster, host) where it happened.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.0.place = Some(place.into());
        self
    }

    /// Adds a fact for logs and `--verbose`: never a secret, never a whole answer of a service.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.0.context.push((name.into(), value.to_string()));
        self
    }

    /// Marks what may be done about it.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Marks the call as surely without effect, to be repeated later.
    #[must_use]
    pub fn temporary(self, after: Option<Duration>) -> Self {
        let after_ms = after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self.retry(Retry::Temporary { after_ms })
    }

    /// Marks the call as perhaps carried out.
    #[must_use]
    pub fn uncertain(self) -> Self {
        self.retry(Retry::Uncertain)
    }

    /// What sort of error it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What may be done about it.
    #[must_use]
    pub fn retry_class(&self) -> Retry {
        self.0.retry
    }

    /// The one sentence that says what happened.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The place where it happened, if it is known.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.0.place.as_deref()
    }

    /// What to do about it, if there is something to do.
    #[must_use]
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Facts for logs.
    #[must_use]
    pub fn context(&self) -> &[(String, String)] {
        &self.0.context
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.0.place {
            write!(formatter, "{place}: ")?;
        }
        formatter.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} {:?}: {self}", self.0.kind, self.0.retry)?;
        for (name, value) in &self.0.context {
            write!(formatter, " {name}={value}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

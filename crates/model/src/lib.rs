//! The nouns of Cloudmesh: what every floor above talks about.
//!
//! No input, no output, nothing asynchronous lives here. A type belongs here when two floors
//! need the same meaning for it.

pub mod ask;
pub mod clock;
pub mod cloud_things;
pub mod compute;
pub mod error;
pub mod host_list;
pub mod identity;
pub mod job;
pub mod noun;
pub mod secret;

pub use ask::{Ask, Refuse};
pub use clock::{Clock, SystemClock};
pub use error::{Error, ErrorKind, Result, Retry};
pub use host_list::HostList;
pub use identity::{Installation, Mark, NativeId, ThingId, ThingKind};
pub use noun::{Column, ColumnKind, Noun, Record, Row, RowBuilder, Shown};
pub use secret::{Secret, SecretStore};

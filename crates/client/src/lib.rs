//! What every door stands on: the mesh of places, the plan engine, policy, and the catalogue in
//! which operations are defined once.

pub mod attachments;
pub mod authority;
pub mod catalogue;
pub mod configuration;
pub mod configuration_edit;
pub mod door;
pub mod draft;
pub mod engine;
pub mod home;
pub mod journal;
pub mod mesh;
pub mod names;
pub mod operation;
pub mod places;
pub mod policy;
pub mod records;
pub mod refresh;
pub mod settings;
pub mod undo;

pub use authority::Authority;
pub use catalogue::{Catalogue, Entry, Kind};
pub use door::{Attachment, Door, Freshness, Layout, PlaceAnswer, Settled};
pub use draft::Draft;
pub use engine::{Interrupts, PlanEvent, PlanOutcome};
pub use home::Home;
pub use mesh::{Mesh, Parts};
pub use operation::{Change, Envelope, Example, Input, Operation, Query, Rows, Session, Setting, Stream};

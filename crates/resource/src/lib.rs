//! The contract between plans and providers.
//!
//! A resource family has two halves: reads, which are methods of its trait, and changes, which are
//! one enum of actions that goes through [`Changes::perform`]. Plans are made of actions; the engine
//! knows [`Changes`] only and never which provider is behind it.

pub mod action;
pub mod batch;
pub mod capability;
pub mod changes;
pub mod compute;
pub mod compute_action;
pub mod plan;
pub mod provider;
pub mod thing;

pub use action::{Action, Nature};
pub use batch::{
    After, Batch, BatchAction, Dependency, JobChanges, Mail, OutputChunk, OutputStream, SubmitJob, Wishes,
};
pub use capability::{Capability, MarkField, Support};
pub use changes::{Attachments, Changes, Found, Performed, Request, Seen};
pub use compute::{Compute, Quota, ServerEvent, Usage};
pub use compute_action::{BootVolume, ComputeAction, CreateServer, CreateVolume};
pub use plan::{Fact, Filled, Plan, PlanId, Step, StepKind, Until};
pub use provider::{Connection, Family, Place, PlaceDescription, Provider, Setting, Surroundings};
pub use thing::Thing;

/// Receives one page of a list after the other. Pages come in the service's order; after the call
/// that was given it returns `Ok`, the list is complete.
pub type Pages<'a, T> = &'a mut (dyn FnMut(Vec<T>) + Send);

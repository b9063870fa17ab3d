//! What an operation is. It is defined once; every door is derived from it.

use std::future::Future;

use cloudmesh_model::{Noun, Result, Row};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::door::{Attachment, Freshness, Layout, Settled};
use crate::{Draft, Mesh};

/// The typed input of an operation: clap's arguments, JSON's schema and the rules in one type.
///
/// Every field that a default can fill is an `Option`; `bool` and `Vec` carry `#[serde(default)]`;
/// the type denies unknown fields. The doc comment of the type is the operation's help.
pub trait Input: clap::Args + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// Rules that hold between fields, for every door alike.
    ///
    /// # Errors
    /// Which rule is broken, and how to keep it.
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// An example that stands in the help and runs as a test on the simulator.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// What it shows.
    pub about: &'static str,
    /// The words after `cm`, as a shell would take them.
    pub command: &'static str,
}

/// One thing that a user can ask for.
pub trait Operation: Sized + 'static {
    /// Its name: noun and verb with a dot, `vm.boot`; words of longer commands too: `vm.ip.assign`.
    const NAME: &'static str;
    /// At least one.
    const EXAMPLES: &'static [Example];
    /// What it takes.
    type Input: Input;
}

/// Receives the rows of a query as they come.
pub trait Rows: Send {
    /// Some more rows.
    fn rows(&mut self, rows: Vec<Row>);
}

/// Reads; may refresh the store.
pub trait Query: Operation {
    /// The columns of its rows.
    const NOUN: &'static Noun;
    /// Whether it answers with a list or with one thing.
    const LAYOUT: Layout = Layout::List;

    /// Gives rows to `rows` and ends by saying how fresh and complete they are.
    fn run(
        mesh: &Mesh,
        input: Self::Input,
        envelope: &Envelope,
        rows: &mut dyn Rows,
    ) -> impl Future<Output = Result<Freshness>> + Send;
}

/// Acts outside our folder; always a plan.
pub trait Change: Operation {
    /// Writes the plan: reads what it must, changes nothing.
    fn plan(mesh: &Mesh, input: Self::Input, draft: &mut Draft) -> impl Future<Output = Result<()>> + Send;
}

/// Touches only `CLOUDMESH_HOME`; its inverse goes to the log.
pub trait Setting: Operation {
    /// Says what is to be written and how it is turned back.
    fn settle(mesh: &Mesh, input: Self::Input) -> impl Future<Output = Result<Settled>> + Send;
}

/// Bytes until ended.
pub trait Stream: Operation {
    /// Gives bytes to `bytes` until there are no more, or the door is closed.
    fn run(
        mesh: &Mesh,
        input: Self::Input,
        bytes: &mut (dyn FnMut(&[u8]) -> Result<()> + Send),
    ) -> impl Future<Output = Result<()>> + Send;
}

/// Needs a terminal: answers with what to run in it.
pub trait Session: Operation {
    /// Prepares the attachment.
    fn attach(mesh: &Mesh, input: Self::Input) -> impl Future<Output = Result<Attachment>> + Send;
}

/// What goes around any input: how to answer, and how a change is to be carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Ask the places again before answering.
    pub refresh: bool,
    /// Show the plan, do nothing.
    pub dry_run: bool,
    /// Everything is confirmed beforehand.
    pub yes: bool,
    /// Keep the plan for `plan apply`, do nothing else.
    pub save: bool,
    /// Whether to wait for the final state of what is changed; `None` for the operation's own custom.
    pub wait: Option<bool>,
    /// How many things one plan may make, change or destroy; `None` for any number.
    pub most: Option<usize>,
    /// The id that the plan gets, for a door that must know it beforehand; `None` for a new one.
    pub plan: Option<cloudmesh_resource::PlanId>,
}

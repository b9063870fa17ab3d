//! The catalogue: every operation once, its types erased to function pointers in a `static` table.
//! Nothing is registered at start; nothing runs before a command needs it.

use std::any::Any;

use cloudmesh_model::{Error, Noun, Result};
use futures::future::BoxFuture;
use serde_json::Value;

use crate::door::{Door, Layout};
use crate::operation::{Change, Envelope, Example, Input, Operation, Query, Session, Setting, Stream};
use crate::{Draft, Mesh, journal, policy};

/// An input whose type is erased. Made by [`Entry::from_matches`] or [`Entry::from_json`].
pub struct AnyInput(Box<dyn Any + Send>);

/// The five kinds of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Reads.
    Query,
    /// Acts outside our folder, by a plan.
    Change,
    /// Touches only our folder.
    Setting,
    /// Bytes until ended.
    Stream,
    /// Needs a terminal.
    Session,
}

type Run = for<'a> fn(&'a Mesh, AnyInput, &'a Envelope, &'a mut (dyn Door + 'a)) -> BoxFuture<'a, Result<()>>;

/// Plans once more what was asked for.
type Replan = for<'a> fn(&'a Mesh, Value, &'a Envelope) -> BoxFuture<'a, (Draft, Result<()>)>;

/// One operation in the catalogue.
pub struct Entry {
    /// Its name, `vm.boot`.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its examples.
    pub examples: &'static [Example],
    /// The columns of its rows and their layout, for queries.
    pub rows: Option<(&'static Noun, Layout)>,
    augment: fn(clap::Command) -> clap::Command,
    matches: fn(&clap::ArgMatches) -> Result<AnyInput>,
    json: fn(Value) -> Result<AnyInput>,
    value: fn(&AnyInput) -> Result<Value>,
    schema: fn() -> schemars::Schema,
    run: Run,
    replan: Option<Replan>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Entry({} {:?})", self.name, self.kind)
    }
}

impl Entry {
    /// Adds the input's arguments, and the operation's help, to a clap command.
    #[must_use]
    pub fn augment(&self, command: clap::Command) -> clap::Command {
        (self.augment)(command)
    }

    /// The input from clap's matches, checked.
    ///
    /// # Errors
    /// What clap or the input's own rules refuse.
    pub fn from_matches(&self, matches: &clap::ArgMatches) -> Result<AnyInput> {
        (self.matches)(matches)
    }

    /// The input from JSON, checked.
    ///
    /// # Errors
    /// What the schema or the input's own rules refuse.
    pub fn from_json(&self, value: Value) -> Result<AnyInput> {
        (self.json)(value)
    }

    /// The input as JSON: what [`Entry::from_json`] reads.
    ///
    /// # Errors
    /// When it is an input of another operation.
    pub fn to_json(&self, input: &AnyInput) -> Result<Value> {
        (self.value)(input)
    }

    /// The JSON schema of the input.
    #[must_use]
    pub fn input_schema(&self) -> schemars::Schema {
        (self.schema)()
    }

    /// The noun's word: `vm` of `vm.boot`.
    #[must_use]
    pub fn noun(&self) -> &'static str {
        self.name.split('.').next().unwrap_or(self.name)
    }

    /// Plans again what `input` asked for; `None` for operations that are no changes. Like any draft it changes
    /// nothing but the reservation of names.
    pub(crate) async fn replan(
        &self,
        mesh: &Mesh,
        input: Value,
        envelope: &Envelope,
    ) -> Option<(Draft, Result<()>)> {
        Some((self.replan?)(mesh, input, envelope).await)
    }

    /// Runs the operation; `door` gets what it answers.
    ///
    /// # Errors
    /// The operation's.
    pub async fn run(
        &self,
        mesh: &Mesh,
        input: AnyInput,
        envelope: &Envelope,
        door: &mut (dyn Door + '_),
    ) -> Result<()> {
        (self.run)(mesh, input, envelope, door).await
    }
}

fn augment<I: Input>(command: clap::Command) -> clap::Command {
    I::augment_args(command)
}

fn from_matches<I: Input>(matches: &clap::ArgMatches) -> Result<AnyInput> {
    let input = I::from_arg_matches(matches).map_err(|error| Error::bad_input(error.to_string()))?;
    input.check()?;
    Ok(AnyInput(Box::new(input)))
}

fn from_json<I: Input>(value: Value) -> Result<AnyInput> {
    let input: I = serde_json::from_value(value)
        .map_err(|error| Error::bad_input(format!("the input does not fit: {error}")))?;
    input.check()?;
    Ok(AnyInput(Box::new(input)))
}

fn to_json<I: Input>(any: &AnyInput) -> Result<Value> {
    let input: &I =
        any.0.downcast_ref().ok_or_else(|| Error::internal("an input of another operation was given"))?;
    serde_json::to_value(input)
        .map_err(|error| Error::internal(format!("an input cannot be written: {error}")))
}

fn input<I: Input>(any: AnyInput) -> Result<I> {
    any.0
        .downcast()
        .map(|boxed| *boxed)
        .map_err(|_| Error::internal("an input of another operation was given"))
}

const fn base<O: Operation>(kind: Kind, rows: Option<(&'static Noun, Layout)>, run: Run) -> Entry {
    Entry {
        name: O::NAME,
        kind,
        examples: O::EXAMPLES,
        rows,
        augment: augment::<O::Input>,
        matches: from_matches::<O::Input>,
        json: from_json::<O::Input>,
        value: to_json::<O::Input>,
        schema: || schemars::schema_for!(O::Input),
        run,
        replan: None,
    }
}

/// The entry of a query.
#[must_use]
pub const fn query<O: Query>() -> Entry {
    base::<O>(Kind::Query, Some((O::NOUN, O::LAYOUT)), |mesh, any, envelope, door| {
        Box::pin(async move {
            let input = input::<O::Input>(any)?;
            door.begin(O::NOUN, O::LAYOUT);
            let mut forward = Forward(door);
            let freshness = O::run(mesh, input, envelope, &mut forward).await?;
            door.end(&freshness);
            freshness.verdict()
        })
    })
}

struct Forward<'a, 'b>(&'a mut (dyn Door + 'b));

impl crate::operation::Rows for Forward<'_, '_> {
    fn rows(&mut self, rows: Vec<cloudmesh_model::Row>) {
        self.0.rows(rows);
    }
}

/// The entry of a change.
#[must_use]
pub const fn change<O: Change>() -> Entry {
    let mut entry = base::<O>(Kind::Change, None, |mesh, any, envelope, door| {
        Box::pin(async move {
            let (draft, planned) = plan::<O>(mesh, input::<O::Input>(any)?, envelope).await;
            policy::carry_out(mesh, draft, planned, envelope, door).await
        })
    });
    entry.replan = Some(|mesh, value, envelope| {
        Box::pin(async move {
            match serde_json::from_value(value) {
                Ok(input) => plan::<O>(mesh, input, envelope).await,
                Err(error) => (
                    Draft::new(mesh, O::NAME, envelope),
                    Err(Error::bad_input(format!("the input does not fit: {error}"))),
                ),
            }
        })
    });
    entry
}

async fn plan<O: Change>(mesh: &Mesh, input: O::Input, envelope: &Envelope) -> (Draft, Result<()>) {
    let mut draft = Draft::new(mesh, O::NAME, envelope);
    draft.input = serde_json::to_value(&input).ok();
    let planned = O::plan(mesh, input, &mut draft).await;
    (draft, planned)
}

/// The entry of a setting.
#[must_use]
pub const fn setting<O: Setting>() -> Entry {
    base::<O>(Kind::Setting, None, |mesh, any, _, door| {
        Box::pin(async move {
            let settled = O::settle(mesh, input::<O::Input>(any)?).await?;
            let message = journal::settle(mesh, O::NAME, settled).await?;
            door.settled(&message);
            Ok(())
        })
    })
}

/// The entry of a stream.
#[must_use]
pub const fn stream<O: Stream>() -> Entry {
    base::<O>(Kind::Stream, None, |mesh, any, _, door| {
        Box::pin(async move { O::run(mesh, input::<O::Input>(any)?, &mut |bytes| door.bytes(bytes)).await })
    })
}

/// The entry of a session.
#[must_use]
pub const fn session<O: Session>() -> Entry {
    base::<O>(Kind::Session, None, |mesh, any, _, door| {
        Box::pin(async move {
            let attachment = O::attach(mesh, input::<O::Input>(any)?).await?;
            door.attach(attachment)
        })
    })
}

/// All operations of a program: the families' tables, one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue {
    /// The families' tables.
    pub families: &'static [&'static [Entry]],
}

impl Catalogue {
    /// Every operation.
    pub fn entries(&self) -> impl Iterator<Item = &'static Entry> + use<> {
        self.families.iter().flat_map(|family| family.iter())
    }

    /// The operation called `name`.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'static Entry> {
        self.entries().find(|entry| entry.name == name)
    }
}

//! `group`: names for sets of things, on any cloud or cluster.

use cloudmesh_client::door::Settled;
use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows, Setting};
use cloudmesh_client::settings::{GROUP, Membership};
use cloudmesh_client::{Freshness, Mesh, records};
use cloudmesh_model::{Error, ErrorKind, HostList, Noun, Record, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::defaults::{is_word, replace};

async fn members(mesh: &Mesh, group: Option<&str>) -> Result<Vec<Membership>> {
    let all: Vec<Membership> = records::all(mesh.store()?.as_ref(), None).await?;
    Ok(all.into_iter().filter(|member| group.is_none_or(|group| member.group == group)).collect())
}

async fn existing(mesh: &Mesh, group: &str) -> Result<Vec<Membership>> {
    let members = members(mesh, Some(group)).await?;
    if members.is_empty() {
        return Err(Error::new(
            ErrorKind::NotFound,
            format!("no group is called {}", cloudmesh_model::noun::printable(group)),
        )
        .hint("cm group list shows those that are there"));
    }
    Ok(members)
}

fn check_name(group: &str) -> Result<()> {
    if is_word(group) {
        Ok(())
    } else {
        Err(Error::bad_input(format!(
            "`{}` cannot be the name of a group",
            cloudmesh_model::noun::printable(group)
        ))
        .hint("use letters, digits, `_`, `-` and `.`"))
    }
}

async fn write(mesh: &Mesh, settled: &mut Settled, id: &str, new: Option<&Membership>) -> Result<()> {
    let (change, inverse) = replace(mesh, id, new).await?;
    settled.changes.push(change);
    settled.inverse.push(inverse);
    Ok(())
}

/// Shows groups and their members.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInput {
    /// Only this group
    group: Option<String>,
}

impl Input for ListInput {}

/// `group list`.
pub struct List;

impl Operation for List {
    const NAME: &'static str = "group.list";
    const EXAMPLES: &'static [Example] = &[Example { about: "All groups", command: "group list" }];
    type Input = ListInput;
}

impl Query for List {
    const NOUN: &'static Noun = &GROUP;

    async fn run(mesh: &Mesh, input: ListInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        rows.rows(members(mesh, input.group.as_deref()).await?.iter().map(Record::row).collect());
        Ok(Freshness::own())
    }
}

/// Puts things into a group; the group comes into being with its first member.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddInput {
    /// The group
    group: String,
    /// Members: names, or a host list such as web[1-3]
    names: HostList,
    /// What they are: vm, job …
    #[arg(long)]
    kind: Option<String>,
    /// The cloud or cluster that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for AddInput {
    fn check(&self) -> Result<()> {
        check_name(&self.group)
    }
}

/// `group add`.
pub struct Add;

impl Operation for Add {
    const NAME: &'static str = "group.add";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Three machines as one group", command: "group add web web[1-3]" }];
    type Input = AddInput;
}

impl Setting for Add {
    async fn settle(mesh: &Mesh, input: AddInput) -> Result<Settled> {
        let kind = input.kind.as_deref().unwrap_or("vm");
        let mut settled = Settled {
            message: format!("{} of group {}: {}", kind, input.group, input.names),
            ..Settled::default()
        };
        for name in input.names.names() {
            let member =
                Membership::new(&input.group, kind, &name, input.cloud.as_deref().unwrap_or_default());
            write(mesh, &mut settled, member.id().as_str(), Some(&member)).await?;
        }
        Ok(settled)
    }
}

/// Takes things out of a group.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveInput {
    /// The group
    group: String,
    /// Members: names, or a host list such as web[1-3]
    names: HostList,
}

impl Input for RemoveInput {}

/// `group remove`.
pub struct Remove;

impl Operation for Remove {
    const NAME: &'static str = "group.remove";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "One machine less", command: "group remove web web2" }];
    type Input = RemoveInput;
}

impl Setting for Remove {
    async fn settle(mesh: &Mesh, input: RemoveInput) -> Result<Settled> {
        let members = existing(mesh, &input.group).await?;
        let mut settled = Settled {
            message: format!("no longer in group {}: {}", input.group, input.names),
            ..Settled::default()
        };
        for name in input.names.names() {
            let leaving: Vec<&Membership> = members.iter().filter(|member| member.name == name).collect();
            if leaving.is_empty() {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("{name} is not in group {}", input.group),
                ));
            }
            for member in leaving {
                write(mesh, &mut settled, member.id().as_str(), None).await?;
            }
        }
        Ok(settled)
    }
}

/// Deletes groups; their members stay what they are.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteInput {
    /// The groups
    #[arg(required = true)]
    groups: Vec<String>,
}

impl Input for DeleteInput {}

/// `group delete`.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "group.delete";
    const EXAMPLES: &'static [Example] = &[Example { about: "Forget a group", command: "group delete web" }];
    type Input = DeleteInput;
}

impl Setting for Delete {
    async fn settle(mesh: &Mesh, input: DeleteInput) -> Result<Settled> {
        let mut settled =
            Settled { message: format!("group deleted: {}", input.groups.join(", ")), ..Settled::default() };
        for group in &input.groups {
            for member in existing(mesh, group).await? {
                write(mesh, &mut settled, member.id().as_str(), None).await?;
            }
        }
        Ok(settled)
    }
}

/// Copies the members of a group into another.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyInput {
    /// The group to copy
    from: String,
    /// The group that gets its members
    to: String,
}

impl Input for CopyInput {
    fn check(&self) -> Result<()> {
        check_name(&self.to)
    }
}

async fn join(mesh: &Mesh, settled: &mut Settled, from: &str, to: &str) -> Result<()> {
    for member in existing(mesh, from).await? {
        let copy = Membership::new(to, &member.kind, &member.name, &member.place);
        write(mesh, settled, copy.id().as_str(), Some(&copy)).await?;
    }
    Ok(())
}

/// `group copy`.
pub struct Copy;

impl Operation for Copy {
    const NAME: &'static str = "group.copy";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "A second group like the first", command: "group copy web web-old" }];
    type Input = CopyInput;
}

impl Setting for Copy {
    async fn settle(mesh: &Mesh, input: CopyInput) -> Result<Settled> {
        let mut settled = Settled {
            message: format!("{} has the members of {}", input.to, input.from),
            ..Settled::default()
        };
        join(mesh, &mut settled, &input.from, &input.to).await?;
        Ok(settled)
    }
}

/// Makes one group of the members of two.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeInput {
    /// The first group
    first: String,
    /// The second group
    second: String,
    /// The group that gets the members of both
    into: String,
}

impl Input for MergeInput {
    fn check(&self) -> Result<()> {
        check_name(&self.into)
    }
}

/// `group merge`.
pub struct Merge;

impl Operation for Merge {
    const NAME: &'static str = "group.merge";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Two groups as one", command: "group merge web web-old all-web" }];
    type Input = MergeInput;
}

impl Setting for Merge {
    async fn settle(mesh: &Mesh, input: MergeInput) -> Result<Settled> {
        let mut settled = Settled {
            message: format!("{} has the members of {} and {}", input.into, input.first, input.second),
            ..Settled::default()
        };
        join(mesh, &mut settled, &input.first, &input.into).await?;
        join(mesh, &mut settled, &input.second, &input.into).await?;
        // A member of both is written once.
        let mut seen = std::collections::HashSet::new();
        settled.changes.retain(|change| match change {
            cloudmesh_store::Change::Put(document, _) => seen.insert(document.id.clone()),
            cloudmesh_store::Change::Delete { .. } => true,
        });
        Ok(settled)
    }
}

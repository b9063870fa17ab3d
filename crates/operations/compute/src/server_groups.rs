//! `servergroup`: machines that are to be near to each other, or far from each other.

use cloudmesh_client::operation::{Change, Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::{Draft, Freshness, Mesh, places, refresh};
use cloudmesh_model::cloud_things::{SERVER_GROUP, ServerGroup};
use cloudmesh_model::{HostList, Noun, Result, ThingId};
use cloudmesh_resource::{Action, ComputeAction, Family, Filled, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resolve;

/// The one cloud that a change is for; the plan says where it comes from.
pub(crate) async fn one_cloud(mesh: &Mesh, draft: &mut Draft, given: Option<&str>) -> Result<String> {
    let (cloud, chosen) = places::for_change(mesh, Family::Compute, given).await?;
    if let Some(from) = chosen {
        draft.filled(Filled { option: "cloud".into(), value: cloud.clone(), from: from.into() });
    }
    Ok(cloud)
}

/// Shows the server groups.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListInput {
    /// Clouds, separated by commas, or `all`
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for ListInput {}

/// `servergroup list`.
pub struct List;

impl Operation for List {
    const NAME: &'static str = "servergroup.list";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Groups of one cloud", command: "servergroup list --cloud=sim" }];
    type Input = ListInput;
}

impl Query for List {
    const NOUN: &'static Noun = &SERVER_GROUP;

    async fn run(
        mesh: &Mesh,
        input: ListInput,
        envelope: &Envelope,
        rows: &mut dyn Rows,
    ) -> Result<Freshness> {
        let clouds = places::for_reading(mesh, Family::Compute, input.cloud.as_deref()).await?;
        refresh::list::<ServerGroup>(mesh, clouds, envelope.refresh, |_| true, rows).await
    }
}

/// What a server group wants of its members.
#[derive(Clone, Copy, Debug, clap::ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// All on one host
    Affinity,
    /// All on different hosts
    AntiAffinity,
    /// On one host if that can be
    SoftAffinity,
    /// On different hosts if that can be
    SoftAntiAffinity,
}

/// Makes server groups.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInput {
    /// Names, or a host list
    names: HostList,
    /// What it wants of its members
    #[arg(long, value_enum)]
    policy: Policy,
    /// The cloud
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for CreateInput {}

/// `servergroup create`.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "servergroup.create";
    const EXAMPLES: &'static [Example] = &[Example {
        about: "Machines on different hosts",
        command: "servergroup create apart --policy=anti-affinity --cloud=sim",
    }];
    type Input = CreateInput;
}

impl Change for Create {
    async fn plan(mesh: &Mesh, input: CreateInput, draft: &mut Draft) -> Result<()> {
        let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
        let policy = match input.policy {
            Policy::Affinity => "affinity",
            Policy::AntiAffinity => "anti-affinity",
            Policy::SoftAffinity => "soft-affinity",
            Policy::SoftAntiAffinity => "soft-anti-affinity",
        };
        let names = input.names.names();
        for name in &names {
            let group = ThingId::planned();
            draft.placeholder(Thing::ServerGroup(ServerGroup {
                id: group.clone(),
                native: None,
                place: cloud.clone(),
                name: name.clone(),
                policy: policy.to_owned(),
                members: vec![],
                mark: None,
            }));
            let action =
                ComputeAction::CreateServerGroup { group, name: name.clone(), policy: policy.to_owned() };
            draft.act(&cloud, name, Action::Compute(action), &[]);
        }
        draft.title(format!(
            "make {} on {cloud}",
            cloudmesh_client::policy::counted::<ServerGroup>(names.len())
        ));
        Ok(())
    }
}

/// Deletes server groups; their members stay.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteInput {
    /// Names or ids, or a host list
    names: HostList,
    /// The cloud
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for DeleteInput {}

/// `servergroup delete`.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "servergroup.delete";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "One group", command: "servergroup delete apart --cloud=sim --yes" }];
    type Input = DeleteInput;
}

impl Change for Delete {
    async fn plan(mesh: &Mesh, input: DeleteInput, draft: &mut Draft) -> Result<()> {
        let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
        let names = input.names.names();
        for name in &names {
            let group: ServerGroup = resolve::one(mesh, &cloud, name).await?;
            if let Some(fact) = resolve::fact(&group, &cloud, name) {
                draft.fact(fact);
            }
            let action = ComputeAction::DeleteServerGroup { group: group.id.clone() };
            draft.act(&cloud, &group.name, Action::Compute(action), &[]);
        }
        draft.title(format!(
            "delete {} on {cloud}",
            cloudmesh_client::policy::counted::<ServerGroup>(names.len())
        ));
        Ok(())
    }
}

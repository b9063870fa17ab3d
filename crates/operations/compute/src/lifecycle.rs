//! `vm start`, `vm stop`, `vm delete`.

use cloudmesh_client::operation::{Change, Example, Input, Operation};
use cloudmesh_client::settings::Membership;
use cloudmesh_client::{Draft, Mesh, policy, records, refresh};
use cloudmesh_model::compute::{FloatingAddress, Reach, Server};
use cloudmesh_model::{HostList, Record, Result, ThingKind};
use cloudmesh_resource::plan::Until;
use cloudmesh_resource::{Action, ComputeAction, StepKind};
use cloudmesh_store::Expected;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resolve::{self, Wanted};

/// Starts stopped virtual machines.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartInput {
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// Members of a group
    #[arg(long)]
    group: Option<String>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for StartInput {}

/// `vm start`.
pub struct Start;

impl Operation for Start {
    const NAME: &'static str = "vm.start";
    const EXAMPLES: &'static [Example] = &[Example { about: "Two machines", command: "vm start web[1-2]" }];
    type Input = StartInput;
}

/// An action and a wait for each server.
fn act_and_wait(
    draft: &mut Draft,
    servers: &[Server],
    action: impl Fn(&Server) -> ComputeAction,
    until: Until,
) {
    for server in servers {
        if let Some(fact) = resolve::fact(server, &server.place, &server.name) {
            draft.fact(fact);
        }
        let acted = draft.act(&server.place, &server.name, Action::Compute(action(server)), &[]);
        let wait =
            StepKind::Await { thing_kind: ThingKind::Server, thing: server.id.clone(), until, limit: 900 };
        draft.step(&server.place, &server.name, wait, &[acted]);
    }
}

pub(crate) fn clouds_of(servers: &[Server]) -> String {
    let mut clouds: Vec<&str> = servers.iter().map(|server| server.place.as_str()).collect();
    clouds.sort_unstable();
    clouds.dedup();
    clouds.join(", ")
}

impl Change for Start {
    async fn plan(mesh: &Mesh, input: StartInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted {
            names: input.names.as_ref(),
            group: input.group.as_deref(),
            cloud: input.cloud.as_deref(),
        };
        let servers = resolve::servers(mesh, wanted).await?;
        act_and_wait(
            draft,
            &servers,
            |server| ComputeAction::StartServer { server: server.id.clone() },
            Until::Active,
        );
        draft.title(format!("start {} on {}", policy::counted::<Server>(servers.len()), clouds_of(&servers)));
        Ok(())
    }
}

/// Stops virtual machines; their disks and addresses stay.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopInput {
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// Members of a group
    #[arg(long)]
    group: Option<String>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for StopInput {}

/// `vm stop`.
pub struct Stop;

impl Operation for Stop {
    const NAME: &'static str = "vm.stop";
    const EXAMPLES: &'static [Example] = &[Example { about: "Two machines", command: "vm stop web[1-2]" }];
    type Input = StopInput;
}

impl Change for Stop {
    async fn plan(mesh: &Mesh, input: StopInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted {
            names: input.names.as_ref(),
            group: input.group.as_deref(),
            cloud: input.cloud.as_deref(),
        };
        let servers = resolve::servers(mesh, wanted).await?;
        act_and_wait(
            draft,
            &servers,
            |server| ComputeAction::StopServer { server: server.id.clone() },
            Until::Stopped,
        );
        draft.title(format!("stop {} on {}", policy::counted::<Server>(servers.len()), clouds_of(&servers)));
        Ok(())
    }
}

/// Deletes virtual machines, and the floating addresses that Cloudmesh made for them.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteInput {
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// Members of a group
    #[arg(long)]
    group: Option<String>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
    /// Keep their floating addresses
    #[arg(long)]
    #[serde(default)]
    keep: bool,
}

impl Input for DeleteInput {}

/// `vm delete`.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "vm.delete";
    const EXAMPLES: &'static [Example] = &[
        Example { about: "What deleting would do", command: "vm delete web1 --dryrun" },
        Example { about: "Without a question", command: "vm delete web[1-3] --yes" },
    ];
    type Input = DeleteInput;
}

impl Change for Delete {
    async fn plan(mesh: &Mesh, input: DeleteInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted {
            names: input.names.as_ref(),
            group: input.group.as_deref(),
            cloud: input.cloud.as_deref(),
        };
        let servers = resolve::servers(mesh, wanted).await?;
        let installation = mesh.installation().await?.clone();
        let mut addresses: Vec<FloatingAddress> = Vec::new();
        if !input.keep {
            let with_public =
                |server: &&Server| server.addresses.iter().any(|address| address.reach == Reach::Public);
            let mut clouds: Vec<&str> =
                servers.iter().filter(with_public).map(|server| server.place.as_str()).collect();
            clouds.sort_unstable();
            clouds.dedup();
            for cloud in clouds {
                addresses.extend(refresh::read_place::<FloatingAddress>(mesh, cloud).await?);
            }
            addresses.retain(|address| {
                address.mark.as_ref().is_some_and(|mark| *mark.installation() == installation)
            });
        }
        for server in &servers {
            let deleted = draft.act(
                &server.place,
                &server.name,
                Action::Compute(ComputeAction::DeleteServer { server: server.id.clone() }),
                &[],
            );
            let wait = StepKind::Await {
                thing_kind: ThingKind::Server,
                thing: server.id.clone(),
                until: Until::Gone,
                limit: 900,
            };
            draft.step(&server.place, &server.name, wait, &[deleted]);
            let leads_here = |address: &&FloatingAddress| {
                address.place == server.place
                    && (address.server.is_some() && address.server == server.native
                        || server.addresses.iter().any(|own| own.address == address.address))
            };
            for address in addresses.iter().filter(leads_here) {
                let action = ComputeAction::DeleteAddress { address: address.id.clone() };
                draft.act(&server.place, &address.address, Action::Compute(action), &[deleted]);
            }
        }
        leave_groups(mesh, draft, &servers).await?;
        draft.title(format!(
            "delete {} on {}",
            policy::counted::<Server>(servers.len()),
            clouds_of(&servers)
        ));
        Ok(())
    }
}

/// Deleted machines leave their groups.
async fn leave_groups(mesh: &Mesh, draft: &mut Draft, servers: &[Server]) -> Result<()> {
    let members: Vec<Membership> = records::all(mesh.store()?.as_ref(), None).await?;
    let leaving = members.iter().filter(|member| {
        member.kind == "vm"
            && servers.iter().any(|server| {
                server.name == member.name && (member.place.is_empty() || member.place == server.place)
            })
    });
    let mut changes = Vec::new();
    let mut inverse = Vec::new();
    for member in leaving {
        changes.push(cloudmesh_store::Change::Delete {
            kind: Membership::NOUN.name.to_owned(),
            id: member.id.as_str().to_owned(),
            expected: Expected::Any,
        });
        inverse.push(cloudmesh_store::Change::Put(records::document(member)?, Expected::Any));
    }
    draft.own(changes, inverse);
    Ok(())
}

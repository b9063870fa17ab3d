//! Lists of what clouds have beside machines: networks, subnets, routers, ports, volumes and their copies, and the
//! deletion of what needs nothing but its name.

use cloudmesh_client::operation::{Change, Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::{Draft, Freshness, Mesh, places, policy, refresh};
use cloudmesh_model::cloud_things::{
    NETWORK, Network, PORT, Port, ROUTER, Router, SUBNET, Subnet, VOLUME, VOLUME_SNAPSHOT, Volume,
    VolumeSnapshot,
};
use cloudmesh_model::compute::Image;
use cloudmesh_model::{HostList, Noun, Result};
use cloudmesh_resource::plan::Until;
use cloudmesh_resource::{Action, ComputeAction, Family, StepKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resolve::{self, Named};
use crate::server_groups::one_cloud;

macro_rules! list {
    ($(#[$doc:meta])* $input:ident, $operation:ident, $name:literal, $record:ident, $noun:ident, $command:literal) => {
        $(#[$doc])*
        #[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $input {
            /// Only these: names or ids, or a host list
            names: Option<HostList>,
            /// Clouds, separated by commas, or `all`
            #[arg(long)]
            cloud: Option<String>,
        }

        impl Input for $input {}

        #[doc = concat!("`", $name, "`.")]
        pub struct $operation;

        impl Operation for $operation {
            const NAME: &'static str = $name;
            const EXAMPLES: &'static [Example] = &[Example { about: "Those of one cloud", command: $command }];
            type Input = $input;
        }

        impl Query for $operation {
            const NOUN: &'static Noun = &$noun;

            async fn run(
                mesh: &Mesh,
                input: $input,
                envelope: &Envelope,
                rows: &mut dyn Rows,
            ) -> Result<Freshness> {
                let clouds = places::for_reading(mesh, Family::Compute, input.cloud.as_deref()).await?;
                let native = $noun.position("native_id").unwrap_or(0);
                let wanted = input.names.map(|names| names.names());
                let keep = move |row: &cloudmesh_model::Row| {
                    wanted.as_ref().is_none_or(|wanted| {
                        wanted.iter().any(|name| row.cell(0) == name || row.cell(native) == name)
                    })
                };
                refresh::list::<$record>(mesh, clouds, envelope.refresh, keep, rows).await
            }
        }
    };
}

list!(
    /// Shows the networks.
    NetworksInput, Networks, "network.list", Network, NETWORK, "network list --cloud=sim"
);
list!(
    /// Shows the subnets of networks.
    SubnetsInput, Subnets, "subnet.list", Subnet, SUBNET, "subnet list --cloud=sim"
);
list!(
    /// Shows the routers.
    RoutersInput, Routers, "router.list", Router, ROUTER, "router list --cloud=sim"
);
list!(
    /// Shows the ports of networks, and their addresses.
    PortsInput, Ports, "port.list", Port, PORT, "port list --cloud=sim"
);
list!(
    /// Shows the volumes.
    VolumesInput, Volumes, "volume.list", Volume, VOLUME, "volume list --cloud=sim"
);
list!(
    /// Shows the copies of volumes.
    VolumeSnapshotsInput, VolumeSnapshots, "volume.snapshot.list", VolumeSnapshot, VOLUME_SNAPSHOT,
    "volume snapshot list --cloud=sim"
);

/// The things that are meant, each once, with the facts that this rests on.
pub(crate) async fn meant<R: Named>(
    mesh: &Mesh,
    draft: &mut Draft,
    cloud: &str,
    names: &[String],
) -> Result<Vec<R>> {
    let mut found: Vec<R> = Vec::with_capacity(names.len());
    for name in names {
        let thing: R = resolve::one(mesh, cloud, name).await?;
        if let Some(fact) = resolve::fact(&thing, cloud, name) {
            draft.fact(fact);
        }
        if !found.iter().any(|known| known.id() == thing.id()) {
            found.push(thing);
        }
    }
    Ok(found)
}

/// An action and, where it leads to a state, a wait for that; the number of the last step.
pub(crate) fn act<R: Named>(
    draft: &mut Draft,
    cloud: &str,
    thing: &R,
    action: ComputeAction,
    after: &[usize],
) -> usize {
    let until = action.leads_to();
    let acted = draft.act(cloud, thing.name(), Action::Compute(action), after);
    match until {
        None => acted,
        Some(until) => wait(draft, cloud, thing, until, acted),
    }
}

fn wait<R: Named>(draft: &mut Draft, cloud: &str, thing: &R, until: Until, after: usize) -> usize {
    let kind = StepKind::Await { thing_kind: R::KIND, thing: thing.id().clone(), until, limit: 1800 };
    draft.step(cloud, thing.name(), kind, &[after])
}

macro_rules! deletion {
    ($(#[$doc:meta])* $input:ident, $operation:ident, $name:literal, $record:ident, $command:literal,
     |$thing:ident| $action:expr) => {
        $(#[$doc])*
        #[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $input {
            /// Names or ids, or a host list
            names: HostList,
            /// The cloud that they are on
            #[arg(long)]
            cloud: Option<String>,
        }

        impl Input for $input {}

        #[doc = concat!("`", $name, "`.")]
        pub struct $operation;

        impl Operation for $operation {
            const NAME: &'static str = $name;
            const EXAMPLES: &'static [Example] = &[Example { about: "One of them", command: $command }];
            type Input = $input;
        }

        impl Change for $operation {
            async fn plan(mesh: &Mesh, input: $input, draft: &mut Draft) -> Result<()> {
                let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
                let things: Vec<$record> = meant(mesh, draft, &cloud, &input.names.names()).await?;
                for $thing in &things {
                    act(draft, &cloud, $thing, $action, &[]);
                }
                draft.title(format!("delete {} on {cloud}", policy::counted::<$record>(things.len())));
                Ok(())
            }
        }
    };
}

deletion!(
    /// Deletes volumes, and what is on them.
    DeleteVolumesInput, DeleteVolumes, "volume.delete", Volume, "volume delete data --cloud=sim --yes",
    |volume| ComputeAction::DeleteVolume { volume: volume.id.clone() }
);
deletion!(
    /// Deletes copies of volumes.
    DeleteVolumeSnapshotsInput, DeleteVolumeSnapshots, "volume.snapshot.delete", VolumeSnapshot,
    "volume snapshot delete data-copy --cloud=sim --yes",
    |copy| ComputeAction::DeleteSnapshot { snapshot: copy.id.clone() }
);
deletion!(
    /// Deletes routers that nothing is connected to.
    DeleteRoutersInput, DeleteRouters, "router.delete", Router, "router delete lab --cloud=sim --dryrun",
    |router| ComputeAction::DeleteRouter { router: router.id.clone() }
);
deletion!(
    /// Deletes ports, and gives their addresses back.
    DeletePortsInput, DeletePorts, "port.delete", Port, "port delete socket --cloud=sim --yes",
    |port| ComputeAction::DeletePort { port: port.id.clone() }
);
deletion!(
    /// Deletes images.
    DeleteImagesInput, DeleteImages, "image.delete", Image, "image delete web1-image --cloud=sim --yes",
    |image| ComputeAction::DeleteImage { image: image.id.clone() }
);

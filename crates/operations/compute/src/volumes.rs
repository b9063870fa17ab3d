//! `volume`: disks of their own, which machines get and give back.

use cloudmesh_client::door::PlaceAnswer;
use cloudmesh_client::operation::{Change, Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::{Draft, Freshness, Mesh, places, policy};
use cloudmesh_model::ThingKind;
use cloudmesh_model::cloud_things::{Volume, VolumeSnapshot};
use cloudmesh_model::compute::{Image, Server};
use cloudmesh_model::noun::ColumnKind::Text;
use cloudmesh_model::noun::Shown::List as InList;
use cloudmesh_model::{Column, Error, ErrorKind, HostList, Noun, Result, RowBuilder, ThingId};
use cloudmesh_resource::plan::Until;
use cloudmesh_resource::{Action, ComputeAction, CreateVolume, Family, StepKind, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cloud_lists::{act, meant};
use crate::resolve::{self, Wanted};
use crate::server_groups::one_cloud;

/// Makes volumes.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInput {
    /// Names, or a host list such as data[1-3]
    names: HostList,
    /// Size in GiB
    #[arg(long)]
    size: u64,
    /// Type of volume; the cloud's default without it
    #[arg(long = "type")]
    volume_type: Option<String>,
    /// Image to write to it, by name or id
    #[arg(long)]
    image: Option<String>,
    /// Copy of a volume to begin as, by name or id
    #[arg(long)]
    snapshot: Option<String>,
    /// Availability zone
    #[arg(long)]
    zone: Option<String>,
    /// The cloud
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for CreateInput {
    fn check(&self) -> Result<()> {
        if self.size == 0 {
            return Err(Error::bad_input("a volume has at least 1 GiB"));
        }
        if self.image.is_some() && self.snapshot.is_some() {
            return Err(Error::bad_input(
                "a volume begins as an image or as a copy of a volume, not as both",
            ));
        }
        Ok(())
    }
}

/// `volume create`.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "volume.create";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Ten GiB", command: "volume create data --size=10 --cloud=sim" }];
    type Input = CreateInput;
}

impl Change for Create {
    async fn plan(mesh: &Mesh, input: CreateInput, draft: &mut Draft) -> Result<()> {
        let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
        let image = match &input.image {
            Some(image) => {
                let mut found: Vec<Image> = meant(mesh, draft, &cloud, std::slice::from_ref(image)).await?;
                found.pop().map(|image| image.native)
            }
            None => None,
        };
        let snapshot = match &input.snapshot {
            Some(copy) => {
                let mut found: Vec<VolumeSnapshot> =
                    meant(mesh, draft, &cloud, std::slice::from_ref(copy)).await?;
                found.pop().and_then(|copy| copy.native)
            }
            None => None,
        };
        let names = input.names.names();
        for name in &names {
            let volume = Volume {
                id: ThingId::planned(),
                native: None,
                place: cloud.clone(),
                name: name.clone(),
                status: "planned".to_owned(),
                size: input.size,
                volume_type: input.volume_type.clone().unwrap_or_default(),
                attached_to: vec![],
                devices: vec![],
                bootable: image.is_some(),
                zone: input.zone.clone(),
                created: None,
                mark: None,
            };
            draft.placeholder(Thing::Volume(volume.clone()));
            let wish = CreateVolume {
                volume: volume.id.clone(),
                name: name.clone(),
                size: input.size,
                volume_type: input.volume_type.clone(),
                image: image.clone(),
                snapshot: snapshot.clone(),
                zone: input.zone.clone(),
            };
            act(draft, &cloud, &volume, ComputeAction::CreateVolume(Box::new(wish)), &[]);
        }
        draft.title(format!("make {} on {cloud}", policy::counted::<Volume>(names.len())));
        Ok(())
    }
}

/// Makes volumes larger; what is on them stays.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendInput {
    /// Names or ids, or a host list
    names: HostList,
    /// New size in GiB
    #[arg(long)]
    size: u64,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for ExtendInput {}

/// `volume extend`.
pub struct Extend;

impl Operation for Extend {
    const NAME: &'static str = "volume.extend";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Twenty GiB", command: "volume extend data --size=20 --cloud=sim" }];
    type Input = ExtendInput;
}

impl Change for Extend {
    async fn plan(mesh: &Mesh, input: ExtendInput, draft: &mut Draft) -> Result<()> {
        let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
        let volumes: Vec<Volume> = meant(mesh, draft, &cloud, &input.names.names()).await?;
        for volume in &volumes {
            if volume.size > input.size {
                return Err(Error::bad_input(format!(
                    "{} has {} GiB; a volume cannot be made smaller",
                    volume.name, volume.size
                ))
                .at(cloud));
            }
            act(
                draft,
                &cloud,
                volume,
                ComputeAction::ExtendVolume { volume: volume.id.clone(), size: input.size },
                &[],
            );
        }
        draft.title(format!(
            "extend {} on {cloud} to {} GiB",
            policy::counted::<Volume>(volumes.len()),
            input.size
        ));
        Ok(())
    }
}

/// Gives a machine a volume.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachInput {
    /// Volumes, by name or id, or a host list
    names: HostList,
    /// The machine, by name or id
    vm: HostList,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for AttachInput {}

/// `volume attach`.
pub struct Attach;

impl Operation for Attach {
    const NAME: &'static str = "volume.attach";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "A disk for web1", command: "volume attach data web1 --cloud=sim" }];
    type Input = AttachInput;
}

/// The one machine that a volume goes to or comes from.
async fn machine(mesh: &Mesh, draft: &mut Draft, cloud: &str, names: &HostList) -> Result<Server> {
    let wanted = Wanted { names: Some(names), group: None, cloud: Some(cloud) };
    let mut servers = resolve::servers(mesh, wanted).await?;
    if servers.len() != 1 {
        return Err(Error::bad_input(format!("{} machines were named; a volume has one", servers.len())));
    }
    let server = servers.remove(0);
    if let Some(fact) = resolve::fact(&server, cloud, &server.name) {
        draft.fact(fact);
    }
    Ok(server)
}

impl Change for Attach {
    async fn plan(mesh: &Mesh, input: AttachInput, draft: &mut Draft) -> Result<()> {
        let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
        let server = machine(mesh, draft, &cloud, &input.vm).await?;
        let volumes: Vec<Volume> = meant(mesh, draft, &cloud, &input.names.names()).await?;
        for volume in &volumes {
            let action = ComputeAction::AttachVolume { volume: volume.id.clone(), server: server.id.clone() };
            act(draft, &cloud, volume, action, &[]);
        }
        draft.title(format!("give {} {} on {cloud}", server.name, policy::counted::<Volume>(volumes.len())));
        Ok(())
    }
}

/// Takes volumes off the machines that have them. Unmount them there first.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DetachInput {
    /// Volumes, by name or id, or a host list
    names: HostList,
    /// The machine, by name or id; the only one that has it without it
    vm: Option<HostList>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for DetachInput {}

/// `volume detach`.
pub struct Detach;

impl Operation for Detach {
    const NAME: &'static str = "volume.detach";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "From whichever machine has it", command: "volume detach data --cloud=sim" }];
    type Input = DetachInput;
}

impl Change for Detach {
    async fn plan(mesh: &Mesh, input: DetachInput, draft: &mut Draft) -> Result<()> {
        let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
        // What is attached changes outside of us, too.
        cloudmesh_client::refresh::read_place::<Volume>(mesh, &cloud).await?;
        let volumes: Vec<Volume> = meant(mesh, draft, &cloud, &input.names.names()).await?;
        let given = match &input.vm {
            Some(vm) => Some(machine(mesh, draft, &cloud, vm).await?),
            None => None,
        };
        for volume in &volumes {
            let server = match (&given, volume.attached_to.as_slice()) {
                (Some(server), _) => server.clone(),
                (None, [native]) => machine(mesh, draft, &cloud, &native.parse()?).await?,
                (None, []) => {
                    return Err(Error::new(
                        ErrorKind::Conflict,
                        format!("no machine has the volume {}", volume.name),
                    )
                    .at(cloud));
                }
                (None, several) => {
                    return Err(Error::new(
                        ErrorKind::Ambiguous,
                        format!("{} machines have the volume {}", several.len(), volume.name),
                    )
                    .at(cloud)
                    .hint(format!("name one of them: {}", several.join(", "))));
                }
            };
            let action = ComputeAction::DetachVolume { volume: volume.id.clone(), server: server.id.clone() };
            act(draft, &cloud, volume, action, &[]);
        }
        draft.title(format!("take off {} on {cloud}", policy::counted::<Volume>(volumes.len())));
        Ok(())
    }
}

/// Copies volumes as they are now.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SnapshotInput {
    /// Volumes, by name or id, or a host list
    names: HostList,
    /// Name of the copy, for one volume; the volume's name and the time without it
    #[arg(long)]
    name: Option<String>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for SnapshotInput {}

/// `volume snapshot create`.
pub struct Snapshot;

impl Operation for Snapshot {
    const NAME: &'static str = "volume.snapshot.create";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "A copy", command: "volume snapshot create data --name=data-copy --cloud=sim" }];
    type Input = SnapshotInput;
}

impl Change for Snapshot {
    async fn plan(mesh: &Mesh, input: SnapshotInput, draft: &mut Draft) -> Result<()> {
        let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
        let volumes: Vec<Volume> = meant(mesh, draft, &cloud, &input.names.names()).await?;
        if input.name.is_some() && volumes.len() != 1 {
            return Err(Error::bad_input(format!("one name does not do for {} copies", volumes.len())));
        }
        for volume in &volumes {
            let name = input
                .name
                .clone()
                .unwrap_or_else(|| format!("{}-{}", volume.name, mesh.now().strftime("%Y%m%d-%H%M%S")));
            let snapshot = ThingId::planned();
            let action = ComputeAction::CreateSnapshot {
                snapshot: snapshot.clone(),
                volume: volume.id.clone(),
                name: name.clone(),
            };
            let made = draft.act(&cloud, &name, Action::Compute(action), &[]);
            let ready = StepKind::Await {
                thing_kind: ThingKind::VolumeSnapshot,
                thing: snapshot,
                until: Until::Available,
                limit: 3600,
            };
            draft.step(&cloud, &name, ready, &[made]);
        }
        draft.title(format!("copy {} on {cloud}", policy::counted::<Volume>(volumes.len())));
        Ok(())
    }
}

static TYPE: Noun = Noun {
    name: "volume_type",
    plural: "types of volumes",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "Name of the type" },
        Column { name: "about", kind: Text, shown: InList, about: "A line about it" },
        Column { name: "cloud", kind: Text, shown: InList, about: "The cloud" },
    ],
};

/// Shows the types of volumes.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TypesInput {
    /// The cloud
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for TypesInput {}

/// `volume type list`.
pub struct Types;

impl Operation for Types {
    const NAME: &'static str = "volume.type.list";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Types of one cloud", command: "volume type list --cloud=sim" }];
    type Input = TypesInput;
}

impl Query for Types {
    const NOUN: &'static Noun = &TYPE;

    async fn run(mesh: &Mesh, input: TypesInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let (cloud, _) = places::for_change(mesh, Family::Compute, input.cloud.as_deref()).await?;
        let types = mesh.places()?.cloud(mesh, &cloud).await?.volume_types().await?;
        let row =
            |(name, about): &(String, String)| RowBuilder::new().cell(name).cell(about).cell(&cloud).finish();
        rows.rows(types.iter().map(row).collect());
        let answer = PlaceAnswer { place: cloud, as_of: Some(mesh.now()), error: None };
        Ok(Freshness { places: vec![answer], note: None })
    }
}

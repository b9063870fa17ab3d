//! `vm boot`: from a few words to a plan of servers, keys and addresses.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cloudmesh_client::operation::{Change, Example, Input, Operation};
use cloudmesh_client::settings::{DefaultValue, GENERAL, Membership};
use cloudmesh_client::{Draft, Mesh, places, policy, records};
use cloudmesh_model::cloud_things::{Port, SecurityGroup, ServerGroup, Volume};
use cloudmesh_model::compute::{Flavor, FloatingAddress, Image, KeyPair, Server, ServerStatus};
use cloudmesh_model::{Error, ErrorKind, HostList, NativeId, Record, Result, ThingId, ThingKind};
use cloudmesh_resource::compute::EXPIRY_ITEM;
use cloudmesh_resource::plan::Until;
use cloudmesh_resource::{Action, BootVolume, ComputeAction, CreateServer, Family, Filled, StepKind, Thing};
use cloudmesh_store::Expected;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{keys, own_key, resolve, secgroups};

/// How long a machine may take to come up, seconds.
const UP_WITHIN: u64 = 1800;
/// How many machines one command may make.
const MOST_AT_ONCE: usize = 1000;

/// Boots virtual machines.
///
/// What is not given comes from the defaults of the cloud, then the general ones; --dryrun shows which.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BootInput {
    /// Names, or a host list such as web[1-3]; USER-001, USER-002 … without them
    names: Option<HostList>,
    /// Names, as an option
    #[arg(long)]
    name: Option<HostList>,
    /// How many
    #[arg(long, short = 'n')]
    n: Option<usize>,
    /// The cloud
    #[arg(long)]
    cloud: Option<String>,
    /// Image, by name or id
    #[arg(long)]
    image: Option<String>,
    /// Flavor, by name or id
    #[arg(long)]
    flavor: Option<String>,
    /// Key to log in with
    #[arg(long)]
    key: Option<String>,
    /// Security groups, separated by commas
    #[arg(long)]
    secgroup: Option<String>,
    /// Networks, by name or id, separated by commas
    #[arg(long)]
    network: Option<String>,
    /// Group that the machines join
    #[arg(long)]
    group: Option<String>,
    /// Account to log in with
    #[arg(long)]
    username: Option<String>,
    /// Give each a floating (public) address
    #[arg(long)]
    #[serde(default)]
    public: bool,
    /// Availability zone
    #[arg(long)]
    zone: Option<String>,
    /// Metadata
    #[arg(long, value_name = "KEY=VALUE")]
    #[serde(default)]
    metadata: Vec<String>,
    /// File with user data: a script, or cloud-init's instructions
    #[arg(long, value_name = "FILE")]
    user_data: Option<PathBuf>,
    /// Ports to plug in, by name or id, separated by commas; for one machine
    #[arg(long)]
    port: Option<String>,
    /// Server group to join, by name or id
    #[arg(long)]
    server_group: Option<String>,
    /// Boot from a new volume of this size, made from the image
    #[arg(long, value_name = "GIB")]
    volume_size: Option<u64>,
    /// Keep that volume when the machine is deleted
    #[arg(long)]
    #[serde(default)]
    keep_volume: bool,
    /// Boot from a volume that is there, by name or id; for one machine
    #[arg(long, value_name = "VOLUME")]
    volume: Option<String>,
    /// How long it is wanted: 90m, 8h, 3d; the date is written on the machine, nothing takes it away
    #[arg(long, value_name = "TIME")]
    ttl: Option<String>,
}

impl Input for BootInput {
    fn check(&self) -> Result<()> {
        if self.names.is_some() && self.name.is_some() {
            return Err(Error::bad_input("names and --name exclude each other").hint("give one of them"));
        }
        if let (Some(n), Some(names)) = (self.n, self.names.as_ref().or(self.name.as_ref()))
            && names.len() != n as u64
        {
            return Err(Error::bad_input(format!("--n={n} and {} names do not fit together", names.len()))
                .hint("leave one of them out"));
        }
        let count =
            self.names.as_ref().or(self.name.as_ref()).map_or(self.n.unwrap_or(1) as u64, HostList::len);
        if count == 0 || count > MOST_AT_ONCE as u64 {
            return Err(Error::bad_input(format!("{count} machines cannot be booted at once"))
                .hint(format!("between 1 and {MOST_AT_ONCE}")));
        }
        if count > 1 && (self.port.is_some() || self.volume.is_some()) {
            return Err(Error::bad_input(format!("{count} machines cannot share a port or a volume"))
                .hint("boot one machine at a time with --port or --volume"));
        }
        if self.volume.is_some() && (self.volume_size.is_some() || self.keep_volume) {
            return Err(Error::bad_input(
                "--volume names a volume that is there; --volume-size makes a new one",
            ));
        }
        if self.keep_volume && self.volume_size.is_none() {
            return Err(Error::bad_input("--keep-volume needs --volume-size"));
        }
        if self.volume_size == Some(0) {
            return Err(Error::bad_input("a volume has at least 1 GiB"));
        }
        self.ttl.as_deref().map(time_to_live).transpose()?;
        metadata(&self.metadata).map(drop)
    }
}

/// `90m`, `8h`, `3d`.
fn time_to_live(text: &str) -> Result<SignedDuration> {
    let bad = || {
        Error::bad_input(format!("`{}` is no length of time", cloudmesh_model::noun::printable(text)))
            .hint("write 90m, 8h or 3d")
    };
    let split = text.len() - text.chars().next_back().map_or(0, char::len_utf8);
    let (number, unit) = text.split_at(split);
    let number: i64 = number.parse().map_err(|_| bad())?;
    let hours = match unit {
        "m" => return (number > 0).then(|| SignedDuration::from_mins(number)).ok_or_else(bad),
        "h" => number,
        "d" => number.saturating_mul(24),
        _ => return Err(bad()),
    };
    // Some 10 years.
    (1..=88_000).contains(&hours).then(|| SignedDuration::from_hours(hours)).ok_or_else(bad)
}

/// What a machine boots from, and what it gets, beside image and flavor.
#[derive(Default)]
struct Extras {
    user_data: Option<String>,
    ports: Vec<NativeId>,
    server_group: Option<NativeId>,
    volume: Option<BootVolume>,
}

impl Extras {
    async fn of(mesh: &Mesh, input: &BootInput, draft: &mut Draft, cloud: &str) -> Result<Self> {
        let mut extras = Self::default();
        if let Some(file) = &input.user_data {
            let content = std::fs::read(file).map_err(|reason| {
                Error::bad_input(format!("the user data {} cannot be read: {reason}", file.display()))
            })?;
            // Nova takes 65,535 characters of base64.
            if content.len() > 49_149 {
                return Err(Error::bad_input(format!(
                    "the user data {} has {} bytes; clouds take 49149",
                    file.display(),
                    content.len()
                )));
            }
            extras.user_data = Some(draft.attach(content));
        }
        for port in listed(input.port.as_deref()) {
            extras.ports.extend(known_thing::<Port>(mesh, draft, cloud, &port).await?);
        }
        if let Some(group) = draft.option(mesh, cloud, "server_group", input.server_group.as_deref()).await? {
            extras.server_group = known_thing::<ServerGroup>(mesh, draft, cloud, &group).await?;
        }
        extras.volume = match (&input.volume, input.volume_size) {
            (Some(volume), _) => {
                known_thing::<Volume>(mesh, draft, cloud, volume).await?.map(BootVolume::There)
            }
            (None, Some(size)) => Some(BootVolume::New { size, keep: input.keep_volume }),
            (None, None) => None,
        };
        Ok(extras)
    }
}

/// The native id of a thing that a new machine refers to.
async fn known_thing<R: resolve::Named>(
    mesh: &Mesh,
    draft: &mut Draft,
    cloud: &str,
    wanted: &str,
) -> Result<Option<NativeId>> {
    let record: R = resolve::one(mesh, cloud, wanted).await?;
    if let Some(fact) = resolve::fact(&record, cloud, wanted) {
        draft.fact(fact);
    }
    Ok(record.native().cloned())
}

/// The values of an option that takes several, separated by commas.
fn listed(text: Option<&str>) -> impl Iterator<Item = String> + use<'_> {
    text.into_iter().flat_map(|text| text.split(',')).map(|value| value.trim().to_owned())
}

pub(crate) fn metadata(pairs: &[String]) -> Result<BTreeMap<String, String>> {
    pairs
        .iter()
        .map(|text| match text.split_once('=') {
            Some((key, _)) if key.starts_with("cloudmesh_") => {
                Err(Error::bad_input(format!("metadata {key} is Cloudmesh's own")).hint("choose another key"))
            }
            Some((key, value)) if !key.is_empty() && key.len() <= 255 && value.len() <= 255 => {
                Ok((key.to_owned(), value.to_owned()))
            }
            _ => Err(Error::bad_input(format!(
                "`{}` is not KEY=VALUE",
                cloudmesh_model::noun::printable(text)
            ))
            .hint("a key and a value have 255 characters at the most")),
        })
        .collect()
}

/// `vm boot`.
pub struct Boot;

impl Operation for Boot {
    const NAME: &'static str = "vm.boot";
    const EXAMPLES: &'static [Example] = &[
        Example {
            about: "Three machines at once",
            command: "vm boot web[1-3] --cloud=sim --image=ubuntu-24.04 --flavor=m1.small",
        },
        Example {
            about: "From a volume of its own, for eight hours",
            command: "vm boot lab --cloud=sim --image=ubuntu-24.04 --flavor=m1.small --volume-size=20 --ttl=8h",
        },
        Example {
            about: "What that would do",
            command: "vm boot --n=2 --cloud=sim --image=ubuntu-24.04 --flavor=m1.small --dryrun",
        },
    ];
    type Input = BootInput;
}

impl Change for Boot {
    async fn plan(mesh: &Mesh, input: BootInput, draft: &mut Draft) -> Result<()> {
        let (cloud, chosen) = places::for_change(mesh, Family::Compute, input.cloud.as_deref()).await?;
        if let Some(from) = chosen {
            draft.filled(Filled { option: "cloud".into(), value: cloud.clone(), from: from.into() });
        }
        let image: Image = needed(mesh, draft, &cloud, "image", input.image.as_deref()).await?;
        let flavor: Flavor = needed(mesh, draft, &cloud, "flavor", input.flavor.as_deref()).await?;
        let own_disk = input.volume.is_none() && input.volume_size.is_none();
        if own_disk && flavor.disk != 0 && flavor.disk < image.min_disk || flavor.memory < image.min_memory {
            return Err(Error::bad_input(format!(
                "image {} needs {} GiB of disk and {} MiB of memory; flavor {} has {} and {}",
                image.name, image.min_disk, image.min_memory, flavor.name, flavor.disk, flavor.memory
            ))
            .at(cloud)
            .hint("choose a larger flavor: cm flavor list shows them"));
        }
        let (key, key_step) = key(mesh, draft, &cloud, input.key.as_deref()).await?;
        let security_groups = draft.option(mesh, &cloud, "secgroup", input.secgroup.as_deref()).await?;
        let group_steps = groups_of_the_store(mesh, draft, &cloud, security_groups.as_deref()).await?;
        let network = draft.option(mesh, &cloud, "network", input.network.as_deref()).await?;
        let zone = draft.option(mesh, &cloud, "zone", input.zone.as_deref()).await?;
        let username = match draft.option(mesh, &cloud, "username", input.username.as_deref()).await? {
            Some(username) => Some(username),
            None => image.username.clone(),
        };
        let names = match input.names.as_ref().or(input.name.as_ref()) {
            Some(names) => {
                let names = names.names();
                free_names(mesh, &cloud, &names).await?;
                names
            }
            None => draft.reserve::<Server>(mesh, &mesh.user()?, input.n.unwrap_or(1)).await?,
        };
        let mut metadata = metadata(&input.metadata)?;
        if let Some(ttl) = &input.ttl {
            let ends = mesh.now().checked_add(time_to_live(ttl)?).unwrap_or(Timestamp::MAX);
            metadata.insert(EXPIRY_ITEM.to_owned(), ends.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        }
        let extras = Extras::of(mesh, &input, draft, &cloud).await?;
        for name in &names {
            let server = ThingId::planned();
            let create = CreateServer {
                server: server.clone(),
                name: name.clone(),
                image: image.native.clone(),
                image_name: image.name.clone(),
                flavor: flavor.native.clone(),
                flavor_name: flavor.name.clone(),
                key: key.clone(),
                networks: listed(network.as_deref()).map(NativeId).collect(),
                security_groups: listed(security_groups.as_deref()).collect(),
                zone: zone.clone(),
                user_data: extras.user_data.clone(),
                username: username.clone(),
                metadata: metadata.clone(),
                ports: extras.ports.clone(),
                server_group: extras.server_group.clone(),
                volume: extras.volume.clone(),
            };
            draft.placeholder(Thing::Server(planned_server(&create, &cloud)));
            let after: Vec<usize> = key_step.into_iter().chain(group_steps.iter().copied()).collect();
            let created = draft.act(
                &cloud,
                name,
                Action::Compute(ComputeAction::CreateServer(Box::new(create))),
                &after,
            );
            let up = StepKind::Await {
                thing_kind: ThingKind::Server,
                thing: server.clone(),
                until: Until::Active,
                limit: UP_WITHIN,
            };
            let up = draft.step(&cloud, name, up, &[created]);
            if input.public {
                public_address(draft, &cloud, name, &server, &[up], &after);
            }
        }
        own_changes(mesh, draft, &cloud, &names, input.group.as_deref()).await?;
        draft.title(format!("boot {} on {cloud}", policy::counted::<Server>(names.len())));
        Ok(())
    }
}

/// The steps that give a server a floating address.
pub(crate) fn public_address(
    draft: &mut Draft,
    cloud: &str,
    name: &str,
    server: &ThingId,
    up: &[usize],
    before: &[usize],
) {
    let address = ThingId::planned();
    let label = format!("address of {name}");
    draft.placeholder(Thing::Address(planned_address(&address, cloud)));
    let create = ComputeAction::CreateAddress { address: address.clone(), pool: None };
    let created = draft.act(cloud, &label, Action::Compute(create), before);
    let after: Vec<usize> = up.iter().copied().chain([created]).collect();
    let attach = ComputeAction::AttachAddress { address, server: server.clone() };
    let attached = draft.act(cloud, &label, Action::Compute(attach), &after);
    look_again(draft, cloud, name, server, attached);
}

/// A last look, so that the store shows the address at the server.
pub(crate) fn look_again(draft: &mut Draft, cloud: &str, name: &str, server: &ThingId, after: usize) {
    let look = StepKind::Await {
        thing_kind: ThingKind::Server,
        thing: server.clone(),
        until: Until::Settled,
        limit: 60,
    };
    draft.step(cloud, name, look, &[after]);
}

/// A floating address before the cloud has given it.
pub(crate) fn planned_address(address: &ThingId, cloud: &str) -> FloatingAddress {
    FloatingAddress {
        id: address.clone(),
        native: None,
        place: cloud.to_owned(),
        address: String::new(),
        pool: String::new(),
        server: None,
        fixed_address: None,
        status: "planned".to_owned(),
        mark: None,
    }
}

/// An option without which nothing can be booted, resolved.
async fn needed<R: resolve::Named>(
    mesh: &Mesh,
    draft: &mut Draft,
    cloud: &str,
    option: &str,
    given: Option<&str>,
) -> Result<R> {
    let wanted = draft.option(mesh, cloud, option, given).await?.ok_or_else(|| {
        Error::bad_input(format!("which {option}? There is no default {option} for {cloud}"))
            .hint(format!("add --{option}=NAME, or set it once: cm default {option}=NAME --cloud={cloud}"))
    })?;
    let record: R = resolve::one(mesh, cloud, &wanted).await?;
    if let Some(fact) = resolve::fact(&record, cloud, &wanted) {
        draft.fact(fact);
    }
    Ok(record)
}

/// The key, and the step that makes it known to the cloud where it is not yet.
async fn key(
    mesh: &Mesh,
    draft: &mut Draft,
    cloud: &str,
    given: Option<&str>,
) -> Result<(Option<String>, Option<usize>)> {
    let Some(name) = draft.option(mesh, cloud, "key", given).await? else { return Ok((None, None)) };
    let there: Vec<KeyPair> = resolve::known(mesh, cloud).await?;
    if there.iter().any(|key| key.name == name) {
        return Ok((Some(name), None));
    }
    match own_key::find(mesh, &name).await? {
        Some(own) => {
            let step = keys::upload_step(draft, cloud, &own);
            Ok((Some(name), Some(step)))
        }
        None => {
            let there: KeyPair = resolve::one(mesh, cloud, &name).await.map_err(|error| {
                if error.kind() == ErrorKind::NotFound { keys::no_own_key(&name) } else { error }
            })?;
            Ok((Some(there.name), None))
        }
    }
}

/// The steps that take security groups of the store to a cloud that has no groups of their names.
async fn groups_of_the_store(
    mesh: &Mesh,
    draft: &mut Draft,
    cloud: &str,
    named: Option<&str>,
) -> Result<Vec<usize>> {
    let named: Vec<String> = listed(named).collect();
    let own: Vec<secgroups::OwnGroup> = secgroups::own_groups(mesh).await?;
    let own: Vec<_> = own.iter().filter(|own| named.iter().any(|name| name == own.id.as_str())).collect();
    if own.is_empty() {
        return Ok(Vec::new());
    }
    let there: Vec<SecurityGroup> = resolve::known(mesh, cloud).await?;
    let mut steps = Vec::new();
    for group in own {
        if !there.iter().any(|there| there.name == group.id.as_str()) {
            steps.extend(secgroups::upload_steps(draft, cloud, group, &there, false)?);
        }
    }
    Ok(steps)
}

/// A name that a machine of the cloud has already would make later commands ambiguous.
pub(crate) async fn free_names(mesh: &Mesh, cloud: &str, names: &[String]) -> Result<()> {
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort();
    if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::bad_input(format!("the name {} is given twice", twice[0])));
    }
    if let Some(long) = names.iter().find(|name| name.len() > 255) {
        return Err(Error::bad_input(format!(
            "the name {}… is longer than 255 characters",
            &long.chars().take(30).collect::<String>()
        )));
    }
    let there: Vec<Server> = resolve::known(mesh, cloud).await?;
    match names.iter().find(|name| there.iter().any(|server| server.name == **name)) {
        Some(taken) => Err(Error::new(ErrorKind::Conflict, format!("a machine is called {taken} already"))
            .at(cloud)
            .hint("choose another name, or look again: cm vm list --refresh")),
        None => Ok(()),
    }
}

fn planned_server(create: &CreateServer, cloud: &str) -> Server {
    Server {
        id: create.server.clone(),
        native: None,
        place: cloud.to_owned(),
        name: create.name.clone(),
        status: ServerStatus::Planned,
        native_status: String::new(),
        addresses: vec![],
        flavor: create.flavor_name.clone(),
        image: create.image_name.clone(),
        key: create.key.clone(),
        created: None,
        zone: create.zone.clone(),
        security_groups: create.security_groups.clone(),
        fault: None,
        username: create.username.clone(),
        metadata: create.metadata.clone(),
        mark: None,
        locked: false,
    }
}

/// What belongs to a boot in our own folder: the group that the machines join, and which one is the last.
async fn own_changes(
    mesh: &Mesh,
    draft: &mut Draft,
    cloud: &str,
    names: &[String],
    group: Option<&str>,
) -> Result<()> {
    let group = match draft.option(mesh, cloud, "group", group).await? {
        Some(group) => group,
        None => "default".to_owned(),
    };
    let mut changes = Vec::new();
    let mut inverse = Vec::new();
    for name in names {
        let member = Membership::new(&group, "vm", name, cloud);
        inverse.push(cloudmesh_store::Change::Delete {
            kind: Membership::NOUN.name.to_owned(),
            id: member.id.as_str().to_owned(),
            expected: Expected::Any,
        });
        changes.push(cloudmesh_store::Change::Put(records::document(&member)?, Expected::Any));
    }
    if let Some(last) = names.last() {
        let default = DefaultValue::new(GENERAL, "vm", last);
        let kind = DefaultValue::NOUN.name;
        inverse.push(match mesh.store()?.get(kind, default.id.as_str()).await? {
            Some(earlier) => cloudmesh_store::Change::Put(earlier.document, Expected::Any),
            None => cloudmesh_store::Change::Delete {
                kind: kind.to_owned(),
                id: default.id.as_str().to_owned(),
                expected: Expected::Any,
            },
        });
        changes.push(cloudmesh_store::Change::Put(records::document(&default)?, Expected::Any));
    }
    draft.own(changes, inverse);
    Ok(())
}

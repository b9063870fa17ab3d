//! `network`: networks with all that makes them useful, floating addresses, fixed addresses.

use cloudmesh_client::operation::{Change, Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::{Draft, Freshness, Mesh, places, policy, refresh};
use cloudmesh_model::cloud_things::{Network, Port, Router, Subnet};
use cloudmesh_model::compute::{ADDRESS, FloatingAddress, Reach, Server};
use cloudmesh_model::{Error, ErrorKind, HostList, NativeId, Noun, Result, ThingId};
use cloudmesh_resource::{Action, ComputeAction, Family, Thing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::boot;
use crate::cloud_lists::meant;
use crate::lifecycle::clouds_of;
use crate::resolve::{self, Wanted};
use crate::server_groups::one_cloud;

/// Makes a network, with addresses and a router to the outside.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateInput {
    /// Its name
    name: String,
    /// Its addresses
    #[arg(long, default_value = "10.0.0.0/24")]
    #[serde(default = "usual_range")]
    range: String,
    /// Name servers for its machines, separated by commas
    #[arg(long, value_delimiter = ',')]
    #[serde(default)]
    name_servers: Vec<String>,
    /// External network to lead to; the cloud's only one without it
    #[arg(long)]
    external: Option<String>,
    /// No router: machines on it reach only each other
    #[arg(long)]
    #[serde(default)]
    isolated: bool,
    /// The cloud
    #[arg(long)]
    cloud: Option<String>,
}

fn usual_range() -> String {
    "10.0.0.0/24".to_owned()
}

impl Input for CreateInput {
    fn check(&self) -> Result<()> {
        if self.isolated && self.external.is_some() {
            return Err(Error::bad_input("--isolated and --external exclude each other"));
        }
        let fine = self.range.split_once('/').is_some_and(|(address, length)| {
            address.parse::<std::net::IpAddr>().is_ok()
                && length.parse::<u8>().is_ok_and(|length| length <= 128)
        });
        if fine {
            Ok(())
        } else {
            Err(Error::bad_input("that is no range of addresses").hint("write 10.0.0.0/24"))
        }
    }
}

/// `network create`.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "network.create";
    const EXAMPLES: &'static [Example] = &[Example {
        about: "A network that leads outside",
        command: "network create lab --range=10.7.0.0/24 --cloud=sim",
    }];
    type Input = CreateInput;
}

/// The external network that is meant; the only one without a name.
async fn external(mesh: &Mesh, draft: &mut Draft, cloud: &str, named: Option<&str>) -> Result<Network> {
    if let Some(name) = named {
        let mut found: Vec<Network> = meant(mesh, draft, cloud, &[name.to_owned()]).await?;
        let network = found.pop().ok_or_else(|| Error::internal("a network vanished"))?;
        if !network.external {
            return Err(Error::bad_input(format!("{name} does not lead outside")).at(cloud));
        }
        return Ok(network);
    }
    let mut all: Vec<Network> = resolve::known(mesh, cloud).await?;
    all.retain(|network| network.external);
    match all.len() {
        1 => Ok(all.remove(0)),
        0 => Err(Error::new(ErrorKind::Unsupported, "there is no external network here")
            .at(cloud)
            .hint("add --isolated for a network without a router")),
        _ => {
            let names: Vec<&str> = all.iter().map(|network| network.name.as_str()).collect();
            Err(Error::new(
                ErrorKind::Ambiguous,
                format!("there are several external networks: {}", names.join(", ")),
            )
            .at(cloud)
            .hint("add --external=NAME"))
        }
    }
}

impl Change for Create {
    async fn plan(mesh: &Mesh, input: CreateInput, draft: &mut Draft) -> Result<()> {
        let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
        let name = &input.name;
        let there: Vec<Network> = resolve::known(mesh, &cloud).await?;
        if there.iter().any(|network| network.name == *name) {
            return Err(Error::new(ErrorKind::Conflict, format!("a network is called {name} already"))
                .at(cloud)
                .hint("choose another name"));
        }
        let gateway = match input.isolated {
            true => None,
            false => external(mesh, draft, &cloud, input.external.as_deref()).await?.native,
        };
        let (network, subnet, router) = (ThingId::planned(), ThingId::planned(), ThingId::planned());
        draft.placeholder(Thing::Network(Network {
            id: network.clone(),
            native: None,
            place: cloud.clone(),
            name: name.clone(),
            status: "planned".to_owned(),
            external: false,
            shared: false,
            subnets: vec![],
            mark: None,
        }));
        let action = ComputeAction::CreateNetwork { network: network.clone(), name: name.clone() };
        let made = draft.act(&cloud, name, Action::Compute(action), &[]);
        let action = ComputeAction::CreateSubnet {
            subnet: subnet.clone(),
            network,
            name: name.clone(),
            range: input.range.clone(),
            name_servers: input.name_servers.clone(),
        };
        let ranged = draft.act(&cloud, &format!("{name} {}", input.range), Action::Compute(action), &[made]);
        if let Some(gateway) = gateway {
            let action = ComputeAction::CreateRouter {
                router: router.clone(),
                name: name.clone(),
                gateway: Some(gateway),
            };
            let routed = draft.act(&cloud, name, Action::Compute(action), &[]);
            let action = ComputeAction::AttachSubnet { router, subnet };
            draft.act(&cloud, name, Action::Compute(action), &[ranged, routed]);
        }
        draft.title(format!("make the network {name} on {cloud}"));
        Ok(())
    }
}

/// Deletes networks with their subnets, and the routers that Cloudmesh made for them.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteInput {
    /// Names or ids, or a host list
    names: HostList,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for DeleteInput {}

/// `network delete`.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "network.delete";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "With all that belongs to it", command: "network delete lab --cloud=sim --yes" }];
    type Input = DeleteInput;
}

impl Change for Delete {
    async fn plan(mesh: &Mesh, input: DeleteInput, draft: &mut Draft) -> Result<()> {
        let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
        let installation = mesh.installation().await?.clone();
        let networks: Vec<Network> = meant(mesh, draft, &cloud, &input.names.names()).await?;
        let ports: Vec<Port> = refresh::read_place(mesh, &cloud).await?;
        let routers: Vec<Router> = refresh::read_place(mesh, &cloud).await?;
        let subnets: Vec<Subnet> = refresh::read_place(mesh, &cloud).await?;
        for network in &networks {
            let native = network.native.as_ref().map(NativeId::as_str).unwrap_or_default();
            let on_it = |port: &&Port| port.network == network.name || port.network == native;
            let own_subnets: Vec<&Subnet> = subnets
                .iter()
                .filter(|subnet| {
                    subnet
                        .native
                        .as_ref()
                        .is_some_and(|id| network.subnets.iter().any(|own| own == id.as_str()))
                        || subnet.network == network.name
                })
                .collect();
            let mut after = Vec::new();
            for port in ports.iter().filter(on_it) {
                let owner = port.owner.as_deref().unwrap_or_default();
                if owner.starts_with("compute:") {
                    return Err(Error::new(
                        ErrorKind::Conflict,
                        format!(
                            "a machine is on the network {}: {}",
                            network.name,
                            port.addresses.join(", ")
                        ),
                    )
                    .at(cloud)
                    .hint("delete the machines first: cm vm list shows their addresses"));
                }
                let router = routers
                    .iter()
                    .find(|router| router.native.as_ref().map(NativeId::as_str) == port.device.as_deref());
                let (true, Some(router)) = (owner.starts_with("network:router_interface"), router) else {
                    continue;
                };
                let mut off = Vec::new();
                for subnet in &own_subnets {
                    let action =
                        ComputeAction::DetachSubnet { router: router.id.clone(), subnet: subnet.id.clone() };
                    off.push(draft.act(&cloud, &router.name, Action::Compute(action), &[]));
                }
                let ours = router.mark.as_ref().is_some_and(|mark| *mark.installation() == installation);
                if ours && router.name == network.name {
                    let action = ComputeAction::DeleteRouter { router: router.id.clone() };
                    off = vec![draft.act(&cloud, &router.name, Action::Compute(action), &off)];
                }
                after.extend(off);
            }
            let action = ComputeAction::DeleteNetwork { network: network.id.clone() };
            draft.act(&cloud, &network.name, Action::Compute(action), &after);
        }
        draft.title(format!("delete {} on {cloud}", policy::counted::<Network>(networks.len())));
        Ok(())
    }
}

/// Shows the floating addresses of the project.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloatingListInput {
    /// Clouds, separated by commas, or `all`
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for FloatingListInput {}

/// `network floating list`.
pub struct FloatingList;

impl Operation for FloatingList {
    const NAME: &'static str = "network.floating.list";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Those of one cloud", command: "network floating list --cloud=sim" }];
    type Input = FloatingListInput;
}

impl Query for FloatingList {
    const NOUN: &'static Noun = &ADDRESS;

    async fn run(
        mesh: &Mesh,
        input: FloatingListInput,
        envelope: &Envelope,
        rows: &mut dyn Rows,
    ) -> Result<Freshness> {
        let clouds = places::for_reading(mesh, Family::Compute, input.cloud.as_deref()).await?;
        refresh::list::<FloatingAddress>(mesh, clouds, envelope.refresh, |_| true, rows).await
    }
}

/// Takes floating addresses for the project, which lead nowhere yet.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloatingCreateInput {
    /// How many
    #[arg(long, short = 'n')]
    n: Option<usize>,
    /// External network to take them from; the cloud's only one without it
    #[arg(long)]
    pool: Option<String>,
    /// The cloud
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for FloatingCreateInput {
    fn check(&self) -> Result<()> {
        match self.n {
            Some(n) if !(1..=100).contains(&n) => {
                Err(Error::bad_input("between 1 and 100 addresses can be taken at once"))
            }
            _ => Ok(()),
        }
    }
}

/// `network floating create`.
pub struct FloatingCreate;

impl Operation for FloatingCreate {
    const NAME: &'static str = "network.floating.create";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "One address", command: "network floating create --cloud=sim" }];
    type Input = FloatingCreateInput;
}

impl Change for FloatingCreate {
    async fn plan(mesh: &Mesh, input: FloatingCreateInput, draft: &mut Draft) -> Result<()> {
        let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
        let pool = match &input.pool {
            Some(pool) => external(mesh, draft, &cloud, Some(pool)).await?.native,
            None => None,
        };
        let count = input.n.unwrap_or(1);
        for number in 1..=count {
            let address = ThingId::planned();
            draft.placeholder(Thing::Address(boot::planned_address(&address, &cloud)));
            let action = ComputeAction::CreateAddress { address, pool: pool.clone() };
            draft.act(&cloud, &format!("address {number}"), Action::Compute(action), &[]);
        }
        draft.title(format!("take {} on {cloud}", policy::counted::<FloatingAddress>(count)));
        Ok(())
    }
}

/// The floating addresses that are meant, by address or id.
async fn addresses(mesh: &Mesh, cloud: &str, wanted: &[String]) -> Result<Vec<FloatingAddress>> {
    let all: Vec<FloatingAddress> = refresh::read_place(mesh, cloud).await?;
    wanted
        .iter()
        .map(|wanted| {
            let meant = |address: &&FloatingAddress| {
                address.address == *wanted
                    || address.native.as_ref().is_some_and(|native| native.as_str() == wanted)
            };
            all.iter().find(meant).cloned().ok_or_else(|| {
                let shown = cloudmesh_model::noun::printable(wanted);
                Error::new(ErrorKind::NotFound, format!("the project has no floating address {shown}"))
                    .at(cloud)
                    .hint("cm network floating list shows all")
            })
        })
        .collect()
}

/// Gives floating addresses back.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloatingDeleteInput {
    /// Addresses, or their ids
    #[serde(default)]
    addresses: Vec<String>,
    /// All that Cloudmesh took and that lead nowhere
    #[arg(long)]
    #[serde(default)]
    free: bool,
    /// The cloud
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for FloatingDeleteInput {
    fn check(&self) -> Result<()> {
        if self.addresses.is_empty() == self.free {
            Ok(())
        } else {
            Err(Error::bad_input("give addresses, or --free"))
        }
    }
}

/// `network floating delete`.
pub struct FloatingDelete;

impl Operation for FloatingDelete {
    const NAME: &'static str = "network.floating.delete";
    const EXAMPLES: &'static [Example] = &[Example {
        about: "What leads nowhere",
        command: "network floating delete --free --cloud=sim --yes",
    }];
    type Input = FloatingDeleteInput;
}

impl Change for FloatingDelete {
    async fn plan(mesh: &Mesh, input: FloatingDeleteInput, draft: &mut Draft) -> Result<()> {
        let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
        let found = if input.free {
            let installation = mesh.installation().await?.clone();
            let mut all: Vec<FloatingAddress> = refresh::read_place(mesh, &cloud).await?;
            all.retain(|address| {
                let ours = address.mark.as_ref().is_some_and(|mark| *mark.installation() == installation);
                ours && address.server.is_none() && address.fixed_address.is_none()
            });
            all
        } else {
            addresses(mesh, &cloud, &input.addresses).await?
        };
        for address in &found {
            let action = ComputeAction::DeleteAddress { address: address.id.clone() };
            draft.act(&cloud, &address.address, Action::Compute(action), &[]);
        }
        draft.title(format!("give back {} on {cloud}", policy::counted::<FloatingAddress>(found.len())));
        Ok(())
    }
}

/// Leads a floating address to a machine: the one that is named, one that is free, else a new one.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssociateInput {
    /// The address, or its id
    address: Option<String>,
    /// The machine, by name or id
    #[arg(long, alias = "vm")]
    instance: Option<HostList>,
    /// Each machine of a group
    #[arg(long)]
    group: Option<String>,
    /// The cloud
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for AssociateInput {
    fn check(&self) -> Result<()> {
        if self.address.is_some()
            && (self.group.is_some() || self.instance.as_ref().is_some_and(|names| names.len() != 1))
        {
            return Err(Error::bad_input("one address leads to one machine").hint("leave the address out"));
        }
        Ok(())
    }
}

/// `network floating associate`.
pub struct Associate;

impl Operation for Associate {
    const NAME: &'static str = "network.floating.associate";
    const EXAMPLES: &'static [Example] = &[Example {
        about: "A free address, or a new one",
        command: "network floating associate --instance=web1 --cloud=sim",
    }];
    type Input = AssociateInput;
}

/// Leads addresses to machines that have none; free ones are used before new ones are taken.
async fn associate(mesh: &Mesh, draft: &mut Draft, servers: &[Server], address: Option<&str>) -> Result<()> {
    let mut clouds: Vec<&str> = servers.iter().map(|server| server.place.as_str()).collect();
    clouds.sort_unstable();
    clouds.dedup();
    for cloud in clouds {
        let all: Vec<FloatingAddress> = refresh::read_place(mesh, cloud).await?;
        let mut free: Vec<FloatingAddress> = match address {
            Some(address) => addresses(mesh, cloud, &[address.to_owned()]).await?,
            None => all
                .into_iter()
                .filter(|address| address.server.is_none() && address.fixed_address.is_none())
                .collect(),
        };
        for server in servers.iter().filter(|server| server.place == cloud) {
            if let Some(fact) = resolve::fact(server, cloud, &server.name) {
                draft.fact(fact);
            }
            match free.pop() {
                Some(address) => {
                    let action = ComputeAction::AttachAddress {
                        address: address.id.clone(),
                        server: server.id.clone(),
                    };
                    let label = format!("{} to {}", address.address, server.name);
                    let attached = draft.act(cloud, &label, Action::Compute(action), &[]);
                    boot::look_again(draft, cloud, &server.name, &server.id, attached);
                }
                None => boot::public_address(draft, cloud, &server.name, &server.id, &[], &[]),
            }
        }
    }
    Ok(())
}

impl Change for Associate {
    async fn plan(mesh: &Mesh, input: AssociateInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted {
            names: input.instance.as_ref(),
            group: input.group.as_deref(),
            cloud: input.cloud.as_deref(),
        };
        let servers = resolve::servers(mesh, wanted).await?;
        associate(mesh, draft, &servers, input.address.as_deref()).await?;
        draft.title(format!(
            "lead addresses to {} on {}",
            policy::counted::<Server>(servers.len()),
            clouds_of(&servers)
        ));
        Ok(())
    }
}

/// Takes floating addresses off the machines that they lead to; the project keeps them.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisassociateInput {
    /// Addresses, or their ids
    #[serde(default)]
    addresses: Vec<String>,
    /// Those of these machines, by name or id
    #[arg(long, alias = "vm")]
    instance: Option<HostList>,
    /// Those of the machines of a group
    #[arg(long)]
    group: Option<String>,
    /// The cloud
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for DisassociateInput {
    fn check(&self) -> Result<()> {
        if self.addresses.is_empty() == (self.instance.is_none() && self.group.is_none()) {
            return Err(Error::bad_input("give addresses, or machines with --instance or --group"));
        }
        Ok(())
    }
}

/// `network floating disassociate`.
pub struct Disassociate;

impl Operation for Disassociate {
    const NAME: &'static str = "network.floating.disassociate";
    const EXAMPLES: &'static [Example] = &[Example {
        about: "By the machine",
        command: "network floating disassociate --instance=web1 --cloud=sim",
    }];
    type Input = DisassociateInput;
}

impl Change for Disassociate {
    async fn plan(mesh: &Mesh, input: DisassociateInput, draft: &mut Draft) -> Result<()> {
        let mut found: Vec<FloatingAddress> = Vec::new();
        if input.addresses.is_empty() {
            let wanted = Wanted {
                names: input.instance.as_ref(),
                group: input.group.as_deref(),
                cloud: input.cloud.as_deref(),
            };
            for server in resolve::servers(mesh, wanted).await? {
                let all: Vec<FloatingAddress> = refresh::read_place(mesh, &server.place).await?;
                found.extend(all.into_iter().filter(|address| {
                    address.server.is_some() && address.server == server.native
                        || server.addresses.iter().any(|own| own.address == address.address)
                }));
            }
        } else {
            let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
            found = addresses(mesh, &cloud, &input.addresses).await?;
        }
        if found.is_empty() {
            return Err(Error::new(ErrorKind::NotFound, "no floating address leads there"));
        }
        for address in &found {
            let action = ComputeAction::DetachAddress { address: address.id.clone() };
            draft.act(&address.place, &address.address, Action::Compute(action), &[]);
        }
        draft.title(format!("take off {}", policy::counted::<FloatingAddress>(found.len())));
        Ok(())
    }
}

/// Makes the machines of a group reachable from outside: each that has no public address gets one.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClusterInput {
    /// The group
    #[arg(long)]
    group: String,
    /// The cloud
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for ClusterInput {}

/// `network cluster create`.
pub struct Cluster;

impl Operation for Cluster {
    const NAME: &'static str = "network.cluster.create";
    const EXAMPLES: &'static [Example] = &[Example {
        about: "All machines of a group",
        command: "network cluster create --group=web --dryrun",
    }];
    type Input = ClusterInput;
}

impl Change for Cluster {
    async fn plan(mesh: &Mesh, input: ClusterInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted { names: None, group: Some(&input.group), cloud: input.cloud.as_deref() };
        let mut servers = resolve::servers(mesh, wanted).await?;
        servers.retain(|server| server.addresses.iter().all(|address| address.reach != Reach::Public));
        associate(mesh, draft, &servers, None).await?;
        draft.title(format!(
            "make {} of {} reachable",
            policy::counted::<Server>(servers.len()),
            input.group
        ));
        Ok(())
    }
}

/// Reserves a fixed address on a network: a port that a machine can be booted with.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortInput {
    /// Name of the port
    name: String,
    /// The network, by name or id
    #[arg(long)]
    network: String,
    /// The address; the cloud's choice without it
    #[arg(long)]
    address: Option<std::net::IpAddr>,
    /// The cloud
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for PortInput {}

/// `port create`.
pub struct CreatePort;

impl Operation for CreatePort {
    const NAME: &'static str = "port.create";
    const EXAMPLES: &'static [Example] = &[Example {
        about: "An address for later",
        command: "port create socket --network=private --cloud=sim",
    }];
    type Input = PortInput;
}

impl Change for CreatePort {
    async fn plan(mesh: &Mesh, input: PortInput, draft: &mut Draft) -> Result<()> {
        let cloud = one_cloud(mesh, draft, input.cloud.as_deref()).await?;
        let networks: Vec<Network> = meant(mesh, draft, &cloud, std::slice::from_ref(&input.network)).await?;
        let network = networks.first().ok_or_else(|| Error::internal("a network vanished"))?;
        let port = ThingId::planned();
        draft.placeholder(Thing::Port(Port {
            id: port.clone(),
            native: None,
            place: cloud.clone(),
            name: input.name.clone(),
            status: "planned".to_owned(),
            addresses: input.address.iter().map(ToString::to_string).collect(),
            network: network.name.clone(),
            device: None,
            owner: None,
            hardware_address: String::new(),
            mark: None,
        }));
        let action = ComputeAction::CreatePort {
            port,
            network: network.id.clone(),
            name: input.name.clone(),
            address: input.address.map(|address| address.to_string()),
        };
        draft.act(&cloud, &input.name, Action::Compute(action), &[]);
        draft.title(format!("reserve an address on {} of {cloud}", network.name));
        Ok(())
    }
}

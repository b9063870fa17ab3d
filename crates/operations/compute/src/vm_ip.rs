//! `vm ip`: addresses of virtual machines.

use cloudmesh_client::operation::{Change, Envelope, Example, Input, Operation, Query, Rows, Stream};
use cloudmesh_client::{Draft, Freshness, Mesh, policy, refresh};
use cloudmesh_model::compute::{Reach, Server};
use cloudmesh_model::noun::ColumnKind::Text;
use cloudmesh_model::noun::Shown::List as InList;
use cloudmesh_model::{Column, Error, ErrorKind, HostList, Noun, Result, RowBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::boot;
use crate::resolve::{self, Wanted};

/// Gives virtual machines a new floating (public) address each.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignInput {
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for AssignInput {}

/// `vm ip assign`.
pub struct Assign;

impl Operation for Assign {
    const NAME: &'static str = "vm.ip.assign";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "A public address", command: "vm ip assign web1" }];
    type Input = AssignInput;
}

impl Change for Assign {
    async fn plan(mesh: &Mesh, input: AssignInput, draft: &mut Draft) -> Result<()> {
        let wanted = Wanted { names: input.names.as_ref(), group: None, cloud: input.cloud.as_deref() };
        let servers = resolve::servers(mesh, wanted).await?;
        for server in &servers {
            if let Some(address) = server.addresses.iter().find(|address| address.reach == Reach::Public) {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    format!("{} has the public address {} already", server.name, address.address),
                )
                .at(server.place.as_str()));
            }
            if let Some(fact) = resolve::fact(server, &server.place, &server.name) {
                draft.fact(fact);
            }
            boot::public_address(draft, &server.place, &server.name, &server.id, &[], &[]);
        }
        draft.title(format!("give {} a public address each", policy::counted::<Server>(servers.len())));
        Ok(())
    }
}

static SERVER_ADDRESS: Noun = Noun {
    name: "server_address",
    plural: "addresses",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "The virtual machine" },
        Column { name: "address", kind: Text, shown: InList, about: "Its address" },
        Column { name: "reach", kind: Text, shown: InList, about: "public or private" },
        Column { name: "network", kind: Text, shown: InList, about: "The network it is on" },
        Column { name: "cloud", kind: Text, shown: InList, about: "Cloud it is on" },
    ],
};

/// Shows the addresses of virtual machines; of the last one without a name.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowInput {
    /// Names or ids, or a host list such as web[1-3]
    names: Option<HostList>,
    /// Members of a group
    #[arg(long)]
    group: Option<String>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for ShowInput {}

/// `vm ip show`.
pub struct Show;

impl Operation for Show {
    const NAME: &'static str = "vm.ip.show";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "All addresses of one machine", command: "vm ip show web1" }];
    type Input = ShowInput;
}

impl Query for Show {
    const NOUN: &'static Noun = &SERVER_ADDRESS;

    async fn run(
        mesh: &Mesh,
        input: ShowInput,
        envelope: &Envelope,
        rows: &mut dyn Rows,
    ) -> Result<Freshness> {
        let wanted = Wanted {
            names: input.names.as_ref(),
            group: input.group.as_deref(),
            cloud: input.cloud.as_deref(),
        };
        let mut servers = resolve::servers(mesh, wanted).await?;
        let mut clouds: Vec<String> = servers.iter().map(|server| server.place.clone()).collect();
        clouds.sort();
        clouds.dedup();
        let freshness =
            refresh::list::<Server>(mesh, clouds, envelope.refresh, |_| false, &mut Nothing).await?;
        if envelope.refresh {
            servers = resolve::servers(mesh, wanted).await?;
        }
        for server in &servers {
            let shown = server.addresses.iter().map(|address| {
                let reach = if address.reach == Reach::Public { "public" } else { "private" };
                RowBuilder::new()
                    .cell(&server.name)
                    .cell(&address.address)
                    .cell(reach)
                    .cell(&address.network)
                    .cell(&server.place)
                    .finish()
            });
            rows.rows(shown.collect());
        }
        Ok(freshness)
    }
}

/// Rows that only bring the store up to date.
struct Nothing;

impl Rows for Nothing {
    fn rows(&mut self, _: Vec<cloudmesh_model::Row>) {}
}

/// Writes the addresses of virtual machines as an Ansible inventory.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InventoryInput {
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// Members of a group, which heads the inventory
    #[arg(long)]
    group: Option<String>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for InventoryInput {}

/// `vm ip inventory`.
pub struct Inventory;

impl Operation for Inventory {
    const NAME: &'static str = "vm.ip.inventory";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "For Ansible", command: "vm ip inventory web[1-2]" }];
    type Input = InventoryInput;
}

impl Stream for Inventory {
    async fn run(
        mesh: &Mesh,
        input: InventoryInput,
        bytes: &mut (dyn FnMut(&[u8]) -> Result<()> + Send),
    ) -> Result<()> {
        let wanted = Wanted {
            names: input.names.as_ref(),
            group: input.group.as_deref(),
            cloud: input.cloud.as_deref(),
        };
        let servers = resolve::servers(mesh, wanted).await?;
        // A name is one word in an inventory.
        let word = |text: &str| -> String {
            text.chars()
                .map(|each| if each.is_whitespace() || each.is_control() { '_' } else { each })
                .collect()
        };
        let mut text = format!("[{}]\n", word(input.group.as_deref().unwrap_or("cloudmesh")));
        for server in &servers {
            let Some(address) = server.reachable_address() else {
                return Err(Error::new(ErrorKind::Conflict, format!("{} has no address yet", server.name))
                    .at(server.place.as_str())
                    .hint("look again: cm vm status NAMES"));
            };
            text.push_str(&format!("{} ansible_host={address}", word(&server.name)));
            if let Some(username) = &server.username {
                text.push_str(&format!(" ansible_user={}", word(username)));
            }
            let key = match &server.key {
                Some(name) => crate::own_key::find(mesh, name).await?.and_then(|key| key.private_file()),
                None => None,
            };
            if let Some(file) = key {
                text.push_str(&format!(" ansible_ssh_private_key_file=\"{}\"", file.display()));
            }
            text.push('\n');
        }
        bytes(text.as_bytes())
    }
}

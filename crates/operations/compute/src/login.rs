//! `vm ssh`: the user's own OpenSSH, told where to go.

use std::collections::BTreeMap;

use cloudmesh_client::door::Attachment;
use cloudmesh_client::operation::{Example, Input, Operation, Session};
use cloudmesh_client::{Mesh, refresh};
use cloudmesh_model::compute::{Server, ServerStatus};
use cloudmesh_model::{Error, ErrorKind, HostList, Result};
use cloudmesh_resource::{Family, PlaceDescription};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::own_key::{self, OwnKey};
use crate::resolve::{self, Wanted};

/// Logs in to a virtual machine, or runs a command on it.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SshInput {
    /// Name or id; the last one without it
    name: Option<HostList>,
    /// The cloud that it is on
    #[arg(long)]
    cloud: Option<String>,
    /// Run this and come back
    #[arg(long)]
    command: Option<String>,
    /// Account to log in with
    #[arg(long)]
    username: Option<String>,
    /// Key of yours to log in with
    #[arg(long)]
    key: Option<String>,
}

impl Input for SshInput {}

/// `vm ssh`.
pub struct Ssh;

impl Operation for Ssh {
    const NAME: &'static str = "vm.ssh";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "One command", command: "vm ssh web1 --command=uptime" }];
    type Input = SshInput;
}

impl Session for Ssh {
    async fn attach(mesh: &Mesh, input: SshInput) -> Result<Attachment> {
        let wanted = Wanted { names: input.name.as_ref(), group: None, cloud: input.cloud.as_deref() };
        let server = match resolve::servers(mesh, wanted).await?.as_slice() {
            [one] => one.clone(),
            several => {
                return Err(Error::bad_input(format!(
                    "{} machines were named; one can be logged in to",
                    several.len()
                )));
            }
        };
        let server = up_to_date(mesh, server).await?;
        let address = server.reachable_address().map(str::to_owned).ok_or_else(|| {
            Error::new(ErrorKind::Conflict, format!("{} has no address yet", server.name))
                .at(server.place.as_str())
                .hint("wait until it is active, or give it one: cm vm ip assign")
        })?;
        let place = mesh.places()?.description(Family::Compute, &server.place)?;
        let username = input
            .username
            .or_else(|| server.username.clone())
            .or_else(|| place.defaults.get("username").cloned())
            .or_else(|| place.settings.get("ssh_user").cloned());
        let key_name = input.key.clone().or_else(|| server.key.clone());
        let key = match &key_name {
            Some(name) => own_key::find(mesh, name).await?,
            None => None,
        };
        if let (Some(name), None) = (&input.key, &key) {
            return Err(crate::keys::no_own_key(name));
        }
        let mut argv = command_line(mesh, &server, place, username.as_deref(), key)?;
        argv.push("--".to_owned());
        argv.push(address);
        argv.extend(input.command);
        Ok(Attachment {
            argv,
            environment: BTreeMap::new(),
            about: format!("{} on {}", server.name, server.place),
        })
    }
}

/// The words of `ssh` that come before the host.
pub(crate) fn command_line(
    mesh: &Mesh,
    server: &Server,
    place: &PlaceDescription,
    username: Option<&str>,
    key: Option<OwnKey>,
) -> Result<Vec<String>> {
    mesh.home().ensure()?;
    let mut argv = vec!["ssh".to_owned()];
    let mut option = |text: String| argv.extend(["-o".to_owned(), text]);
    option(format!("UserKnownHostsFile={}", mesh.home().known_hosts().display()));
    // Clouds give addresses to one machine after the other, so the name of the key is the machine's id.
    option(format!(
        "HostKeyAlias={}",
        server.native.as_ref().map_or(server.id.as_str(), |native| native.as_str())
    ));
    option("StrictHostKeyChecking=accept-new".to_owned());
    option("ConnectTimeout=20".to_owned());
    if let Some(private) = key.and_then(|key| key.private_file()) {
        argv.extend([
            "-i".to_owned(),
            private.display().to_string(),
            "-o".to_owned(),
            "IdentitiesOnly=yes".to_owned(),
        ]);
    }
    if let Some(port) = place.settings.get("ssh_port") {
        argv.extend(["-p".to_owned(), port.clone()]);
    }
    if let Some(username) = username {
        argv.extend(["-l".to_owned(), username.to_owned()]);
    }
    Ok(argv)
}

/// The server as the cloud shows it now, if what is known of it does not suffice for logging in.
async fn up_to_date(mesh: &Mesh, server: Server) -> Result<Server> {
    if server.status == ServerStatus::Active && server.reachable_address().is_some() {
        return Ok(server);
    }
    let now: Vec<Server> = refresh::read_place(mesh, &server.place).await?;
    let name = server.name.clone();
    let server = now.into_iter().find(|other| other.id == server.id).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, format!("{name} is no longer there")).at(server.place.as_str())
    })?;
    if server.status != ServerStatus::Active {
        return Err(Error::new(ErrorKind::Conflict, format!("{name} is {}", server.status.as_str()))
            .at(server.place.as_str())
            .hint(match server.status {
                ServerStatus::Stopped => "start it: cm vm start",
                ServerStatus::Error => "cm vm show tells what went wrong",
                _ => "wait until it is active: cm vm status",
            }));
    }
    Ok(server)
}

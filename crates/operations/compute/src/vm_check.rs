//! `vm check` and `vm ping`: whether machines can be reached and logged in to.

use std::process::Stdio;
use std::time::{Duration, Instant};

use cloudmesh_client::operation::{Envelope, Example, Input, Operation, Query, Rows};
use cloudmesh_client::{Freshness, Mesh, refresh};
use cloudmesh_model::compute::{Server, ServerStatus};
use cloudmesh_model::noun::ColumnKind::{Flag, Text};
use cloudmesh_model::noun::Shown::List as InList;
use cloudmesh_model::{Column, HostList, Noun, Result, RowBuilder};
use cloudmesh_resource::Family;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::resolve::{self, Wanted};
use crate::{login, own_key};

/// How long a machine has to answer.
const PATIENCE: Duration = Duration::from_secs(5);

static CHECK: Noun = Noun {
    name: "server_check",
    plural: "server_checks",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "The virtual machine" },
        Column { name: "status", kind: Text, shown: InList, about: "Its state" },
        Column { name: "address", kind: Text, shown: InList, about: "The address that was tried" },
        Column { name: "port", kind: Flag, shown: InList, about: "Whether its port for SSH answers" },
        Column { name: "login", kind: Flag, shown: InList, about: "Whether one can log in" },
        Column { name: "reason", kind: Text, shown: InList, about: "Why not" },
        Column { name: "cloud", kind: Text, shown: InList, about: "Cloud it is on" },
    ],
};

/// Checks whether virtual machines can be logged in to: state, address, port, log-in.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckInput {
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// Members of a group
    #[arg(long)]
    group: Option<String>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for CheckInput {}

/// `vm check`.
pub struct Check;

impl Operation for Check {
    const NAME: &'static str = "vm.check";
    const EXAMPLES: &'static [Example] =
        &[Example { about: "Can they be logged in to?", command: "vm check web[1-2]" }];
    type Input = CheckInput;
}

/// The machines as their clouds show them now.
async fn now(mesh: &Mesh, wanted: Wanted<'_>) -> Result<(Vec<Server>, Freshness)> {
    let known = resolve::servers(mesh, wanted).await?;
    let mut clouds: Vec<String> = known.iter().map(|server| server.place.clone()).collect();
    clouds.sort();
    clouds.dedup();
    let freshness = refresh::list::<Server>(mesh, clouds, true, |_| false, &mut Nothing).await?;
    Ok((resolve::servers(mesh, wanted).await?, freshness))
}

/// Rows that only bring the store up to date.
struct Nothing;

impl Rows for Nothing {
    fn rows(&mut self, _: Vec<cloudmesh_model::Row>) {}
}

/// What came of trying one machine.
pub(crate) struct Tried {
    pub(crate) port: Option<bool>,
    pub(crate) login: Option<bool>,
    pub(crate) reason: String,
}

/// Tries a machine: its state, its port, the log-in.
pub(crate) async fn try_server(mesh: &Mesh, server: &Server) -> Result<Tried> {
    let not = |reason: String| Tried { port: None, login: None, reason };
    if server.status != ServerStatus::Active {
        let fault = server.fault.as_ref().map(|fault| format!(": {fault}")).unwrap_or_default();
        return Ok(not(format!("it is {}{fault}", server.status.as_str())));
    }
    let Some(address) = server.reachable_address() else {
        return Ok(not("it has no address".to_owned()));
    };
    let place = mesh.places()?.description(Family::Compute, &server.place)?;
    let port: u16 = place.settings.get("ssh_port").and_then(|port| port.parse().ok()).unwrap_or(22);
    if let Err(reason) = knock(address, port).await {
        return Ok(Tried { port: Some(false), login: None, reason });
    }
    let username = server
        .username
        .clone()
        .or_else(|| place.defaults.get("username").cloned())
        .or_else(|| place.settings.get("ssh_user").cloned());
    let key = match &server.key {
        Some(name) => own_key::find(mesh, name).await?,
        None => None,
    };
    let mut argv = login::command_line(mesh, server, place, username.as_deref(), key)?;
    argv.extend(["-o", "BatchMode=yes", "-n", "--", address, "true"].map(str::to_owned));
    let mut command = Command::new(&argv[0]);
    command
        .args(&argv[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let outcome = tokio::time::timeout(PATIENCE * 4, command.output()).await;
    Ok(match outcome {
        Err(_) => {
            Tried { port: Some(true), login: Some(false), reason: "the log-in takes too long".to_owned() }
        }
        Ok(Err(reason)) => {
            Tried { port: Some(true), login: None, reason: format!("ssh cannot be run: {reason}") }
        }
        Ok(Ok(output)) if output.status.success() => {
            Tried { port: Some(true), login: Some(true), reason: String::new() }
        }
        Ok(Ok(output)) => {
            let told = String::from_utf8_lossy(&output.stderr);
            let last = told.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("ssh says nothing");
            Tried { port: Some(true), login: Some(false), reason: last.trim().to_owned() }
        }
    })
}

/// Whether something that speaks SSH answers there.
async fn knock(address: &str, port: u16) -> std::result::Result<(), String> {
    let connect = tokio::time::timeout(PATIENCE, TcpStream::connect((address, port))).await;
    let mut stream = match connect {
        Err(_) => {
            return Err(format!("port {port} does not answer: closed by a security group, or no route"));
        }
        Ok(Err(reason)) => return Err(format!("port {port} is closed: {reason}")),
        Ok(Ok(stream)) => stream,
    };
    let mut begin = [0_u8; 4];
    match tokio::time::timeout(PATIENCE, stream.read_exact(&mut begin)).await {
        Ok(Ok(_)) if &begin == b"SSH-" => Ok(()),
        _ => Err(format!("what answers at port {port} does not speak SSH")),
    }
}

impl Query for Check {
    const NOUN: &'static Noun = &CHECK;

    async fn run(mesh: &Mesh, input: CheckInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let wanted = Wanted {
            names: input.names.as_ref(),
            group: input.group.as_deref(),
            cloud: input.cloud.as_deref(),
        };
        let (servers, freshness) = now(mesh, wanted).await?;
        let tried =
            futures::future::try_join_all(servers.iter().map(|server| try_server(mesh, server))).await?;
        let shown = servers.iter().zip(tried).map(|(server, tried)| {
            RowBuilder::new()
                .cell(&server.name)
                .cell(server.status.as_str())
                .maybe(server.reachable_address())
                .maybe(tried.port)
                .maybe(tried.login)
                .cell(&tried.reason)
                .cell(&server.place)
                .finish()
        });
        rows.rows(shown.collect());
        Ok(freshness)
    }
}

static PING: Noun = Noun {
    name: "ping",
    plural: "pings",
    columns: &[
        Column { name: "name", kind: Text, shown: InList, about: "The virtual machine" },
        Column { name: "address", kind: Text, shown: InList, about: "The address that was tried" },
        Column { name: "answers", kind: Flag, shown: InList, about: "Whether anything answers" },
        Column { name: "milliseconds", kind: Text, shown: InList, about: "How long that took" },
        Column { name: "how", kind: Text, shown: InList, about: "`ping`, or the port that was tried" },
        Column { name: "cloud", kind: Text, shown: InList, about: "Cloud it is on" },
    ],
};

/// Tries whether virtual machines answer: by `ping`, or where that does not get through, at the port of SSH.
#[derive(Debug, clap::Args, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PingInput {
    /// Names or ids, or a host list such as web[1-3]; the last one without them
    names: Option<HostList>,
    /// Members of a group
    #[arg(long)]
    group: Option<String>,
    /// The cloud that they are on
    #[arg(long)]
    cloud: Option<String>,
}

impl Input for PingInput {}

/// `vm ping`.
pub struct Ping;

impl Operation for Ping {
    const NAME: &'static str = "vm.ping";
    const EXAMPLES: &'static [Example] = &[Example { about: "Do they answer?", command: "vm ping web[1-2]" }];
    type Input = PingInput;
}

/// Whether, after how long, and how an address answers.
async fn ping(address: &str, port: u16) -> (bool, Option<Duration>, String) {
    let begun = Instant::now();
    let mut command = Command::new("ping");
    command.args(["-c", "1", "-W", "2", "--", address]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    if let Ok(Ok(output)) = tokio::time::timeout(PATIENCE, command.output()).await
        && output.status.success()
    {
        let text = String::from_utf8_lossy(&output.stdout);
        let told = text
            .split_once("time=")
            .and_then(|(_, rest)| rest.split_whitespace().next()?.parse::<f64>().ok())
            .map(|milliseconds| Duration::from_secs_f64(milliseconds / 1000.0));
        return (true, told.or(Some(begun.elapsed())), "ping".to_owned());
    }
    let begun = Instant::now();
    match tokio::time::timeout(PATIENCE, TcpStream::connect((address, port))).await {
        Ok(Ok(_)) => (true, Some(begun.elapsed()), format!("port {port}")),
        // A refusal is an answer, too: the machine is there.
        Ok(Err(reason)) if reason.kind() == std::io::ErrorKind::ConnectionRefused => {
            (true, Some(begun.elapsed()), format!("port {port}, which is closed"))
        }
        _ => (false, None, format!("ping and port {port}")),
    }
}

impl Query for Ping {
    const NOUN: &'static Noun = &PING;

    async fn run(mesh: &Mesh, input: PingInput, _: &Envelope, rows: &mut dyn Rows) -> Result<Freshness> {
        let wanted = Wanted {
            names: input.names.as_ref(),
            group: input.group.as_deref(),
            cloud: input.cloud.as_deref(),
        };
        let (servers, freshness) = now(mesh, wanted).await?;
        let mut tried = Vec::with_capacity(servers.len());
        for server in &servers {
            let place = mesh.places()?.description(Family::Compute, &server.place)?;
            let port = place.settings.get("ssh_port").and_then(|port| port.parse().ok()).unwrap_or(22);
            tried.push(async move {
                match server.reachable_address() {
                    Some(address) => ping(address, port).await,
                    None => (false, None, "it has no address".to_owned()),
                }
            });
        }
        let tried = futures::future::join_all(tried).await;
        let shown = servers.iter().zip(tried).map(|(server, (answers, took, how))| {
            RowBuilder::new()
                .cell(&server.name)
                .maybe(server.reachable_address())
                .maybe(Some(answers))
                .maybe(took.map(|took| format!("{:.1}", took.as_secs_f64() * 1000.0)))
                .cell(&how)
                .cell(&server.place)
                .finish()
        });
        rows.rows(shown.collect());
        Ok(freshness)
    }
}

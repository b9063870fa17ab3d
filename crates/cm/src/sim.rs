//! `sim`: the simulator as a background process.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::{Arg, Command};
use cloudmesh_client::{Home, engine::Interrupts};
use cloudmesh_model::{Error, ErrorKind, Result, Secret};
use cloudmesh_prompt::Context;
use cloudmesh_sim::{CloudCredentials, CloudOptions, Options, SshStatus, SshdOption};
use cloudmesh_transport::http::{Call, Client, Settings};
use serde_json::{Value, json};

use crate::processes::{self, say};

const NAME: &str = "sim";

/// The arguments of `sim`.
pub(crate) fn arguments(command: Command) -> Command {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let number = |name: &'static str, help: &'static str| {
        option(name, "NUMBER", help).value_parser(clap::value_parser!(u64))
    };
    let shape = move |command: Command| {
        command
            .arg(number("clouds", "How many clouds: one called sim, or sim-001, sim-002 …"))
            .arg(number("servers", "Machines that are there from the start, in each cloud"))
            .arg(number("seed", "Ids and random faults follow from this"))
            .arg(number("page-size", "The greatest page of a list"))
            .arg(number("latency", "Milliseconds before each answer"))
            .arg(number("build-time", "Milliseconds until a machine is up"))
            .arg(number("instances", "Quota of machines"))
            .arg(number("port", "Port on loopback; a free one without it"))
    };
    command
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(shape(Command::new("up").about("Start it, and register its cloud as `sim`")))
        .subcommand(shape(Command::new("serve").about("Run it in this process").hide(true)))
        .subcommand(Command::new("down").about("Stop it, and take its registration away; its machines are gone"))
        .subcommand(Command::new("status").about("What it is doing"))
        .subcommand(
            Command::new("fault")
                .about("Make it fail: FIELD=JSON, such as lost_answers='{\"rate\":0.1}', failure='{\"calls\":{\"rate\":0.3}}', latency_ms=200; nothing clears all")
                .arg(Arg::new("fields").value_name("FIELD=JSON").num_args(0..))
                .arg(option("cloud", "NAME", "The simulated cloud").default_value("sim")),
        )
}

/// Runs `sim …`.
pub(crate) fn run(matches: &clap::ArgMatches, context: &Context<'_>) -> Result<u8> {
    let home = Home::locate(context.surroundings)?;
    match matches.subcommand() {
        Some(("up", matches)) => up(matches, context, &home),
        Some(("serve", matches)) => serve(matches, &home),
        Some(("down", _)) => down(context, &home),
        Some(("status", _)) => status(&home),
        Some(("fault", matches)) => fault(matches, &home),
        _ => Err(Error::internal("a word of `sim` is not known")),
    }
}

/// The URL of the running simulator's cloud, if it runs.
pub(crate) fn runs(home: &Home) -> bool {
    processes::find(home, NAME).is_some()
}

/// Whether simulated machines answer on ssh, or why not.
pub(crate) fn ssh(home: &Home) -> std::result::Result<(), String> {
    let process = processes::find(home, NAME).ok_or("the simulator does not run")?;
    match serde_json::from_value::<SshStatus>(process.detail["ssh"].clone()) {
        Ok(SshStatus::Available { .. }) => Ok(()),
        Ok(SshStatus::Unavailable { reason }) => Err(reason),
        Ok(SshStatus::Off) | Err(_) => Err("it was started without".to_owned()),
    }
}

fn options(matches: &clap::ArgMatches, home: &Home) -> Options {
    let number = |name: &str| matches.get_one::<u64>(name).copied();
    let millis = |name: &str| number(name).map(Duration::from_millis);
    let mut cloud = CloudOptions::named("sim");
    cloud.servers = usize::try_from(number("servers").unwrap_or(0)).unwrap_or(0);
    cloud.page_size = number("page-size").and_then(|size| u32::try_from(size).ok());
    cloud.latency = millis("latency").unwrap_or(cloud.latency);
    cloud.build_time = millis("build-time").unwrap_or(cloud.build_time);
    if let Some(instances) = number("instances").and_then(|count| i64::try_from(count).ok()) {
        cloud.quotas.instances = instances;
        cloud.quotas.cores = cloud.quotas.cores.max(instances.saturating_mul(8));
        cloud.quotas.ram = -1;
        cloud.quotas.floatingip = cloud.quotas.floatingip.max(instances);
        cloud.quotas.port = -1;
    }
    let port = number("port").and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
    let options = Options {
        listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
        seed: number("seed").unwrap_or(1),
        ssh: SshdOption::Auto { port: 0 },
        state_file: Some(home.folder().join("sim").join("state.json")),
        clouds: vec![cloud.clone()],
        ..Options::default()
    };
    match number("clouds").and_then(|count| usize::try_from(count).ok()) {
        Some(count) if count > 1 => options.with_clouds(count, &cloud),
        _ => options,
    }
}

fn serve(matches: &clap::ArgMatches, home: &Home) -> Result<u8> {
    let options = options(matches, home);
    let failed =
        |error: std::io::Error| Error::new(ErrorKind::Service, format!("the simulator cannot run: {error}"));
    home.private("sim")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    runtime.block_on(async {
        let mut terminate =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(failed)?;
        let until = async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        };
        let ready = |simulator: &cloudmesh_sim::Simulator| {
            let clouds: Vec<CloudCredentials> =
                simulator.cloud_names().iter().filter_map(|name| simulator.credentials(name)).collect();
            let detail = json!({
                "control_url": simulator.control_url(),
                "control_token": simulator.control_token(),
                "clouds": clouds,
                "ssh": simulator.ssh(),
            });
            processes::record(home, NAME, detail)
        };
        cloudmesh_sim::serve(options, ready, until).await.map_err(failed)
    })?;
    Ok(0)
}

fn up(matches: &clap::ArgMatches, context: &Context<'_>, home: &Home) -> Result<u8> {
    let process = match processes::find(home, NAME) {
        Some(process) => process,
        None => {
            let mut arguments = vec!["sim".to_owned(), "serve".to_owned()];
            for name in
                ["clouds", "servers", "seed", "page-size", "latency", "build-time", "instances", "port"]
            {
                if let Some(value) = matches.get_one::<u64>(name) {
                    arguments.push(format!("--{name}={value}"));
                }
            }
            processes::start(home, NAME, &arguments)?
        }
    };
    let clouds: Vec<CloudCredentials> =
        serde_json::from_value(process.detail["clouds"].clone()).map_err(|_| {
            Error::new(ErrorKind::Conflict, "the simulator that runs is of another version")
                .hint("stop it: cm sim down")
        })?;
    let ssh: Option<SshStatus> = serde_json::from_value(process.detail["ssh"].clone()).ok();
    for cloud in &clouds {
        register(context, cloud, ssh.as_ref())?;
    }
    let names: Vec<&str> = clouds.iter().map(|cloud| cloud.cloud.as_str()).collect();
    let named = if names.len() > 3 {
        format!("{} … {}", names[0], names[names.len() - 1])
    } else {
        names.join(", ")
    };
    say(&format!("the simulator runs (process {}); registered: {named}", process.pid));
    match ssh {
        Some(SshStatus::Available { port, .. }) => {
            say(&format!("its machines answer on ssh, on addresses of this computer (127.x), port {port}"))
        }
        Some(SshStatus::Unavailable { reason }) => {
            say(&format!("its machines do not answer on ssh: {reason}"))
        }
        _ => {}
    }
    Ok(0)
}

/// Registers a simulated cloud by the operation that anybody would use.
fn register(context: &Context<'_>, cloud: &CloudCredentials, ssh: Option<&SshStatus>) -> Result<()> {
    let mut settings = vec![
        format!("OS_AUTH_URL={}", cloud.auth_url),
        format!("OS_USERNAME={}", cloud.user),
        format!("OS_PROJECT_NAME={}", cloud.project),
        format!("OS_USER_DOMAIN_NAME={}", cloud.domain),
        format!("OS_PROJECT_DOMAIN_NAME={}", cloud.domain),
        // A simulated call takes effect at once or, where a fault says so, a little later.
        "settle=2".to_owned(),
    ];
    if let Some(region) = cloud.regions.first() {
        settings.push(format!("OS_REGION_NAME={region}"));
    }
    if let Some(SshStatus::Available { port, user, .. }) = ssh {
        settings.push(format!("ssh_port={port}"));
        settings.push(format!("ssh_user={user}"));
    }
    let mut defaults = vec!["image=ubuntu-24.04".to_owned(), "flavor=m1.small".to_owned()];
    if let Some(SshStatus::Available { user, .. }) = ssh {
        defaults.push(format!("username={user}"));
    }
    let input = json!({
        "name": cloud.cloud, "type": "openstack", "heading": "A simulated OpenStack on this computer",
        "settings": settings, "defaults": defaults,
    });
    // The password of a simulated cloud guards nothing; it goes the way of any other all the same.
    let mut surroundings = context.surroundings.clone();
    surroundings.variables.retain(|name, _| !name.starts_with("OS_"));
    surroundings.variables.insert("OS_PASSWORD".to_owned(), cloud.password.clone());
    let context = Context { surroundings: &surroundings, ..*context };
    operate(&context, "register.cloud", input)
}

/// Runs an operation without showing what it says.
fn operate(context: &Context<'_>, name: &str, input: Value) -> Result<()> {
    let entry = context
        .program
        .catalogue
        .find(name)
        .ok_or_else(|| Error::internal(format!("there is no operation {name}")))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal(format!("the runtime cannot be started: {error}")))?;
    runtime.block_on(async {
        let mesh = context.mesh(Interrupts::never())?;
        let options = cloudmesh_present::TextOptions { quiet: true, ..Default::default() };
        let mut door =
            cloudmesh_present::TextDoor::new(Box::new(std::io::sink()), Box::new(std::io::sink()), options);
        let envelope = cloudmesh_client::Envelope { yes: true, ..Default::default() };
        entry.run(&mesh, entry.from_json(input)?, &envelope, &mut door).await
    })
}

fn down(context: &Context<'_>, home: &Home) -> Result<u8> {
    let clouds: Vec<CloudCredentials> = processes::find(home, NAME)
        .and_then(|process| serde_json::from_value(process.detail["clouds"].clone()).ok())
        .unwrap_or_default();
    let stopped = processes::stop(home, NAME)?;
    for cloud in &clouds {
        match operate(context, "register.remove", json!({"name": cloud.cloud})) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            settled => settled?,
        }
    }
    let state = home.folder().join("sim");
    if state.is_dir() {
        std::fs::remove_dir_all(&state).map_err(|error| {
            Error::new(ErrorKind::Store, format!("{} cannot be removed: {error}", state.display()))
        })?;
    }
    say(if stopped { "the simulator is stopped; its clouds are gone" } else { "the simulator does not run" });
    Ok(0)
}

/// One call of the control API.
fn control(home: &Home, make: impl FnOnce(&str) -> Result<Call>) -> Result<Value> {
    let process = processes::find(home, NAME).ok_or_else(|| {
        Error::new(ErrorKind::NotFound, "the simulator does not run").hint("start it: cm sim up")
    })?;
    let text = |key: &str| process.detail[key].as_str().unwrap_or_default().to_owned();
    let token = Secret::new(format!("Bearer {}", text("control_token")));
    let call = make(&text("control_url"))?.secret_header("authorization", &token)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal(format!("the runtime cannot be started: {error}")))?;
    let answer = runtime.block_on(Client::new(Settings::default()).send(call))?;
    let value: Value = answer.json()?;
    if answer.is_success() {
        return Ok(value);
    }
    Err(Error::bad_input(value["error"].as_str().unwrap_or("the simulator refused").to_owned()))
}

fn status(home: &Home) -> Result<u8> {
    let status = control(home, |url| Ok(Call::get(format!("{url}/status"))))?;
    say(&serde_json::to_string_pretty(&status).unwrap_or_default());
    Ok(0)
}

fn fault(matches: &clap::ArgMatches, home: &Home) -> Result<u8> {
    let cloud = matches.get_one::<String>("cloud").map_or("sim", String::as_str);
    let fields: Vec<&String> = matches.get_many::<String>("fields").into_iter().flatten().collect();
    let mut change = serde_json::Map::new();
    for field in &fields {
        let (name, value) = field
            .split_once('=')
            .and_then(|(name, value)| Some((name, serde_json::from_str::<Value>(value).ok()?)))
            .ok_or_else(|| {
                Error::bad_input(format!("`{field}` is not FIELD=JSON"))
                    .hint("such as latency_ms=200; cm help sim fault")
            })?;
        change.insert(name.to_owned(), value);
    }
    let now = control(home, |url| {
        let url = format!("{url}/clouds/{cloud}/faults");
        if fields.is_empty() { Ok(Call::delete(url)) } else { Call::patch(url).json(&Value::Object(change)) }
    })?;
    say(&serde_json::to_string_pretty(&now).unwrap_or_default());
    Ok(0)
}

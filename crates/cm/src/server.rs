//! `server`: the REST door as a background process, and the tokens that open it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Arg, ArgAction, ArgMatches, Command};
use cloudmesh_client::engine::Interrupts;
use cloudmesh_client::{Entry, Envelope, Example, Home, Mesh};
use cloudmesh_model::{Ask, Error, ErrorKind, Refuse, Result, Secret, SystemClock};
use cloudmesh_prompt::{Context, Program, meaning, program_file};
use cloudmesh_resource::Surroundings;
use cloudmesh_rest::{Api, Hosts, Parts, Scope, Tokens};
use serde_json::{Value, json};

use crate::catalogue::words;
use crate::processes::{self, say};

const NAME: &str = "server";

/// The arguments of `server`.
pub(crate) fn arguments(command: Command) -> Command {
    let option = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let format = || option("format", "FORMAT", "table or json").short('o');
    let shape = move |command: Command| {
        command
            .arg(
                option("listen", "ADDRESS", "Address and port; port 0 for a free one")
                    .default_value("127.0.0.1:8650"),
            )
            .arg(option(
                "tls-certificate",
                "FILE",
                "Certificate chain, PEM; needed for other addresses than this computer's own",
            ))
            .arg(option("tls-key", "FILE", "Its private key, PEM").requires("tls-certificate"))
            .arg(
                option("host", "NAME", "A name under which the server is addressed, beside localhost")
                    .action(ArgAction::Append),
            )
    };
    command
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .subcommand(shape(
            Command::new("start").about("Start it in the background").arg(
                Arg::new("foreground").long("foreground").action(ArgAction::SetTrue).help("Run it in this process"),
            ),
        ))
        .subcommand(shape(Command::new("serve").about("Run it in this process").hide(true)))
        .subcommand(Command::new("stop").about("Stop it; plans that it runs are brought to an orderly end"))
        .subcommand(Command::new("status").about("Where it listens, and what it is doing").arg(format()))
        .subcommand(Command::new("openapi").about("The OpenAPI 3.1 document, made from what this program can do"))
        .subcommand(
            Command::new("token")
                .about("Tokens: who may come in, and what they may do")
                .subcommand_required(true)
                .arg_required_else_help(true)
                .disable_help_subcommand(true)
                .subcommand(
                    Command::new("create")
                        .about("Make a token; it is shown this once")
                        .arg(Arg::new("name").required(true).value_name("NAME").help("A name for it"))
                        .arg(
                            option("scope", "SCOPE", "What it allows: read; change, which is read and change; destroy, which is everything")
                                .value_parser(["read", "change", "destroy"])
                                .default_value("read"),
                        )
                        .arg(
                            option("places", "NAMES", "Only these clouds and clusters, separated by commas")
                                .value_delimiter(','),
                        )
                        .arg(
                            option("expires", "TIME", "How long it is good: 12h, 30d, or never").default_value("90d"),
                        )
                        .arg(format()),
                )
                .subcommand(Command::new("list").about("The tokens there are; none can be shown again").arg(format()))
                .subcommand(
                    Command::new("delete")
                        .about("Make a token worthless, at once")
                        .arg(Arg::new("name").required(true).value_name("NAME").help("Its name")),
                ),
        )
}

/// Runs `server …`.
pub(crate) fn run(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let home = Home::locate(context.surroundings)?;
    match matches.subcommand() {
        Some(("start", matches)) if matches.get_flag("foreground") => serve(matches, context, &home),
        Some(("start", matches)) => start(matches, context, &home),
        Some(("serve", matches)) => serve(matches, context, &home),
        Some(("stop", _)) => {
            let stopped = processes::stop(&home, NAME)?;
            say(if stopped { "the server is stopped" } else { "the server does not run" });
            Ok(0)
        }
        Some(("status", matches)) => status(matches, &home),
        Some(("openapi", _)) => {
            let document = cloudmesh_rest::document(context.program.catalogue, |entry, shown| {
                example(&crate::PROGRAM, entry, shown)
            })?;
            let text = serde_json::to_string_pretty(&document)
                .map_err(|error| Error::internal(format!("the document cannot be written: {error}")))?;
            say(&text);
            Ok(0)
        }
        Some(("token", matches)) => token(matches, &home),
        _ => Err(Error::internal("a word of `server` is not known")),
    }
}

fn text<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a str> {
    matches.get_one::<String>(name).map(String::as_str)
}

fn as_json(matches: &ArgMatches) -> Result<bool> {
    match text(matches, "format") {
        None | Some("table") => Ok(false),
        Some("json") => Ok(true),
        Some(other) => {
            Err(Error::bad_input(format!("--format={other} is not known here")).hint("use table or json"))
        }
    }
}

/// What `server start` was told, checked before anything is started.
struct Told {
    address: SocketAddr,
    tls: Option<(PathBuf, PathBuf)>,
    hosts: Vec<String>,
}

fn told(matches: &ArgMatches, context: &Context<'_>) -> Result<Told> {
    let listen = text(matches, "listen").unwrap_or("127.0.0.1:8650");
    let address = listen.parse::<SocketAddr>().map_err(|_| {
        Error::bad_input(format!(
            "`{}` is not an address with a port",
            cloudmesh_model::noun::printable(listen)
        ))
        .hint("write 127.0.0.1:8650, or [::1]:8650")
    })?;
    let file = |name| text(matches, name).map(|file| context.surroundings.working_folder.join(file));
    let tls = match (file("tls-certificate"), file("tls-key")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (Some(_), None) => return Err(Error::bad_input("--tls-certificate needs --tls-key")),
        _ => None,
    };
    cloudmesh_rest::check_address(address, tls.is_some())?;
    let hosts = matches.get_many::<String>("host").into_iter().flatten().cloned().collect();
    Ok(Told { address, tls, hosts })
}

fn start(matches: &ArgMatches, context: &Context<'_>, home: &Home) -> Result<u8> {
    let told = told(matches, context)?;
    let process = match processes::find(home, NAME) {
        Some(process) => process,
        None => {
            let mut arguments =
                vec![NAME.to_owned(), "serve".to_owned(), format!("--listen={}", told.address)];
            if let Some((certificate, key)) = &told.tls {
                arguments.push(format!("--tls-certificate={}", certificate.display()));
                arguments.push(format!("--tls-key={}", key.display()));
            }
            arguments.extend(told.hosts.iter().map(|host| format!("--host={host}")));
            processes::start(home, NAME, &arguments)?
        }
    };
    let url = process.detail["url"].as_str().unwrap_or_default();
    say(&format!("the server listens at {url} (process {})", process.pid));
    if Tokens::of(home).all()?.is_empty() {
        say("nobody can come in yet: cm server token create NAME makes a token");
    }
    Ok(0)
}

/// The person is not here: what needs one is asked for in the request.
struct NotHere;

impl Ask for NotHere {
    fn secret(&self, what: &str) -> Result<Secret> {
        Refuse.secret(what)
    }

    fn confirm(&self, question: &str) -> Result<bool> {
        Err(Error::new(ErrorKind::Refused, format!("not confirmed: {question}")).hint(
            "look at the plan with dryrun=true, then repeat with yes=true; or keep it with save=true and apply it",
        ))
    }

    fn text(&self, what: &str) -> Result<String> {
        Refuse.text(what)
    }
}

/// What an example means.
pub(crate) fn example(
    program: &'static Program,
    entry: &Entry,
    shown: &Example,
) -> Option<(Value, Envelope)> {
    let means = meaning(program.catalogue, program.words, words(shown.command)).ok()?;
    (means.entry.name == entry.name).then_some((means.input, means.envelope))
}

fn serve(matches: &ArgMatches, context: &Context<'_>, home: &Home) -> Result<u8> {
    let told = told(matches, context)?;
    if let Some(process) = processes::find(home, NAME) {
        return Err(Error::new(
            ErrorKind::Conflict,
            format!("the server runs already (process {})", process.pid),
        )
        .hint("cm server stop ends it"));
    }
    home.ensure()?;
    let tls = match &told.tls {
        Some((certificate, key)) => Some(cloudmesh_rest::tls(certificate, key)?),
        None => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal(format!("the runtime cannot be started: {error}")))?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(told.address).await.map_err(|error| {
            Error::new(ErrorKind::Conflict, format!("{} cannot be listened on: {error}", told.address))
                .hint("choose another port: --listen=127.0.0.1:0 takes a free one")
        })?;
        let address = listener.local_addr().map_err(|error| Error::internal(error.to_string()))?;
        let (counter, interrupts) = tokio::sync::watch::channel(0_u8);
        let api = api(context, home, Hosts::new(address.port(), &named(address, &told.hosts)), interrupts)?;
        let host =
            if address.ip().is_unspecified() { "localhost".to_owned() } else { address.ip().to_string() };
        let host =
            if address.is_ipv6() && !address.ip().is_unspecified() { format!("[{host}]") } else { host };
        let url = format!("{scheme}://{host}:{}", address.port());
        // What an earlier server had begun comes first: whoever asks then sees it under way.
        let taken_up = api.take_up().await?;
        if taken_up > 0 {
            tracing::info!(taken_up, "plans are gone on with");
        }
        processes::record(home, NAME, json!({ "url": url })).map_err(|error| {
            Error::new(ErrorKind::Store, format!("the server cannot be recorded: {error}"))
        })?;
        if matches.try_contains_id("foreground").is_ok() {
            say(&format!("the server listens at {url}; Ctrl-C stops it"));
        }
        let until = stopped(counter)?;
        cloudmesh_rest::serve(api.clone(), cloudmesh_rest::guarded(&api), listener, tls, until).await
    })?;
    runtime.shutdown_background();
    Ok(0)
}

/// The names of the address that is listened on, beside those that were given.
fn named(address: SocketAddr, given: &[String]) -> Vec<String> {
    let mut names = given.to_vec();
    if !address.ip().is_unspecified() {
        names.push(if address.is_ipv6() { format!("[{}]", address.ip()) } else { address.ip().to_string() });
    }
    names
}

/// Ends with the first Ctrl-C or SIGTERM; plans are told of each of them.
fn stopped(counter: tokio::sync::watch::Sender<u8>) -> Result<impl Future<Output = ()>> {
    let failed = |error: std::io::Error| Error::internal(format!("signals cannot be received: {error}"));
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(failed)?;
    let (first, stop) = tokio::sync::oneshot::channel::<()>();
    tokio::spawn(async move {
        let mut first = Some(first);
        loop {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            counter.send_modify(|count| *count = count.saturating_add(1));
            drop(first.take());
        }
    });
    Ok(async move {
        let _ = stop.await;
    })
}

fn api(
    context: &Context<'_>,
    home: &Home,
    hosts: Hosts,
    interrupts: tokio::sync::watch::Receiver<u8>,
) -> Result<Api> {
    let program = *context.program;
    let clock = Arc::new(SystemClock);
    let store = (program.open_store)(&home.store(), clock.clone())?;
    // Secrets of the environment are for who types here, not for who asks from elsewhere.
    let mut variables = context.surroundings.variables.clone();
    variables.retain(|name, _| !cloudmesh_model::secret::is_secret_variable(name));
    let surroundings = Surroundings { variables, ..context.surroundings.clone() };
    let writing = Box::new(move || -> Result<Mesh> {
        let interrupts = Interrupts::from_counter(interrupts.clone());
        program.mesh(&surroundings, program_file(), "rest", Arc::new(NotHere), interrupts)
    });
    Ok(Api::new(Parts {
        catalogue: program.catalogue,
        writing,
        home: home.clone(),
        store,
        clock,
        hosts,
        example: |entry, shown| example(&crate::PROGRAM, entry, shown),
    }))
}

fn status(matches: &ArgMatches, home: &Home) -> Result<u8> {
    let process = processes::find(home, NAME);
    let tokens = Tokens::of(home).all()?;
    let url = process.as_ref().and_then(|process| process.detail["url"].as_str());
    if as_json(matches)? {
        let value = json!({
            "schema": "cloudmesh.server_process.v1",
            "running": process.is_some(),
            "url": url,
            "process": process.as_ref().map(|process| process.pid),
            "tokens": tokens.len(),
        });
        say(&value.to_string());
    } else {
        match (&process, url) {
            (Some(process), Some(url)) => {
                say(&format!("the server listens at {url} (process {})", process.pid))
            }
            _ => say("the server does not run"),
        }
        let count = tokens.len();
        say(&format!("{count} token{}", if count == 1 { "" } else { "s" }));
    }
    Ok(0)
}

fn token(matches: &ArgMatches, home: &Home) -> Result<u8> {
    let tokens = Tokens::of(home);
    match matches.subcommand() {
        Some(("create", matches)) => create(matches, home, &tokens),
        Some(("list", matches)) => {
            list(matches, &tokens)?;
            Ok(0)
        }
        Some(("delete", matches)) => {
            let name = text(matches, "name").unwrap_or_default();
            tokens.delete(name)?;
            say(&format!("the token {name} is no longer good"));
            Ok(0)
        }
        _ => Err(Error::internal("a word of `server token` is not known")),
    }
}

fn create(matches: &ArgMatches, home: &Home, tokens: &Tokens) -> Result<u8> {
    let json_wanted = as_json(matches)?;
    let name = text(matches, "name").unwrap_or_default();
    let wanted = text(matches, "scope").unwrap_or("read");
    let places: BTreeSet<String> = matches
        .get_many::<String>("places")
        .into_iter()
        .flatten()
        .map(|place| place.trim().to_owned())
        .collect();
    let scope = Scope {
        change: wanted != "read",
        destroy: wanted == "destroy",
        places: Some(places).filter(|places| !places.is_empty()),
    };
    let now = jiff::Timestamp::now();
    let expires = expiry(text(matches, "expires").unwrap_or("90d"), now)?;
    let token = tokens.create(home, name, scope, now, expires)?;
    let until = expires.map(|expires| expires.to_string());
    if json_wanted {
        let value = json!({
            "schema": "cloudmesh.token.v1", "name": name, "scope": wanted, "expires": until, "token": token.expose(),
        });
        say(&value.to_string());
    } else {
        say(token.expose());
        processes::tell(&format!(
            "this is the only time that it is shown; it allows to {wanted}, {}",
            until.map_or("for ever".to_owned(), |until| format!("until {until}"))
        ));
    }
    Ok(0)
}

/// `12h`, `30d`, `never`.
fn expiry(text: &str, now: jiff::Timestamp) -> Result<Option<jiff::Timestamp>> {
    if text == "never" {
        return Ok(None);
    }
    let wrong = || {
        Error::bad_input(format!(
            "`{}` is no time that a token is good",
            cloudmesh_model::noun::printable(text)
        ))
        .hint("write 30m, 12h, 30d or never")
    };
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let number: i64 = digits.parse().map_err(|_| wrong())?;
    let seconds = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let length = number.checked_mul(seconds).filter(|length| *length > 0).ok_or_else(wrong)?;
    now.checked_add(jiff::SignedDuration::from_secs(length)).map(Some).map_err(|_| wrong())
}

fn list(matches: &ArgMatches, tokens: &Tokens) -> Result<()> {
    let all = tokens.all()?;
    let word = |scope: &Scope| match (scope.change, scope.destroy) {
        (_, true) => "destroy",
        (true, false) => "change",
        _ => "read",
    };
    if as_json(matches)? {
        let items: Vec<Value> = all
            .iter()
            .map(|token| {
                json!({
                    "name": token.name, "id": token.id, "scope": word(&token.scope), "places": token.scope.places,
                    "created": token.created, "expires": token.expires,
                })
            })
            .collect();
        say(&json!({ "schema": "cloudmesh.tokens.v1", "items": items }).to_string());
        return Ok(());
    }
    for token in all.iter() {
        let places = match &token.scope.places {
            Some(places) => places.iter().cloned().collect::<Vec<_>>().join(","),
            None => "all places".to_owned(),
        };
        let until = token.expires.map_or("for ever".to_owned(), |expires| format!("until {expires}"));
        say(&format!("{}  {}  {places}  {until}", token.name, word(&token.scope)));
    }
    if all.is_empty() {
        say("no tokens");
    }
    Ok(())
}

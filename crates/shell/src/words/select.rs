//! `select` and `setup`: a person chooses.

use std::io::{IsTerminal, Write};

use clap::{Arg, ArgAction, ArgMatches, Command};
use cloudmesh_model::noun::printable;
use cloudmesh_model::{Ask, Error, ErrorKind, Result};
use cloudmesh_prompt::{Context, Terminal, style};
use cloudmesh_resource::Family;

use crate::line::silently;
use crate::names::{Name, Names};
use crate::picker;
use crate::shell::Shell;

pub(super) fn select_arguments(command: Command) -> Command {
    command
        .arg(
            Arg::new("what")
                .value_name("cloud|cluster|image|flavor|key")
                .required(true)
                .value_parser(["cloud", "cluster", "image", "flavor", "key"])
                .help("What the default is chosen of"),
        )
        .arg(
            Arg::new("place")
                .value_name("CLOUD")
                .help("The cloud that it is the default for; the default one without it"),
        )
        .arg(Arg::new("cloud").long("cloud").value_name("CLOUD").help("The same, as an option"))
        .arg(Arg::new("force").long("force").action(ArgAction::SetTrue).hide(true))
}

fn run(context: &Context<'_>, words: &[&str]) -> Result<u8> {
    cloudmesh_prompt::run(context, words.iter().map(|word| (*word).to_owned()).collect())
}

/// `select cloud|image|flavor|key`.
pub(super) fn select(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let what = matches.get_one::<String>("what").map(String::as_str).unwrap_or_default();
    if !picker::somebody() {
        return Err(Error::new(ErrorKind::Refused, "select needs a terminal: a person chooses")
            .hint(format!("set the default by its name: cm default {what}=NAME")));
    }
    let mut names = Names::new(context)?;
    let place = matches.get_one::<String>("place").or_else(|| matches.get_one::<String>("cloud")).cloned();
    let (all, place): (Vec<Name>, Option<String>) = match what {
        "cloud" => (names.places(Family::Compute, ""), None),
        "cluster" => (names.places(Family::Batch, ""), None),
        "key" => (names.column("own_key", 0, None, ""), place),
        _ => {
            let cloud = place.or_else(|| names.cloud()).ok_or_else(|| {
                Error::new(ErrorKind::NotFound, "which cloud?").hint(format!("select {what} CLOUD"))
            })?;
            // The first time, the store knows nothing of it; `list` reads it then.
            let list = [what, "list", "--quiet", &format!("--cloud={cloud}")].map(str::to_owned);
            silently(|| cloudmesh_prompt::run(context, list.to_vec()))?;
            (names.at(what, &cloud), Some(cloud))
        }
    };
    if all.is_empty() {
        return Err(Error::new(ErrorKind::NotFound, format!("there is no {what} to choose from")).hint(
            match what {
                "cloud" | "cluster" => format!("register one: cm register {what} NAME"),
                "key" => "add one: cm key add NAME --ssh".to_owned(),
                _ => format!("cm {what} list --refresh"),
            },
        ));
    }
    let color = style(context.surroundings, &context.preferences.borrow(), &std::io::stderr()).color;
    let Some(chosen) = picker::pick(what, &all, color)? else {
        return Err(Error::new(ErrorKind::Interrupted, "nothing was chosen"));
    };
    let value = format!("{what}={chosen}");
    match place {
        Some(place) => run(context, &["default", "set", &value, &format!("--cloud={place}")]),
        None => run(context, &["default", "set", &value]),
    }
}

const SKELETON: &str =
    "meta:\n  version: 4.1\n  kind: clouds\ncloudmesh:\n  profile:\n    user: USER\n  clouds: {}\n";

/// `setup`.
pub(super) fn setup(_: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let shell = Shell::of(context)?;
    shell.home.ensure()?;
    let path = shell.home.configuration();
    let say = |text: &str| {
        let _ = writeln!(std::io::stderr(), "{text}");
    };
    if path.exists() {
        say(&format!("settings are in {}", path.display()));
    } else {
        let user = context.surroundings.variables.get("USER").map_or("user", String::as_str);
        let plain = user.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        let text = SKELETON.replace("USER", if plain && !user.is_empty() { user } else { "user" });
        if context.shown.is_none() {
            std::fs::write(&path, text).map_err(|error| {
                Error::new(ErrorKind::Store, format!("{} cannot be written: {error}", path.display()))
            })?;
        }
        say(&format!("settings are in {}, which is new", path.display()));
    }
    if !std::io::stdin().is_terminal() {
        say(
            "next: cm register cloud NAME tells it about a cloud; cm quickstart tries a simulated one; cm check looks at all",
        );
        return Ok(0);
    }
    let ask = Terminal;
    if ask.confirm("Register a cloud now?")? {
        let name = ask.text("Its name, for yourself")?;
        if name.is_empty() || name.starts_with('-') {
            return Err(Error::bad_input(format!("`{}` cannot be the name of a cloud", printable(&name))));
        }
        let code = run(context, &["register", "cloud", &name])?;
        if code != 0 {
            return Ok(code);
        }
        run(context, &["default", "set", &format!("cloud={name}")])?;
        return run(context, &["check", &format!("--cloud={name}")]);
    }
    if ask.confirm("Try a simulated cloud on this computer?")? {
        run(context, &["sim", "up"])?;
        run(context, &["default", "set", "cloud=sim"])?;
    }
    run(context, &["check"])
}

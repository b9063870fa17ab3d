//! Commands of others (`cm-NAME` on the PATH), and programs of others for files and addresses.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command as Process, Stdio};

use clap::{Arg, ArgMatches, Command};
use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_prompt::Context;

use crate::line;

fn folders(context: &Context<'_>) -> Vec<PathBuf> {
    let path = context.surroundings.variables.get("PATH").cloned().unwrap_or_default();
    std::env::split_paths(&path).collect()
}

fn executable(path: &std::path::Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// The executable of the command `name` of others; our own words come first.
pub(crate) fn foreign(context: &Context<'_>, name: &str) -> Option<PathBuf> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let own = context.program.catalogue.entries().any(|entry| entry.noun() == name)
        || context.program.words.iter().any(|word| word.name == name)
        || cloudmesh_prompt::is_known(name);
    if own || !plain || name.is_empty() || name.starts_with('-') {
        return None;
    }
    find(context, &format!("cm-{name}"))
}

fn find(context: &Context<'_>, program: &str) -> Option<PathBuf> {
    folders(context).into_iter().map(|folder| folder.join(program)).find(|path| executable(path))
}

/// All commands of others by name.
pub(crate) fn all(context: &Context<'_>) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    for folder in folders(context) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some(command) = name.strip_prefix("cm-")
                && executable(&entry.path())
            {
                found.entry(command.to_owned()).or_insert_with(|| entry.path());
            }
        }
    }
    found
}

pub(super) fn arguments(command: Command) -> Command {
    command.arg(Arg::new("name").value_name("NAME").help("The command; without it, all that are there"))
}

/// `load [NAME]`.
pub(super) fn run(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let mut out = std::io::stdout().lock();
    match matches.get_one::<String>("name") {
        None => {
            let all = all(context);
            for (name, path) in &all {
                let _ = writeln!(out, "{}  {}", printable(name), path.display());
            }
            if all.is_empty() {
                let _ = writeln!(
                    std::io::stderr(),
                    "no commands of others; an executable cm-NAME on the PATH is the command NAME"
                );
            }
            Ok(0)
        }
        Some(name) => match foreign(context, name) {
            Some(path) => {
                let _ = writeln!(out, "{}  {}", printable(name), path.display());
                Ok(0)
            }
            None => Err(Error::new(
                ErrorKind::NotFound,
                format!("no executable cm-{} is on the PATH", printable(name)),
            )
            .hint("put one there; it is the command of that name at once")),
        },
    }
}

pub(super) fn open_arguments(command: Command) -> Command {
    command.arg(Arg::new("what").value_name("URL|FILE").required(true).help("What to open"))
}

/// `open URL|FILE`.
pub(super) fn open(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let what = matches.get_one::<String>("what").map(String::as_str).unwrap_or_default();
    let address = what.contains("://") || what.starts_with("mailto:");
    if !address && !std::path::Path::new(what).exists() {
        return Err(Error::new(ErrorKind::NotFound, format!("there is no file {}", printable(what)))
            .hint("name a file, or an address such as http://127.0.0.1/"));
    }
    if what.starts_with('-') {
        return Err(Error::bad_input(format!("`{}` is no file and no address", printable(what))));
    }
    let chosen =
        context.surroundings.variables.get("BROWSER").filter(|browser| address && !browser.is_empty());
    let candidates = chosen.into_iter().map(String::as_str).chain([
        "xdg-open",
        "gio",
        "wslview",
        "open",
        "sensible-browser",
    ]);
    let found = candidates
        .filter_map(|name| {
            if name.contains('/') {
                Some((name, PathBuf::from(name)))
            } else {
                Some((name, find(context, name)?))
            }
        })
        .next();
    let Some((name, program)) = found else {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("no program on this computer opens {}", printable(what)),
        )
        .hint("install xdg-utils, or name a browser in BROWSER"));
    };
    if context.shown.is_some() {
        return Ok(0);
    }
    let mut process = Process::new(&program);
    cloudmesh_model::secret::keep_secrets_from(&mut process);
    if name == "gio" {
        process.arg("open");
    }
    let child = process.arg(what).stdin(Stdio::null()).spawn().map_err(|error| {
        Error::new(ErrorKind::Unsupported, format!("{} cannot be run: {error}", program.display()))
    })?;
    line::wait(child)
}

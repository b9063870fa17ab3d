//! Words that change what the prompt shows. They hold from now on, in every shell of the user's.

use std::io::Write;

use clap::{Arg, ArgMatches, Command};
use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, Result};
use cloudmesh_prompt::{Context, Preferences};

use crate::shell::Shell;

pub(super) fn switch_arguments(command: Command) -> Command {
    command.arg(Arg::new("value").value_name("on|off").help("What it is from now on; without it, what it is"))
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// `on`, `off`, `true`, `false`; `None` for a question.
fn switch(matches: &ArgMatches) -> Result<Option<bool>> {
    match matches.get_one::<String>("value").map(|value| value.to_ascii_lowercase()).as_deref() {
        None | Some("list" | "status") => Ok(None),
        Some("on" | "true" | "yes" | "1") => Ok(Some(true)),
        Some("off" | "false" | "no" | "0") => Ok(Some(false)),
        Some(other) => {
            Err(Error::bad_input(format!("`{}` is neither on nor off", printable(other)))
                .hint("write on or off"))
        }
    }
}

/// Makes a change, or says what is so.
fn set(
    matches: &ArgMatches,
    context: &Context<'_>,
    name: &str,
    value: impl FnOnce(&Preferences) -> bool,
    change: impl FnOnce(&mut Preferences, bool),
) -> Result<u8> {
    let word = |on: bool| if on { "on" } else { "off" };
    match switch(matches)? {
        None => say(&format!("{name} is {}", word(value(&context.preferences.borrow())))),
        Some(on) => {
            keep(context, |preferences| change(preferences, on))?;
            let _ = writeln!(std::io::stderr(), "{name} is {}", word(on));
        }
    }
    Ok(0)
}

/// Changes the preferences of this process and those that are kept.
pub(super) fn keep(context: &Context<'_>, change: impl FnOnce(&mut Preferences)) -> Result<()> {
    let home = &Shell::of(context)?.home;
    let mut preferences = Preferences::read(home);
    change(&mut preferences);
    if context.shown.is_none() {
        preferences.write(home)?;
    }
    context.preferences.replace(preferences);
    Ok(())
}

/// `color on|off`.
pub(super) fn color(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    set(matches, context, "color", |it| it.color.unwrap_or(true), |it, on| it.color = Some(on))
}

/// `refresh on|off`.
pub(super) fn refresh(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    set(matches, context, "refresh", |it| it.refresh, |it, on| it.refresh = on)
}

/// `verbose on|off`.
pub(super) fn verbose(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    set(matches, context, "verbose", |it| it.verbose, |it, on| it.verbose = on)
}

/// `splash on|off`.
pub(super) fn splash(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    set(matches, context, "splash", |it| it.splash.unwrap_or(true), |it, on| it.splash = Some(on))
}

/// `debug on|off`.
pub(super) fn debug(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    set(
        matches,
        context,
        "debug",
        |it| matches!(it.log_level.as_deref(), Some("debug" | "trace")),
        |it, on| it.log_level = on.then(|| "debug".to_owned()),
    )
}

pub(super) fn level_arguments(command: Command) -> Command {
    command.arg(Arg::new("level").value_name("LEVEL").help("The level from now on; without it, what it is"))
}

/// Levels as users write them, and as the logs know them.
const LEVELS: &[(&str, &str)] = &[
    ("critical", "error"),
    ("error", "error"),
    ("warning", "warn"),
    ("warn", "warn"),
    ("info", "info"),
    ("debug", "debug"),
    ("trace", "trace"),
    ("off", "off"),
];

/// `loglevel LEVEL`.
pub(super) fn level(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let Some(wanted) = matches.get_one::<String>("level") else {
        let level = context.preferences.borrow().log_level.clone();
        say(&format!("loglevel is {}", level.as_deref().unwrap_or("off")));
        return Ok(0);
    };
    let known = LEVELS.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).ok_or_else(|| {
        let all: Vec<&str> = LEVELS.iter().map(|(name, _)| *name).collect();
        Error::bad_input(format!("no level is called {}", printable(wanted)))
            .hint(format!("there are: {}", all.join(", ")))
    })?;
    keep(context, |it| it.log_level = (known.1 != "off").then(|| known.1.to_owned()))?;
    let _ = writeln!(std::io::stderr(), "loglevel is {}", known.1);
    Ok(0)
}

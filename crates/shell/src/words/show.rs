//! Words that write what they are given.

use std::io::{IsTerminal, Write};

use clap::{Arg, ArgMatches, Command};
use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, Result};
use cloudmesh_prompt::{Context, style};
use unicode_width::UnicodeWidthStr;

use super::{given, words};

/// Names of colours, with their codes.
const COLORS: &[(&str, &str)] = &[
    ("black", "30"),
    ("red", "31"),
    ("green", "32"),
    ("yellow", "33"),
    ("blue", "34"),
    ("magenta", "35"),
    ("purple", "35"),
    ("cyan", "36"),
    ("white", "37"),
    ("gray", "90"),
    ("grey", "90"),
];

fn color_argument(command: Command) -> Command {
    command.arg(Arg::new("color").short('r').long("color").value_name("COLOR").help("red, green, blue …"))
}

/// What begins and ends a colour on standard output.
fn paint(matches: &ArgMatches, context: &Context<'_>) -> Result<(String, &'static str)> {
    let Some(name) = matches.get_one::<String>("color") else { return Ok((String::new(), "")) };
    let code = COLORS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).ok_or_else(|| {
        let known: Vec<&str> = COLORS.iter().map(|(name, _)| *name).collect();
        Error::bad_input(format!("no colour is called {}", printable(name)))
            .hint(format!("there are: {}", known.join(", ")))
    })?;
    let style = style(context.surroundings, &context.preferences.borrow(), &std::io::stdout());
    // Black is what the original writes where no colour is asked for; on a dark screen it could not be read.
    if !style.color || code.0 == "black" {
        return Ok((String::new(), ""));
    }
    Ok((format!("\u{1b}[{}m", code.1), "\u{1b}[0m"))
}

pub(super) fn echo_arguments(command: Command) -> Command {
    words(color_argument(command), "TEXT", "What to write")
}

/// `echo TEXT`.
pub(super) fn echo(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let (on, off) = paint(matches, context)?;
    let _ = writeln!(std::io::stdout(), "{on}{}{off}", given(matches).join(" "));
    Ok(0)
}

pub(super) fn banner_arguments(command: Command) -> Command {
    let option = |name: &'static str, letter: char, value: &'static str, help: &'static str| {
        Arg::new(name).short(letter).long(name).value_name(value).help(help)
    };
    let command = command
        .arg(option("character", 'c', "CHAR", "The character of the frame").default_value("#"))
        .arg(option("width", 'n', "WIDTH", "Columns that it takes").default_value("70"))
        .arg(option("indent", 'i', "INDENT", "Spaces before it").default_value("0"));
    words(color_argument(command), "TEXT", "What to write")
}

/// `banner TEXT`.
pub(super) fn banner(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let number = |name: &str, least: usize| {
        let text = matches.get_one::<String>(name).map(String::as_str).unwrap_or_default();
        text.parse::<usize>().ok().filter(|number| (least..=500).contains(number)).ok_or_else(|| {
            Error::bad_input(format!("--{name}={} is no number of columns", printable(text)))
                .hint(format!("use {least} to 500"))
        })
    };
    let (width, indent) = (number("width", 4)?, number("indent", 0)?);
    let character = matches.get_one::<String>("character").map(String::as_str).unwrap_or("#");
    if character.width() != 1 {
        return Err(Error::bad_input("the frame is made of one character").hint("-c '#', for example"));
    }
    let (on, off) = paint(matches, context)?;
    let measured = style(context.surroundings, &context.preferences.borrow(), &std::io::stdout()).width;
    let width = measured.map_or(width, |measured| width.min(measured.saturating_sub(indent).max(4)));
    let before = " ".repeat(indent);
    let frame = character.repeat(width);
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{before}{on}{frame}{off}");
    for line in given(matches).join(" ").lines() {
        let _ = writeln!(out, "{before}{on}{character} {line}{off}");
    }
    let _ = writeln!(out, "{before}{on}{frame}{off}");
    Ok(0)
}

/// `clear`.
pub(super) fn clear(_: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let style = style(context.surroundings, &context.preferences.borrow(), &std::io::stdout());
    if std::io::stdout().is_terminal() && !style.plain {
        let mut out = std::io::stdout();
        let _ = out.write_all(b"\x1b[H\x1b[2J\x1b[3J");
        let _ = out.flush();
    }
    Ok(0)
}

//! Words that end, steer or feed the shell.

use std::io::{BufRead, IsTerminal, Write};

use clap::{Arg, ArgAction, ArgMatches, Command};
use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_prompt::{Context, runtime, until_interrupted};

use super::given;
use crate::script::{self, Script};
use crate::shell::Shell;
use crate::{dry, history as kept, line};

pub(super) fn leave_arguments(command: Command) -> Command {
    command.arg(Arg::new("code").value_name("CODE").help("The exit code; 0 without it"))
}

/// `quit`.
pub(super) fn leave(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let code = match matches.get_one::<String>("code") {
        Some(text) => text.parse::<u8>().map_err(|_| {
            Error::bad_input(format!("`{}` is no exit code", printable(text))).hint("use 0 to 255")
        })?,
        None => 0,
    };
    Shell::of(context)?.leave.set(Some(code));
    Ok(0)
}

pub(super) fn exec_arguments(command: Command) -> Command {
    command
        .arg(
            Arg::new("keep-going")
                .long("keep-going")
                .short('k')
                .action(ArgAction::SetTrue)
                .help("Go on after lines that fail"),
        )
        .arg(
            Arg::new("dryrun")
                .long("dryrun")
                .action(ArgAction::SetTrue)
                .help("Show what it would do as one plan, do nothing"),
        )
        .arg(Arg::new("file").value_name("FILE").required(true).help("The file"))
        .arg(
            Arg::new("words")
                .value_name("ARGUMENTS")
                .num_args(0..)
                .trailing_var_arg(true)
                .allow_hyphen_values(true)
                .help("Its arguments: $1, $2 …"),
        )
}

/// `exec FILE`.
pub(super) fn exec(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let file = matches.get_one::<String>("file").map(String::as_str).unwrap_or_default();
    let script = Script::file(file, given(matches))?.keep_going(matches.get_flag("keep-going"));
    let inner = Context { inside: true, ..*context };
    if matches.get_flag("dryrun") && context.shown.is_none() {
        return dry::run(&inner, script);
    }
    script::run(&inner, script)
}

pub(super) fn history_arguments(command: Command) -> Command {
    command.arg(
        Arg::new("which")
            .value_name("list|last|ID|clear")
            .help("All lines, the last one, or the one of a number"),
    )
}

/// `history`.
pub(super) fn history(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let shell = Shell::of(context)?;
    let lines = kept::read(&shell.home)?;
    let mut out = std::io::stdout().lock();
    let again = match matches.get_one::<String>("which").map(String::as_str) {
        None | Some("list") => {
            for (number, line) in lines.iter().enumerate() {
                if writeln!(out, "{:>5}  {}", number + 1, printable(line)).is_err() {
                    break;
                }
            }
            return Ok(0);
        }
        Some("clear") => {
            kept::clear(&shell.home)?;
            return Ok(0);
        }
        Some("last") => {
            // In the shell the newest line is this very one.
            let skipped = usize::from(shell.interactive.get());
            match lines.iter().rev().nth(skipped) {
                Some(line) => {
                    let _ = writeln!(out, "{}", printable(line));
                    return Ok(0);
                }
                None => return Err(Error::new(ErrorKind::NotFound, "the history is empty")),
            }
        }
        Some(number) => number
            .trim_start_matches('!')
            .parse::<usize>()
            .ok()
            .and_then(|number| lines.get(number.checked_sub(1)?))
            .cloned()
            .ok_or_else(|| {
                Error::new(ErrorKind::NotFound, format!("the history has no line {}", printable(number)))
                    .hint("history list shows their numbers")
            })?,
    };
    drop(out);
    let _ = writeln!(std::io::stderr(), "{}", printable(&again));
    if !shell.interactive.get() || again.trim_start().starts_with("history") {
        return Ok(0);
    }
    Ok(line::run(context, &again))
}

pub(super) fn sleep_arguments(command: Command) -> Command {
    command.arg(Arg::new("seconds").value_name("SECONDS").required(true).help("How long: 2, 0.5, 3m, 1h"))
}

/// `sleep SECONDS`.
pub(super) fn sleep(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let text = matches.get_one::<String>("seconds").map(String::as_str).unwrap_or_default();
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1.0),
        Some((at, 'm')) => (&text[..at], 60.0),
        Some((at, 'h')) => (&text[..at], 3600.0),
        _ => (text, 1.0),
    };
    let seconds = number.parse::<f64>().ok().map(|number| number * unit);
    let pause = seconds
        .filter(|seconds| seconds.is_finite() && (0.0..=86_400.0 * 7.0).contains(seconds))
        .map(std::time::Duration::from_secs_f64)
        .ok_or_else(|| {
            Error::bad_input(format!("`{}` is no number of seconds", printable(text)))
                .hint("write 2, 0.5, 3m or 1h")
        })?;
    if context.shown.is_some() {
        return Ok(0);
    }
    runtime()?.block_on(until_interrupted(async {
        tokio::time::sleep(pause).await;
        Ok(())
    }))?;
    Ok(0)
}

/// `pause [TEXT]`.
pub(super) fn pause(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let words = given(matches);
    let text = if words.is_empty() { "Press Return to go on".to_owned() } else { words.join(" ") };
    // Nobody is there to press it: a script in a pipe goes on.
    if !std::io::stdin().is_terminal() || context.shown.is_some() {
        let _ = writeln!(std::io::stderr(), "{}", printable(&text));
        return Ok(0);
    }
    let _ = write!(std::io::stderr(), "{} ", printable(&text));
    runtime()?.block_on(until_interrupted(async {
        let mut line = String::new();
        let reading = tokio::task::spawn_blocking(move || std::io::stdin().lock().read_line(&mut line));
        let _ = reading.await;
        Ok(())
    }))?;
    Ok(0)
}

/// `shell COMMAND`, where its words come from the system's shell; in our own it never gets here.
pub(super) fn system(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let words = given(matches);
    if words.is_empty() {
        return Err(Error::bad_input("there is nothing to run").hint("shell ls -l, or !ls -l"));
    }
    let quoted: Vec<String> = words
        .iter()
        .map(|word| match words.len() {
            1 => word.clone(),
            _ => format!("'{}'", word.replace('\'', "'\\''")),
        })
        .collect();
    line::system(context, &quoted.join(" "))
}

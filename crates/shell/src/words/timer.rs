//! `timer`: stopwatches, and how long each command takes.

use std::io::Write;

use clap::{Arg, ArgMatches, Command};
use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_prompt::{Context, Stopwatch};
use jiff::Timestamp;

use super::preferences::keep;

pub(super) fn arguments(command: Command) -> Command {
    command
        .arg(Arg::new("what").value_name("on|off|start|stop|resume|reset|list").help(
            "on and off: say after each command of the shell how long it took; the others: stopwatches",
        ))
        .arg(Arg::new("name").value_name("NAME").help("The stopwatch; `timer` without it"))
}

fn milliseconds(watch: &Stopwatch, now: Timestamp) -> u64 {
    let running = watch.since.map_or(0, |since| now.duration_since(since).as_millis());
    watch.before_ms + u64::try_from(running).unwrap_or(0)
}

fn shown(watch: &Stopwatch, now: Timestamp) -> String {
    let all = milliseconds(watch, now);
    format!("{}.{:03} s", all / 1000, all % 1000)
}

/// `timer …`.
pub(super) fn run(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let now = Timestamp::now();
    let name = matches.get_one::<String>("name").map(String::as_str);
    let watch = name.unwrap_or("timer").to_owned();
    let say = |line: String| {
        let _ = writeln!(std::io::stdout(), "{line}");
    };
    let missing = || {
        Error::new(ErrorKind::NotFound, format!("no stopwatch is called {}", printable(&watch)))
            .hint(format!("start it: timer start {}", printable(&watch)))
    };
    let there = context.preferences.borrow().stopwatches.get(&watch).cloned();
    match matches.get_one::<String>("what").map(|what| what.to_ascii_lowercase()).as_deref() {
        None => say(format!("timer is {}", if context.preferences.borrow().timer { "on" } else { "off" })),
        Some(what @ ("on" | "off")) => {
            keep(context, |it| it.timer = what == "on")?;
            let _ = writeln!(std::io::stderr(), "timer is {what}");
        }
        Some("list") => {
            let watches = context.preferences.borrow().stopwatches.clone();
            for (name, watch) in watches.iter().filter(|(known, _)| name.is_none_or(|name| name == *known)) {
                let state = if watch.since.is_some() { "running" } else { "stopped" };
                say(format!("{}  {}  {state}", printable(name), shown(watch, now)));
            }
            if watches.is_empty() {
                let _ = writeln!(std::io::stderr(), "no stopwatches");
            }
        }
        Some("start") => {
            keep(context, |it| {
                it.stopwatches.insert(watch.clone(), Stopwatch { since: Some(now), before_ms: 0 });
            })?;
        }
        Some("stop") => {
            let stopped = there.ok_or_else(missing)?;
            let stopped = Stopwatch { since: None, before_ms: milliseconds(&stopped, now) };
            say(format!("{}  {}", printable(&watch), shown(&stopped, now)));
            keep(context, |it| {
                it.stopwatches.insert(watch.clone(), stopped);
            })?;
        }
        Some("resume") => {
            let mut resumed = there.ok_or_else(missing)?;
            resumed.since.get_or_insert(now);
            keep(context, |it| {
                it.stopwatches.insert(watch.clone(), resumed);
            })?;
        }
        Some("reset") => keep(context, |it| match name {
            Some(name) => drop(it.stopwatches.remove(name)),
            None => it.stopwatches.clear(),
        })?,
        Some(other) => {
            return Err(Error::bad_input(format!("timer knows no `{}`", printable(other)))
                .hint("use on, off, start, stop, resume, reset or list"));
        }
    }
    Ok(0)
}

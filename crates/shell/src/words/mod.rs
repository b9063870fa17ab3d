//! The words of the shell itself. Each is no operation because it is about the prompt and not about the user's
//! places: it changes what this program shows, remembers or runs.

mod base;
pub(crate) mod load;
mod manual;
mod preferences;
pub(crate) mod python;
mod select;
mod show;
mod timer;

use clap::{Arg, ArgAction, Command};
use cloudmesh_prompt::Word;

fn plain(command: Command) -> Command {
    command
}

/// Any words, as they are.
fn words(command: Command, name: &'static str, help: &'static str) -> Command {
    command.arg(
        Arg::new("words")
            .value_name(name)
            .num_args(0..)
            .trailing_var_arg(true)
            .allow_hyphen_values(true)
            .action(ArgAction::Append)
            .help(help),
    )
}

fn given(matches: &clap::ArgMatches) -> Vec<String> {
    matches.get_many::<String>("words").into_iter().flatten().cloned().collect()
}

const fn word(
    name: &'static str,
    about: &'static str,
    arguments: fn(Command) -> Command,
    run: fn(&clap::ArgMatches, &cloudmesh_prompt::Context<'_>) -> cloudmesh_model::Result<u8>,
) -> Word {
    Word { name, about, hidden: false, arguments, run }
}

const fn hidden(word: Word) -> Word {
    Word { hidden: true, ..word }
}

/// All of them.
pub const WORDS: &[Word] = &[
    // They end or steer the shell.
    word("quit", "Leaves the shell", base::leave_arguments, base::leave),
    hidden(word("q", "Leaves the shell", base::leave_arguments, base::leave)),
    hidden(word("exit", "Leaves the shell", base::leave_arguments, base::leave)),
    hidden(word("EOF", "Leaves the shell", base::leave_arguments, base::leave)),
    word("exec", "Runs the commands in a file", base::exec_arguments, base::exec),
    word("history", "Lines that were typed before", base::history_arguments, base::history),
    word("sleep", "Waits some seconds", base::sleep_arguments, base::sleep),
    word(
        "pause",
        "Waits until the return key is pressed",
        |c| words(c, "TEXT", "What to say before"),
        base::pause,
    ),
    // They run what is not ours.
    word(
        "shell",
        "Runs a command of the system; ! is short for it",
        |c| words(c, "COMMAND", "The command"),
        base::system,
    ),
    word(
        "py",
        "Runs Python with the package cloudmesh",
        |c| words(c, "CODE", "Code to run; without it, Python opens"),
        python::word,
    ),
    word("open", "Opens an address or a file with the program for it", load::open_arguments, load::open),
    word(
        "load",
        "Commands of others: an executable cm-NAME on the PATH is the command NAME",
        load::arguments,
        load::run,
    ),
    // They write what they are given.
    word("echo", "Writes its words", show::echo_arguments, show::echo),
    word("banner", "Writes its words in a frame", show::banner_arguments, show::banner),
    word("clear", "Clears the screen", plain, show::clear),
    // They change what the prompt shows.
    word("color", "Colours: on, off", preferences::switch_arguments, preferences::color),
    word(
        "refresh",
        "Whether every list asks its places again: on, off",
        preferences::switch_arguments,
        preferences::refresh,
    ),
    word(
        "verbose",
        "Whether every command tells more: on, off",
        preferences::switch_arguments,
        preferences::verbose,
    ),
    word("debug", "Logs of the level debug: on, off", preferences::switch_arguments, preferences::debug),
    word("splash", "Whether the shell greets: on, off", preferences::switch_arguments, preferences::splash),
    word(
        "loglevel",
        "How much the logs tell: critical, error, warning, info, debug, trace, off",
        preferences::level_arguments,
        preferences::level,
    ),
    word("timer", "Stopwatches, and how long each command takes", timer::arguments, timer::run),
    // They are made from the catalogue, for a person and for other shells.
    word("man", "The manual page of a command", manual::man_arguments, manual::man),
    word(
        "completions",
        "Completion for bash, zsh or fish",
        manual::completions_arguments,
        manual::completions,
    ),
    hidden(word("complete", "What may follow on a line", manual::complete_arguments, manual::complete)),
    // A person chooses; what is chosen is set by an operation.
    word(
        "select",
        "Choose the default cloud, image, flavor or key from a list",
        select::select_arguments,
        select::select,
    ),
    word("setup", "The first steps: settings, a cloud, a look at all", plain, select::setup),
];

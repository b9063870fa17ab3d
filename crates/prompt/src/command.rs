//! The clap command of the program: one command a noun, its verbs built only when that noun is used.

use std::sync::OnceLock;

use clap::{Arg, ArgAction, Command};
use cloudmesh_client::{Catalogue, Entry, Kind};
use cloudmesh_model::Result;

use crate::Context;

/// A word of the program that is no operation: housekeeping of processes, help, the version.
#[derive(Clone, Copy)]
pub struct Word {
    /// The word.
    pub name: &'static str,
    /// One line of help.
    pub about: &'static str,
    /// Whether help leaves it out.
    pub hidden: bool,
    /// Adds its arguments.
    pub arguments: fn(Command) -> Command,
    /// Does it; the value is the exit code.
    pub run: fn(&clap::ArgMatches, &Context<'_>) -> Result<u8>,
}

impl std::fmt::Debug for Word {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Word({})", self.name)
    }
}

/// What each noun is about; the one place where help takes it from.
static NOUNS: &[(&str, &str)] = &[
    ("cloud", "Clouds: list, facts about one"),
    ("register", "Tell Cloudmesh about clouds and clusters"),
    ("image", "Images that machines boot from"),
    ("flavor", "Sizes of machines"),
    ("key", "Keys to log in with"),
    ("vm", "Virtual machines: boot, list, start, stop, delete, log in"),
    ("secgroup", "Security groups: put together in the store, uploaded to clouds"),
    ("network", "Networks, floating and fixed addresses"),
    ("subnet", "Ranges of addresses of networks"),
    ("router", "Routers between networks"),
    ("port", "Ports of networks: reserved addresses"),
    ("volume", "Disks that machines get and give back"),
    ("servergroup", "Machines that are to be near to, or far from each other"),
    ("quota", "How much may be used of clouds, and how much is"),
    ("limits", "How much may be used of the compute service"),
    ("usage", "What machines used in a period"),
    ("zone", "Availability zones"),
    ("hpc", "Batch jobs on clusters and on this computer"),
    ("default", "Values that commands take when an option is not given"),
    ("var", "Names for values"),
    ("group", "Names for sets of things"),
    ("plan", "What was planned: show, apply, resume, cancel"),
    ("log", "What was done, by which door, when, with what result"),
    ("undo", "Turn back what was done last"),
    ("check", "Look at every setting and every place, and say what to do"),
    ("info", "What commands take where an option is not given"),
    ("context", "Everything that is kept for the prompt, on one page"),
    ("reset", "Forget defaults, variables and groups"),
];

/// The nouns of a catalogue, in the order of help.
#[must_use]
pub fn noun_words(catalogue: Catalogue) -> Vec<&'static str> {
    let mut words: Vec<&'static str> = NOUNS.iter().map(|(noun, _)| *noun).collect();
    for entry in catalogue.entries() {
        if !words.contains(&entry.noun()) {
            words.push(entry.noun());
        }
    }
    words.retain(|word| catalogue.entries().any(|entry| entry.noun() == *word));
    words
}

/// The catalogue that deferred commands are built from.
static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();

/// The whole command.
#[must_use]
pub fn build(catalogue: Catalogue, words: &'static [Word]) -> Command {
    let catalogue = *CATALOGUE.get_or_init(|| catalogue);
    let mut command = Command::new("cm")
        .about("Virtual machines on many clouds and jobs on many clusters, with one vocabulary")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .after_help(
            "`cm help COMMAND` tells more. New here? `cm quickstart` shows the main things in a minute.",
        );
    for noun in noun_words(catalogue) {
        let about = NOUNS.iter().find(|(name, _)| *name == noun).map_or("", |(_, about)| *about);
        let subcommand = Command::new(noun).about(about);
        command = command.subcommand(match catalogue.find(noun) {
            Some(_) => subcommand.defer(single),
            None => subcommand.subcommand_required(true).arg_required_else_help(true).defer(verbs),
        });
    }
    for word in words {
        let subcommand = Command::new(word.name).about(word.about).hide(word.hidden);
        command = command.subcommand((word.arguments)(subcommand));
    }
    command
}

/// An operation that is a noun without a verb: `log`.
fn single(command: Command) -> Command {
    let entry = CATALOGUE.get().and_then(|catalogue| catalogue.find(command.get_name()));
    match entry {
        Some(entry) => leaf(command, entry),
        None => command,
    }
}

fn verbs(command: Command) -> Command {
    let noun = command.get_name().to_owned();
    let entries =
        CATALOGUE.get().into_iter().flat_map(Catalogue::entries).filter(|entry| entry.noun() == noun);
    let mut command = command.disable_help_subcommand(true);
    let mut nested: Vec<(&'static str, Command)> = Vec::new();
    for entry in entries {
        let words: Vec<&'static str> = entry.name.split('.').collect();
        match words.as_slice() {
            [_, verb] => command = command.subcommand(leaf(Command::new(*verb), entry)),
            [_, group, verb] => {
                let position = nested.iter().position(|(name, _)| name == group).unwrap_or_else(|| {
                    let about = format!("{group}: see its commands");
                    nested.push((
                        group,
                        Command::new(*group)
                            .about(about)
                            .subcommand_required(true)
                            .arg_required_else_help(true),
                    ));
                    nested.len() - 1
                });
                let inner = nested[position].1.clone().subcommand(leaf(Command::new(*verb), entry));
                nested[position].1 = inner;
            }
            _ => {}
        }
    }
    command.subcommands(nested.into_iter().map(|(_, command)| command))
}

/// One operation: its input's arguments, then the envelope's.
fn leaf(command: Command, entry: &'static Entry) -> Command {
    let mut command = entry.augment(command);
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help).help_heading("Answer")
    };
    let run_flag = |name: &'static str, help: &'static str| flag(name, help).help_heading("Running it");
    command = command
        .arg(
            Arg::new("format")
                .long("format")
                .short('o')
                .value_name("FORMAT")
                .help("table, json, yaml, csv or ndjson")
                .help_heading("Answer"),
        )
        .arg(flag("verbose", "Tell more on standard error").short('v'))
        .arg(flag("quiet", "Only errors on standard error").short('q'));
    match entry.kind {
        Kind::Query => {
            command = command
                .arg(
                    Arg::new("columns")
                        .long("columns")
                        .value_name("NAMES")
                        .value_delimiter(',')
                        .help("Columns to show")
                        .help_heading("Answer"),
                )
                .arg(
                    Arg::new("sort")
                        .long("sort")
                        .value_name("COLUMN")
                        .allow_hyphen_values(true)
                        .help("Column to sort by; -COLUMN for the greatest first")
                        .help_heading("Answer"),
                )
                .arg(flag("refresh", "Ask the clouds and clusters again first"));
        }
        Kind::Change => {
            command = command
                .arg(run_flag("dryrun", "Show the plan, do nothing"))
                .arg(run_flag("yes", "No question").visible_alias("force"))
                .arg(
                    run_flag("save", "Keep the plan for `cm plan apply`, do nothing else")
                        .conflicts_with("dryrun"),
                )
                .arg(run_flag("wait", "Wait for the final state"))
                .arg(run_flag("no-wait", "Do not wait for the final state").conflicts_with("wait"));
        }
        Kind::Setting | Kind::Stream | Kind::Session => {}
    }
    let mut examples = String::from("Examples:\n");
    for example in entry.examples {
        examples.push_str(&format!("  {}:\n    cm {}\n", example.about, example.command));
    }
    command.after_help(examples)
}

/// The name of the operation or word that was given, and its own matches.
pub(crate) fn given(matches: &clap::ArgMatches) -> (String, &clap::ArgMatches) {
    let mut name = String::new();
    let mut leaf = matches;
    while let Some((word, inner)) = leaf.subcommand() {
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(word);
        leaf = inner;
    }
    (name, leaf)
}

//! The words of the program that are no operations, each with the reason why.

use clap::{Arg, ArgAction, Command};
use cloudmesh_client::Home;
use cloudmesh_prompt::Word;

use crate::{catalogue, mcp, quickstart, server, sim};

/// All of them: those of the shell, and those below.
pub(crate) static WORDS: [Word; cloudmesh_shell::WORDS.len() + OWN.len()] = {
    let mut all = [OWN[0]; cloudmesh_shell::WORDS.len() + OWN.len()];
    let mut number = 0;
    while number < all.len() {
        all[number] =
            if number < OWN.len() { OWN[number] } else { cloudmesh_shell::WORDS[number - OWN.len()] };
        number += 1;
    }
    all
};

const OWN: &[Word] = &[
    // Housekeeping of a process of ours: it changes no resource of the user's.
    Word {
        name: "sim",
        about: "The simulator: a cloud on this computer, for trying and for tests",
        hidden: false,
        arguments: sim::arguments,
        run: sim::run,
    },
    // A door: what comes through it are operations.
    Word {
        name: "mcp",
        about: "The door for assistants: a server of the Model Context Protocol on standard input and output",
        hidden: false,
        arguments: mcp::arguments,
        run: mcp::run,
    },
    // A process of ours, and who may talk to it. Were it an operation, it could be changed by whom it keeps out.
    Word {
        name: "server",
        about: "The REST door: start, stop, status, tokens",
        hidden: false,
        arguments: server::arguments,
        run: server::run,
    },
    // A demonstration that runs other commands.
    Word {
        name: "quickstart",
        about: "Shows the main things in a minute, on a simulated cloud",
        hidden: false,
        arguments: quickstart::arguments,
        run: quickstart::run,
    },
    // Says what the program is; touches nothing.
    Word {
        name: "version",
        about: "The version of this program",
        hidden: false,
        arguments: version_arguments,
        run: version,
    },
    // Describes the program itself, for other programs; touches nothing.
    Word {
        name: "catalogue",
        about: "Every operation as data: name, kind, examples, input, columns",
        hidden: true,
        arguments: |command| {
            command.arg(
                Arg::new("format").long("format").short('o').value_name("FORMAT").help("json, the only one"),
            )
        },
        run: catalogue::run,
    },
    // A process of ours, started by the provider `local`.
    Word {
        name: cloudmesh_local::RUNNER_COMMAND,
        about: "Runs the jobs of this computer's queue; started when needed",
        hidden: true,
        arguments: |command| command,
        run: |_, context| {
            let home = Home::locate(context.surroundings)?;
            cloudmesh_local::runner::run(home.folder())?;
            Ok(0)
        },
    },
];

fn version_arguments(command: Command) -> Command {
    command.arg(Arg::new("format").long("format").short('o').value_name("FORMAT").help("table or json")).arg(
        Arg::new("verbose")
            .long("verbose")
            .short('v')
            .action(ArgAction::SetTrue)
            .help("Also where settings lie"),
    )
}

fn version(
    matches: &clap::ArgMatches,
    context: &cloudmesh_prompt::Context<'_>,
) -> cloudmesh_model::Result<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let home = Home::locate(context.surroundings)?;
    match matches.get_one::<String>("format").map(String::as_str) {
        None | Some("table") => {
            crate::processes::say(&format!("cm {version}"));
            if matches.get_flag("verbose") {
                crate::processes::say(&format!("settings in {}", home.folder().display()));
            }
            Ok(0)
        }
        Some("json") => {
            let value = serde_json::json!({"schema": "cloudmesh.version.v1", "version": version, "home": home.folder()});
            crate::processes::say(&value.to_string());
            Ok(0)
        }
        Some(other) => Err(cloudmesh_model::Error::bad_input(format!("--format={other} is not known here"))
            .hint("use table or json")),
    }
}

//! `quickstart`: from nothing to running machines and a finished job, by the very commands that it shows.

use std::path::Path;
use std::process::{Command as Process, Stdio};

use clap::{Arg, ArgAction, Command};
use cloudmesh_client::Home;
use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_prompt::Context;
use serde_json::Value;

use crate::processes::say;
use crate::sim;

const MACHINES: &str = "quickstart-[1-3]";
const KEY: &str = "quickstart";

/// The arguments of `quickstart`.
pub(crate) fn arguments(command: Command) -> Command {
    let option =
        |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("NAME").help(help);
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    command
        .arg(option("cloud", "A registered cloud, in place of the simulated one"))
        .arg(option("image", "Image; the default one of the cloud without it"))
        .arg(option("flavor", "Flavor; the default one of the cloud without it"))
        .arg(flag("no-login", "Do not log in to a machine"))
        .arg(flag("down", "Take everything away that it made"))
}

/// Runs `quickstart`.
pub(crate) fn run(matches: &clap::ArgMatches, context: &Context<'_>) -> Result<u8> {
    let home = Home::locate(context.surroundings)?;
    let named = matches.get_one::<String>("cloud");
    let tour =
        Tour { home, cloud: named.cloned().unwrap_or_else(|| "sim".to_owned()), simulated: named.is_none() };
    if matches.get_flag("down") {
        return tour.down();
    }
    tour.up(matches, context)
}

struct Tour {
    home: Home,
    cloud: String,
    simulated: bool,
}

impl Tour {
    fn up(&self, matches: &clap::ArgMatches, context: &Context<'_>) -> Result<u8> {
        let cloud = format!("--cloud={}", self.cloud);
        if self.simulated {
            say(
                "The cloud in this tour is simulated: a process on this computer that speaks OpenStack's protocol.",
            );
            say("The job at the end is real: it runs on this computer.\n");
            self.step("a cloud", &["sim", "up"])?;
        }
        self.step("a key to log in with", &["key", "add", KEY, "--generate"])?;
        if self.machines()? == 3 {
            say("\n# three machines: they are there from an earlier run");
        } else {
            let mut boot = vec!["vm", "boot", MACHINES, cloud.as_str(), "--key", KEY];
            for name in ["image", "flavor"] {
                if let Some(value) = matches.get_one::<String>(name) {
                    boot.extend([if name == "image" { "--image" } else { "--flavor" }, value]);
                }
            }
            self.step("three machines at once", &boot)?;
        }
        self.step("what there is", &["vm", "list", cloud.as_str()])?;
        let login = if matches.get_flag("no-login") {
            Err("--no-login was given".to_owned())
        } else if self.simulated {
            sim::ssh(&self.home)
        } else {
            Ok(())
        };
        match &login {
            Ok(()) => {
                let about = if self.simulated {
                    "log in to one (it is this computer that answers, by its own sshd)"
                } else {
                    "log in to one"
                };
                let command = "--command=echo hello from ${CLOUDMESH_SIMULATED_HOST:-$(hostname)}, logged in as $(whoami)";
                self.step(about, &["vm", "ssh", "quickstart-1", cloud.as_str(), command])?;
            }
            Err(reason) => say(&format!("\n# log in to one: left out, {reason}")),
        }
        self.step(
            "a job on this computer",
            &[
                "hpc",
                "run",
                "--cluster=local",
                "--name=quickstart",
                "--wait",
                "--",
                "echo the job ran on $(hostname); date",
            ],
        )?;
        self.step("what it wrote", &["hpc", "output", "last", "--cluster=local"])?;
        say("\nThat was everything. Five commands to go on with:\n");
        let program = program(context);
        for (command, about) in self.next_commands() {
            say(&format!("  {program} {command:<58} # {about}"));
        }
        let cloud = if self.simulated { String::new() } else { format!(" --cloud={}", self.cloud) };
        say(&format!("\n`{program} quickstart --down{cloud}` takes everything away again."));
        Ok(0)
    }

    /// What to try next; a test runs each of them.
    fn next_commands(&self) -> [(String, &'static str); 5] {
        let cloud = &self.cloud;
        [
            (format!("vm show quickstart-1 --cloud={cloud}"), "everything about one machine"),
            (format!("vm stop quickstart-3 --cloud={cloud}"), "stop it; `vm start` starts it again"),
            (
                format!("vm boot --n=2 --key={KEY} --cloud={cloud} --dryrun"),
                "what would happen, and which defaults were used",
            ),
            (
                "hpc run --cluster=local --array=1-3 --wait -- hostname".to_owned(),
                "a job array on this computer",
            ),
            ("log".to_owned(), "what was done; `cm undo` turns the last of it back"),
        ]
    }

    fn machines(&self) -> Result<usize> {
        let output = self
            .command(&[
                "vm",
                "list",
                MACHINES,
                "--refresh",
                "-o",
                "json",
                &format!("--cloud={}", self.cloud),
            ])?
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| cannot_run(&error))?;
        let value: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let count = value["items"].as_array().map_or(0, Vec::len);
        if count != 0 && count != 3 {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("{count} of the three machines {MACHINES} are there from an earlier run"),
            )
            .hint("take them away first: cm quickstart --down"));
        }
        Ok(count)
    }

    fn down(&self) -> Result<u8> {
        let cloud = format!("--cloud={}", self.cloud);
        if !self.simulated || sim::runs(&self.home) {
            let there = self
                .command(&["vm", "list", MACHINES, "--refresh", "-o", "json", cloud.as_str()])?
                .stderr(Stdio::null())
                .output()
                .map_err(|error| cannot_run(&error))?;
            let value: Value = serde_json::from_slice(&there.stdout).unwrap_or_default();
            for machine in value["items"].as_array().into_iter().flatten() {
                if let Some(name) = machine["name"].as_str() {
                    self.step("take it away", &["vm", "delete", name, cloud.as_str(), "--yes"])?;
                }
            }
            self.step_if_there("its key in the cloud", &["key", "delete", KEY, cloud.as_str(), "--yes"])?;
        }
        self.step_if_there("the key", &["key", "delete", KEY])?;
        self.step_if_there("the default key", &["default", "delete", "key"])?;
        self.step_if_there("the last machine", &["default", "delete", "vm"])?;
        for file in [KEY.to_owned(), format!("{KEY}.pub")] {
            let _ = std::fs::remove_file(self.home.folder().join("keys").join(file));
        }
        if self.simulated {
            self.step("the simulated cloud", &["sim", "down"])?;
        }
        say("\nEverything that the tour made is gone.");
        Ok(0)
    }

    fn command(&self, words: &[&str]) -> Result<Process> {
        let program = std::env::current_exe().map_err(|error| cannot_run(&error))?;
        let mut command = Process::new(program);
        command.args(words).env("CLOUDMESH_HOME", self.home.folder()).stdin(Stdio::null());
        Ok(command)
    }

    /// Shows a command and runs it.
    fn step(&self, about: &str, words: &[&str]) -> Result<()> {
        say(&format!("\n# {about}\n$ cm {}", shown(words)));
        let status = self.command(words)?.status().map_err(|error| cannot_run(&error))?;
        if status.success() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Service,
            format!("the tour stops here: `cm {}` did not succeed", shown(words)),
        )
        .hint("the message above says why; the tour can be run again"))
    }

    /// Runs a command that may find nothing to do.
    fn step_if_there(&self, about: &str, words: &[&str]) -> Result<()> {
        let output = self.command(words)?.output().map_err(|error| cannot_run(&error))?;
        match output.status.code() {
            Some(0) => say(&format!("\n# {about}\n$ cm {}", shown(words))),
            Some(2) => {}
            _ => return self.step(about, words),
        }
        Ok(())
    }
}

fn cannot_run(error: &std::io::Error) -> Error {
    Error::internal(format!("this program cannot run itself: {error}"))
}

/// What to type for this program, so that it is found and uses the same folder of settings.
fn program(context: &Context<'_>) -> String {
    let variables = &context.surroundings.variables;
    let name = match std::env::current_exe() {
        Ok(own) if !on_path(variables.get("PATH"), &own) => {
            let near = own.strip_prefix(&context.surroundings.working_folder).ok();
            // Without a slash, a shell would look for it on PATH.
            let near = near.filter(|path| path.components().count() > 1);
            quoted(&near.unwrap_or(&own).display().to_string())
        }
        _ => "cm".to_owned(),
    };
    match variables.get("CLOUDMESH_HOME").filter(|folder| !folder.is_empty()) {
        Some(folder) => format!("CLOUDMESH_HOME={} {name}", quoted(folder)),
        None => name,
    }
}

/// Whether `cm` on PATH is this program.
fn on_path(path: Option<&String>, own: &Path) -> bool {
    let found = path
        .into_iter()
        .flat_map(|path| std::env::split_paths(path))
        .map(|folder| folder.join("cm"))
        .find(|file| file.is_file());
    let real = |file: &Path| std::fs::canonicalize(file).ok();
    found.is_some_and(|found| real(&found) == real(own))
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn shown(words: &[&str]) -> String {
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

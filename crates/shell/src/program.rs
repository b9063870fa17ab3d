//! One run of the program: the interactive shell, a script, or one command.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::process::ExitCode;

use cloudmesh_client::Home;
use cloudmesh_model::{ErrorKind, Result};
use cloudmesh_present::Style;
use cloudmesh_prompt::{Context, Preferences, Program, own_words, report, style, surroundings};

use crate::script::Script;
use crate::shell::Shell;
use crate::{interactive, line, script};

/// Runs the program with the words of this process.
#[must_use]
pub fn main(program: &Program) -> ExitCode {
    let words = match own_words() {
        Ok(words) => words,
        Err(error) => return ExitCode::from(report(&error, Style::default())),
    };
    let surroundings = surroundings();
    let home = Home::locate(&surroundings);
    let preferences = RefCell::new(home.as_ref().map(Preferences::read).unwrap_or_default());
    // What needs the folder says so itself when it is not known.
    let shell = Shell::new(home.unwrap_or_else(|_| Home::at(std::env::temp_dir().join("cloudmesh"))));
    let mut context = Context {
        program,
        surroundings: &surroundings,
        preferences: &preferences,
        door: "prompt",
        inside: false,
        shown: None,
        keeper: &shell,
    };
    let result = match Way::of(program, &words) {
        Way::Command => cloudmesh_prompt::run(&context, words),
        Way::Line => {
            context.inside = true;
            catch_interrupts().map(|()| line::run(&context, &words[0]))
        }
        Way::Script { file, arguments, keep_going, dry_run } => {
            (context.inside, context.door) = (true, "script");
            let script = match &file {
                Some(file) => Script::file(file, arguments),
                None => Script::standard_input(),
            };
            catch_interrupts().and_then(|()| {
                let script = script?.keep_going(keep_going);
                let code =
                    if dry_run { crate::dry::run(&context, script)? } else { script::run(&context, script)? };
                let waited = shell.background.borrow().wait();
                Ok(shell.leave.get().unwrap_or(if code == 0 { waited } else { code }))
            })
        }
        Way::Shell { splash } => {
            (context.inside, context.door) = (true, "shell");
            catch_interrupts().and_then(|()| interactive::run(&context, splash))
        }
    };
    ExitCode::from(match result {
        Ok(code) => shell.leave.get().unwrap_or(code),
        Err(error) => report(&error, style(&surroundings, &preferences.borrow(), &std::io::stderr())),
    })
}

/// What the words of the process ask for.
enum Way {
    /// One command.
    Command,
    /// The one word is a line of the shell: `cm 'vm list | wc -l'`.
    Line,
    /// A script.
    Script { file: Option<String>, arguments: Vec<String>, keep_going: bool, dry_run: bool },
    /// The interactive shell.
    Shell { splash: bool },
}

impl Way {
    fn of(program: &Program, words: &[String]) -> Self {
        if let [word] = words
            && (word.starts_with('!') || word.contains(char::is_whitespace))
        {
            return Self::Line;
        }
        let (mut keep_going, mut dry_run, mut splash) = (false, false, true);
        let mut rest = words;
        while let Some((first, after)) = rest.split_first() {
            match first.as_str() {
                "--keep-going" | "-k" => keep_going = true,
                "--dryrun" => dry_run = true,
                "--no-splash" => splash = false,
                _ => break,
            }
            rest = after;
        }
        let began_with_options = rest.len() < words.len();
        let Some((first, arguments)) = rest.split_first() else {
            if !began_with_options || keep_going || dry_run || !splash {
                return if std::io::stdin().is_terminal() && !keep_going && !dry_run {
                    Self::Shell { splash }
                } else {
                    Self::Script { file: None, arguments: Vec::new(), keep_going, dry_run }
                };
            }
            return Self::Command;
        };
        let known = program.catalogue.entries().any(|entry| entry.noun() == first)
            || program.words.iter().any(|word| word.name == first);
        let script = !known && (first.ends_with(".cm") || first.contains('/'));
        if first.starts_with('-') || !(script || began_with_options) {
            return Self::Command;
        }
        let mut arguments = arguments.to_vec();
        for (option, flag) in [("--dryrun", &mut dry_run), ("--keep-going", &mut keep_going)] {
            let before = arguments.len();
            arguments.retain(|argument| argument != option);
            *flag |= arguments.len() < before;
        }
        Self::Script { file: Some(first.clone()), arguments, keep_going, dry_run }
    }
}

/// From now on Ctrl-C ends no process of ours by itself: the command that runs looks after it.
fn catch_interrupts() -> Result<()> {
    let runtime = cloudmesh_prompt::runtime()?;
    let _inside = runtime.enter();
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt()).map(drop).map_err(|error| {
        cloudmesh_model::Error::new(ErrorKind::Internal, format!("Ctrl-C cannot be caught: {error}"))
    })
}

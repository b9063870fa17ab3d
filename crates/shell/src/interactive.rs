//! The interactive shell: lines that a person types.

use std::io::{IsTerminal, Write};

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_prompt::Context;
use reedline::{DefaultPrompt, DefaultPromptSegment, FileBackedHistory, Reedline, Signal};

use crate::line;
use crate::script::Lines;
use crate::shell::Shell;

/// Lines that the history keeps.
const REMEMBERED: usize = 10_000;

/// Reads lines and runs them until the user leaves; the value is the exit code.
pub(crate) fn run(context: &Context<'_>, _splash: bool) -> Result<u8> {
    let shell = Shell::of(context)?;
    shell.interactive.set(true);
    shell.home.ensure()?;
    let failed = |error: std::io::Error| {
        Error::new(ErrorKind::Internal, format!("the terminal does not answer: {error}"))
    };
    let history = FileBackedHistory::with_file(REMEMBERED, shell.home.folder().join("history"))
        .map_err(|error| Error::new(ErrorKind::Store, format!("the history cannot be read: {error}")))?;
    let mut editor = Reedline::create()
        .with_history(Box::new(history))
        .use_bracketed_paste(std::io::stdout().is_terminal());
    let prompt =
        DefaultPrompt::new(DefaultPromptSegment::Basic("cm".to_owned()), DefaultPromptSegment::Empty);
    loop {
        let signal =
            editor.read_line(&prompt).map_err(|error| failed(std::io::Error::other(error.to_string())))?;
        match signal {
            Signal::Success(text) => lines(context, &text),
            Signal::CtrlC => {}
            Signal::CtrlD => break,
            _ => {}
        }
        let _ = std::io::stdout().flush();
        if shell.leave.get().is_some() {
            break;
        }
    }
    Ok(shell.leave.get().unwrap_or(0))
}

/// Runs what was typed or pasted: one line or several.
fn lines(context: &Context<'_>, text: &str) {
    for (_, read) in Lines::new(text) {
        match read {
            Ok(line) => {
                if line::run(context, &line) == ErrorKind::Interrupted.exit_code() {
                    return;
                }
            }
            Err(error) => {
                line::complain(context, &error);
            }
        }
        if Shell::of(context).is_ok_and(|shell| shell.leave.get().is_some()) {
            return;
        }
    }
}

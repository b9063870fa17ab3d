//! The interactive shell: lines that a person types.

use std::collections::HashSet;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::{Arc, Mutex, PoisonError};

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_present::Style;
use cloudmesh_prompt::{Context, style};
use reedline::{EditCommand, ExternalPrinter, FileBackedHistory, History, HistoryItem, Prompt, Signal};

use crate::background::Ended;
use crate::completion::Completion;
use crate::editor::{self, Discreet, HELP, Line};
use crate::names::Names;
use crate::script::Lines;
use crate::shell::Shell;
use crate::{ahead, history, line, splash, words};

/// Lines that the history keeps.
const REMEMBERED: usize = 10_000;

fn shown(context: &Context<'_>) -> Style {
    style(context.surroundings, &context.preferences.borrow(), &std::io::stdout())
}

/// Reads lines and runs them until the user leaves; the value is the exit code.
pub(crate) fn run(context: &Context<'_>, greet: bool) -> Result<u8> {
    let shell = Shell::of(context)?;
    shell.interactive.set(true);
    shell.home.ensure()?;
    let foreign: Vec<String> = words::load::all(context).into_keys().collect();
    let completion = Arc::new(Mutex::new(Completion::new(Names::new(context)?, foreign.clone())));
    let mut known: HashSet<String> = foreign.into_iter().collect();
    known.extend(cloudmesh_prompt::first_words(context.program).into_iter().map(str::to_owned));
    if greet && context.preferences.borrow().splash != Some(false) {
        splash::write(context, shown(context));
    }
    if shown(context).plain {
        return plainly(context, shell, &completion);
    }
    let mut color = shown(context).color;
    let make = |color: bool| -> Result<reedline::Reedline> {
        let printer = ExternalPrinter::new(64);
        let sender = printer.sender();
        shell.background.borrow_mut().tell = Some(Arc::new(move |ended: &Ended| {
            let _ = sender.send(ended.report());
        }));
        Ok(editor::editor(
            &completion,
            Box::new(remembered(context, shell)?),
            known.clone(),
            (color, shown(context).plain),
            printer,
        ))
    };
    let mut reader = make(color)?;
    loop {
        let style = shown(context);
        if style.color != color {
            color = style.color;
            reader = make(color)?;
        }
        let cloud = completion.lock().unwrap_or_else(PoisonError::into_inner).names().cloud();
        let prompt = Line {
            cloud,
            running: Box::new(shell.background.borrow().counter()),
            failed: shell.last.get() != 0,
            color,
            plain: style.plain,
            width: style.width.unwrap_or(80),
        };
        // Whole lines run as if they were typed now; the beginning of one waits for its end.
        let ahead = ahead::typed();
        let begun = match ahead.rsplit_once('\n') {
            Some((whole, begun)) => {
                ahead::over();
                for line in whole.lines().filter(|line| !line.trim().is_empty()) {
                    show(&prompt, line);
                    let _ = reader.history_mut().save(HistoryItem::from_command_line(line));
                    lines(context, line);
                    if shell.leave.get().is_some() {
                        return Ok(shell.leave.get().unwrap_or(0));
                    }
                }
                begun
            }
            None => ahead.as_str(),
        };
        if !begun.is_empty() {
            reader.run_edit_commands(&[EditCommand::InsertString(begun.to_owned())]);
        }
        if ahead.contains('\n') {
            continue;
        }
        let signal = reader.read_line(&prompt).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("the terminal does not answer: {error}"))
        })?;
        match signal {
            Signal::HostCommand(text) if text == HELP => {
                help(context, &completion, reader.current_buffer_contents())
            }
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
    let _ = reader.sync_history();
    let running = shell.background.borrow().running();
    for (number, line) in running {
        let _ = writeln!(std::io::stderr(), "[{number}] goes on without the shell: {line}");
    }
    Ok(shell.leave.get().unwrap_or(0))
}

/// The shell on a terminal that can only print, or is read aloud: one line after the other, no menus.
fn plainly(context: &Context<'_>, shell: &Shell, completion: &Arc<Mutex<Completion>>) -> Result<u8> {
    let mut kept = remembered(context, shell)?;
    shell.background.borrow_mut().tell = Some(Arc::new(|ended: &Ended| {
        let _ = writeln!(std::io::stderr(), "\n{}", ended.report());
    }));
    while shell.leave.get().is_none() {
        let cloud = completion.lock().unwrap_or_else(PoisonError::into_inner).names().cloud();
        let cloud = cloud.map_or_else(String::new, |cloud| format!(" {cloud}"));
        let mut out = std::io::stdout();
        let _ = write!(out, "cm{cloud} > ").and_then(|()| out.flush());
        let mut typed = String::new();
        let count = std::io::stdin().read_line(&mut typed).map_err(|error| {
            Error::new(ErrorKind::Internal, format!("the terminal does not answer: {error}"))
        })?;
        if count == 0 {
            let _ = writeln!(out);
            break;
        }
        if !typed.trim().is_empty() {
            let _ = kept.save(HistoryItem::from_command_line(typed.trim()));
            lines(context, &typed);
        }
    }
    let _ = kept.sync();
    Ok(shell.leave.get().unwrap_or(0))
}

/// Shows a line as if it had been typed after the prompt.
fn show(prompt: &Line, line: &str) {
    let left = prompt.render_prompt_left();
    let sign = prompt.render_prompt_indicator(reedline::PromptEditMode::Emacs);
    let _ = writeln!(std::io::stdout(), "\r\u{1b}[K{left}{sign}{}", cloudmesh_model::noun::printable(line));
}

/// The lines typed before, in a file for the owner alone.
fn remembered(context: &Context<'_>, shell: &Shell) -> Result<Discreet> {
    let path = history::path(&shell.home);
    let failed = |error: String| {
        Error::new(ErrorKind::Store, format!("{} cannot be used: {error}", path.display()))
            .hint("check its permissions")
    };
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| failed(error.to_string()))?;
    let file =
        FileBackedHistory::with_file(REMEMBERED, path.clone()).map_err(|error| failed(error.to_string()))?;
    let settings = context.program.providers.iter().flat_map(|provider| provider.settings());
    let secrets = settings.filter(|setting| setting.secret).map(|setting| setting.name.to_owned()).collect();
    Ok(Discreet::new(file, secrets))
}

/// Help on a half-typed line, which stays as it is.
fn help(context: &Context<'_>, completion: &Arc<Mutex<Completion>>, typed: &str) {
    let found = completion.lock().unwrap_or_else(PoisonError::into_inner).command_of(typed);
    let text = found.map_or_else(
        || {
            let mut all = cloudmesh_prompt::build(context.program.catalogue, context.program.words);
            all.render_help()
        },
        |mut command| command.render_help(),
    );
    let text = if shown(context).color { text.ansi().to_string() } else { text.to_string() };
    let _ = writeln!(std::io::stdout(), "\n{text}");
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
                let code = line::complain(context, &error);
                if let Ok(shell) = Shell::of(context) {
                    shell.last.set(code);
                }
            }
        }
        if Shell::of(context).is_ok_and(|shell| shell.leave.get().is_some()) {
            return;
        }
    }
}

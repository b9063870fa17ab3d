//! One line: its commands, one after the other, with what goes into pipes and files.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::process::{Child, Command as Process, Stdio};
use std::time::Instant;

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_prompt::{Context, report, style};

use crate::expand::{Values, for_system};
use crate::lexer::{self, Command, Output, Step, When, Word};
use crate::shell::Shell;

/// Runs a line that holds no comments any more; the value is the exit code of what was run last. What went
/// wrong has been said.
pub(crate) fn run(context: &Context<'_>, line: &str) -> u8 {
    let code = match steps(context, line) {
        Ok(code) => code,
        Err(error) => complain(context, &error),
    };
    if let Ok(shell) = Shell::of(context) {
        shell.last.set(code);
    }
    code
}

/// Says what went wrong; the value is the exit code.
pub(crate) fn complain(context: &Context<'_>, error: &Error) -> u8 {
    report(error, style(context.surroundings, &context.preferences.borrow(), &std::io::stderr()))
}

fn steps(context: &Context<'_>, line: &str) -> Result<u8> {
    let shell = Shell::of(context)?;
    let mut code = 0;
    for step in lexer::commands(line)? {
        let runs = match step.when {
            When::Always => true,
            When::Success => code == 0,
            When::Failure => code != 0,
        };
        if !runs {
            continue;
        }
        code = match self::step(context, &step) {
            Ok(code) => code,
            Err(error) => complain(context, &error),
        };
        shell.last.set(code);
        if shell.leave.get().is_some() || code == ErrorKind::Interrupted.exit_code() {
            break;
        }
    }
    Ok(code)
}

fn step(context: &Context<'_>, step: &Step) -> Result<u8> {
    let begun = Instant::now();
    let code = match &step.command {
        Command::System(text) => system(context, text),
        Command::Python(text) => crate::words::python::run(context, text),
        Command::Words { words, output, background } => {
            let words = Values::new(context)?.expand(words)?;
            if *background { begin(context, &words) } else { to(context, output, words) }
        }
    }?;
    if context.preferences.borrow().timer {
        let _ = writeln!(std::io::stderr(), "({:.3} s)", begun.elapsed().as_secs_f64());
    }
    Ok(code)
}

/// Runs words with the answer going where it should.
fn to(context: &Context<'_>, output: &Output, words: Vec<String>) -> Result<u8> {
    match output {
        Output::Here => command(context, words),
        Output::File(file, append) => {
            let file = one(context, file)?;
            let failed = |error: std::io::Error| {
                Error::bad_input(format!(
                    "{} cannot be written: {error}",
                    cloudmesh_model::noun::printable(&file)
                ))
            };
            let opened =
                File::options().create(true).write(true).append(*append).truncate(!*append).open(&file);
            redirected(&opened.map_err(failed)?, || command(context, words))
        }
        Output::Pipe(text) => {
            let mut child = spawn(context, text, Stdio::piped())?;
            let pipe = child.stdin.take().ok_or_else(|| Error::internal("a pipe has no end to write to"))?;
            let code = redirected(&pipe, || command(context, words));
            drop(pipe);
            let ended = wait(child)?;
            Ok(match code? {
                0 => ended,
                code => code,
            })
        }
    }
}

fn one(context: &Context<'_>, word: &Word) -> Result<String> {
    let mut words = Values::new(context)?.expand(std::slice::from_ref(word))?;
    match (words.pop(), words.is_empty()) {
        (Some(word), true) if !word.is_empty() => Ok(word),
        _ => Err(Error::bad_input("the name of a file is one word").hint("quote it")),
    }
}

/// Runs `work` with standard output going into `file`, also that of programs that it starts.
fn redirected<T>(file: &impl AsFd, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let failed =
        |error: rustix::io::Errno| Error::internal(format!("the output cannot be led elsewhere: {error}"));
    let _ = std::io::stdout().flush();
    let kept = rustix::io::fcntl_dupfd_cloexec(std::io::stdout(), 3).map_err(failed)?;
    rustix::stdio::dup2_stdout(file).map_err(failed)?;
    let result = work();
    let _ = std::io::stdout().flush();
    rustix::stdio::dup2_stdout(&kept).map_err(failed)?;
    result
}

/// Runs `work` with what it writes to standard output thrown away.
///
/// # Errors
/// The work's own.
pub(crate) fn silently<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let nowhere = File::options().write(true).open("/dev/null");
    redirected(
        &nowhere.map_err(|error| Error::internal(format!("/dev/null cannot be opened: {error}")))?,
        work,
    )
}

/// One command of ours, or of others: an executable `cm-NAME` is the command NAME.
fn command(context: &Context<'_>, mut words: Vec<String>) -> Result<u8> {
    if words.first().is_some_and(|word| word == "cm") {
        words.remove(0);
    }
    let Some(first) = words.first() else { return Ok(0) };
    if let Some(path) = crate::words::load::foreign(context, first) {
        let mut process = Process::new(path);
        cloudmesh_model::secret::keep_secrets_from(&mut process);
        process.args(&words[1..]);
        let child = process.spawn().map_err(|error| {
            Error::new(ErrorKind::Unsupported, format!("cm-{first} cannot be run: {error}"))
        })?;
        return wait(child);
    }
    if first.starts_with('-') && !matches!(first.as_str(), "--help" | "-h" | "--version" | "-V") {
        return Err(Error::bad_input(format!("`{}` is no command", cloudmesh_model::noun::printable(first)))
            .hint("help shows all commands"));
    }
    cloudmesh_prompt::run(context, words)
}

fn begin(context: &Context<'_>, words: &[String]) -> Result<u8> {
    let shell = Shell::of(context)?;
    let line = words.join(" ");
    let number = shell.background.borrow_mut().start(&shell.home, words, &line)?;
    let _ = writeln!(std::io::stderr(), "[{number}] begun: {line}");
    Ok(0)
}

/// Runs a text by the system's shell.
pub(crate) fn system(context: &Context<'_>, text: &str) -> Result<u8> {
    if context.shown.is_some() {
        let _ = writeln!(std::io::stderr(), "not run, it is not ours: {text}");
        return Ok(0);
    }
    wait(spawn(context, text, Stdio::inherit())?)
}

fn spawn(context: &Context<'_>, text: &str, input: Stdio) -> Result<Child> {
    let (text, variables) = for_system(context, text)?;
    let mut process = Process::new("sh");
    cloudmesh_model::secret::keep_secrets_from(&mut process);
    process.arg("-c").arg(&text).envs(variables).stdin(input);
    process.spawn().map_err(|error| Error::new(ErrorKind::Unsupported, format!("sh cannot be run: {error}")))
}

/// The exit code of a program that was started; one that was ended by a signal counts as in a shell.
pub(crate) fn wait(mut child: Child) -> Result<u8> {
    let status = child
        .wait()
        .map_err(|error| Error::internal(format!("the end of a program is not known: {error}")))?;
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
    Ok(status.code().or(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

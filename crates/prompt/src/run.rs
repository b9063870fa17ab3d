//! One run of the program: words in, an operation or a word of the program done, an exit code out.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cloudmesh_client::engine::Interrupts;
use cloudmesh_client::mesh::OpenStore;
use cloudmesh_client::{Catalogue, Entry, Home, Kind, Mesh, Parts};
use cloudmesh_model::{Ask, Error, ErrorKind, Result, SecretStore, SystemClock};
use cloudmesh_present::{Environment, Style, TextDoor, TextOptions, error_text, reader_left};
use cloudmesh_resource::{Provider, Surroundings};

use crate::attach::{EXIT_CODE, attach};
use crate::command::{self, Word};
use crate::envelope::{answer, envelope};
use crate::rewrites::rewrite;
use crate::terminal::Terminal;
use crate::usage;
use crate::vocabulary::not_yet;

/// What a program with this door is made of.
#[derive(Clone, Copy)]
pub struct Program {
    /// All operations.
    pub catalogue: Catalogue,
    /// Words that are no operations.
    pub words: &'static [Word],
    /// The kinds of places that it knows.
    pub providers: &'static [&'static dyn Provider],
    /// How the store is opened.
    pub open_store: OpenStore,
    /// How the file of secrets is opened.
    pub open_secrets: fn(&Path) -> Arc<dyn SecretStore>,
}

/// What a word of the program gets to work with.
pub struct Context<'a> {
    /// The program.
    pub program: &'a Program,
    /// The environment, taken once.
    pub surroundings: &'a Surroundings,
}

impl Context<'_> {
    /// The mesh of this run.
    ///
    /// # Errors
    /// When no folder for settings is known.
    pub fn mesh(&self, interrupts: Interrupts) -> Result<Mesh> {
        self.mesh_of("prompt", Arc::new(Terminal), interrupts)
    }

    /// The mesh of another door that this program opens.
    ///
    /// # Errors
    /// When no folder for settings is known.
    pub fn mesh_of(&self, door: &'static str, ask: Arc<dyn Ask>, interrupts: Interrupts) -> Result<Mesh> {
        let home = Home::locate(self.surroundings)?;
        let secrets = (self.program.open_secrets)(&home.secrets());
        Ok(Mesh::new(Parts {
            home,
            surroundings: self.surroundings.clone(),
            providers: self.program.providers,
            catalogue: self.program.catalogue,
            open_store: self.program.open_store,
            secrets,
            ask,
            clock: Arc::new(SystemClock),
            interrupts,
            door,
            program: program_file(),
        }))
    }
}

/// The program's own executable.
fn program_file() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("cm"))
}

fn surroundings() -> Surroundings {
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let user_home = variables.get("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    Surroundings {
        user_home,
        working_folder: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
        variables,
    }
}

/// Runs the program with the words of this process.
#[must_use]
pub fn main(program: &Program) -> ExitCode {
    let mut words = Vec::new();
    for word in std::env::args_os().skip(1) {
        match word.into_string() {
            Ok(word) => words.push(word),
            Err(word) => {
                let error =
                    Error::bad_input(format!("the argument `{}` is not UTF-8", word.to_string_lossy()));
                return ExitCode::from(report(&error, &surroundings()));
            }
        }
    }
    if let [word] = words.as_slice()
        && matches!(word.as_str(), "--version" | "-V")
    {
        let _ = writeln!(std::io::stdout(), "cm {}", env!("CARGO_PKG_VERSION"));
        return ExitCode::SUCCESS;
    }
    let surroundings = surroundings();
    let code = match dispatch(program, words, &surroundings) {
        Ok(code) => code,
        Err(error) => report(&error, &surroundings),
    };
    ExitCode::from(code)
}

/// Says on standard error what went wrong; the one place where that happens outside a door.
fn report(error: &Error, surroundings: &Surroundings) -> u8 {
    let text = error_text(error, style(surroundings, &std::io::stderr()), false);
    let _ = std::io::stderr().write_all(text.as_bytes());
    error.kind().exit_code()
}

fn style(surroundings: &Surroundings, stream: &(impl IsTerminal + std::os::fd::AsFd)) -> Style {
    let variable = |name: &str| surroundings.variables.get(name).cloned();
    let measured = rustix::termios::tcgetwinsize(stream).ok().map(|size| usize::from(size.ws_col));
    let environment = Environment {
        no_color: variable("NO_COLOR"),
        clicolor: variable("CLICOLOR"),
        clicolor_force: variable("CLICOLOR_FORCE"),
        term: variable("TERM"),
        columns: variable("COLUMNS"),
        measured_width: measured,
    };
    Style::resolve(&environment, stream.is_terminal())
}

fn dispatch(program: &Program, words: Vec<String>, surroundings: &Surroundings) -> Result<u8> {
    let words = help_as_option(words);
    not_yet(program.catalogue, program.words, &words)?;
    let words = rewrite(program.catalogue, words);
    let command = command::build(program.catalogue, program.words);
    let matches = match command.try_get_matches_from(std::iter::once("cm".to_owned()).chain(words)) {
        Ok(matches) => matches,
        Err(error) if usage::is_help(&error) => {
            let _ = error.print();
            return Ok(if error.use_stderr() { 2 } else { 0 });
        }
        Err(error) => return Err(usage::refusal(&error)),
    };
    let (name, leaf) = command::given(&matches);
    let context = Context { program, surroundings };
    match program.catalogue.find(&name) {
        Some(entry) => operate(&context, entry, leaf),
        None => {
            let first = name.split('.').next().unwrap_or_default();
            let word = program.words.iter().find(|word| word.name == first);
            let word = word.ok_or_else(|| Error::internal(format!("no operation is called {name}")))?;
            let arguments = matches.subcommand().map_or(&matches, |(_, inner)| inner);
            (word.run)(arguments, &context)
        }
    }
}

/// `help vm boot` is `vm boot --help`.
fn help_as_option(mut words: Vec<String>) -> Vec<String> {
    if words.first().is_some_and(|word| word == "help" || word == "man") {
        words.remove(0);
        words.push("--help".to_owned());
    }
    words
}

/// Runs one operation through a door of text.
fn operate(context: &Context<'_>, entry: &'static Entry, matches: &clap::ArgMatches) -> Result<u8> {
    let answer = answer(entry, matches)?;
    trace(context.surroundings, answer.verbose);
    let input = entry.from_matches(matches)?;
    let envelope = envelope(matches);
    let options = TextOptions {
        format: answer.format,
        columns: answer.columns,
        sort: answer.sort,
        stdout: style(context.surroundings, &std::io::stdout()),
        stderr: style(context.surroundings, &std::io::stderr()),
        quiet: answer.quiet,
        verbose: answer.verbose,
        attach: Some(Box::new(attach)),
        clock: Arc::new(SystemClock),
    };
    let mut door = TextDoor::new(Box::new(std::io::stdout()), Box::new(std::io::stderr()), options);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal(format!("the runtime cannot be started: {error}")))?;
    let result = runtime.block_on(async {
        let mesh = context.mesh(interrupts(entry.kind))?;
        entry.run(&mesh, input, &envelope, &mut door).await
    });
    // What still runs in the background belongs to nobody any more.
    runtime.shutdown_background();
    let result = result.and_then(|()| door.finish());
    match result {
        Ok(()) => Ok(u8::try_from(EXIT_CODE.load(Ordering::Relaxed)).unwrap_or(1)),
        Err(error) if reader_left(&error) => Ok(0),
        Err(error) => {
            door.fail(&error);
            Ok(error.kind().exit_code())
        }
    }
}

/// Counts Ctrl-C and SIGTERM for what must end in order. Queries and sessions simply end.
fn interrupts(kind: Kind) -> Interrupts {
    if !matches!(kind, Kind::Change | Kind::Stream) {
        return Interrupts::never();
    }
    let (sender, receiver) = tokio::sync::watch::channel(0_u8);
    tokio::spawn(async move {
        let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        else {
            return;
        };
        loop {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            sender.send_modify(|count| *count = count.saturating_add(1));
            if *sender.borrow() > 2 {
                std::process::exit(i32::from(ErrorKind::Interrupted.exit_code()));
            }
        }
    });
    Interrupts::from_counter(receiver)
}

/// Logs go to standard error when `CLOUDMESH_LOG` (a filter such as `debug`) or --verbose asks for them.
fn trace(surroundings: &Surroundings, verbose: bool) {
    let filter = match surroundings.variables.get("CLOUDMESH_LOG") {
        Some(filter) => filter.clone(),
        None if verbose => "cloudmesh=info".to_owned(),
        None => return,
    };
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(true)
        .try_init();
}

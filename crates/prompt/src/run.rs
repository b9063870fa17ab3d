//! One run of the program: words in, an operation or a word of the program done, an exit code out.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use cloudmesh_client::engine::Interrupts;
use cloudmesh_client::mesh::OpenStore;
use cloudmesh_client::{Catalogue, Entry, Home, Kind, Mesh, Parts};
use cloudmesh_model::{Ask, Error, ErrorKind, Result, SecretStore, SystemClock};
use cloudmesh_present::{Environment, Style, TextDoor, TextOptions, error_text, reader_left};
use cloudmesh_resource::{Plan, Provider, Surroundings};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

use crate::attach::{EXIT_CODE, attach};
use crate::collecting::Collecting;
use crate::command::{self, Word};
use crate::envelope::{answer, envelope};
use crate::preferences::Preferences;
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

/// Plans that were only shown, in the order of the commands that made them.
pub type Shown = RefCell<Vec<Plan>>;

/// What a word of the program gets to work with.
pub struct Context<'a> {
    /// The program.
    pub program: &'a Program,
    /// The environment, taken once.
    pub surroundings: &'a Surroundings,
    /// What the user prefers.
    pub preferences: &'a RefCell<Preferences>,
    /// The door's name, for the log.
    pub door: &'static str,
    /// One command of several in this process: Ctrl-C ends the command and not the process.
    pub inside: bool,
    /// Where every plan goes instead of being run, in a dry run of several commands.
    pub shown: Option<&'a Shown>,
    /// What whoever runs several commands keeps for its own words.
    pub keeper: &'a dyn Any,
}

impl Context<'_> {
    /// The mesh of this run.
    ///
    /// # Errors
    /// When no folder for settings is known.
    pub fn mesh(&self, interrupts: Interrupts) -> Result<Mesh> {
        self.program.mesh(self.surroundings, program_file(), self.door, Arc::new(Terminal), interrupts)
    }
}

impl Program {
    /// The mesh of any door that this program opens. `executable` is started again where a helper process is
    /// needed.
    ///
    /// # Errors
    /// When no folder for settings is known.
    pub fn mesh(
        &self,
        surroundings: &Surroundings,
        executable: PathBuf,
        door: &'static str,
        ask: Arc<dyn Ask>,
        interrupts: Interrupts,
    ) -> Result<Mesh> {
        let home = Home::locate(surroundings)?;
        let secrets = (self.open_secrets)(&home.secrets());
        Ok(Mesh::new(Parts {
            home,
            surroundings: surroundings.clone(),
            providers: self.providers,
            catalogue: self.catalogue,
            open_store: self.open_store,
            secrets,
            ask,
            clock: Arc::new(SystemClock),
            interrupts,
            door,
            program: executable,
        }))
    }
}

/// The program's own executable.
#[must_use]
pub fn program_file() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("cm"))
}

/// The environment of this process.
#[must_use]
pub fn surroundings() -> Surroundings {
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

/// The words of this process, without the program's own name.
///
/// # Errors
/// When one of them is not UTF-8.
pub fn own_words() -> Result<Vec<String>> {
    std::env::args_os()
        .skip(1)
        .map(|word| {
            word.into_string().map_err(|word| {
                Error::bad_input(format!("the argument `{}` is not UTF-8", word.to_string_lossy()))
            })
        })
        .collect()
}

/// Says on standard error what went wrong; the one place where that happens outside a door.
#[must_use]
pub fn report(error: &Error, style: Style) -> u8 {
    let text = error_text(error, style, false);
    let _ = std::io::stderr().write_all(text.as_bytes());
    error.kind().exit_code()
}

/// How a stream is written to, by the environment and what the user prefers.
pub fn style(
    surroundings: &Surroundings,
    preferences: &Preferences,
    stream: &(impl IsTerminal + std::os::fd::AsFd),
) -> Style {
    let variable = |name: &str| surroundings.variables.get(name).cloned();
    let measured = rustix::termios::tcgetwinsize(stream).ok().map(|size| usize::from(size.ws_col));
    let mut environment = Environment {
        no_color: variable("NO_COLOR"),
        clicolor: variable("CLICOLOR"),
        clicolor_force: variable("CLICOLOR_FORCE"),
        term: variable("TERM"),
        columns: variable("COLUMNS"),
        measured_width: measured,
    };
    match preferences.color {
        Some(false) => environment.no_color = Some("1".to_owned()),
        Some(true) => environment.clicolor = None,
        None => {}
    }
    Style::resolve(&environment, stream.is_terminal())
}

/// Runs one command; the value is its exit code. What an operation refuses is said by its door; what is
/// no command at all is given back.
///
/// # Errors
/// What is wrong with the words.
pub fn run(context: &Context<'_>, words: Vec<String>) -> Result<u8> {
    let program = context.program;
    if let [word] = words.as_slice()
        && matches!(word.as_str(), "--version" | "-V")
    {
        let _ = writeln!(std::io::stdout(), "cm {}", env!("CARGO_PKG_VERSION"));
        return Ok(0);
    }
    EXIT_CODE.store(0, Ordering::Relaxed);
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
    match program.catalogue.find(&name) {
        Some(entry) => operate(context, entry, leaf),
        None => {
            let first = name.split('.').next().unwrap_or_default();
            let word = program.words.iter().find(|word| word.name == first);
            let word = word.ok_or_else(|| Error::internal(format!("no operation is called {name}")))?;
            let arguments = matches.subcommand().map_or(&matches, |(_, inner)| inner);
            (word.run)(arguments, context)
        }
    }
}

/// `help vm boot` is `vm boot --help`.
fn help_as_option(mut words: Vec<String>) -> Vec<String> {
    if words.first().is_some_and(|word| word == "help") {
        words.remove(0);
        words.push("--help".to_owned());
    }
    words
}

/// Runs one operation through a door of text.
fn operate(context: &Context<'_>, entry: &'static Entry, matches: &clap::ArgMatches) -> Result<u8> {
    let preferences = context.preferences.borrow().clone();
    let mut answer = answer(entry, matches)?;
    answer.verbose |= preferences.verbose && !answer.quiet;
    trace(context.surroundings, &preferences, answer.verbose);
    let input = entry.from_matches(matches)?;
    let mut envelope = envelope(matches);
    envelope.refresh |= preferences.refresh;
    // A plan that is kept in what is thrown away: later commands can build on it.
    envelope.save |= context.shown.is_some() && !envelope.dry_run;
    let options = TextOptions {
        format: answer.format,
        columns: answer.columns,
        sort: answer.sort,
        stdout: style(context.surroundings, &preferences, &std::io::stdout()),
        stderr: style(context.surroundings, &preferences, &std::io::stderr()),
        quiet: answer.quiet,
        verbose: answer.verbose,
        attach: Some(Box::new(attach)),
        clock: Arc::new(SystemClock),
    };
    let mut door = TextDoor::new(Box::new(std::io::stdout()), Box::new(std::io::stderr()), options);
    let runtime = runtime()?;
    let counted = matches!(entry.kind, Kind::Change | Kind::Stream);
    let result = runtime.block_on(async {
        let mesh = context.mesh(if counted { interrupts() } else { Interrupts::never() })?;
        let mut plans = Vec::new();
        let mut collecting = Collecting::new(&mut door, context.shown.map(|_| &mut plans));
        let running = entry.run(&mesh, input, &envelope, &mut collecting);
        let result =
            if context.inside && !counted { until_interrupted(running).await } else { running.await };
        if let Some(shown) = context.shown {
            shown.borrow_mut().append(&mut plans);
        }
        result
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

/// A runtime for one command.
///
/// # Errors
/// When the system does not give one.
pub fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal(format!("the runtime cannot be started: {error}")))
}

/// Runs `work` until it is done or the user presses Ctrl-C.
///
/// # Errors
/// The work's own; [`ErrorKind::Interrupted`].
pub async fn until_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => Err(Error::new(ErrorKind::Interrupted, "interrupted")),
    }
}

/// Counts Ctrl-C and SIGTERM for what must end in order. Queries and sessions simply end.
fn interrupts() -> Interrupts {
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

type Filter = reload::Handle<tracing_subscriber::EnvFilter, tracing_subscriber::Registry>;

/// The filter of the logs of this process, once there are some.
static FILTER: OnceLock<Filter> = OnceLock::new();

/// Logs go to standard error when `CLOUDMESH_LOG` (a filter such as `debug`), the user's level or --verbose
/// asks for them.
fn trace(surroundings: &Surroundings, preferences: &Preferences, verbose: bool) {
    let wanted = match (surroundings.variables.get("CLOUDMESH_LOG"), &preferences.log_level) {
        (Some(filter), _) => Some(filter.clone()),
        (None, Some(level)) => Some(format!("cloudmesh={level}")),
        (None, None) => verbose.then(|| "cloudmesh=info".to_owned()),
    };
    if wanted.is_none() && FILTER.get().is_none() {
        return;
    }
    let filter = tracing_subscriber::EnvFilter::try_new(wanted.as_deref().unwrap_or("off"))
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    if let Some(handle) = FILTER.get() {
        let _ = handle.reload(filter);
        return;
    }
    let (filter, handle) = reload::Layer::new(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(true);
    if tracing_subscriber::registry().with(filter).with(lines).try_init().is_ok() {
        let _ = FILTER.set(handle);
    }
}

//! `man` and `completions`: what is made from the catalogue for other programs of the user's.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use clap::{Arg, ArgAction, ArgMatches, Command};
use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_prompt::{Context, build, style};

use super::given;
use crate::completion::Completion;
use crate::manual::{self, Page};
use crate::names::Names;

pub(super) fn man_arguments(command: Command) -> Command {
    command
        .arg(
            Arg::new("install")
                .long("install")
                .value_name("FOLDER")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("")
                .help("Write all pages for the program man; to ~/.local/share/man without a folder"),
        )
        .arg(Arg::new("troff").long("troff").action(ArgAction::SetTrue).help("In the language of man"))
        .arg(Arg::new("noheader").long("noheader").action(ArgAction::SetTrue).hide(true))
        .arg(Arg::new("words").value_name("COMMAND").num_args(0..).help("The command; without it, all of cm"))
}

fn user_folder(context: &Context<'_>, variable: &str, below: &str, rest: &str) -> Result<PathBuf> {
    let home = context.surroundings.user_home.as_ref();
    match context.surroundings.variables.get(variable).filter(|value| value.starts_with('/')) {
        Some(folder) => Ok(Path::new(folder).join(rest)),
        None => home.map(|home| home.join(below).join(rest)).ok_or_else(|| {
            Error::bad_input("no folder is known to write to").hint("name one: --install=FOLDER")
        }),
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    let failed =
        |error: std::io::Error| Error::bad_input(format!("{} cannot be written: {error}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}

/// `man [COMMAND]`.
pub(super) fn man(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let mut root = build(context.program.catalogue, context.program.words);
    root = root.subcommand_required(false);
    if let Some(folder) = matches.get_one::<String>("install") {
        let folder = match folder.as_str() {
            "" => user_folder(context, "XDG_DATA_HOME", ".local/share", "man")?,
            folder => PathBuf::from(folder),
        };
        let pages = manual::all(&root);
        for page in &pages {
            write(&folder.join("man1").join(page.file()), &page.troff())?;
        }
        let _ = writeln!(
            std::io::stderr(),
            "{} pages in {}; man cm shows the first",
            pages.len(),
            folder.display()
        );
        return Ok(0);
    }
    let words = given(matches);
    let Some(command) = manual::find(&root, &words) else {
        let mut asked = words;
        asked.push("--help".to_owned());
        return cloudmesh_prompt::run(context, asked);
    };
    let page = Page::of(&words, &command);
    if matches.get_flag("troff") {
        let _ = std::io::stdout().write_all(page.troff().as_bytes());
        return Ok(0);
    }
    let style = style(context.surroundings, &context.preferences.borrow(), &std::io::stdout());
    let text = page.text(style.width.unwrap_or(80), style.color);
    let height = rustix::termios::tcgetwinsize(std::io::stdout()).map_or(0, |size| usize::from(size.ws_row));
    let long = text.lines().count() + 2 > height;
    if style.terminal
        && std::io::stdin().is_terminal()
        && !style.plain
        && long
        && paged(context, &text).is_some()
    {
        return Ok(0);
    }
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(0)
}

/// Shows a text in the user's pager; `None` where there is none.
fn paged(context: &Context<'_>, text: &str) -> Option<()> {
    let pager = context.surroundings.variables.get("PAGER").filter(|pager| !pager.is_empty());
    let pager = pager.map_or("less -FRX", String::as_str);
    let mut process = Process::new("sh");
    cloudmesh_model::secret::keep_secrets_from(&mut process);
    let mut child = process.args(["-c", pager]).stdin(Stdio::piped()).spawn().ok()?;
    // Who leaves the pager early has read enough.
    let _ = child.stdin.take()?.write_all(text.as_bytes());
    child.wait().ok().filter(|status| status.code() != Some(127)).map(drop)
}

pub(super) fn completions_arguments(command: Command) -> Command {
    command.arg(Arg::new("shell").value_name("bash|zsh|fish").help("The shell; yours without it")).arg(
        Arg::new("install")
            .long("install")
            .action(ArgAction::SetTrue)
            .help("Write them where the shell looks for them"),
    )
}

const BASH: &str = r#"# Completion of cm for bash
_cm() {
    local line="${COMP_LINE:0:COMP_POINT}" IFS=$'\n'
    COMPREPLY=($(cm complete --shell=bash -- "$line" 2>/dev/null))
}
complete -o nospace -F _cm cm
"#;

const ZSH: &str = r#"#compdef cm
_cm() {
    local -a values shown
    local value about
    while IFS=$'\t' read -r value about; do
        values+=("$value")
        shown+=("${about:+$value  -- $about}")
        [[ -z $about ]] && shown[-1]="$value"
    done < <(cm complete --shell=zsh -- "${BUFFER[1,CURSOR]}" 2>/dev/null)
    (( ${#values} )) && compadd -Q -U -S '' -l -d shown -- "${values[@]}"
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _cm "$@"; else compdef _cm cm; fi
"#;

const FISH: &str = r#"# Completion of cm for fish
complete -c cm -f -a '(cm complete --shell=fish -- (commandline -cp))'
"#;

/// `completions bash|zsh|fish`.
pub(super) fn completions(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let own = context.surroundings.variables.get("SHELL").and_then(|shell| shell.rsplit('/').next());
    let name = matches.get_one::<String>("shell").map(String::as_str).or(own).unwrap_or("bash");
    let (text, path) = match name {
        "bash" => {
            (BASH, user_folder(context, "XDG_DATA_HOME", ".local/share", "bash-completion/completions/cm"))
        }
        "zsh" => (ZSH, user_folder(context, "ZDOTDIR", "", ".zfunc/_cm")),
        "fish" => (FISH, user_folder(context, "XDG_CONFIG_HOME", ".config", "fish/completions/cm.fish")),
        other => {
            return Err(Error::new(
                ErrorKind::BadInput,
                format!("there are no completions for {}", printable(other)),
            )
            .hint("there are some for bash, zsh and fish"));
        }
    };
    if !matches.get_flag("install") {
        let _ = std::io::stdout().write_all(text.as_bytes());
        return Ok(0);
    }
    let path = path?;
    write(&path, text)?;
    let more = if name == "zsh" { "; put `fpath+=~/.zfunc` before compinit in ~/.zshrc" } else { "" };
    let _ = writeln!(std::io::stderr(), "completions for {name} in {}{more}", path.display());
    Ok(0)
}

pub(super) fn complete_arguments(command: Command) -> Command {
    command
        .arg(
            Arg::new("shell")
                .long("shell")
                .value_name("SHELL")
                .default_value("fish")
                .help("Whose answer it is"),
        )
        .arg(Arg::new("line").value_name("LINE").allow_hyphen_values(true).help("The line up to the cursor"))
}

/// `complete LINE`: what may follow, one a line; for the shells' own completion.
pub(super) fn complete(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    let line = matches.get_one::<String>("line").map(String::as_str).unwrap_or_default();
    let foreign = super::load::all(context).into_keys().collect();
    let mut completion = Completion::new(Names::new(context)?, foreign);
    let answer = completion.suggest(line);
    let bash = matches.get_one::<String>("shell").is_some_and(|shell| shell == "bash");
    // What the shell replaces: its last word; bash ends words at `=` and `:`, too.
    let breaks = |c: char| c.is_whitespace() || bash && matches!(c, '=' | ':');
    let begin = line.rfind(breaks).map_or(0, |at| at + 1).min(answer.start);
    let before = line.get(begin..answer.start).unwrap_or_default();
    let mut out = std::io::stdout().lock();
    for candidate in answer.candidates {
        let after = if candidate.whole && !answer_for_fish(matches) { " " } else { "" };
        let about =
            if bash || candidate.about.is_empty() { String::new() } else { format!("\t{}", candidate.about) };
        if writeln!(out, "{before}{}{after}{about}", candidate.value).is_err() {
            break;
        }
    }
    Ok(0)
}

/// Fish adds spaces itself.
fn answer_for_fish(matches: &ArgMatches) -> bool {
    matches.get_one::<String>("shell").is_some_and(|shell| shell == "fish")
}

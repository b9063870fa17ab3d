//! Scripts: lines of a file, run in order, stopped by the first that fails.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use cloudmesh_model::noun::printable;
use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_prompt::Context;

use crate::lexer;
use crate::line;
use crate::shell::{Frame, Shell};

/// Scripts that call scripts end here.
const DEEPEST: usize = 64;
/// Texts larger than this are no scripts.
const LARGEST: u64 = 64 << 20;

/// The text of a script.
#[derive(Debug)]
pub(crate) struct Script {
    frame: Frame,
    text: String,
}

impl Script {
    /// The script in a file.
    ///
    /// # Errors
    /// When it cannot be read or is no text.
    pub(crate) fn file(path: &str, arguments: Vec<String>) -> Result<Self> {
        let shown = printable(path);
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => {
                Error::new(ErrorKind::NotFound, format!("there is no file {shown}"))
            }
            _ => Error::bad_input(format!("{shown} cannot be read: {error}")),
        };
        let resolved: PathBuf = Path::new(path).canonicalize().map_err(failed)?;
        let size = resolved.metadata().map_err(failed)?.len();
        if resolved.is_dir() {
            return Err(Error::bad_input(format!("{shown} is a folder, not a script")));
        }
        if size > LARGEST {
            return Err(Error::bad_input(format!("{shown} is too large for a script: {} MiB", size >> 20)));
        }
        let bytes = std::fs::read(&resolved).map_err(failed)?;
        Self::text(path, Some(resolved), bytes, arguments)
    }

    /// The script on standard input.
    ///
    /// # Errors
    /// When it cannot be read or is no text.
    pub(crate) fn standard_input() -> Result<Self> {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .read_to_end(&mut bytes)
            .map_err(|error| Error::bad_input(format!("standard input cannot be read: {error}")))?;
        Self::text("standard input", None, bytes, Vec::new())
    }

    fn text(name: &str, path: Option<PathBuf>, bytes: Vec<u8>, arguments: Vec<String>) -> Result<Self> {
        let no_text = || {
            Error::bad_input(format!("{} is no script: it is not text", printable(name)))
                .hint("a script holds one command a line")
        };
        if bytes.contains(&0) {
            return Err(no_text());
        }
        let text = String::from_utf8(bytes).map_err(|_| no_text())?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let frame = Frame { name: name.to_owned(), path, arguments, keep_going: false };
        Ok(Self { frame, text })
    }

    /// How messages call it.
    pub(crate) fn name(&self) -> &str {
        &self.frame.name
    }

    /// Makes lines that fail not stop it.
    pub(crate) fn keep_going(mut self, keep_going: bool) -> Self {
        self.frame.keep_going = keep_going;
        self
    }
}

/// Runs a script; the value is the exit code of the line that stopped it, or of the first that failed where
/// none stops it.
///
/// # Errors
/// When it calls itself.
pub(crate) fn run(context: &Context<'_>, script: Script) -> Result<u8> {
    let shell = Shell::of(context)?;
    {
        let frames = shell.frames.borrow();
        let itself =
            script.frame.path.is_some() && frames.iter().any(|frame| frame.path == script.frame.path);
        if itself || frames.len() >= DEEPEST {
            let name = printable(&script.frame.name);
            let what = if itself { "calls itself" } else { "is too deep in scripts that call scripts" };
            return Err(Error::new(ErrorKind::Refused, format!("the script {name} {what}"))
                .hint("take the exec line out"));
        }
    }
    let Script { frame, text } = script;
    let (name, keep_going) = (frame.name.clone(), frame.keep_going);
    shell.frames.borrow_mut().push(frame);
    let code = lines(context, shell, &name, &text, keep_going);
    shell.frames.borrow_mut().pop();
    Ok(code)
}

fn lines(context: &Context<'_>, shell: &Shell, name: &str, text: &str, keep_going: bool) -> u8 {
    let mut first_failure = 0;
    for (number, read) in Lines::new(text) {
        let (code, shown) = match read {
            Ok(line) => {
                let before = context.shown.map_or(0, |shown| shown.borrow().len());
                let code = line::run(context, &line);
                let planned = context.shown.is_some_and(|shown| shown.borrow().len() > before);
                match planned.then(|| crate::dry::foresee(context)) {
                    Some(Err(error)) => (line::complain(context, &error), line),
                    _ => (code, line),
                }
            }
            Err(error) => (line::complain(context, &error), String::new()),
        };
        if code != 0 {
            let shown: String = printable(shown.trim()).chars().take(120).collect();
            let shown = if shown.is_empty() { shown } else { format!(": {shown}") };
            let _ = writeln!(std::io::stderr(), "  at {}:{number}{shown}", printable(name));
            if first_failure == 0 {
                first_failure = code;
            }
            if !keep_going || code == ErrorKind::Interrupted.exit_code() {
                break;
            }
        }
        if shell.leave.get().is_some() {
            break;
        }
    }
    first_failure
}

/// The lines of a text without comments, those that end in `\` joined, each with the number of the physical
/// line that it begins in. Empty ones are left out.
pub(crate) struct Lines<'a> {
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    inside: Option<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { lines: text.lines().enumerate(), inside: None }
    }
}

impl Iterator for Lines<'_> {
    type Item = (usize, Result<String>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut joined = String::new();
        let mut begun = 0;
        loop {
            let Some((number, line)) = self.lines.next() else {
                if let Some(begun) = self.inside.take() {
                    return Some((
                        begun,
                        Err(Error::bad_input("the comment `/*` has no `*/`").hint("close it")),
                    ));
                }
                return (!joined.trim().is_empty()).then_some((begun, Ok(joined)));
            };
            let number = number + 1;
            let mut inside = self.inside.is_some();
            let stripped = match lexer::without_comments(line, &mut inside) {
                Ok(stripped) => stripped,
                Err(error) => return Some((number, Err(error))),
            };
            self.inside = inside.then(|| self.inside.unwrap_or(number));
            if joined.is_empty() {
                begun = number;
            }
            let kept = stripped.trim_end_matches('\\');
            let backslashes = stripped.len() - kept.len();
            if backslashes % 2 == 1 {
                joined.push_str(&stripped[..stripped.len() - 1]);
                joined.push(' ');
                continue;
            }
            joined.push_str(&stripped);
            if !joined.trim().is_empty() {
                return Some((begun, Ok(joined)));
            }
            joined.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(usize, String)> {
        Lines::new(text).map(|(number, line)| (number, line.unwrap().trim().to_owned())).collect()
    }

    #[test]
    fn lines_keep_their_numbers() {
        let text =
            "#!/usr/bin/env cm\r\n\r\nvm list \\\r\n  --cloud=sim\n/* all\nthis */ echo a\n\n// no\necho b";
        assert_eq!(
            lines(text),
            [(3, "vm list    --cloud=sim".to_owned()), (6, "echo a".to_owned()), (9, "echo b".to_owned())]
        );
        assert_eq!(lines("echo a \\"), [(1, "echo a".to_owned())]);
    }

    #[test]
    fn an_open_comment_is_told_where_it_begins() {
        let last = Lines::new("echo a\n/* b\nc\n").last().unwrap();
        assert_eq!(last.0, 2);
        assert!(last.1.unwrap_err().message().contains("has no"));
    }
}

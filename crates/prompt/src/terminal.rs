//! Asking the person at the terminal.

use std::io::{BufRead, IsTerminal, Write};

use cloudmesh_model::{Ask, Error, ErrorKind, Refuse, Result, Secret};

/// The person at the terminal; where standard input or standard error is none, nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminal;

fn somebody() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn failed(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Interrupted, format!("the terminal cannot be read: {error}"))
}

fn line(prompt: &str) -> Result<String> {
    let mut out = std::io::stderr().lock();
    write!(out, "{prompt}").and_then(|()| out.flush()).map_err(|error| failed(&error))?;
    let mut line = String::new();
    let count = std::io::stdin().lock().read_line(&mut line).map_err(|error| failed(&error))?;
    if count == 0 {
        return Err(Error::new(ErrorKind::Refused, "the input ended"));
    }
    Ok(line.trim().to_owned())
}

impl Ask for Terminal {
    fn secret(&self, what: &str) -> Result<Secret> {
        if !somebody() {
            return Refuse.secret(what);
        }
        rpassword::prompt_password(format!("{what}: ")).map(Secret::new).map_err(|error| failed(&error))
    }

    fn confirm(&self, question: &str) -> Result<bool> {
        if !somebody() {
            return Refuse.confirm(question);
        }
        let answer = line(&format!("{question} [y/N] "))?;
        Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    fn text(&self, what: &str) -> Result<String> {
        if !somebody() {
            return Refuse.text(what);
        }
        line(&format!("{what}: "))
    }

    fn tell(&self, what: &str) {
        if somebody() {
            // A notice that cannot be shown is no reason to stop.
            let _ = writeln!(std::io::stderr().lock(), "{what}");
        }
    }
}

//! Choosing one of many by typing a part of it.

use std::io::{IsTerminal, Write};

use cloudmesh_model::{Error, ErrorKind, Result};
use crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::{cursor, execute, queue, style, terminal};
use unicode_width::UnicodeWidthChar;

use crate::names::Name;

/// Lines of choices that are shown at once.
const SHOWN: usize = 12;

/// Whether somebody is there to choose.
pub(crate) fn somebody() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// How well `text` fits what was typed: each character in order; less is better. `None` if it does not.
fn fit(text: &str, typed: &str) -> Option<usize> {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let mut from = 0;
    let mut gaps = 0;
    for wanted in typed.to_lowercase().chars().filter(|c| !c.is_whitespace()) {
        let at = text[from..].iter().position(|c| *c == wanted)?;
        gaps += at;
        from += at + 1;
    }
    Some(gaps * 16 + text.len())
}

/// The choices that fit, the best first.
fn fitting<'a>(all: &'a [Name], typed: &str) -> Vec<&'a Name> {
    let mut found: Vec<(usize, &Name)> = all
        .iter()
        .filter_map(|name| Some((if typed.is_empty() { 0 } else { fit(&name.name, typed)? }, name)))
        .collect();
    found.sort_by_key(|(fit, _)| *fit);
    found.into_iter().map(|(_, name)| name).collect()
}

fn failed(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Internal, format!("the terminal does not answer: {error}"))
}

/// Raw mode, for as long as this lives.
struct Raw;

impl Raw {
    fn new() -> Result<Self> {
        terminal::enable_raw_mode().map_err(failed)?;
        Ok(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = terminal::disable_raw_mode();
        let _ = execute!(std::io::stderr(), cursor::Show);
    }
}

/// Lets a person choose; `None` if they leave without.
///
/// # Errors
/// When the terminal fails.
pub(crate) fn pick(what: &str, all: &[Name], color: bool) -> Result<Option<String>> {
    let _raw = Raw::new()?;
    let mut typed = String::new();
    let mut at = 0_usize;
    let mut drawn = 0_u16;
    loop {
        let found = fitting(all, &typed);
        at = at.min(found.len().saturating_sub(1));
        draw(what, &typed, &found, at, &mut drawn, color, all.len()).map_err(failed)?;
        let Event::Key(key) = event::read().map_err(failed)? else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let chosen = match key.code {
            KeyCode::Enter => Some(found.get(at).map(|name| name.name.clone())),
            KeyCode::Esc => Some(None),
            KeyCode::Char('c' | 'd' | 'g') if control => Some(None),
            KeyCode::Up => {
                at = at.saturating_sub(1);
                None
            }
            KeyCode::Char('p') if control => {
                at = at.saturating_sub(1);
                None
            }
            KeyCode::Down | KeyCode::Tab => {
                at += 1;
                None
            }
            KeyCode::Char('n') if control => {
                at += 1;
                None
            }
            KeyCode::Char('u') if control => {
                typed.clear();
                None
            }
            KeyCode::Backspace => {
                typed.pop();
                at = 0;
                None
            }
            KeyCode::Char(character) if !control => {
                typed.push(character);
                at = 0;
                None
            }
            _ => None,
        };
        if let Some(chosen) = chosen {
            erase(drawn).map_err(failed)?;
            return Ok(chosen);
        }
    }
}

fn erase(drawn: u16) -> std::io::Result<()> {
    let mut out = std::io::stderr();
    queue!(out, cursor::MoveToColumn(0))?;
    if drawn > 0 {
        queue!(out, cursor::MoveUp(drawn))?;
    }
    queue!(out, terminal::Clear(terminal::ClearType::FromCursorDown))?;
    out.flush()
}

fn cut(text: &str, width: usize) -> String {
    let mut used = 0;
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= width
        })
        .collect()
}

fn draw(
    what: &str,
    typed: &str,
    found: &[&Name],
    at: usize,
    drawn: &mut u16,
    color: bool,
    all: usize,
) -> std::io::Result<()> {
    erase(*drawn)?;
    let mut out = std::io::stderr();
    let width = terminal::size().map_or(80, |(columns, _)| usize::from(columns)).max(10) - 1;
    let first = at.saturating_sub(SHOWN - 1);
    let widest =
        found.iter().skip(first).take(SHOWN).map(|name| name.name.chars().count()).max().unwrap_or(0);
    let mut lines = vec![cut(&format!("{what} ({} of {all}): {typed}", found.len()), width)];
    for (number, name) in found.iter().enumerate().skip(first).take(SHOWN) {
        let sign = if number == at { '>' } else { ' ' };
        let line = format!("{sign} {:widest$}  {}", name.name, name.about);
        lines.push(cut(line.trim_end(), width));
    }
    for (number, line) in lines.iter().enumerate() {
        if number > 0 {
            queue!(out, style::Print("\r\n"))?;
        }
        if color && number == at - first + 1 && number > 0 {
            queue!(
                out,
                style::SetAttribute(style::Attribute::Reverse),
                style::Print(line),
                style::SetAttribute(style::Attribute::Reset)
            )?;
        } else {
            queue!(out, style::Print(line))?;
        }
    }
    *drawn = u16::try_from(lines.len() - 1).unwrap_or(0);
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_name_finds_it() {
        let name = |name: &str| Name { name: name.to_owned(), about: String::new() };
        let all = [name("debian-12"), name("ubuntu-22.04"), name("ubuntu-24.04")];
        let found = |typed: &str| -> Vec<String> {
            fitting(&all, typed).into_iter().map(|name| name.name.clone()).collect()
        };
        assert_eq!(found("").len(), 3);
        assert_eq!(found("u24")[0], "ubuntu-24.04");
        assert_eq!(found("DEB"), ["debian-12"]);
        assert_eq!(found("xyz").len(), 0);
    }
}

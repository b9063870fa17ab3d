//! What was typed while a command ran. The terminal keeps it as a line that is not over; an editor that waits
//! for the next key would not see it before that key.

use std::io::IsTerminal;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Most bytes that are taken at once; a terminal keeps no more.
const MOST: usize = 64 * 1024;

/// What was typed and nobody has read: nothing where the editor will see it by itself. The terminal stays in
/// raw mode, so that nothing typed from now on is kept back; the editor, or [`over`], ends it.
pub(crate) fn typed() -> String {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() || crossterm::terminal::enable_raw_mode().is_err() {
        return String::new();
    }
    let mut bytes = Vec::new();
    // Keys that the library has read already come first; then it reads the others, too.
    if !crossterm::event::poll(Duration::ZERO).unwrap_or(true) {
        let mut buffer = [0_u8; 4096];
        while bytes.len() < MOST {
            let mut wanted = [PollFd::new(&stdin, PollFlags::IN)];
            let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
            if !matches!(poll(&mut wanted, Some(&at_once)), Ok(1..)) {
                break;
            }
            match rustix::io::read(&stdin, &mut buffer) {
                Ok(0) | Err(_) => break,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            }
        }
    }
    text(&bytes)
}

/// Ends the raw mode before something else runs.
pub(crate) fn over() {
    let _ = crossterm::terminal::disable_raw_mode();
}

/// The text of keys: no control characters but ends of lines, no sequences of other keys.
fn text(bytes: &[u8]) -> String {
    let all = String::from_utf8_lossy(bytes);
    let mut text = String::new();
    let mut characters = all.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => {
                if characters.next_if(|next| matches!(next, '[' | 'O')).is_some() {
                    while characters.next().is_some_and(|next| !(next.is_ascii_alphabetic() || next == '~')) {
                    }
                }
            }
            '\r' | '\n' => text.push('\n'),
            '\u{7f}' | '\u{8}' => drop(text.pop()),
            // Ctrl-C and Ctrl-U take back what is before them.
            '\u{3}' | '\u{15}' => text.truncate(text.rfind('\n').map_or(0, |at| at + 1)),
            _ if character.is_control() => {}
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn only_text_is_left_of_keys() {
        assert_eq!(text(b"vm lisx\x7ft\r\x1b[200~echo a\x1b[201~\x1b[Aok"), "vm list\necho aok");
        assert_eq!(text(b"a\nwrong\x03right"), "a\nright");
    }
}

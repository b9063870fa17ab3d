//! Characters: how wide they are, which of them may reach a terminal, and how they are quoted.

use unicode_width::UnicodeWidthChar;

/// Whether every byte is a printable ASCII character or the separator of a packed row: then a cell's
/// width is its length, and nothing in it needs replacing.
pub(crate) fn simple(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |simple, byte| simple & ((byte.wrapping_sub(0x20) < 0x5f) | (*byte == 0x1f)))
}

/// The character as it may reach a terminal: what steers one, or turns the direction of writing, becomes a space.
pub(crate) fn shown(character: char) -> char {
    match character {
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => ' ',
        _ if character.is_control() => ' ',
        _ => character,
    }
}

/// Columns that a character takes, as it is shown.
pub(crate) fn character_width(character: char) -> usize {
    shown(character).width().unwrap_or(1)
}

/// Columns that a text takes, as it is shown.
pub(crate) fn width(text: &str) -> usize {
    if simple(text.as_bytes()) { text.len() } else { text.chars().map(character_width).sum() }
}

/// The text as it may reach a terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(shown).collect()
}

/// Writes at most `limit` columns of the text; what is cut ends with `mark`. Gives the columns written.
pub(crate) fn push_cut(text: &str, limit: usize, mark: &str, out: &mut String) -> usize {
    let whole = width(text);
    if whole <= limit {
        out.extend(text.chars().map(shown));
        return whole;
    }
    let mark_width = width(mark);
    let room = limit.saturating_sub(mark_width);
    let mut used = 0;
    for character in text.chars() {
        let next = character_width(character);
        if used + next > room {
            break;
        }
        out.push(shown(character));
        used += next;
    }
    if mark_width <= limit {
        out.push_str(mark);
        used += mark_width;
    }
    used
}

/// Writes a JSON string. It is a YAML double-quoted scalar as well.
pub(crate) fn push_quoted(text: &str, out: &mut String) {
    out.push('"');
    let plain = text.bytes().fold(true, |plain, byte| {
        plain & (byte.wrapping_sub(0x20) < 0x5f) & (byte != b'"') & (byte != b'\\')
    });
    if plain {
        out.push_str(text);
    } else {
        for character in text.chars() {
            push_escaped(character, out);
        }
    }
    out.push('"');
}

fn push_escaped(character: char, out: &mut String) {
    match character {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{fffe}' | '\u{ffff}' => push_unicode(character, out),
        _ if shown(character) != character => push_unicode(character, out),
        _ => out.push(character),
    }
}

/// Escapes, in finished JSON, what JSON allows as it is but a terminal would obey.
pub(crate) fn push_json(json: &str, out: &mut String) {
    if json.is_ascii() && !json.contains('\u{7f}') {
        out.push_str(json);
        return;
    }
    for character in json.chars() {
        if !character.is_ascii_control() && shown(character) != character || character == '\u{7f}' {
            push_unicode(character, out);
        } else {
            out.push(character);
        }
    }
}

fn push_unicode(character: char, out: &mut String) {
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        out.push(char::from_digit((u32::from(character) >> shift) & 0xf, 16).unwrap_or('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_a_terminal() {
        assert_eq!(width("albert"), 6);
        assert_eq!(width("日本"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("a\u{1b}b"), 3);
    }

    #[test]
    fn cutting_never_splits_a_wide_character() {
        let mut out = String::new();
        assert_eq!(push_cut("日本語", 4, "…", &mut out), 3);
        assert_eq!(out, "日…");
        out.clear();
        assert_eq!(push_cut("abc", 3, "…", &mut out), 3);
        assert_eq!(out, "abc");
        out.clear();
        assert_eq!(push_cut("abcdefgh", 2, "...", &mut out), 0);
    }

    #[test]
    fn quoted_text_is_json() {
        for text in ["", "plain", "a\"b\\c", "\u{1b}[31m\n\r\t\u{7f}\u{85}\u{2028}", "日本 🦀"] {
            let mut out = String::new();
            push_quoted(text, &mut out);
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}

//! Errors as text, for the one place of a program that prints them.

use std::fmt::Write;

use cloudmesh_model::Error;
use serde_json::{Value, json};

use crate::structured::error_object;
use crate::{Style, text};

/// An error for a person: `error: PLACE: MESSAGE`, then its hint, and with `verbose` its context. Ends
/// with a line break; holds no control character but those of colour.
#[must_use]
pub fn error_text(error: &Error, style: Style, verbose: bool) -> String {
    let mut out = String::new();
    let (red, off) = if style.color { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
    let _ = write!(out, "{red}error:{off} ");
    push_message(error, error.place(), &mut out);
    out.push('\n');
    push_hint(error, "  ", &mut out);
    if verbose {
        for (name, value) in error.context() {
            let _ = writeln!(out, "  {}: {}", text::clean(name), text::clean(value));
        }
    }
    out
}

/// `PLACE: MESSAGE`.
pub(crate) fn push_message(error: &Error, place: Option<&str>, out: &mut String) {
    if let Some(place) = place {
        out.extend([&text::clean(place), ": "]);
    }
    out.push_str(text::clean(error.message()).trim());
}

/// The line with the hint, if there is one.
pub(crate) fn push_hint(error: &Error, indent: &str, out: &mut String) {
    if let Some(hint) = error.hint_text() {
        let _ = writeln!(out, "{indent}hint: {}", text::clean(hint));
    }
}

/// An error for a program: `{"schema": "cloudmesh.error.v1", "error": {place, kind, message, hint}}`.
#[must_use]
pub fn error_json(error: &Error) -> Value {
    json!({ "schema": "cloudmesh.error.v1", "error": error_object(error, None) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloudmesh_model::ErrorKind;

    #[test]
    fn an_error_says_what_where_and_what_to_do() {
        let error = Error::new(ErrorKind::Quota, "no room for 3 servers")
            .at("kilo")
            .hint("delete one")
            .with("code", 403);
        let plain = Style::default();
        assert_eq!(
            error_text(&error, plain, false),
            "error: kilo: no room for 3 servers\n  hint: delete one\n"
        );
        assert_eq!(
            error_text(&error, plain, true),
            "error: kilo: no room for 3 servers\n  hint: delete one\n  code: 403\n"
        );
        let json = error_json(&error);
        assert_eq!(json["error"]["kind"], "quota");
        assert_eq!(json["error"]["place"], "kilo");
    }

    #[test]
    fn a_message_from_a_cloud_cannot_steer_the_terminal() {
        let error = Error::new(ErrorKind::Service, "bad\u{1b}[2J\nnews\u{9b}").hint("see\rthat");
        let shown = error_text(&error, Style::default(), true);
        assert_eq!(shown, "error: bad [2J news\n  hint: see that\n");
    }
}

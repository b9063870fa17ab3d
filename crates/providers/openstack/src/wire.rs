//! Pieces of the services' JSON that many answers share. Texts borrow from the answer's bytes where they can.

use std::borrow::Cow;

use serde::Deserialize;

/// A text that borrows if it has no escapes. (An `Option<Cow<str>>` would never borrow.)
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

impl Text<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn to_owned(&self) -> String {
        self.0.clone().into_owned()
    }
}

/// A link beside a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Link<'a> {
    #[serde(borrow)]
    rel: Text<'a>,
    #[serde(borrow)]
    href: Text<'a>,
}

/// The link to the next page, if there is one.
pub(crate) fn next_link<'a>(links: &'a Option<Vec<Link<'_>>>) -> Option<&'a str> {
    links.as_ref()?.iter().find(|link| link.rel.as_str() == "next").map(|link| link.href.as_str())
}

/// `text` as one segment of a path or one value of a query.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            for half in [byte >> 4, byte & 15] {
                escaped.push(char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    escaped
}

/// A moment as services write it, with or without a zone (UTC then).
pub(crate) fn moment(text: &str) -> Option<jiff::Timestamp> {
    text.parse().ok().or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        Some(civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    })
}

//! Host lists: `web[1-3,8]`, `vm-[001-010]`, `a,b[0-1]`. Padding and order are kept. The count is
//! known, and bounded, before a single name is made.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The most names that one host list may stand for.
pub const MOST_NAMES: u64 = 100_000;

/// The most characters that one name of a host list may have.
pub const LONGEST_NAME: usize = 1024;

/// A list of names in compact writing, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostList {
    text: String,
    patterns: Vec<Pattern>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Ranges(Vec<Range>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    first: u64,
    last: u64,
    width: usize,
}

impl HostList {
    /// How many names it stands for, repetitions counted.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.patterns.iter().map(Pattern::count).fold(0, u64::saturating_add)
    }

    /// Whether it stands for no name; never so after parsing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The names, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.patterns.iter().flat_map(Pattern::names).collect()
    }
}

impl Pattern {
    fn count(&self) -> u64 {
        self.parts.iter().fold(1, |count: u64, part| match part {
            Part::Text(_) => count,
            Part::Ranges(ranges) => {
                count.saturating_mul(ranges.iter().map(Range::count).fold(0, u64::saturating_add))
            }
        })
    }

    fn names(&self) -> Vec<String> {
        self.parts.iter().fold(vec![String::new()], |names, part| match part {
            Part::Text(text) => names.into_iter().map(|name| name + text).collect(),
            Part::Ranges(ranges) => {
                names.iter().flat_map(|name| ranges.iter().flat_map(move |range| range.names(name))).collect()
            }
        })
    }
}

impl Range {
    fn count(&self) -> u64 {
        (self.last - self.first).saturating_add(1)
    }

    fn names<'a>(&self, name: &'a str) -> impl Iterator<Item = String> + use<'a> {
        let Self { first, last, width } = *self;
        (first..=last).map(move |number| format!("{name}{number:0width$}"))
    }
}

fn bad(text: &str, why: impl fmt::Display) -> Error {
    let short: String = text.chars().take(60).map(|c| if c.is_control() { '?' } else { c }).collect();
    Error::bad_input(format!("`{short}` is not a host list: {why}"))
        .hint("write names as in `web[1-3,8]`, `vm-[001-010]` or `a,b[0-1]`")
}

impl FromStr for HostList {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return Err(bad(text, "it contains a space or control character"));
        }
        let patterns: Vec<Pattern> = split_outside_brackets(text)?
            .into_iter()
            .map(|name| pattern(text, name))
            .collect::<Result<_>>()?;
        let list = Self { text: text.to_owned(), patterns };
        match list.len() {
            count if count > MOST_NAMES => {
                Err(bad(text, format!("it stands for {count} names, and {MOST_NAMES} is the most")))
            }
            _ => Ok(list),
        }
    }
}

/// The names between the commas that stand outside brackets.
fn split_outside_brackets(text: &str) -> Result<Vec<&str>> {
    let mut names = Vec::new();
    let mut begin = 0;
    let mut inside = false;
    for (position, character) in text.char_indices() {
        match character {
            '[' if inside => return Err(bad(text, "a bracket stands inside a bracket")),
            '[' => inside = true,
            ']' if !inside => return Err(bad(text, "a bracket closes that was not opened")),
            ']' => inside = false,
            ',' if !inside => {
                names.push(&text[begin..position]);
                begin = position + 1;
            }
            _ => {}
        }
    }
    if inside {
        return Err(bad(text, "a bracket is not closed"));
    }
    names.push(&text[begin..]);
    Ok(names)
}

/// One name with its brackets, which [`split_outside_brackets`] found to be balanced.
fn pattern(text: &str, name: &str) -> Result<Pattern> {
    if name.is_empty() {
        return Err(bad(text, "a name is empty"));
    }
    if name.len() > LONGEST_NAME {
        return Err(bad(text, format!("a name is longer than {LONGEST_NAME} characters")));
    }
    let mut parts = Vec::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        let (inside, after) = after.split_once(']').unwrap_or((after, ""));
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        parts.push(Part::Ranges(ranges(text, inside)?));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(Pattern { parts })
}

fn ranges(text: &str, inside: &str) -> Result<Vec<Range>> {
    inside
        .split(',')
        .map(|piece| {
            let (first, last) = piece.split_once('-').unwrap_or((piece, piece));
            let number = |digits: &str| -> Result<u64> {
                if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(bad(text, format!("`[{inside}]` is not a list of numbers and ranges")));
                }
                digits.parse().map_err(|_| bad(text, "a number is too large"))
            };
            let range = Range { first: number(first)?, last: number(last)?, width: first.len() };
            if range.first > range.last {
                return Err(bad(text, format!("the range {piece} runs backwards")));
            }
            if range.width > 64 {
                return Err(bad(text, "a number has more than 64 digits"));
            }
            Ok(range)
        })
        .collect()
}

impl fmt::Display for HostList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Serialize for HostList {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for HostList {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for HostList {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HostList".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "Names in compact writing: `web[1-3,8]`, `vm-[001-010]`, `a,b[0-1]`",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.parse::<HostList>().unwrap().names()
    }

    #[test]
    fn padding_and_order_are_kept() {
        assert_eq!(names("web[1-3,8]"), ["web1", "web2", "web3", "web8"]);
        assert_eq!(names("vm-[009-011]"), ["vm-009", "vm-010", "vm-011"]);
        assert_eq!(names("a,b[0-1]"), ["a", "b0", "b1"]);
        assert_eq!(names("x[3,1]y[0-1]"), ["x3y0", "x3y1", "x1y0", "x1y1"]);
        assert_eq!(names("one"), ["one"]);
        assert_eq!(names("[1-2],z"), ["1", "2", "z"]);
    }

    #[test]
    fn what_is_no_host_list_is_refused() {
        for text in [
            "", ",", "a,", ",a", "a[", "a[1", "a]", "a[]", "a[1-]", "a[-1]", "a[3-1]", "a[x]", "a b", "a\nb",
            "a[[1]]",
        ] {
            assert!(text.parse::<HostList>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_thousand_million_names_are_refused_without_making_them() {
        let error = "n[1-1000000000]".parse::<HostList>().unwrap_err();
        assert!(error.message().contains("1000000000"), "{error}");
        assert!("n[0-99999][0-99999][0-99999][0-99999]".parse::<HostList>().is_err());
        assert!("n[0-18446744073709551615]".parse::<HostList>().is_err());
    }
}

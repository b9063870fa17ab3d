//! The line after a list: how many, how old, who did not answer and why.

use std::fmt::Write;

use cloudmesh_client::Freshness;
use cloudmesh_model::Noun;
use jiff::Timestamp;

use crate::age::Age;
use crate::{failure, text};

/// `1 server`, `3 servers`, `no servers`.
pub(crate) fn count(noun: &Noun, rows: usize) -> String {
    match rows {
        0 => format!("no {}", noun.plural),
        1 => format!("1 {}", singular(noun)),
        _ => format!("{rows} {}", noun.plural),
    }
}

fn singular(noun: &Noun) -> String {
    let plural = noun.plural;
    if plural.strip_prefix(noun.name).is_some_and(|end| matches!(end, "s" | "es")) {
        return noun.name.to_owned();
    }
    for (end, instead) in [("ies", "y"), ("sses", "ss"), ("s", "")] {
        if let Some(stem) = plural.strip_suffix(end) {
            return format!("{stem}{instead}");
        }
    }
    plural.to_owned()
}

/// `3 servers on 2 of 3 clouds, 40 s old`.
pub(crate) fn line(noun: &Noun, rows: usize, freshness: &Freshness, now: Timestamp) -> String {
    let mut out = count(noun, rows);
    let places = &freshness.places;
    let answered = places.iter().filter(|place| place.as_of.is_some() && place.error.is_none()).count();
    match places.as_slice() {
        [] => {}
        [one] => {
            let _ = write!(out, " on {}", text::clean(&one.place));
        }
        several => {
            let word = if noun.position("cloud").is_some() {
                "clouds"
            } else if noun.position("cluster").is_some() {
                "clusters"
            } else {
                "places"
            };
            if answered == several.len() {
                let _ = write!(out, " on {answered} {word}");
            } else {
                let _ = write!(out, " on {answered} of {} {word}", several.len());
            }
        }
    }
    let told_here = places.iter().filter(|place| place.error.is_none());
    if let Some(oldest) = told_here.filter_map(|place| place.as_of).min() {
        match old(oldest, now) {
            Some(age) => out.extend([", ", &age, " old"]),
            None => out.push_str(", just read"),
        }
    }
    out
}

/// How old what was read at `as_of` is, in words; `None` if it is as good as new.
fn old(as_of: Timestamp, now: Timestamp) -> Option<String> {
    let age = now.as_second() - as_of.as_second();
    (age >= 2).then(|| Age::between(as_of.as_second(), now.as_second()).words())
}

/// A line for each place that failed, with its hint.
pub(crate) fn failures(freshness: &Freshness, now: Timestamp, out: &mut String) {
    for place in &freshness.places {
        // The only place's failure is the failure of the whole answer, and is told as that.
        if freshness.places.len() == 1 && place.error.is_some() {
            continue;
        }
        let Some(error) = &place.error else {
            if place.as_of.is_none() {
                let _ = writeln!(out, "  {}: never read (--refresh reads it)", text::clean(&place.place));
            }
            continue;
        };
        out.push_str("  ");
        failure::push_message(error, Some(&place.place), out);
        if let Some(age) = place.as_of.and_then(|as_of| old(as_of, now)) {
            let _ = write!(out, " (what is shown of it is {age} old)");
        }
        out.push('\n');
        failure::push_hint(error, "    ", out);
    }
}

//! YAML, written from JSON values: block style, strings quoted unless they cannot be taken for
//! anything else.

use serde_json::Value;

use crate::text;

/// Writes a document.
pub(crate) fn document(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => mapping(value, 0, out),
        Value::Array(items) if !items.is_empty() => sequence(value, 0, out),
        _ => {
            scalar(value, out);
            out.push('\n');
        }
    }
}

/// Writes what follows `key:` or `-`, with the end of its line.
pub(crate) fn after_key(value: &Value, indent: usize, out: &mut String) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            out.push('\n');
            mapping(value, indent, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            sequence(value, indent, out);
        }
        _ => {
            out.push(' ');
            scalar(value, out);
            out.push('\n');
        }
    }
}

fn mapping(value: &Value, indent: usize, out: &mut String) {
    for (number, (name, value)) in value.as_object().into_iter().flatten().enumerate() {
        // The first key of a mapping in a sequence stands behind the sequence's `- `.
        if number > 0 || !out.ends_with("- ") {
            spaces(indent, out);
        }
        string(name, out);
        out.push(':');
        after_key(value, indent + 2, out);
    }
}

fn sequence(value: &Value, indent: usize, out: &mut String) {
    for value in value.as_array().into_iter().flatten() {
        spaces(indent, out);
        out.push_str("- ");
        match value {
            Value::Object(fields) if !fields.is_empty() => mapping(value, indent + 2, out),
            Value::Array(_) => {
                // A sequence in a sequence is written as JSON, which is YAML's flow style.
                out.push_str(&value.to_string());
                out.push('\n');
            }
            _ => {
                scalar(value, out);
                out.push('\n');
            }
        }
    }
}

fn scalar(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => string(text, out),
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
    }
}

fn spaces(count: usize, out: &mut String) {
    out.extend(std::iter::repeat_n(' ', count));
}

/// Writes a string: bare where every reader of YAML 1.1 and 1.2 takes it for a string.
pub(crate) fn string(value: &str, out: &mut String) {
    if bare(value) {
        out.push_str(value);
    } else {
        text::push_quoted(value, out);
    }
}

fn bare(value: &str) -> bool {
    const TAKEN: [&str; 11] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"];
    value.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/'))
        && !TAKEN.iter().any(|taken| taken.eq_ignore_ascii_case(value))
}

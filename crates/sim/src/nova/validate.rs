//! Nova's words for input that its JSON schemas refuse. Facts: answers of Nova to such input, Compute API guide
//! "Faults".

use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::nova::bad;

/// The refusal of a field that the schema does not know.
pub(crate) fn unexpected(object: &str, field: &str) -> Answer {
    bad(&format!(
        "Invalid input for field/attribute {object}. Additional properties are not allowed ('{field}' was unexpected)"
    ))
}

/// The refusal of an object without a field that it must have.
pub(crate) fn required(object: &str, field: &str) -> Answer {
    bad(&format!("Invalid input for field/attribute {object}. '{field}' is a required property"))
}

/// The refusal of a value.
pub(crate) fn invalid(field: &str, value: &str, why: &str) -> Answer {
    bad(&format!("Invalid input for field/attribute {field}. Value: {value}. {why}"))
}

/// Refuses the first field that is not among `allowed`.
pub(crate) fn only(object: &str, fields: &Map<String, Value>, allowed: &[&str]) -> Result<(), Answer> {
    match fields.keys().find(|field| !allowed.contains(&field.as_str())) {
        Some(field) => Err(unexpected(object, field)),
        None => Ok(()),
    }
}

/// A name of 1 to 255 printable characters, no white space at its ends.
pub(crate) fn name(value: &Value) -> Result<&str, Answer> {
    let Some(text) = value.as_str() else {
        return Err(invalid("name", &value.to_string(), &format!("{value} is not of type 'string'")));
    };
    if text.is_empty() {
        return Err(invalid("name", text, &format!("'{text}' is too short")));
    }
    if text.chars().count() > 255 {
        return Err(invalid("name", text, &format!("'{text}' is too long")));
    }
    if text.trim() != text || text.chars().any(char::is_control) {
        return Err(invalid(
            "name",
            text,
            "An invalid 'name' value was provided. The name must be: printable characters. Can not start or end with whitespace.",
        ));
    }
    Ok(text)
}

/// A description of at most 255 printable characters; null takes it away.
pub(crate) fn description(value: &Value) -> Result<Option<String>, Answer> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.chars().count() > 255 => {
            Err(invalid("description", text, &format!("'{text}' is too long")))
        }
        Value::String(text) if text.chars().any(|each| each.is_control() && each != '\t') => {
            Err(invalid("description", text, "The description contains characters that are not printable."))
        }
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(invalid(
            "description",
            &other.to_string(),
            &format!("{other} is not of type 'string', 'null'"),
        )),
    }
}

/// Metadata: keys and values of at most 255 characters, keys of letters, digits and `-_:. `.
pub(crate) fn metadata(value: &Value) -> Result<Vec<(String, String)>, Answer> {
    let Some(items) = value.as_object() else {
        return Err(invalid("metadata", &value.to_string(), &format!("{value} is not of type 'object'")));
    };
    let key_is_fine = |key: &str| {
        (1..=255).contains(&key.chars().count())
            && key.chars().all(|each| each.is_ascii_alphanumeric() || "-_:. ".contains(each))
    };
    items
        .iter()
        .map(|(key, value)| {
            if !key_is_fine(key) {
                return Err(bad(&format!(
                    "Invalid input for field/attribute metadata. Value: {value}. '{key}' does not match any of the regexes: '^[a-zA-Z0-9-_:. ]{{1,255}}$'"
                )));
            }
            match value.as_str() {
                Some(text) if text.chars().count() <= 255 => Ok((key.clone(), text.to_owned())),
                Some(text) => Err(invalid(key, text, &format!("'{text}' is too long"))),
                None => Err(invalid(key, &value.to_string(), &format!("{value} is not of type 'string'"))),
            }
        })
        .collect()
}

/// A tag: at most 60 characters, no `/` and no `,`.
pub(crate) fn tag(value: &str) -> Result<&str, Answer> {
    if value.is_empty() || value.chars().count() > 60 {
        return Err(bad(&format!(
            "Invalid input for field/attribute tags. Value: {value}. '{value}' is too {}",
            if value.is_empty() { "short" } else { "long" }
        )));
    }
    if value.contains(['/', ',']) {
        return Err(bad(&format!(
            "Invalid input for field/attribute tags. Value: {value}. '{value}' does not match '^[^,/]*$'"
        )));
    }
    Ok(value)
}

/// A whole number that may also be written as a string.
pub(crate) fn count(object: &Map<String, Value>, field: &str) -> Result<Option<u64>, Answer> {
    let Some(value) = object.get(field) else { return Ok(None) };
    let number = value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    match number {
        Some(number) if number >= 1 => Ok(Some(number)),
        _ => Err(invalid(field, &value.to_string(), &format!("{value} is less than the minimum of 1"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_refused_as_nova_refuses_them() {
        assert!(name(&json!("web-1")).is_ok());
        assert!(name(&json!("a".repeat(255))).is_ok());
        for wrong in [json!("a".repeat(256)), json!("a\nb"), json!(" a"), json!(""), json!(7)] {
            assert!(name(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn metadata_and_tags_are_checked() {
        assert!(metadata(&json!({"a:b c.d-e_f": "x"})).is_ok());
        assert!(metadata(&json!({"a/b": "x"})).is_err());
        assert!(metadata(&json!({"a": 1})).is_err());
        assert!(tag("a=b").is_ok());
        assert!(tag("a,b").is_err());
    }
}

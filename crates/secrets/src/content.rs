//! What stands in the file: `{"version": 1, "secrets": {"name": "value"}}`.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

use cloudmesh_model::Secret;
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The version of the format that this program writes.
pub(crate) const VERSION: u64 = 1;

/// Secrets by their names.
pub(crate) type Secrets = BTreeMap<String, Secret>;

/// Why a text is not a file of secrets. Never quotes it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// Not JSON, or not of this shape.
    At { line: usize, column: usize },
    /// Of a format that a later version writes.
    Newer(u64),
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    #[serde(rename = "version")]
    _version: u64,
    secrets: BTreeMap<String, Kept>,
}

#[derive(Serialize)]
struct ContentRef<'a> {
    version: u64,
    secrets: BTreeMap<&'a str, KeptRef<'a>>,
}

/// A secret on its way in: it goes from the buffer, which is wiped, into memory that will be.
struct Kept(Secret);

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Kept;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Kept, E> {
                Ok(Kept(Secret::from(text)))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Kept, E> {
                Ok(Kept(Secret::new(text)))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// A secret on its way out.
struct KeptRef<'a>(&'a Secret);

impl Serialize for KeptRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

/// Reads the file's text.
pub(crate) fn parse(text: &[u8]) -> Result<Secrets, Malformed> {
    let at = |error: serde_json::Error| Malformed::At { line: error.line(), column: error.column() };
    match serde_json::from_slice::<Version>(text).map_err(at)?.version {
        VERSION => {}
        newer => return Err(Malformed::Newer(newer)),
    }
    let content: Content = serde_json::from_slice(text).map_err(at)?;
    Ok(content.secrets.into_iter().map(|(name, Kept(secret))| (name, secret)).collect())
}

/// The file's text. The buffer is large enough from the start: one that grew would leave copies behind.
pub(crate) fn text(secrets: &Secrets) -> serde_json::Result<Zeroizing<Vec<u8>>> {
    // A character that JSON escapes takes six bytes at most; beside it stand quotes, colon, line end.
    let size =
        secrets.iter().map(|(name, secret)| 6 * (name.len() + secret.expose().len()) + 16).sum::<usize>();
    let mut text = Zeroizing::new(Vec::with_capacity(size + 64));
    let kept = secrets.iter().map(|(name, secret)| (name.as_str(), KeptRef(secret))).collect();
    serde_json::to_writer_pretty(&mut *text, &ContentRef { version: VERSION, secrets: kept })?;
    text.push(b'\n');
    Ok(text)
}

/// The names that begin with `prefix`, in order.
pub(crate) fn names(secrets: &Secrets, prefix: &str) -> Vec<String> {
    secrets
        .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
        .map(|(name, _)| name)
        .take_while(|name| name.starts_with(prefix))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_read_back_as_they_were_written() {
        let mut secrets = Secrets::new();
        for value in ["plain", "", "quote\" back\\slash", "line\nend\ttab \u{0}\u{1f}", "ключ 🔑"] {
            secrets.insert(format!("name of {value}"), Secret::from(value));
        }
        let text = text(&secrets).unwrap();
        let back = parse(&text).unwrap();
        assert_eq!(back.len(), secrets.len());
        for (name, secret) in &secrets {
            assert_eq!(back[name].expose(), secret.expose());
        }
    }

    #[test]
    fn the_buffer_never_grows() {
        let worst: String = "\u{1}\"\\".repeat(1000);
        let secrets = Secrets::from([(worst.clone(), Secret::new(worst))]);
        let size = 6 * 6000 + 16 + 64;
        assert!(text(&secrets).unwrap().len() <= size);
    }

    #[test]
    fn what_is_malformed_is_refused_by_its_position() {
        for text in ["", "{", "[]", "\"hunter2\"", r#"{"version":1}"#, r#"{"version":1,"secrets":{"a":17}}"#]
        {
            assert!(matches!(parse(text.as_bytes()), Err(Malformed::At { .. })), "{text}");
        }
        assert_eq!(parse(br#"{"version":2,"vault":[]}"#).unwrap_err(), Malformed::Newer(2));
    }

    #[test]
    fn names_are_those_with_the_prefix() {
        let secrets: Secrets =
            ["a/1", "a/2", "b/1", "a"].map(|name| (name.to_owned(), Secret::from("x"))).into();
        assert_eq!(names(&secrets, "a/"), ["a/1", "a/2"]);
        assert_eq!(names(&secrets, "").len(), 4);
        assert!(names(&secrets, "c").is_empty());
    }
}

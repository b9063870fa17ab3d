//! The forms in which answers are written.

use std::fmt;
use std::str::FromStr;

use cloudmesh_model::Error;

/// A form in which answers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Aligned columns for people.
    #[default]
    Table,
    /// One JSON document with a versioned schema.
    Json,
    /// The same document as YAML.
    Yaml,
    /// RFC 4180, with a header; lines end with CRLF.
    Csv,
    /// One JSON object a row, then one that says how complete it all was.
    Ndjson,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 5] = [Self::Table, Self::Json, Self::Yaml, Self::Csv, Self::Ndjson];

    /// The form's name, as options spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    /// Whether answers carry `complete`, `as_of` and `errors` in themselves.
    #[must_use]
    pub fn structured(self) -> bool {
        matches!(self, Self::Json | Self::Yaml | Self::Ndjson)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|format| format.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
            Error::bad_input(format!("`{text}` is not an output format"))
                .hint(format!("use one of {}", Self::ALL.map(Self::as_str).join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_reads_back_and_others_are_refused_by_name() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse::<Format>().unwrap(), format);
        }
        assert_eq!("JSON".parse::<Format>().unwrap(), Format::Json);
        let error = "xml".parse::<Format>().unwrap_err();
        assert_eq!(error.message(), "`xml` is not an output format");
        assert_eq!(error.hint_text(), Some("use one of table, json, yaml, csv, ndjson"));
    }
}

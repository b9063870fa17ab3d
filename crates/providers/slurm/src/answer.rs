//! How the scripts lay out their answers: sections that begin with `\x1d` and a name, records that
//! end with `\x1e`, fields parted by `\x1f`.

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_transport::ssh::Output;

const SECTION: u8 = 0x1d;
const RECORD: char = '\u{1e}';
const FIELD: char = '\u{1f}';

/// The sections of an answer, in order.
pub(crate) struct Answer {
    sections: Vec<(String, String)>,
    pub(crate) errors: String,
}

impl Answer {
    /// Reads an answer that must have come to its `end`.
    pub(crate) fn read(host: &str, output: Output) -> Result<Self> {
        let sections: Vec<(String, String)> = output
            .stdout
            .split(|byte| *byte == SECTION)
            .skip(1)
            .map(|section| {
                let text = String::from_utf8_lossy(section);
                let (name, body) = text.split_once('\n').unwrap_or((&text, ""));
                (name.to_owned(), body.to_owned())
            })
            .collect();
        let answer = Self { sections, errors: output.stderr };
        if answer.section("no-slurm").is_some() {
            return Err(no_slurm(host));
        }
        if let Some(fault) = answer.section("fault") {
            return Err(crate::refusal::fault(fault.trim()));
        }
        if answer.section("end").is_none() {
            return Err(Error::new(
                ErrorKind::Service,
                format!("{host} broke off in the middle of its answer"),
            )
            .hint("check whether the login node limits processes")
            .with("exit code", output.code)
            .with("said", last_line(&answer.errors)));
        }
        Ok(answer)
    }

    /// The body of the section called `name`.
    pub(crate) fn section(&self, name: &str) -> Option<&str> {
        self.sections.iter().find(|(section, _)| section == name).map(|(_, body)| body.as_str())
    }

    /// The records of a section; none if it is not there.
    pub(crate) fn records(&self, name: &str) -> impl Iterator<Item = Vec<&str>> {
        self.section(name)
            .unwrap_or_default()
            .split(RECORD)
            .map(|record| record.strip_prefix('\n').unwrap_or(record))
            .filter(|record| !record.is_empty())
            .map(|record| record.split(FIELD).collect())
    }

    /// The exit code that stands in a section of its own.
    pub(crate) fn code(&self, name: &str) -> i32 {
        self.section(name).and_then(|text| text.trim().parse().ok()).unwrap_or(-1)
    }
}

pub(crate) fn no_slurm(host: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("Slurm's commands are not on PATH on {host}"))
        .hint("add them to PATH in ~/.bashrc or ~/.profile there, before any test for an interactive shell")
}

/// The last line that says something.
pub(crate) fn last_line(text: &str) -> &str {
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("")
}

/// Records of `sacct -p`: fields end, and records end with the separator and a new line.
pub(crate) fn accounting_records(body: &str) -> impl Iterator<Item = Vec<&str>> {
    body.split("\u{1f}\n").filter(|record| !record.is_empty()).map(|record| record.split(FIELD).collect())
}

/// The bytes after the head of a section that holds anything: a piece of a file.
pub(crate) fn raw_section<'a>(stdout: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let head = format!("\u{1d}{name}\n");
    let start = stdout.windows(head.len()).position(|window| window == head.as_bytes())?;
    stdout.get(start + head.len()..)
}

//! How the scripts lay out their answers: sections that begin with `\x1d` and a name, records that end with `\x1e`, fields
//! parted by `\x1f`.

use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_transport::ssh::Output;

/// The sections of an answer, in order; the last of a name counts.
pub(crate) struct Answer {
    sections: Vec<(String, String)>,
}

impl Answer {
    /// Reads an answer that must have come to its `end`.
    pub(crate) fn read(host: &str, output: &Output) -> Result<Self> {
        let sections: Vec<(String, String)> = output
            .stdout
            .split(|byte| *byte == 0x1d)
            .skip(1)
            .map(|section| {
                let text = String::from_utf8_lossy(section);
                let (name, body) = text.split_once('\n').unwrap_or((&text, ""));
                (name.to_owned(), body.to_owned())
            })
            .collect();
        let answer = Self { sections };
        if answer.section("no-qstat").is_some() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("the commands qsub and qstat are not on PATH on {host}"),
            )
            .hint(
                "add them to PATH in ~/.bashrc or ~/.profile there, before any test for an interactive shell",
            ));
        }
        if let Some(fault) = answer.section("fault") {
            let fault = fault.trim();
            let kind = if fault.contains("quota") || fault.contains("No space") {
                ErrorKind::Quota
            } else {
                ErrorKind::Service
            };
            return Err(Error::new(kind, format!("nothing could be submitted: {fault}"))
                .hint("check your home there: its permissions and the room that is left"));
        }
        if answer.section("end").is_none() {
            return Err(Error::new(
                ErrorKind::Service,
                format!("{host} broke off in the middle of its answer"),
            )
            .hint("check whether the login node limits processes")
            .with("exit code", output.code)
            .with("said", output.stderr.lines().last().unwrap_or_default()));
        }
        Ok(answer)
    }

    /// The body of the section called `name`.
    pub(crate) fn section(&self, name: &str) -> Option<&str> {
        self.sections.iter().rev().find(|(section, _)| section == name).map(|(_, body)| body.as_str())
    }

    /// The body of a section; nothing if it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.section(name).unwrap_or_default()
    }

    /// The records of a section.
    pub(crate) fn records(&self, name: &str) -> impl Iterator<Item = Vec<&str>> {
        self.text(name)
            .split('\u{1e}')
            .map(|record| record.strip_prefix('\n').unwrap_or(record))
            .filter(|record| !record.is_empty())
            .map(|record| record.split('\u{1f}').collect())
    }

    /// The exit code of the command whose output is the section `name`.
    pub(crate) fn code(&self, name: &str) -> i32 {
        self.text(&format!("{name}-code")).trim().parse().unwrap_or(-1)
    }

    /// The error of a command that only reads.
    pub(crate) fn failed(&self, name: &str, command: &str) -> Error {
        let errors = self.text(&format!("{name}-errors"));
        let said =
            errors.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it gave no reason");
        let said: String = said.chars().take(300).collect();
        let silent = [
            "annot connect",
            "ommlib error",
            "onnection refused",
            "unable to contact",
            "can't connect",
            "Communication",
        ];
        if silent.iter().any(|word| errors.contains(word)) {
            return Error::new(
                ErrorKind::Unreachable,
                format!("the cluster's server does not answer: {said}"),
            )
            .temporary(None)
            .hint("it may be in maintenance: try again later");
        }
        Error::new(ErrorKind::Service, format!("{command} failed: {said}")).with("exit code", self.code(name))
    }
}

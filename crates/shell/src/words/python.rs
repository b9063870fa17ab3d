//! `py`: Python with the package, if it is there.

use std::process::{Command, Stdio};

use clap::ArgMatches;
use cloudmesh_model::{Error, ErrorKind, Result};
use cloudmesh_prompt::Context;

use super::given;
use crate::line;

/// `py [CODE]` with words of the system's shell.
pub(super) fn word(matches: &ArgMatches, context: &Context<'_>) -> Result<u8> {
    run(context, &given(matches).join(" "))
}

/// Runs code, or opens Python where there is none.
///
/// # Errors
/// When Python or the package is not there.
pub(crate) fn run(context: &Context<'_>, code: &str) -> Result<u8> {
    let quoted = code
        .strip_prefix('"')
        .and_then(|code| code.strip_suffix('"'))
        .or_else(|| code.strip_prefix('\'').and_then(|code| code.strip_suffix('\'')));
    let code = quoted.unwrap_or(code);
    let variable = |name: &str| context.surroundings.variables.get(name).filter(|value| !value.is_empty());
    let program = variable("CLOUDMESH_PYTHON").map_or("python3", String::as_str);
    let mut python = Command::new(program);
    cloudmesh_model::secret::keep_secrets_from(&mut python);
    if code.is_empty() {
        let mut probe = Command::new(program);
        cloudmesh_model::secret::keep_secrets_from(&mut probe);
        probe.args(["-c", "import cloudmesh"]).stdin(Stdio::null()).stderr(Stdio::null());
        if !probe.status().map_err(|error| missing(program, &error))?.success() {
            return Err(Error::new(ErrorKind::Unsupported, "Python has no package cloudmesh")
                .hint(format!("get it: {program} -m pip install cloudmesh; py CODE runs code without it")));
        }
        python.args(["-i", "-c", "import cloudmesh"]);
    } else {
        python.args(["-c", code]);
    }
    if context.shown.is_some() {
        return Ok(0);
    }
    line::wait(python.spawn().map_err(|error| missing(program, &error))?)
}

fn missing(program: &str, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{program} cannot be run: {error}"))
        .hint("install Python 3, or name it in CLOUDMESH_PYTHON")
}

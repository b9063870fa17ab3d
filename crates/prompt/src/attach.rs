//! Running an attachment in the terminal.

use std::process::Command;
use std::sync::atomic::{AtomicI32, Ordering};

use cloudmesh_client::Attachment;
use cloudmesh_model::{Error, ErrorKind, Result};

/// The exit code of the attachment that was run last: it becomes ours.
pub(crate) static EXIT_CODE: AtomicI32 = AtomicI32::new(0);

pub(crate) fn attach(attachment: &Attachment) -> Result<()> {
    let Some((program, arguments)) = attachment.argv.split_first() else {
        return Err(Error::internal("there is nothing to run"));
    };
    let mut command = Command::new(program);
    cloudmesh_model::secret::keep_secrets_from(&mut command);
    let status = command.args(arguments).envs(&attachment.environment).status().map_err(|error| {
        Error::new(ErrorKind::Unsupported, format!("{program} cannot be run: {error}"))
            .hint("install the OpenSSH client")
    })?;
    EXIT_CODE.store(status.code().unwrap_or(1), Ordering::Relaxed);
    Ok(())
}

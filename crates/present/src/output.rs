//! Standard output as the doors need it: buffered, and quiet once nobody reads any more.

use std::io::{self, Write};

use cloudmesh_model::{Error, ErrorKind, Result};

/// The buffer is handed on when it holds this many bytes.
const FULL: usize = 64 * 1024;

const CONTEXT: (&str, &str) = ("output", "closed");

/// Whether `error` only says that whoever read our output has stopped reading, as `head` does. It is
/// no failure: a program ends quietly.
#[must_use]
pub fn reader_left(error: &Error) -> bool {
    error.kind() == ErrorKind::Interrupted
        && error.context().iter().any(|(name, value)| (name.as_str(), value.as_str()) == CONTEXT)
}

/// A writer with one reused buffer and a memory of what went wrong.
pub(crate) struct Output {
    writer: Box<dyn Write + Send>,
    buffer: String,
    fault: Option<Error>,
}

impl Output {
    pub(crate) fn new(writer: Box<dyn Write + Send>) -> Self {
        Self { writer, buffer: String::new(), fault: None }
    }

    /// Where text is put together. Call [`Output::settle`] now and then.
    pub(crate) fn buffer(&mut self) -> &mut String {
        &mut self.buffer
    }

    /// Hands the buffer on if it is full.
    pub(crate) fn settle(&mut self) {
        if self.buffer.len() >= FULL {
            self.hand_on();
        }
    }

    /// Hands everything on.
    pub(crate) fn flush(&mut self) {
        self.hand_on();
        if self.fault.is_none()
            && let Err(error) = self.writer.flush()
        {
            self.fault = Some(fault(&error));
        }
    }

    /// Writes bytes as they are, at once.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.hand_on();
        if self.fault.is_none()
            && let Err(error) = self.writer.write_all(bytes)
        {
            self.fault = Some(fault(&error));
        }
        self.flush();
        self.state()
    }

    /// What went wrong, if anything.
    pub(crate) fn state(&self) -> Result<()> {
        self.fault.clone().map_or(Ok(()), Err)
    }

    /// Remembers an error; what is written from now on is thrown away.
    pub(crate) fn refuse(&mut self, error: Error) {
        self.flush();
        self.fault.get_or_insert(error);
    }

    /// Whether writing is of no use any more.
    pub(crate) fn closed(&self) -> bool {
        self.fault.is_some()
    }

    fn hand_on(&mut self) {
        if self.fault.is_none()
            && !self.buffer.is_empty()
            && let Err(error) = self.writer.write_all(self.buffer.as_bytes())
        {
            self.fault = Some(fault(&error));
        }
        self.buffer.clear();
    }
}

fn fault(error: &io::Error) -> Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Error::new(ErrorKind::Interrupted, "nobody reads the output any more").with(CONTEXT.0, CONTEXT.1)
    } else {
        Error::new(ErrorKind::Store, format!("the output cannot be written: {error}"))
            .hint("look whether the disk that it goes to is full")
    }
}

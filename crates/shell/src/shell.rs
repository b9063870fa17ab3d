//! What the shell remembers from line to line.

use std::cell::{Cell, RefCell};
use std::path::PathBuf;

use cloudmesh_client::Home;
use cloudmesh_model::{Error, Result};
use cloudmesh_prompt::Context;

use crate::background::Background;

/// A script that is being run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frame {
    /// How messages call it.
    pub(crate) name: String,
    /// The file, its links followed; none for standard input.
    pub(crate) path: Option<PathBuf>,
    /// `$1`, `$2` …
    pub(crate) arguments: Vec<String>,
    /// Lines that fail do not stop it.
    pub(crate) keep_going: bool,
}

/// What the shell remembers from line to line.
pub(crate) struct Shell {
    /// The folder of settings.
    pub(crate) home: Home,
    /// The exit code to leave with, once somebody said `quit`.
    pub(crate) leave: Cell<Option<u8>>,
    /// The exit code of the last command.
    pub(crate) last: Cell<u8>,
    /// The scripts that are being run, the innermost last.
    pub(crate) frames: RefCell<Vec<Frame>>,
    /// Commands that run in the background.
    pub(crate) background: RefCell<Background>,
    /// A person types the lines.
    pub(crate) interactive: Cell<bool>,
}

impl Shell {
    pub(crate) fn new(home: Home) -> Self {
        Self {
            home,
            leave: Cell::new(None),
            last: Cell::new(0),
            frames: RefCell::default(),
            background: RefCell::default(),
            interactive: Cell::new(false),
        }
    }

    /// The shell that a command runs in.
    ///
    /// # Errors
    /// Never, where the context was made by this crate.
    pub(crate) fn of<'a>(context: &Context<'a>) -> Result<&'a Self> {
        context.keeper.downcast_ref().ok_or_else(|| Error::internal("the shell's memory is not there"))
    }
}

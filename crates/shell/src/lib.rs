//! Many lines through the door at the prompt: the interactive shell and scripts, with variables, comments,
//! quoting, pipes, and what is made from the catalogue for them: completion, manual pages.

mod ahead;
mod background;
mod completion;
mod dry;
mod editor;
mod expand;
mod history;
mod interactive;
pub mod lexer;
mod line;
mod manual;
mod names;
mod picker;
mod program;
mod script;
mod shell;
mod splash;
pub mod words;

pub use program::main;
pub use words::WORDS;

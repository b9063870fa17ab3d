//! What clap refuses, as an error of ours: one message with a hint.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use cloudmesh_model::Error;

/// Whether it is no refusal but help or the version, which clap prints itself.
pub(crate) fn is_help(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// The refusal: clap's first paragraph as the message, its tips or else the usage as the hint.
pub(crate) fn refusal(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(|paragraph| {
        let lines: Vec<&str> = paragraph.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.join(" ")
    });
    let message = paragraphs.next().unwrap_or_default();
    let message = message.strip_prefix("error: ").unwrap_or(&message).to_owned();
    let rest: Vec<String> = paragraphs.collect();
    let tips: Vec<String> = rest
        .iter()
        .filter(|paragraph| paragraph.starts_with("tip: "))
        .flat_map(|paragraph| paragraph.split("tip: ").map(|tip| tip.trim().to_owned()))
        .filter(|tip| !tip.is_empty())
        .collect();
    let usage = rest.iter().find_map(|paragraph| paragraph.strip_prefix("Usage: ")).map(str::to_owned);
    let hint = match (error.kind(), tips.is_empty(), usage) {
        (ErrorKind::InvalidSubcommand, true, _) => "cm help shows all commands".to_owned(),
        (_, true, Some(usage)) => usage,
        (_, true, None) => "with --help it tells what it takes".to_owned(),
        (_, false, _) => tips.join("; "),
    };
    let message = match (error.kind(), error.get(ContextKind::InvalidSubcommand)) {
        (ErrorKind::InvalidSubcommand, Some(ContextValue::String(word))) => {
            format!("no command is called {}", cloudmesh_model::noun::printable(word))
        }
        _ => message,
    };
    Error::bad_input(message).hint(hint)
}

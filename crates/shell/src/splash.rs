//! The greeting of the interactive shell.

use std::io::Write;

use cloudmesh_present::Style;
use cloudmesh_prompt::Context;

/// Greets.
pub(crate) fn write(_: &Context<'_>, style: Style) {
    let version = env!("CARGO_PKG_VERSION");
    let (bold, dim, cyan, off) =
        if style.color { ("\u{1b}[1m", "\u{1b}[2m", "\u{1b}[36m", "\u{1b}[0m") } else { ("", "", "", "") };
    let mut out = std::io::stdout().lock();
    let narrow = style.width.is_some_and(|width| width < 60);
    if style.plain || narrow {
        let _ = writeln!(
            out,
            "{bold}Cloudmesh {version}{off}\n{dim}help: commands; Tab completes; Ctrl-D leaves{off}\n"
        );
        return;
    }
    let _ = writeln!(
        out,
        "{cyan}    .--.{off}\n\
         {cyan} .-(    ).{off}    {bold}Cloudmesh {version}{off}\n\
         {cyan}(___.__)__){off}   many clouds and clusters, one vocabulary\n\
         {dim}\n  help       all commands             Tab      completes names, options, machines\n  \
         quickstart the main things          F1       help on what is typed so far\n  \
         check      what is set up           Ctrl-R   looks through the history\n  \
         splash off no greeting any more     Ctrl-D   leaves{off}\n"
    );
}

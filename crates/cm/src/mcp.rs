//! `mcp`: the door for assistants, over this process's standard input and output.

use std::sync::Arc;

use clap::{Arg, Command, value_parser};
use cloudmesh_client::Home;
use cloudmesh_client::engine::Interrupts;
use cloudmesh_mcp::{Meshes, Options};
use cloudmesh_model::{Ask, Error, Result};
use cloudmesh_prompt::{Context, program_file};

/// The arguments of `mcp`.
pub(crate) fn arguments(command: Command) -> Command {
    let usual = Options::default();
    let number = |name: &'static str, value: &'static str, help: &'static str, usual: usize| {
        Arg::new(name)
            .long(name)
            .value_name(value)
            .value_parser(value_parser!(u32).range(1..))
            .help(format!("{help}; {usual} without it"))
    };
    command
        .arg(Arg::new("allow").long("allow").value_name("WHAT").default_value("read").help(
            "read; plan (plans are kept for you to apply); change (it applies what destroys nothing); or destroy",
        ))
        .arg(number("most", "THINGS", "How many things one plan may touch", usual.most))
        .arg(number("rows", "ROWS", "How many rows one answer may have", usual.rows))
}

/// Runs `mcp`.
pub(crate) fn run(matches: &clap::ArgMatches, context: &Context<'_>) -> Result<u8> {
    let number = |name: &str| matches.get_one::<u32>(name).map(|number| *number as usize);
    let usual = Options::default();
    let options = Options {
        allow: matches.get_one::<String>("allow").map_or(Ok(usual.allow), |word| word.parse())?,
        most: number("most").unwrap_or(usual.most),
        rows: number("rows").unwrap_or(usual.rows),
        ..usual
    };
    // Said now, not at the first call.
    Home::locate(context.surroundings)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::internal(format!("the runtime cannot be started: {error}")))?;
    let served =
        runtime.block_on(cloudmesh_mcp::serve_standard(context.program.catalogue, meshes(context), options));
    runtime.shutdown_background();
    served.map(|()| 0)
}

/// What makes the mesh of one call.
fn meshes(context: &Context<'_>) -> Meshes {
    let (program, surroundings) = (*context.program, context.surroundings.clone());
    Arc::new(move |ask: Arc<dyn Ask>, interrupts: Interrupts| {
        program.mesh(&surroundings, program_file(), "mcp", ask, interrupts)
    })
}

//! The program `cm`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cloudmesh_program::main()
}

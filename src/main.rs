//! Arguments in, a command, an exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    trueup::cli::main()
}

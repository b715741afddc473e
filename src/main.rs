//! The program: parse, run, print the one error, choose the exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    spectora_mcp::cli::main()
}

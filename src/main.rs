//! The program: parse, run, print the one error, choose the exit code; nothing else.

fn main() {}

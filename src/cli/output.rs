//! The one place that writes to standard output for people and scripts.

/// Writes a line to standard output. A reader that has gone away is no fault.
pub(super) fn line(text: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stdout().lock(), "{text}"));
}

/// Writes a line to standard error, for an answer that is an error.
pub(super) fn error_line(text: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}

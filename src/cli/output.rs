//! The one place that writes to standard output for people and scripts.

use rmcp::model::CallToolResult;

/// Writes a line to standard output. A reader that has gone away is no fault.
pub(super) fn line(text: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stdout().lock(), "{text}"));
}

/// The text of a tool's answer, block by block.
pub(super) fn texts(result: &CallToolResult) -> impl Iterator<Item = &str> {
    result.content.iter().filter_map(|block| block.as_text()).map(|text| text.text.as_str())
}

/// Writes a line to standard error, for an answer that is an error.
pub(super) fn error_line(text: &str) {
    use std::io::Write as _;
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}

/// Writes what was asked for as it is; a text ends with a line break. A reader that has gone away is no fault.
pub(super) fn bytes(bytes: &[u8]) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    drop(out.write_all(bytes).and_then(|()| out.flush()));
}

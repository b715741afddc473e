//! The log of calls: who asked which tool with which arguments, how many rows came, how long it took, how many
//! requests to the service it cost. Never what was asked for by value, and never what was answered.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use domain::Clock;
use mcp::CallSummary;

/// Lines that wait to be written; more are left out, and that is said.
const WAITING_MAX: usize = 1_000;
/// A file of this many bytes is put aside, and the one put aside before is gone.
const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoggedCall {
    /// When it was answered.
    pub at: Timestamp,
    /// The person or token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    /// The tool.
    pub tool: String,
    /// The names of its arguments.
    pub arguments: Vec<String>,
    /// Rows of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// Whether it was answered with an error.
    pub failed: bool,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// How many requests to the service it cost, as [`CallSummary::requests`] counts them; `None` in lines of an older
    /// program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<u64>,
}

/// Writes calls to a file, one JSON object a line, behind the answers' back.
pub struct CallLog {
    sender: mpsc::Sender<LoggedCall>,
    clock: Arc<dyn Clock>,
}

impl CallLog {
    /// A log in this file, which is made where there is none, its user's alone. Must be called in a runtime.
    pub fn begin(path: &Path, clock: Arc<dyn Clock>) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let path = path.to_owned();
        drop(tokio::task::spawn_blocking(move || write(&path, receiver)));
        Self { sender, clock }
    }

    pub(super) fn called(&self, call: &CallSummary<'_>) {
        let line = LoggedCall {
            at: self.clock.now(),
            caller: call.caller.map(str::to_owned),
            tool: call.tool.to_owned(),
            arguments: call.arguments.to_vec(),
            rows: call.rows,
            failed: call.failed,
            ms: u64::try_from(call.took.as_millis()).unwrap_or(u64::MAX),
            requests: Some(call.requests),
        };
        if self.sender.try_send(line).is_err() {
            tracing::warn!("a call is not in the log: the disk is too slow for it");
        }
    }
}

fn put_aside(path: &Path) -> PathBuf {
    path.with_extension("1.jsonl")
}

fn write(path: &Path, mut receiver: mpsc::Receiver<LoggedCall>) {
    let mut told = false;
    while let Some(call) = receiver.blocking_recv() {
        let written = line(path, &call);
        if let Err(error) = &written
            && !told
        {
            tracing::error!(%error, path = %path.display(), "calls are not logged");
        }
        told = written.is_err();
    }
}

/// Opened for each line: another process may write to it too, or put it aside.
fn line(path: &Path, call: &LoggedCall) -> std::io::Result<()> {
    if std::fs::metadata(path).is_ok_and(|file| FILE_BYTES_MAX < file.len()) {
        std::fs::rename(path, put_aside(path))?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    let mut bytes = serde_json::to_vec(call)?;
    bytes.push(b'\n');
    // In one piece, so that lines of two processes do not mix.
    mirror::user_only(options).open(path)?.write_all(&bytes)
}

/// The last calls in the log at `path`, the latest last. Lines that cannot be read are left out.
pub fn read_calls(path: &Path, last: usize) -> std::io::Result<Vec<LoggedCall>> {
    let mut calls = Vec::new();
    for path in [put_aside(path), path.to_owned()] {
        match std::fs::File::open(&path) {
            Ok(file) => {
                let lines = BufReader::new(file).lines().map_while(Result::ok);
                calls.extend(lines.filter_map(|line| serde_json::from_str(&line).ok()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    let first = calls.len().saturating_sub(last);
    Ok(calls.split_off(first))
}

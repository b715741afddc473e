//! Where a key comes from.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};

use super::environment::Environment;
use super::error::ConfigError;
use super::file::{RawCompany, RawKey};

/// The longest a command may take to print a key.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(10);
/// The longest key, in bytes.
const KEY_BYTES_MAX: u64 = 8 * 1024;

/// The key itself, from wherever the configuration says it is.
pub(super) fn resolve(
    company: &str,
    raw: RawCompany,
    environment: &Environment,
    folder: &Path,
) -> Result<SecretString, ConfigError> {
    let fail = |reason: String| ConfigError::Key { company: company.to_owned(), reason };
    let key = match raw.api_key {
        None => return Err(ConfigError::NoKey { company: company.to_owned() }),
        Some(RawKey::Literal(key)) => key.expose_secret().trim().to_owned(),
        Some(RawKey::Env(source)) => environment
            .get(&source.env)
            .ok_or_else(|| fail(format!("the environment variable `{}` is not set", source.env)))?,
        Some(RawKey::File(source)) => {
            let path = place(&source.file, environment, folder);
            let unreadable = |error: std::io::Error| fail(format!("{} cannot be read: {error}", path.display()));
            let mut text = String::new();
            let file = std::fs::File::open(&path).map_err(unreadable)?;
            file.take(KEY_BYTES_MAX).read_to_string(&mut text).map_err(unreadable)?;
            text.trim().to_owned()
        }
        Some(RawKey::Command(source)) => output_of(&source.command).map_err(fail)?,
    };
    if key.is_empty() || key.starts_with("${") {
        return Err(fail("it is empty, or a placeholder that was not filled in".to_owned()));
    }
    if key.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(fail("it holds blanks or line breaks, which no key has".to_owned()));
    }
    Ok(SecretString::from(key))
}

fn place(path: &Path, environment: &Environment, folder: &Path) -> PathBuf {
    match (path.strip_prefix("~"), environment.home()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => folder.join(path),
    }
}

/// What a command prints, without a shell. Errors name the program, never what it printed.
fn output_of(command: &[String]) -> Result<String, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("`command` is empty".to_owned());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("`{program}` cannot be run: {error}"))?;
    let output = child.stdout.take().ok_or_else(|| format!("`{program}` has no output"))?;
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        output.take(KEY_BYTES_MAX).read_to_string(&mut text).map(|_| text)
    });
    let deadline = Instant::now() + COMMAND_TIME_MAX;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(10)),
            _ => {
                drop(child.kill());
                drop(child.wait());
                return Err(format!("`{program}` took longer than {} s", COMMAND_TIME_MAX.as_secs()));
            }
        }
    };
    if !status.success() {
        return Err(format!("`{program}` failed ({status})"));
    }
    match reading.join() {
        Ok(Ok(text)) => Ok(text.trim().to_owned()),
        _ => Err(format!("`{program}` printed no text")),
    }
}

/// A warning when a file with a key in it can be read by other users of this machine.
pub(super) fn readable_by_others(path: &Path) -> Option<String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).ok()?.permissions().mode();
        (mode & 0o077 != 0)
            .then(|| format!("{0} holds an API key and other users can read it; run: chmod 600 {0}", path.display()))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

//! Where a key comes from.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};

use super::encoding::decoded;
use super::environment::{Environment, is_filled_in};
use super::error::ConfigError;
use super::file::RawKey;
use super::keychain;
use super::secret::is_variable;

/// The longest a command may take to print a key.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(10);
/// How often it is looked whether a command has ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long the last of a command's output may take to come once the command has ended.
const LAST_OUTPUT_TIME_MAX: Duration = Duration::from_millis(500);
/// How much is read in one go, in bytes.
const PIECE_BYTES: usize = 1024;
/// The longest key, in bytes.
const KEY_BYTES_MAX: u64 = 8 * 1024;

/// The keys of these companies, from wherever the configuration says they are; all at the same time, because a command
/// may take seconds and wait for a person.
pub(super) fn resolve_all(
    wanted: Vec<(String, Option<RawKey>)>,
    environment: &Environment,
    folder: &Path,
) -> Result<Vec<SecretString>, ConfigError> {
    std::thread::scope(|scope| {
        let running: Vec<_> = wanted
            .into_iter()
            .map(|(company, key)| scope.spawn(move || resolve(&company, key, environment, folder)))
            .collect();
        let stopped = || Err(ConfigError::Key { company: String::new(), reason: "it could not be read".to_owned() });
        running.into_iter().map(|one| one.join().unwrap_or_else(|_| stopped())).collect()
    })
}

/// One company's key. What is written where a key is named may be the key itself, so it is repeated only where it is
/// plainly something else.
fn resolve(
    company: &str,
    raw: Option<RawKey>,
    environment: &Environment,
    folder: &Path,
) -> Result<SecretString, ConfigError> {
    let fail = |reason: String| ConfigError::Key { company: company.to_owned(), reason };
    let key = match raw {
        None => return Err(ConfigError::NoKey { company: company.to_owned() }),
        Some(RawKey::Literal(key)) => key.expose_secret().trim().to_owned(),
        Some(RawKey::Env(name)) => environment.get(&name).ok_or_else(|| {
            let name = if is_variable(&name) { format!("`{name}`") } else { "named by `env`".to_owned() };
            fail(format!("the environment variable {name} is not set"))
        })?,
        Some(RawKey::File(file)) => {
            let path = folder.join(environment.expand(file)?);
            let name = if path.is_file() {
                path.display().to_string()
            } else {
                format!("the file named by `file` (taken from the folder {})", folder.display())
            };
            let unreadable = |error: std::io::Error| fail(format!("{name} cannot be read: {error}"));
            let mut bytes = Vec::new();
            let file = std::fs::File::open(&path).map_err(unreadable)?;
            file.take(KEY_BYTES_MAX).read_to_end(&mut bytes).map_err(unreadable)?;
            let text = decoded(&bytes).ok_or_else(|| fail(format!("{name} is no text in UTF-8 or UTF-16")))?;
            text.trim().to_owned()
        }
        Some(RawKey::Keychain(account)) => keychain::read(&account).map_err(fail)?,
        Some(RawKey::Command(command)) => output_of(&command, environment).map_err(fail)?,
    };
    if !is_filled_in(&key) {
        return Err(fail("it is empty, or a placeholder that was not filled in".to_owned()));
    }
    if key.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(fail("it holds blanks or line breaks, which no key has".to_owned()));
    }
    Ok(SecretString::from(key))
}

/// What a command prints, without a shell. Errors name the program once it is known to be one, never what it printed.
fn output_of(command: &[String], environment: &Environment) -> Result<String, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("`command` is empty".to_owned());
    };
    let path = environment.expand(program.into()).map_err(|error| error.to_string())?;
    let mut child = Command::new(path)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("the program of `command` cannot be run: {error}"))?;
    let mut output = child.stdout.take().ok_or_else(|| format!("`{program}` has no output"))?;
    let (send, pieces) = std::sync::mpsc::channel();
    // It ends with the output. A child that the command leaves behind may hold that open for ever, so nobody waits for it.
    std::thread::spawn(move || {
        let mut piece = [0; PIECE_BYTES];
        while let Ok(length) = output.read(&mut piece) {
            if length == 0 || send.send(piece.get(..length).unwrap_or_default().to_vec()).is_err() {
                return;
            }
        }
    });
    let deadline = Instant::now() + COMMAND_TIME_MAX;
    let mut bytes = Vec::new();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => {
                if take(&pieces, &mut bytes, LOOK_EVERY) {
                    std::thread::sleep(LOOK_EVERY);
                }
            }
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
    // What it printed before it ended is in the pipe by now; the end of the output may never come.
    let last = Instant::now() + LAST_OUTPUT_TIME_MAX;
    while !take(&pieces, &mut bytes, last.saturating_duration_since(Instant::now())) && Instant::now() < last {}
    match decoded(&bytes) {
        Some(text) => Ok(text.trim().to_owned()),
        None => Err(format!("`{program}` printed no text")),
    }
}

/// Takes what came within this time; true once no more can come, or more came than any key has.
fn take(pieces: &Receiver<Vec<u8>>, bytes: &mut Vec<u8>, time: Duration) -> bool {
    match pieces.recv_timeout(time) {
        Ok(piece) => bytes.extend_from_slice(&piece),
        Err(RecvTimeoutError::Timeout) => {}
        Err(RecvTimeoutError::Disconnected) => return true,
    }
    KEY_BYTES_MAX <= bytes.len() as u64
}

/// A warning when a file with a key in it can be read by other users of this machine.
pub(super) fn readable_by_others(path: &Path) -> Option<String> {
    is_open_to_others(path)
        .then(|| format!("{0} holds an API key and other users can read it; run: chmod 600 {0}", path.display()))
}

/// Whether other users of this machine may look into this file or folder, as far as the system tells by its mode.
pub fn is_open_to_others(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

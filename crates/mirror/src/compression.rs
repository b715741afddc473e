//! Raw records take little room: each is compressed with a dictionary trained on the first records of its kind.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use zstd::bulk::{Compressor, Decompressor};

use super::{Kind, MirrorError};

/// The speed of compression; higher levels gain little on records this small.
const LEVEL: i32 = 12;
/// The largest dictionary, in bytes.
const DICTIONARY_BYTES_MAX: usize = 112 * 1024;
/// The fewest records a dictionary is trained on.
const SAMPLES_MIN: usize = 50;
/// The largest raw record, in bytes; a page is at most 16 MiB.
const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Compresses records for one connection.
#[derive(Default)]
pub(super) struct RecordCompressor {
    compressors: HashMap<Kind, (i64, Compressor<'static>)>,
}

impl RecordCompressor {
    /// The dictionary's number (0 is none) and the compressed record.
    pub(super) fn compress(&mut self, kind: Kind, raw: &[u8]) -> Result<(i64, Vec<u8>), MirrorError> {
        let entry = match self.compressors.entry(kind) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert((0, checked(Compressor::new(LEVEL)).map_err(failed)?))
            }
        };
        Ok((entry.0, entry.1.compress(raw).map_err(failed)?))
    }

    /// Loads the newest dictionary of a kind, or trains one on these records where there is none yet.
    pub(super) fn prepare<'a>(
        &mut self,
        connection: &Connection,
        kind: Kind,
        samples: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), MirrorError> {
        // Looked up each time: another process may have put it aside.
        let newest: Option<i64> = connection
            .prepare_cached("SELECT max(pk) FROM dictionaries WHERE kind = ?")?
            .query_row([kind.number()], |row| row.get(0))?;
        let loaded = self.compressors.get(&kind).map_or(0, |(dictionary, _)| *dictionary);
        if loaded != 0 && newest == Some(loaded) {
            return Ok(());
        }
        self.compressors.remove(&kind);
        let (pk, bytes) = match newest {
            Some(pk) => {
                (pk, connection.query_row("SELECT bytes FROM dictionaries WHERE pk = ?", [pk], |row| row.get(0))?)
            }
            None => {
                let samples: Vec<&[u8]> = samples.collect();
                if samples.len() < SAMPLES_MIN {
                    return Ok(());
                }
                // Too little to learn from is no failure: records are then compressed one by one.
                let Ok(bytes) = zstd::dict::from_samples(&samples, DICTIONARY_BYTES_MAX) else { return Ok(()) };
                connection
                    .execute("INSERT INTO dictionaries (kind, bytes) VALUES (?, ?)", params![kind.number(), bytes])?;
                (connection.last_insert_rowid(), bytes)
            }
        };
        let compressor = checked(Compressor::with_dictionary(LEVEL, &bytes)).map_err(failed)?;
        self.compressors.insert(kind, (pk, compressor));
        Ok(())
    }

    /// Forgets what a rolled-back transaction may have made.
    pub(super) fn forget(&mut self) {
        self.compressors.clear();
    }
}

/// Expands records for one connection.
#[derive(Default)]
pub(super) struct RecordExpander {
    decompressors: HashMap<i64, Decompressor<'static>>,
}

impl RecordExpander {
    pub(super) fn expand(
        &mut self,
        connection: &Connection,
        dictionary: i64,
        bytes: &[u8],
    ) -> Result<Vec<u8>, MirrorError> {
        let decompressor = match self.decompressors.entry(dictionary) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let content: Vec<u8> = if dictionary == 0 {
                    Vec::new()
                } else {
                    let find = "SELECT bytes FROM dictionaries WHERE pk = ?";
                    let found = connection.query_row(find, [dictionary], |row| row.get(0)).optional()?;
                    found.ok_or_else(|| unreadable(std::io::ErrorKind::NotFound.into()))?
                };
                entry.insert(Decompressor::with_dictionary(&content).map_err(unreadable)?)
            }
        };
        let size = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten().unwrap_or(RECORD_BYTES_MAX as u64);
        let size = usize::try_from(size).unwrap_or(RECORD_BYTES_MAX).min(RECORD_BYTES_MAX);
        decompressor.decompress(bytes, size).map_err(unreadable)
    }
}

/// A damaged record must not be taken for another one: four bytes more say that it is as it was.
fn checked(compressor: std::io::Result<Compressor<'static>>) -> std::io::Result<Compressor<'static>> {
    let mut compressor = compressor?;
    compressor.include_checksum(true)?;
    Ok(compressor)
}

/// A record that cannot be expanded is damaged.
fn unreadable(error: std::io::Error) -> MirrorError {
    MirrorError::Sql(rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Blob, Box::new(error)))
}

fn failed(error: std::io::Error) -> MirrorError {
    MirrorError::Sql(rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

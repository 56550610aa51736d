//! The formats of history files, and reading a file whose format is known.

use crate::linearizability::files::edn::read_edn;
use crate::linearizability::files::error::{FileError, FileErrorKind};
use crate::linearizability::files::events::Events;
use crate::linearizability::files::jsonl::read_jsonl;
use std::path::Path;

/// A format of history files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// JSON Lines: one event a line.
    Jsonl,
    /// Jepsen's EDN.
    Edn,
}

impl Format {
    /// The format that a file's name suggests: EDN if it ends with `.edn`,
    /// otherwise JSON Lines.
    pub fn of_path(path: impl AsRef<Path>) -> Format {
        let edn = path.as_ref().extension().is_some_and(|extension| extension == "edn");
        if edn { Format::Edn } else { Format::Jsonl }
    }
}

/// The events in the bytes of a history file, at least one.
///
/// # Errors
///
/// The first line that is not as `format` wants it, or [`FileErrorKind::NoEvent`].
pub fn read(bytes: &[u8], format: Format) -> Result<Events, FileError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let newlines = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        FileError::new(newlines + 1, FileErrorKind::NotUtf8)
    })?;
    let events = match format {
        Format::Jsonl => read_jsonl(text)?,
        Format::Edn => read_edn(text)?,
    };
    if events.is_empty() {
        return Err(FileError::new(text.lines().count().max(1), FileErrorKind::NoEvent));
    }
    Ok(events)
}

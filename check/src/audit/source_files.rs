//! The source files that an audit reads.

use crate::audit::builder::Audit;
use crate::audit::source::SourceText;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A file of the sources.
pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    /// Relative to the root.
    pub(crate) name: String,
    pub(crate) source: SourceText,
}

/// The files of the sources, the door's left out.
pub(crate) fn source_files(audit: &Audit) -> Vec<SourceFile> {
    let mut found = BTreeSet::new();
    for source in &audit.sources {
        let path = source.canonicalize().unwrap_or_else(|error| panic!("{}: {error}", source.display()));
        rust_files(path, &mut found);
    }
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let own = own.canonicalize().unwrap_or(own);
    found.retain(|path| !path.starts_with(&own));
    let mut files = Vec::new();
    for path in found {
        let root = path.ancestors().find(|dir| dir.join("Cargo.lock").exists());
        let name = root.and_then(|root| path.strip_prefix(root).ok()).unwrap_or(&path);
        let name = name.to_string_lossy().replace('\\', "/");
        if !(audit.file_filter)(&name) {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        files.push(SourceFile { source: SourceText::new(&text), path, name });
    }
    files
}

fn rust_files(path: PathBuf, found: &mut BTreeSet<PathBuf>) {
    if path.is_dir() {
        let entries = std::fs::read_dir(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for entry in entries.flatten().filter(|entry| entry.file_name() != "target") {
            rust_files(entry.path(), found);
        }
    } else if path.extension().is_some_and(|ext| ext == "rs") {
        found.insert(path);
    }
}

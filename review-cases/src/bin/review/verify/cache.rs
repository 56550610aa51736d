//! The compiled crates on disk, each under the hash of what it is made from.
//!
//! A crate lives in `<cache>/<hash>/`, where the hash is over the toolchain, the
//! flags, the crates it is linked to and every source file. The folder is made
//! under another name and then renamed, so that what is there is complete.

use crate::case::Variant;
use crate::problem::Problem;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What a compiled crate is made from: a hash in the making.
#[derive(Clone)]
pub(crate) struct CacheKey(DefaultHasher, DefaultHasher);

impl CacheKey {
    pub(crate) fn new(purpose: &str) -> Self {
        let mut key = Self(DefaultHasher::new(), DefaultHasher::new());
        key.1.write_u8(1); // Two different 64-bit halves.
        key.text(purpose);
        key
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for half in [&mut self.0, &mut self.1] {
            half.write_usize(bytes.len());
            half.write(bytes);
        }
    }

    /// Adds the files of a variant.
    pub(crate) fn sources(&mut self, variant: &Variant) -> Result<(), Problem> {
        variant.files.iter().try_for_each(|file| self.file(&variant.dir, file))
    }

    /// Adds the file `dir/name`, by name and content. Where `dir` is does not
    /// count: nothing compiled says so.
    pub(crate) fn file(&mut self, dir: &Path, name: &Path) -> Result<(), Problem> {
        let file = dir.join(name);
        let content = fs::read(&file).map_err(|error| unreadable(&file, &error))?;
        self.text(&name.display().to_string());
        self.bytes(&content);
        Ok(())
    }

    fn hex(&self) -> String {
        format!("{:016x}{:016x}", self.0.finish(), self.1.finish())
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> Problem {
    Problem::new(format!("cannot read or write this: {error}"), "check that it is there").at(file)
}

/// The folder of everything compiled.
#[derive(Clone, Debug)]
pub(crate) struct Cache(pub(crate) PathBuf);

impl Cache {
    /// The folder for `key`; if it is not there yet, `make` fills it.
    pub(crate) fn get(
        &self,
        key: &CacheKey,
        make: impl FnOnce(&Path) -> Result<(), Problem>,
    ) -> Result<PathBuf, Problem> {
        // Only a number: nothing is published through it.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let done = self.0.join(key.hex());
        if done.is_dir() {
            return Ok(done);
        }
        let unique = NEXT.fetch_add(1, Ordering::Relaxed);
        let draft = self.0.join(format!("{}.draft-{}-{unique}", key.hex(), std::process::id()));
        fs::create_dir_all(&draft).map_err(|error| unreadable(&draft, &error))?;
        let made = make(&draft);
        // Somebody else may have made the same thing meanwhile; theirs is as good.
        if made.is_err() || fs::rename(&draft, &done).is_err() {
            let _ = fs::remove_dir_all(&draft);
        }
        made.map(|()| done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_depends_on_everything_that_goes_in() {
        let key = |parts: &[&str]| {
            let mut key = CacheKey::new("purpose");
            parts.iter().for_each(|part| key.text(part));
            key.hex()
        };
        assert_eq!(key(&["a", "b"]), key(&["a", "b"]));
        assert_ne!(key(&["a", "b"]), key(&["ab"]));
        assert_ne!(key(&["a", "b"]), key(&["b", "a"]));
        assert_ne!(key(&[]), CacheKey::new("other").hex());
        let halves = key(&["a"]);
        assert_ne!(halves[..16], halves[16..]);
    }

    #[test]
    fn what_is_in_the_cache_is_not_made_again_and_a_failure_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache(dir.path().to_owned());
        let key = CacheKey::new("x");
        let failed = cache.get(&key, |_| Err(Problem::new("m", "h")));
        assert!(failed.is_err());
        let write = |dir: &Path| {
            fs::write(dir.join("f"), "1").unwrap();
            Ok(())
        };
        let first = cache.get(&key, write).unwrap();
        let second = cache.get(&key, |_| panic!("made twice")).unwrap();
        assert_eq!(first, second);
        assert_eq!(fs::read_to_string(second.join("f")).unwrap(), "1");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

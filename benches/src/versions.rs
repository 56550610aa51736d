//! The versions of the contenders, as this build is linked with them.
//!
//! `Cargo.lock` is compiled in, so a version printed is the version built: it
//! is never written by hand.

use serde::Deserialize;
use std::sync::LazyLock;

/// The lock file of the workspace, as it was when this was compiled.
static LOCK: LazyLock<LockFile> = LazyLock::new(|| LockFile::parse(include_str!("../../Cargo.lock")));

/// The version of `package` that this package depends on. For `std` it is the
/// version of the compiler.
///
/// # Panics
///
/// Panics if this package does not depend on `package`.
#[must_use]
pub fn linked(package: &str) -> String {
    if package == "std" {
        // "rustc 1.95.0 (hash date)": the second word.
        let rustc = env!("CONTENDERS_RUSTC");
        return String::from(rustc.split_whitespace().nth(1).unwrap_or("unknown"));
    }
    LOCK.dependency(env!("CARGO_PKG_NAME"), package)
        .map(String::from)
        .unwrap_or_else(|| panic!("Cargo.lock names no dependency {package} of {}", env!("CARGO_PKG_NAME")))
}

/// What a lock file names.
#[derive(Debug, Deserialize)]
struct LockFile {
    package: Vec<Package>,
}

/// One `[[package]]` of a lock file.
#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl LockFile {
    /// The lock file of this text.
    fn parse(text: &str) -> LockFile {
        toml::from_str(text).expect("cargo writes a lock file that is TOML")
    }

    /// The version of the dependency `name` of the package `of`.
    ///
    /// A lock file names a dependency `name`, or `name version` where it holds
    /// several versions of that name.
    fn dependency(&self, of: &str, name: &str) -> Option<&str> {
        let package = |name: &str| self.package.iter().find(|package| package.name == name);
        let mut dependencies = package(of)?.dependencies.iter().map(|line| line.split(' '));
        let mut words = dependencies.find_map(|mut words| (words.next() == Some(name)).then_some(words))?;
        words.next().or_else(|| Some(&package(name)?.version))
    }
}

#[cfg(test)]
mod tests {
    use super::{LockFile, linked};

    const TWO_VERSIONS: &str = r#"
version = 4

[[package]]
name = "contenders"
version = "0.1.0"
dependencies = [
 "flume",
 "parking_lot 0.13.0",
]

[[package]]
name = "flume"
version = "0.12.0"
source = "registry"

[[package]]
name = "other"
version = "1.0.0"

[[package]]
name = "parking_lot"
version = "0.12.5"

[[package]]
name = "parking_lot"
version = "0.13.0"
"#;

    #[test]
    fn a_name_with_one_version_is_looked_up() {
        let lock = LockFile::parse(TWO_VERSIONS);
        let version = lock.dependency("contenders", "flume");
        assert_eq!(version, Some("0.12.0"));
    }

    #[test]
    fn of_several_versions_the_one_depended_on_counts() {
        let lock = LockFile::parse(TWO_VERSIONS);
        let version = lock.dependency("contenders", "parking_lot");
        assert_eq!(version, Some("0.13.0"));
    }

    #[test]
    fn what_is_not_depended_on_has_no_version() {
        assert_eq!(LockFile::parse(TWO_VERSIONS).dependency("contenders", "other"), None);
        assert_eq!(LockFile::parse(TWO_VERSIONS).dependency("other", "flume"), None);
        assert_eq!(LockFile::parse(TWO_VERSIONS).dependency("nobody", "flume"), None);
    }

    #[test]
    fn our_own_version_is_that_of_the_workspace() {
        assert_eq!(linked("ringwright"), env!("CARGO_PKG_VERSION"));
    }
}

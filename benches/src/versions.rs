//! The versions of the contenders, as this build is linked with them.
//!
//! `Cargo.lock` is compiled in, so a version printed is the version built: it
//! is never written by hand.

/// The lock file of the workspace, as it was when this was compiled.
const LOCK: &str = include_str!("../../Cargo.lock");

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
    dependency(LOCK, env!("CARGO_PKG_NAME"), package)
        .unwrap_or_else(|| panic!("Cargo.lock names no dependency {package} of {}", env!("CARGO_PKG_NAME")))
}

/// The version of the dependency `name` of the package `of` in a lock file.
///
/// A lock file names a dependency `name`, or `name version` where it holds
/// several versions of that name.
fn dependency(lock: &str, of: &str, name: &str) -> Option<String> {
    let entry = packages(lock).find(|entry| entry.name == of)?;
    let mut words = entry
        .dependencies()
        .map(str::split_whitespace)
        .find_map(|mut words| (words.next() == Some(name)).then_some(words))?;
    if let Some(version) = words.next() {
        return Some(String::from(version));
    }
    packages(lock).find(|entry| entry.name == name).map(|entry| String::from(entry.version))
}

/// One `[[package]]` of a lock file.
struct Package<'a> {
    name: &'a str,
    version: &'a str,
    text: &'a str,
}

impl<'a> Package<'a> {
    /// The quoted words of its `dependencies`.
    fn dependencies(&self) -> impl Iterator<Item = &'a str> {
        let list = self
            .text
            .split_once("dependencies = [")
            .and_then(|(_, rest)| rest.split_once(']'))
            .map_or("", |(list, _)| list);
        list.lines()
            .map(|line| line.trim().trim_matches(|c| c == '"' || c == ','))
            .filter(|line| !line.is_empty())
    }
}

fn packages(lock: &str) -> impl Iterator<Item = Package<'_>> {
    lock.split("[[package]]").skip(1).filter_map(|text| {
        Some(Package { name: value(text, "name")?, version: value(text, "version")?, text })
    })
}

/// The quoted value of the line `key = "value"`.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'))
}

#[cfg(test)]
mod tests {
    use super::{dependency, linked};

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
        let version = dependency(TWO_VERSIONS, "contenders", "flume");
        assert_eq!(version.as_deref(), Some("0.12.0"));
    }

    #[test]
    fn of_several_versions_the_one_depended_on_counts() {
        let version = dependency(TWO_VERSIONS, "contenders", "parking_lot");
        assert_eq!(version.as_deref(), Some("0.13.0"));
    }

    #[test]
    fn what_is_not_depended_on_has_no_version() {
        assert_eq!(dependency(TWO_VERSIONS, "contenders", "other"), None);
        assert_eq!(dependency(TWO_VERSIONS, "other", "flume"), None);
        assert_eq!(dependency(TWO_VERSIONS, "nobody", "flume"), None);
    }

    #[test]
    fn our_own_version_is_that_of_the_workspace() {
        assert_eq!(linked("ringwright"), env!("CARGO_PKG_VERSION"));
    }
}

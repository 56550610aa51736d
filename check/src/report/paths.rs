//! Where the sources and the target directory of the program under way are.

use std::env;
use std::path::{Path, PathBuf};

/// The directory of the package: what cargo says, or the working directory.
pub(crate) fn package() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    package.or_else(|| env::current_dir().ok()).unwrap_or_default()
}

/// The workspace of `package`: the nearest directory at or above it with a
/// `Cargo.lock`. There the compiler runs, and `file!()` starts.
pub(crate) fn workspace(package: &Path) -> &Path {
    package.ancestors().find(|dir| dir.join("Cargo.lock").is_file()).unwrap_or(package)
}

/// The target directory of the build.
pub(super) fn target() -> PathBuf {
    let package = package();
    let root = workspace(&package);
    match env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
        Some(dir) => root.join(dir),
        None => root.join("target"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_where_the_names_of_files_start() {
        let package = package();
        let root = workspace(&package);
        assert!(root.join(file!()).is_file(), "{} has no {}", root.display(), file!());
        assert_eq!(workspace(Path::new("no/such/package")), Path::new("no/such/package"));
    }
}

//! Where the sources and the target directory of the program under way are.

use std::path::{Path, PathBuf};
use std::{env, fs};

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

/// Where `file` is. The compiler names files as seen from the workspace, or
/// from a package: they are looked for from the package and from each directory
/// above it.
fn found(file: &str) -> Option<PathBuf> {
    let package = package();
    package.ancestors().map(|dir| dir.join(file)).find(|path| path.is_file())
}

/// The text of `file`.
pub(super) fn source(file: &str) -> Option<String> {
    fs::read_to_string(found(file)?).ok()
}

/// The text of `file`, unless it has been changed since the program was built.
pub(crate) fn source_as_built(file: &str) -> Option<String> {
    let path = found(file)?;
    let changed = fs::metadata(&path).and_then(|data| data.modified()).ok();
    let built = env::current_exe().and_then(fs::metadata).and_then(|data| data.modified()).ok();
    let newer = changed.zip(built).is_some_and(|(changed, built)| changed > built);
    if newer { None } else { fs::read_to_string(path).ok() }
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

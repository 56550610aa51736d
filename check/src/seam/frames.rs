//! Whose code is this: the user's, the checker's, a dependency's or the
//! standard library's? Asked of the debug information of an address.

use crate::report::data::SourceLine;
use crate::report::paths;
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Who wrote a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// What the model is about.
    User,
    /// This crate.
    Checker,
    /// A package that cargo has fetched.
    Dependency,
    /// The standard library, or what the compiler puts between it and an allocator.
    Std,
}

/// Where this crate's own sources were when it was compiled.
const OWN_SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");

/// Who wrote the function called `name`, in `file` by the debug information.
fn owner(name: &str, file: &Path) -> Owner {
    // The paths of a report have slashes everywhere.
    let file = file.to_string_lossy().replace('\\', "/");
    let own = OWN_SOURCES.replace('\\', "/");
    if is_std(&file) || name.starts_with("__rustc::__rust_") || name.starts_with("__rust_") {
        Owner::Std
    } else if file.starts_with(&own) {
        Owner::Checker
    } else if is_fetched(&file) {
        Owner::Dependency
    } else if !Path::new(&file).is_absolute()
        && name.trim_start_matches('<').starts_with("ringwright_check::")
    {
        // Paths were cut when this was compiled: only the name is left.
        Owner::Checker
    } else if !file.ends_with(".rs") {
        // Another language's: that of the system's libraries.
        Owner::Dependency
    } else {
        Owner::User
    }
}

/// Whether `file`, as the compiler names it, is std's or one of those in which
/// the door does what a model asks of it.
pub(crate) fn is_internal(file: &str) -> bool {
    let file = file.replace('\\', "/");
    let here = file!().replace('\\', "/");
    let own = |sources: &str| file.strip_prefix(&sources.replace('\\', "/"));
    let rest = here.strip_suffix("seam/frames.rs").and_then(own).or_else(|| own(OWN_SOURCES));
    is_std(&file) || rest.is_some_and(|rest| rest.starts_with("door/") || rest.starts_with("task/"))
}

/// Whether `file` is the standard library's: as its builders named it,
/// `/rustc/<hash>/library/…`, or in the sources that come with a toolchain.
fn is_std(file: &str) -> bool {
    let built = file.strip_prefix("/rustc/").and_then(|rest| rest.split_once('/'));
    built.is_some_and(|(_, rest)| rest.starts_with("library/"))
        || file.contains("/lib/rustlib/src/rust/library/")
}

/// Whether `file` is in one of cargo's own folders of fetched packages.
fn is_fetched(file: &str) -> bool {
    file.contains("/.cargo/registry/src/")
        || file.contains("/.cargo/git/checkouts/")
        || CARGO_HOME.as_ref().is_some_and(|home| {
            let rest = file.strip_prefix(home.as_str());
            rest.is_some_and(|rest| rest.starts_with("/registry/src/") || rest.starts_with("/git/checkouts/"))
        })
}

/// Where cargo keeps what it fetches, if it was told.
static CARGO_HOME: LazyLock<Option<String>> =
    LazyLock::new(|| std::env::var("CARGO_HOME").ok().map(|home| home.replace('\\', "/")));

/// Where `file!()` starts, for the program under way.
static WORKSPACE: LazyLock<PathBuf> = LazyLock::new(|| paths::workspace(&paths::package()).to_path_buf());

/// `file` of the debug information, as `file!()` would give it: from the root of
/// the workspace, if it is in it.
fn as_compiler_says(file: &Path, workspace: &Path) -> String {
    file.strip_prefix(workspace).unwrap_or(file).display().to_string()
}

/// A function at an address, inlined ones included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) owner: Owner,
    pub(crate) line: SourceLine,
}

impl Function {
    /// Whether the checker runs the model's threads in it.
    pub(crate) fn is_bottom(&self) -> bool {
        self.owner == Owner::Checker && self.line.file.replace('\\', "/").ends_with("/explorer/workers.rs")
    }
}

/// The functions that are at the call before `address`, the innermost first;
/// none without debug information.
pub(crate) fn functions(address: usize) -> Vec<Function> {
    let mut functions = Vec::new();
    // The library looks at the instruction before the address itself.
    backtrace::resolve(address as *mut c_void, |symbol| {
        if let Some((file, line)) = symbol.filename().zip(symbol.lineno()) {
            // Without the hashes of crates.
            let name = symbol.name().map(|name| format!("{name:#}")).unwrap_or_default();
            let line = SourceLine { file: as_compiler_says(file, &WORKSPACE), line };
            functions.push(Function { owner: owner(&name, file), name, line });
        }
    });
    functions
}

/// The return addresses on the stack, the innermost first.
#[inline(never)]
pub(crate) fn stack() -> Vec<usize> {
    let mut stack = Vec::with_capacity(64);
    backtrace::trace(|frame| {
        stack.push(frame.ip() as usize);
        true
    });
    stack
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, file: &str) -> Owner {
        owner(name, Path::new(file))
    }

    #[test]
    fn std_is_known_by_where_it_was_built_and_by_the_sysroot() {
        assert_eq!(of("alloc::alloc::alloc", "/rustc/abc/library/alloc/src/x.rs"), Owner::Std);
        let sysroot =
            "/home/u/.rustup/toolchains/stable/lib/rustlib/src/rust/library/core/src/ops/function.rs";
        assert_eq!(of("core::ops::function::FnOnce::call_once", sysroot), Owner::Std);
        assert_eq!(of("__rustc::__rust_alloc", "/home/u/proj/src/main.rs"), Owner::Std);
        // Folders of these names are the user's as well.
        for file in ["library/leak/src/main.rs", "rustc/library/src/lib.rs", "registry/src/lib.rs"] {
            assert_eq!(of("leak::main", &format!("/home/u/proj/{file}")), Owner::User, "{file}");
        }
        assert_eq!(of("leak::main", "/rustc/proj/leak/src/main.rs"), Owner::User);
        let start = "./csu/../sysdeps/nptl/libc_start_call_main.h";
        assert_eq!(of("__libc_start_call_main", start), Owner::Dependency);
    }

    #[test]
    fn lines_of_the_door_and_of_std_are_internal() {
        let std = "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/ops/function.rs";
        let door = file!().replace("seam", "door").replace("frames", "thread");
        let inside = format!("{OWN_SOURCES}task/set.rs");
        assert!([std, &door, &inside].into_iter().all(is_internal), "{door}");
        let theirs = ["src/door/lock.rs", "check/tests/door/locks.rs", file!()];
        assert!(!theirs.into_iter().any(is_internal));
    }

    #[test]
    fn a_fetched_package_is_known_by_cargos_folder() {
        let cargo = "/home/u/.cargo/registry/src/registry-6f17d22bba15001f/slab-0.4.9/src/lib.rs";
        assert_eq!(of("slab::Slab<T>::insert", cargo), Owner::Dependency);
        let git = "/home/u/.cargo/git/checkouts/slab-0123456789abcdef/0a1b2c3/src/lib.rs";
        assert_eq!(of("slab::Slab<T>::insert", git), Owner::Dependency);
    }

    #[test]
    fn the_checker_is_known_by_its_own_sources_and_not_by_its_types() {
        let inside = format!("{OWN_SOURCES}explorer/alloc.rs");
        let name = "<ringwright_check::explorer::alloc::Quarantine as core::alloc::GlobalAlloc>::alloc";
        assert_eq!(of(name, &inside), Owner::Checker);
        // Generic code of the door is compiled with the user's crate, under a name of the user's.
        assert_eq!(of("core::ops::function::FnOnce::call_once", &inside), Owner::Checker);
        let theirs = "<ringwright_check::door::arc::Arc<T> as stack::Share>::share";
        assert_eq!(of(theirs, "/home/u/proj/src/stack.rs"), Owner::User);
        let tests = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reclaim.rs");
        assert_eq!(of("reclaim::boxed", tests), Owner::User);
        assert_eq!(of(name, "explorer/alloc.rs"), Owner::Checker);
    }

    #[test]
    fn a_file_is_named_as_the_compiler_names_it() {
        let root = Path::new("/home/u/proj");
        let named = |file: &str| as_compiler_says(Path::new(file), root);
        assert_eq!(named("/home/u/proj/check/tests/reclaim.rs"), "check/tests/reclaim.rs");
        assert_eq!(named("/home/u/project/src/lib.rs"), "/home/u/project/src/lib.rs");
    }

    #[test]
    #[cfg_attr(
        not(debug_assertions),
        ignore = "a release build has no debug information; `cargo test` runs it"
    )]
    fn a_stack_tells_who_stands_on_it() {
        let here = functions(stack()[0]);
        assert!(here.iter().all(|f| f.line.file != file!() || f.owner == Owner::Checker), "{here:?}");
        let known: Vec<Function> = stack().into_iter().flat_map(functions).collect();
        assert!(known.iter().any(|f| f.line.file == file!() && f.owner == Owner::Checker), "{known:?}");
        assert!(known.iter().any(|f| f.owner == Owner::Std), "{known:?}");
    }
}

//! The command that runs the test under way again, as far as it can be known.

use std::path::Path;

/// `cargo test -p my-queue a_test -- --exact`, if this thread runs a test of `cargo test`.
///
/// libtest names a test's thread after the test. The features that it was built
/// with cannot be asked for; who shows the command says so.
pub(super) fn of_this_test() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let package = std::env::var("CARGO_PKG_NAME").ok()?;
    test_command(&program, &package, std::thread::current().name()?)
}

/// The command for the test called `thread` of the test program `program`.
fn test_command(program: &Path, package: &str, thread: &str) -> Option<String> {
    // Where cargo puts test programs; an example or a binary is one folder up or aside.
    let is_test = program.parent()?.ends_with("deps");
    let plain = |text: &str| text.chars().all(|c| c.is_alphanumeric() || "_:-".contains(c));
    let named = thread != "main" && !thread.is_empty() && plain(thread) && plain(package);
    (is_test && named).then(|| format!("cargo test -p {package} {thread} -- --exact"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_run_again_by_its_name() {
        let command = |program, thread| test_command(Path::new(program), "my-queue", thread);
        assert_eq!(
            command("/t/debug/deps/queue-0f1e", "stack::pops").as_deref(),
            Some("cargo test -p my-queue stack::pops -- --exact")
        );
        // An example, a test on the main thread, a thread with a name of its own.
        assert_eq!(command("/t/debug/examples/queue", "stack::pops"), None);
        assert_eq!(command("/t/debug/deps/queue-0f1e", "main"), None);
        assert_eq!(command("/t/debug/deps/queue-0f1e", "worker number 1"), None);
    }

    #[test]
    fn this_test_knows_itself() {
        let name = std::thread::current().name().map(str::to_owned);
        let expected = name
            .filter(|name| name != "main")
            .map(|name| format!("cargo test -p {} {name} -- --exact", env!("CARGO_PKG_NAME")));
        assert_eq!(of_this_test().filter(|_| std::env::var_os("CARGO_PKG_NAME").is_some()), expected);
    }
}

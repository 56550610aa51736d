//! The command that replays a failure by running this process again, as far as
//! the process can know it.

use crate::report::paths;
use std::env;
use std::path::Path;

/// The variable that holds the token of the execution to run.
const VARIABLE: &str = "RINGWRIGHT_REPLAY";

/// `RINGWRIGHT_REPLAY=… cargo test -p my-queue --test pops a_test -- --exact`.
///
/// libtest names a test's thread after the test. The features that the program
/// was built with cannot be asked for; who shows the command says so.
pub(super) fn of_this_process(token: &str) -> Option<String> {
    let program = env::current_exe().ok()?;
    let arguments: Vec<String> = env::args().collect();
    let this = Process {
        program: &program,
        package: env::var("CARGO_PKG_NAME").ok(),
        folder: &paths::package(),
        thread: std::thread::current().name().unwrap_or_default().to_owned(),
        arguments: &arguments,
    };
    Some(format!("{VARIABLE}={token} {}", this.command()?))
}

/// What there is to know of a process.
struct Process<'a> {
    program: &'a Path,
    /// The package, if cargo has started it.
    package: Option<String>,
    folder: &'a Path,
    thread: String,
    arguments: &'a [String],
}

impl Process<'_> {
    fn command(&self) -> Option<String> {
        let folder = self.program.parent()?;
        let stem = self.program.file_stem()?.to_str()?;
        let Some(package) = &self.package else {
            // The shell knows the program by the name that it was called by.
            let called = quoted(self.arguments.first()?);
            return Some(match folder.ends_with("deps") && self.is_test() {
                true => format!("{called} {} --exact", quoted(&self.thread)),
                false => [called, self.rest()].join(" ").trim_end().to_owned(),
            });
        };
        let kind = folder.file_name()?.to_str()?;
        let (profile, named) = match kind {
            "deps" => (folder.parent()?, self.tests(stem.rsplit_once('-').map_or(stem, |(name, _)| name))),
            "examples" => (folder.parent()?, format!(" --example {stem}")),
            _ => (folder, format!(" --bin {stem}")),
        };
        let profile = match profile.file_name()?.to_str()? {
            "debug" => String::new(),
            "release" => " --release".to_owned(),
            other => format!(" --profile {other}"),
        };
        let package = quoted(package);
        let rest = self.rest();
        let rest = if rest.is_empty() { rest } else { format!(" -- {rest}") };
        Some(match kind {
            "deps" if self.is_test() => {
                format!("cargo test -p {package}{profile}{named} {} -- --exact", quoted(&self.thread))
            }
            "deps" => format!("cargo test -p {package}{profile}{named}{rest}"),
            _ => format!("cargo run -p {package}{profile}{named}{rest}"),
        })
    }

    /// Whether the thread is one of libtest's.
    fn is_test(&self) -> bool {
        let plain = |c: char| c.is_alphanumeric() || "_:".contains(c);
        !self.thread.is_empty() && self.thread != "main" && self.thread.chars().all(plain)
    }

    /// Which of the package's programs of tests is called `name`; nothing if that is not clear.
    fn tests(&self, name: &str) -> String {
        let is = |path: String| self.folder.join(path).is_file();
        if is(format!("tests/{name}.rs")) || is(format!("tests/{name}/main.rs")) {
            format!(" --test {name}")
        } else if is(format!("src/bin/{name}.rs")) || is(format!("src/bin/{name}/main.rs")) {
            format!(" --bin {name}")
        } else if is("src/lib.rs".into()) && !is("src/main.rs".into()) {
            " --lib".to_owned()
        } else {
            String::new()
        }
    }

    /// The arguments, for a shell.
    fn rest(&self) -> String {
        let arguments = self.arguments.iter().skip(1).map(|argument| quoted(argument));
        arguments.collect::<Vec<_>>().join(" ")
    }
}

/// `word` as a shell takes it for one word.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:=,+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The command of a process of this package.
    fn command(program: &str, thread: &str, arguments: &[&str]) -> Option<String> {
        let arguments: Vec<String> =
            std::iter::once(&program).chain(arguments).map(|argument| (*argument).to_owned()).collect();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (package, program) = (Some("my-queue".to_owned()), Path::new(program));
        Process { program, package, folder, thread: thread.to_owned(), arguments: &arguments }.command()
    }

    #[test]
    fn a_test_is_run_again_by_its_name() {
        let some = [
            (
                "/t/debug/deps/report-0f1e",
                "stack::pops",
                "cargo test -p my-queue --test report stack::pops -- --exact",
            ),
            (
                "/t/release/deps/my_queue-0f1e",
                "pops",
                "cargo test -p my-queue --release --lib pops -- --exact",
            ),
            // A test that is its own program, or a thread that a test has started.
            ("/t/ci/deps/report-0f1e", "main", "cargo test -p my-queue --profile ci --test report -- --list"),
            (
                "/t/ci/deps/report-0f1e",
                "worker 1",
                "cargo test -p my-queue --profile ci --test report -- --list",
            ),
        ];
        for (program, thread, expected) in some {
            assert_eq!(command(program, thread, &["--list"]).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_program_is_run_again_with_its_arguments() {
        let run = command("/t/debug/examples/queue", "main", &["--all", "it's", ""]);
        assert_eq!(run.as_deref(), Some("cargo run -p my-queue --example queue -- --all 'it'\\''s' ''"));
        assert_eq!(
            command("/t/release/queue", "main", &[]).as_deref(),
            Some("cargo run -p my-queue --release --bin queue")
        );
        let arguments = ["./queue".to_owned(), "a b".to_owned()];
        let alone = |program: &str, thread: &str| {
            let (folder, program) = (Path::new("/"), Path::new(program));
            Process { program, package: None, folder, thread: thread.into(), arguments: &arguments }.command()
        };
        assert_eq!(alone("/t/queue", "main").as_deref(), Some("./queue 'a b'"));
        assert_eq!(alone("/t/deps/queue-0f", "pops").as_deref(), Some("./queue pops --exact"));
    }

    #[test]
    fn this_test_knows_itself() {
        let name = std::thread::current().name().map(str::to_owned).filter(|name| name != "main");
        if let (Some(name), Some(_)) = (name, env::var_os("CARGO_PKG_NAME")) {
            let command = of_this_process("x1-7").expect("a program");
            assert!(
                command.starts_with("RINGWRIGHT_REPLAY=x1-7 cargo test -p ringwright-check "),
                "{command}"
            );
            assert!(command.ends_with(&format!(" --lib {name} -- --exact")), "{command}");
        }
    }
}

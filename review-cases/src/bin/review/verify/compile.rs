//! One run of `rustc`: a compiled crate, or why there is none.

use crate::problem::Problem;
use crate::verify::child;
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// More than any snippet takes to compile.
const LIMIT: Duration = Duration::from_secs(300);

/// One message of `rustc --error-format=json`.
#[derive(Debug, Deserialize)]
struct RustcMessage {
    message: String,
    level: String,
    spans: Vec<RustcSpan>,
    rendered: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RustcSpan {
    file_name: String,
    line_start: usize,
    is_primary: bool,
}

/// Why a crate did not compile.
#[derive(Debug)]
pub(crate) struct CompileError {
    /// rustc's first error.
    message: String,
    /// Its file, as the compiler was given it, and its line.
    at: Option<(String, usize)>,
    /// Every error, as rustc prints them.
    rendered: String,
}

/// Runs rustc to its end.
///
/// # Errors
/// What rustc refused, or the problem of not being able to run it at all.
pub(crate) fn rustc(command: &mut Command) -> Result<Result<(), CompileError>, Problem> {
    command.args(["--error-format=json", "--cap-lints=allow"]);
    let ran = child::run(command, LIMIT).map_err(|error| {
        Problem::new(
            format!("cannot run {}: {error}", command.get_program().display()),
            "install a Rust toolchain, or name its compiler in RUSTC",
        )
    })?;
    if ran.succeeded() {
        return Ok(Ok(()));
    }
    let refused = refusal(&ran.stderr);
    Ok(Err(if ran.status.is_none() {
        let message = format!("rustc was stopped after {} s", LIMIT.as_secs());
        CompileError { message, ..refused }
    } else {
        refused
    }))
}

fn refusal(stderr: &str) -> CompileError {
    let mut first = None;
    let mut rendered = String::new();
    for line in stderr.lines() {
        match serde_json::from_str::<RustcMessage>(line) {
            Ok(message) if message.level.starts_with("error") => {
                rendered.push_str(message.rendered.as_deref().unwrap_or(&message.message));
                first.get_or_insert(message);
            }
            Ok(_) => {}
            Err(_) => {
                rendered.push_str(line);
                rendered.push('\n');
            }
        }
    }
    let at = first.as_ref().and_then(|message| {
        let mut spans = message.spans.iter();
        spans.find(|span| span.is_primary).map(|span| (span.file_name.clone(), span.line_start))
    });
    CompileError {
        message: first.map_or_else(|| "rustc failed".to_owned(), |message| message.message),
        at,
        rendered,
    }
}

impl CompileError {
    /// The problem that this is: `what` did not compile, with rustc in `dir`.
    pub(crate) fn problem(self, what: &str, dir: &Path, help: &str) -> Problem {
        let message = format!("{what} does not compile: {}", self.message);
        let mut problem = Problem::new(message, help).quoting(self.rendered);
        if let Some((file, line)) = self.at {
            let file = dir.join(file);
            let text = fs::read_to_string(&file).unwrap_or_default();
            let text = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
            problem = problem.line(&file, line, text);
        } else {
            problem = problem.at(dir);
        }
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_and_its_primary_line_are_taken() {
        let stderr = concat!(
            r#"{"message":"unused","level":"warning","spans":[],"rendered":"warning: unused\n"}"#,
            "\n",
            r#"{"message":"mismatched","level":"error","spans":[{"file_name":"src/a.rs","line_start":3,"is_primary":false},{"file_name":"src/b.rs","line_start":9,"is_primary":true}],"rendered":"error: mismatched\n"}"#,
            "\nnot json\n"
        );
        let refused = refusal(stderr);
        assert_eq!(refused.message, "mismatched");
        assert_eq!(refused.at, Some(("src/b.rs".into(), 9)));
        assert_eq!(refused.rendered, "error: mismatched\nnot json\n");
    }
}

//! One variant: the author's tests natively, then the hidden harness under the
//! checker.

use super::child::{self, Ran};
use super::compile::{self, add_sources};
use super::outcome::{Checked, Outcome, Skipped};
use super::toolchain::Toolchain;
use crate::case::{Case, Expect, PLAIN, Variant};
use crate::problem::Problem;
use review_cases::Line;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const NATIVE: &str = "a snippet is plain std Rust, and compiles with rustc alone: see the lines above";
const CHECKED: &str = "it compiles with the real std, but not against the checker's. Atomics, threads and locks \
     are reached through `std` only (not `core` or `alloc`); processes, files and sockets are not there at all";
const HARNESS: &str = "a harness names the frozen public API only, which is the same in every variant";
const TESTS: &str = "the visible tests name the frozen public API only, which is the same in every variant";

/// How often the author's tests may be tried on a variant that is known to
/// fail: its bug may show natively now and then. One pass is asked for.
const ATTEMPTS: usize = 3;

/// Checks one variant.
pub(crate) fn check(tools: &Toolchain, case: &Case, variant: &Variant, limit: Duration) -> Outcome {
    match steps(tools, case, variant, limit) {
        Ok(outcome) => outcome,
        Err(problem) => Outcome::Bad(match problem.case {
            Some(_) => problem,
            None => problem.of(&case.id),
        }),
    }
}

fn steps(tools: &Toolchain, case: &Case, variant: &Variant, limit: Duration) -> Result<Outcome, Problem> {
    if let Some(failed) = visible_tests(tools, case, variant, limit)? {
        return Ok(Outcome::Checked(failed));
    }
    let snippet = checked_snippet(tools, case, variant)?;
    if !tools.plain && variant.skip_without.as_deref() == Some(PLAIN) {
        return Ok(Outcome::Skipped(Skipped {
            id: case.id.clone(),
            variant: variant.name.clone(),
            reason: "declared skip_without = \"plain\": done without the thread-sanitizer pass".into(),
        }));
    }
    let harness = harness(tools, case, variant, &snippet)?;
    let ran = run(&harness, &case.dir, limit)?;
    judge(case, variant, &ran).map(Outcome::Checked)
}

/// Runs the author's tests against the variant, compiled with the real `std`.
/// What failed, if anything did.
fn visible_tests(
    tools: &Toolchain,
    case: &Case,
    variant: &Variant,
    limit: Duration,
) -> Result<Option<Checked>, Problem> {
    let mut key = tools.key("native");
    key.text(&case.crate_name);
    key.text(&case.edition);
    add_sources(&mut key, variant)?;
    let folder = tools.cache.get(&key, |out| {
        let mut command = tools.command(&variant.dir);
        snippet_args(&mut command, case, out);
        let what = format!("variant `{}`", variant.name);
        compile::rustc(&mut command)?.map_err(|refused| refused.problem(&what, &variant.dir, NATIVE))
    })?;
    for test in &case.tests {
        let program = test_program(tools, case, variant, &folder, test, key.clone())?;
        let attempts = match variant.expect {
            Expect::Pass => 1,
            Expect::Fail => ATTEMPTS,
        };
        for attempt in 1..=attempts {
            let ran = run(&program, &case.dir, limit)?;
            if ran.succeeded() {
                break;
            }
            if attempt == attempts {
                return Ok(Some(tests_failed(case, variant, test, &ran)));
            }
        }
    }
    Ok(None)
}

fn tests_failed(case: &Case, variant: &Variant, test: &Path, ran: &Ran) -> Checked {
    let how = match ran.status {
        Some(status) => status.to_string(),
        None => format!("stopped after {:.0} s", ran.took.as_secs_f64()),
    };
    let message = format!("visible_tests/{} does not pass on this variant: {how}", test.display());
    let output = format!("{}{}", ran.stdout, ran.stderr);
    Checked::visible_tests(case, variant, message, output, ran.took.as_secs_f64())
}

fn test_program(
    tools: &Toolchain,
    case: &Case,
    variant: &Variant,
    folder: &Path,
    test: &Path,
    mut key: compile::Key,
) -> Result<PathBuf, Problem> {
    let source = Path::new("visible_tests").join(test);
    key.file(&case.dir, &source)?;
    let program = tools.cache.get(&key, |out| {
        let mut command = tools.command(&case.dir);
        command
            .args(["--test", "--crate-name=visible", "-Cdebuginfo=0", "--edition", &case.edition])
            .arg("--extern")
            .arg(extern_arg(case, folder))
            .arg("-o")
            .arg(out.join("visible"))
            .arg(&source);
        let what = format!("visible_tests/{} on variant `{}`", test.display(), variant.name);
        compile::rustc(&mut command)?.map_err(|refused| refused.problem(&what, &case.dir, TESTS))
    })?;
    Ok(program.join("visible"))
}

/// Compiles the variant for the checker.
fn checked_snippet(tools: &Toolchain, case: &Case, variant: &Variant) -> Result<PathBuf, Problem> {
    let mut key = tools.checked_key("snippet", case);
    key.text(&case.crate_name);
    key.text(&case.edition);
    add_sources(&mut key, variant)?;
    tools.cache.get(&key, |out| {
        let mut command = tools.checked_command(case, &variant.dir);
        snippet_args(&mut command, case, out);
        let what = format!("variant `{}`", variant.name);
        compile::rustc(&mut command)?.map_err(|refused| refused.problem(&what, &variant.dir, CHECKED))
    })
}

/// Compiles the harness against the compiled variant.
fn harness(tools: &Toolchain, case: &Case, variant: &Variant, snippet: &Path) -> Result<PathBuf, Problem> {
    let mut key = tools.checked_key("harness", case);
    key.text(&case.crate_name);
    key.text(&snippet.display().to_string());
    key.file(&case.dir, Path::new("harness.rs"))?;
    let folder = tools.cache.get(&key, |out| {
        let mut command = tools.checked_command(case, &case.dir);
        command
            .args(["--crate-name=harness", "--edition=2024", "--extern"])
            .arg(extern_arg(case, snippet))
            .arg("--extern")
            .arg(tools.review_cases())
            .arg("-o")
            .arg(out.join("harness"))
            .arg("harness.rs");
        let what = format!("harness.rs on variant `{}`", variant.name);
        compile::rustc(&mut command)?.map_err(|refused| refused.problem(&what, &case.dir, HARNESS))
    })?;
    Ok(folder.join("harness"))
}

fn snippet_args(command: &mut Command, case: &Case, out: &Path) {
    command
        .args(["--crate-type=rlib", "--crate-name", &case.crate_name])
        .args(["--edition", &case.edition, "--out-dir"])
        .arg(out)
        .arg("src/lib.rs");
}

/// `feed=<folder>/libfeed.rlib`
fn extern_arg(case: &Case, folder: &Path) -> std::ffi::OsString {
    let name = &case.crate_name;
    let mut text = std::ffi::OsString::from(format!("{name}="));
    text.push(folder.join(format!("lib{name}.rlib")));
    text
}

fn run(program: &Path, dir: &Path, limit: Duration) -> Result<Ran, Problem> {
    let mut command = Command::new(program);
    command.current_dir(dir).env("RUST_BACKTRACE", "0");
    child::run(&mut command, limit).map_err(|error| {
        let help = "remove the folder that it is in, it will be made again";
        Problem::new(format!("cannot run this: {error}"), help).at(program)
    })
}

/// What the run of a harness says.
fn judge(case: &Case, variant: &Variant, ran: &Ran) -> Result<Checked, Problem> {
    let Some(status) = ran.status else {
        return Ok(Checked::stopped(case, variant, ran.took.as_secs_f64()));
    };
    match Line::find(&ran.stdout) {
        Some(line) if status.success() => Ok(Checked::by_harness(case, variant, line)),
        _ => {
            let message =
                format!("harness.rs on variant `{}` ended without a verdict: {status}", variant.name);
            let help = "a harness calls `finish` last, and runs snippet code inside models only";
            Err(Problem::new(message, help)
                .of(&case.id)
                .at(&case.dir.join("harness.rs"))
                .quoting(format!("{}{}", ran.stdout, ran.stderr)))
        }
    }
}

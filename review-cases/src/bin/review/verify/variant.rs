//! One variant: the author's tests natively, then the hidden harness under the
//! checker.

use crate::case::{Case, Expectation, PLAIN, Variant};
use crate::problem::Problem;
use crate::verify::cache::CacheKey;
use crate::verify::child::{self, ChildOutput};
use crate::verify::compile;
use crate::verify::result::{CheckedVariant, SkippedVariant, VariantResult};
use crate::verify::toolchain::Toolchain;
use review_cases::HarnessReport;
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

/// Variables that make a check look at something else than it would. Somebody who
/// has one exported means a test of his own.
const STEERING: [&str; 3] = ["RINGWRIGHT_REPLAY", "RINGWRIGHT_SHARD", "RINGWRIGHT_THREADS"];

/// How the programs of a variant are run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HarnessRun<'a> {
    /// What one of them may take.
    pub(crate) limit: Duration,
    /// The token of the one execution that the harness is to run.
    pub(crate) replay: Option<&'a str>,
}

impl HarnessRun<'_> {
    /// Runs a compiled program in the folder of its case.
    fn program(self, program: &Path, dir: &Path) -> Result<ChildOutput, Problem> {
        child::run(&mut self.command(program, dir), self.limit).map_err(|error| {
            let help = "remove the folder that it is in, it will be made again";
            Problem::new(format!("cannot run this: {error}"), help).at(program)
        })
    }

    fn command(self, program: &Path, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).env("RUST_BACKTRACE", "0");
        for variable in STEERING {
            command.env_remove(variable);
        }
        if let Some(token) = self.replay {
            command.env("RINGWRIGHT_REPLAY", token);
        }
        command
    }
}

/// Checks one variant.
pub(crate) fn check(tools: &Toolchain, case: &Case, variant: &Variant, run: HarnessRun<'_>) -> VariantResult {
    match steps(tools, case, variant, run) {
        Ok(result) => result,
        Err(problem) => VariantResult::Bad(match problem.case {
            Some(_) => problem,
            None => problem.of(&case.id),
        }),
    }
}

fn steps(
    tools: &Toolchain,
    case: &Case,
    variant: &Variant,
    run: HarnessRun<'_>,
) -> Result<VariantResult, Problem> {
    if let Some(failed) = visible_tests(tools, case, variant, run)? {
        return Ok(VariantResult::Checked(failed));
    }
    let snippet = checked_snippet(tools, case, variant)?;
    if !tools.plain && variant.skip_without.as_deref() == Some(PLAIN) {
        return Ok(VariantResult::Skipped(SkippedVariant {
            id: case.id.clone(),
            variant: variant.name.clone(),
            reason: "declared skip_without = \"plain\": done without the thread-sanitizer pass".into(),
        }));
    }
    let harness = harness(tools, case, variant, &snippet)?;
    let output = run.program(&harness, &case.dir)?;
    judge(case, variant, &output).map(VariantResult::Checked)
}

/// Runs the author's tests against the variant, compiled with the real `std`.
/// What failed, if anything did.
fn visible_tests(
    tools: &Toolchain,
    case: &Case,
    variant: &Variant,
    run: HarnessRun<'_>,
) -> Result<Option<CheckedVariant>, Problem> {
    let mut key = tools.key("native");
    key.text(&case.crate_name);
    key.text(&case.edition);
    key.sources(variant)?;
    let folder = tools.cache.get(&key, |out| {
        let mut command = tools.command(&variant.dir);
        snippet_args(&mut command, case, out);
        let what = format!("variant `{}`", variant.name);
        compile::rustc(&mut command)?.map_err(|refused| refused.problem(&what, &variant.dir, NATIVE))
    })?;
    for test in &case.tests {
        let program = test_program(tools, case, variant, &folder, test, key.clone())?;
        let attempts = match variant.expect {
            Expectation::Pass => 1,
            Expectation::Fail => ATTEMPTS,
        };
        for attempt in 1..=attempts {
            let output = run.program(&program, &case.dir)?;
            if output.succeeded() {
                break;
            }
            if attempt == attempts {
                return Ok(Some(tests_failed(case, variant, test, &output)));
            }
        }
    }
    Ok(None)
}

fn tests_failed(case: &Case, variant: &Variant, test: &Path, output: &ChildOutput) -> CheckedVariant {
    let how = match output.status {
        Some(status) => status.to_string(),
        None => format!("stopped after {:.0} s", output.took.as_secs_f64()),
    };
    let message = format!("visible_tests/{} does not pass on this variant: {how}", test.display());
    let text = format!("{}{}", output.stdout, output.stderr);
    CheckedVariant::visible_tests(case, variant, message, text, output.took.as_secs_f64())
}

fn test_program(
    tools: &Toolchain,
    case: &Case,
    variant: &Variant,
    folder: &Path,
    test: &Path,
    mut key: CacheKey,
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
    key.sources(variant)?;
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

/// What the run of a harness says.
fn judge(case: &Case, variant: &Variant, output: &ChildOutput) -> Result<CheckedVariant, Problem> {
    let Some(status) = output.status else {
        return Ok(CheckedVariant::stopped(case, variant, output.took.as_secs_f64()));
    };
    match HarnessReport::find(&output.stdout) {
        Some(report) if status.success() => Ok(CheckedVariant::by_harness(case, variant, report)),
        _ => {
            let message =
                format!("harness.rs on variant `{}` ended without a verdict: {status}", variant.name);
            let help = "a harness calls `finish` last, and runs snippet code inside models only";
            Err(Problem::new(message, help)
                .of(&case.id)
                .at(&case.dir.join("harness.rs"))
                .quoting(format!("{}{}", output.stdout, output.stderr)))
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::case::tests::case;
    use review_cases::HarnessVerdict;
    use std::ffi::OsStr;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn output(status: Option<i32>, stdout: &str) -> ChildOutput {
        ChildOutput {
            status: status.map(|code| ExitStatus::from_raw(code << 8)),
            stdout: stdout.to_owned(),
            stderr: "what it said".to_owned(),
            took: Duration::from_secs(2),
        }
    }

    #[test]
    fn a_harness_is_believed_only_if_it_ends_well_and_says_its_verdict() {
        let case = case("demo", &["base"]);
        let judge = |output: ChildOutput| judge(&case, &case.variants[0], &output);
        let report = HarnessReport::new(HarnessVerdict::Pass, "explorer", "");
        let line = serde_json::to_string(&report).unwrap();
        assert!(judge(output(Some(0), &line)).unwrap().as_labelled);
        let stopped = judge(output(None, &line)).unwrap();
        assert_eq!((stopped.verdict, stopped.as_labelled), (HarnessVerdict::Limit, false));
        for bad in [output(Some(1), &line), output(Some(0), "")] {
            let problem = judge(bad).unwrap_err();
            assert!(problem.message.contains("ended without a verdict"), "{problem}");
            assert!(problem.quoted.contains("what it said"), "{problem}");
        }
    }

    #[test]
    fn only_the_token_that_was_asked_for_reaches_a_harness() {
        let set = |replay, name: &str| {
            let run = HarnessRun { limit: Duration::from_secs(1), replay };
            let command = run.command(Path::new("harness"), Path::new("."));
            let mut all = command.get_envs();
            all.find(|(key, _)| *key == OsStr::new(name)).map(|(_, value)| value.map(OsStr::to_owned))
        };
        for name in STEERING {
            assert_eq!(set(None, name), Some(None), "{name} is removed");
        }
        assert_eq!(set(Some("rw1-x"), "RINGWRIGHT_REPLAY"), Some(Some("rw1-x".into())));
        assert_eq!(set(Some("rw1-x"), "RINGWRIGHT_SHARD"), Some(None));
    }
}

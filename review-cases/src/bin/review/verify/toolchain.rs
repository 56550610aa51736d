//! What snippets are compiled with: rustc, the checker's libraries as cargo
//! built them, and the crates that stand in for `std`, `core` and `alloc`.

use crate::case::Case;
use crate::problem::Problem;
use crate::verify::cache::{Cache, CacheKey};
use crate::verify::{child, compile};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The stand-ins, by the name of the crate they stand in for.
const SHIMS: [(&str, &str); 3] = [
    ("std", include_str!("../../../../shim/std.rs")),
    ("core", include_str!("../../../../shim/core.rs")),
    ("alloc", include_str!("../../../../shim/alloc.rs")),
];

/// The thread-sanitizer pass without the sanitizer's runtime: the checker has
/// its own functions for what the pass calls. Generic code is not shared with
/// crates that were compiled without the pass.
const SANITIZER_PASS: [&str; 4] = [
    "-Zsanitizer=thread",
    "-Zexternal-clangrt",
    "-Cunsafe-allow-abi-mismatch=sanitizer",
    "-Zshare-generics=no",
];

/// Everything that a snippet is compiled with.
#[derive(Debug)]
pub(crate) struct Toolchain {
    rustc: OsString,
    /// What `rustc -vV` says.
    version: String,
    libraries: Libraries,
    /// Where the stand-ins are.
    shims: PathBuf,
    /// Whether snippets are compiled with the pass that shows every access to
    /// plain memory.
    pub(crate) plain: bool,
    pub(crate) cache: Cache,
}

/// The libraries that cargo built, of the same build as this program.
#[derive(Debug)]
struct Libraries {
    review_cases: PathBuf,
    checker: PathBuf,
    folders: BTreeSet<PathBuf>,
}

impl Toolchain {
    /// Finds everything, building what is missing.
    pub(crate) fn find(without_plain: bool) -> Result<Self, Problem> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let version = version(&rustc)?;
        let (target, profile) = own_build()?;
        let libraries = Libraries::build(&target, &profile)?;
        let mut toolchain = Self {
            rustc,
            version,
            libraries,
            shims: PathBuf::new(),
            plain: false,
            cache: Cache(target.join("review-cache")),
        };
        toolchain.plain = !without_plain && toolchain.probe()?;
        toolchain.shims = toolchain.build_shims()?;
        Ok(toolchain)
    }

    /// A key that depends on the toolchain.
    pub(crate) fn key(&self, purpose: &str) -> CacheKey {
        let mut key = CacheKey::new(purpose);
        key.text(&self.version);
        key
    }

    /// A key that depends also on the checker and the way snippets are compiled
    /// for it.
    pub(crate) fn checked_key(&self, purpose: &str, case: &Case) -> CacheKey {
        let mut key = self.key(purpose);
        // The name of the folder is a hash over the shims and the libraries.
        key.text(&self.shims.display().to_string());
        key.text(&self.checked_flags(case).join(" "));
        key
    }

    /// rustc, with the working directory from which file names are relative.
    pub(crate) fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.rustc);
        command.current_dir(dir).env_remove("RUSTC_BOOTSTRAP");
        command
    }

    /// rustc as code for the checker is compiled: against the stand-ins, and
    /// with the pass where there is one.
    pub(crate) fn checked_command(&self, case: &Case, dir: &Path) -> Command {
        let mut command = self.command(dir);
        command.args(self.checked_flags(case));
        if self.has_pass(case) {
            command.env("RUSTC_BOOTSTRAP", "1");
        }
        // The compiler's own name for the folder is dropped from debug
        // information, so that reports say `src/ring.rs:41`.
        let mut remap = OsString::from("--remap-path-prefix=");
        remap.push(dir);
        remap.push("=");
        command.arg(remap);
        for (name, _) in SHIMS {
            let file = self.shims.join(format!("lib{name}.rlib"));
            command.arg("--extern").arg(with_path(&format!("{name}="), &file));
        }
        command.arg("-L").arg(with_path("dependency=", &self.shims));
        self.libraries.add_folders(&mut command);
        command
    }

    /// The harness's own library, for `--extern`.
    pub(crate) fn review_cases(&self) -> OsString {
        with_path("review_cases=", &self.libraries.review_cases)
    }

    /// Whether the case is compiled with the pass. A simulation runs on one
    /// thread: there is nothing for the pass to see, and it would cost time.
    fn has_pass(&self, case: &Case) -> bool {
        self.plain && case.engine != "sim"
    }

    fn checked_flags(&self, case: &Case) -> Vec<&'static str> {
        let mut flags = vec![
            "-Copt-level=1",
            "-Cdebuginfo=line-tables-only",
            "-Coverflow-checks=on",
            "-Ccodegen-units=1",
        ];
        if self.has_pass(case) {
            flags.extend(SANITIZER_PASS);
        }
        flags
    }

    /// Whether this toolchain has the pass.
    fn probe(&self) -> Result<bool, Problem> {
        let mut key = self.key("probe");
        key.text(&SANITIZER_PASS.join(" "));
        let dir = self.cache.get(&key, |dir| {
            let source = dir.join("probe.rs");
            write(&source, "pub fn probe(x: &mut u32) { *x += 1; }\n")?;
            let mut command = self.command(dir);
            command
                .env("RUSTC_BOOTSTRAP", "1")
                .args(["--crate-type=rlib", "--crate-name=probe", "--out-dir=."])
                .args(SANITIZER_PASS)
                .arg("probe.rs");
            let taken = compile::rustc(&mut command)?.is_ok();
            write(&dir.join("answer"), if taken { "yes" } else { "no" })
        })?;
        let answer = dir.join("answer");
        fs::read_to_string(&answer)
            .map(|text| text == "yes")
            .map_err(|error| Problem::new(format!("cannot read this: {error}"), "remove it").at(&answer))
    }

    fn build_shims(&self) -> Result<PathBuf, Problem> {
        let mut key = self.key("shims");
        for library in [&self.libraries.review_cases, &self.libraries.checker] {
            key.file(Path::new(""), library)?;
        }
        for (name, source) in SHIMS {
            key.text(name);
            key.text(source);
        }
        let cfg = if self.plain { "plain" } else { "not_plain" };
        key.text(cfg);
        self.cache.get(&key, |dir| {
            for (name, source) in SHIMS {
                let file = format!("{name}.rs");
                write(&dir.join(&file), source)?;
                let mut command = self.command(dir);
                command
                    .args(["--edition=2024", "--crate-type=rlib", "-Copt-level=1", "--out-dir=."])
                    .args(["--crate-name", name, "--cfg", cfg, "-Cmetadata=stand-in"])
                    .arg("--extern")
                    .arg(with_path("ringwright_check=", &self.libraries.checker))
                    .arg(file);
                self.libraries.add_folders(&mut command);
                if let Err(refused) = compile::rustc(&mut command)? {
                    let help = "this is a bug of the corpus tool, not of a case";
                    return Err(refused.problem(&format!("the stand-in for `{name}`"), dir, help));
                }
            }
            Ok(())
        })
    }
}

fn with_path(prefix: &str, path: &Path) -> OsString {
    let mut text = OsString::from(prefix);
    text.push(path);
    text
}

fn write(file: &Path, text: &str) -> Result<(), Problem> {
    fs::write(file, text).map_err(|error| {
        Problem::new(format!("cannot write this: {error}"), "check the disk and its permissions").at(file)
    })
}

fn version(rustc: &OsString) -> Result<String, Problem> {
    let help = "install a Rust toolchain, or name its compiler in the environment variable RUSTC";
    let missing = |why: String| Problem::new(format!("no rustc found (`{}`: {why})", rustc.display()), help);
    let ran = child::run(Command::new(rustc).arg("-vV"), Duration::from_secs(60))
        .map_err(|error| missing(error.to_string()))?;
    if ran.succeeded() { Ok(ran.stdout) } else { Err(missing(ran.stderr.trim().to_owned())) }
}

/// The target directory and the profile that this program was built in.
fn own_build() -> Result<(PathBuf, String), Problem> {
    let lost = || {
        Problem::new(
            "cannot tell which build this program is of",
            "run it where cargo built it: `cargo run --release -- verify`",
        )
    };
    let exe = std::env::current_exe().map_err(|_| lost())?;
    let folder = exe.parent().ok_or_else(lost)?;
    let target = folder.parent().ok_or_else(lost)?;
    // cargo's profiles `dev` and `test` build in a folder called `debug`.
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(other) => other,
        None => return Err(lost()),
    };
    Ok((target.to_owned(), profile.to_owned()))
}

/// One message of `cargo build --message-format=json`.
#[derive(Debug, Deserialize)]
struct CargoMessage {
    #[serde(default)]
    target: Option<CargoTarget>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct CargoTarget {
    name: String,
}

impl Libraries {
    /// Asks cargo for the libraries of this build. After `cargo run` or `cargo
    /// test` everything is there, and cargo only says where.
    fn build(target: &Path, profile: &str) -> Result<Self, Problem> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let mut command = Command::new(&cargo);
        command
            .args(["build", "--lib", "--message-format=json-render-diagnostics", "--profile"])
            .arg(profile)
            .arg("--target-dir")
            .arg(target)
            .arg("--manifest-path")
            .arg(&manifest);
        let ran = child::run(&mut command, Duration::from_secs(1800)).map_err(|error| {
            Problem::new(
                format!("no cargo found (`{}`: {error})", cargo.display()),
                "install a Rust toolchain, or name its cargo in the environment variable CARGO",
            )
        })?;
        if !ran.succeeded() {
            let help = "make `cargo build -p review-cases` succeed first";
            return Err(Problem::new("the checker's libraries do not build", help)
                .at(&manifest)
                .quoting(ran.stderr));
        }
        Self::read(&ran.stdout).ok_or_else(|| {
            Problem::new(
                "cargo did not say where it put the checker's libraries",
                "use a cargo that knows --message-format=json",
            )
        })
    }

    /// Takes the paths from cargo's messages.
    fn read(messages: &str) -> Option<Self> {
        let (mut review_cases, mut checker) = (None, None);
        let mut folders = BTreeSet::new();
        for line in messages.lines() {
            let Ok(CargoMessage { target: Some(target), filenames }) = serde_json::from_str(line) else {
                continue;
            };
            folders.extend(filenames.iter().filter_map(|file| file.parent()).map(Path::to_owned));
            let rlib = filenames.into_iter().find(|file| file.extension().is_some_and(|e| e == "rlib"));
            match target.name.as_str() {
                "review_cases" => review_cases = rlib.or(review_cases),
                "ringwright_check" => checker = rlib.or(checker),
                _ => {}
            }
        }
        Some(Self { review_cases: review_cases?, checker: checker?, folders })
    }

    fn add_folders(&self, command: &mut Command) {
        for folder in &self.folders {
            command.arg("-L").arg(with_path("dependency=", folder));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_come_from_cargos_messages() {
        let messages = r#"
{"reason":"compiler-artifact","target":{"name":"libc"},"filenames":["/t/release/deps/liblibc-1.rlib","/t/release/deps/liblibc-1.rmeta"]}
{"reason":"compiler-artifact","target":{"name":"build-script-build"},"filenames":["/t/release/build/libc-2/build-script-build"]}
{"reason":"compiler-artifact","target":{"name":"ringwright_check"},"filenames":["/t/release/deps/libringwright_check-3.rlib"]}
{"reason":"compiler-artifact","target":{"name":"review_cases"},"filenames":["/t/release/libreview_cases.rlib"]}
{"reason":"build-finished","success":true}
"#;
        let libraries = Libraries::read(messages).unwrap();
        assert_eq!(libraries.review_cases, Path::new("/t/release/libreview_cases.rlib"));
        assert_eq!(libraries.checker, Path::new("/t/release/deps/libringwright_check-3.rlib"));
        assert!(libraries.folders.contains(Path::new("/t/release/deps")));
        assert!(Libraries::read("{\"reason\":\"build-finished\"}").is_none());
    }
}

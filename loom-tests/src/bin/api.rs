//! The public surface of the two published packages, as a list that a change
//! must change too.
//!
//! ```text
//! cargo run -p loom-tests --bin api -- --check    # fails if a list is out of date, and shows how
//! cargo run -p loom-tests --bin api -- --write    # writes the lists
//! ```
//!
//! The lists are `api.txt` for the queues as they ship and `check/api.txt` for
//! the checker. They come from rustdoc's JSON. What every type has (blanket
//! implementations, `Unpin` and the like) is left out; `Send` and `Sync` are
//! in.

use clap::Parser;
use public_api::Builder;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

/// The public surface of the packages, compared with the committed lists.
#[derive(Parser)]
struct Arguments {
    /// Fail if a list differs from the sources.
    #[arg(long, conflicts_with = "write", required_unless_present = "write")]
    check: bool,
    /// Write the lists.
    #[arg(long)]
    write: bool,
}

/// A package, the features that its list is made with, and where the list is.
const LISTS: [(&str, &str, &str); 2] =
    [("ringwright", "parking_lot", "api.txt"), ("ringwright-check", "loom,parking_lot", "check/api.txt")];

/// The automatic traits that a list does not show.
const EVERYWHERE: [&str; 5] = ["Freeze", "UnsafeUnpin", "Unpin", "UnwindSafe", "RefUnwindSafe"];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above");
    let mut same = true;
    for (package, features, list) in LISTS {
        let path = root.join(list);
        let now = match surface(root, package, features) {
            Ok(now) => now,
            Err(why) => {
                eprintln!("{package}: {why}");
                return ExitCode::FAILURE;
            }
        };
        if arguments.write {
            if let Err(why) = fs::write(&path, &now) {
                eprintln!("{list}: {why}");
                return ExitCode::FAILURE;
            }
            println!("{list}: {} lines written", now.lines().count());
        } else {
            let before = fs::read_to_string(&path).unwrap_or_default();
            let differences = differences(&before, &now);
            println!("{list}: {} lines, {} differences", now.lines().count(), differences.len());
            for line in &differences {
                println!("  {line}");
            }
            same &= differences.is_empty();
        }
    }
    if same {
        return ExitCode::SUCCESS;
    }
    println!("if that is meant: cargo run -p loom-tests --bin api -- --write");
    ExitCode::FAILURE
}

/// The public items of the package, one a line.
fn surface(root: &Path, package: &str, features: &str) -> Result<String, String> {
    let json = rustdoc(root, package, features)?;
    let api = Builder::from_rustdoc_json(&json).omit_blanket_impls(true).build().map_err(|why| {
        format!("rustdoc's JSON is not what `public-api` reads ({why}): another toolchain?")
    })?;
    let lines = api.items().map(ToString::to_string).filter(|line| !is_everywhere(line));
    Ok(lines.map(|line| line + "\n").collect())
}

/// Has rustdoc write its JSON, and says where it is.
fn rustdoc(root: &Path, package: &str, features: &str) -> Result<PathBuf, String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let metadata = Command::new(&cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .map_err(|why| format!("cargo metadata: {why}"))?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&metadata.stdout).map_err(|why| format!("cargo metadata: {why}"))?;
    let target = metadata["target_directory"].as_str().ok_or("cargo metadata names no target directory")?;
    let status = Command::new(&cargo)
        .args(["rustdoc", "--quiet", "--lib", "-p", package, "--features", features, "--"])
        .args(["-Zunstable-options", "--output-format", "json", "--cap-lints", "allow"])
        .env("RUSTC_BOOTSTRAP", "1")
        .current_dir(root)
        .status()
        .map_err(|why| format!("cargo rustdoc: {why}"))?;
    if !status.success() {
        return Err(format!("cargo rustdoc: {status}"));
    }
    Ok(Path::new(target).join("doc").join(package.replace('-', "_")).with_extension("json"))
}

/// Whether the line is an implementation that nearly every type has.
fn is_everywhere(line: &str) -> bool {
    let of = |name: &str| line.contains(&format!("::{name} for "));
    line.starts_with("impl") && EVERYWHERE.iter().any(|name| of(name))
}

/// The lines that went (`-`) and came (`+`).
fn differences(before: &str, now: &str) -> Vec<String> {
    let (old, new): (BTreeSet<&str>, BTreeSet<&str>) = (before.lines().collect(), now.lines().collect());
    let went = old.difference(&new).map(|line| format!("- {line}"));
    let came = new.difference(&old).map(|line| format!("+ {line}"));
    went.chain(came).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_and_what_came_is_told() {
        assert_eq!(differences("a\nb\n", "b\nc\n"), ["- a", "+ c"]);
        assert!(differences("a\nb\n", "b\na\n").is_empty(), "an order is no surface");
    }

    #[test]
    fn send_and_sync_are_told() {
        assert!(is_everywhere("impl<T> core::marker::Unpin for spsc::Producer<T>"));
        assert!(!is_everywhere(
            "impl<T> core::marker::Send for spsc::Producer<T> where T: core::marker::Send"
        ));
        assert!(!is_everywhere("pub fn unpin(&self) -> impl core::marker::Unpin"));
    }
}

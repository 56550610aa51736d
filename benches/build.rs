//! Records what only the build knows: the compiler's version, the profile and
//! the target. The comparison prints them beside its numbers.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| String::from("rustc"));
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(|| String::from("unknown"), |text| String::from(text.trim_end()));
    println!("cargo::rustc-env=CONTENDERS_RUSTC={version}");
    for (name, source) in [
        ("CONTENDERS_PROFILE", "PROFILE"),
        ("CONTENDERS_OPT_LEVEL", "OPT_LEVEL"),
        ("CONTENDERS_TARGET", "TARGET"),
    ] {
        let value = env::var(source).unwrap_or_else(|_| String::from("unknown"));
        println!("cargo::rustc-env={name}={value}");
    }
}

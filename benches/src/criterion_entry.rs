//! What the criterion benches share: the guard at their door.

use crate::shape::Shape;
use crate::timing::{TimingPermission, permission, refusal};
use crate::{compare, peers};
use std::process::ExitCode;

/// Proves everyone who fits `shapes`, and then lets `criterion` run if this
/// build may time. `cargo bench` passes `--bench`; `cargo test` does not.
pub fn enter(shapes: &[Shape], criterion: impl FnOnce()) -> ExitCode {
    for &shape in shapes {
        if let Err(failure) = compare::prove(shape, &peers::fitting(shape)) {
            eprintln!("{failure}");
            return ExitCode::FAILURE;
        }
    }
    let timing = std::env::args().any(|argument| argument == "--bench");
    match permission(refusal().is_some(), timing) {
        TimingPermission::Run => {
            criterion();
            ExitCode::SUCCESS
        }
        TimingPermission::Skip => {
            println!("every contender was proved; nothing is timed: {}", refusal().unwrap_or_default());
            ExitCode::SUCCESS
        }
        TimingPermission::Refuse => {
            eprintln!("nothing is timed: {}", refusal().unwrap_or_default());
            ExitCode::from(2)
        }
    }
}

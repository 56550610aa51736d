//! What the criterion benches share: the guard at their door.

use crate::{Shape, compare, peers, refusal};
use std::process::ExitCode;

/// What a bench may do in this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Let criterion run.
    Run,
    /// Say so and end well: this is a test run, and the proofs were run.
    Skip,
    /// Say so and fail: somebody asked for times.
    Refuse,
}

/// Decides: `instrumented` is whether timing would time the checker, and
/// `timing` whether times were asked for.
#[must_use]
pub const fn leave(instrumented: bool, timing: bool) -> Leave {
    match (instrumented, timing) {
        (false, _) => Leave::Run,
        (true, false) => Leave::Skip,
        (true, true) => Leave::Refuse,
    }
}

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
    match leave(refusal().is_some(), timing) {
        Leave::Run => {
            criterion();
            ExitCode::SUCCESS
        }
        Leave::Skip => {
            println!("every contender was proved; nothing is timed: {}", refusal().unwrap_or_default());
            ExitCode::SUCCESS
        }
        Leave::Refuse => {
            eprintln!("nothing is timed: {}", refusal().unwrap_or_default());
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Leave, leave};

    #[test]
    fn an_instrumented_build_never_times() {
        assert_eq!(leave(true, true), Leave::Refuse);
        assert_eq!(leave(true, false), Leave::Skip);
        assert_eq!(leave(false, true), Leave::Run);
        assert_eq!(leave(false, false), Leave::Run);
    }
}

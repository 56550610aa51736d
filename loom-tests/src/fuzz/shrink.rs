//! Makes a program on which checker and reference differ smaller, while they still do.

use crate::fuzz::program::FuzzProgram;

/// The smallest program that `differs` finds by leaving out one thing after another, in at most
/// `tries` comparisons.
pub fn shrink<P: FuzzProgram>(program: &P, mut tries: u32, differs: impl Fn(&P) -> bool) -> P {
    let mut least = program.clone();
    'smaller: loop {
        for candidate in least.smaller() {
            if tries == 0 {
                return least;
            }
            tries -= 1;
            if differs(&candidate) {
                least = candidate;
                continue 'smaller;
            }
        }
        return least;
    }
}
